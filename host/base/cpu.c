/*
 * CPUID and XGETBV on the host (SDM vol. 2A, CPUID; vol. 3D, 37.7 for leaf 12H).
 * Trust: the machine's word to itself.
 */
#include "host/base/cpu.h"

#include <cpuid.h>
#include <pthread.h>
#include <string.h>
#include <sys/auxv.h>

#include "boundary/abi.h"
#include "crypto/sha256.h"

#define HWCAP2_FSGSBASE_BIT 0x2u

struct cpuid {
	uint32_t a, b, c, d;
};

static struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid r = {0};

	if (!__get_cpuid_count(leaf, subleaf, &r.a, &r.b, &r.c, &r.d))
		r = (struct cpuid){0};
	return r;
}

static bool bit(uint32_t word, unsigned n)
{
	return (word >> n & 1) != 0;
}

uint64_t cpu_xcr0(void)
{
	uint32_t low, high;

	if (!bit(cpuid(1, 0).c, 27)) /* OSXSAVE */
		return 0;
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (uint64_t)high << 32 | low;
}

bool cpu_has_fsgsbase(void)
{
	return bit(cpuid(7, 0).b, 0) && (getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE_BIT) != 0;
}

uint32_t cpu_hints(void)
{
	const struct cpuid seven = cpuid(7, 0);
	const uint32_t avx512 = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31; /* F, DQ, BW, VL */
	const uint64_t state = 0xe6;					   /* SSE, AVX, AVX-512 */
	uint32_t hints = bit(seven.b, 29) ? CPU_HINT_SHA : 0;

	if (bit(seven.c, 9) && bit(seven.c, 10) && (seven.b & avx512) == avx512 &&
	    (cpu_xcr0() & state) == state)
		hints |= CPU_HINT_VAES;
	return hints;
}

static void read_names(struct cpu_features *cpu)
{
	struct cpuid r = cpuid(0, 0);

	memcpy(cpu->vendor, &r.b, 4);
	memcpy(cpu->vendor + 4, &r.d, 4);
	memcpy(cpu->vendor + 8, &r.c, 4);
	for (uint32_t i = 0; i < 3; i++) {
		r = cpuid(0x80000002u + i, 0);
		memcpy(cpu->brand + (size_t)i * 16, &r, 16);
	}
}

/* Levels as the x86-64 psABI defines v3. */
static void read_code(struct cpu_features *cpu)
{
	struct cpuid one = cpuid(1, 0), seven = cpuid(7, 0), ext = cpuid(0x80000001u, 0);
	bool avx, v3;

	cpu->aes = bit(one.c, 25);
	cpu->pclmul = bit(one.c, 1);
	cpu->rdrand = bit(one.c, 30);
	cpu->rdseed = bit(seven.b, 18);
	cpu->sha = bit(seven.b, 29);
	cpu->xcr0 = cpu_xcr0();
	cpu->fsgsbase = cpu_has_fsgsbase();
	avx = bit(one.c, 28) && (cpu->xcr0 & 6) == 6;
	v3 = bit(one.c, 12) && bit(one.c, 22) && bit(one.c, 29);	  /* FMA, MOVBE, F16C */
	v3 = v3 && bit(seven.b, 3) && bit(seven.b, 5) && bit(seven.b, 8); /* BMI1, AVX2, BMI2 */
	cpu->x86_64_v3 = avx && v3 && bit(ext.c, 5);			  /* LZCNT */
}

/* Sections of EPC: sub-leaves from 2 on, type 1 is valid. */
static uint64_t epc_size(void)
{
	uint64_t size = 0;

	for (uint32_t i = 2; i < 34; i++) {
		struct cpuid r = cpuid(0x12, i);

		if ((r.a & 0xf) != 1)
			break;
		size += ((uint64_t)(r.d & 0xfffff) << 32) + (r.c & 0xfffff000u);
	}
	return size;
}

static void read_sgx(struct cpu_features *cpu)
{
	struct cpuid seven = cpuid(7, 0);

	cpu->sgx_leaf = bit(seven.b, 2);
	cpu->flc = bit(seven.c, 30);
	if (!cpu->sgx_leaf)
		return;
	struct cpuid zero = cpuid(0x12, 0), one = cpuid(0x12, 1);

	cpu->sgx1 = bit(zero.a, 0);
	cpu->sgx2 = bit(zero.a, 1);
	cpu->exinfo = bit(zero.b, 0);
	cpu->kss = bit(one.a, 7);
	cpu->sgx_xfrm = (uint64_t)one.d << 32 | one.c;
	cpu->epc_size = epc_size();
}

void cpu_read(struct cpu_features *cpu)
{
	*cpu = (struct cpu_features){0};
	read_names(cpu);
	read_code(cpu);
	read_sgx(cpu);
}

static void set_hints(void)
{
	crypto_set_cpu_hints(cpu_hints());
}

void cpu_set_crypto_hints(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, set_hints);
}
