/*
 * The layout section (struct image_layout, sgx/image.h): what the loader, the signer and the
 * measurement must know beside the ELF headers. It stands in the file only, hence assembler: a section
 * that is not loaded takes link-time addresses, which are offsets since the image is linked at 0.
 */
#include "enclave/layout.h"
#include "sgx/arch.h"

#define REGIONS_MAX 128 /* IMAGE_REGIONS_MAX */
#define REGION_SIZE 56
#define RANGES_MAX 32 /* IMAGE_RANGES_MAX */
#define RANGE_SIZE 24
#define KIND_ZERO 1 /* IMAGE_ZERO */
#define KIND_TCS 2  /* IMAGE_TCS */
#define RANGE_DATA 1
#define RANGE_CODE 2
#define PAGE 4096

.macro REGION off, kind, pages, flags, ossa=0, ofs=0, ogs=0, nssa=0
	.quad	\off
	.long	\kind, \pages
	.quad	\flags, \ossa, \ofs, \ogs
	.long	\nssa, 0
.endm

.macro RW_PAGES off, size
	REGION	\off, KIND_ZERO, (\size) / PAGE, SECINFO_REG | SECINFO_R | SECINFO_W
.endm

/* Save areas and thread block stand together; stacks and slots have holes on both sides. */
.macro THREAD base
	REGION	\base + THREAD_TCS_OFF, KIND_TCS, 1, SECINFO_TCS, \base + THREAD_SSA_OFF, \
		\base + THREAD_BLOCK_OFF, LAYOUT_WINDOW_OFF, THREAD_NSSA
	RW_PAGES \base + THREAD_SSA_OFF, (THREAD_NSSA + 1) * PAGE
	RW_PAGES \base + THREAD_EXC_STACK_OFF, THREAD_EXC_STACK_SIZE
	RW_PAGES \base + THREAD_STACK_OFF, THREAD_STACK_SIZE
.endm

.macro RANGE off, size, kind
	.quad	\off, \size
	.long	\kind, 0
.endm

	.section .retwine.layout, "", @progbits
	.ascii	"RRTWIML1"
	.long	2			/* version */
	.long	1			/* pages of a save area */
	.quad	LAYOUT_ELRANGE_SIZE
	.quad	entry
	.quad	enclu_function
	.long	4 * LAYOUT_THREAD_COUNT
	.long	3 + 2 * LAYOUT_THREAD_COUNT

.Lregions:
	.set	thread, 0
	.rept	LAYOUT_THREAD_COUNT
	THREAD	LAYOUT_THREADS_OFF + thread * LAYOUT_THREAD_STRIDE
	.set	thread, thread + 1
	.endr
	.fill	REGIONS_MAX * REGION_SIZE - (. - .Lregions), 1, 0

.Lranges:
	RANGE	LAYOUT_HEAP_OFF, LAYOUT_HEAP_SIZE, RANGE_DATA
	RANGE	LAYOUT_CODE_OFF, LAYOUT_CODE_SIZE, RANGE_CODE
	RANGE	LAYOUT_WINDOW_OFF, LAYOUT_MEMORY_MAX, RANGE_DATA
	/* Below each guest stack stands its guard, which is no range and gets no pages. */
	.set	thread, 0
	.rept	LAYOUT_THREAD_COUNT
	RANGE	LAYOUT_GUEST_STACKS_OFF + thread * LAYOUT_GUEST_STACK_STRIDE + \
		LAYOUT_GUEST_STACK_GUARD, LAYOUT_GUEST_STACK_STRIDE - LAYOUT_GUEST_STACK_GUARD, \
		RANGE_DATA
	.set	thread, thread + 1
	.endr
	.set	thread, 0
	.rept	LAYOUT_THREAD_COUNT
	RANGE	LAYOUT_THREADS_OFF + thread * LAYOUT_THREAD_STRIDE + THREAD_SLOTS_OFF, \
		THREAD_SLOTS_SIZE, RANGE_DATA
	.set	thread, thread + 1
	.endr
	.fill	RANGES_MAX * RANGE_SIZE - (. - .Lranges), 1, 0

	.section .note.GNU-stack, "", @progbits
