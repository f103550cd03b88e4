/*
 * An image as the linker would make it, only smaller.
 */
#include "test/lib/tiny_image.h"

#include <string.h>

#include "sgx/arch.h"
#include "sgx/elf.h"

static_assert(offsetof(struct tiny_image, segment) == ELF_HEADER_SIZE, "ELF header");
static_assert(sizeof(struct tiny_segment) == ELF_SEGMENT_SIZE, "program header");
static_assert(sizeof(struct tiny_section) == ELF_SECTION_SIZE, "section header");

#define FIELD(name) offsetof(struct tiny_image, name), sizeof(((struct tiny_image *)0)->name)

static void tiny_segment_set(struct tiny_segment *s, uint32_t flags, uint64_t address, uint64_t off,
			     uint64_t file_size, uint64_t memory_size)
{
	s->type = ELF_PT_LOAD;
	s->flags = flags;
	s->address = address;
	s->paddr = address;
	s->off = off;
	s->file_size = file_size;
	s->memory_size = memory_size;
	s->align = SGX_PAGE_SIZE;
}

static void tiny_sections(struct tiny_image *t)
{
	static const char names[] = "\0.shstrtab\0.retwine.layout";
	struct tiny_section *s = t->section;

	memcpy(t->names, names, sizeof names);
	s[1] = (struct tiny_section){1, 3, 0, 0, FIELD(names), 0, 0, 1, 0};
	s[2] = (struct tiny_section){11, ELF_SHT_PROGBITS, 0, 0, FIELD(layout), 0, 0, 8, 0};
}

static void tiny_layout(struct image_layout *l)
{
	const uint64_t rw = SECINFO_REG | SECINFO_R | SECINFO_W;

	l->magic = IMAGE_LAYOUT_MAGIC;
	l->version = IMAGE_LAYOUT_VERSION;
	l->ssa_frame_pages = 1;
	l->elrange_size = TINY_ELRANGE;
	l->entry_off = TINY_ENTRY_OFF;
	l->enclu_off = TINY_ENCLU_OFF;
	l->region_count = 5;
	l->region[0] = (struct image_region){0x10000, IMAGE_TCS, 1, SECINFO_TCS, 0x11000, 0x13000,
					     0x20000, 2,	 0};
	l->region[1] =
		(struct image_region){.off = 0x11000, .kind = IMAGE_ZERO, .pages = 3, .flags = rw};
	l->region[2] = l->region[0];
	l->region[2].off = 0x18000;
	l->region[2].tcs_ossa = 0x19000;
	l->region[3] =
		(struct image_region){.off = 0x19000, .kind = IMAGE_ZERO, .pages = 2, .flags = rw};
	l->region[4] = (struct image_region){
		.off = 0x8000, .kind = IMAGE_ZERO, .pages = 1, .flags = SECINFO_REG | SECINFO_R};
	l->range_count = 2;
	l->range[0] = (struct image_range){0x20000, 0x10000, IMAGE_RANGE_DATA, 0};
	l->range[1] = (struct image_range){0x30000, 0x8000, IMAGE_RANGE_CODE, 0};
}

static void tiny_contents(struct tiny_image *t)
{
	memcpy(t->rodata, "read-only bytes", sizeof t->rodata);
	memcpy(t->data, "the data's bytes", sizeof t->data);
	memset(t->code, 0x90, sizeof t->code);
	t->code[0x10 + IMAGE_ENCLU_NOPS] = 0x0f;
	t->code[0x10 + IMAGE_ENCLU_NOPS + 1] = 0x01;
	t->code[0x10 + IMAGE_ENCLU_NOPS + 2] = 0xd7;
}

void tiny_image_make(struct tiny_image *t)
{
	static const uint8_t ident[16] = {0x7f, 'E', 'L', 'F', ELF_CLASS64, ELF_LITTLE_ENDIAN, 1};

	memset(t, 0, sizeof *t);
	memcpy(t->header.ident, ident, sizeof ident);
	t->header.type = ELF_TYPE_DYN;
	t->header.machine = ELF_MACHINE_X86_64;
	t->header.version = ELF_VERSION;
	t->header.segments_off = offsetof(struct tiny_image, segment);
	t->header.sections_off = offsetof(struct tiny_image, section);
	t->header.size = ELF_HEADER_SIZE;
	t->header.segment_size = ELF_SEGMENT_SIZE;
	t->header.segment_count = 4;
	t->header.section_size = ELF_SECTION_SIZE;
	t->header.section_count = 3;
	t->header.names = 1;
	tiny_segment_set(&t->segment[0], ELF_PF_R, 0, FIELD(rodata), 16);
	tiny_segment_set(&t->segment[1], ELF_PF_R | ELF_PF_X, TINY_ENTRY_OFF, FIELD(code), 64);
	/* two pages and a bit: the rest is zero */
	tiny_segment_set(&t->segment[2], ELF_PF_R | ELF_PF_W, TINY_DATA_OFF, FIELD(data), 0x2000);
	t->segment[3] =
		(struct tiny_segment){.type = ELF_PT_GNU_STACK, .flags = ELF_PF_R | ELF_PF_W};
	tiny_sections(t);
	tiny_contents(t);
	tiny_layout(&t->layout);
}
