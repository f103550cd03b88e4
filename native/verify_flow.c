/*
 * Control flow, one instruction at a time.
 * Trust: the code is hostile; image, layout and module are the enclave's own.
 * Invariant: control goes to the next instruction, to a label by f->edge, to where a function begins, or out by
 * a return; out with the caller's registers and stack as they were.
 */
#include "native/verify_flow.h"

#include "base/heap.h"
#include "native/verify_rule.h"
#include "native/verify_step.h"

#define STEPS_MIN 0x4000u

enum err flow_init(struct flow *f, const struct verify_image *image, const struct x86_index *index)
{
	*f = (struct flow){.image = image, .index = index};
	f->state = heap_alloc(sizeof *f->state);
	f->branch = heap_alloc(sizeof *f->branch);
	return f->state && f->branch ? E_OK : E_NOMEM;
}

void flow_fini(struct flow *f)
{
	heap_free(f->state);
	heap_free(f->branch);
}

enum verify_reason flow_enter(struct flow *f, uint32_t i, uint32_t steps_per_byte)
{
	f->begin = f->at = f->image->entries[i];
	f->end = f->image->entries[i + 1];
	f->steps = 0;
	if (!rule_holds(FUNCTION_SIZE, f->begin < f->end && f->end <= f->image->code_size &&
					       f->end - f->begin <= VERIFY_FUNCTION_MAX))
		return VERIFY_SIZE;
	f->steps_max = STEPS_MIN + (uint64_t)(f->end - f->begin) * steps_per_byte;
	return VERIFY_OK;
}

bool flow_may_be_label(const struct flow *f, int64_t at)
{
	return at > f->begin && at < f->end;
}

enum verify_reason flow_spend(struct flow *f, uint64_t steps)
{
	f->steps += steps;
	return rule_holds(EFFORT, f->steps <= f->steps_max) ? VERIFY_OK : VERIFY_EFFORT;
}

enum verify_reason flow_decode(struct flow *f, struct x86_insn *insn)
{
	if (!x86_decode(insn, f->index, f->image->code + f->at, f->end - f->at))
		return VERIFY_INSTRUCTION;
	return flow_spend(f, 1);
}

int64_t flow_target(uint32_t at, const struct x86_insn *insn)
{
	return (int64_t)at + insn->length + insn->immediate;
}

/* ---- branches -------------------------------------------------------------------------------------------- */

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

	if (!rule_holds(LEAVE_STACK, state_rsp(s) == 0))
		return VERIFY_STACK_POINTER;
	for (unsigned i = 0; i < COUNT_OF(saved); i++) {
		const struct value *v = &s->regs[saved[i]];

		if (!rule_holds(LEAVE_SAVED, v->kind == VALUE_SAVED && v->which == saved[i]))
			return VERIFY_SAVED;
	}
	return VERIFY_OK;
}

static enum verify_reason flow_edge(struct flow *f, int64_t target, const struct state *s)
{
	enum verify_reason e = flow_spend(f, 2 + s->slot_count / 8);

	return e ? e : f->edge(f->context, target, s);
}

static enum verify_reason flow_branch(struct flow *f, int64_t target, const struct state *s)
{
	if (flow_may_be_label(f, target))
		return flow_edge(f, target, s);
	if (!rule_holds(BRANCH_ENTRY, image_is_entry(f->image, target)))
		return VERIFY_BRANCH;
	return state_may_leave(s);
}

static enum verify_reason flow_jcc(struct flow *f, const struct x86_insn *insn)
{
	state_copy(f->branch, f->state);
	state_refine(f->branch, insn->condition, true);
	state_refine(f->state, insn->condition, false);
	enum verify_reason e = flow_spend(f, 2 + f->state->slot_count / 8);

	return e ? e : flow_branch(f, flow_target(f->at, insn), f->branch);
}

/* The words of the table are read-only; each says where it goes. */
static enum verify_reason flow_jump_table(struct flow *f, const struct value *v)
{
	int64_t begin = image_rodata_at(f->image), end = begin + f->image->rodata_size;

	if (!rule_holds(JUMP_TABLE_INSIDE, v->lo >= begin && v->hi <= end - 4))
		return VERIFY_JUMP_TABLE;
	for (int64_t at = v->lo; at <= v->hi; at += 4) {
		int64_t target = (int64_t)v->which + image_word(f->image, at);
		enum verify_reason e = flow_edge(f, target, f->state);

		if (e)
			return e == VERIFY_BRANCH ? VERIFY_JUMP_TABLE : e;
	}
	return VERIFY_OK;
}

static enum verify_reason flow_jump_indirect(struct flow *f, const struct step *t)
{
	struct value v;
	enum verify_reason e = step_read(t, 0, &v);

	if (e)
		return e;
	if (v.kind == VALUE_JUMP)
		return flow_jump_table(f, &v);
	return rule_holds(JUMP_CODE, v.kind == VALUE_CODE) ? state_may_leave(f->state)
							   : VERIFY_CALL;
}

/* ---- calls ------------------------------------------------------------------------------------------------- */

/* The callee finds its frame where every function expects it. */
static enum verify_reason flow_call(struct flow *f)
{
	if (!rule_holds(CALL_ALIGNED, (state_rsp(f->state) & 15) == 8))
		return VERIFY_STACK_POINTER;
	state_call(f->state);
	return VERIFY_OK;
}

static enum verify_reason flow_call_direct(struct flow *f, const struct x86_insn *insn)
{
	if (!rule_holds(CALL_ENTRY, image_is_entry(f->image, flow_target(f->at, insn))))
		return VERIFY_CALL;
	return flow_call(f);
}

static enum verify_reason flow_call_indirect(struct flow *f, const struct step *t)
{
	struct value v;
	enum verify_reason e = step_read(t, 0, &v);

	if (e)
		return e;
	return rule_holds(CALL_CODE, v.kind == VALUE_CODE) ? flow_call(f) : VERIFY_CALL;
}

/* ---- any instruction ----------------------------------------------------------------------------------------- */

enum verify_reason flow_step(struct flow *f, const struct x86_insn *insn, bool *ends)
{
	const struct step t = {
		.image = f->image, .insn = insn, .next = f->at + insn->length, .s = f->state};

	*ends = true;
	if (flow_spend(f, f->state->slot_count / 32)) /* what a store or a call looks at */
		return VERIFY_EFFORT;
	switch (insn->class) {
	case X86_JMP:
		return flow_branch(f, flow_target(f->at, insn), f->state);
	case X86_JMP_INDIRECT:
		return flow_jump_indirect(f, &t);
	case X86_RET:
		return state_may_leave(f->state);
	case X86_TRAP:
	case X86_HALT:
		return VERIFY_OK;
	default:
		break;
	}
	*ends = false;
	switch (insn->class) {
	case X86_JCC:
		return flow_jcc(f, insn);
	case X86_CALL:
		return flow_call_direct(f, insn);
	case X86_CALL_INDIRECT:
		return flow_call_indirect(f, &t);
	default:
		return step_execute(&t);
	}
}
