/* Puts guest code where it belongs and runs it, without an engine. */
#include "test/image/guest.h"

#include "base/err.h"
#include "enclave/memory.h"
#include "native/native.h"

uint64_t guest_place(const uint8_t *code, const uint8_t *end)
{
	const struct memory_code c = {.code = code, .code_size = (size_t)(end - code)};
	uint64_t entry;

	must(memory_add_code(&c, &entry) == E_OK);
	return entry;
}

uint64_t guest_stack(void)
{
	uint64_t top;

	must(memory_grow_guest_stack(GUEST_STACK_SIZE, &top) == E_OK);
	return top;
}

uint64_t guest_enter(uint64_t entry, uint64_t a, uint64_t b)
{
	struct native_regs regs = {.gpr = {a, b}};
	enum wasm_trap trap = native_enter(entry, guest_stack(), &regs);

	return trap ? GUEST_TRAPPED | (uint64_t)trap : regs.result;
}
