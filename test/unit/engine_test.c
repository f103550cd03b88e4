/*
 * Native code on the host side: what is refused before an enclave is made. The compiler is not there;
 * hits and misses of the cache are test/e2e/native.sh's.
 */
#include "host/engine.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test/lib/check.h"
#include "test/lib/native_section.h"
#include "test/lib/wasm_bytes.h"

static const uint8_t g_plain[] = {WASM_HEADER, SECTION_OF(TYPE, 1, 0x60, 0, 0),
				  SECTION_OF(FUNC, 1, 0), CODE_OF(0, 0x01, 0x0b)};
static const uint8_t g_threads[] = {WASM_HEADER, SECTION_OF(TYPE, 1, 0x60, 1, 0x7f, 1, 0x7f),
				    SECTION_OF(IMPORT, 1, 4, 'w', 'a', 's', 'i', 12, 't', 'h', 'r',
					       'e', 'a', 'd', '-', 's', 'p', 'a', 'w', 'n', 0, 0)};

static struct retwine_error g_error;
static struct retwine_config *g_config;
static struct engine_use g_use;
static struct native_header g_header;

static void set(const char *key, const char *text)
{
	CHECK_EQ(retwine_config_set(g_config, key, text, NULL), RETWINE_OK);
}

static void set_up(void)
{
	g_config = retwine_config_new();
	set("module", "test.wasm");
	set("engine", "native");
	set("simulation", "true");
	g_header = native_header_for(g_plain, sizeof(g_plain));
}

static void tear_down(void)
{
	retwine_config_free(g_config);
}

static void load(struct module *m, const uint8_t *bytes, size_t size)
{
	struct file file = {.p = malloc(size), .size = size};

	if (!file.p)
		abort();
	memcpy(file.p, bytes, size);
	CHECK_EQ(module_decode(m, &file, "test.wasm", NULL), RETWINE_OK);
}

/* g_plain with a section of g_header. */
static enum retwine_code prepare(int cut)
{
	struct module m;
	uint8_t bytes[1024];

	load(&m, bytes,
	     native_attach(bytes, sizeof(bytes), g_plain, sizeof(g_plain), &g_header, cut));
	enum retwine_code code = engine_prepare(&g_use, &m, g_config, &g_error);

	module_fini(&m);
	return code;
}

static bool says(const char *words)
{
	if (!strstr(g_error.message, words))
		printf("  message: %s\n", g_error.message);
	return strstr(g_error.message, words) != NULL;
}

static enum retwine_code prepare_plain(void)
{
	struct module m;

	load(&m, g_plain, sizeof(g_plain));
	enum retwine_code code = engine_prepare(&g_use, &m, g_config, &g_error);

	module_fini(&m);
	return code;
}

TEST(the_module_decides_unless_told)
{
	set_up();
	CHECK_EQ(prepare(0), RETWINE_OK);
	CHECK(g_use.engine == LAUNCH_ENGINE_NATIVE && g_use.isa == NATIVE_ISA_V3);
	CHECK(!g_use.simulation_only);
	set("engine", "auto");
	CHECK_EQ(prepare(0), RETWINE_OK);
	CHECK(g_use.engine == LAUNCH_ENGINE_NATIVE && g_use.isa == NATIVE_ISA_V3);
	CHECK_EQ(prepare_plain(), RETWINE_OK);
	CHECK(g_use.engine == LAUNCH_ENGINE_INTERPRETER && g_use.isa == 0);
	set("engine", "interpreter");
	CHECK_EQ(prepare(3), RETWINE_OK); /* nobody looks at it */
	CHECK(g_use.engine == LAUNCH_ENGINE_INTERPRETER && g_use.isa == 0);
	tear_down();
}

/* What was compiled to be fast is not slow without a word. */
TEST(a_wrong_section_never_means_the_interpreter)
{
	set_up();
	set("engine", "auto");
	CHECK(prepare(1) == RETWINE_INPUT && says("damaged"));
	g_header.abi_version--;
	CHECK(prepare(0) == RETWINE_INPUT && says("compile it again"));
	g_header = native_header_for(g_plain, sizeof(g_plain));
	set("fuel", "5");
	CHECK(prepare(0) == RETWINE_INPUT && says("take the interpreter"));
	tear_down();
}

TEST(what_is_no_code_of_the_module_is_refused)
{
	set_up();
	CHECK(prepare(1) == RETWINE_INPUT && says("retwine.native is damaged"));
	CHECK(prepare(-1) == RETWINE_INPUT && says("retwine.native is damaged"));
	g_header.abi_version = 0;
	CHECK(prepare(0) == RETWINE_INPUT && says("another version"));
	g_header = native_header_for(g_plain, sizeof(g_plain));
	g_header.isa = 1;
	CHECK(prepare(0) == RETWINE_INPUT && says("CPUs"));
	g_header = native_header_for(g_plain, sizeof(g_plain));
	g_header.module_digest[0] ^= 0x80;
	CHECK(prepare(0) == RETWINE_INPUT && says("another module"));
	tear_down();
}

