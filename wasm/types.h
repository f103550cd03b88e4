/*
 * The types of WebAssembly (Core 2.0, section 2.3) as the module holds them. Value types keep their
 * binary codes, so that a type vector inside the module's bytes is usable as it stands.
 */
#ifndef WASM_TYPES_H
#define WASM_TYPES_H

#include "base/cc.h"

/* A value type, stored in a uint8_t. v128 is known by its code and refused until SIMD comes. */
enum wasm_type {
	WASM_NO_TYPE = 0x00, /* no result; in the validator: any type, below an unreachable point */
	WASM_I32 = 0x7f,
	WASM_I64 = 0x7e,
	WASM_F32 = 0x7d,
	WASM_F64 = 0x7c,
	WASM_V128 = 0x7b,
	WASM_FUNCREF = 0x70,
	WASM_EXTERNREF = 0x6f,
};

/* Kinds of imports and exports, with their binary codes (5.5.5). */
enum wasm_kind {
	WASM_KIND_FUNC = 0,
	WASM_KIND_TABLE = 1,
	WASM_KIND_MEMORY = 2,
	WASM_KIND_GLOBAL = 3,
	WASM_KIND_COUNT
};

/* A name inside the module's bytes: UTF-8, not terminated. */
struct wasm_name {
	const char *p;
	uint32_t len;
};

/* The vectors hold enum wasm_type. */
struct wasm_func_type {
	const uint8_t *params;
	const uint8_t *results;
	uint32_t param_count;
	uint32_t result_count;
};

/* In pages of 64 KiB or in table entries. Without a maximum, max is the largest that the kind
 * allows (WASM_MAX_PAGES, UINT32_MAX). */
struct wasm_limits {
	uint64_t min;
	uint64_t max;
	bool has_max;
};

struct wasm_table_type {
	uint8_t elem; /* WASM_FUNCREF or WASM_EXTERNREF */
	struct wasm_limits limits;
};

struct wasm_memory_type {
	struct wasm_limits limits;
};

struct wasm_global_type {
	uint8_t type;
	bool mutable;
};

static inline bool wasm_type_is_ref(uint8_t type)
{
	return type == WASM_FUNCREF || type == WASM_EXTERNREF;
}

static inline bool wasm_type_is_num(uint8_t type)
{
	return type >= WASM_F64 && type <= WASM_I32;
}

#endif
