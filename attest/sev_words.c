/*
 * What an SEV-SNP report says, for people and programs.
 * Trust: every value is a number or a digest, never text of the report.
 */
#include "attest/words.h"

static void tcb_fields(json_t *parent, const struct sev_tcb *tcb, enum sev_product product)
{
	json_t *o = json_object();

	if (product == SEV_TURIN)
		words_number(o, "fmc", tcb->fmc);
	words_number(o, "boot_loader", tcb->boot_loader);
	words_number(o, "tee", tcb->tee);
	words_number(o, "snp", tcb->snp);
	words_number(o, "microcode", tcb->microcode);
	(void)json_object_set_new(parent, "tcb", o);
}

static void policy_fields(json_t *parent, uint64_t policy)
{
	json_t *o = json_object();

	words_bool(o, "debug", policy & SEV_POLICY_DEBUG);
	words_bool(o, "migration", policy & SEV_POLICY_MIGRATE);
	words_bool(o, "smt", policy & SEV_POLICY_SMT);
	words_bool(o, "single_socket", policy & SEV_POLICY_SINGLE_SOCKET);
	words_number(o, "abi_major", policy >> 8 & 0xff);
	words_number(o, "abi_minor", policy & 0xff);
	(void)json_object_set_new(parent, "policy", o);
}

void sev_fields(json_t *identity, const struct attest_verdict *v)
{
	const struct sev_report *r = &v->sev;

	words_text(identity, "product", sev_product_name(r->product));
	words_text(identity, "signing_key", r->signing_key == SEV_VLEK ? "VLEK" : "VCEK");
	words_hex(identity, "measurement", r->measurement, sizeof r->measurement);
	words_hex(identity, "host_data", r->host_data, sizeof r->host_data);
	words_hex(identity, "id_key_digest", r->id_key_digest, sizeof r->id_key_digest);
	words_hex(identity, "author_key_digest", r->author_key_digest, sizeof r->author_key_digest);
	words_hex(identity, "family_id", r->family_id, sizeof r->family_id);
	words_hex(identity, "image_id", r->image_id, sizeof r->image_id);
	words_number(identity, "guest_svn", r->guest_svn);
	words_number(identity, "vmpl", r->vmpl);
	policy_fields(identity, r->policy);
	tcb_fields(identity, &v->sev_tcb, r->product);
	words_hex(identity, "chip_id", r->chip_id, sizeof r->chip_id);
	words_bool(identity, "chip_masked", r->chip_masked);
}
