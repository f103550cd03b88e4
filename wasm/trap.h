/*
 * Traps: what tells the guest, and whoever runs it, that its execution ended. Not an enum err: an
 * err tells our caller, a trap is an outcome of the program. The words are for the host side.
 */
#ifndef WASM_TRAP_H
#define WASM_TRAP_H

#include "base/cc.h"

enum wasm_trap {
#define TRAP(name, words) TRAP_##name,
#include "wasm/trap.def"
#undef TRAP
	TRAP_COUNT
};

#endif
