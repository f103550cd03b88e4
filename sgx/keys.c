/*
 * Keys and reports of the simulated CPU. A key is HKDF over a record of everything that the SDM's
 * table names for its kind; what the table does not name stays zero in the record.
 * Trust: machine and identity are the simulator's own; requests, targets and report data are the
 * enclave's and untrusted.
 */
#include "sgx/keys.h"

#include <string.h>

#include "base/err.h"
#include "base/wipe.h"
#include "crypto/cmac.h"
#include "crypto/hkdf.h"

/* SDM, "Key Derivation": the inputs. The secret, which stands for the fuses, comes by itself. */
struct key_inputs {
	uint16_t keyname;
	uint16_t keypolicy;
	uint16_t isvprodid;
	uint16_t isvsvn;
	uint16_t configsvn;
	uint16_t reserved;
	uint32_t miscselect;
	uint32_t miscmask_inverse;
	uint32_t reserved2;
	struct sgx_attributes attributes;
	struct sgx_attributes attributemask;
	uint8_t owner_epoch[16];
	uint8_t cpusvn[SGX_CPUSVN_SIZE];
	uint8_t mrenclave[SGX_HASH_SIZE];
	uint8_t mrsigner[SGX_HASH_SIZE];
	uint8_t isvfamilyid[16];
	uint8_t isvextprodid[16];
	uint8_t configid[SGX_CONFIGID_SIZE];
	uint8_t keyid[32];
};
static_assert(sizeof(struct key_inputs) == 280, "no padding");

static void key_derive(uint8_t key[SGX_KEY_SIZE], const struct sgx_machine *machine,
		       const struct key_inputs *inputs)
{
	static const char salt[] = "retwine.simulation.key.v1";

	must(hkdf_sha256(key, SGX_KEY_SIZE, salt, sizeof salt, machine->secret,
			 sizeof machine->secret, inputs, sizeof *inputs) == E_OK);
}

static bool all_zero(const uint8_t *p, size_t n)
{
	uint8_t any = 0;

	for (size_t i = 0; i < n; i++)
		any |= p[i];
	return any == 0;
}

/* Reserved fields, and what only KSS allows: else #GP. CET is not simulated, so its mask is
 * reserved. */
static bool request_is_valid(const struct sgx_identity *self, const struct sgx_keyrequest *r)
{
	bool kss = (self->attributes.flags & ATTRIBUTE_KSS) != 0;

	if (r->reserved1 != 0 || r->cet_attributes_mask != 0 ||
	    !all_zero(r->reserved2, sizeof r->reserved2) || (r->keypolicy & ~KEYPOLICY_KNOWN))
		return false;
	return kss || (!(r->keypolicy & KEYPOLICY_KSS) && r->configsvn == 0);
}

/* Is a component of the asked CPUSVN newer than ours? */
static bool cpusvn_is_beyond(const uint8_t asked[SGX_CPUSVN_SIZE],
			     const uint8_t current[SGX_CPUSVN_SIZE])
{
	for (size_t i = 0; i < SGX_CPUSVN_SIZE; i++)
		if (asked[i] > current[i])
			return true;
	return false;
}

/* Who may have the key, and which versions may be asked for. REPORT has no version. */
static uint32_t request_check(const struct sgx_machine *machine, const struct sgx_identity *self,
			      const struct sgx_keyrequest *r)
{
	uint64_t needed = 0;

	switch (r->keyname) {
	case KEYNAME_REPORT:
		return SGX_SUCCESS;
	case KEYNAME_SEAL:
		break;
	case KEYNAME_PROVISION:
	case KEYNAME_PROVISION_SEAL:
		needed = ATTRIBUTE_PROVISIONKEY;
		break;
	case KEYNAME_EINITTOKEN:
		needed = ATTRIBUTE_EINITTOKENKEY;
		break;
	default:
		return SGX_INVALID_KEYNAME;
	}
	if ((self->attributes.flags & needed) != needed)
		return SGX_INVALID_ATTRIBUTE;
	if (cpusvn_is_beyond(r->cpusvn, machine->cpusvn))
		return SGX_INVALID_CPUSVN;
	if (r->isvsvn > self->isvsvn || r->configsvn > self->configsvn)
		return SGX_INVALID_ISVSVN;
	return SGX_SUCCESS;
}

/* The key by which the target of a report verifies it. */
static void report_key(uint8_t key[SGX_KEY_SIZE], const struct sgx_machine *machine,
		       const struct sgx_targetinfo *target, const uint8_t keyid[32])
{
	struct key_inputs in = {.keyname = KEYNAME_REPORT};

	in.attributes = target->attributes;
	in.miscselect = target->miscselect;
	in.configsvn = target->configsvn;
	memcpy(in.mrenclave, target->mrenclave, sizeof in.mrenclave);
	memcpy(in.configid, target->configid, sizeof in.configid);
	memcpy(in.owner_epoch, machine->owner_epoch, sizeof in.owner_epoch);
	memcpy(in.cpusvn, machine->cpusvn, sizeof in.cpusvn);
	memcpy(in.keyid, keyid, sizeof in.keyid);
	key_derive(key, machine, &in);
}

/* The enclave as the target of reports. */
static void identity_as_target(struct sgx_targetinfo *t, const struct sgx_identity *self)
{
	memset(t, 0, sizeof *t);
	t->attributes = self->attributes;
	t->miscselect = self->miscselect;
	t->configsvn = self->configsvn;
	memcpy(t->mrenclave, self->mrenclave, sizeof t->mrenclave);
	memcpy(t->configid, self->configid, sizeof t->configid);
}

