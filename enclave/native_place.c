/*
 * What native/ asks of its surroundings: places for code, slots and stacks, and the thread that runs.
 * Trust: sizes come from a section that was decoded; the functions of enclave/memory.h bound them.
 */
#include "enclave/memory.h"
#include "enclave/thread.h"
#include "native/native.h"

static_assert(THREAD_BLOCK_OFF + NATIVE_SLOTS_DISP == THREAD_SLOTS_OFF, "FS is the thread block");
static_assert(NATIVE_SLOTS_MAX == THREAD_SLOTS_SIZE, "slots");
static_assert(THREAD_SLOTS_OFF + THREAD_SLOTS_SIZE <= LAYOUT_THREAD_STRIDE - 4096, "a hole behind");
static_assert(NATIVE_WINDOW_SIZE == LAYOUT_WINDOW_SIZE, "window");
static_assert(NATIVE_PAGE == 4096, "code and data are placed page by page");

enum err native_place(const uint8_t *code, size_t code_size, const uint8_t *rodata,
		      size_t rodata_size, uint64_t *address)
{
	const struct memory_code c = {code, code_size, rodata, rodata_size};

	return memory_add_code(&c, address);
}

uint8_t *native_slots(size_t size)
{
	return memory_grow_slots(size);
}

enum err native_stack(size_t size, uint64_t *top)
{
	return memory_grow_guest_stack(size, top);
}

uint8_t *native_window(void)
{
	return memory_base(MEMORY_WINDOW);
}

void native_set_current(struct native_thread *t)
{
	thread_self()->native = t;
}

struct native_thread *native_current(void)
{
	return thread_self()->native;
}

uint64_t native_trap_address(void)
{
	return thread_self()->trap_address;
}

uint64_t native_trap_stack(void)
{
	return thread_self()->trap_stack;
}
