/*
 * Facts: found by abstract interpretation, round by round over the labels whose record has changed, until none
 * has.
 * Trust: nothing is believed of what is found here; the code may be hostile (the tests'), so effort and memory are
 * bounded.
 * Invariant: a record only ever says less than before, in ever larger steps, so that the rounds end.
 */
#include "native/verify_find.h"

#include <string.h>

#include "base/heap.h"
#include "native/verify_find_work.h"

#define STEPS_MAX   512u /* per byte of code */
#define WIDEN_AFTER 3u	 /* visits of a label that make it say less: from then on in large steps */

/* ---- records ------------------------------------------------------------------------------------------------ */

static struct record label_record(const struct find_label *l)
{
	return (struct record){.facts = l->facts, .values = l->values, .count = l->count};
}

/* What a fact can say of a value. */
static struct value value_stripped(const struct value *v)
{
	struct value r = *v;

	r.id = r.of = r.plus = 0;
	if (r.kind == VALUE_NUMBER && r.bound == 0)
		r.times = 0;
	return r;
}

static void label_add(struct find_label *l, int32_t place, const struct value *v)
{
	l->facts[l->count] = (struct fact){.place = place, .same = place, .value = l->count};
	l->values[l->count] = *v;
	l->count++;
}

/* The number + 1 of the first value with that id: a hash table of pairs of id and number. */
static uint32_t leader_find(uint32_t *table, uint32_t mask, uint32_t id, uint32_t number)
{
	uint32_t i = id * 0x9e3779b1u & mask;

	while (table[2 * i] != 0 && table[2 * i] != id)
		i = (i + 1) & mask;
	if (table[2 * i] == 0) {
		table[2 * i] = id;
		table[2 * i + 1] = number;
	}
	return table[2 * i + 1];
}

/* Who has the same low 32 bits as whom, by the ids that are still in the values. */
static enum verify_reason label_group(struct find_label *l)
{
	uint32_t size = 64;

	while (size < 2 * l->count)
		size *= 2;
	uint32_t *table = heap_alloc_array(size, 2 * sizeof *table);

	if (!table)
		return VERIFY_MEMORY;
	for (uint32_t i = 0; i < l->count; i++) {
		const struct value *v = &l->values[i];

		if (v->kind != VALUE_NUMBER || v->id == 0)
			continue;
		uint32_t leader = leader_find(table, size - 1, v->id, i + 1);

		if (leader != i + 1)
			l->leaders[i] = l->leaders[leader - 1] = (uint16_t)leader;
	}
	heap_free(table);
	return VERIFY_OK;
}

/* Those that say nothing go. A leader without followers is none. */
static void label_pack(struct find_work *w, struct find_label *l)
{
	uint16_t *moved = w->moved, *followers = w->followers;
	uint32_t count = 0;

	memset(moved, 0, (l->count + 1) * sizeof *moved);
	memset(followers, 0, (l->count + 1) * sizeof *followers);
	for (uint32_t i = 0; i < l->count; i++)
		followers[l->leaders[i]]++;
	for (uint32_t i = 0; i < l->count; i++) {
		uint32_t leader = followers[l->leaders[i]] > 1 ? l->leaders[i] : 0;
		int32_t place = l->facts[i].place;

		if (leader == 0 && value_is_any(&l->values[i]))
			continue;
		if (leader == i + 1)
			moved[leader] = (uint16_t)(count + 1);
		leader = moved[leader];
		l->leaders[count] = (uint16_t)leader;
		l->values[count] = l->values[i];
		l->facts[count] = (struct fact){place, place, count};
		if (leader != 0)
			l->facts[count].same = l->facts[leader - 1].place;
		count++;
	}
	l->count = count;
}

