/*
 * The finder's parts, one function at a time: its code (verify_find_code.c), what holds at its labels
 * (verify_find.c), what of that is needed (verify_find_trim.c), bytes (verify_find_write.c).
 */
#ifndef NATIVE_VERIFY_FIND_WORK_H
#define NATIVE_VERIFY_FIND_WORK_H

#include "native/verify_facts.h"
#include "native/verify_find.h"
#include "native/verify_flow.h"

#define FIND_LEAS_MAX 1024u /* addresses that may be jump tables */

/* How much of a fact is needed. */
enum find_need {
	NEED_NOTHING,
	NEED_U32,   /* that it is a number of 32 bits */
	NEED_VALUE, /* but not who has the same */
	NEED_ALL,
};

struct find_label {
	uint32_t at;
	/* What is known so far: as a record, each fact with the value of its own number. */
	uint32_t count;
	struct fact *facts;
	struct value *values;
	uint16_t *
		leaders; /* by fact: 1 + the first one with the same low 32 bits, if there are several; 0 */
	uint8_t visits; /* that made it say less */
	bool reached;
	bool dirty; /* it has changed since the code after it was looked at */
	/* What of that is needed: by fact, enum find_need; and as a record */
	uint8_t *needs;
	uint64_t passed; /* after so many changes it was enough; + 1 */
	uint32_t need_count;
	struct fact *need_facts;
	struct value *need_values;
};

struct find_work {
	struct flow flow;
	struct x86_insn *insns;
	uint32_t insn_count, insn_capacity;
	/* by byte of the function: does an instruction, does a label begin here; by 64 bytes: how many before */
	uint64_t *starts, *is_label;
	uint32_t *starts_before, *labels_before;
	struct find_label *labels;
	uint32_t label_count;
	uint32_t leas[FIND_LEAS_MAX];
	uint32_t lea_count;
	/* scratch: by leader; by fact */
	uint32_t ids[RECORD_MAX + 1];
	uint16_t moved[RECORD_MAX + 1], followers[RECORD_MAX + 1];
	uint16_t wanted[RECORD_MAX];
	uint64_t changes; /* of needs, so far */
	/* places that an edge's target claims something of that does not hold */
	int32_t failed[RECORD_MAX];
	uint32_t failed_count;
};

/* All instructions of the function, and its labels. */
MUST_USE enum verify_reason find_code(struct find_work *w);
void find_code_free(struct find_work *w);
/* NULL: there is none. */
struct find_label *find_label(const struct find_work *w, int64_t at);
/* From `from` on, with the state that is there, to the next label or the end of the path. */
MUST_USE enum verify_reason find_walk(struct find_work *w, uint32_t from);

/* Finds out what of the records is needed, so that all checks hold by that alone. */
MUST_USE enum verify_reason find_trim(struct find_work *w);

struct record find_need(const struct find_label *l);

/* Appends what is needed to the bytes. */
MUST_USE enum verify_reason find_write(struct find_work *w, struct facts_buffer *b);

MUST_USE bool facts_buffer_reserve(struct facts_buffer *b, size_t n);

#endif
