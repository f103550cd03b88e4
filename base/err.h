/*
 * The one error type. A fallible function returns `enum err`; 0 is success and outputs are written
 * only then. The list, with the words that the host side prints, is base/err.def: the enclave knows
 * only the numbers. Four kinds of failure are never mixed: an err tells the caller, a trap
 * (wasm/trap.h) tells the guest, E_HOST says that the host broke the protocol and its answer was
 * dropped, and must() is for our own bugs.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/cc.h"

enum err {
#define ERR(name, words) E_##name,
#include "base/err.def"
#undef ERR
	E_COUNT
};

/*
 * An invariant of ours broke: wipe, mark dead, never return. Supplied by whoever links the library:
 * enclave/panic.c inside, test/lib/native.c outside.
 */
NORETURN void panic(const char *file, int line);

/* Checks our own bugs, in release too; never the check on host, file or guest input. */
#define must(cond)                                                                                 \
	do {                                                                                       \
		if (unlikely(!(cond)))                                                             \
			panic(__FILE__, __LINE__);                                                 \
	} while (0)

#endif
