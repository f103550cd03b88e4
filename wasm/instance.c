/*
 * Instantiation (Core 3.0, 4.5.4): resolve and match every import first, then build, then
 * initialize.
 * Trust: the module is decoded and validated, so indices inside it hold; names are untrusted, and
 * the resolver is the embedder's.
 */
#include "wasm/instance.h"

#include <string.h>

#include "base/checked.h"
#include "base/heap.h"
#include "wasm/code.h"
#include "wasm/limits.h"
#include "wasm/store.h"

/* ---- matching of imports (4.5.3) ------------------------------------------------------------- */

static bool limits_match(uint64_t size, const struct wasm_limits *have,
			 const struct wasm_limits *want)
{
	return size >= want->min && (!want->has_max || (have->has_max && have->max <= want->max));
}

static bool memory_matches(const struct wasm_memory_instance *have,
			   const struct wasm_memory_type *want)
{
	return have->type.shared == want->shared &&
	       limits_match(wasm_memory_size(have) / WASM_PAGE_SIZE, &have->type.limits,
			    &want->limits);
}

/* want: the value type in the store's terms. What can be written must have the very type. */
static bool global_matches(const struct wasm_global_type *have, uint32_t want, bool mutable)
{
	if (have->mutable != mutable)
		return false;
	return mutable ? have->type == want : wasm_type_matches(have->type, want);
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
		return x->table->type.elem == wasm_store_type(inst, m->tables[i].type.elem) &&
		       limits_match(x->table->size, &x->table->type.limits,
				    &m->tables[i].type.limits);
	case WASM_KIND_MEMORY:
		return memory_matches(x->memory, &m->memories[i]);
	case WASM_KIND_GLOBAL:
		return global_matches(&x->global->type,
				      wasm_store_type(inst, m->globals[i].type.type),
				      m->globals[i].type.mutable);
	case WASM_KIND_TAG:
		return x->tag->sig == inst->sigs[m->tags[i].type];
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
	case WASM_KIND_GLOBAL:
		inst->globals[i] = x->global;
		break;
	default:
		inst->tags[i] = x->tag;
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
	inst->tags = arena_alloc_array(a, m->tag_count, sizeof(*inst->tags));
	inst->elems = arena_alloc_array(a, m->elem_count, sizeof(*inst->elems));
	inst->data_dropped = arena_alloc_array(a, m->data_count, sizeof(*inst->data_dropped));
	inst->sigs = arena_alloc_array(a, m->type_count, sizeof(*inst->sigs));
	inst->types = arena_alloc_array(a, m->type_count, sizeof(*inst->types));
	if (!inst->funcs || !inst->tables || !inst->memories || !inst->globals || !inst->tags ||
	    !inst->elems || !inst->data_dropped || !inst->sigs || !inst->types)
		return E_NOMEM;
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
		f->type = &inst->types[m->funcs[i].type];
		f->sig = inst->sigs[m->funcs[i].type];
		f->index = i;
		wasm_store_add_func(inst->store, f);
		inst->funcs[i] = f;
	}
	return E_OK;
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

static bool expr_op_is_binary(enum wasm_op op)
{
	return op == WASM_OP_I32_ADD || op == WASM_OP_I32_SUB || op == WASM_OP_I32_MUL ||
	       op == WASM_OP_I64_ADD || op == WASM_OP_I64_SUB || op == WASM_OP_I64_MUL;
}

/* The value that the instruction pushes; how many slots it takes. */
static uint32_t expr_value(const struct wasm_instance *inst, const struct wasm_insn *insn,
			   uint64_t value[2])
{
	const struct wasm_global_instance *g;

	value[1] = 0;
	switch (insn->op) {
	case WASM_OP_GLOBAL_GET:
		g = inst->globals[insn->index];
		memcpy(value, g->value, sizeof g->value);
		return wasm_type_slots(g->type.type);
	case WASM_OP_V128_CONST:
		memcpy(value, insn->v128, sizeof insn->v128);
		return 2;
	case WASM_OP_REF_FUNC:
		value[0] = inst->funcs[insn->index]->ref;
		return 1;
	case WASM_OP_REF_NULL:
		value[0] = 0;
		return 1;
	default:
		value[0] = insn->bits;
		return 1;
	}
}

struct expr_stack {
	uint64_t *slots;
	uint32_t height;
	uint32_t size;
};

static void expr_step(const struct wasm_instance *inst, const struct wasm_insn *insn,
		      struct expr_stack *s)
{
	uint64_t value[2];

	if (expr_op_is_binary(insn->op)) {
		must(s->height >= 2);
		s->height--;
		expr_binary(insn->op, &s->slots[s->height - 1], s->slots[s->height]);
		return;
	}
	uint32_t n = expr_value(inst, insn, value);

	must(n <= s->size - s->height);
	memcpy(&s->slots[s->height], value, n * sizeof *value);
	s->height += n;
}

