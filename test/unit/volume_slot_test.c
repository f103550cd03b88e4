/* Key slots: each kind opens for who has its key and for nobody else, and is bound to its volume and to all it says. */
#include "volume/slot.h"

#include <stdlib.h>

#include "crypto/ecdh.h"
#include "test/lib/check.h"

static uint8_t g_seed;

static enum err counting(void *context UNUSED, void *out, size_t size)
{
	uint8_t *p = out;

	for (size_t i = 0; i < size; i++)
		p[i] = (uint8_t)(g_seed + i * 7);
	g_seed = (uint8_t)(g_seed + 61);
	return E_OK;
}

static enum err broken(void *context UNUSED, void *out UNUSED, size_t size UNUSED)
{
	return E_STATE;
}

static const struct crypto_random g_random = {NULL, counting}, g_broken = {NULL, broken};
static const uint8_t g_master[VOLUME_KEY_SIZE] = {1, 2, 3};
static const uint8_t g_id[VOLUME_ID_SIZE] = {4, 5, 6};
static uint8_t g_key[VOLUME_SECRET_MAX + 1] = {7, 8, 9};
static const struct volume_secret g_secret = {"db key", 6, g_key, 40};
static uint8_t g_private[P256_PRIVATE_SIZE], g_public[P256_PUBLIC_SIZE];

/* A platform: keys that depend on its secret and the salt, and a policy that it wants. */
struct fake_platform {
	uint8_t secret;
	enum volume_seal_by wanted;
};

static enum err fake_seal(void *context, uint8_t key[VOLUME_KEY_SIZE],
			  const struct volume_seal_policy *policy)
{
	const struct fake_platform *p = context;

	if (policy->by != p->wanted)
		return E_DENIED;
	memcpy(key, policy->salt, VOLUME_KEY_SIZE);
	key[0] = (uint8_t)(key[0] + p->secret);
	return E_OK;
}

static struct fake_platform g_platform = {1, VOLUME_SEAL_ENCLAVE};

static struct volume_keyring full_ring(void)
{
	return (struct volume_keyring){.seal = fake_seal,
				       .seal_context = &g_platform,
				       .owner = g_private,
				       .secrets = &g_secret,
				       .secret_count = 1,
				       .random = g_random};
}

static const struct volume_seal_policy g_policy = {
	.platform = VOLUME_PLATFORM_SGX, .by = VOLUME_SEAL_ENCLAVE, .product = 3, .svn = 4};

static struct volume_slot make(enum volume_slot_kind kind)
{
	struct volume_slot slot = {0};
	const struct volume_keyring ring = full_ring();
	enum err err = E_INVALID;

	if (kind == VOLUME_SLOT_SEAL)
		err = volume_slot_seal(&slot, g_id, &ring, &g_policy, g_master);
	else if (kind == VOLUME_SLOT_OWNER)
		err = volume_slot_owner(&slot, g_id, g_public, &g_random, g_master);
	else
		err = volume_slot_provisioned(&slot, g_id, &g_secret, &g_random, g_master);
	CHECK_EQ(err, E_OK);
	return slot;
}

static enum err open_slot(const struct volume_slot *slot, const uint8_t id[VOLUME_ID_SIZE],
			  const struct volume_keyring *ring)
{
	uint8_t master[VOLUME_KEY_SIZE] = {0xee};
	const enum err err = volume_slot_open(slot, id, ring, master);

	CHECK(err == E_OK ? memcmp(master, g_master, sizeof(master)) == 0 : master[0] == 0xee);
	return err;
}

