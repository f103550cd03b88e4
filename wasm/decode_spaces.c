/*
 * Sections that open index spaces: imports, functions, tables, memories, tags, globals (Core 3.0,
 * 5.5.5 to 5.5.9 and 5.5.16).
 * Trust: the bytes are untrusted.
 * Invariant: an index space's array holds exactly as many entries as its count says.
 */
#include "wasm/decode.h"

#include <string.h>

#include "wasm/expr.h"
#include "wasm/leb.h"
#include "wasm/limits.h"
#include "wasm/name.h"
#include "wasm/value_type.h"

static enum err decode_func(struct decoder *d, struct wasm_func *func)
{
	return decode_take_index(d, &func->type, d->m->type_count, E_WASM_NO_SUCH_TYPE);
}

/* ---- limits, tables, memories ---------------------------------------------------------------- */

/* Flags of limits (5.3.11): 1 a maximum; 2 shared (threads proposal); 4 64 bits. */
static enum err decode_limits_flags(struct decoder *d, uint8_t *flags)
{
	if (!leb_take_byte(&d->r, flags))
		return E_WASM_END;
	if (*flags > 7)
		return E_WASM_BAD_LIMITS;
	return *flags & 4 ? E_WASM_NEEDS_MEMORY64 : E_OK;
}

static enum err decode_limits(struct decoder *d, struct wasm_limits *limits, bool *shared,
			      uint32_t open_max)
{
	uint32_t min, max = open_max;
	uint8_t flags;
	enum err e = decode_limits_flags(d, &flags);

	if (!e)
		e = leb_take_u32(&d->r, &min);
	if (!e && flags & 1)
		e = leb_take_u32(&d->r, &max);
	if (e)
		return e;
	*limits = (struct wasm_limits){.min = min, .max = max, .has_max = flags & 1};
	*shared = flags & 2;
	return E_OK;
}

static enum err decode_table_type(struct decoder *d, struct wasm_table_type *table)
{
	bool shared;
	enum err e = value_type_take_ref(d->m, &d->r, &table->elem);

	if (!e)
		e = decode_limits(d, &table->limits, &shared, UINT32_MAX);
	if (e)
		return e;
	if (shared)
		return E_WASM_BAD_LIMITS;
	return table->limits.min <= table->limits.max ? E_OK : E_WASM_LIMITS_ORDER;
}

#define TABLE_HAS_INIT 0x40 /* in the place of a reference type; a zero byte follows */

/* A table with an initializer (5.5.7). */
static enum err decode_table_with_init(struct decoder *d, struct wasm_table *table)
{
	uint8_t zero;

	(void)reader_u8(&d->r);
	if (!leb_take_byte(&d->r, &zero))
		return E_WASM_END;
	if (zero != 0)
		return E_WASM_BAD_TABLE;
	enum err e = decode_table_type(d, &table->type);

	table->has_init = true;
	return e ? e : expr_take(d->m, &table->init, &d->r, &d->stack, table->type.elem);
}

static enum err decode_table(struct decoder *d, struct wasm_table *table)
{
	if (d->r.left != 0 && *d->r.p == TABLE_HAS_INIT)
		return decode_table_with_init(d, table);
	enum err e = decode_table_type(d, &table->type);

	if (e)
		return e;
	return wasm_type_is_defaultable(table->type.elem) ? E_OK : E_WASM_TYPE_MISMATCH;
}

static enum err decode_memory_type(struct decoder *d, struct wasm_memory_type *memory)
{
	enum err e = decode_limits(d, &memory->limits, &memory->shared, WASM_MAX_PAGES);

	if (e)
		return e;
	if (memory->shared && !memory->limits.has_max)
		return E_WASM_SHARED_NO_MAX;
	if (memory->limits.min > WASM_MAX_PAGES || memory->limits.max > WASM_MAX_PAGES)
		return E_WASM_BIG_MEMORY;
	return memory->limits.min <= memory->limits.max ? E_OK : E_WASM_LIMITS_ORDER;
}

/* The byte is the attribute: 0, an exception (5.3.13). */
static enum err decode_tag(struct decoder *d, struct wasm_tag *tag)
{
	const struct wasm_module *m = d->m;
	uint8_t attribute;

	if (!leb_take_byte(&d->r, &attribute))
		return E_WASM_END;
	if (attribute != 0)
		return E_WASM_BAD_TAG;
	enum err e = decode_take_index(d, &tag->type, m->type_count, E_WASM_NO_SUCH_TYPE);

	if (e)
		return e;
	return m->types[tag->type].result_count == 0 ? E_OK : E_WASM_TAG_RESULT;
}

static enum err decode_global_type(struct decoder *d, struct wasm_global_type *global)
{
	uint8_t mutability;
	enum err e = value_type_take(d->m, &d->r, &global->type);

