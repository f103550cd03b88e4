// execute.mjs DRIVER FINDINGS COUNT SEED SOURCE: runs COUNT random modules in our interpreter and in V8
// and compares all that they tell. SOURCE: "generated" (test/differential/generate.mjs), or "fuzzed"
// (wasm-opt --translate-to-fuzz). Prints what differs; the modules go to the folder FINDINGS. Every
// second module runs with fuel, more than it needs. Ends with "N passed, N failed".
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { canonical } from './canonical.mjs';
import { Engine } from './engine.mjs';
import { moduleOf } from './sources.mjs';

const FUEL = 1000000000;
const [driver, findings, count, seed, source] = process.argv.slice(2);
const work = mkdtempSync(`${tmpdir()}/differential-`);
const engines = [new Engine(driver, 'run'), new Engine(driver, 'run', String(FUEL))];
const totals = {
	same: 0,
	differences: 0,
	refused: 0,
	lines: 0,
	traps: 0,
	exceptions: 0,
	stopped: 0
};

function firstDifference(ours, theirs) {
	const a = ours.split('\n'),
		b = theirs.split('\n');
	const at = a.findIndex((line, i) => line !== b[i]);
	const i = at < 0 ? a.length : at;
	const where =
		a
			.slice(0, i)
			.reverse()
			.find((line) => line.startsWith('call')) ?? '';

	return `${where}: ours "${a[i]}", V8 "${b[i]}"`;
}

// Limits of the engines' own end a comparison where the first of them is met.
function untilStop(ours, theirs) {
	const a = ours.split('\n'),
		b = theirs.split('\n');
	const stop = Math.min(
		...[a, b]
			.map((l) => l.findIndex((line) => /^ {2}! (exhausted|fuel)/.test(line)))
			.map((i) => (i < 0 ? Infinity : i))
	);

	if (stop === Infinity) return [ours, theirs];
	totals.stopped++;
	return [a.slice(0, stop).join('\n'), b.slice(0, stop).join('\n')];
}

function report(number, bytes, what) {
	const file = `${findings}/run-${source}-${seed}-${number}.wasm`;

	totals.differences++;
	mkdirSync(findings, { recursive: true });
	writeFileSync(file, bytes);
	console.log(`FAIL module ${number}: ${what} (${bytes.length} bytes in ${file})`);
}

function compare(number, bytes, ours, v8) {
	if (ours === null) return report(number, bytes, `our side died`);
	if (v8.refused !== undefined) {
		totals.refused++;
		if (/^WASM_/.test(ours)) return;
		return report(number, bytes, `V8 refuses it: ${v8.refused}`);
	}
	const [a, b] = untilStop(ours, v8.text);

	if (a !== b) return report(number, bytes, firstDifference(a, b));
	totals.same++;
	totals.lines += a.split('\n').length;
	totals.traps += a.match(/! /g)?.length ?? 0;
	totals.exceptions += a.match(/! exception/g)?.length ?? 0;
}

for (let number = 0; number < Number(count); number++) {
	const bytes = moduleOf(source, seed, number, work);

	if (!bytes) continue;
	const answer = engines[number % 2].ask(bytes, true);
	const v8 = canonical(bytes);

	compare(number, bytes, await answer, v8);
	if (engines.some((e) => e.status !== undefined)) break;
}
for (const engine of engines) await engine.close();
rmSync(work, { recursive: true });
console.log(
	`${source}, seed ${seed}: ${totals.lines} lines alike, ${totals.traps} traps, ${totals.exceptions} of them uncaught ` +
		`exceptions; ended early by a limit ${totals.stopped}, refused by both ${totals.refused}`
);
console.log(`${totals.same} passed, ${totals.differences} failed`);
process.exitCode = totals.differences || engines.some((e) => e.status !== 0) ? 1 : 0;
