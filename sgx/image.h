/*
 * The enclave image as a list of pages: what the measurement, the signer and the loader agree on.
 *
 * The image is an ELF file (static PIE, first PT_LOAD at 0). Its non-loaded section .retwine.layout
 * holds one struct image_layout, which adds what ELF cannot say: the size of ELRANGE, the pages
 * that are not in a PT_LOAD (TCS, SSA, stacks), and the ranges that pages are added to later. An
 * image file is untrusted: sgx_image_open checks everything before it gives anything out.
 *
 * Order of pages, which MRENCLAVE depends on: PT_LOADs by address, then the layout's entries in
 * their order, each page by rising address. Every page is measured.
 */
#ifndef SGX_IMAGE_H
#define SGX_IMAGE_H

#include "base/cc.h"
#include "base/err.h"

#define IMAGE_LAYOUT_MAGIC   0x314c4d4957545252ull /* "RRTWIML1" */
#define IMAGE_LAYOUT_VERSION 2
#define IMAGE_REGIONS_MAX    128
#define IMAGE_RANGES_MAX     32

enum image_region_kind {
	IMAGE_ZERO = 1, /* `pages` zero pages with SECINFO `flags` */
	IMAGE_TCS = 2,	/* one TCS page made of the fields below */
};

/* Pages beside the PT_LOADs. Offsets are from the base of ELRANGE, in bytes. */
struct image_region {
	uint64_t off;
	uint32_t kind; /* enum image_region_kind */
	uint32_t pages;
	uint64_t flags;	   /* SECINFO flags: 0x203, 0x201, or 0x100 for a TCS */
	uint64_t tcs_ossa; /* TCS fields, 0 elsewhere */
	uint64_t tcs_ofs;
	uint64_t tcs_ogs;
	uint32_t tcs_nssa;
	uint32_t reserved;
};

enum image_range_kind {
	IMAGE_RANGE_DATA = 1, /* mapped R+W once, pages come by EAUG and EACCEPT */
	IMAGE_RANGE_CODE = 2, /* mapped R+W, then R+X as the enclave asks */
};

/* A range of ELRANGE that is given pages after EINIT. Everything else is a hole and never mapped.
 */
struct image_range {
	uint64_t off;
	uint64_t size;
	uint32_t kind; /* enum image_range_kind */
	uint32_t reserved;
};

struct image_layout {
	uint64_t magic;
	uint32_t version;
	uint32_t ssa_frame_pages;
	uint64_t elrange_size;
	uint64_t entry_off; /* OENTRY of every TCS */
	uint64_t enclu_off; /* first byte of the 14 NOPs that precede the image's one ENCLU */
	uint32_t region_count;
	uint32_t range_count;
	struct image_region region[IMAGE_REGIONS_MAX];
	struct image_range range[IMAGE_RANGES_MAX];
};

#define IMAGE_ENCLU_NOPS 14

/* Limits on what a file may ask for. */
#define IMAGE_ELRANGE_MAX   (1ull << 46)
#define IMAGE_SSA_PAGES_MAX 16
#define IMAGE_NSSA_MAX	    16
#define IMAGE_PAGES_MAX	    65536 /* of all segments and regions: 256 MiB */

struct image_segment {
	uint64_t off;	     /* in ELRANGE, page-aligned */
	uint64_t size;	     /* whole pages */
	const uint8_t *file; /* file bytes, NULL if none */
	uint64_t file_skip;  /* zero bytes before the file bytes in the first page */
	uint64_t file_size;  /* zeros follow up to size */
	uint64_t flags;	     /* SECINFO flags: R|W|X and PT_REG */
};

#define IMAGE_SEGMENTS_MAX 8

struct sgx_image {
	const uint8_t *bytes; /* the file; not owned, must outlive this */
	size_t size;
	struct image_layout layout; /* a checked copy */
	struct image_segment segment[IMAGE_SEGMENTS_MAX];
	size_t segment_count;
};

/*
 * Checks a whole image file (untrusted bytes) and describes it. Refuses: not ELF64 x86-64 ET_DYN,
 * overlapping or unaligned pages, W+X, pages outside ELRANGE, a range over pages, unknown kinds or
 * flags, an ELRANGE that is no power of two, an entry that is no code, an enclu_off without its
 * NOPs and ENCLU. Errors: E_TRUNCATED, E_MALFORMED, E_LIMIT; the image is then zeroed.
 */
MUST_USE enum err sgx_image_open(struct sgx_image *image, const void *bytes, size_t size);

/*
 * Calls `add` for each page in measured order: offset, SECINFO flags, and the 4096 bytes, which
 * live only during the call. Stops at the first error and returns it.
 */
typedef enum err (*sgx_page_func)(void *context, uint64_t off, uint64_t secinfo_flags,
				  const uint8_t page[4096]);
MUST_USE enum err sgx_image_each_page(const struct sgx_image *image, sgx_page_func add,
				      void *context);

/* MRENCLAVE of the image: the same value that ECREATE, EADD and EEXTEND produce (sgx/measure.h). */
MUST_USE enum err sgx_image_measure(const struct sgx_image *image, uint8_t mrenclave[32]);

#endif
