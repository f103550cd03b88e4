/*
 * volume: files. Every byte at its place, holes and ends read as zeros, sparse files cost what was
 * written, a full volume gives short writes and then none, times say what changed.
 */
#include <stdlib.h>

#include "test/lib/native.h"
#include "test/unit/volume_mounted.h"

#define BLOCK VOLUME_BLOCK_SIZE
#define BYTES (300u * BLOCK)

static struct mounted g_mounted;
static uint8_t g_buf[BYTES], g_model[BYTES];

static uint64_t g_random = 1;

static uint32_t pick(uint32_t n)
{
	g_random = g_random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(g_random >> 33) % n;
}

static void fill(uint8_t *p, size_t size)
{
	for (size_t i = 0; i < size; i++)
		p[i] = (uint8_t)pick(256);
}

static enum err put(struct mounted *m, uint64_t ino, const void *p, size_t size, uint64_t off)
{
	size_t done = 0;
	const enum err err = volume_write(m->v, ino, p, size, off, &done);

	if (!err)
		CHECK_EQ(done, size);
	return err;
}

/* What is read at `off` is these bytes, and the end is where it should be. */
static bool holds(struct mounted *m, uint64_t ino, const uint8_t *p, size_t size, uint64_t off)
{
	size_t done;

	memset(g_buf, 0xaa, size);
	return volume_read(m->v, ino, g_buf, size, off, &done) == E_OK && done == size &&
	       memcmp(g_buf, p, size) == 0;
}

TEST(random_pieces_stand_where_they_were_written)
{
	struct mounted *m = &g_mounted;
	static uint8_t piece[100u * BLOCK];
	uint64_t size = 0, wrong = 0;

	mounted_start(m, 0);
	const uint64_t file = make_file(m, VOLUME_ROOT, "file");

	memset(g_model, 0, sizeof g_model);
	for (uint32_t i = 0; i < 1500 && !wrong; i++) {
		const uint32_t off = pick(BYTES - 1);
		uint32_t n = pick(i % 20 ? 3 * BLOCK : sizeof piece);

		if (i % 7 == 0) {
			wrong += volume_set_size(m->v, file, off) != E_OK;
			if (off < size)
				memset(g_model + off, 0, size - off);
			size = off;
		} else {
			n = n < BYTES - off ? n : BYTES - off;
			fill(piece, n);
			wrong += put(m, file, piece, n, off) != E_OK;
			memcpy(g_model + off, piece, n);
			size = n && off + n > size ? off + n : size;
		}
		wrong += stat_of(m, file).size != size;
		if (i % 10 == 0)
			wrong += !holds(m, file, g_model, size, 0);
		if (i % 50 == 0)
			mounted_again(m, true);
		if (i % 300 == 0)
			mounted_check(m);
	}
	CHECK_EQ(wrong, 0);
	mounted_check(m);
	mounted_stop(m);
}

TEST(reading_ends_where_the_file_does)
{
	struct mounted *m = &g_mounted;
	size_t done = 99;

	mounted_start(m, 0);
	const uint64_t file = make_file(m, VOLUME_ROOT, "file");

	CHECK_EQ(volume_read(m->v, file, g_buf, 10, 0, &done), E_OK);
	CHECK_EQ(done, 0);
	CHECK_EQ(put(m, file, "hello", 5, 0), E_OK);
	CHECK_EQ(volume_read(m->v, file, g_buf, 10, 3, &done), E_OK);
	CHECK_EQ(done, 2);
	CHECK_EQ(volume_read(m->v, file, g_buf, 10, 5, &done), E_OK);
	CHECK_EQ(done, 0);
	CHECK_EQ(volume_read(m->v, file, g_buf, 10, UINT64_MAX, &done), E_OK);
	CHECK_EQ(done, 0);
	CHECK_EQ(put(m, file, "", 0, 100), E_OK);
	CHECK_EQ(stat_of(m, file).size, 5);
	CHECK_EQ(put(m, file, " world", 6, UINT64_MAX), E_OK);
	CHECK(holds(m, file, (const uint8_t *)"hello world", 11, 0));
	CHECK_EQ(volume_read(m->v, VOLUME_ROOT, g_buf, 1, 0, &done), E_IS_DIRECTORY);
	CHECK_EQ(volume_write(m->v, VOLUME_ROOT, g_buf, 1, 0, &done), E_IS_DIRECTORY);
	CHECK_EQ(volume_set_size(m->v, VOLUME_ROOT, 0), E_IS_DIRECTORY);
	mounted_check(m);
	mounted_stop(m);
}

