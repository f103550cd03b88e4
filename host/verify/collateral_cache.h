/*
 * Collateral that was fetched, kept until it expires: files of the user alone (host/cache.h has the directory), named after
 * their URL. Nothing in them is believed more than what the network gives; a checksum notices damage.
 */
#ifndef HOST_VERIFY_COLLATERAL_CACHE_H
#define HOST_VERIFY_COLLATERAL_CACHE_H

#include "base/cc.h"
#include "host/verify/http.h"

/* What was kept for the URL and has not expired at `now` (UNIX seconds); false: nothing. http_fini has to follow. */
MUST_USE bool collateral_cache_take(struct http_answer *out, const char *url, int64_t now);

/* Keeps an answer as long as it says that it is valid (nextUpdate), or a day when it does not say. Where it cannot be kept,
 * it is fetched again the next time. */
void collateral_cache_put(const struct http_answer *a, const char *url, int64_t now);

#endif
