/*
 * The generator: worlds, uses of an index, calls, and functions made of them.
 * Invariant: the code never leaves its buffer: a function ends when little is left.
 */
#include "test/verifier/oracle_generate.h"

#include <string.h>

#include "native/format.h"
#include "test/verifier/oracle_maker.h"

/* ---- worlds ------------------------------------------------------------------------------------------------- */

bool generated_world(struct generated *g, struct random *r)
{
	static const uint32_t mins[] = {0, 1, 2, 3, 7, 8, 16, 100};
	static const uint64_t windows[] = {NATIVE_WINDOW_SIZE,
					   NATIVE_WINDOW_SIZE,
					   0x100000000,
					   0x80000000,
					   0x80000000,
					   0x20000,
					   0x1000,
					   0x100};

	memset(g, 0, sizeof *g);
	for (unsigned i = 0; i < COUNT_OF(g->params); i++)
		g->params[i] = WASM_I64;
	g->types[0] = (struct wasm_func_type){.params = g->params, .param_count = 8};
	for (unsigned i = 0; i < COUNT_OF(g->tables); i++) {
		uint32_t min = mins[random_below(r, COUNT_OF(mins))];
		bool has_max = random_one_in(r, 2);

		g->tables[i].type.limits =
			(struct wasm_limits){min, min + random_below(r, 3), has_max};
	}
	for (unsigned i = 0; i < COUNT_OF(g->memories); i++) {
		uint32_t min = random_below(r, 3);

		g->memories[i].limits = (struct wasm_limits){min, min + random_below(r, 3), true};
		g->globals[i].type.mutable = i != 0;
	}
	g->module = (struct wasm_module){.type_count = 2,
					 .types = g->types,
					 .import_func_count = 2,
					 .func_count = 4,
					 .table_count = COUNT_OF(g->tables),
					 .tables = g->tables,
					 .memory_count = COUNT_OF(g->memories),
					 .memories = g->memories,
					 .global_count = COUNT_OF(g->globals),
					 .globals = g->globals};
	g->image =
		(struct verify_image){.code = g->code,
				      .code_size = GENERATED_CODE,
				      .rodata = g->rodata,
				      .entries = g->entries,
				      .entry_count = 3,
				      .module = &g->module,
				      .window_size = windows[random_below(r, COUNT_OF(windows))]};
	return native_layout_init(&g->image.layout, &g->module) == E_OK;
}

/* ---- uses --------------------------------------------------------------------------------------------------- */

/* A read or a write of any kind. */
static void access_any(struct maker *k, struct operand o, bool may_write)
{
	unsigned reg = any_reg(k), size = any_size(k);

	if (one_in(k, 8)) {
		emit_vector(k, &o, may_write && one_in(k, 2));
		return;
	}
	switch (below(k, may_write ? 8 : 4)) {
	case 0:
	case 1:
		emit_load(k, size, reg, o);
		break;
	case 2:
		emit_with(k, 4, 0, 0, 0x0f10, below(k, 8), &o); /* MOVUPS */
		break;
	case 3:
		emit_alu(k, below(k, 8), size, reg, o);
		break;
	case 4:
	case 5:
		emit_store(k, size, o, reg);
		break;
	case 6:
		emit_with(k, 4, 0, 0, 0x0f11, below(k, 8), &o);
		break;
	default:
		emit(k, size, 0x01 + 8 * below(k, 7), reg, o);
		break;
	}
}

static void use_window(struct maker *k, unsigned i)
{
	struct operand o = one_in(k, 2)	  ? in_indexed(i, NO_REG, 0, any_number(k))
			   : one_in(k, 2) ? in_indexed(NO_REG, i, below(k, 4), any_number(k))
					  : in_indexed(i, any_reg(k), below(k, 4), small_number(k));

	if (one_in(k, 2))
		o.disp = small_number(k);
	o.segment = one_in(k, 40) ? FS : GS;
	access_any(k, o, true);
}

static void use_frame(struct maker *k, unsigned i)
{
	int64_t at = k->frame ? (int64_t)below(k, k->frame) & ~3 : 0;
	unsigned shift = below(k, 4), base = RSP;

	if (one_in(k, 3)) {
		base = other_reg(k, i, i);
		if (one_in(k, 3))
			emit_mov(k, 8, base, RSP);
		else
			emit_lea(k, 8, base, in_memory(RSP, at));
		at = small_number(k);
		if (one_in(k, 4))
			compute_gentle(k, base);
	}
	access_any(k,
		   one_in(k, 8) ? in_indexed(base, NO_REG, 0, at) : in_indexed(base, i, shift, at),
		   true);
}

