/* The fake surroundings of native code; see native_fake.h. */
#include "test/lib/native_fake.h"

#include <stdlib.h>
#include <string.h>

#include "base/heap.h"

#define LEVELS_MAX 64
#define FRAME	   64u

/* One running piece of code, and where its stack is. */
struct level {
	uint64_t code, rsp;
};

static _Thread_local struct {
	struct native_thread *current;
	native_fake_code *code;
	void *env;
	uint64_t trap_at, trap_stack;
	struct level level[LEVELS_MAX];
	unsigned depth;
} g_fake;

static _Thread_local _Alignas(4096) uint8_t g_slots[NATIVE_SLOTS_MAX];
static _Thread_local _Alignas(4096) uint8_t g_stack[1024 * 1024];
static uint8_t *g_window;
static void *g_placed[64];
static unsigned g_placed_count;

const char native_import_thunk[16] = {0};

#define HELPER(name, result, params) 0x1000 + NATIVE_HELPER_##name,
const uint64_t native_helper_thunks[NATIVE_HELPER_COUNT] = {
#include "native/helper.def"
};
#undef HELPER

void native_fake_run(native_fake_code *code, void *env)
{
	g_fake.code = code;
	g_fake.env = env;
}

void native_fake_window(uint8_t *base)
{
	g_window = base;
}

void native_fake_trap_at(uint64_t address)
{
	g_fake.trap_at = address;
	g_fake.trap_stack = 0;
}

void native_fake_trap_below(uint64_t caller)
{
	g_fake.trap_stack = g_fake.level[g_fake.depth - 1].rsp - FRAME;
	memcpy((void *)(uintptr_t)g_fake.trap_stack, &caller, sizeof(caller));
}

unsigned native_fake_depth(void)
{
	return g_fake.depth;
}

unsigned native_fake_placed(void)
{
	return g_placed_count;
}

void native_fake_reset(void)
{
	while (g_placed_count > 0)
		heap_free(g_placed[--g_placed_count]);
}

/* The return address is in the function that began: one byte behind its first. */
static void call_out(struct native_regs *regs)
{
	struct level *level = &g_fake.level[g_fake.depth - 1];
	const uint64_t back = level->code + 1;

	level->rsp -= FRAME;
	memcpy((void *)(uintptr_t)level->rsp, &back, sizeof(back));
	regs->rsp = level->rsp;
}

enum wasm_trap native_fake_help(enum native_helper helper, const uint64_t args[6], uint64_t *result)
{
	struct native_regs regs = {0};

	memcpy(regs.gpr, args, sizeof(regs.gpr));
	call_out(&regs);
	enum wasm_trap trap = native_on_helper(&regs, helper);

	if (result)
		*result = regs.result;
	g_fake.level[g_fake.depth - 1].rsp += FRAME;
	return trap;
}

enum wasm_trap native_fake_import(struct native_regs *regs)
{
	call_out(regs);
	enum wasm_trap trap = native_on_import(regs);

	g_fake.level[g_fake.depth - 1].rsp += FRAME;
	return trap;
}

/* ---- what native/ asks for ---------------------------------------------------------------------- */

enum err native_place(const uint8_t *code, size_t code_size, const uint8_t *rodata,
		      size_t rodata_size, uint64_t *address)
{
	const size_t room = (code_size + NATIVE_PAGE - 1) / NATIVE_PAGE * NATIVE_PAGE;

	if (code_size == 0 || g_placed_count == sizeof(g_placed) / sizeof(g_placed[0]))
		return E_LIMIT;
	uint8_t *p = heap_alloc(room + rodata_size);

	if (!p)
		return E_NOMEM;
	memset(p, NATIVE_PADDING, room);
	memcpy(p, code, code_size);
	if (rodata_size)
		memcpy(p + room, rodata, rodata_size);
	g_placed[g_placed_count++] = p;
	*address = (uint64_t)(uintptr_t)p;
	return E_OK;
}

uint8_t *native_slots(size_t size)
{
	return size <= sizeof(g_slots) ? g_slots : NULL;
}

enum err native_stack(size_t size, uint64_t *top)
{
	if (size > NATIVE_FAKE_STACK_MAX)
		return E_LIMIT;
	*top = (uint64_t)(uintptr_t)g_stack + sizeof(g_stack);
	return E_OK;
}

uint8_t *native_window(void)
{
	return g_window;
}

void native_set_current(struct native_thread *t)
{
	g_fake.current = t;
}

struct native_thread *native_current(void)
{
	return g_fake.current;
}

uint64_t native_trap_address(void)
{
	return g_fake.trap_at;
}

uint64_t native_trap_stack(void)
{
	return g_fake.trap_stack;
}

enum wasm_trap native_enter(uint64_t code, uint64_t stack_top, struct native_regs *regs)
{
	must(g_fake.code && g_fake.depth < LEVELS_MAX && stack_top % 16 == 0);
	g_fake.level[g_fake.depth++] = (struct level){code, stack_top - FRAME};
	enum wasm_trap trap = g_fake.code(g_fake.env, code, regs);

	g_fake.depth--;
	return trap;
}
