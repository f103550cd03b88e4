/*
 * The certificates behind an SEV-SNP report (AMD 57230 and 58369): the key's own, with AMD's extensions, and
 * those of ASK and ARK.
 * Trust: all of them come from the network or a file; only the digest of each product's ARK is ours.
 * Invariant: time plays no part here; the caller compares the window.
 */
#include "attest/sev_impl.h"

#include <string.h>

#include <mbedtls/asn1.h>
#include <mbedtls/oid.h>
#include <mbedtls/rsa.h>
#include <mbedtls/sha512.h>

#include "attest/der.h"
#include "attest/x509.h"
#include "attest/x509_impl.h"

/* SHA-256 of the ARK certificates (DER) as kdsintf.amd.com gives them. */
struct ark {
	enum sev_product product;
	uint8_t digest[SHA256_SIZE];
};

static const struct ark g_arks[] = {
	{SEV_MILAN, {0x69, 0xd0, 0x63, 0xb4, 0x53, 0x44, 0xd2, 0x6a, 0x2e, 0x94, 0xe1,
		     0xf4, 0x21, 0x0d, 0xe4, 0x9e, 0xf5, 0x55, 0x30, 0x82, 0x87, 0xd4,
		     0xc1, 0x74, 0x44, 0x5c, 0x95, 0x63, 0x9a, 0x54, 0x0b, 0xcd}},
	{SEV_GENOA, {0x4c, 0x65, 0x98, 0xd1, 0x9c, 0x18, 0x71, 0x9c, 0x5d, 0xfd, 0x4a,
		     0x7d, 0x33, 0x5f, 0x67, 0x4e, 0x5b, 0xfe, 0x1d, 0x8f, 0x80, 0x0c,
		     0xea, 0x2c, 0xf2, 0x70, 0xc1, 0x0d, 0x10, 0x3d, 0xb2, 0xf1}},
	{SEV_TURIN, {0x1f, 0x08, 0x41, 0x61, 0xa4, 0x4b, 0xb6, 0xd9, 0x37, 0x78, 0xa9,
		     0x04, 0x87, 0x7d, 0x48, 0x19, 0xca, 0xfa, 0x5d, 0x05, 0xef, 0x41,
		     0x93, 0xb2, 0xde, 0xd9, 0xdd, 0x9c, 0x73, 0xdd, 0x3f, 0x6a}},
};

void sev_chain_init(struct sev_chain *c)
{
	mbedtls_x509_crt_init(&c->key);
	mbedtls_x509_crt_init(&c->signers);
}

void sev_chain_fini(struct sev_chain *c)
{
	mbedtls_x509_crt_free(&c->key);
	mbedtls_x509_crt_free(&c->signers);
}

/* ---- parsing ---- */

/* DER certificates one behind the other; false when something else stands there. */
static bool parse_der(mbedtls_x509_crt *out, const uint8_t *p, size_t size)
{
	while (size > 0) {
		unsigned char *at, *begin;
		size_t len;

		/* The library only reads through these. */
		memcpy(&begin, &p, sizeof begin);
		at = begin;
		if (mbedtls_asn1_get_tag(&at, begin + size, &len,
					 MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE) != 0)
			return false;
		len += (size_t)(at - begin);
		if (mbedtls_x509_crt_parse_der(out, p, len) != 0)
			return false;
		p += len;
		size -= len;
	}
	return true;
}

/* How many certificates it is; 0: something else. */
static unsigned parse(mbedtls_x509_crt *out, const uint8_t *p, size_t size)
{
	unsigned n = 0;

	if (size == 0 || size > SEV_CERTIFICATE_MAX || !parse_der(out, p, size))
		return 0;
	for (const mbedtls_x509_crt *c = out; c; c = c->next, n++) {
		if (c->version != 3)
			return 0;
	}
	return n;
}

enum attest_rule sev_key_parse(struct sev_chain *c, const struct sev_collateral *collateral)
{
	if (!attest_holds(SEV_KEY_MISSING, collateral->key != NULL))
		return ATTEST_SEV_KEY_MISSING;
	if (!attest_holds(SEV_KEY_FORM, parse(&c->key, collateral->key, collateral->key_size) == 1))
		return ATTEST_SEV_KEY_FORM;
	return ATTEST_OK;
}

enum attest_rule sev_signers_parse(struct sev_chain *c, const struct sev_collateral *collateral)
{
	if (!attest_holds(SEV_CHAIN_MISSING, collateral->chain != NULL))
		return ATTEST_SEV_CHAIN_MISSING;
	const unsigned n = parse(&c->signers, collateral->chain, collateral->chain_size);

