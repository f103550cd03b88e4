/*
 * retwine volume: the owner's tools, which work where a key of the volume is.
 * Trust: the words are the user's.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/progress.h"
#include "cli/volume_tool.h"

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
	const int status = tool_take_file(t, argc, argv);

	if (status != STATUS_OK)
		return status;
	tool_warn_slots(t);
	if (retwine_volume_create(&t->options, t->slots, t->slot_count, &state, &t->error) !=
	    RETWINE_OK)
		return command_error(&t->error);
	tool_say_time(t, "create");
	return tool_tell_state(t, &state);
}

static const struct command g_create = {
	.name = "volume create",
	.synopsis = "--owner PUB.pem [options] FILE",
	.summary = "make an empty volume for one or more keys",
	.options = g_create_options,
	.option_count = COUNT_OF(g_create_options),
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
	char *path = argc == 1 ? tool_cut_path(argv[0]) : NULL;
	char *text;
	int status = tool_take_file(t, argc, argv);

	if (status == STATUS_OK)
		status = tool_open(t, false);
	if (status != STATUS_OK)
		return status;
	t->list.recursive = t->recursive;
	if (retwine_volume_list(t->volume, path ? path : "/", &t->list, t->format, &text,
				&t->error) != RETWINE_OK)
		return command_error(&t->error);
	tool_say_time(t, "list");
	return command_output(text);
}

static const struct command g_ls = {
	.name = "volume ls",
	.synopsis = "--owner-key KEY.pem [options] FILE[::PATH]",
	.summary = "list what is in a volume",
	.options = g_ls_options,
	.option_count = COUNT_OF(g_ls_options),
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
	tool_say_time(t, "copy");
}

/* All of it is one commit. */
static int copy_in(struct tool *t, char **from, int count, const char *to)
{
	struct retwine_volume_copied copied = {0};
	struct retwine_volume_state state;
	const int status = tool_open(t, true);

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
	tool_say_time(t, "commit");
	retwine_volume_get_state(t->volume, &state);
	return tool_tell_state(t, &state);
}

static int copy_out(struct tool *t, char **from, int count, const char *to)
{
	struct retwine_volume_copied copied = {0};
	const int status = tool_open(t, false);

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
		char *path = tool_cut_path(words[i]);

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
	char *to = tool_cut_path(argv[argc - 1]);

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

static const struct command g_cp = {
	.name = "volume cp",
	.synopsis = "--owner-key KEY.pem [options] FROM... TO",
	.summary = "copy between the host and a volume: one side is FILE::PATH",
	.options = g_cp_options,
	.option_count = COUNT_OF(g_cp_options),
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
	int status = tool_take_file(t, argc, argv);

	if (status == STATUS_OK)
		status = tool_open(t, false);
	if (status != STATUS_OK)
		return status;
	const enum retwine_code code = retwine_volume_check(t->volume, progress_show, &progress,
							    t->format, &sound, &text, &t->error);

	progress_end(&progress);
	if (code != RETWINE_OK)
		return command_error(&t->error);
	tool_say_time(t, "check");
	status = command_output(text);
	return status == STATUS_OK && !sound ? STATUS_ERROR : status;
}

static const struct command g_check = {
	.name = "volume check",
	.synopsis = "--owner-key KEY.pem [options] FILE",
	.summary = "open every block of a volume, and compare what it says of itself",
	.options = g_check_options,
	.option_count = COUNT_OF(g_check_options),
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
	const int status = tool_take_file(t, argc, argv);

	if (status != STATUS_OK)
		return status;
	tool_warn_slots(t);
	if (retwine_volume_rekey(&t->options, &wanted, t->format, &text, &t->error) != RETWINE_OK)
		return command_error(&t->error);
	tool_say_time(t, "rekey");
	return command_output(text);
}

static const struct command g_rekey = {
	.name = "volume rekey",
	.synopsis = "--owner-key KEY.pem [options] FILE",
	.summary = "list key slots, add some, drop some; no data are rewritten",
	.options = g_rekey_options,
	.option_count = COUNT_OF(g_rekey_options),
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
	const int status = tool_take_file(t, argc, argv);

	if (status != STATUS_OK)
		return status;
	if (retwine_volume_inspect(t->options.path, t->format, &text, &t->error) != RETWINE_OK)
		return command_error(&t->error);
	tool_say_time(t, "inspect");
	return command_output(text);
}

static const struct command g_inspect = {
	.name = "volume inspect",
	.synopsis = "[options] FILE",
	.summary = "say what stands in clear in a volume; without a key none of it is proven",
	.options = g_inspect_options,
	.option_count = COUNT_OF(g_inspect_options),
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

static const struct command g_name = {
	.name = "volume name",
	.synopsis = "--key-file FILE LABEL",
	.summary = "say under which name a server keeps a volume, to bring one there",
	.options = g_name_options,
	.option_count = COUNT_OF(g_name_options),
	.notes = "The label is the last component of the guest's path, unless an option says "
		 "another.\n",
};

/* ---- which of them ---- */

static const struct {
	const struct command *command;
	tool_work *work;
} g_tools[] = {
	{&g_create, create_volume},
	{&g_ls, list_volume},
	{&g_cp, copy},
	{&g_check, check_volume},
	{&g_rekey, rekey_volume},
	{&g_inspect, inspect_volume},
	{&g_name, print_name},
};

static int volume(const struct command *self, int argc, char **argv)
{
	if (argc == 0)
		return command_usage(self, "what is to be done? one of create, ls, cp, check, "
					   "rekey, inspect, name");
	for (size_t i = 0; i < COUNT_OF(g_tools); i++) {
		const struct command *c = g_tools[i].command;

		if (strcmp(strchr(c->name, ' ') + 1, argv[0]) != 0)
			continue;
		if (command_wants_help(argc - 1, argv + 1, c))
			return command_help(c);
		return tool_run(c, g_tools[i].work, argc - 1, argv + 1);
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
