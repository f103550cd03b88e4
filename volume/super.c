/*
 * Superblocks: sealed, opened, chosen. Sealed, one is its nonce, the ciphertext, the tag; bound to the
 * volume and to the slot that it stands in.
 *
 * A commit writes the slot that does not hold the last one, so one of the two is intact whatever
 * happens on the way. What is intact in both is a matter of the anchor.
 * Trust: both slots are the host's; the anchor's state is believed as far as the anchor is.
 */
#include <assert.h>
#include <string.h>

#include "base/wipe.h"
#include "base/writer.h"
#include "volume/keys.h"
#include "volume/seal.h"

#define SUPER_AAD_SIZE (VOLUME_ID_SIZE + 4)

static_assert(VOLUME_NONCE_SIZE + VOLUME_SUPER_SIZE + VOLUME_TAG_SIZE == VOLUME_BLOCK_SIZE,
	      "a superblock is one block");

static void super_aad(const struct volume *v, uint32_t slot, uint8_t aad[SUPER_AAD_SIZE])
{
	uint8_t id[VOLUME_ID_SIZE];
	struct writer w;

	volume_bound_id(v, id);
	writer_init(&w, aad, SUPER_AAD_SIZE);
	writer_bytes(&w, id, sizeof id);
	writer_u32(&w, volume_bound(SUPER_SLOT, slot));
	must(w.len == SUPER_AAD_SIZE);
}

enum err volume_seal_super(struct volume *v, const struct volume_super *super,
			   uint8_t sealed[VOLUME_BLOCK_SIZE], uint8_t root[VOLUME_HASH_SIZE])
{
	uint8_t *nonce = sealed, *cipher = nonce + VOLUME_NONCE_SIZE;
	uint8_t *tag = cipher + VOLUME_SUPER_SIZE;
	uint8_t aad[SUPER_AAD_SIZE];
	enum err err;

	err = v->config.random.get(v->config.random.context, nonce, VOLUME_NONCE_SIZE);
	if (err != E_OK)
		return err;
	super_aad(v, super->sequence & 1, aad);
	volume_super_encode(v->seal->plain, super);
	gcm_seal(&v->seal->super, nonce, aad, sizeof aad, v->seal->plain, VOLUME_SUPER_SIZE, cipher,
		 tag);
	sha256_digest(root, sealed, VOLUME_BLOCK_SIZE);
	return E_OK;
}

enum err volume_open_super(struct volume *v, uint32_t slot, const uint8_t sealed[VOLUME_BLOCK_SIZE],
			   struct volume_super *super, uint8_t root[VOLUME_HASH_SIZE])
{
	const uint8_t *nonce = sealed, *cipher = nonce + VOLUME_NONCE_SIZE;
	const uint8_t *tag = cipher + VOLUME_SUPER_SIZE;
	uint8_t aad[SUPER_AAD_SIZE];
	struct volume_super s;
	enum err err;

	super_aad(v, slot, aad);
	err = gcm_open(&v->seal->super, nonce, aad, sizeof aad, cipher, VOLUME_SUPER_SIZE,
		       v->seal->plain, tag);
	if (!volume_holds(SUPER_TAG, err == E_OK))
		return E_VOLUME_SUPERBLOCK;
	err = volume_super_decode(&s, v->seal->plain);
	if (err != E_OK)
		return err;
	*super = s;
	sha256_digest(root, sealed, VOLUME_BLOCK_SIZE);
	return E_OK;
}

/* A slot, if it is intact (present), and the state that it stands for. */
struct super_candidate {
	bool present;
	struct volume_super super;
	struct volume_state state;
};

/*
 * What cannot be read is an error and no missing commit: the one before it would be taken for the
 * last. So is an intact one that this version does not understand.
 */
static enum err super_read(struct volume *v, uint32_t slot, struct super_candidate *c)
{
	const struct volume_device *d = &v->config.device;
	const uint64_t off = (uint64_t)(VOLUME_SUPER_BLOCK + slot) * VOLUME_BLOCK_SIZE;
	enum err err;

	c->present = false;
	err = d->read(d->context, v->seal->sealed, off, VOLUME_BLOCK_SIZE);
	if (err == E_OK)
		err = volume_open_super(v, slot, v->seal->sealed, &c->super, c->state.root);
	if (err == E_VOLUME_SUPERBLOCK)
		return E_OK;
	if (err != E_OK)
		return err;
	c->state.sequence = c->super.sequence;
	c->present = true;
	return E_OK;
}

/*
 * The acceptance rule: the state that the anchor names, or the commit made on top of it, which had
 * reached the disk but not the anchor.
 */
static bool super_is_accepted(const struct super_candidate *c, const struct volume_state *anchored)
{
	const uint64_t sequence = c->state.sequence, last = anchored->sequence;

	if (!volume_holds(ANCHOR_KNOWN, last > 0))
		return false;
	if (!volume_holds(ANCHOR_SEQUENCE, sequence == last || sequence - 1 == last))
		return false;
	if (sequence - 1 == last)
		return volume_holds(ANCHOR_PARENT,
				    equal_ct(c->super.parent, anchored->root, VOLUME_HASH_SIZE));
	return volume_holds(ANCHOR_ROOT, equal_ct(c->state.root, anchored->root, VOLUME_HASH_SIZE));
}

/* What the anchor knows of this volume: nothing is sequence 0. */
static enum err super_ask_anchor(const struct volume *v, struct volume_state *state)
{
	const struct volume_anchor *anchor = v->config.anchor;
	enum err err = anchor->get(anchor->context, v->config.id, state);

	if (err != E_NOT_FOUND)
		return err;
	*state = (struct volume_state){0};
	return E_OK;
}

/*
 * Of two intact commits only the last counts. The one before is the anchor's, or fits it, also where
 * the anchor is two commits behind or the last is a stranger's; but then something is wrong that
 * going back would hide.
 */
enum err volume_choose_super(struct volume *v, struct volume_state *found,
			     struct volume_state *expected)
{
	const struct volume_anchor *anchor = v->config.anchor;
	struct super_candidate c[2];
	enum err err;

	*found = *expected = (struct volume_state){0};
	for (uint32_t slot = 0; slot < 2; slot++) {
		err = super_read(v, slot, &c[slot]);
		if (err != E_OK)
			return err;
	}
	if (!c[0].present && !c[1].present)
		return E_VOLUME_SUPERBLOCK;
	const uint32_t last =
		!c[0].present || (c[1].present && c[1].super.sequence > c[0].super.sequence);

	*found = c[last].state;
	if (anchor) {
		err = super_ask_anchor(v, expected);
		if (err != E_OK)
			return err;
		if (!super_is_accepted(&c[last], expected))
			return E_VOLUME_ANCHOR;
	}
	v->super = c[last].super;
	v->committed = c[last].state;
	return E_OK;
}
