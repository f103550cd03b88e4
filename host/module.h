/* A module's file on the host: read once; the host's own decoding serves messages and the digests,
 * the enclave believes none of it. */
#ifndef HOST_MODULE_H
#define HOST_MODULE_H

#include "base/cc.h"
#include "host/base/files.h"
#include "include/retwine.h"
#include "launch/launch.h"
#include "wasm/module.h"

/* Zeroed is valid. */
struct module {
	struct file file;
	struct wasm_module wasm; /* refers to the file's bytes */
};

/* Reads and decodes; bodies are not validated. RETWINE_INPUT says what is wrong and where. */
MUST_USE enum retwine_code module_load(struct module *m, const char *path,
				       struct retwine_error *error);

/* Decodes bytes that are read already; m takes them over, also on failure. */
MUST_USE enum retwine_code module_decode(struct module *m, struct file *file, const char *path,
					 struct retwine_error *error);

/* Puts native code behind a module that has none: the section with this payload. */
MUST_USE enum retwine_code module_append_native(struct module *m, const uint8_t *payload,
						size_t size, const char *path,
						struct retwine_error *error);

/* launch_measure_module of it. */
void module_measure(const struct module *m, uint8_t module_digest[LAUNCH_DIGEST_SIZE],
		    uint8_t native_digest[LAUNCH_DIGEST_SIZE]);

/* Validates all bodies. */
MUST_USE enum retwine_code module_validate(struct module *m, const char *path,
					   struct retwine_error *error);

void module_fini(struct module *m);

#endif
