// reduce.mjs DRIVER FILE OUT: makes a module that the two engines do not agree on (FILE) smaller, as long
// as they do not, and writes it to OUT. Prints both answers.
import { readFileSync, writeFileSync } from 'node:fs';
import { bodies, module, sections, vector } from './binary.mjs';
import { canonical } from './canonical.mjs';
import { Engine } from './engine.mjs';
import { instructions } from './mutate.mjs';

const [driver, file, target] = process.argv.slice(2);
const FUEL = '1000000';
let engine = new Engine(driver, 'run', FUEL);

async function answers(bytes) {
	if (engine.status !== undefined) engine = new Engine(driver, 'run', FUEL);
	const ours = await engine.ask(bytes, true);

	// What does not end in ours will not in the other.
	if (ours !== null && /! fuel/.test(ours)) return ['', ''];
	const v8 = canonical(bytes);

	return [ours, v8.text ?? v8.refused];
}

// The first line that differs, so that the finding stays the same one.
function kind([ours, theirs]) {
	if (ours === null) return 'died';
	const a = ours.split('\n'),
		b = theirs.split('\n');
	const at = a.findIndex((line, i) => line !== b[i]);

	return ours === theirs
		? null
		: `${a[at]} ${b[at]}`.replace(/:[0-9a-f]+/g, ':').replace(/log-\w+/g, 'log');
}

let best = new Uint8Array(readFileSync(file));
const wanted = kind(await answers(best));

async function accept(bytes) {
	if (!WebAssembly.validate(bytes) || kind(await answers(bytes)) !== wanted) return false;
	best = bytes;
	writeFileSync(target, best);
	return true;
}

function withBody(number, body) {
	return module(
		sections(best).map((s) => {
			if (s.id !== 10) return s;
			const list = bodies(s.payload);

			list[number] = body;
			return { id: 10, payload: vector(list.map((b) => vector([...b]))) };
		})
	);
}

const code = () => bodies(sections(best).find((s) => s.id === 10).payload);

async function shrink(number) {
	let changed = false;

	await accept(withBody(number, [0, 0x00, 0x0b]));
	for (const length of [256, 64, 24, 12, 8, 6, 5, 4, 3, 2, 1]) {
		for (let at = 0; ; at++) {
			const read = instructions(Uint8Array.from(code()[number]));

			if (!read || at + length >= read.list.length) break;
			read.list.splice(at, length);
			if (
				await accept(
					withBody(number, [...read.locals, ...read.list.flatMap((i) => i.bytes)])
				)
			) {
				changed = true;
				at--;
			}
		}
	}
	return changed;
}

if (wanted === null) {
	console.log('the engines agree');
} else {
	for (let again = true; again;) {
		again = false;
		for (let i = 0; i < code().length; i++) again = (await shrink(i)) || again;
	}
	const [ours, theirs] = await answers(best);

	console.log(`${best.length} bytes\n--- ours\n${ours}\n--- V8\n${theirs}`);
}
await engine.close();
