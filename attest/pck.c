/*
 * The SGX extension of PCK certificates: a SEQUENCE of fields, each {OID, value}, each once.
 * Trust: every byte is untrusted; the certificate's signature says whose word it is, not that it is well-formed.
 */
#include "attest/pck.h"

#include <string.h>

#include "attest/der.h"

/* 1.2.840.113741.1.13.1: fields are numbered below it. */
static const uint8_t g_sgx_oid[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};

#define PCK_OID_SIZE_MAX (sizeof g_sgx_oid + 2)

/* Fields by number. */
enum {
	PCK_PPID = 1,
	PCK_TCB,
	PCK_PCEID,
	PCK_FMSPC,
	PCK_SGX_TYPE,
	PCK_INSTANCE,
	PCK_CONFIGURATION,

	PCK_TCB_PCESVN = PCK_COMPONENTS + 1, /* in PCK_TCB, behind the components */
	PCK_TCB_CPUSVN,

	PCK_DYNAMIC_PLATFORM = 1, /* in PCK_CONFIGURATION */
	PCK_CACHED_KEYS,
	PCK_SMT,
};

/* Bits of the fields first..last. */
#define PCK_BITS(first, last) ((2u << (last)) - (1u << (first)))

/* A list of fields as it is read. */
struct pck_list {
	struct reader fields;
	uint8_t prefix[PCK_OID_SIZE_MAX]; /* of the fields' OIDs */
	size_t prefix_size;
	uint32_t seen; /* bits by number */
};

/* Takes a list; number 0: the outermost one, else that of the field whose value it is. */
static void pck_list_take(struct pck_list *list, struct reader *from, uint8_t number)
{
	*list = (struct pck_list){.fields = der_take(from, DER_SEQUENCE)};
	memcpy(list->prefix, g_sgx_oid, sizeof g_sgx_oid);
	list->prefix[sizeof g_sgx_oid] = number;
	list->prefix_size = sizeof g_sgx_oid + (number != 0);
}

/* Takes the next field; its number, 0 if the OID is another's. The value is what is left of *field. */
static uint8_t pck_list_next(struct pck_list *list, struct reader *field)
{
	struct reader oid;

	*field = der_take(&list->fields, DER_SEQUENCE);
	oid = der_take(field, DER_OID);
	if (oid.left != list->prefix_size + 1 ||
	    memcmp(oid.p, list->prefix, list->prefix_size) != 0)
		return 0;
	return oid.p[list->prefix_size];
}

/* Judges a field after its value has been read. Fields are numbered from 1 to max. */
static enum attest_rule pck_list_judge(struct pck_list *list, const struct reader *field,
				       uint8_t number, uint8_t max)
{
	bool first;

	if (!attest_holds(PCK_FIELD, field->bad || (number >= 1 && number <= max)))
		return ATTEST_PCK_FIELD;
	if (!attest_holds(PCK_FORM, reader_done(field) && reader_ok(&list->fields)))
		return ATTEST_PCK_FORM;
	first = !(list->seen >> (number & 31) & 1);
	if (!attest_holds(PCK_ONCE, first))
		return ATTEST_PCK_ONCE;
	list->seen |= 1u << (number & 31);
	return ATTEST_OK;
}

static void pck_read_tcb(struct attest_pck *out, uint8_t number, struct reader *field)
{
	if (number >= 1 && number <= PCK_COMPONENTS)
		out->components[number - 1] = (uint8_t)der_unsigned(field, DER_INTEGER, UINT8_MAX);
	else if (number == PCK_TCB_PCESVN)
		out->pcesvn = (uint16_t)der_unsigned(field, DER_INTEGER, UINT16_MAX);
	else if (number == PCK_TCB_CPUSVN)
		der_octets(field, out->cpusvn, sizeof out->cpusvn);
}

static void pck_read_configuration(struct attest_pck *out, uint8_t number, struct reader *field)
{
	if (number == PCK_DYNAMIC_PLATFORM)
		out->dynamic_platform = der_boolean(field);
	else if (number == PCK_CACHED_KEYS)
		out->cached_keys = der_boolean(field);
	else if (number == PCK_SMT)
		out->smt_enabled = der_boolean(field);
}

