/*
 * A section as the verifier is told of it: what native_load, the compiler and the tools have in common.
 */
#ifndef NATIVE_VERIFY_SECTION_H
#define NATIVE_VERIFY_SECTION_H

#include "native/format.h"
#include "native/verify.h"

/* Where the entries of a decoded section begin, and the end: native_entry_count + 1; the caller's (heap_free).
 * NULL: no memory. */
MUST_USE uint32_t *verify_entries(const struct native_image *section);

/*
 * Describes a decoded section of that module, the one that native_check found it to belong to. Section, entries
 * (verify_entries) and module outlive *image; the section's bytes are a copy that nobody else can change. Errors:
 * E_NATIVE_SLOTS.
 */
MUST_USE enum err verify_image_init(struct verify_image *image, const struct native_image *section,
				    const uint32_t *entries, const struct wasm_module *module);

/* Bytes of facts of entry i, of a section that verifier_init takes. */
MUST_USE uint32_t verify_facts_size(const struct native_image *section, uint32_t i);

#endif
