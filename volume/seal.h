/*
 * Sealing blocks: AES-256-GCM, a key per epoch (a mount that writes), the nonce a counter that only
 * rises. Keys, all from the master key by HKDF-SHA256 with a label of their own (doc/volume.md).
 *
 * **Invariant:** no pair of key and nonce is used twice: an epoch's salt is 256 random bits made by
 * the mount that writes under it and kept by nobody else; the counter is never set back, not even
 * when a commit fails.
 */
#ifndef VOLUME_SEAL_H
#define VOLUME_SEAL_H

#include "volume/impl.h"

/* Sets v->seal up from the master key; volume_seal_fini wipes. */
MUST_USE enum err volume_seal_init(struct volume *v, const uint8_t master[VOLUME_KEY_SIZE]);
void volume_seal_fini(struct volume *v);

/*
 * Before the first block of a mount is sealed: makes the mount's epoch, that is a salt which it adds
 * to INO_EPOCHS (through tree.h: dirty blocks, super.epoch_count). Does nothing when it is there. The
 * table's blocks go out in the same commit as the first block under it, before the superblock.
 */
MUST_USE enum err volume_seal_begin(struct volume *v);

/* Seals a block under the mount's epoch; fills in all of *ref but its block. `cipher` may not be
 * `plain`. E_LIMIT: the counter is at its end (2^48). */
MUST_USE enum err volume_seal_block(struct volume *v, const struct volume_place *place,
				    const uint8_t plain[VOLUME_BLOCK_SIZE],
				    uint8_t cipher[VOLUME_BLOCK_SIZE], struct volume_ref *ref);

/* Opens one; both buffers are ours alone. E_VOLUME_BLOCK: it is not the block that the reference
 * stands for; `plain` is wiped. Reads INO_EPOCHS through tree.h when the epoch's key is not at hand;
 * never for blocks of INO_EPOCHS itself. */
MUST_USE enum err volume_open_block(struct volume *v, const struct volume_place *place,
				    const struct volume_ref *ref,
				    const uint8_t cipher[VOLUME_BLOCK_SIZE],
				    uint8_t plain[VOLUME_BLOCK_SIZE]);

/* Superblocks: a key of their own, a random nonce; bound to the volume and to the slot. `sealed` is what
 * goes to the file: nonce, ciphertext, tag. *root is its SHA-256. */
MUST_USE enum err volume_seal_super(struct volume *v, const struct volume_super *super,
				    uint8_t sealed[VOLUME_BLOCK_SIZE],
				    uint8_t root[VOLUME_HASH_SIZE]);
MUST_USE enum err volume_open_super(struct volume *v, uint32_t slot,
				    const uint8_t sealed[VOLUME_BLOCK_SIZE],
				    struct volume_super *super, uint8_t root[VOLUME_HASH_SIZE]);

/*
 * Reads both superblocks and takes the one with the higher sequence into v->super and v->committed, if
 * there is no anchor or it is the anchor's state or the direct child of it. Errors as volume_open;
 * what cannot be read or understood is an error, and not a commit that is missing. *found and
 * *expected are always set.
 */
MUST_USE enum err volume_choose_super(struct volume *v, struct volume_state *found,
				      struct volume_state *expected);

/* 64 bits of a name: keyed, so that the order of a directory says nothing to the host. */
uint64_t volume_hash_name(const struct volume *v, const char *name, size_t size);

#endif
