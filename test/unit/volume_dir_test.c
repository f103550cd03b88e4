/*
 * volume: directories. Large ones, names whose hashes agree, what a listing promises, and that what
 * was removed leaves nothing behind.
 */
#include <stdlib.h>

#include "test/unit/volume_mounted.h"
#include "volume/cache.h"
#include "volume/commit.h"
#include "volume/dir.h"
#include "volume/inode.h"
#include "volume/tree.h"

#define MANY 100000u

static struct mounted g_mounted;

static size_t number_name(char name[VOLUME_NAME_MAX + 1], uint32_t n, size_t size)
{
	const size_t digits = (size_t)snprintf(name, VOLUME_NAME_MAX + 1, "n%u", n);

	if (digits >= size)
		return digits;
	memset(name + digits, '_', size - digits);
	name[size] = 0;
	return size;
}

/* ---- through the interface ---- */

static uint8_t g_seen[2 * MANY];

struct listing {
	uint64_t count, cookie, limit;
	bool wrong;
};

static bool take_number(void *context, const struct volume_dirent *entry)
{
	struct listing *l = context;
	uint32_t n = 0;

	if (l->limit-- == 0)
		return false;
	for (size_t i = 1; i < entry->name_size && entry->name[i] != '_'; i++)
		n = n * 10 + (uint32_t)(entry->name[i] - '0');
	if (n < sizeof g_seen)
		g_seen[n]++;
	l->wrong = l->wrong || entry->next <= l->cookie || entry->type != VOLUME_FILE;
	l->cookie = entry->next;
	l->count++;
	return true;
}

TEST(hundred_thousand_names_come_and_go)
{
	struct mounted *m = &g_mounted;
	char name[VOLUME_NAME_MAX + 1];
	struct listing l = {.limit = UINT64_MAX};
	enum volume_type type;
	uint64_t ino, wrong = 0;

	mounted_start(m, 0);
	const uint64_t dir = make_dir(m, VOLUME_ROOT, "large");

	for (uint32_t i = 0; i < MANY; i++)
		wrong += volume_create(m->v, dir, name, number_name(name, i, 0), VOLUME_FILE,
				       &ino) != E_OK;
	CHECK_EQ(wrong, 0);
	mounted_again(m, true);
	for (uint32_t i = 0; i < MANY; i++)
		wrong += volume_lookup(m->v, dir, name, number_name(name, i, 0), &ino, &type) !=
				 E_OK ||
			 type != VOLUME_FILE;
	CHECK_EQ(wrong, 0);
	CHECK_EQ(find(m, dir, "n100000"), 0);
	memset(g_seen, 0, sizeof g_seen);
	CHECK_EQ(volume_readdir(m->v, dir, 0, take_number, &l), E_OK);
	CHECK_EQ(l.count, MANY);
	CHECK(!l.wrong);
	for (uint32_t i = 0; i < MANY; i++)
		wrong += g_seen[i] != 1;
	CHECK_EQ(wrong, 0);
	mounted_check(m);
	/* 28 bytes each, in buckets that are more than half full */
	CHECK(stat_of(m, dir).size < 2 * 28 * (uint64_t)MANY);
	for (uint32_t i = 0; i < MANY; i += 2)
		wrong += volume_unlink(m->v, dir, name, number_name(name, i, 0)) != E_OK;
	mounted_check(m);
	CHECK(stat_of(m, dir).size < 2 * 28 * (uint64_t)MANY);
	for (uint32_t i = 1; i < MANY - 10; i += 2)
		wrong += volume_unlink(m->v, dir, name, number_name(name, i, 0)) != E_OK;
	CHECK_EQ(stat_of(m, dir).size, VOLUME_BLOCK_SIZE); /* five names */
	mounted_check(m);
	for (uint32_t i = MANY - 9; i < MANY; i += 2)
		wrong += volume_unlink(m->v, dir, name, number_name(name, i, 0)) != E_OK;
	CHECK_EQ(wrong, 0);
	CHECK_EQ(stat_of(m, dir).size, 0);
	mounted_check(m);
	mounted_stop(m);
}

