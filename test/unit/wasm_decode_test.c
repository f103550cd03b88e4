/* The decoder: what is no module, every rule of the binary format, and what a module then answers.
 */
#include "wasm/code.h"
#include "wasm/leb.h"
#include "wasm/limits.h"

#include "test/lib/check.h"
#include "test/lib/native.h"
#include "test/lib/wasm_bytes.h"

#define I32	  0x7f
#define I64	  0x7e
#define F32	  0x7d
#define FUNCREF	  0x70
#define EXTERNREF 0x6f

/* Every section once, and most forms. */
static const uint8_t g_rich[] = {
	WASM_HEADER,
	SECTION_OF(TYPE, 2, 0x60, 0, 0, 0x60, 1, I32, 1, I64),
	SECTION_OF(IMPORT, 2, 1, 'e', 1, 'f', 0, 1, 1, 'e', 1, 'g', 3, I32, 0),
	SECTION_OF(FUNC, 2, 0, 1),
	SECTION_OF(TABLE, 2, FUNCREF, 1, 1, 9, EXTERNREF, 0, 0),
	SECTION_OF(MEMORY, 1, 1, 1, 2),
	SECTION_OF(GLOBAL, 2, I32, 1, 0x41, 5, 0x0b, FUNCREF, 0, 0xd2, 1, 0x0b),
	SECTION_OF(EXPORT, 3, 3, 'r', 'u', 'n', 0, 1, 1, 'm', 2, 0, 1, 'a', 0, 2),
	SECTION_OF(START, 1),
	SECTION_OF(ELEM, 2, 0, 0x41, 0, 0x0b, 1, 1, 5, FUNCREF, 2, 0xd0, FUNCREF, 0x0b, 0xd2, 2,
		   0x0b),
	SECTION_OF(DATA_COUNT, 2),
	SECTION_OF(CODE, 2, 2, 0, 0x0b, 7, 1, 3, I64, 0x20, 0, 0xac, 0x0b),
	SECTION_OF(DATA, 2, 0, 0x41, 0, 0x0b, 2, 'h', 'i', 1, 3, 'a', 'b', 'c'),
	SECTION_OF(CUSTOM, 4, 'n', 'a', 'm', 'e', 1, 6, 1, 1, 3, 'o', 'n', 'e'),
};

/* ---- what is no module ----------------------------------------------------------------------- */

static enum err verdict_of_text(const char *text)
{
	struct wasm_error error;

	return wasm_verdict(&error, (const uint8_t *)text, strlen(text));
}

TEST(nothing_text_and_components_are_named)
{
	struct wasm_error error;

	CHECK_EQ(verdict_of_text(""), E_WASM_EMPTY);
	CHECK_EQ(verdict_of_text("(module)"), E_WASM_TEXT);
	CHECK_EQ(verdict_of_text(" \t\n(module"), E_WASM_TEXT);
	CHECK_EQ(verdict_of_text(";; a comment"), E_WASM_TEXT);
	CHECK_EQ(verdict_of_text("\x7f"
				 "ELF"),
		 E_WASM_MAGIC);
	CHECK_EQ(verdict_of_text(" "), E_WASM_MAGIC);
	CHECK_EQ(wasm_verdict(&error, BYTES(0, 'a', 's', 'm', 0x0d, 0, 1, 0)), E_WASM_COMPONENT);
	CHECK_EQ(wasm_verdict(&error, BYTES(0, 'a', 's', 'm', 2, 0, 0, 0)), E_WASM_VERSION);
	CHECK_EQ(wasm_verdict(&error, BYTES(0, 'a', 's', 'm', 1, 0, 2, 0)), E_WASM_VERSION);
	CHECK_EQ(wasm_verdict(&error, BYTES(0, 'a', 's')), E_WASM_END);
	CHECK_EQ(wasm_verdict(&error, BYTES(0, 'a', 's', 'm', 1, 0, 0)), E_WASM_END);
	CHECK_EQ(wasm_verdict(&error, BYTES(WASM_HEADER)), E_OK);
}

/* Is n the end of the header or of a section of g_rich? */
static bool is_section_end(size_t n)
{
	size_t at = 8;

	while (at < n)
		at += 2 + (size_t)g_rich[at + 1];
	return at == n;
}

TEST(every_truncation_inside_a_section_is_refused)
{
	struct wasm_error error;

	CHECK_EQ(wasm_verdict(&error, g_rich, sizeof(g_rich)), E_OK);
	for (size_t n = 0; n < sizeof(g_rich); n++) {
		if (!is_section_end(n))
			CHECK(wasm_verdict(&error, g_rich, n) != E_OK);
	}
}

TEST(one_byte_more_is_refused)
{
	uint8_t longer[sizeof(g_rich) + 1] = {0};
	struct wasm_error error;

	memcpy(longer, g_rich, sizeof(g_rich));
	CHECK_EQ(wasm_verdict(&error, longer, sizeof(longer)), E_WASM_END);
}

/* ---- integers -------------------------------------------------------------------------------- */

static enum err unsigned_verdict(uint64_t *out, unsigned bits, const uint8_t *p, size_t n)
{
	struct reader r;

	reader_init(&r, p, n);
	return leb_take_unsigned(&r, bits, out);
}

static enum err signed_verdict(int64_t *out, unsigned bits, const uint8_t *p, size_t n)
{
	struct reader r;

	reader_init(&r, p, n);
	return leb_take_signed(&r, bits, out);
}

