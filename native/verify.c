/*
 * The verifier: control flow, and the two phases of a function. The first finds out what holds at each label,
 * going round until nothing changes; the second checks. Both walk over blocks by the same code; they differ
 * in what an edge to a label does: it adds to the label's record, or it is held against it.
 * Trust: the code is hostile; image, layout and module are the enclave's own.
 * Invariant: a function is accepted by the second phase alone, in which every label that is reached says
 * only what holds on every edge to it, and every instruction after it is allowed by what it says.
 */
#include "native/verify.h"

#include <string.h>

#include "base/heap.h"
#include "native/verify_step.h"

#define LEAS_MAX  1024u /* addresses that may be jump tables */
#define STEPS_MIN 0x10000u

struct verify_work {
	const struct verify_image *image;
	const struct x86_index *index;
	/* the function */
	uint32_t begin, end;
	uint64_t steps, steps_max;
	uint32_t at; /* the instruction that is looked at */
	bool checking;
	/* by byte of the function: does an instruction, does a label begin here; by 64 bytes: labels before */
	uint64_t *starts, *is_label;
	uint32_t *ranks;
	uint32_t capacity; /* of the three, in words */
	struct record *labels;
	uint32_t *label_at;
	uint32_t label_count, label_capacity;
	uint32_t leas[LEAS_MAX];
	uint32_t lea_count;
	struct records records;
	struct state *state, *branch;
	size_t most;
};

/* ---- memory -------------------------------------------------------------------------------------------- */

static void work_free(struct verify_work *w)
{
	heap_free(w->starts);
	heap_free(w->is_label);
	heap_free(w->ranks);
	heap_free(w->labels);
	heap_free(w->label_at);
	heap_free(w->state);
	heap_free(w->branch);
	records_fini(&w->records);
	heap_free(w);
}

enum err verifier_init(struct verifier *v, const struct verify_image *image)
{
	struct verify_work *w = heap_alloc(sizeof *w);

	if (!w)
		return E_NOMEM;
	w->state = heap_alloc(sizeof *w->state);
	w->branch = heap_alloc(sizeof *w->branch);
	if (!w->state || !w->branch || records_init(&w->records)) {
		work_free(w);
		return E_NOMEM;
	}
	v->image = image;
	v->work = w;
	x86_index_init(&v->index);
	w->image = image;
	w->index = &v->index;
	return E_OK;
}

void verifier_fini(struct verifier *v)
{
	if (v->work)
		work_free(v->work);
	v->work = NULL;
}

static void work_measure(struct verify_work *w)
{
	size_t n = sizeof *w + 2 * sizeof *w->state + records_memory(&w->records) +
		   w->capacity * (2 * sizeof *w->starts + sizeof *w->ranks) +
		   w->label_capacity * (sizeof *w->labels + sizeof *w->label_at);

	if (n > w->most)
		w->most = n;
}

size_t verifier_memory(const struct verifier *v)
{
	return v->work->most;
}

static enum verify_reason work_reserve_bits(struct verify_work *w)
{
	uint32_t words = (w->end - w->begin) / 64 + 1;

	if (words > w->capacity) {
		heap_free(w->starts);
		heap_free(w->is_label);
		heap_free(w->ranks);
		w->capacity = 0;
		w->starts = heap_alloc_array(words, sizeof *w->starts);
		w->is_label = heap_alloc_array(words, sizeof *w->is_label);
		w->ranks = heap_alloc_array(words, sizeof *w->ranks);
		if (!w->starts || !w->is_label || !w->ranks)
			return VERIFY_MEMORY;
		w->capacity = words;
	}
	memset(w->starts, 0, words * sizeof *w->starts);
	memset(w->is_label, 0, words * sizeof *w->is_label);
	return VERIFY_OK;
}

static enum verify_reason work_reserve_labels(struct verify_work *w, uint32_t count)
{
	if (count > w->label_capacity) {
		heap_free(w->labels);
		heap_free(w->label_at);
		w->label_capacity = 0;
		w->labels = heap_alloc_array(count, sizeof *w->labels);
		w->label_at = heap_alloc_array(count, sizeof *w->label_at);
		if (!w->labels || !w->label_at)
			return VERIFY_MEMORY;
		w->label_capacity = count;
	}
	if (count != 0)
		memset(w->labels, 0, count * sizeof *w->labels);
	w->label_count = count;
	return VERIFY_OK;
}