static void use_rodata(struct maker *k, unsigned i)
{
	unsigned base = other_reg(k, i, i);

	emit_lea_rodata(k, base, one_in(k, 4) ? small_number(k) : (int64_t)below(k, 64));
	if (one_in(k, 6))
		compute_gentle(k, i);
	access_any(k, in_indexed(base, i, below(k, 4), small_number(k)), one_in(k, 20));
}

static void call_code(struct maker *k, struct operand o)
{
	emit_with(k, 4, 0, 0, 0xff, k->calls && !one_in(k, 8) ? 2 : 4, &o);
}

/* The entry's fields, once its address is base + index. */
static void use_entry(struct maker *k, struct operand o)
{
	unsigned reg = any_reg(k);

	switch (below(k, 6)) {
	case 0:
	case 1:
		o.disp = one_in(k, 8) ? small_number(k) : 0;
		call_code(k, o);
		break;
	case 2:
		emit_load(k, 8, reg, o);
		if (one_in(k, 4))
			reg = compute_spilled(k, reg);
		if (one_in(k, 4))
			compute_any(k, any_reg(k));
		call_code(k, in_reg(reg));
		break;
	case 3:
		o.disp = 8;
		emit_alu(k, CMP, 4, reg, o);
		break;
	default:
		o.disp = one_in(k, 2) ? 8 + 4 * (int64_t)below(k, 2) : small_number(k);
		access_any(k, o, one_in(k, 20));
		break;
	}
}

/* i becomes 16 times an index, in one of some ways. Returns the scale that is still to be done. */
static unsigned index_scale(struct maker *k, unsigned i)
{
	switch (below(k, 7)) {
	case 0:
	case 1:
	case 2:
		emit_shift(k, 4, one_in(k, 4) ? 4 : 8, i, one_in(k, 12) ? below(k, 6) : 4);
		return 0;
	case 3:
		emit_alu(k, ADD, one_in(k, 4) ? 4 : 8, i, in_reg(i));
		return 3;
	case 4: {
		struct operand o = in_reg(i);

		emit_with(k, wide_size(k), 0, 0, 0x6b, i, &o);
		emit_number(k, 16, 1);
		return 0;
	}
	case 5:
		emit_lea(k, 8, i, in_indexed(i, i, 0, 0));
		return 3;
	default:
		emit_shift(k, 4, 8, i, 1 + below(k, 3));
		return below(k, 4);
	}
}

static void use_table_early(struct maker *k, unsigned i, uint32_t slot, uint32_t limit)
{
	unsigned base = other_reg(k, i, i), copy = other_reg(k, i, base);

	if (!one_in(k, 3))
		emit_mov(k, 4, i, i);
	emit_mov(k, one_in(k, 4) ? 4 : 8, copy, i);
	unsigned shift = index_scale(k, copy);

	if (one_in(k, 6))
		compute_gentle(k, one_in(k, 2) ? i : copy);
	emit_alu(k, CMP, 4, i, in_slot(limit));
	emit_jcc_trap(k, one_in(k, 6) ? any_condition(k) : 3);
	emit_load(k, 8, base, in_slot(slot));
	use_entry(k, in_indexed(base, one_in(k, 8) ? i : copy, shift, 0));
}

/* Two tables, or two memories, in one register, by which way was taken. */
static void objects_meet(struct maker *k)
{
	const struct native_layout *l = &k->g->image.layout;
	bool tables = one_in(k, 2);
	uint32_t first = tables ? l->tables : l->memories;
	uint32_t a = first + 16 * below(k, 3), b = first + 16 * below(k, 3);
	unsigned base = any_reg(k), i = other_reg(k, base, base), open = k->label_count;
	bool code = one_in(k, 5);

	if (open == MAKER_LABELS)
		return;
	if (one_in(k, 8))
		a = l->function_table;
	if (code)
		a = b = l->imports;
	emit_load(k, 8, base, in_slot(a));
	if (one_in(k, 2) && !code) {
		emit_mov(k, 4, i, i);
		emit_alu(k, CMP, 4, i, in_slot(a + 8));
		emit_jcc_trap(k, 3);
		emit_shift(k, 4, 8, i, 4);
		if (one_in(k, 2))
			emit_alu(k, ADD, 8, base, in_reg(i));
	} else {
		emit_alu_imm(k, AND, 4, i, one_in(k, 2) ? 48 : 7);
	}
	if (one_in(k, 4)) { /* by CMOV */
		unsigned other = other_reg(k, base, i);
		struct operand o = in_reg(other);

		if (one_in(k, 2))
			emit_load(k, 8, other, in_slot(b));
		else
			emit_lea(k, 8, other, in_indexed(one_in(k, 4) ? i : base, NO_REG, 0, 8));
		emit_with(k, one_in(k, 8) ? 4 : 8, 0, 0, 0x0f40 + any_condition(k),
			  one_in(k, 4) ? i : base, &o);
	}
	emit(k, 4, 0x85, RAX, in_reg(RAX));
	emit_jcc_label(k, any_condition(k));
	switch (below(k, 7)) {
	case 0:
		emit_load(k, 8, base, in_slot(b));
		break;
	case 5:
		emit_alu(k, XOR, 4, base, in_reg(base));
		break;
	case 6:
		emit_nop(k);
		break;
	case 1:
		emit_alu_imm(k, ADD, 8, base, 8 * (int64_t)below(k, 3));
		break;
	case 2:
		emit_mov(k, 4, i, any_reg(k));
		break;
	case 3:
		emit_mov(k, 8, base, any_reg(k));
		break;
	default:
		compute_gentle(k, one_in(k, 2) ? i : base);
		break;
	}
	while (k->label_count > open)
		emit_label(k);
	if (code)
		call_code(k, in_reg(base));
	else if (one_in(k, 2))
		access_any(k, in_indexed(base, NO_REG, 0, 8 * (int64_t)below(k, 3)), !tables);
	else
		use_entry(k, in_indexed(base, i, 0, 0));
}

