/*
 * Which blocks are in use. A bit per block in two bitmaps, that of the last commit and that of the
 * transaction, and a summary: a bit per word of 64 blocks that says whether one of them is free, so that
 * a search passes over 4096 full blocks at a time.
 *
 * Trust: what is loaded was authenticated; its counts are compared all the same.
 * Invariant: a block is free when it is below super.block_count and neither bitmap has it; free_count
 * counts these, v->super.used_count the transaction's bits. No bit at or beyond block_count is set, in
 * either, and no transaction's bit at or beyond `end`.
 */
#include "volume/map.h"

#include <string.h>

#include "base/heap.h"
#include "base/reader.h"
#include "volume/rule.h"
#include "volume/tree.h"

#define WORD_BITS   64u
#define BLOCK_BITS  (VOLUME_BLOCK_SIZE * 8) /* blocks that a block of INO_MAP tells of */
#define BLOCK_WORDS (VOLUME_BLOCK_SIZE / 8) /* words of it */
#define STEP_MIN    (((uint32_t)1 << 20) / VOLUME_BLOCK_SIZE) /* the file grows by at least so much */

struct volume_map {
	uint64_t *committed, *current; /* words */
	uint64_t *summary;	       /* a bit per word: a block of it is free */
	uint64_t *changed;	       /* a bit per block of INO_MAP */
	size_t indexes;		       /* blocks of INO_MAP that there is memory for */
	uint32_t free_count;
	uint32_t next; /* where the search goes on */
	uint32_t end;  /* no block of the transaction at or beyond it */
};

static bool bit_get(const uint64_t *bits, size_t i)
{
	return bits[i / WORD_BITS] >> (i % WORD_BITS) & 1;
}

static void bit_set(uint64_t *bits, size_t i)
{
	bits[i / WORD_BITS] |= (uint64_t)1 << (i % WORD_BITS);
}

static void bit_put(uint64_t *bits, size_t i, bool set)
{
	if (set)
		bit_set(bits, i);
	else
		bits[i / WORD_BITS] &= ~((uint64_t)1 << (i % WORD_BITS));
}

/* The next bit that is set in [from, count); count if there is none. */
static size_t bit_next(const uint64_t *bits, size_t from, size_t count)
{
	while (from < count) {
		const uint64_t word = bits[from / WORD_BITS] >> (from % WORD_BITS);

		if (word != 0) {
			from += (size_t)__builtin_ctzll(word);
			return from < count ? from : count;
		}
		from = (from / WORD_BITS + 1) * WORD_BITS;
	}
	return count;
}

static size_t words_of(size_t bits)
{
	return (bits + WORD_BITS - 1) / WORD_BITS;
}

/* Blocks of a word that are free. */
static uint64_t map_free_word(const struct volume *v, size_t word)
{
	const struct volume_map *m = v->map;
	const uint64_t first = (uint64_t)word * WORD_BITS, count = v->super.block_count;
	uint64_t free = ~(m->committed[word] | m->current[word]);

	if (first >= count)
		return 0;
	if (count - first < WORD_BITS)
		free &= ((uint64_t)1 << (count - first)) - 1;
	return free;
}

/* Says in the summary what is true of words [from, to), and counts the free blocks of them. */
static uint32_t map_sum_up(struct volume *v, size_t from, size_t to)
{
	uint32_t free_count = 0;

	for (size_t w = from; w < to; w++) {
		const uint64_t free = map_free_word(v, w);

		bit_put(v->map->summary, w, free != 0);
		free_count += (uint32_t)__builtin_popcountll(free);
	}
	return free_count;
}

/* ---- life ---- */

static bool map_grow_bits(uint64_t **bits, size_t old_words, size_t new_words)
{
	uint64_t *p = heap_resize(*bits, old_words * 8, new_words * 8);

	if (!p)
		return false;
	*bits = p;
	return true;
}

/* Memory for `count` blocks. */
static enum err map_set_room(struct volume_map *m, uint32_t count)
{
	const size_t old = m->indexes, new = ((size_t)count + BLOCK_BITS - 1) / BLOCK_BITS;

	if (new <= old)
		return E_OK;
	if (!map_grow_bits(&m->committed, old * BLOCK_WORDS, new *BLOCK_WORDS) ||
	    !map_grow_bits(&m->current, old * BLOCK_WORDS, new *BLOCK_WORDS) ||
	    !map_grow_bits(&m->summary, old * BLOCK_WORDS / WORD_BITS,
			   new *BLOCK_WORDS / WORD_BITS) ||
	    !map_grow_bits(&m->changed, words_of(old), words_of(new)))
		return E_NOMEM;
	m->indexes = new;
	return E_OK;
}

static enum err map_alloc(struct volume *v)
{
	v->map = heap_alloc(sizeof *v->map);
	return v->map ? map_set_room(v->map, v->super.block_count) : E_NOMEM;
}