/* ---- what stands where ------------------------------------------------------------------------------------ */

static bool bit_get(const uint64_t *bits, uint32_t i)
{
	return bits[i / 64] >> i % 64 & 1;
}

static void bit_set(uint64_t *bits, uint32_t i)
{
	bits[i / 64] |= UINT64_C(1) << i % 64;
}

static bool work_contains(const struct verify_work *w, int64_t at)
{
	return at >= w->begin && at < w->end;
}

/* Does an instruction begin at this offset of the code? */
static bool work_is_start(const struct verify_work *w, int64_t at)
{
	return work_contains(w, at) && bit_get(w->starts, (uint32_t)at - w->begin);
}

static uint32_t label_number(const struct verify_work *w, uint32_t at)
{
	uint32_t i = at - w->begin;
	uint64_t before = w->is_label[i / 64] & ((UINT64_C(1) << i % 64) - 1);

	return w->ranks[i / 64] + (uint32_t)__builtin_popcountll(before);
}

static enum verify_reason work_spend(struct verify_work *w, uint64_t steps)
{
	w->steps += steps;
	return w->steps > w->steps_max ? VERIFY_EFFORT : VERIFY_OK;
}

/* An instruction of the function; it ends inside. */
static enum verify_reason work_decode(struct verify_work *w, struct x86_insn *insn)
{
	if (!x86_decode(insn, w->index, w->image->code + w->at, w->end - w->at))
		return VERIFY_INSTRUCTION;
	return work_spend(w, 1);
}

static void work_note_lea(struct verify_work *w, const struct x86_insn *insn)
{
	int64_t at = (int64_t)w->at + insn->length + insn->disp;

	if (insn->class == X86_LEA && insn->base == X86_RIP && w->lea_count < LEAS_MAX && at >= 0 &&
	    at <= UINT32_MAX)
		w->leas[w->lea_count++] = (uint32_t)at;
}

static bool insn_is_branch(const struct x86_insn *insn)
{
	return insn->class == X86_JMP || insn->class == X86_JCC;
}

static int64_t insn_target(uint32_t at, const struct x86_insn *insn)
{
	return (int64_t)at + insn->length + insn->immediate;
}

/* All instructions, one after the other from the entry on. Their places first, then the labels. */
static enum verify_reason work_find_starts(struct verify_work *w)
{
	struct x86_insn insn;

	w->lea_count = 0;
	for (w->at = w->begin; w->at < w->end; w->at += insn.length) {
		enum verify_reason e = work_decode(w, &insn);

		if (e)
			return e;
		bit_set(w->starts, w->at - w->begin);
		work_note_lea(w, &insn);
		/* a branch back to the entry is a call in tail position: there is no label */
		int64_t target = insn_target(w->at, &insn);

		if (insn_is_branch(&insn) && work_contains(w, target) && target != w->begin)
			bit_set(w->is_label, (uint32_t)target - w->begin);
	}
	return VERIFY_OK;
}

/* What looks like a jump table makes labels: too many do no harm. */
static enum verify_reason work_find_tables(struct verify_work *w)
{
	uint32_t begin = image_rodata_at(w->image);
	uint64_t end = (uint64_t)begin + w->image->rodata_size;

	for (uint32_t i = 0; i < w->lea_count; i++) {
		uint64_t at = w->leas[i];

		for (; at >= begin && at + 4 <= end; at += 4) {
			int64_t target = (int64_t)w->leas[i] + image_word(w->image, (int64_t)at);

			if (!work_is_start(w, target) || target == w->begin)
				break;
			bit_set(w->is_label, (uint32_t)target - w->begin);
			if (work_spend(w, 1))
				return VERIFY_EFFORT;
		}
	}
	return VERIFY_OK;
}

static enum verify_reason work_number_labels(struct verify_work *w)
{
	uint32_t words = (w->end - w->begin) / 64 + 1, count = 0;

	for (uint32_t i = 0; i < words; i++) {
		w->ranks[i] = count;
		if ((w->is_label[i] & ~w->starts[i]) != 0) {
			w->at = w->begin + 64 * i;
			return VERIFY_BRANCH;
		}
		count += (uint32_t)__builtin_popcountll(w->is_label[i]);
	}
	enum verify_reason e = work_reserve_labels(w, count);

