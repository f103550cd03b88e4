// What the generator of random modules knows of types and values. A type is named as in the text format;
// a reference to functions of type 3 is "ref:3", or "null:3" where null is one of them.
import { signed } from './binary.mjs';
import { BY_TEXT, OPS } from './opcodes.mjs';

export const NUMBERS = ['i32', 'i64', 'f32', 'f64'];
export const CODE = {
	i32: 0x7f,
	i64: 0x7e,
	f32: 0x7d,
	f64: 0x7c,
	v128: 0x7b,
	funcref: 0x70,
	externref: 0x6f,
	exnref: 0x69
};

export const code = (text) => BY_TEXT.get(text).code;
export const isRef = (type) => type === 'funcref' || !CODE[type] || CODE[type] < 0x70;
// The function type that a reference means; NaN: any.
export const funcType = (type) => Number(type.split(':')[1]);

// A value type as bytes.
export function encode(type) {
	const [kind, index] = type.split(':');

	if (index === undefined) return [CODE[type]];
	return [kind === 'ref' ? 0x64 : 0x63, ...signed(Number(index))];
}

// ref.null of the type's hierarchy.
export function nullOf(type) {
	return [0xd0, ...(type.includes(':') ? signed(funcType(type)) : [CODE[type]])];
}

const INTERESTING = [
	0n,
	1n,
	-1n,
	2n,
	31n,
	32n,
	63n,
	127n,
	128n,
	255n,
	256n,
	32767n,
	65535n,
	65536n,
	2147483647n,
	-2147483648n,
	4294967295n,
	4294967296n,
	9007199254740993n,
	9223372036854775807n,
	-9223372036854775808n
];
const FLOATS = [
	0,
	-0,
	1,
	-1,
	0.5,
	1.5,
	-2.5,
	127.5,
	255,
	32768,
	65535.5,
	2147483647,
	2147483648,
	-2147483649,
	4294967296,
	9223372036854775807,
	-9223372036854775808,
	18446744073709551616,
	1e-40,
	5e-324,
	3.4e38,
	1.7e308,
	Infinity,
	-Infinity
];
const LANES = [0, 1, 0x7f, 0x80, 0xff];

function bytesOf(length, write) {
	const view = new DataView(new ArrayBuffer(length));

	write(view);
	return [...new Uint8Array(view.buffer)];
}

function integer(r, bits) {
	const any = (BigInt(r.u32()) << 32n) | BigInt(r.u32());
	const near = r.pick(INTERESTING) + BigInt(r.below(3) - 1);

	return signed(BigInt.asIntN(bits, r.chance(0.6) ? near : any));
}

// Arbitrary bits have no exponent of all ones: they are no NaN.
function float32(r) {
	if (r.chance(0.8)) return bytesOf(4, (v) => v.setFloat32(0, r.pick(FLOATS), true));
	return bytesOf(4, (v) => v.setUint32(0, r.u32() & 0xbfffffff, true));
}

function float64(r) {
	if (r.chance(0.8)) return bytesOf(8, (v) => v.setFloat64(0, r.pick(FLOATS), true));
	return bytesOf(8, (v) => {
		v.setUint32(0, r.u32(), true);
		v.setUint32(4, r.u32() & 0xbfffffff, true);
	});
}

function vector(r) {
	const shape = r.below(3);
	const lanes = [];

	while (lanes.length < 16) {
		if (shape === 0) lanes.push(...float32(r));
		else if (shape === 1) lanes.push(...float64(r));
		else lanes.push(r.chance(0.7) ? r.pick(LANES) : r.below(256));
	}
	return lanes;
}

// An instruction that yields a number or a vector.
export function constant(r, type) {
	switch (type) {
		case 'i32':
			return [0x41, ...integer(r, 32)];
		case 'i64':
			return [0x42, ...integer(r, 64)];
		case 'f32':
			return [0x43, ...float32(r)];
		case 'f64':
			return [0x44, ...float64(r)];
		default:
			return [...code('v128.const'), ...vector(r)];
	}
}

// The value that a local begins with.
export function zero(type) {
	const zeros = (n) => new Array(n).fill(0);

	switch (type) {
		case 'i32':
			return [0x41, 0];
		case 'i64':
			return [0x42, 0];
		case 'f32':
			return [0x43, ...zeros(4)];
		case 'f64':
			return [0x44, ...zeros(8)];
		case 'v128':
			return [...code('v128.const'), ...zeros(16)];
		default:
			return nullOf(type);
	}
}

// ---- instructions of a fixed signature ----------------------------------------------------------

export const MAY_TRAP = /\.(div_[su]|rem_[su])$|^i(32|64)\.trunc_f/;
// Which NaN these make is not specified.
export const MAKES_NAN =
	/^(f32|f64|f32x4|f64x2)\.(add|sub|mul|div|sqrt|min|max|ceil|floor|trunc|nearest|demote|promote|pmin|pmax)/;
export const MEMORY_OPERAND = /^(MEM|MEMLANE|ATOMIC)(\d)$/;
const IMMEDIATES = /^(NONE|FENCE|SHUFFLE|LANE\d+|(MEM|MEMLANE|ATOMIC)\d)$/;

// Not relaxed SIMD, whose results are not fixed, and no waits: those are made with a time limit.
export const FIXED = OPS.filter(
	(op) => op.in && op.out && IMMEDIATES.test(op.imm) && !/relaxed|wait/.test(op.text)
);
export const isVector = (op) => op.code[0] === 0xfd;
export const isAtomic = (op) => op.code[0] === 0xfe;
