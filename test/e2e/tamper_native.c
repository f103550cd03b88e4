/*
 * A host that changes native code and makes everything else match: the launch record names the changed bytes, and
 * the launch digest is that record's. What then keeps the machine safe is the verifier alone. Usage: tamper_native IMAGE
 * MODULE [strict]; the module is examples/hello.c with native code, which has some of everything.
 *
 * Each run is a process of its own. Changed code is refused, or it runs and exits, traps, runs on or ends its
 * enclave: all of that is harmless. What must not be is that the host's process dies, in whose address space the
 * simulated enclave stands.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "host/base/files.h"
#include "host/run.h"
#include "include/retwine.h"
#include "launch/launch.h"
#include "native/format.h"
#include "test/lib/check.h"
#include "wasm/module.h"

#define RECORD_MAX 65536
#define SECONDS	   5 /* a program that runs longer runs on */

static struct file g_image, g_signature, g_module;
static struct launch_record g_record; /* the honest one */
static bool g_strict_simulation;
static int g_null;		     /* the guest's streams: /dev/null */
static size_t g_payload;	     /* of the section, in the module */
static struct native_image g_native; /* of the honest module */

/* How a run came out: the exit status of its process. */
enum end {
	END_RAN,	/* and exited as the honest one does */
	END_OTHERWISE,	/* ran to another end */
	END_UNVERIFIED, /* refused by the verifier */
	END_FORM,	/* refused for its form, or as code of something else */
	END_FAILED,	/* the enclave came to no end that it told */
	END_RUNS_ON,
	END_DIED, /* the process was ended by a signal */
	END_COUNT
};
static const char *const g_end_words[END_COUNT] = {"exited with 0", "to another end", "unverified",
						   "wrong form",    "enclave ended",  "ran on",
						   "HOST DIED"};

/* ---- one run ---- */

static enum end end_of(enum err err, const struct run_result *end)
{
	if (err != E_OK)
		return END_FAILED;
	switch (end->kind) {
	case RUN_EXITED:
		return end->code == 0 ? END_RAN : END_OTHERWISE;
	case RUN_TRAPPED:
		return END_OTHERWISE;
	case RUN_REFUSED:
		return end->code == E_NATIVE_UNVERIFIED ? END_UNVERIFIED : END_FORM;
	default:
		return END_FAILED;
	}
}

/* The record with this module's native digest, and its own digest. */
static size_t make_record(uint8_t record[RECORD_MAX], uint8_t digest[LAUNCH_DIGEST_SIZE],
			  const struct file *module)
{
	struct launch_record r = g_record, decoded;
	struct launch_digests digests;
	struct arena arena = {0};
	struct writer w;
	size_t section, payload;

	wasm_find_native(module->p, module->size, &section, &payload);
	launch_measure_module(r.module_digest, r.native_digest, module->p, module->size, section,
			      payload);
	writer_init(&w, record, RECORD_MAX);
	if (launch_encode(&r, &w) != E_OK || !writer_ok(&w) ||
	    launch_decode(&decoded, &arena, record, w.len) != E_OK)
		_exit(END_COUNT);
	launch_measure(&decoded, &digests);
	memcpy(digest, digests.launch, LAUNCH_DIGEST_SIZE);
	arena_fini(&arena);
	return w.len;
}

static enum end run_here(const struct file *module)
{
	static uint8_t record[RECORD_MAX];
	struct host_run_request request = {
		.image = {.p = g_image.p, .size = g_image.size},
		.sigstruct = {.p = g_signature.p, .size = g_signature.size},
		.module = {.p = module->p, .size = module->size},
		.streams = {g_null, g_null, g_null},
		.simulation = true,
		.strict_simulation = g_strict_simulation,
	};
	struct host_run_result result = {0};

	request.launch_record = (struct host_bytes){
		.p = record, .size = make_record(record, request.launch_digest, module)};
	enum err err = host_run(&request, &result);
	enum end end = end_of(err, &result.end);

	host_run_result_fini(&result);
	return end;
}

static enum end run(const struct file *module)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		alarm(SECONDS);
		_exit((int)run_here(module));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		exit(2);
	if (WIFEXITED(status))
		return WEXITSTATUS(status) < END_COUNT ? (enum end)WEXITSTATUS(status) : END_DIED;
	return WTERMSIG(status) == SIGALRM ? END_RUNS_ON : END_DIED;
}

/* ---- changes ---- */

static uint32_t random_below(uint32_t n)
{
	static uint64_t state = 0x9e3779b97f4a7c15;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)((state >> 32) % n);
}

static struct file copy_of_module(void)
{
	struct file copy = {.p = malloc(g_module.size), .size = g_module.size};

	if (!copy.p)
		exit(2);
	memcpy(copy.p, g_module.p, g_module.size);
	return copy;
}

/* `count` runs, in each of which one to four bytes of a part of the section are changed. */
static void change(unsigned ends[END_COUNT], const uint8_t *part, uint64_t size, unsigned count)
{
	const size_t at = (size_t)(part - g_module.p);

	memset(ends, 0, END_COUNT * sizeof(*ends));
	for (unsigned i = 0; i < count; i++) {
		struct file module = copy_of_module();
		uint8_t *p = module.p + at + random_below((uint32_t)size);
		uint32_t n = 1 + random_below(4);

		for (; n > 0 && p < module.p + at + size; n--, p++)
			*p ^= (uint8_t)(1 + random_below(255));
		ends[run(&module)]++;
		free(module.p);
	}
	for (unsigned i = 0; i < END_COUNT; i++)
		printf("%s%u %s", i ? ", " : "", ends[i], g_end_words[i]);
	printf("\n");
}

