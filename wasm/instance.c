/*
 * Instantiation (Core 2.0, 4.5.4): resolve and match every import first, then build, then
 * initialize.
 * Trust: the module is decoded and validated, so indices inside it hold; names are untrusted, and
 * the resolver is the embedder's.
 */
#include "wasm/instance.h"

#include <string.h>

#include "base/checked.h"
#include "base/heap.h"
#include "base/reader.h"
#include "wasm/code.h"
#include "wasm/limits.h"
#include "wasm/store.h"

/* ---- matching of imports (4.5.3) ------------------------------------------------------------- */

static bool limits_match(uint64_t size, const struct wasm_limits *have,
			 const struct wasm_limits *want)
{
	return size >= want->min && (!want->has_max || (have->has_max && have->max <= want->max));
}

static bool extern_matches(const struct wasm_instance *inst, const struct wasm_import *import,
			   const struct wasm_extern *x)
{
	const struct wasm_module *m = inst->module;
	uint32_t i = import->index;

	if (x->kind != import->kind)
		return false;
	switch (x->kind) {
	case WASM_KIND_FUNC:
		return x->func->sig == inst->sigs[m->funcs[i].type];
	case WASM_KIND_TABLE:
		return x->table->type.elem == m->tables[i].elem &&
		       limits_match(x->table->size, &x->table->type.limits, &m->tables[i].limits);
	case WASM_KIND_MEMORY:
		return limits_match(x->memory->size / WASM_PAGE_SIZE, &x->memory->type.limits,
				    &m->memories[i].limits);
	case WASM_KIND_GLOBAL:
		return x->global->type.type == m->globals[i].type.type &&
		       x->global->type.mutable == m->globals[i].type.mutable;
	default:
		return false;
	}
}

static void instance_set_import(struct wasm_instance *inst, uint32_t i, const struct wasm_extern *x)
{
	switch (x->kind) {
	case WASM_KIND_FUNC:
		inst->funcs[i] = x->func;
		break;
	case WASM_KIND_TABLE:
		inst->tables[i] = x->table;
		break;
	case WASM_KIND_MEMORY:
		inst->memories[i] = x->memory;
		break;
	default:
		inst->globals[i] = x->global;
		break;
	}
}

static enum err instance_import(struct wasm_instance *inst, wasm_resolve *resolve, void *env,
				struct wasm_link_error *error)
{
	const struct wasm_module *m = inst->module;

	for (uint32_t i = 0; i < m->import_count; i++) {
		const struct wasm_import *import = &m->imports[i];
		struct wasm_extern x;

		error->import = i;
		if (!resolve || !resolve(env, import->module, import->name, &x))
			return E_WASM_UNKNOWN_IMPORT;
		if (!extern_matches(inst, import, &x))
			return E_WASM_IMPORT_TYPE;
		instance_set_import(inst, import->index, &x);
	}
	return E_OK;
}

/* ---- building -------------------------------------------------------------------------------- */

static enum err instance_alloc(struct wasm_store *s, const struct wasm_module *m,
			       struct wasm_instance **out)
{
	struct arena *a = &s->arena;
	struct wasm_instance *inst = arena_alloc(a, sizeof *inst);

	if (!inst)
		return E_NOMEM;
	inst->store = s;
	inst->module = m;
	inst->funcs = arena_alloc_array(a, m->func_count, sizeof(*inst->funcs));
	inst->tables = arena_alloc_array(a, m->table_count, sizeof(*inst->tables));
	inst->memories = arena_alloc_array(a, m->memory_count, sizeof(*inst->memories));
	inst->globals = arena_alloc_array(a, m->global_count, sizeof(*inst->globals));
	inst->elems = arena_alloc_array(a, m->elem_count, sizeof(*inst->elems));
	inst->data_dropped = arena_alloc_array(a, m->data_count, sizeof(*inst->data_dropped));
	inst->sigs = arena_alloc_array(a, m->type_count, sizeof(*inst->sigs));
	if (!inst->funcs || !inst->tables || !inst->memories || !inst->globals || !inst->elems ||
	    !inst->data_dropped || !inst->sigs)
		return E_NOMEM;
	for (uint32_t i = 0; i < m->type_count; i++) {
		enum err err = wasm_sig_intern(s, &m->types[i], &inst->sigs[i]);

		if (err)
			return err;
	}
	*out = inst;
	return E_OK;
}

