/*
 * retwine volume: the owner's tools, which work where a key of the volume is.
 * Trust: the words are the user's.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/progress.h"

#define SLOTS_MAX 16

/* What the subcommands are told; each takes the options of its own table alone. */
struct tool {
	const struct command *command;
	struct retwine_volume_options options;
	struct retwine_volume_slot slots[SLOTS_MAX]; /* to be made */
	size_t slot_count;
	char *words[SLOTS_MAX]; /* what these point into; owned */
	size_t word_count;
	unsigned drop[SLOTS_MAX];
	size_t drop_count;
	struct retwine_volume_list list;
	enum retwine_format format;
	const char *state_file;
	bool recursive;
	bool force;
	bool time;
	struct retwine_volume *volume;
	struct retwine_error error;
	uint64_t lap_ns; /* where the part of the work began that is timed */
};

/* clang-format off */
#define KEY_OPTIONS                                                                                \
	{0, "owner-key", "KEY.pem", false, "open it with its owner's private key (P-256)"},        \
	{0, "key-file", "FILE", false, "or with a provisioned key"},                               \
	{0, "insecure-key-file", "FILE", false, "or with a key that the host has, too"}

#define ANCHOR_OPTIONS                                                                             \
	{0, "pin", "SEQ:ROOT", false, "it has to be at this commit, or the one after it"},         \
	{0, "anchor", "FILE", false, "it has to be at the commit that the anchor's file names"}

#define COMMON_OPTIONS                                                                             \
	{0, "time", NULL, false, "say at the end what took how long"},                             \
	{'h', "help", NULL, false, "print this"}
/* clang-format on */

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

static void say_time(struct tool *t, const char *what)
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

static int open_volume(struct tool *t, bool write)
{
	if (t->options.key.insecure_key_file)
		warn_insecure(t->options.key.insecure_key_file);
	t->options.write = write;
	t->lap_ns = progress_now();
	if (retwine_volume_open(&t->volume, &t->options, &t->error) != RETWINE_OK)
		return command_error(&t->error);
	say_time(t, "open");
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

/* "SEQUENCE:ROOT", what --pin takes: into the file, or to who pinned what is old now. */
static int tell_state(const struct tool *t, const struct retwine_volume_state *state)
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

static void warn_slots(const struct tool *t)
{
	for (size_t i = 0; i < t->slot_count; i++) {
		if (t->slots[i].insecure_key_file)
			warn_insecure(t->slots[i].insecure_key_file);
	}
}

/* Cuts "FILE::/path" in two; NULL without "::". */
static char *cut_path(char *word)
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

/* Runs one with its options read and its words left. */
static int run_tool(const struct command *self, int argc, char **argv,
		    int (*run)(struct tool *t, int argc, char **argv))
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
		status = run(t, argc - words, argv + words);
	tool_fini(t);
	return status;
}

static int one_file(struct tool *t, int argc, char **argv)
{
	if (argc != 1)
		return command_usage(t->command, "one volume is needed");
	t->options.path = argv[0];
	return STATUS_OK;
}

/* ---- create ---- */

static const struct option g_create_options[] = {
	{0, "owner", "PUB.pem", false, "a slot for an owner's public key (P-256)"},
	{0, "provisioned", "ID=FILE", false, "a slot for the key in FILE, 32 bytes or more, as ID"},
	{0, "add-insecure-key-file", "FILE", false, "a slot for a key that the host has, too"},
	{0, "anchor", "FILE", false, "make an anchor's file, which names the last commit"},
	{0, "size-max", "BYTES", false, "no larger than that (K, M, G)"},
	{0, "volume-state", "FILE", false, "write the state there, for --pin"},
	COMMON_OPTIONS,
};

static int create_volume(struct tool *t, int argc, char **argv)
{
	struct retwine_volume_state state;
	const int status = one_file(t, argc, argv);

	if (status != STATUS_OK)
		return status;
	warn_slots(t);
	if (retwine_volume_create(&t->options, t->slots, t->slot_count, &state, &t->error) !=
	    RETWINE_OK)
		return command_error(&t->error);
	say_time(t, "create");
	return tell_state(t, &state);
}

static int create(const struct command *self, int argc, char **argv)
{
	return run_tool(self, argc, argv, create_volume);
}

