/*
 * volume: whatever a crash leaves of what was written, at any write, the volume opens at the last
 * commit or at the one that was being made, as it was then to the last byte, passes the full check, and
 * goes on. `long` as an argument: more workloads, more states.
 */
#include <stdlib.h>
#include <string.h>

#include "test/lib/check.h"
#include "test/lib/volume_crash.h"
#include "test/lib/volume_nonces.h"
#include "test/lib/volume_pair.h"
#include "volume/anchor.h"

#define COMMITS_MAX 4096

static bool g_long;

/* A workload as it ran. */
struct run {
	struct pair pair;
	struct disk_image start;
	struct crash_commit commits[COMMITS_MAX];
	char *dump[COMMITS_MAX]; /* the tree at each */
	struct volume_state state[COMMITS_MAX];
	size_t count;
	uint64_t looked;
	struct volume_pin pin;
	uint32_t writes_every; /* each n-th state is written to as well */
};

static void run_note(struct run *r, size_t begin)
{
	enum err err;

	if (r->count == COMMITS_MAX)
		abort();
	r->commits[r->count] = (struct crash_commit){begin, r->pair.disk.log_count};
	r->dump[r->count] = model_dump_volume(r->pair.v, &err);
	CHECK_EQ(err, E_OK);
	volume_get_state(r->pair.v, &r->state[r->count]);
	r->count++;
}

static void run_start(struct run *r, uint64_t seed)
{
	memset(r, 0, sizeof(*r));
	pair_init(&r->pair, seed, VOLUME_CACHE_MIN, 0);
	disk_image_copy(&r->start, &r->pair.disk.image);
	r->pair.disk.logging = true;
	run_note(r, 0);
}

static void run_commit(struct run *r)
{
	const size_t begin = r->pair.disk.log_count;

	pair_compare(&r->pair);
	pair_commit(&r->pair);
	run_note(r, begin);
}

static void run_end(struct run *r)
{
	CHECK_EQ(nonces_repeated(), 0);
	nonces_forget();
	for (size_t i = 0; i < r->count; i++)
		free(r->dump[i]);
	disk_image_free(&r->start);
	CHECK_EQ(r->pair.wrong, 0);
	pair_fini(&r->pair);
}

/* Mounts what is there, with an anchor that knows of commit `last`; NULL: it does not open. */
static struct volume *run_mount(struct run *r, struct volume_disk *disk, bool read_only,
				size_t last)
{
	struct volume_config config = pair_config(&r->pair, disk);
	struct volume_state found, expected;
	struct volume *v;

	volume_pin_init(&r->pin, &r->state[last]);
	config.anchor = &r->pin.anchor;
	config.read_only = read_only;
	const enum err err = volume_open(&v, &config, r->pair.master, &found, &expected);

	if (err == E_OK)
		return v;
	printf("does not open: %d\n", (int)err);
	return NULL;
}

/* Once more, read-only: the anchor knows what the mount before told it. */
static struct volume *run_mount_again(struct run *r, struct volume_disk *disk)
{
	struct volume_config config = pair_config(&r->pair, disk);
	struct volume_state found, expected;
	struct volume *v;

	config.anchor = &r->pin.anchor;
	config.read_only = true;
	return volume_open(&v, &config, r->pair.master, &found, &expected) == E_OK ? v : NULL;
}

/* Is the tree that of commit n? */
static bool run_is(struct run *r, struct volume *v, size_t n)
{
	enum err err;
	char *dump = model_dump_volume(v, &err);
	const bool same = dump && strcmp(dump, r->dump[n]) == 0;

	if (!dump)
		printf("cannot be read: %d\n", (int)err);
	else if (!same)
		model_print_difference("commit, found", r->dump[n], dump);
	free(dump);
	return same;
}

/* After the crash life goes on: frees what was held, takes a new file, commits, and is whole. */
static bool run_goes_on(struct run *r, struct volume_disk *disk, size_t last)
{
	static const char text[] = "after the crash";
	struct volume *v = run_mount(r, disk, false, last);
	uint64_t ino;
	size_t done;
	bool ok =
		v &&
		volume_create(v, VOLUME_ROOT, text, sizeof(text) - 1, VOLUME_FILE, &ino) == E_OK &&
		volume_write(v, ino, text, sizeof(text), 4000, &done) == E_OK &&
		volume_commit(v) == E_OK && pair_check_volume(v, "written to after a crash");

	volume_close(v);
	v = ok ? run_mount_again(r, disk) : NULL;
	ok = v && pair_check_volume(v, "mounted again after a crash");
	volume_close(v);
	return ok;
}

