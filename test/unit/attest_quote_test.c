/*
 * Quotes: every version taken apart; each rule of its form and each of its signatures broken alone; and those of real
 * machines, when ../shared is there.
 */
#include <stdlib.h>
#include <string.h>

#include "attest/chain.h"
#include "attest/pck.h"
#include "attest/quote.h"

#include "test/lib/check.h"
#include "test/lib/file.h"
#include "test/lib/hex.h"
#include "test/lib/pki.h"

/* Offsets of what follows the body. */
enum {
	SIGNATURE = 4, /* behind the length of the signature data */
	KEY = SIGNATURE + 64,
	ENVELOPE = KEY + 64, /* since version 4: type, size */
};

/* ---- quotes of all versions ------------------------------------------------------------------- */

struct shape {
	uint16_t version;
	enum quote_tee tee;
	bool td15;
	size_t signed_size;
	size_t auth_size;
};

static const struct shape g_shapes[] = {
	{3, QUOTE_SGX, false, 48 + 384, 32},	 {3, QUOTE_SGX, false, 48 + 384, 0},
	{4, QUOTE_SGX, false, 48 + 384, 32},	 {4, QUOTE_TDX, false, 48 + 584, 32},
	{4, QUOTE_TDX, false, 48 + 584, 1000},	 {5, QUOTE_SGX, false, 48 + 6 + 384, 0},
	{5, QUOTE_TDX, false, 48 + 6 + 584, 32}, {5, QUOTE_TDX, true, 48 + 6 + 648, 32},
	{5, QUOTE_TDX, true, 48 + 6 + 885, 32},
};

static struct pki_world g_world;
static struct pki_key g_attestation;
static struct pki_bytes g_quote, g_chain;
static struct attest_quote g_decoded;

static size_t qe_offset(const struct shape *s)
{
	return s->signed_size + ENVELOPE + (s->version > 3 ? 6 : 0);
}

/* Makes the quote of a shape in g_quote. */
static void make(const struct shape *s)
{
	struct pki_quote q = {
		.version = s->version,
		.tee = s->tee,
		.td15 = s->td15,
		.td15_extended = s->signed_size == 48 + 6 + 885,
		.enclave.isvprodid = 7,
		.qe.isvsvn = 9,
		.pck = &g_world.keys[PKI_LEAF],
		.key = &g_attestation,
		.auth_size = s->auth_size,
		.certification = QUOTE_PCK_CHAIN,
		.certification_data = g_chain.p,
		.certification_size = g_chain.size,
	};

	memset(q.enclave.mrenclave, 0xe1, sizeof q.enclave.mrenclave);
	memset(q.enclave.configid, 0xc1, sizeof q.enclave.configid);
	memset(q.enclave.reportdata.data, 0xd1, sizeof q.enclave.reportdata);
	memset(q.td.mrtd, 0x71, sizeof q.td.mrtd);
	memset(q.td.rtmr[3], 0x73, sizeof q.td.rtmr[3]);
	memset(q.td.report_data, 0xd2, sizeof q.td.report_data);
	memset(q.td.mrservicetd, 0x75, sizeof q.td.mrservicetd);
	pki_quote(&g_quote, &q);
}

/* Decodes what is in g_quote from a buffer that ends where it ends. */
static enum attest_rule decode(size_t size)
{
	static uint8_t *copy;
	uint8_t *old = copy;

	copy = malloc(size + 1);
	if (!copy)
		abort();
	memcpy(copy, g_quote.p, size);
	copy = realloc(copy, size ? size : 1);
	free(old);
	return quote_decode(&g_decoded, copy, size);
}

static enum attest_rule verify(void)
{
	enum attest_rule rule = quote_verify_qe(&g_decoded, g_world.keys[PKI_LEAF].public_key + 1);

	if (rule == ATTEST_OK)
		rule = quote_verify_key(&g_decoded);
	if (rule == ATTEST_OK)
		rule = quote_verify_signature(&g_decoded);
	return rule;
}

static void put_u16(size_t off, uint16_t v)
{
	memcpy(g_quote.p + off, &v, sizeof v);
}

