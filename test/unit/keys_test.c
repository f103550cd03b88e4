/* EGETKEY and EREPORT: which inputs change a key, which do not, and who is refused. */
#include <string.h>

#include "base/cc.h"
#include "crypto/cmac.h"
#include "sgx/keys.h"

#include "test/lib/check.h"

static struct sgx_machine g_machine;
static struct sgx_identity g_self;
static struct sgx_keyrequest g_request;

/* Everything is set to something that is not zero, so that leaving it out shows. */
static void prepare(uint16_t keyname, uint16_t policy)
{
	memset(&g_machine, 0x11, sizeof g_machine);
	memset(&g_self, 0x22, sizeof g_self);
	g_self.attributes.flags = ATTRIBUTE_INIT | ATTRIBUTE_MODE64 | ATTRIBUTE_KSS |
				  ATTRIBUTE_PROVISIONKEY | ATTRIBUTE_EINITTOKENKEY;
	g_self.attributes.xfrm = 7;
	g_self.miscselect = MISC_EXINFO;
	g_self.isvsvn = 5;
	g_self.configsvn = 4;
	memset(&g_request, 0, sizeof g_request);
	g_request.keyname = keyname;
	g_request.keypolicy = policy;
	g_request.isvsvn = 3;
	g_request.configsvn = 2;
	g_request.attributemask.flags = ATTRIBUTE_INIT | ATTRIBUTE_DEBUG | ATTRIBUTE_MODE64;
	memset(g_request.keyid, 0x33, sizeof g_request.keyid);
	memset(g_request.cpusvn, 0x10, sizeof g_request.cpusvn);
}

static uint32_t get(uint8_t key[SGX_KEY_SIZE])
{
	return sgx_get_key(key, &g_machine, &g_self, &g_request);
}

/* Does `statement` change the key of this name and policy? */
#define CHANGES(name, policy, statement, expected)                                                 \
	do {                                                                                       \
		uint8_t before[SGX_KEY_SIZE], after[SGX_KEY_SIZE];                                 \
		prepare(name, policy);                                                             \
		CHECK_EQ(get(before), SGX_SUCCESS);                                                \
		statement;                                                                         \
		CHECK_EQ(get(after), SGX_SUCCESS);                                                 \
		CHECK_EQ(memcmp(before, after, SGX_KEY_SIZE) != 0, expected);                      \
	} while (0)
#define REFUSED(name, policy, statement, code)                                                     \
	do {                                                                                       \
		uint8_t key[SGX_KEY_SIZE] = {0};                                                   \
		static const uint8_t none[SGX_KEY_SIZE];                                           \
		prepare(name, policy);                                                             \
		statement;                                                                         \
		CHECK_EQ(get(key), code);                                                          \
		CHECK(memcmp(key, none, sizeof key) == 0);                                         \
	} while (0)

#define BY_ENCLAVE KEYPOLICY_MRENCLAVE
#define BY_SIGNER  KEYPOLICY_MRSIGNER

TEST(every_key_depends_on_machine_and_version)
{
	static const uint16_t names[] = {KEYNAME_SEAL, KEYNAME_PROVISION, KEYNAME_PROVISION_SEAL,
					 KEYNAME_EINITTOKEN};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		CHANGES(names[i], BY_SIGNER, g_machine.secret[0]++, true);
		CHANGES(names[i], BY_SIGNER, g_machine.secret[31]++, true);
		CHANGES(names[i], BY_SIGNER, g_request.cpusvn[0]--, true);
		CHANGES(names[i], BY_SIGNER, g_request.cpusvn[15]--, true);
		CHANGES(names[i], BY_SIGNER, g_request.isvsvn--, true);
		CHANGES(names[i], BY_SIGNER, g_self.isvsvn++, false);
		CHANGES(names[i], BY_SIGNER, g_machine.cpusvn[3]++, false);
		CHANGES(names[i], BY_SIGNER, g_machine.report_keyid[3]++, false);
		CHANGES(names[i], BY_SIGNER, g_self.isvprodid++, true);
		CHANGES(names[i], BY_SIGNER, g_self.mrsigner[31]++, true);
		CHANGES(names[i], BY_SIGNER, g_self.mrenclave[31]++, false);
		CHANGES(names[i], BY_SIGNER, g_self.configid[63]++, false);
		CHANGES(names[i], BY_SIGNER, g_self.configsvn++, false);
		CHANGES(names[i], BY_SIGNER, g_self.isvfamilyid[0]++, false);
		CHANGES(names[i], BY_SIGNER, g_self.isvextprodid[0]++, false);
	}
}

