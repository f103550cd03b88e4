/* An interval of validity, in UNIX seconds; both ends are inside. */
#ifndef ATTEST_WINDOW_H
#define ATTEST_WINDOW_H

#include "base/cc.h"

struct attest_window {
	int64_t not_before;
	int64_t not_after;
};

/* All of time: what nothing has narrowed yet. */
#define ATTEST_ALWAYS ((struct attest_window){.not_before = INT64_MIN, .not_after = INT64_MAX})

static inline bool window_holds(const struct attest_window *w, int64_t now)
{
	return w->not_before <= now && now <= w->not_after;
}

/* Narrows w to what lies in by too. */
static inline void window_narrow(struct attest_window *w, const struct attest_window *by)
{
	if (w->not_before < by->not_before)
		w->not_before = by->not_before;
	if (w->not_after > by->not_after)
		w->not_after = by->not_after;
}

#endif
