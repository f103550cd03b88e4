/*
 * volume: long random sequences of all operations give the answers that a file system in plain memory
 * gives, and a directory of the host; over commits, mounts, losses of what was not committed, with
 * little memory and little room. `long [seed]` as arguments: much more of it.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test/lib/check.h"
#include "test/lib/volume_pair.h"
#include "volume/check.h"

static uint32_t g_scale = 1; /* how much more */
static uint64_t g_seed = 1;

struct plan {
	uint32_t steps, commit_every, remount_every, compare_every;
};

/* One of `every` on the average; 0: never. */
static bool now_and_then(struct pair *p, uint32_t every)
{
	return every > 0 && pair_pick(p, every) == 0;
}

static void run(struct pair *p, const struct plan *plan)
{
	for (uint32_t i = 0; i < plan->steps * g_scale && p->wrong < 20; i++) {
		pair_step(p);
		if (now_and_then(p, plan->commit_every))
			pair_commit(p);
		if (now_and_then(p, plan->remount_every))
			pair_remount(p, p->host || pair_pick(p, 3));
		if (now_and_then(p, plan->compare_every)) {
			pair_compare(p);
			pair_commit(p);
			CHECK(pair_check_volume(p->v, "now and then"));
		}
	}
	pair_compare(p);
	pair_remount(p, true);
	pair_compare(p);
	pair_commit(p); /* what was held is freed */
	CHECK(pair_check_volume(p->v, "at the end"));
	printf("%llu operations, %llu commits, %llu mounts, %llu losses, %llu without room, %llu "
	       "short writes\n",
	       (unsigned long long)p->steps, (unsigned long long)p->commits,
	       (unsigned long long)p->remounts, (unsigned long long)p->losses,
	       (unsigned long long)p->no_space, (unsigned long long)p->short_writes);
	CHECK_EQ(p->wrong, 0);
}

static struct pair g_pair;

TEST(volume_does_what_a_plain_file_system_does)
{
	const struct plan plan = {6000, 60, 300, 500};

	pair_init(&g_pair, g_seed, VOLUME_CACHE_MIN, 0);
	run(&g_pair, &plan);
	pair_fini(&g_pair);
}

/* Nothing between the operations writes it out but the volume itself. */
static const struct plan g_rare = {3000, 0, 1500, 1500};

TEST(volume_does_so_in_one_transaction)
{
	pair_init(&g_pair, g_seed + 1, VOLUME_CACHE_MIN, 0);
	g_pair.file_max = 4u << 20;
	run(&g_pair, &g_rare);
	pair_fini(&g_pair);
}

TEST(volume_does_what_the_host_does)
{
	const struct plan plan = {4000, 60, 400, 300};
	char path[64];

	snprintf(path, sizeof(path), "/tmp/volume_model_test.%d", (int)getpid());
	pair_init(&g_pair, g_seed + 2, VOLUME_CACHE_MIN, 0);
	g_pair.host = host_start(path);
	run(&g_pair, &plan);
	pair_fini(&g_pair);
}

/* What does not fit leaves everything as it was, what makes room works, and there is no end to it. */
TEST(volume_without_room_stays_whole)
{
	const struct plan plan = {5000, 40, 200, 200};

	pair_init(&g_pair, g_seed + 3, VOLUME_CACHE_MIN, 2u << 20);
	run(&g_pair, &plan);
	CHECK(g_pair.no_space > 20);
	pair_fini(&g_pair);
}

/* As little as a volume can have: every way to run out of room. */
TEST(tiny_volume_without_room_stays_whole)
{
	const struct plan plan = {3000, 10, 100, 100};

	for (uint32_t blocks = 64; blocks <= 256; blocks *= 2) {
		pair_init(&g_pair, g_seed + blocks, VOLUME_CACHE_MIN, blocks * VOLUME_BLOCK_SIZE);
		g_pair.file_max = 1u << 17;
		run(&g_pair, &plan);
		pair_fini(&g_pair);
	}
}

/* The disk of the host is full, which the volume was not told before. */
TEST(full_disk_leaves_the_volume_whole)
{
	const struct plan plan = {3000, 20, 150, 150};

	pair_init(&g_pair, g_seed + 4, VOLUME_CACHE_MIN, 0);
	g_pair.disk.size_max = 3u << 20;
	run(&g_pair, &plan);
	CHECK(g_pair.no_space > 20);
	const uint64_t before = g_pair.no_space;

	g_pair.disk.size_max = 0;
	run(&g_pair, &plan);
	CHECK_EQ(g_pair.no_space, before);
	pair_fini(&g_pair);
}

static struct volume_check check_after_commit(struct pair *p)
{
	struct volume_check check = {0};

	pair_commit(p);
	CHECK_EQ(volume_check(p->v, &check, NULL, NULL), E_OK);
	CHECK_EQ(check.problems, 0);
	return check;
}

/* What was held without a name when the volume was let go of is freed by the next mount, with its blocks. */
TEST(volume_frees_at_a_mount_what_was_held)
{
	static struct pair p;
	static uint8_t data[100000];
	uint32_t node;

	pair_init(&p, g_seed + 5, VOLUME_CACHE_MIN, 0);
	const uint64_t before = check_after_commit(&p).blocks;

	for (char name = 'a'; name < 'k'; name++) {
		CHECK_EQ(pair_create(&p, MODEL_ROOT, &name, 1,
				     name % 3 ? VOLUME_FILE : VOLUME_DIRECTORY, &node),
			 E_OK);
		if (name % 3)
			CHECK_EQ(pair_write(&p, node, data, sizeof(data), 0), E_OK);
		pair_hold(&p, node);
		CHECK_EQ(name % 3 ? pair_unlink(&p, MODEL_ROOT, &name, 1)
				  : pair_rmdir(&p, MODEL_ROOT, &name, 1),
			 E_OK);
	}
	CHECK_EQ(check_after_commit(&p).orphans, 10);
	pair_remount(&p, true);
	const struct volume_check after = check_after_commit(&p);

	CHECK_EQ(after.orphans, 0);
	CHECK(after.blocks <= before + 2);
	CHECK_EQ(p.wrong, 0);
	pair_fini(&p);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "long") == 0)
		g_scale = 10;
	if (argc > 2)
		g_seed = strtoull(argv[2], NULL, 0) * 1000;
	RUN(volume_does_what_a_plain_file_system_does);
	RUN(volume_does_so_in_one_transaction);
	RUN(volume_does_what_the_host_does);
	RUN(volume_frees_at_a_mount_what_was_held);
	RUN(volume_without_room_stays_whole);
	RUN(tiny_volume_without_room_stays_whole);
	RUN(full_disk_leaves_the_volume_whole);
	return check_report();
}
