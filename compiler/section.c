/*
 * The section's bytes.
 * Trust: what is linked is ours; of the module only the place of an old section is looked at.
 */
#include "compiler/section.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/sha256.h"

#define LEB_U32_MAX 5

static void put_u32(uint8_t **p, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		*(*p)++ = (uint8_t)(v >> (8 * i));
}

static void put_bytes(uint8_t **p, const void *bytes, size_t size)
{
	if (size)
		memcpy(*p, bytes, size);
	*p += size;
}

static size_t leb_put(uint8_t *out, uint64_t v)
{
	size_t n = 0;

	do {
		out[n] = (uint8_t)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
		v >>= 7;
		n++;
	} while (v);
	return n;
}

bool section_make(const struct linked *l, const struct wasm_module *m,
		  const struct compile_options *options, const uint8_t *facts, size_t facts_size,
		  uint8_t **payload, size_t *size)
{
	struct native_header h = {.magic = NATIVE_MAGIC,
				  .abi_version = NATIVE_ABI_VERSION,
				  .isa = options->isa,
				  .flags = options->flags,
				  .func_count = l->func_count,
				  .code_size = l->code_size,
				  .rodata_size = l->rodata_size,
				  .facts_size = facts_size,
				  .routine_count = l->routine_count};
	const uint32_t entry_count = l->func_count + l->routine_count;

	sha256_digest(h.module_digest, m->bytes, m->native_at);
	*size = sizeof h + 4 * ((size_t)entry_count + 1) + l->code_size + l->rodata_size +
		facts_size;
	*payload = malloc(*size);
	if (!*payload)
		return false;
	uint8_t *p = *payload;

	put_bytes(&p, &h, sizeof h); /* little-endian, as this machine is */
	for (uint32_t i = 0; i <= entry_count; i++)
		put_u32(&p, l->offsets[i]);
	put_bytes(&p, l->code, l->code_size);
	put_bytes(&p, l->rodata, l->rodata_size);
	put_bytes(&p, facts, facts_size);
	return true;
}

bool section_append(const uint8_t *module, size_t module_size, const uint8_t *payload, size_t size,
		    uint8_t **out, size_t *out_size)
{
	static const char name[] = NATIVE_SECTION_NAME;
	uint64_t content = 1 + (sizeof name - 1) + (uint64_t)size;
	size_t at, old_payload;
	uint8_t leb[LEB_U32_MAX * 2];

	if (content > UINT32_MAX)
		return false;
	wasm_find_native(module, module_size, &at, &old_payload);
	size_t leb_size = leb_put(leb, content);

	*out_size = at + 1 + leb_size + content;
	*out = malloc(*out_size);
	if (!*out)
		return false;
	uint8_t *p = *out;

	put_bytes(&p, module, at);
	*p++ = 0; /* a custom section */
	put_bytes(&p, leb, leb_size);
	*p++ = sizeof name - 1;
	put_bytes(&p, name, sizeof name - 1);
	put_bytes(&p, payload, size);
	return true;
}
