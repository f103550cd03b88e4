/*
 * The states of a medium after a crash. A state is a choice among the pending changes (those since the
 * last sync), an order, and one of them torn. At each change only states are made that it takes part
 * in: the others were made before.
 */
#include "test/lib/volume_crash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALL_SUBSETS 6u /* pending changes up to which every subset is made */

enum crash_order { CRASH_FORWARD, CRASH_BACKWARD, CRASH_SHUFFLED };

struct crash_point {
	struct crash *c;
	struct disk_image durable; /* what was synced */
	struct disk_image image;   /* a state */
	size_t first, count;	   /* pending entries of the log */
	bool *chosen;
	size_t *order;
	size_t torn; /* index among the pending; count: none */
	enum disk_tear tear;
	size_t last, next;
};

static uint32_t crash_pick(struct crash *c, size_t n)
{
	c->seed = c->seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((c->seed >> 33) % n);
}

static void crash_make_order(struct crash_point *p, enum crash_order order)
{
	for (size_t i = 0; i < p->count; i++)
		p->order[i] = order == CRASH_BACKWARD ? p->count - 1 - i : i;
	for (size_t i = p->count; order == CRASH_SHUFFLED && i > 1; i--) {
		const size_t j = crash_pick(p->c, i), x = p->order[i - 1];

		p->order[i - 1] = p->order[j];
		p->order[j] = x;
	}
}

static void crash_look(struct crash_point *p, enum crash_order order)
{
	struct crash *c = p->c;

	if (c->limit && c->states >= c->limit)
		return;
	crash_make_order(p, order);
	disk_image_copy(&p->image, &p->durable);
	for (size_t k = 0; k < p->count; k++) {
		const size_t i = p->order[k];

		if (p->chosen[i])
			disk_apply_torn(&p->image, &c->disk->log[p->first + i],
					i == p->torn ? p->tear : DISK_WHOLE);
	}
	c->states++;
	const size_t found = c->look(c->context, &p->image, p->last, p->next);

	if (found == p->last)
		c->at_last++;
	else if (found == p->next)
		c->at_next++;
	else if (c->wrong++ < 10)
		printf("state %llu, at entry %zu of the log (%zu pending): not at commit %zu or "
		       "%zu\n",
		       (unsigned long long)c->states, p->first + p->count - 1, p->count, p->last,
		       p->next);
}

/* The chosen ones in all three orders (where that makes a difference), then the newest one torn in
 * every way. */
static void crash_subset(struct crash_point *p, bool tears)
{
	size_t n = 0;

	for (size_t i = 0; i < p->count; i++)
		n += p->chosen[i];
	p->torn = p->count;
	crash_look(p, CRASH_FORWARD);
	if (n > 1 && crash_pick(p->c, 4) == 0)
		crash_look(p, crash_pick(p->c, 2) ? CRASH_BACKWARD : CRASH_SHUFFLED);
	if (!tears || p->c->disk->log[p->first + p->count - 1].kind != DISK_WRITE)
		return;
	p->torn = p->count - 1;
	for (p->tear = DISK_WHOLE + 1; p->tear < DISK_TEARS; p->tear++)
		crash_look(p, CRASH_FORWARD);
	p->torn = p->count;
}

static void crash_choose_all(struct crash_point *p, bool what)
{
	for (size_t i = 0; i < p->count; i++)
		p->chosen[i] = what;
	p->chosen[p->count - 1] = true;
}

/* Few: every subset with the newest in it. */
static void crash_all(struct crash_point *p)
{
	const uint32_t all = (uint32_t)1 << (p->count - 1);

	for (uint32_t bits = 0; bits < all; bits++) {
		for (size_t i = 0; i + 1 < p->count; i++)
			p->chosen[i] = bits >> i & 1;
		p->chosen[p->count - 1] = true;
		crash_subset(p, bits == 0 || bits == all - 1);
	}
}

/* Many: all, one missing, the newest alone and with one other, and some at random, one of them torn. */
static void crash_some(struct crash_point *p)
{
	crash_choose_all(p, true);
	crash_subset(p, true);
	crash_choose_all(p, false);
	crash_subset(p, true);
	const uint32_t samples = p->c->samples;

	for (uint32_t i = 0; i < samples; i++) {
		const size_t one = crash_pick(p->c, p->count - 1);

		crash_choose_all(p, true);
		p->chosen[one] = false;
		crash_subset(p, false);
		crash_choose_all(p, false);
		p->chosen[one] = true;
		crash_subset(p, false);
		for (size_t k = 0; k + 1 < p->count; k++)
			p->chosen[k] = crash_pick(p->c, 2);
		crash_subset(p, false);
		p->torn = crash_pick(p->c, p->count);
		p->chosen[p->torn] = true;
		p->tear = DISK_WHOLE + 1 + crash_pick(p->c, DISK_TEARS - 1);
		crash_look(p, CRASH_SHUFFLED);
		p->torn = p->count;
	}
}

/* Between which commits is the log at entry i, which is the newest that may have happened? */
static void crash_commits(struct crash_point *p, size_t i)
{
	const struct crash *c = p->c;

	p->last = 0;
	while (p->last + 1 < c->commit_count && c->commits[p->last + 1].end <= i)
		p->last++;
	p->next = p->last;
	if (p->last + 1 < c->commit_count && c->commits[p->last + 1].begin <= i)
		p->next = p->last + 1;
}

static void crash_point(struct crash_point *p, size_t i)
{
	p->count = i - p->first + 1;
	p->chosen = realloc(p->chosen, p->count * sizeof(*p->chosen));
	p->order = realloc(p->order, p->count * sizeof(*p->order));
	if (!p->chosen || !p->order)
		abort();
	crash_commits(p, i);
	p->c->points++;
	p->c->entry = i;
	if (p->count <= ALL_SUBSETS)
		crash_all(p);
	else
		crash_some(p);
}

void crash_run(struct crash *c)
{
	struct crash_point p = {.c = c};

	disk_image_copy(&p.durable, c->start);
	for (size_t i = 0; i < c->disk->log_count; i++) {
		if (c->disk->log[i].kind != DISK_SYNC) {
			crash_point(&p, i);
			continue;
		}
		for (; p.first < i; p.first++)
			disk_apply(&p.durable, &c->disk->log[p.first]);
		p.first = i + 1;
	}
	disk_image_free(&p.durable);
	disk_image_free(&p.image);
	free(p.chosen);
	free(p.order);
}
