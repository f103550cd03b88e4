// Random function bodies, valid by construction: what is wanted is always a value of a type, and each
// method puts code that leaves it on the stack. `d` is how deep what is put may still be nested.
import { signed, unsigned, vector } from './binary.mjs';
import * as v from './generate_values.mjs';

const SIZE_MAX = 6000; // bytes of a body; from there on it is wound up
const { MAKES_NAN, MAY_TRAP, MEMORY_OPERAND, encode, isRef, funcType } = v;

export class Code {
	// m: the module (generate.mjs).
	constructor(m, params, results) {
		Object.assign(this, { m, r: m.r, params, results });
		this.out = [];
		this.locals = [...params];
		this.fixedLocals = new Set(); // not to be changed by other code than its own
		this.rawLocals = new Set(); // not to be read either
		this.labels = [{ types: results }]; // innermost first; caught: in a legacy catch
	}
	finish() {
		const declared = this.locals.slice(this.params.length);

		this.put(0x0b);
		return vector([...vector(declared.map((t) => [1, ...encode(t)])), ...this.out]);
	}

	// ---- instructions ------------------------------------------------------------------------

	put(...bytes) {
		this.out.push(...bytes);
	}
	op(text, ...immediates) {
		this.out.push(...v.code(text), ...immediates);
	}
	opIndex(text, ...indices) {
		this.op(text, ...indices.flatMap(unsigned));
	}
	i32(value) {
		this.put(0x41, ...signed(value));
	}
	get(local) {
		this.opIndex('local.get', local);
	}
	set(local) {
		this.opIndex('local.set', local);
	}
	newLocal(type) {
		this.locals.push(type);
		return this.locals.length - 1;
	}
	localsOf(type, without) {
		return [...this.locals.keys()].filter((i) => this.locals[i] === type && !without.has(i));
	}
	// A local of the type that may be changed at will.
	local(type) {
		const fit = this.localsOf(type, this.fixedLocals);

		return fit.length > 3 || (fit.length && this.r.chance(0.7))
			? this.r.pick(fit)
			: this.newLocal(type);
	}
	// Takes values of these types off the stack.
	consume(types) {
		for (const type of [...types].reverse()) {
			if (this.r.chance(0.3)) this.op('drop');
			else this.set(this.local(type.replace('ref:', 'null:')));
		}
	}
	blockType(results, params = []) {
		if (!params.length && results.length < 2)
			return results.length ? encode(results[0]) : [0x40];
		return signed(this.m.type(params, results));
	}
	// The code of `inside` within a label that takes `types` when it is branched to.
	labelled(types, inside, more = {}) {
		this.labels = [{ types, ...more }, ...this.labels];
		inside();
		this.labels = this.labels.slice(1);
	}
	isFull(d) {
		return d <= 0 || this.out.length > SIZE_MAX;
	}

	// ---- instructions of a fixed signature ------------------------------------------------------

	// An address, nearly always within the memory.
	address(align, d) {
		this.expr('i32', d);
		if (this.r.chance(0.97)) {
			this.i32(this.r.chance(0.5) ? 0x3f8 : 0xfff8);
			this.op('i32.and');
		} else if (align && this.r.chance(0.8)) {
			this.i32(-(2 ** align));
			this.op('i32.and');
		}
	}
	memory() {
		return this.r.below(this.m.memories.length);
	}
	memarg(op) {
		const r = this.r;
		const [, kind, natural] = MEMORY_OPERAND.exec(op.imm);
		const align = kind === 'ATOMIC' ? Number(natural) : r.below(Number(natural) + 1);
		const memory = this.memory();
		const offset = r.weighted([
			[60, 0],
			[30, r.below(4) * 16],
			[10, r.below(70000)],
			[1, 0xffffffff]
		]);

		this.put(...(memory ? [align | 0x40, memory] : [align]));
		this.put(...unsigned(kind === 'ATOMIC' ? Math.floor(offset / 16) * 16 : offset));
		if (kind === 'MEMLANE') this.put(r.below(16 >> Number(natural)));
	}
	immediates(op) {
		if (MEMORY_OPERAND.test(op.imm)) this.memarg(op);
		else if (op.imm.startsWith('LANE')) this.put(this.r.below(Number(op.imm.slice(4))));
		else if (op.imm === 'SHUFFLE')
			this.put(...Array.from({ length: 16 }, () => this.r.below(32)));
		else if (op.imm === 'FENCE') this.put(0);
	}
	fixed(op, d) {
		const access = MEMORY_OPERAND.exec(op.imm);

		op.in.forEach((type, i) => {
			if (access && i === 0) this.address(Number(access[2]), d - 1);
			else this.expr(type, d - 1);
		});
		this.put(...op.code);
		this.immediates(op);
		if (MAKES_NAN.test(op.text)) this.clean(op.out[0], op.text.split('.')[0]);
	}
	// NaN becomes zero.
	clean(type, shape) {
		const at = this.newLocal(type);

		this.fixedLocals.add(at);
		this.rawLocals.add(at);
		this.opIndex('local.tee', at);
		if (type !== 'v128') this.put(...v.zero(type));
		this.get(at);
		this.get(at);
		this.op(`${shape}.eq`);
		this.op(type === 'v128' ? 'v128.and' : 'select');
	}
	operation(type, d) {
		const r = this.r;
		const fit = this.m.ops.filter((op) => op.out[0] === type);
		const op = r.pick(fit);

		if (MAY_TRAP.test(op.text) && !r.chance(0.15))
			return this.fixed(r.pick(fit.filter((o) => !MAY_TRAP.test(o.text))), d);
		this.fixed(op, d);
	}

