/*
 * Where everything stands in ELRANGE, as offsets from its base in bytes. Usable from assembler.
 * What is named here and not given pages is a hole: the CPU refuses every access to it, whatever
 * the host maps there (SDM 38.4; doc/enclave.md).
 */
#ifndef ENCLAVE_LAYOUT_H
#define ENCLAVE_LAYOUT_H

#define LAYOUT_ELRANGE_SIZE 0x1000000000 /* 64 GiB */
#define LAYOUT_IMAGE_MAX    0x04000000	 /* the ELF image stands at 0 */

/* Thread blocks: one TCS each, with its own stacks between holes. */
#define LAYOUT_THREADS_OFF    0x08000000
#define LAYOUT_THREAD_STRIDE  0x80000
#define LAYOUT_THREAD_COUNT   8
#define THREAD_TCS_OFF	      0x0
#define THREAD_SSA_OFF	      0x1000 /* NSSA frames of one page */
#define THREAD_NSSA	      2
#define THREAD_BLOCK_OFF      0x3000 /* the FS page */
#define THREAD_EXC_STACK_OFF  0x10000
#define THREAD_EXC_STACK_SIZE 0x2000
#define THREAD_STACK_OFF      0x20000
#define THREAD_STACK_SIZE     0x10000
#define THREAD_SLOTS_OFF      0x40000 /* of native code: FS + NATIVE_SLOTS_DISP; by EACCEPT */
#define THREAD_SLOTS_SIZE     0x38000

/* Ranges that get their pages by EACCEPT. */
#define LAYOUT_GUEST_STACKS_OFF	  0x40000000 /* one stride per thread; the lowest part is a hole */
#define LAYOUT_GUEST_STACK_STRIDE 0x2000000
#define LAYOUT_GUEST_STACK_GUARD  0x1000000
#define LAYOUT_HEAP_OFF		  0x100000000
#define LAYOUT_HEAP_SIZE	  0x300000000 /* 12 GiB */
#define LAYOUT_CODE_OFF		  0x440000000
#define LAYOUT_CODE_SIZE	  0x40000000 /* 1 GiB */

/* The guest window: GS points at its base; memory 0 of the program stands at its start. */
#define LAYOUT_WINDOW_OFF  0x800000000
#define LAYOUT_WINDOW_SIZE 0x400000000 /* 16 GiB */
#define LAYOUT_MEMORY_MAX  0x100000000 /* 4 GiB may get pages, the rest is a hole */

#endif
