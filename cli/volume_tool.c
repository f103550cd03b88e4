/*
 * Options of the commands of `retwine volume`, and how each begins and ends.
 * Trust: the words are the user's.
 */
#include "cli/volume_tool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/progress.h"

/* ---- options ---- */

/* "ID=FILE" */
static int take_provisioned(struct tool *t, struct retwine_volume_slot *slot, const char *value)
{
	const char *equal = strchr(value, '=');
	char *id = equal ? strdup(value) : NULL;

	if (!equal)
		return command_usage(t->command, "--provisioned: '%s' is not ID=FILE", value);
	if (!id) {
		command_say("out of memory");
		return STATUS_ERROR;
	}
	id[equal - value] = 0;
	t->words[t->word_count++] = id;
	slot->id = id;
	slot->key_file = id + (equal - value) + 1;
	return STATUS_OK;
}

/* An option that stands for a slot to be made. */
static int take_slot(struct tool *t, const struct option *option, const char *value)
{
	struct retwine_volume_slot *slot = &t->slots[t->slot_count];

	if (t->slot_count == SLOTS_MAX)
		return command_usage(t->command, "at most %d key slots", SLOTS_MAX);
	t->slot_count++;
	if (strstr(option->name, "provisioned"))
		return take_provisioned(t, slot, value);
	if (strstr(option->name, "owner"))
		slot->owner = value;
	else
		slot->insecure_key_file = value;
	return STATUS_OK;
}

static int take_drop(struct tool *t, const char *value)
{
	const size_t digits = strspn(value, "0123456789");

	if (t->drop_count == SLOTS_MAX || digits == 0 || digits > 3 || value[digits])
		return command_usage(t->command, "--drop: '%s' is no number of a slot", value);
	t->drop[t->drop_count++] = (unsigned)strtoul(value, NULL, 10);
	return STATUS_OK;
}

static int take_size(struct tool *t, const struct option *option, const char *value)
{
	if (retwine_parse_size(&t->options.size_max, value))
		return STATUS_OK;
	return command_usage(t->command, "--%s: '%s' is no size", option->name, value);
}

/* Values that are kept as they are. */
static const char **text_option(struct tool *t, const char *name)
{
	const struct {
		const char *name;
		const char **value;
	} texts[] = {
		{"owner-key", &t->options.key.owner_key},
		{"key-file", &t->options.key.key_file},
		{"insecure-key-file", &t->options.key.insecure_key_file},
		{"pin", &t->options.pin},
		{"anchor", &t->options.anchor},
		{"volume-state", &t->state_file},
	};

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		if (strcmp(texts[i].name, name) == 0)
			return texts[i].value;
	}
	return NULL;
}

static bool *flag_option(struct tool *t, const char *name)
{
	const struct {
		const char *name;
		bool *value;
	} flags[] = {
		{"recursive", &t->recursive},
		{"long", &t->list.details},
		{"force", &t->force},
		{"time", &t->time},
	};

	for (size_t i = 0; i < COUNT_OF(flags); i++) {
		if (strcmp(flags[i].name, name) == 0)
			return flags[i].value;
	}
	return NULL;
}

static int take_option(struct tool *t, const struct option *option, const char *value)
{
	const char **text = text_option(t, option->name);
	bool *flag = flag_option(t, option->name);

	if (flag)
		*flag = true;
	else if (text)
		*text = value;
	else if (strcmp(option->name, "format") == 0)
		return command_format(t->command, &t->format, value) ? STATUS_OK : STATUS_USAGE;
	else if (strcmp(option->name, "drop") == 0)
		return take_drop(t, value);
	else if (strcmp(option->name, "size-max") == 0)
		return take_size(t, option, value);
	else
		return take_slot(t, option, value);
	return STATUS_OK;
}

static int take_options(struct tool *t, int argc, char **argv, int *words)
{
	struct options o = {t->command->options, t->command->option_count, argc, argv, 0};
	const struct option *option = NULL;
	const char *value = NULL;
	char problem[OPTIONS_PROBLEM_MAX];
	enum options_result result;

	while ((result = options_next(&o, &option, &value, problem)) == OPTIONS_FOUND) {
		const int status = take_option(t, option, value);

		if (status != STATUS_OK)
			return status;
	}
	*words = o.at;
	return result == OPTIONS_BAD ? command_usage(t->command, "%s", problem) : STATUS_OK;
}

