/*
 * Sealing: blocks, epochs, superblocks, and which superblock a mount takes. The tree of INO_EPOCHS is an
 * array here.
 */
#include "volume/seal.h"

#include "crypto/gcm.h"
#include "crypto/hkdf.h"
#include "volume/keys.h"
#include "volume/tree.h"

#include "test/lib/check.h"
#include "test/lib/native.h"

#define SALTS	    (VOLUME_BLOCK_SIZE / VOLUME_SALT_SIZE)
#define TREE_BLOCKS 4u

/* ---- surroundings ---- */

static uint8_t g_epochs[TREE_BLOCKS][VOLUME_BLOCK_SIZE];
static bool g_present[TREE_BLOCKS];
static enum err g_tree_error;
static unsigned g_tree_reads;

enum err volume_tree_read(struct volume *v, const struct volume_tree *tree, uint64_t index,
			  const uint8_t **block)
{
	CHECK(tree == &v->super.epochs);
	g_tree_reads++;
	if (g_tree_error != E_OK)
		return g_tree_error;
	*block = index < TREE_BLOCKS && g_present[index] ? g_epochs[index] : NULL;
	return E_OK;
}

enum err volume_tree_write(struct volume *v, struct volume_tree *tree, uint64_t index, bool whole,
			   uint8_t **block)
{
	CHECK(tree == &v->super.epochs && index < TREE_BLOCKS);
	if (g_tree_error != E_OK)
		return g_tree_error;
	CHECK(whole == !g_present[index]);
	if (whole)
		memset(g_epochs[index], 0, VOLUME_BLOCK_SIZE);
	g_present[index] = true;
	*block = g_epochs[index];
	return E_OK;
}

/* A stream that goes on from mount to mount. */
static uint64_t g_stream;
static bool g_random_fails;

static enum err random_get(void *context, void *out, size_t size)
{
	uint8_t *p = out;

	(void)context;
	if (g_random_fails)
		return E_CRYPTO;
	for (size_t i = 0; i < size; i++) {
		g_stream = g_stream * 6364136223846793005u + 1442695040888963407u;
		p[i] = (uint8_t)(g_stream >> 56);
	}
	return E_OK;
}

