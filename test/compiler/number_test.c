/*
 * Each instruction on numbers and vectors, as the compiler makes it, against the interpreter: the
 * same traps, the same results to the bit, but for NaNs of arithmetic, which need only be quiet.
 */
#include "compiler/target.h"
#include "test/compiler/jit.h"
#include "test/lib/check.h"
#include "test/lib/edges.h"
#include "test/unit/guest_module.h"
#include "test/unit/wasm_builder.h"

#define TIMES 1000u /* each function is called */
#define KINDS 10u   /* of operands */

union operand {
	uint64_t u64[2];
	uint32_t u32[4];
	uint8_t u8[16];
};

/* ---- operands ---------------------------------------------------------------------------------- */

static uint64_t g_random;

static uint64_t random_bits(void)
{
	g_random = g_random * 6364136223846793005u + 1442695040888963407u;
	return g_random >> 33 ^ g_random << 20;
}

static unsigned random_below(size_t n)
{
	return (unsigned)(random_bits() % n);
}

static void operand_edges(union operand *x, unsigned width)
{
	static const uint8_t bytes[] = {0, 1, 2, 0x7e, 0x7f, 0x80, 0x81, 0xff, 0x0f, 0x10};

	for (unsigned i = 0; i < 128 / width; i++) {
		uint64_t lane = bytes[random_below(COUNT_OF(bytes))];

		if (lane >= 0x7e && random_bits() & 1) /* at the top of the lane */
			lane = lane << (width - 8) |
			       (lane & 1 ? UINT64_MAX >> 8 >> (64 - width) : 0);
		memcpy(x->u8 + i * width / 8, &lane, width / 8);
	}
}

/* 0, -0, 1 or -1 in each lane: with floats these do nothing, or hardly anything. */
static union operand operand_neutral(unsigned width)
{
	union operand x;
	unsigned which = random_below(4);

	for (unsigned i = 0; i < 4; i++)
		x.u32[i] = edges_f32[which];
	for (unsigned i = 0; i < 2 && width == 64; i++)
		x.u64[i] = edges_f64[which];
	return x;
}

/* Random bits, or lanes of one width at the edges, of any kind. */
static union operand operand_of(unsigned kind)
{
	union operand x = {.u64 = {random_bits(), random_bits()}};

	if (kind >= KINDS - 2)
		return operand_neutral(kind % 2 ? 64 : 32);
	if (kind < 4) {
		operand_edges(&x, 8u << kind);
	} else if (kind == 4) {
		for (unsigned i = 0; i < 4; i++)
			x.u32[i] = edges_f32[random_below(COUNT_OF(edges_f32))];
	} else if (kind == 5) {
		for (unsigned i = 0; i < 2; i++)
			x.u64[i] = edges_f64[random_below(COUNT_OF(edges_f64))];
	}
	return x;
}

/* Often all of one kind, or some equal but for a few signs. */
static void operands_any(union operand x[JIT_OPERANDS_MAX])
{
	unsigned kind = random_below(KINDS);
	bool same_kind = random_bits() & 1;

	for (unsigned i = 0; i < JIT_OPERANDS_MAX; i++)
		x[i] = operand_of(same_kind ? kind : random_below(KINDS));
	if (random_below(4) == 0) {
		x[1] = x[0];
		for (unsigned i = 3; i < 16; i += 4)
			x[1].u8[i] ^= random_bits() & 0x80;
	}
}

/* ---- the interpreter --------------------------------------------------------------------------- */

static void build_insn(struct builder *b, const struct jit_function *j, enum wasm_op op)
{
	build_op(b, op);
	if (wasm_op_info(op)->imm == WASM_IMM_SHUFFLE)
		build_bytes(b, j->shuffle, sizeof j->shuffle);
	else if (wasm_op_info(op)->imm != WASM_IMM_NONE)
		build_byte(b, j->lane);
}

