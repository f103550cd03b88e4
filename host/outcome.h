/* From the raw result of a run (host/run.h) to what the API gives: an outcome in words, counters. */
#ifndef HOST_OUTCOME_H
#define HOST_OUTCOME_H

#include "base/cc.h"
#include "host/config.h"
#include "host/run.h"
#include "include/retwine.h"

/* Fills end, status, message, backtrace and results; outcome->identity.native is set. `module` is what
 * the messages call the program. */
void outcome_tell(struct retwine_outcome *outcome, const struct host_run_result *result,
		  const char *module);

/* The states of the volumes among `mounts`, which are the record's. False: no memory. */
MUST_USE bool outcome_volumes(struct retwine_outcome *outcome, const struct host_run_result *result,
			      const struct config_mount *const *mounts, size_t mount_count);

void outcome_count(struct retwine_stats *out, const struct host_run_stats *in);

#endif