static const uint8_t g_master[VOLUME_KEY_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

/* A mount of the volume that the tree above belongs to. */
static void mount(struct volume *v, uint32_t epoch_count)
{
	memset(v, 0, sizeof *v);
	memset(v->config.id, 0x1d, sizeof v->config.id);
	v->config.random.get = random_get;
	v->super.epoch_count = epoch_count;
	v->super.epochs.ino = INO_EPOCHS;
	CHECK_EQ(volume_seal_init(v, g_master), E_OK);
}

static void mount_new(struct volume *v)
{
	memset(g_present, 0, sizeof g_present);
	g_tree_error = E_OK;
	g_random_fails = false;
	mount(v, 0);
}

/* The same volume's id or master key changed. */
static void rekey(struct volume *v, const uint8_t id[VOLUME_ID_SIZE],
		  const uint8_t master[VOLUME_KEY_SIZE])
{
	volume_seal_fini(v);
	memcpy(v->config.id, id, VOLUME_ID_SIZE);
	CHECK_EQ(volume_seal_init(v, master), E_OK);
}

static const struct volume_place g_place = {.ino = 77, .index = 0x123456789a, .level = 1};
static uint8_t g_plain[VOLUME_BLOCK_SIZE], g_cipher[VOLUME_BLOCK_SIZE], g_back[VOLUME_BLOCK_SIZE];

static void fill_plain(void)
{
	for (size_t i = 0; i < sizeof g_plain; i++)
		g_plain[i] = (uint8_t)(i * 7 + (i >> 8) + 1);
}

static bool is_zero(const uint8_t *p, size_t size)
{
	uint8_t any = 0;

	for (size_t i = 0; i < size; i++)
		any |= p[i];
	return any == 0;
}

static void seal_one(struct volume *v, const struct volume_place *place, struct volume_ref *ref)
{
	fill_plain();
	*ref = (struct volume_ref){.block = 123};
	CHECK_EQ(volume_seal_begin(v), E_OK);
	CHECK_EQ(volume_seal_block(v, place, g_plain, g_cipher, ref), E_OK);
	CHECK_EQ(ref->block, 123);
}

static void opens(struct volume *v, const struct volume_place *place, const struct volume_ref *ref)
{
	memset(g_back, 0, sizeof g_back);
	CHECK_EQ(volume_open_block(v, place, ref, g_cipher, g_back), E_OK);
	CHECK(memcmp(g_back, g_plain, sizeof g_back) == 0);
}

/* Refused, and nothing of it handed out. */
static void refuses(struct volume *v, const struct volume_place *place,
		    const struct volume_ref *ref)
{
	memset(g_back, 0, sizeof g_back);
	CHECK_EQ(volume_open_block(v, place, ref, g_cipher, g_back), E_VOLUME_BLOCK);
	CHECK(is_zero(g_back, sizeof g_back));
}

/* ---- blocks ---- */

TEST(block_opens_where_it_was_sealed)
{
	struct volume_ref ref;
	struct volume v;

	mount_new(&v);
	seal_one(&v, &g_place, &ref);
	CHECK(memcmp(g_cipher, g_plain, sizeof g_plain) != 0);
	opens(&v, &g_place, &ref);
	volume_seal_fini(&v);
}

TEST(block_with_a_changed_byte_is_refused)
{
	struct volume_ref ref;
	struct volume v;

	mount_new(&v);
	seal_one(&v, &g_place, &ref);
	for (size_t i = 0; i < sizeof g_cipher; i++) {
		g_cipher[i] ^= (uint8_t)(1u << i % 8);
		refuses(&v, &g_place, &ref);
		g_cipher[i] ^= (uint8_t)(1u << i % 8);
	}
	opens(&v, &g_place, &ref);
	volume_seal_fini(&v);
}

static void check_bent_refs(struct volume *v, const struct volume_place *place,
			    const struct volume_ref *ref)
{
	struct volume_ref bent;

	for (size_t i = 0; i < sizeof ref->tag; i++) {
		bent = *ref;
		bent.tag[i] ^= 0x80;
		refuses(v, place, &bent);
	}
	for (unsigned bit = 0; bit < 64; bit++) {
		bent = *ref;
		bent.counter ^= (uint64_t)1 << bit;
		refuses(v, place, &bent);
	}
	for (unsigned bit = 0; bit < 32; bit++) {
		bent = *ref;
		bent.epoch ^= (uint32_t)1 << bit;
		refuses(v, place, &bent);
	}
}

TEST(block_is_bound_to_its_reference)
{
	const struct volume_place salts = {.ino = INO_EPOCHS};
	struct volume_ref ref;
	struct volume v;

	mount_new(&v);
	seal_one(&v, &g_place, &ref);
	check_bent_refs(&v, &g_place, &ref);
	seal_one(&v, &salts, &ref);
	opens(&v, &salts, &ref);
	check_bent_refs(&v, &salts, &ref);
	volume_seal_fini(&v);
}

static void check_moved(struct volume *v, const struct volume_place *place,
			const struct volume_ref *ref)
{
	for (unsigned bit = 0; bit < 64; bit++) {
		struct volume_place p = *place;

		p.ino ^= (uint64_t)1 << bit;
		refuses(v, &p, ref);
		p = *place;
		p.index ^= (uint64_t)1 << bit;
		refuses(v, &p, ref);
	}
	for (unsigned bit = 0; bit < 8; bit++) {
		struct volume_place p = *place;

		p.level ^= (uint8_t)(1u << bit);
		refuses(v, &p, ref);
	}
}

TEST(block_is_bound_to_object_index_and_level)
{
	const struct volume_place salts = {.ino = INO_EPOCHS, .index = 3};
	struct volume_ref ref;
	struct volume v;

	mount_new(&v);
	seal_one(&v, &g_place, &ref);
	check_moved(&v, &g_place, &ref);
	seal_one(&v, &salts, &ref);
	check_moved(&v, &salts, &ref);
	volume_seal_fini(&v);
}

TEST(block_is_bound_to_the_volume_and_to_its_key)
{
	const struct volume_place salts = {.ino = INO_EPOCHS};
	uint8_t master[VOLUME_KEY_SIZE], id[VOLUME_ID_SIZE];

	for (int what = 0; what < 4; what++) {
		const struct volume_place *place = what % 2 == 0 ? &g_place : &salts;
		struct volume_ref ref;
		struct volume v;

		mount_new(&v);
		seal_one(&v, place, &ref);
		memcpy(id, v.config.id, sizeof id);
		memcpy(master, g_master, sizeof master);
		if (what < 2)
			id[15] ^= 1;
		else
			master[31] ^= 1;
		rekey(&v, id, master);
		refuses(&v, place, &ref);
		memset(id, 0x1d, sizeof id);
		rekey(&v, id, g_master);
		opens(&v, place, &ref);
		volume_seal_fini(&v);
	}
}

TEST(block_of_one_key_never_has_a_nonce_twice)
{
	const struct volume_place salts = {.ino = INO_EPOCHS};
	struct volume_ref ref, other;
	struct volume v;
	uint64_t last = 0;

	mount_new(&v);
	for (int i = 0; i < 100; i++) {
		seal_one(&v, &g_place, &ref);
		CHECK_EQ(ref.epoch, 0);
		CHECK(i == 0 || ref.counter > last);
		last = ref.counter;
	}
	seal_one(&v, &salts, &ref);
	seal_one(&v, &salts, &other);
	CHECK(ref.counter != other.counter && ref.epoch != other.epoch);
	seal_one(&v, &g_place, &ref);
	CHECK(ref.counter > last);
	volume_seal_fini(&v);
}

TEST(block_beyond_the_end_of_the_counter_is_not_sealed)
{
	struct volume_ref ref;
	struct volume v;

	mount_new(&v);
	CHECK_EQ(volume_seal_begin(&v), E_OK);
	v.seal->counter = ((uint64_t)1 << 48) - 1;
	seal_one(&v, &g_place, &ref);
	CHECK_EQ(ref.counter, ((uint64_t)1 << 48) - 1);
	opens(&v, &g_place, &ref);
	memset(g_cipher, 0, sizeof g_cipher);
	CHECK_EQ(volume_seal_block(&v, &g_place, g_plain, g_cipher, &ref), E_LIMIT);
	CHECK_EQ(volume_seal_block(&v, &g_place, g_plain, g_cipher, &ref), E_LIMIT);
	CHECK(is_zero(g_cipher, sizeof g_cipher));
	volume_seal_fini(&v);
}

TEST(block_of_salts_without_randomness_is_not_sealed)
{
	const struct volume_place salts = {.ino = INO_EPOCHS};
	struct volume_ref ref = {0};
	struct volume v;

	mount_new(&v);
	CHECK_EQ(volume_seal_begin(&v), E_OK);
	g_random_fails = true;
	memset(g_cipher, 0, sizeof g_cipher);
	CHECK_EQ(volume_seal_block(&v, &salts, g_plain, g_cipher, &ref), E_CRYPTO);
	CHECK(is_zero(g_cipher, sizeof g_cipher));
	volume_seal_fini(&v);
}

/* A key of the volume as doc/volume.md says it. */
static void documented_key(const struct volume *v, const char *label, const uint8_t *salt,
			   uint8_t out[GCM_KEY_SIZE])
{
	uint8_t info[64];
	size_t n = strlen(label);

	memcpy(info, label, n);
	if (salt) {
		memcpy(info + n, salt, VOLUME_SALT_SIZE);
		n += VOLUME_SALT_SIZE;
	}
	CHECK_EQ(hkdf_sha256(out, GCM_KEY_SIZE, v->config.id, VOLUME_ID_SIZE, g_master,
			     sizeof g_master, info, n),
		 E_OK);
}

static void documented_aad(const struct volume *v, const struct volume_place *place,
			   uint8_t aad[33])
{
	memcpy(aad, v->config.id, 16);
	memcpy(aad + 16, &place->ino, 8);
	memcpy(aad + 24, &place->index, 8);
	aad[32] = place->level;
}

static void check_documented(const struct volume *v, const struct volume_place *place,
			     const struct volume_ref *ref, const char *label, const uint8_t *salt)
{
	uint8_t key[GCM_KEY_SIZE], aad[33], nonce[GCM_NONCE_SIZE] = {0};
	struct gcm_key g;

	documented_key(v, label, salt, key);
	gcm_key_init(&g, key);
	documented_aad(v, place, aad);
	memcpy(nonce, &ref->counter, 8);
	if (!salt)
		memcpy(nonce + 8, &ref->epoch, 4);
	CHECK_EQ(gcm_open(&g, nonce, aad, sizeof aad, g_cipher, sizeof g_cipher, g_back, ref->tag),
		 E_OK);
	CHECK(memcmp(g_back, g_plain, sizeof g_back) == 0);
}

TEST(block_is_sealed_as_the_document_says)
{
	const struct volume_place salts = {.ino = INO_EPOCHS, .index = 2, .level = 1};
	struct volume_ref ref;
	struct volume v;

	mount_new(&v);
	seal_one(&v, &g_place, &ref);
	check_documented(&v, &g_place, &ref, "retwine.volume.block.v1", g_epochs[0]);
	seal_one(&v, &salts, &ref);
	check_documented(&v, &salts, &ref, "retwine.volume.epochs.v1", NULL);
	volume_seal_fini(&v);
}

/* ---- epochs ---- */

/* More mounts than keys are kept at hand for, and than there are salts in a block. */
#define MOUNTS (VOLUME_EPOCHS_CACHED + SALTS / 2)

static uint8_t g_ciphers[MOUNTS][VOLUME_BLOCK_SIZE];
static struct volume_ref g_refs[MOUNTS];

static void mount_often(struct volume *v)
{
	mount_new(v);
	for (uint32_t i = 0; i < MOUNTS; i++) {
		volume_seal_fini(v);
		mount(v, i);
		seal_one(v, &g_place, &g_refs[i]);
		CHECK_EQ(g_refs[i].epoch, i);
		CHECK_EQ(g_refs[i].counter, 0);
		CHECK_EQ(v->super.epoch_count, i + 1);
		memcpy(g_ciphers[i], g_cipher, sizeof g_cipher);
	}
	g_tree_reads = 0;
}

static void opens_of(struct volume *v, uint32_t epoch)
{
	memcpy(g_cipher, g_ciphers[epoch], sizeof g_cipher);
	opens(v, &g_place, &g_refs[epoch]);
}

TEST(epochs_of_all_mounts_open_in_the_last)
{
	struct volume v;

	mount_often(&v);
	for (uint32_t i = 0; i < MOUNTS; i++) {
		opens_of(&v, i);
		refuses(&v, &g_place, &g_refs[i == 0]);
	}
	for (uint32_t i = MOUNTS; i-- > 0;)
		opens_of(&v, i);
	volume_seal_fini(&v);
}

TEST(epochs_that_are_used_stay_at_hand)
{
	struct volume v;

	mount_often(&v);
	for (int round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < VOLUME_EPOCHS_CACHED; i++)
			opens_of(&v, i);
		opens_of(&v, MOUNTS - 1); /* the mount's own takes nobody's place */
	}
	CHECK_EQ(g_tree_reads, VOLUME_EPOCHS_CACHED);
	for (int round = 0; round < 3; round++) {
		opens_of(&v, 0);
		opens_of(&v, VOLUME_EPOCHS_CACHED);
	}
	CHECK_EQ(g_tree_reads, VOLUME_EPOCHS_CACHED + 5);
	volume_seal_fini(&v);
}