TEST(limits_need_code_that_keeps_them)
{
	set_up();
	set("fuel", "5");
	CHECK(prepare(0) == RETWINE_INPUT && says("--fuel"));
	g_header.flags = NATIVE_METERED;
	CHECK_EQ(prepare(0), RETWINE_OK);
	set("timeout", "5s");
	CHECK(prepare(0) == RETWINE_INPUT && says("--interruptible"));
	g_header.flags |= NATIVE_POLLED;
	CHECK_EQ(prepare(0), RETWINE_OK);
	tear_down();
}

TEST(threads_need_code_that_can_be_interrupted)
{
	struct module m;

	set_up();
	load(&m, g_threads, sizeof(g_threads));
	CHECK_EQ(engine_required(g_config, &m), NATIVE_POLLED);
	set("max-threads", "1");
	CHECK_EQ(engine_required(g_config, &m), 0);
	module_fini(&m);
	tear_down();
}

TEST(a_pinned_digest_decides)
{
	struct module m;
	uint8_t bytes[1024], digest[2][LAUNCH_DIGEST_SIZE];
	char hex[2 * LAUNCH_DIGEST_SIZE + 1];

	set_up();
	load(&m, bytes,
	     native_attach(bytes, sizeof(bytes), g_plain, sizeof(g_plain), &g_header, 0));
	module_measure(&m, digest[0], digest[1]);
	module_fini(&m);
	for (size_t i = 0; i < LAUNCH_DIGEST_SIZE; i++)
		(void)snprintf(hex + 2 * i, 3, i % 2 ? "%02x" : "%02X", digest[1][i]);
	set("native-digest", hex);
	CHECK_EQ(prepare(0), RETWINE_OK);
	hex[63] = hex[63] == '0' ? '1' : '0';
	set("native-digest", hex);
	CHECK(prepare(0) == RETWINE_REFUSED && says("native-digest"));
	set("engine", "interpreter");
	CHECK_EQ(prepare(0), RETWINE_REFUSED);
	tear_down();
}

TEST(code_that_is_made_here_is_for_the_simulator)
{
	struct module m;

	set_up();
	load(&m, g_plain, sizeof(g_plain));
	CHECK_EQ(engine_prepare(&g_use, &m, g_config, &g_error), RETWINE_INPUT);
	CHECK(g_use.simulation_only && says("retwine-compile"));
	set("native-digest", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
	CHECK_EQ(engine_prepare(&g_use, &m, g_config, &g_error), RETWINE_INPUT);
	CHECK(!g_use.simulation_only);
	module_fini(&m);
	tear_down();
}

TEST(a_section_can_be_put_behind_a_module)
{
	struct module m;
	uint8_t want[1024], payload[512];
	struct writer w;

	set_up();
	size_t size = native_attach(want, sizeof(want), g_plain, sizeof(g_plain), &g_header, 0);

	writer_init(&w, payload, sizeof(payload));
	native_write_payload(&w, &g_header);
	load(&m, g_plain, sizeof(g_plain));
	CHECK_EQ(module_append_native(&m, payload, w.len, "test.wasm", NULL), RETWINE_OK);
	CHECK(m.file.size == m.wasm.size && m.wasm.native_at == sizeof(g_plain));
	CHECK(m.wasm.native.size == w.len && m.file.size <= size);
	CHECK(memcmp(m.file.p + m.wasm.native.offset, payload, w.len) == 0);
	CHECK_EQ(engine_prepare(&g_use, &m, g_config, &g_error), RETWINE_OK);
	module_fini(&m);
	tear_down();
}

TEST(a_cpu_without_avx2_gets_no_v3_code)
{
	struct engine_use use = {.isa = NATIVE_ISA_V3};

	CHECK_EQ(engine_check_cpu(&use, true, "x", &g_error), RETWINE_OK);
	CHECK_EQ(engine_check_cpu(&use, false, "x", &g_error), RETWINE_FAILED);
	CHECK(says("--isa v2"));
	use.isa = NATIVE_ISA_V2;
	CHECK_EQ(engine_check_cpu(&use, false, "x", &g_error), RETWINE_OK);
	use.isa = 0;
	CHECK_EQ(engine_check_cpu(&use, false, "x", &g_error), RETWINE_OK);
}

int main(void)
{
	RUN(the_module_decides_unless_told);
	RUN(a_wrong_section_never_means_the_interpreter);
	RUN(what_is_no_code_of_the_module_is_refused);
	RUN(limits_need_code_that_keeps_them);
	RUN(threads_need_code_that_can_be_interrupted);
	RUN(a_pinned_digest_decides);
	RUN(code_that_is_made_here_is_for_the_simulator);
	RUN(a_section_can_be_put_behind_a_module);
	RUN(a_cpu_without_avx2_gets_no_v3_code);
	return check_report();
}
