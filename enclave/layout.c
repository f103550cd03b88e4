/*
 * The layout section: what the loader, the signer and the measurement must know beside the ELF
 * headers (sgx/image.h). Stands in the file only.
 * Invariant: every offset that the measured code relies on is one of enclave/layout.h.
 */
#include "enclave/layout.h"

#include "sgx/arch.h"
#include "sgx/image.h"

#define PAGES(bytes) ((bytes) / 4096)
#define THREAD(i) (LAYOUT_THREADS_OFF + (uint64_t)(i)*LAYOUT_THREAD_STRIDE)
#define RW_PAGES(at, bytes) {.off = (at), .kind = IMAGE_ZERO, .pages = PAGES(bytes), .flags = 0x203}

/* Save areas and thread block stand together; the stacks have holes on both sides. */
#define THREAD_REGIONS(i)                                                                          \
	{.off = THREAD(i) + THREAD_TCS_OFF, .kind = IMAGE_TCS, .pages = 1, .flags = 0x100,         \
	 .tcs_ossa = THREAD(i) + THREAD_SSA_OFF, .tcs_ofs = THREAD(i) + THREAD_BLOCK_OFF,          \
	 .tcs_ogs = LAYOUT_WINDOW_OFF, .tcs_nssa = THREAD_NSSA},                                   \
		RW_PAGES(THREAD(i) + THREAD_SSA_OFF, (THREAD_NSSA + 1) * 4096),                    \
		RW_PAGES(THREAD(i) + THREAD_EXC_STACK_OFF, THREAD_EXC_STACK_SIZE),                 \
		RW_PAGES(THREAD(i) + THREAD_STACK_OFF, THREAD_STACK_SIZE)

/* Below each guest stack stands its guard, which is no range and gets no pages. */
#define GUEST_STACK(i)                                                                             \
	{LAYOUT_GUEST_STACKS_OFF + (i)*LAYOUT_GUEST_STACK_STRIDE + LAYOUT_GUEST_STACK_GUARD,       \
	 LAYOUT_GUEST_STACK_STRIDE - LAYOUT_GUEST_STACK_GUARD, IMAGE_RANGE_DATA, 0}

extern const char entry[], enclu_function[], image_start[];

SECTION(".retwine.layout") __attribute__((used)) const struct image_layout g_image_layout = {
	.magic = IMAGE_LAYOUT_MAGIC,
	.version = IMAGE_LAYOUT_VERSION,
	.ssa_frame_pages = 1,
	.elrange_size = LAYOUT_ELRANGE_SIZE,
	.entry_off = (uint64_t)entry,          /* the image starts at 0: an address is an offset */
	.enclu_off = (uint64_t)enclu_function,
	.region_count = 4 * LAYOUT_THREAD_COUNT,
	.range_count = 3 + LAYOUT_THREAD_COUNT,
	.region = {THREAD_REGIONS(0), THREAD_REGIONS(1), THREAD_REGIONS(2), THREAD_REGIONS(3),
		   THREAD_REGIONS(4), THREAD_REGIONS(5), THREAD_REGIONS(6), THREAD_REGIONS(7)},
	.range = {{LAYOUT_HEAP_OFF, LAYOUT_HEAP_SIZE, IMAGE_RANGE_DATA, 0},
		  {LAYOUT_CODE_OFF, LAYOUT_CODE_SIZE, IMAGE_RANGE_CODE, 0},
		  {LAYOUT_WINDOW_OFF, LAYOUT_MEMORY_MAX, IMAGE_RANGE_DATA, 0},
		  GUEST_STACK(0), GUEST_STACK(1), GUEST_STACK(2), GUEST_STACK(3), GUEST_STACK(4),
		  GUEST_STACK(5), GUEST_STACK(6), GUEST_STACK(7)},
};
