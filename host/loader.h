/*
 * Builds an enclave out of an image: reserves ELRANGE, ECREATE, EADD and EEXTEND of every page,
 * EINIT, then the mappings, one per permission. The same steps on hardware and in the simulator.
 */
#ifndef HOST_LOADER_H
#define HOST_LOADER_H

#include "base/cc.h"
#include "base/err.h"
#include "host/device/device.h"
#include "sgx/image.h"

#define LOADER_THREADS_MAX 64

struct enclave {
	struct device *device; /* not owned */
	uint64_t tcs[LOADER_THREADS_MAX];
	size_t thread_count;
	uint64_t pages; /* added and measured */
	struct sgx_secs secs;
};

/*
 * Loads `image` with the SIGSTRUCT into a fresh device. configid: 64 bytes, chosen by us and
 * checked by the enclave. On failure `why` (why_size bytes) says in one line which step was refused
 * and which value differed; the device is to be closed by the caller in any case.
 */
MUST_USE enum err loader_load(struct enclave *enclave, struct device *device,
			      const struct sgx_image *image, const struct sgx_sigstruct *sigstruct,
			      const uint8_t configid[SGX_CONFIGID_SIZE], char *why,
			      size_t why_size);

/*
 * For an enclave that has a limit of memory, before it is entered: takes the mappings of its dynamic memory away,
 * so that no page is added by a mere touch. The service maps what it grants.
 */
MUST_USE enum err loader_withhold(const struct enclave *enclave, const struct sgx_image *image);

/* XFRM for this machine: 0x7, or 0xE7 where the system and (on hardware) CPUID.12H.1 allow all of
 * AVX-512's state. 0: this CPU lacks AVX or its system does not enable it. */
uint64_t loader_xfrm(bool simulation);

#endif
