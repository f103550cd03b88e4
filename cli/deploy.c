/*
 * retwine deploy: delivers a program to an enclave of another machine and passes its output and its end on.
 * Trust: the words are the user's; what the enclave writes is the program's and goes to our streams as it is.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/ending.h"
#include "cli/policy.h"

#define FILES_MAX   1024
#define SECRETS_MAX 64

struct deploy {
	const struct command *command;
	struct retwine_config *config;
	struct retwine_policy *policy;
	struct retwine_deploy_options options;
	struct retwine_deploy_file inputs[FILES_MAX];
	struct retwine_deploy_file secrets[SECRETS_MAX];
	char *words[FILES_MAX + SECRETS_MAX]; /* what these point into; owned */
	size_t word_count;
	struct ending ending;
	const char *state_path; /* --volume-state */
	bool quiet;
	bool show_verdict;
	bool stats;
	enum retwine_format stats_format;
	struct retwine_outcome outcome;
	struct retwine_deploy_times times;
	struct retwine_error error;
};

static const struct option g_options[] = {
	{0, "to", "HOST:PORT", false, "the machine where 'retwine serve' runs"},
	{0, "input", "FILE[::GUEST]", false, "deliver a file, as GUEST below a --tmp"},
	{0, "secret", "NAME=FILE", false, "deliver a key, as /dev/attestation/keys/NAME"},
	{0, "stdin", "FILE", false, "deliver its standard input; -: ours, to its end"},
	POLICY_OPTIONS,
	{0, "volume", "-::GUEST[:ro],key=ID[,...]", false,
	 "give a volume that the server keeps, opened by the key ID"},
	{0, "volume-state", "FILE", false, "at the end, write the state of each volume, for pin="},
	RECORD_OPTIONS,
	{0, "connect-timeout", "TIME", false, "for each step until it runs (default: 60s)"},
	{'q', "quiet", NULL, false, "no word about compiling"},
	{0, "show-verdict", NULL, false, "say what the verifier found"},
	{0, "stats", "json", true, "at the end, say what took how long"},
	{0, "status-file", "FILE", false,
	 "write how it ended, to tell our status from the guest's"},
};

/* ---- options ---- */

/* A copy to cut in two. */
static char *keep(struct deploy *d, const char *value)
{
	char *copy = strdup(value);

	if (copy)
		d->words[d->word_count++] = copy;
	else
		command_say("out of memory");
	return copy;
}

/* "FILE::GUEST"; without "::" the guest's path is the file's. */
static int add_input(struct deploy *d, const char *value)
{
	if (d->options.input_count == FILES_MAX)
		return command_usage(d->command, "--input: at most %d files", FILES_MAX);
	char *path = keep(d, value);

	if (!path)
		return STATUS_REFUSED;
	char *colons = strstr(path, "::");

	if (colons)
		*colons = 0;
	d->inputs[d->options.input_count++] =
		(struct retwine_deploy_file){.path = path, .name = colons ? colons + 2 : path};
	return STATUS_OK;
}

/* "NAME=FILE" */
static int add_secret(struct deploy *d, const char *value)
{
	if (d->options.secret_count == SECRETS_MAX)
		return command_usage(d->command, "--secret: at most %d keys", SECRETS_MAX);
	if (!strchr(value, '='))
		return command_usage(d->command, "--secret: '%s' is not NAME=FILE", value);
	char *name = keep(d, value);

	if (!name)
		return STATUS_REFUSED;
	char *equal = strchr(name, '=');

	*equal = 0;
	d->secrets[d->options.secret_count++] =
		(struct retwine_deploy_file){.path = equal + 1, .name = name};
	return STATUS_OK;
}

static int take_stats(struct deploy *d, const char *value)
{
	d->stats = true;
	return !value || command_format(d->command, &d->stats_format, value) ? STATUS_OK
									     : STATUS_USAGE;
}

static int take_timeout(struct deploy *d, const char *value)
{
	if (retwine_parse_time(&d->options.timeout_ns, value))
		return STATUS_OK;
	return command_usage(d->command, "--connect-timeout: '%s' is not a time", value);
}

static int other_option(void *context, const struct option *option, const char *value)
{
	struct deploy *d = context;
	const char *name = option->name;

	if (policy_is_key(name))
		return policy_option(d->command, d->policy, option, value);
	if (strcmp(name, "input") == 0)
		return add_input(d, value);
	if (strcmp(name, "secret") == 0)
		return add_secret(d, value);
	if (strcmp(name, "stats") == 0)
		return take_stats(d, value);
	if (strcmp(name, "connect-timeout") == 0)
		return take_timeout(d, value);
	if (strcmp(name, "to") == 0)
		d->options.to = value;
	else if (strcmp(name, "stdin") == 0)
		d->options.input = value;
	else if (strcmp(name, "status-file") == 0)
		d->ending.path = value;
	else if (strcmp(name, "volume-state") == 0)
		d->state_path = value;
	else if (strcmp(name, "show-verdict") == 0)
		d->show_verdict = true;
	else
		d->quiet = true;
	return STATUS_OK;
}

/* ---- what happens on the way ---- */

/* Relaxations are told whatever is asked for. */
static void on_verified(void *context, const char *text, const char *relaxations)
{
	const struct deploy *d = context;

	if (relaxations[0]) {
		command_say("INSECURE: this deployment accepts what should not be accepted:");
		command_say_lines(relaxations);
	}
	if (d->show_verdict)
		command_say_lines(text);
}

static bool on_output(void *context, int stream, const void *bytes, size_t size)
{
	const char *p = bytes;

	(void)context;
	while (size > 0) {
		const ssize_t n = write(stream, p, size);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			p += n;
			size -= (size_t)n;
		}
	}
	return true;
}