/* ---- listings while names come and go ---- */

#define KEPT 3000u

struct kept {
	uint8_t seen[KEPT];
	uint64_t cookie;
	uint32_t limit, stray;
};

static bool take_kept(void *context, const struct volume_dirent *entry)
{
	struct kept *k = context;

	if (k->limit-- == 0)
		return false;
	k->cookie = entry->next;
	if (entry->name[0] != 'n')
		k->stray++;
	else
		k->seen[strtoul(entry->name + 1, NULL, 10)]++;
	return true;
}

/* One listing in pieces; between two of them names come and go, so that buckets part and join. */
static void list_in_pieces(struct mounted *m, uint64_t dir, struct kept *k)
{
	char name[VOLUME_NAME_MAX + 1];
	uint32_t made = 0, gone = 0, step = 0;
	uint64_t before, ino, wrong = 0;

	memset(k, 0, sizeof *k);
	do {
		before = k->cookie;
		k->limit = 1 + step % 70;
		CHECK_EQ(volume_readdir(m->v, dir, k->cookie, take_kept, k), E_OK);
		for (uint32_t i = 0; i < 40; i++) {
			const bool grow = step % 100 < 60;
			const uint32_t n = grow ? made : gone;
			const size_t size = (size_t)snprintf(name, sizeof name, "stray %u", n);

			if (grow && made < 100000)
				wrong += volume_create(m->v, dir, name, size, VOLUME_FILE, &ino) !=
					 E_OK;
			else if (!grow && gone < made)
				wrong += volume_unlink(m->v, dir, name, size) != E_OK;
			made += grow;
			gone += !grow && gone < made;
		}
		step++;
	} while (k->cookie != before);
	CHECK_EQ(wrong, 0);
	CHECK(step > 40);
	for (; gone < made; gone++) {
		const size_t size = (size_t)snprintf(name, sizeof name, "stray %u", gone);

		CHECK_EQ(volume_unlink(m->v, dir, name, size), E_OK);
	}
}

TEST(what_stays_is_listed_exactly_once)
{
	struct mounted *m = &g_mounted;
	static struct kept k;
	char name[VOLUME_NAME_MAX + 1];
	uint64_t ino, wrong = 0;

	mounted_start(m, 0);
	const uint64_t dir = make_dir(m, VOLUME_ROOT, "dir");

	for (uint32_t i = 0; i < KEPT; i++)
		wrong += volume_create(m->v, dir, name, number_name(name, i, 0), VOLUME_FILE,
				       &ino) != E_OK;
	CHECK_EQ(wrong, 0);
	list_in_pieces(m, dir, &k);
	for (uint32_t i = 0; i < KEPT; i++)
		wrong += k.seen[i] != 1;
	CHECK_EQ(wrong, 0);
	CHECK(k.stray > 0);
	mounted_check(m);
	mounted_stop(m);
}

static bool take_one(void *context, const struct volume_dirent *entry)
{
	uint64_t *cookie = context;

	if (*cookie != 0)
		return false;
	*cookie = entry->next;
	return true;
}

/* Any number may be a cookie; those that entries give are large, so that "." and ".." have room before. */
TEST(cookies_of_all_kinds)
{
	static const uint64_t cookies[] = {1, 2, 65535, (uint64_t)1 << 63, UINT64_MAX};
	struct mounted *m = &g_mounted;
	struct listing l;
	uint64_t first = 0;

	mounted_start(m, 0);
	const uint64_t dir = make_dir(m, VOLUME_ROOT, "dir");

	for (size_t i = 0; i < COUNT_OF(cookies); i++) {
		l = (struct listing){.limit = UINT64_MAX};
		CHECK_EQ(volume_readdir(m->v, dir, cookies[i], take_number, &l), E_OK);
		CHECK_EQ(l.count, 0);
	}
	make_file(m, dir, "n1");
	CHECK_EQ(volume_readdir(m->v, dir, 0, take_one, &first), E_OK);
	CHECK(first > 65536);
	for (size_t i = 0; i < COUNT_OF(cookies); i++) {
		l = (struct listing){.limit = UINT64_MAX};
		CHECK_EQ(volume_readdir(m->v, dir, cookies[i], take_number, &l), E_OK);
		CHECK_EQ(l.count, cookies[i] < first ? 1 : 0);
	}
	mounted_stop(m);
}

