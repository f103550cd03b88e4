/*
 * The code of a function, decoded once, and its labels: what it branches to, and what may be in its jump tables.
 * Trust: the code may be hostile; memory is bounded by its size.
 * Invariant: each label is where an instruction begins, behind the function's entry.
 */
#include "base/heap.h"
#include "native/verify_find_work.h"
#include "native/verify_step.h"

static bool bit_get(const uint64_t *bits, uint32_t i)
{
	return bits[i / 64] >> i % 64 & 1;
}

static void bit_set(uint64_t *bits, uint32_t i)
{
	bits[i / 64] |= UINT64_C(1) << i % 64;
}

/* How many are set before i; before: the same by 64. */
static uint32_t bit_rank(const uint64_t *bits, const uint32_t *before, uint32_t i)
{
	uint64_t word = bits[i / 64] & ((UINT64_C(1) << i % 64) - 1);

	return before[i / 64] + (uint32_t)__builtin_popcountll(word);
}

static uint32_t bits_count(const uint64_t *bits, uint32_t *before, uint32_t words)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < words; i++) {
		before[i] = count;
		count += (uint32_t)__builtin_popcountll(bits[i]);
	}
	return count;
}

static uint32_t work_words(const struct find_work *w)
{
	return (w->flow.end - w->flow.begin) / 64 + 1;
}

static enum verify_reason work_reserve(struct find_work *w)
{
	uint32_t words = work_words(w);

	w->insn_capacity = (w->flow.end - w->flow.begin) / 4 + 16;
	w->insns = heap_alloc_array(w->insn_capacity, sizeof *w->insns);
	w->starts = heap_alloc_array(words, sizeof *w->starts);
	w->is_label = heap_alloc_array(words, sizeof *w->is_label);
	w->starts_before = heap_alloc_array(words, sizeof *w->starts_before);
	w->labels_before = heap_alloc_array(words, sizeof *w->labels_before);
	return w->insns && w->starts && w->is_label && w->starts_before && w->labels_before
		       ? VERIFY_OK
		       : VERIFY_MEMORY;
}

void find_code_free(struct find_work *w)
{
	for (uint32_t i = 0; i < w->label_count; i++) {
		struct find_label *l = &w->labels[i];

		heap_free(l->facts);
		heap_free(l->values);
		heap_free(l->leaders);
		heap_free(l->needs);
		heap_free(l->need_facts);
		heap_free(l->need_values);
	}
	heap_free(w->labels);
	heap_free(w->insns);
	heap_free(w->starts);
	heap_free(w->is_label);
	heap_free(w->starts_before);
	heap_free(w->labels_before);
	w->labels = NULL;
	w->insns = NULL;
	w->starts = w->is_label = NULL;
	w->starts_before = w->labels_before = NULL;
	w->label_count = w->lea_count = w->insn_count = 0;
}

static bool insn_add(struct find_work *w, const struct x86_insn *insn)
{
	if (w->insn_count == w->insn_capacity) {
		size_t n = w->insn_capacity * sizeof *insn;
		struct x86_insn *insns = heap_resize(w->insns, n, 2 * n);

		if (!insns)
			return false;
		w->insns = insns;
		w->insn_capacity *= 2;
	}
	w->insns[w->insn_count++] = *insn;
	return true;
}

static void work_note_lea(struct find_work *w, const struct x86_insn *insn)
{
	int64_t at = (int64_t)w->flow.at + insn->length + insn->disp;

	if (insn->class == X86_LEA && insn->base == X86_RIP && w->lea_count < FIND_LEAS_MAX &&
	    at >= 0 && at <= UINT32_MAX)
		w->leas[w->lea_count++] = (uint32_t)at;
}

static void work_note_branch(struct find_work *w, const struct x86_insn *insn)
{
	int64_t target = flow_target(w->flow.at, insn);

	if ((insn->class == X86_JMP || insn->class == X86_JCC) &&
	    flow_may_be_label(&w->flow, target))
		bit_set(w->is_label, (uint32_t)target - w->flow.begin);
}

