/*
 * What instructions do. Those without a line of their own here are known by their operands alone: memory
 * that they touch is checked, registers that they write may hold anything.
 * Trust: the decoder, which lists every operand that is read or written.
 * Invariant: no access that is not checked by place_find; RSP is always a known address of the frame
 * (value_is_rsp).
 */
#include "native/verify_step.h"

#include "native/format.h"
#include "native/verify_rule.h"
#include "native/verify_slot.h"

#define NO_REG 0xffu

uint32_t image_rodata_at(const struct verify_image *image)
{
	return (image->code_size + NATIVE_PAGE - 1) & ~(NATIVE_PAGE - 1);
}

int32_t image_word(const struct verify_image *image, int64_t at)
{
	const uint8_t *p = image->rodata + (at - image_rodata_at(image));

	return (int32_t)((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
			 (uint32_t)p[3] << 24);
}

/* ---- addresses ------------------------------------------------------------------------------------------- */

/* Of a table: a number of bytes that is 16 times an index below its least size, + `at`. */
static bool table_index_fixed(const struct verify_image *image, const struct value *table,
			      const struct value *n, int64_t *at)
{
	uint64_t min = object_min(image, table->which);

	if (n->kind != VALUE_NUMBER || n->lo < 0)
		return false;
	*at = value_is_exact(n) ? n->lo % 16 : 0;
	return rule_holds(TABLE_LEAST, (uint64_t)n->hi / 16 < min) &&
	       rule_holds(TABLE_STRIDE, value_is_exact(n) || n->align >= 4);
}

static struct value step_add(const struct step *t, const struct value *a, const struct value *b)
{
	int64_t at;

	if (a->kind == VALUE_TABLE && table_index_fixed(t->image, a, b, &at))
		return value_at(VALUE_ENTRY, a->which, at);
	if (b->kind == VALUE_TABLE && table_index_fixed(t->image, b, a, &at))
		return value_at(VALUE_ENTRY, b->which, at);
	return value_add(a, b, 8);
}

/* Plus a constant of any sign. */
static struct value step_add_constant(const struct step *t, const struct value *a, int64_t n,
				      unsigned size)
{
	struct value c = value_exact(n), minus = value_exact(n == VALUE_MIN ? n : -n);

	if (size == 8)
		return step_add(t, a, &c);
	return n < 0 ? value_sub(a, &minus, size) : value_add(a, &c, size);
}

static struct value step_index(const struct step *t, unsigned size)
{
	struct value shift = value_exact(__builtin_ctz(t->insn->scale));

	if (t->insn->index == X86_NO_REG)
		return value_exact(0);
	return value_shl(&t->s->regs[t->insn->index], &shift, size);
}

/* Base + index * scale + displacement, as an address or number of `size` bytes. */
static struct value step_address(const struct step *t, unsigned size)
{
	const struct x86_insn *insn = t->insn;
	struct value a = value_exact(0), index;

	if (insn->base == X86_RIP)
		a = value_at(VALUE_IMAGE, 0, t->next);
	else if (insn->base != X86_NO_REG)
		a = t->s->regs[insn->base];
	if (insn->index != X86_NO_REG) {
		index = step_index(t, size);
		a = size == 8 ? step_add(t, &a, &index) : value_add(&a, &index, size);
	}
	return insn->disp == 0 && size == 8 ? a : step_add_constant(t, &a, insn->disp, size);
}

/* What a memory operand means, once it is allowed. */
struct place {
	bool is_frame;
	int64_t lo, hi;	    /* of the frame */
	struct value value; /* elsewhere: what is read */
};

static enum verify_reason place_in_window(const struct step *t, struct value a, unsigned size)
{
	struct value n = value_number(&a);

	const uint64_t window = t->image->window_size;
	bool begins = rule_holds(WINDOW_BEGIN, n.lo >= 0);
	bool ends = rule_holds(WINDOW_END, size <= window && (uint64_t)n.hi <= window - size);

	return begins && ends ? VERIFY_OK : VERIFY_WINDOW;
}

static enum verify_reason place_in_slots(const struct step *t, unsigned size, unsigned access,
					 struct place *p)
{
	const struct x86_insn *insn = t->insn;

	if (!rule_holds(SLOT_FIXED, insn->base == X86_NO_REG && insn->index == X86_NO_REG))
		return VERIFY_SLOT;
	return slot_access(t->image, insn->disp, size, access, &p->value) ? VERIFY_OK : VERIFY_SLOT;
}

/* Above RSP and below the return address. */
static enum verify_reason place_in_frame(const struct step *t, const struct value *a, unsigned size,
					 struct place *p)
{
	bool begins = rule_holds(FRAME_BEGIN, a->lo >= state_rsp(t->s));
	bool ends = rule_holds(FRAME_END, a->hi <= -(int64_t)size);

	if (!begins || !ends)
		return VERIFY_FRAME;
	p->is_frame = true;
	p->lo = a->lo;
	p->hi = a->hi;
	return VERIFY_OK;
}

static enum verify_reason place_in_rodata(const struct step *t, const struct value *a,
					  unsigned size, unsigned access)
{
	int64_t begin = image_rodata_at(t->image);
	int64_t end = begin + t->image->rodata_size;

	bool within = rule_holds(RODATA_BEGIN, a->lo >= begin) &&
		      rule_holds(RODATA_END, a->hi <= end - (int64_t)size);

	return within && rule_holds(RODATA_READ, !(access & X86_WRITE)) ? VERIFY_OK : VERIFY_RODATA;
}

static enum verify_reason place_in_entry(const struct value *a, unsigned size, unsigned access,
					 struct place *p)
{
	if (!rule_holds(ENTRY_READ, !(access & X86_WRITE)) || a->lo < 0 ||
	    !rule_holds(ENTRY_END, a->hi <= 16 - (int64_t)size))
		return VERIFY_TABLE;
	if (a->lo == 0 && a->hi == 0 && size == 8)
		p->value = value_at(VALUE_CODE, 0, 0);
	else if (!rule_holds(ENTRY_CODE, a->lo >= 8))
		return VERIFY_TABLE;
	return VERIFY_OK;
}

static enum verify_reason place_in_memory(const struct step *t, const struct value *a,
					  unsigned size)
{
	int64_t min = (int64_t)object_min(t->image, a->which);

	if (rule_holds(LEAST_SAME, t->s->least_object == a->which) && t->s->least > min)
		min = t->s->least;

	bool begins = rule_holds(MEMORY_BEGIN, a->lo >= 0);
	/* behind a check, whose memory value_add has compared; or always there */
	bool ends = rule_holds(MEMORY_END,
			       (a->bound != 0 && a->slack >= size) || a->hi <= min - (int64_t)size);

	return begins && ends ? VERIFY_OK : VERIFY_FURTHER_MEMORY;
}

/* May the memory operand be accessed like this? */
static enum verify_reason place_find(const struct step *t, unsigned size, unsigned access,
				     struct place *p)
{
	*p = (struct place){.value = value_bytes(size)};
	if (size == 0)
		return VERIFY_ADDRESS;
	if (t->insn->segment == X86_FS && rule_applies(SEGMENT))
		return place_in_slots(t, size, access, p);
	struct value a = step_address(t, 8), zero = value_exact(0);

	if (t->insn->segment == X86_GS)
		return place_in_window(t, a, size);
	if (a.kind == VALUE_TABLE) /* the first entry, if there always is one */
		a = step_add(t, &a, &zero);
	switch (a.kind) {
	case VALUE_FRAME:
		return place_in_frame(t, &a, size, p);
	case VALUE_IMAGE:
		return place_in_rodata(t, &a, size, access);
	case VALUE_ENTRY:
		return place_in_entry(&a, size, access, p);
	case VALUE_MEMORY:
		return place_in_memory(t, &a, size);
	default:
		return rule_holds(ADDRESS_KIND, false) ? VERIFY_OK : VERIFY_ADDRESS;
	}
}

/* ---- operands ---------------------------------------------------------------------------------------------- */

/* Bits 8 to 15 of a register: nothing that is known of its low part is true of them. */
static bool operand_is_high(const struct x86_operand *op)
{
	return op->high && rule_applies(PART_HIGH);
}

enum verify_reason step_read(const struct step *t, unsigned i, struct value *v)
{
	const struct x86_operand *op = &t->insn->operands[i];
	struct place p;
	enum verify_reason e;

	switch (op->kind) {
	case X86_GPR:
		*v = operand_is_high(op) ? value_bytes(1)
					 : value_low(&t->s->regs[op->reg], op->size);
		return VERIFY_OK;
	case X86_IMMEDIATE:
		*v = value_exact(t->insn->immediate);
		return VERIFY_OK;
	case X86_MEMORY:
		e = place_find(t, op->size, X86_READ, &p);
		if (!e)
			*v = p.is_frame ? state_load(t->s, p.lo, p.hi, op->size) : p.value;
		return e;
	default:
		*v = value_any();
		return VERIFY_OK;
	}
}

/* Reads operand i as the instruction's first operand has it: an immediate of that size, without sign. */
static enum verify_reason step_read_as_first(const struct step *t, unsigned i, struct value *v)
{
	unsigned size = t->insn->operands[0].size;
	uint64_t mask = size == 8 || !rule_applies(IMMEDIATE_SIZE) ? UINT64_MAX
								   : (UINT64_C(1) << 8 * size) - 1;

	if (t->insn->operands[i].kind != X86_IMMEDIATE)
		return step_read(t, i, v);
	*v = value_exact((int64_t)((uint64_t)t->insn->immediate & mask));
	return VERIFY_OK;
}

static enum verify_reason step_set_rsp(const struct step *t, const struct value *v)
{
	state_set(t->s, X86_RSP, *v);
	if (!rule_holds(RSP_KNOWN, value_is_rsp(v)))
		return VERIFY_STACK_POINTER;
	if (rule_applies(RSP_DROPS))
		state_drop_below(t->s, v->lo);
	return VERIFY_OK;
}

/* One or two bytes of a register; the rest stays. */
static void step_set_part(const struct step *t, const struct x86_operand *op, const struct value *v)
{
	bool high = operand_is_high(op);
	int64_t mask = op->size == 2 || high ? 0xffff : 0xff;
	struct value old = value_number(&t->s->regs[op->reg]);

	bool whole = old.lo >= 0 && old.hi <= mask && !high;

	struct value now = old.lo < 0 ? value_any() : value_range(0, old.hi | mask);

	if (rule_holds(PART_WRITTEN, whole)) {
		now = value_range(v->lo, v->hi);
	} else if (!high) {
		now.low_bits = (uint8_t)(8 * op->size);
		now.low_max = (uint32_t)v->hi;
	}
	state_set(t->s, op->reg, now);
}

/* Writes operand i; *v is a value of its size, zero-extended. */
static enum verify_reason step_write(const struct step *t, unsigned i, const struct value *v)
{
	const struct x86_operand *op = &t->insn->operands[i];
	struct place p;
	enum verify_reason e = VERIFY_OK;

	if (op->kind == X86_MEMORY) {
		e = place_find(t, op->size, X86_WRITE, &p);
		if (!e && p.is_frame)
			state_store(t->s, p.lo, p.hi, op->size, v);
	} else if (op->kind == X86_GPR && op->reg == X86_RSP && !op->high) {
		e = step_set_rsp(t, v);
	} else if (op->kind == X86_GPR && op->size >= 4) {
		state_set(t->s, op->reg, *v);
	} else if (op->kind == X86_GPR) {
		step_set_part(t, op, v);
	}
	return e;
}

static uint8_t operand_reg(const struct x86_operand *op)
{
	return op->kind == X86_GPR && !operand_is_high(op) ? op->reg : NO_REG;
}

static void step_compare(const struct step *t, enum compare_kind kind, const struct value *left,
			 const struct value *right)
{
	const struct x86_operand *ops = t->insn->operands;

	t->s->flags = (struct compare){.kind = (uint8_t)kind,
				       .size = ops[0].size,
				       .left = *left,
				       .right = *right,
				       .left_reg = operand_reg(&ops[0]),
				       .right_reg = NO_REG};
}

/* The flags are not those of a comparison, or may be the old ones. */
static void step_forget_flags(const struct step *t)
{
	if (rule_applies(FLAGS_FORGOTTEN))
		t->s->flags.kind = COMPARE_NOTHING;
}

/* The flags tell how the first operand, now written, compares with 0. */
static enum verify_reason step_compare_result(const struct step *t, enum compare_kind kind)
{
	struct value result, zero = value_exact(0);
	enum verify_reason e = step_read(t, 0, &result);

	if (!e)
		step_compare(t, rule_applies(FLAGS_OF_SUM) ? kind : COMPARE_ALL, &result, &zero);
	return e;
}

/* ---- instructions of their own ----------------------------------------------------------------------------- */

/* Are both operands the same register: its difference from itself, or its own bits? */
static bool step_is_twice(const struct step *t)
{
	const struct x86_operand *ops = t->insn->operands;

	return ops[0].kind == X86_GPR && ops[1].kind == X86_GPR &&
	       rule_holds(SAME_REGISTER, ops[0].reg == ops[1].reg && !ops[0].high && !ops[1].high);
}

static enum verify_reason step_cmp(const struct step *t)
{
	struct value a, b;
	enum verify_reason e = step_read(t, 0, &a);

	if (!e)
		e = step_read_as_first(t, 1, &b);
	if (e)
		return e;
	step_compare(t, COMPARE_ALL, &a, &b);
	t->s->flags.right_reg = operand_reg(&t->insn->operands[1]);
	return VERIFY_OK;
}

/* The first two operands, in order. */
static enum verify_reason step_read_both(const struct step *t, struct value *a, struct value *b)
{
	enum verify_reason e = step_read(t, 0, a);

	return e ? e : step_read(t, 1, b);
}

static enum verify_reason step_test(const struct step *t)
{
	struct value a, b;
	enum verify_reason e = step_read_both(t, &a, &b);

	step_forget_flags(t);
	if (e || !step_is_twice(t))
		return e;
	b = value_exact(0);
	step_compare(t, COMPARE_ALL, &a, &b);
	return VERIFY_OK;
}

static struct value step_sum(const struct step *t, const struct value *a, const struct value *b,
			     unsigned size)
{
	const struct x86_insn *insn = t->insn;

	if (insn->operands[1].kind == X86_IMMEDIATE && insn->class == X86_ADD)
		return step_add_constant(t, a, insn->immediate, size);
	if (insn->operands[1].kind == X86_IMMEDIATE && insn->immediate != VALUE_MIN)
		return step_add_constant(t, a, -insn->immediate, size);
	if (insn->class == X86_ADD)
		return size == 8 ? step_add(t, a, b) : value_add(a, b, size);
	return step_is_twice(t) ? value_exact(0) : value_sub(a, b, size);
}

static struct value step_bits(const struct step *t, const struct value *a, const struct value *b,
			      unsigned size)
{
	switch (t->insn->class) {
	case X86_AND:
		return step_is_twice(t) ? *a : value_and(a, b, size);
	case X86_OR:
		return step_is_twice(t) ? *a : value_or(a, b, size);
	case X86_XOR:
		return step_is_twice(t) ? value_exact(0) : value_or(a, b, size);
	case X86_SHL:
		return value_shl(a, b, size);
	case X86_SHR:
		return value_shr(a, b, size);
	default:
		return value_sar(a, b, size);
	}
}

/* Two operands, the first of them also the result. */
static enum verify_reason step_binary(const struct step *t)
{
	unsigned size = t->insn->operands[0].size;
	struct value a, b, r;
	enum verify_reason e = step_read(t, 0, &a);

	if (!e)
		e = step_read_as_first(t, 1, &b);
	if (e)
		return e;
	switch (t->insn->class) {
	case X86_ADD:
		r = step_sum(t, &a, &b, size);
		e = step_write(t, 0, &r);
		return e ? e : step_compare_result(t, COMPARE_EQUAL);
	case X86_SUB:
		r = step_sum(t, &a, &b, size);
		step_compare(t, COMPARE_ALL, &a, &b);
		t->s->flags.right_reg = operand_reg(&t->insn->operands[1]);
		return step_write(t, 0, &r);
	case X86_AND:
	case X86_OR:
	case X86_XOR:
		r = step_bits(t, &a, &b, size);
		e = step_write(t, 0, &r);
		return e ? e : step_compare_result(t, COMPARE_ALL);
	default:
		r = step_bits(t, &a, &b, size);
		step_forget_flags(t); /* a count of 0 leaves them */
		return step_write(t, 0, &r);
	}
}

static enum verify_reason step_count(const struct step *t, int64_t n)
{
	unsigned size = t->insn->operands[0].size;
	struct value a;
	enum verify_reason e = step_read(t, 0, &a);

	if (e)
		return e;
	a = step_add_constant(t, &a, n, size);
	e = step_write(t, 0, &a);
	return e ? e : step_compare_result(t, COMPARE_EQUAL);
}

static enum verify_reason step_imul(const struct step *t)
{
	const struct x86_insn *insn = t->insn;
	unsigned first = insn->operand_count == 3 ? 1 : 0;
	struct value a, b;
	enum verify_reason e = step_read(t, first, &a);

	if (!e)
		e = step_read_as_first(t, first + 1, &b);
	if (e)
		return e;
	step_forget_flags(t);
	a = value_mul(&a, &b, insn->operands[0].size);
	return step_write(t, 0, &a);
}

static enum verify_reason step_mov(const struct step *t)
{
	struct value v;
	enum verify_reason e = step_read_as_first(t, 1, &v);

	return e ? e : step_write(t, 0, &v);
}

/* A word of a table of the read-only data, extended to 64 bits: part of a jump, perhaps. It has been found
 * to lie there. The words are those at multiples of 4 from the exact address that the index is added to. */
static bool step_jump_entry(const struct step *t, struct value *v)
{
	const struct x86_insn *insn = t->insn;
	const struct x86_operand *ops = insn->operands;

	if (ops[0].size != 8 || ops[1].kind != X86_MEMORY || ops[1].size != 4)
		return false;
	if (insn->segment != X86_NO_SEGMENT || insn->base >= 16 || insn->index == X86_NO_REG)
		return false;
	struct value base = t->s->regs[insn->base], index = step_index(t, 8);
	struct value at = step_address(t, 8);

	if (base.kind != VALUE_IMAGE || at.kind != VALUE_IMAGE || index.kind != VALUE_NUMBER ||
	    !rule_holds(JUMP_WORDS, value_is_exact(&base) && index.align >= 2))
		return false;
	*v = value_at(VALUE_JUMP_ENTRY, 0, at.lo + (int64_t)((0 - (uint64_t)index.lo) & 3));
	v->hi = at.hi - (index.hi & 3);
	return v->lo <= v->hi;
}

static enum verify_reason step_movsx(const struct step *t)
{
	const struct x86_operand *ops = t->insn->operands;
	struct value v, entry;
	enum verify_reason e = step_read(t, 1, &v);

	if (e)
		return e;
	v = step_jump_entry(t, &entry) ? entry : value_extend(&v, ops[1].size, ops[0].size);
	return step_write(t, 0, &v);
}

static enum verify_reason step_lea(const struct step *t)
{
	struct value v = step_address(t, t->insn->operands[0].size);

	return step_write(t, 0, &v);
}

/* The destination, or the source. A result of 32 bits is zero-extended either way. */
static enum verify_reason step_cmov(const struct step *t)
{
	struct value a, b;
	enum verify_reason e = step_read_both(t, &a, &b);

	if (e)
		return e;
	a = rule_applies(CMOV_BOTH) ? value_join(&a, &b) : b;
	return step_write(t, 0, &a);
}

/* XCHG; XADD, which leaves the sum in the first operand. */
static enum verify_reason step_exchange(const struct step *t)
{
	struct value a, b;
	enum verify_reason e = step_read_both(t, &a, &b);

	if (e)
		return e;
	if (t->insn->class == X86_XADD) {
		if (rule_applies(XADD_SUM))
			b = value_bytes(t->insn->operands[0].size);
		step_forget_flags(t);
	}
	e = step_write(t, 0, &b);
	return e || !rule_applies(XCHG_BOTH) ? e : step_write(t, 1, &a);
}

/* RAX is written only if it was not equal: of 32 bits it keeps its upper half else. */
static enum verify_reason step_cmpxchg(const struct step *t)
{
	unsigned size = t->insn->operands[0].size;
	struct value old = t->s->regs[X86_RAX], v = value_bytes(size);
	enum verify_reason e = step_read(t, 0, &v);

	if (!e) {
		v = value_bytes(size);
		e = step_write(t, 0, &v);
	}
	if (e)
		return e;
	step_forget_flags(t);
	if (size < 4)
		return step_write(t, 2, &v);
	if (rule_applies(CMPXCHG_RAX))
		v = value_join(&v, &old);
	state_set(t->s, X86_RAX, v);
	return VERIFY_OK;
}

/* The destination is undefined when the source is 0, its upper half included. */
static enum verify_reason step_scan(const struct step *t)
{
	struct value v;
	enum verify_reason e = step_read(t, 1, &v);

	step_forget_flags(t);
	v = rule_applies(SCAN_OF_ZERO) ? value_any() : value_bytes(t->insn->operands[0].size);
	return e ? e : step_write(t, 0, &v);
}

static enum verify_reason step_push(const struct step *t)
{
	struct value v = t->s->regs[t->insn->operands[0].reg];
	int64_t at = state_rsp(t->s) - 8;
	struct value rsp = value_at(VALUE_FRAME, 0, at);
	enum verify_reason e = step_set_rsp(t, &rsp);

	if (!e)
		state_store(t->s, at, at, 8, &v);
	return e;
}

static enum verify_reason step_pop(const struct step *t)
{
	int64_t at = state_rsp(t->s);
	struct value rsp = value_at(VALUE_FRAME, 0, at + 8);
	unsigned reg = t->insn->operands[0].reg;

	if (!rule_holds(POP_OWN, at <= -8))
		return VERIFY_FRAME;
	if (!rule_holds(POP_RSP, reg != X86_RSP))
		return VERIFY_STACK_POINTER;
	state_set(t->s, reg, state_load(t->s, at, at, 8));
	return step_set_rsp(t, &rsp);
}

static enum verify_reason step_touch(const struct step *t, unsigned i)
{
	const struct x86_operand *op = &t->insn->operands[i];
	enum verify_reason e = VERIFY_OK;
	struct value v = value_bytes(op->size);

	if (op->kind != X86_MEMORY || !rule_applies(TOUCHED))
		return VERIFY_OK;
	if (op->access & X86_READ)
		e = step_read(t, i, &v);
	v = value_bytes(op->size);
	if (!e && (op->access & X86_WRITE))
		e = step_write(t, i, &v);
	return e;
}

/* A register that is written holds anything of that size, at most `max`. */
static enum verify_reason step_clobber(const struct step *t, unsigned i, int64_t max)
{
	const struct x86_operand *op = &t->insn->operands[i];
	struct value v = value_bytes(op->size);

	if (max < v.hi)
		v = value_range(0, max);
	if (op->kind != X86_GPR || !(op->access & X86_WRITE) || !rule_applies(WRITTEN))
		return VERIFY_OK;
	return step_write(t, i, &v);
}

/* Memory comes first, as its address is made of the old registers. */
static enum verify_reason step_other(const struct step *t, int64_t max)
{
	const unsigned n = t->insn->operand_count;
	enum verify_reason e = VERIFY_OK;

	for (unsigned i = 0; i < n && !e && rule_applies(MEMORY_FIRST); i++)
		e = step_touch(t, i);
	for (unsigned i = 0; i < n && !e; i++)
		e = step_clobber(t, i, max);
	for (unsigned i = 0; i < n && !e && !rule_applies(MEMORY_FIRST); i++)
		e = step_touch(t, i);
	if (!t->insn->keeps_flags)
		step_forget_flags(t);
	return e;
}

enum verify_reason step_execute(const struct step *t)
{
	switch (t->insn->class) {
	case X86_MOV:
	case X86_MOVZX:
		return step_mov(t);
	case X86_MOVSX:
		return step_movsx(t);
	case X86_LEA:
		return step_lea(t);
	case X86_ADD:
	case X86_SUB:
	case X86_AND:
	case X86_OR:
	case X86_XOR:
	case X86_SHL:
	case X86_SHR:
	case X86_SAR:
		return step_binary(t);
	case X86_CMP:
		return step_cmp(t);
	case X86_TEST:
		return step_test(t);
	case X86_INC:
		return step_count(t, 1);
	case X86_DEC:
		return step_count(t, -1);
	case X86_IMUL:
		return step_imul(t);
	case X86_COUNT_BITS:
		return step_other(t, 64);
	case X86_SETCC:
		return step_other(t, 1);
	case X86_CMOV:
		return step_cmov(t);
	case X86_XCHG:
	case X86_XADD:
		return step_exchange(t);
	case X86_CMPXCHG:
		return step_cmpxchg(t);
	case X86_PUSH:
		return step_push(t);
	case X86_POP:
		return step_pop(t);
	case X86_SCAN_BITS:
		return step_scan(t);
	default:
		return step_other(t, VALUE_MAX);
	}
}