TEST(epoch_without_memory_for_its_key_says_so)
{
	struct volume_ref ref;
	struct volume v;

	mount_new(&v);
	seal_one(&v, &g_place, &ref);
	volume_seal_fini(&v);
	mount(&v, 1);
	native_heap_fail_at(0);
	CHECK_EQ(volume_open_block(&v, &g_place, &ref, g_cipher, g_back), E_NOMEM);
	native_heap_fail_at(-1);
	opens(&v, &g_place, &ref);
	volume_seal_fini(&v);
}

TEST(epoch_begins_once_a_mount)
{
	struct volume_ref ref;
	struct volume v;

	mount_new(&v);
	CHECK_EQ(volume_seal_begin(&v), E_OK);
	seal_one(&v, &g_place, &ref);
	CHECK_EQ(volume_seal_begin(&v), E_OK);
	CHECK_EQ(v.super.epoch_count, 1);
	seal_one(&v, &g_place, &ref);
	CHECK_EQ(ref.counter, 1);
	volume_seal_fini(&v);
}

TEST(epochs_of_two_mounts_of_one_copy_have_different_keys)
{
	uint8_t first[VOLUME_BLOCK_SIZE];
	struct volume_ref a, b;
	struct volume v;

	mount_new(&v);
	seal_one(&v, &g_place, &a);
	memcpy(first, g_cipher, sizeof first);
	volume_seal_fini(&v);
	g_present[0] = false; /* the copy knows nothing of that mount */
	mount(&v, 0);
	seal_one(&v, &g_place, &b);
	CHECK(a.epoch == b.epoch && a.counter == b.counter);
	CHECK(memcmp(first, g_cipher, sizeof first) != 0);
	memcpy(g_cipher, first, sizeof first);
	refuses(&v, &g_place, &a);
	volume_seal_fini(&v);
}