	if (e)
		return e;
	for (uint32_t i = 0, n = 0; i < words; i++) {
		for (uint64_t bits = w->is_label[i]; bits != 0; bits &= bits - 1)
			w->label_at[n++] = w->begin + 64 * i + (uint32_t)__builtin_ctzll(bits);
	}
	return VERIFY_OK;
}

/* ---- edges -------------------------------------------------------------------------------------------------- */

static enum verify_reason reason_of(enum err e)
{
	return e ? VERIFY_MEMORY : VERIFY_OK;
}

/* Goes to a label with what holds in s. */
static enum verify_reason work_edge(struct verify_work *w, uint32_t target, const struct state *s)
{
	struct record *label = &w->labels[label_number(w, target)];
	bool changed = false;

	if (work_spend(w, 2 + s->slot_count / 8))
		return VERIFY_EFFORT;
	if (w->checking)
		return record_holds(&w->records, label, s) ? VERIFY_OK : VERIFY_FACTS;
	enum verify_reason e = reason_of(record_join(&w->records, label, s, &changed));

	label->dirty |= changed;
	return e;
}

/* Is it where a function begins? */
static bool image_is_entry(const struct verify_image *image, int64_t at)
{
	uint32_t lo = 0, hi = image->entry_count;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (image->entries[mid] < at)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < image->entry_count && image->entries[lo] == at;
}

/* Return, or a jump to another function: the caller's registers and stack are as they were. */
static enum verify_reason state_may_leave(const struct state *s)
{
	static const uint8_t saved[] = {X86_RBX, X86_RBP, X86_R12, X86_R13, X86_R14, X86_R15};

	if (state_rsp(s) != 0)
		return VERIFY_STACK_POINTER;
	for (unsigned i = 0; i < COUNT_OF(saved); i++) {
		const struct value *v = &s->regs[saved[i]];

		if (v->kind != VALUE_SAVED || v->which != saved[i])
			return VERIFY_SAVED;
	}
	return VERIFY_OK;
}

static enum verify_reason work_branch(struct verify_work *w, int64_t target, const struct state *s)
{
	if (work_contains(w, target) && target != w->begin)
		return work_edge(w, (uint32_t)target, s);
	if (!image_is_entry(w->image, target))
		return VERIFY_BRANCH;
	return state_may_leave(s);
}

static enum verify_reason work_jcc(struct verify_work *w, const struct x86_insn *insn)
{
	state_copy(w->branch, w->state);
	state_refine(w->branch, insn->condition, true);
	state_refine(w->state, insn->condition, false);
	if (work_spend(w, 2 + w->state->slot_count / 8))
		return VERIFY_EFFORT;
	return work_branch(w, insn_target(w->at, insn), w->branch);
}

/* The callee finds its frame where every function expects it. */
static enum verify_reason work_call(struct verify_work *w)
{
	if ((state_rsp(w->state) & 15) != 8)
		return VERIFY_STACK_POINTER;
	state_call(w->state);
	return VERIFY_OK;
}

static enum verify_reason work_call_direct(struct verify_work *w, const struct x86_insn *insn)
{
	return image_is_entry(w->image, insn_target(w->at, insn)) ? work_call(w) : VERIFY_CALL;
}

static enum verify_reason work_call_indirect(struct verify_work *w, const struct step *t)
{
	struct value v;
	enum verify_reason e = step_read(t, 0, &v);

	if (e)
		return e;
	return v.kind == VALUE_CODE ? work_call(w) : VERIFY_CALL;
}

static enum verify_reason work_jump_table(struct verify_work *w, const struct value *v)
{
	int64_t begin = image_rodata_at(w->image), end = begin + w->image->rodata_size;

	if (v->lo < begin || v->hi > end - 4)
		return VERIFY_JUMP_TABLE;
	for (int64_t at = v->lo; at <= v->hi; at += 4) {
		int64_t target = (int64_t)v->which + image_word(w->image, at);

		if (!work_contains(w, target) || !bit_get(w->is_label, (uint32_t)target - w->begin))
			return VERIFY_JUMP_TABLE;
		enum verify_reason e = work_edge(w, (uint32_t)target, w->state);

		if (e)
			return e;
	}
	return VERIFY_OK;
}

static enum verify_reason work_jump_indirect(struct verify_work *w, const struct step *t)
{
	struct value v;
	enum verify_reason e = step_read(t, 0, &v);

	if (e)
		return e;
	if (v.kind == VALUE_JUMP)
		return work_jump_table(w, &v);
	return v.kind == VALUE_CODE ? state_may_leave(w->state) : VERIFY_CALL;
}

