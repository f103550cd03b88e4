/*
 * Finding the native section without decoding.
 * Trust: the bytes are anybody's; only section headers are looked at.
 */
#include <string.h>

#include "base/reader.h"
#include "wasm/leb.h"
#include "wasm/module.h"

#define NATIVE_NAME   "retwine.native"
#define PREAMBLE_SIZE 8

/* Does a custom section begin with our name? The reader then stands on its payload. */
static bool take_native_name(struct reader *r)
{
	uint64_t size;

	if (leb_take_unsigned(r, 32, &size) != E_OK || size != sizeof(NATIVE_NAME) - 1)
		return false;
	const uint8_t *p = reader_take(r, size);

	return p && memcmp(p, NATIVE_NAME, size) == 0;
}

void wasm_find_native(const void *bytes, size_t size, size_t *section_off, size_t *payload_off)
{
	struct reader r;
	uint64_t length;

	*section_off = *payload_off = size;
	reader_init(&r, bytes, size);
	reader_take(&r, PREAMBLE_SIZE);
	while (reader_ok(&r) && r.left != 0) {
		size_t at = size - r.left;
		uint8_t id = reader_u8(&r);

		if (leb_take_unsigned(&r, 32, &length) != E_OK || length > r.left)
			return;
		struct reader section = reader_sub(&r, length);

		if (id == 0 && take_native_name(&section)) {
			*section_off = at;
			*payload_off = size - r.left - section.left;
			return;
		}
	}
}
