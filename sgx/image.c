/*
 * The enclave image file: an ELF reader that takes what our linker script makes and refuses the
 * rest, and the order of pages.
 * Trust: every byte of the file is untrusted. The layout and the headers are copied in and checked
 * once; the pages' contents are only passed on.
 * Invariant: an image that was opened has disjoint pages and ranges inside ELRANGE, and each
 * segment's file bytes lie in the file.
 */
#include "sgx/image.h"

#include <string.h>

#include "base/checked.h"
#include "base/heap.h"
#include "base/reader.h"
#include "sgx/arch.h"
#include "sgx/elf.h"
#include "sgx/measure.h"

#define PAGE		 ((uint64_t)SGX_PAGE_SIZE)
#define LAYOUT_SECTION	 ".retwine.layout"
#define ELF_SEGMENTS_MAX 16 /* program headers of any type */
#define ELF_SECTIONS_MAX 1024

/* Where the tables of the file are. */
struct elf {
	uint64_t segments_off, sections_off;
	uint16_t segment_count, section_count, names_index;
};

/* A section header, as far as it is used. */
struct elf_section {
	uint32_t name, type;
	uint64_t flags, off, size;
};

/* A reader over [off, off+size) of the file; bad when that is not in the file. */
static struct reader image_part(const struct sgx_image *image, uint64_t off, uint64_t size)
{
	struct reader r;

	reader_init(&r, image->bytes, image->size);
	reader_take(&r, off);
	return reader_sub(&r, size);
}

static bool all_zero(const void *p, size_t n)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i++)
		if (b[i] != 0)
			return false;
	return true;
}

/* ELF header (gABI, chapter 4). */
static enum err elf_open(struct elf *elf, const struct sgx_image *image)
{
	static const uint8_t ident[16] = {0x7f,	      'E', 'L', 'F', ELF_CLASS64, ELF_LITTLE_ENDIAN,
					  ELF_VERSION};
	struct reader r = image_part(image, 0, ELF_HEADER_SIZE);
	const uint8_t *id = reader_take(&r, sizeof ident);
	bool ours = id && memcmp(id, ident, sizeof ident) == 0;

	ours &= reader_u16(&r) == ELF_TYPE_DYN;
	ours &= reader_u16(&r) == ELF_MACHINE_X86_64;
	ours &= reader_u32(&r) == ELF_VERSION;
	reader_u64(&r); /* e_entry: the layout's entry_off counts */
	elf->segments_off = reader_u64(&r);
	elf->sections_off = reader_u64(&r);
	ours &= reader_u32(&r) == 0; /* e_flags */
	ours &= reader_u16(&r) == ELF_HEADER_SIZE;
	ours &= reader_u16(&r) == ELF_SEGMENT_SIZE;
	elf->segment_count = reader_u16(&r);
	ours &= reader_u16(&r) == ELF_SECTION_SIZE;
	elf->section_count = reader_u16(&r);
	elf->names_index = reader_u16(&r);
	if (!reader_done(&r))
		return E_TRUNCATED;
	if (!ours || elf->names_index >= elf->section_count)
		return E_MALFORMED;
	if (elf->segment_count > ELF_SEGMENTS_MAX || elf->section_count > ELF_SECTIONS_MAX)
		return E_LIMIT;
	return E_OK;
}

static enum err elf_section_read(struct elf_section *s, const struct sgx_image *image,
				 const struct elf *elf, size_t idx)
{
	struct reader table = image_part(image, elf->sections_off,
					 (uint64_t)elf->section_count * ELF_SECTION_SIZE);

	reader_take(&table, idx * ELF_SECTION_SIZE);
	s->name = reader_u32(&table);
	s->type = reader_u32(&table);
	s->flags = reader_u64(&table);
	reader_u64(&table); /* sh_addr */
	s->off = reader_u64(&table);
	s->size = reader_u64(&table);
	return reader_ok(&table) ? E_OK : E_TRUNCATED;
}

/* Is the name at s->name in the table of names the layout section's? */
static bool elf_section_is_layout(const struct sgx_image *image, const struct elf_section *names,
				  const struct elf_section *s)
{
	struct reader r = image_part(image, names->off, names->size);
	const uint8_t *name;

	reader_take(&r, s->name);
	name = reader_take(&r, sizeof LAYOUT_SECTION);
	return name && memcmp(name, LAYOUT_SECTION, sizeof LAYOUT_SECTION) == 0;
}

/* The one section .retwine.layout, not loaded, of exactly the size of its structure. */
static enum err image_read_layout(struct sgx_image *image, const struct elf *elf)
{
	struct elf_section names, s, found = {0};
	size_t count = 0;
	enum err err = elf_section_read(&names, image, elf, elf->names_index);

