/*
 * The module as a sequence of sections (Core 3.0, 5.5.2 to 5.5.17).
 * Trust: the bytes are untrusted.
 * Invariant: a section is read through a reader of exactly its size.
 */
#include "wasm/decode.h"

#include <string.h>

#include "wasm/leb.h"
#include "wasm/limits.h"
#include "wasm/name.h"

enum decode_section_id {
	SECTION_CUSTOM = 0,
	SECTION_TYPE = 1,
	SECTION_IMPORT = 2,
	SECTION_FUNC = 3,
	SECTION_TABLE = 4,
	SECTION_MEMORY = 5,
	SECTION_GLOBAL = 6,
	SECTION_EXPORT = 7,
	SECTION_START = 8,
	SECTION_ELEM = 9,
	SECTION_CODE = 10,
	SECTION_DATA = 11,
	SECTION_DATA_COUNT = 12,
	SECTION_TAG = 13,
	SECTION_COUNT
};

/* The order in which they come; each at most once. */
static const uint8_t section_ranks[SECTION_COUNT] = {
	[SECTION_TYPE] = 1,   [SECTION_IMPORT] = 2, [SECTION_FUNC] = 3,	       [SECTION_TABLE] = 4,
	[SECTION_MEMORY] = 5, [SECTION_TAG] = 6,    [SECTION_GLOBAL] = 7,      [SECTION_EXPORT] = 8,
	[SECTION_START] = 9,  [SECTION_ELEM] = 10,  [SECTION_DATA_COUNT] = 11, [SECTION_CODE] = 12,
	[SECTION_DATA] = 13,
};

uint32_t decode_offset(const struct decoder *d)
{
	return (uint32_t)(d->r.p - d->m->bytes);
}

enum err decode_take_count(struct decoder *d, uint32_t *out, uint32_t max, enum err too_many)
{
	uint32_t count;
	enum err e = leb_take_u32(&d->r, &count);

	if (e)
		return e;
	if (count > d->r.left)
		return E_WASM_END;
	if (count > max)
		return too_many;
	*out = count;
	return E_OK;
}

enum err decode_take_index(struct decoder *d, uint32_t *out, uint32_t count, enum err unknown)
{
	uint32_t index;
	enum err e = leb_take_u32(&d->r, &index);

	if (e)
		return e;
	if (index >= count)
		return unknown;
	*out = index;
	return E_OK;
}

static enum err decode_start_section(struct decoder *d)
{
	struct wasm_module *m = d->m;
	uint32_t start;
	enum err e = decode_take_index(d, &start, m->func_count, E_WASM_NO_SUCH_FUNC);

	if (e)
		return e;
	const struct wasm_func_type *type = wasm_func_type(m, start);

	if (type->param_count != 0 || type->result_count != 0)
		return E_WASM_START_TYPE;
	m->start = start;
	return E_OK;
}

static enum err decode_body(struct decoder *d, struct wasm_body *body)
{
	uint32_t size;
	enum err e = leb_take_u32(&d->r, &size);

	if (e)
		return e;
	if (size > d->r.left)
		return E_WASM_END;
	if (size > WASM_MAX_BODY_SIZE)
		return E_WASM_LONG_BODY;
	body->span.offset = decode_offset(d);
	body->span.size = size;
	(void)reader_take(&d->r, size);
	return E_OK;
}

static enum err decode_code_section(struct decoder *d)
{
	struct wasm_module *m = d->m;
	uint32_t count;
	enum err e = decode_take_count(d, &count, WASM_MAX_FUNCS, E_WASM_MANY_FUNCS);

	if (e)
		return e;
	m->bodies = arena_alloc_array(&m->arena, count, sizeof(*m->bodies));
	if (!m->bodies)
		return E_NOMEM;
	d->body_count = count;
	for (uint32_t i = 0; i < count && !e; i++)
		e = decode_body(d, &m->bodies[i]);
	return e;
}

/*
 * A custom section is skipped once its name is read, but for two that the module exposes. The
 * module's identity ends where retwine.native begins, so nothing may follow that one.
 */
static enum err decode_custom_section(struct decoder *d, uint32_t at)
{
	struct wasm_module *m = d->m;
	struct wasm_name name;
	enum err e = name_take(&d->r, &name);

	if (e)
		return e;
	struct wasm_span payload = {decode_offset(d), (uint32_t)d->r.left};

	(void)reader_take(&d->r, payload.size);
	if (name_is(&name, "name") && m->names.size == 0)
		m->names = payload;
	if (name_is(&name, "retwine.native")) {
		d->has_native = true;
		m->native_at = at;
		m->native = payload;
	}
	return E_OK;
}

