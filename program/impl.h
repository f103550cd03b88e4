/*
 * Inside program/: a program, its threads, and what the files here do for each other.
 *
 * Each thread has a store with an instance of the module of its own; what they share is the shared
 * memories, which belong to the first thread's store, the WASI context and struct wasm_control. The
 * first thread is the last to leave: it takes apart what the others used.
 */
#ifndef PROGRAM_IMPL_H
#define PROGRAM_IMPL_H

#include "interp/interp.h"
#include "launch/launch.h"
#include "native/native.h"
#include "program/imports.h"
#include "program/program.h"
#include "program/volume.h"
#include "wasi/wasi.h"
#include "wasm/instance.h"
#include "wasm/linker.h"

/* Zeroed is safe to fini. */
struct program_thread {
	struct wasm_store store;
	struct wasm_linker linker;
	const struct native_code
		*code; /* which of the two engines runs it; NULL: the interpreter */
	struct interp_thread interp;
	struct native_thread native;
	uint64_t stack_size; /* of the guest's stack with native code; 0: the default */
	struct wasm_instance *instance;
	uint32_t id; /* what the guest calls it; the first thread has none */
	uint32_t argument;
	bool running; /* a further one: it has come */
};

struct program {
	const struct program_input *in;
	struct program_outcome *out; /* under the lock of threads.c while others may run */
	struct arena arena;
	struct launch_record record;
	struct launch_digests digests;
	struct wasi_attestation attestation;
	struct wasm_module module;
	bool spawns;	       /* the module imports thread-spawn */
	uint32_t thread_limit; /* at once, the first included */
	uint64_t max_memory_pages;
	struct program_volumes volumes;
	struct wasi_config wasi_config;
	struct wasi wasi;
	bool wasi_open;
	struct program_imports imports;
	struct wasm_memory_instance **memories; /* imported, by index; NULL: not made by us */
	struct wasm_control control;
	struct native_code code; /* its module is NULL with the interpreter */
	struct program_thread first;

	/* under the lock of threads.c */
	bool ready;	       /* what is above stays as it is */
	bool ended;	       /* *out says how */
	uint32_t thread_count; /* the first, those that run, those that are prepared or asked for */
	uint32_t running_count; /* further ones that have come and not left */
	uint32_t last_id;
	uint32_t first_number;				     /* of the first thread, for unpark */
	struct program_thread *threads[PROGRAM_THREADS_MAX]; /* asked for or running; by number */

	uint64_t args[RUN_VALUES_MAX]; /* of the function that is called: slots */
	uint64_t results[RUN_VALUES_MAX];
};

/* outcome.c */

/* The program does not start; returns err. */
MUST_USE enum err program_refuse(struct program *p, enum err err);
/* Adds to the text of the outcome, as far as there is room. */
void program_add_text(struct program *p, struct wasm_name name);
/* A call of guest code on thread t ended so: with TRAP_NONE or TRAP_EXIT in order. */
void program_set_outcome(struct program *p, const struct program_thread *t, enum wasm_trap trap);
/* What the invoked function returned: p->results. */
void program_set_results(struct program *p, const struct wasm_func_type *type);

/* engine.c: the interpreter or native code, as the record says; the same for all threads */

/* Puts the module's native code in its place if that is the engine. The module is valid and the
 * limits are set. Refuses what is no native code of this module, or cannot be bounded as the record
 * wants. */
MUST_USE enum err program_engine_open(struct program *p);
void program_engine_close(struct program *p);

/* Makes it the engine of thread t, whose store is fresh; what the interpreter needs is there then.
 * Errors: E_NOMEM. */
MUST_USE enum err program_engine_init(struct program *p, struct program_thread *t);
/* On the thread that is to run t, once the instance is there. Errors: E_NOMEM, E_LIMIT,
 * E_NATIVE_WINDOW. */
MUST_USE enum err program_engine_begin(struct program_thread *t);
void program_engine_fini(struct program_thread *t);

MUST_USE enum wasm_trap program_engine_call(struct program_thread *t,
					    const struct wasm_func_instance *func,
					    const uint64_t *args, uint64_t *results);
/* What the guest gave to proc_exit, after TRAP_EXIT. */
uint32_t program_engine_exit_status(const struct program_thread *t);
/* Where the last call trapped, innermost first: fills at most max, returns how many. Native code knows
 * the innermost function alone, and not where in it: offset 0. */
size_t program_engine_backtrace(const struct program_thread *t, struct interp_position *out,
				size_t max);

/* thread.c */

/*
 * A store and an instance of the module for one thread. The first makes the shared memories, the
 * others share them. Errors: those of wasm_instantiate, for which *error is filled; E_NOMEM, E_LIMIT.
 * t is to be given to program_thread_fini in any case.
 */
MUST_USE enum err program_thread_init(struct program *p, struct program_thread *t,
				      struct wasm_link_error *error);
void program_thread_fini(struct program_thread *t);
/* The module's start function, if it has one. */
MUST_USE enum wasm_trap program_thread_begin(struct program_thread *t);
/* Does the module export what further threads run? Its type is checked. */
MUST_USE bool program_has_thread_entry(const struct wasm_module *m);
/* Begins, and runs what the module exports for further threads. */
MUST_USE enum wasm_trap program_thread_call(struct program_thread *t);

/* threads.c */

/* From here on program_interrupt finds the program. The calling thread is its first. */
void program_threads_open(struct program *p);
/* The program is instantiated and may run: from here on it can have other threads. */
void program_threads_ready(struct program *p);
/* Ends the other threads, waits until they have left, and forgets the program. */
void program_threads_close(struct program *p);
/* A thread ended by itself. The first to say so decides the outcome: true. */
bool program_end(struct program *p, const struct program_thread *t, enum wasm_trap trap);
/* thread-spawn: the new thread's id, or a negative errno. */
int32_t program_spawn(struct program *p, uint32_t argument);
/* The trap by which all threads are to end, or TRAP_NONE. */
enum wasm_trap program_stop_reason(const struct program *p);

#endif
