/*
 * The way out: dirty blocks are sealed into new places and written in runs; the superblock makes them
 * count. Order: blocks, sync, superblock into the older of its two places, sync, anchor.
 */
#ifndef VOLUME_COMMIT_H
#define VOLUME_COMMIT_H

#include "volume/impl.h"

/* Writes all that is dirty but the map: blocks are clean then, and part of the transaction only. On
 * an error of the device what was not written is still dirty. */
MUST_USE enum err volume_flush(struct volume *v);

/* volume_commit with the mutex held. A failed sync, superblock or anchor breaks the volume. */
MUST_USE enum err volume_commit_locked(struct volume *v);

/* May anything be changed? E_READ_ONLY, E_VOLUME_BROKEN. First thing in every operation that changes
 * something. What changes something then (tree.h, map.h) says so in v->changed. */
MUST_USE enum err volume_change(struct volume *v);

/* Makes the superblock that the mount began with durable: before the first block is written, and before
 * an anchor is told of it. Does nothing once that was done. */
MUST_USE enum err volume_settle(struct volume *v);

#endif