TEST(epoch_that_is_not_in_the_table_is_refused)
{
	struct volume_ref ref;
	struct volume v;

	mount_new(&v);
	seal_one(&v, &g_place, &ref);
	volume_seal_fini(&v);
	mount(&v, 1);
	opens(&v, &g_place, &ref);
	ref.epoch = 1;
	refuses(&v, &g_place, &ref);
	ref.epoch = UINT32_MAX;
	refuses(&v, &g_place, &ref);
	volume_seal_fini(&v);
	mount(&v, 0); /* the salt is there, but the commit does not count it */
	ref.epoch = 0;
	refuses(&v, &g_place, &ref);
	CHECK_EQ(g_present[0], true);
	v.super.epoch_count = 2 * SALTS; /* counted, but not there */
	ref.epoch = SALTS;
	CHECK_EQ(volume_open_block(&v, &g_place, &ref, g_cipher, g_back), E_VOLUME_FORMAT);
	g_tree_error = E_IO;
	CHECK_EQ(volume_open_block(&v, &g_place, &ref, g_cipher, g_back), E_IO);
	g_tree_error = E_OK;
	volume_seal_fini(&v);
}

TEST(epoch_that_cannot_begin_leaves_everything_as_it_was)
{
	struct volume v;

	mount_new(&v);
	g_random_fails = true;
	CHECK_EQ(volume_seal_begin(&v), E_CRYPTO);
	g_random_fails = false;
	g_tree_error = E_NO_SPACE;
	CHECK_EQ(volume_seal_begin(&v), E_NO_SPACE);
	g_tree_error = E_OK;
	CHECK(!v.seal->begun && v.super.epoch_count == 0 && !g_present[0]);
	v.super.epoch_count = UINT32_MAX;
	CHECK_EQ(volume_seal_begin(&v), E_LIMIT);
	CHECK_EQ(v.super.epoch_count, UINT32_MAX);
	v.super.epoch_count = 0;
	CHECK_EQ(volume_seal_begin(&v), E_OK);
	CHECK_EQ(v.super.epoch_count, 1);
	volume_seal_fini(&v);
}

/* ---- superblocks ---- */

static struct volume_super a_super(uint64_t sequence, const uint8_t *parent)
{
	struct volume_super s = {.sequence = sequence,
				 .time = 99,
				 .block_count = 100,
				 .used_count = 50,
				 .epoch_count = 1,
				 .inode_count = 6};

	if (parent)
		memcpy(s.parent, parent, sizeof s.parent);
	return s;
}

