/*
 * Element and data segments (Core 3.0, 5.5.12, 5.5.14, 5.5.16).
 * Trust: the bytes are untrusted.
 */
#include "wasm/decode.h"

#include "wasm/expr.h"
#include "wasm/leb.h"
#include "wasm/limits.h"
#include "wasm/value_type.h"

/* Bits of the flags that open an element segment. */
enum elem_flag {
	ELEM_NOT_ACTIVE = 1,
	ELEM_EXPLICIT = 2, /* active: has a table index; otherwise: declared, not passive */
	ELEM_EXPRS = 4,
	ELEM_FLAGS = 7,
};

static enum wasm_segment_mode elem_mode(uint32_t flags)
{
	if (!(flags & ELEM_NOT_ACTIVE))
		return WASM_ACTIVE;
	return flags & ELEM_EXPLICIT ? WASM_DECLARED : WASM_PASSIVE;
}

/* Table and offset of an active segment. */
static enum err decode_elem_place(struct decoder *d, struct wasm_elem *elem, uint32_t flags)
{
	struct wasm_module *m = d->m;
	uint32_t table = 0;

	if (flags & ELEM_EXPLICIT) {
		enum err e = leb_take_u32(&d->r, &table);

		if (e)
			return e;
	}
	if (table >= m->table_count)
		return E_WASM_NO_SUCH_TABLE;
	elem->table = table;
	return expr_take(m, &elem->offset, &d->r, &d->stack, WASM_I32);
}

/* The element type: left out in the oldest forms, a kind byte for indices, which are never null,
 * else a reference type. */
static enum err decode_elem_type(struct decoder *d, struct wasm_elem *elem, uint32_t flags)
{
	uint8_t kind;

	elem->type = flags & ELEM_EXPRS ? WASM_FUNCREF : WASM_REF_ABSTRACT(WASM_HEAP_FUNC);
	if (!(flags & (ELEM_NOT_ACTIVE | ELEM_EXPLICIT)))
		return E_OK;
	if (flags & ELEM_EXPRS)
		return value_type_take_ref(d->m, &d->r, &elem->type);
	if (!leb_take_byte(&d->r, &kind))
		return E_WASM_END;
	return kind == 0 ? E_OK : E_WASM_BAD_ELEM_KIND;
}

static enum err decode_elem_item(struct decoder *d, const struct wasm_elem *elem)
{
	struct wasm_module *m = d->m;
	struct wasm_expr expr;
	uint32_t func;

	if (elem->exprs)
		return expr_take(m, &expr, &d->r, &d->stack, elem->type);
	enum err e = decode_take_index(d, &func, m->func_count, E_WASM_NO_SUCH_FUNC);

	if (!e)
		m->funcs[func].declared = true;
	return e;
}

static enum err decode_elem_items(struct decoder *d, struct wasm_elem *elem)
{
	enum err e = decode_take_count(d, &elem->count, WASM_MAX_ELEM_ITEMS, E_WASM_MANY_ELEMS);

	elem->items.offset = decode_offset(d);
	for (uint32_t i = 0; !e && i < elem->count; i++)
		e = decode_elem_item(d, elem);
	elem->items.size = decode_offset(d) - elem->items.offset;
	return e;
}

static enum err decode_elem(struct decoder *d, struct wasm_elem *elem)
{
	uint32_t flags;
	enum err e = leb_take_u32(&d->r, &flags);

	if (e)
		return e;
	if (flags > ELEM_FLAGS)
		return E_WASM_BAD_SEGMENT;
	elem->mode = (uint8_t)elem_mode(flags);
	elem->exprs = flags & ELEM_EXPRS;
	if (elem->mode == WASM_ACTIVE)
		e = decode_elem_place(d, elem, flags);
	if (!e)
		e = decode_elem_type(d, elem, flags);
	if (e)
		return e;
	if (elem->mode == WASM_ACTIVE &&
	    !wasm_type_matches(elem->type, d->m->tables[elem->table].type.elem))
		return E_WASM_TYPE_MISMATCH;
	return decode_elem_items(d, elem);
}

enum err decode_elem_section(struct decoder *d)
{
	struct wasm_module *m = d->m;
	uint32_t count;
	enum err e = decode_take_count(d, &count, WASM_MAX_ELEMS, E_WASM_MANY_ELEMS);

	if (e)
		return e;
	m->elems = arena_alloc_array(&m->arena, count, sizeof(*m->elems));
	if (!m->elems)
		return E_NOMEM;
	for (uint32_t i = 0; i < count && !e; i++)
		e = decode_elem(d, &m->elems[i]);
	m->elem_count = count;
	return e;
}

/* ---- data ------------------------------------------------------------------------------------ */

/* The count sizes nothing; the data section, which comes later, must agree with it. */
enum err decode_data_count_section(struct decoder *d)
{
	uint32_t count;
	enum err e = leb_take_u32(&d->r, &count);

	if (e)
		return e;
	if (count > WASM_MAX_DATAS)
		return E_WASM_MANY_DATAS;
	d->m->data_count = count;
	d->m->has_data_count = true;
	return E_OK;
}

/* Memory and offset of an active segment; flags 2 gives the memory's index. */
static enum err decode_data_place(struct decoder *d, struct wasm_data *data, uint32_t flags)
{
	struct wasm_module *m = d->m;
	uint32_t memory = 0;

	if (flags == 2) {
		enum err e = leb_take_u32(&d->r, &memory);

		if (e)
			return e;
	}
	if (memory >= m->memory_count)
		return E_WASM_NO_SUCH_MEMORY;
	data->mode = WASM_ACTIVE;
	data->memory = memory;
	return expr_take(m, &data->offset, &d->r, &d->stack, WASM_I32);
}

static enum err decode_data(struct decoder *d, struct wasm_data *data)
{
	uint32_t flags;
	enum err e = leb_take_u32(&d->r, &flags);

	if (e)
		return e;
	if (flags > 2)
		return E_WASM_BAD_SEGMENT;
	if (flags == 1)
		data->mode = WASM_PASSIVE;
	else
		e = decode_data_place(d, data, flags);
	if (!e)
		e = decode_take_count(d, &data->bytes.size, WASM_MAX_MODULE_SIZE, E_WASM_END);
	if (e)
		return e;
	data->bytes.offset = decode_offset(d);
	(void)reader_take(&d->r, data->bytes.size);
	return E_OK;
}

enum err decode_data_section(struct decoder *d)
{
	struct wasm_module *m = d->m;
	uint32_t count;
	enum err e = decode_take_count(d, &count, WASM_MAX_DATAS, E_WASM_MANY_DATAS);

	if (e)
		return e;
	d->segment_count = count;
	m->datas = arena_alloc_array(&m->arena, count, sizeof(*m->datas));
	if (!m->datas)
		return E_NOMEM;
	for (uint32_t i = 0; i < count && !e; i++)
		e = decode_data(d, &m->datas[i]);
	if (!m->has_data_count)
		m->data_count = count;
	return e;
}
