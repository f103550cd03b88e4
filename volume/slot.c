/*
 * The three kinds of slots. All have the same end: nonce, wrapped key, tag; what stands before it is in
 * clear and authenticated with the volume's id.
 *
 *   seal         u8 platform, u8 by, u8 flags, u8 0, u16 product, u16 svn, u8 cpu_svn[16], u8 salt[32]
 *   owner        u8 owner[65], u8 ephemeral[65]
 *   provisioned  u8 id size, u8 id[64] and zeros, u8 salt[32]
 *
 * Trust: a slot is anybody's until its tag holds, and the header's until its MAC does: what is read
 * from it before chooses a key, nothing else.
 * Invariant: a wrapping key is used for one slot: it comes from a fresh salt or a fresh key pair.
 */
#include "volume/slot.h"

#include <assert.h>
#include <string.h>

#include "base/reader.h"
#include "base/wipe.h"
#include "base/writer.h"
#include "crypto/ecdh.h"
#include "crypto/gcm.h"
#include "crypto/hkdf.h"
#include "volume/rule.h"

#define SEAL_BIND_LAUNCH 1u /* flags */

#define SEAL_CLEAR	  (8u + 16u + VOLUME_SLOT_SALT)
#define OWNER_CLEAR	  (2u * P256_PUBLIC_SIZE)
#define PROVISIONED_CLEAR (1u + VOLUME_KEY_ID_MAX + VOLUME_SLOT_SALT)
#define WRAPPED_SIZE	  (GCM_NONCE_SIZE + VOLUME_KEY_SIZE + GCM_TAG_SIZE)

static_assert(OWNER_CLEAR + WRAPPED_SIZE <= VOLUME_SLOT_MAX, "the longest slot");

static const char g_slot_label[] = "retwine.volume.slot.v1";
static const char g_owner_label[] = "retwine.volume.owner.v1";
static const char g_provisioned_label[] = "retwine.volume.provisioned.v1";

#define AAD_MAX (sizeof(g_slot_label) + VOLUME_ID_SIZE + 1 + OWNER_CLEAR)

/* Bytes of a kind's part in clear; 0: no such kind. */
static uint32_t slot_clear_size(enum volume_slot_kind kind)
{
	switch (kind) {
	case VOLUME_SLOT_SEAL:
		return SEAL_CLEAR;
	case VOLUME_SLOT_OWNER:
		return OWNER_CLEAR;
	case VOLUME_SLOT_PROVISIONED:
		return PROVISIONED_CLEAR;
	default:
		return 0;
	}
}

/* What the wrapped key is bound to. */
static size_t slot_aad(uint8_t out[AAD_MAX], const struct volume_slot *slot,
		       const uint8_t id[VOLUME_ID_SIZE])
{
	struct writer w;

	writer_init(&w, out, AAD_MAX);
	writer_bytes(&w, g_slot_label, sizeof(g_slot_label) - 1);
	writer_bytes(&w, id, VOLUME_ID_SIZE);
	writer_u8(&w, (uint8_t)slot->kind);
	writer_bytes(&w, slot->blob, slot_clear_size(slot->kind));
	must(writer_ok(&w));
	return volume_bound(SLOT_BOUND, w.len);
}

static enum err slot_wrap(struct volume_slot *slot, const uint8_t id[VOLUME_ID_SIZE],
			  const uint8_t kek[GCM_KEY_SIZE], const struct crypto_random *random,
			  const uint8_t master[VOLUME_KEY_SIZE])
{
	uint8_t *nonce = slot->blob + slot_clear_size(slot->kind);
	uint8_t *wrapped = nonce + GCM_NONCE_SIZE;
	uint8_t aad[AAD_MAX];
	struct gcm_key key;

	if (random->get(random->context, nonce, GCM_NONCE_SIZE) != E_OK)
		return E_CRYPTO;
	gcm_key_init(&key, kek);
	gcm_seal(&key, nonce, aad, slot_aad(aad, slot, id), master, VOLUME_KEY_SIZE, wrapped,
		 wrapped + VOLUME_KEY_SIZE);
	wipe(&key, sizeof(key));
	slot->size = slot_clear_size(slot->kind) + (uint32_t)WRAPPED_SIZE;
	return E_OK;
}