TEST(super_opens_in_its_slot_alone)
{
	uint8_t sealed[VOLUME_BLOCK_SIZE], root[VOLUME_HASH_SIZE], again[VOLUME_HASH_SIZE];
	struct volume_super back, s = a_super(1, NULL);
	struct volume v;

	mount_new(&v);
	for (uint64_t sequence = 1; sequence <= 2; sequence++) {
		const uint32_t slot = sequence & 1;

		CHECK_EQ(volume_seal_super(&v, &s, sealed, root), E_OK);
		CHECK_EQ(volume_open_super(&v, slot, sealed, &back, again), E_OK);
		CHECK_EQ(back.sequence, sequence);
		CHECK_EQ(back.block_count, 100);
		CHECK_EQ(back.table.ino, INO_TABLE);
		CHECK(memcmp(root, again, sizeof root) == 0);
		sha256_digest(again, sealed, sizeof sealed);
		CHECK(memcmp(root, again, sizeof root) == 0);
		CHECK_EQ(volume_open_super(&v, !slot, sealed, &back, again), E_VOLUME_SUPERBLOCK);
		s = a_super(2, root);
	}
	volume_seal_fini(&v);
}

TEST(super_with_a_changed_byte_is_refused)
{
	uint8_t sealed[VOLUME_BLOCK_SIZE], root[VOLUME_HASH_SIZE];
	const struct volume_super s = a_super(1, NULL);
	struct volume_super back;
	struct volume v;

	mount_new(&v);
	CHECK_EQ(volume_seal_super(&v, &s, sealed, root), E_OK);
	for (size_t i = 0; i < sizeof sealed; i++) {
		sealed[i] ^= (uint8_t)(1u << i % 8);
		CHECK_EQ(volume_open_super(&v, 1, sealed, &back, root), E_VOLUME_SUPERBLOCK);
		sealed[i] ^= (uint8_t)(1u << i % 8);
	}
	CHECK_EQ(volume_open_super(&v, 1, sealed, &back, root), E_OK);
	volume_seal_fini(&v);
}

TEST(super_is_bound_to_the_volume_and_to_its_key)
{
	uint8_t sealed[VOLUME_BLOCK_SIZE], root[VOLUME_HASH_SIZE];
	uint8_t id[VOLUME_ID_SIZE], master[VOLUME_KEY_SIZE];
	const struct volume_super s = a_super(1, NULL);
	struct volume_super back;
	struct volume v;

	mount_new(&v);
	CHECK_EQ(volume_seal_super(&v, &s, sealed, root), E_OK);
	memcpy(id, v.config.id, sizeof id);
	id[0] ^= 1;
	rekey(&v, id, g_master);
	CHECK_EQ(volume_open_super(&v, 1, sealed, &back, root), E_VOLUME_SUPERBLOCK);
	id[0] ^= 1;
	memcpy(master, g_master, sizeof master);
	master[0] ^= 1;
	rekey(&v, id, master);
	CHECK_EQ(volume_open_super(&v, 1, sealed, &back, root), E_VOLUME_SUPERBLOCK);
	rekey(&v, id, g_master);
	CHECK_EQ(volume_open_super(&v, 1, sealed, &back, root), E_OK);
	volume_seal_fini(&v);
}

TEST(super_has_a_nonce_of_its_own_each_time)
{
	uint8_t a[VOLUME_BLOCK_SIZE], b[VOLUME_BLOCK_SIZE], root[VOLUME_HASH_SIZE];
	const struct volume_super s = a_super(1, NULL);
	struct volume v;

	mount_new(&v);
	CHECK_EQ(volume_seal_super(&v, &s, a, root), E_OK);
	CHECK_EQ(volume_seal_super(&v, &s, b, root), E_OK);
	CHECK(memcmp(a, b, VOLUME_NONCE_SIZE) != 0);
	g_random_fails = true;
	CHECK_EQ(volume_seal_super(&v, &s, a, root), E_CRYPTO);
	volume_seal_fini(&v);
}

TEST(super_is_sealed_as_the_document_says)
{
	uint8_t sealed[VOLUME_BLOCK_SIZE], root[VOLUME_HASH_SIZE], key[GCM_KEY_SIZE];
	uint8_t plain[VOLUME_SUPER_SIZE], expected[VOLUME_SUPER_SIZE], aad[20] = {0};
	const struct volume_super s = a_super(1, NULL);
	struct gcm_key g;
	struct volume v;

	mount_new(&v);
	CHECK_EQ(volume_seal_super(&v, &s, sealed, root), E_OK);
	documented_key(&v, "retwine.volume.super.v1", NULL, key);
	gcm_key_init(&g, key);
	memcpy(aad, v.config.id, 16);
	aad[16] = 1;
	CHECK_EQ(gcm_open(&g, sealed, aad, sizeof aad, sealed + 12, sizeof plain, plain,
			  sealed + VOLUME_BLOCK_SIZE - 16),
		 E_OK);
	volume_super_encode(expected, &s);
	CHECK(memcmp(plain, expected, sizeof plain) == 0);
	volume_seal_fini(&v);
}