TEST(each_kind_opens_for_its_key_alone)
{
	for (enum volume_slot_kind kind = VOLUME_SLOT_SEAL; kind < VOLUME_SLOT_END; kind++) {
		const struct volume_slot slot = make(kind);
		struct volume_keyring ring = full_ring();

		CHECK_EQ(slot.kind, kind);
		CHECK_EQ(open_slot(&slot, g_id, &ring), E_OK);
		ring.seal = kind == VOLUME_SLOT_SEAL ? NULL : ring.seal;
		ring.owner = kind == VOLUME_SLOT_OWNER ? NULL : ring.owner;
		ring.secret_count = kind == VOLUME_SLOT_PROVISIONED ? 0 : 1;
		CHECK_EQ(open_slot(&slot, g_id, &ring), E_VOLUME_KEY);
	}
}

TEST(a_slot_is_bound_to_its_volume)
{
	for (enum volume_slot_kind kind = VOLUME_SLOT_SEAL; kind < VOLUME_SLOT_END; kind++) {
		const struct volume_slot slot = make(kind);
		const struct volume_keyring ring = full_ring();

		for (size_t i = 0; i < VOLUME_ID_SIZE; i++) {
			uint8_t other[VOLUME_ID_SIZE];

			memcpy(other, g_id, sizeof(other));
			other[i] ^= 1;
			CHECK_EQ(open_slot(&slot, other, &ring), E_VOLUME_KEY);
		}
	}
}

TEST(no_bit_of_a_slot_can_be_changed)
{
	for (enum volume_slot_kind kind = VOLUME_SLOT_SEAL; kind < VOLUME_SLOT_END; kind++) {
		const struct volume_slot slot = make(kind);
		const struct volume_keyring ring = full_ring();

		for (size_t i = 0; i < slot.size; i++) {
			struct volume_slot bent = slot;

			bent.blob[i] ^= (uint8_t)(1u << i % 8);
			const enum err err = open_slot(&bent, g_id, &ring);

			CHECK(err == E_VOLUME_KEY || err == E_VOLUME_HEADER);
		}
	}
}

TEST(slots_have_one_size_and_no_unknown_kinds)
{
	struct volume_slot_info info;

	for (enum volume_slot_kind kind = VOLUME_SLOT_SEAL; kind < VOLUME_SLOT_END; kind++) {
		struct volume_slot slot = make(kind);

		CHECK_EQ(volume_slot_info(&info, &slot), E_OK);
		CHECK_EQ(info.kind, kind);
		slot.size--;
		CHECK_EQ(volume_slot_info(&info, &slot), E_VOLUME_HEADER);
		slot.size += 2;
		CHECK_EQ(volume_slot_info(&info, &slot), E_VOLUME_HEADER);
		slot.size--;
		slot.kind = 0;
		CHECK_EQ(volume_slot_info(&info, &slot), E_VOLUME_HEADER);
		slot.kind = VOLUME_SLOT_END;
		CHECK_EQ(volume_slot_info(&info, &slot), E_VOLUME_HEADER);
	}
}

TEST(what_a_slot_says_in_clear_is_strict)
{
	struct volume_slot_info info;
	struct volume_slot slot = make(VOLUME_SLOT_SEAL);

	CHECK_EQ(volume_slot_info(&info, &slot), E_OK);
	CHECK(info.seal.by == VOLUME_SEAL_ENCLAVE && info.seal.product == 3 && info.seal.svn == 4);
	for (size_t i = 0; i < 4; i++) { /* platform, by, flags, zero */
		const uint8_t good = slot.blob[i];

		slot.blob[i] = 3;
		CHECK_EQ(volume_slot_info(&info, &slot), E_VOLUME_HEADER);
		slot.blob[i] = good;
	}
	slot = make(VOLUME_SLOT_PROVISIONED);
	CHECK_EQ(volume_slot_info(&info, &slot), E_OK);
	CHECK(info.key_id_size == 6 && memcmp(info.key_id, "db key", 6) == 0);
	slot.blob[0] = 0;
	CHECK_EQ(volume_slot_info(&info, &slot), E_VOLUME_HEADER);
	slot.blob[0] = VOLUME_KEY_ID_MAX + 1;
	CHECK_EQ(volume_slot_info(&info, &slot), E_VOLUME_HEADER);
	slot.blob[0] = 5; /* what stands behind is not zero */
	CHECK_EQ(volume_slot_info(&info, &slot), E_VOLUME_HEADER);
}