static void use_table(struct maker *k, unsigned i)
{
	const struct native_layout *l = &k->g->image.layout;
	uint32_t t = below(k, 4), slot = t ? l->tables + 16 * (t - 1) : l->function_table;
	unsigned base = other_reg(k, i, i), size = one_in(k, 5) ? 8 : 4;
	uint32_t limit = slot + 8;

	if (one_in(k, 12)) /* of another table */
		limit = l->tables + 16 * below(k, 3) + 8;
	bool checked = !one_in(k, 6), early = one_in(k, 2), over_call = k->calls && one_in(k, 10);

	unsigned used = i;

	if (one_in(k, 8))
		emit_mov(k, one_in(k, 4) ? 8 : 4, used = other_reg(k, i, base), i);
	if (early)
		emit_load(k, 8, base, in_slot(slot));
	if (one_in(k, 6)) { /* a multiple that is made before the check of what it is made of */
		use_table_early(k, i, slot, limit);
		return;
	}
	if (checked && one_in(k, 3)) {
		unsigned count = other_reg(k, i, base);

		emit_load(k, size, count, in_slot(limit));
		if (one_in(k, 6))
			compute_gentle(k, one_in(k, 2) ? count : i);
		if (one_in(k, 2)) {
			emit_alu(k, CMP, size, i, in_reg(count));
			emit_jcc_trap(k, one_in(k, 6) ? any_condition(k) : 3);
		} else {
			emit_alu(k, CMP, size, count, in_reg(i));
			emit_jcc_trap(k, one_in(k, 6) ? any_condition(k) : 6);
		}
	} else if (checked) {
		emit_alu(k, CMP, size, i, in_slot(limit));
		if (one_in(k, 8))
			compute_any(k, one_in(k, 2) ? i : any_reg(k));
		emit_jcc_trap(k, one_in(k, 6) ? any_condition(k) : 3);
	}
	if (one_in(k, 2) && used != base)
		i = used;
	if (one_in(k, 5))
		emit_mov(k, one_in(k, 2) ? 4 : any_size(k), i, i);
	if (one_in(k, 5))
		compute_over(k, i);
	if (one_in(k, 8))
		i = compute_spilled(k, i);
	if (!early)
		emit_load(k, 8, base, in_slot(slot));
	if (over_call)
		emit_with(k, 4, 0, 0, 0xff, 2,
			  &(struct operand){.is_memory = true,
					    .segment = FS,
					    .base = NO_REG,
					    .index = NO_REG,
					    .disp = l->helpers});
	unsigned shift = index_scale(k, i);

	if (one_in(k, 8))
		compute_over(k, i);
	if (one_in(k, 3) && shift == 0) {
		emit_alu(k, ADD, 8, base, in_reg(i));
		use_entry(k, in_memory(base, 0));
	} else {
		use_entry(k, in_indexed(base, i, shift, 0));
	}
}

/* An access that a constant index of a table makes. */
static void use_table_fixed(struct maker *k)
{
	const struct native_layout *l = &k->g->image.layout;
	unsigned base = any_reg(k);

	emit_load(k, 8, base, in_slot(l->tables + 16 * below(k, 3)));
	if (k->calls && one_in(k, 5)) {
		emit_byte(k, 0xe8);
		emit_bytes(k, (uint64_t)0 - (k->n + 4), 4);
	}
	if (one_in(k, 2)) {
		unsigned i = other_reg(k, base, base);

		emit_alu_imm(k, AND, 4, i,
			     one_in(k, 4) ? any_number(k) : 16 * (int64_t)below(k, 8));
		if (one_in(k, 2))
			compute_sometimes(k, i);
		use_entry(k, in_indexed(base, i, one_in(k, 8) ? 1 : 0, 0));
		return;
	}
	use_entry(k, in_indexed(base, NO_REG, 0, 0));
	if (one_in(k, 2)) { /* the displacement of a later access may be moved */
		struct operand o = in_indexed(base, NO_REG, 0, 16 * (int64_t)below(k, 4) + 8);

		emit_load(k, 4, other_reg(k, base, base), o);
	}
}

