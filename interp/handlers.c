/*
 * The handlers: one small function per op, each ending in a tail call of the next op's handler.
 * Trust: the ops are the translator's, of a validated body, so slots and indices hold; the values
 * in slots and memory are the guest's.
 * Invariant: a slot that holds 32 bits has its upper half zero. memory and size are those of memory
 * 0 of t->instance, or an earlier, smaller size; every access is checked against size.
 */
#include <string.h>

#include "base/checked.h"
#include "interp/float.h"
#include "interp/thread.h"
#include "wasm/limits.h"

#define HANDLER(name)                                                                              \
	static KEEP_CALL_USED_REGS PRESERVE_NONE enum wasm_trap name(                              \
		const struct interp_op *pc, uint64_t *fp, uint8_t *memory, uint64_t size,          \
		struct interp_thread *t)
#define GOTO(pc)	  (pc)->run((pc), fp, memory, size, t)
#define NEXT(words)	  GOTO(pc + (words))
#define TAIL(handler)	  handler(pc, fp, memory, size, t)
#define WAY(pc)		  ((pc) + (int32_t)(pc)->imm)
#define POINTER(type, op) ((type *)(uintptr_t)(op).value)

/* ---- operands -------------------------------------------------------------------------------- */

typedef uint32_t type_I32;
typedef uint64_t type_I64;
typedef float type_F32;
typedef double type_F64;

#define GET_I32(slot) ((uint32_t)fp[slot])
#define GET_I64(slot) (fp[slot])
#define GET_F32(slot) f32_of_bits((uint32_t)fp[slot])
#define GET_F64(slot) f64_of_bits(fp[slot])

#define SET_I32(slot, value) (fp[slot] = (uint64_t)(uint32_t)(value))
#define SET_I64(slot, value) (fp[slot] = (value))
#define SET_F32(slot, value) (fp[slot] = f32_bits(value))
#define SET_F64(slot, value) (fp[slot] = f64_bits(value))

/* Immediates are sign-extended, those of jumps from 16 bits. */
#define IMM_I32(imm) ((uint32_t)(int32_t)(imm))
#define IMM_I64(imm) ((uint64_t)(int64_t)(imm))

/* ---- traps ----------------------------------------------------------------------------------- */