	if (e)
		return e;
	if (!leb_take_byte(&d->r, &mutability))
		return E_WASM_END;
	if (mutability > 1)
		return E_WASM_BAD_MUTABILITY;
	global->mutable = mutability == 1;
	return E_OK;
}

/* The global is counted only when it is complete: its own initializer does not know it. */
static enum err decode_next_global(struct decoder *d)
{
	struct wasm_module *m = d->m;
	struct wasm_global *global = &m->globals[m->global_count];
	enum err e = decode_global_type(d, &global->type);

	if (!e)
		e = expr_take(m, &global->init, &d->r, &d->stack, global->type.type);
	if (!e)
		m->global_count++;
	return e;
}

/* ---- index spaces ---------------------------------------------------------------------------- */

/* A new array of old_count + more entries, the first old_count copied; NULL without memory. */
static void *decode_extend(struct decoder *d, const void *old, uint32_t old_count, uint32_t more,
			   size_t size)
{
	uint8_t *p = arena_alloc_array(&d->m->arena, (size_t)old_count + more, size);

	if (p && old_count != 0)
		memcpy(p, old, old_count * size);
	return p;
}

static enum err decode_extend_funcs(struct decoder *d, uint32_t more)
{
	struct wasm_module *m = d->m;

	if (more > WASM_MAX_FUNCS - m->func_count)
		return E_WASM_MANY_FUNCS;
	m->funcs = decode_extend(d, m->funcs, m->func_count, more, sizeof(*m->funcs));
	return m->funcs ? E_OK : E_NOMEM;
}

static enum err decode_extend_tables(struct decoder *d, uint32_t more)
{
	struct wasm_module *m = d->m;

	if (more > WASM_MAX_TABLES - m->table_count)
		return E_WASM_MANY_TABLES;
	m->tables = decode_extend(d, m->tables, m->table_count, more, sizeof(*m->tables));
	return m->tables ? E_OK : E_NOMEM;
}

static enum err decode_extend_memories(struct decoder *d, uint32_t more)
{
	struct wasm_module *m = d->m;

	if (more > WASM_MAX_MEMORIES - m->memory_count)
		return E_WASM_MANY_MEMORIES;
	m->memories = decode_extend(d, m->memories, m->memory_count, more, sizeof(*m->memories));
	return m->memories ? E_OK : E_NOMEM;
}

static enum err decode_extend_tags(struct decoder *d, uint32_t more)
{
	struct wasm_module *m = d->m;

	if (more > WASM_MAX_TAGS - m->tag_count)
		return E_WASM_MANY_TAGS;
	m->tags = decode_extend(d, m->tags, m->tag_count, more, sizeof(*m->tags));
	return m->tags ? E_OK : E_NOMEM;
}

static enum err decode_extend_globals(struct decoder *d, uint32_t more)
{
	struct wasm_module *m = d->m;

	if (more > WASM_MAX_GLOBALS - m->global_count)
		return E_WASM_MANY_GLOBALS;
	m->globals = decode_extend(d, m->globals, m->global_count, more, sizeof(*m->globals));
	return m->globals ? E_OK : E_NOMEM;
}

enum err decode_func_section(struct decoder *d)
{
	struct wasm_module *m = d->m;
	uint32_t count;
	enum err e = decode_take_count(d, &count, WASM_MAX_FUNCS, E_WASM_MANY_FUNCS);

	if (!e)
		e = decode_extend_funcs(d, count);
	for (uint32_t i = 0; !e && i < count; i++)
		e = decode_func(d, &m->funcs[m->func_count++]);
	return e;
}

enum err decode_table_section(struct decoder *d)
{
	struct wasm_module *m = d->m;
	uint32_t count;
	enum err e = decode_take_count(d, &count, WASM_MAX_TABLES, E_WASM_MANY_TABLES);

	if (!e)
		e = decode_extend_tables(d, count);
	for (uint32_t i = 0; !e && i < count; i++)
		e = decode_table(d, &m->tables[m->table_count++]);
	return e;
}

enum err decode_memory_section(struct decoder *d)
{
	struct wasm_module *m = d->m;
	uint32_t count;
	enum err e = decode_take_count(d, &count, WASM_MAX_MEMORIES, E_WASM_MANY_MEMORIES);

	if (!e)
		e = decode_extend_memories(d, count);
	for (uint32_t i = 0; !e && i < count; i++)
		e = decode_memory_type(d, &m->memories[m->memory_count++]);
	return e;
}

enum err decode_tag_section(struct decoder *d)
{
	struct wasm_module *m = d->m;
	uint32_t count;
	enum err e = decode_take_count(d, &count, WASM_MAX_TAGS, E_WASM_MANY_TAGS);

	if (!e)
		e = decode_extend_tags(d, count);
	for (uint32_t i = 0; !e && i < count; i++)
		e = decode_tag(d, &m->tags[m->tag_count++]);
	return e;
}

