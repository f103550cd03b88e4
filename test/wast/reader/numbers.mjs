/*
 * Literals of the text format to bits (WebAssembly Core, sections 6.3.1 and 6.3.2). Floats are
 * rounded from their exact value, to nearest and ties to even, without any float of the host.
 */
import { ScriptError } from './sexpr.mjs';

const DIGITS = '[0-9]+(?:_[0-9]+)*';
const HEX_DIGITS = '[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*';
const INTEGER = new RegExp(`^([+-]?)(?:0x(${HEX_DIGITS})|(${DIGITS}))$`);
const HEX_FLOAT = new RegExp(
	`^([+-]?)0x(${HEX_DIGITS})(?:\\.(${HEX_DIGITS})?)?(?:[pP]([+-]?${DIGITS}))?$`);
const FLOAT = new RegExp(`^([+-]?)(${DIGITS})(?:\\.(${DIGITS})?)?(?:[eE]([+-]?${DIGITS}))?$`);
const NAN = new RegExp(`^([+-]?)nan(?::0x(${HEX_DIGITS}))?$`);

const plain = (digits) => (digits ?? '').replaceAll('_', '');

/* An integer of `width` bits, signed or unsigned, as an unsigned BigInt. */
export function parseInteger(text, width, offset) {
	const found = INTEGER.exec(text);
	if (!found)
		throw new ScriptError(`${text} is no integer`, offset);
	const magnitude = BigInt(found[2] ? '0x' + plain(found[2]) : plain(found[3]));
	const negative = found[1] === '-';
	const limit = negative ? 1n << BigInt(width - 1) : (1n << BigInt(width)) - 1n;
	if (magnitude > limit)
		throw new ScriptError(`${text} does not fit ${width} bits`, offset);
	return BigInt.asUintN(width, negative ? -magnitude : magnitude);
}

/* Bits of the fraction, and the exponent of the smallest normal number. */
const FORMATS = { 32: { fraction: 23n, least: -126n }, 64: { fraction: 52n, least: -1022n } };

const bitLength = (n) => BigInt(n.toString(2).length);

/* floor(n / d * 2^shift), and how the rest compares with one half. */
function scaledQuotient(n, d, shift) {
	const dividend = shift > 0n ? n << shift : n;
	const divisor = shift < 0n ? d << -shift : d;
	const quotient = dividend / divisor;
	const rest = 2n * (dividend - quotient * divisor);
	return { quotient, half: rest < divisor ? -1 : rest > divisor ? 1 : 0 };
}

/* The bits of n / d, positive, without its sign; null when it rounds to infinity. */
function roundToBits(n, d, width) {
	const { fraction, least } = FORMATS[width];
	if (n === 0n)
		return 0n;
	let exponent = bitLength(n) - bitLength(d);
	if (exponent >= 0n ? n < d << exponent : n << -exponent < d)
		exponent--;
	const scale = exponent < least ? least : exponent;
	const { quotient, half } = scaledQuotient(n, d, fraction - scale);
	const up = half > 0 || (half === 0 && (quotient & 1n) === 1n);
	/* A carry out of the fraction becomes the next exponent by itself. */
	const bits = ((scale - least) << fraction) + quotient + (up ? 1n : 0n);
	const infinity = ((1n << (BigInt(width) - 1n - fraction)) - 1n) << fraction;
	return bits < infinity ? bits : null;
}

function parseNan(found, text, width, offset) {
	const { fraction } = FORMATS[width];
	const payload = found[2] ? BigInt('0x' + plain(found[2])) : 1n << (fraction - 1n);
	if (payload === 0n || payload >> fraction)
		throw new ScriptError(`${text} has a payload that does not fit`, offset);
	return infinityBits(width) | payload;
}

function infinityBits(width) {
	const { fraction } = FORMATS[width];
	return ((1n << (BigInt(width) - 1n - fraction)) - 1n) << fraction;
}

/* Digits with a point and an exponent of `base`, as bits without the sign. */
function parseMagnitude(found, hex, width) {
	const fractionDigits = plain(found[3]);
	const digits = BigInt((hex ? '0x' : '') + plain(found[2]) + fractionDigits);
	const exponent = BigInt(plain(found[4]) || '0');
	const moved = exponent - BigInt(fractionDigits.length * (hex ? 4 : 1));
	const power = (hex ? 2n : 10n) ** (moved < 0n ? -moved : moved);
	return moved < 0n ? roundToBits(digits, power, width)
			  : roundToBits(digits * power, 1n, width);
}

/* A float of 32 or 64 bits as a BigInt. */
export function parseFloatBits(text, width, offset) {
	const nan = NAN.exec(text);
	const hex = HEX_FLOAT.exec(text);
	const decimal = hex ? null : FLOAT.exec(text);
	const infinity = /^[+-]?inf$/.test(text);
	let bits = null;
	if (nan)
		bits = parseNan(nan, text, width, offset);
	else if (infinity)
		bits = infinityBits(width);
	else if (hex || decimal)
		bits = parseMagnitude(hex ?? decimal, hex !== null, width);
	if (bits === null)
		throw new ScriptError(`${text} is no float of ${width} bits`, offset);
	return text.startsWith('-') ? bits | (1n << BigInt(width - 1)) : bits;
}
