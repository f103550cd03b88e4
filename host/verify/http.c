/*
 * One GET over libcurl.
 * Trust: the server is checked by its certificate (unless plain http was allowed), and what it sends is untrusted
 * nevertheless: bounded, and only taken apart here as far as one header goes.
 */
#include "host/verify/http.h"

#include <assert.h>
#include <curl/curl.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "host/base/text.h"
#include "host/base/words.h"

#define CONNECT_SECONDS 10L
#define TOTAL_SECONDS	30L
#define CHAIN_HEADER	"-Issuer-Chain"

/* Bytes that grow up to a limit. */
struct sink {
	uint8_t *p;
	size_t size;
	size_t max;
	bool full;
};

struct transfer {
	struct sink body;
	size_t header_size;
	bool header_full;
	char *chain;
};

static bool sink_add(struct sink *s, const void *p, size_t n)
{
	uint8_t *grown;

	if (n > s->max - s->size) {
		s->full = true;
		return false;
	}
	grown = realloc(s->p, s->size + n + 1);
	if (!grown)
		return false;
	memcpy(grown + s->size, p, n);
	s->p = grown;
	s->size += n;
	return true;
}

static size_t take_body(char *p, size_t size, size_t n, void *context)
{
	struct transfer *t = context;

	/* libcurl: size is 1; anything but all of it ends the transfer */
	return sink_add(&t->body, p, size * n) ? size * n : 0;
}

/* Percent-encoding (RFC 3986, 2.1) undone; NULL without memory, or when it is none. */
static char *url_decode(const char *p, size_t n)
{
	char *out = malloc(n + 1);
	size_t len = 0;

	if (!out)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		int high, low;

		if (p[i] != '%') {
			out[len++] = p[i];
			continue;
		}
		high = n - i > 2 ? text_hex_digit(p[i + 1]) : -1;
		low = n - i > 2 ? text_hex_digit(p[i + 2]) : -1;
		if (high < 0 || low < 0 || (high == 0 && low == 0)) {
			free(out);
			return NULL;
		}
		out[len++] = (char)(high << 4 | low);
		i += 2;
	}
	out[len] = 0;
	return out;
}

/* "Name: value\r\n". A later header of that name wins; there is one. */
static void take_chain(struct transfer *t, const char *p, size_t n)
{
	const char *colon = memchr(p, ':', n);
	const size_t suffix = sizeof CHAIN_HEADER - 1;

	if (!colon)
		return;
	const size_t name = (size_t)(colon - p);

	if (name < suffix || strncasecmp(colon - suffix, CHAIN_HEADER, suffix) != 0)
		return;
	const char *value = colon + 1, *end = p + n;

	while (value < end && (*value == ' ' || *value == '\t'))
		value++;
	while (end > value && (end[-1] == '\n' || end[-1] == '\r' || end[-1] == ' '))
		end--;
	free(t->chain);
	t->chain = url_decode(value, (size_t)(end - value));
}

static size_t take_header(char *p, size_t size, size_t n, void *context)
{
	struct transfer *t = context;
	const size_t bytes = size * n;

	if (bytes > HTTP_HEADER_MAX - t->header_size) {
		t->header_full = true;
		return 0;
	}
	t->header_size += bytes;
	take_chain(t, p, bytes);
	return bytes;
}

/* ---- libcurl ---- */

/*
 * It and the thirty libraries that it needs would make every start of the command slower, so it is loaded where
 * something is fetched. Which one is the dynamic linker's business, as of every other library.
 */
#define CURL_LIBRARY "libcurl.so.4"

struct curl {
	void *library;
	CURLcode (*global_init)(long flags);
	void (*global_cleanup)(void);
	CURL *(*easy_init)(void);
	void (*easy_cleanup)(CURL *curl);
	CURLcode (*setopt)(CURL *curl, CURLoption option, ...);
	CURLcode (*perform)(CURL *curl);
	CURLcode (*getinfo)(CURL *curl, CURLINFO info, ...);
	const char *(*strerror)(CURLcode code);
};

static bool load_symbol(void *function, const struct curl *c, const char *name)
{
	void *symbol = dlsym(c->library, name);

	static_assert(sizeof symbol == sizeof c->perform,
		      "POSIX: functions have addresses as data have");
	memcpy(function, &symbol, sizeof symbol);
	return symbol != NULL;
}

static bool load_curl(struct curl *c)
{
	c->library = dlopen(CURL_LIBRARY, RTLD_NOW | RTLD_LOCAL);
	return c->library && load_symbol(&c->global_init, c, "curl_global_init") &&
	       load_symbol(&c->global_cleanup, c, "curl_global_cleanup") &&
	       load_symbol(&c->easy_init, c, "curl_easy_init") &&
	       load_symbol(&c->easy_cleanup, c, "curl_easy_cleanup") &&
	       load_symbol(&c->setopt, c, "curl_easy_setopt") &&
	       load_symbol(&c->perform, c, "curl_easy_perform") &&
	       load_symbol(&c->getinfo, c, "curl_easy_getinfo") &&
	       load_symbol(&c->strerror, c, "curl_easy_strerror");
}