void volume_map_fini(struct volume *v)
{
	struct volume_map *m = v->map;

	if (!m)
		return;
	heap_free(m->committed);
	heap_free(m->current);
	heap_free(m->summary);
	heap_free(m->changed);
	heap_free(m);
	v->map = NULL;
}

enum err volume_map_new(struct volume *v)
{
	v->super.block_count = v->super.used_count = VOLUME_DATA_BLOCK;

	const enum err err = map_alloc(v);

	if (err)
		return err;
	v->map->current[0] = v->map->committed[0] = ((uint64_t)1 << VOLUME_DATA_BLOCK) - 1;
	bit_set(v->map->changed, 0);
	v->map->end = v->map->next = VOLUME_DATA_BLOCK;
	return E_OK;
}

/* Block `index` of INO_MAP; *used counts its bits, *end is raised beyond the last of them. */
static enum err map_load_block(struct volume *v, size_t index, uint64_t *used, uint64_t *end)
{
	uint64_t *to = v->map->current + index * BLOCK_WORDS;
	const uint8_t *block;
	struct reader r;
	const enum err err = volume_tree_read(v, &v->super.map, index, &block);

	if (err || !block)
		return err;
	reader_init(&r, block, VOLUME_BLOCK_SIZE);
	for (size_t i = 0; i < BLOCK_WORDS; i++) {
		to[i] = reader_u64(&r);
		if (to[i] == 0)
			continue;
		*used += (uint64_t)__builtin_popcountll(to[i]);
		*end = ((uint64_t)index * BLOCK_WORDS + i + 1) * WORD_BITS -
		       (uint64_t)__builtin_clzll(to[i]);
	}
	return E_OK;
}

static enum err map_load(struct volume *v)
{
	const uint64_t reserved = ((uint64_t)1 << VOLUME_DATA_BLOCK) - 1;
	uint64_t used = 0, end = 0;
	enum err err = map_alloc(v);

	if (err)
		return err;
	struct volume_map *m = v->map;

	for (size_t i = 0; i < m->indexes; i++) {
		err = map_load_block(v, i, &used, &end);
		if (err)
			return err;
	}
	if (!volume_holds(MAP_END, end <= v->super.block_count))
		return E_VOLUME_FORMAT;
	if (!volume_holds(MAP_COUNT,
			  used == v->super.used_count && (m->current[0] & reserved) == reserved))
		return E_VOLUME_FORMAT;
	memcpy(m->committed, m->current, m->indexes * VOLUME_BLOCK_SIZE);
	m->free_count = map_sum_up(v, 0, m->indexes * BLOCK_WORDS);
	m->end = (uint32_t)end;
	return E_OK;
}

enum err volume_map_load(struct volume *v)
{
	const enum err err = map_load(v);

	if (err)
		volume_map_fini(v);
	return err;
}

/* ---- taking and giving ---- */

static void map_changed(struct volume *v, uint32_t block)
{
	const size_t word = block / WORD_BITS;

	bit_set(v->map->changed, block / BLOCK_BITS);
	bit_put(v->map->summary, word, map_free_word(v, word) != 0);
	v->changed = true;
}

/* A free block at or behind `from`; UINT32_MAX: there is none. */
static uint32_t map_search(const struct volume *v, uint32_t from)
{
	const size_t words = words_of(v->super.block_count);
	size_t word = from / WORD_BITS;

	if (word < words) {
		const uint64_t free = map_free_word(v, word) >> (from % WORD_BITS);

		if (free != 0)
			return from + (uint32_t)__builtin_ctzll(free);
	}
	word = bit_next(v->map->summary, word + 1, words);
	if (word >= words)
		return UINT32_MAX;
	return (uint32_t)(word * WORD_BITS + (size_t)__builtin_ctzll(map_free_word(v, word)));
}

enum err volume_map_take(struct volume *v, uint32_t *block)
{
	struct volume_map *m = v->map;
	const enum err err = volume_map_ensure(v, 1);

	if (err)
		return err;
	uint32_t b = map_search(v, m->next);

	if (b == UINT32_MAX)
		b = map_search(v, 0);
	must(b != UINT32_MAX);
	bit_set(m->current, b);
	map_changed(v, b);
	m->free_count--;
	m->next = b + 1;
	if (b >= m->end)
		m->end = b + 1;
	v->super.used_count++;
	*block = b;
	return E_OK;
}

enum err volume_map_give(struct volume *v, uint32_t block)
{
	struct volume_map *m = v->map;

	if (!volume_holds(MAP_USED, volume_map_used(v, block)))
		return E_VOLUME_FORMAT;
	bit_put(m->current, block, false);
	map_changed(v, block);
	if (!bit_get(m->committed, block))
		m->free_count++;
	v->super.used_count--;
	return E_OK;
}

