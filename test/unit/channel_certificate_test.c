/* channel/certificate: what is made is taken apart again, and nothing that belongs together loosely. */
#include "channel/certificate.h"

#include <stdlib.h>
#include <string.h>

#include <mbedtls/ecp.h>
#include <mbedtls/md.h>
#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>

#include "base/wipe.h"
#include "channel/der.h"

#include "test/lib/check.h"
#include "test/lib/fake_certificate.h"
#include "test/lib/hex.h"
#include "test/lib/native.h"

TEST(a_certificate_comes_back)
{
	struct certificate c = fake_certificate(500);
	struct certificate_evidence e;

	CHECK_EQ(certificate_check(&e, c.der, c.size), E_OK);
	CHECK_EQ(e.quote_size, 500);
	CHECK(memcmp(e.quote, "quote", 5) == 0);
	/* the quote is over what the check says it must be over */
	CHECK(memcmp(e.quote + 5, e.report_data, sizeof e.report_data) == 0);
	CHECK_EQ(e.identity.domain, IDENTITY_CHANNEL);
	CHECK_EQ(e.identity.nonce_size, 32);
	CHECK_EQ(e.identity.nonce[31], 0x22);
	CHECK_EQ(e.identity.launch_digest[0], 0x11);
	CHECK(!e.identity.has_program_digest);
	CHECK(e.quote > c.der && e.quote + e.quote_size < c.der + c.size);
	CHECK_EQ(certificate_check_any(&e, c.der, c.size), E_OK);
	CHECK_EQ(e.identity.domain, IDENTITY_CHANNEL);
	certificate_fini(&c);
	CHECK(!c.der && c.size == 0);
}

TEST(quotes_of_every_size_are_carried)
{
	for (size_t size = 0; size < 40000; size = size < 300 ? size + 1 : size + 977) {
		struct fake_quote quote = {.size = size};
		const struct certificate_request request = fake_request(&quote);
		struct certificate_evidence e;
		struct certificate c;

		if (size > 150 && size < 240) /* every length of DER's and CBOR's heads is near */
			continue;
		const enum err err = certificate_create(&c, &request);

		CHECK_EQ(err, size <= CERTIFICATE_QUOTE_MAX ? E_OK : E_LIMIT);
		if (err != E_OK)
			continue;
		CHECK(c.size <= CERTIFICATE_MAX);
		CHECK_EQ(certificate_check(&e, c.der, c.size), E_OK);
		CHECK_EQ(e.quote_size, size);
		certificate_fini(&c);
	}
}

/* The longest quote with the longest claims still fits. */
TEST(the_limits_fit_together)
{
	struct fake_quote quote = {.size = CERTIFICATE_QUOTE_MAX};
	struct certificate_request request = fake_request(&quote);
	struct certificate c;

	request.identity.nonce_size = IDENTITY_NONCE_MAX;
	request.identity.has_program_digest = true;
	CHECK_EQ(certificate_create(&c, &request), E_OK);
	CHECK(c.size <= CERTIFICATE_MAX);
	certificate_fini(&c);
}

TEST(every_certificate_has_a_key_of_its_own)
{
	struct certificate a = fake_certificate(10), b = fake_certificate(10);

	CHECK(memcmp(a.private_key, b.private_key, sizeof a.private_key) != 0);
	CHECK(a.size != b.size || memcmp(a.der, b.der, a.size) != 0);
	certificate_fini(&a);
	certificate_fini(&b);
}

TEST(a_domain_is_not_the_callers_choice)
{
	struct fake_quote quote = {.size = 10};
	struct certificate_request request = fake_request(&quote);
	struct certificate_evidence e;
	struct certificate c;

	request.identity.domain = IDENTITY_GUEST;
	memset(request.identity.key_hash, 9, sizeof request.identity.key_hash);
	CHECK_EQ(certificate_create(&c, &request), E_OK);
	CHECK_EQ(certificate_check(&e, c.der, c.size), E_OK);
	CHECK_EQ(e.identity.domain, IDENTITY_CHANNEL);
	certificate_fini(&c);
}

