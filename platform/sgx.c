/*
 * The platform on SGX, and on its simulation, which answers the same leaves.
 * Trust: what EREPORT and EGETKEY give. Targets and evidence are untrusted and ours by copy; the
 * leaves would fault on reserved fields, so these are checked first.
 */
#include "platform/platform.h"

#include <string.h>

#include "base/wipe.h"
#include "base/writer.h"
#include "crypto/cmac.h"
#include "crypto/hkdf.h"
#include "platform/enclu.h"
#include "sgx/arch.h"

/* EREPORT with operands that are aligned as the leaf wants them. */
static void sgx_report(struct sgx_report *out, const struct sgx_targetinfo *target,
		       const uint8_t report_data[PLATFORM_REPORT_DATA_SIZE])
{
	ALIGNED(SGX_TARGETINFO_ALIGN) struct sgx_targetinfo info = *target;
	ALIGNED(SGX_REPORT_ALIGN) struct sgx_report report;
	ALIGNED(SGX_REPORTDATA_ALIGN) struct sgx_reportdata data;

	memcpy(data.data, report_data, sizeof data.data);
	memset(&report, 0, sizeof report);
	enclu(ENCLU_EREPORT, &info, &data, &report);
	*out = report;
}

/* Our own report: what the CPU says that we are. No one can verify it. */
static void sgx_report_self(struct sgx_report *out)
{
	static const struct sgx_targetinfo nobody;
	static const uint8_t nothing[PLATFORM_REPORT_DATA_SIZE];

	sgx_report(out, &nobody, nothing);
}

/* EGETKEY. E_UNSUPPORTED when the CPU refuses. */
static enum err sgx_key(uint8_t out[SGX_KEY_SIZE], const struct sgx_keyrequest *request)
{
	ALIGNED(SGX_KEYREQUEST_ALIGN) struct sgx_keyrequest r = *request;
	ALIGNED(SGX_KEY_ALIGN) uint8_t key[SGX_KEY_SIZE] = {0};
	uint64_t code = enclu(ENCLU_EGETKEY, &r, key, NULL);

	if (code == SGX_SUCCESS)
		memcpy(out, key, sizeof key);
	wipe(key, sizeof key);
	return code == SGX_SUCCESS ? E_OK : E_UNSUPPORTED;
}

/*
 * The request for half of a secret. Bound to MRENCLAVE or to MRSIGNER and the product, to every
 * ATTRIBUTES flag (so never the same for a debug enclave) and to MISCSELECT; not to XFRM, which the
 * machine chooses by what it can do, nor to CONFIGID, since program and launch come in by HKDF.
 */
static void secret_request(struct sgx_keyrequest *r, const struct platform_seal *seal, uint8_t half)
{
	static const char label[] = "retwine.secret.v1";

	static_assert(sizeof label < sizeof r->keyid, "room for the number");
	static_assert(sizeof r->cpusvn == sizeof seal->cpu_svn, "the machine's version");
	memset(r, 0, sizeof *r);
	r->keyname = KEYNAME_SEAL;
	r->keypolicy = seal->signer ? KEYPOLICY_MRSIGNER : KEYPOLICY_MRENCLAVE;
	r->isvsvn = seal->svn;
	memcpy(r->cpusvn, seal->cpu_svn, sizeof r->cpusvn);
	r->attributemask.flags = UINT64_MAX;
	r->miscmask = UINT32_MAX;
	memcpy(r->keyid, label, sizeof label);
	r->keyid[sizeof r->keyid - 1] = half;
}

static enum err sgx_secret(uint8_t out[PLATFORM_SECRET_SIZE], const struct platform_seal *seal)
{
	struct sgx_keyrequest request;
	uint8_t secret[PLATFORM_SECRET_SIZE];
	enum err err = E_OK;