	/* One more is left to the rule; fewer are not there to be looked at. */
	if (n < 2 || !attest_holds(SEV_CHAIN_FORM, n == 2))
		return ATTEST_SEV_CHAIN_FORM;
	return ATTEST_OK;
}

enum attest_rule sev_chain_parse(struct sev_chain *c, const struct sev_collateral *collateral)
{
	enum attest_rule rule = sev_key_parse(c, collateral);

	return rule == ATTEST_OK ? sev_signers_parse(c, collateral) : rule;
}

/* ---- AMD's extensions: 1.3.6.1.4.1.3704.1.* ---- */

static const uint8_t g_amd_oid[] = {0x2b, 0x06, 0x01, 0x04, 0x01, 0x9c, 0x78, 0x01};

/* What follows that prefix. */
#define AMD_PRODUCT	0x0200 /* .2 */
#define AMD_SPL		0x0300 /* .3.n */
#define AMD_HARDWARE_ID 0x0400
#define AMD_PROVIDER	0x0500

enum {
	SPL_BOOT_LOADER = 1,
	SPL_TEE = 2,
	SPL_SNP = 3,
	SPL_4 = 4,
	SPL_7 = 7,
	SPL_MICROCODE = 8,
	SPL_FMC = 9,
	SPL_COUNT
};

/* What was found so far. */
struct extensions {
	struct sev_key key;
	uint32_t seen; /* bit n: .3.n; bit 16 and on: .2, .4, .5 */
	uint8_t spl[SPL_COUNT];
};

#define SEEN_PRODUCT	 (1u << 16)
#define SEEN_HARDWARE_ID (1u << 17)
#define SEEN_PROVIDER	 (1u << 18)

/* Marks an extension as seen; false when it was. */
static bool see(struct extensions *e, uint32_t bit)
{
	const bool first = !(e->seen & bit);

	e->seen |= bit;
	return first;
}

/* The product's name, with a stepping behind it or without: "Milan-B0", "Turin". */
static enum sev_product product_named(const uint8_t *p, size_t size)
{
	for (enum sev_product product = SEV_MILAN; product <= SEV_TURIN; product++) {
		const char *name = sev_product_name(product);
		const size_t n = strlen(name);

		if (size >= n && memcmp(p, name, n) == 0 && (size == n || p[n] == '-'))
			return product;
	}
	return SEV_PRODUCT_UNKNOWN;
}

static bool read_product(struct extensions *e, struct reader *value)
{
	struct reader name = der_take(value, DER_IA5_STRING);

	e->key.product = product_named(name.p, name.left);
	return see(e, SEEN_PRODUCT) && reader_done(value) && e->key.product != SEV_PRODUCT_UNKNOWN;
}

/* A security version: an INTEGER of one byte's worth. */
static bool read_spl(struct extensions *e, unsigned n, struct reader *value)
{
	if (n == 0 || n >= SPL_COUNT || !see(e, 1u << n))
		return false;
	e->spl[n] = (uint8_t)der_unsigned(value, DER_INTEGER, 0xff);
	return reader_done(value);
}

/* The chip's name stands there as it is. */
static bool read_hardware_id(struct extensions *e, struct reader *value)
{
	if (!see(e, SEEN_HARDWARE_ID) || value->left == 0 ||
	    value->left > sizeof e->key.hardware_id)
		return false;
	e->key.hardware_id_size = value->left;
	reader_bytes(value, e->key.hardware_id, value->left);
	return reader_ok(value);
}

static bool read_extension(struct extensions *e, unsigned id, struct reader *value)
{
	switch (id & 0xff00) {
	case AMD_PRODUCT:
		return id == AMD_PRODUCT && read_product(e, value);
	case AMD_SPL:
		return read_spl(e, id & 0xff, value);
	case AMD_HARDWARE_ID:
		return id == AMD_HARDWARE_ID && read_hardware_id(e, value);
	case AMD_PROVIDER:
		return id == AMD_PROVIDER && see(e, SEEN_PROVIDER);
	default: /* .1, the version of this structure, and what may come */
		return true;
	}
}

/* One Extension: OID, critical or not, value. Those of others are skipped. */
static bool take_extension(struct extensions *e, struct reader *list)
{
	struct reader extension = der_take(list, DER_SEQUENCE);
	struct reader oid = der_take(&extension, DER_OID);

	if (der_is(&extension, DER_BOOLEAN))
		(void)der_boolean(&extension);
	struct reader value = der_take(&extension, DER_OCTET_STRING);
	const uint8_t *prefix = reader_take(&oid, sizeof g_amd_oid);

	if (!reader_ok(list) || !reader_done(&extension))
		return false;
	if (!prefix || memcmp(prefix, g_amd_oid, sizeof g_amd_oid) != 0 || oid.left < 1 ||
	    oid.left > 2)
		return true;
	unsigned id = reader_u8(&oid);

	return read_extension(e, id << 8 | (oid.left ? reader_u8(&oid) : 0u), &value);
}

