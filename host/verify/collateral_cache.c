/*
 * Collateral that was fetched, kept until it expires.
 * Trust: an entry is as untrusted as the network: it is bounded, and its signatures are verified each time it is used. Whoever
 * can write here can at most withhold what is newer, as long as the older is valid.
 * Invariant: an entry appears whole, by renaming, or not at all.
 */
#include "host/verify/collateral_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mbedtls/x509_crl.h>

#include "attest/json.h"
#include "attest/x509.h"
#include "base/reader.h"
#include "base/writer.h"
#include "crypto/sha256.h"
#include "host/base/cache_directory.h"
#include "host/base/files.h"
#include "host/base/text.h"

#define LABEL	   "retwine.collateral-cache.v1"
#define DAY	   86400
#define ENTRY_HEAD (SHA256_SIZE + 8 + 4) /* checksum of the rest, end, size of the body */
#define ENTRY_MAX  (ENTRY_HEAD + HTTP_BODY_MAX + HTTP_HEADER_MAX)

/* ---- when an answer expires ---- */

static bool json_expiry(int64_t *out, const struct http_answer *a)
{
	json_t *all = attest_json_read((const char *)a->body, a->size);
	const json_t *inner = json_object_get(all, "tcbInfo");

	if (!inner)
		inner = json_object_get(all, "enclaveIdentity");
	bool ok = inner && attest_json_date(out, inner, "nextUpdate");

	json_decref(all);
	return ok;
}

static bool crl_expiry(int64_t *out, const struct http_answer *a)
{
	mbedtls_x509_crl crl;

	mbedtls_x509_crl_init(&crl);
	bool ok = mbedtls_x509_crl_parse_der(&crl, a->body, a->size) == 0;

	if (ok) {
		const mbedtls_x509_time *t = &crl.next_update;

		*out = x509_time(t->year, t->mon, t->day, t->hour, t->min, t->sec);
	}
	mbedtls_x509_crl_free(&crl);
	return ok;
}

static int64_t expiry(const struct http_answer *a, int64_t now)
{
	int64_t end;

	return json_expiry(&end, a) || crl_expiry(&end, a) ? end : now + DAY;
}

/* ---- entries ---- */

/* The file for a URL; NULL: there is no place for it. */
static char *entry_path(const char *url)
{
	char *directory = NULL;
	struct text t = {0};
	struct sha256 h;
	uint8_t key[SHA256_SIZE];

	if (cache_directory(&directory, NULL) != RETWINE_OK)
		return NULL;
	sha256_init(&h);
	sha256_update(&h, LABEL, sizeof LABEL - 1);
	sha256_update(&h, url, strlen(url));
	sha256_final(&h, key);
	text_add(&t, directory);
	text_add(&t, "/collateral-");
	text_add_hex(&t, key, sizeof key);
	free(directory);
	return text_take(&t);
}

static void *copy(const void *p, size_t size)
{
	char *out = malloc(size + 1);

	if (out) {
		memcpy(out, p, size);
		out[size] = 0;
	}
	return out;
}

/* Checks an entry and takes it apart. */
static bool entry_decode(struct http_answer *out, const struct file *f, int64_t now)
{
	uint8_t digest[SHA256_SIZE];
	struct reader r;

	reader_init(&r, f->p, f->size);
	const uint8_t *checksum = reader_take(&r, SHA256_SIZE);

	if (!checksum)
		return false;
	sha256_digest(digest, r.p, r.left);
	if (memcmp(digest, checksum, sizeof digest) != 0)
		return false;
	const uint64_t end = reader_u64(&r);
	const size_t size = reader_u32(&r);
	const uint8_t *body = reader_take(&r, size);

	if (!reader_ok(&r) || now < 0 || (uint64_t)now > end || memchr(r.p, 0, r.left))
		return false;
	out->body = copy(body, size);
	out->size = size;
	out->issuer_chain = r.left ? copy(r.p, r.left) : NULL;
	return out->body && (out->issuer_chain || r.left == 0);
}

bool collateral_cache_take(struct http_answer *out, const char *url, int64_t now)
{
	struct http_answer a = {0};
	struct file f = {0};
	char *path = entry_path(url);
	bool ok = path && file_read(&f, path, "kept collateral", ENTRY_MAX, NULL) == RETWINE_OK &&
		  entry_decode(&a, &f, now);

	file_fini(&f);
	free(path);
	if (ok)
		*out = a;
	else
		http_fini(&a);
	return ok;
}

void collateral_cache_put(const struct http_answer *a, const char *url, int64_t now)
{
	const size_t chain = a->issuer_chain ? strlen(a->issuer_chain) : 0;
	const int64_t end = expiry(a, now);
	const size_t size = ENTRY_HEAD + a->size + chain;
	char *path = end > now ? entry_path(url) : NULL;
	uint8_t *p = path ? malloc(size) : NULL;
	struct writer w;

	if (p) {
		writer_init(&w, p + SHA256_SIZE, size - SHA256_SIZE);
		writer_u64(&w, (uint64_t)end);
		writer_u32(&w, (uint32_t)a->size);
		writer_bytes(&w, a->body, a->size);
		writer_bytes(&w, a->issuer_chain, chain);
		sha256_digest(p, p + SHA256_SIZE, size - SHA256_SIZE);
		/* What cannot be written is fetched again. */
		if (file_write(path, p, size, "kept collateral", NULL) != RETWINE_OK)
			(void)unlink(path);
	}
	free(p);
	free(path);
}
