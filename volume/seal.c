/*
 * Blocks sealed and opened, and the keys for it.
 *
 * Every block of an epoch has the counter as its nonce, under a key that no other mount has: salts are
 * random, so two mounts that go on from copies of one file do not share a key either. The blocks of
 * INO_EPOCHS come before any epoch's key: they have a key that all mounts share, and random nonces,
 * which the reference keeps where others have epoch and counter.
 *
 * Trust: ciphertext is the host's; references come from authenticated blocks, and an epoch that is
 * not in the table is refused all the same.
 */
#include "volume/seal.h"

#include <assert.h>
#include <string.h>

#include "base/heap.h"
#include "base/reader.h"
#include "base/wipe.h"
#include "base/writer.h"
#include "volume/keys.h"
#include "volume/tree.h"

#define BLOCK_AAD_SIZE (VOLUME_ID_SIZE + 8 + 8 + 1)

static_assert(VOLUME_TAG_SIZE == GCM_TAG_SIZE && VOLUME_NONCE_SIZE == GCM_NONCE_SIZE &&
		      VOLUME_KEY_SIZE == GCM_KEY_SIZE,
	      "one cipher");

/* A key from the master key, for what label and salt name. */
static void seal_derive(const struct volume_seal *s, uint8_t key[GCM_KEY_SIZE], const char *label,
			const uint8_t *salt, size_t salt_size)
{
	uint8_t info[64];
	const size_t n = strlen(label);

	must(n + salt_size <= sizeof info);
	memcpy(info, label, n);
	if (salt_size > 0)
		memcpy(info + n, salt, salt_size);
	must(hkdf_sha256_expand(key, GCM_KEY_SIZE, s->prk, info, n + salt_size) == E_OK);
}

static void seal_derive_gcm(const struct volume_seal *s, struct gcm_key *key, const char *label,
			    const uint8_t *salt, size_t salt_size)
{
	uint8_t bytes[GCM_KEY_SIZE];

	seal_derive(s, bytes, label, salt, salt_size);
	gcm_key_init(key, bytes);
	wipe(bytes, sizeof bytes);
}

static void seal_derive_epoch(const struct volume_seal *s, struct gcm_key *key,
			      const uint8_t salt[VOLUME_SALT_SIZE])
{
	seal_derive_gcm(s, key, "retwine.volume.block.v1", salt, VOLUME_SALT_SIZE);
}

/* The key fills a block of the hash with zeros, so that a name costs one block and not two. */
static void seal_init_names(struct volume_seal *s)
{
	uint8_t block[SHA256_BLOCK_SIZE] = {0};

	seal_derive(s, block, "retwine.volume.names.v1", NULL, 0);
	sha256_init(&s->names);
	sha256_update(&s->names, block, sizeof block);
	wipe(block, sizeof block);
}

enum err volume_seal_init(struct volume *v, const uint8_t master[VOLUME_KEY_SIZE])
{
	struct volume_seal *s = heap_alloc(sizeof *s);
	uint8_t id[VOLUME_ID_SIZE];

	if (!s)
		return E_NOMEM;
	v->seal = s;
	volume_bound_id(v, id);
	hkdf_sha256_extract(s->prk, id, sizeof id, master, VOLUME_KEY_SIZE);
	seal_derive_gcm(s, &s->super, "retwine.volume.super.v1", NULL, 0);
	seal_derive_gcm(s, &s->epochs, "retwine.volume.epochs.v1", NULL, 0);
	seal_init_names(s);
	return E_OK;
}

void volume_seal_fini(struct volume *v)
{
	struct volume_seal *s = v->seal;

	if (!s)
		return;
	for (size_t i = 0; i < VOLUME_EPOCHS_CACHED; i++) {
		if (s->cache[i])
			wipe(s->cache[i], sizeof *s->cache[i]);
		heap_free(s->cache[i]);
	}
	wipe(s, sizeof *s);
	heap_free(s);
	v->seal = NULL;
}