/* (type (func (param <in>) (result <out>))) (func (export "f") (type 0) <operands> <instructions>) */
static void build_module(struct builder *b, const struct jit_function *j)
{
	uint8_t types[JIT_OPERANDS_MAX];
	unsigned count = jit_operands(j, types);

	build_begin(b);
	build_section(b, 1);
	build_bytes(b, "\1\x60", 2);
	build_byte(b, count);
	build_bytes(b, types, count);
	build_byte(b, 1);
	build_byte(b, wasm_op_info(j->op)->out);
	build_close(b);
	build_section(b, 3);
	build_bytes(b, "\1", 2);
	build_close(b);
	build_section(b, 7);
	build_bytes(b, "\1\1f\0", 5);
	build_close(b);
	build_section(b, 10);
	build_byte(b, 1);
	build_open(b);
	build_byte(b, 0);
	for (unsigned i = 0; i < count; i++)
		build_local(b, WASM_OP_LOCAL_GET, i);
	if (j->first)
		build_insn(b, j, j->first);
	build_insn(b, j, j->op);
	build_op(b, WASM_OP_END);
	build_close(b);
	build_close(b);
}

static enum wasm_trap interpret(struct guest *g, const struct jit_function *j,
				const union operand *x, union operand *result)
{
	uint8_t types[JIT_OPERANDS_MAX];
	unsigned count = jit_operands(j, types);
	uint64_t args[2 * JIT_OPERANDS_MAX];
	unsigned n = 0;
	struct wasm_extern f;

	for (unsigned i = 0; i < count; i++) {
		bool half = types[i] == WASM_I32 || types[i] == WASM_F32;

		args[n++] = half ? x[i].u32[0] : x[i].u64[0];
		if (types[i] == WASM_V128)
			args[n++] = x[i].u64[1];
	}
	*result = (union operand){0};
	if (!wasm_instance_export(g->instance, wasm_name_of("f"), &f))
		return TRAP_COUNT;
	return interp_call(&g->thread, f.func, args, result->u64);
}

/* ---- results ----------------------------------------------------------------------------------- */

/* Width of a lane that can be a NaN made by arithmetic; 0: the result is bits, or a NaN is an
 * operand's. */
static unsigned float_width(enum wasm_op op)
{
	static const char *const bits[] = {"abs",  "neg",  "copysign",	  "splat",
					   "lane", "pmin", "reinterpret", "pmax"};
	const char *text = wasm_op_info(op)->text, *name = strchr(text, '.') + 1;
	bool compares = wasm_op_info(op)->out == WASM_I32;

	for (unsigned i = 0; i < COUNT_OF(bits); i++)
		if (strstr(name, bits[i]) && !strstr(name, "nmadd"))
			return 0;
	if (compares || text[0] != 'f' || strlen(name) == 2)
		return 0;
	return text[1] == '3' ? 32 : 64;
}

static bool float_lane_is(uint64_t got, uint64_t wanted, unsigned width)
{
	uint64_t infinity = width == 32 ? 0x7f800000u : (uint64_t)0x7ff << 52;
	uint64_t quiet = width == 32 ? 0x00400000u : (uint64_t)1 << 51;
	uint64_t magnitude = UINT64_MAX >> (65 - width);

	if ((wanted & magnitude) <= infinity)
		return got == wanted;
	return (got & infinity) == infinity && got & quiet;
}

static bool result_is(enum wasm_op op, const union operand *got, const union operand *wanted)
{
	unsigned width = float_width(op);

	if (memcmp(got, wanted, sizeof *got) == 0)
		return true;
	for (unsigned i = 0; width && i < 128 / width; i++) {
		uint64_t a = width == 32 ? got->u32[i] : got->u64[i];
		uint64_t b = width == 32 ? wanted->u32[i] : wanted->u64[i];

		if (!float_lane_is(a, b, width))
			return false;
	}
	return width != 0;
}

static void check_call(struct guest *g, const struct jit_function *j, const union operand *x)
{
	union operand wanted, got = {0};
	enum wasm_trap trap = interpret(g, j, x, &wanted), got_trap = j->call(x, &got);

	if (trap == got_trap && (trap || result_is(j->op, &got, &wanted)))
		return;
	printf("%s %s, lane %u: trap %d, wanted %d\n", j->first ? wasm_op_info(j->first)->text : "",
	       wasm_op_info(j->op)->text, j->lane, got_trap, trap);
	for (unsigned i = 0; i < JIT_OPERANDS_MAX; i++)
		printf("  %016llx %016llx\n", (unsigned long long)x[i].u64[0],
		       (unsigned long long)x[i].u64[1]);
	CHECK_EQ(got.u64[0], wanted.u64[0]);
	CHECK_EQ(got.u64[1], wanted.u64[1]);
	CHECK_EQ(got_trap, trap);
}