TEST(leb_accepts_padding_up_to_its_width)
{
	uint64_t u = 0;
	int64_t s = 0;

	CHECK_EQ(unsigned_verdict(&u, 32, BYTES(0x83, 0x80, 0x80, 0x80, 0)), E_OK);
	CHECK_EQ(u, 3);
	CHECK_EQ(unsigned_verdict(&u, 32, BYTES(0xff, 0xff, 0xff, 0xff, 0x0f)), E_OK);
	CHECK_EQ(u, UINT32_MAX);
	CHECK_EQ(signed_verdict(&s, 32, BYTES(0xff, 0xff, 0xff, 0xff, 0x7f)), E_OK);
	CHECK(s == -1);
	CHECK_EQ(signed_verdict(&s, 32, BYTES(0x80, 0x80, 0x80, 0x80, 0x78)), E_OK);
	CHECK(s == INT32_MIN);
	CHECK_EQ(signed_verdict(&s, 33, BYTES(0xff, 0xff, 0xff, 0xff, 0x0f)), E_OK);
	CHECK(s == UINT32_MAX);
	CHECK_EQ(signed_verdict(&s, 64,
				BYTES(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f)),
		 E_OK);
	CHECK(s == INT64_MIN);
	CHECK_EQ(unsigned_verdict(
			 &u, 64, BYTES(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01)),
		 E_OK);
	CHECK_EQ(u, UINT64_MAX);
	CHECK_EQ(signed_verdict(&s, 64, BYTES(0x40)), E_OK);
	CHECK(s == -64);
}

TEST(leb_rejects_overlong)
{
	uint64_t u;
	int64_t s;

	CHECK_EQ(unsigned_verdict(&u, 32, BYTES(0x80, 0x80, 0x80, 0x80, 0x80, 0)), E_WASM_LEB_LONG);
	CHECK_EQ(signed_verdict(&s, 32, BYTES(0x80, 0x80, 0x80, 0x80, 0x80, 0)), E_WASM_LEB_LONG);
	CHECK_EQ(signed_verdict(
			 &s, 64,
			 BYTES(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0)),
		 E_WASM_LEB_LONG);
}

TEST(leb_rejects_unused_bits)
{
	uint64_t u;
	int64_t s;

	CHECK_EQ(unsigned_verdict(&u, 32, BYTES(0x80, 0x80, 0x80, 0x80, 0x10)), E_WASM_LEB_LARGE);
	CHECK_EQ(unsigned_verdict(&u, 32, BYTES(0x80, 0x80, 0x80, 0x80, 0x40)), E_WASM_LEB_LARGE);
	CHECK_EQ(signed_verdict(&s, 32, BYTES(0x80, 0x80, 0x80, 0x80, 0x70)), E_WASM_LEB_LARGE);
	CHECK_EQ(signed_verdict(&s, 32, BYTES(0xff, 0xff, 0xff, 0xff, 0x0f)), E_WASM_LEB_LARGE);
	CHECK_EQ(signed_verdict(&s, 33, BYTES(0x80, 0x80, 0x80, 0x80, 0x20)), E_WASM_LEB_LARGE);
	CHECK_EQ(signed_verdict(&s, 64,
				BYTES(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01)),
		 E_WASM_LEB_LARGE);
}

TEST(leb_rejects_an_early_end)
{
	uint64_t u;
	int64_t s;

	CHECK_EQ(unsigned_verdict(&u, 32, BYTES(0x80)), E_WASM_END);
	CHECK_EQ(signed_verdict(&s, 64, BYTES(0xff, 0xff)), E_WASM_END);
	CHECK_EQ(unsigned_verdict(&u, 32, NULL, 0), E_WASM_END);
}

/* ---- sections -------------------------------------------------------------------------------- */

TEST(sections_come_once_and_in_order)
{
	CHECK_EQ(VERDICT(SECTION_OF(TYPE, 0), SECTION_OF(TYPE, 0)), E_WASM_SECTION_ORDER);
	CHECK_EQ(VERDICT(SECTION_OF(IMPORT, 0), SECTION_OF(TYPE, 0)), E_WASM_SECTION_ORDER);
	CHECK_EQ(VERDICT(SECTION_OF(CODE, 0), SECTION_OF(DATA_COUNT, 0)), E_WASM_SECTION_ORDER);
	CHECK_EQ(VERDICT(SECTION_OF(DATA, 0), SECTION_OF(CODE, 0)), E_WASM_SECTION_ORDER);
	CHECK_EQ(VERDICT(SECTION_OF(DATA_COUNT, 0), SECTION_OF(CODE, 0), SECTION_OF(DATA, 0)),
		 E_OK);
	CHECK_EQ(VERDICT(14, 0), E_WASM_SECTION_ID);
	CHECK_EQ(VERDICT(0xff, 0), E_WASM_SECTION_ID);
}

TEST(sections_have_exactly_their_size)
{
	CHECK_EQ(VERDICT(TYPE, 2, 0, 0), E_WASM_SECTION_SIZE);
	CHECK_EQ(VERDICT(TYPE, 3, 1, 0x60, 0, 0), E_WASM_END);
	CHECK_EQ(VERDICT(TYPE, 2, 0), E_WASM_END);
	CHECK_EQ(VERDICT(TYPE), E_WASM_END);
	CHECK_EQ(VERDICT(TYPE, 0xff, 0xff, 0xff, 0xff, 0x0f, 0), E_WASM_END);
	CHECK_EQ(VERDICT(TYPE, 0x81, 0x80, 0x80, 0x80, 0x00, 0), E_OK);
	CHECK_EQ(VERDICT(TYPE, 0x81, 0x80, 0x80, 0x80, 0x80, 0, 0), E_WASM_LEB_LONG);
}