/* What was cut off does not come back, be it in the same block or in a later one. */
TEST(what_was_cut_off_reads_as_zeros)
{
	static const uint64_t ends[] = {1, 4095, 4096, 4097, 8192, 20000};
	struct mounted *m = &g_mounted;

	mounted_start(m, 0);
	memset(g_model, 0x55, sizeof g_model);
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		const uint64_t file = make_file(m, VOLUME_ROOT, "file");

		CHECK_EQ(put(m, file, g_model, 30000, 0), E_OK);
		CHECK_EQ(volume_set_size(m->v, file, ends[i]), E_OK);
		CHECK_EQ(volume_set_size(m->v, file, 40000), E_OK);
		memset(g_model + ends[i], 0, 40000 - ends[i]);
		CHECK(holds(m, file, g_model, 40000, 0));
		mounted_check(m);
		CHECK_EQ(volume_set_size(m->v, file, ends[i]), E_OK);
		CHECK_EQ(put(m, file, "x", 1, 39999), E_OK);
		g_model[39999] = 'x';
		CHECK(holds(m, file, g_model, 40000, 0));
		mounted_check(m);
		memset(g_model, 0x55, sizeof g_model);
		CHECK_EQ(unlink_name(m, VOLUME_ROOT, "file"), E_OK);
	}
	mounted_stop(m);
}

TEST(sparse_files_cost_what_was_written)
{
	static const uint8_t zeros[BLOCK];
	const uint64_t size = (uint64_t)16 << 30;
	struct mounted *m = &g_mounted;
	struct volume_usage before, after;
	size_t done;

	mounted_start(m, 0);
	const uint64_t file = make_file(m, VOLUME_ROOT, "file");

	CHECK_EQ(volume_commit(m->v), E_OK);
	volume_get_usage(m->v, &before);
	CHECK_EQ(volume_set_size(m->v, file, size), E_OK);
	CHECK_EQ(put(m, file, "middle", 6, size / 2 - 3), E_OK);
	CHECK_EQ(put(m, file, "end", 3, size - 3), E_OK);
	mounted_check(m);
	volume_get_usage(m->v, &after);
	CHECK(after.used - before.used < 20);
	CHECK(holds(m, file, zeros, BLOCK, 0));
	CHECK(holds(m, file, zeros, BLOCK, size / 4 + 17));
	CHECK(holds(m, file, (const uint8_t *)"\0middle\0", 8, size / 2 - 4));
	mounted_again(m, true);
	CHECK(holds(m, file, (const uint8_t *)"\0end", 4, size - 4));
	CHECK_EQ(volume_set_size(m->v, file, VOLUME_FILE_MAX), E_OK);
	CHECK_EQ(volume_set_size(m->v, file, VOLUME_FILE_MAX + 1), E_FILE_SIZE);
	CHECK_EQ(put(m, file, "z", 1, VOLUME_FILE_MAX - 1), E_OK);
	CHECK_EQ(volume_write(m->v, file, "zz", 2, VOLUME_FILE_MAX - 1, &done), E_FILE_SIZE);
	CHECK_EQ(volume_write(m->v, file, "z", 1, UINT64_MAX, &done), E_FILE_SIZE);
	CHECK_EQ(volume_write(m->v, file, "z", 1, UINT64_MAX - 1, &done), E_FILE_SIZE);
	mounted_check(m);
	CHECK_EQ(volume_set_size(m->v, file, 0), E_OK);
	mounted_check(m);
	volume_get_usage(m->v, &after);
	CHECK(after.used <= before.used + 4);
	mounted_stop(m);
}