TEST(long_names_come_and_go_in_any_order)
{
	const uint32_t count = 2000;
	struct mounted *m = &g_mounted;
	char name[VOLUME_NAME_MAX + 1];
	uint64_t ino, wrong = 0;

	mounted_start(m, 0);
	const uint64_t dir = make_dir(m, VOLUME_ROOT, "dir");

	for (uint32_t i = 0; i < count; i++)
		wrong += volume_create(m->v, dir, name,
				       number_name(name, i, VOLUME_NAME_MAX - i % 3), VOLUME_FILE,
				       &ino) != E_OK;
	mounted_check(m);
	for (uint32_t i = 0; i < count; i++) {
		const uint32_t n = i * 7 % count;

		wrong += volume_unlink(m->v, dir, name,
				       number_name(name, n, VOLUME_NAME_MAX - n % 3)) != E_OK;
		if (i % 500 == 499)
			mounted_check(m);
	}
	CHECK_EQ(wrong, 0);
	CHECK_EQ(stat_of(m, dir).size, 0);
	mounted_stop(m);
}

/* ---- hashes of our choice, below the interface ---- */

#define NAMES 700u

struct chosen {
	struct mounted *m;
	uint64_t ino;
	uint64_t mask; /* of a hash: bits that names have of their own */
	size_t name_size;
	bool there[NAMES];
	uint32_t count;
	uint64_t wrong, over; /* answers; costs that were too low */
};

static struct volume_name chosen_name(const struct chosen *c, uint32_t n, char text[])
{
	const size_t size = number_name(text, n, c->name_size);
	const uint64_t hash = (n + 1) * 0x9e3779b97f4a7c15u;

	return (struct volume_name){text, size,
				    (hash & c->mask) | (0xabcdef0123456789u & ~c->mask)};
}

/* Puts a name in, or takes it out. From one commit to the next: what gets dirty was announced. */
static void chosen_change(struct chosen *c, uint32_t n)
{
	struct volume *v = c->m->v;
	char text[VOLUME_NAME_MAX + 1];
	const struct volume_name name = chosen_name(c, n, text);
	struct volume_inode dir;
	uint32_t cost;

	c->wrong += volume_inode_load(v, c->ino, &dir) != E_OK;
	c->wrong += (c->there[n] ? volume_dir_remove_cost(v, &dir, &name, &cost)
				 : volume_dir_insert_cost(v, &dir, &name, &cost)) != E_OK;
	c->wrong += volume_change(v) != E_OK || volume_reserve(v, cost, false) != E_OK;
	const size_t before = v->cache->dirty_count;

	c->wrong += (c->there[n] ? volume_dir_remove(v, &dir, &name)
				 : volume_dir_insert(v, &dir, &name, n + 10, VOLUME_FILE)) != E_OK;
	c->over += v->cache->dirty_count > before + cost;
	c->wrong += volume_inode_store(v, &dir) != E_OK;
	c->there[n] = !c->there[n];
	c->count += c->there[n] ? 1u : -1u;
	c->wrong += dir.count != c->count;
	c->wrong += volume_balance(v) != E_OK;
}