static void on_compile(void *context, const char *module)
{
	const struct deploy *d = context;

	if (!d->quiet)
		command_say("compiling %s; the code is kept for the next time", module);
}

/* ---- the end ---- */

static double ms(uint64_t ns)
{
	return (double)ns / 1e6;
}

static void say_stats(const struct deploy *d)
{
	const struct retwine_deploy_times *t = &d->times;

	if (!d->stats)
		return;
	if (d->stats_format == RETWINE_JSON)
		(void)fprintf(stderr,
			      "{\"connect_ms\": %.3f, \"handshake_ms\": %.3f, \"verify_ms\": %.3f, "
			      "\"deliver_ms\": %.3f, \"run_ms\": %.3f}\n",
			      ms(t->connect_ns), ms(t->handshake_ns), ms(t->verify_ns),
			      ms(t->deliver_ns), ms(t->run_ns));
	else
		command_say("connect %.1f ms, handshake %.1f ms, verify %.1f ms, deliver %.1f ms, "
			    "run %.1f ms",
			    ms(t->connect_ns), ms(t->handshake_ns), ms(t->verify_ns),
			    ms(t->deliver_ns), ms(t->run_ns));
}

/* "12:HEX" of each volume, by rising guest path. What stands in the file stays until there is something new. */
static int write_states(const struct deploy *d)
{
	FILE *f = d->state_path && d->outcome.volume_count ? fopen(d->state_path, "we") : NULL;
	bool ok = f != NULL;

	if (!d->state_path || d->outcome.volume_count == 0)
		return STATUS_OK;
	for (size_t i = 0; f && i < d->outcome.volume_count; i++) {
		const struct retwine_mounted_volume *v = &d->outcome.volumes[i];

		(void)fprintf(f, "%llu:", (unsigned long long)v->sequence);
		for (size_t k = 0; k < sizeof(v->root); k++)
			(void)fprintf(f, "%02x", v->root[k]);
		(void)fputc('\n', f);
		ok = ok && !ferror(f);
	}
	if (f && fclose(f) != 0)
		ok = false;
	if (ok)
		return STATUS_OK;
	command_say("cannot write the state of the volumes to %s: %s", d->state_path,
		    strerror(errno));
	return STATUS_REFUSED;
}

static int deploy_program(struct deploy *d)
{
	d->options.policy = d->policy;
	d->options.inputs = d->inputs;
	d->options.secrets = d->secrets;
	d->options.verified = on_verified;
	d->options.output = on_output;
	d->options.context = d;
	retwine_config_on_compile(d->config, on_compile, d);
	if (retwine_deploy(d->config, &d->options, &d->outcome, &d->times, &d->error) != RETWINE_OK)
		return ending_error(&d->ending, &d->error);
	const int told = ending_tell(&d->ending, &d->outcome);
	const int written = write_states(d);
	const int status = told == STATUS_OK ? written : told;

	say_stats(d);
	retwine_outcome_fini(&d->outcome);
	return status;
}

static int deploy_with(struct deploy *d, int argc, char **argv)
{
	int status = program_options(d->command, d->config, argc, argv, other_option, d);

	if (status == STATUS_ERROR)
		return STATUS_REFUSED;
	if (status == STATUS_OK && !d->options.to)
		return command_usage(d->command, "where to? name the machine with --to HOST:PORT");
	if (status == STATUS_OK && !retwine_config_has_module(d->config))
		return command_usage(d->command, "no program to deploy; name a .wasm file");
	if (status == STATUS_OK)
		status = ending_open(&d->ending);
	return status == STATUS_OK ? deploy_program(d) : status;
}

/* Inputs and keys will be in memory: a crash is not to write them into a file. A system that refuses is no worse than
 * before. */
static void leave_no_core(void)
{
	const struct rlimit none = {0, 0};

	(void)setrlimit(RLIMIT_CORE, &none);
}

static int deploy(const struct command *self, int argc, char **argv)
{
	struct deploy *d = calloc(1, sizeof(*d));
	int status = STATUS_REFUSED;

	leave_no_core();
	if (d) {
		d->command = self;
		d->config = retwine_config_new();
		d->policy = policy_make();
	}
	if (d && d->config && d->policy)
		status = deploy_with(d, argc, argv);
	else
		command_say("out of memory");
	if (d) {
		for (size_t i = 0; i < d->word_count; i++)
			free(d->words[i]);
		retwine_config_free(d->config);
		retwine_policy_free(d->policy);
	}
	free(d);
	return status;
}

const struct command command_deploy = {
	.name = "deploy",
	.synopsis = "--to HOST:PORT [options] app.wasm [arguments]",
	.summary = "run a program in an enclave of another machine, after verifying it",
	.options = g_options,
	.option_count = COUNT_OF(g_options),
	.run = deploy,
	.notes =
		"The enclave there has to be the image that is here, or what --mrenclave or "
		"--mrsigner says,\nstarted for exactly this program, these arguments and these "
		"limits. Nothing is sent\nbefore that is verified. The program gets no "
		"directory and no socket of either machine, and volumes by a delivered key alone.\n"
		"\n"
		"Arguments and variables are not secret: who knows the program can guess them by "
		"the "
		"launch\ndigest, which the server is told. What is secret goes into --secret, "
		"--input "
		"or --stdin.\n"
		"\n"
		"Exit status: the program's own; 134 after a trap, 2 for a wrong command line, "
		"125 when the\nenclave was not accepted, or the program could not be delivered or "
		"started.\n",
};
