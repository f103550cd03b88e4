/*
 * S-expressions of a .wast file. Bytes are kept as bytes (a Latin-1 string has one character for
 * each), because module texts are cut out of the file and handed on as they are.
 * Invariant: the whole file is tokenised; what is not a token is an error, never skipped.
 */

/* The script is wrong, or this reader does not know what it says. `offset` is in bytes. */
export class ScriptError extends Error {
	constructor(message, offset) {
		super(message);
		this.offset = offset;
	}
}

const SPACE = /[ \t\r\n]+/y;
const LINE_COMMENT = /;;[^\r\n]*/y;
const ATOM = /[!#$%&'*+\-./0-9:<=>?@A-Z\\^_`a-z|~]+/y;
const STRING = /"(?:[^"\\\x00-\x1f\x7f]|\\.)*"/y;

function match(pattern, text, at) {
	pattern.lastIndex = at;
	const found = pattern.exec(text);
	return found ? found[0] : '';
}

/* The offset after the block comment that begins at `start`; they nest. */
function skipBlockComment(text, start) {
	const mark = /\(;|;\)/g;
	let depth = 0;
	mark.lastIndex = start;
	for (let found; (found = mark.exec(text)); ) {
		depth += found[0] === '(;' ? 1 : -1;
		if (depth === 0)
			return mark.lastIndex;
	}
	throw new ScriptError('a block comment does not end', start);
}

const ESCAPES = { t: 9, n: 10, r: 13, '"': 34, "'": 39, '\\': 92 };

function utf8(codePoint, offset) {
	if (codePoint > 0x10ffff || (codePoint >= 0xd800 && codePoint < 0xe000))
		throw new ScriptError('\\u{...} is no Unicode scalar value', offset);
	return Buffer.from(String.fromCodePoint(codePoint), 'utf8').toString('latin1');
}

/* The bytes that a string token stands for, as a Latin-1 string. */
function unescape(token, offset) {
	const replaced = token.slice(1, -1).replace(
		/\\(?:([0-9a-fA-F]{2})|u\{([0-9a-fA-F]+(?:_[0-9a-fA-F]+)*)\}|([tnr"'\\]))|\\/g,
		(all, hex, unicode, letter) => {
			if (hex)
				return String.fromCharCode(parseInt(hex, 16));
			if (unicode)
				return utf8(parseInt(unicode.replaceAll('_', ''), 16), offset);
			if (letter)
				return String.fromCharCode(ESCAPES[letter]);
			throw new ScriptError('unknown escape in a string', offset);
		});
	return replaced;
}

/*
 * The nodes of a file: {kind: 'list', items}, {kind: 'atom', text}, {kind: 'string', text}, each
 * with start and end. Annotations `(@id ...)` are no nodes, but stay in the text of a module.
 */
export function parse(text) {
	const top = { kind: 'list', items: [], start: 0, end: text.length };
	const open = [top];
	let at = 0;
	const add = (node) => open[open.length - 1].items.push(node);

	while (at < text.length) {
		const skipped = match(SPACE, text, at) || match(LINE_COMMENT, text, at);
		if (skipped) {
			at += skipped.length;
		} else if (text.startsWith('(;', at)) {
			at = skipBlockComment(text, at);
		} else if (text[at] === '(') {
			open.push({ kind: 'list', items: [], start: at, end: 0,
				    annotation: text[at + 1] === '@' });
			at++;
		} else if (text[at] === ')') {
			const list = open.pop();
			if (open.length === 0)
				throw new ScriptError('a parenthesis too much', at);
			list.end = ++at;
			if (!list.annotation)
				add(list);
		} else {
			at = addToken(add, text, at, open.some((list) => list.annotation));
		}
	}
	if (open.length > 1)
		throw new ScriptError('a parenthesis is not closed', open[open.length - 1].start);
	return top.items;
}

/* An annotation may hold any token: there, commas, brackets and braces too. */
function addToken(add, text, at, inAnnotation) {
	const string = match(STRING, text, at);
	const atom = string ? '' : match(ATOM, text, at);
	const end = at + (string || atom).length;
	if (string)
		add({ kind: 'string', text: unescape(string, at), start: at, end });
	else if (atom)
		add({ kind: 'atom', text: atom, start: at, end });
	else if (inAnnotation && /[,;[\]{}]/.test(text[at]))
		return at + 1;
	else
		throw new ScriptError(`no token begins with ${JSON.stringify(text[at])}`, at);
	return end;
}

/* From 1, as editors count. */
export function lineOf(text, offset) {
	let line = 1;
	for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1))
		line++;
	return line;
}
