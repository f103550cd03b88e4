/*
 * What holds at labels. Records of a function are small: places that nothing is known of are left out, and
 * equal values are stored once.
 * Trust: nothing; sizes are bounded by VERIFY_VALUES_MAX and VERIFY_MEMORY_MAX.
 * Invariant: a record only ever says less than before, so its entries stay in place. Entries are in the order of
 * registers, then of the frame upwards.
 */
#include "native/verify_state.h"

#include <string.h>

#include "base/heap.h"

#define VALUES_FIRST  64u
#define ENTRIES_FIRST 1024u
#define SEEN	      4096u /* more than twice the places of a state; a power of 2 */
#define PLACES	      (16 + VERIFY_SLOTS_MAX + 1)
static_assert(SEEN >= 2 * PLACES, "places");
#define WIDEN_AFTER 3u /* visits of a label that make it say less: from then on in large steps */

enum err records_init(struct records *r)
{
	*r = (struct records){0};
	r->values = heap_alloc_array(VALUES_FIRST, sizeof *r->values);
	r->buckets = heap_alloc_array(2 * VALUES_FIRST, sizeof *r->buckets);
	r->entries = heap_alloc_array(ENTRIES_FIRST, sizeof *r->entries);
	r->seen = heap_alloc_array(2 * SEEN, sizeof *r->seen);
	if (!r->values || !r->buckets || !r->entries || !r->seen) {
		records_fini(r);
		return E_NOMEM;
	}
	r->value_capacity = VALUES_FIRST;
	r->entry_capacity = ENTRIES_FIRST;
	return E_OK;
}

void records_fini(struct records *r)
{
	heap_free(r->values);
	heap_free(r->buckets);
	heap_free(r->entries);
	heap_free(r->seen);
	*r = (struct records){0};
}

void records_clear(struct records *r)
{
	r->value_count = 0;
	r->entry_count = 0;
	memset(r->buckets, 0, 2 * r->value_capacity * sizeof *r->buckets);
}

size_t records_memory(const struct records *r)
{
	return r->value_capacity * (sizeof *r->values + 2 * sizeof *r->buckets) +
	       r->entry_capacity * sizeof *r->entries + 2 * SEEN * sizeof *r->seen;
}

/* ---- values, each once ----------------------------------------------------------------------------------- */

static uint32_t value_hash(const struct value *v)
{
	uint64_t words[sizeof *v / 8];
	uint64_t h = 0;

	static_assert(sizeof *v % 8 == 0, "hashed as words, without padding");
	memcpy(words, v, sizeof words);
	for (unsigned i = 0; i < COUNT_OF(words); i++)
		h = (h ^ words[i]) * 0x9e3779b97f4a7c15u;
	return (uint32_t)(h >> 32);
}

static uint16_t *bucket_find(const struct records *r, const struct value *v)
{
	uint32_t mask = 2 * r->value_capacity - 1;
	uint32_t i = value_hash(v) & mask;

	while (r->buckets[i] != 0 && !value_equal(&r->values[r->buckets[i] - 1u], v))
		i = (i + 1) & mask;
	return &r->buckets[i];
}

static enum err values_grow(struct records *r)
{
	uint32_t n = r->value_capacity;

	if (n == VERIFY_VALUES_MAX)
		return E_LIMIT;
	struct value *values = heap_resize(r->values, n * sizeof *values, 2 * n * sizeof *values);

	if (!values)
		return E_NOMEM;
	r->values = values;
	uint16_t *buckets = heap_alloc_array(4 * (size_t)n, sizeof *buckets);

	if (!buckets)
		return E_NOMEM;
	heap_free(r->buckets);
	r->buckets = buckets;
	r->value_capacity = 2 * n;
	for (uint32_t i = 0; i < r->value_count; i++)
		*bucket_find(r, &values[i]) = (uint16_t)(i + 1);
	return E_OK;
}

static enum err value_intern(struct records *r, const struct value *from, uint16_t *index)
{
	struct value v = *from;

	v.id = v.of = v.plus = 0;
	if (v.kind == VALUE_NUMBER && v.bound == 0)
		v.times = 0;
	if (r->value_count == r->value_capacity) {
		enum err e = values_grow(r);

		if (e)
			return e;
	}
	uint16_t *bucket = bucket_find(r, &v);