	static_assert(PLATFORM_SECRET_SIZE == 2 * SGX_KEY_SIZE, "two keys");
	for (uint8_t half = 0; err == E_OK && half < 2; half++) {
		secret_request(&request, seal, half);
		err = sgx_key(secret + half * SGX_KEY_SIZE, &request);
	}
	if (err == E_OK)
		memcpy(out, secret, sizeof secret);
	wipe(secret, sizeof secret);
	return err;
}

void platform_seal_own(struct platform_seal *seal, bool signer)
{
	struct sgx_report self;

	sgx_report_self(&self);
	*seal = (struct platform_seal){
		.signer = signer, .product = self.body.isvprodid, .svn = self.body.isvsvn};
	memcpy(seal->cpu_svn, self.body.cpusvn, sizeof seal->cpu_svn);
}

enum err platform_secret(uint8_t out[PLATFORM_SECRET_SIZE])
{
	struct platform_seal own;

	platform_seal_own(&own, false);
	return sgx_secret(out, &own);
}

static enum err derive_key(uint8_t key[PLATFORM_KEY_SIZE], const struct platform_seal *seal,
			   const char *label, const uint8_t program_digest[32], const void *context,
			   size_t context_size)
{
	uint8_t info[PLATFORM_LABEL_MAX + 1 + 32 + PLATFORM_CONTEXT_MAX];
	uint8_t secret[PLATFORM_SECRET_SIZE];
	size_t label_size = strlen(label);
	struct writer w;
	enum err err;

	must(label_size <= PLATFORM_LABEL_MAX);
	if (context_size > PLATFORM_CONTEXT_MAX)
		return E_LIMIT;
	writer_init(&w, info, sizeof info);
	writer_bytes(&w, label, label_size + 1);
	writer_bytes(&w, program_digest, 32);
	writer_bytes(&w, context, context_size);
	must(writer_ok(&w));
	err = sgx_secret(secret, seal);
	if (err == E_OK)
		err = hkdf_sha256(key, PLATFORM_KEY_SIZE, NULL, 0, secret, sizeof secret, info,
				  w.len);
	wipe(secret, sizeof secret);
	return err;
}

enum err platform_derive_key(uint8_t key[PLATFORM_KEY_SIZE], const char *label,
			     const uint8_t program_digest[32], const void *context,
			     size_t context_size)
{
	struct platform_seal own;

	platform_seal_own(&own, false);
	return derive_key(key, &own, label, program_digest, context, context_size);
}

/* The product is the CPU's word for us and not in the request: another one's slot asks for another key. */
enum err platform_derive_seal_key(uint8_t key[PLATFORM_KEY_SIZE], const struct platform_seal *seal,
				  const char *label, const uint8_t program_digest[32],
				  const void *context, size_t context_size)
{
	struct platform_seal own;

	platform_seal_own(&own, seal->signer);
	if (seal->product != own.product || seal->svn > own.svn)
		return E_DENIED;
	const enum err err = derive_key(key, seal, label, program_digest, context, context_size);

	return err == E_UNSUPPORTED ? E_DENIED : err; /* a newer machine's */
}

/* SDM, EREPORT and EGETKEY: an enclave as a target is these fields of its report. */
static void target_of_report(struct sgx_targetinfo *t, const struct sgx_report_body *body)
{
	memset(t, 0, sizeof *t);
	memcpy(t->mrenclave, body->mrenclave, sizeof t->mrenclave);
	memcpy(t->configid, body->configid, sizeof t->configid);
	t->attributes = body->attributes;
	t->cet_attributes = body->cet_attributes;
	t->configsvn = body->configsvn;
	t->miscselect = body->miscselect;
}

static bool all_zero(const uint8_t *p, size_t n)
{
	uint8_t any = 0;

	for (size_t i = 0; i < n; i++)
		any |= p[i];
	return any == 0;
}

