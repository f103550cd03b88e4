/*
 * A module whose native code is guest_native.S, linked and run as a program's is; what the host functions
 * see and what the code finds afterwards.
 */
#include "test/image/probe_native.h"

#include <string.h>

#include "base/err.h"
#include "enclave/memory.h"
#include "enclave/thread.h"
#include "native/native.h"
#include "native/verify_section.h"
#include "program/program.h"
#include "test/image/guest.h"
#include "test/image/probe.h"
#include "wasm/linker.h"
#include "wasm/validate.h"

GUEST(guest_native);
extern HIDDEN const uint8_t guest_native_offsets[];

static_assert(TRAP_INTERRUPTED == 21, "guest_native.S has it");
static_assert(NATIVE_HELPER_memory_grow == 1, "likewise");

enum function {
	FUNC_ENTRY,
	FUNC_IMPORT,
	FUNC_TOUCH,
	FUNC_TAIL,
	FUNC_TAIL_END,
	FUNC_BAD_STACK,
	FUNC_AGAIN,
	FUNC_RODATA,
	FUNC_RODATA_WRITE,
	FUNC_RODATA_EXEC,
	FUNC_STOP,
	FUNC_HELPER,
	FUNC_HELPER_BAD,
	FUNC_FLAGS_TRAP,
	FUNC_COUNT
};

#define IMPORTS 2u

/* (module
 *   (import "h" "f" (func (param i64 i64 i64 i64 i64 i64 i64 f32) (result i64 f64)))
 *   (import "h" "g" (func (param i64) (result i64)))
 *   (memory 1 3)
 *   (func (param i64 i64) (result i64) (i64.const 0)) 14 times) */
static const uint8_t k_module[] = {
	0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x19, 0x03, 0x60, 0x08, 0x7e, 0x7e,
	0x7e, 0x7e, 0x7e, 0x7e, 0x7e, 0x7d, 0x02, 0x7e, 0x7c, 0x60, 0x01, 0x7e, 0x01, 0x7e, 0x60,
	0x02, 0x7e, 0x7e, 0x01, 0x7e, 0x02, 0x0d, 0x02, 0x01, 0x68, 0x01, 0x66, 0x00, 0x00, 0x01,
	0x68, 0x01, 0x67, 0x00, 0x01, 0x03, 0x0f, 0x0e, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02,
	0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x02, 0x05, 0x04, 0x01, 0x01, 0x01, 0x03, 0x0a, 0x47,
	0x0e, 0x04, 0x00, 0x42, 0x00, 0x0b, 0x04, 0x00, 0x42, 0x00, 0x0b, 0x04, 0x00, 0x42, 0x00,
	0x0b, 0x04, 0x00, 0x42, 0x00, 0x0b, 0x04, 0x00, 0x42, 0x00, 0x0b, 0x04, 0x00, 0x42, 0x00,
	0x0b, 0x04, 0x00, 0x42, 0x00, 0x0b, 0x04, 0x00, 0x42, 0x00, 0x0b, 0x04, 0x00, 0x42, 0x00,
	0x0b, 0x04, 0x00, 0x42, 0x00, 0x0b, 0x04, 0x00, 0x42, 0x00, 0x0b, 0x04, 0x00, 0x42, 0x00,
	0x0b, 0x04, 0x00, 0x42, 0x00, 0x0b, 0x04, 0x00, 0x42, 0x00, 0x0b};

static struct {
	struct wasm_module module;
	struct wasm_store store;
	struct wasm_control control;
	struct wasm_instance *instance;
	struct native_code code;
	struct native_thread thread;
	uint64_t broken; /* what the host functions found */
	uint64_t g_traps;
	enum wasm_trap g_trap;
} g;

static enum wasm_trap call(enum function func, uint64_t import, uint64_t x, uint64_t *result)
{
	const uint64_t args[2] = {g.code.layout.imports + 16 * import, x};

	return native_call(&g.thread, g.instance->funcs[IMPORTS + func], args, result);
}

/* What the runtime could have left in registers that hold no arguments. */
static void dirty_vectors(void)
{
	__asm__ volatile("vpcmpeqd %%ymm8, %%ymm8, %%ymm8\n\t"
			 "vpcmpeqd %%ymm15, %%ymm15, %%ymm15"
			 :
			 :
			 : "xmm8", "xmm15");
}

