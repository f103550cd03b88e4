/*
 * From a section to what the verifier works on.
 * Trust: the section was decoded (format.c): its parts have the sizes that its header says, its offsets rise and
 * end with the code. What stands in the parts is hostile.
 */
#include "native/verify_section.h"

#include "base/heap.h"

uint32_t *verify_entries(const struct native_image *section)
{
	const uint32_t count = native_entry_count(section);
	uint32_t *entries = heap_alloc_array((size_t)count + 1, sizeof *entries);

	for (uint32_t i = 0; entries && i <= count; i++)
		entries[i] = native_entry_offset(section, i);
	return entries;
}

/* The window belongs to the module's memory 0: without one, or with one elsewhere, it is another's. */
static uint64_t window_size(const struct native_image *section, const struct wasm_module *module)
{
	const bool elsewhere = section->header.flags & NATIVE_CHECKED;

	return elsewhere || module->memory_count == 0 ? 0 : NATIVE_WINDOW_SIZE;
}

enum err verify_image_init(struct verify_image *image, const struct native_image *section,
			   const uint32_t *entries, const struct wasm_module *module)
{
	const struct native_header *h = &section->header;

	*image = (struct verify_image){
		.code = section->code,
		.code_size = (uint32_t)h->code_size,
		.rodata = section->rodata,
		.rodata_size = (uint32_t)h->rodata_size,
		.facts = section->facts,
		.facts_size = (uint32_t)h->facts_size,
		.entries = entries,
		.entry_count = native_entry_count(section),
		.module = module,
		.window_size = window_size(section, module),
	};
	return native_layout_init(&image->layout, module);
}

static uint32_t facts_offset(const struct native_image *section, uint32_t i)
{
	const uint8_t *p = section->facts + 4 * (size_t)i;

	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint32_t verify_facts_size(const struct native_image *section, uint32_t i)
{
	if (section->header.facts_size < 4 * ((uint64_t)native_entry_count(section) + 1))
		return 0;
	return facts_offset(section, i + 1) - facts_offset(section, i);
}
