/*
 * The arithmetic of the verifier against the machine's: whatever numbers are drawn from what is known of the
 * operands, the result is among what is known of the result. And the order of what is known.
 */
#include "native/verify_state.h"

#include "test/lib/check.h"

#define ROUNDS 200000

static uint64_t g_random = 0x9e3779b97f4a7c15;

static uint64_t next(void)
{
	g_random ^= g_random << 13;
	g_random ^= g_random >> 7;
	g_random ^= g_random << 17;
	return g_random;
}

/* Numbers near to where something happens. */
static int64_t edge(void)
{
	static const int64_t edges[] = {
		0,	   1,	      127,	 128,	  255,	       256,
		0x7fff,	   0xffff,    INT32_MAX, U32_MAX, U32_MAX + 1, INT64_C(1) << 62,
		VALUE_MAX, VALUE_MIN, -1,	 -128,	  INT32_MIN};
	int64_t n = edges[next() % COUNT_OF(edges)];

	return (int64_t)((uint64_t)n + next() % 5 - 2);
}

static uint64_t mask_of(unsigned size)
{
	return size >= 8 ? UINT64_MAX : (UINT64_C(1) << 8 * size) - 1;
}

/* Something known, and a number of which it is true. */
static struct value any_fact(int64_t *n)
{
	int64_t a = edge(), b = next() % 4 ? edge() : a;
	struct value v = value_range(a < b ? a : b, a < b ? b : a);
	uint64_t span = (uint64_t)v.hi - (uint64_t)v.lo;

	*n = (int64_t)((uint64_t)v.lo + (span == UINT64_MAX ? next() : next() % (span + 1)));
	if (next() % 4 == 0 && v.lo < 0) {
		v.low_bits = (uint8_t)(8u << next() % 3);
		v.low_max = (uint32_t)((uint64_t)*n & mask_of(v.low_bits / 8));
	}
	if (next() % 4 == 0 && *n != 0)
		v.align = (uint8_t)__builtin_ctzll((uint64_t)*n);
	return v;
}

static bool is_true(const struct value *v, uint64_t n)
{
	int64_t s = (int64_t)n;

	if (v->kind != VALUE_NUMBER || s < v->lo || s > v->hi)
		return false;
	if (v->low_bits != 0 && (n & mask_of(v->low_bits / 8)) > v->low_max)
		return false;
	return n == 0 || v->align <= __builtin_ctzll(n);
}

enum operation { OP_ADD, OP_SUB, OP_AND, OP_OR, OP_XOR, OP_SHL, OP_SHR, OP_SAR, OP_MUL, OP_COUNT };

static struct value known(enum operation op, const struct value *a, const struct value *b,
			  unsigned size)
{
	switch (op) {
	case OP_ADD:
		return value_add(a, b, size);
	case OP_SUB:
		return value_sub(a, b, size);
	case OP_AND:
		return value_and(a, b, size);
	case OP_OR:
	case OP_XOR:
		return value_or(a, b, size);
	case OP_SHL:
		return value_shl(a, b, size);
	case OP_SHR:
		return value_shr(a, b, size);
	case OP_SAR:
		return value_sar(a, b, size);
	default:
		return value_mul(a, b, size);
	}
}

static int64_t sign_extend(uint64_t n, unsigned size)
{
	return (int64_t)(n << (64 - 8 * size)) >> (64 - 8 * size);
}

static uint64_t computed(enum operation op, uint64_t a, uint64_t b, unsigned size)
{
	unsigned count = (unsigned)b & (size == 8 ? 63 : 31);

	switch (op) {
	case OP_ADD:
		return a + b;
	case OP_SUB:
		return a - b;
	case OP_AND:
		return a & b;
	case OP_OR:
		return a | b;
	case OP_XOR:
		return a ^ b;
	case OP_SHL:
		return a << count;
	case OP_SHR:
		return (a & mask_of(size)) >> count;
	case OP_SAR:
		return (uint64_t)(sign_extend(a, size) >> count);
	default:
		return a * b;
	}
}

