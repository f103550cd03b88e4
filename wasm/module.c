/*
 * What a decoded module answers.
 * Trust: the module has been decoded, and its bodies validated where the header says so; names that
 * are looked up, and the section "name", are untrusted.
 */
#include "wasm/module.h"

#include "wasm/code.h"
#include "wasm/leb.h"
#include "wasm/name.h"
#include "wasm/value_type.h"

void wasm_module_fini(struct wasm_module *m)
{
	arena_fini(&m->arena);
	*m = (struct wasm_module){0};
}

const struct wasm_func_type *wasm_func_type(const struct wasm_module *m, uint32_t func)
{
	must(func < m->func_count);
	return &m->types[m->funcs[func].type];
}

const struct wasm_func_type *wasm_tag_type(const struct wasm_module *m, uint32_t tag)
{
	must(tag < m->tag_count);
	return &m->types[m->tags[tag].type];
}

const struct wasm_body *wasm_func_body(const struct wasm_module *m, uint32_t func)
{
	must(func >= m->import_func_count && func < m->func_count);
	return &m->bodies[func - m->import_func_count];
}

struct reader wasm_span_reader(const struct wasm_module *m, struct wasm_span span)
{
	struct reader r;

	must(span.offset <= m->size && span.size <= m->size - span.offset);
	reader_init(&r, m->bytes + span.offset, span.size);
	return r;
}

uint32_t wasm_locals_begin(struct reader *r)
{
	uint32_t runs;

	must(leb_take_u32(r, &runs) == E_OK);
	return runs;
}

void wasm_locals_next(const struct wasm_module *m, struct reader *r, uint32_t *count,
		      uint32_t *type)
{
	must(leb_take_u32(r, count) == E_OK && value_type_take(m, r, type) == E_OK);
}

struct reader wasm_body_code(const struct wasm_module *m, const struct wasm_body *body)
{
	struct wasm_span code = {body->code, body->span.offset + body->span.size - body->code};

	return wasm_span_reader(m, code);
}

/* An item written as an expression: one instruction, then `end`. */
static struct wasm_item elem_expr_next(const struct wasm_module *m, struct reader *r)
{
	struct wasm_insn insn, end;

	must(code_next(m, r, &insn) == E_OK && code_next(m, r, &end) == E_OK);
	must(end.op == WASM_OP_END);
	switch (insn.op) {
	case WASM_OP_REF_NULL:
		return (struct wasm_item){WASM_ITEM_NULL, 0};
	case WASM_OP_REF_FUNC:
		return (struct wasm_item){WASM_ITEM_FUNC, insn.index};
	case WASM_OP_GLOBAL_GET:
		return (struct wasm_item){WASM_ITEM_GLOBAL, insn.index};
	default:
		must(false);
	}
}

struct wasm_item wasm_elem_next(const struct wasm_module *m, const struct wasm_elem *elem,
				struct reader *r)
{
	struct wasm_item item = {WASM_ITEM_FUNC, 0};

	if (elem->exprs)
		return elem_expr_next(m, r);
	must(leb_take_u32(r, &item.index) == E_OK);
	return item;
}

/* ---- the section "name" ---------------------------------------------------------------------- */

#define NAMES_OF_FUNCS 1

/* The subsection of that id, or an empty reader. */
static struct reader names_find_subsection(struct reader r, uint8_t wanted)
{
	uint32_t size;
	uint8_t id;

	while (leb_take_byte(&r, &id) && leb_take_u32(&r, &size) == E_OK) {
		struct reader sub = reader_sub(&r, size);

		if (id == wanted)
			return sub;
	}
	return (struct reader){0};
}

/* The names of functions as they come; false behind the last one. */
struct names {
	struct reader r;
	uint32_t left;
};

static struct names names_of_funcs(const struct wasm_module *m)
{
	struct names n = {names_find_subsection(wasm_span_reader(m, m->names), NAMES_OF_FUNCS), 0};

	if (leb_take_u32(&n.r, &n.left) != E_OK)
		n.left = 0;
	return n;
}

static bool names_next(struct names *n, uint32_t *index, struct wasm_name *name)
{
	if (n->left == 0)
		return false;
	n->left--;
	return leb_take_u32(&n->r, index) == E_OK && name_take(&n->r, name) == E_OK;
}

struct wasm_name wasm_func_name(const struct wasm_module *m, uint32_t func)
{
	struct names n = names_of_funcs(m);
	struct wasm_name name;
	uint32_t index;

	while (names_next(&n, &index, &name)) {
		if (index == func)
			return name;
	}
	return (struct wasm_name){0};
}

void wasm_func_names(const struct wasm_module *m, struct wasm_name *names)
{
	struct names n = names_of_funcs(m);
	struct wasm_name name;
	uint32_t index;

	while (names_next(&n, &index, &name)) {
		if (index < m->func_count && !names[index].p)
			names[index] = name;
	}
}
