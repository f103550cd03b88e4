/*
 * The script runner inside the test image: lines go to standard output by host calls.
 * Trust: the script is the host's and untrusted; runner.c bounds it.
 */
#include "test/image/script.h"

#include "hostcall/hostcall.h"
#include "test/wast/runner.h"

static void print_line(void *env, const char *line, size_t len)
{
	size_t done;

	(void)env;
	/* a test's output: what the host does not take is its loss */
	if (hostcall_write(HOST_HANDLE_STDOUT, line, len, &done) == HOST_SUCCESS)
		(void)hostcall_write(HOST_HANDLE_STDOUT, "\n", 1, &done);
}

static enum err start_thread(void *env, uint32_t *thread)
{
	(void)env;
	return program_thread_start(thread);
}

void script_run(const struct program_input *in, struct program_outcome *out)
{
	static const struct wast_host host = {print_line, start_thread, NULL};
	struct wast_counts counts = {0};
	enum err err = wast_run(in->module, in->module_size, &host, &counts);

	out->detail[0] = (uint64_t)counts.passed << 32 | counts.failed;
	out->detail[1] = counts.skipped;
	if (err != E_OK) {
		out->kind = RUN_REFUSED;
		out->code = err;
		return;
	}
	out->kind = RUN_EXITED;
	out->code = counts.failed != 0;
}

bool script_run_thread(uint32_t thread)
{
	return wast_thread_run(thread);
}
