/*
 * The verifier on any code and any facts: the first four bytes say how many words the read-only data at the end have,
 * how long a second function is, and how long (two bytes) the first one's facts before the data are; the rest is the
 * first function. Without facts they are found. Claims: no crash, no more steps and memory than is stated, the same
 * verdict again, and what is found is accepted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "native/format.h"
#include "native/verify_find.h"
#include "wasm/module.h"

#define CODE_MAX  65536u
#define STEPS_MIN 0x4000u
#define STEP_MAX  0x10000u /* the last one may be beyond the limit, by so much */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct wasm_table g_tables[2];
static struct wasm_memory_type g_memories[2];
static struct wasm_global g_globals[4];
static struct wasm_func_type g_types[3];
static struct wasm_module g_module = {.type_count = 3,
				      .types = g_types,
				      .import_func_count = 3,
				      .func_count = 5,
				      .table_count = 2,
				      .tables = g_tables,
				      .memory_count = 2,
				      .memories = g_memories,
				      .global_count = 4,
				      .globals = g_globals};

static void fuzz_claim(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "broken: %s\n", what);
	abort();
}

static void fuzz_bounds(const struct verifier *v, const struct verify_result *r, uint32_t i)
{
	uint64_t size = v->image->entries[i + 1] - v->image->entries[i];

	fuzz_claim(r->steps <= STEPS_MIN + size * VERIFY_STEPS_MAX + STEP_MAX, "steps are bounded");
	fuzz_claim(verifier_memory(v) <= VERIFY_MEMORY_MAX, "memory is bounded");
	fuzz_claim(r->offset <= v->image->code_size, "the offset is in the code");
}

static bool result_equal(const struct verify_result *a, const struct verify_result *b)
{
	return a->reason == b->reason && a->offset == b->offset && a->steps == b->steps;
}

static void fuzz_with(struct finder *f, const uint8_t *facts, size_t size)
{
	struct verify_result first = verify_function_with(&f->verifier, 0, facts, size);
	struct verify_result again = verify_function_with(&f->verifier, 0, facts, size);

	fuzz_claim(result_equal(&first, &again), "the verdict is always the same");
	fuzz_bounds(&f->verifier, &first, 0);
}

static void fuzz_find(struct finder *f, uint32_t i)
{
	struct verify_result verdict = finder_verdict(f, i);
	struct verify_result first = finder_verify(f, i), again = finder_verify(f, i);

	fuzz_claim(result_equal(&first, &again), "what is found is always the same");
	fuzz_claim(verdict.reason == first.reason || first.reason == VERIFY_EFFORT ||
			   first.reason == VERIFY_MEMORY,
		   "what is found is accepted");
	if (verdict.reason == VERIFY_OK)
		fuzz_bounds(&f->verifier, &first, i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t code[CODE_MAX];
	uint32_t entries[3] = {0};
	struct verify_image image = {.module = &g_module,
				     .window_size = NATIVE_WINDOW_SIZE,
				     .entries = entries,
				     .entry_count = 2,
				     .code = code};
	struct finder f = {0};

	if (size < 4 || size > CODE_MAX - 32)
		return 0;
	const uint8_t *first = data + 4;
	size_t rodata = 4 * (size_t)data[0], second = data[1],
	       facts = data[2] + 256 * (size_t)data[3];

	size -= 4;
	rodata = rodata < size ? rodata : size;
	size -= rodata;
	facts = facts < size ? facts : size;
	size -= facts;
	second = second < size ? second : size;
	g_tables[1].type.limits = (struct wasm_limits){10, 10, true};
	g_memories[1].limits = (struct wasm_limits){1, 2, true};
	g_globals[2].type.mutable = g_globals[3].type.mutable = true;
	fuzz_claim(!native_layout_init(&image.layout, &g_module), "the module fits");
	memset(code, NATIVE_PADDING, sizeof code);
	memcpy(code, first, size - second);
	entries[1] = (uint32_t)(size - second + NATIVE_CODE_ALIGN) & ~(NATIVE_CODE_ALIGN - 1);
	memcpy(code + entries[1], first + size - second, second);
	entries[2] = image.code_size = (entries[1] + (uint32_t)second + 1);
	image.rodata = first + size + facts;
	image.rodata_size = (uint32_t)rodata;
	if (finder_init(&f, &image))
		return 0;
	if (facts != 0) {
		fuzz_with(&f, first + size, facts);
	} else {
		fuzz_find(&f, 0);
		fuzz_find(&f, 1);
	}
	finder_fini(&f);
	return 0;
}
