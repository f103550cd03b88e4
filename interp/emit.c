/*
 * Ops and the operand stack of a function that is being translated.
 * Trust: the body is validated: the stack stays within max_stack, locals exist. Its size is
 * untrusted: every step is constant time, or paid for by the bytes that pushed the entries it
 * handles.
 * Invariant: local_uses[x] heads the list, newest first, of the entries at or above `flushed` that
 * are OPERAND_LOCAL of x, linked by `older`.
 */
#include "interp/emit.h"

#include "base/checked.h"
#include "base/heap.h"

#define OPS_FIRST      64u
#define SCRATCH_RESULT 3u /* the others are for operands */

/* A frame: parameters, locals, scratch, constants, stack; with v128 values scratch and constants
 * come before the locals, which may be so many slots that what follows them is far. */
static void emitter_lay_out(struct emitter *e, uint32_t pool)
{
	const struct wasm_body *body = e->body;
	bool far = (uint64_t)body->local_slots + body->max_stack + EMIT_POOL_MAX > EMIT_SLOT_MAX;

	e->scratch_base = body->has_v128 ? e->param_slots : body->local_slots;
	e->pool_base = e->scratch_base + (far ? EMIT_SCRATCH : 0);
	e->pool_reserved = pool;
	e->stack_base = e->pool_base + pool + (body->local_slots - e->scratch_base);
}

static void emitter_add_locals(struct emitter *e, uint32_t *at, uint32_t *slot, uint32_t count,
			       uint32_t type)
{
	uint32_t slots = wasm_type_slots(type);

	for (; count; count--) {
		e->locals[(*at)++] = (struct emit_local){*slot & INT32_MAX, slots == 2};
		*slot += slots;
	}
}

static void emitter_place_locals(struct emitter *e, const struct wasm_func_instance *func)
{
	const struct wasm_module *m = func->instance->module;
	struct reader r = wasm_span_reader(m, e->body->span);
	uint32_t at = 0, slot = 0;

	for (uint32_t i = 0; i < func->type->param_count; i++)
		emitter_add_locals(e, &at, &slot, 1, func->type->params[i]);
	slot = e->stack_base - (e->body->local_slots - e->param_slots);
	for (uint32_t runs = wasm_locals_begin(&r); runs; runs--) {
		uint32_t count, type;

		wasm_locals_next(m, &r, &count, &type);
		must(count <= e->body->local_count - at);
		emitter_add_locals(e, &at, &slot, count, type);
	}
	must(at == e->body->local_count && slot == e->stack_base);
}

enum err emitter_init(struct emitter *e, const struct wasm_func_instance *func, uint32_t pool,
		      bool want_offsets)
{
	const struct wasm_body *body = wasm_func_body(func->instance->module, func->index);
	uint32_t first = body->span.size / 2 + OPS_FIRST;

	*e = (struct emitter){.body = body, .param_slots = func->type->param_slots};
	emitter_lay_out(e, pool);
	e->stack = heap_alloc_array((size_t)body->max_stack + 1, sizeof(*e->stack));
	e->local_uses = heap_alloc_array((size_t)e->stack_base + 1, sizeof(*e->local_uses));
	e->ops = heap_alloc_array(first, sizeof(*e->ops));
	if (want_offsets)
		e->offsets = heap_alloc_array(first, sizeof(*e->offsets));
	if (body->has_v128)
		e->locals = heap_alloc_array((size_t)body->local_count + 1, sizeof(*e->locals));
	if (!e->stack || !e->local_uses || !e->ops || (want_offsets && !e->offsets) ||
	    (body->has_v128 && !e->locals)) {
		emitter_fini(e);
		return E_NOMEM;
	}
	e->capacity = first;
	if (e->locals)
		emitter_place_locals(e, func);
	return E_OK;
}

