/*
 * The configuration: what text and what YAML it refuses, what wins over what, and the launch record
 * that follows.
 */
#include "host/config.h"

#include <stdlib.h>
#include <unistd.h>

#include "host/base/words.h"
#include "host/record.h"
#include "test/lib/check.h"

static struct retwine_error g_error;

/* Sets one key in a fresh configuration. */
static enum retwine_code set_alone(const char *key, const char *text)
{
	struct retwine_config *c = retwine_config_new();
	enum retwine_code code = retwine_config_set(c, key, text, &g_error);

	retwine_config_free(c);
	return code;
}

/* Loads a YAML text through a file; the caller frees *out. */
static enum retwine_code load(struct retwine_config **out, const char *yaml, size_t size)
{
	char path[] = "/tmp/config_test.XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0 || write(fd, yaml, size) != (ssize_t)size)
		abort();
	close(fd);
	*out = retwine_config_new();
	enum retwine_code code = retwine_config_load(*out, path, &g_error);

	unlink(path);
	return code;
}

static enum retwine_code load_alone(const char *yaml)
{
	struct retwine_config *c;
	enum retwine_code code = load(&c, yaml, strlen(yaml));

	retwine_config_free(c);
	return code;
}

/* Refused as a mistake of the caller, and the message has these words. */
static bool refused_with(const char *yaml, const char *words)
{
	bool ok = load_alone(yaml) == RETWINE_USAGE && strstr(g_error.message, words) != NULL;

	if (!ok)
		printf("  message: %s\n", g_error.message);
	return ok;
}

TEST(set_rejects_unknown_keys)
{
	CHECK_EQ(set_alone("modul", "a.wasm"), RETWINE_USAGE);
	CHECK_EQ(set_alone("", "a"), RETWINE_USAGE);
	CHECK_EQ(set_alone("Module", "a.wasm"), RETWINE_USAGE);
}

TEST(set_rejects_fuel_times_and_threads)
{
	static const char *const no_fuel[] = {"",   "0",  "-1",	 "1K",
					      " 1", "1 ", "1.5", "18446744073709551616"};
	static const char *const no_time[] = {
		"",    "0",	      "0s",	 "s",  "-1s", "1 s",
		"1S",  "1.5s",	      "1sec",	 "1d", "1s ", "18446744073709551616ns",
		"1ss", "18446744074", "5124096h"};
	static const char *const no_count[] = {"", "0", "-1", "1K", "two", "4097", "4294967297"};

	for (size_t i = 0; i < COUNT_OF(no_fuel); i++)
		CHECK_EQ(set_alone("fuel", no_fuel[i]), RETWINE_USAGE);
	for (size_t i = 0; i < COUNT_OF(no_time); i++)
		CHECK_EQ(set_alone("timeout", no_time[i]), RETWINE_USAGE);
	for (size_t i = 0; i < COUNT_OF(no_count); i++) {
		CHECK_EQ(set_alone("max-threads", no_count[i]), RETWINE_USAGE);
		CHECK_EQ(set_alone("host-max-threads", no_count[i]), RETWINE_USAGE);
	}
	CHECK(strstr(g_error.message, "host-max-threads") != NULL);
}

TEST(set_reads_fuel_times_and_threads)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} times[] = {{"1ns", 1},
		     {"7us", 7000},
		     {"20ms", 20000000},
		     {"2s", 2000000000},
		     {"2", 2000000000},
		     {"3m", 180000000000},
		     {"1h", 3600000000000},
		     {"18446744073709551615ns", UINT64_MAX},
		     {"5124095h", 5124095 * 3600000000000ull}};
	struct retwine_config *c = retwine_config_new();

	for (size_t i = 0; i < COUNT_OF(times); i++) {
		CHECK_EQ(retwine_config_set(c, "timeout", times[i].text, NULL), RETWINE_OK);
		CHECK_EQ(c->limits.timeout, times[i].ns);
	}
	CHECK_EQ(retwine_config_set(c, "fuel", "18446744073709551615", NULL), RETWINE_OK);
	CHECK_EQ(c->limits.fuel, UINT64_MAX);
	CHECK_EQ(retwine_config_set(c, "max-threads", "4096", NULL), RETWINE_OK);
	CHECK_EQ(retwine_config_set(c, "host-max-threads", "1", NULL), RETWINE_OK);
	CHECK(c->limits.threads == 4096 && c->host_limits.threads == 1);
	retwine_config_free(c);
}

TEST(set_rejects_sizes)
{
	static const char *const bad[] = {"",
					  "0",
					  "-1",
					  "1T",
					  "1k",
					  "K",
					  "1MB",
					  " 1",
					  "1 ",
					  "0x10",
					  "1.5",
					  "0G",
					  "1KK",
					  "18446744073709551616",
					  "18014398509481984K",
					  "17179869184G"};

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		CHECK_EQ(set_alone("max-memory-size", bad[i]), RETWINE_USAGE);
}

TEST(set_reads_sizes)
{
	static const struct {
		const char *text;
		uint64_t size;
	} good[] = {{"1", 1},
		    {"64K", 65536},
		    {"64M", 64u << 20},
		    {"4G", 4ull << 30},
		    {"18446744073709551615", UINT64_MAX},
		    {"17179869183G", 17179869183ull << 30}};

	for (size_t i = 0; i < COUNT_OF(good); i++) {
		struct retwine_config *c = retwine_config_new();

		CHECK_EQ(retwine_config_set(c, "max-wasm-stack", good[i].text, NULL), RETWINE_OK);
		CHECK(c->limits.stack == good[i].size && c->limits.memory == 0);
		retwine_config_free(c);
	}
}