#define TRAP(name, words)                                                                          \
	UNUSED HANDLER(trap_##name)                                                                \
	{                                                                                          \
		(void)fp, (void)memory, (void)size;                                                \
		return interp_trap(t, pc, TRAP_##name);                                            \
	}
#include "wasm/trap.def"
#undef TRAP

/* ---- numbers --------------------------------------------------------------------------------- */

#define INT_BINARY(name, T, value)                                                                 \
	HANDLER(name##_SS)                                                                         \
	{                                                                                          \
		type_##T x = GET_##T(pc->b), y = GET_##T(pc->c);                                   \
		SET_##T(pc->a, value);                                                             \
		MUSTTAIL return NEXT(1);                                                           \
	}                                                                                          \
	HANDLER(name##_SI)                                                                         \
	{                                                                                          \
		type_##T x = GET_##T(pc->b), y = IMM_##T((int32_t)pc->imm);                        \
		SET_##T(pc->a, value);                                                             \
		MUSTTAIL return NEXT(1);                                                           \
	}

#define DIVIDE(name, T, overflow, value, divisor)                                                  \
	HANDLER(name)                                                                              \
	{                                                                                          \
		type_##T x = GET_##T(pc->b), y = divisor;                                          \
		if (unlikely(y == 0))                                                              \
			MUSTTAIL return TAIL(trap_DIVIDE_BY_ZERO);                                 \
		if (unlikely(overflow))                                                            \
			MUSTTAIL return TAIL(trap_INTEGER_OVERFLOW);                               \
		SET_##T(pc->a, value);                                                             \
		MUSTTAIL return NEXT(1);                                                           \
	}
#define INT_DIVIDE(name, T, overflow, value)                                                       \
	DIVIDE(name##_SS, T, overflow, value, GET_##T(pc->c))                                      \
	DIVIDE(name##_SI, T, overflow, value, IMM_##T((int32_t)pc->imm))

#define COMPARE_VALUE(name, T, truth, right)                                                       \
	HANDLER(name)                                                                              \
	{                                                                                          \
		type_##T x = GET_##T(pc->b), y = right;                                            \
		SET_I32(pc->a, truth);                                                             \
		MUSTTAIL return NEXT(1);                                                           \
	}
#define COMPARE_JUMP(name, T, truth, right)                                                        \
	HANDLER(name)                                                                              \
	{                                                                                          \
		type_##T x = GET_##T(pc->a), y = right;                                            \
		if (truth)                                                                         \
			MUSTTAIL return GOTO(WAY(pc));                                             \
		MUSTTAIL return NEXT(1);                                                           \
	}
#define INT_COMPARE(name, T, truth)                                                                \
	COMPARE_VALUE(name##_SS, T, truth, GET_##T(pc->c))                                         \
	COMPARE_VALUE(name##_SI, T, truth, IMM_##T((int32_t)pc->imm))                              \
	COMPARE_JUMP(name##_BR_SS, T, truth, GET_##T(pc->b))                                       \
	COMPARE_JUMP(name##_BR_SI, T, truth, IMM_##T((int16_t)pc->b))                              \
	COMPARE_JUMP(name##_BN_SS, T, !(truth), GET_##T(pc->b))                                    \
	COMPARE_JUMP(name##_BN_SI, T, !(truth), IMM_##T((int16_t)pc->b))
#define STEP_TO(name, truth, right)                                                                \
	HANDLER(name)                                                                              \
	{                                                                                          \
		uint32_t x = GET_I32(pc->a) + (uint32_t)pc[1].value;                               \
		SET_I32(pc->a, x);                                                                 \
		uint32_t y = right;                                                                \
		if (truth)                                                                         \
			MUSTTAIL return GOTO(WAY(pc));                                             \
		MUSTTAIL return NEXT(2);                                                           \
	}
#define STEP(name, truth)                                                                          \
	STEP_TO(name##_SS, truth, GET_I32(pc->b))                                                  \
	STEP_TO(name##_SI, truth, IMM_I32((int16_t)pc->b))
#define FLOAT_COMPARE(name, T, truth)                                                              \
	COMPARE_VALUE(name##_SS, T, truth, GET_##T(pc->c))                                         \
	COMPARE_JUMP(name##_BR_SS, T, truth, GET_##T(pc->b))                                       \
	COMPARE_JUMP(name##_BN_SS, T, !(truth), GET_##T(pc->b))

#define FLOAT_BINARY(name, T, value)                                                               \
	HANDLER(name)                                                                              \
	{                                                                                          \
		type_##T x = GET_##T(pc->b), y = GET_##T(pc->c);                                   \
		SET_##T(pc->a, value);                                                             \
		MUSTTAIL return NEXT(1);                                                           \
	}
#define UNARY(name, from, to, value)                                                               \
	HANDLER(name)                                                                              \
	{                                                                                          \
		type_##from x = GET_##from(pc->b);                                                 \
		SET_##to(pc->a, value);                                                            \
		MUSTTAIL return NEXT(1);                                                           \
	}
#define TRUNCATE(name, sat, from, to, ctype, inside, low, high)                                    \
	HANDLER(name)                                                                              \
	{                                                                                          \
		type_##from x = GET_##from(pc->b);                                                 \
		if (unlikely(x != x))                                                              \
			MUSTTAIL return TAIL(trap_INVALID_CONVERSION);                             \
		if (unlikely(!(inside)))                                                           \
			MUSTTAIL return TAIL(trap_INTEGER_OVERFLOW);                               \
		SET_##to(pc->a, (type_##to)(ctype)x);                                              \
		MUSTTAIL return NEXT(1);                                                           \
	}                                                                                          \
	HANDLER(sat)                                                                               \
	{                                                                                          \
		type_##from x = GET_##from(pc->b);                                                 \
		if (likely(inside))                                                                \
			SET_##to(pc->a, (type_##to)(ctype)x);                                      \
		else                                                                               \
			SET_##to(pc->a, x != x ? 0 : x < 0 ? (low) : (high));                      \
		MUSTTAIL return NEXT(1);                                                           \
	}
#define TERNARY(name, T, value)                                                                    \
	HANDLER(name)                                                                              \
	{                                                                                          \
		type_##T x = GET_##T(pc->b), y = GET_##T(pc->c), z = GET_##T(pc->d);               \
		SET_##T(pc->a, value);                                                             \
		MUSTTAIL return NEXT(1);                                                           \
	}
#define SHIFTED(name, T, value)                                                                    \
	HANDLER(name)                                                                              \
	{                                                                                          \
		type_##T x = GET_##T(pc->b), y = GET_##T(pc->c);                                   \
		unsigned k = pc->d;                                                                \
		SET_##T(pc->a, value);                                                             \
		MUSTTAIL return NEXT(1);                                                           \
	}

/* ---- memory ---------------------------------------------------------------------------------- */

/* Addresses are at most 33 bits, so that neither sum can overflow. The builtin copies are inlined
 * in a freestanding build too. */
#define ADDRESS_S(base)	       ((uint64_t)GET_I32(base) + pc->imm)
#define ADDRESS_SI(base)       ((uint64_t)(GET_I32(base) + pc->imm))
#define ADDRESS_SS(x, y)       ((uint64_t)(GET_I32(x) + GET_I32(y)) + pc->d)
#define ADDRESS_SX(x, y, unit) ((uint64_t)(GET_I32(x) + GET_I32(y) * (uint32_t)(unit)) + pc->d)

#define LOAD_AT(name, ctype, result, address)                                                      \
	HANDLER(name)                                                                              \
	{                                                                                          \
		uint64_t at = address;                                                             \
		ctype v;                                                                           \
		if (unlikely(at + sizeof v > size))                                                \
			MUSTTAIL return TAIL(trap_MEMORY_BOUNDS);                                  \
		__builtin_memcpy(&v, memory + at, sizeof v);                                       \
		fp[pc->a] = (uint64_t)(result);                                                    \
		MUSTTAIL return NEXT(1);                                                           \
	}
#define LOAD(name, ctype, result)                                                                  \
	LOAD_AT(name##_S, ctype, result, ADDRESS_S(pc->b))                                         \
	LOAD_AT(name##_SS, ctype, result, ADDRESS_SS(pc->b, pc->c))                                \
	LOAD_AT(name##_SX, ctype, result, ADDRESS_SX(pc->b, pc->c, sizeof(ctype)))                 \
	LOAD_AT(name##_SI, ctype, result, ADDRESS_SI(pc->b))

#define STORE_AT(name, ctype, from, address)                                                       \
	HANDLER(name)                                                                              \
	{                                                                                          \
		uint64_t at = address;                                                             \
		ctype v = (ctype)fp[from];                                                         \
		if (unlikely(at + sizeof v > size))                                                \
			MUSTTAIL return TAIL(trap_MEMORY_BOUNDS);                                  \
		__builtin_memcpy(memory + at, &v, sizeof v);                                       \
		MUSTTAIL return NEXT(1);                                                           \
	}
#define STORE(name, ctype)                                                                         \
	STORE_AT(name##_S, ctype, pc->b, ADDRESS_S(pc->a))                                         \
	STORE_AT(name##_SS, ctype, pc->c, ADDRESS_SS(pc->a, pc->b))                                \
	STORE_AT(name##_SX, ctype, pc->c, ADDRESS_SX(pc->a, pc->b, sizeof(ctype)))                 \
	STORE_AT(name##_SI, ctype, pc->b, ADDRESS_SI(pc->a))

#define OP(name, words)

#include "interp/op_groups.h"
#include "interp/op.def"
#include "interp/op_done.h"

static ALWAYS_INLINE struct wasm_memory_instance *memory_0(const struct interp_thread *t)
{
	return wasm_instance_memory(t->instance);
}

/* Where handlers fetch memory and size after something that may have changed them. */
static ALWAYS_INLINE uint8_t *memory_base(const struct interp_thread *t)
{
	return memory_0(t) ? memory_0(t)->base : NULL;
}

static ALWAYS_INLINE uint64_t memory_size(const struct interp_thread *t)
{
	return memory_0(t) ? memory_0(t)->size : 0;
}

HANDLER(MEMORY_SIZE)
{
	fp[pc->a] = memory_0(t)->size / WASM_PAGE_SIZE;
	MUSTTAIL return NEXT(1);
}

HANDLER(MEMORY_GROW)
{
	fp[pc->a] = wasm_memory_grow(memory_0(t), GET_I32(pc->b));
	memory = memory_base(t);
	size = memory_size(t);
	MUSTTAIL return NEXT(1);
}

HANDLER(MEMORY_FILL)
{
	uint32_t to = GET_I32(pc->a), count = GET_I32(pc->c);

	if (unlikely(!range_inside(to, count, size)))
		MUSTTAIL return TAIL(trap_MEMORY_BOUNDS);
	if (count)
		memset(memory + to, (uint8_t)fp[pc->b], count);
	MUSTTAIL return NEXT(1);
}

HANDLER(MEMORY_COPY)
{
	uint32_t to = GET_I32(pc->a), from = GET_I32(pc->b), count = GET_I32(pc->c);

	if (unlikely(!range_inside(to, count, size) || !range_inside(from, count, size)))
		MUSTTAIL return TAIL(trap_MEMORY_BOUNDS);
	if (count)
		memmove(memory + to, memory + from, count);
	MUSTTAIL return NEXT(1);
}

HANDLER(MEMORY_INIT)
{
	enum wasm_trap trap = wasm_memory_init(t->instance, pc[1].imm, GET_I32(pc->a),
					       GET_I32(pc->b), GET_I32(pc->c));

	if (unlikely(trap))
		return interp_trap(t, pc, trap);
	MUSTTAIL return NEXT(2);
}

HANDLER(DATA_DROP)
{
	wasm_data_drop(t->instance, pc->imm);
	MUSTTAIL return NEXT(1);
}

/* ---- tables ---------------------------------------------------------------------------------- */

HANDLER(TABLE_GET)
{
	const struct wasm_table_instance *table = t->instance->tables[pc->imm];
	uint32_t i = GET_I32(pc->b);

	if (unlikely(i >= table->size))
		MUSTTAIL return TAIL(trap_TABLE_BOUNDS);
	fp[pc->a] = table->elems[i];
	MUSTTAIL return NEXT(1);
}

HANDLER(TABLE_SET)
{
	struct wasm_table_instance *table = t->instance->tables[pc->imm];
	uint32_t i = GET_I32(pc->a);

	if (unlikely(i >= table->size))
		MUSTTAIL return TAIL(trap_TABLE_BOUNDS);
	table->elems[i] = GET_I32(pc->b);
	MUSTTAIL return NEXT(1);
}

HANDLER(TABLE_SIZE)
{
	fp[pc->a] = t->instance->tables[pc->imm]->size;
	MUSTTAIL return NEXT(1);
}

HANDLER(TABLE_GROW)
{
	fp[pc->a] = wasm_table_grow(t->store, t->instance->tables[pc[1].ab], GET_I32(pc->b),
				    GET_I32(pc->c));
	MUSTTAIL return NEXT(2);
}

HANDLER(TABLE_FILL)
{
	enum wasm_trap trap = wasm_table_fill(t->instance->tables[pc[1].ab], GET_I32(pc->a),
					      GET_I32(pc->b), GET_I32(pc->c));

	if (unlikely(trap))
		return interp_trap(t, pc, trap);
	MUSTTAIL return NEXT(2);
}

HANDLER(TABLE_COPY)
{
	struct wasm_table_instance *const *tables = t->instance->tables;
	enum wasm_trap trap = wasm_table_copy(tables[pc[1].ab], tables[pc[1].imm], GET_I32(pc->a),
					      GET_I32(pc->b), GET_I32(pc->c));

	if (unlikely(trap))
		return interp_trap(t, pc, trap);
	MUSTTAIL return NEXT(2);
}

HANDLER(TABLE_INIT)
{
	enum wasm_trap trap = wasm_table_init(t->instance, pc[1].ab, pc[1].imm, GET_I32(pc->a),
					      GET_I32(pc->b), GET_I32(pc->c));

	if (unlikely(trap))
		return interp_trap(t, pc, trap);
	MUSTTAIL return NEXT(2);
}

HANDLER(ELEM_DROP)
{
	wasm_elem_drop(t->instance, pc->imm);
	MUSTTAIL return NEXT(1);
}

HANDLER(REF_FUNC)
{
	fp[pc->a] = t->instance->funcs[pc->imm]->ref;
	MUSTTAIL return NEXT(1);
}

/* ---- moving values --------------------------------------------------------------------------- */

HANDLER(COPY)
{
	fp[pc->ab] = fp[pc->imm];
	MUSTTAIL return NEXT(1);
}

HANDLER(COPY_RANGE)
{
	memmove(fp + pc->ab, fp + pc->imm, pc[1].imm * sizeof(*fp));
	MUSTTAIL return NEXT(2);
}

HANDLER(CONST32)
{
	fp[pc->a] = pc->imm;
	MUSTTAIL return NEXT(1);
}

HANDLER(CONST64)
{
	fp[pc->a] = pc[1].value;
	MUSTTAIL return NEXT(2);
}

HANDLER(SELECT)
{
	uint64_t x = fp[pc->b], y = fp[pc->c];

	fp[pc->a] = GET_I32(pc->d) ? x : y;
	MUSTTAIL return NEXT(1);
}

HANDLER(GLOBAL_GET)
{
	fp[pc->a] = POINTER(const struct wasm_global_instance, pc[1])->value;
	MUSTTAIL return NEXT(2);
}

HANDLER(GLOBAL_SET)
{
	POINTER(struct wasm_global_instance, pc[1])->value = fp[pc->a];
	MUSTTAIL return NEXT(2);
}

/* ---- control --------------------------------------------------------------------------------- */

/*
 * Where later features fit: fuel and an interrupt flag are looked at by the CALLs, and by jumps
 * backwards, which then are ops of their own; a tail call is a CALL that moves its arguments to
 * fp[0] and pushes no frame; a throw unwinds t->frames by a table of handlers in struct
 * interp_code; a second memory has loads and stores that name it; in a shared memory a stale `size`
 * only means that the slow path looks again.
 */

HANDLER(UNREACHABLE)
{
	MUSTTAIL return TAIL(trap_UNREACHABLE);
}

HANDLER(BR)
{
	MUSTTAIL return GOTO(WAY(pc));
}

HANDLER(BR_NZ)
{
	if (GET_I32(pc->a))
		MUSTTAIL return GOTO(WAY(pc));
	MUSTTAIL return NEXT(1);
}

HANDLER(BR_Z)
{
	if (!GET_I32(pc->a))
		MUSTTAIL return GOTO(WAY(pc));
	MUSTTAIL return NEXT(1);
}

HANDLER(BR_TABLE)
{
	uint32_t i = GET_I32(pc->a);
	const struct interp_op *entry = pc + 1 + (i < pc->imm ? i : pc->imm);

	MUSTTAIL return GOTO(WAY(entry));
}

/* Slow paths of what follows: they make room and do the op again. */
NOINLINE HANDLER(slots_short)
{
	size_t count = pc->imm;
	enum wasm_trap trap = interp_grow_slots(t, &fp, count);

	if (trap)
		return interp_trap(t, pc, trap);
	MUSTTAIL return NEXT(0);
}

NOINLINE HANDLER(frames_short)
{
	enum wasm_trap trap = interp_grow_frames(t);

	if (trap)
		return interp_trap(t, pc, trap);
	MUSTTAIL return NEXT(0);
}

HANDLER(ENTER)
{
	if (unlikely((size_t)(t->slots_end - fp) < pc->imm))
		MUSTTAIL return TAIL(slots_short);
	for (uint64_t *p = fp + pc->a, *end = p + pc->b; p < end; p++)
		*p = 0;
	MUSTTAIL return NEXT(1);
}

HANDLER(ENTER_LARGE)
{
	if (unlikely((size_t)(t->slots_end - fp) < pc->imm))
		MUSTTAIL return TAIL(slots_short);
	memset(fp + pc[1].ab, 0, pc[1].imm * sizeof(*fp));
	MUSTTAIL return NEXT(2);
}

HANDLER(CONSTANTS)
{
	const struct interp_op *word = pc + 1, *end = word + pc->imm;
	uint64_t *slot = fp + pc->a;

	for (; word < end; word++)
		*slot++ = word->value;
	MUSTTAIL return GOTO(end);
}

HANDLER(RETURN)
{
	(void)pc;
	const struct interp_frame *f = --t->frame;

	fp = f->fp;
	MUSTTAIL return GOTO(f->pc);
}

HANDLER(RETURN_VALUE)
{
	const struct interp_frame *f = --t->frame;

	fp[0] = fp[pc->a];
	fp = f->fp;
	MUSTTAIL return GOTO(f->pc);
}

static ALWAYS_INLINE void frame_push(struct interp_thread *t, const struct interp_op *pc,
				     uint64_t *fp, const struct wasm_func_instance *func)
{
	struct interp_frame *f = t->frame++;

	f->pc = pc;
	f->fp = fp;
	f->func = func;
}

HANDLER(CALL)
{
	const struct wasm_func_instance *func = POINTER(struct wasm_func_instance, pc[1]);
	const struct interp_op *code = func->code;

	if (unlikely(t->frame == t->frames_end))
		MUSTTAIL return TAIL(frames_short);
	frame_push(t, pc + 2, fp, func);
	fp += pc->ab;
	MUSTTAIL return GOTO(code);
}

HANDLER(TRANSLATE)
{
	t->callee = t->frame[-1].func;
	enum wasm_trap trap = interp_ensure_code(t);

	if (trap)
		return interp_trap(t, pc, trap);
	pc = t->callee->code;
	MUSTTAIL return NEXT(0);
}

/* The next two call t->callee for the call op at pc. */
NOINLINE HANDLER(call_host)
{
	frame_push(t, pc + 2, fp, t->callee);
	t->trap_pc = NULL;
	enum wasm_trap trap = interp_call_host(t, (size_t)(fp - t->slots) + pc->ab);

	if (unlikely(trap)) /* one that a call from the host function met has its place already */
		return t->trap_pc ? trap : interp_trap(t, pc, trap);
	fp = (--t->frame)->fp;
	memory = memory_base(t);
	size = memory_size(t);
	MUSTTAIL return NEXT(2);
}

static const struct interp_op switch_back_op[1];

/* Two frames: the callee returns into SWITCH_BACK, that one to the caller. */
NOINLINE HANDLER(call_instance)
{
	const struct interp_op *code = t->callee->code;

	frame_push(t, pc + 2, fp, NULL);
	frame_push(t, switch_back_op, fp, t->callee);
	fp += pc->ab;
	t->instance = t->callee->instance;
	memory = memory_base(t);
	size = memory_size(t);
	MUSTTAIL return GOTO(code);
}

HANDLER(SWITCH_BACK)
{
	(void)pc;
	const struct interp_frame *f = --t->frame;

	t->instance = f[-1].func->instance;
	memory = memory_base(t);
	size = memory_size(t);
	fp = f->fp;
	MUSTTAIL return GOTO(f->pc);
}

HANDLER(CALL_IMPORT)
{
	if (unlikely(t->frames_end - t->frame < 2))
		MUSTTAIL return TAIL(frames_short);
	t->callee = POINTER(struct wasm_func_instance, pc[1]);
	if (t->callee->host)
		MUSTTAIL return TAIL(call_host);
	MUSTTAIL return TAIL(call_instance);
}

HANDLER(CALL_INDIRECT)
{
	const struct wasm_table_instance *table = POINTER(struct wasm_table_instance, pc[1]);
	uint32_t i = GET_I32(pc->imm);

	if (unlikely(i >= table->size))
		MUSTTAIL return TAIL(trap_UNDEFINED_ELEMENT);
	const struct wasm_func_instance *func = t->store->funcs[table->elems[i]];

	if (unlikely(!func))
		MUSTTAIL return TAIL(trap_UNINITIALIZED_ELEMENT);
	if (unlikely(func->sig != pc[1].ab))
		MUSTTAIL return TAIL(trap_INDIRECT_CALL_TYPE);
	if (unlikely(t->frames_end - t->frame < 2))
		MUSTTAIL return TAIL(frames_short);
	if (likely(func->instance == t->instance)) {
		frame_push(t, pc + 2, fp, func);
		fp += pc->ab;
		MUSTTAIL return GOTO((const struct interp_op *)func->code);
	}
	t->callee = func;
	if (func->host)
		MUSTTAIL return TAIL(call_host);
	MUSTTAIL return TAIL(call_instance);
}

HANDLER(LEAVE)
{
	(void)pc, (void)fp, (void)memory, (void)size, (void)t;
	return TRAP_NONE;
}

/* ---- tables of handlers ---------------------------------------------------------------------- */

static const struct interp_op switch_back_op[1] = {{.run = SWITCH_BACK}};
static const struct interp_op leave_op[1] = {{.run = LEAVE}};
const struct interp_op interp_untranslated[1] = {{.run = TRANSLATE}};

/* clang-format off */
interp_handler *const interp_handlers[INTERP_OP_COUNT] = {
#define INT_BINARY(name, T, value)	     name##_SS, name##_SI,
#define INT_DIVIDE(name, T, overflow, value) name##_SS, name##_SI,
#define INT_COMPARE(name, T, truth)                                                                \
	name##_SS, name##_SI, name##_BR_SS, name##_BR_SI, name##_BN_SS, name##_BN_SI,
#define STEP(name, truth)					name##_SS, name##_SI,
#define FLOAT_COMPARE(name, T, truth) name##_SS, name##_BR_SS, name##_BN_SS,
#define FLOAT_BINARY(name, T, value)				name,
#define UNARY(name, from, to, value)				name,
#define TRUNCATE(name, sat, from, to, ctype, inside, low, high) name, sat,
#define TERNARY(name, T, value)					name,
#define SHIFTED(name, T, value)					name,
#define LOAD(name, ctype, value) name##_S, name##_SS, name##_SX, name##_SI,
#define STORE(name, ctype) name##_S, name##_SS, name##_SX, name##_SI,
#define OP(name, words)						name,
#include "interp/op_groups.h"
#include "interp/op.def"
#include "interp/op_done.h"
};
/* clang-format on */

enum wasm_trap interp_enter(struct interp_thread *t, uint64_t *fp)
{
	const struct interp_op *pc = t->callee->code;

	frame_push(t, leave_op, fp, t->callee);
	return pc->run(pc, fp, memory_base(t), memory_size(t), t);
}