static void use_memory(struct maker *k, unsigned i)
{
	const struct native_layout *l = &k->g->image.layout;
	uint32_t slot = l->memories + 16 * below(k, 3), limit = slot + 8;
	unsigned base = other_reg(k, i, i), end = other_reg(k, i, base);
	int64_t at = below(k, 3) ? 0 : below(k, 300), size = 1 << below(k, 4);

	unsigned used = i;

	if (one_in(k, 15))
		limit = l->memories + 16 * below(k, 3) + 8;
	if (one_in(k, 4))
		emit_mov(k, one_in(k, 4) ? 8 : 4, used = other_reg(k, i, base), i);
	else if (one_in(k, 4)) /* the same plus something else */
		emit_lea(k, 8, used = other_reg(k, i, base),
			 in_indexed(i, NO_REG, 0, at + (int64_t)below(k, 12)));
	if (!one_in(k, 5)) {
		emit_lea(k, one_in(k, 8) ? 4 : 8, end, in_indexed(i, NO_REG, 0, at + size));
		if (one_in(k, 10))
			compute_gentle(k, one_in(k, 2) ? end : i);
		if (one_in(k, 2)) {
			unsigned count = other_reg(k, i, end);

			emit_load(k, 8, count, in_slot(limit));
			emit_alu(k, CMP, 8, end, in_reg(count));
		} else {
			emit_alu(k, CMP, one_in(k, 8) ? 4 : 8, end, in_slot(limit));
		}
		emit_jcc_trap(k, one_in(k, 6) ? any_condition(k) : 7);
	}
	if (one_in(k, 2) && used != base)
		i = used;
	if (one_in(k, 5))
		compute_over(k, i);
	emit_load(k, 8, base, in_slot(slot));
	if (k->calls && one_in(k, 10)) {
		emit_byte(k, 0xe8);
		emit_bytes(k, (uint64_t)0 - (k->n + 4), 4);
	}
	if (one_in(k, 3)) {
		emit_alu(k, ADD, 8, base, in_reg(i));
		access_any(k, in_indexed(base, NO_REG, 0, at), true);
	} else {
		access_any(k, in_indexed(base, i, one_in(k, 12) ? 1 : 0, at), true);
	}
}

static void call_any(struct maker *k);

/* A constant address, behind a comparison of the size with a constant, of this memory or of another. */
static void use_memory_least(struct maker *k)
{
	const struct native_layout *l = &k->g->image.layout;
	uint32_t slot = l->memories + 16 * below(k, 3), limit = slot + 8;
	unsigned base = any_reg(k), count = other_reg(k, base, base);
	int64_t n = 65536 * (int64_t)below(k, 4) + small_number(k), at = n - (1 << below(k, 5));

	if (one_in(k, 10))
		limit = l->memories + 16 * below(k, 3) + 8;
	if (one_in(k, 3)) {
		emit_load(k, 8, count, in_slot(limit));
		emit_alu_imm(k, CMP, one_in(k, 8) ? 4 : 8, count, n);
	} else {
		emit_imm(k, one_in(k, 8) ? 4 : 8, 0x81, CMP, in_slot(limit), n, true);
	}
	if (one_in(k, 6))
		compute_any(k, any_reg(k));
	emit_jcc_trap(k, one_in(k, 3) ? any_condition(k) : one_in(k, 2) ? 2 : 6);
	if (one_in(k, 4))
		compute_sometimes(k, base);
	if (k->calls && one_in(k, 8))
		call_any(k);
	emit_load(k, 8, base, in_slot(slot));
	if (one_in(k, 6))
		compute_sometimes(k, count);
	access_any(k, in_indexed(base, NO_REG, 0, at < 0 ? 0 : at), true);
}

/* A sum that becomes the index of a table, and then its summand is bounded. */
static void use_sum(struct maker *k)
{
	const struct native_layout *l = &k->g->image.layout;
	unsigned i = any_reg(k), j = other_reg(k, i, i);

	emit_mov(k, 4, i, i);
	emit_lea(k, 8, j, in_indexed(i, NO_REG, 0, below(k, 40)));
	for (unsigned n = 0; n < 2; n++) {
		if (n == below(k, 2))
			emit_alu(k, CMP, 4, j, in_slot(l->tables + 16 * below(k, 3) + 8));
		else
			emit_alu_imm(k, CMP, wide_size(k), i, below(k, 50));
		emit_jcc_trap(k, one_in(k, 4) ? any_condition(k) : 3);
	}
	if (one_in(k, 3))
		use_frame(k, j);
	else if (one_in(k, 2))
		use_window(k, j);
	else
		use_rodata(k, j);
}

