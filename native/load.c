/*
 * A section becomes code that can be executed.
 * Trust: the image was decoded (format.c) and compared with the module (check.c).
 * Invariant: offsets[0 .. functions + routines] are those of the image and rise.
 */
#include "base/heap.h"
#include "native/native.h"

static uint32_t *load_offsets(const struct native_image *image)
{
	const uint32_t count = native_entry_count(image);
	uint32_t *offsets = heap_alloc_array((size_t)count + 1, sizeof *offsets);

	for (uint32_t i = 0; offsets && i <= count; i++)
		offsets[i] = native_entry_offset(image, i);
	return offsets;
}

enum err native_load(struct native_code *code, const struct native_image *image,
		     const struct wasm_module *module)
{
	const struct native_header *h = &image->header;
	struct native_code loaded = {.module = module, .size = h->code_size, .flags = h->flags};
	enum err err = native_layout_init(&loaded.layout, module);

	must(h->func_count == module->func_count - module->import_func_count);
	if (err)
		return err;
	loaded.offsets = load_offsets(image);
	if (!loaded.offsets)
		return E_NOMEM;
	if (h->code_size != 0) /* a module need not have functions */
		err = native_place(image->code, h->code_size, image->rodata, h->rodata_size,
				   &loaded.address);
	if (err) {
		heap_free(loaded.offsets);
		return err;
	}
	*code = loaded;
	return E_OK;
}

void native_code_fini(struct native_code *code)
{
	heap_free(code->offsets);
	*code = (struct native_code){0};
}
