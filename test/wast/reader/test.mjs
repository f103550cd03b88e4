/*
 * test.mjs PARSER: tests of the reader. A wrong script must be an error with its line, never a
 * command left out. Ends with `N passed, N failed`. PARSER as for main.mjs.
 */
import assert from 'node:assert/strict';
import { parseFloatBits, parseInteger } from './numbers.mjs';
import { convert } from './script.mjs';
import { ScriptError, lineOf, parse } from './sexpr.mjs';
import { loadTextParser } from './text_parser.mjs';
import { Action, Command, MAGIC, Match, Type, VERSION } from './writer.mjs';

const parseText = loadTextParser(process.argv[2]);
const tests = {};

const refused = (text) => assert.throws(() => parse(text), ScriptError, text);
const script = (text) => convert(Buffer.from(text), 't', parseText);
const scriptRefused = (text, line = 1) =>
	assert.throws(() => script(text),
		      (error) => error instanceof ScriptError &&
				 lineOf(text, error.offset) === line,
		      text);

/* A reader over a script, for what the tests look at. */
class Bytes {
	constructor(bytes) {
		this.bytes = bytes;
		this.at = 0;
		assert.equal(this.number(4), MAGIC);
		assert.equal(this.number(4), VERSION);
		assert.equal(this.string(), 't');
	}

	number(size) {
		const value = size === 8 ? this.bytes.readBigUInt64LE(this.at)
					 : this.bytes.readUIntLE(this.at, size);
		this.at += size;
		return value;
	}

	string() {
		const length = this.number(4);
		this.at += length;
		return this.bytes.toString('latin1', this.at - length, this.at);
	}

	command() {
		return [this.number(1), this.number(4)];
	}

	value() {
		const type = this.number(1);
		const lane = () => [this.number(1), this.number(8)];
		const lanes = Array.from({ length: this.number(1) }, lane);
		return [type, ...lanes];
	}

	end() {
		assert.equal(this.at, this.bytes.length);
	}
}

tests.tokens_are_whole_or_refused = () => {
	refused('(a');
	refused('a)');
	refused('(; (; ;)');
	refused('"a');
	refused('"a\nb"');
	refused('"\\q"');
	refused('"\\u{110000}"');
	refused('"\\u{d800}"');
	refused('{');
	refused('a,b');
};

tests.strings_are_bytes = () => {
	const [node] = parse('"\\00\\ff\\t\\n\\"\\\\\\u{e9}A"');
	assert.equal(node.text, '\x00\xff\t\n"\\\xc3\xa9A');
};

tests.comments_and_annotations_are_no_nodes = () => {
	const nodes = parse(';; (a)\n(; (b) (; ;) ;) (c (@x (y) "z" , {}) (d)) ;;end');
	assert.equal(nodes.length, 1);
	assert.deepEqual(nodes[0].items.map((item) => item.text), ['c', undefined]);
	assert.equal(nodes[0].items[1].items[0].text, 'd');
};

tests.lines_count_from_one = () => {
	assert.equal(lineOf('a\nb\nc', 0), 1);
	assert.equal(lineOf('a\nb\nc', 4), 3);
};

tests.integers_fit_their_width = () => {
	assert.equal(parseInteger('-0x8000_0000', 32), 0x80000000n);
	assert.equal(parseInteger('0xffffffff', 32), 0xffffffffn);
	assert.equal(parseInteger('-1', 64), 0xffffffffffffffffn);
	const wrong = ['0x1_0000_0000', '-0x80000001', '4294967296', '1_', '_1', '0x', '1__0', 'x'];
	for (const text of wrong)
		assert.throws(() => parseInteger(text, 32), ScriptError, text);
};

tests.floats_are_rounded_once = () => {
	const f64 = (text) => parseFloatBits(text, 64);
	const bits = (number) => {
		const bytes = Buffer.alloc(8);
		bytes.writeDoubleLE(number);
		return bytes.readBigUInt64LE();
	};
	for (const text of ['0', '-0.0', '1', '0.1', '1e308', '4.9e-324', '2.4e-324', '2.5e-324',
			    '123456789.125e-3', '2.2250738585072011e-308', '9007199254740993',
			    '9007199254740992.999'])
		assert.equal(f64(text), bits(Number(text)), text);
	/* Above the middle of two f32, by less than f64 can tell: rounding twice would go down. */
	assert.equal(parseFloatBits('1.000000059604644775390625000000000001', 32), 0x3f800001n);
	assert.equal(parseFloatBits('1.000000059604644775390625', 32), 0x3f800000n);
	assert.equal(parseFloatBits('0x1.000003p0', 32), 0x3f800002n);
	assert.equal(f64('0x1.fffffffffffffp-1023'), 0x0010000000000000n);
	assert.equal(f64('0x0.0000000000001p-1022'), 1n);
	assert.equal(f64('-0x1p-1075'), 0x8000000000000000n);
};