	for (size_t i = 0; err == E_OK && i < elf->section_count; i++) {
		err = elf_section_read(&s, image, elf, i);
		if (err == E_OK && elf_section_is_layout(image, &names, &s)) {
			found = s;
			count++;
		}
	}
	if (err != E_OK)
		return err;
	if (count != 1 || found.type != ELF_SHT_PROGBITS || (found.flags & ELF_SHF_ALLOC) ||
	    found.size != sizeof image->layout)
		return E_MALFORMED;

	struct reader r = image_part(image, found.off, found.size);

	reader_bytes(&r, &image->layout, sizeof image->layout);
	return reader_done(&r) ? E_OK : E_TRUNCATED;
}

/* One PT_LOAD, its fields in the order of the program header behind p_flags. */
static enum err image_add_segment(struct sgx_image *image, uint32_t flags, struct reader *r)
{
	uint64_t file_off = reader_u64(r), address = reader_u64(r), end;
	uint64_t file_size, memory_size;
	struct image_segment *s;

	reader_u64(r); /* p_paddr */
	file_size = reader_u64(r);
	memory_size = reader_u64(r);
	if (image->segment_count == IMAGE_SEGMENTS_MAX)
		return E_LIMIT;
	if (!range_inside(file_off, file_size, image->size))
		return E_TRUNCATED;
	if (memory_size == 0 || file_size > memory_size || !(flags & ELF_PF_R) ||
	    (flags & ~(uint32_t)(ELF_PF_R | ELF_PF_W | ELF_PF_X)) ||
	    ((flags & ELF_PF_W) && (flags & ELF_PF_X)) ||
	    !range_inside(address, memory_size, image->layout.elrange_size))
		return E_MALFORMED;
	/* cannot wrap: inside ELRANGE, which is whole pages */
	end = (address + memory_size + PAGE - 1) & ~(PAGE - 1);
	s = &image->segment[image->segment_count++];
	s->off = address & ~(PAGE - 1);
	s->size = end - s->off;
	s->file = file_size ? image->bytes + file_off : NULL;
	s->file_skip = address - s->off;
	s->file_size = file_size;
	s->flags = SECINFO_REG | SECINFO_R | (flags & ELF_PF_W ? SECINFO_W : 0) |
		   (flags & ELF_PF_X ? SECINFO_X : 0);
	return E_OK;
}

static enum err image_read_segments(struct sgx_image *image, const struct elf *elf)
{
	struct reader table = image_part(image, elf->segments_off,
					 (uint64_t)elf->segment_count * ELF_SEGMENT_SIZE);

	for (size_t i = 0; i < elf->segment_count; i++) {
		struct reader r = reader_sub(&table, ELF_SEGMENT_SIZE);
		uint32_t type = reader_u32(&r), flags = reader_u32(&r);
		enum err err;

		if (!reader_ok(&r))
			return E_TRUNCATED;
		switch (type) {
		case ELF_PT_LOAD:
			err = image_add_segment(image, flags, &r);
			if (err != E_OK)
				return err;
			break;
		case ELF_PT_NULL:
		case ELF_PT_DYNAMIC:
		case ELF_PT_NOTE:
		case ELF_PT_PHDR:
		case ELF_PT_GNU_STACK:
		case ELF_PT_GNU_RELRO:
		case ELF_PT_GNU_PROPERTY:
			break;
		default: /* an interpreter, thread-local data, something new */
			return E_MALFORMED;
		}
	}
	return E_OK;
}

/* The numbers at the head of the layout. */
static enum err image_check_head(const struct image_layout *l)
{
	if (l->magic != IMAGE_LAYOUT_MAGIC || l->version != IMAGE_LAYOUT_VERSION)
		return E_MALFORMED;
	if (l->region_count > IMAGE_REGIONS_MAX || l->range_count > IMAGE_RANGES_MAX)
		return E_LIMIT;
	/* ECREATE's rules: a power of two of at least two pages */
	if (l->elrange_size < 2 * PAGE || (l->elrange_size & (l->elrange_size - 1)) ||
	    l->ssa_frame_pages == 0)
		return E_MALFORMED;
	if (l->elrange_size > IMAGE_ELRANGE_MAX || l->ssa_frame_pages > IMAGE_SSA_PAGES_MAX)
		return E_LIMIT;
	if (!all_zero(l->region + l->region_count,
		      (IMAGE_REGIONS_MAX - l->region_count) * sizeof l->region[0]) ||
	    !all_zero(l->range + l->range_count,
		      (IMAGE_RANGES_MAX - l->range_count) * sizeof l->range[0]))
		return E_MALFORMED;
	return E_OK;
}