static void put_u32(size_t off, uint32_t v)
{
	memcpy(g_quote.p + off, &v, sizeof v);
}

static uint32_t get_u32(size_t off)
{
	uint32_t v;

	memcpy(&v, g_quote.p + off, sizeof v);
	return v;
}

static bool all(const uint8_t *p, size_t size, uint8_t byte)
{
	for (size_t i = 0; i < size; i++) {
		if (p[i] != byte)
			return false;
	}
	return true;
}

TEST(quote_of_every_version_is_taken_apart)
{
	for (size_t i = 0; i < COUNT_OF(g_shapes); i++) {
		const struct shape *s = &g_shapes[i];
		const struct attest_quote *q = &g_decoded;

		make(s);
		CHECK_EQ(decode(g_quote.size), ATTEST_OK);
		CHECK_EQ(q->version, s->version);
		CHECK_EQ(q->tee, s->tee);
		CHECK_EQ(q->td15, s->td15);
		CHECK_EQ(q->qe_svn, s->version == 3 ? 10 : 0);
		CHECK_EQ(q->pce_svn, s->version == 3 ? 15 : 0);
		CHECK_EQ(q->user_data[2], 3);
		CHECK_EQ(q->signed_size, s->signed_size);
		CHECK_EQ(q->enclave.isvprodid, s->tee == QUOTE_SGX ? 7 : 0);
		CHECK(all(q->enclave.mrenclave, 32, s->tee == QUOTE_SGX ? 0xe1 : 0));
		CHECK(all(q->enclave.reportdata.data, 64, s->tee == QUOTE_SGX ? 0xd1 : 0));
		CHECK(all(q->td.mrtd, 48, s->tee == QUOTE_TDX ? 0x71 : 0));
		CHECK(all(q->td.rtmr[3], 48, s->tee == QUOTE_TDX ? 0x73 : 0));
		CHECK(all(q->td.report_data, 64, s->tee == QUOTE_TDX ? 0xd2 : 0));
		CHECK(all(q->td.mrservicetd, 48, s->td15 ? 0x75 : 0));
		CHECK_EQ(q->qe.isvsvn, 9);
		CHECK_EQ(q->auth_size, s->auth_size);
		CHECK_EQ(q->certification, QUOTE_PCK_CHAIN);
		CHECK_EQ(q->certification_size, g_chain.size);
		CHECK(q->certification_data &&
		      memcmp(q->certification_data, g_chain.p, g_chain.size) == 0);
		CHECK_EQ(q->size, g_quote.size);
		CHECK_EQ(q->tail, 0);
		CHECK_EQ(verify(), ATTEST_OK);
	}
}

TEST(quote_refuses_every_truncation)
{
	for (size_t i = 0; i < COUNT_OF(g_shapes); i++) {
		make(&g_shapes[i]);
		for (size_t size = 0; size < g_quote.size; size++) {
			enum attest_rule rule = decode(size);

			if (rule != ATTEST_QUOTE_COMPLETE) {
				CHECK_EQ(rule, ATTEST_QUOTE_COMPLETE);
				break;
			}
		}
	}
}

TEST(quote_does_not_care_for_what_is_behind_it)
{
	for (size_t i = 0; i < COUNT_OF(g_shapes); i++) {
		size_t size;

		make(&g_shapes[i]);
		size = g_quote.size;
		memset(g_quote.p + size, 0xaa, 3000);
		CHECK_EQ(decode(size + 3000), ATTEST_OK);
		CHECK_EQ(g_decoded.size, size);
		CHECK_EQ(g_decoded.tail, 3000);
		CHECK_EQ(verify(), ATTEST_OK);
	}
}

TEST(quote_refuses_other_versions)
{
	static const uint16_t bad[] = {0, 1, 2, 6, 0x103, 0xffff};

	make(&g_shapes[0]);
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		put_u16(0, bad[i]);
		CHECK_EQ(decode(g_quote.size), ATTEST_QUOTE_VERSION);
	}
	CHECK_EQ(g_decoded.version, 0); /* nothing is left of what was refused */
}

