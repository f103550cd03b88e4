/*
 * Values of a script.
 * Trust: the script's bytes are untrusted; wast_value_read lets through only what the other
 * functions can take: known types and matches, and lanes that fit the type.
 */
#include "test/wast/values.h"

#include "wasm/types.h"

static bool lanes_fit(const struct wast_value *v)
{
	return v->type == WAST_V128 ? v->lane_count == 2 || v->lane_count == 4 : v->lane_count == 1;
}

static bool match_fits(uint8_t type, uint8_t match)
{
	switch (match) {
	case WAST_BITS:
		return true;
	case WAST_NAN_CANONICAL:
	case WAST_NAN_ARITHMETIC:
		return type == WAST_F32 || type == WAST_F64 || type == WAST_V128;
	case WAST_NULL:
	case WAST_NOT_NULL:
		return type >= WAST_FUNC;
	default:
		return false;
	}
}

void wast_value_read(struct reader *script, struct wast_value *v)
{
	*v = (struct wast_value){.type = reader_u8(script), .lane_count = reader_u8(script)};
	if (v->type >= WAST_TYPE_COUNT || !lanes_fit(v)) {
		reader_fail(script);
		return;
	}
	for (unsigned i = 0; i < v->lane_count; i++) {
		v->match[i] = reader_u8(script);
		v->bits[i] = reader_u64(script);
		if (!match_fits(v->type, v->match[i]))
			reader_fail(script);
	}
}

/* Does a value of that kind belong to the type? */
static bool type_fits(uint8_t kind, uint32_t type)
{
	switch (kind) {
	case WAST_I32:
		return type == WASM_I32;
	case WAST_I64:
		return type == WASM_I64;
	case WAST_F32:
		return type == WASM_F32;
	case WAST_F64:
		return type == WASM_F64;
	case WAST_V128:
		return type == WASM_V128;
	case WAST_FUNC:
		return wasm_type_is_ref(type) && wasm_type_top(type) == WASM_HEAP_FUNC;
	case WAST_EXTERN:
		return wasm_type_is_ref(type) && wasm_type_top(type) == WASM_HEAP_EXTERN;
	case WAST_EXN:
		return wasm_type_is_ref(type) && wasm_type_top(type) == WASM_HEAP_EXN;
	case WAST_REF:
		return wasm_type_is_ref(type);
	default:
		return false;
	}
}

/* The bits of one lane in 64-bit slots; a v128's second slot is its high half. */
static uint64_t slots_lane(const uint64_t *slots, unsigned lane, unsigned lane_count)
{
	if (lane_count == 4)
		return slots[lane / 2] >> 32 * (lane % 2) & UINT32_MAX;
	return slots[lane];
}

bool wast_value_to_slots(const struct wast_value *v, uint32_t type, uint64_t *slots)
{
	if (!type_fits(v->type, type))
		return false;
	for (unsigned i = 0; i < wasm_type_slots(type); i++)
		slots[i] = 0;
	if (v->match[0] == WAST_NULL)
		return type & WASM_NULLABLE;
	for (unsigned i = 0; i < v->lane_count; i++) {
		if (v->match[i] != WAST_BITS)
			return false;
		if (v->lane_count == 4)
			slots[i / 2] |= v->bits[i] << 32 * (i % 2);
		else
			slots[i] = v->bits[i];
	}
	return true;
}

/* The quiet bit set, and for canonical no other bit of the fraction; the sign is free. */
static bool nan_matches(uint8_t match, bool f32, uint64_t bits)
{
	uint64_t magnitude = bits & (f32 ? INT32_MAX : INT64_MAX);
	uint64_t canonical = f32 ? 0x7fc00000 : 0x7ff8000000000000;

	return match == WAST_NAN_CANONICAL ? magnitude == canonical
					   : (magnitude & canonical) == canonical;
}

static bool lane_matches(const struct wast_value *v, unsigned lane, uint64_t bits)
{
	switch (v->match[lane]) {
	case WAST_BITS:
		return v->bits[lane] == bits;
	case WAST_NULL:
		return bits == 0;
	case WAST_NOT_NULL:
		return bits != 0;
	default:
		return nan_matches(v->match[lane], v->type == WAST_F32 || v->lane_count == 4, bits);
	}
}

bool wast_value_matches(const struct wast_value *v, uint32_t type, const uint64_t *slots)
{
	if (!type_fits(v->type, type))
		return false;
	for (unsigned i = 0; i < v->lane_count; i++) {
		if (!lane_matches(v, i, slots_lane(slots, i, v->lane_count)))
			return false;
	}
	return true;
}