/* raw: Extensions with their tag; empty when there are none. */
static bool read_extensions(struct extensions *e, const mbedtls_x509_buf *raw)
{
	struct reader r, list;

	reader_init(&r, raw->p, raw->len);
	list = der_take(&r, DER_SEQUENCE);
	while (reader_ok(&r) && list.left > 0) {
		if (!take_extension(e, &list))
			return false;
	}
	return reader_done(&r);
}

/* Product, security versions, and a chip or a provider, not both. */
static bool is_complete(const struct extensions *e)
{
	const uint32_t spl = 1u << SPL_BOOT_LOADER | 1u << SPL_TEE | 1u << SPL_SNP |
			     1u << SPL_MICROCODE |
			     (e->key.product == SEV_TURIN ? 1u << SPL_FMC : 0);
	const uint32_t who = e->seen & (SEEN_HARDWARE_ID | SEEN_PROVIDER);
	const size_t id_size = e->key.product == SEV_TURIN ? 8 : SEV_CHIP_ID_SIZE;

	return (e->seen & SEEN_PRODUCT) && (e->seen & spl) == spl &&
	       (who == SEEN_PROVIDER ||
		(who == SEEN_HARDWARE_ID && e->key.hardware_id_size == id_size));
}

/* Security versions that have no meaning yet are 0. */
static bool is_plain(const struct extensions *e)
{
	for (unsigned n = SPL_4; n <= SPL_7; n++) {
		if (e->spl[n] != 0)
			return false;
	}
	return e->key.product == SEV_TURIN || e->spl[SPL_FMC] == 0;
}

enum attest_rule sev_key_read(struct sev_key *out, const mbedtls_x509_crt *certificate)
{
	struct extensions e = {0};
	const bool whole = read_extensions(&e, &certificate->v3_ext);

	if (!attest_holds(SEV_KEY_EXTENSIONS, whole && is_plain(&e)))
		return ATTEST_SEV_KEY_EXTENSIONS;
	if (!attest_holds(SEV_KEY_COMPLETE, is_complete(&e)))
		return ATTEST_SEV_KEY_COMPLETE;
	e.key.tcb = (struct sev_tcb){e.spl[SPL_FMC], e.spl[SPL_BOOT_LOADER], e.spl[SPL_TEE],
				     e.spl[SPL_SNP], e.spl[SPL_MICROCODE]};
	*out = e.key;
	return ATTEST_OK;
}

/* ---- the chain ---- */

enum err sev_check_signature(const mbedtls_x509_crt *signer, const mbedtls_x509_buf *message,
			     mbedtls_pk_type_t kind, mbedtls_md_type_t digest, const void *options,
			     const mbedtls_x509_buf *signature)
{
	const mbedtls_pk_rsassa_pss_options *pss = options;
	mbedtls_pk_context pk = signer->pk;
	uint8_t hash[64]; /* the library's word for SHA-384 too */

	/* The options are the certificate's own word: only AMD's are taken. */
	if (kind != MBEDTLS_PK_RSASSA_PSS || digest != MBEDTLS_MD_SHA384 || !pss ||
	    pss->mgf1_hash_id != MBEDTLS_MD_SHA384 || pss->expected_salt_len != SHA384_SIZE ||
	    !mbedtls_pk_can_do(&pk, MBEDTLS_PK_RSA) ||
	    mbedtls_sha512_ret(message->p, message->len, hash, 1) != 0)
		return E_CRYPTO;
	const int ret = mbedtls_pk_verify_ext(kind, options, &pk, digest, hash, SHA384_SIZE,
					      signature->p, signature->len);

	if (x509_no_memory(ret))
		return E_NOMEM;
	return ret == 0 ? E_OK : E_CRYPTO;
}

bool sev_signed_by(const mbedtls_x509_crt *signer, const mbedtls_x509_buf *message,
		   mbedtls_pk_type_t kind, mbedtls_md_type_t digest, const void *options,
		   const mbedtls_x509_buf *signature)
{
	return sev_check_signature(signer, message, kind, digest, options, signature) == E_OK;
}

bool sev_issued_by(const mbedtls_x509_crt *c, const mbedtls_x509_crt *issuer)
{
	return sev_signed_by(issuer, &c->tbs, c->sig_pk, c->sig_md, c->sig_opts, &c->sig);
}

