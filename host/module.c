/*
 * Modules on the host side.
 * Trust: the file is anybody's; wasm/ checks it.
 */
#include "host/module.h"

#include <stdlib.h>

#include "host/text.h"
#include "host/words.h"
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