void emitter_fini(struct emitter *e)
{
	heap_free(e->locals);
	heap_free(e->stack);
	heap_free(e->local_uses);
	heap_free(e->ops);
	heap_free(e->offsets);
	*e = (struct emitter){0};
}

/* ---- ops ------------------------------------------------------------------------------------- */

static bool emit_reserve(struct emitter *e)
{
	uint32_t capacity = e->capacity * 2;

	if (e->count < e->capacity)
		return true;
	if (e->err || capacity > INT32_MAX / 2)
		return false;
	struct interp_op *ops =
		heap_resize(e->ops, e->capacity * sizeof(*ops), (size_t)capacity * sizeof(*ops));

	if (!ops)
		return false;
	e->ops = ops;
	if (e->offsets) {
		uint32_t *offsets = heap_resize(e->offsets, e->capacity * sizeof(*offsets),
						(size_t)capacity * sizeof(*offsets));

		if (!offsets)
			return false;
		e->offsets = offsets;
	}
	e->capacity = capacity;
	return true;
}

struct interp_op *emit_op(struct emitter *e, enum interp_op_id id)
{
	if (!emit_reserve(e)) {
		e->err = e->err ? e->err : E_NOMEM;
		return &e->spare;
	}
	if (e->offsets)
		e->offsets[e->count] = e->offset;
	struct interp_op *op = &e->ops[e->count++];

	*op = (struct interp_op){.id = id};
	e->producer = 0;
	return op;
}

void emit_word(struct emitter *e, uint64_t value, uint32_t ab, uint32_t imm)
{
	struct interp_op *op = emit_op(e, INTERP_OP_COUNT);

	op->value = value;
	op->ab = ab;
	op->imm = imm;
}

static uint16_t scratch_slot(const struct emitter *e, unsigned k)
{
	return (uint16_t)(e->scratch_base + 2 * k);
}

static void emit_copy(struct emitter *e, uint32_t to, uint32_t from, bool wide)
{
	struct interp_op *op;

	if (to == from)
		return;
	op = emit_op(e, wide ? INTERP_COPY_V128 : INTERP_COPY);
	op->ab = to;
	op->imm = from;
}

static void emit_const(struct emitter *e, uint32_t slot, const struct operand *x)
{
	bool far = slot > EMIT_SLOT_MAX;
	uint16_t to = far ? scratch_slot(e, SCRATCH_RESULT) : (uint16_t)slot;

	if (x->wide) {
		emit_op(e, INTERP_CONST_V128)->a = to;
		emit_word(e, x->bits, (uint32_t)x->high, (uint32_t)(x->high >> 32));
	} else if (x->bits <= UINT32_MAX) {
		struct interp_op *op = emit_op(e, INTERP_CONST32);

		op->a = to;
		op->imm = (uint32_t)x->bits;
	} else {
		emit_op(e, INTERP_CONST64)->a = to;
		emit_word(e, x->bits, 0, 0);
	}
	if (far)
		emit_copy(e, slot, to, x->wide);
}

void emit_move(struct emitter *e, uint32_t slot, const struct operand *x)
{
	struct interp_op *producer = operand_producer(e, x);

	if (producer && slot <= EMIT_SLOT_MAX) {
		producer->a = (uint16_t)slot;
		e->counted = e->producer;
		e->producer = 0;
	} else if (x->kind == OPERAND_CONST) {
		emit_const(e, slot, x);
	} else {
		emit_copy(e, slot, x->slot, x->wide);
	}
}

/* ---- the stack ------------------------------------------------------------------------------- */

static struct operand *stack_new(struct emitter *e)
{
	must(e->height < e->body->max_stack);
	return &e->stack[e->height++];
}

void stack_push_home(struct emitter *e, uint32_t n)
{
	must(n <= e->body->max_stack - e->height);
	if (e->flushed == e->height && !e->locals) {
		e->height += n;
		e->flushed = e->height;
		return;
	}
	for (; n; n--) {
		uint32_t slot = stack_home(e, e->height);

		*stack_new(e) = (struct operand){.kind = OPERAND_HOME, .slot = slot};
	}
}

