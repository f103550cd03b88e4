/*
 * The interpreter: runs the functions of a store's instances. A body is translated at its first
 * call into pre-decoded, directly threaded ops with slot operands (interp/op.h).
 *
 * Use: wasm_store_init, interp_store_init, wasm_instantiate; then per thread interp_thread_init and
 * interp_call. Complete and portable but for the few machine instructions of interp/float.h; needs
 * no guard pages: each access is checked against the size of its memory.
 */
#ifndef INTERP_INTERP_H
#define INTERP_INTERP_H

#include "base/err.h"
#include "wasm/instance.h"

struct interp_op;

/* What a thread may use; 0 means the default. A call beyond it is TRAP_STACK_EXHAUSTED. */
struct interp_limits {
	size_t stack_size;  /* bytes of guest slots; default 8 MiB */
	uint32_t max_depth; /* calls within calls; default 65,536 */
};

/* A call in progress. */
struct interp_frame {
	const struct interp_op *pc;	       /* where the caller goes on */
	uint64_t *fp;			       /* the caller's */
	const struct wasm_func_instance *func; /* the callee; NULL: a change of instance */
};

/*
 * One thread of execution, the only one of its store. Guest calls use these arrays and never the C
 * stack; they start small and grow up to the limits.
 */
struct interp_thread {
	struct wasm_store *store;
	struct wasm_instance *instance; /* whose code runs */
	struct interp_frame *frames;
	struct interp_frame *frame; /* the first free one */
	struct interp_frame *frames_end;
	uint64_t *slots;
	uint64_t *slots_end;
	uint64_t *top;				 /* free for a call that a host function makes */
	const struct wasm_func_instance *callee; /* between two handlers of one call */
	uint32_t nesting;			 /* of interp_call through host functions */
	size_t max_slots;
	size_t max_frames;
	const struct interp_op *trap_pc; /* of the last trap, and the frames in use then */
	size_t trap_frames;
	uint32_t exception; /* of TRAP_UNCAUGHT_EXCEPTION: its reference, up to the next call */
	bool metered;	    /* store->config.control says so */
	bool polled;	    /* likewise */
	uint64_t fuel;	    /* taken from store->config.control, not yet used */
	struct wasm_caller caller;
};

/* Makes the interpreter the engine of a store that has no functions yet. */
void interp_store_init(struct wasm_store *s);

/* Errors: E_NOMEM. The store outlives the thread. A zeroed thread is fine to fini. */
MUST_USE enum err interp_thread_init(struct interp_thread *t, struct wasm_store *s,
				     const struct interp_limits *limits);
void interp_thread_fini(struct interp_thread *t);

/*
 * Calls a function with args and fills results on TRAP_NONE: slots, of its type (wasm_type_slots).
 * References in args are of this store. Host functions may call it again. TRAP_EXIT: see
 * t->caller.exit_status. Besides the guest's own traps: TRAP_STACK_EXHAUSTED, TRAP_OUT_OF_MEMORY,
 * TRAP_OUT_OF_FUEL, and what control->stop says. A host function that returns
 * TRAP_UNCAUGHT_EXCEPTION with t->exception set lets that fly on into its caller; references that
 * it holds otherwise are not seen when unused exceptions are collected.
 *
 * Fuel: each instruction takes 1, but nop, drop and what only bounds blocks (block, loop, else, end,
 * try, try_table, catch, catch_all, delegate) none, and what copies or fills 1 more per 64 bytes or
 * 16 table entries, a call 1 more per 64 bytes of the callee's own locals, a throw 1 more per 16
 * blocks and clauses that it looks at in a frame. A run of instructions without a label or a branch
 * takes what it needs at its beginning. What a thread has taken and not used goes back when its
 * outermost call ends.
 */
MUST_USE enum wasm_trap interp_call(struct interp_thread *t, const struct wasm_func_instance *func,
				    const uint64_t *args, uint64_t *results);

/* A line of a backtrace. */
struct interp_position {
	const struct wasm_func_instance *func;
	uint32_t offset; /* of the instruction in the module's bytes; 0 for a host function */
};

/*
 * Where the last interp_call trapped, innermost call first: fills out with at most max lines after
 * the `skip` innermost, returns how many. *depth is the whole number. Valid until the next call.
 */
size_t interp_backtrace(const struct interp_thread *t, struct interp_position *out, size_t max,
			size_t skip, size_t *depth);

#endif
