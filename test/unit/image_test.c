/* The image reader: the pages that a good file gives, and each way to spoil it. */
#include <stdlib.h>
#include <string.h>

#include "sgx/arch.h"
#include "sgx/elf.h"
#include "sgx/image.h"
#include "sgx/measure.h"

#include "test/lib/check.h"
#include "test/lib/native.h"
#include "test/lib/tiny_image.h"

static struct tiny_image g_tiny; /* what the current test spoils */

/* Opens the first `size` bytes, from a block of exactly that size, so that a sanitizer sees more.
 */
static enum err open_bytes(size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	struct sgx_image image;
	static const struct sgx_image zero;
	enum err err;

	memcpy(copy, &g_tiny, size);
	err = sgx_image_open(&image, copy, size);
	if (err != E_OK)
		CHECK(memcmp(&image, &zero, sizeof image) == 0);
	free(copy);
	return err;
}

/* Opens the tiny image after `statement` has spoilt it: it must be refused so. */
#define SPOILT(statement, expected)                                                                \
	do {                                                                                       \
		tiny_image_make(&g_tiny);                                                          \
		statement;                                                                         \
		CHECK_EQ(open_bytes(sizeof g_tiny), expected);                                     \
	} while (0)

struct pages {
	size_t count;
	uint64_t off[32], flags[32];
	uint8_t data[SGX_PAGE_SIZE]; /* of the page at 0x2000 */
	struct sgx_tcs tcs;	     /* of the page at 0x10000 */
	size_t stop_at;		     /* refuse this many pages on; 0: none */
};

static enum err collect(void *context, uint64_t off, uint64_t flags, const uint8_t page[4096])
{
	struct pages *p = context;

	if (p->stop_at && p->count + 1 == p->stop_at)
		return E_BUSY;
	if (off == 0x2000)
		memcpy(p->data, page, sizeof p->data);
	if (off == 0x10000)
		memcpy(&p->tcs, page, sizeof p->tcs);
	p->off[p->count] = off;
	p->flags[p->count++] = flags;
	return E_OK;
}

TEST(image_gives_its_pages_in_the_order_that_is_measured)
{
	static const uint64_t off[] = {0,	0x1000,	 0x2000,  0x3000,  0x4000,
				       0x10000, 0x11000, 0x12000, 0x13000, 0x18000,
				       0x19000, 0x1a000, 0x8000};
	static const uint64_t flags[] = {0x201, 0x205, 0x203, 0x203, 0x203, 0x100, 0x203,
					 0x203, 0x203, 0x100, 0x203, 0x203, 0x201};
	struct sgx_image image;
	static struct pages pages;

	tiny_image_make(&g_tiny);
	memset(&pages, 0, sizeof pages);
	CHECK_EQ(sgx_image_open(&image, &g_tiny, sizeof g_tiny), E_OK);
	CHECK_EQ(sgx_image_each_page(&image, collect, &pages), E_OK);
	CHECK_EQ(pages.count, COUNT_OF(off));
	CHECK(memcmp(pages.off, off, sizeof off) == 0);
	CHECK(memcmp(pages.flags, flags, sizeof flags) == 0);
	CHECK(pages.data[0xff] == 0 && pages.data[0x110] == 0);
	CHECK(memcmp(pages.data + 0x100, "the data's bytes", 16) == 0);
	CHECK_EQ(pages.tcs.oentry, TINY_ENTRY_OFF);
	CHECK_EQ(pages.tcs.ossa, 0x11000);
	CHECK_EQ(pages.tcs.ofsbase, 0x13000);
	CHECK_EQ(pages.tcs.ogsbase, 0x20000);
	CHECK_EQ(pages.tcs.nssa, 2);
	CHECK_EQ(pages.tcs.fslimit, 0xfff);
	CHECK_EQ(pages.tcs.flags | pages.tcs.cssa | pages.tcs.aep | pages.tcs.state, 0);
}

TEST(image_stops_at_the_first_error_and_reports_it)
{
	struct sgx_image image;
	static struct pages pages;

	tiny_image_make(&g_tiny);
	CHECK_EQ(sgx_image_open(&image, &g_tiny, sizeof g_tiny), E_OK);
	for (size_t stop = 1; stop <= 13; stop++) {
		memset(&pages, 0, sizeof pages);
		pages.stop_at = stop;
		CHECK_EQ(sgx_image_each_page(&image, collect, &pages), E_BUSY);
		CHECK_EQ(pages.count, stop - 1);
	}
}

