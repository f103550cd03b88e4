/*
 * A volume's life: made, mounted, committed, let go of.
 * Trust: the device is the host's; the master key and the configuration are the caller's. What is on
 * the disk counts only after volume_choose_super.
 */
#include "volume/volume.h"

#include <string.h>

#include "base/heap.h"
#include "base/wipe.h"
#include "volume/cache.h"
#include "volume/commit.h"
#include "volume/inode.h"
#include "volume/map.h"
#include "volume/rule.h"
#include "volume/seal.h"

void volume_close(struct volume *v)
{
	if (!v)
		return;
	volume_names_fini(v);
	volume_map_fini(v);
	volume_cache_fini(v);
	volume_seal_fini(v);
	wipe(v, sizeof *v);
	heap_free(v);
}

/* What does not depend on what is on the disk. */
static enum err volume_new(struct volume **out, const struct volume_config *config,
			   const uint8_t master[VOLUME_KEY_SIZE])
{
	struct volume *v = heap_alloc(sizeof *v);
	enum err err;

	if (!v)
		return E_NOMEM;
	v->config = *config;
	v->super.epochs.ino = INO_EPOCHS;
	v->super.map.ino = INO_MAP;
	v->super.table.ino = INO_TABLE;
	err = volume_seal_init(v, master);
	if (!err)
		err = volume_cache_init(v);
	if (!err)
		err = volume_names_init(v);
	if (err)
		volume_close(v);
	else
		*out = v;
	return err;
}

/* ---- making ---- */

/* Whatever stood in the superblocks' places: no commit. And what the layout leaves empty. */
static enum err format_clear(struct volume *v)
{
	const struct volume_device *d = &v->config.device;
	uint8_t *zeros = v->cache->cipher[0]; /* nothing was read yet */
	enum err err = E_OK;

	for (uint64_t b = VOLUME_SUPER_BLOCK; !err && b < VOLUME_DATA_BLOCK; b++)
		err = d->write(d->context, zeros, b * VOLUME_BLOCK_SIZE, VOLUME_BLOCK_SIZE);
	return err;
}

enum err volume_format(const struct volume_config *config, const uint8_t master[VOLUME_KEY_SIZE])
{
	struct volume *v;
	enum err err = volume_new(&v, config, master);

	if (err)
		return err;
	v->settled = true; /* there is no commit yet */
	err = config->read_only ? E_READ_ONLY : format_clear(v);
	if (!err)
		err = volume_map_new(v);
	if (!err)
		err = volume_inode_format(v);
	if (!err)
		err = volume_commit_locked(v);
	volume_close(v);
	return err;
}

/* ---- mounting ---- */

/* The file must hold all that the superblock counts: a longer one is what a crash may leave. */
static enum err open_check_size(struct volume *v)
{
	const struct volume_device *d = &v->config.device;
	uint64_t size;
	const enum err err = d->size(d->context, &size);

	if (err)
		return err;
	if (!volume_holds(SUPER_SIZE, v->super.block_count <= size / VOLUME_BLOCK_SIZE))
		return E_VOLUME_SHORT;
	return E_OK;
}

static enum err open_accept(struct volume *v, struct volume_state *found,
			    struct volume_state *expected)
{
	const struct volume_anchor *anchor = v->config.anchor;
	enum err err = volume_choose_super(v, found, expected);

	if (!err)
		err = open_check_size(v);
	if (!err && anchor)
		err = volume_settle(v);
	if (!err && anchor)
		err = anchor->put(anchor->context, v->config.id, &v->committed);
	if (err || v->config.read_only)
		return err;
	err = volume_map_load(v);
	return err ? err : volume_free_orphans(v);
}

enum err volume_open(struct volume **out, const struct volume_config *config,
		     const uint8_t master[VOLUME_KEY_SIZE], struct volume_state *found,
		     struct volume_state *expected)
{
	struct volume *v;
	enum err err = volume_new(&v, config, master);

	if (err)
		return err;
	err = open_accept(v, found, expected);
	if (err)
		volume_close(v);
	else
		*out = v;
	return err;
}

/* ---- mounted ---- */

enum err volume_commit(struct volume *v)
{
	mutex_lock(&v->lock);
	const enum err err = volume_commit_locked(v);

	mutex_unlock(&v->lock);
	return err;
}

void volume_get_state(struct volume *v, struct volume_state *state)
{
	mutex_lock(&v->lock);
	*state = v->committed;
	mutex_unlock(&v->lock);
}

void volume_get_usage(struct volume *v, struct volume_usage *usage)
{
	mutex_lock(&v->lock);
	*usage = v->usage;
	usage->blocks = v->super.block_count;
	usage->used = v->super.used_count;
	mutex_unlock(&v->lock);
}
