/*
 * Text to values and back.
 * Trust: the text is the caller's; result types are the enclave's word and may be anything.
 */
#include "host/value.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wasm/types.h"

/* An integer that fits `bits` bits, signed or unsigned. */
static bool parse_int(uint64_t *out, const char *text, unsigned bits)
{
	const char *digits = text[0] == '-' || text[0] == '+' ? text + 1 : text;
	bool hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
	uint64_t largest = UINT64_MAX >> (64 - bits);
	char *end;

	if (!(digits[0] >= '0' && digits[0] <= '9'))
		return false;
	errno = 0;
	unsigned long long v = strtoull(digits, &end, hex ? 16 : 10);

	if (errno != 0 || *end != 0 || end == digits)
		return false;
	if (text[0] == '-') {
		if (v > (largest >> 1) + 1)
			return false;
		v = 0 - v;
	} else if (v > largest) {
		return false;
	}
	*out = v & largest;
	return true;
}

/* A whole text that strtod takes, without white space before it. */
static bool float_text_ok(const char *text, const char *end)
{
	return end != text && *end == 0 && strchr(" \t\n\v\f\r", text[0]) == NULL;
}

static bool parse_f32(uint64_t *out, const char *text)
{
	char *end;
	float v = strtof(text, &end);
	uint32_t bits;

	memcpy(&bits, &v, sizeof(bits));
	*out = bits;
	return float_text_ok(text, end);
}

static bool parse_f64(uint64_t *out, const char *text)
{
	char *end;
	double v = strtod(text, &end);

	memcpy(out, &v, sizeof(v));
	return float_text_ok(text, end);
}

bool value_parse(struct launch_value *out, uint32_t type, const char *text)
{
	uint64_t bits = 0;
	bool ok = false;

	if (type == WASM_I32)
		ok = parse_int(&bits, text, 32);
	else if (type == WASM_I64)
		ok = parse_int(&bits, text, 64);
	else if (type == WASM_F32)
		ok = parse_f32(&bits, text);
	else if (type == WASM_F64)
		ok = parse_f64(&bits, text);
	if (ok)
		*out = (struct launch_value){.type = (enum launch_value_type)type, .bits = bits};
	return ok;
}

static bool same_f32(const char *s, double v)
{
	float a = strtof(s, NULL), b = (float)v;

	return memcmp(&a, &b, sizeof(a)) == 0;
}

static bool same_f64(const char *s, double v)
{
	double a = strtod(s, NULL);

	return memcmp(&a, &v, sizeof(a)) == 0;
}

/* The fewest digits that read back as v; 9 and 17 always do. */
static void write_float(struct text *t, double v, int digits_max,
			bool (*same)(const char *s, double v))
{
	char s[64];

	if (isnan(v)) {
		text_add(t, signbit(v) ? "-nan" : "nan");
		return;
	}
	for (int digits = 1; digits <= digits_max; digits++) {
		(void)snprintf(s, sizeof(s), "%.*g", digits, v);
		if (same(s, v))
			break;
	}
	text_add(t, s);
}

static void write_f32(struct text *t, uint64_t bits)
{
	uint32_t low = (uint32_t)bits;
	float v;

	memcpy(&v, &low, sizeof(v));
	write_float(t, (double)v, 9, same_f32);
}

static void write_f64(struct text *t, uint64_t bits)
{
	double v;

	memcpy(&v, &bits, sizeof(v));
	write_float(t, v, 17, same_f64);
}

void value_write(struct text *t, uint32_t type, uint64_t bits)
{
	if (type == WASM_I32)
		text_addf(t, "%" PRId32, (int32_t)(uint32_t)bits);
	else if (type == WASM_I64)
		text_addf(t, "%" PRId64, (int64_t)bits);
	else if (type == WASM_F32)
		write_f32(t, bits);
	else if (type == WASM_F64)
		write_f64(t, bits);
	else
		text_addf(t, "%s:0x%" PRIx64, value_type_name(type), bits);
}

const char *value_type_name(uint32_t type)
{
	switch (type) {
	case WASM_I32:
		return "i32";
	case WASM_I64:
		return "i64";
	case WASM_F32:
		return "f32";
	case WASM_F64:
		return "f64";
	case WASM_V128:
		return "v128";
	case WASM_FUNCREF:
		return "funcref";
	case WASM_EXTERNREF:
		return "externref";
	case WASM_EXNREF:
		return "exnref";
	default:
		return wasm_type_is_ref(type) ? "ref" : "?";
	}
}

static const char *heap_type_name(uint32_t type)
{
	switch (type & WASM_HEAP) {
	case WASM_HEAP_FUNC:
		return "func";
	case WASM_HEAP_EXTERN:
		return "extern";
	case WASM_HEAP_EXN:
		return "exn";
	case WASM_HEAP_NOFUNC:
		return "nofunc";
	case WASM_HEAP_NOEXTERN:
		return "noextern";
	case WASM_HEAP_NOEXN:
		return "noexn";
	default:
		return "?";
	}
}

void value_write_type(struct text *t, uint32_t type)
{
	const char *name = value_type_name(type);

	if (strcmp(name, "ref") != 0) {
		text_add(t, name);
		return;
	}
	text_add(t, type & WASM_NULLABLE ? "(ref null " : "(ref ");
	if (wasm_type_is_concrete(type))
		text_addf(t, "%u)", type & WASM_HEAP);
	else
		text_addf(t, "%s)", heap_type_name(type));
}
