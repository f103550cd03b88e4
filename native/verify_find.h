/*
 * Facts are found: what holds at the labels of a function, going round until nothing changes, and as bytes for
 * the section. For the compiler and for tests; it is not linked into the enclave, which believes none of it.
 */
#ifndef NATIVE_VERIFY_FIND_H
#define NATIVE_VERIFY_FIND_H

#include "native/verify.h"

/* Bytes that grow. Zeroed is empty; belongs to the caller, who frees with facts_buffer_fini. */
struct facts_buffer {
	uint8_t *bytes;
	size_t size, capacity;
};
void facts_buffer_fini(struct facts_buffer *b);

struct finder {
	struct verify_image image; /* with a table of facts, of which there are none */
	uint8_t *no_facts;
	struct verifier verifier;
	struct facts_buffer one; /* of one function */
	struct find_work *work;
};

/* The image (without facts) stays as it is until finder_fini. Zeroed is fine to fini. E_NOMEM. */
MUST_USE enum err finder_init(struct finder *f, const struct verify_image *image);
void finder_fini(struct finder *f);

/* Finds facts of entry i and appends them to `out`, which stays as it is if the function is refused. What is found may
 * still be refused by the verifier: it alone decides. */
struct verify_result finder_find(struct finder *f, uint32_t i, struct facts_buffer *out);

/* What that would say, soon: no facts are made. */
struct verify_result finder_verdict(struct finder *f, uint32_t i);

/* Finds facts of entry i, and verifies it by them. */
struct verify_result finder_verify(struct finder *f, uint32_t i);

/*
 * The section's facts of the whole image, table included; none of functions that are refused. results: of each entry,
 * verified by what was found, or NULL. E_NOMEM.
 */
MUST_USE enum err finder_find_all(struct finder *f, struct facts_buffer *out,
				  struct verify_result *results);

#endif