/* There is one common name, and it is `first` and `second` together. */
static bool is_named(const mbedtls_x509_crt *c, const char *first, const char *second)
{
	const mbedtls_x509_name *found = NULL;
	const size_t n = strlen(first), m = strlen(second);

	for (const mbedtls_x509_name *name = &c->subject; name; name = name->next) {
		if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &name->oid) != 0)
			continue;
		if (found)
			return false;
		found = name;
	}
	return found && found->val.len == n + m && memcmp(found->val.p, first, n) == 0 &&
	       memcmp(found->val.p + n, second, m) == 0;
}

bool sev_is_issuer(const mbedtls_x509_crt *issuer, const mbedtls_x509_crt *c)
{
	return c->issuer_raw.len == issuer->subject_raw.len &&
	       memcmp(c->issuer_raw.p, issuer->subject_raw.p, c->issuer_raw.len) == 0;
}

bool sev_root_is_pinned(const uint8_t digest[SHA256_SIZE], enum sev_product product)
{
	for (size_t i = 0; i < COUNT_OF(g_arks); i++) {
		if (g_arks[i].product == product)
			return memcmp(g_arks[i].digest, digest, SHA256_SIZE) == 0;
	}
	return false;
}

static bool is_authority(const mbedtls_x509_crt *c)
{
	return c->ca_istrue && (c->ext_types & MBEDTLS_X509_EXT_KEY_USAGE) &&
	       (c->key_usage & MBEDTLS_X509_KU_KEY_CERT_SIGN);
}

static bool is_rsa_4096(const mbedtls_x509_crt *c)
{
	return mbedtls_pk_can_do(&c->pk, MBEDTLS_PK_RSA) && mbedtls_pk_get_bitlen(&c->pk) == 4096;
}

static bool is_p384(const mbedtls_x509_crt *c)
{
	return mbedtls_pk_can_do(&c->pk, MBEDTLS_PK_ECDSA) &&
	       mbedtls_pk_ec(c->pk)->grp.id == MBEDTLS_ECP_DP_SECP384R1;
}

static bool names_hold(const struct sev_chain *c, enum sev_product product,
		       enum sev_signing_key kind)
{
	const char *name = sev_product_name(product);
	const bool vlek = kind == SEV_VLEK;

	return is_named(&c->key, vlek ? "SEV-VLEK" : "SEV-VCEK", "") &&
	       is_named(&c->signers, vlek ? "SEV-VLEK-" : "SEV-", name) &&
	       is_named(c->signers.next, "ARK-", name);
}

enum attest_rule sev_chain_check(const struct sev_chain *c, enum sev_product product,
				 enum sev_signing_key kind)
{
	const mbedtls_x509_crt *key = &c->key, *ask = &c->signers, *ark = c->signers.next;

	if (!attest_holds(SEV_NAMES, names_hold(c, product, kind)))
		return ATTEST_SEV_NAMES;
	if (!attest_holds(SEV_ISSUERS, sev_is_issuer(ask, key) && sev_is_issuer(ark, ask)))
		return ATTEST_SEV_ISSUERS;
	if (!attest_holds(SEV_AUTHORITY, is_authority(ask) && is_authority(ark) && !key->ca_istrue))
		return ATTEST_SEV_AUTHORITY;
	if (!attest_holds(SEV_CURVE, is_p384(key) && is_rsa_4096(ask) && is_rsa_4096(ark)))
		return ATTEST_SEV_CURVE;
	if (!attest_holds(SEV_SIGNER_SIGNED, sev_issued_by(ask, ark)))
		return ATTEST_SEV_SIGNER_SIGNED;
	if (!attest_holds(SEV_KEY_SIGNED, sev_issued_by(key, ask)))
		return ATTEST_SEV_KEY_SIGNED;
	return ATTEST_OK;
}

/* ---- time ---- */

int64_t sev_time(const mbedtls_x509_time *t)
{
	return x509_time(t->year, t->mon, t->day, t->hour, t->min, t->sec);
}

struct attest_window sev_window(const mbedtls_x509_crt *c)
{
	return (struct attest_window){sev_time(&c->valid_from), sev_time(&c->valid_to)};
}

struct attest_window sev_chain_window(const struct sev_chain *c)
{
	const mbedtls_x509_crt *all[] = {&c->key, &c->signers, c->signers.next};
	struct attest_window w = ATTEST_ALWAYS;

	for (size_t i = 0; i < COUNT_OF(all); i++) {
		const struct attest_window one = sev_window(all[i]);

		window_narrow(&w, &one);
	}
	return w;
}
