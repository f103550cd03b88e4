/*
 * Inside tree.c and commit.c: the references of a node in the cache.
 */
#ifndef VOLUME_NODE_H
#define VOLUME_NODE_H

#include "volume/cache.h"

/* Stands in a node of the cache alone: the block below is dirty and has not been written yet. */
#define REF_PENDING UINT32_MAX

/* The reference to the child with this index (of its level). */
static inline void volume_node_get(const struct volume_frame *f, uint64_t index,
				   struct volume_ref *ref)
{
	volume_ref_decode(ref, f->data + index % VOLUME_FANOUT * VOLUME_REF_SIZE);
}

static inline void volume_node_set(struct volume_frame *f, uint64_t index,
				   const struct volume_ref *ref)
{
	volume_ref_encode(f->data + index % VOLUME_FANOUT * VOLUME_REF_SIZE, ref);
}

#endif