TEST(results_are_among_what_is_known)
{
	static const unsigned sizes[] = {8, 8, 4, 4, 2, 1};

	for (unsigned i = 0; i < ROUNDS; i++) {
		enum operation op = (enum operation)(next() % OP_COUNT);
		unsigned size = sizes[next() % COUNT_OF(sizes)];
		int64_t a, b;
		struct value x = any_fact(&a), y = any_fact(&b);

		if (op >= OP_SHL && op <= OP_SAR && next() % 2) {
			b = (int64_t)(next() % 70);
			y = value_exact(b);
		}
		struct value r = known(op, &x, &y, size);
		uint64_t n = computed(op, (uint64_t)a, (uint64_t)b, size) & mask_of(size);

		if (!is_true(&r, n)) {
			printf("operation %u of %u bytes: %lld, %lld: %llx not in %lld..%lld\n", op,
			       size, (long long)a, (long long)b, (unsigned long long)n,
			       (long long)r.lo, (long long)r.hi);
			CHECK(false);
			return;
		}
	}
}

TEST(parts_and_extensions_are_among_what_is_known)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned from = 1u << next() % 3, size = next() % 2 ? 8 : 4;
		int64_t a;
		struct value x = any_fact(&a);
		struct value low = value_low(&x, from), extended = value_extend(&x, from, size);

		CHECK(is_true(&low, (uint64_t)a & mask_of(from)));
		CHECK(is_true(&extended, (uint64_t)sign_extend((uint64_t)a, from) & mask_of(size)));
		if (g_checks_failed)
			return;
	}
}

TEST(a_join_is_true_of_both)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		int64_t a, b;
		struct value x = any_fact(&a), y = any_fact(&b), j = value_join(&x, &y);

		CHECK(is_true(&j, (uint64_t)a) && is_true(&j, (uint64_t)b));
		CHECK(value_implies(&x, &j) && value_implies(&y, &j));
		/* what implies it is true of the same */
		if (value_implies(&x, &y))
			CHECK(is_true(&y, (uint64_t)a));
		if (g_checks_failed)
			return;
	}
}

TEST(a_join_of_different_kinds_is_nothing)
{
	const struct value frame = value_at(VALUE_FRAME, 0, -8), code = value_at(VALUE_CODE, 0, 0);
	const struct value rbx = value_at(VALUE_SAVED, 3, 0), rbp = value_at(VALUE_SAVED, 5, 0);
	const struct value table = value_at(VALUE_TABLE, 1, 0), other = value_at(VALUE_TABLE, 2, 0);
	const struct value jump = {.kind = VALUE_JUMP, .which = 4096, .lo = 4096, .hi = 4100};
	struct value longer = jump, number = value_exact(5);

	longer.hi = 4104;
	const struct value *pairs[][2] = {{&frame, &code},  {&rbx, &rbp},      {&table, &other},
					  {&jump, &longer}, {&frame, &number}, {&code, &number},
					  {&rbx, &number},  {&table, &code}};

	for (unsigned i = 0; i < COUNT_OF(pairs); i++) {
		struct value j = value_join(pairs[i][0], pairs[i][1]);

		CHECK(value_is_any(&j));
		CHECK(!value_implies(pairs[i][0], pairs[i][1]));
		CHECK(!value_implies(pairs[i][1], pairs[i][0]));
		CHECK(value_implies(pairs[i][0], pairs[i][0]));
		CHECK(value_implies(pairs[i][0], &j));
	}
	/* the number 0 is no address at distance 0, nor the other way round */
	number = value_exact(0);
	CHECK(!value_implies(&number, &code));
	CHECK(!value_implies(&number, &table));
	CHECK(!value_implies(&code, &number));
}

TEST(an_address_is_known_near_its_object_alone)
{
	const struct value near = value_at(VALUE_IMAGE, 0, VALUE_ADDRESS_MAX - 1);
	const struct value one = value_exact(1), two = value_exact(2), far = value_exact(VALUE_MIN);
	struct value r = value_add(&near, &one, 8);

	CHECK_EQ(r.kind, VALUE_IMAGE);
	r = value_add(&near, &two, 8);
	CHECK_EQ(r.kind, VALUE_NUMBER);
	r = value_add(&near, &far, 8);
	CHECK_EQ(r.kind, VALUE_NUMBER);
	r = value_sub(&near, &far, 8);
	CHECK_EQ(r.kind, VALUE_NUMBER);
}