TEST(set_rejects_choices)
{
	CHECK_EQ(set_alone("strict", "yes"), RETWINE_USAGE);
	CHECK_EQ(set_alone("strict", ""), RETWINE_USAGE);
	CHECK_EQ(set_alone("diagnostics", "all"), RETWINE_USAGE);
	CHECK_EQ(set_alone("args-policy", "Fixed"), RETWINE_USAGE);
	CHECK_EQ(set_alone("engine", "jit"), RETWINE_USAGE);
	CHECK_EQ(set_alone("engine", ""), RETWINE_USAGE);
	CHECK_EQ(set_alone("engine", "interpreter"), RETWINE_OK);
	CHECK_EQ(set_alone("engine", "native"), RETWINE_OK);
	CHECK_EQ(set_alone("engine", "auto"), RETWINE_OK);
	CHECK_EQ(set_alone("engine", "interp"), RETWINE_OK);
	CHECK_EQ(set_alone("insecure-unverified-native", "true"), RETWINE_USAGE);
	CHECK_EQ(set_alone("module", ""), RETWINE_USAGE);
	CHECK_EQ(set_alone("invoke", ""), RETWINE_USAGE);
}

#define DIGEST_HEX "00112233445566778899aabbccddeeff00112233445566778899aABBCCDDEEFF"

TEST(set_takes_a_digest_of_64_digits)
{
	struct retwine_config *c = retwine_config_new();

	CHECK_EQ(set_alone("native-digest", ""), RETWINE_USAGE);
	CHECK_EQ(set_alone("native-digest", DIGEST_HEX "0"), RETWINE_USAGE);
	CHECK_EQ(set_alone("native-digest", &DIGEST_HEX[1]), RETWINE_USAGE);
	CHECK_EQ(set_alone("native-digest", "0g112233445566778899aabbccddeeff00112233445566778899"
					    "aabbccddeeff"),
		 RETWINE_USAGE);
	CHECK_EQ(retwine_config_set(c, "native-digest", DIGEST_HEX, NULL), RETWINE_OK);
	CHECK(c->has_native_digest && c->native_digest[1] == 0x11 && c->native_digest[31] == 0xff);
	CHECK(c->native_digest[26] == 0xaa);
	retwine_config_free(c);
}

TEST(engine_is_the_modules_unless_told)
{
	struct retwine_config *c = retwine_config_new();
	static const char yaml[] = "engine: native\nnative-digest: " DIGEST_HEX "\n";

	CHECK(c->engine == CONFIG_ENGINE_AUTO && !c->has_native_digest);
	retwine_config_free(c);
	CHECK_EQ(load(&c, yaml, sizeof(yaml) - 1), RETWINE_OK);
	CHECK(c->engine == CONFIG_ENGINE_NATIVE && c->has_native_digest);
	CHECK_EQ(retwine_config_set(c, "engine", "interpreter", NULL), RETWINE_OK);
	CHECK_EQ(c->engine, CONFIG_ENGINE_INTERPRETER);
	retwine_config_free(c);
	CHECK(refused_with("engine: [native]\n", "engine"));
	CHECK(refused_with("insecure-unverified-native: true\n", "insecure-unverified-native"));
}

TEST(set_rejects_variables)
{
	CHECK_EQ(set_alone("env", ""), RETWINE_USAGE);
	CHECK_EQ(set_alone("env", "=x"), RETWINE_USAGE);
	CHECK_EQ(set_alone("env", "CONFIG_TEST_NOT_SET"), RETWINE_USAGE);
	CHECK_EQ(set_alone("env", "A="), RETWINE_OK);
}

TEST(set_inherits_a_variable)
{
	struct retwine_config *c = retwine_config_new();

	setenv("CONFIG_TEST_SET", "in=herited", 1);
	CHECK_EQ(retwine_config_set(c, "env", "CONFIG_TEST_SET", &g_error), RETWINE_OK);
	CHECK(c->env_count == 1 && strcmp(c->env[0].value, "in=herited") == 0);
	retwine_config_free(c);
}

TEST(set_rejects_what_is_given_twice)
{
	struct retwine_config *c = retwine_config_new();

	CHECK_EQ(retwine_config_set(c, "env", "A=1", &g_error), RETWINE_OK);
	CHECK_EQ(retwine_config_set(c, "env", "A=2", &g_error), RETWINE_USAGE);
	CHECK_EQ(retwine_config_set(c, "dir", "x::/data", &g_error), RETWINE_OK);
	CHECK_EQ(retwine_config_set(c, "dir", "y::/data/", &g_error), RETWINE_USAGE);
	CHECK(c->env_count == 1 && c->mount_count == 1);
	retwine_config_free(c);
}