	// ---- expressions: one value of the type --------------------------------------------------------

	exprs(types, d) {
		for (const type of types) this.expr(type, d);
	}
	expr(type, d) {
		const isNumber = !isRef(type);

		if (this.isFull(d)) return this.leaf(type);
		this.r.weighted([
			[140, () => this.leaf(type)],
			[isNumber ? 440 : 0, () => this.operation(type, d)],
			[50, () => this.block([type], d)],
			[40, () => this.ifElse([type], d)],
			[70, () => this.callFor(type, d)],
			[50, () => this.select(type, d)],
			[type.startsWith('ref:') ? 0 : 40, () => this.tee(type, d)],
			[this.m.legacy ? 60 : 0, () => this.legacyTry([type], d)],
			[this.m.exnref ? 60 : 0, () => this.tryTable([type], d)],
			[6, () => this.leave(d)],
			[30, () => this.several(type, d)],
			[isNumber ? 0 : 100, () => this.reference(type, d)],
			[type === 'i32' ? 60 : 0, () => this.question(d)]
		])();
	}
	leaf(type) {
		const r = this.r;
		const locals = this.localsOf(type, this.rawLocals);
		const globals = this.m.globalsOf(type);

		if (locals.length && r.chance(0.4)) return this.get(r.pick(locals));
		if (globals.length && r.chance(0.3)) return this.opIndex('global.get', r.pick(globals));
		if (!isRef(type)) return this.put(...v.constant(r, type));
		if (type.startsWith('ref:') && !this.isFull(1) && r.chance(0.3))
			return this.throughLocal(type, 0);
		if (type.startsWith('ref:') || (type.startsWith('null:') && r.chance(0.7)))
			return this.opIndex('ref.func', r.pick(this.m.funcsOfType(funcType(type))));
		if (type === 'funcref' && r.chance(0.7))
			return this.opIndex('ref.func', r.below(this.m.funcs.length));
		this.put(...v.nullOf(type));
	}
	tee(type, d) {
		this.expr(type, d - 1);
		this.opIndex('local.tee', this.local(type));
	}
	select(type, d) {
		this.exprs([type, type, 'i32'], d - 1);
		if (isRef(type) || this.r.chance(0.5)) this.put(0x1c, 1, ...encode(type));
		else this.op('select');
	}
	// A block with more results than one, of which the first is wanted, and perhaps parameters.
	several(type, d) {
		const results = [type, ...this.m.someTypes(1 + this.r.below(2))];
		const params = this.r.chance(0.5) ? this.m.someTypes(1 + this.r.below(2)) : [];

		this.exprs(params, d - 1);
		this.op('block', ...this.blockType(results, params));
		this.labelled(results, () => {
			this.consume(params);
			this.body(results, d);
		});
		this.op('end');
		this.consume(results.slice(1));
	}
	// An i32 that tells of a reference, a table or a memory.
	question(d) {
		this.r.weighted([
			[30, () => this.isNull(d)],
			[10, () => this.opIndex('memory.size', this.memory())],
			[10, () => this.memoryGrow(d)],
			[10, () => this.opIndex('table.size', this.r.below(this.m.tables.length))],
			[10, () => this.tableGrow(d)],
			[this.m.atomics ? 10 : 0, () => this.wait(d)]
		])();
	}
	isNull(d) {
		this.expr(this.m.someRef(), d - 1);
		this.op('ref.is_null');
	}
	memoryGrow(d) {
		this.expr('i32', d - 1);
		this.opIndex('memory.grow', this.memory());
	}
	tableGrow(d) {
		const table = this.r.below(this.m.tables.length);

		this.expr(this.m.tables[table].type, d - 1);
		this.i32(this.r.below(4));
		this.opIndex('table.grow', table);
	}
	// At most a microsecond.
	wait(d) {
		this.address(3, d - 1);
		this.expr('i32', d - 1);
		this.put(0x42, ...signed(this.r.below(1000)));
		this.op('memory.atomic.wait32', 2, 0);
	}
	reference(type, d) {
		const table = this.m.tables.findIndex((t) => t.type === type);

		if (table >= 0 && this.r.chance(0.5)) {
			this.tableIndex(table, d);
			this.opIndex('table.get', table);
		} else if (type.startsWith('ref:')) {
			this.notNull(type, d);
		} else if (type.startsWith('null:')) {
			this.expr(`ref:${funcType(type)}`, d - 1);
		} else if (type === 'funcref') {
			this.expr(`null:${this.m.someFuncType()}`, d - 1);
		} else {
			this.leaf(type);
		}
	}
	notNull(type, d) {
		const nullable = `null:${funcType(type)}`;

		switch (this.r.below(3)) {
			case 0:
				return this.throughLocal(type, d);
			case 1:
				this.expr(nullable, d - 1);
				return this.op('ref.as_non_null');
			default:
				this.op('block', ...encode(type));
				this.labelled([type], () => {
					this.expr(nullable, d - 1);
					this.op('br_on_non_null', 0);
					this.leaf(type);
				});
				this.op('end');
		}
	}
	// A local that cannot be null: read only after it was set.
	throughLocal(type, d) {
		const at = this.newLocal(type);

		this.rawLocals.add(at);
		this.expr(type, d - 1);
		this.set(at);
		this.get(at);
	}
	tableIndex(table, d) {
		if (this.r.chance(0.9)) return this.i32(this.r.below(this.m.tables[table].min));
		this.expr('i32', d - 1);
		this.i32(15);
		this.op('i32.and');
	}