TEST(what_fails_below_fails)
{
	struct fake_quote quote = {.err = E_HOST};
	struct certificate_request request = fake_request(&quote);
	struct certificate c = {0};

	CHECK_EQ(certificate_create(&c, &request), E_HOST);
	quote = (struct fake_quote){.size = 100};
	request.identity.nonce_size = IDENTITY_NONCE_MAX + 1;
	CHECK_EQ(certificate_create(&c, &request), E_INVALID);
	request = fake_request(&quote);
	for (long n = 0; n < 3; n++) {
		fake_random_fail_at(n);
		CHECK_EQ(certificate_create(&c, &request), E_CRYPTO);
		CHECK(!c.der);
	}
	fake_random_fail_at(-1);
	for (long n = 0;; n++) {
		native_heap_fail_at(n);
		const enum err err = certificate_create(&c, &request);

		native_heap_fail_at(-1);
		if (err == E_OK)
			break;
		CHECK_EQ(err, E_NOMEM);
		CHECK(!c.der);
	}
	certificate_fini(&c);
}

TEST(a_certificate_cut_anywhere_is_refused)
{
	struct certificate c = fake_certificate(50);
	struct certificate_evidence e;

	for (size_t n = 0; n < c.size; n++) {
		uint8_t *cut = malloc(n + 1);

		if (!cut)
			abort();
		memcpy(cut, c.der, n);
		CHECK(certificate_check(&e, cut, n) != E_OK);
		CHECK(certificate_check_any(&e, cut, n) != E_OK);
		free(cut);
	}
	certificate_fini(&c);
}

TEST(a_certificate_changed_anywhere_is_refused)
{
	struct certificate c = fake_certificate(50);
	struct certificate_evidence e;

	for (size_t i = 0; i < c.size; i++) {
		for (unsigned bit = 0; bit < 8; bit += 3) {
			c.der[i] ^= (uint8_t)(1u << bit);
			CHECK(certificate_check(&e, c.der, c.size) != E_OK);
			c.der[i] ^= (uint8_t)(1u << bit);
		}
	}
	CHECK_EQ(certificate_check(&e, c.der, c.size), E_OK);
	certificate_fini(&c);
}

TEST(bytes_behind_a_certificate_are_refused)
{
	struct certificate c = fake_certificate(50);
	uint8_t longer[4096];
	struct certificate_evidence e;

	memcpy(longer, c.der, c.size);
	longer[c.size] = 0;
	CHECK_EQ(certificate_check(&e, longer, c.size + 1), E_CERTIFICATE_FORMAT);
	memcpy(longer + c.size, c.der, c.size);
	CHECK_EQ(certificate_check(&e, longer, 2 * c.size), E_CERTIFICATE_FORMAT);
	certificate_fini(&c);
}

TEST(a_certificate_has_a_largest_size)
{
	static uint8_t large[CERTIFICATE_CHECK_MAX + 1];
	struct certificate_evidence e;

	CHECK_EQ(certificate_check(&e, large, sizeof large), E_LIMIT);
	CHECK_EQ(certificate_check(&e, large, 0), E_LIMIT);
}

/*
 * Certificates that are wrong in one thing and signed all the same: made here, with the parts as they
 * are asked for.
 */
struct wrong {
	mbedtls_ecp_group_id curve; /* 0: P-256 */
	bool sha384;
	bool no_evidence, two_evidences, critical_unknown, other_oid, version_1;
	bool other_issuer;
	const char *claims_hex; /* NULL: ours, of this key; %: put the key's hash there */
	bool other_key_hash, guest;
	const char *evidence_hex; /* in place of all of it */
	size_t quote_size;
};

static void put_hex(struct der *d, const char *hex)
{
	uint8_t bytes[512];

	der_put(d, bytes, hex_read(bytes, hex));
}

