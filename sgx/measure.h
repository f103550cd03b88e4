/*
 * MRENCLAVE, as ECREATE, EADD and EEXTEND build it (SDM, those leaves): SHA-256 over records of 64
 * bytes. Used where an image is measured offline and by the simulator, so both agree by
 * construction. Arguments are hashed as given; whether the CPU would allow them is the caller's
 * matter.
 */
#ifndef SGX_MEASURE_H
#define SGX_MEASURE_H

#include "crypto/sha256.h"
#include "sgx/arch.h"

/* May be copied: the copy goes on from the same point. */
struct sgx_measure {
	struct sha256 hash;
};

/* ECREATE: starts over. size: of ELRANGE in bytes. */
void sgx_measure_create(struct sgx_measure *m, uint32_t ssa_frame_pages, uint64_t size);

/* EADD of a page: its offset in ELRANGE and the SECINFO flags asked for. */
void sgx_measure_add(struct sgx_measure *m, uint64_t off, uint64_t secinfo_flags);

/* EEXTEND of 256 bytes at an offset in ELRANGE. */
void sgx_measure_extend(struct sgx_measure *m, uint64_t off, const uint8_t data[SGX_EEXTEND_SIZE]);

/* EEXTEND of a whole page: 16 times, by rising offset, as the kernel does it. */
void sgx_measure_extend_page(struct sgx_measure *m, uint64_t off,
			     const uint8_t page[SGX_PAGE_SIZE]);

/* EINIT: gives MRENCLAVE and wipes m. */
void sgx_measure_final(struct sgx_measure *m, uint8_t mrenclave[SGX_HASH_SIZE]);

#endif
