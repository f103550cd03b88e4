/*
 * The machine that code is made for, and how LLVM is set up: process-wide once, then a target
 * machine for each unit.
 */
#ifndef COMPILER_TARGET_H
#define COMPILER_TARGET_H

#include <llvm-c/Core.h>
#include <llvm-c/TargetMachine.h>

#include "compiler/compile.h"

/* Once per process, before any thread. */
void target_init(void);

/* A target machine for these options and that level (0..3), for one unit; to be disposed of. NULL:
 * see error. */
LLVMTargetMachineRef target_machine_new(const struct compile_options *options, int level,
					struct compile_error *error);

/* LLVM's name for the instruction set. */
const char *target_cpu(enum native_isa isa);

/* The passes over a unit's IR, or NULL: none. */
const char *target_passes(int level);

#endif
