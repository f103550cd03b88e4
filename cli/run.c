/*
 * retwine run: runs a program and passes its end on.
 * Trust: the words are the user's; what the outcome says was made safe by the library.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/ending.h"
#include "cli/sandbox.h"

struct run {
	const struct command *command;
	struct retwine_config *config;
	struct ending ending;
	const char *state_path; /* --volume-state */
	int state_fd;
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
	{0, "volume-state", "FILE", false, "at the end, write the state of each volume, for pin="},
	{0, "no-seccomp", NULL, false, "do not limit the system calls of this process"},
	{0, "strict-simulation", NULL, false, "simulate every ENCLU by a trap"},
	{0, "simulation", NULL, false, "simulate, even where the machine has SGX"},
	{0, "quoting", "WHO", false, "auto, simulated, aesm[:SOCKET], none: who makes its quotes"},
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
		r->ending.path = value;
	else if (strcmp(option->name, "volume-state") == 0)
		r->state_path = value;
	else
		r->stats = true;
	if (strcmp(option->name, "stats") == 0 && value &&
	    !command_format(r->command, &r->stats_format, value))
		return STATUS_USAGE;
	return STATUS_OK;
}

/* ---- the start ---- */

static void hex_digest(char hex[2 * RETWINE_DIGEST_SIZE + 1],
		       const uint8_t digest[RETWINE_DIGEST_SIZE])
{
	for (size_t i = 0; i < RETWINE_DIGEST_SIZE; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

static void say_digest(const char *name, const uint8_t digest[RETWINE_DIGEST_SIZE])
{
	char hex[2 * RETWINE_DIGEST_SIZE + 1];

	hex_digest(hex, digest);
	command_say("%-15s %s", name, hex);
}

/* Never silent: -q is for what everybody knows. */
static void say_relaxations(const struct run *r)
{
	struct retwine_error error;
	char *lines = NULL;

	if (retwine_config_relaxations(r->config, &lines, &error) != RETWINE_OK) {
		command_say("%s", error.message);
		return;
	}
	command_say_lines(lines);
	retwine_free(lines);
}

/* Everything is open by now. What cannot be limited is not run. */
static void limit_calls(struct run *r)
{
	char line[RETWINE_MESSAGE_MAX];
	const int error =
		r->no_seccomp
			? 0
			: sandbox_enter(SANDBOX_RUN, r->ending.file ? fileno(r->ending.file) : -1);

	if (error == 0)
		return;
	(void)snprintf(line, sizeof(line),
		       "cannot limit the system calls of this process (seccomp): %s; run without "
		       "by --no-seccomp",
		       strerror(error));
	command_say("%s", line);
	ending_write(&r->ending, "refused", STATUS_REFUSED, line);
	exit(STATUS_REFUSED);
}

static void on_start(void *context, bool simulation, const struct retwine_identity *identity)
{
	struct run *r = context;

	if (simulation && !r->quiet)
		command_say("SIMULATION: no hardware protects this program or its data");
	say_relaxations(r);
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
		command_say_lines(text);
	retwine_free(text);
}

/* "12:HEX" of each volume, by rising guest path. */
static void write_state(const struct run *r, const char *text, size_t size)
{
	if (r->state_fd < 0)
		return;
	if (pwrite(r->state_fd, text, size, 0) != (ssize_t)size ||
	    ftruncate(r->state_fd, (off_t)size) != 0)
		command_say("cannot write the state of the volumes to %s: %s", r->state_path,
			    strerror(errno));
}

/* An end that says nothing of volumes leaves the last known state where it is. */
static void tell_volumes(const struct run *r)
{
	const struct retwine_outcome *o = &r->outcome;
	char *text = NULL;
	size_t size = 0;
	FILE *f = o->volume_count ? open_memstream(&text, &size) : NULL;
	char root[2 * RETWINE_DIGEST_SIZE + 1];

	for (size_t i = 0; f && i < o->volume_count; i++) {
		const struct retwine_mounted_volume *v = &o->volumes[i];

		hex_digest(root, v->root);
		if (v->pinned && !r->state_path)
			command_say("volume %s: commit %llu, root %s", v->guest,
				    (unsigned long long)v->sequence, root);
		(void)fprintf(f, "%llu:%s\n", (unsigned long long)v->sequence, root);
	}
	if (f && fclose(f) == 0)
		write_state(r, text, size);
	free(text);
}

static int run_program(struct run *r)
{
	retwine_config_on_start(r->config, on_start, r);
	retwine_config_on_compile(r->config, on_compile, r);
	retwine_config_handle_sigint(r->config, true);
	if (retwine_run(r->config, &r->outcome, &r->error) != RETWINE_OK)
		return ending_error(&r->ending, &r->error);
	const int status = ending_tell(&r->ending, &r->outcome);

	if (r->outcome.no_quote[0] && !r->quiet)
		command_say("no quote: %s", r->outcome.no_quote);
	tell_volumes(r);
	say_stats(r, &r->outcome);
	retwine_outcome_fini(&r->outcome);
	return status;
}

/* Before the calls of this process are limited; what stands there stays until there is something new. */
static int open_state(struct run *r)
{
	r->state_fd = -1;
	if (!r->state_path)
		return STATUS_OK;
	const int low = open(r->state_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	r->state_fd = low < 0 ? -1 : fcntl(low, F_DUPFD_CLOEXEC, 3);
	const int why = errno;

	if (low >= 0)
		close(low);
	if (r->state_fd >= 0)
		return STATUS_OK;
	command_say("cannot write the state of the volumes to %s: %s; name another file",
		    r->state_path, strerror(why));
	return STATUS_REFUSED;
}

static int run_with(struct run *r, int argc, char **argv)
{
	int status = program_options(r->command, r->config, argc, argv, other_option, r);

	if (status == STATUS_ERROR) /* a configuration file that cannot be read */
		return STATUS_REFUSED;
	if (status == STATUS_OK && !retwine_config_has_module(r->config))
		return command_usage(r->command, "no program to run; name a .wasm file");
	if (status == STATUS_OK)
		status = ending_open(&r->ending);
	if (status == STATUS_OK)
		status = open_state(r);
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
