/* The smallest enclave image that is in order, made in memory, for tests to spoil. */
#ifndef TEST_LIB_TINY_IMAGE_H
#define TEST_LIB_TINY_IMAGE_H

#include "sgx/image.h"

#define TINY_ELRANGE   0x40000u
#define TINY_ENTRY_OFF 0x1000u
#define TINY_ENCLU_OFF 0x1010u
#define TINY_DATA_OFF  0x2100u /* starts inside its page */

/* A program header (gABI). */
struct tiny_segment {
	uint32_t type, flags;
	uint64_t off, address, paddr, file_size, memory_size, align;
};

/* A section header. */
struct tiny_section {
	uint32_t name, type;
	uint64_t flags, address, off, size;
	uint32_t link, info;
	uint64_t align, entry_size;
};

struct tiny_image {
	struct {
		uint8_t ident[16];
		uint16_t type, machine;
		uint32_t version;
		uint64_t entry, segments_off, sections_off;
		uint32_t flags;
		uint16_t size, segment_size, segment_count, section_size, section_count, names;
	} header;
	struct tiny_segment segment[4]; /* read-only, code, data, GNU_STACK */
	struct tiny_section section[3]; /* null, names, layout */
	char names[40];
	uint8_t rodata[16];
	uint8_t code[64]; /* entry at 0, ENCLU function at 0x10 */
	uint8_t data[16];
	struct image_layout layout;
};

/* Three segments; two TCS regions and three of zero pages; two ranges. */
void tiny_image_make(struct tiny_image *image);

#endif
