/*
 * Arithmetic on what is known of values.
 * Trust: nothing; whatever the arguments stand for, the result stands for all that a CPU may make of it.
 * Invariant: an address is never taken for a number: as a number it may be anything.
 */
#include "native/verify_value.h"

#include "native/verify_rule.h"

#include <string.h>

struct value value_range(int64_t lo, int64_t hi)
{
	return (struct value){.kind = VALUE_NUMBER, .lo = lo, .hi = hi};
}

struct value value_any(void)
{
	return value_range(VALUE_MIN, VALUE_MAX);
}

struct value value_exact(int64_t n)
{
	struct value v = value_range(n, n);

	v.align = n == 0 ? 63 : (uint8_t)__builtin_ctzll((uint64_t)n);
	return v;
}

struct value value_at(enum value_kind kind, uint32_t which, int64_t at)
{
	return (struct value){.kind = (uint8_t)kind, .which = which, .lo = at, .hi = at};
}

static int64_t size_mask(unsigned size)
{
	return size >= 8 ? VALUE_MAX : (INT64_C(1) << 8 * size) - 1;
}

struct value value_bytes(unsigned size)
{
	return size >= 8 ? value_any() : value_range(0, size_mask(size));
}

bool value_is_exact(const struct value *v)
{
	return v->lo == v->hi;
}

static bool value_is_within(const struct value *v, int64_t max)
{
	return v->lo >= 0 && v->hi <= max;
}

bool value_is_u32(const struct value *v)
{
	return (v->kind == VALUE_NUMBER || v->kind == VALUE_COUNT) && value_is_within(v, U32_MAX);
}

bool value_is_transient(const struct value *v)
{
	switch (v->kind) {
	case VALUE_TABLE:
	case VALUE_ENTRY:
	case VALUE_MEMORY:
	case VALUE_CODE:
		return rule_applies(STALE);
	default:
		return false;
	}
}

bool value_is_any(const struct value *v)
{
	return v->kind == VALUE_NUMBER && v->lo == VALUE_MIN && v->hi == VALUE_MAX &&
	       v->low_bits == 0 && v->bound == 0 && v->align == 0;
}

struct value value_number(const struct value *v)
{
	struct value n;

	switch (v->kind) {
	case VALUE_NUMBER:
		return *v;
	case VALUE_COUNT:
		n = value_range(v->lo, v->hi);
		break;
	case VALUE_JUMP_ENTRY:
		n = value_range(INT32_MIN, INT32_MAX);
		break;
	default:
		n = rule_applies(ADDRESS_UNKNOWN) ? value_any() : value_range(v->lo, v->hi);
		break;
	}
	n.id = v->id;
	return n;
}

/* What is known of the low bits of a number, at most `max`. */
static int64_t value_low_limit(const struct value *v, unsigned bits, int64_t max)
{
	if (value_is_within(v, max))
		return v->hi;
	if (v->low_bits >= bits && v->low_bits != 0 && v->low_max < max)
		return v->low_max;
	return max;
}

struct value value_low(const struct value *v, unsigned size)
{
	if (size >= 8 || (v->kind == VALUE_COUNT && value_is_within(v, size_mask(size))))
		return *v;
	struct value n = value_number(v);
	int64_t mask = size_mask(size);

	if (value_is_within(&n, mask))
		return n;
	struct value r = value_range(0, value_low_limit(&n, 8 * size, mask));

	r.align = n.align;
	if (rule_holds(LOW_HALF, size == 4)) {
		r.id = n.id;
		if (n.times == 1) {
			r.times = 1;
			r.bound = n.bound;
		}
	}
	return r;
}