	// ---- blocks ------------------------------------------------------------------------------------

	body(results, d) {
		this.statements(d - 1);
		this.exprs(results, d - 1);
	}
	block(results, d) {
		this.op('block', ...this.blockType(results));
		this.labelled(results, () => this.body(results, d));
		this.op('end');
	}
	ifElse(results, d) {
		this.expr('i32', d - 1);
		this.op('if', ...this.blockType(results));
		this.labelled(results, () => {
			this.body(results, d);
			if (results.length || this.r.chance(0.5)) {
				this.op('else');
				this.body(results, d);
			}
		});
		this.op('end');
	}
	// block (loop: leaves at count 0, otherwise counts and goes on; a branch to the loop counts too)
	loop(d) {
		const params = this.r.chance(0.3) ? this.m.someTypes(1) : [];
		const counter = this.newLocal('i32');

		this.fixedLocals.add(counter);
		this.i32(1 + this.r.below(4));
		this.set(counter);
		this.op('block', 0x40);
		this.labelled([], () => {
			this.exprs(params, d - 1);
			this.op('loop', ...this.blockType([], params));
			this.labelled(params, () => this.loopBody(params, counter, d));
			this.op('end');
		});
		this.op('end');
	}
	loopBody(params, counter, d) {
		this.consume(params);
		this.get(counter);
		this.op('i32.eqz');
		this.op('br_if', 1);
		this.get(counter);
		this.i32(1);
		this.op('i32.sub');
		this.set(counter);
		this.statements(d - 1);
		this.exprs(params, d - 1);
		this.op('br', 0);
	}
	// Ends the path: what follows cannot be reached, and may be of any type.
	leave(d) {
		const caught = [...this.labels.keys()].filter((i) => this.labels[i].caught);

		this.r.weighted([
			[10, () => this.op('unreachable')],
			[40, () => this.branch(d)],
			[20, () => this.returnNow(d)],
			[this.m.tags.length ? 40 : 0, () => this.throwOne(d)],
			[caught.length ? 60 : 0, () => this.opIndex('rethrow', this.r.pick(caught))],
			[this.m.exnref ? 20 : 0, () => this.throwRef(d)],
			[20, () => this.tailCall(d)],
			[20, () => this.branchTable(d)]
		])();
	}
	branch(d) {
		const to = this.r.below(this.labels.length);

		this.exprs(this.labels[to].types, d - 1);
		this.opIndex('br', to);
	}
	returnNow(d) {
		this.exprs(this.results, d - 1);
		this.op('return');
	}
	branchTable(d) {
		const { types } = this.r.pick(this.labels);
		const fit = [...this.labels.keys()].filter(
			(i) => String(this.labels[i].types) === String(types)
		);
		const targets = Array.from({ length: this.r.below(5) + 1 }, () => this.r.pick(fit));

		this.exprs([...types, 'i32'], d - 1);
		this.opIndex('br_table', targets.length - 1, ...targets);
	}
	throwOne(d) {
		const tag = this.r.below(this.m.tags.length);

		this.exprs(this.m.tags[tag].params, d - 1);
		this.opIndex('throw', tag);
	}
	throwRef(d) {
		this.expr('exnref', d - 1);
		this.op('throw_ref');
	}
	legacyTry(results, d) {
		const before = this.labels;

		this.op('try', ...this.blockType(results));
		this.labelled(results, () => this.body(results, d));
		// What delegate means within the other form nobody has specified, and engines differ.
		if (this.r.chance(0.2) && !before.some((l) => l.tryTable))
			return this.opIndex('delegate', this.r.below(before.length));
		this.labels = [{ types: results, caught: true }, ...before];
		for (let n = this.r.below(3); n > 0; n--) {
			const tag = this.r.below(this.m.tags.length);

			this.opIndex('catch', tag);
			this.consume(this.m.tags[tag].params);
			this.body(results, d - 1);
		}
		if (this.r.chance(0.5)) {
			this.op('catch_all');
			this.body(results, d - 1);
		}
		this.labels = before;
		this.op('end');
	}
	catchClause() {
		const kind = this.r.below(4); // catch, catch_ref, catch_all, catch_all_ref
		const tag = this.r.below(this.m.tags.length);

		return {
			code: [kind, ...(kind < 2 ? unsigned(tag) : [])],
			types: [...(kind < 2 ? this.m.tags[tag].params : []), ...(kind & 1 ? ['exnref'] : [])]
		};
	}
	// block $out (block $h1 (block $h0 (try_table ..) br $out) handler 0, br $out) handler 1
	tryTable(results, d) {
		const before = this.labels;
		const clauses = Array.from({ length: 1 + this.r.below(2) }, () => this.catchClause());

		this.op('block', ...this.blockType(results));
		this.labels = [{ types: results }, ...before];
		for (const { types } of [...clauses].reverse()) {
			this.op('block', ...this.blockType(types));
			this.labels = [{ types }, ...this.labels];
		}
		const catches = vector(clauses.map((c, i) => [...c.code, ...unsigned(i)]));

		this.op('try_table', ...this.blockType(results), ...catches);
		this.labelled(results, () => this.body(results, d), { tryTable: true });
		this.op('end');
		clauses.forEach(({ types }, i) => {
			this.opIndex('br', clauses.length - i);
			this.op('end');
			this.labels = this.labels.slice(1);
			this.consume(types);
			this.body(results, d - 1);
		});
		this.op('end');
		this.labels = before;
	}

