/*
 * volume: no pair of key and nonce is used twice, whatever happens: commits that fail and are done
 * again, mounts after crashes, two live mounts of copies of one file. Linked with --wrap=gcm_seal.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/gcm.h"
#include "test/lib/check.h"
#include "test/lib/volume_nonces.h"
#include "test/lib/volume_pair.h"

/* The counting counts. */
TEST(nonces_are_looked_at)
{
	static const uint8_t bytes[GCM_KEY_SIZE], nonce[GCM_NONCE_SIZE];
	uint8_t text[16] = {0}, tag[GCM_TAG_SIZE];
	struct gcm_key key, other;

	nonces_forget();
	gcm_key_init(&key, bytes);
	gcm_key_init(&other, (const uint8_t[GCM_KEY_SIZE]){1});
	gcm_seal(&key, nonce, NULL, 0, text, sizeof(text), text, tag);
	gcm_seal(&other, nonce, NULL, 0, text, sizeof(text), text, tag);
	gcm_seal(&key, (const uint8_t[GCM_NONCE_SIZE]){1}, NULL, 0, text, sizeof(text), text, tag);
	CHECK_EQ(nonces_repeated(), 0);
	gcm_seal(&key, nonce, NULL, 0, text, sizeof(text), text, tag);
	CHECK_EQ(nonces_repeated(), 1);
	CHECK_EQ(nonces_sealed(), 4);
	nonces_forget();
}

/* Lets go of the volume, and makes another one under the same key. */
static void begin_again(struct pair *p)
{
	struct volume_state found, expected;

	volume_close(p->v);
	CHECK_EQ(volume_open(&p->v, &p->config, p->master, &found, &expected), E_OK);
	volume_close(p->v);
	disk_image_resize(&p->disk.image, 0);
	CHECK_EQ(volume_format(&p->config, p->master), E_OK);
	CHECK_EQ(volume_open(&p->v, &p->config, p->master, &found, &expected), E_OK);
	model_fini(&p->model);
	model_init(&p->model, p->now);
	model_copy(&p->committed, &p->model);
}

/* A commit in which the disk fails somewhere, and once more. */
static enum err commit_twice(struct pair *p)
{
	p->disk.fail_after = (long)pair_pick(p, 6);
	p->disk.fail_once = p->disk.fail_torn = true;
	enum err err = volume_commit(p->v);

	CHECK(err == E_OK || err == E_IO);
	p->disk.fail_after = -1;
	if (err != E_OK)
		err = volume_commit(p->v);
	CHECK(err == E_OK || err == E_VOLUME_BROKEN);
	return err;
}

TEST(nonces_never_repeat_over_mounts_and_failures)
{
	static struct pair p;
	uint32_t broken = 0;

	pair_init(&p, 1, VOLUME_CACHE_MIN, 0);
	for (uint32_t i = 0; i < 4000; i++) {
		pair_step(&p);
		if (pair_pick(&p, 15) == 0 && commit_twice(&p) != E_OK) {
			begin_again(&p);
			broken++;
		}
		if (pair_pick(&p, 60) == 0)
			pair_remount(&p, true);
	}
	printf("%llu blocks sealed, %u times broken\n", (unsigned long long)nonces_sealed(),
	       broken);
	CHECK(nonces_sealed() > 1000 && broken > 5);
	CHECK_EQ(nonces_repeated(), 0);
	CHECK_EQ(p.wrong, 0);
	pair_fini(&p);
}

/* Writes and commits; another content each time. */
static void work(struct volume *v, uint32_t round)
{
	uint64_t ino;
	enum volume_type type;
	size_t done;
	uint8_t data[3000];

	memset(data, (int)round, sizeof(data));
	if (volume_lookup(v, VOLUME_ROOT, "f", 1, &ino, &type) != E_OK)
		CHECK_EQ(volume_create(v, VOLUME_ROOT, "f", 1, VOLUME_FILE, &ino), E_OK);
	CHECK_EQ(volume_write(v, ino, data, sizeof(data), round * 1000, &done), E_OK);
	CHECK_EQ(volume_commit(v), E_OK);
}

/* The same bytes mounted several times at once, and again after each crash. */
TEST(nonces_never_repeat_in_copies_of_one_file)
{
	static struct pair p;
	struct volume_disk disks[4];
	struct volume *v[4];
	struct volume_state found, expected;

	pair_init(&p, 2, VOLUME_CACHE_MIN, 0);
	work(p.v, 1);
	for (uint32_t round = 0; round < 50; round++) {
		for (size_t i = 0; i < COUNT_OF(v); i++) {
			disk_init(&disks[i]);
			disk_image_copy(&disks[i].image, &p.disk.image);
			const struct volume_config config = pair_config(&p, &disks[i]);

			CHECK_EQ(volume_open(&v[i], &config, p.master, &found, &expected), E_OK);
		}
		for (uint32_t k = 0; k < 5; k++) {
			for (size_t i = 0; i < COUNT_OF(v); i++)
				work(v[i], round + k);
		}
		for (size_t i = 0; i < COUNT_OF(v); i++) {
			volume_close(v[i]);
			disk_fini(&disks[i]);
		}
		if (round % 5 == 0)
			work(p.v, round);
	}
	CHECK_EQ(nonces_repeated(), 0);
	pair_fini(&p);
}

int main(void)
{
	RUN(nonces_are_looked_at);
	RUN(nonces_never_repeat_over_mounts_and_failures);
	RUN(nonces_never_repeat_in_copies_of_one_file);
	printf("%llu blocks sealed in all, no pair of key and nonce twice\n",
	       (unsigned long long)nonces_sealed());
	nonces_forget();
	return check_report();
}
