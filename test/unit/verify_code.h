/*
 * Code by hand for the tests of the verifier: a module with some of everything, and functions as bytes.
 *
 * The image: the code that is tested at entry 0, up to a multiple of 16 behind it; there another function, a
 * RET. Read-only data: as many bytes as the test says, at the next page (CODE_RODATA).
 */
#ifndef TEST_UNIT_VERIFY_CODE_H
#define TEST_UNIT_VERIFY_CODE_H

#include "native/format.h"
#include "native/verify_find.h"

#include "test/lib/check.h"

#include "wasm/module.h"

#define CODE_RODATA 4096 /* from the code */
#define CODE_WINDOW NATIVE_WINDOW_SIZE

#define LE32(x)                                                                                    \
	(uint8_t)((uint32_t)(x)), (uint8_t)((uint32_t)(x) >> 8), (uint8_t)((uint32_t)(x) >> 16),   \
		(uint8_t)((uint32_t)(x) >> 24)

struct code_world {
	struct wasm_module module;
	struct wasm_table tables[3];
	struct wasm_memory_type memories[2];
	struct wasm_global globals[3];
	struct wasm_func_type types[2];
	struct verify_image image;
	uint32_t entries[3];
	uint8_t code[4096];
};

/* Tables: 0 grows, 1 has 8 entries, 2 grows. Memories: 0 in the window, 1 of a page or more. Globals: 0 is
 * constant, 1 and 2 are variable. One imported function. */
static inline struct code_world *world(void)
{
	static uint32_t params[8];
	static struct code_world w;

	if (w.module.tables)
		return &w;
	for (unsigned i = 0; i < 8; i++)
		params[i] = WASM_I64;
	w.types[0] = (struct wasm_func_type){.params = params, .param_count = 8};
	w.tables[1].type.limits = (struct wasm_limits){8, 8, true};
	w.memories[1].limits = (struct wasm_limits){1, 100, true};
	w.globals[1].type.mutable = w.globals[2].type.mutable = true;
	w.module = (struct wasm_module){.type_count = 2,
					.types = w.types,
					.import_func_count = 1,
					.func_count = 3,
					.table_count = 3,
					.tables = w.tables,
					.memory_count = 2,
					.memories = w.memories,
					.global_count = 3,
					.globals = w.globals};
	w.image.module = &w.module;
	w.image.code = w.code;
	w.image.entries = w.entries;
	w.image.entry_count = 2;
	w.image.window_size = CODE_WINDOW;
	CHECK_EQ(native_layout_init(&w.image.layout, &w.module), E_OK);
	return &w;
}

static inline const struct native_layout *slots(void)
{
	return &world()->image.layout;
}

/* Puts the code at entry 0. */
static inline struct code_world *code_place(const uint8_t *code, size_t size, const uint8_t *rodata,
					    size_t rodata_size)
{
	struct code_world *w = world();
	uint32_t end = ((uint32_t)size + 15) & ~15u;

	memset(w->code, NATIVE_PADDING, sizeof w->code);
	memcpy(w->code, code, size);
	w->code[end] = 0xc3;
	w->image.code_size = end + 16;
	w->image.rodata = rodata;
	w->image.rodata_size = (uint32_t)rodata_size;
	w->entries[1] = end;
	w->entries[2] = end + 16;
	return w;
}

/* Why the code is refused, or VERIFY_OK; by facts that are found. */
static inline enum verify_reason verdict_with(const uint8_t *code, size_t size,
					      const uint8_t *rodata, size_t rodata_size)
{
	struct code_world *w = code_place(code, size, rodata, rodata_size);
	struct finder f = {0};

	if (finder_init(&f, &w->image))
		return VERIFY_MEMORY;
	struct verify_result r = finder_verify(&f, 0);

	finder_fini(&f);
	return r.reason;
}

/* The same, of what is placed, by these facts. */
static inline enum verify_reason verdict_by(const uint8_t *facts, size_t size)
{
	static const uint8_t none[4 * 3];
	struct verify_image image = world()->image;
	struct verifier v = {0};

	image.facts = none;
	image.facts_size = sizeof none;
	if (verifier_init(&v, &image))
		return VERIFY_MEMORY;
	struct verify_result r = verify_function_with(&v, 0, facts, size);

	verifier_fini(&v);
	return r.reason;
}

#define VERDICT(...)                                                                               \
	verdict_with((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), NULL, \
		     0)

/* With these words as read-only data. */
#define VERDICT_WITH(words, ...)                                                                   \
	verdict_with((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}),       \
		     (const uint8_t *)(words), sizeof(words))

#define ACCEPTED(...)	     CHECK_EQ(VERDICT(__VA_ARGS__), VERIFY_OK)
#define REFUSED(reason, ...) CHECK_EQ(VERDICT(__VA_ARGS__), VERIFY_##reason)

/* Instructions that many tests have. */
#define RET	 0xc3
#define MOV_EDI	 0x89, 0xff /* mov edi, edi: a number of 32 bits */
#define MOV_ESI	 0x89, 0xf6
#define LOAD_RDI 0x65, 0x8b, 0x07 /* mov eax, gs:[rdi] */
#define TRAP	 0x67, 0x0f, 0xb9, 0x40, 0x01
/* An instruction at an address of FS: bytes up to ModRM, then SIB and displacement. */
#define FS(at, ...) 0x64, __VA_ARGS__, 0x25, LE32(at)

#endif