enum err decode_global_section(struct decoder *d)
{
	uint32_t count;
	enum err e = decode_take_count(d, &count, WASM_MAX_GLOBALS, E_WASM_MANY_GLOBALS);

	if (!e)
		e = decode_extend_globals(d, count);
	for (uint32_t i = 0; !e && i < count; i++)
		e = decode_next_global(d);
	return e;
}

/* ---- imports --------------------------------------------------------------------------------- */

/* What an import or an index space's entry is, before it has a place. */
struct decode_extern {
	uint8_t kind; /* enum wasm_kind: which member */
	union {
		struct wasm_func func;
		struct wasm_table_type table;
		struct wasm_memory_type memory;
		struct wasm_global_type global;
		struct wasm_tag tag;
	};
};

static enum err decode_extern(struct decoder *d, struct decode_extern *out)
{
	if (!leb_take_byte(&d->r, &out->kind))
		return E_WASM_END;
	switch (out->kind) {
	case WASM_KIND_FUNC:
		return decode_func(d, &out->func);
	case WASM_KIND_TABLE:
		return decode_table_type(d, &out->table);
	case WASM_KIND_MEMORY:
		return decode_memory_type(d, &out->memory);
	case WASM_KIND_GLOBAL:
		return decode_global_type(d, &out->global);
	case WASM_KIND_TAG:
		return decode_tag(d, &out->tag);
	default:
		return E_WASM_BAD_KIND;
	}
}

static enum err decode_import(struct decoder *d, struct wasm_import *import,
			      struct decode_extern *what)
{
	*what = (struct decode_extern){0};
	d->name = (struct wasm_name){0};
	enum err e = name_take(&d->r, &import->module);

	if (!e)
		e = name_take(&d->r, &import->name);
	if (e)
		return e;
	d->name = import->name;
	e = decode_extern(d, what);
	import->kind = what->kind;
	return e;
}

/* Puts it into its index space, where there is room for it. */
static uint32_t decode_place(struct wasm_module *m, const struct decode_extern *what)
{
	switch ((enum wasm_kind)what->kind) {
	case WASM_KIND_FUNC:
		m->funcs[m->func_count] = what->func;
		return m->func_count++;
	case WASM_KIND_TABLE:
		m->tables[m->table_count].type = what->table;
		return m->table_count++;
	case WASM_KIND_MEMORY:
		m->memories[m->memory_count] = what->memory;
		return m->memory_count++;
	case WASM_KIND_GLOBAL:
		m->globals[m->global_count].type = what->global;
		return m->global_count++;
	case WASM_KIND_TAG:
		m->tags[m->tag_count] = what->tag;
		return m->tag_count++;
	case WASM_KIND_COUNT:
		break;
	}
	must(false);
}

static enum err decode_extend_all(struct decoder *d, const uint32_t counts[WASM_KIND_COUNT])
{
	enum err e = decode_extend_funcs(d, counts[WASM_KIND_FUNC]);

	if (!e)
		e = decode_extend_tables(d, counts[WASM_KIND_TABLE]);
	if (!e)
		e = decode_extend_memories(d, counts[WASM_KIND_MEMORY]);
	if (!e)
		e = decode_extend_globals(d, counts[WASM_KIND_GLOBAL]);
	if (!e)
		e = decode_extend_tags(d, counts[WASM_KIND_TAG]);
	return e;
}

/* Reads the imports twice: to count each kind, and, when each has its room, to place them. */
enum err decode_import_section(struct decoder *d)
{
	struct wasm_module *m = d->m;
	uint32_t counts[WASM_KIND_COUNT] = {0};
	struct decode_extern what;
	uint32_t count;
	enum err e = decode_take_count(d, &count, WASM_MAX_IMPORTS, E_WASM_MANY_IMPORTS);

	if (e)
		return e;
	m->imports = arena_alloc_array(&m->arena, count, sizeof(*m->imports));
	if (!m->imports)
		return E_NOMEM;
	struct reader start = d->r;

	for (uint32_t i = 0; i < count; i++) {
		e = decode_import(d, &m->imports[i], &what);
		if (e)
			return e;
		counts[what.kind]++;
	}
	e = decode_extend_all(d, counts);
	if (e)
		return e;
	d->r = start;
	for (uint32_t i = 0; i < count; i++) {
		e = decode_import(d, &m->imports[i], &what);
		if (e)
			return e;
		m->imports[i].index = decode_place(m, &what);
	}
	d->name = (struct wasm_name){0};
	m->import_count = count;
	m->import_func_count = m->func_count;
	m->import_table_count = m->table_count;
	m->import_memory_count = m->memory_count;
	m->import_global_count = m->global_count;
	m->import_tag_count = m->tag_count;
	return E_OK;
}