/* ---- a block ------------------------------------------------------------------------------------------------ */

/* One instruction; *ends if nothing follows it. */
static enum verify_reason work_step(struct verify_work *w, const struct x86_insn *insn, bool *ends)
{
	const struct step t = {
		.image = w->image, .insn = insn, .next = w->at + insn->length, .s = w->state};

	*ends = true;
	switch (insn->class) {
	case X86_JMP:
		return work_branch(w, insn_target(w->at, insn), w->state);
	case X86_JMP_INDIRECT:
		return work_jump_indirect(w, &t);
	case X86_RET:
		return state_may_leave(w->state);
	case X86_TRAP:
	case X86_HALT:
		return VERIFY_OK;
	default:
		break;
	}
	*ends = false;
	switch (insn->class) {
	case X86_JCC:
		return work_jcc(w, insn);
	case X86_CALL:
		return work_call_direct(w, insn);
	case X86_CALL_INDIRECT:
		return work_call_indirect(w, &t);
	default:
		return step_execute(&t);
	}
}

/* From `at`, with the state that is there, to the next label or the end of the path. */
static enum verify_reason work_walk(struct verify_work *w, uint32_t at)
{
	struct x86_insn insn;
	bool ends = false;

	for (w->at = at; !ends; w->at += insn.length) {
		if (w->at >= w->end)
			return VERIFY_END;
		if (w->at != at && bit_get(w->is_label, w->at - w->begin))
			return work_edge(w, w->at, w->state);
		enum verify_reason e = work_decode(w, &insn);

		if (!e)
			e = work_step(w, &insn, &ends);
		if (e)
			return e;
	}
	return VERIFY_OK;
}

static enum verify_reason work_walk_entry(struct verify_work *w)
{
	state_enter(w->state);
	return work_walk(w, w->begin);
}

static enum verify_reason work_walk_label(struct verify_work *w, uint32_t i)
{
	record_load(&w->records, &w->labels[i], w->state);
	w->at = w->label_at[i];
	return state_has_rsp(w->state) ? work_walk(w, w->at) : VERIFY_STACK_POINTER;
}

/* ---- a function --------------------------------------------------------------------------------------------- */

/* Round by round over the labels that have changed, until none has. */
static enum verify_reason work_find_out(struct verify_work *w)
{
	bool again = true;
	enum verify_reason e;

	w->checking = false;
	e = work_walk_entry(w);
	while (again && !e) {
		again = false;
		e = work_spend(w, w->label_count / 8);
		for (uint32_t i = 0; i < w->label_count && !e; i++) {
			if (!w->labels[i].dirty)
				continue;
			w->labels[i].dirty = false;
			e = work_walk_label(w, i);
			again = true;
		}
	}
	return e;
}

static enum verify_reason work_check(struct verify_work *w)
{
	enum verify_reason e;

	w->checking = true;
	e = work_walk_entry(w);
	for (uint32_t i = 0; i < w->label_count && !e; i++) {
		if (w->labels[i].reached)
			e = work_walk_label(w, i);
	}
	return e;
}

static enum verify_reason work_verify(struct verify_work *w)
{
	enum verify_reason e;

	records_clear(&w->records);
	w->label_count = 0;
	e = work_reserve_bits(w);
	if (!e)
		e = work_find_starts(w);
	if (!e)
		e = work_find_tables(w);
	if (!e)
		e = work_number_labels(w);
	if (!e)
		e = work_find_out(w);
	return e ? e : work_check(w);
}

struct verify_result verify_function(struct verifier *v, uint32_t i)
{
	struct verify_work *w = v->work;
	const struct verify_image *image = v->image;
	struct verify_result result = {.reason = VERIFY_SIZE, .offset = image->entries[i]};

	w->begin = w->at = image->entries[i];
	w->end = image->entries[i + 1];
	w->steps = 0;
	if (w->begin >= w->end || w->end > image->code_size ||
	    w->end - w->begin > VERIFY_FUNCTION_MAX)
		return result;
	w->steps_max = STEPS_MIN + (uint64_t)(w->end - w->begin) * VERIFY_STEPS_MAX;
	result.reason = work_verify(w);
	result.offset = w->at;
	result.labels = w->label_count;
	result.steps = w->steps > UINT32_MAX ? UINT32_MAX : (uint32_t)w->steps;
	work_measure(w);
	return result;
}
