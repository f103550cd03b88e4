/*
 * Which features that the runtime refuses by name does a module ask for? Read from the words of its
 * text, so that a refusal "needs garbage collection" can be held against what the module says.
 */
export const Needs = Object.freeze({ NOTHING: 0, GC: 1, MEMORY64: 2, UNKNOWN: 3 });

const GC_WORDS = new Set([
	'struct', 'array', 'rec', 'sub', 'any', 'eq', 'i31', 'none', 'anyref', 'eqref', 'i31ref',
	'structref', 'arrayref', 'nullref', 'any.convert_extern', 'extern.convert_any',
]);
const GC_INSTRUCTION = /^(?:struct|array|i31)\.|^ref\.(?:eq|test|cast|i31)$|^br_on_cast/;

/* (memory i64 1), (table $t i64 1 funcref), also inside an import. */
function isWide(list) {
	const head = list.items[0]?.text;
	return (
		(head === 'memory' || head === 'table') &&
		list.items.some((item) => item.text === 'i64')
	);
}

/* Of the nodes of a module's text (sexpr.mjs); bits of Needs. */
export function needsOf(nodes) {
	const stack = [...nodes];
	let needs = Needs.NOTHING;
	for (let node; (node = stack.pop()); ) {
		if (node.kind === 'list') {
			needs |= isWide(node) ? Needs.MEMORY64 : 0;
			stack.push(...node.items);
		} else if (node.kind === 'atom') {
			const gc = GC_WORDS.has(node.text) || GC_INSTRUCTION.test(node.text);
			needs |= gc ? Needs.GC : 0;
		}
	}
	return needs;
}