/* Calls it with operands that are new each time, but for those that the compiler knew. */
static void check_function(const struct jit_function *j, unsigned times)
{
	struct builder b;
	struct guest g;

	build_module(&b, j);
	CHECK_EQ(guest_init(&g, &(struct wasm_store_config){0}, &(struct interp_limits){0}), E_OK);
	CHECK_EQ(guest_add(&g, b.bytes, b.size), E_OK);
	for (unsigned i = 0; i < times && g_checks_failed < 50; i++) {
		union operand x[JIT_OPERANDS_MAX];

		operands_any(x);
		for (unsigned k = 0; k < JIT_OPERANDS_MAX; k++)
			if (j->known >> k & 1)
				x[k] = ((const union operand *)j->constants)[k];
		check_call(&g, j, x);
	}
	guest_fini(&g);
}

/* ---- functions --------------------------------------------------------------------------------- */

static bool op_is_number(enum wasm_op op)
{
	static uint8_t known[WASM_OP_COUNT]; /* 0: not asked yet */

	if (!known[op])
		known[op] = jit_knows(op) ? 1 : 2;
	return known[op] == 1;
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
	case WASM_IMM_SHUFFLE:
		return 30;
	default:
		return 1;
	}
}

/* Lanes of one operand, of the other, of both. */
static void shuffle_any(uint8_t lanes[16], unsigned n)
{
	static const uint8_t which[][2] = {{15, 0}, {15, 16}, {31, 0}};

	for (unsigned i = 0; i < 16; i++)
		lanes[i] = (uint8_t)((random_bits() & which[n % 3][0]) | which[n % 3][1]);
}

#define FUNCTIONS_MAX 1024u
static struct jit_function g_functions[FUNCTIONS_MAX];
static union operand g_constants[FUNCTIONS_MAX][JIT_OPERANDS_MAX];

/* Of each instruction, one for each lane. */
static unsigned functions_list(bool with_fma)
{
	unsigned n = 0;

	for (unsigned op = 0; op < WASM_OP_COUNT; op++) {
		if (!op_is_number(op) || (!with_fma && strstr(wasm_op_info(op)->text, "madd")))
			continue;
		for (unsigned k = 0; k < lanes_of(op) && n < FUNCTIONS_MAX; k++) {
			g_functions[n] = (struct jit_function){.op = op, .lane = k};
			shuffle_any(g_functions[n++].shuffle, k);
		}
	}
	return n;
}

/* The same, of which the compiler knows some operands. */
static void functions_know(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		uint8_t types[JIT_OPERANDS_MAX];
		unsigned operands = jit_operands(&g_functions[i], types);

		operands_any(g_constants[i]);
		g_functions[i].constants = g_constants[i];
		g_functions[i].known = 1 + random_below((1u << operands) - 1);
	}
}

static void check_functions(unsigned count, unsigned times, int level, enum native_isa isa)
{
	struct jit *jit = jit_open(g_functions, count, level, isa);

	CHECK(jit != NULL);
	for (unsigned i = 0; jit && i < count && g_checks_failed < 50; i++)
		check_function(&g_functions[i], times);
	if (jit)
		jit_close(jit);
}

TEST(every_instruction_of_numbers_and_vectors_is_compiled)
{
	for (unsigned op = 0; op < WASM_OP_COUNT; op++) {
		const struct wasm_op_info *info = wasm_op_info(op);
		bool plain = info->in_count && info->in_count != WASM_OP_SPECIAL &&
			     info->out != WASM_NO_TYPE && info->imm == WASM_IMM_NONE;
		bool lane = info->imm >= WASM_IMM_SHUFFLE;

		if (op_is_number(op) != (plain || lane))
			printf("%s\n", info->text);
		CHECK_EQ(op_is_number(op), plain || lane);
	}
}

TEST(instructions_compute_what_the_interpreter_does)
{
	check_functions(functions_list(true), TIMES, 1, NATIVE_ISA_V3);
}

TEST(they_do_when_optimised)
{
	check_functions(functions_list(true), TIMES, 3, NATIVE_ISA_V3);
}

TEST(they_do_without_avx)
{
	check_functions(functions_list(false), TIMES, 3, NATIVE_ISA_V2);
}

