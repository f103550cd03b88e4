/*
 * A section becomes code that can be executed: first it is verified, whole, then it is placed.
 * Trust: the image was decoded (format.c) and compared with the module (check.c); what its code does is what the
 * verifier finds it to do. The bytes that are verified are those that are placed: nobody else can change them.
 * Invariant: no byte of a section is executable before every entry of it was accepted, and there is no other way to
 * native_place. offsets[0 .. functions + routines] are those of the image and rise.
 */
#include "base/heap.h"
#include "native/native.h"
#include "native/verify_section.h"

/* The verification of one section: too large for a stack. */
struct load_check {
	struct verify_image image;
	struct verifier verifier;
};

/* In order; the first refusal ends it. The compiler keeps its functions within the verifier's limits, so what takes
 * too much memory is mostly a heap that is full. */
static enum err check_entries(struct load_check *c, struct native_refusal *refusal)
{
	for (uint32_t i = 0; i < c->image.entry_count; i++) {
		const struct verify_result r = verify_function(&c->verifier, i);

		if (r.reason == VERIFY_OK)
			continue;
		if (r.reason == VERIFY_MEMORY)
			return E_NOMEM;
		*refusal = (struct native_refusal){i, r.offset - c->image.entries[i], r.reason};
		return E_NATIVE_UNVERIFIED;
	}
	return E_OK;
}

static enum err load_verify(struct native_refusal *refusal, const struct native_image *image,
			    const uint32_t *offsets, const struct wasm_module *module)
{
	struct load_check *c = heap_alloc(sizeof *c);

	if (!c)
		return E_NOMEM;
	enum err err = verify_image_init(&c->image, image, offsets, module);

	if (!err)
		err = verifier_init(&c->verifier, &c->image);
	if (err == E_MALFORMED)
		err = E_NATIVE_FACTS;
	if (!err)
		err = check_entries(c, refusal);
	verifier_fini(&c->verifier);
	heap_free(c);
	return err;
}

static enum err load_place(struct native_code *code, const struct native_image *image)
{
	const struct native_header *h = &image->header;

	if (h->code_size == 0) /* a module need not have functions */
		return E_OK;
	return native_place(image->code, h->code_size, image->rodata, h->rodata_size,
			    &code->address);
}

enum err native_load(struct native_code *code, struct native_refusal *refusal,
		     const struct native_image *image, const struct wasm_module *module)
{
	const struct native_header *h = &image->header;
	struct native_code loaded = {.module = module, .size = h->code_size, .flags = h->flags};
	enum err err = native_layout_init(&loaded.layout, module);

	must(h->func_count == module->func_count - module->import_func_count);
	if (err)
		return err;
	loaded.offsets = verify_entries(image);
	if (!loaded.offsets)
		return E_NOMEM;
	err = load_verify(refusal, image, loaded.offsets, module);
	if (!err)
		err = load_place(&loaded, image);
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
