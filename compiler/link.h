/*
 * Linking: the objects of the units become one block of code and one of read-only data, without
 * relocations (doc/native.md, "The section").
 */
#ifndef COMPILER_LINK_H
#define COMPILER_LINK_H

#include "compiler/compile.h"

/* An object (ELF64, relocatable). Each function in it has a section, named as its symbol with a dot before it;
 * any other section with code is a routine that functions share. */
struct link_object {
	const uint8_t *bytes;
	size_t size;
};

/* All owned: link_fini. */
struct linked {
	uint8_t *code;
	size_t code_size;
	uint8_t *rodata;
	size_t rodata_size;
	uint32_t *offsets; /* of each function in the code, each routine behind them, and the end */
	uint32_t func_count, routine_count;
};

/*
 * Links objects that hold functions first .. first + func_count - 1 among them; of several codes of a function
 * that of the last object is taken. alone: any other function of the module is a single HLT behind the code,
 * which does for verifying. Anything but code, constants and jump tables that refer to each other relative to
 * their place is refused. False: see error.
 */
bool link_objects(struct linked *out, const struct link_object *objects, uint32_t object_count,
		  uint32_t first, uint32_t func_count, bool alone, struct compile_error *error);
void link_fini(struct linked *l);

#endif