/* Slots whole, in part, across their edges. */
static void use_slot(struct maker *k)
{
	const struct native_layout *l = &k->g->image.layout;
	const uint32_t places[] = {
		l->helpers,  l->function_table, l->ref_base, l->stop,	      l->exception,
		l->fuel,     l->transfer,	l->globals,  l->globals + 16, l->globals + 32,
		l->memories, l->memories + 16,	l->tables,   l->imports,      l->sigs,
		l->end,	     NATIVE_SLOTS_DISP};
	struct operand o = in_slot(places[below(k, COUNT_OF(places))]);

	o.disp += one_in(k, 2) ? (int64_t)below(k, 5) * 4 : (int64_t)below(k, 33) - 8;
	if (one_in(k, 8))
		o.moves = true;
	access_any(k, o, !one_in(k, 3));
}

static void use_jump(struct maker *k, unsigned i)
{
	unsigned base = other_reg(k, i, i), word = other_reg(k, i, base), count = 2 + below(k, 3);
	uint32_t table = k->rodata_used, targets[4];

	if (table + 4 * count + 8 > GENERATED_RODATA || k->n + 200 > GENERATED_CODE - MAKER_ROOM)
		return;
	k->rodata_used += 4 * count + (one_in(k, 2) ? 4 : 0);
	if (k->g->image.rodata_size < table + 4 * count)
		k->g->image.rodata_size = table + 4 * count;
	if (!one_in(k, 8)) {
		if (!one_in(k, 4))
			emit_mov(k, 4, i, i);
		emit_alu_imm(k, CMP, one_in(k, 3) ? any_size(k) : wide_size(k), i,
			     (int64_t)count - 1 + (one_in(k, 4) ? (int64_t)below(k, 3) - 1 : 0));
		emit_jcc_trap(k, one_in(k, 8) ? any_condition(k) : 7);
	} else {
		emit_alu_imm(k, AND, wide_size(k), i, one_in(k, 2) ? 1 : 3);
	}
	if (one_in(k, 8))
		compute_gentle(k, i);
	emit_lea_rodata(k, base, table + (one_in(k, 20) ? 4 : 0));
	struct operand o = in_indexed(base, i, one_in(k, 12) ? below(k, 4) : 2,
				      one_in(k, 8) ? small_number(k) : 0);

	emit_with(k, one_in(k, 20) ? 4 : 8, 0, 0, 0x63, word, &o);
	if (one_in(k, 12))
		compute_gentle(k, one_in(k, 2) ? word : base);
	if (one_in(k, 10)) { /* from one of two addresses */
		emit_alu_imm(k, AND, 4, i, 1);
		emit_lea(k, 8, base, in_indexed(base, i, 3, 0));
	}
	emit_alu(k, ADD, 8, word, in_reg(base));
	emit_with(k, 4, 0, 0, 0xff, 4, &(struct operand){.reg = (uint8_t)word});
	for (unsigned t = 0; t < count; t++) {
		targets[t] = k->n + (one_in(k, 30) ? 1 : 0);
		compute_gentle(k, any_reg(k));
	}
	for (unsigned t = 0; t < count; t++) {
		uint32_t distance = targets[t] - (GENERATED_CODE + table);

		memcpy(k->g->rodata + table + 4 * t, &distance, 4);
	}
}

/* Room below the frame for a while. */
static void deeper(struct maker *k)
{
	unsigned reg = any_reg(k), to = any_reg(k);
	uint32_t room = 8 * (1 + below(k, 5)), at = 8 * below(k, room / 8);
	bool by_push = one_in(k, 4);

	emit_alu_imm(k, AND, 4, reg, 63);
	emit_imm(k, 8, 0x81, SUB, in_reg(RSP), room, false);
	emit_store(k, 8, in_memory(RSP, at), reg);
	emit_imm(k, 8, 0x81, ADD, in_reg(RSP), room, false);
	if (by_push) {
		emit_byte(k, 0x50 | (any_reg(k) & 7));
		emit_byte(k, 0x58 | (RDX & 7));
	} else if (k->calls) {
		emit_byte(k, 0xe8);
		emit_bytes(k, (uint64_t)0 - (k->n + 4), 4);
	}
	emit_imm(k, 8, 0x81, SUB, in_reg(RSP), room, false);
	emit_load(k, 8, to, in_memory(RSP, at));
	emit_imm(k, 8, 0x81, ADD, in_reg(RSP), room, false);
	struct operand o = in_indexed(to, NO_REG, 0, 0);

	o.segment = GS;
	emit_load(k, 4, reg, o);
}

