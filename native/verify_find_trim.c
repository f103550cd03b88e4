/*
 * What of the records is needed: from the stack pointer alone on, label by label, what is missing is added until each
 * piece of code passes by what is needed at its label; round by round until no label needs more.
 * Trust: nothing is believed of what is found here.
 * Invariant: a need only ever grows, and all that is known always does: the rounds end.
 */
#include <string.h>

#include "base/heap.h"
#include "native/verify_find_work.h"

struct record find_need(const struct find_label *l)
{
	return (struct record){
		.facts = l->need_facts, .values = l->need_values, .count = l->need_count};
}

/* Puts the record together that the needs say. */
static void label_collect(struct find_work *w, struct find_label *l)
{
	uint16_t *moved = w->moved, *followers = w->followers;

	memset(followers, 0, (l->count + 1) * sizeof *followers);
	memset(moved, 0, (l->count + 1) * sizeof *moved);
	for (uint32_t i = 0; i < l->count; i++) {
		if (l->needs[i] == NEED_ALL)
			followers[l->leaders[i]]++;
	}
	l->need_count = 0;
	for (uint32_t i = 0; i < l->count; i++) {
		uint32_t leader = l->leaders[i], n = l->need_count;
		int32_t place = l->facts[i].place;

		if (l->needs[i] == NEED_NOTHING)
			continue;
		if (l->needs[i] != NEED_ALL || followers[leader] < 2)
			leader = 0;
		if (leader != 0 && moved[leader] == 0) /* the first of them */
			moved[leader] = (uint16_t)(n + 1);
		l->need_facts[n] = (struct fact){place, place, n};
		if (leader != 0)
			l->need_facts[n].same = l->need_facts[moved[leader] - 1].place;
		l->need_values[n] = l->needs[i] == NEED_U32 ? value_bytes(4) : l->values[i];
		l->need_count++;
	}
}

static enum verify_reason trim_edge(void *context, int64_t target, const struct state *s)
{
	struct find_work *w = context;
	const struct find_label *l = find_label(w, target);

	if (!l || !l->reached)
		return VERIFY_BRANCH;
	struct record r = find_need(l);

	w->failed_count = 0;
	while (r.count != 0) {
		uint32_t n = record_check(&r, s);

		if (n == r.count)
			break;
		w->failed[w->failed_count++] = r.facts[n].place;
		r.facts += n + 1;
		r.count -= n + 1;
	}
	return w->failed_count == 0 ? VERIFY_OK : VERIFY_FACTS;
}

/* Does the code behind the label pass by what is needed there? */
static enum verify_reason label_try(struct find_work *w, struct find_label *l)
{
	label_collect(w, l);
	const struct record r = find_need(l);

	record_load(&r, w->flow.state);
	w->failed_count = 0;
	return find_walk(w, l->at);
}

static enum verify_reason label_begin(struct find_label *l)
{
	l->needs = heap_alloc(l->count);
	l->need_facts = heap_alloc_array(l->count, sizeof *l->need_facts);
	l->need_values = heap_alloc_array(l->count, sizeof *l->need_values);
	if (!l->needs || !l->need_facts || !l->need_values)
		return VERIFY_MEMORY;
	for (uint32_t i = 0; i < l->count; i++) {
		if (l->facts[i].place == X86_RSP)
			l->needs[i] = NEED_ALL;
	}
	return VERIFY_OK;
}

static uint32_t label_place(const struct find_label *l, int32_t place)
{
	uint32_t i = 0;

	while (i < l->count && l->facts[i].place != place)
		i++;
	return i;
}

/* May less than all of a fact be needed? */
static bool fact_has_need(const struct find_label *l, uint32_t i, uint8_t need)
{
	const struct value u32 = value_bytes(4);

	if (need == NEED_U32)
		return l->values[i].kind == VALUE_NUMBER && value_implies(&l->values[i], &u32);
	return need == NEED_ALL || l->leaders[i] != 0;
}

/* The least that is needed of a fact, more than `before`, now that it is needed. */
static enum verify_reason label_weaken(struct find_work *w, struct find_label *l, uint32_t i,
				       uint8_t before)
{
	enum verify_reason e = VERIFY_OK;

	for (uint8_t need = before + 1; need <= NEED_ALL; need++) {
		if (!fact_has_need(l, i, need))
			continue;
		l->needs[i] = need;
		e = label_try(w, l);
		if (!e || e == VERIFY_EFFORT)
			return e;
	}
	return e;
}

/* All of those wanted at once; or, if that will not do, one by one. */
static enum verify_reason label_weaken_all(struct find_work *w, struct find_label *l,
					   uint32_t wanted_count)
{
	enum verify_reason e = VERIFY_OK;

	for (uint32_t n = 0; n < wanted_count; n++) {
		uint32_t i = w->wanted[n] >> 2;

		if ((w->wanted[n] & 3) < NEED_U32 && fact_has_need(l, i, NEED_U32))
			l->needs[i] = NEED_U32;
	}
	e = label_try(w, l);
	if (!e || e == VERIFY_EFFORT)
		return e;
	for (uint32_t n = 0; n < wanted_count; n++)
		l->needs[w->wanted[n] >> 2] = NEED_ALL;
	for (uint32_t n = 0; n < wanted_count && e != VERIFY_EFFORT; n++)
		e = label_weaken(w, l, w->wanted[n] >> 2, w->wanted[n] & 3);
	return e;
}