static enum err seal_new_epoch(struct volume *v, const uint8_t salt[VOLUME_SALT_SIZE])
{
	struct volume_seal *s = v->seal;
	const uint32_t epoch = v->super.epoch_count;
	const uint32_t in_block = VOLUME_BLOCK_SIZE / VOLUME_SALT_SIZE;
	uint8_t *block;
	enum err err;

	if (epoch == UINT32_MAX)
		return E_LIMIT;
	err = volume_tree_write(v, &v->super.epochs, epoch / in_block, epoch % in_block == 0,
				&block);
	if (err != E_OK)
		return err;
	memcpy(block + (size_t)(epoch % in_block) * VOLUME_SALT_SIZE, salt, VOLUME_SALT_SIZE);
	seal_derive_epoch(s, &s->own, salt);
	s->epoch = epoch;
	s->counter = 0;
	s->begun = true;
	v->super.epoch_count = epoch + 1;
	return E_OK;
}

enum err volume_seal_begin(struct volume *v)
{
	uint8_t salt[VOLUME_SALT_SIZE];
	enum err err;

	if (v->seal->begun)
		return E_OK;
	err = v->config.random.get(v->config.random.context, salt, sizeof salt);
	if (err == E_OK)
		err = seal_new_epoch(v, salt);
	wipe(salt, sizeof salt);
	return err;
}

/* The salt of an epoch, out of the table. */
static enum err seal_read_salt(struct volume *v, uint32_t epoch, uint8_t salt[VOLUME_SALT_SIZE])
{
	const uint32_t in_block = VOLUME_BLOCK_SIZE / VOLUME_SALT_SIZE;
	const uint8_t *block;
	enum err err;

	if (!volume_holds(BLOCK_EPOCH, epoch < v->super.epoch_count))
		return E_VOLUME_BLOCK;
	err = volume_tree_read(v, &v->super.epochs, epoch / in_block, &block);
	if (err != E_OK)
		return err;
	if (!block)
		return E_VOLUME_FORMAT;
	memcpy(salt, block + (size_t)(epoch % in_block) * VOLUME_SALT_SIZE, VOLUME_SALT_SIZE);
	return E_OK;
}

/* Puts the key of an epoch into its place, in which there is none yet or that of another epoch. */
static enum err seal_load_epoch(struct volume *v, uint32_t epoch, struct volume_epoch **place)
{
	uint8_t salt[VOLUME_SALT_SIZE];
	enum err err = seal_read_salt(v, epoch, salt);

	if (err != E_OK)
		return err;
	if (!*place)
		*place = heap_alloc(sizeof **place);
	if (!*place)
		return E_NOMEM;
	seal_derive_epoch(v->seal, &(*place)->key, salt);
	(*place)->epoch = epoch;
	return E_OK;
}

/* *key is valid until the next call. */
static enum err seal_epoch_key(struct volume *v, uint32_t epoch, const struct gcm_key **key)
{
	struct volume_seal *s = v->seal;
	struct volume_epoch **place = &s->cache[epoch % VOLUME_EPOCHS_CACHED];

	if (s->begun && epoch == s->epoch) {
		*key = &s->own;
		return E_OK;
	}
	if (!*place || (*place)->epoch != epoch) {
		enum err err = seal_load_epoch(v, epoch, place);

		if (err != E_OK)
			return err;
	}
	*key = &(*place)->key;
	return E_OK;
}

static void seal_block_aad(const struct volume *v, const struct volume_place *place,
			   uint8_t aad[BLOCK_AAD_SIZE])
{
	uint8_t id[VOLUME_ID_SIZE];
	struct writer w;

	volume_bound_id(v, id);
	writer_init(&w, aad, BLOCK_AAD_SIZE);
	writer_bytes(&w, id, sizeof id);
	writer_u64(&w, volume_bound(BLOCK_OBJECT, place->ino));
	writer_u64(&w, volume_bound(BLOCK_INDEX, place->index));
	writer_u8(&w, volume_bound(BLOCK_LEVEL, place->level));
	must(w.len == BLOCK_AAD_SIZE);
}

