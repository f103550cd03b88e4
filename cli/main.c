/*
 * The retwine command: finds the subcommand. Everything it does goes through include/retwine.h.
 * Trust: the words and the standard streams are the user's.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"

static const struct command *const g_commands[] = {
	&command_run,	 &command_compile,  &command_measure, &command_sign,  &command_inspect,
	&command_doctor, &command_validate, &command_verify,  &command_serve, &command_deploy,
	&command_volume,
};

/* Words of the command line stand in messages too: no control character reaches the terminal. */
static void make_printable(char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
	}
}

/* One write for the whole line, so that lines of several processes do not mix. */
PRINTF_LIKE(1, 0) static void say(const char *format, va_list args)
{
	char line[RETWINE_MESSAGE_MAX + 512];
	int n = vsnprintf(line, sizeof(line) - 1, format, args);

	if (n < 0)
		return;
	size_t len = (size_t)n < sizeof(line) - 1 ? (size_t)n : sizeof(line) - 2;

	line[len] = 0;
	make_printable(line);
	(void)fprintf(stderr, "retwine: %s\n", line);
}

void command_say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
}

void command_say_lines(const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		command_say("%.*s", (int)n, text);
		text += n + (text[n] == '\n');
	}
}

int command_usage(const struct command *c, const char *format, ...)
{
	char line[RETWINE_MESSAGE_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	command_say("%s: %s; see 'retwine %s --help'", c->name, line, c->name);
	return STATUS_USAGE;
}

int command_error(const struct retwine_error *error)
{
	command_say("%s", error->message);
	if (error->code == RETWINE_USAGE)
		return STATUS_USAGE;
	return error->code == RETWINE_REFUSED ? STATUS_REFUSED : STATUS_ERROR;
}

/* Standard output is written late; a full device shows here. */
static int flush_output(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return STATUS_OK;
	command_say("cannot write to standard output: %s", strerror(errno));
	return STATUS_ERROR;
}

int command_output(char *text)
{
	(void)fputs(text, stdout);
	retwine_free(text);
	return flush_output();
}

bool command_format(const struct command *c, enum retwine_format *format, const char *value)
{
	if (strcmp(value, "text") == 0) {
		*format = RETWINE_TEXT;
	} else if (strcmp(value, "json") == 0) {
		*format = RETWINE_JSON;
	} else {
		(void)command_usage(c, "'%s' is no format; there are text and json", value);
		return false;
	}
	return true;
}

int command_help(const struct command *c)
{
	printf("Usage: retwine %s %s\n\nTo %s.\n\n", c->name, c->synopsis, c->summary);
	options_print(c->options, c->option_count);
	if (c->notes)
		printf("\n%s", c->notes);
	return flush_output();
}

bool command_wants_help(int argc, char **argv, const struct command *c)
{
	struct options o = {c->options, c->option_count, argc, argv, 0};
	const struct option *option = NULL;
	const char *value = NULL;
	char problem[OPTIONS_PROBLEM_MAX];

	while (options_next(&o, &option, &value, problem) == OPTIONS_FOUND) {
		if (strcmp(option->name, "help") == 0)
			return true;
	}
	return false;
}

static int print_overview(void)
{
	printf("Usage: retwine COMMAND [options] ...\n"
	       "       retwine [options] app.wasm [arguments]\n\n"
	       "Runs WebAssembly programs inside an SGX enclave, or a simulated one.\n\n");
	for (size_t i = 0; i < COUNT_OF(g_commands); i++)
		printf("  %-10s %s\n", g_commands[i]->name, g_commands[i]->summary);
	printf("  %-10s %s\n  %-10s %s\n\n'retwine help COMMAND' explains one of them.\n", "help",
	       "print this, or explain a command", "version", "print the version");
	return flush_output();
}

static int print_version(void)
{
	printf("retwine %s\n", retwine_version());
	return flush_output();
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(g_commands); i++) {
		if (strcmp(g_commands[i]->name, name) == 0)
			return g_commands[i];
	}
	return NULL;
}

static int run_command(const struct command *c, int argc, char **argv)
{
	if (command_wants_help(argc, argv, c))
		return command_help(c);
	return c->run(c, argc, argv);
}

static int help(int argc, char **argv)
{
	if (argc == 0)
		return print_overview();
	const struct command *c = find_command(argv[0]);

	if (c)
		return command_help(c);
	command_say("there is no command '%s'; see 'retwine help'", argv[0]);
	return STATUS_USAGE;
}

/* A bare `retwine app.wasm` is run. A word that looks like no file is a mistyped command. */
static int run_bare(int argc, char **argv)
{
	if (argv[0][0] == '-' || strchr(argv[0], '.') || strchr(argv[0], '/'))
		return run_command(&command_run, argc, argv);
	command_say("'%s' is neither a command nor a .wasm file; see 'retwine help'", argv[0]);
	return STATUS_USAGE;
}

int main(int argc, char **argv)
{
	/* A closed pipe is an error of a write, not the end of the process. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN); /* a write over the file size limit: EFBIG */
	if (argc < 2) {
		command_say("no command and no program; see 'retwine help'");
		return STATUS_USAGE;
	}
	const struct command *c = find_command(argv[1]);

	if (!c && strcmp(argv[1], command_serve_client.name) == 0)
		c = &command_serve_client;
	if (c)
		return run_command(c, argc - 2, argv + 2);
	if (strcmp(argv[1], "help") == 0)
		return help(argc - 2, argv + 2);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return print_overview();
	if (strcmp(argv[1], "version") == 0 || strcmp(argv[1], "--version") == 0)
		return print_version();
	return run_bare(argc - 1, argv + 1);
}
