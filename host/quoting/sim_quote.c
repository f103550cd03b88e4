/*
 * The simulated quoting enclave (Intel's DCAP, "ECDSA quote library API", appendix: quote format
 * version 3).
 * Trust: reports are untrusted until their MAC holds. Machine and keys are the simulation's, which
 * protects nobody.
 * Invariant: the provider signs no report whose MAC does not hold.
 */
#include "host/quoting/sim_quote.h"

#include <stdlib.h>
#include <string.h>

#include "base/wipe.h"
#include "base/writer.h"
#include "crypto/cmac.h"
#include "crypto/hkdf.h"
#include "crypto/p256.h"
#include "crypto/sha256.h"
#include "host/base/random.h"
#include "host/device/sim.h"

#define QUOTE_VERSION	     3
#define QUOTE_KEY_ECDSA_P256 2
#define QUOTE_CERTS_PEM	     5

/* Who Intel's quoting enclaves say that they are from; verifiers want it. */
static const uint8_t g_vendor[16] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
				     0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};

/* Any bytes would do: they are signed along with the key. Intel's has 32. */
static const uint8_t g_auth[SIM_QE_AUTH_SIZE] = {
	0,  1,	2,  3,	4,  5,	6,  7,	8,  9,	10, 11, 12, 13, 14, 15,
	16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
};

static const struct crypto_random g_random = {.get = host_random};

/* ---- who it is ---- */

/* As host/quoting/simulation/qe-identity.json has it. */
static void sim_qe_identify(struct sgx_identity *id)
{
	static const char code[] = "Retwine Simulation Quoting Enclave";
	static const char signer[] = "Retwine Simulation";

	memset(id, 0, sizeof *id);
	id->attributes.flags = ATTRIBUTE_INIT | ATTRIBUTE_MODE64 | ATTRIBUTE_PROVISIONKEY;
	id->attributes.xfrm = XFRM_MANDATORY;
	id->isvprodid = SIM_QE_ISVPRODID;
	id->isvsvn = SIM_QE_ISVSVN;
	sha256_digest(id->mrenclave, code, sizeof code - 1);
	sha256_digest(id->mrsigner, signer, sizeof signer - 1);
}

void sim_qe_target(struct sgx_targetinfo *target, const struct sim_qe *qe)
{
	memset(target, 0, sizeof *target);
	memcpy(target->mrenclave, qe->identity.mrenclave, sizeof target->mrenclave);
	target->attributes = qe->identity.attributes;
	target->miscselect = qe->identity.miscselect;
}

/* Bytes that belong to this quoting enclave on this machine, by its seal key. */
static enum err sim_qe_secret(uint8_t *out, size_t size, const struct sim_qe *qe, const void *info,
			      size_t info_size)
{
	struct sgx_keyrequest request = {.keyname = KEYNAME_SEAL,
					 .keypolicy = KEYPOLICY_MRENCLAVE,
					 .isvsvn = SIM_QE_ISVSVN,
					 .attributemask = {.flags = UINT64_MAX}};
	uint8_t seal[SGX_KEY_SIZE];

	memcpy(request.cpusvn, qe->machine->cpusvn, sizeof request.cpusvn);
	if (sgx_get_key(seal, qe->machine, &qe->identity, &request) != SGX_SUCCESS)
		return E_CRYPTO;
	const enum err err = hkdf_sha256(out, size, NULL, 0, seal, sizeof seal, info, info_size);

	wipe(seal, sizeof seal);
	return err;
}

/* The attestation key: candidates until one is a private key (FIPS 186-4, B.4.2), which the first
 * one is. */
static enum err sim_qe_make_key(struct sim_qe *qe)
{
	char label[] = "retwine.simulation.attestation-key.v1 ?";
	uint8_t point[P256_PUBLIC_SIZE];
	enum err err = E_CRYPTO;

	for (char n = '0'; n <= '9' && err == E_CRYPTO; n++) {
		label[sizeof label - 2] = n;
		err = sim_qe_secret(qe->key, sizeof qe->key, qe, label, sizeof label);
		if (err == E_OK)
			err = p256_public(point, qe->key, &g_random);
	}
	if (err == E_OK)
		memcpy(qe->point, point + 1, sizeof qe->point);
	return err;
}

