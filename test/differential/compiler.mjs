// Native code for many modules, by the compiler as a process.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

// The exit status, or the signal.
function run(command, args) {
	return new Promise((resolve) => {
		const p = spawn(command, args, { stdio: 'ignore' });

		p.on('error', () => resolve('not run'));
		p.on('exit', (code, signal) => resolve(signal ?? code));
	});
}

export class Compiler {
	constructor(command, work) {
		this.command = command;
		this.work = work;
		this.next = 0;
	}
	// Modules with their native code, in order; null: refused; a text: the compiler died of it.
	async compile(modules, options) {
		const files = modules.map((bytes) => {
			const file = `${this.work}/${this.next++}`;

			writeFileSync(`${file}.wasm`, bytes);
			return file;
		});
		const status = await this.batch(files, options);

		// If it died, the one is found that it died of.
		if (status !== 0 && status !== 1) {
			for (const f of files.filter((f) => !existsSync(`${f}.out`))) {
				const alone = await this.batch([f], options);

				if (alone !== 0 && alone !== 1) writeFileSync(`${f}.died`, String(alone));
			}
		}
		return files.map((f) => {
			if (existsSync(`${f}.out`)) return new Uint8Array(readFileSync(`${f}.out`));
			return existsSync(`${f}.died`)
				? `the compiler died: ${readFileSync(`${f}.died`)}`
				: null;
		});
	}
	batch(files, options) {
		const list = `${this.work}/list${this.next++}`;

		if (!files.length) return 0;
		writeFileSync(list, files.map((f) => `${f}.wasm\t${f}.out\n`).join(''));
		return run(this.command, [...options, '--quiet', '--batch', list]);
	}
}
