/*
 * main.mjs PARSER OUT SUITE FILE...: makes OUT/FILE.script of SUITE/FILE.wast, unless it is newer
 * than its source, this reader and PARSER (the core module of
 * wasm-tools, see text_parser.mjs). Prints one line for each
 * file that it cannot read, and exits 1 then.
 */
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync,
	 writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { convert } from './script.mjs';
import { ScriptError, lineOf } from './sexpr.mjs';
import { loadTextParser } from './text_parser.mjs';

const changed = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? -1;

function newestOfReader(parser) {
	const here = dirname(fileURLToPath(import.meta.url));
	const sources = readdirSync(here).map((name) => join(here, name));
	return Math.max(...[...sources, parser].map(changed));
}

function readError(error, bytes) {
	if (!(error instanceof ScriptError))
		throw error;
	return `${lineOf(bytes.toString('latin1'), error.offset)}: ${error.message}`;
}

/* False: a line was printed. */
function convertFile({ source, script, name }, parseText) {
	const bytes = readFileSync(source);
	mkdirSync(dirname(script), { recursive: true });
	try {
		writeFileSync(`${script}.part`, convert(bytes, `${name}.wast`, parseText));
		renameSync(`${script}.part`, script);
		return true;
	} catch (error) {
		console.log(`${source}:${readError(error, bytes)}`);
		return false;
	}
}

/* What is out of date goes first, so that a script that is there is a good one. */
function main([parser, out, suite, ...names]) {
	const oldest = newestOfReader(parser);
	const stale = names
		.map((name) => ({ name, source: join(suite, `${name}.wast`),
				  script: join(out, `${name}.script`) }))
		.filter(({ source, script }) =>
			changed(script) < Math.max(oldest, changed(source)));
	stale.forEach(({ script }) => rmSync(script, { force: true }));
	if (stale.length === 0)
		return 0;
	const parseText = loadTextParser(parser);
	return stale.filter((file) => !convertFile(file, parseText)).length ? 1 : 0;
}

if (process.argv.length < 6) {
	console.error('usage: main.mjs PARSER OUT SUITE FILE...');
	process.exitCode = 2;
} else {
	process.exitCode = main(process.argv.slice(2));
}