TEST(image_needs_its_one_allocation)
{
	struct sgx_image image;
	uint8_t mrenclave[SGX_HASH_SIZE];

	tiny_image_make(&g_tiny);
	CHECK_EQ(sgx_image_open(&image, &g_tiny, sizeof g_tiny), E_OK);
	native_heap_fail_at(0);
	CHECK_EQ(sgx_image_measure(&image, mrenclave), E_NOMEM);
	native_heap_fail_at(-1);
}

static enum err measure_by_hand(void *context, uint64_t off, uint64_t flags,
				const uint8_t page[4096])
{
	sgx_measure_add(context, off, flags);
	sgx_measure_extend_page(context, off, page);
	return E_OK;
}

static void measure_tiny(uint8_t mrenclave[SGX_HASH_SIZE])
{
	struct sgx_image image;

	CHECK_EQ(sgx_image_open(&image, &g_tiny, sizeof g_tiny), E_OK);
	CHECK_EQ(sgx_image_measure(&image, mrenclave), E_OK);
}

TEST(image_measures_what_the_instructions_would)
{
	struct sgx_image image;
	struct sgx_measure m;
	uint8_t a[SGX_HASH_SIZE], b[SGX_HASH_SIZE];

	tiny_image_make(&g_tiny);
	measure_tiny(a);
	CHECK_EQ(sgx_image_open(&image, &g_tiny, sizeof g_tiny), E_OK);
	sgx_measure_create(&m, 1, TINY_ELRANGE);
	CHECK_EQ(sgx_image_each_page(&image, measure_by_hand, &m), E_OK);
	sgx_measure_final(&m, b);
	CHECK(memcmp(a, b, sizeof a) == 0);
}

/* Each of these is part of the identity. */
TEST(image_measurement_changes_with_every_measured_field)
{
	uint8_t good[SGX_HASH_SIZE], other[SGX_HASH_SIZE];

	tiny_image_make(&g_tiny);
	measure_tiny(good);
#define CHANGES(statement)                                                                         \
	do {                                                                                       \
		tiny_image_make(&g_tiny);                                                          \
		statement;                                                                         \
		measure_tiny(other);                                                               \
		CHECK(memcmp(good, other, sizeof good) != 0);                                      \
	} while (0)
	CHANGES(g_tiny.code[63] ^= 1);
	CHANGES(g_tiny.data[15] ^= 1);
	CHANGES(g_tiny.rodata[0] ^= 1);
	CHANGES(g_tiny.segment[0].flags |= ELF_PF_W);
	CHANGES(g_tiny.segment[2].memory_size += SGX_PAGE_SIZE);
	CHANGES(g_tiny.layout.elrange_size *= 2);
	CHANGES(g_tiny.layout.entry_off++);
	CHANGES(g_tiny.layout.region[0].tcs_nssa = 1);
	CHANGES(g_tiny.layout.region[0].tcs_ogs += SGX_PAGE_SIZE);
	CHANGES(g_tiny.layout.region[4].flags |= SECINFO_W);
	CHANGES(g_tiny.layout.region[4].off += SGX_PAGE_SIZE);
#undef CHANGES
}

TEST(image_of_every_shorter_length_is_refused)
{
	tiny_image_make(&g_tiny);
	CHECK_EQ(open_bytes(sizeof g_tiny), E_OK);
	for (size_t n = 0; n < sizeof g_tiny; n++)
		CHECK(open_bytes(n) != E_OK);
}

TEST(image_refuses_another_kind_of_file)
{
	SPOILT(g_tiny.header.ident[0] = 0, E_MALFORMED);
	SPOILT(g_tiny.header.ident[4] = 1, E_MALFORMED); /* 32 bits */
	SPOILT(g_tiny.header.ident[5] = 2, E_MALFORMED); /* big-endian */
	SPOILT(g_tiny.header.ident[15] = 1, E_MALFORMED);
	SPOILT(g_tiny.header.type = 2, E_MALFORMED); /* ET_EXEC */
	SPOILT(g_tiny.header.machine = 3, E_MALFORMED);
	SPOILT(g_tiny.header.version = 2, E_MALFORMED);
	SPOILT(g_tiny.header.flags = 1, E_MALFORMED);
	SPOILT(g_tiny.header.size = 63, E_MALFORMED);
	SPOILT(g_tiny.header.segment_size = 57, E_MALFORMED);
	SPOILT(g_tiny.header.section_size = 65, E_MALFORMED);
}