/* The result of an operation of `size` bytes that is lo..hi if that did not wrap. */
static struct value value_result(bool overflow, int64_t lo, int64_t hi, unsigned size,
				 unsigned align)
{
	struct value v = value_range(lo, hi);

	if (!rule_holds(WRAP_WHOLE, !overflow) ||
	    !rule_holds(WRAP_NARROW, size == 8 || value_is_within(&v, size_mask(size))))
		v = value_bytes(size);
	v.align = (uint8_t)(align > 63 ? 63 : align);
	return v;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static bool value_is_address(const struct value *v)
{
	return v->kind == VALUE_FRAME || v->kind == VALUE_IMAGE || v->kind == VALUE_MEMORY;
}

/* ---- addition: where addresses are made ---------------------------------------------------------------- */

/* An address plus a number: which part of the object it may be. */
static struct value address_add(const struct value *a, const struct value *n)
{
	struct value r = *a;

	bool overflow = __builtin_add_overflow(a->lo, n->lo, &r.lo);

	overflow |= __builtin_add_overflow(a->hi, n->hi, &r.hi);
	if (!rule_holds(ADDRESS_NEAR,
			!overflow && r.lo >= -VALUE_ADDRESS_MAX && r.hi <= VALUE_ADDRESS_MAX))
		return value_any();
	if (a->kind != VALUE_MEMORY)
		return r;
	/* offset + slack <= size: of the sum, when one of the two knows it and the other is exact */
	bool by_number = rule_holds(MEMORY_SAME, n->bound == a->which + 1) && n->times == 0 &&
			 a->lo == 0 && a->hi == 0;

	r.bound = by_number ? n->bound : 0;
	r.slack = by_number ? n->slack : 0;
	if (a->bound && value_is_exact(n) && n->lo >= 0 && n->lo <= a->slack) {
		r.bound = a->bound;
		r.slack = a->slack - (rule_applies(MEMORY_SLACK) ? (uint32_t)n->lo : 0);
	}
	return r;
}

/* The address of a table's entries plus 16 times an index that is below their number. */
static struct value table_add(const struct value *table, const struct value *n)
{
	if (n->kind == VALUE_NUMBER && n->bound != 0 && rule_holds(TABLE_SCALED, n->times == 16) &&
	    rule_holds(TABLE_SAME, n->bound == table->which + 1))
		return value_at(VALUE_ENTRY, table->which, 0);
	return value_any();
}

static struct value entry_add(const struct value *entry, const struct value *n)
{
	if (!value_is_exact(entry) || !value_is_exact(n) || n->lo < -16 || n->lo > 16)
		return value_any();
	int64_t at = entry->lo + n->lo;

	return rule_holds(ENTRY_INSIDE, at >= 0 && at < 16)
		       ? value_at(VALUE_ENTRY, entry->which, at)
		       : value_any();
}

/* An address of the image plus a word of a table. */
static struct value jump_add(const struct value *a, const struct value *b)
{
	struct value r = *b;

	if (!rule_holds(JUMP_BASE, value_is_exact(a)) || a->lo < 0 || a->lo > U32_MAX)
		return value_any();
	r.kind = VALUE_JUMP;
	r.which = (uint32_t)a->lo;
	return r;
}

/* Twice an index, by adding it to itself, is known as such. */
static bool value_is_same(const struct value *a, const struct value *b)
{
	return a->id != 0 && a->id == b->id &&
	       rule_holds(SAME_WHOLE, value_is_u32(a) && value_is_u32(b));
}

static struct value number_scale(const struct value *a, unsigned shift, unsigned size);

/* A 32-bit number plus constants, without wrapping: which one, and how much. */
static void number_relate(struct value *r, const struct value *a, const struct value *b,
			  unsigned size)
{
	uint32_t plus;

	if (!rule_holds(SUM_WHOLE, size == 8) || !value_is_exact(b) || b->lo < 0 || b->lo > U32_MAX)
		return;
	if (a->of != 0 && a->times == 0 &&
	    !__builtin_add_overflow(a->plus, (uint32_t)b->lo, &plus)) {
		r->of = a->of;
		r->plus = plus;
	} else if (a->id != 0 && rule_holds(SUM_OF_U32, value_is_u32(a))) {
		r->of = a->id;
		r->plus = (uint32_t)b->lo;
	}
}

static struct value number_add(const struct value *a, const struct value *b, unsigned size)
{
	int64_t lo = 0, hi = 0;

	if (size == 8 && value_is_same(a, b))
		return number_scale(a, 1, size);
	bool overflow = __builtin_add_overflow(a->lo, b->lo, &lo);

	overflow |= __builtin_add_overflow(a->hi, b->hi, &hi);
	struct value r = value_result(overflow, lo, hi, size, least(a->align, b->align));

	number_relate(&r, a, b, size);
	return r;
}

/* Operands as numbers of that size. */
static struct value number_low(const struct value *v, unsigned size)
{
	struct value low = value_low(v, size);

	return value_number(&low);
}

struct value value_add(const struct value *a, const struct value *b, unsigned size)
{
	struct value m = number_low(a, size), n = number_low(b, size);

	if (size < 8)
		return number_add(&m, &n, size);
	if (a->kind == VALUE_JUMP_ENTRY && b->kind == VALUE_IMAGE)
		return jump_add(b, a);
	if (b->kind == VALUE_JUMP_ENTRY && a->kind == VALUE_IMAGE)
		return jump_add(a, b);
	if (value_is_address(a))
		return value_is_address(b) ? value_any() : address_add(a, &n);
	if (value_is_address(b))
		return address_add(b, &m);
	if (a->kind == VALUE_TABLE)
		return table_add(a, b);
	if (b->kind == VALUE_TABLE)
		return table_add(b, a);
	if (a->kind == VALUE_ENTRY)
		return entry_add(a, &n);
	return value_is_exact(&m) ? number_add(&n, &m, size) : number_add(&m, &n, size);
}

struct value value_sub(const struct value *a, const struct value *b, unsigned size)
{
	struct value m = number_low(a, size), n = number_low(b, size);
	int64_t lo = 0, hi = 0;

	if (size == 8 && (value_is_address(a) || a->kind == VALUE_ENTRY)) {
		struct value minus = value_exact(n.hi == VALUE_MIN ? 0 : -n.hi);

		return value_is_exact(&n) && n.hi != VALUE_MIN ? value_add(a, &minus, size)
							       : value_any();
	}
	bool overflow = __builtin_sub_overflow(m.lo, n.hi, &lo);

	overflow |= __builtin_sub_overflow(m.hi, n.lo, &hi);
	return value_result(overflow, lo, hi, size, least(m.align, n.align));
}

/* ---- bits --------------------------------------------------------------------------------------------------- */

struct value value_and(const struct value *a, const struct value *b, unsigned size)
{
	struct value m = number_low(a, size), n = number_low(b, size);
	struct value r = value_bytes(size);

	/* not above either of them that is not negative */
	if (rule_holds(AND_SIGN, m.lo >= 0))
		r = value_range(0, m.hi);
	if (rule_holds(AND_SIGN, n.lo >= 0) && (m.lo < 0 || n.hi < m.hi))
		r = value_range(0, n.hi);
	r.align = m.align > n.align ? m.align : n.align;
	return r;
}

/* The least 2^n - 1 that is not below. */
static int64_t mask_above(int64_t n)
{
	return n == 0 ? 0 : (int64_t)(UINT64_MAX >> __builtin_clzll((uint64_t)n));
}

/* Or, exclusive or. */
struct value value_or(const struct value *a, const struct value *b, unsigned size)
{
	struct value m = number_low(a, size), n = number_low(b, size);
	struct value r = value_bytes(size);

	if (m.lo >= 0 && n.lo >= 0)
		r = value_range(0, rule_applies(OR_BITS) ? mask_above(m.hi | n.hi) : m.hi | n.hi);
	r.align = (uint8_t)least(m.align, n.align);
	return r;
}

static struct value number_scale(const struct value *a, unsigned shift, unsigned size)
{
	bool overflow = !rule_holds(SCALE_WRAP, a->lo >= 0 && a->hi <= VALUE_MAX >> shift);
	struct value r = value_result(overflow, overflow ? 0 : a->lo << shift,
				      overflow ? 0 : a->hi << shift, size, a->align + shift);

	unsigned times = a->times ? a->times : 1;

	/* that many times an index, and of which value */
	if (!overflow && rule_holds(TIMES_WHOLE, value_is_u32(a) && r.hi == a->hi << shift) &&
	    shift <= 4 && times << shift <= 16 && (a->bound == 0 || a->times != 0)) {
		r.times = (uint8_t)(times << shift);
		r.bound = a->bound;
		r.of = times > 1 ? a->of : a->id;
	}
	return r;
}

/* The count of a shift as a CPU takes it (SDM volume 2, SAL); false: not known. */
static bool shift_count(const struct value *count, unsigned size, unsigned *n)
{
	if (count->kind != VALUE_NUMBER || !rule_holds(SHIFT_KNOWN, value_is_exact(count)))
		return false;
	*n = (unsigned)count->lo & (size == 8 || !rule_applies(SHIFT_MASK) ? 63 : 31);
	return true;
}

struct value value_shl(const struct value *a, const struct value *count, unsigned size)
{
	struct value m = number_low(a, size);
	unsigned n;

	if (!shift_count(count, size, &n))
		return value_bytes(size);
	return n == 0 ? m : number_scale(&m, n, size);
}

struct value value_shr(const struct value *a, const struct value *count, unsigned size)
{
	struct value m = number_low(a, size);
	unsigned n;

	if (!shift_count(count, size, &n))
		return m.lo >= 0 ? value_range(0, m.hi) : value_bytes(size);
	if (rule_holds(SHR_SIGN, m.lo >= 0))
		return value_range(m.lo >> n, m.hi >> n);
	return n == 0 ? value_any() : value_range(0, (int64_t)(UINT64_MAX >> n));
}

struct value value_sar(const struct value *a, const struct value *count, unsigned size)
{
	struct value m = number_low(a, size);
	unsigned n;
	int64_t sign = size == 8 ? VALUE_MAX : size_mask(size) >> 1;

	if (!shift_count(count, size, &n))
		return value_is_within(&m, sign) ? value_range(0, m.hi) : value_bytes(size);
	if (rule_holds(SAR_SIGN, size == 8 || value_is_within(&m, sign)))
		return value_range(m.lo >> n, m.hi >> n);
	return value_bytes(size);
}

struct value value_mul(const struct value *a, const struct value *b, unsigned size)
{
	struct value m = number_low(a, size), n = number_low(b, size);
	int64_t lo = 0, hi = 0;

	if (!rule_holds(MUL_SIGN, m.lo >= 0 && n.lo >= 0))
		return value_bytes(size);
	if (value_is_exact(&n) && n.lo != 0 && (n.lo & (n.lo - 1)) == 0)
		return number_scale(&m, (unsigned)__builtin_ctzll((uint64_t)n.lo), size);
	bool overflow = __builtin_mul_overflow(m.lo, n.lo, &lo);

	overflow |= __builtin_mul_overflow(m.hi, n.hi, &hi);
	return value_result(overflow, lo, hi, size, m.align + n.align);
}

struct value value_extend(const struct value *a, unsigned from, unsigned size)
{
	struct value low = number_low(a, from);
	int64_t sign = size_mask(from) >> 1;

	if (rule_holds(EXTEND_SIGN, value_is_within(&low, sign)))
		return low;
	struct value r = size == 8 ? value_range(-sign - 1, sign) : value_bytes(size);

	r.align = low.align;
	if (rule_holds(EXTEND_HALF, from == 4))
		r.id = a->id;
	return r;
}

/* ---- order --------------------------------------------------------------------------------------------------- */

bool value_equal(const struct value *a, const struct value *b)
{
	return a->kind == b->kind && a->low_bits == b->low_bits && a->align == b->align &&
	       a->times == b->times && a->low_max == b->low_max && a->which == b->which &&
	       a->bound == b->bound && a->slack == b->slack && a->lo == b->lo && a->hi == b->hi;
}

/* Is the low part, of that many bits, known to be at most `max`? */
static bool value_low_is(const struct value *v, unsigned bits, uint32_t max)
{
	int64_t mask = (INT64_C(1) << bits) - 1;

	return value_low_limit(v, bits, mask) <= (int64_t)max;
}

/* Its lo and hi are four bytes apart, or a multiple: no range that contains another. */
static bool value_is_jump(const struct value *v)
{
	return v->kind == VALUE_JUMP_ENTRY || v->kind == VALUE_JUMP;
}

static bool value_implies_bound(const struct value *v, const struct value *declared)
{
	if (declared->bound == 0)
		return true;
	return rule_holds(IMPLIES_BOUND,
			  v->bound == declared->bound && v->times == declared->times) &&
	       rule_holds(IMPLIES_SLACK, v->slack >= declared->slack);
}

bool value_implies(const struct value *v, const struct value *declared)
{
	struct value n = *v;

	if (v->kind != declared->kind) {
		if (!rule_holds(IMPLIES_KIND, declared->kind == VALUE_NUMBER))
			return false;
		n = value_number(v);
	}
	if (!rule_holds(IMPLIES_OBJECT, n.which == declared->which))
		return false;
	if (!rule_holds(IMPLIES_RANGE, n.lo >= declared->lo && n.hi <= declared->hi))
		return false;
	if (value_is_jump(&n) && !rule_holds(IMPLIES_JUMP, value_equal(&n, declared)))
		return false;
	if (!rule_holds(IMPLIES_LOW, declared->low_bits == 0 || value_low_is(&n, declared->low_bits,
									     declared->low_max)))
		return false;
	return rule_holds(IMPLIES_ALIGN, n.align >= declared->align) &&
	       value_implies_bound(&n, declared);
}

static void join_low(struct value *r, const struct value *a, const struct value *b)
{
	static const uint8_t widths[] = {32, 16, 8};

	for (unsigned i = 0; i < COUNT_OF(widths); i++) {
		int64_t mask = (INT64_C(1) << widths[i]) - 1;
		int64_t x = value_low_limit(a, widths[i], mask);
		int64_t y = value_low_limit(b, widths[i], mask);
		int64_t max = x > y ? x : y;

		if (value_is_within(r, mask) || max == mask)
			continue;
		r->low_bits = widths[i];
		r->low_max = (uint32_t)max;
		return;
	}
}

struct value value_join(const struct value *a, const struct value *b)
{
	struct value m = *a, n = *b;

	if (a->kind != b->kind) {
		m = value_number(a);
		n = value_number(b);
	}
	if (!rule_holds(JOIN_OBJECT, m.which == n.which) ||
	    !rule_holds(JOIN_EXACT, (m.kind != VALUE_ENTRY || m.lo == n.lo) &&
					    (!value_is_jump(&m) || value_equal(&m, &n))))
		return value_any();
	struct value r = {.kind = m.kind, .which = m.which};

	r.lo = m.lo < n.lo || !rule_applies(JOIN_RANGE) ? m.lo : n.lo;
	r.hi = m.hi > n.hi || !rule_applies(JOIN_RANGE) ? m.hi : n.hi;
	r.align = (uint8_t)least(m.align, n.align);
	if (m.kind == VALUE_NUMBER)
		join_low(&r, &m, &n);
	if (rule_holds(JOIN_BOUND, m.bound == n.bound && m.times == n.times)) {
		r.bound = m.bound;
		r.times = m.times;
		r.slack = m.slack < n.slack ? m.slack : n.slack;
	}
	return r;
}
