/*
 * Code that the enclave accepts: a unit is compiled, its functions are verified by the enclave's own verifier,
 * and those that it refuses are compiled again in forms that it can follow more easily (enum unit_form).
 */
#ifndef COMPILER_PROVE_H
#define COMPILER_PROVE_H

#include "compiler/link.h"
#include "compiler/unit.h"
#include "native/verify_find.h"

/* The objects of a unit; of what several have, the last one's is verified. */
struct unit_code {
	LLVMMemoryBufferRef objects[UNIT_FORMS];
	uint32_t count;
};

/* Functions first .. first + count - 1, none of them imported; level as in struct unit_request. Belongs to the
 * caller: prove_fini. False: see error; code->count is 0. */
bool prove_unit(const struct compile_plan *plan, uint32_t first, uint32_t count, int level,
		struct unit_code *code, struct compile_error *error);
void prove_fini(struct unit_code *code);

/* For the linker; `objects` has room for UNIT_FORMS. Returns how many they are. */
uint32_t prove_objects(const struct unit_code *code, struct link_object *objects);

/* The facts of all that is linked, by which all of it verifies; belongs to the caller. False: see error. */
bool prove_all(const struct compile_plan *plan, const struct linked *l, struct facts_buffer *facts,
	       struct compile_error *error);

#endif
