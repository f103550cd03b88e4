/*
 * A module as the binary format gives it (Core 3.0, 2.5 and 5.5). The module refers to the bytes
 * that it was decoded from: the caller owns them, keeps them unchanged and lets them outlive it.
 * Everything else lies in the module's arena. Each index space is one array, imports first.
 *
 * A module may run only after wasm_decode and wasm_validate (validate.h) have both returned OK.
 */
#ifndef WASM_MODULE_H
#define WASM_MODULE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/reader.h"
#include "wasm/types.h"

#define WASM_NO_INDEX UINT32_MAX

/* Part of the module's bytes. */
struct wasm_span {
	uint32_t offset; /* from the module's first byte */
	uint32_t size;
};

/*
 * A constant expression (3.3.8.2), type-checked, its `end` included. To be evaluated with
 * code_next. It holds only: t.const, v128.const, ref.null, ref.func, global.get of an earlier
 * immutable global, and add, sub, mul of i32 and i64.
 */
struct wasm_expr {
	struct wasm_span code;
	uint32_t max_stack; /* slots at most */
};

struct wasm_import {
	struct wasm_name module;
	struct wasm_name name;
	uint8_t kind;	/* enum wasm_kind */
	uint32_t index; /* in the kind's index space: its type is there */
};

struct wasm_func {
	uint32_t type;
	bool declared; /* outside of bodies: ref.func in a body may name it (C.refs, 3.1.1) */
};

/* A body of the code section. The second half is written by wasm_validate. */
struct wasm_body {
	struct wasm_span span; /* locals and code */
	uint32_t code;	       /* offset in the module of the first instruction */
	uint32_t local_count;  /* parameters included */
	uint32_t local_slots;  /* the same in slots (wasm_type_slots) */
	uint32_t max_stack;    /* slots of operands at most, unreachable code included; a legacy
				* `try` takes one more from its first catch to its end */
	uint32_t max_depth;    /* open blocks at most, the body's own included */
	uint32_t block_count;  /* of blocks of every kind */
	uint32_t catch_count;  /* of clauses of try_table, and of catch, catch_all and delegate */
	bool has_v128;	       /* a local or an operand, or may have */
};

struct wasm_table {
	struct wasm_table_type type;
	bool has_init;
	struct wasm_expr init; /* of each element; else null */
};

/* A tag's function type has no results. */
struct wasm_tag {
	uint32_t type;
};

struct wasm_global {
	struct wasm_global_type type;
	struct wasm_expr init; /* of an imported one: empty */
};

struct wasm_export {
	struct wasm_name name;
	uint8_t kind; /* enum wasm_kind */
	uint32_t index;
};

enum wasm_segment_mode { WASM_ACTIVE, WASM_PASSIVE, WASM_DECLARED };

struct wasm_elem {
	uint8_t mode;	/* enum wasm_segment_mode */
	uint32_t type;	/* a reference type */
	bool exprs;	/* how the items are written; wasm_elem_next hides it */
	uint32_t table; /* active */
	uint32_t count; /* of items */
	struct wasm_span items;
	struct wasm_expr offset; /* active */
};

/* An item of an element segment: a valid one is never more than this. */
enum wasm_item_kind { WASM_ITEM_NULL, WASM_ITEM_FUNC, WASM_ITEM_GLOBAL };

struct wasm_item {
	uint8_t kind;	/* enum wasm_item_kind */
	uint32_t index; /* of the function or the global */
};

struct wasm_data {
	uint8_t mode;	 /* enum wasm_segment_mode */
	uint32_t memory; /* active */
	struct wasm_span bytes;
	struct wasm_expr offset; /* active */
};

struct wasm_module {
	const uint8_t *bytes; /* the caller's */
	uint32_t size;

	uint32_t type_count;
	uint32_t import_count;
	uint32_t func_count; /* import_func_count of them without a body */
	uint32_t import_func_count;
	uint32_t table_count;
	uint32_t import_table_count;
	uint32_t memory_count;
	uint32_t import_memory_count;
	uint32_t global_count;
	uint32_t import_global_count;
	uint32_t tag_count;
	uint32_t import_tag_count;
	uint32_t export_count;
	uint32_t elem_count;
	uint32_t data_count;
	uint32_t start; /* function, or WASM_NO_INDEX */

