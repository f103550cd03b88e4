/*
 * Native code as the engine of a test: finds a module's section by its digest, places it, links it.
 * Trust: sections are the host's and untrusted; native_decode, native_check and native_load judge them.
 */
#include <string.h>

#include "base/heap.h"
#include "base/reader.h"
#include "crypto/sha256.h"
#include "test/engine/engine.h"

/* Code in its place. */
struct engine_code {
	struct engine_code *next;
	const uint8_t *section;
	struct native_code code;
};

static enum err native_engine_thread_init(struct engine_thread *t)
{
	return native_thread_init(&t->native, t->store, &(struct native_limits){0});
}

static void native_engine_thread_fini(struct engine_thread *t)
{
	native_thread_fini(&t->native);
	while (t->codes) {
		struct engine_code *c = t->codes;

		t->codes = c->next;
		native_code_fini(&c->code);
		heap_free(c);
	}
}

static enum wasm_trap native_engine_call(struct engine_thread *t,
					 const struct wasm_func_instance *func,
					 const uint64_t *args, uint64_t *results)
{
	return native_call(&t->native, func, args, results);
}

static enum err native_engine_place(struct engine_thread *t, const struct native_image *image,
				    const uint8_t *section, const struct wasm_module *module,
				    struct engine_code **out)
{
	struct engine_code *c = heap_alloc(sizeof *c);
	struct native_refusal refusal;

	if (!c)
		return E_NOMEM;
	enum err err = native_load(&c->code, &refusal, image, module);

	if (err) {
		heap_free(c);
		return err;
	}
	c->section = section;
	c->next = t->codes;
	t->codes = c;
	*out = c;
	return E_OK;
}

/* A module that is instantiated twice has its code once. */
static enum err native_engine_place_once(struct engine_thread *t, const struct native_image *image,
					 const uint8_t *section, const struct wasm_module *module,
					 struct engine_code **out)
{
	for (struct engine_code *c = t->codes; c; c = c->next) {
		if (c->section == section && c->code.module == module) {
			*out = c;
			return E_OK;
		}
	}
	return native_engine_place(t, image, section, module, out);
}

static uint32_t required_flags(const struct wasm_control *control)
{
	if (!control)
		return 0;
	return (control->metered ? NATIVE_METERED : 0) | (control->polled ? NATIVE_POLLED : 0);
}

static enum err native_engine_link_section(struct engine_thread *t, struct wasm_instance *instance,
					   const struct native_image *image, const uint8_t *section,
					   const uint8_t digest[32])
{
	struct engine_code *c;
	enum err err = native_check(image, instance->module, digest,
				    required_flags(t->store->config.control));

	if (!err)
		err = native_engine_place_once(t, image, section, instance->module, &c);
	return err ? err : native_link(&t->native, instance, &c->code);
}

/* Of the sections that belong to the module, the one that fits where memory 0 is. */
static enum err native_engine_link(struct engine_thread *t, struct wasm_instance *instance)
{
	const struct wasm_module *m = instance->module;
	enum err err = E_NOT_FOUND;
	uint8_t digest[SHA256_SIZE];
	struct reader r;

	sha256_digest(digest, m->bytes, m->native_at);
	reader_init(&r, t->config->sections, t->config->sections_size);
	while (reader_ok(&r) && r.left) {
		const uint32_t size = reader_u32(&r);
		const uint8_t *section = reader_take(&r, size);
		struct native_image image;

		if (!section)
			return E_TRUNCATED;
		enum err bad = native_decode(&image, section, size);

		if (bad)
			return bad;
		if (memcmp(image.header.module_digest, digest, sizeof digest) != 0)
			continue;
		err = native_engine_link_section(t, instance, &image, section, digest);
		if (err != E_NATIVE_WINDOW)
			return err;
	}
	return err;
}

const struct engine engine_native = {native_store_init, native_engine_thread_init,
				     native_engine_thread_fini, native_engine_link,
				     native_engine_call};
