/* Bytes of a module, made by a test: sections are appended and get their sizes when they are closed. */
#ifndef TEST_UNIT_WASM_BUILDER_H
#define TEST_UNIT_WASM_BUILDER_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cc.h"
#include "wasm/opcode.h"

struct builder {
	uint8_t bytes[4096];
	size_t size;
	size_t open[4]; /* where sizes are to be put in */
	unsigned depth;
};

static inline void build_byte(struct builder *b, unsigned byte)
{
	if (b->size == sizeof b->bytes)
		abort();
	b->bytes[b->size++] = (uint8_t)byte;
}

static inline void build_u32(struct builder *b, uint32_t n)
{
	for (; n > 127; n >>= 7)
		build_byte(b, (n & 127) | 128);
	build_byte(b, n);
}

static inline void build_bytes(struct builder *b, const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		build_byte(b, ((const uint8_t *)bytes)[i]);
}

static inline void build_begin(struct builder *b)
{
	*b = (struct builder){.size = 0};
	build_bytes(b, "\0asm\1\0\0", 8);
}

/* What follows, until build_close, is preceded by its size: 3 bytes of LEB128. */
static inline void build_open(struct builder *b)
{
	b->open[b->depth++] = b->size;
	build_bytes(b, "\x80\x80", 3);
}

static inline void build_close(struct builder *b)
{
	size_t at = b->open[--b->depth];
	size_t size = b->size - at - 3;

	b->bytes[at] = (uint8_t)(size & 127) | 128;
	b->bytes[at + 1] = (uint8_t)(size >> 7 & 127) | 128;
	b->bytes[at + 2] = (uint8_t)(size >> 14);
}

static inline void build_section(struct builder *b, unsigned id)
{
	build_byte(b, id);
	build_open(b);
}

/* The code of an instruction, without its immediates. */
static inline void build_op(struct builder *b, enum wasm_op op)
{
	static const struct {
		uint8_t prefix;
		uint32_t code;
	} codes[WASM_OP_COUNT] = {
#define OP(ident, code, text, imm, in, out)    [WASM_OP_##ident] = {0, code},
#define OP_FC(ident, code, text, imm, in, out) [WASM_OP_##ident] = {0xfc, code},
#define OP_FD(ident, code, text, imm, in, out) [WASM_OP_##ident] = {0xfd, code},
#define OP_FE(ident, code, text, imm, in, out) [WASM_OP_##ident] = {0xfe, code},
#define OP_LATER(code, feature)
#include "wasm/opcode.def"
#undef OP
#undef OP_FC
#undef OP_FD
#undef OP_FE
#undef OP_LATER
	};

	if (codes[op].prefix)
		build_byte(b, codes[op].prefix);
	build_u32(b, codes[op].code);
}

static inline void build_local(struct builder *b, enum wasm_op op, uint32_t index)
{
	build_op(b, op);
	build_u32(b, index);
}

#endif