TEST(set_takes_memory_as_a_directory)
{
	struct retwine_config *c = retwine_config_new();

	CHECK_EQ(retwine_config_set(c, "tmp", "/tmp", &g_error), RETWINE_OK);
	CHECK_EQ(retwine_config_set(c, "tmp", "/a:b:3M", &g_error), RETWINE_OK);
	CHECK_EQ(c->mount_count, 2);
	CHECK(!c->mounts[0].host && !strcmp(c->mounts[0].guest, "/tmp") && c->mounts[0].size == 0);
	CHECK(!strcmp(c->mounts[1].guest, "/a:b") && c->mounts[1].size == 3 << 20);
	CHECK_EQ(retwine_config_set(c, "dir", "x::/tmp", &g_error), RETWINE_USAGE);
	CHECK_EQ(set_alone("tmp", ""), RETWINE_USAGE);
	CHECK_EQ(set_alone("tmp", ":1M"), RETWINE_USAGE);
	CHECK_EQ(set_alone("tmp", "/tmp:"), RETWINE_USAGE);
	CHECK_EQ(set_alone("tmp", "/tmp:0"), RETWINE_USAGE);
	CHECK_EQ(set_alone("tmp", "/tmp:ro"), RETWINE_USAGE);
	CHECK_EQ(set_alone("tmp", "/tmp/../x"), RETWINE_USAGE);
	retwine_config_free(c);
}

TEST(set_takes_addresses_in_figures)
{
	static const char *const good[] = {"127.0.0.1:8080", "0.0.0.0:0", "[::1]:65535",
					   "[fe80::1:2]:1"};
	static const char *const bad[] = {"",
					  ":80",
					  "127.0.0.1",
					  "127.0.0.1:",
					  "127.0.0.1:65536",
					  "127.0.0.1:8x",
					  "127.0.0.1:-1",
					  "localhost:80",
					  "::1:80",
					  "[127.0.0.1]:1",
					  "127.0.0:1",
					  "[::1:80",
					  "1.2.3.4:000080"};
	struct retwine_config *c = retwine_config_new();

	for (size_t i = 0; i < COUNT_OF(good); i++)
		CHECK_EQ(retwine_config_set(c, "tcplisten", good[i], &g_error), RETWINE_OK);
	CHECK_EQ(c->listener_count, COUNT_OF(good));
	CHECK(!strcmp(c->listeners[2].text, "[::1]:65535"));
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		CHECK_EQ(set_alone("tcplisten", bad[i]), RETWINE_USAGE);
	while (c->listener_count < LAUNCH_LISTEN_MAX)
		CHECK_EQ(retwine_config_set(c, "tcplisten", good[0], &g_error), RETWINE_OK);
	CHECK_EQ(retwine_config_set(c, "tcplisten", good[0], &g_error), RETWINE_USAGE);
	retwine_config_free(c);
}

TEST(set_rejects_directories)
{
	CHECK_EQ(set_alone("dir", ""), RETWINE_USAGE);
	CHECK_EQ(set_alone("dir", "::/x"), RETWINE_USAGE);
	CHECK_EQ(set_alone("dir", ":ro"), RETWINE_USAGE);
	CHECK_EQ(set_alone("dir", "x::"), RETWINE_USAGE);
	CHECK_EQ(set_alone("dir", "../x"), RETWINE_USAGE);
	CHECK_EQ(set_alone("dir", "x::/a/../b"), RETWINE_USAGE);
}

TEST(set_reads_directories)
{
	static const struct {
		const char *text, *host, *guest;
		bool read_only;
	} good[] = {
		{"data", "data", "data", false},
		{"./data/", "./data/", "data", false},
		{".", ".", ".", false},
		{"/", "/", "/", false},
		{"../x::/y:ro", "../x", "/y", true},
		{"data:ro", "data", "data", true},
		{"a:b::/c//./d/", "a:b", "/c/d", false},
		{"a::b::c", "a", "b::c", false},
		{"x::ro", "x", "ro", false},
		{"x::ro:ro", "x", "ro", true},
	};

	for (size_t i = 0; i < COUNT_OF(good); i++) {
		struct retwine_config *c = retwine_config_new();

		CHECK_EQ(retwine_config_set(c, "dir", good[i].text, &g_error), RETWINE_OK);
		CHECK(c->mount_count == 1 && strcmp(c->mounts[0].host, good[i].host) == 0 &&
		      strcmp(c->mounts[0].guest, good[i].guest) == 0 &&
		      c->mounts[0].read_only == good[i].read_only);
		retwine_config_free(c);
	}
}

/* Everything that config_guest_path gives is a path that the launch record allows. */
TEST(guest_paths_are_canonical)
{
	static const char alphabet[] = "/.ab";
	char text[7];

	for (unsigned n = 0; n < 4096; n++) {
		bool no_memory;
		unsigned v = n;

		for (size_t i = 0; i < 6; i++, v /= 4)
			text[i] = alphabet[v % 4];
		text[6] = 0;
		char *path = config_guest_path(text, &no_memory);

		CHECK(!path ||
		      launch_path_ok((struct launch_bytes){(const uint8_t *)path, strlen(path)}));
		free(path);
	}
}

TEST(yaml_rejects_what_is_no_mapping)
{
	CHECK(refused_with("", "empty"));
	CHECK(refused_with("# nothing\n", "empty"));
	CHECK(refused_with("- a\n- b\n", "line 1: configuration: a mapping"));
	CHECK(refused_with("app.wasm\n", "a mapping"));
	CHECK(refused_with("a: [\n", "not valid YAML"));
	CHECK(refused_with("a: b: c\n", "not valid YAML"));
	CHECK(refused_with("module: a.wasm\n---\nmodule: b.wasm\n", "second document"));
	CHECK(refused_with("module: a.wasm\n---\n[\n", "not valid YAML"));
}

TEST(yaml_rejects_unknown_and_repeated_keys_with_their_line)
{
	CHECK(refused_with("module: a.wasm\nmodul: b\n", "line 2: modul: not a key"));
	CHECK(refused_with("module: a.wasm\nstrict: true\nmodule: a.wasm\n",
			   "line 3: module: this key stands twice"));
	CHECK(refused_with("? [a]\n: b\n", "line 1"));
	CHECK(refused_with("env:\n  A: 1\n  A: 2\n", "line 3: env: A is given twice"));
	CHECK(refused_with("env: [A=1, A=2]\n", "A is given twice"));
}

