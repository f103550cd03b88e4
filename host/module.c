/*
 * Modules on the host side.
 * Trust: the file is anybody's; wasm/ checks it.
 */
#include "host/module.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "host/base/text.h"
#include "host/base/words.h"
#include "native/format.h"
#include "wasm/limits.h"
#include "wasm/validate.h"

/* " at offset N (function F "name")", as far as it is known. */
static void add_place(struct text *t, const struct wasm_error *e)
{
	if (e->name.len != 0) {
		text_add(t, ": ");
		text_add_safe(t, e->name.p, e->name.len < 200 ? e->name.len : 200);
	}
	if (e->offset != 0)
		text_addf(t, " at offset 0x%llx", (unsigned long long)e->offset);
	if (e->func != WASM_NO_INDEX)
		text_addf(t, " in function %u", e->func);
}

static enum retwine_code module_error(struct retwine_error *error, const char *path,
				      const struct wasm_error *e)
{
	struct text t = {0};

	if (e->code == E_NOMEM)
		return error_no_memory(error);
	text_add(&t, words_err(e->code));
	add_place(&t, e);
	char *words = text_take(&t);

	if (!words)
		return error_no_memory(error);
	(void)error_set(error, RETWINE_INPUT, "%s: not a module that can run: %s", path, words);
	free(words);
	return RETWINE_INPUT;
}

enum retwine_code module_decode(struct module *m, struct file *file, const char *path,
				struct retwine_error *error)
{
	struct wasm_error e = {0};

	*m = (struct module){.file = *file};
	*file = (struct file){0};
	if (wasm_decode(&m->wasm, &e, m->file.p, m->file.size) == E_OK)
		return RETWINE_OK;
	enum retwine_code code = module_error(error, path, &e);

	file_fini(&m->file);
	return code;
}

enum retwine_code module_load(struct module *m, const char *path, struct retwine_error *error)
{
	struct file file = {0};
	enum retwine_code code = file_read(&file, path, "the module", WASM_MAX_MODULE_SIZE, error);

	return code == RETWINE_OK ? module_decode(m, &file, path, error) : code;
}

void module_measure(const struct module *m, uint8_t module_digest[LAUNCH_DIGEST_SIZE],
		    uint8_t native_digest[LAUNCH_DIGEST_SIZE])
{
	const struct wasm_module *w = &m->wasm;

	launch_measure_module(module_digest, native_digest, w->bytes, w->size, w->native_at,
			      w->native.offset);
}

/* Section id, size, name and payload (Core 3.0, 5.5.2). */
static void write_native(struct writer *w, const uint8_t *payload, size_t size)
{
	static const char name[] = NATIVE_SECTION_NAME;
	size_t left = sizeof(name) + size; /* the name's length is one byte */

	writer_u8(w, 0);
	for (; left >= 0x80; left >>= 7)
		writer_u8(w, (uint8_t)(left | 0x80));
	writer_u8(w, (uint8_t)left);
	writer_u8(w, sizeof(name) - 1);
	writer_bytes(w, name, sizeof(name) - 1);
	writer_bytes(w, payload, size);
}

enum retwine_code module_append_native(struct module *m, const uint8_t *payload, size_t size,
				       const char *path, struct retwine_error *error)
{
	struct file file = {0};
	struct writer w;
	size_t total;

	must(m->wasm.native_at == m->wasm.size);
	writer_init(&w, NULL, 0);
	write_native(&w, payload, size);
	if (!checked_add(&total, m->file.size, w.len) || total > WASM_MAX_MODULE_SIZE)
		return error_set(error, RETWINE_INPUT, "%s: too large with its native code", path);
	file.p = malloc(total);
	if (!file.p)
		return error_no_memory(error);
	file.size = total;
	memcpy(file.p, m->file.p, m->file.size);
	writer_init(&w, file.p + m->file.size, total - m->file.size);
	write_native(&w, payload, size);
	module_fini(m);
	return module_decode(m, &file, path, error);
}

enum retwine_code module_validate(struct module *m, const char *path, struct retwine_error *error)
{
	struct wasm_error e = {0};

	if (wasm_validate(&m->wasm, &e) == E_OK)
		return RETWINE_OK;
	return module_error(error, path, &e);
}

void module_fini(struct module *m)
{
	wasm_module_fini(&m->wasm);
	file_fini(&m->file);
}

enum retwine_code retwine_validate(const char *path, struct retwine_error *error)
{
	struct module m = {0};
	enum retwine_code code = module_load(&m, path, error);

	if (code == RETWINE_OK)
		code = module_validate(&m, path, error);
	module_fini(&m);
	return code;
}