TEST(counts_are_held_against_the_bytes_left)
{
	CHECK_EQ(VERDICT(SECTION_OF(TYPE, 2, 0x60, 0, 0)), E_WASM_END);
	CHECK_EQ(VERDICT(SECTION_OF(TYPE, 0xff, 0xff, 0xff, 0xff, 0x0f)), E_WASM_END);
	CHECK_EQ(VERDICT(SECTION_OF(TYPE, 1, 0x60, 0xff, 0xff, 3)), E_WASM_END);
	CHECK_EQ(VERDICT(SECTION_OF(IMPORT, 0xff, 0xff, 0xff, 0xff, 0x0f)), E_WASM_END);
	CHECK_EQ(VERDICT(SECTION_OF(FUNC, 0xff, 0xff, 0xff, 0xff, 0x0f)), E_WASM_END);
	CHECK_EQ(VERDICT(SECTION_OF(GLOBAL, 0xff, 0xff, 0xff, 0xff, 0x0f)), E_WASM_END);
	CHECK_EQ(VERDICT(SECTION_OF(EXPORT, 0xff, 0xff, 0xff, 0xff, 0x0f)), E_WASM_END);
	CHECK_EQ(VERDICT(SECTION_OF(ELEM, 0xff, 0xff, 0xff, 0xff, 0x0f)), E_WASM_END);
	CHECK_EQ(VERDICT(SECTION_OF(CODE, 0xff, 0xff, 0xff, 0xff, 0x0f)), E_WASM_END);
	CHECK_EQ(VERDICT(SECTION_OF(DATA, 0xff, 0xff, 0xff, 0xff, 0x0f)), E_WASM_END);
	CHECK_EQ(VERDICT(SECTION_OF(DATA_COUNT, 0xff, 0xff, 0xff, 0xff, 0x0f)), E_WASM_MANY_DATAS);
}

/* A type section of one type with that many parameters. */
static enum err verdict_of_params(uint32_t count)
{
	uint8_t module[8 + 16 + WASM_MAX_PARAMS + 1] = {WASM_HEADER, TYPE};
	uint32_t size = 1 + 1 + 2 + count + 1;
	struct wasm_error error;
	uint8_t *p = module + 9;

	*p++ = (uint8_t)(size | 0x80);
	*p++ = (uint8_t)(size >> 7);
	*p++ = 1;
	*p++ = 0x60;
	*p++ = (uint8_t)(count | 0x80);
	*p++ = (uint8_t)(count >> 7);
	memset(p, I32, count);
	p += count;
	*p++ = 0;
	return wasm_verdict(&error, module, (size_t)(p - module));
}

TEST(limits_hold_at_their_value_and_not_one_above)
{
	CHECK_EQ(verdict_of_params(WASM_MAX_PARAMS), E_OK);
	CHECK_EQ(verdict_of_params(WASM_MAX_PARAMS + 1), E_WASM_MANY_PARAMS);
}

/* ---- types, imports, index spaces ------------------------------------------------------------ */

TEST(malformed_types_are_refused)
{
	CHECK_EQ(VERDICT(SECTION_OF(TYPE, 1, 0x61, 0, 0)), E_WASM_BAD_TYPE);
	CHECK_EQ(VERDICT(SECTION_OF(TYPE, 1, 0x60, 1, 0x40, 0)), E_WASM_BAD_TYPE);
	CHECK_EQ(VERDICT(SECTION_OF(TYPE, 1, 0x60, 1, 0, 0)), E_WASM_BAD_TYPE);
	CHECK_EQ(VERDICT(SECTION_OF(TYPE, 1, 0x60, 0, 1, 0xff)), E_WASM_BAD_TYPE);
	CHECK_EQ(VERDICT(SECTION_OF(TABLE, 1, I32, 0, 0)), E_WASM_BAD_TYPE);
}

TEST(unsupported_features_are_named)
{
	CHECK_EQ(VERDICT(SECTION_OF(TYPE, 1, 0x5f, 0)), E_WASM_NEEDS_GC);
	CHECK_EQ(VERDICT(SECTION_OF(TYPE, 1, 0x4e, 0)), E_WASM_NEEDS_GC);
	CHECK_EQ(VERDICT(SECTION_OF(TYPE, 1, 0x60, 1, 0x6e, 0)), E_WASM_NEEDS_GC);
	CHECK_EQ(VERDICT(SECTION_OF(TYPE, 1, 0x60, 1, 0x64, 0x6b, 0)), E_WASM_NEEDS_GC);
	CHECK_EQ(VERDICT(SECTION_OF(MEMORY, 1, 4, 1)), E_WASM_NEEDS_MEMORY64);
	CHECK_EQ(VERDICT(SECTION_OF(MEMORY, 1, 7, 1, 1)), E_WASM_NEEDS_MEMORY64);
	CHECK_EQ(VERDICT(SECTION_OF(TABLE, 1, FUNCREF, 4, 1)), E_WASM_NEEDS_MEMORY64);
}

TEST(imports_are_checked)
{
	CHECK_EQ(VERDICT(SECTION_OF(IMPORT, 1, 0, 0, 5, 0)), E_WASM_BAD_KIND);
	CHECK_EQ(VERDICT(SECTION_OF(IMPORT, 1, 0, 0, 0, 0)), E_WASM_NO_SUCH_TYPE);
	CHECK_EQ(VERDICT(SECTION_OF(TYPE, 1, 0x60, 0, 0), SECTION_OF(IMPORT, 1, 0, 0, 0, 1)),
		 E_WASM_NO_SUCH_TYPE);
	CHECK_EQ(VERDICT(SECTION_OF(IMPORT, 1, 0, 0, 3, I32, 2)), E_WASM_BAD_MUTABILITY);
	CHECK_EQ(VERDICT(SECTION_OF(IMPORT, 1, 9, 'a', 0, 0, 0)), E_WASM_END);
}

TEST(an_import_that_is_refused_is_named)
{
	static const uint8_t module[] = {WASM_HEADER,
					 SECTION_OF(IMPORT, 1, 1, 'm', 2, 'f', 'n', 0, 7)};
	struct wasm_module m;
	struct wasm_error error;

	CHECK_EQ(wasm_decode(&m, &error, module, sizeof(module)), E_WASM_NO_SUCH_TYPE);
	CHECK_EQ(error.code, E_WASM_NO_SUCH_TYPE);
	CHECK_EQ(error.func, WASM_NO_INDEX);
	CHECK_EQ(error.offset, sizeof(module));
	CHECK(error.name.len == 2 && memcmp(error.name.p, "fn", 2) == 0);
	CHECK(m.bytes == NULL && m.imports == NULL);
}