/* Whole pages inside ELRANGE. */
static bool image_pages_inside(const struct image_layout *l, uint64_t off, uint64_t size)
{
	return off % PAGE == 0 && size % PAGE == 0 && size > 0 &&
	       range_inside(off, size, l->elrange_size);
}

static bool image_zero_is_valid(const struct image_region *r)
{
	bool flags_known = r->flags == (SECINFO_REG | SECINFO_R | SECINFO_W) ||
			   r->flags == (SECINFO_REG | SECINFO_R);

	return flags_known && r->tcs_ossa == 0 && r->tcs_ofs == 0 && r->tcs_ogs == 0 &&
	       r->tcs_nssa == 0;
}

/* EENTER's rules for a TCS: aligned offsets. FS and GS may point to a hole. */
static bool image_tcs_is_valid(const struct image_layout *l, const struct image_region *r)
{
	return r->flags == SECINFO_TCS && r->pages == 1 && r->tcs_nssa <= IMAGE_NSSA_MAX &&
	       image_pages_inside(l, r->tcs_ossa,
				  (uint64_t)r->tcs_nssa * l->ssa_frame_pages * PAGE) &&
	       image_pages_inside(l, r->tcs_ofs, PAGE) && image_pages_inside(l, r->tcs_ogs, PAGE);
}

static bool image_region_is_valid(const struct image_layout *l, const struct image_region *r)
{
	if (!image_pages_inside(l, r->off, r->pages * PAGE) || r->reserved != 0)
		return false;
	if (r->kind == IMAGE_ZERO)
		return image_zero_is_valid(r);
	return r->kind == IMAGE_TCS && image_tcs_is_valid(l, r);
}

static bool image_range_is_valid(const struct image_layout *l, const struct image_range *r)
{
	return image_pages_inside(l, r->off, r->size) && r->reserved == 0 &&
	       (r->kind == IMAGE_RANGE_DATA || r->kind == IMAGE_RANGE_CODE);
}

/* Everything that takes room in ELRANGE, numbered: segments, then regions, then ranges. */
static void image_extent(const struct sgx_image *image, size_t idx, uint64_t *off, uint64_t *size)
{
	const struct image_layout *l = &image->layout;

	if (idx < image->segment_count) {
		*off = image->segment[idx].off;
		*size = image->segment[idx].size;
		return;
	}
	idx -= image->segment_count;
	if (idx < l->region_count) {
		*off = l->region[idx].off;
		*size = l->region[idx].pages * PAGE;
		return;
	}
	idx -= l->region_count;
	*off = l->range[idx].off;
	*size = l->range[idx].size;
}

/* All have been checked to lie inside ELRANGE, so that the sums cannot wrap. */
static bool image_extents_overlap(const struct sgx_image *image)
{
	size_t n = image->segment_count + image->layout.region_count + image->layout.range_count;
	uint64_t a, a_size, b, b_size;

	for (size_t i = 0; i < n; i++) {
		image_extent(image, i, &a, &a_size);
		for (size_t k = i + 1; k < n; k++) {
			image_extent(image, k, &b, &b_size);
			if (a < b + b_size && b < a + a_size)
				return true;
		}
	}
	return false;
}

/* The executable segment whose file bytes hold [off, off+size), or NULL. */
static const struct image_segment *image_code_at(const struct sgx_image *image, uint64_t off,
						 uint64_t size)
{
	for (size_t i = 0; i < image->segment_count; i++) {
		const struct image_segment *s = &image->segment[i];
		uint64_t start = s->off + s->file_skip;

		if ((s->flags & SECINFO_X) && off >= start &&
		    range_inside(off - start, size, s->file_size))
			return s;
	}
	return NULL;
}

/* The entry is code, and the ENCLU function is what a simulator may patch: NOPs, then ENCLU. */
static bool image_code_is_valid(const struct sgx_image *image)
{
	static const uint8_t enclu[IMAGE_ENCLU_NOPS + 3] = {
		0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
		0x90, 0x90, 0x90, 0x90, 0x90, 0x0f, 0x01, 0xd7,
	};
	const uint64_t at = image->layout.enclu_off;
	const struct image_segment *s = image_code_at(image, at, sizeof enclu);

	return s && memcmp(s->file + (at - s->off - s->file_skip), enclu, sizeof enclu) == 0 &&
	       image_code_at(image, image->layout.entry_off, 1);
}

static enum err image_check(const struct sgx_image *image)
{
	const struct image_layout *l = &image->layout;
	uint64_t pages = 0;