/* One after the other from the entry on. */
static enum verify_reason work_decode(struct find_work *w)
{
	struct flow *f = &w->flow;
	struct x86_insn insn;

	for (f->at = f->begin; f->at < f->end; f->at += insn.length) {
		enum verify_reason e = flow_decode(f, &insn);

		if (!e && !insn_add(w, &insn))
			e = VERIFY_MEMORY;
		if (e)
			return e;
		bit_set(w->starts, f->at - f->begin);
		work_note_lea(w, &insn);
		work_note_branch(w, &insn);
	}
	bits_count(w->starts, w->starts_before, work_words(w));
	return VERIFY_OK;
}

/* What looks like a jump table makes labels: too many do no harm. */
static enum verify_reason work_find_tables(struct find_work *w)
{
	const struct verify_image *image = w->flow.image;
	uint32_t begin = image_rodata_at(image);
	uint64_t end = (uint64_t)begin + image->rodata_size;

	for (uint32_t i = 0; i < w->lea_count; i++) {
		for (uint64_t at = w->leas[i]; at >= begin && at + 4 <= end; at += 4) {
			int64_t target = (int64_t)w->leas[i] + image_word(image, (int64_t)at);

			if (!flow_may_be_label(&w->flow, target) ||
			    !bit_get(w->starts, (uint32_t)target - w->flow.begin))
				break;
			bit_set(w->is_label, (uint32_t)target - w->flow.begin);
			if (flow_spend(&w->flow, 1))
				return VERIFY_EFFORT;
		}
	}
	return VERIFY_OK;
}

static enum verify_reason work_make_labels(struct find_work *w)
{
	uint32_t begin = w->flow.begin, words = work_words(w), n = 0;

	for (uint32_t i = 0; i < words; i++) {
		if ((w->is_label[i] & ~w->starts[i]) != 0) {
			w->flow.at = begin + 64 * i;
			return VERIFY_BRANCH;
		}
	}
	uint32_t count = bits_count(w->is_label, w->labels_before, words);

	w->labels = heap_alloc_array(count, sizeof *w->labels);
	if (!w->labels)
		return VERIFY_MEMORY;
	w->label_count = count;
	for (uint32_t i = 0; i < words; i++) {
		for (uint64_t bits = w->is_label[i]; bits != 0; bits &= bits - 1)
			w->labels[n++].at = begin + 64 * i + (uint32_t)__builtin_ctzll(bits);
	}
	return VERIFY_OK;
}

enum verify_reason find_code(struct find_work *w)
{
	enum verify_reason e = work_reserve(w);

	if (!e)
		e = work_decode(w);
	if (!e)
		e = work_find_tables(w);
	return e ? e : work_make_labels(w);
}

struct find_label *find_label(const struct find_work *w, int64_t at)
{
	if (!flow_may_be_label(&w->flow, at))
		return NULL;
	uint32_t i = (uint32_t)at - w->flow.begin;

	return bit_get(w->is_label, i) ? &w->labels[bit_rank(w->is_label, w->labels_before, i)]
				       : NULL;
}

enum verify_reason find_walk(struct find_work *w, uint32_t from)
{
	struct flow *f = &w->flow;
	uint32_t i = bit_rank(w->starts, w->starts_before, from - f->begin);
	bool ends = false;

	for (f->at = from; !ends; i++) {
		if (f->at >= f->end)
			return VERIFY_END;
		if (f->at != from && bit_get(w->is_label, f->at - f->begin))
			return f->edge(w, f->at, f->state);
		const struct x86_insn *insn = &w->insns[i];
		enum verify_reason e = flow_spend(f, 1);

		if (!e)
			e = flow_step(f, insn, &ends);
		if (e)
			return e;
		f->at += insn->length;
	}
	return VERIFY_OK;
}