/* The lists inside the list, and what each has. */
static enum attest_rule pck_read_list(struct attest_pck *out, uint8_t outer, struct reader *from)
{
	bool tcb = outer == PCK_TCB;
	enum attest_rule rule = ATTEST_OK;
	struct pck_list list;

	pck_list_take(&list, from, outer);
	while (rule == ATTEST_OK && list.fields.left > 0) {
		struct reader field;
		uint8_t number = pck_list_next(&list, &field);

		if (tcb)
			pck_read_tcb(out, number, &field);
		else
			pck_read_configuration(out, number, &field);
		rule = pck_list_judge(&list, &field, number, tcb ? PCK_TCB_CPUSVN : PCK_SMT);
	}
	if (rule != ATTEST_OK)
		return rule;
	if (!attest_holds(PCK_FORM, reader_done(&list.fields)))
		return ATTEST_PCK_FORM;
	if (!attest_holds(PCK_ALL, !tcb || list.seen == PCK_BITS(1, PCK_TCB_CPUSVN)))
		return ATTEST_PCK_ALL;
	return ATTEST_OK;
}

static enum attest_rule pck_read_field(struct attest_pck *out, uint8_t number, struct reader *field)
{
	uint32_t type;

	switch (number) {
	case PCK_PPID:
		der_octets(field, out->ppid, sizeof out->ppid);
		break;
	case PCK_PCEID:
		der_octets(field, out->pceid, sizeof out->pceid);
		break;
	case PCK_FMSPC:
		der_octets(field, out->fmspc, sizeof out->fmspc);
		break;
	case PCK_SGX_TYPE:
		type = der_unsigned(field, DER_ENUMERATED, UINT8_MAX);
		if (!attest_holds(PCK_TYPE, type <= PCK_SCALABLE_WITH_INTEGRITY))
			return ATTEST_PCK_TYPE;
		out->type = (enum pck_type)type;
		break;
	case PCK_INSTANCE:
		out->has_instance = true;
		der_octets(field, out->instance, sizeof out->instance);
		break;
	case PCK_TCB:
		return pck_read_list(out, PCK_TCB, field);
	case PCK_CONFIGURATION:
		out->has_configuration = true;
		return pck_read_list(out, PCK_CONFIGURATION, field);
	default: /* pck_list_judge refuses it */
		break;
	}
	return ATTEST_OK;
}

enum attest_rule pck_decode_extension(struct attest_pck *out, const void *der, size_t size)
{
	const uint32_t needed = PCK_BITS(PCK_PPID, PCK_SGX_TYPE);
	struct pck_list list;
	struct reader all;

	memset(out, 0, sizeof *out);
	reader_init(&all, der, size);
	pck_list_take(&list, &all, 0);
	if (!attest_holds(PCK_FORM, reader_done(&all)))
		return ATTEST_PCK_FORM;
	while (list.fields.left > 0) {
		struct reader field;
		uint8_t number = pck_list_next(&list, &field);
		enum attest_rule rule = pck_read_field(out, number, &field);

		if (rule == ATTEST_OK)
			rule = pck_list_judge(&list, &field, number, PCK_CONFIGURATION);
		if (rule != ATTEST_OK)
			return rule;
	}
	if (!attest_holds(PCK_FORM, reader_done(&list.fields)))
		return ATTEST_PCK_FORM;
	if (!attest_holds(PCK_ALL, (list.seen & needed) == needed))
		return ATTEST_PCK_ALL;
	return ATTEST_OK;
}

enum attest_rule pck_decode(struct attest_pck *out, const struct x509_certificate *leaf)
{
	struct reader value = x509_extension(leaf, g_sgx_oid, sizeof g_sgx_oid);

	memset(out, 0, sizeof *out);
	if (!attest_holds(PCK_EXTENSION, value.left > 0))
		return ATTEST_PCK_EXTENSION;
	return pck_decode_extension(out, value.p, value.left);
}