TEST(names_are_utf8)
{
	CHECK_EQ(VERDICT(SECTION_OF(CUSTOM, 3, 0xe2, 0x82, 0xac)), E_OK);
	CHECK_EQ(VERDICT(SECTION_OF(CUSTOM, 4, 0xf4, 0x8f, 0xbf, 0xbf)), E_OK);
	CHECK_EQ(VERDICT(SECTION_OF(CUSTOM, 1, 0x80)), E_WASM_UTF8);
	CHECK_EQ(VERDICT(SECTION_OF(CUSTOM, 2, 0xc0, 0x80)), E_WASM_UTF8);
	CHECK_EQ(VERDICT(SECTION_OF(CUSTOM, 3, 0xe0, 0x9f, 0xbf)), E_WASM_UTF8);
	CHECK_EQ(VERDICT(SECTION_OF(CUSTOM, 3, 0xed, 0xa0, 0x80)), E_WASM_UTF8);
	CHECK_EQ(VERDICT(SECTION_OF(CUSTOM, 4, 0xf0, 0x8f, 0xbf, 0xbf)), E_WASM_UTF8);
	CHECK_EQ(VERDICT(SECTION_OF(CUSTOM, 4, 0xf4, 0x90, 0x80, 0x80)), E_WASM_UTF8);
	CHECK_EQ(VERDICT(SECTION_OF(CUSTOM, 2, 0xe2, 0x82)), E_WASM_UTF8);
	CHECK_EQ(VERDICT(SECTION_OF(CUSTOM, 3, 0xe2, 0x28, 0xa1)), E_WASM_UTF8);
	CHECK_EQ(VERDICT(SECTION_OF(CUSTOM, 3, 0xe2, 0x82, 0x28)), E_WASM_UTF8);
	CHECK_EQ(VERDICT(SECTION_OF(CUSTOM, 1, 0xff)), E_WASM_UTF8);
	CHECK_EQ(VERDICT(SECTION_OF(CUSTOM, 2, 'a')), E_WASM_END);
}

TEST(limits_are_checked)
{
	CHECK_EQ(VERDICT(SECTION_OF(MEMORY, 1, 8, 1)), E_WASM_BAD_LIMITS);
	CHECK_EQ(VERDICT(SECTION_OF(MEMORY, 1, 0x81, 0, 1)), E_WASM_BAD_LIMITS);
	CHECK_EQ(VERDICT(SECTION_OF(MEMORY, 1, 1, 2, 1)), E_WASM_LIMITS_ORDER);
	CHECK_EQ(VERDICT(SECTION_OF(MEMORY, 1, 0, 0x80, 0x80, 4)), E_OK);
	CHECK_EQ(VERDICT(SECTION_OF(MEMORY, 1, 0, 0x81, 0x80, 4)), E_WASM_BIG_MEMORY);
	CHECK_EQ(VERDICT(SECTION_OF(MEMORY, 1, 1, 0, 0x81, 0x80, 4)), E_WASM_BIG_MEMORY);
	CHECK_EQ(VERDICT(SECTION_OF(TABLE, 1, FUNCREF, 1, 2, 1)), E_WASM_LIMITS_ORDER);
	CHECK_EQ(VERDICT(SECTION_OF(TABLE, 1, FUNCREF, 0, 0xff, 0xff, 0xff, 0xff, 0x0f)), E_OK);
	CHECK_EQ(VERDICT(SECTION_OF(TABLE, 1, FUNCREF, 0, 0xff, 0xff, 0xff, 0xff, 0x1f)),
		 E_WASM_LEB_LARGE);
}

