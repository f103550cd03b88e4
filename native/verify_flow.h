/*
 * Where an instruction goes: on to the next one, to labels of its function, to other functions, out. The checker
 * (verify.c) and whoever looks for facts (verify_find.c) go through code by the same steps; they differ in
 * what an edge to a label does.
 */
#ifndef NATIVE_VERIFY_FLOW_H
#define NATIVE_VERIFY_FLOW_H

#include "native/verify_state.h"

struct flow {
	const struct verify_image *image;
	const struct x86_index *index;
	uint32_t begin, end; /* the function */
	uint32_t at;	     /* the instruction that is looked at */
	uint64_t steps, steps_max;
	struct state *state;  /* what holds before it, then after it */
	struct state *branch; /* scratch */
	/* Goes to a label with what holds in s. VERIFY_BRANCH: there is none. */
	enum verify_reason (*edge)(void *context, int64_t target, const struct state *s);
	void *context;
};

/* Belongs to whoever calls; image and index stay with their owner. */
MUST_USE enum err flow_init(struct flow *f, const struct verify_image *image,
			    const struct x86_index *index);
void flow_fini(struct flow *f);

/* Goes to entry i of the image; steps_per_byte limit the effort. */
MUST_USE enum verify_reason flow_enter(struct flow *f, uint32_t i, uint32_t steps_per_byte);

/* Is it in the function, but not its entry? A branch to the entry is a call in tail position. */
bool flow_may_be_label(const struct flow *f, int64_t at);

MUST_USE enum verify_reason flow_spend(struct flow *f, uint64_t steps);
/* The instruction at f->at; it ends inside the function. */
MUST_USE enum verify_reason flow_decode(struct flow *f, struct x86_insn *insn);
/* Executes it; *ends if nothing follows it. */
MUST_USE enum verify_reason flow_step(struct flow *f, const struct x86_insn *insn, bool *ends);

/* Where a direct branch or call at `at` goes. */
int64_t flow_target(uint32_t at, const struct x86_insn *insn);

#endif