/* A report by which it vouches for its attestation key: SHA-256(key, authentication data), then
 * zeros. */
static enum err sim_qe_make_report(struct sim_qe *qe)
{
	const struct simulation_bytes pck = simulation_file(SIMULATION_PCK_KEY);
	const struct sgx_targetinfo nobody = {0};
	struct sgx_reportdata data = {{0}};
	struct sgx_report report;
	struct sha256 hash;
	uint8_t digest[SHA256_SIZE];

	must(pck.size == P256_PRIVATE_SIZE);
	sha256_init(&hash);
	sha256_update(&hash, qe->point, sizeof qe->point);
	sha256_update(&hash, g_auth, sizeof g_auth);
	sha256_final(&hash, data.data);
	if (sgx_make_report(&report, qe->machine, &qe->identity, &nobody, &data) != SGX_SUCCESS)
		return E_CRYPTO;
	qe->report = report.body;
	sha256_digest(digest, &qe->report, sizeof qe->report);
	return p256_sign(qe->report_signature, pck.p, digest, &g_random);
}

enum err sim_qe_init(struct sim_qe *qe, const struct sgx_machine *machine, enum simulation_pck pck)
{
	static const char label[] = "retwine.simulation.qe-id.v1";

	memset(qe, 0, sizeof *qe);
	qe->machine = machine;
	qe->chain = simulation_pck_chain(pck);
	sim_qe_identify(&qe->identity);
	enum err err = sim_qe_secret(qe->id, sizeof qe->id, qe, label, sizeof label);

	if (err == E_OK)
		err = sim_qe_make_key(qe);
	if (err == E_OK)
		err = sim_qe_make_report(qe);
	if (err != E_OK)
		sim_qe_fini(qe);
	return err;
}

void sim_qe_fini(struct sim_qe *qe)
{
	wipe(qe, sizeof *qe);
}

/* ---- reports in ---- */

static bool all_zero(const uint8_t *p, size_t n)
{
	uint8_t any = 0;

	for (size_t i = 0; i < n; i++)
		any |= p[i];
	return any == 0;
}

bool sim_qe_report_holds(const struct sim_qe *qe, const struct sgx_report *report)
{
	struct sgx_keyrequest request = {.keyname = KEYNAME_REPORT};
	uint8_t key[SGX_KEY_SIZE], mac[CMAC_SIZE];
	const struct sgx_report_body *body = &report->body;

	memcpy(request.keyid, report->keyid, sizeof request.keyid);
	if (sgx_get_key(key, qe->machine, &qe->identity, &request) != SGX_SUCCESS)
		return false;
	cmac_aes128(mac, key, body, sizeof *body);
	wipe(key, sizeof key);
	const bool holds = equal_ct(mac, report->mac, sizeof mac);

	wipe(mac, sizeof mac);
	return holds && all_zero(body->reserved1, sizeof body->reserved1) &&
	       all_zero(body->reserved2, sizeof body->reserved2) &&
	       all_zero(body->reserved3, sizeof body->reserved3) &&
	       all_zero(body->reserved4, sizeof body->reserved4);
}

/* ---- quotes out ---- */

/* The part that is signed. */
static void quote_write_signed(struct writer *w, const struct sim_qe *qe,
			       const struct sgx_report_body *body)
{
	writer_u16(w, QUOTE_VERSION);
	writer_u16(w, QUOTE_KEY_ECDSA_P256);
	writer_u32(w, 0);
	writer_u16(w, SIM_QE_ISVSVN);
	writer_u16(w, SIM_QE_PCESVN);
	writer_bytes(w, g_vendor, sizeof g_vendor);
	writer_bytes(w, qe->id, sizeof qe->id);
	writer_u32(w, 0); /* the rest of the user data */
	writer_bytes(w, body, sizeof *body);
}

/* Everything behind the signature: why the attestation key is to be believed. */
static void quote_write_certification(struct writer *w, const struct sim_qe *qe)
{
	writer_bytes(w, qe->point, sizeof qe->point);
	writer_bytes(w, &qe->report, sizeof qe->report);
	writer_bytes(w, qe->report_signature, sizeof qe->report_signature);
	writer_u16(w, sizeof g_auth);
	writer_bytes(w, g_auth, sizeof g_auth);
	writer_u16(w, QUOTE_CERTS_PEM);
	writer_u32(w, (uint32_t)qe->chain.size);
	writer_bytes(w, qe->chain.p, qe->chain.size);
}

