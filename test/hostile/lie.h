/*
 * Lies of a host, by class: what the harnesses of test/hostile/ tell an enclave instead of a true reply.
 * Which of them a reply rule forbids is written down here once more, apart from the code that checks it.
 */
#ifndef TEST_HOSTILE_LIE_H
#define TEST_HOSTILE_LIE_H

#include "boundary/abi.h"
#include "boundary/calls.h"

enum lie_class {
#define LIE_CLASS(name, text) LIE_##name,
#include "test/hostile/lie.def"
#undef LIE_CLASS
	LIE_CLASS_END
};

enum lie_effect {
	LIE_CANNOT,	 /* no such lie of this call; the reply is as it was */
	LIE_MUST_DROP,	 /* outside the call's rule: IO, and nothing of it stays */
	LIE_MAY_BELIEVE, /* in form: whatever comes of it has to be in form, too */
};

#define LIE_OLD	  8 /* true replies that are kept, to be repeated */
#define LIE_TAKEN 2 /* ranges of host memory */

struct liar {
	uint64_t random;
	uint8_t old[LIE_OLD][sizeof(struct call_reply)]; /* the last first */
	uint32_t old_count;
	struct host_map taken[LIE_TAKEN]; /* where no mapping may lie: whole pages; size 0: none */
};

/* Below n, which is not 0. */
uint32_t liar_pick(struct liar *liar, uint32_t n);

const char *lie_class_name(enum lie_class class);
const char *lie_call_name(uint32_t call); /* NULL: no such number */

/* Keeps a true reply. */
void liar_remember(struct liar *liar, const struct call_reply *reply);

/*
 * Changes the true reply (and its data, DATA_SIZE bytes as the slot has them) into a lie of this class.
 * Errors of the system are made successes first where a lie needs one.
 */
enum lie_effect lie_tell(struct liar *liar, enum lie_class class,
			 const struct call_request *request, struct call_reply *reply,
			 uint8_t *data);

#endif