static void put_name(struct der *d, const char *name)
{
	const size_t mark = der_size(d);

	der_element(d, DER_UTF8_STRING, name, strlen(name));
	put_hex(d, "0603550403");
	der_wrap(d, DER_SEQUENCE, mark);
	der_wrap(d, DER_SET, mark);
	der_wrap(d, DER_SEQUENCE, mark);
}

static void put_extension(struct der *d, const char *oid_hex, bool critical, const uint8_t *p,
			  size_t size)
{
	const size_t mark = der_size(d);

	der_element(d, DER_OCTET_STRING, p, size);
	if (critical)
		put_hex(d, "0101ff");
	put_hex(d, oid_hex);
	der_wrap(d, DER_SEQUENCE, mark);
}

static size_t wrong_claims(uint8_t *out, const struct wrong *w, const uint8_t hash[32])
{
	struct identity id = {.domain = w->guest ? IDENTITY_GUEST : IDENTITY_CHANNEL};
	struct writer writer;

	if (w->claims_hex) {
		const char *at = strchr(w->claims_hex, '%');
		char before[256];

		snprintf(before, sizeof before, "%.*s", (int)(at - w->claims_hex), w->claims_hex);
		size_t size = hex_read(out, before);

		memcpy(out + size, hash, 32);
		size += 32;
		return size + hex_read(out + size, at + 1);
	}
	memcpy(id.key_hash, hash, sizeof id.key_hash);
	id.key_hash[0] ^= w->other_key_hash;
	writer_init(&writer, out, IDENTITY_CLAIMS_MAX);
	if (identity_claims(&writer, &id) != E_OK)
		abort();
	return writer.len;
}

static size_t wrong_evidence(uint8_t *out, size_t max, const struct wrong *w,
			     const uint8_t hash[32])
{
	uint8_t claims[IDENTITY_CLAIMS_MAX], *quote = calloc(1, w->quote_size + 1);
	struct writer writer;

	if (w->evidence_hex) {
		free(quote);
		return hex_read(out, w->evidence_hex);
	}
	const struct evidence e = {quote, w->quote_size, claims, wrong_claims(claims, w, hash)};

	writer_init(&writer, out, max);
	if (evidence_encode(&writer, &e) != E_OK || !writer_ok(&writer))
		abort();
	free(quote);
	return writer.len;
}

#define OID_EVIDENCE "0606678105050409"

static void put_extensions(struct der *d, const struct wrong *w, const uint8_t hash[32])
{
	static uint8_t evidence[EVIDENCE_MAX];
	const size_t size = wrong_evidence(evidence, sizeof evidence, w, hash);
	const size_t mark = der_size(d);

	if (!w->no_evidence)
		put_extension(d, w->other_oid ? "0606678105050408" : OID_EVIDENCE, false, evidence,
			      size);
	if (w->two_evidences)
		put_extension(d, OID_EVIDENCE, false, evidence, size);
	if (w->critical_unknown)
		put_extension(d, "06032a0304", true, (const uint8_t *)"\5", 2);
	/* a list of extensions may not be empty */
	put_extension(d, "06032a0305", false, (const uint8_t *)"\5", 2);
	der_wrap(d, DER_SEQUENCE, mark);
	der_wrap(d, DER_CONTEXT_3, mark);
}