TEST(a_large_write_goes_in_parts)
{
	struct mounted *m = &g_mounted;

	mounted_start(m, 0);
	m->config.cache_size = VOLUME_CACHE_MIN;
	mounted_again(m, true);
	const uint64_t file = make_file(m, VOLUME_ROOT, "file");

	fill(g_model, sizeof g_model);
	CHECK_EQ(put(m, file, g_model, sizeof g_model - 1, 0), E_OK);
	CHECK_EQ(put(m, file, g_model, sizeof g_model - 1, sizeof g_model - 1), E_OK);
	mounted_again(m, true);
	CHECK(holds(m, file, g_model, sizeof g_model - 1, 0));
	CHECK(holds(m, file, g_model, sizeof g_model - 1, sizeof g_model - 1));
	mounted_check(m);
	mounted_stop(m);
}

TEST(a_full_volume_gives_short_writes_then_none)
{
	struct mounted *m = &g_mounted;
	uint64_t size = 0;
	size_t done;
	enum err err;

	mounted_start(m, 3u << 20);
	const uint64_t file = make_file(m, VOLUME_ROOT, "file");

	fill(g_model, sizeof g_model);
	CHECK_EQ(volume_commit(m->v), E_OK);
	do {
		err = volume_write(m->v, file, g_model, sizeof g_model, size, &done);
		if (!err) {
			CHECK(done > 0);
			size += done;
		}
	} while (!err);
	CHECK_EQ(err, E_NO_SPACE);
	CHECK_EQ(stat_of(m, file).size, size);
	CHECK(size > BYTES && size < 3u << 20);
	CHECK(holds(m, file, g_model, BYTES, 0));
	mounted_check(m);
	mounted_again(m, true);
	CHECK(holds(m, file, g_model, BYTES, 0));
	CHECK_EQ(volume_set_size(m->v, file, 10), E_OK);
	CHECK_EQ(volume_commit(m->v), E_OK);
	CHECK_EQ(put(m, file, g_model, 100u * BLOCK, 0), E_OK);
	mounted_check(m);
	mounted_stop(m);
}

TEST(room_is_promised_only_where_it_is)
{
	struct mounted *m = &g_mounted;

	mounted_start(m, 3u << 20);
	const uint64_t file = make_file(m, VOLUME_ROOT, "file");

	CHECK_EQ(volume_room(m->v, 0), E_OK);
	CHECK_EQ(volume_room(m->v, 4u << 20), E_NO_SPACE);
	CHECK_EQ(volume_room(m->v, VOLUME_FILE_MAX), E_NO_SPACE);
	CHECK_EQ(volume_room(m->v, UINT64_MAX), E_NO_SPACE);
	for (uint32_t blocks = 512; blocks > 0; blocks /= 2) {
		const size_t size = blocks * BLOCK < BYTES ? blocks * BLOCK : BYTES;

		while (volume_room(m->v, size) == E_OK)
			CHECK_EQ(put(m, file, g_model, size, UINT64_MAX), E_OK);
	}
	CHECK(stat_of(m, file).size > 500u * BLOCK);
	mounted_check(m);
	mounted_stop(m);
}

TEST(times_say_what_changed)
{
	struct mounted *m = &g_mounted;
	const uint64_t atim = 5, mtim = 6;
	struct volume_stat a, b, dir;

	mounted_start(m, 0);
	const uint64_t file = make_file(m, VOLUME_ROOT, "file");

	a = stat_of(m, file);
	CHECK(a.atim == a.mtim && a.mtim == a.ctim && a.ctim > 0);
	CHECK(holds(m, file, g_model, 0, 0));
	CHECK_EQ(stat_of(m, file).atim, a.atim);
	CHECK_EQ(put(m, file, "x", 1, 0), E_OK);
	b = stat_of(m, file);
	CHECK(b.atim == a.atim && b.mtim > a.mtim && b.ctim > a.ctim);
	CHECK_EQ(volume_set_times(m->v, file, &atim, NULL), E_OK);
	a = stat_of(m, file);
	CHECK(a.atim == 5 && a.mtim == b.mtim && a.ctim > b.ctim);
	CHECK_EQ(volume_set_times(m->v, file, NULL, &mtim), E_OK);
	b = stat_of(m, file);
	CHECK(b.atim == 5 && b.mtim == 6 && b.ctim > a.ctim);
	dir = stat_of(m, VOLUME_ROOT);
	CHECK_EQ(volume_set_size(m->v, file, 100), E_OK);
	a = stat_of(m, file);
	CHECK(a.mtim > 6 && a.ctim > b.ctim);
	CHECK_EQ(stat_of(m, VOLUME_ROOT).mtim, dir.mtim);
	CHECK_EQ(link_as(m, file, VOLUME_ROOT, "other"), E_OK);
	b = stat_of(m, file);
	CHECK(b.mtim == a.mtim && b.ctim > a.ctim);
	CHECK(stat_of(m, VOLUME_ROOT).mtim > dir.mtim);
	mounted_again(m, true);
	a = stat_of(m, file);
	CHECK(a.atim == b.atim && a.mtim == b.mtim && a.ctim == b.ctim);
	mounted_stop(m);
}

