/*
 * The engine of native code: puts a module's section in its place, fills the slots of the thread that
 * runs, calls functions and answers what the code calls (doc/native.md). The counterpart of
 * interp/interp.h; a store has one engine.
 *
 * Use: native_decode (format.h), native_check, native_load once per module, which verifies it (verify.h); per thread
 * wasm_store_init, wasm_instantiate, native_thread_init, native_link; then native_call.
 */
#ifndef NATIVE_NATIVE_H
#define NATIVE_NATIVE_H

#include <assert.h>

#include "native/format.h"
#include "native/layout.h"
#include "native/regs.h"
#include "wasm/instance.h"

/* Code in its final place; shared by all threads of a program. */
struct native_code {
	const struct wasm_module *module;
	struct native_layout layout;
	uint64_t address; /* of its first byte */
	uint64_t size;
	uint32_t flags; /* NATIVE_METERED .. */
	uint32_t
		*offsets; /* of each defined function, of each shared routine, and the end; owned */
};

/* What the verifier does not accept. */
struct native_refusal {
	uint32_t entry;	 /* a defined function, or from func_count on a shared routine */
	uint32_t offset; /* of the instruction, in the entry's code */
	uint32_t reason; /* enum verify_reason */
};

/* Does the section belong to the module, and is it what it is to be: module digest, number of
 * functions, required flags (NATIVE_METERED, .._POLLED) set? Errors: E_NATIVE_MODULE, E_NATIVE_METERED,
 * E_NATIVE_POLLED. In native/check.c, which the host side links too, without the engine. */
MUST_USE enum err native_check(const struct native_image *image, const struct wasm_module *module,
			       const uint8_t module_digest[32], uint32_t required);

/*
 * Verifies all of the code, then copies it to its place and makes it executable. The bytes have been copied in
 * before; nobody else can change them. Errors: E_NATIVE_UNVERIFIED, and *refusal says where and why; E_NOMEM, also for
 * a function beyond the verifier's limit; E_LIMIT, E_DENIED, E_NATIVE_SLOTS; E_NATIVE_FACTS. Nothing is placed then. native_code_fini frees
 * what it owns; the place stays taken.
 */
MUST_USE enum err native_load(struct native_code *code, struct native_refusal *refusal,
			      const struct native_image *image, const struct wasm_module *module);
void native_code_fini(struct native_code *code);

struct native_limits {
	size_t stack_size; /* bytes of the guest stack, rounded up to whole pages; 0: NATIVE_STACK_DEFAULT */
};

/* Its pages are taken when a thread begins, at about 2 us each. */
#define NATIVE_STACK_DEFAULT ((size_t)2 * 1024 * 1024)
#define NATIVE_NESTING_MAX   16u

/* One thread of execution, the only one of its store. */
struct native_thread {
	struct wasm_store *store;
	struct native_thread *next;	/* of those that native_stop_all reaches */
	struct wasm_instance *instance; /* whose slots are in place; NULL: none */
	uint8_t *slots;			/* at FS + NATIVE_SLOTS_DISP */
	uint64_t stack_top;
	uint64_t stack_size;
	uint32_t nesting;
	uint32_t exception;		/* of TRAP_UNCAUGHT_EXCEPTION: its reference */
	struct native_entry *functions; /* by reference: the function table */
	uint32_t function_count;
	uint32_t function_capacity;
	uint32_t
		instance_count; /* that have native code; with more than one, tables hold the thunk */
	bool metered;		/* store->config.control says so */
	bool polled;		/* likewise */
	uint64_t fuel_given;	/* put into the fuel slot since the outermost call began */
	struct wasm_caller caller;
	const struct native_callout
		*callout; /* the innermost call out of guest code that has not returned */
	const struct wasm_func_instance *trap_func;  /* innermost at the last trap, or NULL */
	const struct wasm_func_instance *throw_func; /* where the last exception was thrown */
};

/* Makes native code the engine of a store; before any function. */
void native_store_init(struct wasm_store *s);

/* On the thread that runs. Errors: E_NOMEM, E_LIMIT. A zeroed thread is fine to fini. */
MUST_USE enum err native_thread_init(struct native_thread *t, struct wasm_store *s,
				     const struct native_limits *limits);
void native_thread_fini(struct native_thread *t);

/* Has the instance no memory 0, or is it in the guest window? Else it needs NATIVE_CHECKED code. */
MUST_USE bool native_instance_in_window(const struct wasm_instance *instance);

/* Gives the functions of an instance of code->module their code; not while code of the store runs, which may hold
 * addresses of what this replaces. Errors: E_NOMEM, E_LIMIT, E_NATIVE_WINDOW: memory 0 is (not) in the window and
 * the code is (not) of that kind. */