TEST(quote_refuses_other_keys)
{
	static const uint16_t bad[] = {0, 1, 3, 0x200};

	make(&g_shapes[3]);
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		put_u16(2, bad[i]);
		CHECK_EQ(decode(g_quote.size), ATTEST_QUOTE_KEY_TYPE);
	}
}

TEST(quote_refuses_other_kinds_of_tee)
{
	static const uint32_t bad[] = {1, 0x80, 0x82, 0x8100, 0x81000000, 0x80000081};

	for (size_t shape = 0; shape < COUNT_OF(g_shapes); shape++) {
		make(&g_shapes[shape]);
		for (size_t i = 0; i < COUNT_OF(bad); i++) {
			put_u32(4, bad[i]);
			CHECK_EQ(decode(g_quote.size), ATTEST_QUOTE_TEE);
		}
	}
	make(&g_shapes[0]);
	put_u32(4, QUOTE_TDX); /* before version 4 */
	CHECK_EQ(decode(g_quote.size), ATTEST_QUOTE_TEE);
}

TEST(quote_refuses_other_vendors)
{
	make(&g_shapes[0]);
	for (size_t i = 0; i < 16; i++) {
		g_quote.p[12 + i] ^= 1;
		CHECK_EQ(decode(g_quote.size), ATTEST_QUOTE_VENDOR);
		g_quote.p[12 + i] ^= 1;
	}
}

TEST(quote_refuses_bodies_of_another_kind)
{
	static const struct {
		size_t shape;
		uint16_t type;
	} bad[] = {{5, 0}, {5, 2}, {5, 3}, {5, 4}, {5, 0x101}, {6, 0}, {6, 1}, {6, 5}, {8, 5}, {7, 0xffff}};

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		make(&g_shapes[bad[i].shape]);
		put_u16(48, bad[i].type);
		CHECK_EQ(decode(g_quote.size), ATTEST_QUOTE_BODY_TYPE);
	}
}

TEST(quote_refuses_bodies_of_another_size)
{
	for (size_t i = 5; i < COUNT_OF(g_shapes); i++) {
		const uint32_t size = (uint32_t)g_shapes[i].signed_size - 54;
		const uint32_t bad[] = {0, size - 1, size + 1, size + 64, UINT32_MAX};

		make(&g_shapes[i]);
		for (size_t k = 0; k < COUNT_OF(bad); k++) {
			put_u32(50, bad[k]);
			CHECK_EQ(decode(g_quote.size), ATTEST_QUOTE_BODY_SIZE);
		}
	}
	make(&g_shapes[6]);
	put_u16(48, 3); /* a TD 1.0 report that says to be a longer one */
	CHECK_EQ(decode(g_quote.size), ATTEST_QUOTE_BODY_SIZE);
	put_u16(48, 4);
	CHECK_EQ(decode(g_quote.size), ATTEST_QUOTE_BODY_SIZE);
}

/* Behind the quote there is room for lengths that are too large. */
TEST(quote_parts_fill_the_signature_data)
{
	for (size_t i = 0; i < COUNT_OF(g_shapes); i++) {
		const struct shape *s = &g_shapes[i];
		const size_t length = s->signed_size, qe = qe_offset(s);
		const size_t certification = qe + 384 + 64 + 2 + s->auth_size + 2;
		const size_t slack = 4096;

		make(s);
		put_u32(length, get_u32(length) + 1);
		CHECK_EQ(decode(g_quote.size + slack), ATTEST_QUOTE_EXACT);
		CHECK_EQ(decode(g_quote.size), ATTEST_QUOTE_COMPLETE);
		make(s);
		put_u32(length, get_u32(length) - 1);
		CHECK_EQ(decode(g_quote.size + slack), ATTEST_QUOTE_COMPLETE);
		put_u32(length, UINT32_MAX);
		CHECK_EQ(decode(g_quote.size + slack), ATTEST_QUOTE_COMPLETE);
		make(s);
		put_u32(certification, (uint32_t)g_chain.size - 1);
		CHECK_EQ(decode(g_quote.size + slack), ATTEST_QUOTE_EXACT);
		put_u32(certification, (uint32_t)g_chain.size + 1);
		CHECK_EQ(decode(g_quote.size + slack), ATTEST_QUOTE_COMPLETE);
		put_u32(certification, UINT32_MAX);
		CHECK_EQ(decode(g_quote.size + slack), ATTEST_QUOTE_COMPLETE);
		make(s);
		put_u16(qe + 384 + 64, 0xffff);
		CHECK_EQ(decode(g_quote.size + slack), ATTEST_QUOTE_COMPLETE);
		put_u16(qe + 384 + 64, (uint16_t)(s->auth_size + 1));
		CHECK(decode(g_quote.size + slack) != ATTEST_OK);
		if (s->auth_size > 0) {
			put_u16(qe + 384 + 64, (uint16_t)(s->auth_size - 1));
			CHECK(decode(g_quote.size + slack) != ATTEST_OK);
		}
	}
}