TEST(a_bound_is_implied_by_the_same_bound_alone)
{
	struct value index = value_range(0, U32_MAX), other, times, slack;

	index.bound = 3;
	index.times = 1;
	other = times = slack = index;
	other.bound = 4;
	times.times = 16;
	CHECK(value_implies(&index, &index));
	CHECK(!value_implies(&index, &other));
	CHECK(!value_implies(&index, &times));
	slack.times = index.times = 0;
	slack.slack = 8;
	CHECK(value_implies(&slack, &index));
	CHECK(!value_implies(&index, &slack));
	struct value j = value_join(&index, &other);

	CHECK_EQ(j.bound, 0);
	j = value_join(&index, &slack);
	CHECK_EQ(j.bound, 3);
	CHECK_EQ(j.slack, 0);
}

/* ---- conditions ---------------------------------------------------------------------------------------------- */

/* As a CPU does it after CMP (SDM volume 1, appendix B). */
static bool holds(unsigned condition, uint64_t a, uint64_t b, unsigned size)
{
	uint64_t x = a & mask_of(size), y = b & mask_of(size), d = (x - y) & mask_of(size);
	int64_t sx = sign_extend(a, size), sy = sign_extend(b, size);
	bool zero = d == 0, sign = sign_extend(d, size) < 0, below = x < y, less = sx < sy;
	bool flags[] = {sign != less, below, zero, below || zero, sign, false, less, less || zero};

	return flags[condition / 2] != condition % 2;
}

TEST(a_condition_that_holds_takes_nothing_true_away)
{
	static const unsigned sizes[] = {8, 8, 4, 4, 4, 2, 1};
	static struct state s;

	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned size = sizes[next() % COUNT_OF(sizes)],
			 condition = (unsigned)(next() % 16);
		int64_t a, b;
		struct value x = any_fact(&a), y = any_fact(&b);

		if (condition == 10 || condition == 11)
			continue;
		if (next() % 8 == 0)
			y = value_exact(b = 0);
		state_enter(&s);
		state_set(&s, X86_RAX, x);
		state_set(&s, X86_RCX, y);
		/* a copy of the low half, eight times that, and a sum */
		struct value eight = value_exact(8), seven = value_exact(7);
		struct value low = value_low(&s.regs[X86_RAX], 4), times, sum;

		state_set(&s, X86_RDX, low);
		times = value_mul(&s.regs[X86_RDX], &eight, 8);
		sum = value_add(&s.regs[X86_RDX], &seven, 8);
		state_set(&s, X86_RSI, times);
		state_set(&s, X86_RDI, sum);
		s.flags = (struct compare){.kind = COMPARE_ALL,
					   .size = (uint8_t)size,
					   .left_reg = X86_RAX,
					   .right_reg = X86_RCX};
		s.flags.left = value_low(&s.regs[X86_RAX], size);
		s.flags.right = value_low(&s.regs[X86_RCX], size);
		state_refine(&s, condition, holds(condition, (uint64_t)a, (uint64_t)b, size));
		CHECK(is_true(&s.regs[X86_RAX], (uint64_t)a));
		CHECK(is_true(&s.regs[X86_RCX], (uint64_t)b));
		CHECK(is_true(&s.regs[X86_RDX], (uint64_t)a & U32_MAX));
		CHECK(is_true(&s.regs[X86_RSI], 8 * ((uint64_t)a & U32_MAX)));
		CHECK(is_true(&s.regs[X86_RDI], 7 + ((uint64_t)a & U32_MAX)));
		if (g_checks_failed) {
			printf("condition %u of %u bytes: %lld in %lld..%lld, %lld in %lld..%lld\n",
			       condition, size, (long long)a, (long long)x.lo, (long long)x.hi,
			       (long long)b, (long long)y.lo, (long long)y.hi);
			return;
		}
	}
}

int main(void)
{
	RUN(results_are_among_what_is_known);
	RUN(parts_and_extensions_are_among_what_is_known);
	RUN(a_join_is_true_of_both);
	RUN(a_join_of_different_kinds_is_nothing);
	RUN(an_address_is_known_near_its_object_alone);
	RUN(a_bound_is_implied_by_the_same_bound_alone);
	RUN(a_condition_that_holds_takes_nothing_true_away);
	return check_report();
}
