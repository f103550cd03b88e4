/* Values of a script: arguments, and patterns that results are compared with. */
#ifndef TEST_WAST_VALUES_H
#define TEST_WAST_VALUES_H

#include "base/reader.h"
#include "test/wast/script.h"

#define WAST_LANES_MAX 4

struct wast_value {
	uint8_t type; /* enum wast_type */
	uint8_t lane_count;
	uint8_t match[WAST_LANES_MAX]; /* enum wast_match */
	uint64_t bits[WAST_LANES_MAX];
};

/* Reads one value of a script; the reader is bad when it makes no sense. */
void wast_value_read(struct reader *script, struct wast_value *v);

/* Writes an argument to its slots (wasm_type_slots). False: it is no value of that type. */
MUST_USE bool wast_value_to_slots(const struct wast_value *v, uint32_t type, uint64_t *slots);

/* Is a result, of that type and in these slots, as expected? */
MUST_USE bool wast_value_matches(const struct wast_value *v, uint32_t type, const uint64_t *slots);

#endif
