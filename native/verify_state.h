/*
 * What the verifier knows at one point of a function: registers, flags, frame; and the same at a label, as a
 * record. Places are numbered: registers 0 to 15, then places of the frame.
 */
#ifndef NATIVE_VERIFY_STATE_H
#define NATIVE_VERIFY_STATE_H

#include "native/verify.h"
#include "native/verify_value.h"

/* A place of the frame that holds a known value. */
struct frame_slot {
	int32_t at;    /* from the return address: negative */
	uint32_t size; /* 4 or 8 */
	struct value value;
};

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
	uint32_t slot_count;
	struct frame_slot slots[VERIFY_SLOTS_MAX]; /* rising, no two overlap */
};

/* At a function's entry. */
void state_enter(struct state *s);
void state_copy(struct state *to, const struct state *from);

/* Is RSP one known address in the frame, a multiple of 4? Whoever changes it, or joins states, asks. */
bool state_has_rsp(const struct state *s);
/* From the return address. */
int64_t state_rsp(const struct state *s);

/* Writes a register; flags no longer speak of it. A number gets an id. */
void state_set(struct state *s, unsigned reg, struct value v);

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

/* ---- records: what holds at a label --------------------------------------------------------------------- */

struct record_entry {
	uint32_t place;
	uint16_t value; /* in the table of values */
	uint16_t group; /* not 0: all of the same group have the same low 32 bits */
};

struct record {
	uint32_t begin; /* in the entries */
	uint16_t count;
	uint8_t visits; /* that made it say less */
	bool reached : 1;
	bool dirty : 1; /* it has changed since the code after it was looked at */
};

/* Values that occur at labels of a function, each once; and the entries of all records. */
struct records {
	struct value *values;
	uint16_t *buckets; /* of a hash table, twice as many as value_capacity: 1 + value */
	uint32_t value_count, value_capacity;
	struct record_entry *entries;
	uint32_t entry_count, entry_capacity;
	uint32_t *seen; /* scratch: ids by group, or a hash table of ids */
};

MUST_USE enum err records_init(struct records *r);
void records_fini(struct records *r);
void records_clear(struct records *r);
size_t records_memory(const struct records *r);

/* Makes the state that a record says. */
void record_load(const struct records *r, const struct record *record, struct state *s);
/* Does all that the record says hold in the state? */
bool record_holds(const struct records *r, const struct record *record, const struct state *s);
/* What holds in both the record and the state, or in the state alone at first, becomes the record; *changed
 * if that is news. Errors: E_NOMEM, E_LIMIT. */
MUST_USE enum err record_join(struct records *r, struct record *record, const struct state *s,
			      bool *changed);

#endif