TEST(keys_of_different_names_differ)
{
	uint8_t key[5][SGX_KEY_SIZE];

	for (uint16_t name = 0; name < 5; name++) {
		prepare(name, BY_SIGNER);
		CHECK_EQ(get(key[name]), SGX_SUCCESS);
		for (uint16_t other = 0; other < name; other++)
			CHECK(memcmp(key[name], key[other], SGX_KEY_SIZE) != 0);
	}
}

TEST(owner_epoch_and_keyid_are_in_seal_and_token_keys_alone)
{
	CHANGES(KEYNAME_SEAL, BY_SIGNER, g_machine.owner_epoch[0]++, true);
	CHANGES(KEYNAME_EINITTOKEN, BY_SIGNER, g_machine.owner_epoch[0]++, true);
	CHANGES(KEYNAME_PROVISION, BY_SIGNER, g_machine.owner_epoch[0]++, false);
	CHANGES(KEYNAME_PROVISION_SEAL, BY_SIGNER, g_machine.owner_epoch[0]++, false);
	CHANGES(KEYNAME_SEAL, BY_SIGNER, g_request.keyid[31]++, true);
	CHANGES(KEYNAME_EINITTOKEN, BY_SIGNER, g_request.keyid[31]++, true);
	CHANGES(KEYNAME_PROVISION, BY_SIGNER, g_request.keyid[31]++, false);
	CHANGES(KEYNAME_PROVISION_SEAL, BY_SIGNER, g_request.keyid[31]++, false);
}

TEST(seal_key_is_bound_by_its_policy)
{
	CHANGES(KEYNAME_SEAL, BY_ENCLAVE, g_self.mrenclave[0]++, true);
	CHANGES(KEYNAME_SEAL, BY_ENCLAVE, g_self.mrsigner[0]++, false);
	CHANGES(KEYNAME_SEAL, 0, g_self.mrenclave[0]++, false);
	CHANGES(KEYNAME_SEAL, 0, g_self.mrsigner[0]++, false);
	CHANGES(KEYNAME_SEAL, BY_ENCLAVE | BY_SIGNER, g_self.mrenclave[0]++, true);
	CHANGES(KEYNAME_SEAL, BY_ENCLAVE | BY_SIGNER, g_self.mrsigner[0]++, true);
	CHANGES(KEYNAME_SEAL, KEYPOLICY_NOISVPRODID, g_self.isvprodid++, false);
	CHANGES(KEYNAME_SEAL, KEYPOLICY_CONFIGID, g_self.configid[63]++, true);
	CHANGES(KEYNAME_SEAL, KEYPOLICY_CONFIGID, g_request.configsvn--, true);
	CHANGES(KEYNAME_SEAL, KEYPOLICY_CONFIGID, g_self.configsvn++, false);
	CHANGES(KEYNAME_SEAL, KEYPOLICY_ISVFAMILYID, g_self.isvfamilyid[15]++, true);
	CHANGES(KEYNAME_SEAL, KEYPOLICY_ISVEXTPRODID, g_self.isvextprodid[15]++, true);
	CHANGES(KEYNAME_SEAL, BY_ENCLAVE, g_request.keypolicy |= BY_SIGNER, true);
}