static void wrong_make(struct certificate *out, const struct wrong *w)
{
	static uint8_t room[2 * EVIDENCE_MAX], body_room[2 * EVIDENCE_MAX];
	const char *algorithm = w->sha384 ? "300a06082a8648ce3d040303" : "300a06082a8648ce3d040302";
	const mbedtls_md_info_t *md =
		mbedtls_md_info_from_type(w->sha384 ? MBEDTLS_MD_SHA384 : MBEDTLS_MD_SHA256);
	struct crypto_random random = fake_random();
	uint8_t spki[256], hash[64], signature[160];
	mbedtls_pk_context pk;
	size_t signature_size;
	struct der d, body;
	int spki_size;

	mbedtls_pk_init(&pk);
	if (mbedtls_pk_setup(&pk, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)) ||
	    mbedtls_ecp_gen_key(w->curve ? w->curve : MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(pk),
				crypto_random_library, &random) ||
	    (spki_size = mbedtls_pk_write_pubkey_der(&pk, spki, sizeof spki)) < 0)
		abort();
	sha256_digest(hash, spki + sizeof spki - spki_size, (size_t)spki_size);

	der_init(&body, body_room, sizeof body_room);
	if (!w->version_1)
		put_extensions(&body, w, hash);
	der_put(&body, spki + sizeof spki - spki_size, (size_t)spki_size);
	put_name(&body, "Someone");
	put_hex(&body, "301e170d3730303130313030303030305a170d3439303130313030303030305a");
	put_name(&body, w->other_issuer ? "Another" : "Someone");
	put_hex(&body, algorithm);
	put_hex(&body, "020101");
	if (!w->version_1)
		put_hex(&body, "a003020102");
	der_wrap(&body, DER_SEQUENCE, 0);

	if (mbedtls_md(md, der_data(&body), der_size(&body), hash) ||
	    mbedtls_pk_sign(&pk, mbedtls_md_get_type(md), hash, 0, signature, &signature_size,
			    crypto_random_library, &random))
		abort();
	der_init(&d, room, sizeof room);
	der_put(&d, signature, signature_size);
	der_put(&d, "", 1);
	der_wrap(&d, DER_BIT_STRING, 0);
	put_hex(&d, algorithm);
	der_put(&d, der_data(&body), der_size(&body));
	der_wrap(&d, DER_SEQUENCE, 0);
	if (d.bad || body.bad)
		abort();
	out->size = der_size(&d);
	out->der = malloc(out->size);
	if (!out->der)
		abort();
	memcpy(out->der, der_data(&d), out->size);
	mbedtls_pk_free(&pk);
}

#define FOREIGN "a16b7075626b65792d68617368582482015820%"

TEST(each_thing_that_is_wrong_has_its_error)
{
	static const struct {
		const char *what;
		struct wrong wrong;
		enum err ours, any;
	} rows[] = {
		{"nothing", {.quote_size = 9}, E_OK, E_OK},
		{"the claims of a guest",
		 {.guest = true},
		 E_CERTIFICATE_EVIDENCE,
		 E_CERTIFICATE_EVIDENCE},
		{"evidence of another key",
		 {.other_key_hash = true},
		 E_CERTIFICATE_KEY,
		 E_CERTIFICATE_KEY},
		{"no evidence",
		 {.no_evidence = true},
		 E_CERTIFICATE_EVIDENCE,
		 E_CERTIFICATE_EVIDENCE},
		{"evidence under another OID",
		 {.other_oid = true},
		 E_CERTIFICATE_EVIDENCE,
		 E_CERTIFICATE_EVIDENCE},
		{"two of them",
		 {.two_evidences = true},
		 E_CERTIFICATE_EVIDENCE,
		 E_CERTIFICATE_EVIDENCE},
		{"an unknown critical extension",
		 {.critical_unknown = true},
		 E_CERTIFICATE_FORMAT,
		 E_CERTIFICATE_FORMAT},
		{"version 1", {.version_1 = true}, E_CERTIFICATE_FORMAT, E_CERTIFICATE_FORMAT},
		{"another issuer",
		 {.other_issuer = true},
		 E_CERTIFICATE_SIGNATURE,
		 E_CERTIFICATE_SIGNATURE},
		{"P-384", {.curve = MBEDTLS_ECP_DP_SECP384R1}, E_CERTIFICATE_FORMAT, E_OK},
		{"SHA-384", {.sha384 = true}, E_CERTIFICATE_FORMAT, E_OK},
		{"both",
		 {.curve = MBEDTLS_ECP_DP_SECP384R1, .sha384 = true},
		 E_CERTIFICATE_FORMAT,
		 E_OK},
		{"P-521",
		 {.curve = MBEDTLS_ECP_DP_SECP521R1},
		 E_CERTIFICATE_FORMAT,
		 E_CERTIFICATE_FORMAT},
		{"secp256k1",
		 {.curve = MBEDTLS_ECP_DP_SECP256K1},
		 E_CERTIFICATE_FORMAT,
		 E_CERTIFICATE_FORMAT},
		{"claims of another maker", {.claims_hex = FOREIGN}, E_CERTIFICATE_EVIDENCE, E_OK},
		{"claims of another maker, changed",
		 {.claims_hex = FOREIGN "00"},
		 E_CERTIFICATE_EVIDENCE,
		 E_CERTIFICATE_EVIDENCE},
		{"evidence that is none",
		 {.evidence_hex = "00"},
		 E_CERTIFICATE_EVIDENCE,
		 E_CERTIFICATE_EVIDENCE},
		{"evidence with a byte behind",
		 {.evidence_hex = "d9ea60824141414100"},
		 E_CERTIFICATE_EVIDENCE,
		 E_CERTIFICATE_EVIDENCE},
		{"a quote longer than a handshake carries", {.quote_size = 30000}, E_OK, E_OK},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct certificate_evidence e;
		struct certificate c;

		wrong_make(&c, &rows[i].wrong);
		const enum err ours = certificate_check(&e, c.der, c.size);
		const enum err any = certificate_check_any(&e, c.der, c.size);

		if (ours != rows[i].ours || any != rows[i].any)
			printf("%s\n", rows[i].what);
		CHECK_EQ(ours, rows[i].ours);
		CHECK_EQ(any, rows[i].any);
		free(c.der);
	}
}

