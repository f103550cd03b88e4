/* What `retwine inspect --native` says of sections that are honest, unsafe, damaged and foreign. */
#include <stdlib.h>
#include <unistd.h>

#include "include/retwine.h"
#include "test/lib/check.h"
#include "test/lib/native_section.h"
#include "test/lib/wasm_bytes.h"

/* Two functions, the second one exported as "e"; the section "name" calls function 0 "n". */
static const uint8_t g_plain[] = {WASM_HEADER,
				  SECTION_OF(TYPE, 1, 0x60, 0, 0),
				  SECTION_OF(FUNC, 2, 0, 0),
				  SECTION_OF(EXPORT, 1, 1, 'e', 0, 1),
				  SECTION_OF(CODE, 2, 2, 0, 0x0b, 2, 0, 0x0b),
				  SECTION_OF(CUSTOM, 4, 'n', 'a', 'm', 'e', 1, 4, 1, 0, 1, 'n')};

static struct native_header g_header;
static uint8_t g_bytes[1024];
static size_t g_size;
static struct retwine_error g_error;
static char *g_text;
static bool g_verified;

static void make(int cut)
{
	g_size = native_attach(g_bytes, sizeof(g_bytes), g_plain, sizeof(g_plain), &g_header, cut);
}

static void set_up(void)
{
	g_header = native_header_for(g_plain, sizeof(g_plain));
	make(0);
}

/* The file's last bytes are the section's: code, then facts. */
static uint8_t *code(void)
{
	return g_bytes + g_size - g_header.facts_size - g_header.code_size;
}

/* Of a file of these bytes. */
static enum retwine_code inspect_bytes(enum retwine_format format, const uint8_t *p, size_t size)
{
	char path[] = "/tmp/inspect_native_test.XXXXXX";
	int fd = mkstemp(path);

	free(g_text);
	g_text = NULL;
	g_verified = false;
	CHECK(fd >= 0 && write(fd, p, size) == (ssize_t)size && close(fd) == 0);
	enum retwine_code code =
		retwine_inspect_native(path, format, &g_verified, &g_text, &g_error);

	CHECK_EQ(unlink(path), 0);
	return code;
}

static enum retwine_code inspect(void)
{
	return inspect_bytes(RETWINE_TEXT, g_bytes, g_size);
}

static bool says(const char *words)
{
	const char *text = g_text ? g_text : g_error.message;

	if (!strstr(text, words))
		printf("  says: %s\n", text);
	return strstr(text, words) != NULL;
}

TEST(honest_code_is_verified_function_by_function)
{
	set_up();
	CHECK_EQ(inspect(), RETWINE_OK);
	CHECK(g_verified && says("\nverified: yes\n"));
	CHECK(says("index=0 code=16 facts=0 verified=yes name=n\n"));
	CHECK(says("index=1 code=16 facts=0 verified=yes name=e\n"));
	CHECK(says("routines: none\n"));
	CHECK_EQ(inspect_bytes(RETWINE_JSON, g_bytes, g_size), RETWINE_OK);
	CHECK(g_verified && says("\"verified\": true"));
}

TEST(unsafe_code_is_told_with_its_place)
{
	set_up();
	memcpy(code() + NATIVE_CODE_ALIGN, "\x90\x0f\x05", 3); /* SYSCALL */
	CHECK_EQ(inspect(), RETWINE_OK);
	CHECK(!g_verified && says("\nverified: no\n"));
	CHECK(says("index=0 code=16 facts=0 verified=yes"));
	CHECK(says("index=1 code=16 facts=0 verified=no at=+0x1 why=an instruction that is not on "
		   "the list name=e\n"));
}

TEST(routines_are_verified_too)
{
	set_up();
	native_header_add_routine(&g_header);
	make(0);
	CHECK_EQ(inspect(), RETWINE_OK);
	CHECK(g_verified && says("routines:\n  index=0 code=16 facts=0 verified=yes\n"));
	code()[2 * NATIVE_CODE_ALIGN] = 0xc9;
	CHECK_EQ(inspect(), RETWINE_OK);
	CHECK(!g_verified && says("routines:\n  index=0 code=16 facts=0 verified=no at=+0x0"));
}

TEST(what_is_no_code_of_the_module_is_an_error)
{
	set_up();
	CHECK(inspect_bytes(RETWINE_TEXT, g_plain, sizeof(g_plain)) == RETWINE_INPUT &&
	      says("no native code"));
	CHECK(inspect_bytes(RETWINE_TEXT, g_plain, 7) == RETWINE_INPUT);
	make(1);
	CHECK(inspect() == RETWINE_INPUT && says("damaged"));
	g_header.module_digest[3] ^= 1;
	make(0);
	CHECK(inspect() == RETWINE_INPUT && says("another module"));
	set_up();
	g_header.facts_size = 4; /* no table for two functions */
	make(8);
	CHECK(inspect() == RETWINE_INPUT && says("without the facts"));
	set_up();
	g_bytes[g_size - 1] = 0x80; /* the facts end behind themselves */
	CHECK(inspect() == RETWINE_INPUT && says("without the facts"));
}

/* Whatever a bit of the section is: an answer. */
TEST(any_bit_may_be_wrong)
{
	unsigned verified = 0, refused = 0, errors = 0;

	set_up();
	for (size_t i = sizeof(g_plain); i < g_size; i++) {
		g_bytes[i] ^= (uint8_t)(1u << i % 8);
		enum retwine_code result = inspect();

		errors += result == RETWINE_INPUT;
		verified += result == RETWINE_OK && g_verified;
		refused += result == RETWINE_OK && !g_verified;
		g_bytes[i] ^= (uint8_t)(1u << i % 8);
	}
	CHECK(verified > 0 && refused > 0 && errors > 100);
	CHECK_EQ(verified + refused + errors, g_size - sizeof(g_plain));
}

int main(void)
{
	RUN(honest_code_is_verified_function_by_function);
	RUN(unsafe_code_is_told_with_its_place);
	RUN(routines_are_verified_too);
	RUN(what_is_no_code_of_the_module_is_an_error);
	RUN(any_bit_may_be_wrong);
	free(g_text);
	return check_report();
}
