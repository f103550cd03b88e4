/*
 * The section retwine.native as bytes (doc/native.md). Written by compiler/, read by native_decode;
 * untrusted: a host may have made it.
 */
#ifndef NATIVE_FORMAT_H
#define NATIVE_FORMAT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cc.h"
#include "base/err.h"

#define NATIVE_SECTION_NAME "retwine.native"
#define NATIVE_MAGIC	    0x3154414e57545252ull /* "RRTWNAT1" */

/* Of everything in doc/native.md: format, slots, helpers, conventions. */
#define NATIVE_ABI_VERSION 2

enum native_isa {
	NATIVE_ISA_V2 = 2, /* x86-64-v2 */
	NATIVE_ISA_V3 = 3, /* x86-64-v3 */
};

/* Flags of a section. */
#define NATIVE_METERED 0x1u /* counts fuel */
#define NATIVE_POLLED  0x2u /* looks at the stop slot */
#define NATIVE_CHECKED 0x4u /* memory 0 by base and size instead of the window */
#define NATIVE_FLAGS   0x7u

#define NATIVE_CODE_ALIGN 16u
#define NATIVE_PAGE	  4096u
#define NATIVE_PADDING	  0xf4 /* HLT */

#define NATIVE_CODE_MAX	    0x20000000u /* bytes of code, of read-only data, of facts each */
#define NATIVE_ROUTINES_MAX 0x10000u

struct native_header {
	uint64_t magic;
	uint32_t abi_version;
	uint32_t isa;		   /* enum native_isa */
	uint32_t flags;		   /* NATIVE_METERED .. */
	uint32_t func_count;	   /* defined functions, as in the module */
	uint8_t module_digest[32]; /* SHA-256 of the module's bytes before the section */
	uint64_t code_size;
	uint64_t rodata_size;
	uint64_t facts_size;
	uint32_t routine_count; /* what functions share, behind them in the code */
	uint8_t reserved[12];	/* 0 */
};
static_assert(sizeof(struct native_header) == 96, "native header");
static_assert(offsetof(struct native_header, module_digest) == 24, "native header");
static_assert(offsetof(struct native_header, code_size) == 56, "native header");

/* A decoded section. Points into the payload, which the caller keeps unchanged. */
struct native_image {
	struct native_header header;
	const uint8_t *
		offsets; /* little-endian, native_entry_count + 1; unaligned: native_entry_offset */
	const uint8_t *code;
	const uint8_t *rodata;
	const uint8_t *facts;
};

/*
 * Checks the whole payload: sizes add up to exactly `size`, magic, version, ISA, flags, reserved
 * bytes, offsets in order, aligned and below code_size. What the code is, is not looked at. Errors: E_TRUNCATED, E_MALFORMED, E_LIMIT,
 * E_NATIVE_VERSION, E_NATIVE_ISA.
 */
MUST_USE enum err native_decode(struct native_image *image, const uint8_t *payload, size_t size);

/* Where code may be entered: the defined functions, then the shared routines. */
static inline uint32_t native_entry_count(const struct native_image *image)
{
	return image->header.func_count + image->header.routine_count;
}

/* Where entry i begins in the code; i == native_entry_count: the size of the code. */
static inline uint32_t native_entry_offset(const struct native_image *image, uint32_t i)
{
	const uint8_t *p = image->offsets + 4 * (size_t)i;

	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

#endif
