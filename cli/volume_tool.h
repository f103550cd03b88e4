/*
 * What the commands of `retwine volume` share: the options that they are told, the volume that they open,
 * and what they say at the end.
 */
#ifndef CLI_VOLUME_TOOL_H
#define CLI_VOLUME_TOOL_H

#include "cli/command.h"

#define SLOTS_MAX 16

/* What a command is told; each takes the options of its own table alone. */
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

/* A command's work, with its options read and its words left. Returns an exit status, as all below. */
typedef int tool_work(struct tool *t, int argc, char **argv);

/* Reads the options of `self` and does its work. */
int tool_run(const struct command *self, tool_work *work, int argc, char **argv);

/* The one word that is left names the volume. */
int tool_take_file(struct tool *t, int argc, char **argv);

/* Opens the volume that t->options name, with a warning when its key is the host's, too. */
int tool_open(struct tool *t, bool write);

/* With --time: how long it took since the last time that something was said. */
void tool_say_time(struct tool *t, const char *what);

/* "SEQUENCE:ROOT", what --pin takes: into the file, or to who pinned what is old now. */
int tool_tell_state(const struct tool *t, const struct retwine_volume_state *state);

/* Warns of slots to be made whose key is the host's, too. */
void tool_warn_slots(const struct tool *t);

/* Cuts "FILE::/path" in two; NULL without "::". */
char *tool_cut_path(char *word);

#endif