static const struct command g_create = {
	.name = "volume create",
	.synopsis = "--owner PUB.pem [options] FILE",
	.summary = "make an empty volume for one or more keys",
	.options = g_create_options,
	.option_count = COUNT_OF(g_create_options),
	.run = create,
	.notes = "An owner's key: openssl ecparam -name prime256v1 -genkey -noout -out KEY.pem,\n"
		 "and its public half: openssl ec -in KEY.pem -pubout -out PUB.pem\n"
		 "\n"
		 "A volume that is sealed to a program is made by that program's first run, with\n"
		 "retwine run --volume FILE::GUEST,create,owner=PUB.pem\n",
};

/* ---- ls ---- */

static const struct option g_ls_options[] = {
	{'l', "long", NULL, false, "kind, number of names, size, time of change"},
	{'R', "recursive", NULL, false, "what is below as well"},
	{0, "format", "FORMAT", false, "text or json"},
	KEY_OPTIONS,
	ANCHOR_OPTIONS,
	COMMON_OPTIONS,
};

static int list_volume(struct tool *t, int argc, char **argv)
{
	char *path = argc == 1 ? cut_path(argv[0]) : NULL;
	char *text;
	int status = one_file(t, argc, argv);

	if (status == STATUS_OK)
		status = open_volume(t, false);
	if (status != STATUS_OK)
		return status;
	t->list.recursive = t->recursive;
	if (retwine_volume_list(t->volume, path ? path : "/", &t->list, t->format, &text,
				&t->error) != RETWINE_OK)
		return command_error(&t->error);
	say_time(t, "list");
	return command_output(text);
}

static int ls(const struct command *self, int argc, char **argv)
{
	return run_tool(self, argc, argv, list_volume);
}

static const struct command g_ls = {
	.name = "volume ls",
	.synopsis = "--owner-key KEY.pem [options] FILE[::PATH]",
	.summary = "list what is in a volume",
	.options = g_ls_options,
	.option_count = COUNT_OF(g_ls_options),
	.run = ls,
};

/* ---- cp ---- */

static const struct option g_cp_options[] = {
	{'r', "recursive", NULL, false, "directories with what is in them"},
	KEY_OPTIONS,
	ANCHOR_OPTIONS,
	{0, "volume-state", "FILE", false, "write the new state there, for --pin"},
	{0, "size-max", "BYTES", false, "let the volume become no larger than that (K, M, G)"},
	COMMON_OPTIONS,
};

static void say_copied(struct tool *t, const struct retwine_volume_copied *c)
{
	if (t->time)
		command_say("copied %llu files, %llu directories, %llu symlinks, %llu bytes",
			    (unsigned long long)c->files, (unsigned long long)c->directories,
			    (unsigned long long)c->symlinks, (unsigned long long)c->bytes);
	say_time(t, "copy");
}

/* All of it is one commit. */
static int copy_in(struct tool *t, char **from, int count, const char *to)
{
	struct retwine_volume_copied copied = {0};
	struct retwine_volume_state state;
	const int status = open_volume(t, true);

	if (status != STATUS_OK)
		return status;
	for (int i = 0; i < count; i++) {
		if (retwine_volume_copy_in(t->volume, from[i], to, t->recursive, &copied,
					   &t->error) != RETWINE_OK)
			return command_error(&t->error);
	}
	say_copied(t, &copied);
	if (retwine_volume_commit(t->volume, &t->error) != RETWINE_OK)
		return command_error(&t->error);
	say_time(t, "commit");
	retwine_volume_get_state(t->volume, &state);
	return tell_state(t, &state);
}

static int copy_out(struct tool *t, char **from, int count, const char *to)
{
	struct retwine_volume_copied copied = {0};
	const int status = open_volume(t, false);

	if (status != STATUS_OK)
		return status;
	for (int i = 0; i < count; i++) {
		if (retwine_volume_copy_out(t->volume, from[i], to, t->recursive, &copied,
					    &t->error) != RETWINE_OK)
			return command_error(&t->error);
	}
	say_copied(t, &copied);
	return STATUS_OK;
}

/* Sources out of one volume, each cut in two. */
static int cut_sources(struct tool *t, char **words, int count)
{
	for (int i = 0; i < count; i++) {
		char *path = cut_path(words[i]);

		if (!path)
			return command_usage(t->command, "'%s' names no volume, as FILE::PATH does",
					     words[i]);
		if (i > 0 && strcmp(words[i], t->options.path) != 0)
			return command_usage(t->command, "one volume at a time");
		t->options.path = words[i];
		words[i] = path;
	}
	return STATUS_OK;
}

