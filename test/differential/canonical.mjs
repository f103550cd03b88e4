// What a module does in V8, in the words of test/differential/driver.c. Needs the flag
// --experimental-wasm-type-reflection: the types of imports and exports.
import { module, name, section, unsigned, vector } from './binary.mjs';

const CODE = {
	i32: 0x7f,
	i64: 0x7e,
	f32: 0x7d,
	f64: 0x7c,
	v128: 0x7b,
	funcref: 0x70,
	externref: 0x6f
};
const ZERO = { i32: 0, i64: 0n, f32: 0, f64: 0 };
const view = new DataView(new ArrayBuffer(8));

const TRAPS = [
	[/unreachable/, 'unreachable'],
	[/memory access out of bounds|data segment.*out of bounds|unaligned/, 'memory'],
	[
		/table index is out of bounds|table access out of bounds|element segment.*out of bounds|table .*out of bounds/,
		'table'
	],
	[/function signature mismatch/, 'indirect'],
	[/divide by zero|remainder by zero/, 'divide'],
	[/unrepresentable/, 'unrepresentable'],
	[/dereferencing a null pointer|rethrowing null|null exnref|throw_ref/i, 'null'],
	[/shared|Atomics.wait/, 'unshared']
];

function trapKind(error) {
	if (error instanceof WebAssembly.Exception) return 'exception';
	if (error instanceof RangeError && /call stack/.test(error.message)) return 'exhausted';
	if (error instanceof WebAssembly.RuntimeError) {
		for (const [pattern, kind] of TRAPS) {
			if (pattern.test(error.message)) return kind;
		}
	}
	return `other ${error}`;
}

function value(type, v) {
	switch (type) {
		case 'i32':
			return `i32:${(v >>> 0).toString(16)}`;
		case 'i64':
			return `i64:${BigInt.asUintN(64, v).toString(16)}`;
		case 'f32':
			view.setFloat32(0, v);
			return v !== v ? 'f32:nan' : `f32:${view.getUint32(0).toString(16)}`;
		case 'f64':
			view.setFloat64(0, v);
			return v !== v ? 'f64:nan' : `f64:${view.getBigUint64(0).toString(16)}`;
		case 'v128':
			return `v128:${v
				.map((half) => BigInt.asUintN(64, half).toString(16).padStart(16, '0'))
				.reverse()
				.join('')}`;
		default:
			return `ref:${v === null ? 'null' : 'some'}`;
	}
}

const values = (types, list) => types.map((t, i) => ` ${value(t, list[i])}`).join('');
const visible = (text) => text.replace(/[^!-~]/g, '?');

// ---- v128, which JavaScript has no values for ----------------------------------------------------
// An adapter is a module of one function. `inward` takes the types that a module calls with, and calls
// a function of ours with each v128 as two i64; `outward` calls the module's function with zeros and
// gives the results that way to `sink`.

const split = (types) => types.flatMap((t) => (t === 'v128' ? ['i64', 'i64'] : [t]));
const codes = (types) => vector(types.map((t) => [CODE[t]]));
const funcType = (params, results) => [0x60, ...codes(params), ...codes(results)];

function lanes(types, base) {
	return types.flatMap((t, i) => {
		const get = [0x20, ...unsigned(base + i)];

		return t === 'v128' ? [...get, 0xfd, 0x1d, 0, ...get, 0xfd, 0x1d, 1] : get;
	});
}

function zero(t) {
	return {
		i32: [0x41, 0],
		i64: [0x42, 0],
		f32: [0x43, 0, 0, 0, 0],
		f64: [0x44, 0, 0, 0, 0, 0, 0, 0, 0],
		v128: [0xfd, 0x0c, ...new Array(16).fill(0)],
		funcref: [0xd0, 0x70],
		externref: [0xd0, 0x6f]
	}[t];
}

function adapter(types, code, locals = []) {
	const body = [...vector(locals.map((t) => [1, CODE[t]])), ...code, 0x0b];

	return new WebAssembly.Module(
		module([
			section(1, types),
			section(
				2,
				types.length > 2
					? [
							[...name('m'), ...name('f'), 0, 0],
							[...name('m'), ...name('g'), 0, 1]
						]
					: [[...name('m'), ...name('f'), 0, 0]]
			),
			section(3, [[types.length > 2 ? 2 : 1]]),
			section(7, [[...name('a'), 0, ...unsigned(types.length > 2 ? 2 : 1)]]),
			section(10, [vector(body)])
		])
	);
}

