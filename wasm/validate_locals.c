/*
 * Locals of a body, and which of them may be read (Core 3.0, 3.4.4 and appendix A.3).
 * Trust: the bytes are untrusted.
 * Invariant: a body costs no more than its bytes and VALIDATE_NEAR_LOCALS, however many locals a
 * run of a few bytes declares; each local lies in exactly one run. Between bodies no local is set:
 * the end of a body undoes what it has set.
 */
#include "wasm/validate_impl.h"

#include "base/heap.h"
#include "wasm/leb.h"
#include "wasm/limits.h"
#include "wasm/value_type.h"

enum err locals_new(struct locals **out)
{
	struct locals *l = heap_alloc(sizeof(*l));

	if (!l)
		return E_NOMEM;
	l->runs = heap_alloc_array(WASM_MAX_LOCALS, sizeof(*l->runs));
	l->stamps = heap_alloc_array(WASM_MAX_LOCALS, sizeof(*l->stamps));
	l->sets = heap_alloc_array(WASM_MAX_LOCALS, sizeof(*l->sets));
	if (!l->runs || !l->stamps || !l->sets) {
		locals_free(l);
		return E_NOMEM;
	}
	*out = l;
	return E_OK;
}

void locals_free(struct locals *l)
{
	if (!l)
		return;
	heap_free(l->runs);
	heap_free(l->stamps);
	heap_free(l->sets);
	heap_free(l);
}

static enum err locals_add(struct locals *l, uint32_t count, uint32_t type)
{
	if (count > WASM_MAX_LOCALS - l->count)
		return E_WASM_MANY_LOCALS;
	if (count == 0)
		return E_OK;
	for (uint32_t i = l->count; i < l->count + count && i < VALIDATE_NEAR_LOCALS; i++)
		l->near[i] = type;
	l->count += count;
	l->slots += count * wasm_type_slots(type);
	l->has_v128 |= type == WASM_V128;
	l->runs[l->run_count++] = (struct local_run){l->count, type};
	return E_OK;
}

/* The type of a local that is not near: the first run that ends behind it. */
static NOINLINE uint32_t locals_find(const struct locals *l, uint32_t index)
{
	uint32_t low = 0, high = l->run_count - 1;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (l->runs[middle].end <= index)
			low = middle + 1;
		else
			high = middle;
	}
	return l->runs[low].type;
}

static ALWAYS_INLINE uint32_t locals_type(const struct locals *l, uint32_t index)
{
	return likely(index < VALIDATE_NEAR_LOCALS) ? l->near[index] : locals_find(l, index);
}

static bool locals_is_set(const struct locals *l, uint32_t index)
{
	return l->stamps[index] == l->stamp;
}

static void locals_set(struct locals *l, uint32_t index)
{
	if (locals_is_set(l, index))
		return;
	l->stamps[index] = l->stamp;
	l->sets[l->set_count++] = index;
}

void locals_unset(struct locals *l, uint32_t count)
{
	while (l->set_count > count)
		l->stamps[l->sets[--l->set_count]] = 0;
}

enum err validate_take_locals(struct validator *v)
{
	struct locals *l = v->locals;
	uint32_t runs, count, type;

	l->count = 0;
	l->slots = 0;
	l->run_count = 0;
	l->has_v128 = false;
	l->stamp++;
	for (uint32_t i = 0; i < v->type->param_count; i++) {
		must(locals_add(l, 1, v->type->params[i]) == E_OK); /* at most WASM_MAX_PARAMS */
		if (!wasm_type_is_defaultable(v->type->params[i]))
			locals_set(l, i);
	}
	enum err e = leb_take_u32(&v->r, &runs);

	for (uint32_t i = 0; !e && i < runs; i++) {
		e = leb_take_u32(&v->r, &count);
		if (!e)
			e = value_type_take(v->m, &v->r, &type);
		if (!e)
			e = locals_add(l, count, type);
	}
	return e;
}

enum err validate_local(struct validator *v, const struct wasm_insn *insn)
{
	struct locals *l = v->locals;

	if (insn->index >= l->count)
		return E_WASM_NO_SUCH_LOCAL;
	uint32_t type = locals_type(l, insn->index);
	bool may_be_unset = !wasm_type_is_defaultable(type);

	if (insn->op == WASM_OP_LOCAL_GET) {
		if (unlikely(may_be_unset) && !locals_is_set(l, insn->index))
			return E_WASM_LOCAL_UNSET;
		return validate_push(v, type);
	}
	enum err e = validate_pop(v, type);

	if (e)
		return e;
	if (unlikely(may_be_unset))
		locals_set(l, insn->index);
	return insn->op == WASM_OP_LOCAL_SET ? E_OK : validate_push(v, type);
}