static unsigned refused(const unsigned ends[END_COUNT])
{
	return ends[END_UNVERIFIED] + ends[END_FORM];
}

TEST(the_honest_module_runs)
{
	CHECK_EQ(run(&g_module), END_RAN);
}

TEST(a_changed_header_is_refused_or_harmless)
{
	unsigned ends[END_COUNT];

	change(ends, g_module.p + g_payload, sizeof(struct native_header), 100);
	CHECK(ends[END_DIED] == 0 && refused(ends) > 80);
}

TEST(changed_offsets_are_refused_or_harmless)
{
	const uint32_t count = native_entry_count(&g_native);
	unsigned ends[END_COUNT];

	change(ends, g_native.offsets, 4 * ((uint64_t)count + 1), 100);
	CHECK(ends[END_DIED] == 0 && refused(ends) > 80);
}

TEST(changed_code_is_refused_or_harmless)
{
	unsigned ends[END_COUNT];

	change(ends, g_native.code, g_native.header.code_size, 400);
	CHECK(ends[END_DIED] == 0 && ends[END_UNVERIFIED] > 40);
}

TEST(changed_constants_and_jump_tables_are_refused_or_harmless)
{
	unsigned ends[END_COUNT];

	change(ends, g_native.rodata, g_native.header.rodata_size, 100);
	CHECK_EQ(ends[END_DIED], 0);
}

TEST(changed_facts_are_refused_or_harmless)
{
	unsigned ends[END_COUNT];

	change(ends, g_native.facts, g_native.header.facts_size, 200);
	CHECK(ends[END_DIED] == 0 && refused(ends) > 20);
}

/* What only a verifier can notice: it is whole, it is in order, it has the digest that the record names. */
TEST(an_instruction_for_the_host_is_refused_in_every_function)
{
	const uint32_t count = native_entry_count(&g_native);

	for (uint32_t i = 0; i < count; i++) {
		struct file module = copy_of_module();
		uint8_t *code = module.p + (g_native.code - g_module.p);

		memcpy(code + native_entry_offset(&g_native, i), "\x0f\x05", 2); /* SYSCALL */
		CHECK_EQ(run(&module), END_UNVERIFIED);
		free(module.p);
	}
	CHECK(count > 10);
}

/* The last function's facts for the first one, and so on: each is a fact, about something else. */
TEST(the_facts_of_other_functions_are_refused)
{
	const uint32_t count = native_entry_count(&g_native);
	const size_t table = 4 * ((size_t)count + 1);
	const size_t size = (size_t)g_native.header.facts_size - table;
	struct file module = copy_of_module();
	uint8_t *facts = module.p + (g_native.facts - g_module.p) + table;

	CHECK(size > 16);
	memcpy(facts, g_native.facts + table + 16, size - 16);
	memcpy(facts + size - 16, g_native.facts + table, 16);
	CHECK_EQ(run(&module), END_UNVERIFIED);
	free(module.p);
}

/* ---- */

/* The record that the API makes; g_record points into it. */
static bool read_record(const char *image, const char *module, struct arena *arena)
{
	struct retwine_config *config = retwine_config_new();
	struct retwine_error error = {0};
	void *p = NULL;
	size_t size = 0;
	bool good = config && retwine_config_set(config, "image", image, &error) == RETWINE_OK &&
		    retwine_config_set(config, "module", module, &error) == RETWINE_OK &&
		    retwine_launch_record(config, &p, &size, &error) == RETWINE_OK &&
		    launch_decode(&g_record, arena, p, size) == E_OK;

	if (!good)
		fprintf(stderr, "tamper_native: %s\n", error.message);
	retwine_config_free(config);
	return good && g_record.engine == LAUNCH_ENGINE_NATIVE;
}

static bool read_inputs(const char *image, const char *module)
{
	struct retwine_error error = {0};
	char *signature = signature_path(image);
	size_t section;
	bool good =
		signature &&
		file_read(&g_image, image, "the image", (size_t)1 << 30, &error) == RETWINE_OK &&
		file_read(&g_signature, signature, "the signature", 4096, &error) == RETWINE_OK &&
		file_read(&g_module, module, "the module", (size_t)1 << 30, &error) == RETWINE_OK;

	if (!good)
		fprintf(stderr, "tamper_native: %s\n", error.message);
	free(signature);
	if (!good)
		return false;
	wasm_find_native(g_module.p, g_module.size, &section, &g_payload);
	return native_decode(&g_native, g_module.p + g_payload, g_module.size - g_payload) == E_OK;
}

int main(int argc, char **argv)
{
	struct arena arena = {0};

	if (argc < 3 || argc > 4 || (argc == 4 && strcmp(argv[3], "strict") != 0)) {
		fprintf(stderr, "usage: tamper_native IMAGE MODULE [strict]\n");
		return 2;
	}
	g_strict_simulation = argc == 4;
	g_null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (g_null < 0 || !read_inputs(argv[1], argv[2]) || !read_record(argv[1], argv[2], &arena))
		return 2;
	RUN(the_honest_module_runs);
	RUN(a_changed_header_is_refused_or_harmless);
	RUN(changed_offsets_are_refused_or_harmless);
	RUN(changed_code_is_refused_or_harmless);
	RUN(changed_constants_and_jump_tables_are_refused_or_harmless);
	RUN(changed_facts_are_refused_or_harmless);
	RUN(an_instruction_for_the_host_is_refused_in_every_function);
	RUN(the_facts_of_other_functions_are_refused);
	RUN(the_honest_module_runs);
	return check_report();
}
