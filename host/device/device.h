/*
 * The machine's SGX, shaped like the Linux kernel's: the ioctls of /dev/sgx_enclave, mmap and
 * mprotect of its mappings, and the vDSO's entry function (Documentation/arch/x86/sgx.rst; UAPI
 * asm/sgx.h). Implementations: host/device/device_linux.c drives the kernel, host/device_sim*.c is the
 * simulator. Everything above this line is the same for both.
 *
 * Errors are errno values as the kernel gives them (0 on success), because those are the
 * interface's own; device_last_refusal says in words why the simulator (which can know) refused.
 */
#ifndef HOST_DEVICE_DEVICE_H
#define HOST_DEVICE_DEVICE_H

#include <pthread.h>

#include "base/cc.h"
#include "sgx/arch.h"

struct device;

/* Like struct sgx_enclave_run: the exception fields are written only on an exception. */
struct device_run {
	uint64_t tcs;	   /* address of the TCS */
	uint32_t function; /* out: 4 (EEXIT), or 2/3 where an exception was caught */
	uint16_t vector;
	uint16_t error_code;
	uint64_t address; /* page-rounded */
	/* RDI and RSI as the enclave left them at EEXIT (the vDSO's caller reads them from
	 * registers) */
	uint64_t rdi;
	uint64_t rsi;
	/* RDX and R8 to R15 at EEXIT, OR-ed: what the enclave left behind (simulation only) */
	uint64_t left;
};

struct device_stats {
	uint64_t enters;   /* EENTER */
	uint64_t resumes;  /* ERESUME */
	uint64_t aexs;	   /* asynchronous exits seen */
	uint64_t accepted; /* pages, by EACCEPT and EACCEPTCOPY: known to the simulator only */
};

struct device_ops {
	const char *name; /* "sgx" or "simulation" */
	bool simulation;

	/* SGX_IOC_ENCLAVE_CREATE. The address range [secs->base, +size) is reserved by
	 * device_reserve. */
	int (*create)(struct device *d, const struct sgx_secs *secs);
	/* SGX_IOC_ENCLAVE_ADD_PAGES with SGX_PAGE_MEASURE: `length` bytes from src, one SECINFO for
	 * all. *count: bytes done, may be fewer than asked with return 0 (a signal): loop. */
	int (*add_pages)(struct device *d, uint64_t off, const void *src, uint64_t length,
			 const struct sgx_secinfo *secinfo, uint64_t *count);
	/* SGX_IOC_ENCLAVE_INIT */
	int (*init)(struct device *d, const struct sgx_sigstruct *sigstruct);
	/* SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS, MODIFY_TYPES, REMOVE_PAGES: *count bytes done. */
	int (*restrict_permissions)(struct device *d, uint64_t off, uint64_t length,
				    uint64_t permissions, uint64_t *result, uint64_t *count);
	int (*modify_types)(struct device *d, uint64_t off, uint64_t length, uint64_t page_type,
			    uint64_t *result, uint64_t *count);
	int (*remove_pages)(struct device *d, uint64_t off, uint64_t length, uint64_t *count);

	/* mmap(MAP_SHARED|MAP_FIXED) of the device and mprotect of such a mapping; prot as PROT_*.
	 */
	int (*map)(struct device *d, uint64_t off, uint64_t length, int prot);
	int (*protect)(struct device *d, uint64_t off, uint64_t length, int prot);
	/* Touches each page of [off, off+length) once from outside, so that it is EAUG'd. */
	int (*prefault)(struct device *d, uint64_t off, uint64_t length);

	/*
	 * __vdso_sgx_enter_enclave: function 2 (EENTER) or 3 (ERESUME); rdi, rsi, rdx, r8, r9 reach
	 * the enclave in these registers on EENTER. Returns 0 on EEXIT and on a caught exception
	 * (run->function tells), or a negative errno for bad arguments. Interrupts are resumed
	 * silently. MXCSR, the x87 control word and DF are the caller's again, whatever the enclave
	 * left. -ECANCELED once the device was stopped.
	 */
	int (*enter)(struct device *d, uint64_t rdi, uint64_t rsi, uint64_t rdx, uint32_t function,
		     uint64_t r8, uint64_t r9, struct device_run *run);

	/*
	 * For good: no thread enters any more, and one that is inside does not go on after its next
	 * interrupt (device_kick makes one); its enter returns -ECANCELED and the thread stays interrupted.
	 */
	void (*stop)(struct device *d);

	void (*stats)(const struct device *d, struct device_stats *out);
	/* Unmaps everything and frees d. No thread may be inside. */
	void (*close)(struct device *d);
};

struct device {
	const struct device_ops *ops;
	uint64_t base; /* of ELRANGE, once reserved */
	uint64_t size;
};

/*
 * Reserves `size` bytes of address space aligned to `size` (PROT_NONE, no memory) for an enclave:
 * errno of mmap. Sets d->base and d->size.
 */
MUST_USE int device_reserve(struct device *d, uint64_t size);

enum device_sim_mode {
	DEVICE_SIM_FAST,   /* the ENCLU function is patched after measurement */
	DEVICE_SIM_STRICT, /* every ENCLU traps; an interrupt is a full AEX and ERESUME */
};

/* A new simulated device, or NULL and errno. enclu_off: where the image's ENCLU function stands
 * (struct image_layout), for the fast mode's patch. */
MUST_USE struct device *device_sim_open(enum device_sim_mode mode, uint64_t enclu_off);

/* Has the simulated machine no place to keep its secret, so that sealed data end with the process?
 */
bool device_sim_secret_is_temporary(void);

/* Reads the machine's secret now, not when an enclave first needs it: from a file, which a process that has limited
 * itself meanwhile could not open. */
void device_sim_read_secret(void);

/*
 * Which reading of EACCEPTCOPY the simulator follows: the rights of SECINFO are set (off; SDM of 2018),
 * or added to the read+write of the pending page (on; SDM of 2016). For tests.
 */
void device_sim_copy_adds_rights(bool on);

#define SGX_DEVICE "/dev/sgx_enclave"

/* The kernel's device, or NULL and errno (ENOENT: no SGX_DEVICE). */
MUST_USE struct device *device_linux_open(void);

/* Is there such a device, whether it can be opened or not? */
bool device_linux_exists(void);

/* One line in words on why the last create, add_pages or init of this thread was refused, naming
 * the value that differed; "" when there is nothing to say. */
const char *device_last_refusal(void);

/*
 * sigaction for a process that holds simulated enclaves: the handler runs with the host's FS and GS
 * on an alternate stack, whatever the thread was doing. errno on failure. Handlers that an embedder
 * installs by other means break a simulated enclave (FS and GS are the enclave's while it runs).
 */
struct sigaction;
MUST_USE int device_sigaction(int signo, const struct sigaction *action, struct sigaction *old);

/*
 * Interrupts a thread of the process by DEVICE_KICK_SIGNAL, whatever it is doing: a system call that waits
 * ends with EINTR, an enclave is left for a moment, or for good when its device was stopped. A thread
 * that is just about to enter or to wait may miss it: repeat it until it has had its effect. The
 * first call of device_kick_init takes the signal, whose default is to be ignored; errno.
 */
#define DEVICE_KICK_SIGNAL SIGURG
MUST_USE int device_kick_init(void);
void device_kick(pthread_t thread);

/* Prepares the calling thread (alternate stack, saved FS and GS). device enter does it by itself.
 */
MUST_USE int device_thread_init(void);

#endif
