/*
 * Inside seal.c and super.c: the keys of a mounted volume. All of them come from the master key by
 * HKDF-SHA256, the volume's id as salt, a label as info; that of an epoch with the epoch's salt behind
 * the label.
 *
 * **Invariant:** counter only rises, and own belongs to this mount alone.
 */
#ifndef VOLUME_KEYS_H
#define VOLUME_KEYS_H

#include "crypto/gcm.h"
#include "crypto/hkdf.h"
#include "crypto/sha256.h"
#include "volume/impl.h"
#include "volume/rule.h"

#define VOLUME_COUNTER_MAX ((uint64_t)1 << 48) /* blocks sealed under one key */

/* Keys of earlier epochs at hand, each in the place that its number gives. */
#define VOLUME_EPOCHS_CACHED 256u

struct volume_epoch {
	uint32_t epoch;
	struct gcm_key key;
};

struct volume_seal {
	uint8_t prk[HKDF_PRK_SIZE];   /* of the master key: what all the others come from */
	struct gcm_key super, epochs; /* of superblocks; of blocks of INO_EPOCHS */
	struct sha256 names;	      /* has taken the key of the names' hash in */
	bool begun;		      /* own and epoch are set */
	uint32_t epoch;
	uint64_t counter; /* of the next block */
	struct gcm_key own;
	struct volume_epoch *cache[VOLUME_EPOCHS_CACHED]; /* NULL: not asked for yet */
	uint8_t plain[VOLUME_BLOCK_SIZE];  /* of a superblock; too large for the stack */
	uint8_t sealed[VOLUME_BLOCK_SIZE]; /* one as it was read */
};

/* The volume's id as what is bound to the volume has it: keys, blocks, superblocks. */
static inline void volume_bound_id(const struct volume *v, uint8_t id[VOLUME_ID_SIZE])
{
	for (size_t i = 0; i < VOLUME_ID_SIZE; i++)
		id[i] = volume_bound(BLOCK_VOLUME, v->config.id[i]);
}

#endif
