/*
 * Facts: what is claimed to hold at the labels of a function. They come from the section; a claim that is well
 * formed is taken at the label, and held against every edge that goes there, so that it need not be believed.
 */
#ifndef NATIVE_VERIFY_FACTS_H
#define NATIVE_VERIFY_FACTS_H

#include "native/verify_flow.h"

/* One claim: the value at a place of the state, and the place that has the same low 32 bits; itself: no other. */
struct fact {
	int32_t place;
	int32_t same;
	uint32_t value;
};

/* All that is claimed at a label: in the order of places. */
struct record {
	const struct fact *facts;
	const struct value *values; /* by fact.value */
	uint32_t count;
};
#define RECORD_MAX (16u + VERIFY_SLOTS_MAX)

/* Makes the state that a record says. */
void record_load(const struct record *r, struct state *s);
/* The number of the first fact that does not hold in the state; the count: all of them do. */
uint32_t record_check(const struct record *r, const struct state *s);
/* Does all that the record says hold in the state? */
bool record_holds(const struct record *r, const struct state *s);

struct label {
	uint32_t at;	/* in the code */
	uint32_t first; /* of its facts; the label behind says where they end */
};

struct facts {
	struct label *labels; /* rising, one more at the end */
	uint32_t label_count, label_capacity;
	struct fact *facts;
	uint32_t fact_count, fact_capacity;
	struct value *values;
	uint32_t value_count, value_capacity;
};

/* Zeroed is empty. */
void facts_fini(struct facts *f);
size_t facts_memory(const struct facts *f);

/* Takes the facts (untrusted) of the flow's function apart. VERIFY_FACTS_FORM, VERIFY_MEMORY, VERIFY_EFFORT. */
MUST_USE enum verify_reason facts_read(struct facts *f, struct flow *flow, const uint8_t *bytes,
				       size_t size);

struct record facts_record(const struct facts *f, uint32_t label);
/* The number of the label at that place; false: there is none. */
bool facts_find(const struct facts *f, int64_t at, uint32_t *label);

/* ---- bytes ------------------------------------------------------------------------------------------------ */

/*
 * Of a function without labels: none. Else, in numbers of LEB128 as short as they can be: how deep in the frame
 * the lowest place is, / 4; then the labels, by place in the code, up to the end:
 *   how far it is behind the label before it (the entry), - 1
 *   how many edits make its record from the one before (from an empty one)
 *   each edit, by place: how many codes are left out since the one before; a tag; what the tag says
 * The code of a place: of a register its number; else 16 + twice the distance from the lowest place, / 4; + 1: of
 * 8 bytes. A tag: FACT_NOTHING (the place goes), FACT_SAME (the code of a place, then another tag), or the kind of a value
 * and which of these follow; where they do not, it is the usual.
 */
#define FACT_KIND    0x0fu
#define FACT_RANGE   0x10u /* lo (twice it; ~lo twice, + 1, if negative), hi - lo */
#define FACT_ALIGN   0x20u
#define FACT_LOW     0x40u /* low_bits: 0, 1, 2 for 8, 16, 32; low_max */
#define FACT_BOUND   0x80u /* bound, times, slack */
#define FACT_SAME    0x0eu
#define FACT_NOTHING 0x0fu

/* Which of them a kind may have, and whether `which` follows the tag. */
struct fact_shape {
	uint8_t may;
	bool has_which;
};
extern const struct fact_shape g_fact_shapes[FACT_KIND + 1];
/* Of that kind, and `which`, which are a pair: what is not said otherwise. */
struct value fact_usual(const struct verify_image *image, uint8_t kind, uint32_t which);

#endif