/* A transaction that was not committed leaves nothing, not even after writes that went out early. */
TEST(what_was_not_committed_is_gone)
{
	struct mounted *m = &g_mounted;
	struct volume_check check;
	uint8_t *old = malloc(BYTES);

	mounted_start(m, 0);
	m->config.cache_size = VOLUME_CACHE_MIN;
	mounted_again(m, true);
	const uint64_t file = make_file(m, VOLUME_ROOT, "file");

	fill(g_model, sizeof g_model);
	memcpy(old, g_model, BYTES);
	CHECK_EQ(put(m, file, g_model, sizeof g_model, 0), E_OK);
	CHECK_EQ(volume_commit(m->v), E_OK);
	for (uint32_t i = 0; i < 6; i++) {
		fill(g_model, sizeof g_model);
		CHECK_EQ(put(m, file, g_model, sizeof g_model, i * 1000), E_OK);
	}
	CHECK_EQ(volume_set_size(m->v, file, 77), E_OK);
	mounted_again(m, false);
	CHECK(holds(m, file, old, BYTES, 0));
	CHECK_EQ(volume_check(m->v, &check, NULL, NULL), E_OK);
	CHECK_EQ(check.problems, 0);
	mounted_stop(m);
	free(old);
}

/* Of contents, names and nodes: nothing stays where others of the heap's callers could find it. */
TEST(what_was_let_go_of_leaves_no_plaintext)
{
	static const char secret[] = "the secret of the file";
	struct volume_check check;
	char buf[sizeof(secret)];
	struct mounted m;
	size_t done;

	mounted_start(&m, 0);
	for (int round = 0; round < 3; round++) {
		native_heap_watch(secret, sizeof(secret) - 1);
		if (round == 0) {
			const uint64_t ino = make_file(&m, VOLUME_ROOT, secret);

			CHECK_EQ(volume_write(m.v, ino, secret, sizeof(secret), 9, &done), E_OK);
			CHECK_EQ(volume_commit(m.v), E_OK);
		} else if (round == 1) {
			const uint64_t ino = find(&m, VOLUME_ROOT, secret);

			CHECK_EQ(volume_read(m.v, ino, buf, sizeof(buf), 9, &done), E_OK);
			CHECK(done == sizeof(buf) && memcmp(buf, secret, done) == 0);
		} else {
			CHECK_EQ(volume_check(m.v, &check, NULL, NULL), E_OK);
			CHECK_EQ(check.problems, 0);
		}
		volume_close(m.v);
		CHECK(!native_heap_seen());
		native_heap_watch(NULL, 0);
		mounted_mount(&m);
	}
	mounted_stop(&m);
}

int main(void)
{
	RUN(random_pieces_stand_where_they_were_written);
	RUN(reading_ends_where_the_file_does);
	RUN(what_was_cut_off_reads_as_zeros);
	RUN(sparse_files_cost_what_was_written);
	RUN(a_large_write_goes_in_parts);
	RUN(a_full_volume_gives_short_writes_then_none);
	RUN(room_is_promised_only_where_it_is);
	RUN(times_say_what_changed);
	RUN(what_was_not_committed_is_gone);
	RUN(what_was_let_go_of_leaves_no_plaintext);
	return check_report();
}