static enum err instance_add_funcs(struct wasm_instance *inst)
{
	const struct wasm_module *m = inst->module;
	uint32_t count = m->func_count - m->import_func_count;
	struct wasm_func_instance *f = arena_alloc_array(&inst->store->arena, count, sizeof *f);

	if (!f || !wasm_store_reserve_funcs(inst->store, count))
		return E_NOMEM;
	for (uint32_t i = m->import_func_count; i < m->func_count; i++, f++) {
		f->instance = inst;
		f->type = wasm_func_type(m, i);
		f->sig = inst->sigs[m->funcs[i].type];
		f->index = i;
		wasm_store_add_func(inst->store, f);
		inst->funcs[i] = f;
	}
	return E_OK;
}

static enum err instance_add_spaces(struct wasm_instance *inst)
{
	const struct wasm_module *m = inst->module;
	enum err err = E_OK;

	for (uint32_t i = m->import_table_count; !err && i < m->table_count; i++)
		err = wasm_table_add(inst->store, &m->tables[i], &inst->tables[i]);
	for (uint32_t i = m->import_memory_count; !err && i < m->memory_count; i++)
		err = wasm_memory_add(inst->store, &m->memories[i], &inst->memories[i]);
	return err;
}

/* ---- constant expressions (3.3.8.2) ---------------------------------------------------------- */

static void expr_binary(enum wasm_op op, uint64_t *x, uint64_t y)
{
	switch (op) {
	case WASM_OP_I32_ADD:
		*x = (uint32_t)(*x + y);
		break;
	case WASM_OP_I32_SUB:
		*x = (uint32_t)(*x - y);
		break;
	case WASM_OP_I32_MUL:
		*x = (uint32_t)(*x * y);
		break;
	case WASM_OP_I64_ADD:
		*x += y;
		break;
	case WASM_OP_I64_SUB:
		*x -= y;
		break;
	default:
		*x *= y;
		break;
	}
}

/* The value that the instruction pushes. */
static uint64_t expr_value(const struct wasm_instance *inst, const struct wasm_insn *insn)
{
	switch (insn->op) {
	case WASM_OP_GLOBAL_GET:
		return inst->globals[insn->index]->value;
	case WASM_OP_REF_FUNC:
		return inst->funcs[insn->index]->ref;
	case WASM_OP_REF_NULL:
		return 0;
	default:
		return insn->bits;
	}
}

static bool expr_op_is_binary(enum wasm_op op)
{
	return op == WASM_OP_I32_ADD || op == WASM_OP_I32_SUB || op == WASM_OP_I32_MUL ||
	       op == WASM_OP_I64_ADD || op == WASM_OP_I64_SUB || op == WASM_OP_I64_MUL;
}

static uint64_t expr_run(const struct wasm_instance *inst, struct reader r, uint64_t *stack,
			 uint32_t size)
{
	struct wasm_insn insn;
	uint32_t n = 0;

	for (;;) {
		must(code_next(&r, &insn) == E_OK);
		if (insn.op == WASM_OP_END)
			break;
		if (expr_op_is_binary(insn.op)) {
			must(n >= 2);
			n--;
			expr_binary(insn.op, &stack[n - 1], stack[n]);
		} else {
			must(n < size);
			stack[n++] = expr_value(inst, &insn);
		}
	}
	must(n == 1);
	return stack[0];
}

static enum err expr_eval(const struct wasm_instance *inst, const struct wasm_expr *expr,
			  uint64_t *value)
{
	struct reader r = wasm_span_reader(inst->module, expr->code);
	uint64_t few[8];

	if (expr->max_stack <= COUNT_OF(few)) {
		*value = expr_run(inst, r, few, COUNT_OF(few));
		return E_OK;
	}
	uint64_t *stack = heap_alloc_array(expr->max_stack, sizeof *stack);

	if (!stack)
		return E_NOMEM;
	*value = expr_run(inst, r, stack, expr->max_stack);
	heap_free(stack);
	return E_OK;
}

/* ---- initializing ---------------------------------------------------------------------------- */

static enum err instance_add_globals(struct wasm_instance *inst)
{
	const struct wasm_module *m = inst->module;

	for (uint32_t i = m->import_global_count; i < m->global_count; i++) {
		uint64_t value;
		enum err err = expr_eval(inst, &m->globals[i].init, &value);

		if (!err)
			err = wasm_global_add(inst->store, m->globals[i].type, value,
					      &inst->globals[i]);
		if (err)
			return err;
	}
	return E_OK;
}

