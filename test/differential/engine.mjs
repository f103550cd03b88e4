// Our side as a process: modules in, answers out (test/differential/driver.c).
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export class Engine {
	constructor(driver, ...args) {
		this.process = spawn(driver, args, { stdio: ['pipe', 'pipe', 'inherit'] });
		this.waiting = [];
		this.lines = [];
		this.ended = new Promise((resolve) => {
			this.process.on('exit', (code, signal) => {
				this.status = signal ?? code;
				for (const w of this.waiting) w.resolve(null);
				this.waiting = [];
				resolve();
			});
		});
		this.process.stdin.on('error', () => {});
		createInterface({ input: this.process.stdout }).on('line', (line) => this.take(line));
	}
	take(line) {
		const w = this.waiting[0];

		if (w.whole && line !== '.') {
			this.lines.push(line);
			return;
		}
		this.waiting.shift();
		w.resolve(w.whole ? this.lines.join('\n') : line);
		this.lines = [];
	}
	// The answer to a module; null: the process died of it. whole: several lines up to a ".". What
	// stands before the module besides its length is `more`.
	ask(bytes, whole, more = Buffer.alloc(0)) {
		const head = Buffer.alloc(4);

		head.writeUInt32LE(bytes.length);
		if (this.status !== undefined) return Promise.resolve(null);
		return new Promise((resolve) => {
			this.waiting.push({ resolve, whole });
			this.process.stdin.write(Buffer.concat([head, more]));
			this.process.stdin.write(bytes);
		});
	}
	close() {
		this.process.stdin.end();
		return this.ended;
	}
}