tests.floats_out_of_range_are_refused = () => {
	for (const text of ['1e309', '0x1p1024', 'infinity', '1.e', 'nan:0x0', 'nan:canonical',
			    'nan:0x10000000000000', '0x.8p0'])
		assert.throws(() => parseFloatBits(text, 64), ScriptError, text);
	assert.throws(() => parseFloatBits('0x1.ffffffp127', 32), ScriptError);
	assert.equal(parseFloatBits('0x1.fffffep127', 32), 0x7f7fffffn);
};

tests.nans_keep_payload_and_sign = () => {
	assert.equal(parseFloatBits('-nan', 32), 0xffc00000n);
	assert.equal(parseFloatBits('nan:0x1', 32), 0x7f800001n);
	assert.equal(parseFloatBits('nan:0x4_0000_0000_0000', 64), 0x7ff4000000000000n);
	assert.equal(parseFloatBits('-inf', 64), 0xfff0000000000000n);
};

tests.a_module_and_an_assertion = () => {
	const b = new Bytes(script('(module $M (func (export "f") (result i32) i32.const 7))\n' +
				   '(assert_return (invoke $M "f") (i32.const 7))'));
	assert.deepEqual(b.command(), [Command.MODULE, 1]);
	assert.equal(b.string(), '$M');
	assert.equal(b.number(1), 0);
	assert.ok(WebAssembly.validate(Buffer.from(b.string(), 'latin1')));
	assert.deepEqual(b.command(), [Command.RETURN, 2]);
	assert.equal(b.number(1), Action.INVOKE);
	assert.deepEqual([b.string(), b.string(), b.number(4)], ['$M', 'f', 0]);
	assert.deepEqual([b.number(4), b.number(1)], [1, 1]);
	assert.deepEqual(b.value(), [Type.I32, [Match.BITS, 7n]]);
	b.end();
};

const expected = (values) => {
	const b = new Bytes(script(`(assert_return (invoke "f") ${values})`));
	b.command();
	b.number(1), b.string(), b.string(), b.number(4);
	const results = Array.from({ length: b.number(4) }, () =>
		Array.from({ length: b.number(1) }, () => b.value()));
	b.end();
	return results;
};

tests.patterns_of_results = () => {
	assert.deepEqual(expected('(f32.const nan:canonical) (f64.const nan:arithmetic)'),
		[[[Type.F32, [Match.NAN_CANONICAL, 0n]]],
		 [[Type.F64, [Match.NAN_ARITHMETIC, 0n]]]]);
	assert.deepEqual(expected('(v128.const i16x8 1 2 3 4 -1 0 0 0)'),
		[[[Type.V128, [Match.BITS, 0x0004000300020001n], [Match.BITS, 0xffffn]]]]);
	assert.deepEqual(expected('(v128.const f32x4 1 nan:canonical 0 -0)')[0][0].slice(1),
		[[Match.BITS, 0x3f800000n], [Match.NAN_CANONICAL, 0n], [Match.BITS, 0n],
		 [Match.BITS, 0x80000000n]]);
	assert.deepEqual(expected('(either (i32.const 1) (i32.const 2))'),
		[[[Type.I32, [Match.BITS, 1n]], [Type.I32, [Match.BITS, 2n]]]]);
};

tests.references_as_results = () => {
	assert.deepEqual(expected('(ref.null) (ref.null exn) (ref.null any)'),
		[[[Type.REF, [Match.NULL, 0n]]], [[Type.EXN, [Match.NULL, 0n]]],
		 [[Type.GC, [Match.NULL, 0n]]]]);
	assert.deepEqual(expected('(ref.func) (ref.extern 4)'),
		[[[Type.FUNC, [Match.NOT_NULL, 0n]]], [[Type.EXTERN, [Match.BITS, 5n]]]]);
};

tests.values_that_are_not_known_are_refused = () => {
	for (const value of ['(i32.const)', '(i32.const 1 2)', '(i32.const nan)', '(either)', '7',
			     '(v128.const i8x16 1)', '(v128.const i9x2 1 2)', '(ref.null banana)',
			     '(i31.const 1)', '(ref.func 1)', '(toString 1)'])
		scriptRefused(`\n(assert_return (invoke "f") ${value})`, 2);
	scriptRefused('(invoke "f" (f32.const nan:canonical))');
	scriptRefused('(invoke "f" (ref.func))');
	scriptRefused('(invoke "f" (either (i32.const 1)))');
};

