/* Arguments and expected results: (i32.const 1), (v128.const i8x16 ...), (ref.null func), ... */
import { parseFloatBits, parseInteger } from './numbers.mjs';
import { ScriptError } from './sexpr.mjs';
import { Match, Type } from './writer.mjs';

const SCALARS = {
	'i32.const': { type: Type.I32, width: 32 },
	'i64.const': { type: Type.I64, width: 64 },
	'f32.const': { type: Type.F32, width: 32, float: true },
	'f64.const': { type: Type.F64, width: 64, float: true },
};
const SHAPES = {
	i8x16: { count: 16, width: 8 },
	i16x8: { count: 8, width: 16 },
	i32x4: { count: 4, width: 32 },
	i64x2: { count: 2, width: 64 },
	f32x4: { count: 4, width: 32, float: true },
	f64x2: { count: 2, width: 64, float: true },
};
const NAN_PATTERNS = {
	'nan:canonical': Match.NAN_CANONICAL,
	'nan:arithmetic': Match.NAN_ARITHMETIC,
};
/* Heap types of (ref.null HEAPTYPE); a type index is one too. */
const NULL_TYPES = {
	func: Type.FUNC, nofunc: Type.FUNC, extern: Type.EXTERN, noextern: Type.EXTERN,
	exn: Type.EXN, noexn: Type.EXN,
};
const GC_HEAP_TYPES = ['any', 'none', 'eq', 'i31', 'struct', 'array'];
/* Any reference of that kind, as a result alone. */
const ANY_REFERENCES = {
	'ref.func': Type.FUNC, 'ref.extern': Type.EXTERN, 'ref.exn': Type.EXN, 'ref.any': Type.GC,
	'ref.eq': Type.GC, 'ref.i31': Type.GC, 'ref.i31_shared': Type.GC, 'ref.struct': Type.GC,
	'ref.array': Type.GC, 'ref.host': Type.GC,
};

const one = (type, match, bits = 0n) => ({ type, lanes: [{ match, bits }] });

function readNumber(node, { width, float }, expected) {
	if (node?.kind !== 'atom')
		throw new ScriptError('a number is missing', node?.start ?? 0);
	if (expected && float && node.text in NAN_PATTERNS)
		return { match: NAN_PATTERNS[node.text], bits: 0n };
	const parse = float ? parseFloatBits : parseInteger;
	return { match: Match.BITS, bits: parse(node.text, width, node.start) };
}

/* Lanes of integers become two of 64 bits; those of floats stay, for each may be a NaN. */
function readVector(node, expected) {
	const shape = SHAPES[node.items[1]?.text];
	if (!shape || node.items.length !== 2 + shape.count)
		throw new ScriptError('v128.const needs a shape and its lanes', node.start);
	const lanes = node.items.slice(2).map((item) => readNumber(item, shape, expected));
	if (shape.float)
		return { type: Type.V128, lanes };
	const words = [0n, 0n];
	lanes.forEach((lane, i) => {
		const at = i * shape.width;
		words[at >> 6] |= lane.bits << BigInt(at & 63);
	});
	return { type: Type.V128, lanes: words.map((bits) => ({ match: Match.BITS, bits })) };
}

function readNull(node) {
	const heap = node.items[1]?.text;
	if (node.items.length === 1 || /^(\$.*|[0-9]+)$/.test(heap))
		return one(Type.REF, Match.NULL);
	if (GC_HEAP_TYPES.includes(heap))
		return one(Type.GC, Match.NULL);
	if (!Object.hasOwn(NULL_TYPES, heap))
		throw new ScriptError(`unknown heap type ${heap}`, node.start);
	return one(NULL_TYPES[heap], Match.NULL);
}

/* (ref.extern 1), or (ref.extern): any. A slot of the runner holds one more than the number. */
function readReference(node, expected) {
	const name = node.items[0].text;
	const type = ANY_REFERENCES[name];
	if (node.items.length === 1 && expected)
		return one(type, Match.NOT_NULL);
	if (node.items.length !== 2 || (name !== 'ref.extern' && name !== 'ref.host'))
		throw new ScriptError(`${name} cannot be given here`, node.start);
	return one(type, Match.BITS, parseInteger(node.items[1].text, 32, node.start) + 1n);
}

/* One value; `expected`: patterns are allowed. */
export function readValue(node, expected) {
	const name = node.kind === 'list' ? node.items[0]?.text : undefined;
	if (Object.hasOwn(SCALARS, name)) {
		if (node.items.length !== 2)
			throw new ScriptError(`${name} takes one number`, node.start);
		const scalar = SCALARS[name];
		return { type: scalar.type, lanes: [readNumber(node.items[1], scalar, expected)] };
	}
	if (name === 'v128.const')
		return readVector(node, expected);
	if (name === 'ref.null')
		return readNull(node);
	if (Object.hasOwn(ANY_REFERENCES, name))
		return readReference(node, expected);
	throw new ScriptError(`unknown value ${name ?? node.text}`, node.start);
}

/* What one result may be: several values for (either ...). */
export function readExpected(node) {
	if (node.kind === 'list' && node.items[0]?.text === 'either') {
		if (node.items.length < 2)
			throw new ScriptError('either needs a value', node.start);
		return node.items.slice(1).map((item) => readValue(item, true));
	}
	return [readValue(node, true)];
}
