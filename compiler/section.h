/*
 * Writing the section retwine.native (native/format.h), and a module with it.
 */
#ifndef COMPILER_SECTION_H
#define COMPILER_SECTION_H

#include "compiler/link.h"
#include "wasm/module.h"

/* The section's payload; facts: size bytes, or none. To be freed with free(). False: no memory. */
bool section_make(const struct linked *l, const struct wasm_module *m,
		  const struct compile_options *options, const uint8_t *facts, size_t facts_size,
		  uint8_t **payload, size_t *size);

/* The module (untrusted bytes) with that payload in the place of any section retwine.native that it
 * had: to be freed with free(). False: no memory, or more than a section can hold. */
bool section_append(const uint8_t *module, size_t module_size, const uint8_t *payload, size_t size,
		    uint8_t **out, size_t *out_size);

#endif