/* ---- which superblock ---- */

static uint8_t g_slots[2][VOLUME_BLOCK_SIZE];
static int g_unreadable = -1;

static enum err slot_read(void *context, void *buf, uint64_t off, size_t size)
{
	const uint64_t first = (uint64_t)VOLUME_SUPER_BLOCK * VOLUME_BLOCK_SIZE;
	const uint64_t slot = (off - first) / VOLUME_BLOCK_SIZE;

	(void)context;
	CHECK(off >= first && slot < 2 && off % VOLUME_BLOCK_SIZE == 0);
	CHECK_EQ(size, VOLUME_BLOCK_SIZE);
	if ((int)slot == g_unreadable)
		return E_IO;
	memcpy(buf, g_slots[slot], size);
	return E_OK;
}

static struct volume_state g_anchored;
static enum err g_anchor_error;

static enum err anchor_get(void *context, const uint8_t id[VOLUME_ID_SIZE],
			   struct volume_state *state)
{
	const struct volume *v = context;

	CHECK(memcmp(id, v->config.id, VOLUME_ID_SIZE) == 0);
	*state = g_anchored; /* also with an error: nothing of it may be believed */
	return g_anchor_error;
}

/* A volume with commits up to `sequence`, the last two in their slots; states by sequence. */
static void commit_up_to(struct volume *v, uint64_t sequence, struct volume_state states[])
{
	mount_new(v);
	v->config.device.read = slot_read;
	memset(g_slots, 0, sizeof g_slots);
	g_unreadable = -1;
	g_anchor_error = E_OK;
	for (uint64_t s = 1; s <= sequence; s++) {
		const struct volume_super super = a_super(s, s > 1 ? states[s - 1].root : NULL);

		states[s].sequence = s;
		CHECK_EQ(volume_seal_super(v, &super, g_slots[s & 1], states[s].root), E_OK);
	}
}

static struct volume_state g_found, g_expected;

static enum err choose(struct volume *v, const struct volume_state *anchored)
{
	static struct volume_anchor anchor;

	anchor.context = v;
	anchor.get = anchor_get;
	v->config.anchor = anchored ? &anchor : NULL;
	if (anchored)
		g_anchored = *anchored;
	memset(&v->super, 0, sizeof v->super);
	memset(&v->committed, 0, sizeof v->committed);
	memset(&g_found, 0xff, sizeof g_found);
	memset(&g_expected, 0xff, sizeof g_expected);
	return volume_choose_super(v, &g_found, &g_expected);
}

static bool same_state(const struct volume_state *a, const struct volume_state *b)
{
	return a->sequence == b->sequence && memcmp(a->root, b->root, sizeof a->root) == 0;
}

static const struct volume_state g_nothing;

#define TAKES(anchored, state)                                                                     \
	do {                                                                                       \
		CHECK_EQ(choose(&v, anchored), E_OK);                                              \
		CHECK(same_state(&v.committed, state));                                            \
		CHECK_EQ(v.super.sequence, (state)->sequence);                                     \
	} while (0)

/* Refused, the volume untouched, and in words: what was found and what expected. */
#define REFUSES(error, anchored, found, expected)                                                  \
	do {                                                                                       \
		CHECK_EQ(choose(&v, anchored), error);                                             \
		CHECK_EQ(v.super.sequence, 0);                                                     \
		CHECK(same_state(&v.committed, &g_nothing));                                       \
		CHECK(same_state(&g_found, found));                                                \
		CHECK(same_state(&g_expected, expected));                                          \
	} while (0)

TEST(choice_without_an_anchor_is_the_last_intact_commit)
{
	struct volume_state s[8];
	struct volume v;

	commit_up_to(&v, 1, s);
	TAKES(NULL, &s[1]);
	volume_seal_fini(&v);
	for (uint64_t last = 4; last <= 5; last++) {
		commit_up_to(&v, last, s);
		TAKES(NULL, &s[last]);
		g_slots[last & 1][2000] ^= 1; /* torn */
		TAKES(NULL, &s[last - 1]);
		g_slots[last & 1][2000] ^= 1;
		g_slots[!(last & 1)][0] ^= 1;
		TAKES(NULL, &s[last]);
		g_slots[last & 1][4095] ^= 1;
		REFUSES(E_VOLUME_SUPERBLOCK, NULL, &g_nothing, &g_nothing);
		volume_seal_fini(&v);
	}
}

TEST(choice_of_exchanged_slots_is_none)
{
	uint8_t tmp[VOLUME_BLOCK_SIZE];
	struct volume_state s[8];
	struct volume v;

	commit_up_to(&v, 5, s);
	memcpy(tmp, g_slots[0], sizeof tmp);
	memcpy(g_slots[0], g_slots[1], sizeof tmp);
	memcpy(g_slots[1], tmp, sizeof tmp);
	REFUSES(E_VOLUME_SUPERBLOCK, NULL, &g_nothing, &g_nothing);
	volume_seal_fini(&v);
}