/* ---- calls, registers of the caller, the stack pointer ------------------------------------------------- */

static void call_any(struct maker *k)
{
	const struct native_layout *l = &k->g->image.layout;
	unsigned reg = any_reg(k);

	switch (below(k, 5)) {
	case 0:
	case 1: /* the function before this one, or this one */
		emit_byte(k, 0xe8);
		emit_bytes(k, (uint64_t)(one_in(k, 8) ? GENERATED_BEGIN : 0) - (k->n + 4), 4);
		break;
	case 2:
		call_code(k, in_slot(l->helpers + 8 * below(k, 3)));
		break;
	case 3:
		call_code(k, in_slot(l->imports + 16 * below(k, 2)));
		break;
	default:
		emit_load(k, 8, reg, in_slot(l->imports));
		if (one_in(k, 2))
			reg = compute_spilled(k, reg);
		if (one_in(k, 3))
			compute_gentle(k, reg);
		call_code(k, in_reg(reg));
		if (one_in(k, 2)) /* once more: what was loaded before */
			call_code(k, in_reg(k->saved_count ? k->saved[0] : reg));
		break;
	}
}

/* Something that is to last over a call, in a register that does, or in the frame. */
static void keep_over_call(struct maker *k)
{
	const struct native_layout *l = &k->g->image.layout;
	const uint32_t places[] = {l->imports, l->tables + 16 * below(k, 3),
				   l->memories + 16 * below(k, 3)};
	unsigned reg = k->saved_count ? k->saved[0] : any_reg(k);
	struct operand at = in_frame_word(k);
	uint32_t place = below(k, COUNT_OF(places));

	emit_load(k, 8, reg, in_slot(places[place]));
	emit_store(k, 8, at, reg);
	call_any(k);
	if (one_in(k, 2))
		emit_load(k, 8, reg = any_reg(k), at);
	if (place == 0)
		call_code(k, in_reg(reg));
	else
		emit_load(k, 4, any_reg(k), in_memory(reg, place == 1 ? 8 : 0));
}

static void push_pop(struct maker *k)
{
	unsigned a = any_reg(k), b = one_in(k, 20) ? RSP : any_reg(k);

	if (a >= 8)
		emit_byte(k, 0x41);
	emit_byte(k, 0x50 | (a & 7));
	if (one_in(k, 3))
		compute_any(k, any_reg(k));
	if (b >= 8)
		emit_byte(k, 0x41);
	emit_byte(k, 0x58 | (b & 7));
}

static void stack_trick(struct maker *k)
{
	static const uint32_t depths[] = {0x100000, 0x110000, 0x1000000, 0xffff0, 0xfffe0};
	uint32_t depth = depths[below(k, COUNT_OF(depths))];

	switch (below(k, 9)) {
	case 6: /* very deep */
		emit_imm(k, 8, 0x81, SUB, in_reg(RSP), depth, false);
		emit_store(k, 8, in_memory(RSP, 0), any_reg(k));
		emit_imm(k, 8, 0x81, ADD, in_reg(RSP), depth, false);
		break;
	case 7: /* above the return address */
		depth = k->frame + 8 * (k->saved_count + below(k, 4));
		emit_imm(k, 8, 0x81, ADD, in_reg(RSP), depth, false);
		if (one_in(k, 2)) {
			emit_byte(k, 0xe8);
			emit_bytes(k, (uint64_t)0 - (k->n + 4), 4);
		} else {
			push_pop(k);
		}
		emit_imm(k, 8, 0x81, SUB, in_reg(RSP), depth, false);
		break;
	case 8: /* not at a word */
		depth = 1 + below(k, 7);
		emit_imm(k, 8, 0x81, SUB, in_reg(RSP), depth, false);
		access_any(k, in_memory(RSP, 0), true);
		emit_imm(k, 8, 0x81, ADD, in_reg(RSP), depth, false);
		break;
	case 0:
		emit_lea(k, 8, RSP, in_memory(RSP, 8 * small_number(k)));
		break;
	case 1:
		emit_imm(k, 8, 0x81, AND, in_reg(RSP), -16, false);
		break;
	case 2:
		emit_mov(k, one_in(k, 2) ? 8 : 4, RSP, any_reg(k));
		break;
	case 3:
		emit_store(k, wide_size(k), in_memory(RSP, k->frame + 8 * below(k, 5)), any_reg(k));
		break;
	case 4: /* the caller's registers, in another order */
		emit_mov(k, 8, RBX, any_reg(k));
		break;
	default:
		emit_load(k, 8, any_reg(k), in_memory(RSP, (int64_t)k->frame + 8 * below(k, 5)));
		break;
	}
}