TEST(image_refuses_tables_outside_the_file)
{
	SPOILT(g_tiny.header.segments_off = sizeof g_tiny - 1, E_TRUNCATED);
	SPOILT(g_tiny.header.segments_off = UINT64_MAX - 8, E_TRUNCATED);
	SPOILT(g_tiny.header.sections_off = sizeof g_tiny - 64, E_TRUNCATED);
	SPOILT(g_tiny.header.sections_off = UINT64_MAX, E_TRUNCATED);
	SPOILT(g_tiny.header.segment_count = 17, E_LIMIT);
	SPOILT(g_tiny.header.section_count = 1025, E_LIMIT);
	SPOILT(g_tiny.header.names = 3, E_MALFORMED);
	SPOILT(g_tiny.header.segment_count = 0, E_MALFORMED);
	SPOILT((g_tiny.header.section_count = 0, g_tiny.header.names = 0), E_MALFORMED);
}

TEST(image_refuses_a_layout_section_that_is_missing_doubled_or_loaded)
{
	SPOILT(g_tiny.names[12] = 'x', E_MALFORMED);
	SPOILT(g_tiny.names[26] = 'x', E_MALFORMED); /* a longer name */
	SPOILT(g_tiny.section[2].name = UINT32_MAX, E_MALFORMED);
	SPOILT(g_tiny.section[0] = g_tiny.section[2], E_MALFORMED);
	SPOILT(g_tiny.section[2].type = 8, E_MALFORMED); /* no bytes */
	SPOILT(g_tiny.section[2].flags = ELF_SHF_ALLOC, E_MALFORMED);
	SPOILT(g_tiny.section[2].size--, E_MALFORMED);
	SPOILT(g_tiny.section[2].size++, E_MALFORMED);
	SPOILT(g_tiny.section[2].off++, E_TRUNCATED);
	SPOILT(g_tiny.section[2].off = UINT64_MAX, E_TRUNCATED);
	SPOILT(g_tiny.section[1].off = UINT64_MAX, E_MALFORMED); /* no names */
}

TEST(image_refuses_segments_that_are_not_ours)
{
	SPOILT(g_tiny.segment[3].type = 3, E_MALFORMED); /* an interpreter */
	SPOILT(g_tiny.segment[3].type = 7, E_MALFORMED); /* thread-local data */
	SPOILT(g_tiny.segment[2].flags = 7, E_MALFORMED);
	SPOILT(g_tiny.segment[1].flags = ELF_PF_W | ELF_PF_X | ELF_PF_R, E_MALFORMED);
	SPOILT(g_tiny.segment[2].flags = ELF_PF_W, E_MALFORMED);
	SPOILT(g_tiny.segment[2].flags |= 8, E_MALFORMED);
	SPOILT(g_tiny.segment[0].address = 0x5000, E_MALFORMED); /* none at 0 */
	SPOILT(g_tiny.segment[0].type = ELF_PT_NOTE, E_MALFORMED);
	SPOILT(g_tiny.segment[2].memory_size = 15, E_MALFORMED); /* file size 16 */
	SPOILT((g_tiny.segment[2].memory_size = 0, g_tiny.segment[2].file_size = 0), E_MALFORMED);
	SPOILT(g_tiny.segment[2].memory_size = UINT64_MAX, E_MALFORMED);
	SPOILT(g_tiny.segment[2].address = TINY_ELRANGE - 0x1fff, E_MALFORMED);
	SPOILT(g_tiny.segment[2].address = UINT64_MAX - 5, E_MALFORMED);
	SPOILT(g_tiny.segment[2].off = sizeof g_tiny - 15, E_TRUNCATED);
	SPOILT(g_tiny.segment[2].off = UINT64_MAX - 3, E_TRUNCATED);
	SPOILT(g_tiny.segment[2].file_size = UINT64_MAX, E_TRUNCATED);
}

TEST(image_refuses_segments_out_of_order)
{
	struct tiny_segment code;

	tiny_image_make(&g_tiny);
	code = g_tiny.segment[1];
	g_tiny.segment[1] = g_tiny.segment[2];
	g_tiny.segment[2] = code;
	CHECK_EQ(open_bytes(sizeof g_tiny), E_MALFORMED);
}

