/* Vector instructions: each against a definition without vectors, wherever its operands lie. */
#include "interp/interp.h"

#include "interp/float.h"
#include "test/lib/check.h"
#include "test/lib/edges.h"
#include "test/unit/guest_module.h"
#include "test/unit/wasm_builder.h"
#include "wasm/limits.h"

union v128 {
	uint64_t u64[2];
	int64_t i64[2];
	uint32_t u32[4];
	int32_t i32[4];
	uint16_t u16[8];
	int16_t i16[8];
	uint8_t u8[16];
	int8_t i8[16];
	double f64[2];
	float f32[4];
};

/* ---- the definitions ------------------------------------------------------------------------- */

static uint8_t g_shuffle[16]; /* the immediate of i8x16.shuffle */

static uint8_t lane_of_two(const union v128 *x, const union v128 *y, uint8_t lane)
{
	return lane < 16 ? x->u8[lane] : y->u8[lane - 16];
}

static int within(int n, int low, int high)
{
	return n < low ? low : n > high ? high : n;
}

static uint64_t lane_bits(const union v128 *x, unsigned bytes, unsigned i)
{
	uint64_t bits = 0;

	memcpy(&bits, x->u8 + bytes * i, bytes);
	return bits;
}

static bool lanes_without_zero(const union v128 *x, unsigned bytes, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (lane_bits(x, bytes, i) == 0)
			return false;
	return true;
}

static uint32_t sign_bits(const union v128 *x, unsigned bytes, unsigned count)
{
	uint32_t bits = 0;

	for (unsigned i = 0; i < count; i++)
		bits |= (uint32_t)(lane_bits(x, bytes, i) >> (8 * bytes - 1)) << i;
	return bits;
}

static int16_t dot_i8(const union v128 *x, const union v128 *y, unsigned i)
{
	return (int16_t)within(x->i8[i] * y->i8[i] + x->i8[i + 1] * y->i8[i + 1], INT16_MIN,
			       INT16_MAX);
}

/* Rounded by way of integers; the sign of a zero stays. */
static double round_trunc(double x)
{
	return __builtin_fabs(x) < 0x1p52 ? __builtin_copysign((double)(int64_t)x, x) : x + 0;
}

static double round_floor(double x)
{
	double whole = round_trunc(x);

	return whole > x ? whole - 1 : whole;
}

static double round_ceil(double x)
{
	double whole = round_trunc(x);

	return whole < x ? __builtin_copysign(whole + 1, x) : whole;
}

static double round_nearest(double x)
{
	double low = round_floor(x), part = x - low;
	bool odd = __builtin_fabs(x) < 0x1p52 && (int64_t)low & 1;
	double whole = part > 0.5 || (part == 0.5 && odd) ? low + 1 : low;

	return __builtin_fabs(x) < 0x1p52 ? __builtin_copysign(whole, x) : x + 0;
}

static double least(double x, double y)
{
	if (x != x || y != y)
		return x + y;
	if (x == y)
		return __builtin_signbit(x) ? x : y;
	return x < y ? x : y;
}

static int64_t truncated(double x, int64_t low, int64_t high)
{
	if (x != x)
		return 0;
	return x <= (double)low ? low : x >= (double)high ? high : (int64_t)x;
}

typedef void reference(union v128 *r, union v128 x, union v128 y, union v128 z, unsigned k);

#define ROW(name, member, value)                                                                   \
	static void reference_##name(union v128 *r, union v128 x, union v128 y, union v128 z,      \
				     unsigned k)                                                   \
	{                                                                                          \
		(void)x, (void)y, (void)z, (void)k;                                                \
		for (unsigned i = 0; i < 16 / sizeof r->member[0]; i++)                            \
			r->member[i] = (__typeof__(r->member[0]))(value);                          \
	}
#define NUMBER(name, member, value)                                                                \
	static void reference_##name(union v128 *r, union v128 x, union v128 y, union v128 z,      \
				     unsigned k)                                                   \
	{                                                                                          \
		(void)x, (void)y, (void)z, (void)k;                                                \
		r->member[0] = (value);                                                            \
	}
#include "test/unit/simd_reference.def"
#undef ROW
#undef NUMBER