TEST(yaml_rejects_wrong_types)
{
	CHECK(refused_with("module: [a.wasm]\n", "module: a text is needed"));
	CHECK(refused_with("module: {a: b}\n", "module: a text is needed"));
	CHECK(refused_with("module:\n", "module: the value is missing"));
	CHECK(refused_with("module: ~\n", "the value is missing"));
	CHECK(refused_with("strict: \"true\"\n", "strict: true or false is needed"));
	CHECK(refused_with("strict: maybe\n", "strict: 'maybe' is neither"));
	CHECK(refused_with("strict: [true]\n", "strict: a text is needed"));
	CHECK(refused_with("dir:\n  a: b\n", "dir: a text is needed"));
	CHECK(refused_with("args:\n  - [x]\n", "line 2: args: a text is needed"));
	CHECK(refused_with("args:\n  - ok\n  -\n", "line 3: args: the value is missing"));
	CHECK(refused_with("env:\n  A: [1]\n", "line 2: A: a text is needed"));
	CHECK(refused_with("env:\n  A=B: 1\n", "not a variable's name"));
	CHECK(refused_with("max-memory-size: 0\n", "not a size"));
	CHECK(refused_with("argv0: \"a\\0b\"\n", "NUL"));
	CHECK(refused_with("fuel: much\n", "line 1: fuel: 'much' is not a number"));
}

/* One long text, named by aliases over and over. */
TEST(yaml_rejects_aliases_that_multiply)
{
	const size_t text = 10000, aliases = 30;
	char *yaml = calloc(1, text + aliases * 4 + 64), *p = yaml;
	struct retwine_config *c;

	p += sprintf(p, "argv0: &a ");
	memset(p, 'x', text);
	p += text;
	p += sprintf(p, "\nargs: [b");
	for (size_t i = 0; i < 10; i++)
		p += sprintf(p, ",*a");
	strcpy(p, "]\n");
	CHECK_EQ(load(&c, yaml, strlen(yaml)), RETWINE_OK);
	CHECK_EQ(c->arg_count, 11);
	retwine_config_free(c);
	for (size_t i = 10; i < aliases; i++)
		p += sprintf(p, ",*a");
	strcpy(p, "]\n");
	CHECK(refused_with(yaml, "args: the values are too long together"));
	free(yaml);
}

TEST(yaml_reads_every_shape)
{
	static const char yaml[] = "module: app.wasm\n"
				   "argv0: name\n"
				   "args: [a, 'b c', 3]\n"
				   "env: {A: 1, B: yes, C: ''}\n"
				   "dir:\n  - data::/data:ro\n  - /tmp\n"
				   "max-memory-size: 64M\n"
				   "fuel: 1000\n"
				   "timeout: 2s\n"
				   "max-threads: 3\n"
				   "host-max-threads: 2\n"
				   "strict: true\n"
				   "attestation: true\n"
				   "diagnostics: trap\n"
				   "args-policy: fixed\n";
	struct retwine_config *c;

	CHECK_EQ(load(&c, yaml, sizeof(yaml) - 1), RETWINE_OK);
	CHECK(strcmp(c->module, "/tmp/app.wasm") == 0); /* from the file's directory */
	CHECK(c->arg_count == 3 && strcmp(c->args[2].text, "3") == 0);
	CHECK(c->env_count == 3 && strcmp(c->env[1].value, "yes") == 0);
	CHECK(c->mount_count == 2 && strcmp(c->mounts[0].host, "/tmp/data") == 0);
	CHECK(c->mounts[0].read_only && strcmp(c->mounts[1].host, "/tmp") == 0);
	CHECK(c->limits.memory == 64u << 20 && c->strict && c->attestation);
	CHECK(c->limits.fuel == 1000 && c->limits.timeout == 2000000000);
	CHECK(c->limits.threads == 3 && c->host_limits.threads == 2);
	CHECK(c->diagnostics == LAUNCH_DIAGNOSTICS_TRAP && c->args_policy == LAUNCH_ARGS_FIXED);
	retwine_config_free(c);
}

TEST(yaml_takes_one_entry_without_a_list)
{
	static const char yaml[] = "dir: data\nargs: x\nenv: A=1\n";
	struct retwine_config *c;

	CHECK_EQ(load(&c, yaml, sizeof(yaml) - 1), RETWINE_OK);
	CHECK(c->mount_count == 1 && c->arg_count == 1 && c->env_count == 1);
	CHECK(strcmp(c->mounts[0].guest, "data") == 0);
	retwine_config_free(c);
}

TEST(what_is_set_later_wins_over_the_file)
{
	static const char yaml[] = "args: [a, b]\nenv: {A: 1, B: 2}\ndir: x::/d\nargv0: n\n";
	struct retwine_config *c;

	CHECK_EQ(load(&c, yaml, sizeof(yaml) - 1), RETWINE_OK);
	CHECK_EQ(retwine_config_set(c, "env", "A=3", &g_error), RETWINE_OK);
	CHECK_EQ(retwine_config_set(c, "dir", "y::/d:ro", &g_error), RETWINE_OK);
	CHECK_EQ(retwine_config_set(c, "argv0", "m", &g_error), RETWINE_OK);
	CHECK_EQ(retwine_config_set(c, "args", "z", &g_error), RETWINE_OK);
	CHECK(c->env_count == 2 && strcmp(c->env[0].value, "3") == 0);
	CHECK(c->mount_count == 1 && c->mounts[0].read_only);
	CHECK(strcmp(c->mounts[0].host, "y") == 0 && strcmp(c->argv0, "m") == 0);
	CHECK(c->arg_count == 1 && strcmp(c->args[0].text, "z") == 0);
	retwine_config_free(c);
}

