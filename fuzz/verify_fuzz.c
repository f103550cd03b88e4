/*
 * The verifier on any code: the first two bytes say how long a second function and the read-only data at the end
 * are; the rest is the first function. Claims: no crash, no more steps and memory than is stated, and the same
 * verdict again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "native/format.h"
#include "native/verify.h"
#include "wasm/module.h"

#define CODE_MAX 65536u

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

static void fuzz_verify(struct verifier *v, const struct verify_image *image, uint32_t i)
{
	struct verify_result first = verify_function(v, i), again = verify_function(v, i);
	uint64_t size = image->entries[i + 1] - image->entries[i];

	fuzz_claim(first.reason == again.reason && first.offset == again.offset &&
			   first.steps == again.steps,
		   "the verdict is always the same");
	fuzz_claim(first.steps <= 2 * (0x10000 + size * VERIFY_STEPS_MAX), "steps are bounded");
	fuzz_claim(verifier_memory(v) <= 2 * (size_t)VERIFY_MEMORY_MAX, "memory is bounded");
	fuzz_claim(first.offset <= image->code_size, "the offset is in the code");
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
	struct verifier v = {0};

	if (size < 2 || size - 2 > CODE_MAX - 32)
		return 0;
	size_t rodata = 4 * (size_t)data[0], second = data[1];

	size -= 2;
	rodata = rodata < size ? rodata : size;
	size -= rodata;
	second = second < size ? second : size;
	g_tables[1].type.limits = (struct wasm_limits){10, 10, true};
	g_memories[1].limits = (struct wasm_limits){1, 2, true};
	g_globals[2].type.mutable = g_globals[3].type.mutable = true;
	fuzz_claim(!native_layout_init(&image.layout, &g_module), "the module fits");
	memset(code, NATIVE_PADDING, sizeof code);
	memcpy(code, data + 2, size - second);
	entries[1] = (uint32_t)(size - second + NATIVE_CODE_ALIGN) & ~(NATIVE_CODE_ALIGN - 1);
	memcpy(code + entries[1], data + 2 + size - second, second);
	entries[2] = image.code_size = (entries[1] + (uint32_t)second + 1);
	image.rodata = data + 2 + size;
	image.rodata_size = (uint32_t)rodata;
	if (verifier_init(&v, &image))
		return 0;
	fuzz_verify(&v, &image, 0);
	fuzz_verify(&v, &image, 1);
	verifier_fini(&v);
	return 0;
}
