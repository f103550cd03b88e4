/*
 * The pre-decoded code of the interpreter: an array of 16-byte ops, each with the address of its
 * handler, for direct threading. interp/op.def has the list.
 */
#ifndef INTERP_OP_H
#define INTERP_OP_H

#include <assert.h>

#include "base/cc.h"
#include "wasm/trap.h"

struct interp_op;
struct interp_thread;

/*
 * A handler does one op and calls the next one in tail position, so that all live in one C frame.
 * It returns only to end the run. pc: the op itself. fp: slot 0 of the function's frame. memory,
 * size: memory 0 of the running instance, kept in registers; whatever may move or grow it fetches
 * them again. MEMORY_USE puts another memory there for the access that follows.
 */
typedef PRESERVE_NONE enum wasm_trap interp_handler(const struct interp_op *pc, uint64_t *fp,
						    uint8_t *memory, uint64_t size,
						    struct interp_thread *t);

/* Slot numbers count from fp: parameters, locals, then the operand stack. */
struct interp_op {
	union {
		interp_handler *run;
		uint64_t id;	/* while it is being translated: enum interp_op_id */
		uint64_t value; /* of a second word */
	};
	union {
		struct {
			uint16_t a;
			uint16_t b;
		};
		uint32_t ab;
	};
	union {
		struct {
			uint16_t c;
			uint16_t d;
		};
		uint32_t imm;
	};
};

static_assert(sizeof(struct interp_op) == 16, "struct interp_op");

enum interp_op_id {
#define EACH(name) INTERP_##name,
#include "interp/op_each.h"
	INTERP_OP_COUNT
};

extern interp_handler *const interp_handlers[INTERP_OP_COUNT];

#endif