/* ---- what they share ---- */

void tool_say_time(struct tool *t, const char *what)
{
	const uint64_t now = progress_now();

	if (t->time)
		command_say("%s: %.1f ms", what, (double)(now - t->lap_ns) / 1e6);
	t->lap_ns = now;
}

static void warn_insecure(const char *file)
{
	command_say(
		"INSECURE: the key in %s lies on this machine's disk: who can read it opens the "
		"volume",
		file);
}

int tool_open(struct tool *t, bool write)
{
	if (t->options.key.insecure_key_file)
		warn_insecure(t->options.key.insecure_key_file);
	t->options.write = write;
	t->lap_ns = progress_now();
	if (retwine_volume_open(&t->volume, &t->options, &t->error) != RETWINE_OK)
		return command_error(&t->error);
	tool_say_time(t, "open");
	return STATUS_OK;
}

/* The file is the old one or the new one, never half of it: it may be all that says what to expect. */
static int write_state(const struct tool *t, const char *line)
{
	char *name;

	if (asprintf(&name, "%s.new", t->state_file) < 0) {
		command_say("out of memory");
		return STATUS_ERROR;
	}
	FILE *f = fopen(name, "we");
	bool ok = f && fputs(line, f) >= 0 && fputc('\n', f) != EOF && fflush(f) == 0 &&
		  fsync(fileno(f)) == 0;

	if (f && fclose(f) != 0)
		ok = false;
	if (ok && rename(name, t->state_file) != 0)
		ok = false;
	free(name);
	if (ok)
		return STATUS_OK;
	command_say("cannot write the state to %s: %s; it is %s", t->state_file, strerror(errno),
		    line);
	return STATUS_ERROR;
}

int tool_tell_state(const struct tool *t, const struct retwine_volume_state *state)
{
	char line[32 + 2 * RETWINE_DIGEST_SIZE];
	int n = snprintf(line, sizeof(line), "%llu:", (unsigned long long)state->sequence);

	for (size_t i = 0; i < RETWINE_DIGEST_SIZE; i++)
		n += snprintf(line + n, sizeof(line) - (size_t)n, "%02x", state->root[i]);
	if (t->state_file)
		return write_state(t, line);
	if (t->options.pin)
		command_say("volume %s: the state is %s now", t->options.path, line);
	return STATUS_OK;
}

void tool_warn_slots(const struct tool *t)
{
	for (size_t i = 0; i < t->slot_count; i++) {
		if (t->slots[i].insecure_key_file)
			warn_insecure(t->slots[i].insecure_key_file);
	}
}

char *tool_cut_path(char *word)
{
	char *colons = strstr(word, "::");

	if (!colons)
		return NULL;
	*colons = 0;
	return colons + 2;
}

/* Keys and contents will be in memory: a crash is not to write them into a file. */
static void leave_no_core(void)
{
	const struct rlimit none = {0, 0};

	(void)setrlimit(RLIMIT_CORE, &none);
}

static void tool_fini(struct tool *t)
{
	retwine_volume_close(t->volume);
	for (size_t i = 0; i < t->word_count; i++)
		free(t->words[i]);
	free(t);
}

int tool_run(const struct command *self, tool_work *work, int argc, char **argv)
{
	struct tool *t = calloc(1, sizeof(*t));
	int words = 0;

	leave_no_core();
	if (!t) {
		command_say("out of memory");
		return STATUS_ERROR;
	}
	t->command = self;
	t->lap_ns = progress_now();
	int status = take_options(t, argc, argv, &words);

	if (status == STATUS_OK)
		status = work(t, argc - words, argv + words);
	tool_fini(t);
	return status;
}

int tool_take_file(struct tool *t, int argc, char **argv)
{
	if (argc != 1)
		return command_usage(t->command, "one volume is needed");
	t->options.path = argv[0];
	return STATUS_OK;
}