TEST(attributes_count_under_the_mask_and_debug_always)
{
	CHANGES(KEYNAME_SEAL, BY_ENCLAVE, g_self.attributes.flags ^= ATTRIBUTE_MODE64, true);
	CHANGES(KEYNAME_SEAL, BY_ENCLAVE, g_self.attributes.flags ^= ATTRIBUTE_PROVISIONKEY, false);
	CHANGES(KEYNAME_SEAL, BY_ENCLAVE, g_self.attributes.xfrm ^= 0xe0, false);
	CHANGES(KEYNAME_SEAL, BY_ENCLAVE, g_self.miscselect ^= 1, false);
	CHANGES(KEYNAME_SEAL, BY_ENCLAVE, g_request.attributemask.flags |= 0x10, true);
	CHANGES(KEYNAME_SEAL, BY_ENCLAVE, g_request.attributemask.xfrm |= 0xe0, true);
	CHANGES(KEYNAME_SEAL, BY_ENCLAVE, g_request.miscmask |= 8, true);
	CHANGES(KEYNAME_SEAL, BY_ENCLAVE, (g_request.attributemask.flags = 0, g_request.isvsvn = 3),
		true);
	prepare(KEYNAME_SEAL, BY_ENCLAVE);

	uint8_t a[SGX_KEY_SIZE], b[SGX_KEY_SIZE];

	g_request.attributemask.flags = 0;
	CHECK_EQ(get(a), SGX_SUCCESS);
	g_self.attributes.flags |= ATTRIBUTE_DEBUG;
	CHECK_EQ(get(b), SGX_SUCCESS);
	CHECK(memcmp(a, b, sizeof a) != 0);
}

TEST(attributes_under_a_full_mask_all_count)
{
	CHANGES(KEYNAME_SEAL, BY_ENCLAVE, g_request.attributemask.flags = UINT64_MAX, true);
	prepare(KEYNAME_SEAL, BY_ENCLAVE);
	g_request.attributemask.xfrm = UINT64_MAX;
	g_request.miscmask = UINT32_MAX;

	uint8_t a[SGX_KEY_SIZE], b[SGX_KEY_SIZE], c[SGX_KEY_SIZE];

	CHECK_EQ(get(a), SGX_SUCCESS);
	g_self.attributes.xfrm |= 0xe0;
	CHECK_EQ(get(b), SGX_SUCCESS);
	g_self.miscselect = 0;
	CHECK_EQ(get(c), SGX_SUCCESS);
	CHECK(memcmp(a, b, sizeof a) != 0 && memcmp(b, c, sizeof b) != 0);
}

TEST(requests_with_reserved_bits_fault)
{
	REFUSED(KEYNAME_SEAL, BY_ENCLAVE, g_request.reserved1 = 1, SGX_FAULT_GP);
	REFUSED(KEYNAME_SEAL, BY_ENCLAVE, g_request.reserved2[0] = 1, SGX_FAULT_GP);
	REFUSED(KEYNAME_SEAL, BY_ENCLAVE, g_request.reserved2[433] = 1, SGX_FAULT_GP);
	REFUSED(KEYNAME_SEAL, BY_ENCLAVE, g_request.cet_attributes_mask = 1, SGX_FAULT_GP);
	REFUSED(KEYNAME_SEAL, BY_ENCLAVE, g_request.keypolicy |= 0x40, SGX_FAULT_GP);
	REFUSED(KEYNAME_REPORT, 0, g_request.keypolicy |= 0x8000, SGX_FAULT_GP);
	REFUSED(9, 0, g_request.reserved1 = 1, SGX_FAULT_GP);
}

TEST(without_kss_its_policies_fault)
{
	static const uint16_t policies[] = {KEYPOLICY_NOISVPRODID, KEYPOLICY_CONFIGID,
					    KEYPOLICY_ISVFAMILYID, KEYPOLICY_ISVEXTPRODID};

	for (size_t i = 0; i < COUNT_OF(policies); i++)
		REFUSED(KEYNAME_SEAL, policies[i],
			(g_self.attributes.flags &= ~(uint64_t)ATTRIBUTE_KSS,
			 g_request.configsvn = 0),
			SGX_FAULT_GP);
	REFUSED(KEYNAME_SEAL, BY_ENCLAVE, g_self.attributes.flags &= ~(uint64_t)ATTRIBUTE_KSS,
		SGX_FAULT_GP); /* CONFIGSVN 2 */
	CHANGES(KEYNAME_SEAL, BY_ENCLAVE,
		(g_self.attributes.flags &= ~(uint64_t)ATTRIBUTE_KSS, g_request.configsvn = 0),
		false);
}

