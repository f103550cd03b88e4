// clang.mjs PACKAGE SOURCE OBJECT FLAG...: compiles one C file with the clang of the npm package
// @yowasp/clang, unpacked in PACKAGE: a clang that is itself WebAssembly and newer than Debian's. It
// sees the folder of SOURCE and those of each -I, and writes OBJECT.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, basename, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [pkg, source, object, ...flags] = process.argv.slice(2);
const { commands } = await import(pathToFileURL(resolve(pkg, 'gen/bundle.js')));

function treeOf(dir) {
	const tree = {};
	for (const name of readdirSync(dir)) {
		const path = `${dir}/${name}`;
		if (statSync(path).isFile() && /\.[chS]$/.test(name)) tree[name] = readFileSync(path);
	}
	return tree;
}

const tree = { src: treeOf(dirname(source)) };
const args = flags.map((flag, i) => {
	if (!flag.startsWith('-I')) return flag;
	tree[`include${i}`] = treeOf(flag.slice(2));
	return `-Iinclude${i}`;
});
try {
	const out = await commands.clang(
		['--target=wasm32-wasip1', ...args, '-c', `src/${basename(source)}`, '-o', 'out.o'],
		tree,
		{
			stderr: (bytes) => bytes && process.stderr.write(bytes)
		}
	);
	writeFileSync(object, out['out.o']);
} catch (error) {
	console.error(`clang.mjs: ${source}: ${error.message}`);
	process.exitCode = 1;
}