static enum err slot_unwrap(uint8_t master[VOLUME_KEY_SIZE], const struct volume_slot *slot,
			    const uint8_t id[VOLUME_ID_SIZE], const uint8_t kek[GCM_KEY_SIZE])
{
	const uint8_t *nonce = slot->blob + slot_clear_size(slot->kind);
	const uint8_t *wrapped = nonce + GCM_NONCE_SIZE;
	uint8_t aad[AAD_MAX];
	struct gcm_key key;

	gcm_key_init(&key, kek);
	const enum err err = gcm_open(&key, nonce, aad, slot_aad(aad, slot, id), wrapped,
				      VOLUME_KEY_SIZE, master, wrapped + VOLUME_KEY_SIZE);

	wipe(&key, sizeof(key));
	return err == E_OK ? E_OK : E_VOLUME_KEY;
}

/* ---- what stands in clear ---- */

static void policy_encode(uint8_t out[SEAL_CLEAR], const struct volume_seal_policy *policy)
{
	struct writer w;

	writer_init(&w, out, SEAL_CLEAR);
	writer_u8(&w, policy->platform);
	writer_u8(&w, (uint8_t)policy->by);
	writer_u8(&w, policy->bind_launch ? SEAL_BIND_LAUNCH : 0);
	writer_u8(&w, 0);
	writer_u16(&w, policy->product);
	writer_u16(&w, policy->svn);
	writer_bytes(&w, policy->cpu_svn, sizeof(policy->cpu_svn));
	writer_bytes(&w, policy->salt, sizeof(policy->salt));
	must(writer_ok(&w));
}

static bool policy_decode(struct volume_seal_policy *policy, const uint8_t in[SEAL_CLEAR])
{
	struct reader r;

	reader_init(&r, in, SEAL_CLEAR);
	policy->platform = reader_u8(&r);
	const uint8_t by = reader_u8(&r), flags = reader_u8(&r), zero = reader_u8(&r);

	policy->by = by;
	policy->bind_launch = flags != 0;
	policy->product = reader_u16(&r);
	policy->svn = reader_u16(&r);
	reader_bytes(&r, policy->cpu_svn, sizeof(policy->cpu_svn));
	reader_bytes(&r, policy->salt, sizeof(policy->salt));
	return volume_holds(HEADER_FIELDS,
			    policy->platform == VOLUME_PLATFORM_SGX && by >= VOLUME_SEAL_ENCLAVE &&
				    by < VOLUME_SEAL_END && flags <= SEAL_BIND_LAUNCH && zero == 0);
}

static bool key_id_decode(struct volume_slot_info *info, const uint8_t in[PROVISIONED_CLEAR])
{
	uint8_t rest = 0;

	info->key_id_size = in[0];
	if (info->key_id_size == 0 || info->key_id_size > VOLUME_KEY_ID_MAX)
		return false;
	memcpy(info->key_id, in + 1, VOLUME_KEY_ID_MAX);
	for (size_t i = info->key_id_size; i < VOLUME_KEY_ID_MAX; i++)
		rest |= info->key_id[i];
	return volume_holds(HEADER_FIELDS, rest == 0);
}

enum err volume_slot_info(struct volume_slot_info *info, const struct volume_slot *slot)
{
	const uint32_t clear = slot_clear_size(slot->kind);
	struct volume_slot_info out = {.kind = slot->kind};
	bool ok = clear != 0 && slot->size == clear + WRAPPED_SIZE;

	if (ok && slot->kind == VOLUME_SLOT_SEAL)
		ok = policy_decode(&out.seal, slot->blob);
	else if (ok && slot->kind == VOLUME_SLOT_PROVISIONED)
		ok = key_id_decode(&out, slot->blob);
	else if (ok)
		memcpy(out.owner, slot->blob, sizeof(out.owner));
	if (!ok)
		return E_VOLUME_HEADER;
	*info = out;
	return E_OK;
}

/* ---- seal ---- */