/* A TARGETINFO that EREPORT takes without #GP. */
static enum err target_decode(struct sgx_targetinfo *t, const void *bytes, size_t size)
{
	if (size != sizeof *t)
		return E_INVALID;
	memcpy(t, bytes, sizeof *t);
	if (t->cet_attributes != 0 || t->reserved1 != 0 ||
	    !all_zero(t->reserved2, sizeof t->reserved2) ||
	    !all_zero(t->reserved3, sizeof t->reserved3))
		return E_INVALID;
	return E_OK;
}

enum err platform_evidence(const uint8_t report_data[PLATFORM_REPORT_DATA_SIZE], const void *target,
			   size_t target_size, uint8_t *out, size_t out_max, size_t *out_size)
{
	struct sgx_report report;
	struct sgx_targetinfo info;
	enum err err = E_OK;

	if (out_max < sizeof report)
		return E_LIMIT;
	if (target) {
		err = target_decode(&info, target, target_size);
	} else {
		sgx_report_self(&report);
		target_of_report(&info, &report.body);
	}
	if (err != E_OK)
		return err;
	sgx_report(&report, &info, report_data);
	memcpy(out, &report, sizeof report);
	*out_size = sizeof report;
	return E_OK;
}

enum err platform_target(uint8_t *out, size_t out_max, size_t *out_size)
{
	struct sgx_report self;
	struct sgx_targetinfo info;

	if (out_max < sizeof info)
		return E_LIMIT;
	sgx_report_self(&self);
	target_of_report(&info, &self.body);
	memcpy(out, &info, sizeof info);
	*out_size = sizeof info;
	return E_OK;
}

enum err platform_evidence_verify(const void *evidence, size_t size)
{
	struct sgx_report report;
	struct sgx_keyrequest request = {.keyname = KEYNAME_REPORT};
	uint8_t key[SGX_KEY_SIZE], mac[SGX_KEY_SIZE];
	enum err err;

	if (size != sizeof report)
		return E_DENIED;
	memcpy(&report, evidence, sizeof report);
	memcpy(request.keyid, report.keyid, sizeof request.keyid);
	err = sgx_key(key, &request);
	if (err != E_OK)
		return err;
	cmac_aes128(mac, key, &report.body, sizeof report.body);
	if (!equal_ct(mac, report.mac, sizeof mac))
		err = E_DENIED;
	wipe(key, sizeof key);
	wipe(mac, sizeof mac);
	return err;
}

/*
 * Whoever signs can give other attributes to the same measured code (the masks are in SIGSTRUCT, not
 * in MRENCLAVE). Those that the runtime is not made for are refused here: debug, keys for others,
 * state components that entry and exit do not clear, exceptions without their address.
 */
static bool self_is_as_built(const struct sgx_report_body *self)
{
	const uint64_t flags = ATTRIBUTE_INIT | ATTRIBUTE_MODE64 | ATTRIBUTE_KSS;
	const uint64_t xfrm = XFRM_X87 | XFRM_SSE | XFRM_AVX;

	return self->attributes.flags == flags && self->miscselect == MISC_EXINFO &&
	       self->cet_attributes == 0 &&
	       (self->attributes.xfrm == xfrm || self->attributes.xfrm == (xfrm | XFRM_AVX512));
}

enum err platform_launch_digest(uint8_t out[32])
{
	struct sgx_report self;

	sgx_report_self(&self);
	if (!self_is_as_built(&self.body) || self.body.configsvn != 0 ||
	    !all_zero(self.body.configid + 32, sizeof self.body.configid - 32))
		return E_DENIED;
	memcpy(out, self.body.configid, 32);
	return E_OK;
}

bool platform_has_avx512(void)
{
	struct sgx_report self;

	sgx_report_self(&self);
	return (self.body.attributes.xfrm & XFRM_AVX512) == XFRM_AVX512;
}

enum err platform_check_launch(const uint8_t launch_digest[32])
{
	uint8_t ours[32];
	const enum err err = platform_launch_digest(ours);

	if (err != E_OK)
		return err;
	return equal_ct(ours, launch_digest, sizeof ours) ? E_OK : E_DENIED;
}
