/*
 * Claims: written and read in one place.
 * Trust: what is read is anybody's. Claims of ours are read by writing what they seem to say and
 * comparing: there is one encoding of an identity, and nothing else is accepted.
 */
#include "channel/identity.h"

#include <assert.h>
#include <string.h>

#include "base/reader.h"
#include "channel/cbor.h"
#include "crypto/sha256.h"

/* The algorithm's number in the IANA registry of hash names (RFC 9393 uses it too): SHA-256. */
#define HASH_SHA256 1

/* [1, digest]: an array of two, the number, a byte string of 32. */
#define KEY_HASH_SIZE (1 + 1 + 2 + IDENTITY_DIGEST_SIZE)

static const char *const g_domains[] = {
	[IDENTITY_CHANNEL] = "retwine.channel.v1",
	[IDENTITY_GUEST] = "retwine.guest.v1",
};

static_assert(SHA256_SIZE == IDENTITY_DIGEST_SIZE, "one digest everywhere");

static void claims_key_hash(struct writer *w, const uint8_t digest[IDENTITY_DIGEST_SIZE])
{
	cbor_write_head(w, CBOR_BYTES, KEY_HASH_SIZE);
	cbor_write_head(w, CBOR_ARRAY, 2);
	cbor_write_head(w, CBOR_UNSIGNED, HASH_SHA256);
	cbor_write_bytes(w, digest, IDENTITY_DIGEST_SIZE);
}

static void claims_member(struct writer *w, const char *name, const void *p, size_t size)
{
	cbor_write_text(w, name);
	cbor_write_bytes(w, p, size);
}

/* Members in the order of RFC 8949, 4.2.1: that of their encoded names, so shorter ones first. */
static void claims_write(struct writer *w, const struct identity *id)
{
	cbor_write_head(w, CBOR_MAP, 3u + (id->nonce_size > 0) + id->has_program_digest);
	if (id->nonce_size > 0)
		claims_member(w, "nonce", id->nonce, id->nonce_size);
	cbor_write_text(w, "domain");
	cbor_write_text(w, g_domains[id->domain]);
	if (id->domain == IDENTITY_GUEST) {
		claims_member(w, "user-data", id->user_data, sizeof id->user_data);
	} else {
		cbor_write_text(w, "pubkey-hash");
		claims_key_hash(w, id->key_hash);
	}
	claims_member(w, "launch-digest", id->launch_digest, sizeof id->launch_digest);
	if (id->has_program_digest)
		claims_member(w, "program-digest", id->program_digest, sizeof id->program_digest);
}

enum err identity_claims(struct writer *out, const struct identity *identity)
{
	if ((identity->domain != IDENTITY_CHANNEL && identity->domain != IDENTITY_GUEST) ||
	    identity->nonce_size > IDENTITY_NONCE_MAX)
		return E_INVALID;
	claims_write(out, identity);
	return E_OK;
}

void identity_report_data(uint8_t report_data[IDENTITY_REPORT_DATA_SIZE], const void *claims,
			  size_t size)
{
	memset(report_data, 0, IDENTITY_REPORT_DATA_SIZE);
	sha256_digest(report_data, claims, size);
}

/* Is this string that text? */
static bool string_is(const uint8_t *p, size_t size, const char *text)
{
	return p && size == strlen(text) && memcmp(p, text, size) == 0;
}

/* A byte string of exactly `size` bytes. */
static void claims_read_fixed(struct reader *r, uint8_t *out, size_t size)
{
	size_t got;
	const uint8_t *p = cbor_read_string(r, CBOR_BYTES, &got);

	if (!p || got != size)
		reader_fail(r);
	else
		memcpy(out, p, size);
}

static void claims_read_nonce(struct reader *r, struct identity *id)
{
	size_t size;
	const uint8_t *p = cbor_read_string(r, CBOR_BYTES, &size);

	if (!p || size > sizeof id->nonce) {
		reader_fail(r);
		return;
	}
	memcpy(id->nonce, p, size);
	id->nonce_size = (uint32_t)size;
}

static void claims_read_domain(struct reader *r, struct identity *id)
{
	size_t size;
	const uint8_t *p = cbor_read_string(r, CBOR_TEXT, &size);

	if (string_is(p, size, g_domains[IDENTITY_CHANNEL]))
		id->domain = IDENTITY_CHANNEL;
	else if (string_is(p, size, g_domains[IDENTITY_GUEST]))
		id->domain = IDENTITY_GUEST;
	else
		reader_fail(r);
}

