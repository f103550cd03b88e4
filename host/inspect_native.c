/*
 * Describing native code: each function, verified by the enclave's own verifier.
 * Trust: the file is anybody's. Its form is checked by native_decode, its code by the verifier; nothing of it runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/heap.h"
#include "host/base/cpu.h"
#include "host/base/report.h"
#include "host/base/words.h"
#include "host/engine.h"
#include "native/native.h"
#include "native/verify_section.h"
#include "wasm/limits.h"

struct inspection {
	struct module module;
	struct native_image section;
	uint32_t *entries;
	struct verify_image image;
	struct verifier verifier;
	struct wasm_name *names; /* of all functions of the module */
	uint32_t verified_count;
	uint64_t verify_ns; /* spent in the verifier */
};

/* ---- what there is ---- */

static enum retwine_code load(struct inspection *n, const char *path, struct retwine_error *error)
{
	enum retwine_code code = module_load(&n->module, path, error);

	if (code == RETWINE_OK && !engine_has_section(&n->module))
		return error_set(error, RETWINE_INPUT,
				 "%s has no native code; 'retwine compile' makes it", path);
	return code == RETWINE_OK ? module_validate(&n->module, path, error) : code;
}

static enum err open_section(struct inspection *n)
{
	const struct wasm_module *m = &n->module.wasm;
	uint8_t module_digest[LAUNCH_DIGEST_SIZE], native_digest[LAUNCH_DIGEST_SIZE];

	module_measure(&n->module, module_digest, native_digest);
	enum err err = native_decode(&n->section, m->bytes + m->native.offset, m->native.size);

	return err == E_OK ? native_check(&n->section, m, module_digest, 0) : err;
}

static enum err open_verifier(struct inspection *n)
{
	n->entries = verify_entries(&n->section);
	if (!n->entries)
		return E_NOMEM;
	enum err err = verify_image_init(&n->image, &n->section, n->entries, &n->module.wasm);

	if (err == E_OK)
		err = verifier_init(&n->verifier, &n->image);
	return err == E_MALFORMED ? E_NATIVE_FACTS : err;
}

/* By the section "name", else by an export. */
static enum err find_names(struct inspection *n)
{
	const struct wasm_module *m = &n->module.wasm;

	n->names = heap_alloc_array((size_t)m->func_count + 1, sizeof *n->names);
	if (!n->names)
		return E_NOMEM;
	wasm_func_names(m, n->names);
	for (uint32_t i = 0; i < m->export_count; i++) {
		const struct wasm_export *e = &m->exports[i];

		if (e->kind == WASM_KIND_FUNC && !n->names[e->index].p)
			n->names[e->index] = e->name;
	}
	return E_OK;
}

static enum retwine_code open_code(struct inspection *n, const char *path,
				   struct retwine_error *error)
{
	enum err err = open_section(n);

	if (err == E_OK)
		err = open_verifier(n);
	if (err == E_OK)
		err = find_names(n);
	if (err == E_NOMEM)
		return error_no_memory(error);
	return err == E_OK ? RETWINE_OK : engine_section_error(error, path, err);
}

static void inspection_fini(struct inspection *n)
{
	verifier_fini(&n->verifier);
	heap_free(n->entries);
	heap_free(n->names);
	module_fini(&n->module);
}

/* ---- what is said of it ---- */

static uint64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* As the refusal of a run has it. */
static void report_place(struct report *r, json_t *o, uint32_t offset)
{
	char place[16];

	(void)snprintf(place, sizeof(place), "+0x%x", offset);
	report_words(r, o, "at", place);
}

/* Functions by their index in the module, routines by their own. */
static void report_entry(struct report *r, json_t *list, struct inspection *n, uint32_t i)
{
	const uint32_t funcs = n->section.header.func_count;
	const uint32_t index = i < funcs ? n->module.wasm.import_func_count + i : i - funcs;
	const struct wasm_name name = i < funcs ? n->names[index] : (struct wasm_name){0};
	json_t *o = report_object(r, list, NULL);
	const uint64_t start = now_ns();
	const struct verify_result v = verify_function(&n->verifier, i);

	n->verify_ns += now_ns() - start;
	n->verified_count += v.reason == VERIFY_OK;
	report_number(r, o, "index", index);
	report_number(r, o, "code", n->entries[i + 1] - n->entries[i]);
	report_number(r, o, "facts", verify_facts_size(&n->section, i));
	report_bool(r, o, "verified", v.reason == VERIFY_OK);
	if (v.reason != VERIFY_OK) {
		report_place(r, o, v.offset - n->entries[i]);
		report_words(r, o, "why", words_verify(v.reason));
	}
	if (name.len != 0)
		report_text(r, o, "name", name.p, name.len);
}

static void report_entries(struct report *r, struct inspection *n)
{
	const uint32_t funcs = n->section.header.func_count;
	json_t *list = report_array(r, r->root, "functions");

	for (uint32_t i = 0; i < funcs; i++)
		report_entry(r, list, n, i);
	list = report_array(r, r->root, "routines");
	for (uint32_t i = funcs; i < n->image.entry_count; i++)
		report_entry(r, list, n, i);
}

static void report_totals(struct report *r, const struct inspection *n)
{
	const struct native_header *h = &n->section.header;
	const uint64_t size = n->module.wasm.native.size;
	json_t *o = report_object(r, r->root, "total");

	report_number(r, o, "functions", h->func_count);
	report_number(r, o, "routines", h->routine_count);
	report_number(r, o, "section_size", size);
	report_number(r, o, "code_size", h->code_size);
	report_number(r, o, "rodata_size", h->rodata_size);
	report_number(r, o, "facts_size", h->facts_size);
	if (h->code_size != 0)
		report_number(r, o, "section_percent_of_code", 100 * size / h->code_size);
	report_number(r, o, "verifier_memory", verifier_memory(&n->verifier));
	report_number(r, o, "verifier_us", n->verify_ns / 1000);
	report_number(r, o, "verified", n->verified_count);
	report_bool(r, r->root, "verified", n->verified_count == n->image.entry_count);
}

enum retwine_code retwine_inspect_native(const char *path, enum retwine_format format,
					 bool *verified, char **text, struct retwine_error *error)
{
	struct inspection *n = calloc(1, sizeof(*n));
	struct report r;

	if (!n)
		return error_no_memory(error);
	cpu_set_crypto_hints();
	enum retwine_code code = load(n, path, error);

	if (code == RETWINE_OK)
		code = open_code(n, path, error);
	if (code == RETWINE_OK) {
		report_init(&r);
		report_entries(&r, n);
		report_totals(&r, n);
		*verified = n->verified_count == n->image.entry_count;
		code = report_finish(&r, format, false, text, error);
	}
	inspection_fini(n);
	free(n);
	return code;
}
