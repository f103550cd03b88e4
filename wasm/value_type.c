/*
 * Value types, byte by byte.
 * Trust: the bytes are untrusted.
 */
#include "wasm/value_type.h"

/* The codes that other features gave meanings to (Core 3.0, 5.3; exception handling). */
static enum err value_type_refusal(uint8_t code)
{
	switch (code) {
	case WASM_V128:
		return E_WASM_NEEDS_SIMD;
	case 0x69: /* exnref */
	case 0x74: /* nullexnref */
		return E_WASM_NEEDS_EXCEPTIONS;
	case 0x63: /* (ref null ht) */
	case 0x64: /* (ref ht) */
	case 0x6a: /* arrayref and the other abstract heap types */
	case 0x6b:
	case 0x6c:
	case 0x6d:
	case 0x6e:
	case 0x71:
	case 0x72:
	case 0x73:
		return E_WASM_NEEDS_GC;
	default:
		return E_WASM_BAD_TYPE;
	}
}

enum err value_type_take(struct reader *r, uint8_t *out)
{
	uint8_t code = reader_u8(r);

	if (!reader_ok(r))
		return E_WASM_END;
	if (!wasm_type_is_num(code) && !wasm_type_is_ref(code))
		return value_type_refusal(code);
	*out = code;
	return E_OK;
}

enum err value_type_take_ref(struct reader *r, uint8_t *out)
{
	uint8_t type;
	enum err e = value_type_take(r, &type);

	if (e)
		return e;
	if (!wasm_type_is_ref(type))
		return E_WASM_BAD_TYPE;
	*out = type;
	return E_OK;
}
