/*
 * Registers, flags and frame at one point.
 * Trust: the code is untrusted; what calls here has checked that accesses lie inside the frame.
 * Invariant: every fact is true of all executions that get here. What a write may touch is forgotten before
 * anything new is known of it. slots rise, do not overlap and lie between RSP and the return address.
 */
#include "native/verify_state.h"

#include <string.h>

#include "native/verify_rule.h"

#define NO_REG 0xffu

static void number_id(struct state *s, struct value *v)
{
	if (v->kind == VALUE_NUMBER && v->id == 0)
		v->id = s->next_id++;
}

void state_clear(struct state *s)
{
	s->slot_count = 0;
	s->next_id = 1;
	if (rule_applies(LABEL_LEAST))
		s->least_object = 0;
	if (rule_applies(LABEL_FLAGS))
		s->flags.kind = COMPARE_NOTHING;
	for (unsigned r = 0; r < 16; r++)
		s->regs[r] = value_any();
}

void state_number(struct state *s)
{
	for (unsigned r = 0; r < 16; r++)
		number_id(s, &s->regs[r]);
	for (uint32_t i = 0; i < s->slot_count; i++)
		number_id(s, &s->slots[i].value);
}

void state_enter(struct state *s)
{
	static const uint8_t saved[] = {X86_RBX, X86_RBP, X86_R12, X86_R13, X86_R14, X86_R15};

	state_clear(s);
	state_number(s);
	s->regs[X86_RSP] = value_at(VALUE_FRAME, 0, 0);
	for (unsigned i = 0; i < COUNT_OF(saved); i++)
		s->regs[saved[i]] = value_at(VALUE_SAVED, saved[i], 0);
}

void state_copy(struct state *to, const struct state *from)
{
	memcpy(to, from, offsetof(struct state, slots) + from->slot_count * sizeof from->slots[0]);
}

bool value_is_rsp(const struct value *v)
{
	return v->kind == VALUE_FRAME && value_is_exact(v) && rule_holds(RSP_BELOW, v->lo <= 0) &&
	       rule_holds(FRAME_LIMIT, v->lo >= -(int64_t)VERIFY_FRAME_MAX) &&
	       rule_holds(RSP_WORDS, v->lo % 4 == 0);
}

int64_t state_rsp(const struct state *s)
{
	return s->regs[X86_RSP].lo;
}

void state_set(struct state *s, unsigned reg, struct value v)
{
	number_id(s, &v);
	s->regs[reg] = v;
	if (!rule_applies(FLAGS_MOVED))
		return;
	if (s->flags.left_reg == reg)
		s->flags.left_reg = NO_REG;
	if (s->flags.right_reg == reg)
		s->flags.right_reg = NO_REG;
}

/* ---- the frame ------------------------------------------------------------------------------------------- */

