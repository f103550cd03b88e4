// Random valid modules of every feature that both engines have, exceptions of both forms, several
// memories, typed references and tail calls included. Instructions come from the runtime's own table. The
// modules end: loops count, and every call takes from a store of calls, which the export
// hangLimitInitializer fills. Float results are cleaned of NaN.
import { module, name, section, signed, unsigned, vector } from './binary.mjs';
import { Code } from './generate_code.mjs';
import * as v from './generate_values.mjs';

const CALLS = 60;
const CALLS_LEFT = 0; // the global
const { NUMBERS, encode, isRef, funcType } = v;

class Module {
	constructor(r) {
		this.r = r;
		this.simd = r.chance(0.6);
		this.atomics = r.chance(0.4);
		this.legacy = r.chance(0.5);
		this.exnref = r.chance(0.5);
		// Imported function i tells a value of type logged[i].
		this.logged = [...NUMBERS, ...(this.simd ? ['v128'] : []), 'funcref', 'externref'];
		this.ops = v.FIXED.filter(
			(op) => (this.simd || !v.isVector(op)) && (this.atomics || !v.isAtomic(op))
		);
		this.stores = this.ops.filter((op) => op.out.length === 0);
		this.types = [];
		this.planFuncs();
		this.memories = this.some(r.chance(0.4) ? 2 : 1, () => ({
			shared: this.atomics && r.chance(0.5)
		}));
		this.planTables();
		this.planGlobals();
		this.datas = this.some(1 + r.below(3), () => ({
			active: r.chance(0.5),
			bytes: this.some(r.below(24), () => r.below(256))
		}));
	}

	// ---- choosing ------------------------------------------------------------------------------

	some(n, make) {
		return Array.from({ length: n }, make);
	}
	// The index of a function type.
	type(params, results) {
		const at = this.types.findIndex(
			(t) => String(t.params) === String(params) && String(t.results) === String(results)
		);

		return at >= 0 ? at : this.types.push({ params, results }) - 1;
	}
	// A type whose values JavaScript can have, or an adapter between.
	crossingType() {
		return this.r.weighted([
			[10, this.r.pick(NUMBERS)],
			[this.simd ? 3 : 0, 'v128'],
			[1, 'funcref'],
			[1, 'externref']
		]);
	}
	someType() {
		return this.r.weighted([
			[14, this.crossingType()],
			[this.exnref ? 1 : 0, 'exnref'],
			[2, `null:${this.someFuncType()}`]
		]);
	}
	someTypes(n) {
		return this.some(n, () => this.someType());
	}
	someRef() {
		const exnref = this.exnref ? ['exnref'] : [];

		return this.r.pick(['funcref', 'externref', `null:${this.someFuncType()}`, ...exnref]);
	}
	someFuncType() {
		return this.r.pick(this.funcs).type;
	}
	funcsOfType(type) {
		return [...this.funcs.keys()].filter((i) => this.funcs[i].type === type);
	}
	globalsOf(type) {
		return [...this.globals.keys()].filter((i) => this.globals[i].type === type);
	}
	mutableGlobals() {
		return [...this.globals.keys()].filter((i) => this.globals[i].mutable && i !== CALLS_LEFT);
	}
	elemsOf(type) {
		return [...this.elems.keys()].filter((i) => this.elems[i].type === type);
	}

	// ---- planning ------------------------------------------------------------------------------

