/*
 * The slots of native code: what lies where behind FS, computed from the module alone (doc/native.md).
 * Compiler and enclave call the same function, so nothing of this is in the section.
 */
#ifndef NATIVE_LAYOUT_H
#define NATIVE_LAYOUT_H

#include <assert.h>

#include "base/err.h"
#include "wasm/module.h"

/* Where the slots stand from FS, and how many bytes of them there can be. */
#define NATIVE_SLOTS_DISP 0x3d000u
#define NATIVE_SLOTS_MAX  0x38000u

/* Where memory 0 may reach: an index, an offset and a size below it never leave the window. */
#define NATIVE_WINDOW_SIZE 0x400000000ull

enum native_helper {
#define HELPER(name, result, params) NATIVE_HELPER_##name,
#include "native/helper.def"
#undef HELPER
	NATIVE_HELPER_COUNT
};

/* Arguments in registers. */
#define NATIVE_INT_ARGS	   6u
#define NATIVE_VECTOR_ARGS 8u

/* All offsets are from FS, in bytes. */
struct native_layout {
	uint32_t helpers;	 /* 8 each */
	uint32_t function_table; /* address, count: 8 each */
	uint32_t ref_base;
	uint32_t stop;
	uint32_t exception;
	uint32_t fuel;
	uint32_t transfer;
	uint32_t transfer_slots;
	uint32_t globals;  /* 16 each, all of the index space */
	uint32_t memories; /* 16 each: base, size */
	uint32_t tables;   /* 16 each: entries, count */
	uint32_t imports;  /* 16 each imported function: code, reference */
	uint32_t sigs;	   /* 8 each type */
	uint32_t end;	   /* of all */
};

/* Errors: E_NATIVE_SLOTS: the module needs more than NATIVE_SLOTS_MAX. */
MUST_USE enum err native_layout_init(struct native_layout *layout, const struct wasm_module *m);

/* An entry of a table. */
struct native_entry {
	uint64_t code;
	uint32_t sig; /* 0: none */
	uint32_t ref;
};
static_assert(sizeof(struct native_entry) == 16, "table entry");

/* Where a parameter or a result is. */
enum native_place_kind { NATIVE_IN_INT, NATIVE_IN_VECTOR, NATIVE_IN_TRANSFER };
struct native_place {
	uint8_t kind;	/* enum native_place_kind */
	uint32_t index; /* of the register of its kind, or of the first slot in the transfer area */
};

/* The places one after the other: start with native_params or native_results. */
struct native_placer {
	bool results;
	uint32_t ints, vectors; /* registers left */
	uint32_t next_int, next_vector, next_transfer;
};
struct native_placer native_params(void);
struct native_placer native_results(void);
struct native_place native_place_next(struct native_placer *p, uint32_t type);

/* Places of all parameters, or of all results, in order: `places` has room for type->param_count, or
 * result_count; NULL: only the count is wanted. The number of slots in the transfer area is returned. */
uint32_t native_place_params(const struct wasm_func_type *type, struct native_place *places);
uint32_t native_place_results(const struct wasm_func_type *type, struct native_place *places);

/*
 * Does code of the module look whether an import has thrown? If not, because it has neither tags nor
 * anything that catches, an exception that comes out of an import ends all of its code up to where it
 * was entered. The module is validated.
 */
bool native_imports_may_throw(const struct wasm_module *m);

#endif