static const struct row {
	enum wasm_op op;
	reference *reference;
	char kind; /* of the member: f is a float, whose NaNs may differ */
	unsigned width;
} rows[] = {
#define ROW(name, member, value)                                                                   \
	{WASM_OP_##name, reference_##name, #member[0], 8 * sizeof(((union v128 *)0)->member[0])},
#define NUMBER(name, member, value) ROW(name, member, value)
#include "test/unit/simd_reference.def"
#undef ROW
#undef NUMBER
};

/* ---- operands -------------------------------------------------------------------------------- */

static uint64_t g_random;

static uint64_t random_bits(void)
{
	g_random = g_random * 6364136223846793005u + 1442695040888963407u;
	return g_random >> 33 ^ g_random << 20;
}

static void operand_edges(union v128 *x, unsigned width)
{
	static const uint8_t bytes[] = {0, 1, 2, 0x7e, 0x7f, 0x80, 0x81, 0xff, 0x0f, 0x10};

	for (unsigned i = 0; i < 128 / width; i++) {
		bool top = random_bits() & 1;
		uint64_t lane = bytes[random_bits() % COUNT_OF(bytes)];

		if (lane >= 0x7e &&
		    top) /* at the top of the lane: as far as it goes, or there alone */
			lane = lane << (width - 8) |
			       (lane & 1 ? UINT64_MAX >> 8 >> (64 - width) : 0);
		memcpy(x->u8 + i * width / 8, &lane, width / 8);
	}
}

/* Random bits, or lanes of one width at the edges, of any kind. */
static union v128 operand_of(unsigned kind)
{
	union v128 x = {.u64 = {random_bits(), random_bits()}};

	if (kind < 4) {
		operand_edges(&x, 8u << kind);
	} else if (kind == 4) {
		for (unsigned i = 0; i < 4; i++)
			x.u32[i] = edges_f32[random_bits() % COUNT_OF(edges_f32)];
	} else if (kind == 5) {
		for (unsigned i = 0; i < 2; i++)
			x.u64[i] = edges_f64[random_bits() % COUNT_OF(edges_f64)];
	}
	return x;
}

/* Often all of one kind, or some equal but for a few signs. */
static void operands_any(union v128 x[3])
{
	unsigned kind = random_bits() % 8;
	bool same_kind = random_bits() & 1;

	for (unsigned i = 0; i < 3; i++)
		x[i] = operand_of(same_kind ? kind : random_bits() % 8);
	if (random_bits() % 4 == 0) {
		x[1] = x[0];
		for (unsigned i = 7; i < 16; i += 8)
			x[1].u8[i] ^= random_bits() & 0x80;
		x[1].u8[3] ^= random_bits() & 0x80;
	}
}

/* ---- results --------------------------------------------------------------------------------- */

/* A lane that is to be a NaN is a quiet one (4.3.3). */
static bool float_lane_is(uint64_t got, uint64_t wanted, unsigned width)
{
	uint64_t infinity = width == 32 ? 0x7f800000u : (uint64_t)0x7ff << 52;
	uint64_t quiet = width == 32 ? 0x00400000u : (uint64_t)1 << 51;
	uint64_t magnitude = UINT64_MAX >> (65 - width);

	if ((wanted & magnitude) <= infinity)
		return got == wanted;
	return (got & infinity) == infinity && got & quiet;
}

static bool result_is(const struct row *row, const union v128 *got, const union v128 *wanted)
{
	if (row->kind != 'f')
		return memcmp(got, wanted, sizeof *got) == 0;
	for (unsigned i = 0; i < 128 / row->width; i++)
		if (!float_lane_is(lane_bits(got, row->width / 8, i),
				   lane_bits(wanted, row->width / 8, i), row->width))
			return false;
	return true;
}

/* ---- modules --------------------------------------------------------------------------------- */

static void build_instruction(struct builder *b, enum wasm_op op, unsigned k)
{
	build_op(b, op);
	switch (wasm_op_info(op)->imm) {
	case WASM_IMM_NONE:
		break;
	case WASM_IMM_SHUFFLE:
		build_bytes(b, g_shuffle, sizeof g_shuffle);
		break;
	default:
		build_byte(b, k);
	}
}

/* (type (func (param <in>) (result <out>))) (func (type 0)) (memory 1) (export "f" (func 0)) */
static void build_head(struct builder *b, const uint8_t *in, unsigned in_count, uint8_t out)
{
	build_begin(b);
	build_section(b, 1);
	build_bytes(b, "\1\x60", 2);
	build_byte(b, in_count);
	build_bytes(b, in, in_count);
	build_byte(b, out != WASM_NO_TYPE);
	if (out)
		build_byte(b, out);
	build_close(b);
	build_section(b, 3);
	build_bytes(b, "\1", 2);
	build_close(b);
	build_section(b, 5);
	build_bytes(b, "\1\0\1", 3);
	build_close(b);
	build_section(b, 7);
	build_bytes(b, "\1\1f\0", 5);
	build_close(b);
	build_section(b, 10);
	build_byte(b, 1);
	build_open(b);
}

static void build_tail(struct builder *b)
{
	build_op(b, WASM_OP_END);
	build_close(b);
	build_close(b);
}

/* The operands are parameters. */
static void build_plain(struct builder *b, enum wasm_op op, unsigned k)
{
	const struct wasm_op_info *info = wasm_op_info(op);

	build_head(b, info->in, info->in_count, info->out);
	build_byte(b, 0);
	for (unsigned i = 0; i < info->in_count; i++)
		build_local(b, WASM_OP_LOCAL_GET, i);
	build_instruction(b, op, k);
	build_tail(b);
}

/* Operands and result by way of locals behind that many others of type v128: one for each operand
 * and one for the result. */
static uint32_t g_locals_before;

static void build_far(struct builder *b, enum wasm_op op, unsigned k)
{
	const struct wasm_op_info *info = wasm_op_info(op);
	uint32_t first = info->in_count + g_locals_before;

	build_head(b, info->in, info->in_count, info->out);
	build_byte(b, info->in_count + 2u);
	build_u32(b, g_locals_before);
	build_byte(b, WASM_V128);
	for (unsigned i = 0; i < info->in_count; i++) {
		build_byte(b, 1);
		build_byte(b, info->in[i]);
	}
	build_byte(b, 1);
	build_byte(b, info->out);
	for (unsigned i = 0; i < info->in_count; i++) {
		build_local(b, WASM_OP_LOCAL_GET, i);
		build_local(b, WASM_OP_LOCAL_SET, first + i);
	}
	for (unsigned i = 0; i < info->in_count; i++)
		build_local(b, WASM_OP_LOCAL_GET, first + i);
	build_instruction(b, op, k);
	build_local(b, WASM_OP_LOCAL_SET, first + info->in_count);
	build_local(b, WASM_OP_LOCAL_GET, first + info->in_count);
	build_tail(b);
}

static void build_constant(struct builder *b, uint8_t type, const union v128 *x)
{
	switch (type) {
	case WASM_V128:
		build_op(b, WASM_OP_V128_CONST);
		build_bytes(b, x, 16);
		break;
	case WASM_F64:
		build_op(b, WASM_OP_F64_CONST);
		build_bytes(b, x, 8);
		break;
	case WASM_F32:
		build_op(b, WASM_OP_F32_CONST);
		build_bytes(b, x, 4);
		break;
	default: /* any integer by way of its bytes */
		build_op(b, type == WASM_I32 ? WASM_OP_F32_CONST : WASM_OP_F64_CONST);
		build_bytes(b, x, type == WASM_I32 ? 4 : 8);
		build_op(b, type == WASM_I32 ? WASM_OP_I32_REINTERPRET_F32
					     : WASM_OP_I64_REINTERPRET_F64);
	}
}

/* The operands are constants, in a loop: so each has a slot of its own. */
static void build_constants(struct builder *b, enum wasm_op op, unsigned k, const union v128 *x)
{
	const struct wasm_op_info *info = wasm_op_info(op);

	build_head(b, info->in, info->in_count, info->out);
	build_byte(b, 0);
	build_op(b, WASM_OP_LOOP);
	build_byte(b, info->out);
	for (unsigned i = 0; i < info->in_count; i++)
		build_constant(b, info->in[i], &x[i]);
	build_instruction(b, op, k);
	build_op(b, WASM_OP_END);
	build_tail(b);
}

/* ---- running them ---------------------------------------------------------------------------- */

static bool open_module(struct guest *g, const struct builder *b)
{
	CHECK_EQ(guest_init(g, &(struct wasm_store_config){0}, &(struct interp_limits){0}), E_OK);
	enum err err = guest_add(g, b->bytes, b->size);

	CHECK_EQ(err, E_OK);
	return !err;
}

/* The values as slots; g->result is the result. */
static enum wasm_trap call(struct guest *g, const uint8_t *types, unsigned count,
			   const union v128 *x)
{
	uint64_t args[6];
	unsigned n = 0;
	struct wasm_extern f;

	for (unsigned i = 0; i < count; i++) {
		args[n++] = x[i].u64[0];
		if (types[i] == WASM_V128)
			args[n++] = x[i].u64[1];
	}
	g->result[0] = g->result[1] = 0;
	if (!wasm_instance_export(g->instance, wasm_name_of("f"), &f))
		return TRAP_COUNT;
	return interp_call(&g->thread, f.func, args, g->result);
}

static void check_call(struct guest *g, const struct row *row, unsigned k, const union v128 *x)
{
	const struct wasm_op_info *info = wasm_op_info(row->op);
	union v128 wanted = {.u64 = {0}}, got;

	row->reference(&wanted, x[0], x[1], x[2], k);
	CHECK_EQ(call(g, info->in, info->in_count, x), TRAP_NONE);
	memcpy(&got, g->result, sizeof got);
	if (result_is(row, &got, &wanted))
		return;
	printf("%s lane %u\n", info->text, k);
	for (unsigned i = 0; i < info->in_count; i++)
		printf("  %016llx %016llx\n", (unsigned long long)x[i].u64[0],
		       (unsigned long long)x[i].u64[1]);
	CHECK_EQ(got.u64[0], wanted.u64[0]);
	CHECK_EQ(got.u64[1], wanted.u64[1]);
}

static void check_calls(const struct row *row, const struct builder *b, unsigned k, unsigned times)
{
	struct guest g;

	if (open_module(&g, b)) {
		for (unsigned i = 0; i < times && g_checks_failed < 20; i++) {
			union v128 x[3];

			operands_any(x);
			check_call(&g, row, k, x);
		}
	}
	guest_fini(&g);
}

static unsigned lanes_of(enum wasm_op op)
{
	switch (wasm_op_info(op)->imm) {
	case WASM_IMM_LANE2:
		return 2;
	case WASM_IMM_LANE4:
		return 4;
	case WASM_IMM_LANE8:
		return 8;
	case WASM_IMM_LANE16:
		return 16;
	default:
		return 1;
	}
}

static void check_each(void (*build)(struct builder *, enum wasm_op, unsigned), unsigned times)
{
	struct builder b;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		for (unsigned k = 0; k < lanes_of(rows[i].op); k++) {
			build(&b, rows[i].op, k);
			check_calls(&rows[i], &b, k, times / lanes_of(rows[i].op));
		}
	}
}

