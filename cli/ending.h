/* How a program's end becomes words, an exit status and a status file: what run and deploy share. */
#ifndef CLI_ENDING_H
#define CLI_ENDING_H

#include <stdio.h>

#include "base/cc.h"
#include "cli/command.h"

/* Zeroed is valid: no status file. */
struct ending {
	const char *path; /* --status-file */
	FILE *file;	  /* open, or NULL */
};

/* Opened before anything runs, so that a failure is told in time; a status. */
int ending_open(struct ending *e);

/* "exited 3", or another word with our status and the message on a second line. Once. */
void ending_write(struct ending *e, const char *word, unsigned status, const char *message);

/* Tells how the program ended; the exit status. Takes outcome->results. */
int ending_tell(struct ending *e, struct retwine_outcome *outcome);

/* Nothing ran: tells why; the exit status. */
int ending_error(struct ending *e, const struct retwine_error *error);

#endif
