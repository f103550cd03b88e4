/*
 * The handlers of memories and tables: loads, stores, atomics, bulk instructions.
 * Trust: the ops are the translator's, of a validated body, so slots and indices hold; addresses,
 * counts and values are the guest's. Another thread may change the bytes of a shared memory at any
 * time and make it grow.
 */
#include <string.h>

#include "base/checked.h"
#include "interp/handler.h"
#include "wasm/limits.h"

NOINLINE HANDLER_OF(interp_memory_bounds)
{
	const struct wasm_instance *inst = t->instance;

	for (uint32_t i = 0; i < inst->module->memory_count; i++) {
		const struct wasm_memory_instance *m = inst->memories[i];

		if (m->type.shared && m->base == memory && wasm_memory_size(m) > size) {
			size = wasm_memory_size(m);
			MUSTTAIL return NEXT(0);
		}
	}
	MUSTTAIL return TAIL(trap_MEMORY_BOUNDS);
}

RUN(MEMORY_USE)
{
	const struct wasm_memory_instance *m = t->instance->memories[pc->imm];

	memory = m->base;
	size = wasm_memory_size(m);
	MUSTTAIL return NEXT(1);
}

/* ---- loads and stores ------------------------------------------------------------------------ */

#define LOAD_AT(name, ctype, result, address)                                                      \
	RUN(name)                                                                                  \
	{                                                                                          \
		uint64_t at = address;                                                             \
		ctype v;                                                                           \
		FETCH(v, at);                                                                      \
		fp[pc->a] = (uint64_t)(result);                                                    \
		MUSTTAIL return NEXT(1);                                                           \
	}
