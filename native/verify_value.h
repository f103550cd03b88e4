/*
 * What the verifier knows of a value, and how instructions make values from values. Every function here
 * answers for all concrete values that its arguments stand for: knowing less is always right.
 */
#ifndef NATIVE_VERIFY_VALUE_H
#define NATIVE_VERIFY_VALUE_H

#include "native/x86.h"

enum value_kind {
	VALUE_NUMBER, /* lo..hi as a signed number of 64 bits; all of them: nothing is known */
	VALUE_FRAME,  /* the address of the function's own return address, plus lo..hi */
	VALUE_IMAGE,  /* the address of the code, plus lo..hi */
	VALUE_SAVED,  /* what register `which` held at entry */
	VALUE_TABLE,  /* the address of the entries of table `which` */
	VALUE_ENTRY,  /* of an entry of that table, plus lo == hi in 0..15 */
	VALUE_COUNT, /* the number of entries of table `which`, or bytes of that memory, at some time: lo..hi */
	VALUE_MEMORY,	  /* the address of memory `which`, plus lo..hi */
	VALUE_CODE,	  /* what may be called with any arguments */
	VALUE_JUMP_ENTRY, /* one of the 32-bit words at lo, lo + 4 .. hi of the image */
	VALUE_JUMP,	  /* the address of the image + which + such a word */
	VALUE_KINDS
};

#define VALUE_MAX	  (INT64_C(0x7fffffffffffffff))
#define VALUE_MIN	  (-VALUE_MAX - 1)
#define U32_MAX		  (INT64_C(0xffffffff))
#define VALUE_ADDRESS_MAX (INT64_C(1) << 40) /* how far from its object an address may be */

/*
 * Tables and memories are objects with one number space (verify_slot.h); neither ever gets smaller, so what
 * is below their size stays below it.
 */
struct value {
	uint8_t kind;	  /* enum value_kind */
	uint8_t low_bits; /* 8, 16, 32: the low bits are at most low_max; 0: not known */
	uint8_t align;	  /* the low `align` bits are 0 */
	/* 1: the low 32 bits are an index, below the number of entries of `bound`. More: the value is that many
	 * times an index that is so, or, without bound, that many times the value `of`, as 32 bits */
	uint8_t times;
	uint32_t low_max;
	uint32_t which;
	uint32_t bound; /* 0, or 1 + the object that limits it */
	uint32_t
		slack; /* bound, of memories: the value (VALUE_MEMORY: the offset) + slack is at most the size */
	uint32_t id; /* not 0: the low 32 bits are those of all values with this id */
	uint32_t of; /* not 0: the value is that of this id, as 32 bits, + plus; or times it */
	uint32_t plus;
	int64_t lo, hi;
};

struct value value_any(void);
struct value value_range(int64_t lo, int64_t hi);
struct value value_exact(int64_t n);
struct value value_at(enum value_kind kind, uint32_t which, int64_t at);
/* Any number of that many bytes, zero-extended. */
struct value value_bytes(unsigned size);

bool value_is_exact(const struct value *v);
/* Is it in 0..2^32-1? */
bool value_is_u32(const struct value *v);
/* An address of the runtime, which a call may make stale. */
bool value_is_transient(const struct value *v);
/* As a number: anything, if it is an address. */
struct value value_number(const struct value *v);
/* The low bytes, zero-extended. */
struct value value_low(const struct value *v, unsigned size);

/* Results of `size` bytes, 4 or 8, of operands of that size, zero-extended. */
struct value value_add(const struct value *a, const struct value *b, unsigned size);
struct value value_sub(const struct value *a, const struct value *b, unsigned size);
struct value value_and(const struct value *a, const struct value *b, unsigned size);
struct value value_or(const struct value *a, const struct value *b, unsigned size);
struct value value_shl(const struct value *a, const struct value *count, unsigned size);
struct value value_shr(const struct value *a, const struct value *count, unsigned size);
struct value value_sar(const struct value *a, const struct value *count, unsigned size);
struct value value_mul(const struct value *a, const struct value *b, unsigned size);
/* Sign extension from `from` bytes to `size`. */
struct value value_extend(const struct value *a, unsigned from, unsigned size);

/* What is true of both; ids are left out. */
struct value value_join(const struct value *a, const struct value *b);
/* Is everything that is said of `declared`, ids left out, true of v? */
bool value_implies(const struct value *v, const struct value *declared);
/* The same facts, ids left out? */
bool value_equal(const struct value *a, const struct value *b);
/* Nothing is known of it. */
bool value_is_any(const struct value *v);

#endif
