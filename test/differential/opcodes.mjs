// The instructions, from the runtime's own table (wasm/opcode.def): a mistake in it makes modules that
// the other engine refuses. Here too: where an instruction ends.
import { readFileSync } from 'node:fs';
import { Malformed } from './binary.mjs';

const PREFIX = { OP: [], OP_FC: [0xfc], OP_FD: [0xfd], OP_FE: [0xfe] };

function types(text) {
	if (text === 'SPECIAL') return null;
	return text === 'NONE'
		? []
		: text
				.replace(/^\w+\(|\)$/g, '')
				.split(/,\s*/)
				.map((t) => t.toLowerCase());
}

function leb(value) {
	return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, value >> 7];
}

// {name, code: bytes, text, imm, in, out}; in and out are null where the signature is not fixed.
export const OPS = [];
export const BY_TEXT = new Map();
const BY_CODE = new Map();

const row =
	/^(OP\w*)\((\w+),\s*(0x\w+),\s*"([^"]*)",\s*(\w+),\s*(\w+(?:\([^)]*\))?),\s*(\w+(?:\([^)]*\))?)\)/gm;
for (const [, kind, name, code, text, imm, input, output] of readFileSync(
	new URL('../../wasm/opcode.def', import.meta.url),
	'utf8'
).matchAll(row)) {
	const prefix = PREFIX[kind];
	const number = Number(code);
	const op = {
		name,
		text,
		imm,
		in: types(input),
		out: types(output),
		code: prefix.length ? [...prefix, ...leb(number)] : [number]
	};

	OPS.push(op);
	BY_TEXT.set(text + (name === 'SELECT_T' ? ' t' : ''), op);
	BY_CODE.set((prefix[0] ?? 0) * 65536 + number, op);
}
if (OPS.length < 400) throw new Error('opcode.def is not read as it is written');

function skipBlockType(c) {
	const byte = c.bytes[c.at];

	if (byte === 0x63 || byte === 0x64) c.byte();
	c.skipLeb(5);
}

function skipMemarg(c) {
	if (c.u32() & 0x40) c.u32();
	c.skipLeb(10);
}

function skipValueType(c) {
	const byte = c.byte();

	if (byte === 0x63 || byte === 0x64) c.skipLeb(5);
}

const SKIP = {
	NONE: () => {},
	BLOCK: skipBlockType,
	LABELS: (c) => {
		for (let n = c.u32() + 1; n > 0; n--) c.u32();
	},
	TRY_TABLE: (c) => {
		skipBlockType(c);
		for (let n = c.u32(); n > 0; n--) {
			if (c.byte() < 2) c.u32();
			c.u32();
		}
	},
	TYPES: (c) => {
		for (let n = c.u32(); n > 0; n--) skipValueType(c);
	},
	HEAP_TYPE: (c) => c.skipLeb(5),
	I32: (c) => c.skipLeb(5),
	I64: (c) => c.skipLeb(10),
	F32: (c) => c.skip(4),
	F64: (c) => c.skip(8),
	V128: (c) => c.skip(16),
	SHUFFLE: (c) => c.skip(16),
	FENCE: (c) => c.skip(1)
};
const PAIRS = new Set([
	'CALL_INDIRECT',
	'TABLE_TABLE',
	'ELEM_TABLE',
	'MEMORY_MEMORY',
	'DATA_MEMORY'
]);

function skipImmediates(c, imm) {
	if (SKIP[imm]) return SKIP[imm](c);
	if (/^MEM\d|^ATOMIC/.test(imm)) return skipMemarg(c);
	if (/^MEMLANE/.test(imm)) {
		skipMemarg(c);
		return c.skip(1);
	}
	if (/^LANE/.test(imm)) return c.skip(1);
	c.u32();
	if (PAIRS.has(imm)) c.u32();
}

// Takes one instruction off a Cursor: its row. Throws Malformed.
export function next(c) {
	const first = c.byte();
	const prefixed = first >= 0xfc && first <= 0xfe;
	const op = BY_CODE.get(prefixed ? first * 65536 + c.u32() : first);

	if (!op) throw new Malformed('opcode');
	skipImmediates(c, op.imm);
	return op;
}