TEST(versions_beyond_ones_own_are_refused)
{
	REFUSED(KEYNAME_SEAL, BY_ENCLAVE, g_request.isvsvn = 6, SGX_INVALID_ISVSVN);
	REFUSED(KEYNAME_SEAL, BY_ENCLAVE, g_request.configsvn = 5, SGX_INVALID_ISVSVN);
	REFUSED(KEYNAME_SEAL, BY_ENCLAVE, g_request.cpusvn[0] = 0x12, SGX_INVALID_CPUSVN);
	REFUSED(KEYNAME_SEAL, BY_ENCLAVE, g_request.cpusvn[15] = 0x12, SGX_INVALID_CPUSVN);
	REFUSED(KEYNAME_PROVISION, 0, g_request.isvsvn = 6, SGX_INVALID_ISVSVN);
	CHANGES(KEYNAME_REPORT, 0, (g_request.isvsvn = 6, g_request.cpusvn[0] = 0xff), false);
}

TEST(keys_that_need_an_attribute_need_it)
{
	REFUSED(KEYNAME_PROVISION, 0, g_self.attributes.flags &= ~(uint64_t)ATTRIBUTE_PROVISIONKEY,
		SGX_INVALID_ATTRIBUTE);
	REFUSED(KEYNAME_PROVISION_SEAL, 0,
		g_self.attributes.flags &= ~(uint64_t)ATTRIBUTE_PROVISIONKEY,
		SGX_INVALID_ATTRIBUTE);
	REFUSED(KEYNAME_EINITTOKEN, 0,
		g_self.attributes.flags &= ~(uint64_t)ATTRIBUTE_EINITTOKENKEY,
		SGX_INVALID_ATTRIBUTE);
}

TEST(unknown_key_names_are_refused)
{
	REFUSED(5, 0, (void)0, SGX_INVALID_KEYNAME);
	REFUSED(0xffff, 0, (void)0, SGX_INVALID_KEYNAME);
}

/* The report of g_self to itself as the target. */
static void report_to_self(struct sgx_report *r, struct sgx_targetinfo *t)
{
	struct sgx_reportdata data;

	memset(&data, 0x77, sizeof data);
	memset(t, 0, sizeof *t);
	memcpy(t->mrenclave, g_self.mrenclave, sizeof t->mrenclave);
	memcpy(t->configid, g_self.configid, sizeof t->configid);
	t->attributes = g_self.attributes;
	t->configsvn = g_self.configsvn;
	t->miscselect = g_self.miscselect;
	CHECK_EQ(sgx_make_report(r, &g_machine, &g_self, t, &data), SGX_SUCCESS);
}

static bool report_verifies(const struct sgx_report *r)
{
	uint8_t key[SGX_KEY_SIZE], mac[CMAC_SIZE];

	memset(&g_request, 0, sizeof g_request);
	g_request.keyname = KEYNAME_REPORT;
	memcpy(g_request.keyid, r->keyid, sizeof g_request.keyid);
	CHECK_EQ(get(key), SGX_SUCCESS);
	cmac_aes128(mac, key, &r->body, sizeof r->body);
	return memcmp(mac, r->mac, sizeof mac) == 0;
}

TEST(report_carries_the_identity)
{
	struct sgx_report r;
	struct sgx_targetinfo t;

	prepare(0, 0);
	report_to_self(&r, &t);
	CHECK(memcmp(r.body.mrenclave, g_self.mrenclave, 32) == 0);
	CHECK(memcmp(r.body.mrsigner, g_self.mrsigner, 32) == 0);
	CHECK(memcmp(r.body.configid, g_self.configid, 64) == 0);
	CHECK(memcmp(r.body.isvfamilyid, g_self.isvfamilyid, 16) == 0);
	CHECK(memcmp(r.body.isvextprodid, g_self.isvextprodid, 16) == 0);
	CHECK(memcmp(r.body.cpusvn, g_machine.cpusvn, 16) == 0);
	CHECK(memcmp(&r.body.attributes, &g_self.attributes, 16) == 0);
	CHECK_EQ(r.body.miscselect, g_self.miscselect);
	CHECK_EQ(r.body.isvprodid, g_self.isvprodid);
	CHECK_EQ(r.body.isvsvn, 5);
	CHECK_EQ(r.body.configsvn, 4);
	CHECK_EQ(r.body.reportdata.data[63], 0x77);
	CHECK_EQ(r.body.reserved1[0] | r.body.reserved4[41] | r.body.cet_attributes, 0);
}

