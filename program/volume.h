/*
 * The volumes of a program: their files opened, a key found or a volume made, the anchor asked, before
 * the program starts; the last commit, and what the host is told of it, after its end.
 *
 * A commit at the end is made only for a program that ended by itself. When it is a trap, a timeout or
 * the host that ended it, nothing more is committed, as in a crash: else who can end a program could
 * choose the place at which a change is cut in two.
 */
#ifndef PROGRAM_VOLUME_H
#define PROGRAM_VOLUME_H

#include "launch/launch.h"
#include "program/program.h"

struct program;
struct program_volume;
struct volume;

/* Zeroed is safe to close. */
struct program_volumes {
	struct program_volume *first; /* in the program's arena */
	uint32_t count;
};

/* Mounts all volumes of the record. On an error the program is refused, in words. */
MUST_USE enum err program_volumes_open(struct program *p);

/* The volume of mount `mount`; NULL when it is none. */
struct volume *program_volumes_get(const struct program *p, uint32_t mount);

/* No thread uses them any more: commits if the program ended by itself, tells their states in the outcome, lets go
 * of them and wipes. */
void program_volumes_close(struct program *p);

#endif
