/* Values as text, and safe text. */
#include "host/value.h"

#include <stdlib.h>

#include "test/lib/check.h"
#include "wasm/types.h"

static bool parses(uint32_t type, const char *text, uint64_t bits)
{
	struct launch_value v = {0};

	return value_parse(&v, type, text) && v.bits == bits && (uint32_t)v.type == type;
}

static bool refused(uint32_t type, const char *text)
{
	struct launch_value v;

	return !value_parse(&v, type, text);
}

/* Written, then compared. */
static bool writes(uint32_t type, uint64_t bits, const char *want)
{
	struct text t = {0};

	value_write(&t, type, bits);
	char *s = text_take(&t);
	bool same = s && strcmp(s, want) == 0;

	if (!same)
		printf("  %s, not %s\n", s ? s : "", want);
	free(s);
	return same;
}

TEST(integers_stay_in_their_type)
{
	CHECK(refused(WASM_I32, "4294967296") && refused(WASM_I32, "-2147483649"));
	CHECK(refused(WASM_I64, "18446744073709551616"));
	CHECK(refused(WASM_I64, "-9223372036854775809"));
	CHECK(refused(WASM_I32, "0x100000000"));
	CHECK(parses(WASM_I32, "4294967295", 0xffffffff));
	CHECK(parses(WASM_I32, "-2147483648", 0x80000000));
	CHECK(parses(WASM_I32, "-1", 0xffffffff) && parses(WASM_I32, "0xff", 255));
	CHECK(parses(WASM_I64, "18446744073709551615", UINT64_MAX));
	CHECK(parses(WASM_I64, "-9223372036854775808", 1ull << 63));
	CHECK(parses(WASM_I32, "010", 10)); /* not octal */
}

TEST(text_that_is_no_number_is_refused)
{
	static const char *const bad[] = {"",	 " 1",	"1 ", "x",  "-",
					  "--1", "+-1", "0x", "1x", "\n1"};

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		CHECK(refused(WASM_I32, bad[i]) && refused(WASM_I64, bad[i]));
		CHECK(refused(WASM_F32, bad[i]) && refused(WASM_F64, bad[i]));
	}
	CHECK(refused(WASM_I32, "1.0") && refused(WASM_V128, "1") && refused(WASM_FUNCREF, "0"));
}

TEST(floats_read_back_the_same)
{
	static const uint64_t bits[] = {0x3fb999999999999aull, 0x0000000000000001ull,
					0x7fefffffffffffffull, 0x8000000000000000ull,
					0x3ff0000000000001ull, 0x4340000000000001ull};

	for (size_t i = 0; i < COUNT_OF(bits); i++) {
		struct text t = {0};

		value_write(&t, WASM_F64, bits[i]);
		char *s = text_take(&t);

		CHECK(s && parses(WASM_F64, s, bits[i]));
		free(s);
	}
	CHECK(writes(WASM_F64, 0x3fb999999999999aull, "0.1"));
	CHECK(writes(WASM_F32, 0x3dcccccd, "0.1"));
	CHECK(writes(WASM_F64, 0x7ff8000000000000ull, "nan"));
	CHECK(writes(WASM_F64, 0xfff0000000000000ull, "-inf"));
	CHECK(writes(WASM_F32, 0x80000000, "-0"));
}

TEST(integers_are_written_signed)
{
	CHECK(writes(WASM_I32, 0xffffffff, "-1") && writes(WASM_I64, UINT64_MAX, "-1"));
	CHECK(writes(WASM_I32, 42, "42"));
	CHECK(writes(WASM_FUNCREF, 5, "funcref:0x5") && writes(0, 5, "?:0x5"));
}

/* Rendered, then compared. */
static bool renders(const char *bytes, size_t size, const char *want)
{
	struct text t = {0};

	text_add_safe(&t, bytes, size);
	char *s = text_take(&t);
	bool same = s && strcmp(s, want) == 0;

	if (!same)
		printf("  %s, not %s\n", s ? s : "", want);
	free(s);
	return same;
}

TEST(foreign_text_is_escaped)
{
	CHECK(renders("a\0b", 3, "a\\x00b"));
	CHECK(renders("\033[2J\r\n\t\x7f", 8, "\\x1b[2J\\x0d\\n\\t\\x7f"));
	CHECK(renders("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9,
		      "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"));
	CHECK(renders("\xc2\x9b", 2, "\\u{9b}"));
	CHECK(renders("\xe2\x80\xae", 3, "\\u{202e}"));
}

TEST(broken_utf8_is_escaped_byte_by_byte)
{
	CHECK(renders("\x80", 1, "\\x80") && renders("\xff", 1, "\\xff"));
	CHECK(renders("\xc0\x80", 2, "\\xc0\\x80"));		       /* over-long */
	CHECK(renders("\xe0\x80\x80", 3, "\\xe0\\x80\\x80"));	       /* over-long */
	CHECK(renders("\xed\xa0\x80", 3, "\\xed\\xa0\\x80"));	       /* surrogate */
	CHECK(renders("\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80")); /* above 10FFFF */
	CHECK(renders("\xe2\x82", 2, "\\xe2\\x82"));		       /* cut */
	CHECK(renders("\xe2\x41\x42", 3,
		      "\\xe2"
		      "AB"));
}

/* The name of a type as the text format has it. */
static bool named(uint32_t type, const char *want)
{
	struct text t = {0};

	value_write_type(&t, type);
	char *s = text_take(&t);
	bool same = s && strcmp(s, want) == 0;

	free(s);
	return same;
}

TEST(types_are_written_as_text)
{
	CHECK(named(WASM_I32, "i32") && named(WASM_F64, "f64") && named(WASM_V128, "v128"));
	CHECK(named(WASM_FUNCREF, "funcref") && named(WASM_EXTERNREF, "externref"));
	CHECK(named(WASM_EXNREF, "exnref") && named(0x11, "?"));
	CHECK(named(WASM_REF_ABSTRACT(WASM_HEAP_FUNC), "(ref func)"));
	CHECK(named(WASM_REF_ABSTRACT(WASM_NULLABLE | WASM_HEAP_NOEXN), "(ref null noexn)"));
	CHECK(named(WASM_REF | 7, "(ref 7)") && named(WASM_EXNREF & ~WASM_NULLABLE, "(ref exn)"));
	CHECK(named(WASM_REF | WASM_NULLABLE | 123456, "(ref null 123456)"));
}

int main(void)
{
	RUN(integers_stay_in_their_type);
	RUN(text_that_is_no_number_is_refused);
	RUN(floats_read_back_the_same);
	RUN(integers_are_written_signed);
	RUN(foreign_text_is_escaped);
	RUN(broken_utf8_is_escaped_byte_by_byte);
	RUN(types_are_written_as_text);
	return check_report();
}
