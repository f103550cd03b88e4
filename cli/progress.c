/*
 * The progress bar.
 * Trust: numbers only.
 */
#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WIDTH  40u
#define SECOND 1000000000u

uint64_t progress_now(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t) != 0)
		return 0;
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

struct progress progress_start(const char *unit)
{
	return (struct progress){
		.unit = unit,
		.wanted = isatty(STDERR_FILENO) == 1,
		.start_ns = progress_now(),
	};
}

void progress_show(void *context, uint64_t done, uint64_t of)
{
	struct progress *p = context;
	const uint64_t now = p->wanted ? progress_now() : 0;
	char bar[WIDTH + 1] = "";

	if (!p->wanted || now - p->start_ns < SECOND || now - p->last_ns < SECOND / 10)
		return;
	const uint64_t filled = of == 0 || done >= of ? WIDTH : done * WIDTH / of;

	memset(bar, '#', filled);
	(void)fprintf(stderr, "\r[%-*s] %llu of %llu %s", (int)WIDTH, bar, (unsigned long long)done,
		      (unsigned long long)of, p->unit);
	p->last_ns = now;
	p->shown = true;
}

void progress_end(struct progress *p)
{
	if (p->shown)
		(void)fputs("\r\033[K", stderr);
	p->shown = false;
}
