// Damages modules: bytes anywhere, but mostly below the framing, so that what is wrong lies in a type,
// an index or an instruction, and the rest of the module is read to the end.
import {
	Cursor,
	Malformed,
	bodies,
	module,
	sections,
	signed,
	unsigned,
	vector
} from './binary.mjs';
import { OPS, next } from './opcodes.mjs';

const BYTES = [
	0, 1, 2, 3, 4, 5, 6, 7, 0x0b, 0x10, 0x1f, 0x20, 0x3f, 0x40, 0x41, 0x5f, 0x60, 0x63, 0x64, 0x69,
	0x6f, 0x70, 0x74, 0x7b, 0x7c, 0x7d, 0x7e, 0x7f, 0x80, 0xfb, 0xfc, 0xfd, 0xfe, 0xff
];

function lebValue(r) {
	return r.weighted([
		[4, unsigned(r.below(8))],
		[2, unsigned(r.below(200))],
		[1, unsigned(2 ** 32 - 1 - r.below(3))],
		[1, unsigned(2 ** 31)],
		[1, unsigned(65536 - r.below(3))],
		[1, signed(-r.below(70))],
		[1, [0x80, 0x80, 0x80, 0x80, r.below(16)]], // longer than needed
		[1, [0xff, 0xff, 0xff, 0xff, r.below(128)]],
		[1, [0x80 + r.below(128), 0x80, 0x80, 0x80, 0x80, r.below(2)]] // too long for 32 bits
	]);
}

// One change of a run of bytes, any bytes.
function mutateBytes(r, bytes, other) {
	const list = [...bytes];
	const at = r.below(list.length + 1);

	r.weighted([
		[
			4,
			() => {
				if (list.length) list[at % list.length] ^= 1 << r.below(8);
			}
		],
		[
			4,
			() => {
				if (list.length) list[at % list.length] = r.pick(BYTES);
			}
		],
		[2, () => list.splice(at, 1)],
		[1, () => list.splice(at, 1 + r.below(8))],
		[2, () => list.splice(at, 0, r.pick(BYTES))],
		[2, () => list.splice(at, r.below(3), ...lebValue(r))],
		[
			1,
			() => {
				const from = r.below(list.length + 1);
				list.splice(at, 0, ...list.slice(from, from + r.below(12)));
			}
		],
		[
			1,
			() => {
				const from = r.below(other.length + 1);
				list.splice(at, r.below(4), ...other.slice(from, from + r.below(20)));
			}
		]
	])();
	return list;
}

// The instructions of a body as slices, and its locals; null when it cannot be read.
export function instructions(body) {
	try {
		const c = new Cursor(body);

		for (let runs = c.u32(); runs > 0; runs--) {
			c.u32();
			if ([0x63, 0x64].includes(c.byte())) c.skipLeb(5);
		}
		const list = [];
		const locals = [...body.slice(0, c.at)];

		while (c.left) {
			const from = c.at;
			const op = next(c);

			list.push({ op, bytes: [...body.slice(from, c.at)] });
		}
		return { locals, list };
	} catch (error) {
		if (error instanceof Malformed) return null;
		throw error;
	}
}

// Another instruction in the same form: one of equal immediates.
function sibling(r, insn) {
	const op = r.pick(OPS.filter((o) => o.imm === insn.op.imm));

	return [...op.code, ...insn.bytes.slice(insn.op.code.length)];
}

// The immediates of another instruction of the same form: what it names exists.
function borrowed(r, insn, list) {
	const from = r.pick(list.filter((i) => i.op?.imm === insn.op.imm));

	return [...insn.op.code, ...from.bytes.slice(from.op.code.length)];
}

