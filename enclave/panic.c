/*
 * Panic: mark dead, leave with every register wiped. The place is not told to the host.
 * Trust: nothing; it takes no input.
 * Invariant: once g_dead is set no entry runs anything but the exit.
 */
#include "enclave/panic.h"

#include "base/err.h"

static uint32_t g_dead; /* atomic; only ever set */

bool enclave_is_dead(void)
{
	return __atomic_load_n(&g_dead, __ATOMIC_ACQUIRE) != 0;
}

void panic(const char *file, int line)
{
	(void)file;
	(void)line;
	__atomic_store_n(&g_dead, 1, __ATOMIC_RELEASE);
	enclave_die();
}

/* The compiler's stack protector calls this by name. */
NORETURN void __stack_chk_fail(void);

void __stack_chk_fail(void)
{
	panic(__FILE__, __LINE__);
}