bool volume_map_used(const struct volume *v, uint32_t block)
{
	return block >= VOLUME_DATA_BLOCK && block < v->super.block_count &&
	       bit_get(v->map->current, block);
}

/* ---- the size of the file ---- */

static uint32_t map_step(uint32_t count)
{
	return count / 16 > STEP_MIN ? count / 16 : STEP_MIN;
}

static uint32_t map_count_max(const struct volume *v)
{
	const uint64_t max = v->config.size_max / VOLUME_BLOCK_SIZE;

	return max == 0 || max > VOLUME_BLOCKS_MAX ? VOLUME_BLOCKS_MAX : (uint32_t)max;
}

static enum err map_grow_to(struct volume *v, uint32_t count)
{
	const struct volume_device *d = &v->config.device;
	struct volume_map *m = v->map;
	const uint32_t old = v->super.block_count;
	enum err err = map_set_room(m, count);

	if (!err)
		err = d->set_size(d->context, (uint64_t)count * VOLUME_BLOCK_SIZE);
	if (err)
		return err;
	v->super.block_count = count;
	m->free_count += count - old;
	(void)map_sum_up(v, old / WORD_BITS, words_of(count));
	return E_OK;
}

/* By `need` blocks or more: by a large step if the disk has room for it. */
static enum err map_grow(struct volume *v, uint32_t need)
{
	const uint32_t count = v->super.block_count, max = map_count_max(v);
	uint32_t step = map_step(count);
	enum err err = E_NO_SPACE;

	if (max < count || need > max - count)
		return E_NO_SPACE;
	if (step > max - count)
		step = max - count;
	if (step > need)
		err = map_grow_to(v, count + step);
	return err == E_NO_SPACE ? map_grow_to(v, count + need) : err;
}

enum err volume_map_ensure(struct volume *v, uint32_t count)
{
	const uint32_t free_count = v->map->free_count;

	return count <= free_count ? E_OK : map_grow(v, count - free_count);
}

uint32_t volume_map_settle_end(struct volume *v)
{
	struct volume_map *m = v->map;
	size_t words = words_of(m->end);
	uint32_t count;

	while (m->current[words - 1] == 0)
		words--;
	m->end = (uint32_t)(words * WORD_BITS - (size_t)__builtin_clzll(m->current[words - 1]));
	const uint32_t slack = map_step(m->end), old = v->super.block_count;

	if (__builtin_add_overflow(m->end, slack, &count) || count >= old ||
	    old - count < (slack > old / 4 ? slack : old / 4))
		return old;
	return count;
}

/* ---- to and from the disk ---- */

bool volume_map_next_changed(const struct volume *v, uint64_t first, uint64_t *index)
{
	const struct volume_map *m = v->map;
	const size_t i =
		first < m->indexes ? bit_next(m->changed, (size_t)first, m->indexes) : m->indexes;

	if (i == m->indexes)
		return false;
	*index = i;
	return true;
}

void volume_map_encode(const struct volume *v, uint64_t index, uint8_t out[VOLUME_BLOCK_SIZE])
{
	const uint64_t *from = v->map->current + index * BLOCK_WORDS;

	for (size_t i = 0; i < BLOCK_WORDS; i++) {
		for (size_t k = 0; k < 8; k++)
			out[i * 8 + k] = (uint8_t)(from[i] >> 8 * k);
	}
}

static void map_commit_block(struct volume *v, size_t index)
{
	struct volume_map *m = v->map;
	const size_t word = index * BLOCK_WORDS;

	for (size_t w = word; w < word + BLOCK_WORDS; w++) {
		const uint64_t gone = m->committed[w] & ~m->current[w];

		m->free_count += (uint32_t)__builtin_popcountll(gone);
		m->committed[w] = m->current[w];
	}
	(void)map_sum_up(v, word, word + BLOCK_WORDS);
}

/* The blocks from the superblock's count on are no more. */
static void map_cut_end(struct volume *v, uint32_t old_count)
{
	const struct volume_device *d = &v->config.device;
	const uint32_t count = v->super.block_count;

	v->map->free_count -= old_count - count;
	(void)map_sum_up(v, count / WORD_BITS, words_of(old_count));
	/* If the file stays longer than it need be, so be it. */
	(void)d->set_size(d->context, (uint64_t)count * VOLUME_BLOCK_SIZE);
}

void volume_map_committed(struct volume *v, uint32_t old_count)
{
	struct volume_map *m = v->map;
	const uint32_t count = v->super.block_count;

	v->super.block_count = old_count;
	for (size_t i = bit_next(m->changed, 0, m->indexes); i < m->indexes;
	     i = bit_next(m->changed, i + 1, m->indexes))
		map_commit_block(v, i);
	memset(m->changed, 0, words_of(m->indexes) * 8);
	v->super.block_count = count;
	if (count < old_count)
		map_cut_end(v, old_count);
	m->next = 0;
}
