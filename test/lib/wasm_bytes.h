/*
 * Modules assembled by hand, for tests. The bytes are copied to a block of exactly their size, so
 * that the address sanitizer sees one byte too many.
 */
#ifndef TEST_LIB_WASM_BYTES_H
#define TEST_LIB_WASM_BYTES_H

#include <stdlib.h>
#include <string.h>

#include "wasm/validate.h"

/* Bytes of an array literal, as pointer and size. */
#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

#define WASM_HEADER 0x00, 'a', 's', 'm', 1, 0, 0, 0

/* A section whose content is shorter than 128 bytes. */
#define SECTION_OF(id, ...) (id), sizeof((const uint8_t[]){__VA_ARGS__}), __VA_ARGS__

/* The code section of one function, whose body is shorter than 120 bytes. */
#define CODE_OF(...) SECTION_OF(CODE, 1, sizeof((const uint8_t[]){__VA_ARGS__}), __VA_ARGS__)

/* What decoding and validation say of the bytes; *error is zero when they accept. */
static enum err wasm_verdict(struct wasm_error *error, const uint8_t *bytes, size_t size)
{
	struct wasm_module m;
	uint8_t *copy = malloc(size ? size : 1);

	memcpy(copy, bytes, size);
	*error = (struct wasm_error){0};
	enum err e = wasm_decode(&m, error, copy, size);

	if (!e)
		e = wasm_validate(&m, error);
	wasm_module_fini(&m);
	free(copy);
	return e;
}

/* The verdict on a module of the header and these bytes. */
static inline enum err wasm_verdict_after_header(const uint8_t *bytes, size_t size)
{
	static const uint8_t header[] = {WASM_HEADER};
	struct wasm_error error;
	uint8_t *whole = malloc(sizeof(header) + size);

	memcpy(whole, header, sizeof(header));
	memcpy(whole + sizeof(header), bytes, size);
	enum err e = wasm_verdict(&error, whole, sizeof(header) + size);

	free(whole);
	return e;
}

#define VERDICT(...) wasm_verdict_after_header(BYTES(__VA_ARGS__))

/* Section ids (Core 3.0, 5.5.2). */
enum {
	CUSTOM,
	TYPE,
	IMPORT,
	FUNC,
	TABLE,
	MEMORY,
	GLOBAL,
	EXPORT,
	START,
	ELEM,
	CODE,
	DATA,
	DATA_COUNT,
	TAG
};

#endif
