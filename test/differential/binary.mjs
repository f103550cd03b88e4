// The binary format's framing: LEB128, vectors, sections, bodies.

export function unsigned(value) {
	const out = [];
	let v = BigInt(value);

	do {
		const byte = Number(v & 0x7fn);

		v >>= 7n;
		out.push(v ? byte | 0x80 : byte);
	} while (v);
	return out;
}

export function signed(value) {
	const out = [];
	let v = BigInt(value);

	for (;;) {
		const byte = Number(v & 0x7fn);

		v >>= 7n;
		if ((v === 0n && !(byte & 0x40)) || (v === -1n && byte & 0x40)) return [...out, byte];
		out.push(byte | 0x80);
	}
}

export const vector = (items) => [...unsigned(items.length), ...items.flat()];
export const name = (text) => vector([...new TextEncoder().encode(text)]);

export const MAGIC = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

// Thrown by Cursor: the bytes are not what they should be.
export class Malformed extends Error {}

export class Cursor {
	constructor(bytes, at = 0, end = bytes.length) {
		Object.assign(this, { bytes, at, end });
	}
	get left() {
		return this.end - this.at;
	}
	byte() {
		if (this.at >= this.end) throw new Malformed('end');
		return this.bytes[this.at++];
	}
	u32() {
		let value = 0;

		for (let shift = 0; shift < 35; shift += 7) {
			const byte = this.byte();

			value += (byte & 0x7f) * 2 ** shift;
			if (byte < 0x80) return value;
		}
		throw new Malformed('leb');
	}
	// Of any type and up to `max` bytes, unread.
	skipLeb(max) {
		for (let i = 0; i < max; i++) {
			if (this.byte() < 0x80) return;
		}
		throw new Malformed('leb');
	}
	skip(n) {
		if (n > this.left) throw new Malformed('end');
		this.at += n;
	}
	take(n) {
		this.skip(n);
		return this.bytes.subarray(this.at - n, this.at);
	}
}

// [{id, payload}] of a well-framed module; throws Malformed.
export function sections(bytes) {
	const c = new Cursor(bytes, 8);
	const out = [];

	while (c.left) {
		const id = c.byte();

		out.push({ id, payload: c.take(c.u32()) });
	}
	return out;
}

export function module(list) {
	return Uint8Array.from([
		...MAGIC,
		...list.flatMap(({ id, payload }) => [id, ...vector([...payload])])
	]);
}

export const section = (id, items) => ({ id, payload: vector(items) });

// The bodies in the payload of a code section, locals included.
export function bodies(payload) {
	const c = new Cursor(payload);
	const out = [];

	for (let n = c.u32(); n > 0; n--) out.push(c.take(c.u32()));
	return out;
}