static void stack_push_high(struct emitter *e)
{
	must(e->locals);
	*stack_new(e) = (struct operand){.kind = OPERAND_HIGH};
}

void stack_push_wide(struct emitter *e)
{
	uint32_t slot = stack_home(e, e->height);

	*stack_new(e) = (struct operand){.kind = OPERAND_HOME, .wide = true, .slot = slot};
	stack_push_high(e);
}

void stack_push_values(struct emitter *e, const uint32_t *types, uint32_t count, uint32_t slots)
{
	if (!e->locals) {
		must(slots == count);
		stack_push_home(e, slots);
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (types[i] == WASM_V128)
			stack_push_wide(e);
		else
			stack_push_home(e, 1);
	}
}

void stack_push_local(struct emitter *e, uint32_t local)
{
	uint32_t slot = emit_local_slot(e, local);
	struct operand *x = stack_new(e);

	*x = (struct operand){.kind = OPERAND_LOCAL, .slot = slot, .older = e->local_uses[slot]};
	e->local_uses[slot] = e->height;
	if (emit_local_is_wide(e, local)) {
		x->wide = true;
		stack_push_high(e);
	}
}

void stack_push_const(struct emitter *e, uint64_t bits)
{
	uint32_t slot = stack_home(e, e->height);

	*stack_new(e) = (struct operand){.kind = OPERAND_CONST, .slot = slot, .bits = bits};
}

void stack_push_const_wide(struct emitter *e, uint64_t bits, uint64_t high)
{
	uint32_t slot = stack_home(e, e->height);

	*stack_new(e) = (struct operand){
		.kind = OPERAND_CONST, .wide = true, .slot = slot, .bits = bits, .high = high};
	stack_push_high(e);
}

/* The newest entry, which stops being one. */
static struct operand stack_take(struct emitter *e)
{
	must(e->height > 0);
	uint32_t i = --e->height;

	if (i < e->flushed) {
		e->flushed = i;
		return (struct operand){.kind = OPERAND_HOME, .slot = stack_home(e, i)};
	}
	struct operand x = e->stack[i];

	if (x.kind == OPERAND_LOCAL)
		e->local_uses[x.slot] = x.older;
	return x;
}

struct operand stack_pop(struct emitter *e)
{
	return stack_take(e);
}

struct operand stack_pop_wide(struct emitter *e)
{
	must(stack_top_is_wide(e));
	(void)stack_take(e);
	struct operand x = stack_take(e);

	x.wide = true;
	return x;
}

void stack_drop(struct emitter *e, uint32_t n)
{
	for (; n; n--) {
		if (e->height <= e->flushed) {
			must(n <= e->height);
			e->height -= n;
			e->flushed = e->height;
			return;
		}
		(void)stack_take(e);
	}
}

/* Entry i comes home; it is the newest that is not. */
static void stack_settle(struct emitter *e, uint32_t i)
{
	struct operand *x = &e->stack[i];
	uint32_t home = stack_home(e, i);

	if (x->kind == OPERAND_HIGH)
		return; /* comes with the entry below */
	if (x->kind == OPERAND_LOCAL) {
		emit_copy(e, home, x->slot, x->wide);
		e->local_uses[x->slot] = x->older;
	} else if (x->kind == OPERAND_CONST) {
		emit_const(e, home, x);
	}
	*x = (struct operand){.kind = OPERAND_HOME, .wide = x->wide, .slot = home};
}

void stack_flush_top(struct emitter *e, uint32_t n)
{
	uint32_t bottom = e->height - n;

	if (bottom <= e->flushed) {
		stack_flush(e);
		return;
	}
	for (uint32_t i = e->height; i-- > bottom;)
		stack_settle(e, i);
}