TEST(a_sealed_volume_opens_on_its_platform_alone)
{
	const struct volume_slot slot = make(VOLUME_SLOT_SEAL);
	const struct volume_keyring ring = full_ring();

	g_platform.secret = 2;
	CHECK_EQ(open_slot(&slot, g_id, &ring), E_VOLUME_KEY);
	g_platform = (struct fake_platform){1, VOLUME_SEAL_SIGNER};
	CHECK_EQ(open_slot(&slot, g_id, &ring), E_VOLUME_KEY); /* the policy is not wanted */
	g_platform = (struct fake_platform){1, VOLUME_SEAL_ENCLAVE};
	CHECK_EQ(open_slot(&slot, g_id, &ring), E_OK);
}

TEST(another_owner_does_not_open_it)
{
	const struct volume_slot slot = make(VOLUME_SLOT_OWNER);
	struct volume_keyring ring = full_ring();
	uint8_t own[P256_PRIVATE_SIZE], point[P256_PUBLIC_SIZE];

	CHECK_EQ(p256_generate(own, point, &g_random), E_OK);
	ring.owner = own;
	CHECK_EQ(open_slot(&slot, g_id, &ring), E_VOLUME_KEY);
	struct volume_slot bent = slot;

	memcpy(bent.blob, point, sizeof(point)); /* under the other's name */
	CHECK_EQ(open_slot(&bent, g_id, &ring), E_VOLUME_KEY);
	memset(own, 0, sizeof(own)); /* no private key at all */
	CHECK(open_slot(&slot, g_id, &ring) != E_OK);
}

TEST(an_owner_is_a_point_of_the_curve)
{
	struct volume_slot slot;
	uint8_t point[P256_PUBLIC_SIZE];

	memcpy(point, g_public, sizeof(point));
	point[64] ^= 1;
	CHECK_EQ(volume_slot_owner(&slot, g_id, point, &g_random, g_master), E_CRYPTO);
	memset(point, 0, sizeof(point));
	CHECK_EQ(volume_slot_owner(&slot, g_id, point, &g_random, g_master), E_CRYPTO);
	point[0] = 4;
	CHECK_EQ(volume_slot_owner(&slot, g_id, point, &g_random, g_master), E_CRYPTO);
}

TEST(a_provided_key_has_its_name_and_its_length)
{
	const struct volume_slot slot = make(VOLUME_SLOT_PROVISIONED);
	struct volume_keyring ring = full_ring();
	struct volume_secret secret = g_secret;
	struct volume_slot out;

	ring.secrets = &secret;
	secret.id = "db keY";
	CHECK_EQ(open_slot(&slot, g_id, &ring), E_VOLUME_KEY);
	secret = g_secret;
	secret.key_size--;
	CHECK_EQ(open_slot(&slot, g_id, &ring), E_VOLUME_KEY);
	secret.key_size = VOLUME_SECRET_MIN - 1;
	CHECK_EQ(volume_slot_provisioned(&out, g_id, &secret, &g_random, g_master), E_INVALID);
	secret.key_size = VOLUME_SECRET_MAX + 1;
	CHECK_EQ(volume_slot_provisioned(&out, g_id, &secret, &g_random, g_master), E_INVALID);
	secret = g_secret;
	secret.id_size = 0;
	CHECK_EQ(volume_slot_provisioned(&out, g_id, &secret, &g_random, g_master), E_INVALID);
	secret.id_size = VOLUME_KEY_ID_MAX + 1;
	CHECK_EQ(volume_slot_provisioned(&out, g_id, &secret, &g_random, g_master), E_INVALID);
}

TEST(two_slots_of_one_kind_share_no_key)
{
	for (enum volume_slot_kind kind = VOLUME_SLOT_SEAL; kind < VOLUME_SLOT_END; kind++) {
		const struct volume_slot a = make(kind), b = make(kind);

		CHECK(memcmp(a.blob + a.size - 48, b.blob + b.size - 48, 32) != 0);
	}
}

