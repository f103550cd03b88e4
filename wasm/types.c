/*
 * Matching of value types (Core 3.0, 3.3.2 to 3.3.4).
 * Trust: the types are decoded.
 */
#include "wasm/types.h"

/* Is `type` the abstract type below every other one of its hierarchy? */
static bool type_is_bottom(uint32_t type)
{
	if (!(type & WASM_ABSTRACT))
		return false;
	switch (type & WASM_HEAP) {
	case WASM_HEAP_NOFUNC:
	case WASM_HEAP_NOEXTERN:
	case WASM_HEAP_NOEXN:
		return true;
	default:
		return false;
	}
}

/* Both are references. A concrete function type has no subtypes but itself: none is declared. */
static bool type_heap_matches(uint32_t sub, uint32_t super)
{
	const uint32_t heap = WASM_ABSTRACT | WASM_HEAP;

	if ((sub & heap) == (super & heap) || sub == WASM_REF_BOTTOM)
		return true;
	if (wasm_type_top(sub) != wasm_type_top(super))
		return false;
	if (type_is_bottom(sub))
		return true;
	return super & WASM_ABSTRACT && !type_is_bottom(super);
}

bool wasm_type_matches(uint32_t sub, uint32_t super)
{
	if (sub == super)
		return true;
	if (!wasm_type_is_ref(sub) || !wasm_type_is_ref(super))
		return false;
	if (sub & WASM_NULLABLE && !(super & WASM_NULLABLE))
		return false;
	return type_heap_matches(sub, super);
}
