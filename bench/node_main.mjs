// node --no-liftoff node_main.mjs KERNEL.wasm N: prints run(N), and the processor's seconds that it took.
// The optimising compiler compiles all of the module before it runs, and one call in another instance
// goes ahead, so nothing is compiled while the time is taken.
import { readFileSync } from "node:fs";

const [file, n] = process.argv.slice(2);
const module = await WebAssembly.compile(readFileSync(file));
const run = () => new WebAssembly.Instance(module).exports.run(Number(n));

run();
const before = process.cpuUsage();
const result = run();
const spent = process.cpuUsage(before);

console.log(BigInt.asUintN(64, result).toString(), (spent.user + spent.system) / 1e6);
