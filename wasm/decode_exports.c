/*
 * Exports (Core 3.0, 5.5.10), and their order by name, which serves to find duplicates and to look
 * names up. Sorted by merging, not hashed: a hostile module cannot make that slow.
 * Trust: the bytes are untrusted.
 */
#include "wasm/decode.h"

#include <string.h>

#include "wasm/leb.h"
#include "wasm/limits.h"
#include "wasm/name.h"

/* Any total order will do; shorter names come first, since that is cheap to tell. */
static int export_compare(const struct wasm_name *name, const char *p, size_t len)
{
	if (name->len != len)
		return name->len < len ? -1 : 1;
	return memcmp(name->p, p, len);
}

/* Merges the sorted runs from[begin, middle) and from[middle, end) into to[begin, end). */
static void export_merge(const struct wasm_export *exports, uint32_t *to, const uint32_t *from,
			 uint32_t begin, uint32_t middle, uint32_t end)
{
	uint32_t a = begin, b = middle;

	for (uint32_t i = begin; i < end; i++) {
		bool take_b = a == middle;

		if (!take_b && b != end) {
			const struct wasm_name *y = &exports[from[b]].name;

			take_b = export_compare(&exports[from[a]].name, y->p, y->len) > 0;
		}
		to[i] = take_b ? from[b++] : from[a++];
	}
}

/* Sorts `order`, whose entries are indices of exports; `other` is as large. The result is in
 * either. */
static uint32_t *export_sort(const struct wasm_export *exports, uint32_t *order, uint32_t *other,
			     uint32_t count)
{
	for (uint64_t width = 1; width < count; width *= 2) {
		for (uint64_t at = 0; at < count; at += 2 * width) {
			uint64_t middle = at + width < count ? at + width : count;
			uint64_t end = at + 2 * width < count ? at + 2 * width : count;

			export_merge(exports, other, order, (uint32_t)at, (uint32_t)middle,
				     (uint32_t)end);
		}
		uint32_t *swap = order;

		order = other;
		other = swap;
	}
	return order;
}

static enum err export_check_unique(struct decoder *d)
{
	const struct wasm_module *m = d->m;

	for (uint32_t i = 1; i < m->export_count; i++) {
		const struct wasm_name *a = &m->exports[m->export_order[i - 1]].name;
		const struct wasm_name *b = &m->exports[m->export_order[i]].name;

		if (export_compare(a, b->p, b->len) == 0) {
			d->name = *b;
			return E_WASM_DUPLICATE_EXPORT;
		}
	}
	return E_OK;
}

static enum err export_put_in_order(struct decoder *d)
{
	struct wasm_module *m = d->m;
	uint32_t *order = arena_alloc_array(&m->arena, m->export_count, sizeof(*order));
	uint32_t *other = arena_alloc_array(&m->arena, m->export_count, sizeof(*other));

	if (!order || !other)
		return E_NOMEM;
	for (uint32_t i = 0; i < m->export_count; i++)
		order[i] = i;
	m->export_order = export_sort(m->exports, order, other, m->export_count);
	return export_check_unique(d);
}

static enum err decode_export_index(struct decoder *d, struct wasm_export *export)
{
	struct wasm_module *m = d->m;
	enum err e;

	switch (export->kind) {
	case WASM_KIND_FUNC:
		e = decode_take_index(d, &export->index, m->func_count, E_WASM_NO_SUCH_FUNC);
		if (!e)
			m->funcs[export->index].declared = true;
		return e;
	case WASM_KIND_TABLE:
		return decode_take_index(d, &export->index, m->table_count, E_WASM_NO_SUCH_TABLE);
	case WASM_KIND_MEMORY:
		return decode_take_index(d, &export->index, m->memory_count, E_WASM_NO_SUCH_MEMORY);
	case WASM_KIND_GLOBAL:
		return decode_take_index(d, &export->index, m->global_count, E_WASM_NO_SUCH_GLOBAL);
	case WASM_KIND_TAG:
		return decode_take_index(d, &export->index, m->tag_count, E_WASM_NO_SUCH_TAG);
	default:
		return E_WASM_BAD_KIND;
	}
}

static enum err decode_export(struct decoder *d, struct wasm_export *export)
{
	d->name = (struct wasm_name){0};
	enum err e = name_take(&d->r, &export->name);

	if (e)
		return e;
	d->name = export->name;
	return leb_take_byte(&d->r, &export->kind) ? decode_export_index(d, export) : E_WASM_END;
}

enum err decode_export_section(struct decoder *d)
{
	struct wasm_module *m = d->m;
	uint32_t count;
	enum err e = decode_take_count(d, &count, WASM_MAX_EXPORTS, E_WASM_MANY_EXPORTS);

	if (e)
		return e;
	m->exports = arena_alloc_array(&m->arena, count, sizeof(*m->exports));
	if (!m->exports)
		return E_NOMEM;
	for (uint32_t i = 0; i < count && !e; i++)
		e = decode_export(d, &m->exports[i]);
	if (e)
		return e;
	d->name = (struct wasm_name){0};
	m->export_count = count;
	return export_put_in_order(d);
}

const struct wasm_export *wasm_export_find(const struct wasm_module *m, const char *name,
					   size_t len)
{
	uint32_t low = 0, high = m->export_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct wasm_export *export = &m->exports[m->export_order[middle]];
		int c = export_compare(&export->name, name, len);

		if (c == 0)
			return export;
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}