static void loop(struct maker *k)
{
	uint32_t head = k->n;
	unsigned i = any_reg(k), from = below(k, 3);

	if (from == 0)
		emit_alu(k, XOR, 4, i, in_reg(i));
	head = k->n;
	switch (below(k, 5)) {
	case 0:
	case 1:
		use_window(k, i);
		break;
	case 2:
		use_frame(k, i);
		break;
	case 3:
		use_rodata(k, i);
		break;
	default:
		use_memory(k, i);
		break;
	}
	if (one_in(k, 3))
		compute_gentle(k, any_reg(k));
	if (from == 0)
		emit_alu_imm(k, ADD, wide_size(k), i, 1 + below(k, 16));
	else
		emit(k, wide_size(k), 0xff, 1, in_reg(i));
	if (!one_in(k, 3))
		emit_alu_imm(k, CMP, wide_size(k), i, below(k, 200));
	emit_byte(k, 0x0f);
	emit_byte(k, 0x80 | (one_in(k, 3) ? any_condition(k) : from == 0 ? 2u : 5u));
	emit_bytes(k, (uint64_t)head - (k->n + 4), 4);
}

/* ---- a function --------------------------------------------------------------------------------------------- */

static void push(struct maker *k, unsigned reg)
{
	if (reg >= 8)
		emit_byte(k, 0x41);
	emit_byte(k, 0x50 | (reg & 7));
}

static void prologue(struct maker *k)
{
	static const uint8_t saved[] = {RBX, R12, RBP};

	k->saved_count = below(k, 3);
	k->calls = one_in(k, 2);
	k->frame = 8 * below(k, 14);
	if (k->calls && (8 + 8 * k->saved_count + k->frame) % 16 != 0 && !one_in(k, 16))
		k->frame += 8;
	for (unsigned i = 0; i < k->saved_count; i++)
		push(k, k->saved[i] = saved[i]);
	if (k->frame != 0)
		emit_imm(k, 8, 0x81, SUB, in_reg(RSP), k->frame, false);
}

static void epilogue(struct maker *k)
{
	uint32_t frame = k->frame + (one_in(k, 30) ? 8 : 0);

	if (frame != 0)
		emit_imm(k, 8, 0x81, ADD, in_reg(RSP), frame, false);
	for (unsigned i = k->saved_count; i-- > 0;) {
		unsigned reg = k->saved[one_in(k, 40) ? 0 : i];

		if (reg >= 8)
			emit_byte(k, 0x41);
		emit_byte(k, 0x58 | (reg & 7));
	}
	if (one_in(k, 8)) { /* a call in tail position */
		emit_byte(k, 0xe9);
		emit_bytes(k, (uint64_t)0 - (k->n + 4), 4);
	} else {
		emit_byte(k, 0xc3);
	}
}

static void use(struct maker *k, unsigned i)
{
	switch (below(k, 16)) {
	case 0:
	case 1:
	case 2:
	case 3:
		use_window(k, i);
		break;
	case 4:
	case 5:
		use_frame(k, i);
		break;
	case 6:
		use_rodata(k, i);
		break;
	case 7:
	case 8:
	case 9:
		use_table(k, i);
		break;
	case 10:
		use_table_fixed(k);
		break;
	case 11:
	case 12:
		use_memory(k, i);
		break;
	case 13:
		use_jump(k, i);
		break;
	default:
		use_slot(k);
		break;
	}
}

/* An index: bounded, changed, used. */
static void chain(struct maker *k)
{
	unsigned i = any_reg(k);

	if (one_in(k, 10)) {
		if (one_in(k, 2))
			use_memory(k, i);
		else
			use_table(k, i);
		return;
	}
	if (one_in(k, 10))
		bound_twice(k, i);
	else if (one_in(k, 10))
		i = bound_derived(k, i);
	else if (one_in(k, 10))
		i = bound_twin(k, i);
	else if (!one_in(k, 10))
		bound_any(k, i);
	if (one_in(k, 5)) {
		compute_both(k, i);
		use(k, i);
		return;
	}
	while (one_in(k, 2) && k->n < GENERATED_CODE - MAKER_ROOM) {
		switch (below(k, 17)) {
		case 15:
			i = bound_derived(k, i);
			break;
		case 16:
			bound_twice(k, i);
			break;
		case 13:
			i = bound_twin(k, i);
			break;
		case 14:
			bound_low(k, i);
			break;
		case 0:
			i = compute_spilled(k, i);
			break;
		case 1:
			compute_any(k, one_in(k, 2) ? i : any_reg(k));
			break;
		case 8:
		case 9:
		case 10:
			compute_both(k, i);
			break;
		case 11:
		case 12:
			compute_sometimes(k, i);
			break;
		case 2: { /* a copy, which a bound of either may tell of */
			unsigned to = any_reg(k);

			emit_mov(k, one_in(k, 4) ? any_size(k) : wide_size(k), to, i);
			bound_compare(k, one_in(k, 2) ? to : i, wide_size(k));
			break;
		}
		case 3:
			bound_any(k, i);
			break;
		case 4:
			emit_label(k);
			break;
		case 5:
			if (k->calls)
				call_any(k);
			break;
		default:
			compute_gentle(k, i);
			break;
		}
	}
	use(k, i);
}