TEST(image_refuses_pages_that_overlap)
{
	SPOILT(g_tiny.segment[2].address = 0x1fff,
	       E_MALFORMED); /* the last byte of the code's page */
	SPOILT(g_tiny.segment[2].address = 0x800, E_MALFORMED);
	SPOILT(g_tiny.layout.region[4].off = 0x4000, E_MALFORMED);
	SPOILT(g_tiny.layout.region[3].off = 0x13000, E_MALFORMED);
	SPOILT(g_tiny.layout.region[4].off = 0x2f000, E_MALFORMED); /* in a range */
	SPOILT(g_tiny.layout.range[1].off = 0x2f000, E_MALFORMED);
	SPOILT(g_tiny.layout.range[0].off = 0x1a000, E_MALFORMED);
}

TEST(image_refuses_a_layout_of_another_version_or_with_wrong_counts)
{
	SPOILT(g_tiny.layout.magic++, E_MALFORMED);
	SPOILT(g_tiny.layout.version = IMAGE_LAYOUT_VERSION - 1, E_MALFORMED);
	SPOILT(g_tiny.layout.version = IMAGE_LAYOUT_VERSION + 1, E_MALFORMED);
	SPOILT(g_tiny.layout.region_count = IMAGE_REGIONS_MAX + 1, E_LIMIT);
	SPOILT(g_tiny.layout.region_count = UINT32_MAX, E_LIMIT);
	SPOILT(g_tiny.layout.range_count = IMAGE_RANGES_MAX + 1, E_LIMIT);
	SPOILT(g_tiny.layout.region_count--, E_MALFORMED); /* something stands behind the last */
	SPOILT(g_tiny.layout.range_count--, E_MALFORMED);
	SPOILT(g_tiny.layout.region_count++, E_MALFORMED); /* an empty region */
	SPOILT(g_tiny.layout.range_count++, E_MALFORMED);
	SPOILT(g_tiny.layout.elrange_size = 0, E_MALFORMED);
	SPOILT(g_tiny.layout.elrange_size = 0x1000, E_MALFORMED);
	SPOILT(g_tiny.layout.elrange_size--, E_MALFORMED);
	SPOILT(g_tiny.layout.elrange_size = TINY_ELRANGE + 0x1000, E_MALFORMED);
	SPOILT(g_tiny.layout.elrange_size = 1ull << 47, E_LIMIT);
	SPOILT(g_tiny.layout.ssa_frame_pages = 0, E_MALFORMED);
	SPOILT(g_tiny.layout.ssa_frame_pages = 17, E_LIMIT);
}

TEST(image_refuses_regions_that_are_not_whole_known_pages_inside)
{
	SPOILT(g_tiny.layout.region[4].off++, E_MALFORMED);
	SPOILT(g_tiny.layout.region[4].off = TINY_ELRANGE, E_MALFORMED);
	SPOILT(g_tiny.layout.region[4].off = 0ull - 0x1000, E_MALFORMED);
	SPOILT(g_tiny.layout.region[4].pages = 0, E_MALFORMED);
	SPOILT(g_tiny.layout.region[4].pages = UINT32_MAX, E_MALFORMED);
	SPOILT(g_tiny.layout.region[4].kind = 3, E_MALFORMED);
	SPOILT(g_tiny.layout.region[4].kind = 0, E_MALFORMED);
	SPOILT(g_tiny.layout.region[4].reserved = 1, E_MALFORMED);
	SPOILT(g_tiny.layout.region[4].flags = 0x205, E_MALFORMED); /* executable */
	SPOILT(g_tiny.layout.region[4].flags = 0x207, E_MALFORMED);
	SPOILT(g_tiny.layout.region[4].flags = 0x20b, E_MALFORMED); /* pending */
	SPOILT(g_tiny.layout.region[4].flags = 0x100, E_MALFORMED);
	SPOILT(g_tiny.layout.region[4].tcs_ossa = 0x1000, E_MALFORMED);
	SPOILT(g_tiny.layout.region[4].tcs_nssa = 1, E_MALFORMED);
}

TEST(image_refuses_a_tcs_that_could_not_be_entered)
{
	SPOILT(g_tiny.layout.region[0].flags = 0x203, E_MALFORMED);
	SPOILT(g_tiny.layout.region[2].pages = 2, E_MALFORMED);
	SPOILT(g_tiny.layout.region[0].tcs_ossa++, E_MALFORMED);
	SPOILT(g_tiny.layout.region[0].tcs_ossa = TINY_ELRANGE - 0x1000, E_MALFORMED);
	SPOILT(g_tiny.layout.region[0].tcs_nssa = 0, E_MALFORMED);
	SPOILT(g_tiny.layout.region[0].tcs_nssa = 17, E_MALFORMED);
	SPOILT(g_tiny.layout.region[0].tcs_ofs++, E_MALFORMED);
	SPOILT(g_tiny.layout.region[0].tcs_ofs = TINY_ELRANGE, E_MALFORMED);
	SPOILT(g_tiny.layout.region[0].tcs_ogs = UINT64_MAX & ~0xfffull, E_MALFORMED);
}