/* ---- a request ---- */

/* Options of the three kinds that there are: numbers, strings and other pointers, functions. */
static bool set_number(const struct curl *c, CURL *curl, CURLoption option, long value)
{
	return c->setopt(curl, option, value) == CURLE_OK;
}

static bool set_pointer(const struct curl *c, CURL *curl, CURLoption option, const void *value)
{
	return c->setopt(curl, option, value) == CURLE_OK;
}

static bool set_sink(const struct curl *c, CURL *curl, CURLoption option, curl_write_callback take)
{
	return c->setopt(curl, option, take) == CURLE_OK;
}

/* Every option that can fail, in one place: true when all were taken. */
static bool set_options(const struct curl *c, CURL *curl, const struct http_request *r,
			struct transfer *t)
{
	const char *protocols = r->allow_http ? "http,https" : "https";

	return set_pointer(c, curl, CURLOPT_URL, r->url) &&
	       set_pointer(c, curl, CURLOPT_PROTOCOLS_STR, protocols) &&
	       set_pointer(c, curl, CURLOPT_REDIR_PROTOCOLS_STR, protocols) &&
	       set_number(c, curl, CURLOPT_FOLLOWLOCATION, 0) &&
	       set_number(c, curl, CURLOPT_SSL_VERIFYPEER, 1) &&
	       set_number(c, curl, CURLOPT_SSL_VERIFYHOST, 2) &&
	       set_number(c, curl, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2) &&
	       (!r->ca_file || set_pointer(c, curl, CURLOPT_CAINFO, r->ca_file)) &&
	       set_number(c, curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS) &&
	       set_number(c, curl, CURLOPT_TIMEOUT, TOTAL_SECONDS) &&
	       set_number(c, curl, CURLOPT_NOSIGNAL, 1) &&
	       set_pointer(c, curl, CURLOPT_USERAGENT, "retwine/" RETWINE_VERSION) &&
	       set_sink(c, curl, CURLOPT_WRITEFUNCTION, take_body) &&
	       set_pointer(c, curl, CURLOPT_WRITEDATA, t) &&
	       set_sink(c, curl, CURLOPT_HEADERFUNCTION, take_header) &&
	       set_pointer(c, curl, CURLOPT_HEADERDATA, t);
}

static enum retwine_code failed(const struct http_request *r, const char *why,
				struct retwine_error *error)
{
	return error_set(error, RETWINE_FAILED,
			 "cannot fetch %s: %s; give the collateral as files (--collateral)", r->url,
			 why);
}

static enum retwine_code perform(const struct curl *c, CURL *curl, const struct http_request *r,
				 struct transfer *t, struct retwine_error *error)
{
	char words[64];
	long status = 0;

	if (!set_options(c, curl, r, t))
		return failed(r, "libcurl takes no such request", error);
	CURLcode rc = c->perform(curl);

	if (t->body.full)
		return failed(r, "the answer is longer than a MiB", error);
	if (t->header_full)
		return failed(r, "the answer's headers are longer than 64 KiB", error);
	if (rc != CURLE_OK)
		return failed(r, c->strerror(rc), error);
	if (c->getinfo(curl, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status != 200) {
		(void)snprintf(words, sizeof words, "the server answers with status %ld", status);
		return failed(r, words, error);
	}
	return RETWINE_OK;
}

static enum retwine_code fetch(const struct curl *c, const struct http_request *r,
			       struct transfer *t, struct retwine_error *error)
{
	if (c->global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return error_no_memory(error);
	CURL *curl = c->easy_init();
	enum retwine_code code = curl ? perform(c, curl, r, t, error) : error_no_memory(error);

	if (curl)
		c->easy_cleanup(curl);
	c->global_cleanup();
	return code;
}

static bool url_is_allowed(const struct http_request *r)
{
	return strlen(r->url) < HTTP_URL_MAX &&
	       (strncmp(r->url, "https://", 8) == 0 ||
		(r->allow_http && strncmp(r->url, "http://", 7) == 0));
}

enum retwine_code http_get(struct http_answer *out, const struct http_request *request,
			   struct retwine_error *error)
{
	struct transfer t = {.body = {.max = HTTP_BODY_MAX}};
	struct curl c = {0};

	if (!url_is_allowed(request))
		return error_set(error, RETWINE_USAGE, "'%s' is no URL that begins with https://",
				 request->url);
	enum retwine_code code = load_curl(&c)
					 ? fetch(&c, request, &t, error)
					 : failed(request, CURL_LIBRARY " is not installed", error);

	/* It stays loaded: libraries behind it do not bear to go. */
	if (code == RETWINE_OK) {
		*out = (struct http_answer){t.body.p, t.body.size, t.chain};
		return RETWINE_OK;
	}
	free(t.body.p);
	free(t.chain);
	return code;
}

void http_fini(struct http_answer *a)
{
	free(a->body);
	free(a->issuer_chain);
	*a = (struct http_answer){0};
}