TEST(another_makers_certificate_says_so)
{
	static const struct wrong wrong = {.claims_hex = FOREIGN, .quote_size = 3};
	struct certificate_evidence e;
	struct certificate c;
	uint8_t zeros[32] = {0};

	wrong_make(&c, &wrong);
	CHECK_EQ(certificate_check_any(&e, c.der, c.size), E_OK);
	CHECK_EQ(e.identity.domain, IDENTITY_FOREIGN);
	CHECK(memcmp(e.identity.launch_digest, zeros, 32) == 0);
	free(c.der);
}

/* Evidence that was recorded is put into a certificate of somebody else's key. */
TEST(evidence_does_not_move_to_another_key)
{
	struct certificate victim = fake_certificate(100);
	struct certificate_evidence e;
	struct certificate c;
	struct wrong wrong = {0};
	char hex[2048];
	uint8_t bytes[1024];
	struct writer w;

	CHECK_EQ(certificate_check(&e, victim.der, victim.size), E_OK);
	const struct evidence recorded = {e.quote, e.quote_size, e.claims, e.claims_size};

	writer_init(&w, bytes, sizeof bytes);
	CHECK_EQ(evidence_encode(&w, &recorded), E_OK);
	for (size_t i = 0; i < w.len; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	wrong.evidence_hex = hex;
	wrong_make(&c, &wrong);
	CHECK_EQ(certificate_check(&e, c.der, c.size), E_CERTIFICATE_KEY);
	free(c.der);
	certificate_fini(&victim);
}

int main(void)
{
	RUN(a_certificate_comes_back);
	RUN(quotes_of_every_size_are_carried);
	RUN(the_limits_fit_together);
	RUN(every_certificate_has_a_key_of_its_own);
	RUN(a_domain_is_not_the_callers_choice);
	RUN(what_fails_below_fails);
	RUN(a_certificate_cut_anywhere_is_refused);
	RUN(a_certificate_changed_anywhere_is_refused);
	RUN(bytes_behind_a_certificate_are_refused);
	RUN(a_certificate_has_a_largest_size);
	RUN(each_thing_that_is_wrong_has_its_error);
	RUN(another_makers_certificate_says_so);
	RUN(evidence_does_not_move_to_another_key);
	return check_report();
}