TEST(image_refuses_ranges_that_are_not_whole_known_pages_inside)
{
	SPOILT(g_tiny.layout.range[1].off++, E_MALFORMED);
	SPOILT(g_tiny.layout.range[1].size++, E_MALFORMED);
	SPOILT(g_tiny.layout.range[1].size = 0, E_MALFORMED);
	SPOILT(g_tiny.layout.range[1].size = 0x11000, E_MALFORMED);
	SPOILT(g_tiny.layout.range[1].size = 0ull - 0x1000, E_MALFORMED);
	SPOILT(g_tiny.layout.range[1].kind = 3, E_MALFORMED);
	SPOILT(g_tiny.layout.range[1].reserved = 1, E_MALFORMED);
}

TEST(image_refuses_an_entry_or_an_enclu_that_is_none)
{
	SPOILT(g_tiny.layout.entry_off = 0, E_MALFORMED);
	SPOILT(g_tiny.layout.entry_off = TINY_ENTRY_OFF + 64,
	       E_MALFORMED); /* behind the file bytes */
	SPOILT(g_tiny.layout.entry_off = UINT64_MAX, E_MALFORMED);
	SPOILT(g_tiny.layout.enclu_off++, E_MALFORMED);
	SPOILT(g_tiny.layout.enclu_off--, E_MALFORMED);
	SPOILT(g_tiny.layout.enclu_off = TINY_ENTRY_OFF + 48,
	       E_MALFORMED); /* 16 bytes before the end */
	SPOILT(g_tiny.layout.enclu_off = TINY_DATA_OFF, E_MALFORMED);
	SPOILT(g_tiny.code[0x10] = 0xcc, E_MALFORMED);
	SPOILT(g_tiny.code[0x10 + 16] = 0xd6, E_MALFORMED);
}

TEST(image_refuses_more_pages_than_the_limit)
{
	tiny_image_make(&g_tiny);
	g_tiny.layout.elrange_size = 1ull << 32;
	g_tiny.layout.region[4].off = 1ull << 31;
	g_tiny.layout.region[4].pages = IMAGE_PAGES_MAX - 12; /* 12 others */
	CHECK_EQ(open_bytes(sizeof g_tiny), E_OK);
	g_tiny.layout.region[4].pages++;
	CHECK_EQ(open_bytes(sizeof g_tiny), E_LIMIT);
}

/* With an argument: writes the tiny image there, as a seed for the fuzzer. */
int main(int argc, char **argv)
{
	if (argc > 1) {
		FILE *f = fopen(argv[1], "wb");

		tiny_image_make(&g_tiny);
		return !f || fwrite(&g_tiny, sizeof g_tiny, 1, f) != 1 || fclose(f) != 0;
	}
	RUN(image_gives_its_pages_in_the_order_that_is_measured);
	RUN(image_stops_at_the_first_error_and_reports_it);
	RUN(image_needs_its_one_allocation);
	RUN(image_measures_what_the_instructions_would);
	RUN(image_measurement_changes_with_every_measured_field);
	RUN(image_of_every_shorter_length_is_refused);
	RUN(image_refuses_another_kind_of_file);
	RUN(image_refuses_tables_outside_the_file);
	RUN(image_refuses_a_layout_section_that_is_missing_doubled_or_loaded);
	RUN(image_refuses_segments_that_are_not_ours);
	RUN(image_refuses_segments_out_of_order);
	RUN(image_refuses_pages_that_overlap);
	RUN(image_refuses_a_layout_of_another_version_or_with_wrong_counts);
	RUN(image_refuses_regions_that_are_not_whole_known_pages_inside);
	RUN(image_refuses_a_tcs_that_could_not_be_entered);
	RUN(image_refuses_ranges_that_are_not_whole_known_pages_inside);
	RUN(image_refuses_an_entry_or_an_enclu_that_is_none);
	RUN(image_refuses_more_pages_than_the_limit);
	return check_report();
}
