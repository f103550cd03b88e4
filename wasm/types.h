/*
 * The types of WebAssembly (Core 3.0, section 2.3) as the module holds them.
 *
 * A value type is one word. A number type is its binary code. A reference type holds its
 * nullability and its heap type: an abstract one by its binary code, or the index of a function
 * type. The decoder writes only canonical indices (struct wasm_func_type), so two types of a module
 * are equal exactly if their words are. In a store the index is a signature's number (instance.h).
 */
#ifndef WASM_TYPES_H
#define WASM_TYPES_H

#include "base/cc.h"

/* Bits of a reference type. The low bits are the index, or with WASM_ABSTRACT a binary code. */
#define WASM_REF      0x40000000u
#define WASM_NULLABLE 0x20000000u
#define WASM_ABSTRACT 0x10000000u
#define WASM_HEAP     0x0fffffffu

/* Binary codes of abstract heap types (5.3.4). */
enum wasm_heap {
	WASM_HEAP_BOTTOM = 0x00, /* in the validator: below an unreachable point */
	WASM_HEAP_EXN = 0x69,
	WASM_HEAP_EXTERN = 0x6f,
	WASM_HEAP_FUNC = 0x70,
	WASM_HEAP_NOEXTERN = 0x72,
	WASM_HEAP_NOFUNC = 0x73,
	WASM_HEAP_NOEXN = 0x74,
};

#define WASM_REF_ABSTRACT(code) (WASM_REF | WASM_ABSTRACT | (code))

/* A value type, stored in a uint32_t. */
enum wasm_type {
	WASM_NO_TYPE = 0x00, /* no result; in the validator: any type, below an unreachable point */
	WASM_I32 = 0x7f,
	WASM_I64 = 0x7e,
	WASM_F32 = 0x7d,
	WASM_F64 = 0x7c,
	WASM_V128 = 0x7b,
	WASM_FUNCREF = WASM_REF_ABSTRACT(WASM_NULLABLE | WASM_HEAP_FUNC),
	WASM_EXTERNREF = WASM_REF_ABSTRACT(WASM_NULLABLE | WASM_HEAP_EXTERN),
	WASM_EXNREF = WASM_REF_ABSTRACT(WASM_NULLABLE | WASM_HEAP_EXN),
	WASM_REF_BOTTOM = WASM_REF_ABSTRACT(WASM_HEAP_BOTTOM),
};

/* Kinds of imports and exports, with their binary codes (5.5.5). */
enum wasm_kind {
	WASM_KIND_FUNC = 0,
	WASM_KIND_TABLE = 1,
	WASM_KIND_MEMORY = 2,
	WASM_KIND_GLOBAL = 3,
	WASM_KIND_TAG = 4,
	WASM_KIND_COUNT
};

/* A name inside the module's bytes: UTF-8, not terminated. */
struct wasm_name {
	const char *p;
	uint32_t len;
};

/* The vectors hold enum wasm_type. Slots: see wasm_type_slots. */
struct wasm_func_type {
	const uint32_t *params;
	const uint32_t *results;
	uint32_t param_count;
	uint32_t result_count;
	uint32_t param_slots;
	uint32_t result_slots;
	uint32_t canonical; /* of a module's type: the least index of an equal one */
};

/* In pages of 64 KiB or in table entries. Without a maximum, max is the largest that the kind
 * allows (WASM_MAX_PAGES, UINT32_MAX). */
struct wasm_limits {
	uint64_t min;
	uint64_t max;
	bool has_max;
};

struct wasm_table_type {
	uint32_t elem; /* a reference type */
	struct wasm_limits limits;
};

struct wasm_memory_type {
	struct wasm_limits limits;
	bool shared;
};

struct wasm_global_type {
	uint32_t type;
	bool mutable;
};

static inline bool wasm_type_is_ref(uint32_t type)
{
	return type & WASM_REF;
}

static inline bool wasm_type_is_num(uint32_t type)
{
	return type >= WASM_F64 && type <= WASM_I32;
}

/* Has it a value to begin with (3.2.2)? All but references that cannot be null. */
static inline bool wasm_type_is_defaultable(uint32_t type)
{
	return !wasm_type_is_ref(type) || type & WASM_NULLABLE;
}

/* A reference to functions of a concrete type: its index is type & WASM_HEAP. */
static inline bool wasm_type_is_concrete(uint32_t type)
{
	return (type & (WASM_REF | WASM_ABSTRACT)) == WASM_REF;
}

/* The top of the hierarchy that a reference type belongs to: what its values are indices of. */
static inline enum wasm_heap wasm_type_top(uint32_t type)
{
	if (!(type & WASM_ABSTRACT))
		return WASM_HEAP_FUNC;
	switch (type & WASM_HEAP) {
	case WASM_HEAP_EXN:
	case WASM_HEAP_NOEXN:
		return WASM_HEAP_EXN;
	case WASM_HEAP_EXTERN:
	case WASM_HEAP_NOEXTERN:
		return WASM_HEAP_EXTERN;
	default:
		return WASM_HEAP_FUNC;
	}
}

/*
 * Wherever values lie (frames, arguments, results, exceptions) each takes this many slots of 64
 * bits. i32, f32 and references fill the low half of one, the upper half zero; a v128 takes two,
 * its low 64 bits first.
 */
static inline uint32_t wasm_type_slots(uint32_t type)
{
	return type == WASM_V128 ? 2 : 1;
}

/* Is every value of `sub` one of `super` (3.3.4)? Both of one module, or both of one store. */
bool wasm_type_matches(uint32_t sub, uint32_t super);

#endif