/* RAX, or GUEST_TRAPPED | kind. */
static uint64_t run(enum function func, uint64_t import, uint64_t x)
{
	uint64_t result = 0;

	dirty_vectors();
	enum wasm_trap trap = call(func, import, x, &result);

	if (trap && g.thread.trap_func != g.instance->funcs[IMPORTS + func])
		return (uint64_t)-2;
	return trap ? GUEST_TRAPPED | (uint64_t)trap : result;
}

static enum wasm_trap host_f(void *env, struct wasm_caller *caller, const uint64_t *args,
			     uint64_t *results)
{
	static const uint64_t expected[8] = {1, 2, 3, 4, 5, 6, 7, 0x41000000};

	(void)env;
	g.broken += memcmp(args, expected, sizeof(expected)) != 0;
	g.broken += caller->instance != g.instance;
	g.broken += probe_machine_state() != PROBE_MACHINE_KNOWN;
	results[0] = 1000;
	results[1] = 234;
	return TRAP_NONE;
}

/* Runs `again` with one less, down to a trap at 0; what came of that goes on, or is only counted. */
static enum wasm_trap host_g(void *env, struct wasm_caller *caller, const uint64_t *args,
			     uint64_t *results)
{
	enum wasm_trap trap;

	(void)env;
	(void)caller;
	if (args[0] == 0)
		trap = call(FUNC_TOUCH, 0, 0x100000000, results);
	else
		trap = call(FUNC_AGAIN, 1, args[0] - 1, results);
	g.g_traps += trap == g.g_trap || trap == TRAP_STACK_EXHAUSTED;
	return g.g_trap == TRAP_NONE || trap != g.g_trap ? trap : TRAP_NONE;
}

static const uint32_t k_f_params[] = {WASM_I64, WASM_I64, WASM_I64, WASM_I64,
				      WASM_I64, WASM_I64, WASM_I64, WASM_F32};
static const uint32_t k_f_results[] = {WASM_I64, WASM_F64};
static const struct wasm_host_func k_host[] = {
	{"h",
	 "f",
	 {.params = k_f_params,
	  .results = k_f_results,
	  .param_count = 8,
	  .result_count = 2,
	  .param_slots = 8,
	  .result_slots = 2},
	 host_f},
	{"h",
	 "g",
	 {.params = k_f_params,
	  .results = k_f_results,
	  .param_count = 1,
	  .result_count = 1,
	  .param_slots = 1,
	  .result_slots = 1},
	 host_g},
};

/* As native_load, but for the verifier: the code does on purpose what no accepted code does, so that the test sees
 * that the runtime behind it stands, too. Only a test can do this: nothing in the program's image places code but
 * native_load. */
static void load(void)
{
	static const uint8_t rodata[8] = {0xb8, 1, 2, 3, 4, 0xc3, 5, 6}; /* could be code */
	const size_t size = (size_t)(guest_native_end - guest_native);
	const struct native_image image = {.header = {.func_count = FUNC_COUNT,
						      .code_size = size,
						      .rodata_size = sizeof(rodata)},
					   .offsets = guest_native_offsets,
					   .code = guest_native,
					   .rodata = rodata};

	g.code = (struct native_code){
		.module = &g.module, .size = size, .offsets = verify_entries(&image)};
	must(g.code.offsets && native_layout_init(&g.code.layout, &g.module) == E_OK);
	must(native_place(guest_native, size, rodata, sizeof(rodata), &g.code.address) == E_OK);
}

static void prepare(void)
{
	const struct wasm_store_config config = {.memory_ops = program_memory_ops(),
						 .control = &g.control};
	const struct native_limits limits = {.stack_size = GUEST_STACK_SIZE};
	struct wasm_linker linker = {0};
	struct wasm_link_error link_error;
	struct wasm_error error;

	must(wasm_decode(&g.module, &error, k_module, sizeof(k_module)) == E_OK);
	must(wasm_validate(&g.module, &error) == E_OK);
	must(wasm_store_init(&g.store, &config) == E_OK);
	native_store_init(&g.store);
	must(wasm_linker_define_host(&linker, &g.store, k_host, COUNT_OF(k_host), NULL) == E_OK);
	must(wasm_instantiate(&g.store, &g.module, wasm_linker_resolve, &linker, &g.instance,
			      &link_error) == E_OK);
	load();
	must(native_thread_init(&g.thread, &g.store, &limits) == E_OK);
	must(native_link(&g.thread, g.instance, &g.code) == E_OK);
}

