// Where random modules come from: "generated" (generate.mjs), or "fuzzed" (wasm-opt --translate-to-fuzz).
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { clean } from './clean.mjs';
import { generate } from './generate.mjs';
import { Random } from './random.mjs';

const PLAIN = [
	'--enable-mutable-globals',
	'--enable-sign-ext',
	'--enable-nontrapping-float-to-int'
];
// Not --enable-reference-types: what Debian's wasm-opt makes of it is of a draft.
const FEATURES = [
	[],
	PLAIN,
	[...PLAIN, '--enable-simd'],
	[...PLAIN, '--enable-simd', '--enable-bulk-memory', '--enable-multivalue'],
	[...PLAIN, '--enable-threads', '--enable-bulk-memory'],
	[...PLAIN, '--enable-exception-handling', '--enable-multivalue'],
	[...PLAIN, '--enable-tail-call', '--enable-exception-handling'],
	[
		...PLAIN,
		'--enable-simd',
		'--enable-threads',
		'--enable-bulk-memory',
		'--enable-multivalue',
		'--enable-tail-call',
		'--enable-exception-handling',
		'--enable-extended-const'
	]
];

// A module of wasm-opt; null when it makes one that it cannot write.
function fuzzed(r, number, work) {
	const input = Uint8Array.from({ length: 200 + r.below(12000) }, () => r.u32() & 255);

	writeFileSync(`${work}/seed`, input);
	try {
		execFileSync(
			'wasm-opt',
			[
				`${work}/seed`,
				'-ttf',
				'--denan',
				...FEATURES[number % FEATURES.length],
				'-o',
				`${work}/module.wasm`
			],
			{ stdio: 'ignore' }
		);
	} catch {
		return null;
	}
	return clean(new Uint8Array(readFileSync(`${work}/module.wasm`)));
}

// Module `number` of a seed, or null. `work` is a folder for files in between.
export function moduleOf(source, seed, number, work) {
	const r = new Random(Number(seed) * 1000003 + number);

	return source === 'fuzzed' ? fuzzed(r, number, work) : generate(r);
}