/* The first time: all that is known. */
static enum verify_reason label_make(struct find_work *w, struct find_label *l,
				     const struct state *s)
{
	l->facts = heap_alloc_array(16 + s->slot_count, sizeof *l->facts);
	l->values = heap_alloc_array(16 + s->slot_count, sizeof *l->values);
	l->leaders = heap_alloc_array(16 + s->slot_count, sizeof *l->leaders);
	if (!l->facts || !l->values || !l->leaders)
		return VERIFY_MEMORY;
	for (int32_t r = 0; r < 16; r++)
		label_add(l, r, &s->regs[r]);
	for (uint32_t i = 0; i < s->slot_count; i++)
		label_add(l, place_of_slot(&s->slots[i]), &s->slots[i].value);
	enum verify_reason e = label_group(l);

	for (uint32_t i = 0; i < l->count; i++)
		l->values[i] = value_stripped(&l->values[i]);
	label_pack(w, l);
	l->reached = true;
	return e;
}

/* Fewer bits to tell: bounds go to one of a few numbers. */
static struct value value_widen(const struct value *old, const struct value *v)
{
	static const int64_t above[] = {INT32_MAX, U32_MAX, (INT64_C(1) << 33) - 1, VALUE_MAX};
	static const int64_t below[] = {0, INT32_MIN, VALUE_MIN};
	struct value r = *v;
	unsigned i = 0;

	if (v->hi > old->hi) {
		while (above[i] < v->hi)
			i++;
		r.hi = above[i];
	}
	i = 0;
	if (v->lo < old->lo) {
		while (below[i] > v->lo)
			i++;
		r.lo = below[i];
	}
	if (v->low_bits == old->low_bits && v->low_max > old->low_max)
		r.low_bits = 0;
	if (r.low_bits == 0)
		r.low_max = 0;
	if (v->bound && v->slack < old->slack)
		r.bound = r.times = 0;
	if (r.bound == 0)
		r.slack = 0;
	return r;
}

/* Of those that follow one leader only they go on whose values have the id of the first. */
static bool fact_keeps_leader(uint32_t *ids, uint16_t *leader, const struct value *v)
{
	if (*leader == 0)
		return true;
	uint32_t id = v->kind == VALUE_NUMBER ? v->id : 0, *first = &ids[*leader];

	if (*first == 0)
		*first = id ? id : UINT32_MAX;
	if (id != 0 && *first == id)
		return true;
	*leader = 0;
	return false;
}

static void label_join(struct find_work *w, struct find_label *l, const struct state *s)
{
	uint32_t next = 0;
	bool changed = false;

	memset(w->ids, 0, (l->count + 1) * sizeof *w->ids);
	for (uint32_t i = 0; i < l->count; i++) {
		struct value *old = &l->values[i], any = value_any();
		const struct value *v = state_at(s, l->facts[i].place, &next);

		if (!v)
			v = &any;
		changed |= !fact_keeps_leader(w->ids, &l->leaders[i], v);
		if (value_implies(v, old))
			continue;
		struct value joined = value_join(old, v);

		if (l->visits >= WIDEN_AFTER)
			joined = value_widen(old, &joined);
		*old = value_stripped(&joined);
		changed = true;
	}
	if (!changed)
		return;
	label_pack(w, l);
	l->dirty = true;
	if (l->visits < UINT8_MAX)
		l->visits++;
}

static enum verify_reason find_edge(void *context, int64_t target, const struct state *s)
{
	struct find_work *w = context;
	struct find_label *l = find_label(w, target);

	if (!l)
		return VERIFY_BRANCH;
	if (l->reached) {
		label_join(w, l, s);
		return VERIFY_OK;
	}
	l->dirty = true;
	return label_make(w, l, s);
}

/* ---- rounds --------------------------------------------------------------------------------------------------- */

static enum verify_reason work_walk_label(struct find_work *w, struct find_label *l)
{
	const struct record r = label_record(l);

	l->dirty = false;
	record_load(&r, w->flow.state);
	w->flow.at = l->at;
	if (!value_is_rsp(&w->flow.state->regs[X86_RSP]))
		return VERIFY_STACK_POINTER;
	return find_walk(w, l->at);
}

static enum verify_reason work_go_round(struct find_work *w)
{
	enum verify_reason e;
	bool again = true;