/* Everything that is there, and nothing else, is found and listed once. */
static void chosen_compare(struct chosen *c)
{
	struct volume *v = c->m->v;
	char text[VOLUME_NAME_MAX + 1];
	uint8_t seen[NAMES] = {0};
	struct volume_inode dir;
	struct volume_entry e;
	uint64_t from = 0;

	c->wrong += volume_inode_load(v, c->ino, &dir) != E_OK;
	for (uint32_t n = 0; n < NAMES; n++) {
		const struct volume_name name = chosen_name(c, n, text);
		const enum err err = volume_dir_find(v, &dir, &name, &e);

		c->wrong += err != (c->there[n] ? E_OK : E_NOT_FOUND);
		c->wrong += !err && e.ino != n + 10;
	}
	while (volume_dir_next(v, &dir, from, &e) == E_OK) {
		c->wrong += e.position < from || e.ino < 10 || e.ino >= NAMES + 10;
		seen[e.ino < NAMES + 10 ? e.ino - 10 : 0]++;
		from = e.position + 1;
	}
	for (uint32_t n = 0; n < NAMES; n++)
		c->wrong += seen[n] != c->there[n];
}

static void chosen_run(uint64_t mask, size_t name_size)
{
	static struct chosen c;
	struct mounted *m = &g_mounted;
	uint32_t random = 7;

	mounted_start(m, 0);
	c = (struct chosen){.m = m, .mask = mask, .name_size = name_size};
	c.ino = make_dir(m, VOLUME_ROOT, "dir");
	for (uint32_t n = 0; n < NAMES; n++)
		chosen_change(&c, n);
	chosen_compare(&c);
	for (uint32_t i = 0; i < 300; i++) {
		random = random * 1103515245u + 12345;
		chosen_change(&c, (random >> 8) % NAMES);
		if (i % 16 == 0)
			CHECK_EQ(volume_commit(m->v), E_OK);
		if (i % 64 == 0)
			chosen_compare(&c);
	}
	for (uint32_t n = 0; n < NAMES; n++) {
		const uint32_t at = n * 11 % NAMES;

		if (c.there[at])
			chosen_change(&c, at);
		if (n % 100 == 0)
			chosen_compare(&c);
	}
	CHECK_EQ(c.count, 0);
	CHECK_EQ(c.wrong, 0);
	CHECK_EQ(c.over, 0);
	CHECK_EQ(stat_of(m, c.ino).size, 0);
	mounted_check(m);
	mounted_stop(m);
}

TEST(names_of_one_hash)
{
	chosen_run(0, 0);
	chosen_run(0, 200);
}

TEST(names_whose_hashes_agree_in_front)
{
	static const unsigned bits[] = {1, 9, 10, 11, 15, 19, 20, 21, 40};

	for (size_t i = 0; i < COUNT_OF(bits); i++)
		chosen_run(UINT64_MAX >> bits[i], 150);
}

/* All but the last bits that tell buckets apart: a deep table, of two buckets that matter. */
TEST(names_of_two_hashes)
{
	chosen_run((uint64_t)1 << (64 - DIR_BITS_MAX), 150);
	chosen_run((uint64_t)1 << (63 - DIR_BITS_MAX), 150);
	chosen_run((uint64_t)7 << 61, 150);
}

TEST(positions_keep_low_numbers_free)
{
	CHECK_EQ(volume_position_of(0), 65536);
	CHECK_EQ(volume_position_of(65535), 65536);
	CHECK_EQ(volume_position_of(UINT64_MAX), UINT64_MAX - 65535);
}

/* ---- contents that no runtime writes ---- */