/* With nothing between an entry and the stack that it leaves behind: twice, also after a trap. */
static uint64_t probe_registers(void)
{
	uint64_t broken = run(FUNC_ENTRY, 0, 0) != 0;

	broken += run(FUNC_IMPORT, 0, 2) != 1234;
	broken += run(FUNC_FLAGS_TRAP, 0, 0) != (GUEST_TRAPPED | TRAP_UNREACHABLE);
	broken += probe_machine_state() != PROBE_MACHINE_KNOWN;
	broken += run(FUNC_ENTRY, 0, 0) != 0;
	broken += run(FUNC_IMPORT, 0, 2) != 1234;
	broken += run(FUNC_TAIL, 0, 100) != 1 + 100 + 2 + 4 + 8 + 16 + 8 * 2 + 4;
	return broken + g.broken;
}

/* `levels` levels, the innermost of which traps; then who called it goes on. */
static uint64_t probe_levels(uint64_t levels)
{
	uint64_t result = 0;

	g.g_trap = levels < NATIVE_NESTING_MAX ? TRAP_MEMORY_BOUNDS : TRAP_STACK_EXHAUSTED;
	must(call(FUNC_AGAIN, 1, levels, &result) == TRAP_NONE);
	must(g.g_traps == 1 && thread_self()->guest_rsp == 0);
	g.g_trap = TRAP_NONE;
	return result;
}

static uint64_t probe_stop(void)
{
	uint64_t before = run(FUNC_STOP, 0, 0);

	g.control.stop = TRAP_TIMEOUT;
	native_stop_all(&g.control);
	return before << 32 | run(FUNC_STOP, 0, 0);
}

static uint64_t probe_helper(void)
{
	uint64_t broken = run(FUNC_HELPER, 0, 1) != 1;

	broken += run(FUNC_TOUCH, 0, 2 * 65536 - 8) != 0;
	broken += run(FUNC_TOUCH, 0, 2 * 65536 - 7) != (GUEST_TRAPPED | TRAP_MEMORY_BOUNDS);
	broken += run(FUNC_HELPER, 0, 2) != UINT32_MAX;
	broken += run(FUNC_HELPER_BAD, 0, 0) != (GUEST_TRAPPED | TRAP_HOST_FAILED);
	return broken;
}

/* RSP far away, above the stack, and below what the thread may use. */
static uint64_t probe_bad_stack(void)
{
	const uint64_t top = guest_stack(), hostile = GUEST_TRAPPED | TRAP_HOST_FAILED;
	uint64_t window = (uint64_t)(uintptr_t)memory_base(MEMORY_WINDOW), broken;

	broken = call(FUNC_BAD_STACK, 0, window + 4096, &window) != TRAP_HOST_FAILED;
	broken += run(FUNC_ENTRY, 0, 0) != 0;
	broken += run(FUNC_HELPER_BAD, 0, 0) != hostile;
	broken += call(FUNC_BAD_STACK, 0, top - GUEST_STACK_SIZE, &window) != TRAP_STACK_EXHAUSTED;
	/* just inside: g is called, and has no room for a level of its own */
	broken += call(FUNC_BAD_STACK, 1, top - GUEST_STACK_SIZE + 8, &window) !=
		  TRAP_STACK_EXHAUSTED;
	broken += g.g_traps != 1;
	return broken;
}

uint64_t probe_native(uint64_t probe, uint64_t a)
{
	prepare();
	switch (probe) {
	case PROBE_NATIVE_REGISTERS:
		return probe_registers();
	case PROBE_NATIVE_LEVELS:
		return probe_levels(a);
	case PROBE_NATIVE_RODATA:
		return run(FUNC_RODATA, 0, 0);
	case PROBE_NATIVE_RODATA_WRITE:
		return run(FUNC_RODATA_WRITE, 0, a);
	case PROBE_NATIVE_RODATA_EXEC:
		return run(FUNC_RODATA_EXEC, 0, 0);
	case PROBE_NATIVE_STOP:
		return probe_stop();
	case PROBE_NATIVE_HELPER:
		return probe_helper();
	case PROBE_NATIVE_BAD_STACK:
		return probe_bad_stack();
	default:
		return run(FUNC_TOUCH, 0, a);
	}
}