/* Two small numbers, an operation, and an access that ends where its result may. */
static void small_chain(struct maker *k)
{
	static const uint16_t ops[] = {ADD * 8 + 3, OR * 8 + 3, SUB * 8 + 3, XOR * 8 + 3,
				       0x0faf,	    0x0f42,	AND * 8 + 3};
	unsigned i = any_reg(k), j = other_reg(k, i, i);

	bound_small(k, i);
	if (!one_in(k, 4))
		bound_small(k, j);
	if (one_in(k, 4))
		compute_gentle(k, i);
	else if (one_in(k, 6))
		compute_both(k, i);
	else if (one_in(k, 5))
		emit_lea(k, wide_size(k), i, in_indexed(i, j, below(k, 4), small_number(k)));
	else
		emit(k, wide_size(k), ops[below(k, COUNT_OF(ops))], i, in_reg(j));
	if (one_in(k, 3))
		use_frame(k, i);
	else if (one_in(k, 2))
		use_rodata(k, i);
	else
		use_window(k, i);
}

static void part(struct maker *k)
{
	switch (below(k, 26)) {
	case 19:
	case 20:
	case 21:
	case 22:
		small_chain(k);
		break;
	case 23:
		use_memory_least(k);
		break;
	case 24:
		use_sum(k);
		break;
	case 16:
		deeper(k);
		break;
	case 17:
		objects_meet(k);
		break;
	case 18:
		compute_insn(k);
		break;
	case 0:
		loop(k);
		break;
	case 1:
		if (k->calls)
			call_any(k);
		break;
	case 2:
		if (k->calls)
			keep_over_call(k);
		break;
	case 3:
		push_pop(k);
		break;
	case 4:
		if (one_in(k, 2))
			stack_trick(k);
		break;
	case 5:
		compute_any(k, any_reg(k));
		break;
	case 6:
		use_slot(k);
		break;
	default:
		chain(k);
		break;
	}
	if (one_in(k, 3))
		emit_label(k);
}

void generated_function(struct generated *g, struct random *r)
{
	static struct maker k;

	k = (struct maker){.g = g, .r = r, .n = GENERATED_BEGIN, .x86 = k.x86};
	if (k.x86.first[COUNT_OF(k.x86.first) - 1] == 0)
		x86_index_init(&k.x86);
	g->number_count = 0;
	memset(g->code, NATIVE_PADDING, sizeof g->code);
	for (unsigned i = 0; i < sizeof g->rodata; i += 8) {
		uint64_t n = random_one_in(r, 2) ? random_next(r) : 0xfffff000fffff000;

		memcpy(g->rodata + i, &n, 8);
	}
	g->image.rodata_size = random_one_in(r, 4) ? 0 : random_below(r, 128);
	g->code[0] = 0xc3;
	prologue(&k);
	for (unsigned parts = 1 + below(&k, 3); parts != 0 && k.n < GENERATED_CODE - MAKER_ROOM;
	     parts--)
		part(&k);
	while (k.label_count != 0)
		emit_label(&k);
	epilogue(&k);
	for (uint32_t i = 0; i < k.trap_count; i++)
		emit_fix(&k, k.traps[i], k.n);
	emit_byte(&k, 0x0f);
	emit_byte(&k, 0x0b);
	g->entries[0] = 0;
	g->entries[1] = GENERATED_BEGIN;
	g->entries[2] = (k.n + 15) & ~15u;
	g->entries[3] = GENERATED_CODE;
	g->code[g->entries[2]] = 0xc3;
}

/* ---- constants ---------------------------------------------------------------------------------------------- */

int64_t generated_number_get(const struct generated *g, uint32_t i)
{
	const struct generated_number *n = &g->numbers[i];
	uint64_t v = 0;

	memcpy(&v, g->code + n->at, n->size);
	return (int64_t)(v << (64 - 8 * n->size)) >> (64 - 8 * n->size);
}

bool generated_number_set(struct generated *g, uint32_t i, int64_t v)
{
	const struct generated_number *n = &g->numbers[i];
	int64_t max = (INT64_C(1) << (8 * n->size - 1)) - 1;

	if (v > max || v < -max - 1)
		return false;
	memcpy(g->code + n->at, &v, n->size);
	return true;
}