#define LOAD(name, ctype, result)                                                                  \
	LOAD_AT(name##_S, ctype, result, ADDRESS_S(pc->b))                                         \
	LOAD_AT(name##_SS, ctype, result, ADDRESS_SS(pc->b, pc->c))                                \
	LOAD_AT(name##_SX, ctype, result, ADDRESS_SX(pc->b, pc->c, sizeof(ctype)))                 \
	LOAD_AT(name##_SI, ctype, result, ADDRESS_SI(pc->b))

#define STORE_AT(name, ctype, from, address)                                                       \
	RUN(name)                                                                                  \
	{                                                                                          \
		uint64_t at = address;                                                             \
		ctype v = (ctype)fp[from];                                                         \
		PUT(v, at);                                                                        \
		MUSTTAIL return NEXT(1);                                                           \
	}
#define STORE(name, ctype)                                                                         \
	STORE_AT(name##_S, ctype, pc->b, ADDRESS_S(pc->a))                                         \
	STORE_AT(name##_SS, ctype, pc->c, ADDRESS_SS(pc->a, pc->b))                                \
	STORE_AT(name##_SX, ctype, pc->c, ADDRESS_SX(pc->a, pc->b, sizeof(ctype)))                 \
	STORE_AT(name##_SI, ctype, pc->b, ADDRESS_SI(pc->a))

/* Values of z that no operator looks at are not loaded. */
#define LOADED(name, T, value)                                                                     \
	RUN(name)                                                                                  \
	{                                                                                          \
		uint64_t at = (uint64_t)(GET_I32(pc->c) + pc[1].imm) + pc[1].ab;                   \
		type_##T x = GET_##T(pc->b), y, z = GET_##T(pc->d);                                \
		if (unlikely(at + sizeof y > size))                                                \
			MUSTTAIL return TAIL(interp_memory_bounds);                                \
		__builtin_memcpy(&y, memory + at, sizeof y);                                       \
		(void)z;                                                                           \
		SET_##T(pc->a, value);                                                             \
		MUSTTAIL return NEXT(2);                                                           \
	}

/* ---- atomics --------------------------------------------------------------------------------- */

/* The start of the handler of an atomic access: the address in `slot` and the offset in the second
 * word are aligned and inside. At most 33 bits. */
#define ATOMIC_AT(slot, ctype)                                                                     \
	uint64_t at = (uint64_t)GET_I32(slot) + pc[1].value;                                       \
	if (unlikely(at % sizeof(ctype)))                                                          \
		MUSTTAIL return TAIL(trap_UNALIGNED_ATOMIC);                                       \
	if (unlikely(at + sizeof(ctype) > size))                                                   \
		MUSTTAIL return TAIL(interp_memory_bounds);                                        \
	ctype *p = (ctype *)(void *)(memory + at)

#define ATOMIC_LOAD(name, ctype)                                                                   \
	RUN(name)                                                                                  \
	{                                                                                          \
		ATOMIC_AT(pc->b, ctype);                                                           \
		fp[pc->a] = __atomic_load_n(p, __ATOMIC_SEQ_CST);                                  \
		MUSTTAIL return NEXT(2);                                                           \
	}
#define ATOMIC_STORE(name, ctype)                                                                  \
	RUN(name)                                                                                  \
	{                                                                                          \
		ATOMIC_AT(pc->a, ctype);                                                           \
		__atomic_store_n(p, (ctype)fp[pc->b], __ATOMIC_SEQ_CST);                           \
		MUSTTAIL return NEXT(2);                                                           \
	}
#define ATOMIC_CHANGE(name, ctype, function)                                                       \
	RUN(name)                                                                                  \
	{                                                                                          \
		ATOMIC_AT(pc->b, ctype);                                                           \
		fp[pc->a] = function(p, (ctype)fp[pc->c], __ATOMIC_SEQ_CST);                       \
		MUSTTAIL return NEXT(2);                                                           \
	}
/* What is expected is cut to the width of the access (threads proposal, Overview). */
#define ATOMIC_COMPARE(name, ctype)                                                                \
	RUN(name)                                                                                  \
	{                                                                                          \
		ATOMIC_AT(pc->b, ctype);                                                           \
		ctype value = (ctype)fp[pc->c];                                                    \
		__atomic_compare_exchange_n(p, &value, (ctype)fp[pc->d], false, __ATOMIC_SEQ_CST,  \
					    __ATOMIC_SEQ_CST);                                     \
		fp[pc->a] = value;                                                                 \
		MUSTTAIL return NEXT(2);                                                           \
	}

#include "interp/op_groups.h"
#include "interp/op.def"
#include "interp/op_done.h"

RUN(ATOMIC_FENCE)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	MUSTTAIL return NEXT(1);
}

RUN(ATOMIC_NOTIFY)
{
	uint64_t address = (uint64_t)GET_I32(pc->b) + pc[1].value;
	uint32_t woken;
	enum wasm_trap trap = wasm_memory_notify(t->instance->memories[pc[1].ab], address,
						 GET_I32(pc->c), &woken);

	if (unlikely(trap))
		return interp_trap(t, pc, trap);
	fp[pc->a] = woken;
	MUSTTAIL return NEXT(2);
}

static enum wasm_trap memory_wait(struct interp_thread *t, const struct interp_op *pc, uint64_t *fp,
				  bool wide)
{
	uint64_t address = (uint64_t)GET_I32(pc->b) + pc[1].value;
	uint32_t outcome;
	enum wasm_trap trap = wasm_memory_wait(t->store, t->instance->memories[pc[1].ab], address,
					       wide, fp[pc->c], (int64_t)fp[pc->d], &outcome);

	if (trap)
		return interp_trap(t, pc, trap);
	fp[pc->a] = outcome;
	return TRAP_NONE;
}

RUN(ATOMIC_WAIT32)
{
	enum wasm_trap trap = memory_wait(t, pc, fp, false);

	if (unlikely(trap))
		return trap;
	MUSTTAIL return NEXT(2);
}

RUN(ATOMIC_WAIT64)
{
	enum wasm_trap trap = memory_wait(t, pc, fp, true);

	if (unlikely(trap))
		return trap;
	MUSTTAIL return NEXT(2);
}

/* ---- whole memories -------------------------------------------------------------------------- */

/* What instructions that copy or fill take besides their own 1. */
static ALWAYS_INLINE enum wasm_trap pay_bytes(struct interp_thread *t, uint32_t count)
{
	return interp_pay_bulk(t, count / 64);
}

static ALWAYS_INLINE enum wasm_trap pay_entries(struct interp_thread *t, uint32_t count)
{
	return interp_pay_bulk(t, count / 16);
}

RUN(MEMORY_SIZE)
{
	fp[pc->a] = wasm_memory_size(t->instance->memories[pc->imm]) / WASM_PAGE_SIZE;
	MUSTTAIL return NEXT(1);
}

/* The memory may be memory 0 under another index too. */
RUN(MEMORY_GROW)
{
	fp[pc->a] = wasm_memory_grow(t->instance->memories[pc->imm], GET_I32(pc->b));
	memory = memory_base(t);
	size = memory_size(t);
	MUSTTAIL return NEXT(1);
}

RUN(MEMORY_FILL)
{
	const struct wasm_memory_instance *m = t->instance->memories[pc->d];
	uint32_t to = GET_I32(pc->a), count = GET_I32(pc->c);

	if (unlikely(!range_inside(to, count, wasm_memory_size(m))))
		MUSTTAIL return TAIL(trap_MEMORY_BOUNDS);
	enum wasm_trap trap = pay_bytes(t, count);

	if (unlikely(trap))
		return interp_trap(t, pc, trap);
	if (count)
		memset(m->base + to, (uint8_t)fp[pc->b], count);
	MUSTTAIL return NEXT(1);
}

RUN(MEMORY_COPY)
{
	const struct wasm_memory_instance *dst = t->instance->memories[pc[1].ab];
	const struct wasm_memory_instance *src = t->instance->memories[pc[1].imm];
	uint32_t to = GET_I32(pc->a), from = GET_I32(pc->b), count = GET_I32(pc->c);

	if (unlikely(!range_inside(to, count, wasm_memory_size(dst)) ||
		     !range_inside(from, count, wasm_memory_size(src))))
		MUSTTAIL return TAIL(trap_MEMORY_BOUNDS);
	enum wasm_trap trap = pay_bytes(t, count);

	if (unlikely(trap))
		return interp_trap(t, pc, trap);
	if (count)
		memmove(dst->base + to, src->base + from, count);
	MUSTTAIL return NEXT(2);
}

RUN(MEMORY_INIT)
{
	enum wasm_trap trap = pay_bytes(t, GET_I32(pc->c));

	if (!trap)
		trap = wasm_memory_init(t->instance, pc[1].ab, pc[1].imm, GET_I32(pc->a),
					GET_I32(pc->b), GET_I32(pc->c));
	if (unlikely(trap))
		return interp_trap(t, pc, trap);
	MUSTTAIL return NEXT(2);
}

RUN(DATA_DROP)
{
	wasm_data_drop(t->instance, pc->imm);
	MUSTTAIL return NEXT(1);
}

/* ---- tables ---------------------------------------------------------------------------------- */

RUN(TABLE_GET)
{
	const struct wasm_table_instance *table = t->instance->tables[pc->imm];
	uint32_t i = GET_I32(pc->b);

	if (unlikely(i >= table->size))
		MUSTTAIL return TAIL(trap_TABLE_BOUNDS);
	fp[pc->a] = table->elems[i];
	MUSTTAIL return NEXT(1);
}

RUN(TABLE_SET)
{
	struct wasm_table_instance *table = t->instance->tables[pc->imm];
	uint32_t i = GET_I32(pc->a);

	if (unlikely(i >= table->size))
		MUSTTAIL return TAIL(trap_TABLE_BOUNDS);
	table->elems[i] = GET_I32(pc->b);
	MUSTTAIL return NEXT(1);
}

RUN(TABLE_SIZE)
{
	fp[pc->a] = t->instance->tables[pc->imm]->size;
	MUSTTAIL return NEXT(1);
}

RUN(TABLE_GROW)
{
	fp[pc->a] = wasm_table_grow(t->store, t->instance->tables[pc[1].ab], GET_I32(pc->b),
				    GET_I32(pc->c));
	MUSTTAIL return NEXT(2);
}

RUN(TABLE_FILL)
{
	enum wasm_trap trap = pay_entries(t, GET_I32(pc->c));

	if (!trap)
		trap = wasm_table_fill(t->instance->tables[pc[1].ab], GET_I32(pc->a),
				       GET_I32(pc->b), GET_I32(pc->c));
	if (unlikely(trap))
		return interp_trap(t, pc, trap);
	MUSTTAIL return NEXT(2);
}

RUN(TABLE_COPY)
{
	struct wasm_table_instance *const *tables = t->instance->tables;
	enum wasm_trap trap = pay_entries(t, GET_I32(pc->c));

	if (!trap)
		trap = wasm_table_copy(tables[pc[1].ab], tables[pc[1].imm], GET_I32(pc->a),
				       GET_I32(pc->b), GET_I32(pc->c));
	if (unlikely(trap))
		return interp_trap(t, pc, trap);
	MUSTTAIL return NEXT(2);
}

RUN(TABLE_INIT)
{
	enum wasm_trap trap = pay_entries(t, GET_I32(pc->c));

	if (!trap)
		trap = wasm_table_init(t->instance, pc[1].ab, pc[1].imm, GET_I32(pc->a),
				       GET_I32(pc->b), GET_I32(pc->c));
	if (unlikely(trap))
		return interp_trap(t, pc, trap);
	MUSTTAIL return NEXT(2);
}

RUN(ELEM_DROP)
{
	wasm_elem_drop(t->instance, pc->imm);
	MUSTTAIL return NEXT(1);
}