TEST(globals_are_checked)
{
	CHECK_EQ(VERDICT(SECTION_OF(GLOBAL, 1, I32, 0, 0x41, 0, 0x0b)), E_OK);
	CHECK_EQ(VERDICT(SECTION_OF(GLOBAL, 1, I32, 2, 0x41, 0, 0x0b)), E_WASM_BAD_MUTABILITY);
	CHECK_EQ(VERDICT(SECTION_OF(GLOBAL, 1, I64, 0, 0x41, 0, 0x0b)), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(VERDICT(SECTION_OF(GLOBAL, 1, I32, 0, 0x0b)), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(VERDICT(SECTION_OF(GLOBAL, 1, I32, 0, 0x41, 0, 0x41, 0, 0x0b)),
		 E_WASM_TYPE_MISMATCH);
	CHECK_EQ(VERDICT(SECTION_OF(GLOBAL, 1, I32, 0, 0x01, 0x41, 0, 0x0b)), E_WASM_NOT_CONST);
	CHECK_EQ(VERDICT(SECTION_OF(GLOBAL, 1, I32, 0, 0x41, 1, 0x41, 1, 0x6d, 0x0b)),
		 E_WASM_NOT_CONST);
	CHECK_EQ(VERDICT(SECTION_OF(GLOBAL, 1, I32, 0, 0x41, 0)), E_WASM_END);
	CHECK_EQ(VERDICT(SECTION_OF(GLOBAL, 1, FUNCREF, 0, 0xd2, 0, 0x0b)), E_WASM_NO_SUCH_FUNC);
	CHECK_EQ(VERDICT(SECTION_OF(GLOBAL, 1, EXTERNREF, 0, 0xd0, FUNCREF, 0x0b)),
		 E_WASM_TYPE_MISMATCH);
}

TEST(extended_constant_expressions_are_typed)
{
	CHECK_EQ(
		VERDICT(SECTION_OF(GLOBAL, 1, I32, 0, 0x41, 1, 0x41, 2, 0x6a, 0x41, 3, 0x6c, 0x0b)),
		E_OK);
	CHECK_EQ(VERDICT(SECTION_OF(GLOBAL, 1, I64, 0, 0x42, 1, 0x42, 2, 0x7d, 0x0b)), E_OK);
	CHECK_EQ(VERDICT(SECTION_OF(GLOBAL, 1, I32, 0, 0x41, 1, 0x42, 2, 0x6a, 0x0b)),
		 E_WASM_TYPE_MISMATCH);
	CHECK_EQ(VERDICT(SECTION_OF(GLOBAL, 1, I32, 0, 0x41, 1, 0x6a, 0x0b)), E_WASM_TYPE_MISMATCH);
}

TEST(initializers_use_earlier_immutable_globals_only)
{
	CHECK_EQ(VERDICT(SECTION_OF(GLOBAL, 2, I32, 0, 0x41, 0, 0x0b, I32, 0, 0x23, 0, 0x0b)),
		 E_OK);
	CHECK_EQ(VERDICT(SECTION_OF(GLOBAL, 2, I32, 1, 0x41, 0, 0x0b, I32, 0, 0x23, 0, 0x0b)),
		 E_WASM_NOT_CONST);
	CHECK_EQ(VERDICT(SECTION_OF(GLOBAL, 1, I32, 0, 0x23, 0, 0x0b)), E_WASM_NO_SUCH_GLOBAL);
	CHECK_EQ(VERDICT(SECTION_OF(GLOBAL, 2, I32, 0, 0x23, 1, 0x0b, I32, 0, 0x41, 0, 0x0b)),
		 E_WASM_NO_SUCH_GLOBAL);
}

TEST(functions_and_bodies_agree_in_number)
{
	CHECK_EQ(VERDICT(SECTION_OF(TYPE, 1, 0x60, 0, 0), SECTION_OF(FUNC, 1, 0)),
		 E_WASM_CODE_COUNT);
	CHECK_EQ(VERDICT(SECTION_OF(CODE, 1, 2, 0, 0x0b)), E_WASM_CODE_COUNT);
	CHECK_EQ(VERDICT(SECTION_OF(TYPE, 1, 0x60, 0, 0), SECTION_OF(FUNC, 1, 0),
			 SECTION_OF(CODE, 2, 2, 0, 0x0b, 2, 0, 0x0b)),
		 E_WASM_CODE_COUNT);
	CHECK_EQ(VERDICT(SECTION_OF(FUNC, 1, 0)), E_WASM_NO_SUCH_TYPE);
	CHECK_EQ(VERDICT(SECTION_OF(TYPE, 1, 0x60, 0, 0), SECTION_OF(FUNC, 1, 0),
			 SECTION_OF(CODE, 1, 3, 0, 0x0b)),
		 E_WASM_END);
}

/* ---- exports and start ----------------------------------------------------------------------- */

TEST(exports_name_what_exists)
{
	CHECK_EQ(VERDICT(SECTION_OF(EXPORT, 1, 1, 'a', 0, 0)), E_WASM_NO_SUCH_FUNC);
	CHECK_EQ(VERDICT(SECTION_OF(EXPORT, 1, 1, 'a', 1, 0)), E_WASM_NO_SUCH_TABLE);
	CHECK_EQ(VERDICT(SECTION_OF(EXPORT, 1, 1, 'a', 2, 0)), E_WASM_NO_SUCH_MEMORY);
	CHECK_EQ(VERDICT(SECTION_OF(EXPORT, 1, 1, 'a', 3, 0)), E_WASM_NO_SUCH_GLOBAL);
	CHECK_EQ(VERDICT(SECTION_OF(EXPORT, 1, 1, 'a', 4, 0)), E_WASM_NO_SUCH_TAG);
	CHECK_EQ(VERDICT(SECTION_OF(EXPORT, 1, 1, 'a', 5, 0)), E_WASM_BAD_KIND);
}

TEST(export_names_are_unique)
{
	CHECK_EQ(VERDICT(SECTION_OF(MEMORY, 1, 0, 1),
			 SECTION_OF(EXPORT, 3, 1, 'a', 2, 0, 1, 'b', 2, 0, 1, 'c', 2, 0)),
		 E_OK);
	CHECK_EQ(VERDICT(SECTION_OF(MEMORY, 1, 0, 1),
			 SECTION_OF(EXPORT, 3, 1, 'a', 2, 0, 1, 'b', 2, 0, 1, 'a', 2, 0)),
		 E_WASM_DUPLICATE_EXPORT);
	CHECK_EQ(VERDICT(SECTION_OF(MEMORY, 1, 0, 1), SECTION_OF(EXPORT, 2, 0, 2, 0, 0, 2, 0)),
		 E_WASM_DUPLICATE_EXPORT);
}

TEST(exports_are_found_by_name)
{
	struct wasm_module m;
	struct wasm_error error;

	CHECK_EQ(wasm_decode(&m, &error, g_rich, sizeof(g_rich)), E_OK);
	const struct wasm_export *run = wasm_export_find(&m, "run", 3);
	const struct wasm_export *memory = wasm_export_find(&m, "m", 1);

	CHECK(run && run->kind == WASM_KIND_FUNC && run->index == 1);
	CHECK(memory && memory->kind == WASM_KIND_MEMORY);
	CHECK(wasm_export_find(&m, "ru", 2) == NULL);
	CHECK(wasm_export_find(&m, "rum", 3) == NULL);
	CHECK(wasm_export_find(&m, "runn", 4) == NULL);
	CHECK(wasm_export_find(&m, "", 0) == NULL);
	wasm_module_fini(&m);
}

/* 300 exports "000" .. "299" in a scrambled order, and one twice if asked. */
static size_t many_exports(uint8_t *module, bool twice)
{
	static const uint8_t head[] = {WASM_HEADER, SECTION_OF(MEMORY, 1, 0, 1), EXPORT};
	uint32_t size = 2 + 300 * 6;
	uint8_t *p = module;

	memcpy(p, head, sizeof(head));
	p += sizeof(head);
	*p++ = (uint8_t)(size | 0x80);
	*p++ = (uint8_t)(size >> 7);
	*p++ = (uint8_t)(300 | 0x80);
	*p++ = 300 >> 7;
	for (unsigned i = 0; i < 300; i++) {
		unsigned n = twice && i == 299 ? 0 : i * 7 % 300;
		const uint8_t entry[6] = {3,
					  (uint8_t)('0' + n / 100),
					  (uint8_t)('0' + n / 10 % 10),
					  (uint8_t)('0' + n % 10),
					  2,
					  0};

		memcpy(p, entry, sizeof(entry));
		p += sizeof(entry);
	}
	return (size_t)(p - module);
}

TEST(many_exports_are_sorted)
{
	uint8_t module[2048];
	struct wasm_module m;
	struct wasm_error error;
	size_t size = many_exports(module, false);

	CHECK_EQ(wasm_decode(&m, &error, module, size), E_OK);
	for (unsigned n = 0; n < 300; n++) {
		const char name[3] = {(char)('0' + n / 100), (char)('0' + n / 10 % 10),
				      (char)('0' + n % 10)};
		const struct wasm_export *e = wasm_export_find(&m, name, 3);

		CHECK(e && memcmp(e->name.p, name, 3) == 0);
	}
	wasm_module_fini(&m);
	size = many_exports(module, true);
	CHECK_EQ(wasm_decode(&m, &error, module, size), E_WASM_DUPLICATE_EXPORT);
	CHECK(error.name.len == 3 && memcmp(error.name.p, "000", 3) == 0);
}

TEST(the_start_function_takes_and_gives_nothing)
{
	CHECK_EQ(VERDICT(SECTION_OF(START, 0)), E_WASM_NO_SUCH_FUNC);
	CHECK_EQ(VERDICT(SECTION_OF(TYPE, 1, 0x60, 1, I32, 0), SECTION_OF(IMPORT, 1, 0, 0, 0, 0),
			 SECTION_OF(START, 0)),
		 E_WASM_START_TYPE);
	CHECK_EQ(VERDICT(SECTION_OF(TYPE, 1, 0x60, 0, 1, I32), SECTION_OF(IMPORT, 1, 0, 0, 0, 0),
			 SECTION_OF(START, 0)),
		 E_WASM_START_TYPE);
	CHECK_EQ(VERDICT(SECTION_OF(TYPE, 1, 0x60, 0, 0), SECTION_OF(IMPORT, 1, 0, 0, 0, 0),
			 SECTION_OF(START, 0)),
		 E_OK);
}

/* ---- segments -------------------------------------------------------------------------------- */

#define ELEM_WITH_TABLE(type, ...)                                                                 \
	VERDICT(SECTION_OF(TYPE, 1, 0x60, 0, 0), SECTION_OF(IMPORT, 1, 0, 0, 0, 0),                \
		SECTION_OF(TABLE, 2, FUNCREF, 0, 1, type, 0, 1), SECTION_OF(ELEM, 1, __VA_ARGS__))

TEST(element_segments_come_in_eight_forms)
{
	CHECK_EQ(ELEM_WITH_TABLE(FUNCREF, 0, 0x41, 0, 0x0b, 1, 0), E_OK);
	CHECK_EQ(ELEM_WITH_TABLE(FUNCREF, 1, 0, 1, 0), E_OK);
	CHECK_EQ(ELEM_WITH_TABLE(FUNCREF, 2, 1, 0x41, 0, 0x0b, 0, 1, 0), E_OK);
	CHECK_EQ(ELEM_WITH_TABLE(FUNCREF, 3, 0, 1, 0), E_OK);
	CHECK_EQ(ELEM_WITH_TABLE(FUNCREF, 4, 0x41, 0, 0x0b, 1, 0xd2, 0, 0x0b), E_OK);
	CHECK_EQ(ELEM_WITH_TABLE(FUNCREF, 5, EXTERNREF, 1, 0xd0, EXTERNREF, 0x0b), E_OK);
	CHECK_EQ(ELEM_WITH_TABLE(EXTERNREF, 6, 1, 0x41, 0, 0x0b, EXTERNREF, 1, 0xd0, EXTERNREF,
				 0x0b),
		 E_OK);
	CHECK_EQ(ELEM_WITH_TABLE(FUNCREF, 7, FUNCREF, 1, 0xd0, FUNCREF, 0x0b), E_OK);
	CHECK_EQ(ELEM_WITH_TABLE(FUNCREF, 8, 0x41, 0, 0x0b, 1, 0), E_WASM_BAD_SEGMENT);
}

TEST(element_segments_are_checked)
{
	CHECK_EQ(ELEM_WITH_TABLE(FUNCREF, 1, 1, 1, 0), E_WASM_BAD_ELEM_KIND);
	CHECK_EQ(ELEM_WITH_TABLE(FUNCREF, 1, 0, 1, 1), E_WASM_NO_SUCH_FUNC);
	CHECK_EQ(ELEM_WITH_TABLE(FUNCREF, 1, 0, 2, 0), E_WASM_END);
	CHECK_EQ(ELEM_WITH_TABLE(EXTERNREF, 2, 1, 0x41, 0, 0x0b, 0, 1, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(ELEM_WITH_TABLE(FUNCREF, 2, 2, 0x41, 0, 0x0b, 0, 1, 0), E_WASM_NO_SUCH_TABLE);
	CHECK_EQ(ELEM_WITH_TABLE(FUNCREF, 0, 0x42, 0, 0x0b, 1, 0), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(ELEM_WITH_TABLE(FUNCREF, 5, FUNCREF, 1, 0xd0, EXTERNREF, 0x0b),
		 E_WASM_TYPE_MISMATCH);
	CHECK_EQ(ELEM_WITH_TABLE(FUNCREF, 5, I32, 1, 0x41, 0, 0x0b), E_WASM_BAD_TYPE);
	CHECK_EQ(VERDICT(SECTION_OF(ELEM, 1, 0, 0x41, 0, 0x0b, 0)), E_WASM_NO_SUCH_TABLE);
}

TEST(element_items_are_listed)
{
	struct wasm_module m;
	struct wasm_error error;

	CHECK_EQ(wasm_decode(&m, &error, g_rich, sizeof(g_rich)), E_OK);
	CHECK_EQ(m.elem_count, 2);
	struct reader r = wasm_span_reader(&m, m.elems[0].items);
	struct wasm_item item = wasm_elem_next(&m, &m.elems[0], &r);

	CHECK(item.kind == WASM_ITEM_FUNC && item.index == 1);
	CHECK(reader_done(&r));
	r = wasm_span_reader(&m, m.elems[1].items);
	item = wasm_elem_next(&m, &m.elems[1], &r);
	CHECK(item.kind == WASM_ITEM_NULL);
	item = wasm_elem_next(&m, &m.elems[1], &r);
	CHECK(item.kind == WASM_ITEM_FUNC && item.index == 2);
	CHECK(reader_done(&r));
	wasm_module_fini(&m);
}

#define DATA_WITH_MEMORY(...) VERDICT(SECTION_OF(MEMORY, 1, 0, 1), SECTION_OF(DATA, __VA_ARGS__))

TEST(data_segments_are_checked)
{
	CHECK_EQ(DATA_WITH_MEMORY(1, 0, 0x41, 0, 0x0b, 1, 'a'), E_OK);
	CHECK_EQ(DATA_WITH_MEMORY(1, 1, 1, 'a'), E_OK);
	CHECK_EQ(DATA_WITH_MEMORY(1, 2, 0, 0x41, 0, 0x0b, 1, 'a'), E_OK);
	CHECK_EQ(DATA_WITH_MEMORY(1, 2, 1, 0x41, 0, 0x0b, 1, 'a'), E_WASM_NO_SUCH_MEMORY);
	CHECK_EQ(DATA_WITH_MEMORY(1, 3, 1, 'a'), E_WASM_BAD_SEGMENT);
	CHECK_EQ(DATA_WITH_MEMORY(1, 1, 2, 'a'), E_WASM_END);
	CHECK_EQ(DATA_WITH_MEMORY(1, 1, 0, 'a'), E_WASM_SECTION_SIZE);
	CHECK_EQ(DATA_WITH_MEMORY(1, 0, 0x42, 0, 0x0b, 1, 'a'), E_WASM_TYPE_MISMATCH);
	CHECK_EQ(VERDICT(SECTION_OF(DATA, 1, 0, 0x41, 0, 0x0b, 0)), E_WASM_NO_SUCH_MEMORY);
}

TEST(the_data_count_agrees_with_the_segments)
{
	CHECK_EQ(VERDICT(SECTION_OF(DATA_COUNT, 1), SECTION_OF(DATA, 1, 1, 0)), E_OK);
	CHECK_EQ(VERDICT(SECTION_OF(DATA_COUNT, 2), SECTION_OF(DATA, 1, 1, 0)), E_WASM_DATA_COUNT);
	CHECK_EQ(VERDICT(SECTION_OF(DATA_COUNT, 0), SECTION_OF(DATA, 1, 1, 0)), E_WASM_DATA_COUNT);
	CHECK_EQ(VERDICT(SECTION_OF(DATA_COUNT, 1)), E_WASM_DATA_COUNT);
	CHECK_EQ(VERDICT(SECTION_OF(DATA_COUNT, 0)), E_OK);
}

/* ---- custom sections ------------------------------------------------------------------------- */

#define NATIVE_NAME 14, 'r', 'e', 't', 'w', 'i', 'n', 'e', '.', 'n', 'a', 't', 'i', 'v', 'e'

TEST(native_code_is_the_last_section)
{
	CHECK_EQ(VERDICT(SECTION_OF(CUSTOM, NATIVE_NAME, 1, 2)), E_OK);
	CHECK_EQ(VERDICT(SECTION_OF(CUSTOM, NATIVE_NAME), SECTION_OF(CUSTOM, 0)),
		 E_WASM_NATIVE_NOT_LAST);
	CHECK_EQ(VERDICT(SECTION_OF(CUSTOM, NATIVE_NAME), SECTION_OF(CUSTOM, NATIVE_NAME)),
		 E_WASM_NATIVE_NOT_LAST);
	CHECK_EQ(VERDICT(SECTION_OF(CUSTOM, NATIVE_NAME), SECTION_OF(TYPE, 0)),
		 E_WASM_NATIVE_NOT_LAST);
}

TEST(the_module_ends_where_native_code_begins)
{
	static const uint8_t module[] = {WASM_HEADER, SECTION_OF(TYPE, 0),
					 SECTION_OF(CUSTOM, NATIVE_NAME, 7, 8, 9)};
	struct wasm_module m;
	struct wasm_error error;

	CHECK_EQ(wasm_decode(&m, &error, module, sizeof(module)), E_OK);
	CHECK_EQ(m.native_at, 11);
	CHECK_EQ(m.native.size, 3);
	CHECK_EQ(module[m.native.offset], 7);
	wasm_module_fini(&m);
	CHECK_EQ(wasm_decode(&m, &error, module, 11), E_OK);
	CHECK_EQ(m.native_at, 11);
	CHECK_EQ(m.native.size, 0);
	wasm_module_fini(&m);
}

TEST(native_code_is_found_without_decoding)
{
	static const uint8_t module[] = {WASM_HEADER, SECTION_OF(TYPE, 0),
					 SECTION_OF(CUSTOM, NATIVE_NAME, 7, 8, 9)};
	size_t section, payload;

	wasm_find_native(module, sizeof(module), &section, &payload);
	CHECK_EQ(section, 11);
	CHECK_EQ(payload, sizeof(module) - 3);
	for (size_t n = 0; n < sizeof(module); n++) { /* cut anywhere: there is none */
		wasm_find_native(module, n, &section, &payload);
		CHECK_EQ(section, n);
		CHECK_EQ(payload, n);
	}
}

static struct wasm_name g_name;
static char g_name_bytes[8];

/* The name of function 1 by a name section of this content. */
static bool name_of_one(const uint8_t *content, size_t size)
{
	uint8_t module[64] = {WASM_HEADER, CUSTOM, (uint8_t)(5 + size), 4, 'n', 'a', 'm', 'e'};
	struct wasm_module m;
	struct wasm_error error;

	memcpy(module + 15, content, size);
	CHECK_EQ(wasm_decode(&m, &error, module, 15 + size), E_OK);
	g_name = wasm_func_name(&m, 1);
	wasm_func_names(&m, NULL); /* the module has no functions: nothing is written */
	if (g_name.len > 0 && g_name.len < sizeof(g_name_bytes))
		memcpy(g_name_bytes, g_name.p, g_name.len);
	wasm_module_fini(&m);
	return g_name.len != 0;
}

TEST(function_names_are_found)
{
	CHECK(name_of_one(BYTES(0, 2, 1, 'm', 1, 8, 2, 0, 1, 'x', 1, 2, 'a', 'b')));
	CHECK(g_name.len == 2 && memcmp(g_name_bytes, "ab", 2) == 0);
}

TEST(a_malformed_name_section_gives_no_name)
{
	CHECK(!name_of_one((const uint8_t *)"", 0));
	CHECK(!name_of_one(BYTES(1)));
	CHECK(!name_of_one(BYTES(1, 9, 1, 1, 1, 'a')));
	CHECK(!name_of_one(BYTES(1, 4, 1, 1, 2, 'a')));
	CHECK(!name_of_one(BYTES(1, 4, 1, 1, 1, 0x80)));
	CHECK(!name_of_one(BYTES(1, 1, 0)));
	CHECK(!name_of_one(BYTES(1, 4, 0xff, 0xff, 0xff, 0xff)));
	CHECK(!name_of_one(BYTES(0, 9, 1, 4, 1, 1, 1, 'a')));
	CHECK(!name_of_one(BYTES(2, 4, 1, 1, 1, 'a')));
}

/* ---- the whole
 * ---------------------------------------------------------------------------------------------------
 */

TEST(a_module_is_laid_out)
{
	struct wasm_module m;
	struct wasm_error error;

	CHECK_EQ(wasm_decode(&m, &error, g_rich, sizeof(g_rich)), E_OK);
	CHECK_EQ(m.type_count, 2);
	CHECK_EQ(m.import_count, 2);
	CHECK_EQ(m.func_count, 3);
	CHECK_EQ(m.import_func_count, 1);
	CHECK_EQ(m.global_count, 3);
	CHECK_EQ(m.import_global_count, 1);
	CHECK_EQ(m.imports[1].index, 0);
	CHECK_EQ(m.start, 1);
	CHECK(wasm_func_type(&m, 0) == &m.types[1]);
	CHECK_EQ(m.tables[0].type.limits.max, 9);
	CHECK_EQ(m.tables[1].type.limits.max, UINT32_MAX);
	CHECK_EQ(m.memories[0].limits.max, 2);
	CHECK(m.globals[1].type.mutable && !m.globals[2].type.mutable);
	CHECK(m.funcs[1].declared && m.funcs[2].declared && !m.funcs[0].declared);
	CHECK_EQ(m.datas[1].mode, WASM_PASSIVE);
	CHECK(memcmp(m.bytes + m.datas[1].bytes.offset, "abc", 3) == 0);
	CHECK_EQ(m.globals[1].init.max_stack, 1);
	struct wasm_name name = wasm_func_name(&m, 1);

	CHECK(name.len == 3 && memcmp(name.p, "one", 3) == 0);
	struct wasm_name names[8] = {0};

	CHECK(m.func_count <= COUNT_OF(names));
	wasm_func_names(&m, names);
	for (uint32_t i = 0; i < m.func_count; i++)
		CHECK(names[i].p == wasm_func_name(&m, i).p &&
		      names[i].len == wasm_func_name(&m, i).len);
	wasm_module_fini(&m);
}

TEST(any_allocation_may_fail)
{
	struct wasm_error error;
	long n = 0;
	enum err e;

	do {
		native_heap_fail_at(n++);
		e = wasm_verdict(&error, g_rich, sizeof(g_rich));
		CHECK(e == E_OK || e == E_NOMEM);
		CHECK_EQ(error.code, e);
	} while (e && n < 100);
	native_heap_fail_at(-1);
	CHECK_EQ(e, E_OK);
	CHECK(n > 3);
}

int main(void)
{
	RUN(nothing_text_and_components_are_named);
	RUN(every_truncation_inside_a_section_is_refused);
	RUN(one_byte_more_is_refused);
	RUN(leb_accepts_padding_up_to_its_width);
	RUN(leb_rejects_overlong);
	RUN(leb_rejects_unused_bits);
	RUN(leb_rejects_an_early_end);
	RUN(sections_come_once_and_in_order);
	RUN(sections_have_exactly_their_size);
	RUN(counts_are_held_against_the_bytes_left);
	RUN(limits_hold_at_their_value_and_not_one_above);
	RUN(malformed_types_are_refused);
	RUN(unsupported_features_are_named);
	RUN(imports_are_checked);
	RUN(an_import_that_is_refused_is_named);
	RUN(names_are_utf8);
	RUN(limits_are_checked);
	RUN(globals_are_checked);
	RUN(extended_constant_expressions_are_typed);
	RUN(initializers_use_earlier_immutable_globals_only);
	RUN(functions_and_bodies_agree_in_number);
	RUN(exports_name_what_exists);
	RUN(export_names_are_unique);
	RUN(exports_are_found_by_name);
	RUN(many_exports_are_sorted);
	RUN(the_start_function_takes_and_gives_nothing);
	RUN(element_segments_come_in_eight_forms);
	RUN(element_segments_are_checked);
	RUN(element_items_are_listed);
	RUN(data_segments_are_checked);
	RUN(the_data_count_agrees_with_the_segments);
	RUN(native_code_is_the_last_section);
	RUN(the_module_ends_where_native_code_begins);
	RUN(native_code_is_found_without_decoding);
	RUN(function_names_are_found);
	RUN(a_malformed_name_section_gives_no_name);
	RUN(a_module_is_laid_out);
	RUN(any_allocation_may_fail);
	return check_report();
}
