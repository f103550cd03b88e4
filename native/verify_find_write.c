/*
 * Facts as bytes: what verify_facts.c reads.
 * Trust: what is written comes from the finder.
 */
#include <string.h>

#include "base/heap.h"
#include "native/verify_find_work.h"

void facts_buffer_fini(struct facts_buffer *b)
{
	heap_free(b->bytes);
	*b = (struct facts_buffer){0};
}

bool facts_buffer_reserve(struct facts_buffer *b, size_t n)
{
	size_t capacity = b->capacity ? b->capacity : 256;

	while (capacity - b->size < n)
		capacity *= 2;
	if (capacity == b->capacity)
		return true;
	uint8_t *bytes = heap_resize(b->bytes, b->capacity, capacity);

	if (!bytes)
		return false;
	b->bytes = bytes;
	b->capacity = capacity;
	return true;
}

/* Ten bytes are reserved for each number. */
static void buffer_number(struct facts_buffer *b, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		b->bytes[b->size++] = (uint8_t)(v | 0x80);
	b->bytes[b->size++] = (uint8_t)v;
}

/* ---- values -------------------------------------------------------------------------------------------------- */

static void value_write(struct facts_buffer *b, const struct verify_image *image,
			const struct value *v)
{
	const struct value usual = fact_usual(image, v->kind, v->which);
	uint8_t *tag = &b->bytes[b->size++];

	*tag = v->kind;
	if (g_fact_shapes[v->kind].has_which)
		buffer_number(b, v->which);
	if (v->lo != usual.lo || v->hi != usual.hi) {
		*tag |= FACT_RANGE;
		buffer_number(b, (uint64_t)v->lo << 1 ^ (uint64_t)(v->lo >> 63));
		buffer_number(b, (uint64_t)v->hi - (uint64_t)v->lo);
	}
	if (v->align != 0) {
		*tag |= FACT_ALIGN;
		buffer_number(b, v->align);
	}
	if (v->low_bits != 0) {
		*tag |= FACT_LOW;
		buffer_number(b, v->low_bits == 32 ? 2 : v->low_bits / 16);
		buffer_number(b, v->low_max);
	}
	if (v->bound != 0) {
		*tag |= FACT_BOUND;
		buffer_number(b, v->bound);
		buffer_number(b, v->times);
		buffer_number(b, v->slack);
	}
}

/* ---- records --------------------------------------------------------------------------------------------------- */

/* Bytes of one function. */
struct fact_writer {
	struct facts_buffer *b;
	const struct verify_image *image;
	int32_t lowest; /* place of the frame */
	uint32_t next;	/* code of a place: the last one + 1 */
	uint32_t edits;
};

static uint32_t code_of_place(const struct fact_writer *t, int32_t place)
{
	uint32_t n = (uint32_t)(place - t->lowest);

	return place >= 0 ? (uint32_t)place : 16 + n / 4 * 2 + n % 4;
}

static void edit_begin(struct fact_writer *t, int32_t place)
{
	uint32_t code = code_of_place(t, place);

	buffer_number(t->b, code - t->next);
	t->next = code + 1;
	t->edits++;
}

static void edit_write(struct fact_writer *t, const struct fact *fact, const struct value *v)
{
	edit_begin(t, fact->place);
	if (fact->same != fact->place) {
		t->b->bytes[t->b->size++] = FACT_SAME;
		buffer_number(t->b, code_of_place(t, fact->same));
	}
	value_write(t->b, t->image, v);
}

static void edit_write_nothing(struct fact_writer *t, int32_t place)
{
	edit_begin(t, place);
	t->b->bytes[t->b->size++] = FACT_NOTHING;
}

static bool fact_equal(const struct record *from, uint32_t i, const struct record *to, uint32_t j)
{
	const struct fact *a = &from->facts[i], *b = &to->facts[j];

	return a->same == b->same && value_equal(&from->values[a->value], &to->values[b->value]);
}

/* What makes one record of the other. */
static void edits_write(struct fact_writer *t, const struct record *from, const struct record *to)
{
	uint32_t i = 0, j = 0;

	while (i < from->count || j < to->count) {
		uint32_t x = i < from->count ? (uint32_t)from->facts[i].place : UINT32_MAX;
		uint32_t y = j < to->count ? (uint32_t)to->facts[j].place : UINT32_MAX;

		if (x < y)
			edit_write_nothing(t, from->facts[i].place);
		else if (x > y || !fact_equal(from, i, to, j))
			edit_write(t, &to->facts[j], &to->values[to->facts[j].value]);
		i += x <= y;
		j += y <= x;
	}
}

/* The number of edits stands before them: they are moved to behind it. */
static enum verify_reason label_write(struct fact_writer *t, const struct record *from,
				      const struct record *to)
{
	struct facts_buffer *b = t->b;

	if (!facts_buffer_reserve(b, 20 + 80 * ((size_t)from->count + to->count)))
		return VERIFY_MEMORY;
	size_t begin = b->size;

	t->next = t->edits = 0;
	edits_write(t, from, to);
	size_t end = b->size;

	buffer_number(b, t->edits);
	size_t n = b->size - end;
	uint8_t count[10];

	memcpy(count, b->bytes + end, n);
	memmove(b->bytes + begin + n, b->bytes + begin, end - begin);
	memcpy(b->bytes + begin, count, n);
	return VERIFY_OK;
}

static int32_t work_lowest(const struct find_work *w)
{
	int32_t lowest = 0;

	for (uint32_t i = 0; i < w->label_count; i++) {
		const struct record r = find_need(&w->labels[i]);

		for (uint32_t k = 0; k < r.count; k++) {
			int32_t place = r.facts[k].place & ~3;

			lowest = r.facts[k].place < 0 && place < lowest ? place : lowest;
		}
	}
	return lowest;
}

enum verify_reason find_write(struct find_work *w, struct facts_buffer *b)
{
	struct fact_writer t = {.b = b, .image = w->flow.image, .lowest = work_lowest(w)};
	uint32_t after = w->flow.begin;
	struct record before = {0};

	for (uint32_t i = 0; i < w->label_count; i++) {
		const struct find_label *l = &w->labels[i];
		const struct record r = find_need(l);

		if (!l->reached)
			continue;
		if (!facts_buffer_reserve(b, 20))
			return VERIFY_MEMORY;
		if (before.count == 0)
			buffer_number(b, (uint32_t)(-t.lowest / 4));
		buffer_number(b, l->at - after - 1);
		enum verify_reason e = label_write(&t, &before, &r);

		if (e)
			return e;
		after = l->at;
		before = r;
	}
	return VERIFY_OK;
}