	planFuncs() {
		const r = this.r;
		const add = (f) => this.funcs.push({ ...f, type: this.type(f.params, f.results) });
		const crossing = (n) => this.some(n, () => this.crossingType());

		this.funcs = [];
		for (const t of this.logged) add({ params: [t], results: [], imported: `log-${t}` });
		for (let n = 3 + r.below(7); n > 0; n--) {
			const results = r.weighted([
				[2, 0],
				[6, 1],
				[1, 2],
				[1, 3]
			]);

			add({ params: crossing(r.below(4)), results: crossing(results), exported: true });
		}
		for (let n = r.below(3); n > 0; n--)
			add({ params: this.someTypes(r.below(3)), results: this.someTypes(1) });
		this.tags = [];
		for (let n = this.legacy || this.exnref ? 1 + r.below(3) : 0; n > 0; n--)
			this.tags.push({ params: this.someTypes(r.below(3)) });
	}
	planTables() {
		const r = this.r;
		const type = this.someFuncType();
		const typed = `null:${type}`;
		const anyFunc = () => unsigned(r.below(this.funcs.length));
		const item = (bytes) => [...bytes, 0x0b];
		const offset = (n) => item([0x41, n]);
		const ofType = [0xd2, ...unsigned(r.pick(this.funcsOfType(type)))];

		this.tables = [
			{ type: 'funcref', min: 8, funcs: this.some(8, () => r.below(this.funcs.length)) },
			{ type: 'externref', min: 4 },
			{ type: typed, min: 5 }
		];
		// Each by its flags: active, declarative (so that every function may be named), passive, passive
		// of expressions, active in a table of its own type.
		this.elems = [
			{
				type: 'funcref',
				bytes: [0, ...offset(0), ...vector(this.tables[0].funcs.map(unsigned))]
			},
			{ type: 'funcref', bytes: [3, 0, ...vector([...this.funcs.keys()].map(unsigned))] },
			{ type: 'funcref', bytes: [1, 0, ...vector(this.some(3, anyFunc))] },
			{
				type: 'funcref',
				bytes: [5, 0x70, ...vector([item([0xd0, 0x70]), item([0xd2, ...anyFunc()])])]
			},
			{
				type: 'externref',
				bytes: [5, 0x6f, ...vector(this.some(2, () => item([0xd0, 0x6f])))]
			},
			{
				type: typed,
				bytes: [6, 2, ...offset(1), ...encode(typed), ...vector([item(ofType)])]
			}
		];
	}
	planGlobals() {
		const types = [...this.logged, ...this.logged, `null:${this.someFuncType()}`];

		if (this.exnref) types.push('exnref');
		this.globals = [{ type: 'i32', mutable: true, init: v.zero('i32') }];
		for (const type of types) {
			const init = this.initializer(type);

			this.globals.push({ type, mutable: this.r.chance(0.7), init });
		}
		this.globals.push({ type: 'i32', mutable: true, init: v.zero('i32') });
	}
	// A constant expression; the globals that are there may be named.
	initializer(type) {
		const r = this.r;

		if (!isRef(type)) {
			const earlier = this.globalsOf(type).filter((i) => !this.globals[i].mutable);

			if (earlier.length && r.chance(0.5)) return [0x23, ...unsigned(r.pick(earlier))];
			if (type[0] !== 'i' || r.chance(0.5)) return v.constant(r, type);
			const op = v.code(`${type}.${r.pick(['add', 'sub', 'mul'])}`);

			return [...v.constant(r, type), ...v.constant(r, type), ...op];
		}
		const fit = this.funcsOfType(funcType(type));

		if (type === 'funcref') fit.push(r.below(this.funcs.length));
		return fit.length && r.chance(0.5) ? [0xd2, ...unsigned(r.pick(fit))] : v.nullOf(type);
	}

	// ---- writing -------------------------------------------------------------------------------

	body({ params, results }) {
		const c = new Code(this, params, results);

		c.opIndex('global.get', CALLS_LEFT);
		c.op('i32.eqz');
		c.op('if', 0x40);
		c.put(...results.flatMap(v.zero));
		c.op('return');
		c.op('end');
		c.opIndex('global.get', CALLS_LEFT);
		c.i32(1);
		c.op('i32.sub');
		c.opIndex('global.set', CALLS_LEFT);
		for (let n = 1 + this.r.below(4); n > 0; n--) c.statement(4);
		c.exprs(results, 4);
		return c.finish();
	}
	fillBody() {
		const c = new Code(this, [], []);

		c.i32(CALLS);
		c.opIndex('global.set', CALLS_LEFT);
		return c.finish();
	}
	exports() {
		const list = [[...name('hangLimitInitializer'), 0, ...unsigned(this.funcs.length)]];

		this.funcs.forEach((f, i) => {
			if (f.exported) list.push([...name(`f${i}`), 0, ...unsigned(i)]);
		});
		this.memories.forEach((m, i) => list.push([...name(`m${i}`), 2, i]));
		for (const i of this.mutableGlobals()) {
			if (NUMBERS.includes(this.globals[i].type))
				list.push([...name(`g${i}`), 3, ...unsigned(i)]);
		}
		return list;
	}
	data({ active, bytes }) {
		const head = active ? [0, 0x41, ...signed(this.r.below(1000)), 0x0b] : [1];

		return [...head, ...vector(bytes)];
	}
	finish() {
		const imported = this.funcs.filter((f) => f.imported);
		const own = this.funcs.filter((f) => !f.imported);
		const fill = unsigned(this.type([], []));
		// Bodies and tags name types that are not there yet: they come before the types.
		const codes = [...own.map((f) => this.body(f)), this.fillBody()];
		const tags = this.tags.map((t) => [0, ...unsigned(this.type(t.params, []))]);
		const types = this.types.map((t) => [
			0x60,
			...vector(t.params.map(encode)),
			...vector(t.results.map(encode))
		]);

		return module([
			section(1, types),
			section(
				2,
				imported.map((f) => [
					...name('fuzzing-support'),
					...name(f.imported),
					0,
					...unsigned(f.type)
				])
			),
			section(3, [...own.map((f) => unsigned(f.type)), fill]),
			section(
				4,
				this.tables.map((t) => [...encode(t.type), 1, t.min, t.min + 8])
			),
			section(
				5,
				this.memories.map((m) => [m.shared ? 3 : 1, 1, 3])
			),
			...(tags.length ? [section(13, tags)] : []),
			section(
				6,
				this.globals.map((g) => [...encode(g.type), Number(g.mutable), ...g.init, 0x0b])
			),
			section(7, this.exports()),
			section(
				9,
				this.elems.map((e) => e.bytes)
			),
			{ id: 12, payload: unsigned(this.datas.length) },
			section(10, codes),
			section(
				11,
				this.datas.map((d) => this.data(d))
			)
		]);
	}
}

// A module as bytes.
export function generate(r) {
	return new Module(r).finish();
}