static void expr_run(const struct wasm_instance *inst, struct reader r, struct expr_stack *s,
		     uint64_t value[2])
{
	struct wasm_insn insn;

	for (;;) {
		must(code_next(inst->module, &r, &insn) == E_OK);
		if (insn.op == WASM_OP_END)
			break;
		expr_step(inst, &insn, s);
	}
	must(s->height == 1 || s->height == 2);
	value[0] = s->slots[0];
	value[1] = s->height == 2 ? s->slots[1] : 0;
}

static enum err expr_eval(const struct wasm_instance *inst, const struct wasm_expr *expr,
			  uint64_t value[2])
{
	struct reader r = wasm_span_reader(inst->module, expr->code);
	uint64_t few[8];
	struct expr_stack stack = {.slots = few, .size = COUNT_OF(few)};

	if (expr->max_stack > COUNT_OF(few)) {
		stack.slots = heap_alloc_array(expr->max_stack, sizeof *stack.slots);
		stack.size = expr->max_stack;
	}
	if (!stack.slots)
		return E_NOMEM;
	expr_run(inst, r, &stack, value);
	if (stack.slots != few)
		heap_free(stack.slots);
	return E_OK;
}

/* ---- initializing ---------------------------------------------------------------------------- */

/* Its initial value may only name functions and imported globals. */
static enum err instance_add_table(struct wasm_instance *inst, uint32_t i)
{
	const struct wasm_table *table = &inst->module->tables[i];
	const struct wasm_table_type type = {wasm_store_type(inst, table->type.elem),
					     table->type.limits};
	uint64_t value[2] = {0};
	enum err err = wasm_table_add(inst->store, &type, &inst->tables[i]);

	if (err || !table->has_init)
		return err;
	err = expr_eval(inst, &table->init, value);
	if (!err) {
		struct wasm_table_instance *t = inst->tables[i];

		must(wasm_table_fill(t, 0, (uint32_t)value[0], t->size) == TRAP_NONE);
	}
	return err;
}

static enum err instance_add_tag(struct wasm_instance *inst, uint32_t i)
{
	const uint32_t type = inst->module->tags[i].type;
	struct wasm_tag_instance *t = arena_alloc(&inst->store->arena, sizeof *t);

	if (!t)
		return E_NOMEM;
	*t = (struct wasm_tag_instance){&inst->types[type], inst->sigs[type]};
	inst->tags[i] = t;
	return E_OK;
}

static enum err instance_add_spaces(struct wasm_instance *inst)
{
	const struct wasm_module *m = inst->module;
	enum err err = E_OK;

	for (uint32_t i = m->import_table_count; !err && i < m->table_count; i++)
		err = instance_add_table(inst, i);
	for (uint32_t i = m->import_memory_count; !err && i < m->memory_count; i++)
		err = wasm_memory_add(inst->store, &m->memories[i], &inst->memories[i]);
	for (uint32_t i = m->import_tag_count; !err && i < m->tag_count; i++)
		err = instance_add_tag(inst, i);
	return err;
}

static enum err instance_add_globals(struct wasm_instance *inst)
{
	const struct wasm_module *m = inst->module;

	for (uint32_t i = m->import_global_count; i < m->global_count; i++) {
		const struct wasm_global *global = &m->globals[i];
		const struct wasm_global_type type = {wasm_store_type(inst, global->type.type),
						      global->type.mutable};
		uint64_t value[2];
		enum err err = expr_eval(inst, &global->init, value);

		if (!err)
			err = wasm_global_add(inst->store, type, value, &inst->globals[i]);
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
		return (uint32_t)inst->globals[item.index]->value[0];
	default:
		return 0;
	}
}

static void elem_refs(const struct wasm_instance *inst, const struct wasm_elem *elem, uint32_t *out)
{
	struct reader r = wasm_span_reader(inst->module, elem->items);

	for (uint32_t i = 0; i < elem->count; i++)
		out[i] = item_ref(inst, wasm_elem_next(inst->module, elem, &r));
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
		uint64_t to[2];

		if (elem->mode != WASM_ACTIVE)
			continue;
		struct wasm_table_instance *t = inst->tables[elem->table];
		enum err err = expr_eval(inst, &elem->offset, to);

		if (err)
			return err;
		if (!range_inside(to[0], elem->count, t->size)) {
			*trap = TRAP_TABLE_BOUNDS;
			return E_WASM_TRAP;
		}
		elem_refs(inst, elem, t->elems + to[0]);
	}
	return E_OK;
}

static enum err instance_init_memories(struct wasm_instance *inst, enum wasm_trap *trap)
{
	for (uint32_t i = 0; i < inst->module->data_count; i++) {
		const struct wasm_data *data = &inst->module->datas[i];
		uint64_t to[2];

		if (data->mode != WASM_ACTIVE)
			continue;
		enum err err = expr_eval(inst, &data->offset, to);

		if (err)
			return err;
		*trap = wasm_memory_init(inst, data->memory, i, (uint32_t)to[0], 0,
					 data->bytes.size);
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
		err = wasm_store_add_types(inst);
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
	case WASM_KIND_TAG:
		out->tag = inst->tags[e->index];
		return true;
	default:
		return false;
	}
}