/* What an edge misses in a place that the code leaves as it is, is to be known before: adds it to what is wanted. */
static uint32_t label_pull_failed(struct find_work *w, struct find_label *l, uint32_t wanted_count)
{
	for (uint32_t k = 0; k < w->failed_count; k++) {
		uint32_t i = label_place(l, w->failed[k]);

		if (i == l->count || l->needs[i] == NEED_ALL)
			continue;
		w->wanted[wanted_count++] = (uint16_t)(i << 2 | l->needs[i]);
		l->needs[i] = NEED_ALL;
	}
	return wanted_count;
}

/* Takes back what was of no use: it is still missed. */
static uint32_t label_undo_failed(struct find_work *w, struct find_label *l, uint32_t first,
				  uint32_t wanted_count)
{
	uint32_t kept = first;

	for (uint32_t n = first; n < wanted_count; n++) {
		uint32_t i = w->wanted[n] >> 2, k = 0;

		while (k < w->failed_count && w->failed[k] != l->facts[i].place)
			k++;
		if (k < w->failed_count)
			l->needs[i] = w->wanted[n] & 3;
		else
			w->wanted[kept++] = w->wanted[n];
	}
	return kept;
}

static enum verify_reason label_pull(struct find_work *w, struct find_label *l,
				     uint32_t *wanted_count)
{
	enum verify_reason e = label_try(w, l);
	uint32_t before;

	do {
		before = *wanted_count;
		if (e != VERIFY_FACTS)
			break;
		uint32_t now = label_pull_failed(w, l, before);

		if (now == before)
			break;
		e = label_try(w, l);
		*wanted_count = e == VERIFY_FACTS ? label_undo_failed(w, l, before, now) : now;
	} while (*wanted_count != before);
	return e;
}

/* Adds facts of the list up to `count`, in order, and looks whether that will do. */
static bool label_passes(struct find_work *w, struct find_label *l, const uint16_t *list,
			 uint32_t count, uint32_t all)
{
	for (uint32_t i = 0; i < all; i++)
		l->needs[list[i] >> 2] = i < count ? NEED_ALL : list[i] & 3;
	return label_try(w, l) == VERIFY_OK;
}

/* Of what is not yet needed: the last one that has to be, in some order; until it passes. */
static void label_search(struct find_work *w, struct find_label *l, uint32_t *wanted_count)
{
	uint16_t *list = w->wanted + *wanted_count;
	uint32_t all = 0;

	for (uint32_t i = 0; i < l->count; i++) {
		if (l->needs[i] != NEED_ALL)
			list[all++] = (uint16_t)(i << 2 | l->needs[i]);
	}
	while (all != 0 && !label_passes(w, l, list, 0, all)) {
		uint32_t lo = 1, hi = all; /* so many will do: hi */

		while (lo < hi) {
			uint32_t mid = (lo + hi) / 2;

			if (label_passes(w, l, list, mid, all))
				hi = mid;
			else
				lo = mid + 1;
		}
		for (uint32_t i = 0; i < all; i++)
			l->needs[list[i] >> 2] = i + 1 == hi ? NEED_ALL : list[i] & 3;
		/* it goes to the front, and those behind it go */
		uint16_t found = list[hi - 1];

		memmove(list + 1, list, (hi - 1) * sizeof *list);
		*list++ = found;
		++*wanted_count;
		all = hi - 1;
	}
}

/* Adds what is needed at a label. */
static enum verify_reason label_trim(struct find_work *w, struct find_label *l)
{
	uint32_t wanted_count = 0;
	enum verify_reason e = label_pull(w, l, &wanted_count);

	if (e != VERIFY_OK && e != VERIFY_EFFORT)
		label_search(w, l, &wanted_count);
	if (e != VERIFY_EFFORT && wanted_count != 0) {
		w->changes++;
		e = label_weaken_all(w, l, wanted_count);
	}
	l->passed = w->changes + 1;
	return e;
}

/* Backwards, as needs go; until all have passed since the last change. */
static enum verify_reason work_trim(struct find_work *w)
{
	enum verify_reason e = VERIFY_OK;
	bool again = true;

	w->flow.edge = trim_edge;
	w->flow.steps = 0;
	w->changes = 0;
	while (again && !e) {
		again = false;
		for (uint32_t i = w->label_count; i-- > 0 && !e;) {
			struct find_label *l = &w->labels[i];

			if (!l->reached || l->passed == w->changes + 1)
				continue;
			e = label_trim(w, l);
			again = true;
		}
	}
	return e;
}

enum verify_reason find_trim(struct find_work *w)
{
	for (uint32_t i = 0; i < w->label_count; i++) {
		if (!w->labels[i].reached)
			continue;
		if (label_begin(&w->labels[i]))
			return VERIFY_MEMORY;
		label_collect(w, &w->labels[i]);
	}
	if (work_trim(w) == VERIFY_OK)
		return VERIFY_OK;
	/* too much effort: all of it, then */
	for (uint32_t i = 0; i < w->label_count; i++) {
		if (!w->labels[i].reached)
			continue;
		memset(w->labels[i].needs, NEED_ALL, w->labels[i].count);
		label_collect(w, &w->labels[i]);
	}
	return VERIFY_OK;
}