static int copy(struct tool *t, int argc, char **argv)
{
	if (argc < 2)
		return command_usage(t->command, "from where, and to where?");
	char *to = cut_path(argv[argc - 1]);

	if (!to) {
		struct stat st;
		const int status = cut_sources(t, argv, argc - 1);

		if (argc > 2 && (stat(argv[argc - 1], &st) != 0 || !S_ISDIR(st.st_mode)))
			return command_usage(t->command,
					     "several go into a directory: '%.100s' is none",
					     argv[argc - 1]);
		return status == STATUS_OK ? copy_out(t, argv, argc - 1, argv[argc - 1]) : status;
	}
	for (int i = 0; i < argc - 1; i++) {
		if (strstr(argv[i], "::"))
			return command_usage(t->command,
					     "one side has to be of the host, without '::'");
	}
	t->options.path = argv[argc - 1];
	if (argc > 2 && (to[0] == 0 || to[strlen(to) - 1] != '/'))
		return command_usage(t->command,
				     "several go into a directory: end its name with '/'");
	return copy_in(t, argv, argc - 1, to);
}

static int cp(const struct command *self, int argc, char **argv)
{
	return run_tool(self, argc, argv, copy);
}

static const struct command g_cp = {
	.name = "volume cp",
	.synopsis = "--owner-key KEY.pem [options] FROM... TO",
	.summary = "copy between the host and a volume: one side is FILE::PATH",
	.options = g_cp_options,
	.option_count = COUNT_OF(g_cp_options),
	.run = cp,
	.notes =
		"'-' is standard input or standard output. Copying into a volume is one commit: "
		"all\n"
		"of it is there afterwards, or nothing. What comes out can be read by you alone.\n",
};

/* ---- check ---- */

static const struct option g_check_options[] = {
	{0, "format", "FORMAT", false, "text or json"},
	KEY_OPTIONS,
	ANCHOR_OPTIONS,
	COMMON_OPTIONS,
};

static int check_volume(struct tool *t, int argc, char **argv)
{
	struct progress progress = progress_start("blocks");
	bool sound = false;
	char *text;
	int status = one_file(t, argc, argv);

	if (status == STATUS_OK)
		status = open_volume(t, false);
	if (status != STATUS_OK)
		return status;
	const enum retwine_code code = retwine_volume_check(t->volume, progress_show, &progress,
							    t->format, &sound, &text, &t->error);

	progress_end(&progress);
	if (code != RETWINE_OK)
		return command_error(&t->error);
	say_time(t, "check");
	status = command_output(text);
	return status == STATUS_OK && !sound ? STATUS_ERROR : status;
}

static int check(const struct command *self, int argc, char **argv)
{
	return run_tool(self, argc, argv, check_volume);
}

static const struct command g_check = {
	.name = "volume check",
	.synopsis = "--owner-key KEY.pem [options] FILE",
	.summary = "open every block of a volume, and compare what it says of itself",
	.options = g_check_options,
	.option_count = COUNT_OF(g_check_options),
	.run = check,
	.notes = "Exit status: 0 when it is sound, 1 when it is damaged, 125 when it does not "
		 "open.\n",
};

/* ---- rekey ---- */

static const struct option g_rekey_options[] = {
	{0, "add-owner", "PUB.pem", false, "add a slot for an owner's public key (P-256)"},
	{0, "add-provisioned", "ID=FILE", false, "add a slot for the key in FILE, as ID"},
	{0, "add-insecure-key-file", "FILE", false, "add a slot for a key that the host has, too"},
	{0, "drop", "N", false, "drop slot N; before what is added, by the numbers of now"},
	{0, "force", NULL, false, "drop the last slot of an owner, too"},
	{0, "format", "FORMAT", false, "text or json"},
	KEY_OPTIONS,
	COMMON_OPTIONS,
};

static int rekey_volume(struct tool *t, int argc, char **argv)
{
	const struct retwine_volume_rekey wanted = {
		.add = t->slots,
		.add_count = t->slot_count,
		.drop = t->drop,
		.drop_count = t->drop_count,
		.force = t->force,
	};
	char *text;
	const int status = one_file(t, argc, argv);

	if (status != STATUS_OK)
		return status;
	warn_slots(t);
	if (retwine_volume_rekey(&t->options, &wanted, t->format, &text, &t->error) != RETWINE_OK)
		return command_error(&t->error);
	say_time(t, "rekey");
	return command_output(text);
}

static int rekey(const struct command *self, int argc, char **argv)
{
	return run_tool(self, argc, argv, rekey_volume);
}