TEST(each_instruction_computes_what_its_definition_says)
{
	for (unsigned i = 0; i < 16; i++)
		g_shuffle[i] = (uint8_t)(i * 7 % 32);
	check_each(build_plain, 1000);
}

TEST(operands_and_results_may_be_in_far_slots)
{
	g_locals_before = 40000;
	check_each(build_far, 16);
}

/* Slot 65,535 is the last that an op can name: every number of locals around it. */
TEST(operands_and_results_may_lie_where_far_slots_begin)
{
	struct builder b;

	for (size_t i = 0; i < COUNT_OF(rows); i += 7) {
		for (g_locals_before = 32750; g_locals_before < 32770; g_locals_before++) {
			build_far(&b, rows[i].op, 0);
			check_calls(&rows[i], &b, 0, 3);
		}
	}
}

TEST(operands_may_be_constants_in_a_loop)
{
	struct builder b;
	struct guest g;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		for (unsigned k = 0; k < 2 * lanes_of(rows[i].op); k++) {
			union v128 x[3];

			operands_any(x);
			build_constants(&b, rows[i].op, k / 2, x);
			if (open_module(&g, &b))
				check_call(&g, &rows[i], k / 2, x);
			guest_fini(&g);
		}
	}
}

TEST(a_shuffle_takes_lanes_of_one_operand_or_of_both)
{
	static const uint8_t which[][2] = {{15, 0}, {15, 16}, {31, 0}};
	const struct row *row = rows;
	struct builder b;

	CHECK_EQ(row->op, WASM_OP_I8X16_SHUFFLE);
	for (unsigned n = 0; n < 30; n++) {
		for (unsigned i = 0; i < 16; i++)
			g_shuffle[i] =
				(uint8_t)((random_bits() & which[n % 3][0]) | which[n % 3][1]);
		build_plain(&b, row->op, 0);
		check_calls(row, &b, 0, 50);
	}
}

