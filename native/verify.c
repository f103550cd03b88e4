/*
 * The verifier: one pass over the code of a function, with the facts that the section has for it.
 * Trust: code and facts are hostile; image, layout and module are the enclave's own.
 * Invariant: a function is accepted only if every instruction that may be executed is allowed by what is known
 * there. That follows, from the entry on, from instruction to instruction; and at a label from its record,
 * which every edge to it implies.
 */
#include "native/verify.h"

#include <string.h>

#include "base/heap.h"
#include "native/verify_facts.h"
#include "native/verify_flow.h"
#include "native/verify_rule.h"

struct verify_work {
	struct flow flow;
	struct facts facts;
	uint64_t steps_left; /* of the section */
	size_t most;
};

static uint32_t word_read(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Where the facts of entry i begin, behind the table. */
static uint32_t image_facts_at(const struct verify_image *image, uint32_t i)
{
	return word_read(image->facts + 4 * (size_t)i);
}

static uint64_t image_facts_table(const struct verify_image *image)
{
	return 4 * ((uint64_t)image->entry_count + 1);
}

/* The facts of each entry lie behind those of the one before, and fill what is there. */
static bool image_facts_fit(const struct verify_image *image)
{
	uint64_t table = image_facts_table(image);

	if (image->facts_size < table || image_facts_at(image, 0) != 0)
		return false;
	for (uint32_t i = 0; i < image->entry_count; i++) {
		if (image_facts_at(image, i) > image_facts_at(image, i + 1))
			return false;
	}
	return image_facts_at(image, image->entry_count) == image->facts_size - table;
}

/* What all functions together may take: each may have a little more than its size allows, not all of them. */
static uint64_t image_steps_max(const struct verify_image *image)
{
	uint64_t size = (uint64_t)image->code_size + image->rodata_size + image->facts_size;

	return VERIFY_SECTION_STEPS_MIN + size * VERIFY_SECTION_STEPS_MAX;
}

/* ---- memory ---------------------------------------------------------------------------------------------- */

static enum verify_reason work_edge(void *context, int64_t target, const struct state *s);

enum err verifier_init(struct verifier *v, const struct verify_image *image)
{
	if (!rule_holds(FACTS_TABLE, image_facts_fit(image)))
		return E_MALFORMED;
	struct verify_work *w = heap_alloc(sizeof *w);

	if (!w)
		return E_NOMEM;
	v->image = image;
	v->work = w;
	if (flow_init(&w->flow, image, &v->index)) {
		verifier_fini(v);
		return E_NOMEM;
	}
	w->flow.edge = work_edge;
	w->flow.context = w;
	w->steps_left = image_steps_max(image);
	x86_index_init(&v->index);
	return E_OK;
}

void verifier_fini(struct verifier *v)
{
	if (v->work) {
		flow_fini(&v->work->flow);
		facts_fini(&v->work->facts);
	}
	heap_free(v->work);
	v->work = NULL;
}

static void work_measure(struct verify_work *w)
{
	size_t n = sizeof *w + 2 * sizeof *w->flow.state + facts_memory(&w->facts);

	if (n > w->most)
		w->most = n;
}

size_t verifier_memory(const struct verifier *v)
{
	return v->work->most;
}

/* ---- the pass ---------------------------------------------------------------------------------------------- */

/* All that is claimed at a label must hold on the way there. */
static enum verify_reason work_edge(void *context, int64_t target, const struct state *s)
{
	struct verify_work *w = context;
	uint32_t label;

	if (!facts_find(&w->facts, target, &label))
		return rule_applies(EDGE_LABEL) ? VERIFY_BRANCH : VERIFY_OK;
	const struct record r = facts_record(&w->facts, label);
	enum verify_reason e = flow_spend(&w->flow, r.count / 4);

	if (e)
		return e;
	return record_holds(&r, s) ? VERIFY_OK : VERIFY_FACTS;
}

/* Arrives at a label: from the instruction before it, too, if that goes on. */
static enum verify_reason work_label(struct verify_work *w, uint32_t label, bool open)
{
	const struct record r = facts_record(&w->facts, label);

	if (open && !rule_holds(EDGE_NEXT, record_holds(&r, w->flow.state)))
		return VERIFY_FACTS;
	record_load(&r, w->flow.state);
	return flow_spend(&w->flow, 2 + r.count / 4);
}

/* All instructions, one after the other. What nothing gets to is only decoded. */
static enum verify_reason work_walk(struct verify_work *w)
{
	struct flow *f = &w->flow;
	uint32_t label = 0;
	bool open = true; /* does anything get here? */
	struct x86_insn insn;

	state_enter(f->state);
	for (f->at = f->begin; f->at < f->end; f->at += insn.length) {
		enum verify_reason e = VERIFY_OK;
		bool ends;

		if (label < w->facts.label_count && w->facts.labels[label].at == f->at) {
			e = work_label(w, label++, open);
			open = true;
		}
		if (!e)
			e = flow_decode(f, &insn);
		if (e)
			return e;
		if (open) {
			e = flow_step(f, &insn, &ends);
			open = !ends;
		}
		if (e)
			return e;
	}
	if (!rule_holds(END, !open))
		return VERIFY_END;
	/* a label inside an instruction stays behind */
	return rule_holds(LABEL_START, label == w->facts.label_count) ? VERIFY_OK : VERIFY_BRANCH;
}

/* With at most steps_max. */
static struct verify_result work_check(struct verify_work *w, uint32_t i, uint64_t steps_max,
				       const uint8_t *facts, size_t size)
{
	struct verify_result result = {.reason = flow_enter(&w->flow, i, VERIFY_STEPS_MAX)};

	if (w->flow.steps_max > steps_max)
		w->flow.steps_max = steps_max;
	if (!result.reason)
		result.reason = facts_read(&w->facts, &w->flow, facts, size);
	if (!result.reason)
		result.reason = work_walk(w);
	result.offset = w->flow.at;
	result.labels = w->facts.label_count;
	result.steps = w->flow.steps > UINT32_MAX ? UINT32_MAX : (uint32_t)w->flow.steps;
	work_measure(w);
	return result;
}

struct verify_result verify_function_with(struct verifier *v, uint32_t i, const uint8_t *facts,
					  size_t size)
{
	return work_check(v->work, i, UINT64_MAX, facts, size);
}

struct verify_result verify_function(struct verifier *v, uint32_t i)
{
	const struct verify_image *image = v->image;
	struct verify_work *w = v->work;
	uint32_t at = image_facts_at(image, i);
	uint64_t steps_max = rule_applies(EFFORT_SECTION) ? w->steps_left : UINT64_MAX;
	const struct verify_result result =
		work_check(w, i, steps_max, image->facts + image_facts_table(image) + at,
			   image_facts_at(image, i + 1) - at);

	w->steps_left -= w->flow.steps < w->steps_left ? w->flow.steps : w->steps_left;
	return result;
}
