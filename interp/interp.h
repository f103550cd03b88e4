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
 * One thread of execution. Guest calls use these arrays and never the C stack; they start small and
 * grow up to the limits. Fuel and an interrupt flag belong here, to be looked at in calls and in
 * jumps backwards (INTERP_BR..).
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
	struct wasm_caller caller;
};

/* Makes the interpreter the engine of a store that has no functions yet. */
void interp_store_init(struct wasm_store *s);

/* Errors: E_NOMEM. The store outlives the thread. A zeroed thread is fine to fini. */
MUST_USE enum err interp_thread_init(struct interp_thread *t, struct wasm_store *s,
				     const struct interp_limits *limits);
void interp_thread_fini(struct interp_thread *t);

/*
 * Calls a function with args (one slot each, of its type, see struct wasm_host_func) and fills
 * results on TRAP_NONE. Host functions may call it again. TRAP_EXIT: see t->caller.exit_status.
 * Besides the guest's own traps: TRAP_STACK_EXHAUSTED, TRAP_OUT_OF_MEMORY.
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