/* The first slot that ends behind `at`. */
static uint32_t slot_find(const struct state *s, int64_t at)
{
	uint32_t lo = 0, hi = s->slot_count;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if ((int64_t)s->slots[mid].at + s->slots[mid].size > at)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

static void slots_remove(struct state *s, uint32_t first, uint32_t end)
{
	memmove(&s->slots[first], &s->slots[end], (s->slot_count - end) * sizeof s->slots[0]);
	s->slot_count -= end - first;
}

static void slots_forget(struct state *s, int64_t lo, int64_t hi)
{
	uint32_t first = slot_find(s, lo), end = first;

	while (end < s->slot_count && s->slots[end].at < hi)
		end++;
	if (end != first)
		slots_remove(s, first, end);
}

const struct value *state_at(const struct state *s, int32_t place, uint32_t *next)
{
	if (place >= 0)
		return &s->regs[place];
	while (*next < s->slot_count && place_of_slot(&s->slots[*next]) < place)
		(*next)++;
	if (*next == s->slot_count || place_of_slot(&s->slots[*next]) != place)
		return NULL;
	return &s->slots[*next].value;
}

uint32_t state_id(const struct state *s, int32_t place)
{
	uint32_t first = place < 0 ? slot_find(s, slot_of_place(place).at) : 0;
	const struct value *v = state_at(s, place, &first);

	return v && v->kind == VALUE_NUMBER ? v->id : 0;
}

struct value state_load(const struct state *s, int64_t lo, int64_t hi, unsigned size)
{
	uint32_t i = slot_find(s, lo);

	if (i == s->slot_count || !rule_holds(LOAD_PLACE, lo == hi && s->slots[i].at == lo) ||
	    !rule_holds(LOAD_SIZE, s->slots[i].size >= size))
		return value_bytes(size);
	if (s->slots[i].size == size)
		return s->slots[i].value;
	return value_low(&s->slots[i].value, size);
}

/* When they are full, a number of the highest goes: of what a compiler keeps in the frame, its own values, which
 * matter, are lower than a program's variables. */
static bool slots_make_room(struct state *s)
{
	uint32_t i = s->slot_count;

	if (i < VERIFY_SLOTS_MAX)
		return true;
	while (i-- > 0) {
		if (s->slots[i].value.kind != VALUE_NUMBER)
			continue;
		slots_remove(s, i, i + 1);
		return true;
	}
	return false;
}

void state_store(struct state *s, int64_t lo, int64_t hi, unsigned size, const struct value *v)
{
	if (rule_applies(STORE_FORGETS))
		slots_forget(s, lo, hi + size);
	if (!rule_holds(STORE_PLACE, lo == hi) || lo % 4 != 0 || !v || (size != 4 && size != 8) ||
	    !slots_make_room(s))
		return;
	uint32_t i = slot_find(s, lo);
	struct frame_slot *slot = &s->slots[i];

	memmove(slot + 1, slot, (s->slot_count - i) * sizeof *slot);
	s->slot_count++;
	*slot = (struct frame_slot){.at = (int32_t)lo, .size = size, .value = *v};
	number_id(s, &slot->value);
}

void state_drop_below(struct state *s, int64_t at)
{
	uint32_t end = 0;

	while (end < s->slot_count && s->slots[end].at < at)
		end++;
	if (end != 0)
		slots_remove(s, 0, end);
}

static void value_forget_transient(struct state *s, struct value *v)
{
	if (value_is_transient(v)) {
		*v = value_any();
		number_id(s, v);
	}
}

void state_call(struct state *s)
{
	static const uint8_t changed[] = {X86_RAX, X86_RCX, X86_RDX, X86_RSI, X86_RDI,
					  X86_R8,  X86_R9,  X86_R10, X86_R11};

	for (unsigned i = 0; i < COUNT_OF(changed) && rule_applies(CALL_REGISTERS); i++)
		state_set(s, changed[i], value_any());
	for (unsigned r = 0; r < 16; r++)
		value_forget_transient(s, &s->regs[r]);
	for (uint32_t i = 0; i < s->slot_count; i++)
		value_forget_transient(s, &s->slots[i].value);
	if (rule_applies(CALL_FLAGS))
		s->flags.kind = COMPARE_NOTHING;
}

/* ---- conditions --------------------------------------------------------------------------------------------- */

enum relation {
	REL_NONE,
	REL_EQ,
	REL_NE,
	REL_ULT,
	REL_ULE,
	REL_UGT,
	REL_UGE,
	REL_SLT,
	REL_SLE,
	REL_SGT,
	REL_SGE
};

/* By condition code (SDM volume 1, appendix B). */
static const uint8_t g_relations[16] = {
	[0x2] = REL_ULT, [0x3] = REL_UGE, [0x4] = REL_EQ,  [0x5] = REL_NE,  [0x6] = REL_ULE,
	[0x7] = REL_UGT, [0xc] = REL_SLT, [0xd] = REL_SGE, [0xe] = REL_SLE, [0xf] = REL_SGT,
};

static enum relation relation_not(enum relation r)
{
	static const uint8_t not [] = {
		[REL_EQ] = REL_NE,   [REL_NE] = REL_EQ,	  [REL_ULT] = REL_UGE, [REL_ULE] = REL_UGT,
		[REL_UGT] = REL_ULE, [REL_UGE] = REL_ULT, [REL_SLT] = REL_SGE, [REL_SLE] = REL_SGT,
		[REL_SGT] = REL_SLE, [REL_SGE] = REL_SLT,
	};

	return not [r];
}

/* With the operands the other way round. */
static enum relation relation_swap(enum relation r)
{
	static const uint8_t swap[] = {
		[REL_EQ] = REL_EQ,   [REL_NE] = REL_NE,	  [REL_ULT] = REL_UGT, [REL_ULE] = REL_UGE,
		[REL_UGT] = REL_ULT, [REL_UGE] = REL_ULE, [REL_SLT] = REL_SGT, [REL_SLE] = REL_SGE,
		[REL_SGT] = REL_SLT, [REL_SGE] = REL_SLE,
	};

	return swap[r];
}

struct range {
	int64_t lo, hi;
};

/* v <= max and v >= min are known of a value, min <= max. If it cannot be, no execution gets here, and any
 * number is as true as any other: the next one. */
static void range_cut(struct range *v, int64_t min, int64_t max)
{
	int64_t lo = v->lo > min ? v->lo : min;
	int64_t hi = v->hi < max ? v->hi : max;

	*v = (struct range){lo < max ? lo : max, hi > min ? hi : min};
}

static int64_t before(int64_t n)
{
	return n == VALUE_MIN ? n : n - 1;
}

static int64_t after(int64_t n)
{
	return n == VALUE_MAX ? n : n + 1;
}

static void range_unsigned(struct range *v, enum relation rel, struct range r)
{
	if (!rule_holds(BELOW_SIGN, r.lo >= 0))
		return; /* very large, or not known */
	switch (rel) {
	case REL_ULT:
		if (r.hi > 0)
			range_cut(v, 0, r.hi - 1);
		break;
	case REL_ULE:
		range_cut(v, 0, r.hi);
		break;
	case REL_UGT:
		if (rule_holds(ABOVE_SIGN, v->lo >= 0))
			range_cut(v, after(r.lo), VALUE_MAX);
		break;
	default:
		if (rule_holds(ABOVE_SIGN, v->lo >= 0))
			range_cut(v, r.lo, VALUE_MAX);
		break;
	}
}

static void range_signed(struct range *v, enum relation rel, struct range r)
{
	switch (rel) {
	case REL_SLT:
		range_cut(v, VALUE_MIN, before(r.hi));
		break;
	case REL_SLE:
		range_cut(v, VALUE_MIN, r.hi);
		break;
	case REL_SGT:
		range_cut(v, after(r.lo), VALUE_MAX);
		break;
	default:
		range_cut(v, r.lo, VALUE_MAX);
		break;
	}
}

/* Numbers of fewer than 64 bits stand here without sign. A signed relation speaks of them if both cannot be
 * negative; or if the other is not and this one is above. */
static void range_signed_narrow(struct range *v, enum relation rel, struct range r, int64_t sign)
{
	if (r.lo < 0 || !rule_holds(SIGNED_OTHER, r.hi <= sign))
		return;
	if (rel == REL_SGT || rel == REL_SGE)
		range_cut(v, 0, sign);
	if (rule_holds(SIGNED_ITSELF, v->hi <= sign))
		range_signed(v, rel, r);
}

static void range_refine(struct range *v, enum relation rel, struct range r, unsigned size)
{
	switch (rel) {
	case REL_NONE:
		break;
	case REL_EQ:
		range_cut(v, r.lo, r.hi);
		break;
	case REL_NE:
		if (r.lo == r.hi && v->lo == r.lo)
			range_cut(v, after(r.lo), VALUE_MAX);
		else if (r.lo == r.hi && v->hi == r.lo)
			range_cut(v, VALUE_MIN, before(r.lo));
		break;
	case REL_ULT:
	case REL_ULE:
	case REL_UGT:
	case REL_UGE:
		range_unsigned(v, rel, r);
		break;
	default:
		if (size == 8)
			range_signed(v, rel, r);
		else
			range_signed_narrow(v, rel, r, (INT64_C(1) << (8 * size - 1)) - 1);
		break;
	}
}

/* The low `size` bytes of a value are known to be in this range. */
static void value_restrict(struct value *v, struct range r, unsigned size)
{
	struct range now = {v->lo, v->hi};
	int64_t mask = size == 8 ? VALUE_MAX : (INT64_C(1) << 8 * size) - 1;

	if (v->kind != VALUE_NUMBER && v->kind != VALUE_COUNT)
		return;
	if (rule_holds(LEARN_LOW, size == 8 || (v->lo >= 0 && v->hi <= mask))) {
		range_cut(&now, r.lo, r.hi);
		v->lo = now.lo;
		v->hi = now.hi;
	} else if (r.lo >= 0 && r.hi < mask && r.hi <= U32_MAX && v->kind == VALUE_NUMBER) {
		v->low_bits = (uint8_t)(8 * size);
		v->low_max = (uint32_t)r.hi;
	}
}

/* What a comparison tells of one of its operands. */
struct lesson {
	struct range range;
	unsigned size;
	uint8_t reg; /* that still holds the operand, or NO_REG */
	uint32_t id; /* of the operand */
	uint32_t bound;
	/* the operand is the value of this id + plus, at most the size of the memory `bound` */
	uint32_t of, plus;
	bool is_index; /* bound: below the count */
	bool fits_u32;
};

/* Of what was made from the operand: a multiple of its low 32 bits, or these plus a constant. */
static void value_learn_derived(struct value *v, const struct lesson *l)
{
	struct range now = {v->lo, v->hi};
	int64_t times = v->times ? v->times : 1, plus = v->times ? 0 : v->plus;

	if (!rule_holds(LEARN_DERIVED, l->range.lo >= 0 && l->range.hi <= U32_MAX && l->size >= 4))
		return;
	range_cut(&now, l->range.lo * times + plus, l->range.hi * times + plus);
	v->lo = now.lo;
	v->hi = now.hi;
	if (l->is_index && v->times != 0 && v->bound == 0)
		v->bound = l->bound;
}

/* Of what the operand was made from: itself, or the same plus less, is that much below the memory's size. What
 * is a multiple of something is that no longer: a value has one or the other. */
static void value_learn_slack(struct value *v, const struct lesson *l)
{
	uint32_t slack = l->plus;

	if (l->of == 0)
		return;
	if (v->times == 0 && v->of == l->of && rule_holds(SLACK_LESS, v->plus <= l->plus))
		slack -= v->plus;
	else if (v->id != l->of || !rule_holds(SLACK_U32, value_is_u32(v)))
		return;
	if (v->bound != 0 && (v->times != 0 || v->bound != l->bound || v->slack >= slack))
		return;
	if (v->times != 0)
		v->times = 0, v->of = 0, v->plus = 0;
	v->bound = l->bound;
	v->slack = slack;
}

static void value_learn(struct value *v, const struct lesson *l, bool itself)
{
	bool same = itself || (v->id == l->id && l->id != 0 && v->kind == VALUE_NUMBER);

	/* the same low 32 bits: that is all of it if both are no more */
	if (itself ||
	    (same && rule_holds(LEARN_SAME, l->size <= 4 || (l->fits_u32 && value_is_u32(v)))))
		value_restrict(v, l->range, l->size);
	else if (same && l->range.lo >= 0 && l->range.hi <= U32_MAX)
		value_restrict(v, l->range, 4);
	if (v->kind != VALUE_NUMBER)
		return;
	if (l->id != 0 && v->of == l->id)
		value_learn_derived(v, l);
	if (l->bound == 0)
		return;
	if (!l->is_index)
		value_learn_slack(v, l);
	else if (same && v->bound == 0) {
		/* from now on it is an index, no longer what it was made of: the two exclude each other */
		v->bound = l->bound;
		v->times = 1;
		if (rule_applies(INDEX_STANDS_ALONE))
			v->of = v->plus = 0;
	}
}

static void state_learn(struct state *s, const struct lesson *l)
{
	for (unsigned r = 0; r < 16; r++)
		value_learn(&s->regs[r], l, r == l->reg);
	for (uint32_t i = 0; i < s->slot_count; i++)
		value_learn(&s->slots[i].value, l, false);
}

/* Below the count of a table, or not above the size of a memory (verify_slot.h: those come with times 0). */
static void lesson_bound(struct lesson *l, enum relation rel, const struct value *v,
			 const struct value *limit, unsigned size)
{
	if (limit->kind != VALUE_COUNT)
		return;
	if (limit->times != 0) {
		l->is_index = rule_holds(INDEX_BELOW, rel == REL_ULT) &&
			      rule_holds(INDEX_SIZE, size >= 4);
		l->bound = l->is_index ? limit->which + 1 : 0;
	} else if (size == 8 && rule_holds(MEMORY_BELOW, rel == REL_ULE || rel == REL_ULT)) {
		l->bound = limit->which + 1;
		l->of = v->times == 0 ? v->of : 0;
		l->plus = v->plus;
	}
}

/* A size that was at least that much stays so. */
static void state_learn_least(struct state *s, const struct value *count, int64_t least)
{
	if (count->kind != VALUE_COUNT || count->times != 0)
		return;
	if (s->least_object == count->which && s->least >= least)
		return;
	s->least_object = count->which;
	s->least = least;
}

static void state_refine_one(struct state *s, enum relation rel, const struct value *v, uint8_t reg,
			     const struct value *other, unsigned size)
{
	struct value low = value_low(v, size), r = value_low(other, size);
	struct value n = value_number(&low), m = value_number(&r);
	struct lesson l = {.range = {n.lo, n.hi}, .size = size, .reg = reg, .id = v->id};

	range_refine(&l.range, rel, (struct range){m.lo, m.hi}, size);
	if (size < 8)
		range_cut(&l.range, 0, (INT64_C(1) << 8 * size) - 1);
	l.fits_u32 = value_is_u32(v);
	lesson_bound(&l, rel, v, &r, size);
	state_learn(s, &l);
	state_learn_least(s, &low, l.range.lo);
}

void state_refine(struct state *s, unsigned condition, bool holds)
{
	const struct compare flags = s->flags;
	enum relation rel = g_relations[condition & 15];

	/* after a comparison with 0 the sign flag is the order */
	if (rule_holds(SIGN_FLAG, flags.right.kind == VALUE_NUMBER && flags.right.lo == 0 &&
					  flags.right.hi == 0)) {
		if (condition == 8)
			rel = REL_SLT;
		else if (condition == 9)
			rel = REL_SGE;
	}
	if (!holds)
		rel = relation_not(rel);
	if (flags.kind == COMPARE_NOTHING || rel == REL_NONE)
		return;
	if (flags.kind == COMPARE_EQUAL && !rule_holds(ZERO_FLAG, rel == REL_EQ || rel == REL_NE))
		return;
	state_refine_one(s, rel, &flags.left, flags.left_reg, &flags.right, flags.size);
	state_refine_one(s, relation_swap(rel), &flags.right, flags.right_reg, &flags.left,
			 flags.size);
}