TEST(quote_envelope_fills_the_signature_data)
{
	for (size_t i = 2; i < COUNT_OF(g_shapes); i++) {
		const size_t size = g_shapes[i].signed_size + ENVELOPE + 2;

		make(&g_shapes[i]);
		put_u32(size, get_u32(size) - 1);
		CHECK_EQ(decode(g_quote.size), ATTEST_QUOTE_EXACT);
		put_u32(size, get_u32(size) + 2);
		CHECK_EQ(decode(g_quote.size), ATTEST_QUOTE_COMPLETE);
		put_u32(size, UINT32_MAX);
		CHECK_EQ(decode(g_quote.size), ATTEST_QUOTE_COMPLETE);
		put_u32(size, 0);
		CHECK_EQ(decode(g_quote.size), ATTEST_QUOTE_EXACT);
	}
}

TEST(quote_envelope_is_a_report)
{
	static const uint16_t bad[] = {0, 1, 5, 7, 0x106};

	make(&g_shapes[3]);
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		put_u16(g_shapes[3].signed_size + ENVELOPE, bad[i]);
		CHECK_EQ(decode(g_quote.size), ATTEST_QUOTE_ENVELOPE);
	}
}

TEST(quote_certification_is_of_a_known_kind)
{
	for (size_t i = 0; i < COUNT_OF(g_shapes); i++) {
		const struct shape *s = &g_shapes[i];
		const size_t off = qe_offset(s) + 384 + 64 + 2 + s->auth_size;
		static const uint16_t bad[] = {0, QUOTE_QE_REPORT, QUOTE_PLATFORM_MANIFEST, 8,
					       0x105};

		make(s);
		for (size_t k = 0; k < COUNT_OF(bad); k++) {
			put_u16(off, bad[k]);
			CHECK_EQ(decode(g_quote.size), ATTEST_QUOTE_CERTIFICATION);
		}
		for (uint16_t kind = QUOTE_PPID_CLEAR; kind <= QUOTE_PCK_CHAIN; kind++) {
			put_u16(off, kind);
			CHECK_EQ(decode(g_quote.size), ATTEST_OK);
			CHECK_EQ(g_decoded.certification, kind);
		}
	}
}

static bool report_byte_reserved(size_t off)
{
	return (off >= 21 && off < 32) || (off >= 96 && off < 128) || (off >= 160 && off < 192) ||
	       (off >= 262 && off < 304);
}

static void check_reserved(size_t report, enum attest_rule rule)
{
	for (size_t i = 0; i < sizeof(struct sgx_report_body); i++) {
		g_quote.p[report + i] ^= 0x10;
		CHECK_EQ(decode(g_quote.size), report_byte_reserved(i) ? rule : ATTEST_OK);
		g_quote.p[report + i] ^= 0x10;
	}
}

TEST(quote_refuses_reserved_bytes_that_are_set)
{
	for (size_t i = 0; i < COUNT_OF(g_shapes); i++) {
		const struct shape *s = &g_shapes[i];

		make(s);
		if (s->tee == QUOTE_SGX)
			check_reserved(s->signed_size - 384, ATTEST_QUOTE_RESERVED);
		check_reserved(qe_offset(s), ATTEST_QE_RESERVED);
	}
}

