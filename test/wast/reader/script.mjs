/*
 * Commands of a .wast file to the binary form of a script (test/wast/script.h).
 * Invariant: every top-level list becomes one command. The only commands not to be run are those
 * about the text format itself (TEXT); anything not understood is a ScriptError.
 */
import { Needs, needsOf } from './needs.mjs';
import { ScriptError, lineOf, parse } from './sexpr.mjs';
import { readExpected, readValue } from './values.mjs';
import { Action, Command, MAGIC, VERSION, Writer } from './writer.mjs';

const isName = (node) => node?.kind === 'atom' && node.text.startsWith('$');
const head = (node) => (node.kind === 'list' ? node.items[0]?.text : undefined);

/* What is taken from the front of a list, one by one. */
class Items {
	constructor(node) {
		this.node = node;
		this.at = 1;
	}

	peek() {
		return this.node.items[this.at];
	}

	next(what) {
		const node = this.peek();
		if (!node)
			throw new ScriptError(`${what} is missing`, this.node.start);
		this.at++;
		return node;
	}

	/* An optional $name; '' when there is none. */
	name() {
		return isName(this.peek()) ? this.next('name').text : '';
	}

	word(word) {
		const found = this.peek()?.kind === 'atom' && this.peek().text === word;
		if (found)
			this.at++;
		return found;
	}

	string(what) {
		const node = this.next(what);
		if (node.kind !== 'string')
			throw new ScriptError(`${what} must be a string`, node.start);
		return node.text;
	}

	rest() {
		const rest = this.node.items.slice(this.at);
		this.at = this.node.items.length;
		return rest;
	}

	end() {
		if (this.peek())
			throw new ScriptError('the command goes on', this.peek().start);
	}
}

const MODULE_FIELDS = ['type', 'rec', 'import', 'func', 'table', 'memory', 'global', 'export',
		       'start', 'elem', 'data', 'tag'];

/* The bytes of a row of strings. */
function joinStrings(nodes) {
	const odd = nodes.find((node) => node.kind !== 'string');
	if (odd)
		throw new ScriptError('a string is expected', odd.start);
	return Buffer.from(nodes.map((node) => node.text).join(''), 'latin1');
}

/*
 * {name, definition, form: 'text' | 'binary' | 'quote', bytes, nodes}: a module as the script gives
 * it. The text parsers know no definitions: they get the module without that word.
 */
function readModule(node, text) {
	const items = new Items(node);
	const definition = items.word('definition');
	const name = items.name();
	const module = { name, definition, start: node.start, nodes: [] };
	for (const form of ['binary', 'quote']) {
		if (items.word(form))
			return { ...module, form, bytes: joinStrings(items.rest()) };
	}
	const from = items.peek()?.start ?? node.end - 1;
	const source = `(module ${name} ${text.slice(from, node.end)}`;
	const bytes = Buffer.from(source, 'latin1');
	return { ...module, form: 'text', bytes, nodes: items.rest() };
}

/* {binary, needs} of what readModule gives. */
function encodeModule(module, parseText) {
	if (module.form === 'binary')
		return { binary: module.bytes, needs: Needs.UNKNOWN };
	const parsed = parseText(module.bytes);
	if (parsed.error)
		throw new ScriptError(`the module is refused: ${parsed.error}`, module.start);
	const quoted = module.form === 'quote';
	const nodes = quoted ? parse(module.bytes.toString('latin1')) : module.nodes;
	return { binary: parsed.module, needs: needsOf(nodes) };
}

const MODULE_ASSERTIONS = {
	assert_invalid: Command.INVALID,
	assert_malformed: Command.MALFORMED,
	assert_unlinkable: Command.UNLINKABLE,
	assert_uninstantiable: Command.UNINSTANTIABLE,
	assert_trap: Command.UNINSTANTIABLE,
};
/* Restrictions of the first version that the threads proposal's files still assert: since Core 2.0
 * and 3.0 these modules are valid, and are to be accepted. */
const LIFTED = ['multiple tables', 'multiple memories'];
/* About annotations of the text format: not to be run. */
const TEXT_ASSERTIONS = ['assert_malformed_custom', 'assert_invalid_custom'];
const ACTION_ASSERTIONS = {
	assert_trap: Command.TRAP,
	assert_exhaustion: Command.EXHAUSTION,
};

/* Turns the nodes of one file, or of one thread, into commands. */
class Script {
	constructor(text, parseText) {
		this.text = text;
		this.parseText = parseText;
		this.out = new Writer();
	}

	begin(command, node) {
		this.out.number(command, 1);
		this.out.number(lineOf(this.text, node.start), 4);
	}

	putModule(words, { binary, needs }) {
		this.out.string(words);
		this.out.number(needs, 1);
		this.out.string(binary);
	}

	module(node) {
		const items = new Items(node);
		if (items.word('instance')) {
			this.instance(node, items);
			return;
		}
		const module = readModule(node, this.text);
		this.begin(module.definition ? Command.DEFINITION : Command.MODULE, node);
		this.putModule(module.name, encodeModule(module, this.parseText));
	}

	/* (module instance $name? $definition?) */
	instance(node, items) {
		this.begin(Command.INSTANCE, node);
		this.out.string(items.name());
		this.out.string(items.name());
		items.end();
	}

