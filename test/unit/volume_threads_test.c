/*
 * volume: several threads at once on one volume, each in a directory and a file of its own and all of them
 * in a common one; then everything is there. For ThreadSanitizer.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/park.h"
#include "test/lib/check.h"
#include "test/lib/volume_pair.h"

#define THREADS 4
#define ROUNDS	60

struct worker {
	pthread_t thread;
	struct volume *v;
	uint32_t number;
	uint32_t failed;
};

static bool round_of(struct worker *w, uint64_t dir, uint64_t own, uint32_t round)
{
	uint8_t data[5000], back[5000];
	char name[32], other[32];
	uint64_t ino, found;
	enum volume_type type;
	size_t done;

	memset(data, (int)(w->number * 64 + round), sizeof(data));
	const size_t size = (size_t)snprintf(name, sizeof(name), "f%u", round);
	const size_t other_size =
		(size_t)snprintf(other, sizeof(other), "t%u-%u", w->number, round);

	return volume_create(w->v, dir, name, size, VOLUME_FILE, &ino) == E_OK &&
	       volume_write(w->v, ino, data, sizeof(data), 100, &done) == E_OK &&
	       done == sizeof(data) &&
	       volume_write(w->v, own, data, sizeof(data), round * sizeof(data), &done) == E_OK &&
	       volume_read(w->v, ino, back, sizeof(back), 100, &done) == E_OK &&
	       memcmp(data, back, sizeof(data)) == 0 &&
	       volume_rename(w->v, dir, name, size, VOLUME_ROOT, other, other_size) == E_OK &&
	       volume_lookup(w->v, VOLUME_ROOT, other, other_size, &found, &type) == E_OK &&
	       found == ino && (round % 7 != 0 || volume_commit(w->v) == E_OK) &&
	       (round % 2 == 0 || volume_unlink(w->v, VOLUME_ROOT, other, other_size) == E_OK);
}

static void *work(void *context)
{
	struct worker *w = context;
	char name[32];
	uint64_t dir, own;

	park_enter(w->number + 1);
	const size_t size = (size_t)snprintf(name, sizeof(name), "dir%u", w->number);

	if (volume_create(w->v, VOLUME_ROOT, name, size, VOLUME_DIRECTORY, &dir) != E_OK ||
	    volume_create(w->v, dir, "own", 3, VOLUME_FILE, &own) != E_OK ||
	    volume_hold(w->v, own) != E_OK)
		w->failed++;
	for (uint32_t round = 0; round < ROUNDS; round++)
		w->failed += !round_of(w, dir, own, round);
	volume_release(w->v, own);
	return NULL;
}

static bool count_entry(void *context, const struct volume_dirent *entry)
{
	(void)entry;
	++*(uint32_t *)context;
	return true;
}

TEST(volume_serves_threads_at_once)
{
	static struct pair p;
	struct worker workers[THREADS];
	uint32_t entries = 0;

	pair_init(&p, 1, VOLUME_CACHE_MIN, 0);
	for (uint32_t i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){.v = p.v, .number = i};
		CHECK_EQ(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (uint32_t i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		CHECK_EQ(workers[i].failed, 0);
	}
	CHECK_EQ(volume_commit(p.v), E_OK);
	CHECK(pair_check_volume(p.v, "after the threads"));
	CHECK_EQ(volume_readdir(p.v, VOLUME_ROOT, 0, count_entry, &entries), E_OK);
	CHECK_EQ(entries, THREADS * (1 + ROUNDS / 2));
	pair_fini(&p);
}

int main(void)
{
	RUN(volume_serves_threads_at_once);
	return check_report();
}