/* ---- signatures ------------------------------------------------------------------------------- */

/* A bit at `off` is another one: what says so? */
static enum attest_rule flipped(size_t off)
{
	enum attest_rule rule;

	g_quote.p[off] ^= 0x40;
	rule = decode(g_quote.size);
	if (rule == ATTEST_OK)
		rule = verify();
	g_quote.p[off] ^= 0x40;
	return rule;
}

TEST(quote_signature_covers_header_and_body)
{
	for (size_t i = 0; i < COUNT_OF(g_shapes); i++) {
		const struct shape *s = &g_shapes[i];
		const size_t body = s->signed_size - 100;

		make(s);
		CHECK_EQ(flipped(8), ATTEST_QUOTE_SIGNATURE);
		CHECK_EQ(flipped(30), ATTEST_QUOTE_SIGNATURE); /* user data */
		CHECK_EQ(flipped(47), ATTEST_QUOTE_SIGNATURE);
		CHECK_EQ(flipped(s->version > 4 ? 54 : 48), ATTEST_QUOTE_SIGNATURE);
		CHECK_EQ(flipped(body + 64), ATTEST_QUOTE_SIGNATURE);
		CHECK_EQ(flipped(s->signed_size - 1), ATTEST_QUOTE_SIGNATURE);
	}
}

TEST(quote_signature_is_looked_at_in_every_byte)
{
	make(&g_shapes[0]);
	for (size_t i = 0; i < 64; i += 7)
		CHECK_EQ(flipped(g_shapes[0].signed_size + SIGNATURE + i), ATTEST_QUOTE_SIGNATURE);
	memset(g_quote.p + g_shapes[0].signed_size + SIGNATURE, 0, 64);
	CHECK_EQ(decode(g_quote.size), ATTEST_OK);
	CHECK_EQ(verify(), ATTEST_QUOTE_SIGNATURE);
}

TEST(qe_report_binds_the_attestation_key_and_its_data)
{
	for (size_t i = 0; i < COUNT_OF(g_shapes); i++) {
		const struct shape *s = &g_shapes[i];
		const size_t auth = qe_offset(s) + 384 + 64 + 2;

		make(s);
		CHECK_EQ(flipped(s->signed_size + KEY), ATTEST_QE_REPORT_DATA);
		CHECK_EQ(flipped(s->signed_size + KEY + 63), ATTEST_QE_REPORT_DATA);
		if (s->auth_size > 0) {
			CHECK_EQ(flipped(auth), ATTEST_QE_REPORT_DATA);
			CHECK_EQ(flipped(auth + s->auth_size - 1), ATTEST_QE_REPORT_DATA);
		}
	}
}

TEST(qe_report_data_end_in_zeros)
{
	const size_t qe = qe_offset(&g_shapes[0]);

	make(&g_shapes[0]);
	for (size_t i = 32; i < 64; i++) {
		g_quote.p[qe + 320 + i] = 1;
		pki_sign(g_quote.p + qe + 384, &g_world.keys[PKI_LEAF], g_quote.p + qe, 384);
		CHECK_EQ(decode(g_quote.size), ATTEST_OK);
		CHECK_EQ(verify(), ATTEST_QE_REPORT_DATA);
		g_quote.p[qe + 320 + i] = 0;
	}
}

TEST(qe_report_is_signed_by_the_pck)
{
	for (size_t i = 0; i < COUNT_OF(g_shapes); i++) {
		const size_t qe = qe_offset(&g_shapes[i]);

		make(&g_shapes[i]);
		CHECK_EQ(flipped(qe), ATTEST_QE_SIGNATURE);	  /* CPUSVN */
		CHECK_EQ(flipped(qe + 64), ATTEST_QE_SIGNATURE);  /* MRENCLAVE */
		CHECK_EQ(flipped(qe + 383), ATTEST_QE_SIGNATURE); /* report data */
		CHECK_EQ(flipped(qe + 384), ATTEST_QE_SIGNATURE); /* r */
		CHECK_EQ(flipped(qe + 384 + 63), ATTEST_QE_SIGNATURE);
		pki_sign(g_quote.p + qe + 384, &g_world.keys[PKI_CA], g_quote.p + qe, 384);
		CHECK_EQ(decode(g_quote.size), ATTEST_OK);
		CHECK_EQ(verify(), ATTEST_QE_SIGNATURE);
	}
}