TEST(load_rejects_files_that_cannot_be_read)
{
	struct retwine_config *c = retwine_config_new();

	CHECK_EQ(retwine_config_load(c, "/tmp/config_test.absent", &g_error), RETWINE_INPUT);
	CHECK_EQ(retwine_config_load(c, "/tmp", &g_error), RETWINE_INPUT);
	CHECK(strstr(g_error.message, "directory") != NULL);
	retwine_config_free(c);
}

/* Larger than any configuration needs: what nests deeply is slow to parse. */
TEST(load_rejects_large_files)
{
	const size_t size = 65537;
	char *yaml = malloc(size);
	struct retwine_config *c;

	memset(yaml, '#', size);
	CHECK_EQ(load(&c, yaml, size), RETWINE_INPUT);
	retwine_config_free(c);
	free(yaml);
}

TEST(messages_are_one_safe_line)
{
	char name[3000];

	CHECK_EQ(set_alone("no\n\033[31m\x80key", "x"), RETWINE_USAGE);
	CHECK(strstr(g_error.message, "no\\n\\x1b[31m\\x80key") != NULL);
	CHECK_EQ(set_alone("\xe2\x80\xae\xc2\x9b\xc3\xa4", "x"), RETWINE_USAGE);
	CHECK(strstr(g_error.message, "\\u{202e}\\u{9b}\xc3\xa4") != NULL);
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = 0;
	CHECK_EQ(set_alone(name, "x"), RETWINE_USAGE);
	CHECK(strlen(g_error.message) < RETWINE_MESSAGE_MAX);
}

/* ---- the record that follows ---- */

/* (module (func (export "f") (param i32 f64))) */
static const uint8_t g_module[] = {0,	 'a', 's',  'm',  1, 0,	 0, 0, 1, 6, 1,
				   0x60, 2,   0x7f, 0x7c, 0, 3,	 2, 1, 0, 7, 5,
				   1,	 1,   'f',  0,	  0, 10, 4, 1, 2, 0, 0x0b};

static void set_all(struct retwine_config *c, const char *const (*keys)[2], size_t n)
{
	for (size_t i = 0; i < n; i++)
		CHECK_EQ(retwine_config_set(c, keys[i][0], keys[i][1], &g_error), RETWINE_OK);
}

static const uint8_t g_salt[LAUNCH_SALT_SIZE];

static enum retwine_code build(struct record *out, struct retwine_config *c)
{
	struct file file = {.p = malloc(sizeof(g_module)), .size = sizeof(g_module)};
	struct module m;

	if (!file.p)
		abort();
	memcpy(file.p, g_module, sizeof(g_module));
	CHECK_EQ(module_decode(&m, &file, "f.wasm", &g_error), RETWINE_OK);
	enum retwine_code code =
		record_build(out, c, &m, LAUNCH_ENGINE_INTERPRETER, g_salt, &g_error);

	module_fini(&m);
	return code;
}

/* Builds from pairs of key and text; the record's digests. */
static struct launch_digests digests_of(const char *const (*keys)[2], size_t n)
{
	struct retwine_config *c = retwine_config_new();
	struct record record = {0};

	set_all(c, keys, n);
	CHECK_EQ(build(&record, c), RETWINE_OK);
	struct launch_digests d = record.digests;

	record_fini(&record);
	retwine_config_free(c);
	return d;
}

TEST(order_of_flags_and_host_paths_do_not_change_the_launch_digest)
{
	static const char *const one[][2] = {{"module", "f.wasm"},
					     {"env", "A=1"},
					     {"env", "B=2"},
					     {"dir", "x::/x"},
					     {"dir", "y::/y:ro"}};
	static const char *const two[][2] = {{"dir", "/else/where::/y:ro"},
					     {"env", "B=2"},
					     {"dir", "z::/x"},
					     {"env", "A=1"},
					     {"module", "/some/dir/f.wasm"}};
	static const char *const three[][2] = {{"module", "f.wasm"},
					       {"env", "A=1"},
					       {"env", "B=3"},
					       {"dir", "x::/x"},
					       {"dir", "y::/y:ro"}};
	static const char *const four[][2] = {{"module", "f.wasm"},
					      {"env", "A=1"},
					      {"env", "B=2"},
					      {"dir", "x::/x"},
					      {"dir", "y::/y"}};
	struct launch_digests a = digests_of(one, COUNT_OF(one));
	struct launch_digests b = digests_of(two, COUNT_OF(two));
	struct launch_digests c = digests_of(three, COUNT_OF(three));
	struct launch_digests d = digests_of(four, COUNT_OF(four));

	CHECK(memcmp(&a, &b, sizeof(a)) == 0);
	CHECK(memcmp(a.program, c.program, 32) == 0 && memcmp(a.launch, c.launch, 32) != 0);
	CHECK(memcmp(a.program, d.program, 32) != 0);
}

