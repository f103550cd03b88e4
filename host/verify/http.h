/* One GET over libcurl, with limits. */
#ifndef HOST_VERIFY_HTTP_H
#define HOST_VERIFY_HTTP_H

#include "base/cc.h"
#include "include/retwine.h"

#define HTTP_BODY_MAX	((size_t)1 << 20)
#define HTTP_HEADER_MAX ((size_t)64 << 10) /* all of them together */
#define HTTP_URL_MAX	2048

struct http_request {
	const char *url;
	const char *ca_file; /* certificates of authorities; NULL: the system's */
	bool allow_http;
};

/* Zeroed is safe to fini. */
struct http_answer {
	uint8_t *body;
	size_t size;
	char *issuer_chain; /* value of the one header whose name ends in -Issuer-Chain, decoded; NULL: none */
};

/*
 * Fetches a URL. RETWINE_FAILED: no connection, another status than 200, a redirection, too much, too slow. Words say which.
 * RETWINE_USAGE: a URL that is not https, or http where that is allowed.
 */
MUST_USE enum retwine_code http_get(struct http_answer *out, const struct http_request *request,
				    struct retwine_error *error);
void http_fini(struct http_answer *a);

#endif