TEST(choice_takes_what_the_anchor_names_or_its_child)
{
	struct volume_state s[8];
	struct volume v;

	commit_up_to(&v, 5, s);
	TAKES(&s[5], &s[5]);
	CHECK(same_state(&g_expected, &s[5]));
	TAKES(&s[4], &s[5]);			       /* the child */
	REFUSES(E_VOLUME_ANCHOR, &s[3], &s[5], &s[3]); /* the grandchild; the child is there, too */
	volume_seal_fini(&v);
	commit_up_to(&v, 5, s);
	memset(g_slots[1], 0, VOLUME_BLOCK_SIZE);
	TAKES(&s[4], &s[4]); /* exactly, the child being torn */
	TAKES(&s[3], &s[4]);
	volume_seal_fini(&v);
}

TEST(choice_refuses_an_older_state)
{
	struct volume_state s[10];
	uint8_t old[2][VOLUME_BLOCK_SIZE];
	struct volume v;

	commit_up_to(&v, 5, s);
	memcpy(old, g_slots, sizeof old);
	volume_seal_fini(&v);
	mount(&v, 0);
	for (uint64_t i = 6; i <= 8; i++)
		s[i] = (struct volume_state){.sequence = i, .root = {(uint8_t)i}};
	v.config.device.read = slot_read;
	REFUSES(E_VOLUME_ANCHOR, &s[6], &s[5], &s[6]);
	REFUSES(E_VOLUME_ANCHOR, &s[8], &s[5], &s[8]);
	volume_seal_fini(&v);
}

TEST(choice_refuses_another_history)
{
	struct volume_state s[8], other;
	struct volume v;

	commit_up_to(&v, 5, s);
	other = s[5];
	other.root[31] ^= 1;
	REFUSES(E_VOLUME_ANCHOR, &other, &s[5], &other);
	other = s[4]; /* its child is not ours, and ours is not it */
	other.root[0] ^= 1;
	REFUSES(E_VOLUME_ANCHOR, &other, &s[5], &other);
	other = s[5]; /* the right root under a wrong number */
	other.sequence = 7;
	REFUSES(E_VOLUME_ANCHOR, &other, &s[5], &other);
	volume_seal_fini(&v);
}

/* The commit that the anchor names is intact; but what stands above it was made by a fork. */
TEST(choice_refuses_a_strangers_child)
{
	struct volume_state s[8], fork;
	struct volume_super super;
	struct volume v;

	commit_up_to(&v, 4, s);
	super = a_super(5, s[3].root);
	CHECK_EQ(volume_seal_super(&v, &super, g_slots[1], fork.root), E_OK);
	fork.sequence = 5;
	REFUSES(E_VOLUME_ANCHOR, &s[4], &fork, &s[4]);
	TAKES(NULL, &fork);
	volume_seal_fini(&v);
}

TEST(choice_refuses_when_the_anchor_knows_nothing)
{
	struct volume_state s[8];
	struct volume v;

	for (uint64_t last = 1; last <= 2; last++) {
		commit_up_to(&v, last, s);
		REFUSES(E_VOLUME_ANCHOR, &g_nothing, &s[last], &g_nothing);
		g_anchor_error = E_NOT_FOUND;
		REFUSES(E_VOLUME_ANCHOR, &s[last], &s[last], &g_nothing);
		g_anchor_error = E_CRYPTO;
		CHECK_EQ(choose(&v, &s[last]), E_CRYPTO);
		CHECK_EQ(v.super.sequence, 0);
		volume_seal_fini(&v);
	}
}

/* The other one is intact: still it may not pass for the last. */
TEST(choice_does_not_go_round_a_superblock_that_it_cannot_read)
{
	struct volume_state s[8];
	struct volume v;

	commit_up_to(&v, 5, s);
	for (g_unreadable = 0; g_unreadable < 2; g_unreadable++) {
		CHECK_EQ(choose(&v, NULL), E_IO);
		CHECK_EQ(v.super.sequence, 0);
	}
	volume_seal_fini(&v);
}

/* Puts a superblock with changed plaintext into slot 1, under the right key. */
static void forge(struct volume *v, size_t at, uint8_t byte)
{
	uint8_t plain[VOLUME_SUPER_SIZE], aad[20] = {0};
	const uint8_t root[VOLUME_HASH_SIZE] = {1};
	const struct volume_super super = a_super(7, root);

	volume_super_encode(plain, &super);
	plain[at] = byte;
	memcpy(aad, v->config.id, 16);
	aad[16] = 1;
	gcm_seal(&v->seal->super, g_slots[1], aad, sizeof aad, plain, sizeof plain,
		 g_slots[1] + VOLUME_NONCE_SIZE, g_slots[1] + VOLUME_BLOCK_SIZE - VOLUME_TAG_SIZE);
}

