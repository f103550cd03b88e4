// Takes the NaNs out of a module: which NaN a float operation makes is not specified, and integer
// instructions can tell. Each result is given to a function that makes zeros of NaNs. (wasm-opt --denan
// does that for scalars alone.)
import { Cursor, bodies, module, sections, unsigned, vector } from './binary.mjs';
import { MAKES_NAN, code } from './generate_values.mjs';
import { instructions } from './mutate.mjs';

// The functions that are added, by the start of an instruction's name.
const SHAPES = [
	['f32.', 0x7d],
	['f64.', 0x7c],
	['f32x4.', 0x7b],
	['f64x2.', 0x7b]
];

function cleaner([shape, type]) {
	const get = [0x20, 0];
	const equal = [...get, ...get, ...code(`${shape}eq`)];
	const zero = type === 0x7d ? [0x43, 0, 0, 0, 0] : [0x44, 0, 0, 0, 0, 0, 0, 0, 0];
	const use =
		type === 0x7b
			? [...get, ...equal, ...code('v128.and')]
			: [...get, ...zero, ...equal, ...code('select')];

	return vector([0, ...use, 0x0b]);
}

// The counted items of a section, and more.
function appended(list, id, items) {
	const s = list.find((x) => x.id === id);
	const c = new Cursor(s.payload);
	const count = c.u32() + items.length;

	s.payload = Uint8Array.from([...unsigned(count), ...s.payload.slice(c.at), ...items.flat()]);
	return count - items.length;
}

function importedFuncs(list) {
	const c = new Cursor(list.find((s) => s.id === 2)?.payload ?? Uint8Array.of(0));
	const count = c.u32();

	for (let i = 0; i < count; i++) {
		c.skip(c.u32());
		c.skip(c.u32());
		if (c.byte() !== 0) throw new Error('only functions can be imported here');
		c.u32();
	}
	return count;
}

function cleanBody(body, first) {
	const read = instructions(body);
	const call = (op) => {
		const at = SHAPES.findIndex(([shape]) => op.text.startsWith(shape));

		return MAKES_NAN.test(op.text) ? [0x10, ...unsigned(first + at)] : [];
	};

	return [...read.locals, ...read.list.flatMap((i) => [...i.bytes, ...call(i.op)])];
}

// A module with imports of functions only, as bytes.
export function clean(bytes) {
	const list = sections(bytes);
	const codes = list.find((s) => s.id === 10);

	if (!codes) return bytes;
	const hasVectors = bodies(codes.payload).some((b) =>
		instructions(b).list.some((i) => /^f(32x4|64x2)\./.test(i.op.text))
	);
	const shapes = hasVectors ? SHAPES : SHAPES.slice(0, 2);
	const types = shapes.map(([, type]) => [0x60, 1, type, 1, type]);
	const type = appended(list, 1, types);
	const funcs = appended(
		list,
		3,
		shapes.map((s, i) => unsigned(type + i))
	);
	const first = importedFuncs(list) + funcs;

	codes.payload = Uint8Array.from(
		vector(bodies(codes.payload).map((b) => vector(cleanBody(b, first))))
	);
	appended(list, 10, shapes.map(cleaner));
	return module(list);
}