/* Everything fits, but the key is no point of the curve. */
TEST(quote_refuses_an_attestation_key_off_the_curve)
{
	const size_t key = g_shapes[0].signed_size + KEY, qe = qe_offset(&g_shapes[0]);
	struct sha256 hash;

	make(&g_shapes[0]);
	g_quote.p[key] ^= 1;
	sha256_init(&hash);
	sha256_update(&hash, g_quote.p + key, 64);
	sha256_update(&hash, g_quote.p + qe + 384 + 64 + 2, 32);
	sha256_final(&hash, g_quote.p + qe + 320);
	pki_sign(g_quote.p + qe + 384, &g_world.keys[PKI_LEAF], g_quote.p + qe, 384);
	CHECK_EQ(decode(g_quote.size), ATTEST_OK);
	CHECK_EQ(verify(), ATTEST_QUOTE_SIGNATURE);
}

/* ---- quotes of real machines ------------------------------------------------------------------- */

#define DATA "../shared/data/quotes/"

struct real {
	const char *path;
	unsigned line; /* of a file in hexadecimal, from 1; 0: the bytes */
	uint16_t version;
	enum quote_tee tee;
	bool td15;
	size_t tail;
	enum quote_certification certification;
	enum attest_rule chain; /* what chain_decode and chain_verify say */
	enum attest_rule signatures;
	const char *fmspc; /* as ../shared/data/quotes/README.md has it */
};