TEST(they_do_with_operands_known_to_the_compiler)
{
	for (unsigned i = 0; i < 10; i++) {
		unsigned count = functions_list(true);

		functions_know(count);
		check_functions(count, 30, i & 1 ? 3 : 1, NATIVE_ISA_V3);
	}
}

/* May the result of the first be the last operand of the other, and is only one result right then? */
static bool may_follow(enum wasm_op first, enum wasm_op op)
{
	const struct wasm_op_info *info = wasm_op_info(op);

	if (!op_is_number(first) || !op_is_number(op) ||
	    wasm_op_info(first)->out != info->in[info->in_count - 1])
		return false;
	if (!float_width(first))
		return true;
	return float_width(first) == float_width(op) && !strstr(info->text, "convert");
}

static struct jit_function pair_any(void)
{
	struct jit_function j = {.lane = random_below(2)};

	do {
		j.first = random_below(WASM_OP_COUNT);
		j.op = random_below(WASM_OP_COUNT);
	} while (!may_follow(j.first, j.op));
	shuffle_any(j.shuffle, 2);
	return j;
}

TEST(two_instructions_compute_what_the_interpreter_does)
{
	for (unsigned i = 0; i < FUNCTIONS_MAX; i++)
		g_functions[i] = pair_any();
	check_functions(FUNCTIONS_MAX, 100, 1, NATIVE_ISA_V3);
	for (unsigned i = 0; i < FUNCTIONS_MAX; i++)
		g_functions[i] = pair_any();
	functions_know(FUNCTIONS_MAX);
	check_functions(FUNCTIONS_MAX, 100, 3, NATIVE_ISA_V3);
}

/* Pairs that are made into something shorter, or must not be. */
TEST(pairs_that_are_known_compute_what_the_interpreter_does)
{
	static const enum wasm_op pairs[][2] = {
		{WASM_OP_V128_AND, WASM_OP_I8X16_SWIZZLE},
		{WASM_OP_I8X16_EQ, WASM_OP_V128_BITSELECT},
		{WASM_OP_I32X4_LT_S, WASM_OP_V128_BITSELECT},
		{WASM_OP_F64X2_LE, WASM_OP_I64X2_RELAXED_LANESELECT},
		{WASM_OP_I16X8_GT_U, WASM_OP_V128_ANY_TRUE},
		{WASM_OP_I64X2_NE, WASM_OP_I8X16_ALL_TRUE},
		{WASM_OP_F32X4_LT, WASM_OP_I32X4_BITMASK},
		{WASM_OP_F64_PROMOTE_F32, WASM_OP_F32_DEMOTE_F64},
		{WASM_OP_F64X2_PROMOTE_LOW_F32X4, WASM_OP_F32X4_DEMOTE_F64X2_ZERO},
	};
	static const uint8_t masks[] = {0x0f, 0x8f, 0x1f, 0x4f, 0x07, 0xff};

	for (unsigned i = 0; i < COUNT_OF(pairs) * COUNT_OF(masks); i++) {
		unsigned pair = i / COUNT_OF(masks);

		memset(g_constants[i], masks[i % COUNT_OF(masks)], sizeof g_constants[i]);
		g_functions[i] = (struct jit_function){.first = pairs[pair][0],
						       .op = pairs[pair][1],
						       .constants = g_constants[i],
						       .known = pair ? 0 : 4};
	}
	check_functions(COUNT_OF(pairs) * COUNT_OF(masks), TIMES, 1, NATIVE_ISA_V3);
	check_functions(COUNT_OF(pairs) * COUNT_OF(masks), TIMES, 3, NATIVE_ISA_V3);
}

/* Fused multiplication wants an instruction that x86-64-v2 does not have. */
TEST(a_fused_product_without_avx_is_refused)
{
	struct jit_function f = {.op = WASM_OP_F32X4_RELAXED_NMADD};

	CHECK(jit_open(&f, 1, 1, NATIVE_ISA_V2) == NULL);
}

int main(void)
{
	target_init();
	RUN(every_instruction_of_numbers_and_vectors_is_compiled);
	RUN(instructions_compute_what_the_interpreter_does);
	RUN(they_do_when_optimised);
	RUN(they_do_without_avx);
	RUN(they_do_with_operands_known_to_the_compiler);
	RUN(two_instructions_compute_what_the_interpreter_does);
	RUN(pairs_that_are_known_compute_what_the_interpreter_does);
	RUN(a_fused_product_without_avx_is_refused);
	return check_report();
}
