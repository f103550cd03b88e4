// A seeded generator of random numbers: the same seed gives the same run.

export class Random {
	constructor(seed) {
		this.state = (seed * 2654435769 + 1) >>> 0;
		for (let i = 0; i < 4; i++) this.u32();
	}
	u32() {
		let t = (this.state = (this.state + 0x6d2b79f5) >>> 0);

		t = Math.imul(t ^ (t >>> 15), t | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return (t ^ (t >>> 14)) >>> 0;
	}
	// 0 .. n - 1
	below(n) {
		return Math.floor((this.u32() / 4294967296) * n);
	}
	chance(probability) {
		return this.u32() < probability * 4294967296;
	}
	pick(list) {
		return list[this.below(list.length)];
	}
	// pairs of [weight, value]
	weighted(pairs) {
		let at = this.below(pairs.reduce((sum, [w]) => sum + w, 0));

		for (const [weight, value] of pairs) {
			if (at < weight) return value;
			at -= weight;
		}
	}
}