void stack_flush(struct emitter *e)
{
	for (uint32_t i = e->height; i-- > e->flushed;)
		stack_settle(e, i);
	e->flushed = e->height;
}

void stack_reset(struct emitter *e, uint32_t height)
{
	must(e->height >= height);
	stack_drop(e, e->height - height);
	e->flushed = height;
}

void stack_save_local(struct emitter *e, uint32_t slot)
{
	uint32_t next = e->local_uses[slot];

	while (next) {
		uint32_t i = next - 1;
		struct operand *x = &e->stack[i];
		uint32_t home = stack_home(e, i);

		next = x->older;
		emit_copy(e, home, slot, x->wide);
		*x = (struct operand){.kind = OPERAND_HOME, .wide = x->wide, .slot = home};
	}
	e->local_uses[slot] = 0;
}

/* ---- operands -------------------------------------------------------------------------------- */

/* Is constant x in the pool from entry i on? */
static bool pool_has(const struct emitter *e, uint32_t i, const struct operand *x)
{
	return e->pool[i] == x->bits &&
	       (!x->wide || (i + 1 < e->pool_count && e->pool[i + 1] == x->high));
}

/* The pool's slot for a constant that is used in a loop; false: it has none. */
static bool pool_slot(struct emitter *e, const struct operand *x, uint16_t *slot)
{
	uint32_t i = 0;

	if (!e->loops)
		return false;
	while (i < e->pool_count && !pool_has(e, i, x))
		i++;
	if (i + x->wide >= EMIT_POOL_MAX)
		return false;
	if (i == e->pool_count) {
		e->pool[e->pool_count++] = x->bits;
		if (x->wide)
			e->pool[e->pool_count++] = x->high;
	}
	*slot = (uint16_t)(e->pool_base + i);
	return i + x->wide < e->pool_reserved;
}

void operand_pool(struct emitter *e, struct operand *x)
{
	uint16_t slot;

	if (x->kind == OPERAND_CONST && pool_slot(e, x, &slot))
		*x = (struct operand){.kind = OPERAND_LOCAL, .wide = x->wide, .slot = slot};
}

uint16_t operand_slot(struct emitter *e, const struct operand *x, unsigned k)
{
	uint16_t pooled;

	if (x->kind == OPERAND_CONST) {
		if (pool_slot(e, x, &pooled))
			return pooled;
		emit_const(e, x->slot, x);
	}
	if (x->slot <= EMIT_SLOT_MAX)
		return (uint16_t)x->slot;
	emit_copy(e, scratch_slot(e, k), x->slot, x->wide);
	return scratch_slot(e, k);
}

struct interp_op *operand_producer(struct emitter *e, const struct operand *x)
{
	if (x->kind != OPERAND_HOME || !e->producer || e->producer <= e->barrier || e->err)
		return NULL;
	struct interp_op *op = &e->ops[e->producer - 1];

	return op->a == x->slot ? op : NULL;
}

/* The op, its result going home or by way of scratch; the entry is the caller's. */
static void emit_home(struct emitter *e, struct interp_op op, const struct interp_op *word,
		      bool wide)
{
	uint32_t home = stack_home(e, e->height);
	bool far = home > EMIT_SLOT_MAX;
	uint32_t at = e->count;

	op.a = far ? scratch_slot(e, SCRATCH_RESULT) : (uint16_t)home;
	*emit_op(e, (enum interp_op_id)op.id) = op;
	if (word)
		emit_word(e, word->value, word->ab, word->imm);
	if (far)
		emit_copy(e, home, op.a, wide);
	else
		e->producer = at + 1;
}

void emit_result(struct emitter *e, struct interp_op op, const struct interp_op *word)
{
	emit_home(e, op, word, false);
	stack_push_home(e, 1);
}

void emit_result_wide(struct emitter *e, struct interp_op op, const struct interp_op *word)
{
	emit_home(e, op, word, true);
	stack_push_wide(e);
}