	if (*bucket == 0) {
		r->values[r->value_count++] = v;
		*bucket = (uint16_t)r->value_count;
	}
	*index = (uint16_t)(*bucket - 1);
	return E_OK;
}

/* ---- places ------------------------------------------------------------------------------------------------- */

static uint32_t place_of_slot(const struct frame_slot *slot)
{
	return 16 + 2 * (uint32_t)-slot->at + (slot->size == 8);
}

static struct frame_slot slot_of_place(uint32_t place)
{
	uint32_t n = place - 16;

	return (struct frame_slot){.at = -(int32_t)(n / 2), .size = n % 2 ? 8 : 4};
}

/* The value at a place, or NULL; places are asked for in their order, *next goes along the slots. */
static const struct value *place_value(const struct state *s, uint32_t place, uint32_t *next)
{
	if (place < 16)
		return &s->regs[place];
	struct frame_slot wanted = slot_of_place(place);

	while (*next < s->slot_count && s->slots[*next].at < wanted.at)
		(*next)++;
	if (*next == s->slot_count || s->slots[*next].at != wanted.at ||
	    s->slots[*next].size != wanted.size)
		return NULL;
	return &s->slots[*next].value;
}

/* ---- records ------------------------------------------------------------------------------------------------- */

void record_load(const struct records *r, const struct record *record, struct state *s)
{
	state_enter(s);
	s->next_id = record->count + 1u; /* groups are at most their count */
	for (unsigned reg = 0; reg < 16; reg++)
		s->regs[reg] = value_any();
	for (uint32_t i = 0; i < record->count; i++) {
		const struct record_entry *e = &r->entries[record->begin + i];
		struct value *v = &s->regs[e->place & 15];

		if (e->place >= 16) {
			struct frame_slot *slot = &s->slots[s->slot_count++];

			*slot = slot_of_place(e->place);
			v = &slot->value;
		}
		*v = r->values[e->value];
		if (v->kind == VALUE_NUMBER)
			v->id = e->group ? e->group : s->next_id++;
	}
	for (unsigned reg = 0; reg < 16; reg++) {
		if (s->regs[reg].kind == VALUE_NUMBER && s->regs[reg].id == 0)
			s->regs[reg].id = s->next_id++;
	}
}

bool record_holds(const struct records *r, const struct record *record, const struct state *s)
{
	uint32_t next = 0;

	if (!record->reached)
		return false;
	memset(r->seen, 0, (record->count + 1u) * sizeof *r->seen);
	for (uint32_t i = 0; i < record->count; i++) {
		const struct record_entry *e = &r->entries[record->begin + i];
		const struct value *v = place_value(s, e->place, &next);

		if (!v || !value_implies(v, &r->values[e->value]))
			return false;
		if (e->group == 0)
			continue;
		if (r->seen[e->group] == 0)
			r->seen[e->group] = v->id;
		if (v->kind != VALUE_NUMBER || v->id == 0 || v->id != r->seen[e->group])
			return false;
	}
	return true;
}

static enum err entries_reserve(struct records *r, uint32_t count)
{
	uint32_t capacity = r->entry_capacity;

	while (capacity - r->entry_count < count)
		capacity *= 2;
	if (capacity == r->entry_capacity)
		return E_OK;
	if (capacity > VERIFY_MEMORY_MAX / 2 / sizeof *r->entries)
		return E_LIMIT;
	struct record_entry *entries = heap_resize(r->entries, r->entry_capacity * sizeof *entries,
						   capacity * sizeof *entries);

	if (!entries)
		return E_NOMEM;
	r->entries = entries;
	r->entry_capacity = capacity;
	return E_OK;
}

/* Makes a place of a new record; groups are ids at first. */
static enum err entry_add(struct records *r, struct record *record, uint32_t place,
			  const struct value *v, uint32_t *ids)
{
	struct record_entry *e = &r->entries[r->entry_count];

	*e = (struct record_entry){.place = place};
	ids[record->count] = v->kind == VALUE_NUMBER ? v->id : 0;
	record->count++;
	r->entry_count++;
	return value_intern(r, v, &e->value);
}