static size_t run_look(void *context, struct disk_image *image, size_t last, size_t next)
{
	struct run *r = context;
	struct volume_disk disk;
	struct volume_state state = {0};
	size_t at = SIZE_MAX;

	disk_init(&disk);
	disk.image = *image;
	struct volume *v = run_mount(r, &disk, true, last);

	if (v) {
		volume_get_state(v, &state);
		for (size_t i = last; i <= next; i++) {
			if (state.sequence == r->state[i].sequence &&
			    memcmp(state.root, r->state[i].root, VOLUME_HASH_SIZE) == 0)
				at = i;
		}
		if (at == SIZE_MAX)
			printf("at commit %llu\n", (unsigned long long)state.sequence);
		if (at != SIZE_MAX && !(run_is(r, v, at) && pair_check_volume(v, "after a crash")))
			at = SIZE_MAX;
		volume_close(v);
	}
	if (at != SIZE_MAX && r->looked++ % r->writes_every == 0 && !run_goes_on(r, &disk, last))
		at = SIZE_MAX;
	*image = disk.image;
	return at;
}

static void run_crashes(struct run *r, const char *name, uint32_t samples, uint32_t writes_every)
{
	struct crash c = {.disk = &r->pair.disk,
			  .start = &r->start,
			  .commits = r->commits,
			  .commit_count = r->count,
			  .samples = samples,
			  .seed = 1,
			  .look = run_look,
			  .context = r};

	r->writes_every = writes_every;
	crash_run(&c);
	printf("%s: %zu commits, crashes at %llu writes, %llu states: %llu at the last commit, "
	       "%llu at "
	       "the next\n",
	       name, r->count - 1, (unsigned long long)c.points, (unsigned long long)c.states,
	       (unsigned long long)c.at_last, (unsigned long long)c.at_next);
	CHECK_EQ(c.wrong, 0);
	CHECK(c.states > 100 && c.at_last > 0 && c.at_next > 0);
}

/* Files, directories, renames, truncates, links, files unlinked while they are held. */
static void churn(const char *name, uint64_t seed, uint32_t commits, uint32_t steps,
		  uint64_t file_max, uint32_t samples)
{
	struct run *r = calloc(1, sizeof(*r));

	run_start(r, seed);
	r->pair.file_max = file_max;
	for (uint32_t i = 0; i < commits; i++) {
		for (uint32_t k = 0; k < steps; k++)
			pair_step(&r->pair);
		run_commit(r);
	}
	run_crashes(r, name, samples, g_long ? 1 : 8);
	run_end(r);
	free(r);
}

TEST(crash_at_every_write_of_namespace_churn)
{
	churn("churn, small files", 1, g_long ? 60 : 12, 12, 1u << 15, g_long ? 12 : 2);
}

TEST(crash_at_every_write_of_single_operations)
{
	churn("a commit after each operation", 2, g_long ? 300 : 40, 1, 1u << 14, g_long ? 6 : 1);
}

/* Larger than the cache: blocks are written before there is a commit. */
TEST(crash_at_every_write_of_large_transactions)
{
	static uint8_t data[1u << 18];
	struct run *r = calloc(1, sizeof(*r));
	uint32_t node;

	run_start(r, 3);
	CHECK_EQ(pair_create(&r->pair, MODEL_ROOT, "large", 5, VOLUME_FILE, &node), E_OK);
	for (uint32_t i = 0; i < (g_long ? 6 : 2); i++) {
		for (uint32_t k = 0; k < 10; k++) {
			memset(data, (int)(i * 16 + k), sizeof(data));
			CHECK_EQ(pair_write(&r->pair, node, data, sizeof(data),
					    k * sizeof(data) + i * 100),
				 E_OK);
		}
		run_commit(r);
		CHECK_EQ(pair_set_size(&r->pair, node, 5000 + i), E_OK);
		run_commit(r);
	}
	run_crashes(r, "transactions larger than the cache", g_long ? 8 : 1, g_long ? 4 : 40);
	run_end(r);
	free(r);
}

int main(int argc, char **argv)
{
	g_long = argc > 1 && strcmp(argv[1], "long") == 0;
	RUN(crash_at_every_write_of_single_operations);
	RUN(crash_at_every_write_of_namespace_churn);
	RUN(crash_at_every_write_of_large_transactions);
	return check_report();
}