static uint32_t item_ref(const struct wasm_instance *inst, struct wasm_item item)
{
	switch (item.kind) {
	case WASM_ITEM_FUNC:
		return inst->funcs[item.index]->ref;
	case WASM_ITEM_GLOBAL:
		return (uint32_t)inst->globals[item.index]->value;
	default:
		return 0;
	}
}

static void elem_refs(const struct wasm_instance *inst, const struct wasm_elem *elem, uint32_t *out)
{
	struct reader r = wasm_span_reader(inst->module, elem->items);

	for (uint32_t i = 0; i < elem->count; i++)
		out[i] = item_ref(inst, wasm_elem_next(elem, &r));
}

/* Only what table.init can still see is kept. */
static enum err instance_add_elems(struct wasm_instance *inst)
{
	for (uint32_t i = 0; i < inst->module->elem_count; i++) {
		const struct wasm_elem *elem = &inst->module->elems[i];
		struct wasm_elem_instance *e = &inst->elems[i];

		if (elem->mode != WASM_PASSIVE)
			continue;
		e->refs = arena_alloc_array(&inst->store->arena, elem->count, sizeof(*e->refs));
		if (!e->refs)
			return E_NOMEM;
		elem_refs(inst, elem, e->refs);
		e->count = elem->count;
	}
	return E_OK;
}

static enum err instance_init_tables(struct wasm_instance *inst, enum wasm_trap *trap)
{
	for (uint32_t i = 0; i < inst->module->elem_count; i++) {
		const struct wasm_elem *elem = &inst->module->elems[i];
		uint64_t to;

		if (elem->mode != WASM_ACTIVE)
			continue;
		struct wasm_table_instance *t = inst->tables[elem->table];
		enum err err = expr_eval(inst, &elem->offset, &to);

		if (err)
			return err;
		if (!range_inside(to, elem->count, t->size)) {
			*trap = TRAP_TABLE_BOUNDS;
			return E_WASM_TRAP;
		}
		elem_refs(inst, elem, t->elems + to);
	}
	return E_OK;
}

static enum err instance_init_memories(struct wasm_instance *inst, enum wasm_trap *trap)
{
	for (uint32_t i = 0; i < inst->module->data_count; i++) {
		const struct wasm_data *data = &inst->module->datas[i];
		uint64_t to;

		if (data->mode != WASM_ACTIVE)
			continue;
		enum err err = expr_eval(inst, &data->offset, &to);

		if (err)
			return err;
		*trap = wasm_memory_init(inst, i, (uint32_t)to, 0, data->bytes.size);
		if (*trap)
			return E_WASM_TRAP;
		wasm_data_drop(inst, i);
	}
	return E_OK;
}

enum err wasm_instantiate(struct wasm_store *s, const struct wasm_module *module,
			  wasm_resolve *resolve, void *env, struct wasm_instance **instance,
			  struct wasm_link_error *error)
{
	struct wasm_instance *inst;
	enum err err = instance_alloc(s, module, &inst);

	*error = (struct wasm_link_error){0};
	if (!err)
		err = instance_import(inst, resolve, env, error);
	if (!err)
		err = instance_add_funcs(inst);
	if (!err)
		err = instance_add_spaces(inst);
	if (!err)
		err = instance_add_globals(inst);
	if (!err)
		err = instance_add_elems(inst);
	if (!err)
		err = instance_init_tables(inst, &error->trap);
	if (!err)
		err = instance_init_memories(inst, &error->trap);
	if (err)
		return err;
	inst->next = s->instances;
	s->instances = inst;
	*instance = inst;
	return E_OK;
}

/* ---- afterwards ------------------------------------------------------------------------------ */

struct wasm_func_instance *wasm_instance_start(const struct wasm_instance *inst)
{
	uint32_t start = inst->module->start;

	return start == WASM_NO_INDEX ? NULL : inst->funcs[start];
}

bool wasm_instance_export(const struct wasm_instance *inst, struct wasm_name name,
			  struct wasm_extern *out)
{
	const struct wasm_export *e = wasm_export_find(inst->module, name.p, name.len);

	if (!e)
		return false;
	out->kind = (enum wasm_kind)e->kind;
	switch (out->kind) {
	case WASM_KIND_FUNC:
		out->func = inst->funcs[e->index];
		return true;
	case WASM_KIND_TABLE:
		out->table = inst->tables[e->index];
		return true;
	case WASM_KIND_MEMORY:
		out->memory = inst->memories[e->index];
		return true;
	case WASM_KIND_GLOBAL:
		out->global = inst->globals[e->index];
		return true;
	default:
		return false;
	}
}
