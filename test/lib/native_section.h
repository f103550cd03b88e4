/*
 * Sections retwine.native made by hand: right in form, with code that traps at once, and that the verifier accepts.
 * Tests bend the header before it is written, or the bytes afterwards.
 */
#ifndef TEST_LIB_NATIVE_SECTION_H
#define TEST_LIB_NATIVE_SECTION_H

#include <stdlib.h>
#include <string.h>

#include "base/writer.h"
#include "crypto/sha256.h"
#include "native/format.h"
#include "wasm/module.h"

/* ud1 of "unreachable", HLT up to the next function. */
static const uint8_t g_native_func[NATIVE_CODE_ALIGN] = {0x67, 0x0f, 0xb9, 0x40, 0x01, 0xf4,
							 0xf4, 0xf4, 0xf4, 0xf4, 0xf4, 0xf4,
							 0xf4, 0xf4, 0xf4, 0xf4};

/* That of a section for a module which decodes. */
static inline struct native_header native_header_for(const uint8_t *module, size_t size)
{
	struct native_header h = {
		.magic = NATIVE_MAGIC, .abi_version = NATIVE_ABI_VERSION, .isa = NATIVE_ISA_V3};
	struct wasm_error error;
	struct wasm_module m;

	if (wasm_decode(&m, &error, module, size) != E_OK)
		abort();
	h.func_count = m.func_count - m.import_func_count;
	h.code_size = (uint64_t)h.func_count * NATIVE_CODE_ALIGN;
	h.facts_size = 4 * ((uint64_t)h.func_count + 1);
	sha256_digest(h.module_digest, module, size);
	wasm_module_fini(&m);
	return h;
}

/* One more routine behind the functions. */
static inline void native_header_add_routine(struct native_header *h)
{
	h->routine_count++;
	h->code_size += NATIVE_CODE_ALIGN;
	h->facts_size += 4;
}

static inline void native_write_payload(struct writer *w, const struct native_header *h)
{
	const uint32_t entries = h->func_count + h->routine_count;

	writer_u64(w, h->magic);
	writer_u32(w, h->abi_version);
	writer_u32(w, h->isa);
	writer_u32(w, h->flags);
	writer_u32(w, h->func_count);
	writer_bytes(w, h->module_digest, sizeof(h->module_digest));
	writer_u64(w, h->code_size);
	writer_u64(w, h->rodata_size);
	writer_u64(w, h->facts_size);
	writer_u32(w, h->routine_count);
	writer_bytes(w, h->reserved, sizeof(h->reserved));
	for (uint32_t i = 0; i <= entries; i++)
		writer_u32(w, i * NATIVE_CODE_ALIGN);
	for (uint32_t i = 0; i < entries; i++)
		writer_bytes(w, g_native_func, sizeof(g_native_func));
	for (uint32_t i = 0; i <= entries; i++) /* the facts of functions without labels: none */
		writer_u32(w, 0);
}

/* The module with the section behind it; its size. The payload has `cut` bytes less at its end, or
 * more if that is negative. */
static inline size_t native_attach(uint8_t *out, size_t room, const uint8_t *module, size_t size,
				   const struct native_header *h, int cut)
{
	static const char name[] = NATIVE_SECTION_NAME;
	uint8_t payload[4096] = {0};
	struct writer w;

	writer_init(&w, payload, sizeof(payload));
	native_write_payload(&w, h);
	const uint32_t payload_size = (uint32_t)((int)w.len - cut);
	const uint32_t section = (uint32_t)sizeof(name) + payload_size;

	if (!writer_ok(&w) || payload_size > sizeof(payload))
		abort();
	writer_init(&w, out, room);
	writer_bytes(&w, module, size);
	writer_u8(&w, 0);
	writer_u8(&w, (uint8_t)(section | 0x80));
	writer_u8(&w, (uint8_t)(section >> 7));
	writer_u8(&w, sizeof(name) - 1);
	writer_bytes(&w, name, sizeof(name) - 1);
	writer_bytes(&w, payload, payload_size);
	if (!writer_ok(&w) || section > 0x3fff)
		abort();
	return w.len;
}

#endif