/* ---- two instructions in one ------------------------------------------------------------------ */

static const struct row *row_of(enum wasm_op op)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (rows[i].op == op)
			return &rows[i];
	return NULL;
}

static const uint8_t three_vectors[] = {WASM_V128, WASM_V128, WASM_V128};

/* x * y with z added or subtracted, or the other way round. */
static void build_sum(struct builder *b, enum wasm_op product, enum wasm_op sum, bool product_first)
{
	build_head(b, three_vectors, 3, WASM_V128);
	build_byte(b, 0);
	if (!product_first)
		build_local(b, WASM_OP_LOCAL_GET, 2);
	build_local(b, WASM_OP_LOCAL_GET, 0);
	build_local(b, WASM_OP_LOCAL_GET, 1);
	build_op(b, product);
	if (product_first)
		build_local(b, WASM_OP_LOCAL_GET, 2);
	build_op(b, sum);
	build_tail(b);
}

static void check_sum(enum wasm_op product, enum wasm_op sum, bool product_first)
{
	const struct row *first = row_of(product), *second = row_of(sum);
	struct builder b;
	struct guest g;

	build_sum(&b, product, sum, product_first);
	if (open_module(&g, &b)) {
		for (unsigned i = 0; i < 2000; i++) {
			union v128 x[3], xy, wanted, got;

			operands_any(x);
			first->reference(&xy, x[0], x[1], x[2], 0);
			second->reference(&wanted, product_first ? xy : x[2],
					  product_first ? x[2] : xy, x[2], 0);
			CHECK_EQ(call(&g, three_vectors, 3, x), TRAP_NONE);
			memcpy(&got, g.result, sizeof got);
			CHECK(result_is(second, &got, &wanted));
		}
	}
	guest_fini(&g);
}

