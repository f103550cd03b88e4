/*
 * Choosing, making and checking native code before an enclave is made.
 * Trust: section and cache are anybody's. Their form is checked here for the sake of the words; what
 * counts is the digest that the record gets, and that the enclave verifies the code.
 * Invariant: code that does not stand in the file is used only where its digest is pinned, or in the
 * simulator, for a record that is made with it.
 */
#include "host/engine.h"

#include <string.h>

#include "host/base/words.h"
#include "host/cache.h"
#include "host/device/device.h"
#include "native/native.h"

#define SPAWN_MODULE "wasi" /* the wasi-threads proposal */
#define SPAWN_NAME   "thread-spawn"

static bool name_is(struct wasm_name name, const char *s)
{
	return name.len == strlen(s) && memcmp(name.p, s, name.len) == 0;
}

static bool starts_threads(const struct wasm_module *m)
{
	for (uint32_t i = 0; i < m->import_count; i++) {
		if (name_is(m->imports[i].module, SPAWN_MODULE) &&
		    name_is(m->imports[i].name, SPAWN_NAME))
			return true;
	}
	return false;
}

uint32_t engine_required(const struct retwine_config *config, const struct module *m)
{
	const bool threads = config->limits.threads != 1 && starts_threads(&m->wasm);
	uint32_t flags = config->limits.fuel != 0 ? NATIVE_METERED : 0;

	return config->limits.timeout != 0 || threads ? flags | NATIVE_POLLED : flags;
}

bool engine_has_section(const struct module *m)
{
	return m->wasm.native_at != m->wasm.size;
}

enum retwine_code engine_section_error(struct retwine_error *error, const char *path, enum err err)
{
	const bool form = err == E_TRUNCATED || err == E_MALFORMED || err == E_LIMIT;

	if (form)
		return error_set(error, RETWINE_INPUT,
				 "%s: its section " NATIVE_SECTION_NAME
				 " is damaged: %s; compile it again",
				 path, words_err(err));
	return error_set(error, RETWINE_INPUT, "%s: %s", path, words_err(err));
}

/* The section as the enclave will see it. */
static enum retwine_code check_section(struct engine_use *use, const struct module *m,
				       const uint8_t module_digest[LAUNCH_DIGEST_SIZE],
				       const struct retwine_config *config,
				       struct retwine_error *error)
{
	const struct wasm_module *w = &m->wasm;
	struct native_image image;
	enum err err = native_decode(&image, w->bytes + w->native.offset, w->native.size);

	if (err == E_OK)
		err = native_check(&image, w, module_digest, engine_required(config, m));
	if (err != E_OK)
		return engine_section_error(error, config->module, err);
	use->isa = image.header.isa;
	return RETWINE_OK;
}

/* ---- code that the file does not have ---- */

/* Without a pinned digest the compiler that stands here decides what the program's identity is. */
static enum retwine_code allow_making(struct engine_use *use, const struct retwine_config *config,
				      struct retwine_error *error)
{
	if (config->has_native_digest)
		return RETWINE_OK;
	use->simulation_only =
		config->simulation || config->strict_simulation || !device_linux_exists();
	if (use->simulation_only)
		return RETWINE_OK;
	return error_set(error, RETWINE_REFUSED,
			 "%s has no native code, and code that is made here would become part of "
			 "its identity unseen; make it with 'retwine compile', or pin it with "
			 "--native-digest",
			 config->module);
}

static enum retwine_code make_section(struct engine_use *use, struct module *m,
				      const uint8_t module_digest[LAUNCH_DIGEST_SIZE],
				      const struct retwine_config *config,
				      struct retwine_error *error)
{
	struct file payload = {0};
	enum retwine_code code = allow_making(use, config, error);

	if (code == RETWINE_OK)
		code = cache_native(&payload, m, module_digest, config, error);
	if (code == RETWINE_OK)
		code = module_append_native(m, payload.p, payload.size, config->module, error);
	file_fini(&payload);
	return code;
}

/* ---- all of it ---- */

static enum retwine_code check_pinned(const uint8_t native_digest[LAUNCH_DIGEST_SIZE],
				      const struct retwine_config *config,
				      struct retwine_error *error)
{
	if (!config->has_native_digest ||
	    memcmp(native_digest, config->native_digest, LAUNCH_DIGEST_SIZE) == 0)
		return RETWINE_OK;
	return error_set(error, RETWINE_REFUSED,
			 "%s: its native code is not what native-digest says; 'retwine inspect' "
			 "shows the digest of a section",
			 config->module);
}

static bool wants_native(const struct retwine_config *config, const struct module *m)
{
	return config->engine == CONFIG_ENGINE_NATIVE ||
	       (config->engine == CONFIG_ENGINE_AUTO && engine_has_section(m));
}

enum retwine_code engine_prepare(struct engine_use *use, struct module *m,
				 const struct retwine_config *config, struct retwine_error *error)
{
	const bool native = wants_native(config, m);
	uint8_t module_digest[LAUNCH_DIGEST_SIZE], native_digest[LAUNCH_DIGEST_SIZE];
	enum retwine_code code = RETWINE_OK;

	*use = (struct engine_use){.engine = native ? LAUNCH_ENGINE_NATIVE
						    : LAUNCH_ENGINE_INTERPRETER};
	module_measure(m, module_digest, native_digest);
	if (native && !engine_has_section(m)) {
		code = make_section(use, m, module_digest, config, error);
		if (code == RETWINE_OK)
			module_measure(m, module_digest, native_digest);
	}
	if (code == RETWINE_OK)
		code = check_pinned(native_digest, config, error);
	if (code == RETWINE_OK && native)
		code = check_section(use, m, module_digest, config, error);
	return code;
}

enum retwine_code engine_check_cpu(const struct engine_use *use, bool has_v3, const char *path,
				   struct retwine_error *error)
{
	if (use->isa != NATIVE_ISA_V3 || has_v3)
		return RETWINE_OK;
	return error_set(
		error, RETWINE_FAILED,
		"%s: its native code needs x86-64-v3 (AVX2, BMI, FMA), which this CPU does "
		"not have; compile it with --isa v2, or take --engine=interpreter",
		path);
}