static const struct command g_rekey = {
	.name = "volume rekey",
	.synopsis = "--owner-key KEY.pem [options] FILE",
	.summary = "list key slots, add some, drop some; no data are rewritten",
	.options = g_rekey_options,
	.option_count = COUNT_OF(g_rekey_options),
	.run = rekey,
	.notes = "Prints the slots that there are in the end. A slot for a program is added by a "
		 "run\n"
		 "of it: retwine run --volume FILE::GUEST,key=ID,add-seal\n"
		 "\n"
		 "Who kept a copy of the file with a dropped slot can still open that copy, and "
		 "whoever\n"
		 "had the slot knew the key of the volume itself: what may not be read by them in "
		 "the\n"
		 "future goes into a new volume.\n",
};

/* ---- inspect ---- */

static const struct option g_inspect_options[] = {
	{0, "format", "FORMAT", false, "text or json"},
	COMMON_OPTIONS,
};

static int inspect_volume(struct tool *t, int argc, char **argv)
{
	char *text;
	const int status = one_file(t, argc, argv);

	if (status != STATUS_OK)
		return status;
	if (retwine_volume_inspect(t->options.path, t->format, &text, &t->error) != RETWINE_OK)
		return command_error(&t->error);
	say_time(t, "inspect");
	return command_output(text);
}

static int inspect(const struct command *self, int argc, char **argv)
{
	return run_tool(self, argc, argv, inspect_volume);
}

static const struct command g_inspect = {
	.name = "volume inspect",
	.synopsis = "[options] FILE",
	.summary = "say what stands in clear in a volume; without a key none of it is proven",
	.options = g_inspect_options,
	.option_count = COUNT_OF(g_inspect_options),
	.run = inspect,
};

/* ---- name ---- */

static const struct option g_name_options[] = {
	{0, "key-file", "FILE", false, "the provisioned key"},
	{'h', "help", NULL, false, "print this"},
};

static int print_name(struct tool *t, int argc, char **argv)
{
	char *text;

	if (argc != 1 || !t->options.key.key_file)
		return command_usage(t->command, "a label and --key-file are needed");
	if (retwine_volume_file_name(t->options.key.key_file, argv[0], &text, &t->error) !=
	    RETWINE_OK)
		return command_error(&t->error);
	return command_output(text);
}

static int name(const struct command *self, int argc, char **argv)
{
	return run_tool(self, argc, argv, print_name);
}

static const struct command g_name = {
	.name = "volume name",
	.synopsis = "--key-file FILE LABEL",
	.summary = "say under which name a server keeps a volume, to bring one there",
	.options = g_name_options,
	.option_count = COUNT_OF(g_name_options),
	.run = name,
	.notes = "The label is the last component of the guest's path, unless an option says "
		 "another.\n",
};

/* ---- which of them ---- */

static const struct command *const g_tools[] = {&g_create, &g_ls,      &g_cp,  &g_check,
						&g_rekey,  &g_inspect, &g_name};

static int volume(const struct command *self, int argc, char **argv)
{
	if (argc == 0)
		return command_usage(self, "what is to be done? one of create, ls, cp, check, "
					   "rekey, inspect, name");
	for (size_t i = 0; i < COUNT_OF(g_tools); i++) {
		const struct command *c = g_tools[i];

		if (strcmp(strchr(c->name, ' ') + 1, argv[0]) != 0)
			continue;
		if (command_wants_help(argc - 1, argv + 1, c))
			return command_help(c);
		return c->run(c, argc - 1, argv + 1);
	}
	return command_usage(self, "'%.100s' is nothing that it does", argv[0]);
}

static const struct option g_options[] = {
	{'h', "help", NULL, false, "print this"},
};

const struct command command_volume = {
	.name = "volume",
	.synopsis = "create|ls|cp|check|rekey|inspect|name [options] FILE ...",
	.summary = "make volumes and look after them, where one of their keys is",
	.options = g_options,
	.option_count = COUNT_OF(g_options),
	.run = volume,
	.notes = "  create    make an empty volume for one or more keys\n"
		 "  ls        list what is in it\n"
		 "  cp        copy between the host and the volume\n"
		 "  check     open every block of it\n"
		 "  rekey     list key slots, add some, drop some\n"
		 "  inspect   say what stands in clear\n"
		 "  name      say what a server calls the file of one\n"
		 "\n"
		 "'retwine volume COMMAND --help' explains one of them. All but inspect need a "
		 "key: the\n"
		 "owner's, with --owner-key, or one that was provisioned, with --key-file.\n",
};