TEST(a_product_in_a_sum_is_rounded_by_itself)
{
	static const enum wasm_op ops[][3] = {
		{WASM_OP_I16X8_MUL, WASM_OP_I16X8_ADD, WASM_OP_I16X8_SUB},
		{WASM_OP_I32X4_MUL, WASM_OP_I32X4_ADD, WASM_OP_I32X4_SUB},
		{WASM_OP_I64X2_MUL, WASM_OP_I64X2_ADD, WASM_OP_I64X2_SUB},
		{WASM_OP_F32X4_MUL, WASM_OP_F32X4_ADD, WASM_OP_F32X4_SUB},
		{WASM_OP_F64X2_MUL, WASM_OP_F64X2_ADD, WASM_OP_F64X2_SUB},
	};

	for (size_t i = 0; i < COUNT_OF(ops); i++) {
		for (unsigned k = 1; k < 3; k++) {
			check_sum(ops[i][0], ops[i][k], true);
			check_sum(ops[i][0], ops[i][k], false);
		}
	}
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* An access: how much memory, in lanes of how many bytes, and what becomes of them. */
static const struct access {
	enum wasm_op op;
	unsigned size;
	unsigned lane;
	enum { WHOLE, SIGNED, UNSIGNED, SPLAT, ZERO, LANE_LOAD, LANE_STORE, STORE } kind;
} accesses[] = {
	{WASM_OP_V128_LOAD, 16, 1, WHOLE},
	{WASM_OP_V128_LOAD8X8_S, 8, 1, SIGNED},
	{WASM_OP_V128_LOAD8X8_U, 8, 1, UNSIGNED},
	{WASM_OP_V128_LOAD16X4_S, 8, 2, SIGNED},
	{WASM_OP_V128_LOAD16X4_U, 8, 2, UNSIGNED},
	{WASM_OP_V128_LOAD32X2_S, 8, 4, SIGNED},
	{WASM_OP_V128_LOAD32X2_U, 8, 4, UNSIGNED},
	{WASM_OP_V128_LOAD8_SPLAT, 1, 1, SPLAT},
	{WASM_OP_V128_LOAD16_SPLAT, 2, 2, SPLAT},
	{WASM_OP_V128_LOAD32_SPLAT, 4, 4, SPLAT},
	{WASM_OP_V128_LOAD64_SPLAT, 8, 8, SPLAT},
	{WASM_OP_V128_LOAD32_ZERO, 4, 4, ZERO},
	{WASM_OP_V128_LOAD64_ZERO, 8, 8, ZERO},
	{WASM_OP_V128_LOAD8_LANE, 1, 1, LANE_LOAD},
	{WASM_OP_V128_LOAD16_LANE, 2, 2, LANE_LOAD},
	{WASM_OP_V128_LOAD32_LANE, 4, 4, LANE_LOAD},
	{WASM_OP_V128_LOAD64_LANE, 8, 8, LANE_LOAD},
	{WASM_OP_V128_STORE8_LANE, 1, 1, LANE_STORE},
	{WASM_OP_V128_STORE16_LANE, 2, 2, LANE_STORE},
	{WASM_OP_V128_STORE32_LANE, 4, 4, LANE_STORE},
	{WASM_OP_V128_STORE64_LANE, 8, 8, LANE_STORE},
	{WASM_OP_V128_STORE, 16, 1, STORE},
};

static bool is_store(const struct access *a)
{
	return a->kind == STORE || a->kind == LANE_STORE;
}

/* What a load gives for these bytes. */
static union v128 loaded(const struct access *a, const uint8_t *bytes, union v128 x, unsigned k)
{
	union v128 r = {.u64 = {0}};
	unsigned wide = 2 * a->lane;

	switch (a->kind) {
	case SIGNED:
		memset(&r, 0xff, sizeof r);
		for (unsigned i = 0; i < 16 / wide; i++) {
			bool negative = bytes[(i + 1) * a->lane - 1] & 0x80;

			memset(r.u8 + i * wide, negative ? 0xff : 0, wide);
			memcpy(r.u8 + i * wide, bytes + i * a->lane, a->lane);
		}
		break;
	case UNSIGNED:
		for (unsigned i = 0; i < 16 / wide; i++)
			memcpy(r.u8 + i * wide, bytes + i * a->lane, a->lane);
		break;
	case SPLAT:
		for (unsigned i = 0; i < 16; i++)
			r.u8[i] = bytes[i % a->lane];
		break;
	case LANE_LOAD:
		r = x;
		memcpy(r.u8 + k * a->lane, bytes, a->lane);
		break;
	default:
		memcpy(&r, bytes, a->size);
	}
	return r;
}

/* The ways to write an address of parameters p and q, and a constant. */
enum form { PLAIN, SUM, SCALED, CONSTANT, FORM_COUNT };

#define FORM_CONSTANT 48u

static uint32_t form_address(enum form form, const struct access *a, uint32_t p, uint32_t q)
{
	switch (form) {
	case SUM:
		return p + q;
	case SCALED:
		return p + q * a->size;
	case CONSTANT:
		return p + FORM_CONSTANT;
	default:
		return p;
	}
}

static void build_address(struct builder *b, enum form form, const struct access *a)
{
	build_local(b, WASM_OP_LOCAL_GET, 0);
	if (form == CONSTANT) {
		build_local(b, WASM_OP_I32_CONST, FORM_CONSTANT);
	} else if (form != PLAIN) {
		build_local(b, WASM_OP_LOCAL_GET, 1);
		if (form == SCALED) {
			build_local(b, WASM_OP_I32_CONST, (uint32_t)__builtin_ctz(a->size));
			build_op(b, WASM_OP_I32_SHL);
		}
	}
	if (form != PLAIN)
		build_op(b, WASM_OP_I32_ADD);
}

static const uint8_t access_types[] = {WASM_I32, WASM_I32, WASM_V128};

/* (func (param $p i32) (param $q i32) (param $x v128) (result v128, of a load)) */
static void build_access(struct builder *b, const struct access *a, enum form form, uint32_t offset,
			 unsigned k)
{
	build_head(b, access_types, 3, is_store(a) ? WASM_NO_TYPE : WASM_V128);
	build_byte(b, 0);
	build_address(b, form, a);
	if (is_store(a) || a->kind == LANE_LOAD)
		build_local(b, WASM_OP_LOCAL_GET, 2);
	build_op(b, a->op);
	build_byte(b, 0); /* alignment */
	build_u32(b, offset);
	if (a->kind == LANE_LOAD || a->kind == LANE_STORE)
		build_byte(b, k);
	build_tail(b);
}

static void check_access_at(struct guest *g, const struct access *a, unsigned k,
			    const union v128 *x, uint64_t at)
{
	static uint8_t before[WASM_PAGE_SIZE];
	uint8_t *memory = wasm_instance_memory(g->instance)->base;
	bool inside = at + a->size <= sizeof before;

	for (size_t i = 0; i < sizeof before; i++)
		memory[i] = (uint8_t)(i * 167 + (i >> 8) + at);
	memcpy(before, memory, sizeof before);
	CHECK_EQ(call(g, access_types, 3, x), inside ? TRAP_NONE : TRAP_MEMORY_BOUNDS);
	if (inside && is_store(a)) {
		memcpy(before + at, x[2].u8 + k * a->lane, a->size);
	} else if (inside) {
		union v128 wanted = loaded(a, before + at, x[2], k);

		CHECK(memcmp(g->result, &wanted, sizeof wanted) == 0);
	}
	CHECK(memcmp(memory, before, sizeof before) == 0);
}

/* Places of the address where the access is inside, just inside and just beyond. */
static void check_access(const struct access *a, enum form form, uint32_t offset, unsigned k)
{
	const uint32_t last = WASM_PAGE_SIZE - a->size;
	const uint32_t places[] = {offset + 7, last, last + 1, last + a->size, UINT32_MAX};
	struct builder b;
	struct guest g;

	build_access(&b, a, form, offset, k);
	if (open_module(&g, &b)) {
		for (size_t i = 0; i < COUNT_OF(places); i++) {
			union v128 x[3];
			uint32_t q = (uint32_t)(random_bits() % 2000);

			operands_any(x);
			x[1].u64[0] = q;
			x[0].u64[0] = places[i] - offset - form_address(form, a, 0, q);
			x[0].u64[0] &= UINT32_MAX; /* the sum wraps, adding the offset does not */
			check_access_at(&g, a, k, x,
					(uint64_t)(uint32_t)(places[i] - offset) + offset);
		}
	}
	guest_fini(&g);
}

TEST(loads_and_stores_reach_what_the_address_says_and_no_byte_more)
{
	static const uint32_t offsets[] = {0, 3, 65535, 65536, 0xfffffff0};

	for (size_t i = 0; i < COUNT_OF(accesses); i++) {
		const struct access *a = &accesses[i];
		bool lanes = a->kind == LANE_LOAD || a->kind == LANE_STORE;

		for (unsigned form = 0; form < FORM_COUNT; form++)
			for (size_t n = 0; n < COUNT_OF(offsets); n++)
				check_access(a, form, offsets[n], 0);
		for (unsigned k = 0; lanes && k < 16 / a->lane; k++)
			check_access(a, PLAIN, 5, k);
	}
}

int main(void)
{
	RUN(each_instruction_computes_what_its_definition_says);
	RUN(operands_and_results_may_be_in_far_slots);
	RUN(operands_and_results_may_lie_where_far_slots_begin);
	RUN(operands_may_be_constants_in_a_loop);
	RUN(a_shuffle_takes_lanes_of_one_operand_or_of_both);
	RUN(a_product_in_a_sum_is_rounded_by_itself);
	RUN(loads_and_stores_reach_what_the_address_says_and_no_byte_more);
	return check_report();
}