// A function with the results zero that a module may call with v128.
function inward(f, { parameters, results }) {
	const m = adapter(
		[funcType(split(parameters), []), funcType(parameters, results)],
		[...lanes(parameters, 0), 0x10, 0, ...results.flatMap(zero)]
	);

	return new WebAssembly.Instance(m, { m: { f } }).exports.a;
}

function outward(f, { parameters, results }, sink) {
	const set = results.map((_, i) => [0x21, ...unsigned(results.length - 1 - i)]).flat();
	const m = adapter(
		[funcType(parameters, results), funcType(split(results), []), funcType([], [])],
		[...parameters.flatMap(zero), 0x10, 0, ...set, ...lanes(results, 0), 0x10, 1],
		results
	);

	return new WebAssembly.Instance(m, { m: { f, g: sink } }).exports.a;
}

function join(types, list) {
	let at = 0;

	return types.map((t) => (t === 'v128' ? [list[at++], list[at++]] : list[at++]));
}

// ---- running ---------------------------------------------------------------------------------------

function importsOf(m, out) {
	const imports = {};

	for (const { module: from, name: what, kind, type } of WebAssembly.Module.imports(m)) {
		if (kind !== 'function') return null;
		const { parameters, results } = type;
		const told = (...list) => {
			out.push(`  ${visible(what)}${values(parameters, list)}`);
			return results.length > 1
				? results.map((t) => ZERO[t] ?? null)
				: (ZERO[results[0]] ?? null);
		};

		imports[from] ??= {};
		imports[from][what] =
			parameters.includes('v128') || results.includes('v128')
				? inward((...list) => told(...join(parameters, list)), type)
				: told;
	}
	return imports;
}

// References as type reflection names them: "funcref", "externref", {ref: ..}; only nullable ones of
// functions and of the outside can be crossed with.
const isForeign = (t) => !CODE[t];

function resultsOf(f, type) {
	const { parameters, results } = type;

	if (parameters.includes('v128') || results.includes('v128')) {
		let got;

		outward(f, type, (...list) => {
			got = join(results, list);
		})();
		return got;
	}
	const got = f(...parameters.map((t) => ZERO[t] ?? null));

	return results.length === 1 ? [got] : results.length ? [...got] : [];
}

// false: the engines may differ from here on.
function call(f, out) {
	const type = f.type();
	const all = [...type.parameters, ...type.results];

	if (all.some(isForeign)) {
		out.push('  skipped');
		return true;
	}
	try {
		out.push(`  =${values(type.results, resultsOf(f, type))}`);
		return true;
	} catch (error) {
		const kind = trapKind(error);

		out.push(`  ! ${kind}`);
		return kind !== 'exhausted';
	}
}

function memoryLine(memory) {
	const words = new Uint32Array(memory.buffer);
	let hash = 0x811c9dc5;

	for (let i = 0; i < words.length; i++) hash = Math.imul(hash ^ words[i], 0x01000193);
	return `${words.length * 4} ${(hash >>> 0).toString(16)}`;
}

function state(exports, out) {
	for (const [what, x] of Object.entries(exports)) {
		if (x instanceof WebAssembly.Memory) {
			out.push(`memory ${visible(what)} ${memoryLine(x)}`);
		} else if (x instanceof WebAssembly.Global) {
			const type = x.type().value;

			if (type !== 'v128' && !isForeign(type))
				out.push(`global ${visible(what)}${values([type], [x.value])}`);
		}
	}
}

function runInstance(m, out) {
	const imports = importsOf(m, out);

	if (!imports) return out.push('link');
	let exports;

	try {
		exports = new WebAssembly.Instance(m, imports).exports;
	} catch (error) {
		return out.push(`! ${trapKind(error)}`);
	}
	for (const [what, f] of Object.entries(exports)) {
		if (typeof f !== 'function') continue;
		try {
			exports.hangLimitInitializer?.();
		} catch {
			return out.push('stop');
		}
		out.push(`call ${visible(what)}`);
		if (!call(f, out)) return out.push('stop');
	}
	state(exports, out);
}

// The lines of a module; null when V8 refuses it.
export function canonical(bytes) {
	const out = [];
	let m;

	try {
		m = new WebAssembly.Module(bytes);
	} catch (error) {
		return { refused: error.message };
	}
	runInstance(m, out);
	return { text: out.join('\n') };
}
