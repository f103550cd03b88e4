/*
 * The verifier of native code: what it accepts cannot reach anything but the guest's window, its own slots, its
 * own frame, its tables' entries and its own code, whatever the arguments and the memories hold (doc/native.md
 * is the contract that it holds code to).
 *
 * A function is checked alone, against the same few facts about all: verify_function goes once over it. What
 * registers and frame hold where paths meet it takes from the section's facts, and checks that they hold on
 * each path. Facts are found outside the enclave (verify_find.h).
 */
#ifndef NATIVE_VERIFY_H
#define NATIVE_VERIFY_H

#include "native/layout.h"
#include "native/x86.h"

/* Limits on a function; beyond them it is refused. */
#define VERIFY_FUNCTION_MAX 0x1000000u /* bytes of code */
#define VERIFY_FRAME_MAX    0x100000u  /* bytes below the return address; the guard has 16 MiB */
#define VERIFY_SLOTS_MAX    1024u      /* places of the frame whose content is known at once */
#define VERIFY_MEMORY_MAX   0x2000000u /* bytes of all that a verifier holds */
#define VERIFY_STEPS_MAX    32u /* per byte of code: instructions, and places that they look at */

/* The same for all functions of a section together, per byte of code, read-only data and facts. */
#define VERIFY_SECTION_STEPS_MAX 16u
#define VERIFY_SECTION_STEPS_MIN 0x10000u

/* Why a function is refused. */
#define VERIFY_REASONS(REASON)                                                                     \
	REASON(OK, "verified")                                                                     \
	REASON(INSTRUCTION, "an instruction that is not on the list")                              \
	REASON(SIZE, "the function is too large, or empty")                                        \
	REASON(MEMORY, "it takes too much memory to verify")                                       \
	REASON(EFFORT, "it takes too long to verify")                                              \
	REASON(ADDRESS, "an access through an address of unknown kind")                            \
	REASON(WINDOW, "an access that may leave the window")                                      \
	REASON(SLOT, "an access that does not fit one slot")                                       \
	REASON(FRAME, "an access outside its own frame")                                           \
	REASON(RODATA, "an access outside the read-only data, or a write there")                   \
	REASON(TABLE, "an access outside a table's entry, or a write there")                       \
	REASON(FURTHER_MEMORY, "an access outside a further memory")                               \
	REASON(STACK_POINTER, "a stack pointer that is not known, misaligned or out of the frame") \
	REASON(SAVED, "a register of the caller is not restored")                                  \
	REASON(BRANCH, "a branch that goes to no instruction of the function")                     \
	REASON(CALL, "a call or jump to what is no function")                                      \
	REASON(JUMP_TABLE, "a jump through a table that is not understood")                        \
	REASON(END, "it runs over its end")                                                        \
	REASON(FACTS, "at a label not all holds that the facts claim")                             \
	REASON(FACTS_FORM, "facts that are not well formed")

enum verify_reason {
#define REASON(name, words) VERIFY_##name,
	VERIFY_REASONS(REASON)
#undef REASON
};

/* What all functions of a section have in common. Belongs to the caller. */
struct verify_image {
	const uint8_t *code; /* a copy that nobody else can change */
	uint32_t code_size;
	const uint8_t *rodata; /* placed at the next page after the code */
	uint32_t rodata_size;
	/* The section's facts: where those of each entry begin, 32 bits each, counted from the end of this table,
	 * and where the last ones end; then they themselves. Untrusted. */
	const uint8_t *facts;
	uint32_t facts_size;
	/* Where functions begin, rising, the size of the code as the last: the defined ones and what the compiler
	 * adds. Each is verified up to the next; each may be called, and stand in a table, from everywhere. */
	const uint32_t *entries;
	uint32_t entry_count; /* without the last */
	const struct wasm_module *module;
	struct native_layout layout;
	uint64_t window_size; /* bytes that GS reaches from its base; 0: no access by GS */
};

struct verify_result {
	enum verify_reason reason;
	uint32_t offset; /* in the code: the instruction at fault */
	uint32_t labels;
	uint32_t steps; /* instructions, and what was compared at labels */
};

/* Memory that one verification after the other uses. Zeroed is fine to fini. */
struct verifier {
	const struct verify_image *image;
	struct x86_index index;
	struct verify_work *work;
};

/* Errors: E_MALFORMED (the table of facts), E_NOMEM. The image stays as it is until verifier_fini. */
MUST_USE enum err verifier_init(struct verifier *v, const struct verify_image *image);
void verifier_fini(struct verifier *v);

/* The most bytes that it has held. */
size_t verifier_memory(const struct verifier *v);

/* Verifies the code from entry i up to the next one, by its facts. Once for each entry: what it takes counts for the
 * section. */
struct verify_result verify_function(struct verifier *v, uint32_t i);
/* The same, by these facts instead, and as often as one likes. */
struct verify_result verify_function_with(struct verifier *v, uint32_t i, const uint8_t *facts,
					  size_t size);

#endif