static const struct real g_real[] = {
	{"phala-dcap-qvl/sgx_quote", 0, 3, QUOTE_SGX, false, 0, QUOTE_PCK_CHAIN, ATTEST_OK,
	 ATTEST_OK, "00A067110000"},
	{"phala-dcap-qvl/tdx_quote", 0, 4, QUOTE_TDX, false, 70, QUOTE_PCK_CHAIN, ATTEST_OK,
	 ATTEST_OK, "B0C06F000000"},
	{"phala-dcap-qvl/tdx_quote_outdated", 0, 5, QUOTE_TDX, true, 0, QUOTE_PCK_CHAIN, ATTEST_OK,
	 ATTEST_OK, "90C06F000000"},
	{"phala-dcap-qvl/quote-from-tappd.hex", 1, 4, QUOTE_TDX, false, 70, QUOTE_PCK_CHAIN,
	 ATTEST_OK, ATTEST_OK, "B0C06F000000"},
	{"phala-dcap-qvl/tdx-quote.hex", 1, 4, QUOTE_TDX, false, 70, QUOTE_PCK_CHAIN, ATTEST_OK,
	 ATTEST_OK, "B0C06F000000"},
	{"oasis-core/quote_v3_ecdsa_p256_pck_chain.bin", 0, 3, QUOTE_SGX, false, 0, QUOTE_PCK_CHAIN,
	 ATTEST_OK, ATTEST_OK, "00606A000000"},
	{"oasis-core/quote_v3_ecdsa_p256_eppid.bin", 0, 3, QUOTE_SGX, false, 0, QUOTE_PPID_RSA_3072,
	 ATTEST_CHAIN_TEXT, ATTEST_OK, NULL},
	{"oasis-core/quote_v4_tdx_ecdsa_p256.bin", 0, 4, QUOTE_TDX, false, 0, QUOTE_PCK_CHAIN,
	 ATTEST_OK, ATTEST_OK, "C0806F000000"},
	{"oasis-core/quote_v4_tdx_ecdsa_p256_trailing.bin", 0, 4, QUOTE_TDX, false, 70,
	 QUOTE_PCK_CHAIN, ATTEST_OK, ATTEST_OK, "C0806F000000"},
	{"oasis-core/quote_v4_tdx_ecdsa_p256_out_of_date.bin", 0, 4, QUOTE_TDX, false, 0,
	 QUOTE_PCK_CHAIN, ATTEST_OK, ATTEST_OK, "50806F000000"},
	{"automata-dcap/godcap_sample_quotes.hex", 1, 3, QUOTE_SGX, false, 0, QUOTE_PCK_CHAIN,
	 ATTEST_OK, ATTEST_OK, "00606A000000"},
	{"automata-dcap/godcap_sample_quotes.hex", 2, 4, QUOTE_TDX, false, 70, QUOTE_PCK_CHAIN,
	 ATTEST_OK, ATTEST_OK, "90C06F000000"},
	{"automata-dcap/quotes/alibaba_quote_5.dat", 0, 5, QUOTE_TDX, true, 0, QUOTE_PCK_CHAIN,
	 ATTEST_OK, ATTEST_OK, "90C06F000000"},
	{"automata-dcap/quotes/alibaba_quote_5.hex", 1, 5, QUOTE_TDX, true, 0, QUOTE_PCK_CHAIN,
	 ATTEST_OK, ATTEST_OK, "90C06F000000"},
	{"automata-dcap/quotes/tdx_quote_5.dat", 0, 5, QUOTE_TDX, true, 0, QUOTE_PCK_CHAIN,
	 ATTEST_OK, ATTEST_OK, "90C06F000000"},
	{"go-tdx-guest/quote_v5_sample.dat", 0, 5, QUOTE_TDX, true, 0, QUOTE_PCK_CHAIN, ATTEST_OK,
	 ATTEST_OK, "90C06F000000"},
	{"go-tdx-guest/tdx_prod_quote_SPR_E4.dat", 0, 4, QUOTE_TDX, false, 39, QUOTE_PCK_CHAIN,
	 ATTEST_OK, ATTEST_OK, "50806F000000"},
	{"intel-qvl-sample/quote.dat", 0, 3, QUOTE_SGX, false, 0, QUOTE_PPID_CLEAR,
	 ATTEST_CHAIN_TEXT, ATTEST_OK, NULL},
	{"intel-qvl-sample/tdx/quote.dat", 0, 4, QUOTE_TDX, false, 0, QUOTE_PCK_CHAIN,
	 ATTEST_CHAIN_TEXT, ATTEST_OK, NULL},
	{"fortanix-dcap-ql/quote_pck_cert_chain.bin", 0, 3, QUOTE_SGX, false, 0, QUOTE_PCK_CHAIN,
	 ATTEST_OK, ATTEST_OK, NULL},
	{"fortanix-dcap-ql/quote_pck_cert_chain_corrupted.bin", 0, 3, QUOTE_SGX, false, 0,
	 QUOTE_PCK_CHAIN, ATTEST_OK, ATTEST_QUOTE_SIGNATURE, NULL},
	{"fortanix-dcap-ql/quote_raw_tcb.bin", 0, 3, QUOTE_SGX, false, 0, QUOTE_PPID_RSA_3072,
	 ATTEST_CHAIN_TEXT, ATTEST_OK, NULL},
};

/* The bytes that a line of hexadecimal digits gives, into g_quote. */
static void read_line(const struct host_bytes *file, unsigned line)
{
	const uint8_t *p = file->p, *end = file->p + file->size;

	for (; line > 1 && p; line--)
		p = memchr(p, '\n', (size_t)(end - p))
			    ? (const uint8_t *)memchr(p, '\n', (size_t)(end - p)) + 1
			    : NULL;
	g_quote.size = 0;
	for (; p && p + 1 < end && *p != '\n'; p += 2) {
		const char digits[] = {(char)p[0], (char)p[1], 0};
		char *stop;
		unsigned long byte = strtoul(digits, &stop, 16);

		if (*stop == 0 && g_quote.size < PKI_MAX)
			g_quote.p[g_quote.size++] = (uint8_t)byte;
	}
}

