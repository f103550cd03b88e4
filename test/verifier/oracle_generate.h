/*
 * Random functions that are nearly what a compiler makes: an index is bounded somehow, changed a little, and used
 * for an access; a register is saved and restored; a table's entry is called. Some are accepted, some are not, and
 * their constants can be moved to where the verifier changes its mind.
 */
#ifndef TEST_VERIFIER_ORACLE_GENERATE_H
#define TEST_VERIFIER_ORACLE_GENERATE_H

#include "native/verify.h"

#include "test/verifier/oracle_random.h"
#include "wasm/module.h"

#define GENERATED_CODE	  4096u /* bytes, whatever the function needs of them */
#define GENERATED_RODATA  512u
#define GENERATED_BEGIN	  16u /* where the function begins: entry 1 */
#define GENERATED_NUMBERS 24u

/* A constant of the code that may be moved. */
struct generated_number {
	uint16_t at; /* in the code */
	uint8_t size;
};

struct generated {
	struct wasm_module module;
	struct wasm_table tables[3];
	struct wasm_memory_type memories[3];
	struct wasm_global globals[3];
	struct wasm_func_type types[2];
	uint32_t params[8];
	struct verify_image image;
	uint32_t entries[4];
	uint8_t code[GENERATED_CODE];
	uint8_t rodata[GENERATED_RODATA];
	struct generated_number numbers[GENERATED_NUMBERS];
	uint32_t number_count;
};

/* A world: tables, memories and globals of some size. False: the layout cannot be made. */
bool generated_world(struct generated *g, struct random *r);

/* A function in it: entry 1. */
void generated_function(struct generated *g, struct random *r);

int64_t generated_number_get(const struct generated *g, uint32_t i);
/* False: it does not fit. */
bool generated_number_set(struct generated *g, uint32_t i, int64_t n);

#endif
