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

/* What is to be compiled, of functions first .. first + count - 1, none of them imported. */
struct unit_request {
	uint32_t first, count;
	int level; /* 0..3, which may be less than the options say */
	enum unit_form form;
	const bool *wanted; /* from first on: the functions to make code of */
	/* At -O2 and more: what the passes made, kept by UNIT_PLAIN for UNIT_MASKED and UNIT_EXTENDED; NULL: not kept. Belongs to
	 * the caller. */
	LLVMMemoryBufferRef *passed;
};

/* Makes an object (ELF, relocatable), to be disposed of. False: see error. */
bool unit_compile(const struct compile_plan *plan, const struct unit_request *request,
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
