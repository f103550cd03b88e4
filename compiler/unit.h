/*
 * A unit: functions that follow one another, translated and compiled in one LLVM context. Units
 * know nothing of each other and can be compiled in any order, on any thread.
 */
#ifndef COMPILER_UNIT_H
#define COMPILER_UNIT_H

#include "compiler/function.h"

/* Symbol of the function of that index, in every object. */
#define UNIT_SYMBOL_MAX 16
void unit_symbol(char name[UNIT_SYMBOL_MAX], uint32_t func);

/* Compiles functions first .. first + count - 1, none of them imported, to an object (ELF,
 * relocatable), to be disposed of. level: 0..3, which may be less than the options say. False: see
 * error. */
bool unit_compile(const struct compile_plan *plan, uint32_t first, uint32_t count, int level,
		  LLVMMemoryBufferRef *object, struct compile_error *error);

/* Remembers the first reason why the unit cannot be compiled. */
PRINTF_LIKE(2, 3) void unit_fail(struct unit *u, const char *format, ...);
static inline bool unit_failed(const struct unit *u)
{
	return u->error->text[0] != 0;
}

/* About how much IR an instruction becomes (function.c). */
uint32_t insn_weight(const struct wasm_module *m, const struct wasm_insn *insn);

/* Translates the body of one function (function.c). */
void function_translate(struct unit *u, uint32_t index);

#endif
