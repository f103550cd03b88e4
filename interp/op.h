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
 * them again.
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
#define INT_BINARY(name, T, value)	     INTERP_##name##_SS, INTERP_##name##_SI,
#define INT_DIVIDE(name, T, overflow, value) INTERP_##name##_SS, INTERP_##name##_SI,
#define INT_COMPARE(name, T, truth)                                                                \
	INTERP_##name##_SS, INTERP_##name##_SI, INTERP_##name##_BR_SS, INTERP_##name##_BR_SI,      \
		INTERP_##name##_BN_SS, INTERP_##name##_BN_SI,
#define STEP(name, truth) INTERP_##name##_SS, INTERP_##name##_SI,
#define FLOAT_COMPARE(name, T, truth)                                                              \
	INTERP_##name##_SS, INTERP_##name##_BR_SS, INTERP_##name##_BN_SS,
#define FLOAT_BINARY(name, T, value)				INTERP_##name,
#define UNARY(name, from, to, value)				INTERP_##name,
#define TRUNCATE(name, sat, from, to, ctype, inside, low, high) INTERP_##name, INTERP_##sat,
#define TERNARY(name, T, value)					INTERP_##name,
#define SHIFTED(name, T, value)					INTERP_##name,
#define LOAD(name, ctype, value)                                                                   \
	INTERP_##name##_S, INTERP_##name##_SS, INTERP_##name##_SX, INTERP_##name##_SI,
#define STORE(name, ctype)                                                                         \
	INTERP_##name##_S, INTERP_##name##_SS, INTERP_##name##_SX, INTERP_##name##_SI,
#define OP(name, words) INTERP_##name,
#include "interp/op_groups.h"
#include "interp/op.def"
#include "interp/op_done.h"
	INTERP_OP_COUNT
};

extern interp_handler *const interp_handlers[INTERP_OP_COUNT];

#endif