	// ---- calls -------------------------------------------------------------------------------------

	// Leaves the callee's results; `how` is "call" or "return_call".
	callOf(index, how, d) {
		const r = this.r;
		const { params, type } = this.m.funcs[index];
		const slot = this.m.tables[0].funcs.indexOf(index);

		this.exprs(params, d - 1);
		if (slot >= 0 && r.chance(0.4)) {
			this.i32(r.chance(0.97) ? slot : r.below(20));
			this.opIndex(`${how}_indirect`, type, 0);
		} else if (r.chance(0.3)) {
			this.expr(`${r.chance(0.7) ? 'ref' : 'null'}:${type}`, 1);
			this.opIndex(`${how}_ref`, type);
		} else {
			this.opIndex(how, index);
		}
	}
	callFor(type, d) {
		const fit = [...this.m.funcs.keys()].filter((i) => this.m.funcs[i].results[0] === type);

		if (!fit.length) return this.leaf(type);
		const index = this.r.pick(fit);

		this.callOf(index, 'call', d);
		this.consume(this.m.funcs[index].results.slice(1));
	}
	tailCall(d) {
		const wanted = String(this.results);
		const fit = [...this.m.funcs.keys()].filter(
			(i) => String(this.m.funcs[i].results) === wanted
		);

		if (fit.length) this.callOf(this.r.pick(fit), 'return_call', d);
		else this.op('unreachable');
	}

	// ---- statements: the stack is as before ---------------------------------------------------------