	struct wasm_func_type *types;
	struct wasm_import *imports;
	struct wasm_func *funcs;
	struct wasm_body *bodies; /* of function import_func_count + i */
	struct wasm_table *tables;
	struct wasm_memory_type *memories;
	struct wasm_global *globals;
	struct wasm_tag *tags;
	struct wasm_export *exports;
	struct wasm_elem *elems;
	struct wasm_data *datas;

	/* The section "retwine.native": absent when native_at == size. What the module's digest
	 * covers is bytes[0 .. native_at). */
	uint32_t native_at;
	struct wasm_span native; /* its payload, after the name */

	/* The rest is the library's own. */
	struct wasm_span names; /* payload of the section "name"; empty when there is none */
	bool has_data_count;
	uint32_t *export_order; /* indices of exports, sorted by name */
	struct arena arena;
};

/* Where and why a module was refused. */
struct wasm_error {
	enum err code;
	uint64_t offset;       /* in the module's bytes, of what is wrong or of its end */
	uint32_t func;	       /* whose body it is in, or WASM_NO_INDEX */
	struct wasm_name name; /* of the export or import that is meant; len 0 if none */
};

/*
 * Decodes `bytes` (untrusted, unchanged while the module lives) and checks everything but the
 * bodies. A refused module is empty again; `error` is filled on every failure. Also refuses what is
 * no core module at all, each with its own error: nothing, text, a component. Errors: E_WASM_*,
 * E_NOMEM.
 */
MUST_USE enum err wasm_decode(struct wasm_module *m, struct wasm_error *error, const void *bytes,
			      size_t size);

/*
 * Where the section retwine.native begins in undecoded bytes (untrusted), and its payload; both
 * `size` without one. For hashing before anything is decoded: for a module that decodes, the same
 * as native_at and native.offset.
 */
void wasm_find_native(const void *bytes, size_t size, size_t *section_off, size_t *payload_off);

/* Frees all that the module holds; zeroed is fine. */
void wasm_module_fini(struct wasm_module *m);

/* The type of a function, for an index below func_count. */
const struct wasm_func_type *wasm_func_type(const struct wasm_module *m, uint32_t func);

/* The type of a tag, for an index below tag_count. */
const struct wasm_func_type *wasm_tag_type(const struct wasm_module *m, uint32_t tag);

/* The body of a function that is not imported. */
const struct wasm_body *wasm_func_body(const struct wasm_module *m, uint32_t func);

/* A reader over part of the module's bytes. */
struct reader wasm_span_reader(const struct wasm_module *m, struct wasm_span span);

/*
 * For a validated body: the locals that it declares, as runs of one type. Start with
 * wasm_span_reader(body->span); wasm_locals_begin gives the number of runs, wasm_locals_next each
 * of them. After the last one the reader stands on the first instruction.
 */
uint32_t wasm_locals_begin(struct reader *r);
void wasm_locals_next(const struct wasm_module *m, struct reader *r, uint32_t *count,
		      uint32_t *type);

/* A reader on the first instruction of a validated body; its end is the end of the body. */
struct reader wasm_body_code(const struct wasm_module *m, const struct wasm_body *body);

/* The next item of an element segment: elem->count times, from wasm_span_reader(elem->items) on. */
struct wasm_item wasm_elem_next(const struct wasm_module *m, const struct wasm_elem *elem,
				struct reader *r);

/* The export of that name, or NULL. The name is untrusted. */
const struct wasm_export *wasm_export_find(const struct wasm_module *m, const char *name,
					   size_t len);

/*
 * The name of a function by the custom section "name" (appendix A.4), for backtraces: len 0 when
 * the section has none, or is malformed before it comes to it. One pass over the section, without
 * memory. The bytes are valid UTF-8 of at most WASM_MAX_NAME bytes; control characters are the
 * caller's care.
 */
struct wasm_name wasm_func_name(const struct wasm_module *m, uint32_t func);

/* The same for all functions at once, in one pass: names[i] is function i's. The caller has zeroed all
 * m->func_count of them. */
void wasm_func_names(const struct wasm_module *m, struct wasm_name *names);

#endif