/* The byte string that holds [algorithm, digest]; *algorithm is 0 when it is none. */
static void claims_read_key_hash(struct reader *r, struct identity *id, uint64_t *algorithm)
{
	size_t size;
	const uint8_t *p = cbor_read_string(r, CBOR_BYTES, &size);
	struct reader in;

	reader_init(&in, p, p ? size : 0);
	cbor_expect(&in, CBOR_ARRAY, 2);
	*algorithm = cbor_read_head(&in, CBOR_UNSIGNED);
	if (*algorithm == HASH_SHA256)
		claims_read_fixed(&in, id->key_hash, sizeof id->key_hash);
	else
		cbor_skip(&in);
	if (!p || !reader_done(&in))
		reader_fail(r);
}

/* One member of a map of ours, whatever the order; what is not there stays zero. */
static void claims_read_member(struct reader *r, struct identity *id)
{
	size_t size;
	uint64_t algorithm;
	const uint8_t *name = cbor_read_string(r, CBOR_TEXT, &size);

	if (string_is(name, size, "nonce")) {
		claims_read_nonce(r, id);
	} else if (string_is(name, size, "domain")) {
		claims_read_domain(r, id);
	} else if (string_is(name, size, "user-data")) {
		claims_read_fixed(r, id->user_data, sizeof id->user_data);
	} else if (string_is(name, size, "pubkey-hash")) {
		claims_read_key_hash(r, id, &algorithm);
	} else if (string_is(name, size, "launch-digest")) {
		claims_read_fixed(r, id->launch_digest, sizeof id->launch_digest);
	} else if (string_is(name, size, "program-digest")) {
		claims_read_fixed(r, id->program_digest, sizeof id->program_digest);
		id->has_program_digest = true;
	} else {
		reader_fail(r);
	}
}

/* Is this what would be written for it? So order, repetition and what is missing need no rule. */
static bool claims_are(const struct identity *id, const void *claims, size_t size)
{
	uint8_t again[IDENTITY_CLAIMS_MAX];
	struct writer w;

	writer_init(&w, again, sizeof again);
	return identity_claims(&w, id) == E_OK && writer_ok(&w) && w.len == size &&
	       memcmp(again, claims, size) == 0;
}

enum err identity_decode(struct identity *out, const void *claims, size_t size)
{
	struct identity id = {0};
	struct reader r;

	reader_init(&r, claims, size);
	const uint64_t members = cbor_read_head(&r, CBOR_MAP);

	for (uint64_t i = 0; i < members && reader_ok(&r); i++)
		claims_read_member(&r, &id);
	if (!reader_done(&r) || !claims_are(&id, claims, size))
		return E_MALFORMED;
	*out = id;
	return E_OK;
}

/* A member of a foreign map. What is known may stand there once. */
static void foreign_read_member(struct reader *r, struct identity *id, uint64_t *algorithm)
{
	size_t size;
	const uint8_t *name = cbor_read_string(r, CBOR_TEXT, &size);

	if (string_is(name, size, "domain")) {
		reader_fail(r);
	} else if (string_is(name, size, "nonce")) {
		if (id->nonce_size > 0)
			reader_fail(r);
		claims_read_nonce(r, id);
	} else if (string_is(name, size, "pubkey-hash")) {
		if (*algorithm != 0)
			reader_fail(r);
		claims_read_key_hash(r, id, algorithm);
	} else {
		cbor_skip(r);
	}
}

enum err identity_decode_foreign(struct identity *out, const void *claims, size_t size)
{
	struct identity id = {.domain = IDENTITY_FOREIGN};
	uint64_t algorithm = 0;
	struct reader r;

	reader_init(&r, claims, size);
	const uint64_t members = cbor_read_head(&r, CBOR_MAP);

	for (uint64_t i = 0; i < members && reader_ok(&r); i++)
		foreign_read_member(&r, &id, &algorithm);
	if (!reader_done(&r) || algorithm == 0)
		return E_MALFORMED;
	if (algorithm != HASH_SHA256)
		return E_UNSUPPORTED;
	*out = id;
	return E_OK;
}