static enum err decode_section_body(struct decoder *d, uint8_t id, uint32_t at)
{
	switch ((enum decode_section_id)id) {
	case SECTION_CUSTOM:
		return decode_custom_section(d, at);
	case SECTION_TYPE:
		return decode_type_section(d);
	case SECTION_IMPORT:
		return decode_import_section(d);
	case SECTION_FUNC:
		return decode_func_section(d);
	case SECTION_TABLE:
		return decode_table_section(d);
	case SECTION_MEMORY:
		return decode_memory_section(d);
	case SECTION_GLOBAL:
		return decode_global_section(d);
	case SECTION_EXPORT:
		return decode_export_section(d);
	case SECTION_START:
		return decode_start_section(d);
	case SECTION_ELEM:
		return decode_elem_section(d);
	case SECTION_CODE:
		return decode_code_section(d);
	case SECTION_DATA:
		return decode_data_section(d);
	case SECTION_DATA_COUNT:
		return decode_data_count_section(d);
	case SECTION_TAG:
		return decode_tag_section(d);
	case SECTION_COUNT:
		break;
	}
	return E_WASM_SECTION_ID;
}

/* Is a section of this id allowed here? */
static enum err decode_check_order(struct decoder *d, uint8_t id)
{
	if (id >= SECTION_COUNT)
		return E_WASM_SECTION_ID;
	if (d->has_native)
		return E_WASM_NATIVE_NOT_LAST;
	if (id == SECTION_CUSTOM)
		return E_OK;
	if (section_ranks[id] <= d->rank)
		return E_WASM_SECTION_ORDER;
	d->rank = section_ranks[id];
	return E_OK;
}

static enum err decode_section(struct decoder *d)
{
	uint32_t at, size;
	uint8_t id;
	enum err e;

	d->r = d->whole;
	at = decode_offset(d);
	id = reader_u8(&d->r);
	e = decode_check_order(d, id);
	if (e)
		return e;
	e = leb_take_u32(&d->r, &size);
	if (e)
		return e;
	if (size > d->r.left)
		return E_WASM_END;
	d->whole = d->r;
	d->r = reader_sub(&d->whole, size);
	e = decode_section_body(d, id, at);
	if (e)
		return e;
	return reader_done(&d->r) ? E_OK : E_WASM_SECTION_SIZE;
}

/* What only the end of the module can tell. */
static enum err decode_check_whole(const struct decoder *d)
{
	const struct wasm_module *m = d->m;

	if (d->body_count != m->func_count - m->import_func_count)
		return E_WASM_CODE_COUNT;
	if (m->has_data_count && d->segment_count != m->data_count)
		return E_WASM_DATA_COUNT;
	return E_OK;
}

/* Text begins with an opening parenthesis or a comment, after white space. */
static bool decode_looks_like_text(const uint8_t *p, size_t size)
{
	size_t at = 0;

	while (at < size && (p[at] == ' ' || (p[at] >= '\t' && p[at] <= '\r')))
		at++;
	if (at == size)
		return false;
	return p[at] == '(' || (size - at >= 2 && p[at] == ';' && p[at + 1] == ';');
}

/* The eight bytes at the start; a component has another version and a layer (Component Model,
 * Binary.md). */
static enum err decode_header(struct decoder *d, const uint8_t *bytes, size_t size)
{
	static const uint8_t magic[4] = {0x00, 'a', 's', 'm'};

	if (size == 0)
		return E_WASM_EMPTY;
	if (decode_looks_like_text(bytes, size))
		return E_WASM_TEXT;
	if (memcmp(bytes, magic, size < 4 ? size : 4) != 0)
		return E_WASM_MAGIC;
	(void)reader_take(&d->r, sizeof(magic));
	uint16_t version = reader_u16(&d->r);
	uint16_t layer = reader_u16(&d->r);

	if (!reader_ok(&d->r))
		return E_WASM_END;
	if (layer == 1)
		return E_WASM_COMPONENT;
	if (version != 1 || layer != 0)
		return E_WASM_VERSION;
	return size <= WASM_MAX_MODULE_SIZE ? E_OK : E_WASM_SIZE;
}

static enum err decode_module(struct decoder *d, const uint8_t *bytes, size_t size)
{
	enum err e = decode_header(d, bytes, size);

	if (e)
		return e;
	d->m->size = (uint32_t)size;
	d->m->native_at = (uint32_t)size;
	d->whole = d->r;
	while (d->whole.left != 0 && !e)
		e = decode_section(d);
	return e ? e : decode_check_whole(d);
}

enum err wasm_decode(struct wasm_module *m, struct wasm_error *error, const void *bytes,
		     size_t size)
{
	struct decoder d = {.m = m};

	*m = (struct wasm_module){.bytes = bytes, .start = WASM_NO_INDEX};
	reader_init(&d.r, bytes, size);
	enum err e = decode_module(&d, bytes, size);

	type_stack_fini(&d.stack);
	if (e) {
		*error = (struct wasm_error){.code = e,
					     .offset = decode_offset(&d),
					     .func = WASM_NO_INDEX,
					     .name = d.name};
		wasm_module_fini(m);
	}
	return e;
}
