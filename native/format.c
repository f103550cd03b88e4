/*
 * The section retwine.native taken apart.
 * Trust: every byte is untrusted; the payload is our copy and does not change.
 * Invariant: a decoded image's parts lie one behind the other in the payload and fill it; each
 * function and each routine begins inside the code, behind the one before it, the first one with it: there is no
 * byte of code before or behind them.
 */
#include "native/format.h"

#include <string.h>

#include "base/reader.h"

static void header_read(struct native_header *h, struct reader *r)
{
	h->magic = reader_u64(r);
	h->abi_version = reader_u32(r);
	h->isa = reader_u32(r);
	h->flags = reader_u32(r);
	h->func_count = reader_u32(r);
	reader_bytes(r, h->module_digest, sizeof(h->module_digest));
	h->code_size = reader_u64(r);
	h->rodata_size = reader_u64(r);
	h->facts_size = reader_u64(r);
	h->routine_count = reader_u32(r);
	reader_bytes(r, h->reserved, sizeof(h->reserved));
}

/* Magic and version come first: a section of another version may be different in everything else. */
static enum err header_check(const struct native_header *h)
{
	uint8_t reserved = 0;

	if (h->magic != NATIVE_MAGIC)
		return E_MALFORMED;
	if (h->abi_version != NATIVE_ABI_VERSION)
		return E_NATIVE_VERSION;
	if (h->isa != NATIVE_ISA_V2 && h->isa != NATIVE_ISA_V3)
		return E_NATIVE_ISA;
	for (size_t i = 0; i < sizeof(h->reserved); i++)
		reserved |= h->reserved[i];
	if (h->flags & ~NATIVE_FLAGS || reserved != 0)
		return E_MALFORMED;
	if (h->code_size > NATIVE_CODE_MAX || h->rodata_size > NATIVE_CODE_MAX ||
	    h->facts_size > NATIVE_CODE_MAX || h->routine_count > NATIVE_ROUTINES_MAX)
		return E_LIMIT;
	return E_OK;
}

static enum err offsets_check(const struct native_image *image)
{
	const uint32_t count = native_entry_count(image);

	if (native_entry_offset(image, 0) != 0)
		return E_MALFORMED;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = native_entry_offset(image, i);

		if (at % NATIVE_CODE_ALIGN != 0 || at >= native_entry_offset(image, i + 1))
			return E_MALFORMED;
	}
	return native_entry_offset(image, count) == image->header.code_size ? E_OK : E_MALFORMED;
}

enum err native_decode(struct native_image *image, const uint8_t *payload, size_t size)
{
	struct native_image decoded = {0};
	const struct native_header *h = &decoded.header;
	struct reader r;

	reader_init(&r, payload, size);
	header_read(&decoded.header, &r);
	if (!reader_ok(&r))
		return E_TRUNCATED;
	enum err err = header_check(h);

	if (err)
		return err;
	if (h->routine_count > UINT32_MAX - h->func_count)
		return E_MALFORMED;
	decoded.offsets = reader_take(&r, 4 * ((size_t)native_entry_count(&decoded) + 1));
	decoded.code = reader_take(&r, h->code_size);
	decoded.rodata = reader_take(&r, h->rodata_size);
	decoded.facts = reader_take(&r, h->facts_size);
	if (!reader_ok(&r))
		return E_TRUNCATED;
	if (!reader_done(&r))
		return E_MALFORMED;
	err = offsets_check(&decoded);
	if (!err)
		*image = decoded;
	return err;
}