static bool read_real(const struct real *r)
{
	static struct host_bytes files[COUNT_OF(g_real)];
	struct host_bytes *file = &files[r - g_real];
	char path[256];

	snprintf(path, sizeof path, DATA "%s", r->path);
	*file = file_load(path);
	if (!file->p || file->size > PKI_MAX)
		return false;
	if (r->line > 0) {
		read_line(file, r->line);
		return true;
	}
	memcpy(g_quote.p, file->p, file->size);
	g_quote.size = file->size;
	return true;
}

/* What the chain inside says; its leaf's key and platform. */
static enum attest_rule check_chain(struct attest_chain *chain, struct attest_pck *pck)
{
	enum attest_rule rule =
		chain_decode(chain, g_decoded.certification_data, g_decoded.certification_size);

	if (rule == ATTEST_OK)
		rule = chain_verify(chain, CHAIN_PCK);
	if (rule == ATTEST_OK)
		rule = pck_decode(pck, chain_leaf(chain));
	return rule;
}

static void check_real(const struct real *r)
{
	struct attest_chain chain = {0};
	struct attest_pck pck;

	CHECK_EQ(decode(g_quote.size), ATTEST_OK);
	CHECK_EQ(g_decoded.version, r->version);
	CHECK_EQ(g_decoded.tee, r->tee);
	CHECK_EQ(g_decoded.td15, r->td15);
	CHECK_EQ(g_decoded.tail, r->tail);
	CHECK_EQ(g_decoded.certification, r->certification);
	CHECK_EQ(check_chain(&chain, &pck), r->chain);
	CHECK_EQ(quote_verify_signature(&g_decoded), r->signatures);
	CHECK_EQ(quote_verify_key(&g_decoded), ATTEST_OK);
	if (r->chain == ATTEST_OK)
		CHECK_EQ(quote_verify_qe(&g_decoded, chain_leaf(&chain)->key), ATTEST_OK);
	if (r->fmspc)
		CHECK(hex_equal(pck.fmspc, sizeof pck.fmspc, r->fmspc));
	chain_fini(&chain);
}

TEST(quotes_of_real_machines_are_understood)
{
	unsigned seen = 0;

	for (size_t i = 0; i < COUNT_OF(g_real); i++) {
		int before = g_checks_failed;

		if (!read_real(&g_real[i]))
			continue;
		seen++;
		check_real(&g_real[i]);
		if (g_checks_failed != before)
			printf("in %s\n", g_real[i].path);
	}
	if (seen == 0)
		printf("not there: " DATA "\n");
	else
		CHECK_EQ(seen, COUNT_OF(g_real));
}

int main(void)
{
	pki_world(&g_world);
	pki_key(&g_attestation, "attestation");
	pki_world_pck_chain(&g_chain, &g_world);
	RUN(quote_of_every_version_is_taken_apart);
	RUN(quote_refuses_every_truncation);
	RUN(quote_does_not_care_for_what_is_behind_it);
	RUN(quote_refuses_other_versions);
	RUN(quote_refuses_other_keys);
	RUN(quote_refuses_other_kinds_of_tee);
	RUN(quote_refuses_other_vendors);
	RUN(quote_refuses_bodies_of_another_kind);
	RUN(quote_refuses_bodies_of_another_size);
	RUN(quote_parts_fill_the_signature_data);
	RUN(quote_envelope_fills_the_signature_data);
	RUN(quote_envelope_is_a_report);
	RUN(quote_certification_is_of_a_known_kind);
	RUN(quote_refuses_reserved_bytes_that_are_set);
	RUN(quote_signature_covers_header_and_body);
	RUN(quote_signature_is_looked_at_in_every_byte);
	RUN(qe_report_binds_the_attestation_key_and_its_data);
	RUN(qe_report_data_end_in_zeros);
	RUN(qe_report_is_signed_by_the_pck);
	RUN(quote_refuses_an_attestation_key_off_the_curve);
	RUN(quotes_of_real_machines_are_understood);
	return check_report();
}
