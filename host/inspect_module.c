/*
 * Describing a module: what it takes and gives, and its sections.
 * Trust: the file is anybody's; wasm_decode has checked what is reported here.
 */
#include <stdlib.h>

#include "host/base/text.h"
#include "host/base/words.h"
#include "host/inspect.h"
#include "host/inspect_features.h"
#include "host/module.h"
#include "host/value.h"
#include "native/native.h"
#include "wasm/leb.h"
#include "wasm/validate.h"

static void add_types(struct text *t, const uint32_t *types, uint32_t count)
{
	text_add(t, "(");
	for (uint32_t i = 0; i < count; i++) {
		text_add(t, i ? " " : "");
		value_write_type(t, types[i]);
	}
	text_add(t, ")");
}

static void add_limits(struct text *t, const struct wasm_limits *l)
{
	text_addf(t, "%llu", (unsigned long long)l->min);
	if (l->has_max)
		text_addf(t, "..%llu", (unsigned long long)l->max);
}

static void add_func_type(struct text *t, const struct wasm_func_type *f)
{
	add_types(t, f->params, f->param_count);
	text_add(t, " -> ");
	add_types(t, f->results, f->result_count);
}

static void add_table_type(struct text *t, const struct wasm_table_type *table)
{
	add_limits(t, &table->limits);
	text_add(t, " ");
	value_write_type(t, table->elem);
}

static void add_memory_type(struct text *t, const struct wasm_memory_type *memory)
{
	add_limits(t, &memory->limits);
	text_add(t, memory->shared ? " pages shared" : " pages");
}

static void add_global_type(struct text *t, const struct wasm_global_type *g)
{
	text_add(t, g->mutable ? "mutable " : "");
	value_write_type(t, g->type);
}

/* The type of an import or export: "(i32 i32) -> (i32)", "1..16 pages", ... */
static void add_type(struct text *t, const struct wasm_module *m, uint8_t kind, uint32_t index)
{
	switch ((enum wasm_kind)kind) {
	case WASM_KIND_FUNC:
		add_func_type(t, wasm_func_type(m, index));
		break;
	case WASM_KIND_TABLE:
		add_table_type(t, &m->tables[index].type);
		break;
	case WASM_KIND_MEMORY:
		add_memory_type(t, &m->memories[index]);
		break;
	case WASM_KIND_GLOBAL:
		add_global_type(t, &m->globals[index].type);
		break;
	case WASM_KIND_TAG:
		add_types(t, wasm_tag_type(m, index)->params, wasm_tag_type(m, index)->param_count);
		break;
	case WASM_KIND_COUNT:
		break;
	}
}

static void report_type(struct report *r, json_t *o, const struct wasm_module *m, uint8_t kind,
			uint32_t index)
{
	static const char *const kinds[WASM_KIND_COUNT] = {"function", "table", "memory", "global",
							   "tag"};
	struct text t = {0};

	report_words(r, o, "kind", kinds[kind]);
	add_type(&t, m, kind, index);
	char *s = text_take(&t);

	if (s)
		report_words(r, o, "type", s);
	else
		r->failed = true;
	free(s);
}

static void report_imports(struct report *r, const struct wasm_module *m)
{
	json_t *list = report_array(r, r->root, "imports");

	for (uint32_t i = 0; i < m->import_count; i++) {
		const struct wasm_import *import = &m->imports[i];
		json_t *o = report_object(r, list, NULL);

		report_text(r, o, "module", import->module.p, import->module.len);
		report_text(r, o, "name", import->name.p, import->name.len);
		report_type(r, o, m, import->kind, import->index);
	}
}

static void report_exports(struct report *r, const struct wasm_module *m)
{
	json_t *list = report_array(r, r->root, "exports");

	for (uint32_t i = 0; i < m->export_count; i++) {
		const struct wasm_export *e = &m->exports[i];
		json_t *o = report_object(r, list, NULL);

		report_text(r, o, "name", e->name.p, e->name.len);
		report_type(r, o, m, e->kind, e->index);
	}
}

static void report_memories(struct report *r, const struct wasm_module *m)
{
	json_t *list = report_array(r, r->root, "memories");

	for (uint32_t i = 0; i < m->memory_count; i++) {
		json_t *o = report_object(r, list, NULL);

		report_number(r, o, "min_pages", m->memories[i].limits.min);
		report_number(r, o, "max_pages", m->memories[i].limits.max);
		report_bool(r, o, "shared", m->memories[i].shared);
		report_bool(r, o, "imported", i < m->import_memory_count);
	}
}

/* Name of a custom section: the first thing in its payload (Core 3.0, 5.5.3). */
static void report_custom_name(struct report *r, json_t *o, struct reader payload)
{
	uint32_t n = 0;

	if (leb_take_u32(&payload, &n) != E_OK)
		return;
	const uint8_t *p = reader_take(&payload, n);

	if (p)
		report_text(r, o, "name", p, n);
}