/* Each field of the target is in the key: an enclave that differs in one cannot verify. */
TEST(report_verifies_for_its_target_alone)
{
	struct sgx_report r;
	struct sgx_targetinfo t;
	struct sgx_identity good;

	prepare(0, 0);
	good = g_self;
	report_to_self(&r, &t);
	CHECK(report_verifies(&r));
#define NOT_FOR(statement)                                                                         \
	do {                                                                                       \
		g_self = good;                                                                     \
		statement;                                                                         \
		CHECK(!report_verifies(&r));                                                       \
		g_self = good;                                                                     \
	} while (0)
	NOT_FOR(g_self.mrenclave[0]++);
	NOT_FOR(g_self.configid[63]++);
	NOT_FOR(g_self.configsvn++);
	NOT_FOR(g_self.attributes.flags ^= ATTRIBUTE_DEBUG);
	NOT_FOR(g_self.attributes.xfrm ^= 0xe0);
	NOT_FOR(g_self.miscselect = 0);
	NOT_FOR(g_machine.cpusvn[0]--);
	g_machine.cpusvn[0]++;
	NOT_FOR(g_machine.owner_epoch[0]++);
	g_machine.owner_epoch[0]--;
	NOT_FOR(g_machine.secret[0]++);
	g_machine.secret[0]--;
#undef NOT_FOR
	g_self.mrsigner[0]++; /* not part of a target */
	g_self.isvsvn++;
	CHECK(report_verifies(&r));
	r.keyid[0]++;
	CHECK(!report_verifies(&r));
}

TEST(report_with_any_byte_changed_does_not_verify)
{
	struct sgx_report r;
	struct sgx_targetinfo t;
	size_t verified = 0;

	prepare(0, 0);
	report_to_self(&r, &t);
	for (size_t i = 0; i < sizeof r.body; i++) {
		uint8_t *bytes = (uint8_t *)&r;

		bytes[i] ^= 1;
		verified += report_verifies(&r);
		bytes[i] ^= 1;
	}
	CHECK_EQ(verified, 0);
}

TEST(report_to_a_target_with_reserved_bits_faults)
{
	struct sgx_report r, untouched;
	struct sgx_targetinfo t;
	struct sgx_reportdata data = {0};

	prepare(0, 0);
	report_to_self(&r, &t);
	untouched = r;
	t.reserved1 = 1;
	CHECK_EQ(sgx_make_report(&r, &g_machine, &g_self, &t, &data), SGX_FAULT_GP);
	t.reserved1 = 0;
	t.reserved2[7] = 1;
	CHECK_EQ(sgx_make_report(&r, &g_machine, &g_self, &t, &data), SGX_FAULT_GP);
	t.reserved2[7] = 0;
	t.reserved3[383] = 1;
	CHECK_EQ(sgx_make_report(&r, &g_machine, &g_self, &t, &data), SGX_FAULT_GP);
	t.reserved3[383] = 0;
	t.cet_attributes = 1;
	CHECK_EQ(sgx_make_report(&r, &g_machine, &g_self, &t, &data), SGX_FAULT_GP);
	CHECK(memcmp(&r, &untouched, sizeof r) == 0);
}

int main(void)
{
	RUN(every_key_depends_on_machine_and_version);
	RUN(keys_of_different_names_differ);
	RUN(owner_epoch_and_keyid_are_in_seal_and_token_keys_alone);
	RUN(seal_key_is_bound_by_its_policy);
	RUN(attributes_count_under_the_mask_and_debug_always);
	RUN(attributes_under_a_full_mask_all_count);
	RUN(requests_with_reserved_bits_fault);
	RUN(without_kss_its_policies_fault);
	RUN(versions_beyond_ones_own_are_refused);
	RUN(keys_that_need_an_attribute_need_it);
	RUN(unknown_key_names_are_refused);
	RUN(report_carries_the_identity);
	RUN(report_verifies_for_its_target_alone);
	RUN(report_with_any_byte_changed_does_not_verify);
	RUN(report_to_a_target_with_reserved_bits_faults);
	return check_report();
}