TEST(buckets_are_decoded_within_bounds)
{
	const struct volume_inode dir = {.type = VOLUME_DIRECTORY, .bits = DIR_BITS_MAX};
	uint8_t block[VOLUME_BLOCK_SIZE] = {0};
	struct volume_bucket b;
	struct volume_entry e;
	size_t off = 0;

	CHECK_EQ(volume_bucket_decode(NULL, &dir, &b), E_VOLUME_FORMAT);
	CHECK_EQ(volume_bucket_decode(block, &dir, &b), E_OK);
	block[0] = DIR_BITS_MAX + 1;
	CHECK_EQ(volume_bucket_decode(block, &dir, &b), E_VOLUME_FORMAT);
	block[0] = 0;
	block[1] = 1;
	CHECK_EQ(volume_bucket_decode(block, &dir, &b), E_VOLUME_FORMAT);
	block[1] = 0;
	block[4] = 1; /* a second bucket, not at the greatest depth */
	CHECK_EQ(volume_bucket_decode(block, &dir, &b), E_VOLUME_FORMAT);
	block[4] = 0;
	block[15] = 0x80; /* a prefix of one bit at depth 0 */
	CHECK_EQ(volume_bucket_decode(block, &dir, &b), E_VOLUME_FORMAT);
	block[0] = 1;
	CHECK_EQ(volume_bucket_decode(block, &dir, &b), E_OK);
	block[2] = (BUCKET_ROOM + 1) & 255;
	block[3] = (BUCKET_ROOM + 1) >> 8;
	CHECK_EQ(volume_bucket_decode(block, &dir, &b), E_VOLUME_FORMAT);
	block[2] = 19;
	block[3] = 0;
	CHECK_EQ(volume_bucket_decode(block, &dir, &b), E_OK);
	block[16 + 7] = 0x80;
	block[16 + 16] = VOLUME_FILE;
	block[16 + 17] = 1;
	CHECK_EQ(volume_bucket_next(&b, &off, &e), E_OK);
	CHECK_EQ(off, 19);
	CHECK_EQ(volume_bucket_next(&b, &off, &e), E_NOT_FOUND);
	for (uint8_t n = 0; n < 5; n++) {
		static const uint8_t at[] = {17, 17, 16, 16, 7};
		static const uint8_t byte[] = {0, 2, 0, VOLUME_TYPE_END, 0x40};
		const uint8_t old = block[16 + at[n]];

		block[16 + at[n]] = byte[n];
		off = 0;
		CHECK_EQ(volume_bucket_next(&b, &off, &e), E_VOLUME_FORMAT);
		block[16 + at[n]] = old;
	}
	block[2] = 18;
	CHECK_EQ(volume_bucket_decode(block, &dir, &b), E_OK);
	off = 0;
	CHECK_EQ(volume_bucket_next(&b, &off, &e), E_VOLUME_FORMAT);
}

TEST(shapes_that_contradict_themselves)
{
	static const struct volume_inode bad[] = {
		{.type = VOLUME_FILE},
		{.type = VOLUME_DIRECTORY, .bits = DIR_BITS_MAX + 1, .size = 1u << 30, .count = 1},
		{.type = VOLUME_DIRECTORY, .size = 4095, .count = 1},
		{.type = VOLUME_DIRECTORY, .size = 4096},
		{.type = VOLUME_DIRECTORY, .count = 1},
		{.type = VOLUME_DIRECTORY, .bits = 1},
		{.type = VOLUME_DIRECTORY, .bits = 1, .size = 4096, .count = 1},
		{.type = VOLUME_DIRECTORY, .bits = 11, .size = 8192, .count = 1},
		{.type = VOLUME_DIRECTORY, .size = VOLUME_FILE_MAX, .count = 1},
	};
	const struct volume_inode good = {
		.type = VOLUME_DIRECTORY, .bits = 12, .size = 9 * 4096, .count = 1};
	struct volume_dir_shape shape;

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		CHECK_EQ(volume_dir_shape(&bad[i], &shape), E_VOLUME_FORMAT);
	CHECK_EQ(volume_dir_shape(&good, &shape), E_OK);
	CHECK(shape.buckets == 5 && shape.tables == 4);
	CHECK_EQ(volume_dir_table_at(&shape, 0), 8);
	CHECK_EQ(volume_dir_table_at(&shape, 1), 5);
	CHECK_EQ(volume_dir_table_at(&shape, 3), 7);
}

int main(void)
{
	RUN(hundred_thousand_names_come_and_go);
	RUN(what_stays_is_listed_exactly_once);
	RUN(cookies_of_all_kinds);
	RUN(long_names_come_and_go_in_any_order);
	RUN(names_of_one_hash);
	RUN(names_whose_hashes_agree_in_front);
	RUN(names_of_two_hashes);
	RUN(positions_keep_low_numbers_free);
	RUN(buckets_are_decoded_within_bounds);
	RUN(shapes_that_contradict_themselves);
	return check_report();
}
