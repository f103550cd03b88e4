/*
 * The instruction table, against what the names say. A name of the text format tells operands,
 * result and immediates of nearly every instruction; the rules here read them off it and know
 * nothing of the table.
 */
#include <stdlib.h>

#include "wasm/code.h"

#include "test/lib/check.h"
#include "test/lib/wasm_bytes.h"

/* Every instruction with its prefix (0: none) and code. */
static const struct row {
	enum wasm_op op;
	uint8_t prefix;
	uint32_t code;
} g_rows[] = {
#define OP(ident, code, text, imm, in, out)    {WASM_OP_##ident, 0, code},
#define OP_FC(ident, code, text, imm, in, out) {WASM_OP_##ident, 0xfc, code},
#define OP_FD(ident, code, text, imm, in, out) {WASM_OP_##ident, 0xfd, code},
#define OP_FE(ident, code, text, imm, in, out) {WASM_OP_##ident, 0xfe, code},
#define OP_LATER(code, feature)
#include "wasm/opcode.def"
};

static const char *text_of(const struct row *row)
{
	return wasm_op_info(row->op)->text;
}

static bool starts(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

static bool ends(const char *s, const char *with)
{
	size_t n = strlen(s), k = strlen(with);

	return n >= k && strcmp(s + n - k, with) == 0;
}

static bool has(const char *s, const char *part)
{
	return strstr(s, part) != NULL;
}

/* ---- the table as such ----------------------------------------------------------------------- */

TEST(codes_and_names_stand_once)
{
	CHECK_EQ(COUNT_OF(g_rows), WASM_OP_COUNT);
	for (size_t a = 0; a < COUNT_OF(g_rows); a++) {
		CHECK_EQ(g_rows[a].op, a);
		for (size_t b = 0; b < a; b++) {
			CHECK(g_rows[a].prefix != g_rows[b].prefix ||
			      g_rows[a].code != g_rows[b].code);
			CHECK(strcmp(text_of(&g_rows[a]), text_of(&g_rows[b])) != 0 ||
			      g_rows[a].op == WASM_OP_SELECT_T);
		}
	}
}

static size_t count_with_prefix(uint8_t prefix)
{
	size_t n = 0;

	for (size_t i = 0; i < COUNT_OF(g_rows); i++)
		n += g_rows[i].prefix == prefix;
	return n;
}

TEST(no_instruction_is_missing)
{
	CHECK_EQ(count_with_prefix(0xfc), 18);
	CHECK_EQ(count_with_prefix(0xfd), 236 + 20);
	CHECK_EQ(count_with_prefix(0xfe), 67);
}

/* Codes that the specification lists, from all over the table. */
TEST(codes_are_those_of_the_specification)
{
	static const struct {
		uint8_t prefix;
		uint32_t code;
		const char *text;
	} anchors[] = {
		{0, 0x06, "try"},
		{0, 0x0a, "throw_ref"},
		{0, 0x12, "return_call"},
		{0, 0x14, "call_ref"},
		{0, 0x18, "delegate"},
		{0, 0x1f, "try_table"},
		{0, 0xd4, "ref.as_non_null"},
		{0, 0xd6, "br_on_non_null"},
		{0xfc, 0x08, "memory.init"},
		{0xfc, 0x0e, "table.copy"},
		{0xfd, 0x00, "v128.load"},
		{0xfd, 0x0c, "v128.const"},
		{0xfd, 0x0d, "i8x16.shuffle"},
		{0xfd, 0x15, "i8x16.extract_lane_s"},
		{0xfd, 0x23, "i8x16.eq"},
		{0xfd, 0x37, "i32x4.eq"},
		{0xfd, 0x4c, "f64x2.ge"},
		{0xfd, 0x4d, "v128.not"},
		{0xfd, 0x53, "v128.any_true"},
		{0xfd, 0x5b, "v128.store64_lane"},
		{0xfd, 0x5c, "v128.load32_zero"},
		{0xfd, 0x5e, "f32x4.demote_f64x2_zero"},
		{0xfd, 0x60, "i8x16.abs"},
		{0xfd, 0x65, "i8x16.narrow_i16x8_s"},
		{0xfd, 0x67, "f32x4.ceil"},
		{0xfd, 0x6b, "i8x16.shl"},
		{0xfd, 0x74, "f64x2.ceil"},
		{0xfd, 0x7a, "f64x2.trunc"},
		{0xfd, 0x7b, "i8x16.avgr_u"},
		{0xfd, 0x7c, "i16x8.extadd_pairwise_i8x16_s"},
		{0xfd, 0x82, "i16x8.q15mulr_sat_s"},
		{0xfd, 0x94, "f64x2.nearest"},
		{0xfd, 0x95, "i16x8.mul"},
		{0xfd, 0xba, "i32x4.dot_i16x8_s"},
		{0xfd, 0xd6, "i64x2.eq"},
		{0xfd, 0xe0, "f32x4.abs"},
		{0xfd, 0xff, "f64x2.convert_low_i32x4_u"},
		{0xfd, 0x100, "i8x16.relaxed_swizzle"},
		{0xfd, 0x109, "i8x16.relaxed_laneselect"},
		{0xfd, 0x113, "i32x4.relaxed_dot_i8x16_i7x16_add_s"},
		{0xfe, 0x00, "memory.atomic.notify"},
		{0xfe, 0x03, "atomic.fence"},
		{0xfe, 0x10, "i32.atomic.load"},
		{0xfe, 0x17, "i32.atomic.store"},
		{0xfe, 0x1e, "i32.atomic.rmw.add"},
		{0xfe, 0x48, "i32.atomic.rmw.cmpxchg"},
		{0xfe, 0x4e, "i64.atomic.rmw32.cmpxchg_u"},
	};

	for (size_t i = 0; i < COUNT_OF(anchors); i++) {
		size_t k = 0;

		while (k < COUNT_OF(g_rows) && strcmp(text_of(&g_rows[k]), anchors[i].text) != 0)
			k++;
		CHECK(k < COUNT_OF(g_rows) && g_rows[k].prefix == anchors[i].prefix &&
		      g_rows[k].code == anchors[i].code);
	}
}

static void put_leb(uint8_t **p, uint32_t n)
{
	for (; n >= 0x80; n >>= 7)
		*(*p)++ = (uint8_t)(n | 0x80);
	*(*p)++ = (uint8_t)n;
}

/* Zeros are a good immediate of every instruction but a select and a value type. */
TEST(each_code_leads_to_its_row_and_others_to_none)
{
	static const struct wasm_func_type type;
	static const struct wasm_module m = {.types = (struct wasm_func_type *)(uintptr_t)&type,
					     .type_count = 1};
	static const uint8_t prefixes[] = {0xfc, 0xfd, 0xfe};

	for (size_t i = 0; i < COUNT_OF(g_rows); i++) {
		uint8_t bytes[64] = {g_rows[i].prefix ? g_rows[i].prefix : (uint8_t)g_rows[i].code};
		uint8_t *p = bytes + 1;
		struct wasm_insn insn;
		struct reader r;

		if (g_rows[i].prefix)
			put_leb(&p, g_rows[i].code);
		if (g_rows[i].op == WASM_OP_SELECT_T)
			memcpy(p, (const uint8_t[]){1, 0x7f}, 2);
		reader_init(&r, bytes, sizeof(bytes));
		CHECK_EQ(code_next(&m, &r, &insn), E_OK);
		CHECK_EQ(insn.op, g_rows[i].op);
	}
	for (size_t k = 0; k < COUNT_OF(prefixes); k++) {
		size_t known = 0;

		for (uint32_t code = 0; code < 0x400; code++) {
			uint8_t bytes[64] = {prefixes[k]}, *p = bytes + 1;
			struct wasm_insn insn;
			struct reader r;

			put_leb(&p, code);
			reader_init(&r, bytes, sizeof(bytes));
			enum err e = code_next(&m, &r, &insn);

			CHECK(e == E_OK || e == E_WASM_BAD_OPCODE);
			known += e == E_OK;
		}
		CHECK_EQ(known, count_with_prefix(prefixes[k]));
	}
}

/* The bytes alone in a block of their own. */
static enum err next_of(const struct wasm_module *m, const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	struct wasm_insn insn;
	struct reader r;

	memcpy(copy, bytes, size);
	reader_init(&r, copy, size);
	enum err e = code_next(m, &r, &insn);

	free(copy);
	return e;
}

TEST(an_instruction_that_ends_too_early_is_refused)
{
	static struct wasm_func_type types[65];
	static const struct wasm_module m = {.types = types, .type_count = 65};

	for (size_t i = 0; i < COUNT_OF(g_rows); i++) {
		uint8_t bytes[64] = {g_rows[i].prefix ? g_rows[i].prefix : (uint8_t)g_rows[i].code};
		uint8_t *p = bytes + 1;
		struct wasm_insn insn;
		struct reader r;

		if (g_rows[i].prefix)
			put_leb(&p, g_rows[i].code);
		if (g_rows[i].op == WASM_OP_SELECT_T)
			memcpy(p, (const uint8_t[]){1, 0x7f}, 2);
		reader_init(&r, bytes, sizeof(bytes));
		CHECK_EQ(code_next(&m, &r, &insn), E_OK);
		size_t size = sizeof(bytes) - r.left;

		CHECK_EQ(next_of(&m, bytes, size), E_OK);
		while (size > 0)
			CHECK_EQ(next_of(&m, bytes, --size), E_WASM_END);
	}
}

/* ---- signatures by name ---------------------------------------------------------------------- */

struct signature {
	uint32_t in_count;
	uint8_t in[3];
	uint8_t out;
};

static struct signature signature(uint8_t out, uint32_t in_count, uint8_t a, uint8_t b, uint8_t c)
{
	return (struct signature){in_count, {a, b, c}, out};
}

static bool same_signature(const struct wasm_op_info *info, struct signature s)
{
	for (uint32_t i = 0; i < s.in_count && i < 3; i++) {
		if (info->in[i] != s.in[i])
			return false;
	}
	return info->in_count == s.in_count && info->out == s.out;
}

/* The type that "i32." or "f32x4." stands for: of a value, or of a lane outside of its vector. */
static uint8_t type_by_name(const char *text)
{
	if (starts(text, "i64"))
		return WASM_I64;
	if (starts(text, "f32"))
		return WASM_F32;
	return starts(text, "f64") ? WASM_F64 : WASM_I32;
}

static struct signature vector_signature(const char *text)
{
	static const char *const three[] = {"bitselect", "laneselect", "madd",
					    "dot_i8x16_i7x16_add_s"};
	static const char *const one[] = {".not",   ".abs",	".neg",	    ".popcnt",	".ceil",
					  ".floor", ".trunc",	".nearest", ".sqrt",	".extend_",
					  "extadd", ".convert", ".demote",  ".promote", "_trunc_"};
	const uint8_t v = WASM_V128, lane = type_by_name(text), no = WASM_NO_TYPE;

	if (starts(text, "v128.load"))
		return ends(text, "_lane") ? signature(v, 2, WASM_I32, v, 0)
					   : signature(v, 1, WASM_I32, 0, 0);
	if (starts(text, "v128.store"))
		return signature(no, 2, WASM_I32, v, 0);
	if (ends(text, ".const"))
		return signature(v, 0, 0, 0, 0);
	if (ends(text, ".splat"))
		return signature(v, 1, lane, 0, 0);
	if (has(text, "extract_lane"))
		return signature(lane, 1, v, 0, 0);
	if (has(text, "replace_lane"))
		return signature(v, 2, v, lane, 0);
	if (ends(text, "_true") || ends(text, ".bitmask"))
		return signature(WASM_I32, 1, v, 0, 0);
	if (has(text, ".shl") || has(text, ".shr"))
		return signature(v, 2, v, WASM_I32, 0);
	for (size_t i = 0; i < COUNT_OF(three); i++) {
		if (has(text, three[i]))
			return signature(v, 3, v, v, v);
	}
	for (size_t i = 0; i < COUNT_OF(one); i++) {
		if (has(text, one[i]))
			return signature(v, 1, v, 0, 0);
	}
	return signature(v, 2, v, v, 0);
}

static struct signature atomic_signature(const char *text)
{
	const uint8_t t = type_by_name(text), no = WASM_NO_TYPE;

	if (ends(text, "notify"))
		return signature(WASM_I32, 2, WASM_I32, WASM_I32, 0);
	if (has(text, "wait"))
		return signature(WASM_I32, 3, WASM_I32, ends(text, "64") ? WASM_I64 : WASM_I32,
				 WASM_I64);
	if (ends(text, "fence"))
		return signature(no, 0, 0, 0, 0);
	if (has(text, ".load"))
		return signature(t, 1, WASM_I32, 0, 0);
	if (has(text, ".store"))
		return signature(no, 2, WASM_I32, t, 0);
	if (has(text, "cmpxchg"))
		return signature(t, 3, WASM_I32, t, t);
	return signature(t, 2, WASM_I32, t, 0);
}

/* Numbers: loads, stores, tests, comparisons, and what converts names where it comes from. */
static struct signature number_signature(const char *text)
{
	static const char *const compare[] = {".eq", ".ne", ".lt", ".gt", ".le", ".ge"};
	static const char *const unary[] = {".clz",  ".ctz",	 ".popcnt",   ".abs",
					    ".neg",  ".ceil",	 ".floor",    ".nearest",
					    ".sqrt", ".extend8", ".extend16", ".extend32_s"};
	const uint8_t t = type_by_name(text);
	const char *from = strchr(text, '_');

	if (has(text, ".load"))
		return signature(t, 1, WASM_I32, 0, 0);
	if (has(text, ".store"))
		return signature(WASM_NO_TYPE, 2, WASM_I32, t, 0);
	if (ends(text, ".const"))
		return signature(t, 0, 0, 0, 0);
	if (ends(text, ".eqz"))
		return signature(WASM_I32, 1, t, 0, 0);
	if (starts(text + 3, ".trunc_sat"))
		return signature(t, 1, type_by_name(text + 14), 0, 0);
	if (from && (from[1] == 'i' || from[1] == 'f'))
		return signature(t, 1, type_by_name(from + 1), 0, 0);
	for (size_t i = 0; i < COUNT_OF(unary); i++) {
		if (starts(text + 3, unary[i]))
			return signature(t, 1, t, 0, 0);
	}
	for (size_t i = 0; i < COUNT_OF(compare); i++) {
		if (starts(text + 3, compare[i]))
			return signature(WASM_I32, 2, t, t, 0);
	}
	return strcmp(text + 3, ".trunc") == 0 ? signature(t, 1, t, 0, 0)
					       : signature(t, 2, t, t, 0);
}

TEST(signatures_agree_with_the_names)
{
	size_t checked = 0;

	for (size_t i = 0; i < COUNT_OF(g_rows); i++) {
		const struct wasm_op_info *info = wasm_op_info(g_rows[i].op);
		bool number = starts(info->text, "i32.") || starts(info->text, "i64.") ||
			      starts(info->text, "f32.") || starts(info->text, "f64.");
		bool same;

		if (g_rows[i].prefix == 0xfd)
			same = same_signature(info, vector_signature(info->text));
		else if (g_rows[i].prefix == 0xfe)
			same = same_signature(info, atomic_signature(info->text));
		else if (number)
			same = same_signature(info, number_signature(info->text));
		else
			continue;
		checked++;
		if (!same)
			printf("  %s\n", info->text);
		CHECK(same);
	}
	CHECK_EQ(checked, 256 + 67 + 25 + 4 + 128 + 8 - 2);
}

/* ---- immediates by name ---------------------------------------------------------------------- */

static unsigned log2_of_bits(const char *digits)
{
	switch (atoi(digits)) {
	case 8:
		return 0;
	case 16:
		return 1;
	case 32:
		return 2;
	case 64:
		return 3;
	default:
		return 99;
	}
}

/* The bytes that a load or store touches, as a power of two. */
static unsigned access_by_name(const char *text)
{
	const char *digits = text + strcspn(text, ".");
	bool extends = has(text, "x8_") || has(text, "x4_") || has(text, "x2_");

	if (starts(text, "v128") && extends)
		return 3;
	digits += strcspn(digits, "0123456789");
	if (*digits != 0)
		return log2_of_bits(digits);
	if (starts(text, "v128"))
		return 4;
	return starts(text, "i64") || starts(text, "f64") ? 3 : 2;
}

static unsigned immediate_by_name(const struct row *row)
{
	const char *text = text_of(row);

	if (ends(text, "fence"))
		return WASM_IMM_FENCE;
	if (row->prefix == 0xfe)
		return WASM_IMM_ATOMIC0 + access_by_name(text);
	if (starts(text, "v128.") && ends(text, "_lane"))
		return WASM_IMM_MEMLANE0 + access_by_name(text);
	if (has(text, ".load") || has(text, ".store"))
		return WASM_IMM_MEM0 + access_by_name(text);
	if (has(text, "extract_lane") || has(text, "replace_lane"))
		return starts(text, "i8")    ? WASM_IMM_LANE16
		       : starts(text, "i16") ? WASM_IMM_LANE8
		       : has(text, "32x4.")  ? WASM_IMM_LANE4
					     : WASM_IMM_LANE2;
	if (ends(text, "shuffle"))
		return WASM_IMM_SHUFFLE;
	return strcmp(text, "v128.const") == 0 ? WASM_IMM_V128 : WASM_IMM_NONE;
}

TEST(immediates_agree_with_the_names)
{
	size_t checked = 0;

	for (size_t i = 0; i < COUNT_OF(g_rows); i++) {
		const char *text = text_of(&g_rows[i]);
		bool same;

		if (g_rows[i].prefix == 0 && !has(text, ".load") && !has(text, ".store"))
			continue;
		if (g_rows[i].prefix == 0xfc && !has(text, "trunc_sat"))
			continue;
		same = wasm_op_info(g_rows[i].op)->imm == immediate_by_name(&g_rows[i]);
		checked++;
		if (!same)
			printf("  %s\n", text);
		CHECK(same);
	}
	CHECK_EQ(checked, 256 + 67 + 23 + 8);
}

int main(void)
{
	RUN(codes_and_names_stand_once);
	RUN(no_instruction_is_missing);
	RUN(codes_are_those_of_the_specification);
	RUN(each_code_leads_to_its_row_and_others_to_none);
	RUN(an_instruction_that_ends_too_early_is_refused);
	RUN(signatures_agree_with_the_names);
	RUN(immediates_agree_with_the_names);
	return check_report();
}
