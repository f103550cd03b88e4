/*
 * retwine serve: takes clients and starts `retwine serve-client` for each.
 * Trust: the words are the user's; clients are anybody (host/deploy/serve.c).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"

#define DEFAULT_LISTEN	  "127.0.0.1:7893"
#define DEFAULT_CLIENTS	  16u
#define DEFAULT_PER_HOST  4u
#define DEFAULT_MAX_TIME  "1h"
#define DEFAULT_IDLE_TIME "30s"
#define DEFAULT_MEMORY	  "2G"
#define HELLO_TIME_NS	  5000000000u
#define WORDS_MAX	  48

struct serve {
	const struct command *command;
	struct retwine_config *config; /* to find mistakes at the start, not with each client */
	struct retwine_serve_options options;
	char *word[WORDS_MAX + 1]; /* of the command for a client */
	size_t word_count;
	struct retwine_identity identity;
	bool told; /* whose enclaves these are */
	struct retwine_error error;
};

static const struct option g_options[] = {
	{0, "listen", "ADDR:PORT", false,
	 "where, in figures; port 0: any (default: " DEFAULT_LISTEN ")"},
	{0, "max-clients", "N", false, "at once (default: 16)"},
	{0, "max-clients-per-address", "N", false, "at once from one address (default: 4)"},
	{0, "max-time", "TIME", false,
	 "that a client has from start to end (default: " DEFAULT_MAX_TIME ")"},
	{0, "idle-time", "TIME", false,
	 "that a delivery may pause (default: " DEFAULT_IDLE_TIME ")"},
	{0, "shutdown-time", "TIME", false, "that clients get after SIGTERM (default: 30s)"},
	HOST_OPTIONS,
	{0, "volumes", "DIR", false, "keep volumes of delivered programs there (default: they have none)"},
	{0, "host-max-disk", "BYTES", false, "let a client write no more than that to its volumes"},
	{0, "image", "FILE", false, "the enclave image (default: the one that comes with retwine)"},
	{0, "quoting", "WHO", false, "auto, simulated, aesm[:SOCKET]: who makes the quotes"},
	{0, "simulation", NULL, false, "simulate, even where the machine has SGX"},
	{0, "strict-simulation", NULL, false, "simulate every ENCLU by a trap"},
	{0, "no-seccomp", NULL, false, "do not limit the system calls of enclaves' processes"},
	{'h', "help", NULL, false, "print this"},
};

/* ---- the words for a client's process ---- */

static int add_word(struct serve *s, const char *name, const char *value)
{
	char *word = NULL;

	if (s->word_count == WORDS_MAX)
		return command_usage(s->command, "too many options");
	if (asprintf(&word, value ? "--%s=%s" : "--%s", name, value) < 0) {
		command_say("out of memory");
		return STATUS_REFUSED;
	}
	s->word[s->word_count++] = word;
	return STATUS_OK;
}

/* An option that is meant for the client's process: checked here, said there. */
static int pass_on(struct serve *s, const char *name, const char *value)
{
	if (strcmp(name, "no-seccomp") != 0 &&
	    retwine_config_set(s->config, name, value ? value : "true", &s->error) != RETWINE_OK)
		return command_usage(s->command, "%s", s->error.message);
	return add_word(s, name, value);
}

/* ---- options ---- */

static int take_count(struct serve *s, unsigned *out, const char *name, const char *value)
{
	char *end = NULL;
	const unsigned long n = strtoul(value, &end, 10);

	if (value[0] < '0' || value[0] > '9' || *end != 0 || n == 0 || n > 4096)
		return command_usage(s->command, "--%s: '%s' is not a number from 1 to 4096", name,
				     value);
	*out = (unsigned)n;
	return STATUS_OK;
}

static int take_time(struct serve *s, uint64_t *out, const char *name, const char *value)
{
	if (retwine_parse_time(out, value))
		return STATUS_OK;
	return command_usage(s->command,
			     "--%s: '%s' is not a time; write a number above 0 with ms, s, m or h",
			     name, value);
}

static int take_option(struct serve *s, const char *name, const char *value)
{
	struct retwine_serve_options *o = &s->options;
	uint64_t idle_ns;

	if (strcmp(name, "listen") == 0) {
		o->listen = value;
		return STATUS_OK;
	}
	if (strcmp(name, "max-clients") == 0)
		return take_count(s, &o->max_clients, name, value);
	if (strcmp(name, "max-clients-per-address") == 0)
		return take_count(s, &o->max_clients_per_address, name, value);
	if (strcmp(name, "max-time") == 0)
		return take_time(s, &o->max_time_ns, name, value);
	if (strcmp(name, "shutdown-time") == 0)
		return take_time(s, &o->shutdown_time_ns, name, value);
	if (strcmp(name, "volumes") == 0)
		return add_word(s, name, value);
	if (strcmp(name, "idle-time") != 0)
		return pass_on(s, name, value);
	const int status = take_time(s, &idle_ns, name, value);

	return status == STATUS_OK ? add_word(s, name, value) : status;
}