/* What the kinds other than REPORT share: versions, masked attributes, the product. */
static void inputs_common(struct key_inputs *in, const struct sgx_identity *self,
			  const struct sgx_keyrequest *r)
{
	const uint64_t always = ATTRIBUTE_INIT | ATTRIBUTE_DEBUG;

	in->keyname = r->keyname;
	in->isvsvn = r->isvsvn;
	in->isvprodid = self->isvprodid;
	memcpy(in->cpusvn, r->cpusvn, sizeof in->cpusvn);
	in->attributes.flags = self->attributes.flags & (r->attributemask.flags | always);
	in->attributes.xfrm = self->attributes.xfrm & r->attributemask.xfrm;
	in->miscselect = self->miscselect & r->miscmask;
}

/* The request's masks are inputs themselves, except for EINITTOKEN. */
static void inputs_add_masks(struct key_inputs *in, const struct sgx_keyrequest *r)
{
	in->attributemask = r->attributemask;
	in->miscmask_inverse = ~r->miscmask;
	in->keypolicy = r->keypolicy;
}

/* KEYPOLICY: which identities the key is bound to. */
static void inputs_add_policy(struct key_inputs *in, const struct sgx_identity *self,
			      const struct sgx_keyrequest *r)
{
	if (r->keypolicy & KEYPOLICY_NOISVPRODID)
		in->isvprodid = 0;
	if (r->keypolicy & KEYPOLICY_CONFIGID) {
		memcpy(in->configid, self->configid, sizeof in->configid);
		in->configsvn = r->configsvn;
	}
	if (r->keypolicy & KEYPOLICY_ISVFAMILYID)
		memcpy(in->isvfamilyid, self->isvfamilyid, sizeof in->isvfamilyid);
	if (r->keypolicy & KEYPOLICY_ISVEXTPRODID)
		memcpy(in->isvextprodid, self->isvextprodid, sizeof in->isvextprodid);
}

static void inputs_fill(struct key_inputs *in, const struct sgx_machine *machine,
			const struct sgx_identity *self, const struct sgx_keyrequest *r)
{
	inputs_common(in, self, r);
	if (r->keyname == KEYNAME_SEAL || r->keyname == KEYNAME_EINITTOKEN) {
		memcpy(in->owner_epoch, machine->owner_epoch, sizeof in->owner_epoch);
		memcpy(in->keyid, r->keyid, sizeof in->keyid);
	}
	if (r->keyname != KEYNAME_EINITTOKEN)
		inputs_add_masks(in, r);
	if (r->keyname == KEYNAME_SEAL || r->keyname == KEYNAME_PROVISION_SEAL)
		inputs_add_policy(in, self, r);
	if (r->keyname == KEYNAME_SEAL && (r->keypolicy & KEYPOLICY_MRENCLAVE))
		memcpy(in->mrenclave, self->mrenclave, sizeof in->mrenclave);
	if (r->keyname != KEYNAME_SEAL || (r->keypolicy & KEYPOLICY_MRSIGNER))
		memcpy(in->mrsigner, self->mrsigner, sizeof in->mrsigner);
}

uint32_t sgx_get_key(uint8_t key[SGX_KEY_SIZE], const struct sgx_machine *machine,
		     const struct sgx_identity *self, const struct sgx_keyrequest *request)
{
	struct key_inputs in = {0};
	struct sgx_targetinfo target;
	uint32_t code;

	if (!request_is_valid(self, request))
		return SGX_FAULT_GP;
	code = request_check(machine, self, request);
	if (code != SGX_SUCCESS)
		return code;
	if (request->keyname == KEYNAME_REPORT) {
		identity_as_target(&target, self);
		report_key(key, machine, &target, request->keyid);
		return SGX_SUCCESS;
	}
	inputs_fill(&in, machine, self, request);
	key_derive(key, machine, &in);
	return SGX_SUCCESS;
}

static void report_fill(struct sgx_report_body *body, const struct sgx_machine *machine,
			const struct sgx_identity *self, const struct sgx_reportdata *data)
{
	memset(body, 0, sizeof *body);
	memcpy(body->cpusvn, machine->cpusvn, sizeof body->cpusvn);
	body->miscselect = self->miscselect;
	body->attributes = self->attributes;
	memcpy(body->mrenclave, self->mrenclave, sizeof body->mrenclave);
	memcpy(body->mrsigner, self->mrsigner, sizeof body->mrsigner);
	memcpy(body->configid, self->configid, sizeof body->configid);
	memcpy(body->isvfamilyid, self->isvfamilyid, sizeof body->isvfamilyid);
	memcpy(body->isvextprodid, self->isvextprodid, sizeof body->isvextprodid);
	body->isvprodid = self->isvprodid;
	body->isvsvn = self->isvsvn;
	body->configsvn = self->configsvn;
	body->reportdata = *data;
}

uint32_t sgx_make_report(struct sgx_report *out, const struct sgx_machine *machine,
			 const struct sgx_identity *self, const struct sgx_targetinfo *target,
			 const struct sgx_reportdata *data)
{
	uint8_t key[SGX_KEY_SIZE];

	if (target->cet_attributes != 0 || target->reserved1 != 0 ||
	    !all_zero(target->reserved2, sizeof target->reserved2) ||
	    !all_zero(target->reserved3, sizeof target->reserved3))
		return SGX_FAULT_GP;
	report_fill(&out->body, machine, self, data);
	memcpy(out->keyid, machine->report_keyid, sizeof out->keyid);
	report_key(key, machine, target, machine->report_keyid);
	cmac_aes128(out->mac, key, &out->body, sizeof out->body);
	wipe(key, sizeof key);
	return SGX_SUCCESS;
}