TEST(no_slot_is_made_without_randomness)
{
	struct volume_slot slot;
	struct volume_keyring ring = full_ring();

	ring.random = g_broken;
	CHECK_EQ(volume_slot_seal(&slot, g_id, &ring, &g_policy, g_master), E_CRYPTO);
	CHECK_EQ(volume_slot_owner(&slot, g_id, g_public, &g_broken, g_master), E_CRYPTO);
	CHECK_EQ(volume_slot_provisioned(&slot, g_id, &g_secret, &g_broken, g_master), E_CRYPTO);
}

/* RFC 5903, 8.1: the shared secret of two key pairs. */
TEST(ecdh_gives_the_standards_secret)
{
	static const uint8_t i[32] = {0xC8, 0x8F, 0x01, 0xF5, 0x10, 0xD9, 0xAC, 0x3F,
				      0x70, 0xA2, 0x92, 0xDA, 0xA2, 0x31, 0x6D, 0xE5,
				      0x44, 0xE9, 0xAA, 0xB8, 0xAF, 0xE8, 0x40, 0x49,
				      0xC6, 0x2A, 0x9C, 0x57, 0x86, 0x2D, 0x14, 0x33};
	static const uint8_t r[32] = {0xC6, 0xEF, 0x9C, 0x5D, 0x78, 0xAE, 0x01, 0x2A,
				      0x01, 0x11, 0x64, 0xAC, 0xB3, 0x97, 0xCE, 0x20,
				      0x88, 0x68, 0x5D, 0x8F, 0x06, 0xBF, 0x9B, 0xE0,
				      0xB2, 0x83, 0xAB, 0x46, 0x47, 0x6B, 0xEE, 0x53};
	static const uint8_t want[32] = {0xD6, 0x84, 0x0F, 0x6B, 0x42, 0xF6, 0xED, 0xAF,
					 0xD1, 0x31, 0x16, 0xE0, 0xE1, 0x25, 0x65, 0x20,
					 0x2F, 0xEF, 0x8E, 0x9E, 0xCE, 0x7D, 0xCE, 0x03,
					 0x81, 0x24, 0x64, 0xD0, 0x4B, 0x94, 0x42, 0xDE};
	uint8_t point[P256_PUBLIC_SIZE], secret[ECDH_SECRET_SIZE];

	CHECK_EQ(p256_public(point, r, &g_random), E_OK);
	CHECK_EQ(ecdh_p256(secret, i, point, &g_random), E_OK);
	CHECK(memcmp(secret, want, sizeof(want)) == 0);
	CHECK_EQ(p256_public(point, i, &g_random), E_OK);
	CHECK_EQ(ecdh_p256(secret, r, point, &g_random), E_OK);
	CHECK(memcmp(secret, want, sizeof(want)) == 0);
	point[33] ^= 1;
	CHECK_EQ(ecdh_p256(secret, r, point, &g_random), E_CRYPTO);
}

int main(void)
{
	CHECK_EQ(p256_generate(g_private, g_public, &g_random), E_OK);
	RUN(each_kind_opens_for_its_key_alone);
	RUN(a_slot_is_bound_to_its_volume);
	RUN(no_bit_of_a_slot_can_be_changed);
	RUN(slots_have_one_size_and_no_unknown_kinds);
	RUN(what_a_slot_says_in_clear_is_strict);
	RUN(a_sealed_volume_opens_on_its_platform_alone);
	RUN(another_owner_does_not_open_it);
	RUN(an_owner_is_a_point_of_the_curve);
	RUN(a_provided_key_has_its_name_and_its_length);
	RUN(two_slots_of_one_kind_share_no_key);
	RUN(no_slot_is_made_without_randomness);
	RUN(ecdh_gives_the_standards_secret);
	return check_report();
}