	w->flow.edge = find_edge;
	state_enter(w->flow.state);
	e = find_walk(w, w->flow.begin);
	while (again && !e) {
		again = false;
		e = flow_spend(&w->flow, w->label_count / 8);
		for (uint32_t i = 0; i < w->label_count && !e; i++) {
			if (!w->labels[i].dirty)
				continue;
			e = work_walk_label(w, &w->labels[i]);
			again = true;
		}
	}
	return e;
}

/* ---- what is called ------------------------------------------------------------------------------------------- */

enum err finder_init(struct finder *f, const struct verify_image *image)
{
	struct find_work *w = heap_alloc(sizeof *w);

	memset(f, 0, sizeof *f);
	f->image = *image;
	f->work = w;
	f->no_facts = heap_alloc_array((size_t)image->entry_count + 1, 4);
	f->image.facts = f->no_facts;
	f->image.facts_size = 4 * (image->entry_count + 1);
	if (!w || !f->no_facts || verifier_init(&f->verifier, &f->image) ||
	    flow_init(&w->flow, &f->image, &f->verifier.index)) {
		finder_fini(f);
		return E_NOMEM;
	}
	w->flow.context = w;
	return E_OK;
}

void finder_fini(struct finder *f)
{
	verifier_fini(&f->verifier);
	if (f->work) {
		find_code_free(f->work);
		flow_fini(&f->work->flow);
	}
	heap_free(f->work);
	facts_buffer_fini(&f->one);
	heap_free(f->no_facts);
	memset(f, 0, sizeof *f);
}

/* out: NULL: nothing is written. */
static enum verify_reason work_find(struct find_work *w, struct facts_buffer *out)
{
	enum verify_reason e = find_code(w);

	if (!e)
		e = work_go_round(w);
	if (!e && out)
		e = find_trim(w);
	return e || !out ? e : find_write(w, out);
}

static struct verify_result finder_run(struct finder *f, uint32_t i, struct facts_buffer *out)
{
	struct find_work *w = f->work;
	struct verify_result result = {.reason = flow_enter(&w->flow, i, STEPS_MAX)};

	if (!result.reason)
		result.reason = work_find(w, out);
	result.offset = w->flow.at;
	result.labels = w->label_count;
	result.steps = w->flow.steps > UINT32_MAX ? UINT32_MAX : (uint32_t)w->flow.steps;
	find_code_free(w);
	return result;
}

struct verify_result finder_find(struct finder *f, uint32_t i, struct facts_buffer *out)
{
	size_t before = out->size;
	struct verify_result result = finder_run(f, i, out);

	if (result.reason)
		out->size = before;
	return result;
}

struct verify_result finder_verdict(struct finder *f, uint32_t i)
{
	return finder_run(f, i, NULL);
}

static void buffer_word(uint8_t *p, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

struct verify_result finder_verify(struct finder *f, uint32_t i)
{
	f->one.size = 0;
	struct verify_result result = finder_find(f, i, &f->one);

	return result.reason ? result
			     : verify_function_with(&f->verifier, i, f->one.bytes, f->one.size);
}

enum err finder_find_all(struct finder *f, struct facts_buffer *out, struct verify_result *results)
{
	size_t count = f->image.entry_count, table = 4 * (count + 1);

	out->size = 0;
	if (!facts_buffer_reserve(out, table))
		return E_NOMEM;
	memset(out->bytes, 0, table);
	out->size = table;
	for (uint32_t i = 0; i < count; i++) {
		struct verify_result result = finder_verify(f, i);

		if (!facts_buffer_reserve(out, f->one.size))
			return E_NOMEM;
		if (!result.reason) {
			memcpy(out->bytes + out->size, f->one.bytes, f->one.size);
			out->size += f->one.size;
		}
		if (results)
			results[i] = result;
		buffer_word(out->bytes + 4 * (i + 1), (uint32_t)(out->size - table));
	}
	return E_OK;
}
