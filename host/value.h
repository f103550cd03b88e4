/* Values of WebAssembly as people write them: arguments and results of `--invoke`. */
#ifndef HOST_VALUE_H
#define HOST_VALUE_H

#include "base/cc.h"
#include "host/base/text.h"
#include "launch/launch.h"

/*
 * Reads a value of the given type: integers in decimal or with 0x, from the smallest signed to the
 * largest unsigned number of the type; floats as strtod reads them, nan and inf included. False
 * when the text is none.
 */
MUST_USE bool value_parse(struct launch_value *out, uint32_t type, const char *text);

/* Writes a value: integers signed, floats with the fewest digits that read back the same.
 * References and unknown types by their bits. */
void value_write(struct text *t, uint32_t type, uint64_t bits);

/* "i32", "funcref", ...; "ref" for the other reference types, "?" for what is no type. */
const char *value_type_name(uint32_t type);

/* A type of a module as the text format has it; concrete types by their index. */
void value_write_type(struct text *t, uint32_t type);

#endif