TEST(choice_does_not_go_round_a_superblock_that_it_does_not_understand)
{
	struct volume_state s[8];
	struct volume v;

	commit_up_to(&v, 6, s);
	forge(&v, 0, VOLUME_VERSION);
	CHECK_EQ(choose(&v, NULL), E_OK);
	CHECK_EQ(v.super.sequence, 7);
	forge(&v, 0, VOLUME_VERSION + 1);
	CHECK_EQ(choose(&v, NULL), E_VOLUME_VERSION);
	forge(&v, VOLUME_SUPER_SIZE - 1, 1);
	CHECK_EQ(choose(&v, NULL), E_VOLUME_FORMAT);
	CHECK_EQ(v.super.sequence, 0);
	volume_seal_fini(&v);
}

/* ---- names, and what is left behind ---- */

TEST(name_hash_is_keyed)
{
	char name[VOLUME_NAME_MAX];
	uint8_t key[GCM_KEY_SIZE], block[64 + 5] = {0}, digest[SHA256_SIZE];
	uint64_t expected, hash;
	struct volume v;

	mount_new(&v);
	memset(name, 'n', sizeof name);
	hash = volume_hash_name(&v, "hello", 5);
	CHECK_EQ(volume_hash_name(&v, "hello", 5), hash);
	CHECK(volume_hash_name(&v, "hello", 4) != hash);
	CHECK(volume_hash_name(&v, "hellp", 5) != hash);
	CHECK(volume_hash_name(&v, name, 255) != volume_hash_name(&v, name, 254));
	documented_key(&v, "retwine.volume.names.v1", NULL, key);
	memcpy(block, key, sizeof key);
	memcpy(block + 64, "hello", 5);
	sha256_digest(digest, block, sizeof block);
	memcpy(&expected, digest, sizeof expected);
	CHECK_EQ(hash, expected);
	rekey(&v, (const uint8_t[VOLUME_ID_SIZE]){9}, g_master);
	CHECK(volume_hash_name(&v, "hello", 5) != hash);
	volume_seal_fini(&v);
}

TEST(seal_leaves_no_key_in_memory)
{
	struct volume_ref ref;
	struct volume v;
	uint8_t key[GCM_KEY_SIZE];

	mount_new(&v);
	seal_one(&v, &g_place, &ref);
	documented_key(&v, "retwine.volume.block.v1", g_epochs[0], key);
	native_heap_watch(key, 16); /* the first round key is the key's first half */
	volume_seal_fini(&v);
	CHECK(!native_heap_seen());
	mount(&v, 1);
	opens(&v, &g_place, &ref); /* by a key kept at hand */
	volume_seal_fini(&v);
	CHECK(!native_heap_seen());
	hkdf_sha256_extract(key, v.config.id, VOLUME_ID_SIZE, g_master, sizeof g_master);
	mount(&v, 1);
	native_heap_watch(key, sizeof key);
	volume_seal_fini(&v);
	CHECK(!native_heap_seen());
	native_heap_watch(NULL, 0);
	volume_seal_fini(&v);
}

TEST(seal_without_memory_says_so)
{
	struct volume v = {0};

	native_heap_fail_at(0);
	CHECK_EQ(volume_seal_init(&v, g_master), E_NOMEM);
	native_heap_fail_at(-1);
	CHECK(!v.seal);
	volume_seal_fini(&v);
}

int main(void)
{
	RUN(block_opens_where_it_was_sealed);
	RUN(block_with_a_changed_byte_is_refused);
	RUN(block_is_bound_to_its_reference);
	RUN(block_is_bound_to_object_index_and_level);
	RUN(block_is_bound_to_the_volume_and_to_its_key);
	RUN(block_of_one_key_never_has_a_nonce_twice);
	RUN(block_beyond_the_end_of_the_counter_is_not_sealed);
	RUN(block_of_salts_without_randomness_is_not_sealed);
	RUN(block_is_sealed_as_the_document_says);
	RUN(epochs_of_all_mounts_open_in_the_last);
	RUN(epochs_that_are_used_stay_at_hand);
	RUN(epoch_without_memory_for_its_key_says_so);
	RUN(epoch_begins_once_a_mount);
	RUN(epochs_of_two_mounts_of_one_copy_have_different_keys);
	RUN(epoch_that_is_not_in_the_table_is_refused);
	RUN(epoch_that_cannot_begin_leaves_everything_as_it_was);
	RUN(super_opens_in_its_slot_alone);
	RUN(super_with_a_changed_byte_is_refused);
	RUN(super_is_bound_to_the_volume_and_to_its_key);
	RUN(super_has_a_nonce_of_its_own_each_time);
	RUN(super_is_sealed_as_the_document_says);
	RUN(choice_without_an_anchor_is_the_last_intact_commit);
	RUN(choice_of_exchanged_slots_is_none);
	RUN(choice_takes_what_the_anchor_names_or_its_child);
	RUN(choice_refuses_an_older_state);
	RUN(choice_refuses_another_history);
	RUN(choice_refuses_a_strangers_child);
	RUN(choice_refuses_when_the_anchor_knows_nothing);
	RUN(choice_does_not_go_round_a_superblock_that_it_cannot_read);
	RUN(choice_does_not_go_round_a_superblock_that_it_does_not_understand);
	RUN(name_hash_is_keyed);
	RUN(seal_leaves_no_key_in_memory);
	RUN(seal_without_memory_says_so);
	return check_report();
}
