/* A bar on standard error for what takes more than a second, where that is a terminal. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "base/cc.h"

struct progress {
	const char *unit; /* "blocks" */
	bool wanted;	  /* it is a terminal */
	bool shown;
	uint64_t start_ns;
	uint64_t last_ns;
};

/* Nanoseconds of a clock that only rises. */
uint64_t progress_now(void);

struct progress progress_start(const char *unit);
/* `context` is the progress. At most ten times a second something is written. */
void progress_show(void *context, uint64_t done, uint64_t of);
/* Takes the bar away. */
void progress_end(struct progress *p);

#endif
