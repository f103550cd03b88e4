/*
 * Does a section belong to a module, and can it be bounded as it has to be?
 * Trust: the image was decoded (format.c); its digest, flags and counts are compared here.
 */
#include <string.h>

#include "native/native.h"

enum err native_check(const struct native_image *image, const struct wasm_module *module,
		      const uint8_t module_digest[32], uint32_t required)
{
	const struct native_header *h = &image->header;

	if (memcmp(h->module_digest, module_digest, sizeof(h->module_digest)) != 0 ||
	    h->func_count != module->func_count - module->import_func_count)
		return E_NATIVE_MODULE;
	if (required & ~h->flags & NATIVE_METERED)
		return E_NATIVE_METERED;
	if (required & ~h->flags & NATIVE_POLLED)
		return E_NATIVE_POLLED;
	return required & ~h->flags & NATIVE_CHECKED ? E_NATIVE_WINDOW : E_OK;
}