/* An epoch's nonce is the counter and zeros; that of a block of INO_EPOCHS is all random. */
static void seal_nonce(const struct volume_place *place, const struct volume_ref *ref,
		       uint8_t nonce[VOLUME_NONCE_SIZE])
{
	struct writer w;

	writer_init(&w, nonce, VOLUME_NONCE_SIZE);
	writer_u64(&w, ref->counter);
	writer_u32(&w, place->ino == INO_EPOCHS ? ref->epoch : 0);
}

static enum err seal_random_nonce(struct volume *v, struct volume_ref *ref)
{
	uint8_t nonce[VOLUME_NONCE_SIZE];
	struct reader r;
	enum err err = v->config.random.get(v->config.random.context, nonce, sizeof nonce);

	if (err != E_OK)
		return err;
	reader_init(&r, nonce, sizeof nonce);
	ref->counter = reader_u64(&r);
	ref->epoch = reader_u32(&r);
	return E_OK;
}

/* Gives *ref a nonce that its key has not had. */
static enum err seal_take_nonce(struct volume *v, const struct volume_place *place,
				struct volume_ref *ref, const struct gcm_key **key)
{
	struct volume_seal *s = v->seal;

	if (place->ino == INO_EPOCHS) {
		*key = &s->epochs;
		return seal_random_nonce(v, ref);
	}
	must(s->begun);
	if (s->counter >= VOLUME_COUNTER_MAX)
		return E_LIMIT;
	ref->epoch = s->epoch;
	ref->counter = s->counter++;
	*key = &s->own;
	return E_OK;
}

enum err volume_seal_block(struct volume *v, const struct volume_place *place,
			   const uint8_t plain[VOLUME_BLOCK_SIZE],
			   uint8_t cipher[VOLUME_BLOCK_SIZE], struct volume_ref *ref)
{
	uint8_t aad[BLOCK_AAD_SIZE], nonce[VOLUME_NONCE_SIZE];
	const struct gcm_key *key;
	enum err err = seal_take_nonce(v, place, ref, &key);

	if (err != E_OK)
		return err;
	seal_block_aad(v, place, aad);
	seal_nonce(place, ref, nonce);
	gcm_seal(key, nonce, aad, sizeof aad, plain, VOLUME_BLOCK_SIZE, cipher, ref->tag);
	return E_OK;
}

enum err volume_open_block(struct volume *v, const struct volume_place *place,
			   const struct volume_ref *ref, const uint8_t cipher[VOLUME_BLOCK_SIZE],
			   uint8_t plain[VOLUME_BLOCK_SIZE])
{
	uint8_t aad[BLOCK_AAD_SIZE], nonce[VOLUME_NONCE_SIZE];
	const struct gcm_key *key = &v->seal->epochs;
	enum err err = E_OK;

	if (place->ino != INO_EPOCHS)
		err = seal_epoch_key(v, ref->epoch, &key);
	if (err != E_OK)
		return err;
	seal_block_aad(v, place, aad);
	seal_nonce(place, ref, nonce);
	err = gcm_open(key, nonce, aad, sizeof aad, cipher, VOLUME_BLOCK_SIZE, plain, ref->tag);
	return volume_holds(BLOCK_TAG, err == E_OK) ? E_OK : E_VOLUME_BLOCK;
}

uint64_t volume_hash_name(const struct volume *v, const char *name, size_t size)
{
	struct sha256 s = v->seal->names;
	uint8_t digest[SHA256_SIZE];
	uint64_t hash;

	sha256_update(&s, name, size);
	sha256_final(&s, digest);
	memcpy(&hash, digest, sizeof hash);
	return hash;
}
