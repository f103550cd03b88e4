/*
 * retwine compile: makes native code. The compiler is a program of its own (retwine-compile), so that
 * this one needs no LLVM; it gets its options from here in one form.
 * Trust: the words are the user's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"

/* A list of words for the compiler, and what they are made of. */
#define WORDS_MAX 16

struct compile {
	const struct command *command;
	const char *words[WORDS_MAX]; /* those of the options */
	size_t count;
	char *module; /* owned */
	char *output; /* owned */
};

static const struct option g_options[] = {
	{'O', "level", "N", false, "0 to 3: 1 compiles quickly, 3 also vectorises (default 1)"},
	{0, "isa", "LEVEL", false, "v2 or v3: for CPUs of x86-64-v2 or -v3 (default v3)"},
	{0, "fuel", NULL, false, "code that counts instructions, for runs with --fuel"},
	{0, "interruptible", NULL, false, "code that can be ended, for --timeout and for threads"},
	{'j', "jobs", "N", false, "compile on that many CPUs (default: all)"},
	{'o', "output", "FILE", false, "module to write (default: app.retwine.wasm for app.wasm)"},
	{'q', "quiet", NULL, false, "no progress bar"},
	{'h', "help", NULL, false, "print this"},
};

static int add_word(struct compile *c, const char *word)
{
	if (c->count == WORDS_MAX - 4) /* the last ones are needed */
		return command_usage(c->command, "too many options");
	c->words[c->count++] = word;
	return STATUS_OK;
}

static bool is_one_of(const char *value, const char *const choices[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(value, choices[i]) == 0)
			return true;
	}
	return false;
}

static int take_level(struct compile *c, const char *value)
{
	static const char *const levels[] = {"0", "1", "2", "3"};
	static const char *const words[] = {"-O0", "-O1", "-O2", "-O3"};

	if (!is_one_of(value, levels, COUNT_OF(levels)))
		return command_usage(c->command, "-O%s: there are 0 to 3", value);
	return add_word(c, words[value[0] - '0']);
}

static int take_isa(struct compile *c, const char *value)
{
	static const char *const levels[] = {"v2", "v3"};

	if (!is_one_of(value, levels, COUNT_OF(levels)))
		return command_usage(c->command, "--isa: '%s' is neither v2 nor v3", value);
	return add_word(c, strcmp(value, "v2") == 0 ? "--isa=v2" : "--isa=v3");
}

static int take_jobs(struct compile *c, const char *value)
{
	if (value[0] == 0 || strlen(value) > 3 || value[strspn(value, "0123456789")] != 0)
		return command_usage(c->command, "-j: '%s' is not a number of CPUs", value);
	int status = add_word(c, "-j");

	return status == STATUS_OK ? add_word(c, value) : status;
}

/* A file's name that is no option to anybody. */
static int take_path(const struct compile *c, char **out, const char *path)
{
	size_t size = strlen(path) + sizeof("./");

	if (path[0] == 0)
		return command_usage(c->command, "a file's name is empty");
	free(*out);
	*out = malloc(size);
	if (!*out) {
		command_say("out of memory");
		return STATUS_ERROR;
	}
	(void)snprintf(*out, size, "%s%s", path[0] == '-' ? "./" : "", path);
	return STATUS_OK;
}

static int take_option(struct compile *c, const struct option *option, const char *value)
{
	if (strcmp(option->name, "level") == 0)
		return take_level(c, value);
	if (strcmp(option->name, "isa") == 0)
		return take_isa(c, value);
	if (strcmp(option->name, "jobs") == 0)
		return take_jobs(c, value);
	if (strcmp(option->name, "output") == 0)
		return take_path(c, &c->output, value);
	if (strcmp(option->name, "fuel") == 0)
		return add_word(c, "--fuel");
	return add_word(c, strcmp(option->name, "quiet") == 0 ? "--quiet" : "--interruptible");
}

/* Options may stand behind the module, too: no guest's words follow it. */
static int take_words(struct compile *c, int argc, char **argv)
{
	struct options o = {g_options, COUNT_OF(g_options), argc, argv, 0};
	const struct option *option = NULL;
	const char *value = NULL;
	char problem[OPTIONS_PROBLEM_MAX];
	int status = STATUS_OK;

	while (o.at < argc && status == STATUS_OK) {
		enum options_result result = options_next(&o, &option, &value, problem);

		if (result == OPTIONS_BAD)
			status = command_usage(c->command, "%s", problem);
		else if (result == OPTIONS_FOUND)
			status = take_option(c, option, value);
		else if (o.at < argc && c->module)
			status = command_usage(c->command, "'%s' is too much", argv[o.at]);
		else if (o.at < argc)
			status = take_path(c, &c->module, argv[o.at++]);
	}
	if (status == STATUS_OK && !c->module)
		return command_usage(c->command, "no module; name a .wasm file");
	return status;
}

/* app.retwine.wasm for app.wasm. */
static int default_output(struct compile *c)
{
	static const char suffix[] = ".retwine.wasm";
	size_t n = strlen(c->module);

	if (n > 5 && strcmp(c->module + n - 5, ".wasm") == 0)
		n -= 5;
	c->output = malloc(n + sizeof(suffix));
	if (!c->output) {
		command_say("out of memory");
		return STATUS_ERROR;
	}
	memcpy(c->output, c->module, n);
	memcpy(c->output + n, suffix, sizeof(suffix));
	return STATUS_OK;
}

static int run_compiler(struct compile *c)
{
	struct retwine_error error;
	int status;

	c->words[c->count++] = "-o";
	c->words[c->count++] = c->output;
	c->words[c->count++] = c->module;
	c->words[c->count] = NULL;
	if (retwine_compiler(c->words, &status, &error) != RETWINE_OK)
		return command_error(&error);
	return status;
}

static int compile(const struct command *self, int argc, char **argv)
{
	struct compile c = {.command = self, .words = {"retwine-compile"}, .count = 1};
	int status = take_words(&c, argc, argv);

	if (status == STATUS_OK && !c.output)
		status = default_output(&c);
	if (status == STATUS_OK)
		status = run_compiler(&c);
	free(c.module);
	free(c.output);
	return status;
}

const struct command command_compile = {
	.name = "compile",
	.synopsis = "[options] app.wasm",
	.summary = "make native code: the same module with a section more",
	.options = g_options,
	.option_count = COUNT_OF(g_options),
	.run = compile,
	.notes = "What it writes is still a WebAssembly module that every engine takes. The same "
		 "module and\n"
		 "options give the same bytes on every machine. retwine run takes the native code.\n"
		 "\n"
		 "Exit status: 1 for a module that cannot be compiled.\n",
};