static enum err seal_open(const struct volume_slot *slot, const struct volume_slot_info *info,
			  const uint8_t id[VOLUME_ID_SIZE], const struct volume_keyring *ring,
			  uint8_t master[VOLUME_KEY_SIZE])
{
	uint8_t kek[VOLUME_KEY_SIZE];

	if (!ring->seal)
		return E_VOLUME_KEY;
	enum err err = ring->seal(ring->seal_context, kek, &info->seal);

	if (err == E_OK)
		err = slot_unwrap(master, slot, id, kek);
	wipe(kek, sizeof(kek));
	return err == E_DENIED || err == E_UNSUPPORTED ? E_VOLUME_KEY : err;
}

enum err volume_slot_seal(struct volume_slot *slot, const uint8_t id[VOLUME_ID_SIZE],
			  const struct volume_keyring *ring,
			  const struct volume_seal_policy *policy,
			  const uint8_t master[VOLUME_KEY_SIZE])
{
	struct volume_slot out = {.kind = VOLUME_SLOT_SEAL};
	struct volume_seal_policy salted = *policy;
	uint8_t kek[VOLUME_KEY_SIZE];

	if (!ring->seal)
		return E_INVALID;
	if (ring->random.get(ring->random.context, salted.salt, sizeof(salted.salt)) != E_OK)
		return E_CRYPTO;
	policy_encode(out.blob, &salted);
	enum err err = ring->seal(ring->seal_context, kek, &salted);

	if (err == E_OK)
		err = slot_wrap(&out, id, kek, &ring->random, master);
	wipe(kek, sizeof(kek));
	if (err == E_OK)
		*slot = out;
	return err;
}

/* ---- owner ---- */

/* The key that both sides compute: `own` is whose private half the caller has. */
static enum err owner_key(uint8_t kek[VOLUME_KEY_SIZE], const uint8_t clear[OWNER_CLEAR],
			  const uint8_t id[VOLUME_ID_SIZE], const uint8_t own[P256_PRIVATE_SIZE],
			  const uint8_t other[P256_PUBLIC_SIZE], const struct crypto_random *random)
{
	uint8_t info[sizeof(g_owner_label) - 1 + OWNER_CLEAR + VOLUME_ID_SIZE];
	uint8_t secret[ECDH_SECRET_SIZE];
	struct writer w;

	writer_init(&w, info, sizeof(info));
	writer_bytes(&w, g_owner_label, sizeof(g_owner_label) - 1);
	writer_bytes(&w, clear, OWNER_CLEAR);
	writer_bytes(&w, id, VOLUME_ID_SIZE);
	must(writer_ok(&w));
	enum err err = ecdh_p256(secret, own, other, random);

	if (err == E_OK)
		err = hkdf_sha256(kek, VOLUME_KEY_SIZE, NULL, 0, secret, sizeof(secret), info,
				  w.len);
	wipe(secret, sizeof(secret));
	return err;
}

static enum err owner_open(const struct volume_slot *slot, const uint8_t id[VOLUME_ID_SIZE],
			   const struct volume_keyring *ring, uint8_t master[VOLUME_KEY_SIZE])
{
	const uint8_t *owner = slot->blob, *ephemeral = slot->blob + P256_PUBLIC_SIZE;
	uint8_t public_key[P256_PUBLIC_SIZE], kek[VOLUME_KEY_SIZE];

	if (!ring->owner)
		return E_VOLUME_KEY;
	enum err err = p256_public(public_key, ring->owner, &ring->random);

	if (err != E_OK)
		return err;
	if (memcmp(public_key, owner, sizeof(public_key)) != 0)
		return E_VOLUME_KEY;
	err = owner_key(kek, slot->blob, id, ring->owner, ephemeral, &ring->random);
	if (err == E_OK)
		err = slot_unwrap(master, slot, id, kek);
	wipe(kek, sizeof(kek));
	return err == E_CRYPTO ? E_VOLUME_KEY : err; /* no point of the curve */
}

enum err volume_slot_owner(struct volume_slot *slot, const uint8_t id[VOLUME_ID_SIZE],
			   const uint8_t owner[P256_PUBLIC_SIZE],
			   const struct crypto_random *random,
			   const uint8_t master[VOLUME_KEY_SIZE])
{
	struct volume_slot out = {.kind = VOLUME_SLOT_OWNER};
	uint8_t own[P256_PRIVATE_SIZE], kek[VOLUME_KEY_SIZE];
	enum err err = p256_generate(own, out.blob + P256_PUBLIC_SIZE, random);

	memcpy(out.blob, owner, P256_PUBLIC_SIZE);
	if (err == E_OK)
		err = owner_key(kek, out.blob, id, own, owner, random);
	if (err == E_OK)
		err = slot_wrap(&out, id, kek, random, master);
	wipe(own, sizeof(own));
	wipe(kek, sizeof(kek));
	if (err == E_OK)
		*slot = out;
	return err;
}

