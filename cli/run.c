/*
 * retwine run: runs a program and passes its end on.
 * Trust: the words are the user's; what the outcome says was made safe by the library.
 * Invariant: the guest's status and ours are told apart in the status file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/sandbox.h"

struct run {
	const struct command *command;
	struct retwine_config *config;
	const char *status_file;
	FILE *status; /* open, or NULL */
	bool quiet;
	bool show_identity;
	bool no_seccomp;
	bool stats;
	enum retwine_format stats_format;
	struct retwine_outcome outcome;
	struct retwine_error error;
};

static const struct option g_options[] = {
	PROGRAM_OPTIONS,
	{'q', "quiet", NULL, false, "no SIMULATION line, no word about compiling"},
	{0, "show-identity", NULL, false, "say MRENCLAVE, signer and digests at the start"},
	{0, "stats", "json", true, "at the end, say what crossed the boundary"},
	{0, "status-file", "FILE", false,
	 "write how it ended, to tell our status from the guest's"},
	{0, "no-seccomp", NULL, false, "do not limit the system calls of this process"},
	{0, "strict-simulation", NULL, false, "simulate every ENCLU by a trap"},
	{0, "simulation", NULL, false, "simulate, even where the machine has SGX"},
};

static int other_option(void *context, const struct option *option, const char *value)
{
	struct run *r = context;

	if (strcmp(option->name, "quiet") == 0)
		r->quiet = true;
	else if (strcmp(option->name, "show-identity") == 0)
		r->show_identity = true;
	else if (strcmp(option->name, "no-seccomp") == 0)
		r->no_seccomp = true;
	else if (strcmp(option->name, "status-file") == 0)
		r->status_file = value;
	else
		r->stats = true;
	if (strcmp(option->name, "stats") == 0 && value &&
	    !command_format(r->command, &r->stats_format, value))
		return STATUS_USAGE;
	return STATUS_OK;
}

/* ---- the status file ---- */