	register(node) {
		const items = new Items(node);
		this.begin(Command.REGISTER, node);
		this.out.string(items.string('the name to register'));
		this.out.string(items.name());
		items.end();
	}

	action(node) {
		const items = new Items(node);
		const get = head(node) === 'get';
		if (!get && head(node) !== 'invoke')
			throw new ScriptError(`unknown action ${head(node)}`, node.start);
		this.out.number(get ? Action.GET : Action.INVOKE, 1);
		this.out.string(items.name());
		this.out.string(items.string('the export'));
		const values = get ? [] : items.rest().map((item) => readValue(item, false));
		items.end();
		this.out.number(values.length, 4);
		values.forEach((value) => this.out.value(value));
	}

	assertReturn(node) {
		const items = new Items(node);
		this.begin(Command.RETURN, node);
		this.action(items.next('the action'));
		const results = items.rest().map(readExpected);
		this.out.number(results.length, 4);
		for (const alternatives of results) {
			this.out.number(alternatives.length, 1);
			alternatives.forEach((value) => this.out.value(value));
		}
	}

	assertException(node) {
		const items = new Items(node);
		this.begin(Command.EXCEPTION, node);
		this.action(items.next('the action'));
		items.end();
	}

	/* A module that is to be refused, or an action that is to fail; then why, in words. */
	assertFailure(node) {
		const items = new Items(node);
		const subject = items.next('a module or an action');
		if (head(subject) === 'module')
			this.assertModule(node, subject, items);
		else if (Object.hasOwn(ACTION_ASSERTIONS, head(node)))
			this.assertAction(node, subject, items);
		else
			throw new ScriptError(`${head(node)} needs a module`, subject.start);
		items.end();
	}

	assertModule(node, subject, items) {
		const command = MODULE_ASSERTIONS[head(node)];
		const module = readModule(subject, this.text);
		const reason = items.string('the reason');
		const aboutText = command === Command.MALFORMED && module.form !== 'binary';
		if (aboutText || TEXT_ASSERTIONS.includes(head(node))) {
			this.begin(Command.TEXT, node);
			return;
		}
		if (command === undefined)
			throw new ScriptError(`${head(node)} takes no module`, subject.start);
		const lifted = command === Command.INVALID && LIFTED.includes(reason);
		this.begin(lifted ? Command.LIFTED : command, node);
		this.putModule(reason, encodeModule(module, this.parseText));
	}

	assertAction(node, subject, items) {
		this.begin(ACTION_ASSERTIONS[head(node)], node);
		this.action(subject);
		this.out.string(items.string('the reason'));
	}

	/* (thread $T (shared (module $M)...) commands...): of the threads proposal. */
	thread(node) {
		const items = new Items(node);
		const name = items.name();
		const shared = [];
		while (items.peek() && head(items.peek()) === 'shared') {
			for (const item of items.next('shared').items.slice(1))
				shared.push(new Items(item).name());
		}
		const inner = new Script(this.text, this.parseText);
		items.rest().forEach((item) => inner.command(item));
		this.begin(Command.THREAD, node);
		this.out.string(name);
		this.out.number(shared.length, 4);
		shared.forEach((module) => this.out.string(module));
		this.out.string(inner.out.bytes());
	}

	wait(node) {
		const items = new Items(node);
		this.begin(Command.WAIT, node);
		this.out.string(items.name());
		items.end();
	}

	command(node) {
		const name = head(node);
		if (Object.hasOwn(COMMANDS, name))
			return COMMANDS[name].call(this, node);
		throw new ScriptError(`unknown command ${name ?? node.text}`, node.start);
	}
}

const plainAction = function (node) {
	this.begin(Command.ACTION, node);
	this.action(node);
};
const COMMANDS = {
	module: Script.prototype.module,
	register: Script.prototype.register,
	invoke: plainAction,
	get: plainAction,
	assert_return: Script.prototype.assertReturn,
	assert_exception: Script.prototype.assertException,
	assert_trap: Script.prototype.assertFailure,
	assert_exhaustion: Script.prototype.assertFailure,
	assert_invalid: Script.prototype.assertFailure,
	assert_malformed: Script.prototype.assertFailure,
	assert_invalid_custom: Script.prototype.assertFailure,
	assert_malformed_custom: Script.prototype.assertFailure,
	assert_unlinkable: Script.prototype.assertFailure,
	assert_uninstantiable: Script.prototype.assertFailure,
	thread: Script.prototype.thread,
	wait: Script.prototype.wait,
};

/* A file may be one module's fields without `(module`. */
function wrapInline(text, nodes) {
	if (nodes.length === 0 || !nodes.every((node) => MODULE_FIELDS.includes(head(node))))
		return { text, nodes };
	const wrapped = `(module ${text}\n)`;
	return { text: wrapped, nodes: parse(wrapped) };
}

/*
 * A Buffer with the script of `bytes`, a .wast file called `name` in messages. `parseText` is what
 * loadTextParser() gives.
 */
export function convert(bytes, name, parseText) {
	const source = bytes.toString('latin1');
	const { text, nodes } = wrapInline(source, parse(source));
	const script = new Script(text, parseText);
	script.out.number(MAGIC, 4);
	script.out.number(VERSION, 4);
	script.out.string(name);
	nodes.forEach((node) => script.command(node));
	return script.out.bytes();
}