/* The number, from 1 on, of the first entry with that id: a hash table of pairs of id and number. */
static uint32_t group_find(uint32_t *table, uint32_t id, uint32_t number)
{
	uint32_t i = id * 0x9e3779b1u >> 21; /* SEEN / 2 pairs */

	while (table[2 * i] != 0 && table[2 * i] != id)
		i = (i + 1) % (SEEN / 2);
	if (table[2 * i] == 0) {
		table[2 * i] = id;
		table[2 * i + 1] = number;
	}
	return table[2 * i + 1];
}

static void record_group(struct records *r, struct record *record, const uint32_t *ids)
{
	struct record_entry *entries = &r->entries[record->begin];
	uint32_t *table = r->seen;

	memset(table, 0, SEEN * sizeof *table);
	for (uint32_t i = 0; i < record->count; i++) {
		uint32_t first = ids[i] ? group_find(table, ids[i], i + 1) : i + 1;

		if (first != i + 1)
			entries[i].group = entries[first - 1].group = (uint16_t)first;
	}
}

static enum err record_make(struct records *r, struct record *record, const struct state *s)
{
	uint32_t *ids = r->seen + SEEN;
	enum err e = entries_reserve(r, 16 + s->slot_count);

	record->begin = r->entry_count;
	record->count = 0;
	for (unsigned reg = 0; !e && reg < 16; reg++)
		e = entry_add(r, record, reg, &s->regs[reg], ids);
	for (uint32_t i = 0; !e && i < s->slot_count; i++)
		e = entry_add(r, record, place_of_slot(&s->slots[i]), &s->slots[i].value, ids);
	if (e)
		return e;
	record_group(r, record, ids);
	record->reached = true;
	return E_OK;
}

/* Those that say nothing go; groups are counted from 1 on. */
static void record_pack(struct records *r, struct record *record)
{
	struct record_entry *entries = &r->entries[record->begin];
	uint32_t *numbers = r->seen + SEEN, groups = 0;
	uint16_t count = 0;

	memset(numbers, 0, PLACES * sizeof *numbers);
	for (uint32_t i = 0; i < record->count; i++) {
		const struct value *v = &r->values[entries[i].value];

		if (entries[i].group == 0 && value_is_any(v))
			continue;
		if (entries[i].group != 0) {
			uint32_t *number = &numbers[entries[i].group];

			if (*number == 0)
				*number = ++groups;
			entries[i].group = (uint16_t)*number;
		}
		entries[count++] = entries[i];
	}
	record->count = count;
}

/* Of a group only those stay whose values have the id of its first. */
static bool entry_keeps_group(uint32_t *ids, struct record_entry *e, const struct value *v)
{
	if (e->group == 0)
		return true;
	uint32_t id = v->kind == VALUE_NUMBER ? v->id : 0;

	if (ids[e->group] == 0)
		ids[e->group] = id ? id : UINT32_MAX;
	if (id != 0 && ids[e->group] == id)
		return true;
	e->group = 0;
	return false;
}

static enum err entry_join(struct records *r, const struct record *record, struct record_entry *e,
			   const struct value *v, bool *changed)
{
	const struct value old = r->values[e->value];

	if (!entry_keeps_group(r->seen, e, v))
		*changed = true;
	if (value_implies(v, &old))
		return E_OK;
	struct value joined = value_join(&old, v);

	if (record->visits >= WIDEN_AFTER)
		joined = value_widen(&old, &joined);
	*changed = true;
	return value_intern(r, &joined, &e->value);
}

enum err record_join(struct records *r, struct record *record, const struct state *s, bool *changed)
{
	uint32_t next = 0, count = 0;
	enum err e = E_OK;

	*changed = !record->reached;
	if (!record->reached) {
		e = record_make(r, record, s);
		if (!e)
			record_pack(r, record);
		r->entry_count = record->begin + record->count;
		return e;
	}
	memset(r->seen, 0, (record->count + 1u) * sizeof *r->seen);
	for (uint32_t i = 0; i < record->count && !e; i++) {
		struct record_entry *entry = &r->entries[record->begin + i];
		const struct value *v = place_value(s, entry->place, &next);

		if (v) {
			e = entry_join(r, record, entry, v, changed);
			r->entries[record->begin + count++] = *entry;
		} else {
			*changed = true;
		}
	}
	record->count = (uint16_t)count;
	if (*changed) {
		record_pack(r, record);
		if (record->visits < UINT8_MAX)
			record->visits++;
	}
	return e;
}