function mutateInstructions(r, list, other) {
	const at = r.below(list.length);
	const insn = list[at];

	r.weighted([
		[
			5,
			() => {
				list[at] = { op: insn.op, bytes: borrowed(r, insn, list) };
			}
		],
		[
			1,
			() => {
				// A variable that is not set.
				if (insn.op.imm === 'LOCAL') list[at] = { op: insn.op, bytes: [0x1a] };
			}
		],
		[3, () => list.splice(at, 1)],
		[2, () => list.splice(at, 0, insn)],
		[2, () => list.splice(r.below(list.length), 0, ...list.splice(at, 1))],
		[
			5,
			() => {
				list[at] = { op: insn.op, bytes: sibling(r, insn) };
			}
		],
		[
			3,
			() =>
				list.splice(at, 0, {
					bytes: r.pick(OPS.filter((o) => o.imm === 'NONE')).code
				})
		],
		[
			4,
			() => {
				const head = insn.op.code.length;

				if (insn.bytes.length > head)
					list[at] = {
						op: insn.op,
						bytes: [
							...insn.bytes.slice(0, head),
							...mutateBytes(r, insn.bytes.slice(head), [])
						]
					};
			}
		],
		[
			2,
			() => {
				const imm = insn.op.code.length;

				if (insn.bytes.length > imm)
					list[at] = {
						op: insn.op,
						bytes: [...insn.op.code, ...lebValue(r)]
					};
			}
		],
		[
			2,
			() => {
				const from = r.below(other.length);

				list.splice(at, r.below(3), ...other.slice(from, from + 1 + r.below(6)));
			}
		],
		[
			1,
			() => {
				const n = 1 + r.below(10);
				list.splice(at, n);
			}
		]
	])();
}

function mutateBody(r, body, other) {
	const read = r.chance(0.93) && instructions(body);

	if (!read || !read.list.length) return mutateBytes(r, body, other);
	const donor = instructions(other);

	if (r.chance(0.05)) read.locals = mutateBytes(r, read.locals, []);
	else mutateInstructions(r, read.list, donor?.list.length ? donor.list : read.list);
	return [...read.locals, ...read.list.flatMap((i) => i.bytes)];
}

function mutateCode(r, payload, donor) {
	const list = bodies(payload);
	const others = donor.length ? donor : list;

	if (!list.length) return mutateBytes(r, payload, []);
	for (let n = 1 + r.below(2); n > 0; n--) {
		const at = r.below(list.length);

		list[at] = Uint8Array.from(mutateBody(r, list[at], r.pick(others)));
	}
	return vector(list.map((b) => vector([...b])));
}

// Swaps, drops or repeats whole sections, or takes one of another module.
function mutateOrder(r, list, donor) {
	const at = r.below(list.length);

	r.weighted([
		[2, () => list.splice(at, 1)],
		[1, () => list.splice(r.below(list.length + 1), 0, list[at])],
		[1, () => list.splice(r.below(list.length), 0, ...list.splice(at, 1))],
		[
			3,
			() => {
				const s = r.pick(donor);
				const same = list.findIndex((x) => x.id === s.id);
				list.splice(same < 0 ? at : same, same < 0 ? 0 : 1, s);
			}
		],
		[
			1,
			() => {
				list[at] = { id: r.below(15), payload: list[at].payload };
			}
		]
	])();
}

function mutateSections(r, seed, other) {
	const list = sections(seed).filter((s) => s.id !== 0 || r.chance(0.1));
	const donor = sections(other);
	const code = list.findIndex((s) => s.id === 10);

	if (!list.length || !donor.length) throw new Malformed('empty');
	for (let n = 1 + r.below(3); n > 0; n--) {
		if (code >= 0 && list[code]?.id === 10 && r.chance(0.85)) {
			const from = donor.find((s) => s.id === 10);

			list[code] = {
				id: 10,
				payload: Uint8Array.from(
					mutateCode(r, list[code].payload, from ? bodies(from.payload) : [])
				)
			};
		} else if (r.chance(0.15)) {
			mutateOrder(r, list, donor);
		} else {
			const at = r.below(list.length);

			list[at] = {
				id: list[at].id,
				payload: Uint8Array.from(mutateBytes(r, list[at].payload, r.pick(donor).payload))
			};
		}
		if (!list.length) break;
	}
	return module(list);
}

// A damaged copy of `seed`; `other` gives parts. Both are Uint8Arrays.
export function mutate(r, seed, other) {
	if (r.chance(0.96)) {
		try {
			return mutateSections(r, seed, other);
		} catch (error) {
			if (!(error instanceof Malformed)) throw error;
		}
	}
	return Uint8Array.from(mutateBytes(r, seed, other));
}
