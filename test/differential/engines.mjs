// engines.mjs BUILD FINDINGS COUNT SEED SOURCE [LEVEL...]: runs COUNT random modules (sources.mjs) inside
// enclaves by the interpreter and by native code of each level, default 1 and 3, and compares all that
// they tell: results, traps, what imported functions were given, the fuel that is left, all memories, tables
// and globals. Prints what differs; the modules go to the folder FINDINGS. Ends with "N passed, N failed".
//
// What an access out of bounds leaves in memories and globals is not quite defined (compiler/keep.c: of the
// stores since the last visible effect some may have been made and others not). Where the vectorizing levels
// differ after one, and -O1 does not, the module is counted apart; of a hundred modules, one may be such.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Compiler } from './compiler.mjs';
import { Engine } from './engine.mjs';
import { Random } from './random.mjs';
import { moduleOf } from './sources.mjs';

const BATCH = 200;
const HEAP = 2; // SCRIPT_HEAP

const [build, findings, count, seed, source, ...some] = process.argv.slice(2);
const levels = some.length ? some : ['1', '3'];
const work = mkdtempSync(`${tmpdir()}/engines-`);
const driver = `${build}/differential/enclave`;
const image = `${build}/test-enclave.elf`;
const interpreter = new Engine(driver, 'interp', image);
const natives = levels.map(() => new Engine(driver, 'native', image));
const totals = { same: 0, differences: 0, refused: 0, lines: 0, traps: 0, stopped: 0, unfuelled: 0, loose: 0 };

// How the code is made and run. Memory 0 is mostly in the window; fuel is mostly too little.
const WAYS = [
	{ name: 'window', options: [], flags: 0, fuel: () => 0 },
	{ name: 'checked', options: ['--checked-memory'], flags: HEAP, fuel: () => 0 },
	{ name: 'v2', options: ['--isa', 'v2'], flags: 0, fuel: () => 0 },
	{
		name: 'checked fuel',
		options: ['--checked-memory', '--fuel', '--interruptible'],
		flags: HEAP,
		fuel: (r) => 1 + r.below(3000)
	},
	{ name: 'fuel', options: ['--fuel'], flags: 0, fuel: (r) => (r.chance(0.3) ? 1e9 : 1 + r.below(3000)) }
];
const wayOf = (number) => WAYS[[0, 1, 0, 4, 2, 0, 3][number % 7]];

function head(way, fuel) {
	const more = Buffer.alloc(12);

	more.writeUInt32LE(way.flags);
	more.writeBigUInt64LE(BigInt(fuel), 4);
	return more;
}

// The stacks of the engines differ: where one is full, the comparison ends.
function untilStop(a, b) {
	const lists = [a.split('\n'), b.split('\n')];
	const stop = Math.min(
		...lists
			.map((l) => l.findIndex((line) => /^ {2}! (STACK_EXHAUSTED|OUT_OF_MEMORY)/.test(line)))
			.map((i) => (i < 0 ? Infinity : i))
	);

	if (stop !== Infinity) totals.stopped++;
	return lists.map((l) => l.slice(0, stop));
}

function firstDifference(a, b) {
	const at = a.findIndex((line, i) => line !== b[i]);
	const i = at < 0 ? a.length : at;
	const where = a.slice(0, i).reverse().find((line) => line.startsWith('call')) ?? '';

	return `${where}: interpreter "${a[i]}", native "${b[i]}"`;
}

function report(m, what) {
	const file = `${findings}/engines-${source}-${seed}-${m.number}.wasm`;

	totals.differences++;
	mkdirSync(findings, { recursive: true });
	writeFileSync(file, m.bytes);
	console.log(`FAIL module ${m.number}, ${m.way.name} ${m.fuel}: ${what} (${m.bytes.length} bytes in ${file})`);
}

function isAfterBounds(a, b) {
	const at = a.findIndex((line, i) => line !== b[i]);
	const alike = at < 0 ? a : a.slice(0, at);

	return alike.some((line) => /^ {2}! MEMORY_BOUNDS/.test(line));
}

// Null when alike, LOOSE when not quite defined.
const LOOSE = 'loose';

function difference(told, native, level) {
	if (native === null) return `-O${level}: not compiled, or the process died`;
	const [a, b] = untilStop(told, native);

	if (a.join('\n') === b.join('\n')) return null;
	return Number(level) > 1 && isAfterBounds(a, b) ? LOOSE : `-O${level}: ${firstDifference(a, b)}`;
}

function judge(m, told, answers) {
	if (told === null) return report(m, 'the interpreter died');
	if (/^WASM_/.test(told)) {
		if (answers.some((a) => a !== null)) return report(m, `compiled, but refused: ${told}`);
		totals.refused++;
		return;
	}
	const found = levels.map((level, i) => difference(told, answers[i], level)).filter((d) => d);
	const what = found.find((d) => d !== LOOSE);

	if (what) return report(m, what);
	if (found.length && totals.loose++ >= Number(count) / 100)
		return report(m, 'too many differ after an access out of bounds');
	totals.same++;
	totals.lines += told.split('\n').length;
	totals.traps += told.match(/! /g)?.length ?? 0;
	totals.unfuelled += told.match(/! OUT_OF_FUEL/g)?.length ?? 0;
}

function makeBatch(first) {
	const batch = [];

	for (let number = first; number < Math.min(first + BATCH, Number(count)); number++) {
		const bytes = moduleOf(source, seed, number, work);
		const way = wayOf(number);
		const fuel = way.fuel(new Random(Number(seed) * 7919 + number));

		if (bytes) batch.push({ number, bytes, way, fuel, native: [] });
	}
	return batch;
}

async function compileBatch(batch) {
	for (const way of WAYS) {
		const part = batch.filter((m) => m.way === way);

		await Promise.all(
			levels.map(async (level, i) => {
				const compiler = new Compiler(`${build}/retwine-compile`, mkdtempSync(`${work}/`));
				const out = await compiler.compile(
					part.map((m) => m.bytes),
					[`-O${level}`, ...way.options]
				);

				part.forEach((m, k) => (m.native[i] = out[k]));
			})
		);
	}
}

// A text instead of code is its own answer.
async function askNative(engine, m, code) {
	if (code === null || typeof code === 'string') return code;
	return engine.ask(code, true, head(m.way, m.fuel));
}

async function compareBatch(batch) {
	await compileBatch(batch);
	for (const m of batch) {
		const asked = [
			interpreter.ask(m.bytes, true, head(m.way, m.fuel)),
			...natives.map((engine, i) => askNative(engine, m, m.native[i]))
		];
		const [told, ...answers] = await Promise.all(asked);

		judge(m, told, answers);
	}
}

const engines = [interpreter, ...natives];

for (let first = 0; first < Number(count); first += BATCH) {
	await compareBatch(makeBatch(first));
	if (engines.some((e) => e.status !== undefined)) break;
}
for (const engine of engines) await engine.close();
rmSync(work, { recursive: true });
console.log(
	`${source}, seed ${seed}, -O${levels.join(', -O')}: ${totals.lines} lines alike, ${totals.traps} traps, ` +
		`${totals.unfuelled} of them for want of fuel; ended early by a full stack ${totals.stopped}, ` +
		`refused ${totals.refused}, different after an access out of bounds ${totals.loose}`
);
console.log(`${totals.same} passed, ${totals.differences} failed`);
process.exitCode = totals.differences || engines.some((e) => e.status !== 0) ? 1 : 0;
