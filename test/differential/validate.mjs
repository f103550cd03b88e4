// validate.mjs DRIVER FINDINGS COUNT SEED PATH...: makes COUNT damaged modules of those in the files and
// folders PATH, and of generated ones, and compares the verdicts of our decoder and validator and of V8. Prints what differs;
// the modules go to the folder FINDINGS. Ends with "N passed, N failed".
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { bodies, sections } from './binary.mjs';
import { Engine } from './engine.mjs';
import { generate } from './generate.mjs';
import { instructions, mutate } from './mutate.mjs';
import { Random } from './random.mjs';

const SEED_MAX = 20000; // bytes
const BATCH = 200;
const GENERATED = 300;
// We refuse these by name, whatever else is wrong; V8 has them.
const LATER = /^WASM_NEEDS_/;
// Limits of ours and of V8's that a damaged number may meet (wasm/limits.h; V8: wasm-limits.h), and the
// one rule of the house.
const OUR_LIMIT = /^WASM_(MANY_|LONG_|HIGH_STACK|BIG_TABLE|SIZE|NATIVE_NOT_LAST)/;
const V8_LIMIT =
	/maximum function size|implementation limit|too many|exceeds the maximum|larger than|size \d+ > maximum/;

// Where V8 takes what the specification forbids.
const LENIENT = [
	// The attribute of a tag is one byte, zero (Core 3.0, 5.3.12); V8 reads a LEB128.
	{ ours: /^WASM_BAD_TAG / },
	// What ref.as_non_null and br_on_null leave is a reference below an unreachable point too (appendix A.3,
	// pop_ref); V8 leaves a value of any type.
	{ ours: /^WASM_TYPE_MISMATCH /, within: /^(ref\.as_non_null|br_on_null)$/ }
];

function uses(bytes, pattern) {
	const code = sections(bytes).find((s) => s.id === 10);

	return bodies(code?.payload ?? [0]).some((b) =>
		instructions(b)?.list.some((i) => pattern.test(i.op.text))
	);
}

const isLenient = (bytes, ours) =>
	LENIENT.some((l) => l.ours.test(ours) && (!l.within || uses(bytes, l.within)));

function collect(path, into) {
	if (statSync(path).isDirectory()) {
		for (const name of readdirSync(path).sort()) collect(`${path}/${name}`, into);
	} else if (path.endsWith('.wasm') && statSync(path).size <= SEED_MAX) {
		into.push(new Uint8Array(readFileSync(path)));
	} else if (path.endsWith('.script')) {
		carve(readFileSync(path), into);
	}
}

// The modules in a script of the specification's test suite (test/wast/script.h): after their sizes.
function carve(script, into) {
	for (let at = 4; (at = script.indexOf('\0asm\u0001\0\0\0', at, 'latin1')) >= 0; at++) {
		const size = script.readUInt32LE(at - 4);

		if (size <= SEED_MAX && at + size <= script.length)
			into.push(new Uint8Array(script.subarray(at, at + size)));
	}
}

function explain(bytes) {
	try {
		new WebAssembly.Module(bytes);
		return 'ok';
	} catch (error) {
		return error.message.replace(/^WebAssembly.Module\(\): /, '');
	}
}

const [driver, findings, count, seed, ...paths] = process.argv.slice(2);
const seeds = [];
for (const path of paths) collect(path, seeds);

const r = new Random(Number(seed));
for (let i = 0; i < GENERATED; i++) seeds.push(generate(r));
const engine = new Engine(driver, 'verdict');
const totals = { valid: 0, invalid: 0, later: 0, limits: 0, lenient: 0, differences: 0 };
const kinds = new Map();
const reasons = new Map();

function note(bytes, ours, theirs) {
	const kind = `ours ${ours.split(' ')[0]}, V8 ${theirs.replace(/[#@+"]\S*|\d+/g, '').slice(0, 90)}`;
	const known = kinds.get(kind);

	if (!known || bytes.length < known.bytes.length)
		kinds.set(kind, { count: (known?.count ?? 0) + 1, bytes, ours, theirs });
	else known.count++;
	totals.differences++;
}

function judge(bytes, ours) {
	const valid = WebAssembly.validate(bytes);
	const reason = ours?.split(' ')[0];

	reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
	if (ours === null) {
		note(bytes, `died: ${engine.status}`, valid ? 'ok' : 'invalid');
	} else if (LATER.test(ours)) {
		totals.later++;
	} else if (valid === (ours === 'ok')) {
		totals[valid ? 'valid' : 'invalid']++;
	} else {
		const theirs = explain(bytes);

		if (OUR_LIMIT.test(ours) || V8_LIMIT.test(theirs)) totals.limits++;
		else if (valid && isLenient(bytes, ours)) totals.lenient++;
		else note(bytes, ours, theirs);
	}
}

// A damaged module tells more than one that was damaged before.
const whole = [];
for (const s of seeds) {
	const answer = await engine.ask(s);

	judge(s, answer);
	if (answer === 'ok') whole.push(s);
}
// Often a generated one: they use every feature, in each function.
const some = () => r.pick(r.chance(0.4) ? whole.slice(-GENERATED) : whole);

for (let done = 0; done < Number(count) && engine.status === undefined; done += BATCH) {
	const batch = [];

	for (let i = 0; i < BATCH; i++) batch.push(mutate(r, some(), some()));
	const answers = await Promise.all(batch.map((bytes) => engine.ask(bytes)));

	for (const [i, bytes] of batch.entries()) {
		if (answers[i] === null && i > 0 && answers[i - 1] === null) break;
		judge(bytes, answers[i]);
	}
}
await engine.close();

mkdirSync(findings, { recursive: true });
let number = 0;
for (const [kind, { count: times, bytes, ours, theirs }] of [...kinds].sort(
	(a, b) => b[1].count - a[1].count
)) {
	const file = `${findings}/verdict-${number++}.wasm`;

	writeFileSync(file, bytes);
	console.log(`${times} times: ours: ${ours}; V8: ${theirs}; ${bytes.length} bytes in ${file}`);
}
console.log(
	[...reasons]
		.sort((a, b) => b[1] - a[1])
		.map(([name, times]) => `${name} ${times}`)
		.join(', ')
);
console.log(
	`${seeds.length} whole modules, seed ${seed}: both valid ${totals.valid}, both invalid ${totals.invalid}, ` +
		`refused by the name of a feature ${totals.later}, limits ${totals.limits}, ` +
		`known to be taken by V8 alone ${totals.lenient}`
);
console.log(`${totals.valid + totals.invalid} passed, ${totals.differences} failed`);
process.exitCode = totals.differences || engine.status !== 0 ? 1 : 0;