static int take_options(struct serve *s, int argc, char **argv)
{
	struct options o = {g_options, COUNT_OF(g_options), argc, argv, 0};
	const struct option *option = NULL;
	const char *value = NULL;
	char problem[OPTIONS_PROBLEM_MAX];
	enum options_result result;

	while ((result = options_next(&o, &option, &value, problem)) == OPTIONS_FOUND) {
		const int status = take_option(s, option->name, value);

		if (status != STATUS_OK)
			return status;
	}
	if (result == OPTIONS_BAD)
		return command_usage(s->command, "%s", problem);
	return o.at == argc ? STATUS_OK
			    : command_usage(s->command,
					    "'%s' is not an option; programs come from "
					    "'retwine deploy'",
					    argv[o.at]);
}

static int set_defaults(struct serve *s)
{
	s->options.listen = DEFAULT_LISTEN;
	s->options.max_clients = DEFAULT_CLIENTS;
	s->options.max_clients_per_address = DEFAULT_PER_HOST;
	s->options.hello_time_ns = HELLO_TIME_NS;
	(void)retwine_parse_time(&s->options.max_time_ns, DEFAULT_MAX_TIME);
	(void)retwine_parse_time(&s->options.shutdown_time_ns, DEFAULT_IDLE_TIME);
	s->word[s->word_count++] = strdup("/proc/self/exe");
	s->word[s->word_count++] = strdup(command_serve_client.name);
	if (!s->word[0] || !s->word[1])
		return STATUS_REFUSED;
	int status = add_word(s, "idle-time", DEFAULT_IDLE_TIME);

	if (status == STATUS_OK)
		status = pass_on(s, "host-max-memory", DEFAULT_MEMORY);
	return status;
}

/* ---- serving ---- */

static void say_identity(const struct retwine_identity *identity)
{
	char hex[2 * RETWINE_DIGEST_SIZE + 1];

	for (size_t i = 0; i < RETWINE_DIGEST_SIZE; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", identity->mr_enclave[i]);
	command_say("mr_enclave      %s", hex);
}

/* The first event is that it listens. */
static void on_event(void *context, const char *line)
{
	struct serve *s = context;

	if (!s->told)
		say_identity(&s->identity);
	s->told = true;
	command_say("%s", line);
}

/* An image that cannot be loaded is told now, not with each client. */
static int check_image(struct serve *s)
{
	if (retwine_measure(s->config, &s->identity, &s->error) == RETWINE_OK)
		return STATUS_OK;
	return command_error(&s->error);
}

static int serve_with(struct serve *s, int argc, char **argv)
{
	int status = set_defaults(s);

	if (status == STATUS_OK)
		status = take_options(s, argc, argv);
	if (status == STATUS_OK)
		status = check_image(s);
	if (status != STATUS_OK)
		return status == STATUS_ERROR ? STATUS_REFUSED : status;
	s->options.worker = (const char *const *)s->word;
	s->options.log = on_event;
	s->options.log_context = s;
	if (retwine_serve(&s->options, &s->error) == RETWINE_OK)
		return STATUS_OK;
	command_say("%s", s->error.message);
	return s->error.code == RETWINE_USAGE ? STATUS_USAGE : STATUS_REFUSED;
}

static int serve(const struct command *self, int argc, char **argv)
{
	struct serve s = {.command = self, .config = retwine_config_new()};
	int status = STATUS_REFUSED;

	if (s.config)
		status = serve_with(&s, argc, argv);
	else
		command_say("out of memory");
	for (size_t i = 0; i < s.word_count; i++)
		free(s.word[i]);
	retwine_config_free(s.config);
	return status;
}

const struct command command_serve = {
	.name = "serve",
	.synopsis = "[options]",
	.summary = "run programs of others, each in an enclave that its owner verifies",
	.options = g_options,
	.option_count = COUNT_OF(g_options),
	.run = serve,
	.notes = "Each client of 'retwine deploy' gets a fresh enclave in a process of its own. "
		 "SIGTERM or\nSIGINT ends the service when its clients have ended or their time is "
		 "over, a second one\nat once.\n",
};