/* The module is decoded, so its sections have the form that this walk expects. */
static void report_sections(struct report *r, const struct wasm_module *m)
{
	static const char *const names[] = {"custom", "type",	"import",     "function", "table",
					    "memory", "global", "export",     "start",	  "element",
					    "code",   "data",	"data count", "tag"};
	json_t *list = report_array(r, r->root, "sections");
	struct reader whole;

	reader_init(&whole, m->bytes, m->size);
	(void)reader_take(&whole, 8); /* magic and version */
	while (whole.left != 0) {
		uint8_t id = reader_u8(&whole);
		uint32_t size = 0;

		if (leb_take_u32(&whole, &size) != E_OK)
			return;
		size_t offset = (size_t)(whole.p - m->bytes);
		struct reader payload = reader_sub(&whole, size);

		if (!reader_ok(&whole) || id >= COUNT_OF(names))
			return;
		json_t *o = report_object(r, list, NULL);

		report_words(r, o, "section", names[id]);
		report_bits(r, o, "offset", offset);
		report_number(r, o, "size", size);
		if (id == 0)
			report_custom_name(r, o, payload);
	}
}

static void report_counts(struct report *r, const struct wasm_module *m)
{
	report_number(r, r->root, "size", m->size);
	report_number(r, r->root, "types", m->type_count);
	report_number(r, r->root, "functions", m->func_count);
	report_number(r, r->root, "imported_functions", m->import_func_count);
	report_number(r, r->root, "tables", m->table_count);
	report_number(r, r->root, "globals", m->global_count);
	report_number(r, r->root, "tags", m->tag_count);
	report_number(r, r->root, "element_segments", m->elem_count);
	report_number(r, r->root, "data_segments", m->data_count);
	if (m->start != WASM_NO_INDEX)
		report_number(r, r->root, "start_function", m->start);
}

static void report_native_header(struct report *r, json_t *o, const struct native_header *h)
{
	static const char *const flags[] = {"metered", "polled", "checked"};
	json_t *list;

	report_number(r, o, "abi_version", h->abi_version);
	report_words(r, o, "isa", h->isa == NATIVE_ISA_V3 ? "x86-64-v3" : "x86-64-v2");
	list = report_array(r, o, "flags");
	for (size_t i = 0; i < COUNT_OF(flags); i++) {
		if (h->flags & 1u << i)
			report_words(r, list, NULL, flags[i]);
	}
	report_number(r, o, "functions", h->func_count);
	report_number(r, o, "routines", h->routine_count);
	report_number(r, o, "code_size", h->code_size);
	report_number(r, o, "rodata_size", h->rodata_size);
	report_number(r, o, "facts_size", h->facts_size);
	report_hex(r, o, "module_digest", h->module_digest, sizeof(h->module_digest));
}

/* The section's header, if it has the form of one, and whether it is code of this module. */
static void report_native(struct report *r, const struct module *m,
			  const uint8_t module_digest[LAUNCH_DIGEST_SIZE])
{
	json_t *o = report_object(r, r->root, "native");
	struct native_image image;
	enum err err =
		native_decode(&image, m->wasm.bytes + m->wasm.native.offset, m->wasm.native.size);

	if (err == E_OK) {
		report_native_header(r, o, &image.header);
		err = native_check(&image, &m->wasm, module_digest, 0);
	}
	report_bool(r, o, "usable", err == E_OK);
	if (err != E_OK)
		report_words(r, o, "verdict", words_err(err));
}

static void describe_module(struct report *r, struct module *m)
{
	struct wasm_error e = {0};
	uint8_t module_digest[LAUNCH_DIGEST_SIZE], native_digest[LAUNCH_DIGEST_SIZE];
	enum err err = wasm_validate(&m->wasm, &e);

	module_measure(m, module_digest, native_digest);
	report_words(r, r->root, "kind", "WebAssembly module");
	report_bool(r, r->root, "valid", err == E_OK);
	if (err != E_OK)
		report_words(r, r->root, "verdict", words_err(err));
	else
		inspect_features(r, &m->wasm);
	report_hex(r, r->root, "module_digest", module_digest, sizeof(module_digest));
	report_bool(r, r->root, "native_code", m->wasm.native_at != m->wasm.size);
	if (m->wasm.native_at != m->wasm.size) {
		report_hex(r, r->root, "native_digest", native_digest, sizeof(native_digest));
		report_number(r, r->root, "native_size", m->wasm.native.size);
		report_native(r, m, module_digest);
	}
	report_counts(r, &m->wasm);
	report_memories(r, &m->wasm);
	report_imports(r, &m->wasm);
	report_exports(r, &m->wasm);
	report_sections(r, &m->wasm);
}

enum retwine_code inspect_module(struct report *r, struct file *file, const char *path,
				 struct retwine_error *error)
{
	struct module m;
	enum retwine_code code = module_decode(&m, file, path, error);

	if (code == RETWINE_OK)
		describe_module(r, &m);
	module_fini(&m);
	return code;
}