/* The program's limits are part of what it is; the owner's are none of it. */
TEST(limits_belong_to_the_program_unless_they_are_the_owners)
{
	static const char *const plain[][2] = {{"module", "f.wasm"}};
	static const char *const own[][2] = {
		{"fuel", "9"}, {"timeout", "9s"}, {"max-threads", "2"}};
	static const char *const owners[][2] = {{"module", "f.wasm"}, {"host-max-threads", "2"}};
	struct launch_digests a = digests_of(plain, 1), b = digests_of(owners, 2);

	CHECK(memcmp(&a, &b, sizeof(a)) == 0);
	for (size_t i = 0; i < COUNT_OF(own); i++) {
		const char *const with[][2] = {{"module", "f.wasm"}, {own[i][0], own[i][1]}};

		b = digests_of(with, 2);
		CHECK(memcmp(a.program, b.program, 32) != 0);
	}
}

TEST(fixed_arguments_belong_to_the_program)
{
	static const char *const one[][2] = {
		{"module", "f.wasm"}, {"args-policy", "fixed"}, {"args", "x"}};
	static const char *const two[][2] = {
		{"module", "f.wasm"}, {"args-policy", "fixed"}, {"args", "y"}};
	struct launch_digests a = digests_of(one, COUNT_OF(one));
	struct launch_digests b = digests_of(two, COUNT_OF(two));

	CHECK(memcmp(a.program, b.program, 32) != 0);
}

/* What record_build says of a module f.wasm and these settings. */
static enum retwine_code built_with(const char *const (*keys)[2], size_t n)
{
	struct retwine_config *c = retwine_config_new();
	struct record record = {0};

	CHECK_EQ(retwine_config_set(c, "module", "f.wasm", &g_error), RETWINE_OK);
	set_all(c, keys, n);
	enum retwine_code code = build(&record, c);

	record_fini(&record);
	retwine_config_free(c);
	return code;
}

/* ---- volumes ---- */

#define HEX_64 "abababababababababababababababababababababababababababababababab"

/* The mount that one text makes; NULL when it is refused. */
static const struct config_mount *volume_of(struct retwine_config *c, const char *text)
{
	return retwine_config_set(c, "volume", text, &g_error) == RETWINE_OK
		       ? &c->mounts[c->mount_count - 1]
		       : NULL;
}

TEST(a_volume_is_a_file_a_place_and_options)
{
	struct retwine_config *c = retwine_config_new();
	const struct config_mount *m = volume_of(c, "a.vol::/x/data");

	CHECK(m && !strcmp(m->host, "a.vol") && !strcmp(m->guest, "/x/data") && !m->read_only);
	CHECK(m && m->volume && !strcmp(m->volume->label, "data") && !m->volume->start.create);
	CHECK(m && m->volume->seal_by == LAUNCH_SEAL_ENCLAVE && !m->volume->pinned);
	m = volume_of(c, "b::/:ro,label=L,cache=2M,by=signer,svn=65535,bind=launch,anchor=an");
	CHECK(m && m->read_only && !strcmp(m->guest, "/") && m->size == 2 << 20);
	CHECK(m && !strcmp(m->volume->label, "L") && !strcmp(m->volume->anchor, "an"));
	CHECK(m && m->volume->svn == 65535 && m->volume->bind_launch);
	m = volume_of(c, "c::c,create,add-seal,key=k,pin=12:" HEX_64);
	CHECK(m && m->volume->start.create && m->volume->start.add_seal && m->volume->pinned);
	CHECK(m && m->volume->start.sequence == 12 && m->volume->start.root[31] == 0xab);
	m = volume_of(c, "d::/d,pin=0,create");
	CHECK(m && m->volume->pinned && m->volume->start.sequence == 0);
	m = volume_of(c, "e::/");
	CHECK(!m); /* mounted twice */
	m = volume_of(c, "e::.");
	CHECK(m && !strcmp(m->volume->label, "."));
	retwine_config_free(c);
}

TEST(a_volume_that_makes_no_sense_is_refused)
{
	static const char *const bad[] = {
		"",
		"a",
		"::/a",
		"a::",
		"a::/../b",
		"a:/b",
		"a::/a,",
		"a::/a,,create",
		"a::/a,Create",
		"a::/a,create=1",
		"a::/a,label=",
		"a::/a,label",
		"a::/a,label=" HEX_64 "x",
		"a::/a,key=",
		"a::/a,by=me",
		"a::/a,svn=1",
		"a::/a,by=enclave,svn=1",
		"a::/a,by=signer,svn=65536",
		"a::/a,by=signer,svn=",
		"a::/a,by=signer,svn=-1",
		"a::/a,bind=program",
		"a::/a,cache=1",
		"a::/a,cache=1048575",
		"a::/a,cache=x",
		"a::/a,pin=",
		"a::/a,pin=1",
		"a::/a,pin=1:",
		"a::/a,pin=0:" HEX_64,
		"a::/a,pin=1:" HEX_64 "0",
		"a::/a,pin=:" HEX_64,
		"a::/a,pin=18446744073709551616:" HEX_64,
		"a::/a,anchor=",
		"a::/a,anchor=f,pin=0",
		"a::/a,insecure-key-file=",
		"a::/a,insecure-key-file=k,key=k",
		"a::/a,add-seal",
		"a::/a:ro,create",
		"a::/a:ro,add-seal,key=k",
		"a::/a,owner=/does/not/exist",
		"a::/a,owner=/dev/null",
	};

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		const enum retwine_code code = set_alone("volume", bad[i]);

		CHECK(code == RETWINE_USAGE || code == RETWINE_INPUT);
	}
}

