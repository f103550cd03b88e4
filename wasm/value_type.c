/*
 * Value types (Core 3.0, 5.3.1 to 5.3.5).
 * Trust: the bytes are untrusted.
 * Invariant: an index in a type that is returned is canonical and below the module's type_count.
 */
#include "wasm/value_type.h"

#include "wasm/leb.h"

/* What opens a reference type that is written in full. */
enum value_type_prefix { PREFIX_REF = 0x64, PREFIX_REF_NULL = 0x63 };

/* An abstract heap type by its code. */
static enum err value_type_abstract(uint8_t code, uint32_t *out)
{
	switch (code) {
	case WASM_HEAP_EXN:
	case WASM_HEAP_EXTERN:
	case WASM_HEAP_FUNC:
	case WASM_HEAP_NOEXTERN:
	case WASM_HEAP_NOFUNC:
	case WASM_HEAP_NOEXN:
		*out = WASM_REF_ABSTRACT(WASM_NULLABLE | (uint32_t)code);
		return E_OK;
	case 0x6a: /* array */
	case 0x6b: /* struct */
	case 0x6c: /* i31 */
	case 0x6d: /* eq */
	case 0x6e: /* any */
	case 0x71: /* none */
		return E_WASM_NEEDS_GC;
	default:
		return E_WASM_BAD_TYPE;
	}
}

/* The codes of abstract types are those that a positive 33-bit integer cannot begin with. */
enum err value_type_take_heap(const struct wasm_module *m, struct reader *r, uint32_t *out)
{
	int64_t index;

	if (r->left == 0)
		return E_WASM_END;
	if (*r->p >= 0x40 && *r->p < 0x80)
		return value_type_abstract(reader_u8(r), out);
	enum err e = leb_take_signed(r, 33, &index);

	if (e)
		return e;
	if (index < 0)
		return E_WASM_BAD_TYPE;
	if (index >= m->type_count)
		return E_WASM_NO_SUCH_TYPE;
	*out = WASM_REF | WASM_NULLABLE | m->types[index].canonical;
	return E_OK;
}

enum err value_type_take(const struct wasm_module *m, struct reader *r, uint32_t *out)
{
	uint8_t code;

	if (!leb_take_byte(r, &code))
		return E_WASM_END;
	if (wasm_type_is_num(code) || code == WASM_V128) {
		*out = code;
		return E_OK;
	}
	if (code == PREFIX_REF_NULL)
		return value_type_take_heap(m, r, out);
	if (code != PREFIX_REF)
		return value_type_abstract(code, out);
	uint32_t type;
	enum err e = value_type_take_heap(m, r, &type);

	if (!e)
		*out = type & ~WASM_NULLABLE;
	return e;
}

enum err value_type_take_ref(const struct wasm_module *m, struct reader *r, uint32_t *out)
{
	uint32_t type;
	enum err e = value_type_take(m, r, &type);

	if (e)
		return e;
	if (!wasm_type_is_ref(type))
		return E_WASM_BAD_TYPE;
	*out = type;
	return E_OK;
}