	if (image->segment_count == 0 || image->segment[0].off != 0)
		return E_MALFORMED;
	for (size_t i = 1; i < image->segment_count; i++)
		if (image->segment[i].off < image->segment[i - 1].off)
			return E_MALFORMED;
	for (size_t i = 0; i < l->region_count; i++)
		if (!image_region_is_valid(l, &l->region[i]))
			return E_MALFORMED;
	for (size_t i = 0; i < l->range_count; i++)
		if (!image_range_is_valid(l, &l->range[i]))
			return E_MALFORMED;
	if (image_extents_overlap(image) || !image_code_is_valid(image))
		return E_MALFORMED;
	for (size_t i = 0; i < image->segment_count; i++)
		pages += image->segment[i].size / PAGE;
	for (size_t i = 0; i < l->region_count; i++)
		pages += l->region[i].pages;
	return pages > IMAGE_PAGES_MAX ? E_LIMIT : E_OK;
}

enum err sgx_image_open(struct sgx_image *image, const void *bytes, size_t size)
{
	struct elf elf;
	enum err err;

	memset(image, 0, sizeof *image);
	image->bytes = bytes;
	image->size = size;
	err = elf_open(&elf, image);
	if (err == E_OK)
		err = image_read_layout(image, &elf);
	if (err == E_OK)
		err = image_check_head(&image->layout);
	if (err == E_OK)
		err = image_read_segments(image, &elf);
	if (err == E_OK)
		err = image_check(image);
	if (err != E_OK)
		memset(image, 0, sizeof *image);
	return err;
}

/* The part of a segment's file bytes that stands in the page at `at` bytes from its start. */
static void image_fill_page(uint8_t page[SGX_PAGE_SIZE], const struct image_segment *s, uint64_t at)
{
	const uint64_t first = s->file_skip, last = s->file_skip + s->file_size;
	const uint64_t from = at > first ? at : first;
	const uint64_t to = at + PAGE < last ? at + PAGE : last;

	memset(page, 0, PAGE);
	if (from < to)
		memcpy(page + (from - at), s->file + (from - first), to - from);
}

static enum err image_each_segment_page(const struct image_segment *s, sgx_page_func add,
					void *context, uint8_t page[SGX_PAGE_SIZE])
{
	enum err err = E_OK;

	for (uint64_t at = 0; err == E_OK && at < s->size; at += PAGE) {
		image_fill_page(page, s, at);
		err = add(context, s->off + at, s->flags, page);
	}
	return err;
}

static void image_fill_tcs(uint8_t page[SGX_PAGE_SIZE], const struct image_layout *l,
			   const struct image_region *r)
{
	struct sgx_tcs *tcs = (struct sgx_tcs *)(void *)page;

	tcs->ossa = r->tcs_ossa;
	tcs->nssa = r->tcs_nssa;
	tcs->oentry = l->entry_off;
	tcs->ofsbase = r->tcs_ofs;
	tcs->ogsbase = r->tcs_ogs;
	tcs->fslimit = TCS_SEGMENT_LIMIT;
	tcs->gslimit = TCS_SEGMENT_LIMIT;
}

static enum err image_each_region_page(const struct image_layout *l, const struct image_region *r,
				       sgx_page_func add, void *context,
				       uint8_t page[SGX_PAGE_SIZE])
{
	enum err err = E_OK;

	memset(page, 0, PAGE);
	if (r->kind == IMAGE_TCS)
		image_fill_tcs(page, l, r);
	for (uint64_t i = 0; err == E_OK && i < r->pages; i++)
		err = add(context, r->off + i * PAGE, r->flags, page);
	return err;
}

enum err sgx_image_each_page(const struct sgx_image *image, sgx_page_func add, void *context)
{
	uint8_t *page = heap_alloc(PAGE);
	enum err err = E_OK;

	if (!page)
		return E_NOMEM;
	for (size_t i = 0; err == E_OK && i < image->segment_count; i++)
		err = image_each_segment_page(&image->segment[i], add, context, page);
	for (size_t i = 0; err == E_OK && i < image->layout.region_count; i++)
		err = image_each_region_page(&image->layout, &image->layout.region[i], add, context,
					     page);
	heap_free(page);
	return err;
}

static enum err image_measure_page(void *context, uint64_t off, uint64_t secinfo_flags,
				   const uint8_t page[SGX_PAGE_SIZE])
{
	sgx_measure_add(context, off, secinfo_flags);
	sgx_measure_extend_page(context, off, page);
	return E_OK;
}

enum err sgx_image_measure(const struct sgx_image *image, uint8_t mrenclave[SGX_HASH_SIZE])
{
	struct sgx_measure m;
	enum err err;

	sgx_measure_create(&m, image->layout.ssa_frame_pages, image->layout.elrange_size);
	err = sgx_image_each_page(image, image_measure_page, &m);
	if (err == E_OK)
		sgx_measure_final(&m, mrenclave);
	return err;
}
