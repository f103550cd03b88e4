/*
 * Key slots: the master key of a volume, wrapped for those who may open it. A slot in the header is
 * a kind and a blob; here is what the blobs hold, and how the key goes in and comes out:
 *
 *   seal         for one program on one machine: by a key that the platform derives for it
 *   owner        for whoever has the private half of a P-256 key: ECDH with a fresh one
 *   provisioned  for whoever has a key that goes by an identifier
 *
 * Each wraps by AES-256-GCM under a key used for nothing else; the volume's id and all that stands in
 * the slot are authenticated with it. volume/ knows no platform: sealing keys come by a callback.
 *
 * What a slot does not say is who made it. Whoever knows the owner's public key can make a volume that
 * the owner's key opens; seal and provisioned slots are made by those alone who can open them.
 */
#ifndef VOLUME_SLOT_H
#define VOLUME_SLOT_H

#include "crypto/p256.h"
#include "volume/volume.h"

#define VOLUME_SLOT_MAX	  512u /* bytes of a blob */
#define VOLUME_KEY_ID_MAX 64u  /* bytes of a provisioned key's identifier */
#define VOLUME_SECRET_MIN 32u  /* bytes of a provisioned key */
#define VOLUME_SECRET_MAX 4096u
#define VOLUME_SLOT_SALT  32u

/* The identifier of the slot for a key that lies in a file of the host's: not a secret from it. */
#define VOLUME_INSECURE_KEY_ID "insecure-key-file"

enum volume_slot_kind {
	VOLUME_SLOT_SEAL = 1,
	VOLUME_SLOT_OWNER,
	VOLUME_SLOT_PROVISIONED,
	VOLUME_SLOT_END
};

struct volume_slot {
	enum volume_slot_kind kind;
	uint32_t size;
	uint8_t blob[VOLUME_SLOT_MAX];
};

/* For whom a volume is sealed. What no slot of this version has in that place is refused when it is
 * decoded. */
enum volume_seal_by { VOLUME_SEAL_ENCLAVE = 1, VOLUME_SEAL_SIGNER, VOLUME_SEAL_END };

#define VOLUME_PLATFORM_SGX 1u /* its simulation as well: the same code inside, other keys */

struct volume_seal_policy {
	uint8_t platform;
	enum volume_seal_by by; /* this image, or any of its signer's product from svn on */
	bool bind_launch;	/* this start alone: arguments as well */
	uint16_t product;	/* of the enclave that sealed it */
	uint16_t svn;		/* of the key: an older enclave cannot have it */
	uint8_t cpu_svn[16];	/* likewise, of the machine */
	uint8_t salt[VOLUME_SLOT_SALT];
};

/* What stands in clear, for who wants to show it; untrusted until the header's MAC is checked. */
struct volume_slot_info {
	enum volume_slot_kind kind;
	struct volume_seal_policy seal;	   /* of VOLUME_SLOT_SEAL */
	uint8_t owner[P256_PUBLIC_SIZE];   /* of VOLUME_SLOT_OWNER */
	uint8_t key_id[VOLUME_KEY_ID_MAX]; /* of VOLUME_SLOT_PROVISIONED */
	uint8_t key_id_size;
};
/* E_VOLUME_HEADER: not a slot as this version writes them. */
MUST_USE enum err volume_slot_info(struct volume_slot_info *info, const struct volume_slot *slot);

/* A key that somebody provided: 32 bytes and more that nobody can guess. */
struct volume_secret {
	const void *id;
	size_t id_size; /* 1..VOLUME_KEY_ID_MAX */
	const void *key;
	size_t key_size; /* VOLUME_SECRET_MIN..VOLUME_SECRET_MAX */
};

/*
 * What somebody has to open slots with; NULL and 0 where it is nothing.
 */
struct volume_keyring {
	/* The key that the platform derives under this policy, which is untrusted in content. E_DENIED:
	 * this policy is not acceptable, or not ours. The caller wipes it. */
	enum err (*seal)(void *context, uint8_t key[VOLUME_KEY_SIZE],
			 const struct volume_seal_policy *policy);
	void *seal_context;
	const uint8_t *owner; /* P256_PRIVATE_SIZE bytes */
	const struct volume_secret *secrets;
	size_t secret_count;
	struct crypto_random random; /* blinds */
};

/*
 * Takes the master key out of the slot, which is untrusted. E_VOLUME_KEY: nothing in the ring opens it;
 * others: E_NOMEM, E_CRYPTO (random). The caller wipes `master`, and believes it only once the
 * header's MAC holds under it (volume_header_check).
 */
MUST_USE enum err volume_slot_open(const struct volume_slot *slot, const uint8_t id[VOLUME_ID_SIZE],
				   const struct volume_keyring *ring,
				   uint8_t master[VOLUME_KEY_SIZE]);

/* New slots; the salt of the policy is filled in. Errors: E_CRYPTO (random, or no point of the curve),
 * E_NOMEM, E_INVALID (sizes), those of ring->seal. */
MUST_USE enum err volume_slot_seal(struct volume_slot *slot, const uint8_t id[VOLUME_ID_SIZE],
				   const struct volume_keyring *ring,
				   const struct volume_seal_policy *policy,
				   const uint8_t master[VOLUME_KEY_SIZE]);
MUST_USE enum err volume_slot_owner(struct volume_slot *slot, const uint8_t id[VOLUME_ID_SIZE],
				    const uint8_t owner[P256_PUBLIC_SIZE],
				    const struct crypto_random *random,
				    const uint8_t master[VOLUME_KEY_SIZE]);
MUST_USE enum err volume_slot_provisioned(struct volume_slot *slot,
					  const uint8_t id[VOLUME_ID_SIZE],
					  const struct volume_secret *secret,
					  const struct crypto_random *random,
					  const uint8_t master[VOLUME_KEY_SIZE]);

#endif
