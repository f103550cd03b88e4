/*
 * The process that `retwine serve` starts for one client: not for people. It limits itself, runs one enclave for the
 * connection that it inherits, and ends.
 * Trust: the words come from host/deploy/serve.c, the digest and the nonce in them from the client. Standard error is the
 * service's log: nothing of a guest gets there.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "cli/command.h"
#include "cli/sandbox.h"

#define CONNECTION  3
#define FILES_MAX   64
#define CLIENT_NAME "a client"

struct serve_client {
	const struct command *command;
	struct retwine_config *config;
	struct retwine_client client;
	const char *name;
	bool no_seccomp;
	bool has_digest;
	bool has_nonce;
	struct retwine_outcome outcome;
	struct retwine_error error;
};

static const struct option g_options[] = {
	{0, "client", "NAME", false, "what the log calls it"},
	{0, "launch-digest", "HEX", false, "what the client announced"},
	{0, "nonce", "HEX", false, "what the evidence has to hold"},
	{0, "timeout", "TIME", false, "of the program, delivery included"},
	{0, "idle-time", "TIME", false, "that a delivery may pause"},
	HOST_OPTIONS,
	{0, "host-max-disk", "BYTES", false, "what it may write to its volumes"},
	{0, "volumes", "DIR", false, "where its volumes are"},
	{0, "image", "FILE", false, "the enclave image"},
	{0, "quoting", "WHO", false, "who makes the quotes"},
	{0, "simulation", NULL, false, "simulate, even where the machine has SGX"},
	{0, "strict-simulation", NULL, false, "simulate every ENCLU by a trap"},
	{0, "no-seccomp", NULL, false, "do not limit the system calls of this process"},
	{'h', "help", NULL, false, "print this"},
};

static bool take_hex(uint8_t out[RETWINE_DIGEST_SIZE], const char *text)
{
	static const char digits[] = "0123456789abcdef";

	if (strlen(text) != 2 * RETWINE_DIGEST_SIZE)
		return false;
	for (size_t i = 0; i < RETWINE_DIGEST_SIZE; i++) {
		const char *high = strchr(digits, text[2 * i]);
		const char *low = strchr(digits, text[2 * i + 1]);

		if (!high || !low)
			return false;
		out[i] = (uint8_t)((high - digits) << 4 | (low - digits));
	}
	return true;
}

static bool take_option(struct serve_client *s, const char *name, const char *value)
{
	if (strcmp(name, "launch-digest") == 0)
		return s->has_digest = take_hex(s->client.launch_digest, value);
	if (strcmp(name, "nonce") == 0)
		return s->has_nonce = take_hex(s->client.nonce, value);
	if (strcmp(name, "idle-time") == 0)
		return retwine_parse_time(&s->client.idle_time_ns, value);
	if (strcmp(name, "client") == 0)
		s->name = value;
	else if (strcmp(name, "volumes") == 0)
		s->client.volumes = value;
	else if (strcmp(name, "no-seccomp") == 0)
		s->no_seccomp = true;
	else
		return retwine_config_set(s->config, name, value ? value : "true", &s->error) ==
		       RETWINE_OK;
	return true;
}

static int take_options(struct serve_client *s, int argc, char **argv)
{
	struct options o = {g_options, COUNT_OF(g_options), argc, argv, 0};
	const struct option *option = NULL;
	const char *value = NULL;
	char problem[OPTIONS_PROBLEM_MAX];
	enum options_result result;

	while ((result = options_next(&o, &option, &value, problem)) == OPTIONS_FOUND)
		if (!take_option(s, option->name, value))
			return command_usage(s->command, "--%s: '%s' is not right", option->name,
					     value ? value : "");
	if (result == OPTIONS_BAD)
		return command_usage(s->command, "%s", problem);
	if (o.at != argc || !s->has_digest || !s->has_nonce)
		return command_usage(s->command, "this command is started by 'retwine serve'");
	return STATUS_OK;
}

/* ---- limits of this process ---- */

static int limit(int what, rlim_t value)
{
	const struct rlimit to = {value, value};

	return setrlimit((__rlimit_resource_t)what, &to) == 0 ? 0 : errno;
}

/* No memory of it in a file, no debugger of its user's, an end with the service's end. */
static int limit_process(void)
{
	int error = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 ? 0 : errno;

	if (error == 0)
		error = prctl(PR_SET_DUMPABLE, 0) == 0 ? 0 : errno;
	if (error == 0)
		error = limit(RLIMIT_CORE, 0);
	if (error == 0)
		error = limit(RLIMIT_NOFILE, FILES_MAX);
	return error;
}

/* Everything is open by now. */
static void on_start(void *context, bool simulation, const struct retwine_identity *identity)
{
	const struct serve_client *s = context;
	const enum sandbox_kind kind = s->client.volumes ? SANDBOX_VOLUMES : SANDBOX_DELIVERED;
	const int error = s->no_seccomp ? 0 : sandbox_enter(kind, -1);

	(void)identity;
	if (simulation)
		command_say("%s: SIMULATION: no hardware protects this program or its data",
			    s->name);
	if (error == 0)
		return;
	command_say("%s: cannot limit the system calls of this process (seccomp): %s", s->name,
		    strerror(error));
	exit(STATUS_REFUSED);
}

/* ---- the client ---- */

static int serve_one(struct serve_client *s)
{
	retwine_config_on_start(s->config, on_start, s);
	if (retwine_serve_client(s->config, &s->client, &s->outcome, &s->error) != RETWINE_OK) {
		command_say("%s: %s", s->name, s->error.message);
		return STATUS_REFUSED;
	}
	const int status = s->outcome.end == RETWINE_EXITED ? STATUS_OK : STATUS_REFUSED;

	if (s->outcome.message[0])
		command_say("%s: %s", s->name, s->outcome.message);
	if (s->outcome.no_quote[0])
		command_say("%s: no quote: %s", s->name, s->outcome.no_quote);
	retwine_outcome_fini(&s->outcome);
	return status;
}

static int serve_client_with(struct serve_client *s, int argc, char **argv)
{
	const int status = take_options(s, argc, argv);

	if (status != STATUS_OK)
		return status;
	const int error = limit_process();

	if (error != 0) {
		command_say("%s: cannot limit this process: %s", s->name, strerror(error));
		return STATUS_REFUSED;
	}
	return serve_one(s);
}

static int serve_client(const struct command *self, int argc, char **argv)
{
	struct serve_client *s = calloc(1, sizeof(*s));
	int status = STATUS_REFUSED;

	if (s) {
		s->command = self;
		s->name = CLIENT_NAME;
		s->client.connection = CONNECTION;
		s->config = retwine_config_new();
	}
	if (s && s->config)
		status = serve_client_with(s, argc, argv);
	else
		command_say("out of memory");
	if (s)
		retwine_config_free(s->config);
	free(s);
	return status;
}

const struct command command_serve_client = {
	.name = "serve-client",
	.synopsis = "[options]",
	.summary = "serve one client of 'retwine serve', which starts this",
	.options = g_options,
	.option_count = COUNT_OF(g_options),
	.run = serve_client,
};