/* Opened before anything runs, above the standard streams, so that a failure is told in time. */
static int open_status(struct run *r)
{
	if (!r->status_file)
		return STATUS_OK;
	int low = open(r->status_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int fd = low < 0 ? -1 : fcntl(low, F_DUPFD_CLOEXEC, 3);
	int e = errno;

	if (low >= 0)
		close(low);
	r->status = fd < 0 ? NULL : fdopen(fd, "w");
	if (r->status)
		return STATUS_OK;
	if (fd >= 0)
		close(fd);
	command_say("cannot write the status file %s: %s; name another", r->status_file,
		    strerror(e));
	return STATUS_REFUSED;
}

/* "exited 3", or another word with our status and the message on a second line. */
static void write_status(struct run *r, const char *word, unsigned status, const char *message)
{
	if (!r->status)
		return;
	int n = fprintf(r->status, "%s %u\n%s%s", word, status, message, message[0] ? "\n" : "");

	if (fclose(r->status) != 0 || n < 0)
		command_say("cannot write the status file %s: %s", r->status_file, strerror(errno));
	r->status = NULL;
}

/* ---- the start ---- */

static void say_digest(const char *name, const uint8_t digest[RETWINE_DIGEST_SIZE])
{
	char hex[2 * RETWINE_DIGEST_SIZE + 1];

	for (size_t i = 0; i < RETWINE_DIGEST_SIZE; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	command_say("%-15s %s", name, hex);
}

/* Everything is open by now. What cannot be limited is not run. */
static void limit_calls(struct run *r)
{
	char line[RETWINE_MESSAGE_MAX];
	const int error = r->no_seccomp ? 0 : sandbox_enter(r->status ? fileno(r->status) : -1);

	if (error == 0)
		return;
	(void)snprintf(line, sizeof(line),
		       "cannot limit the system calls of this process (seccomp): %s; run without "
		       "by --no-seccomp",
		       strerror(error));
	command_say("%s", line);
	write_status(r, "refused", STATUS_REFUSED, line);
	exit(STATUS_REFUSED);
}

static void on_start(void *context, bool simulation, const struct retwine_identity *identity)
{
	struct run *r = context;

	if (simulation && !r->quiet)
		command_say("SIMULATION: no hardware protects this program or its data");
	if (r->show_identity) {
		say_digest("mr_enclave", identity->mr_enclave);
		say_digest("mr_signer", identity->mr_signer);
		say_digest("program_digest", identity->program_digest);
		say_digest("launch_digest", identity->launch_digest);
	}
	limit_calls(r);
}

static void on_compile(void *context, const char *module)
{
	const struct run *r = context;

	if (!r->quiet)
		command_say("compiling %s; the code is kept for the next time", module);
}

/* ---- the end ---- */

/* Each line of a text as one of ours. */
static void say_lines(const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		command_say("%.*s", (int)n, text);
		text += n + (text[n] == '\n');
	}
}

static void say_stats(const struct run *r, const struct retwine_outcome *outcome)
{
	struct retwine_error error;
	char *text;

	if (!r->stats)
		return;
	if (retwine_stats_text(outcome, r->stats_format, &text, &error) != RETWINE_OK) {
		command_say("%s", error.message);
		return;
	}
	if (r->stats_format == RETWINE_JSON)
		(void)fputs(text, stderr);
	else
		say_lines(text);
	retwine_free(text);
}

static int end_exited(struct run *r, struct retwine_outcome *outcome)
{
	/* The low byte, as the exit status of a process has it. */
	int status = (int)(outcome->status & 0xff);
	int output = STATUS_OK;

	if (outcome->results) {
		output = command_output(outcome->results);
		outcome->results = NULL;
	}
	write_status(r, "exited", outcome->status, "");
	return output == STATUS_OK ? status : STATUS_REFUSED;
}

static int end_otherwise(struct run *r, const struct retwine_outcome *outcome)
{
	static const struct {
		const char *word;
		int status;
	} ends[] = {
		[RETWINE_TRAPPED] = {"trapped", STATUS_TRAP},
		[RETWINE_NOT_STARTED] = {"refused", STATUS_REFUSED},
		[RETWINE_ENDED] = {"failed", STATUS_REFUSED},
		[RETWINE_INTERRUPTED] = {"interrupted", STATUS_INTERRUPTED},
	};

	command_say("%s", outcome->message);
	if (outcome->backtrace) {
		command_say("wasm backtrace:");
		say_lines(outcome->backtrace);
	}
	write_status(r, ends[outcome->end].word, (unsigned)ends[outcome->end].status,
		     outcome->message);
	return ends[outcome->end].status;
}

/* Nothing ran. */
static int end_error(struct run *r)
{
	bool usage = r->error.code == RETWINE_USAGE;
	int status = usage ? STATUS_USAGE : STATUS_REFUSED;

	command_say("%s", r->error.message);
	write_status(r, usage ? "usage" : "refused", (unsigned)status, r->error.message);
	return status;
}

static int run_program(struct run *r)
{
	retwine_config_on_start(r->config, on_start, r);
	retwine_config_on_compile(r->config, on_compile, r);
	retwine_config_handle_sigint(r->config, true);
	if (retwine_run(r->config, &r->outcome, &r->error) != RETWINE_OK)
		return end_error(r);
	int status = r->outcome.end == RETWINE_EXITED ? end_exited(r, &r->outcome)
						      : end_otherwise(r, &r->outcome);

	say_stats(r, &r->outcome);
	retwine_outcome_fini(&r->outcome);
	return status;
}

static int run_with(struct run *r, int argc, char **argv)
{
	int status = program_options(r->command, r->config, argc, argv, other_option, r);

	if (status == STATUS_ERROR) /* a configuration file that cannot be read */
		return STATUS_REFUSED;
	if (status == STATUS_OK && !retwine_config_has_module(r->config))
		return command_usage(r->command, "no program to run; name a .wasm file");
	if (status == STATUS_OK)
		status = open_status(r);
	return status == STATUS_OK ? run_program(r) : status;
}

static int run(const struct command *self, int argc, char **argv)
{
	struct run *r = calloc(1, sizeof(*r));
	int status = STATUS_REFUSED;

	if (r) {
		r->command = self;
		r->config = retwine_config_new();
	}
	if (r && r->config)
		status = run_with(r, argc, argv);
	else
		command_say("out of memory");
	if (r)
		retwine_config_free(r->config);
	free(r);
	return status;
}

const struct command command_run = {
	.name = "run",
	.synopsis = "[options] app.wasm [arguments]",
	.summary = "run a program in the enclave",
	.options = g_options,
	.option_count = COUNT_OF(g_options),
	.run = run,
	.notes =
		"All words behind app.wasm go to the program; -- ends the options earlier. When a\n"
		"configuration file or --module names the program, all words behind the options "
		"do.\n"
		"\n"
		"Keys of a configuration file are the long options, each with its value (true for "
		"a\n"
		"switch), and: args, a list. env may be a list or a mapping, dir may be a list.\n"
		"\n"
		"Exit status: the program's own; 134 after a trap, 2 for a wrong command line, "
		"125\n"
		"when it was refused or could not be started, 130 after an interrupt.\n",
};
