/*
 * From the text of a module to its binary. Two parsers, neither of which validates:
 *
 * - wasm-tools, as a WebAssembly module of the package @bytecodealliance/jco-transpile: `parse` of
 *   its world local:wasm-tools, called by the canonical ABI of the component model. It gets no
 *   file, no clock and no environment: its imports are refusals.
 * - wat2wasm of wabt, a program, for what the first refuses: the folded form of legacy `try`, and
 *   names of characters that look like others.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const WASI_NOSYS = 52;

function wasiImports(memory) {
	const refuse = () => WASI_NOSYS;
	const none = (countAt, sizeAt) => {
		new DataView(memory().buffer).setUint32(countAt, 0, true);
		new DataView(memory().buffer).setUint32(sizeAt, 0, true);
		return 0;
	};
	const random = (at, size) => {
		new Uint8Array(memory().buffer, at, size).fill(4); /* seeds hash tables alone */
		return 0;
	};
	return new Proxy({ environ_sizes_get: none, environ_get: () => 0, random_get: random },
			 { get: (known, name) => known[name] ?? refuse });
}

function callParse(exports, bytes) {
	const { memory, cabi_realloc: realloc } = exports;
	const at = realloc(0, 0, 1, bytes.length);
	new Uint8Array(memory.buffer, at, bytes.length).set(bytes);
	const result = exports['local:wasm-tools/tools#parse'](at, bytes.length);
	const words = new DataView(memory.buffer, result, 12);
	const start = words.getUint32(4, true);
	const out = Buffer.from(memory.buffer.slice(start, start + words.getUint32(8, true)));
	const failed = words.getUint8(0) !== 0;
	exports['cabi_post_local:wasm-tools/tools#parse'](result);
	return failed ? { error: out.toString() } : { module: out };
}

/* The parser of wasm-tools, whose core module is the file `path`. */
function loadWasmTools(path) {
	const module = new WebAssembly.Module(readFileSync(path));
	let exports;
	const start = () => {
		exports = new WebAssembly.Instance(module, {
			wasi_snapshot_preview1: wasiImports(() => exports.memory),
		}).exports;
	};

	start();
	return (bytes) => {
		try {
			return callParse(exports, bytes);
		} catch (error) {
			start(); /* after a trap the old instance is not to be used */
			return { error: `wasm-tools ended with ${error}` };
		}
	};
}

function parseWithWabt(bytes) {
	const folder = mkdtempSync(join(tmpdir(), 'wast-'));
	const source = join(folder, 'module.wat');
	const target = join(folder, 'module.wasm');
	try {
		writeFileSync(source, bytes);
		const args = ['--enable-all', '--no-check', source, '-o', target];
		const run = spawnSync('wat2wasm', args, { encoding: 'utf8' });
		if (run.status === 0)
			return { module: readFileSync(target) };
		return { error: run.error ? `wat2wasm: ${run.error.message}` : run.stderr.trim() };
	} finally {
		rmSync(folder, { recursive: true });
	}
}

/*
 * A function from the bytes of a text to {module} or {error}: a Buffer, or a string. `path` is the
 * core module of wasm-tools.
 */
export function loadTextParser(path) {
	const parseWithWasmTools = loadWasmTools(path);
	const utf8 = new TextDecoder('utf-8', { fatal: true });
	return (bytes) => {
		try {
			utf8.decode(bytes);
		} catch {
			return { error: 'the text is not UTF-8' };
		}
		const first = parseWithWasmTools(bytes);
		if (first.module)
			return first;
		const second = parseWithWabt(bytes);
		return second.module ? second : { error: `${first.error}; ${second.error}` };
	};
}