/* The launch digest, or the program digest too, of a program with this volume. */
static struct launch_digests with_volume(const char *volume)
{
	const char *const keys[][2] = {{"module", "f.wasm"}, {"volume", volume}};

	return digests_of(keys, 2);
}

TEST(what_a_volume_is_belongs_to_the_program_and_what_is_done_with_it_to_the_start)
{
	static const char *const program[] = {
		"v::/w,label=v",   "v::/v:ro",
		"v::/v,label=w",   "v::/v,key=k",
		"v::/v,by=signer", "v::/v,bind=launch",
		"v::/v,cache=1M",  "v::/v,anchor=a",
		"v::/v,pin=0",	   "v::/v,insecure-key-file=k",
	};
	const struct launch_digests a = with_volume("v::/v");
	struct launch_digests b = with_volume("other/place::/v");

	CHECK(memcmp(&a, &b, sizeof(a)) == 0);
	for (size_t i = 0; i < COUNT_OF(program); i++) {
		b = with_volume(program[i]);
		CHECK(memcmp(a.program, b.program, 32) != 0);
	}
	b = with_volume("v::/v,create");
	CHECK(memcmp(a.program, b.program, 32) == 0 && memcmp(a.launch, b.launch, 32) != 0);
	const struct launch_digests c = with_volume("v::/v,pin=0");

	b = with_volume("v::/v,pin=1:" HEX_64);
	CHECK(memcmp(c.program, b.program, 32) == 0 && memcmp(c.launch, b.launch, 32) != 0);
	b = with_volume("v::/v,insecure-key-file=k");
	const struct launch_digests d = with_volume("v::/v,insecure-key-file=l");

	CHECK(memcmp(&b, &d, sizeof(b)) == 0); /* never a path of the host */
}

TEST(volumes_of_one_label_or_key_are_refused_in_words)
{
	static const char *const labels[][2] = {{"volume", "a::/a/data"}, {"volume", "b::/b/data"}};
	static const char *const keys[][2] = {{"volume", "a::/a,key=k"}, {"volume", "b::/b,key=k"}};
	static const char *const two[][2] = {{"volume", "a::/a,key=k"}, {"volume", "b::/b,key=l"}};

	CHECK_EQ(built_with(labels, 2), RETWINE_USAGE);
	CHECK(strstr(g_error.message, "/a/data and /b/data have the same label") != NULL);
	CHECK_EQ(built_with(keys, 2), RETWINE_USAGE);
	CHECK(strstr(g_error.message, "have the same key") != NULL);
	CHECK_EQ(built_with(two, 2), RETWINE_OK);
}

TEST(a_salt_changes_the_launch_alone)
{
	static const char *const plain[][2] = {{"module", "f.wasm"}};
	static const char *const salted[][2] = {{"module", "f.wasm"}, {"salt", HEX_64}};
	const struct launch_digests a = digests_of(plain, 1), b = digests_of(salted, 2);

	CHECK(memcmp(a.program, b.program, 32) == 0 && memcmp(a.launch, b.launch, 32) != 0);
	CHECK_EQ(set_alone("salt", ""), RETWINE_USAGE);
	CHECK_EQ(set_alone("salt", HEX_64 "0"), RETWINE_USAGE);
	CHECK_EQ(set_alone("salt", "zz" HEX_64), RETWINE_USAGE);
}

TEST(relaxations_are_told)
{
	struct retwine_config *c = retwine_config_new();
	char *lines = NULL;

	CHECK(volume_of(c, "v::/v") != NULL);
	CHECK_EQ(retwine_config_relaxations(c, &lines, &g_error), RETWINE_OK);
	CHECK(lines && lines[0] == 0);
	retwine_free(lines);
	CHECK(volume_of(c, "w::/w,insecure-key-file=k") != NULL);
	CHECK_EQ(retwine_config_relaxations(c, &lines, &g_error), RETWINE_OK);
	CHECK(lines && strstr(lines, "INSECURE") && strstr(lines, "/w") && !strstr(lines, "/v "));
	retwine_free(lines);
	retwine_config_free(c);
}

TEST(record_holds_mounts_in_guest_order_with_their_host_paths)
{
	struct retwine_config *c = retwine_config_new();
	struct record record = {0};
	static const char *const keys[][2] = {
		{"module", "f.wasm"}, {"dir", "h1::/b"}, {"dir", "h2::/a"}};

	set_all(c, keys, COUNT_OF(keys));
	CHECK_EQ(build(&record, c), RETWINE_OK);
	CHECK(record.mount_count == 2 && strcmp(record.mounts[0]->host, "h2") == 0 &&
	      strcmp(record.mounts[1]->host, "h1") == 0);
	CHECK(memmem(record.p, record.size, "h1", 2) == NULL);
	record_fini(&record);
	retwine_config_free(c);
}

/* The mounts of the record that this makes; the caller frees arena and record. */
static struct launch_record decoded(struct record *record, struct arena *arena,
				    struct retwine_config *c)
{
	struct launch_record l = {0};

	CHECK_EQ(build(record, c), RETWINE_OK);
	CHECK_EQ(launch_decode(&l, arena, record->p, record->size), E_OK);
	return l;
}