/* ---- provisioned ---- */

static bool secret_ok(const struct volume_secret *secret)
{
	return secret->id_size >= 1 && secret->id_size <= VOLUME_KEY_ID_MAX &&
	       secret->key_size >= VOLUME_SECRET_MIN && secret->key_size <= VOLUME_SECRET_MAX;
}

static enum err provisioned_key(uint8_t kek[VOLUME_KEY_SIZE],
				const uint8_t clear[PROVISIONED_CLEAR],
				const struct volume_secret *secret)
{
	const uint8_t *salt = clear + 1 + VOLUME_KEY_ID_MAX;

	return hkdf_sha256(kek, VOLUME_KEY_SIZE, salt, VOLUME_SLOT_SALT, secret->key,
			   secret->key_size, g_provisioned_label, sizeof(g_provisioned_label) - 1);
}

static bool secret_is(const struct volume_secret *secret, const struct volume_slot_info *info)
{
	return secret_ok(secret) && secret->id_size == info->key_id_size &&
	       memcmp(secret->id, info->key_id, info->key_id_size) == 0;
}

static enum err provisioned_open(const struct volume_slot *slot,
				 const struct volume_slot_info *info,
				 const uint8_t id[VOLUME_ID_SIZE],
				 const struct volume_keyring *ring, uint8_t master[VOLUME_KEY_SIZE])
{
	uint8_t kek[VOLUME_KEY_SIZE];
	enum err err = E_VOLUME_KEY;

	for (size_t i = 0; i < ring->secret_count && err == E_VOLUME_KEY; i++) {
		if (!secret_is(&ring->secrets[i], info))
			continue;
		err = provisioned_key(kek, slot->blob, &ring->secrets[i]);
		if (err == E_OK)
			err = slot_unwrap(master, slot, id, kek);
	}
	wipe(kek, sizeof(kek));
	return err;
}

enum err volume_slot_provisioned(struct volume_slot *slot, const uint8_t id[VOLUME_ID_SIZE],
				 const struct volume_secret *secret,
				 const struct crypto_random *random,
				 const uint8_t master[VOLUME_KEY_SIZE])
{
	struct volume_slot out = {.kind = VOLUME_SLOT_PROVISIONED};
	uint8_t *salt = out.blob + 1 + VOLUME_KEY_ID_MAX;
	uint8_t kek[VOLUME_KEY_SIZE];

	if (!secret_ok(secret))
		return E_INVALID;
	out.blob[0] = (uint8_t)secret->id_size;
	memcpy(out.blob + 1, secret->id, secret->id_size);
	if (random->get(random->context, salt, VOLUME_SLOT_SALT) != E_OK)
		return E_CRYPTO;
	enum err err = provisioned_key(kek, out.blob, secret);

	if (err == E_OK)
		err = slot_wrap(&out, id, kek, random, master);
	wipe(kek, sizeof(kek));
	if (err == E_OK)
		*slot = out;
	return err;
}

enum err volume_slot_open(const struct volume_slot *slot, const uint8_t id[VOLUME_ID_SIZE],
			  const struct volume_keyring *ring, uint8_t master[VOLUME_KEY_SIZE])
{
	struct volume_slot_info info;
	uint8_t key[VOLUME_KEY_SIZE];
	enum err err = volume_slot_info(&info, slot);

	if (err != E_OK)
		return err;
	if (slot->kind == VOLUME_SLOT_SEAL)
		err = seal_open(slot, &info, id, ring, key);
	else if (slot->kind == VOLUME_SLOT_OWNER)
		err = owner_open(slot, id, ring, key);
	else
		err = provisioned_open(slot, &info, id, ring, key);
	if (err == E_OK)
		memcpy(master, key, sizeof(key));
	wipe(key, sizeof(key));
	return err;
}
