/*
 * Exceptions of both forms (Core 3.0, try_table; the legacy try). What a function catches is a table
 * beside its ops, looked at only when an exception flies.
 */
#ifndef INTERP_UNWIND_H
#define INTERP_UNWIND_H

#include "interp/interp.h"

#define INTERP_NO_REGION UINT32_MAX

/* The ops [first, end) of a block that catches. Regions nest, and stand in the order of `first`, an
 * outer one before an inner one. */
struct interp_region {
	uint32_t first;
	uint32_t end;
	uint32_t parent;  /* the next region around it, or INTERP_NO_REGION */
	uint32_t next;	  /* where the search goes on if no clause fits: parent, but for delegate */
	uint32_t clauses; /* the first one, index + 1; 0: none */
};

struct interp_clause {
	uint32_t next;			     /* of the same region, index + 1; 0: none */
	uint32_t target;		     /* the op that goes on */
	const struct wasm_tag_instance *tag; /* NULL: whatever it is */
	uint32_t value_slot;		     /* where the values of the tag go */
	uint32_t ref_slot;		     /* where the exception goes, or UINT32_MAX */
};

/*
 * Makes the exception that t->exception means from then on, after the store's unused ones were
 * collected if it was time. fp: of the running function. Trap: OUT_OF_MEMORY.
 */
MUST_USE enum wasm_trap interp_throw(struct interp_thread *t, const uint64_t *fp,
				     const struct wasm_tag_instance *tag, const uint64_t *values);

/*
 * t->exception flies from the op *pc of the running function with the frame *fp: pops frames up to
 * the clause that catches it, within this interp_call. TRAP_NONE: *pc and *fp say where it goes on,
 * the clause has its values, t->instance is right. Else interp_call restores the rest: no clause
 * catches it (UNCAUGHT_EXCEPTION), the search took all fuel, or control->stop ended it.
 */
MUST_USE enum wasm_trap interp_unwind(struct interp_thread *t, const struct interp_op **pc,
				      uint64_t **fp);

#endif