TEST(record_holds_the_mount_of_attestation)
{
	static const char *const keys[][2] = {{"module", "f.wasm"},    {"attestation", "true"},
					      {"strict", "true"},      {"tmp", "/tmp"},
					      {"attestation", "true"}, {"tmp", "/a"}};
	struct retwine_config *c = retwine_config_new();
	struct record record = {0};
	struct arena arena = {0};

	set_all(c, keys, COUNT_OF(keys));
	const struct launch_record l = decoded(&record, &arena, c);

	CHECK(l.mount_count == 3 && l.mounts[0].kind == LAUNCH_MOUNT_TMP);
	CHECK(l.mounts[1].kind == LAUNCH_MOUNT_ATTESTATION && !l.mounts[1].read_only);
	CHECK(l.mounts[1].guest_path.size == 16 &&
	      memcmp(l.mounts[1].guest_path.p, "/dev/attestation", 16) == 0);
	CHECK(record.mount_count == 3 && !record.mounts[1]->host);
	arena_fini(&arena);
	record_fini(&record);
	CHECK_EQ(retwine_config_set(c, "attestation", "false", &g_error), RETWINE_OK);
	CHECK_EQ(build(&record, c), RETWINE_OK);
	CHECK_EQ(record.mount_count, 2);
	record_fini(&record);
	retwine_config_free(c);
	CHECK_EQ(set_alone("attestation", "yes"), RETWINE_USAGE);
}

TEST(record_leaves_the_place_of_attestation_to_it)
{
	static const char *const inside[] = {"x::/dev/attestation", "x::dev/attestation/keys",
					     "x::/dev//attestation/./keys"};
	static const char *const beside[][2] = {{"dir", "x::/dev"}, {"attestation", "true"}};

	for (size_t i = 0; i < COUNT_OF(inside); i++) {
		const char *const keys[][2] = {{"dir", inside[i]}};

		CHECK_EQ(built_with(keys, 1), RETWINE_USAGE);
		CHECK(strstr(g_error.message, "is a place of evidence and keys") != NULL);
	}
	CHECK_EQ(built_with(beside, 2), RETWINE_OK);
}

TEST(invoke_checks_name_number_and_types)
{
	static const char *const good[][2] = {{"invoke", "f"}, {"args", "-1"}, {"args", "0.5"}};
	static const char *const no_name[][2] = {{"invoke", "g"}};
	static const char *const few[][2] = {{"invoke", "f"}, {"args", "1"}};
	static const char *const many[][2] = {
		{"invoke", "f"}, {"args", "1"}, {"args", "2"}, {"args", "3"}};
	static const char *const type[][2] = {{"invoke", "f"}, {"args", "0.5"}, {"args", "1"}};

	CHECK_EQ(built_with(good, 3), RETWINE_OK);
	CHECK_EQ(built_with(no_name, 1), RETWINE_USAGE);
	CHECK_EQ(built_with(few, 2), RETWINE_USAGE);
	CHECK_EQ(built_with(many, 4), RETWINE_USAGE);
	CHECK_EQ(built_with(type, 3), RETWINE_USAGE);
	CHECK(strstr(g_error.message, "'0.5', is not of type i32") != NULL);
}

TEST(strict_refuses_a_host_directory)
{
	static const char *const keys[][2] = {{"strict", "true"}, {"dir", "x"}};

	CHECK_EQ(built_with(keys, 1), RETWINE_OK);
	CHECK_EQ(built_with(keys, 2), RETWINE_USAGE);
	CHECK(strstr(g_error.message, "strict") != NULL);
}

int main(void)
{
	RUN(set_rejects_unknown_keys);
	RUN(set_rejects_fuel_times_and_threads);
	RUN(set_reads_fuel_times_and_threads);
	RUN(set_rejects_sizes);
	RUN(set_reads_sizes);
	RUN(set_rejects_choices);
	RUN(set_takes_a_digest_of_64_digits);
	RUN(engine_is_the_modules_unless_told);
	RUN(set_rejects_variables);
	RUN(set_inherits_a_variable);
	RUN(set_rejects_what_is_given_twice);
	RUN(set_takes_memory_as_a_directory);
	RUN(set_takes_addresses_in_figures);
	RUN(set_rejects_directories);
	RUN(set_reads_directories);
	RUN(guest_paths_are_canonical);
	RUN(yaml_rejects_what_is_no_mapping);
	RUN(yaml_rejects_unknown_and_repeated_keys_with_their_line);
	RUN(yaml_rejects_wrong_types);
	RUN(yaml_rejects_aliases_that_multiply);
	RUN(yaml_reads_every_shape);
	RUN(yaml_takes_one_entry_without_a_list);
	RUN(what_is_set_later_wins_over_the_file);
	RUN(load_rejects_files_that_cannot_be_read);
	RUN(load_rejects_large_files);
	RUN(messages_are_one_safe_line);
	RUN(order_of_flags_and_host_paths_do_not_change_the_launch_digest);
	RUN(limits_belong_to_the_program_unless_they_are_the_owners);
	RUN(a_volume_is_a_file_a_place_and_options);
	RUN(a_volume_that_makes_no_sense_is_refused);
	RUN(what_a_volume_is_belongs_to_the_program_and_what_is_done_with_it_to_the_start);
	RUN(volumes_of_one_label_or_key_are_refused_in_words);
	RUN(a_salt_changes_the_launch_alone);
	RUN(relaxations_are_told);
	RUN(fixed_arguments_belong_to_the_program);
	RUN(record_holds_mounts_in_guest_order_with_their_host_paths);
	RUN(record_holds_the_mount_of_attestation);
	RUN(record_leaves_the_place_of_attestation_to_it);
	RUN(invoke_checks_name_number_and_types);
	RUN(strict_refuses_a_host_directory);
	return check_report();
}