enum err sim_qe_sign(const struct sim_qe *qe, uint8_t *out, size_t max, size_t *size,
		     const struct sgx_report_body *body)
{
	uint8_t signature[P256_SIGNATURE_SIZE], digest[SHA256_SIZE];
	struct writer w, measure;

	writer_init(&measure, NULL, 0);
	quote_write_certification(&measure, qe);
	writer_init(&w, out, max);
	quote_write_signed(&w, qe, body);
	if (!writer_ok(&w))
		return E_LIMIT;
	sha256_digest(digest, out, w.len);
	const enum err err = p256_sign(signature, qe->key, digest, &g_random);

	if (err != E_OK)
		return err;
	writer_u32(&w, (uint32_t)(sizeof signature + measure.len));
	writer_bytes(&w, signature, sizeof signature);
	quote_write_certification(&w, qe);
	if (!writer_ok(&w))
		return E_LIMIT;
	*size = w.len;
	return E_OK;
}

/* ---- the provider ---- */

struct sim_quoting {
	struct quoting quoting; /* first */
	bool ready; /* qe is there: not before it is needed, since most runs make no quote */
	struct sim_qe qe;
};

static enum host_errno sim_quoting_ready(struct sim_quoting *s)
{
	if (!s->ready && sim_qe_init(&s->qe, sim_machine(), SIMULATION_CURRENT) != E_OK)
		return quoting_fail(&s->quoting, HOST_IO,
				    "the simulated quoting enclave cannot make its key");
	s->ready = true;
	return HOST_SUCCESS;
}

static enum host_errno sim_quoting_target(struct quoting *q, uint8_t target[HOST_QUOTE_TARGET_SIZE],
					  UNUSED int cancel_fd)
{
	struct sim_quoting *s = (struct sim_quoting *)q;
	const enum host_errno error = sim_quoting_ready(s);
	struct sgx_targetinfo info;

	static_assert(sizeof info == HOST_QUOTE_TARGET_SIZE, "TARGETINFO");
	if (error != HOST_SUCCESS)
		return error;
	sim_qe_target(&info, &s->qe);
	memcpy(target, &info, sizeof info);
	return HOST_SUCCESS;
}

static enum host_errno sim_quoting_quote(struct quoting *q,
					 const uint8_t report[HOST_QUOTE_REPORT_SIZE], uint8_t *out,
					 size_t max, size_t *size, UNUSED int cancel_fd)
{
	struct sim_quoting *s = (struct sim_quoting *)q;
	const enum host_errno error = sim_quoting_ready(s);
	struct sgx_report r;

	static_assert(sizeof r == HOST_QUOTE_REPORT_SIZE, "REPORT");
	if (error != HOST_SUCCESS)
		return error;
	memcpy(&r, report, sizeof r);
	if (!sim_qe_report_holds(&s->qe, &r))
		return quoting_fail(q, HOST_ACCES,
				    "the simulated quoting enclave refuses the report: it was not "
				    "made for it on this machine");
	switch (sim_qe_sign(&s->qe, out, max, size, &r.body)) {
	case E_OK:
		return HOST_SUCCESS;
	case E_LIMIT:
		return quoting_fail(q, HOST_OVERFLOW, "the quote is larger than %zu bytes", max);
	default:
		return quoting_fail(q, HOST_IO, "the simulated quoting enclave cannot sign");
	}
}

static void sim_quoting_close(struct quoting *q)
{
	struct sim_quoting *s = (struct sim_quoting *)q;

	sim_qe_fini(&s->qe);
	free(s);
}

enum err sim_quoting_open(struct quoting **out)
{
	static const struct quoting_ops ops = {
		.name = "simulation",
		.target = sim_quoting_target,
		.quote = sim_quoting_quote,
		.close = sim_quoting_close,
	};
	struct sim_quoting *s = calloc(1, sizeof *s);

	if (!s)
		return E_NOMEM;
	(void)sim_machine(); /* its secret is in a file */
	quoting_init(&s->quoting, &ops);
	*out = &s->quoting;
	return E_OK;
}
