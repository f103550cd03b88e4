/*
 * What the verifier knows at one point of a function: registers, flags, frame.
 */
#ifndef NATIVE_VERIFY_STATE_H
#define NATIVE_VERIFY_STATE_H

#include "native/verify.h"
#include "native/verify_value.h"

/* A place of the frame that holds a known value. */
struct frame_slot {
	int32_t at;    /* from the return address: negative, a multiple of 4 */
	uint32_t size; /* 4 or 8 */
	struct value value;
};

/*
 * Places have numbers: registers 0 to 15; those of the frame where they are, negative; one of 8 bytes has 1 added.
 */
static inline int32_t place_of_slot(const struct frame_slot *slot)
{
	return slot->at + (slot->size == 8);
}

static inline struct frame_slot slot_of_place(int32_t place)
{
	return (struct frame_slot){.at = place & ~1, .size = place & 1 ? 8 : 4};
}

/* What the flags say: how two operands compared, as numbers of `size` bytes. */
enum compare_kind {
	COMPARE_NOTHING,
	COMPARE_ALL,   /* as CMP sets them */
	COMPARE_EQUAL, /* ZF alone */
};

struct compare {
	uint8_t kind; /* enum compare_kind */
	uint8_t size;
	/* as they were then; where they stood, if it is still there: a register or NO_PLACE */
	uint8_t left_reg, right_reg;
	struct value left, right;
};

struct state {
	struct value regs[16];
	struct compare flags;
	uint32_t next_id;
	/* a memory that was compared with a number, which is an object, not 0; and its least size: forgotten at labels */
	uint32_t least_object;
	int64_t least;
	uint32_t slot_count;
	struct frame_slot slots[VERIFY_SLOTS_MAX]; /* rising, no two overlap */
};

/* At a function's entry. */
void state_enter(struct state *s);
/* Nothing is known, RSP neither. */
void state_clear(struct state *s);
void state_copy(struct state *to, const struct state *from);

/* Gives an id to each number that has none. */
void state_number(struct state *s);

/* Is it one known address in the frame, a multiple of 4: what RSP always is? */
bool value_is_rsp(const struct value *v);
/* From the return address. */
int64_t state_rsp(const struct state *s);

/* Writes a register; flags no longer speak of it. A number gets an id. */
void state_set(struct state *s, unsigned reg, struct value v);

/* The value at a place, or NULL. From slot *next on, where places of the frame are asked for in order. */
const struct value *state_at(const struct state *s, int32_t place, uint32_t *next);
/* The id of the number at a place; 0: there is none. */
uint32_t state_id(const struct state *s, int32_t place);

/* The frame, at lo..hi .. + size, inside of it. */
struct value state_load(const struct state *s, int64_t lo, int64_t hi, unsigned size);
void state_store(struct state *s, int64_t lo, int64_t hi, unsigned size, const struct value *v);
/* Forgets what lies below. */
void state_drop_below(struct state *s, int64_t at);
/* After a call: registers that it may change, addresses that may be stale. */
void state_call(struct state *s);

/*
 * The condition of a branch (the low four bits of Jcc) holds, or does not: what that tells of the
 * operands is added wherever their values stand.
 */
void state_refine(struct state *s, unsigned condition, bool holds);

#endif