tests.commands_that_are_not_known_are_refused = () => {
	for (const command of ['(assert_magic)', '(constructor)', 'module', '"module"', '()',
			       '(register)', '(register x)', '(register "a" $b $c)',
			       '(assert_return)', '(assert_return (module))', '(invoke)',
			       '(assert_trap (invoke "f"))', '(assert_trap (invoke "f") "a" "b")',
			       '(assert_invalid (module))', '(assert_invalid (invoke "f") "x")',
			       '(assert_exhaustion (module) "x")', '(wait $a $b)',
			       '(assert_malformed (module quote x) "y")', '(thread $T (banana))',
			       '(get "g" (i32.const 1))', '(module instance $a $b $c)'])
		scriptRefused(`(module)\n${command}`, 2);
};

tests.a_module_that_no_parser_reads_is_refused = () => {
	scriptRefused('(module)\n\n(module (func banana))', 3);
	scriptRefused('(assert_invalid (module (func (local.get $x))) "unknown local")');
};

tests.only_malformed_texts_are_not_run = () => {
	const b = new Bytes(script('(assert_malformed (module quote "(") "x")' +
				   '(assert_malformed (module binary "\\00") "y")' +
				   '(assert_invalid (module quote "(func (result i32))") "z")'));
	assert.deepEqual(b.command(), [Command.TEXT, 1]);
	assert.deepEqual(b.command(), [Command.MALFORMED, 1]);
	assert.deepEqual([b.string(), b.number(1), b.string()], ['y', 3, '\x00']);
	assert.deepEqual(b.command(), [Command.INVALID, 1]);
};

const needs = (fields) => {
	const b = new Bytes(script(`(module ${fields})`));
	b.command(), b.string();
	return b.number(1);
};

tests.needs_are_read_from_the_text = () => {
	assert.equal(needs('(func (param i64)) (memory 1) (func $array)'), 0);
	assert.equal(needs('(func) (export "struct" (func 0))'), 0);
	assert.equal(needs('(type (struct))'), 1);
	assert.equal(needs('(func (param anyref))'), 1);
	assert.equal(needs('(func (drop (ref.i31 (i32.const 1))))'), 1);
	assert.equal(needs('(memory i64 1)'), 2);
	assert.equal(needs('(import "a" "b" (table $t i64 1 funcref))'), 2);
	assert.equal(needs('(type (array i8)) (memory $m i64 1)'), 3);
};

tests.definitions_instances_and_threads = () => {
	const b = new Bytes(script('(module definition $D)(module instance $I $D)' +
				   '(module instance $J)' +
				   '(thread $T (shared (module $I)) (register "m" $I))' +
				   '(wait $T)'));
	assert.deepEqual(b.command(), [Command.DEFINITION, 1]);
	assert.deepEqual([b.string(), b.number(1), b.string().slice(0, 4)], ['$D', 0, '\0asm']);
	assert.deepEqual([b.command()[0], b.string(), b.string()], [Command.INSTANCE, '$I', '$D']);
	assert.deepEqual([b.command()[0], b.string(), b.string()], [Command.INSTANCE, '$J', '']);
	assert.deepEqual([b.command()[0], b.string(), b.number(4), b.string()],
			 [Command.THREAD, '$T', 1, '$I']);
	assert.equal(b.string()[0], String.fromCharCode(Command.REGISTER));
	assert.deepEqual([b.command()[0], b.string()], [Command.WAIT, '$T']);
	b.end();
};

tests.a_file_may_be_the_inside_of_a_module = () => {
	const b = new Bytes(script('(func) ;; a comment at the end'));
	assert.equal(b.command()[0], Command.MODULE);
	b.string(), b.number(1), b.string();
	b.end();
};

tests.legacy_exceptions_are_read_by_the_second_parser = () => {
	const b = new Bytes(script('(module (tag $e) (func (try (do (throw $e)) (catch $e))))'));
	assert.equal(b.command()[0], Command.MODULE);
	b.string(), b.number(1);
	assert.ok(b.string().includes('\x06\x40\x08\x00\x07\x00\x0b')); /* try throw catch end */
};

let failed = 0;
for (const [name, run] of Object.entries(tests)) {
	try {
		run();
	} catch (error) {
		failed++;
		console.log(`FAIL ${name}: ${error.stack}`);
	}
}
console.log(`${Object.keys(tests).length - failed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