	statements(d) {
		for (let n = this.r.below(3) + (d > 2 ? 1 : 0); n > 0; n--) this.statement(d);
	}
	statement(d) {
		if (this.isFull(d)) return this.log(1);
		this.r.weighted([
			[120, () => this.log(d)],
			[80, () => this.setLocal(d)],
			[60, () => this.setGlobal(d)],
			[100, () => this.fixed(this.r.pick(this.m.stores), d)],
			[30, () => this.dropped(d)],
			[60, () => this.ifElse([], d)],
			[30, () => this.block([], d)],
			[40, () => this.loop(d)],
			[this.m.legacy ? 50 : 0, () => this.legacyTry([], d)],
			[this.m.exnref ? 50 : 0, () => this.tryTable([], d)],
			[50, () => this.callAny(d)],
			[40, () => this.branchIf(d)],
			[40, () => this.leaveIf(d)],
			[20, () => this.callUnlessNull(d)],
			[40, () => this.bulk(d)],
			[40, () => this.tables(d)]
		])();
	}
	// Tells the world: all that is compared but results and the state at the end.
	log(d) {
		const index = this.r.below(this.m.logged.length);

		this.expr(this.m.logged[index], d - 1);
		this.opIndex('call', index);
	}
	setLocal(d) {
		const type = this.m.someType();

		this.expr(type, d - 1);
		this.set(this.local(type));
	}
	setGlobal(d) {
		const global = this.r.pick(this.m.mutableGlobals());

		this.expr(this.m.globals[global].type, d - 1);
		this.opIndex('global.set', global);
	}
	dropped(d) {
		this.expr(this.m.someType(), d - 1);
		this.op('drop');
	}
	callAny(d) {
		const index = this.r.below(this.m.funcs.length);

		this.callOf(index, 'call', d);
		this.consume(this.m.funcs[index].results);
	}
	branchIf(d) {
		const to = this.r.below(this.labels.length);
		const { types } = this.labels[to];

		this.exprs([...types, 'i32'], d - 1);
		this.opIndex('br_if', to);
		this.consume(types);
	}
	leaveIf(d) {
		this.expr('i32', d - 1);
		this.op('if', 0x40);
		this.labelled([], () => this.leave(d));
		this.op('end');
	}
	callUnlessNull(d) {
		const type = this.m.someFuncType();
		const { params, results } = this.m.types[type];

		this.op('block', 0x40);
		this.labelled([], () => {
			this.exprs([...params, `null:${type}`], d - 1);
			this.op('br_on_null', 0);
			this.opIndex('call_ref', type);
			this.consume(results);
		});
		this.op('end');
	}

	// ---- many bytes or entries at once ---------------------------------------------------------------

	some(max) {
		this.i32(this.r.below(max));
	}
	bulk(d) {
		const data = this.r.below(this.m.datas.length);

		this.address(0, d - 1);
		this.r.weighted([
			[30, () => this.memoryFill(d)],
			[30, () => this.memoryCopy(d)],
			[30, () => this.memoryInit(data)],
			[3, () => this.dataDrop(data)]
		])();
	}
	memoryFill(d) {
		this.expr('i32', d - 1);
		this.some(200);
		this.opIndex('memory.fill', this.memory());
	}
	memoryCopy(d) {
		this.address(0, d - 1);
		this.some(200);
		this.opIndex('memory.copy', this.memory(), this.memory());
	}
	memoryInit(data) {
		this.some(8);
		this.some(this.r.chance(0.9) ? 6 : 40);
		this.opIndex('memory.init', data, this.memory());
	}
	dataDrop(data) {
		this.op('drop');
		this.opIndex('data.drop', data);
	}
	tables(d) {
		const table = this.r.below(this.m.tables.length);
		const { type } = this.m.tables[table];
		const elems = this.m.elemsOf(type);

		this.r.weighted([
			[30, () => this.tableSet(table, type, d)],
			[10, () => this.tableFill(table, type, d)],
			[10, () => this.tableCopy(table)],
			[elems.length ? 20 : 0, () => this.tableInit(table, this.r.pick(elems))],
			[3, () => this.opIndex('elem.drop', this.r.below(this.m.elems.length))]
		])();
	}
	tableSet(table, type, d) {
		this.tableIndex(table, d);
		this.expr(type, d - 1);
		this.opIndex('table.set', table);
	}
	tableFill(table, type, d) {
		this.some(6);
		this.expr(type, d - 1);
		this.some(4);
		this.opIndex('table.fill', table);
	}
	tableCopy(table) {
		this.some(6);
		this.some(6);
		this.some(4);
		this.opIndex('table.copy', table, table);
	}
	tableInit(table, elem) {
		this.some(6);
		this.some(3);
		this.some(3);
		this.opIndex('table.init', elem, table);
	}
}
