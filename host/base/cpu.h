/* What the CPU and the system say about it: for the choice of code paths, for XFRM, for doctor. */
#ifndef HOST_BASE_CPU_H
#define HOST_BASE_CPU_H

#include "base/cc.h"

struct cpu_features {
	char vendor[13];
	char brand[49];
	bool sgx1;	   /* CPUID.12H.0:EAX[0] */
	bool sgx2;	   /* [1] */
	bool sgx_leaf;	   /* CPUID.7.0:EBX[2]: the CPU has SGX and the firmware enabled it */
	bool exinfo;	   /* CPUID.12H.0:EBX[0] */
	bool kss;	   /* CPUID.12H.1:EAX[7] */
	bool flc;	   /* launch control, CPUID.7.0:ECX[30] */
	uint64_t sgx_xfrm; /* CPUID.12H.1: allowed XFRM bits */
	uint64_t epc_size; /* bytes, all sections */
	bool x86_64_v3;	   /* what the image's code needs: AVX2, BMI, FMA, MOVBE, LZCNT, F16C */
	bool aes;
	bool pclmul;
	bool sha;
	bool rdrand;
	bool rdseed;
	bool fsgsbase; /* CPUID, and the kernel lets programs use it (AT_HWCAP2 bit 1) */
	uint64_t xcr0; /* 0 without OSXSAVE */
};

void cpu_read(struct cpu_features *cpu);

/* XCR0; 0 without OSXSAVE. */
uint64_t cpu_xcr0(void);

/* Do the CPU and the kernel let programs set FS and GS? */
bool cpu_has_fsgsbase(void);

/* CPU_HINT_* of boundary/abi.h. */
uint32_t cpu_hints(void);

/* Tells crypto/ what it may use, once per process. */
void cpu_set_crypto_hints(void);

#endif