MUST_USE enum err native_link(struct native_thread *t, struct wasm_instance *instance,
			      const struct native_code *code);

/* After an instantiation that failed: what it left in tables of others can be called all the same, functions of
 * its own too. Errors as native_link. */
MUST_USE enum err native_link_failed(struct native_thread *t, const struct native_code *code);

/* Every thread under this control looks at control->stop soon. Whoever sets that calls this
 * afterwards, as wasm_memory_wake_all. Any thread. */
void native_stop_all(const struct wasm_control *control);

/* As interp_call. */
MUST_USE enum wasm_trap native_call(struct native_thread *t, const struct wasm_func_instance *func,
				    const uint64_t *args, uint64_t *results);

/* ---- between C and generated code: used by native/ and the assembler of the surroundings ------- */

/* Registers at a change between runtime and guest code. Offsets are the assembler's, too (regs.h). */
struct native_regs {
	uint64_t gpr[6];    /* RDI RSI RDX RCX R8 R9: arguments */
	uint64_t result;    /* RAX */
	uint64_t nest;	    /* R10 */
	uint64_t saved[6];  /* RBX RBP R12 R13 R14 R15: for what scans them */
	uint64_t rsp;	    /* the guest's */
	uint64_t target;    /* by native_on_import: where the guest goes on, 0: it returns */
	uint8_t xmm[8][16]; /* arguments; [0] the result */
};
static_assert(offsetof(struct native_regs, gpr) == 0, "native registers");
static_assert(offsetof(struct native_regs, result) == NATIVE_REGS_RESULT, "native registers");
static_assert(offsetof(struct native_regs, nest) == NATIVE_REGS_NEST, "native registers");
static_assert(offsetof(struct native_regs, saved) == NATIVE_REGS_SAVED, "native registers");
static_assert(offsetof(struct native_regs, rsp) == NATIVE_REGS_RSP, "native registers");
static_assert(offsetof(struct native_regs, target) == NATIVE_REGS_TARGET, "native registers");
static_assert(offsetof(struct native_regs, xmm) == NATIVE_REGS_XMM, "native registers");
static_assert(sizeof(struct native_regs) == NATIVE_REGS_SIZE, "native registers");

/*
 * Called by the thunks on the runtime's stack, with the guest's registers: an import, or anything that
 * a table holds that is not called directly (nest: the reference); a helper. What is not
 * TRAP_NONE ends the guest code of this level. Results are in regs and in the transfer area; or
 * regs->target is a function of the running instance, which gets the arguments as they are.
 */
enum wasm_trap native_on_import(struct native_regs *regs);
enum wasm_trap native_on_helper(struct native_regs *regs, uint64_t helper);

/* ---- supplied by the surroundings (enclave/native_place.c, enclave/native.S; a fake in test/lib) --- */

/* Puts code, and read-only data at the next page, into fresh pages: read+execute, and read-only.
 * Errors: E_NOMEM, E_LIMIT, E_DENIED. */
MUST_USE enum err native_place(const uint8_t *code, size_t code_size, const uint8_t *rodata,
			       size_t rodata_size, uint64_t *address);

/* Makes `size` bytes of the calling thread's slots usable, from FS + NATIVE_SLOTS_DISP on, always the same
 * address; what they hold is left from before, or zero. NULL: no memory. */
uint8_t *native_slots(size_t size);

/* Makes `size` bytes at the top of the calling thread's guest stack usable. */
MUST_USE enum err native_stack(size_t size, uint64_t *top);

/* Base of the guest window. */
uint8_t *native_window(void);

/* The calling thread's engine, for native_on_import and native_on_helper, and for who wants to know
 * what runs there. */
void native_set_current(struct native_thread *t);
struct native_thread *native_current(void);

/*
 * Runs guest code on the guest stack below `stack_top`, a multiple of 16: registers from regs, RAX and
 * XMM0 back to it. A trap, by the exception handler or by what native_on_* returned, is returned.
 * May be called again from within native_on_*.
 */
enum wasm_trap native_enter(uint64_t code, uint64_t stack_top, struct native_regs *regs);

/* Where the calling thread's last trap that the hardware raised happened: RIP, and RSP, which is the guest's. */
uint64_t native_trap_address(void);
uint64_t native_trap_stack(void);

/* Code of the thunks: for import slots and table entries; for each helper. */
extern HIDDEN const char native_import_thunk[];
extern HIDDEN const uint64_t native_helper_thunks[NATIVE_HELPER_COUNT];

#endif
