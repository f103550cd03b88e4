/*
 * The structures and numbers of the SGX instruction set, as the CPU reads and writes them (Intel
 * SDM vol. 3D, chapters "Enclave Access Control and Data Structures" and "SGX Instruction
 * References"). Nothing of ours is in here. Usable from .S: the numbers stand before the C part.
 */
#ifndef SGX_ARCH_H
#define SGX_ARCH_H

#define SGX_PAGE_SIZE	 4096
#define SGX_EEXTEND_SIZE 256 /* bytes that one EEXTEND measures */

/* ENCLU leaves: the number in RAX. */
#define ENCLU_EREPORT	  0
#define ENCLU_EGETKEY	  1
#define ENCLU_EENTER	  2
#define ENCLU_ERESUME	  3
#define ENCLU_EEXIT	  4
#define ENCLU_EACCEPT	  5
#define ENCLU_EMODPE	  6
#define ENCLU_EACCEPTCOPY 7
#define ENCLU_EDECCSSA	  9

/* Error codes that leaves give in RAX. */
#define SGX_SUCCESS		     0
#define SGX_INVALID_SIG_STRUCT	     1
#define SGX_INVALID_ATTRIBUTE	     2
#define SGX_BLKSTATE		     3
#define SGX_INVALID_MEASUREMENT	     4
#define SGX_NOTBLOCKABLE	     5
#define SGX_PG_INVLD		     6
#define SGX_EPC_PAGE_CONFLICT	     7
#define SGX_INVALID_SIGNATURE	     8
#define SGX_MAC_COMPARE_FAIL	     9
#define SGX_PAGE_NOT_BLOCKED	     10
#define SGX_NOT_TRACKED		     11
#define SGX_VA_SLOT_OCCUPIED	     12
#define SGX_CHILD_PRESENT	     13
#define SGX_ENCLAVE_ACT		     14
#define SGX_ENTRYEPOCH_LOCKED	     15
#define SGX_INVALID_EINITTOKEN	     16
#define SGX_PREV_TRK_INCMPL	     17
#define SGX_PG_IS_SECS		     18
#define SGX_PAGE_ATTRIBUTES_MISMATCH 19
#define SGX_PAGE_NOT_MODIFIABLE	     20
#define SGX_PAGE_NOT_DEBUGGABLE	     21
#define SGX_INVALID_CPUSVN	     32
#define SGX_INVALID_ISVSVN	     64
#define SGX_UNMASKED_EVENT	     128
#define SGX_INVALID_KEYNAME	     256

/* SECINFO.FLAGS: permissions, state, page type in bits 15:8. */
#define SECINFO_R	    0x1
#define SECINFO_W	    0x2
#define SECINFO_X	    0x4
#define SECINFO_PENDING	    0x8
#define SECINFO_MODIFIED    0x10
#define SECINFO_PR	    0x20
#define SECINFO_PERMISSIONS 0x7
#define SECINFO_TYPE_SHIFT  8
#define SECINFO_TYPE_MASK   0xff00
#define SECINFO_SECS	    0x000
#define SECINFO_TCS	    0x100
#define SECINFO_REG	    0x200
#define SECINFO_VA	    0x300
#define SECINFO_TRIM	    0x400

/* The same page types as small numbers, as EMODT and the kernel's MODIFY_TYPES take them. */
#define SGX_PT_SECS 0
#define SGX_PT_TCS  1
#define SGX_PT_REG  2
#define SGX_PT_VA   3
#define SGX_PT_TRIM 4

/* ATTRIBUTES.flags */
#define ATTRIBUTE_INIT		0x1
#define ATTRIBUTE_DEBUG		0x2
#define ATTRIBUTE_MODE64	0x4
#define ATTRIBUTE_PROVISIONKEY	0x10
#define ATTRIBUTE_EINITTOKENKEY 0x20
#define ATTRIBUTE_CET		0x40
#define ATTRIBUTE_KSS		0x80
#define ATTRIBUTE_AEXNOTIFY	0x400
#define ATTRIBUTE_KNOWN		0x4f7 /* every bit above */

/* ATTRIBUTES.xfrm: the bits of XCR0. */
#define XFRM_X87       0x1
#define XFRM_SSE       0x2
#define XFRM_AVX       0x4
#define XFRM_MPX       0x18
#define XFRM_AVX512    0xe0
#define XFRM_PKRU      0x200
#define XFRM_AMX       0x60000
#define XFRM_MANDATORY 0x3

/* MISCSELECT */
#define MISC_EXINFO 0x1
#define MISC_CPINFO 0x2

/* TCS.FLAGS */
#define TCS_DBGOPTIN  0x1
#define TCS_AEXNOTIFY 0x2

/* Offsets in the TCS that entry code needs (the TCS itself is unreadable inside). */
#define TCS_OSSA_OFF   16
#define TCS_OENTRY_OFF 32

/* The SSA frame: XSAVE area at 0, then, counted from its end, GPRSGX and EXINFO below it. */
#define SSA_XSAVE_OFF		   0
#define SSA_GPRS_SIZE		   184
#define SSA_EXINFO_SIZE		   16
#define SSA_GPRS_OFF(frame_size)   ((frame_size)-SSA_GPRS_SIZE)
#define SSA_EXINFO_OFF(frame_size) ((frame_size)-SSA_GPRS_SIZE - SSA_EXINFO_SIZE)
#define XSAVE_LEGACY_SIZE	   512
#define XSAVE_HEADER_OFF	   512 /* XSTATE_BV first */
#define XSAVE_HEADER_SIZE	   64
#define XSAVE_SIZE_AVX		   832	/* XFRM 0x7 */
#define XSAVE_SIZE_AVX512	   2688 /* XFRM 0xE7, Intel's offsets */

/* Offsets in GPRSGX. The order is that of the instruction set: RAX, RCX, RDX, RBX. */
#define GPRS_RAX_OFF	  0
#define GPRS_RCX_OFF	  8
#define GPRS_RDX_OFF	  16
#define GPRS_RBX_OFF	  24
#define GPRS_RSP_OFF	  32
#define GPRS_RBP_OFF	  40
#define GPRS_RSI_OFF	  48
#define GPRS_RDI_OFF	  56
#define GPRS_R8_OFF	  64
#define GPRS_RFLAGS_OFF	  128
#define GPRS_RIP_OFF	  136
#define GPRS_URSP_OFF	  144
#define GPRS_URBP_OFF	  152
#define GPRS_EXITINFO_OFF 160
#define GPRS_FSBASE_OFF	  168
#define GPRS_GSBASE_OFF	  176

/* EXITINFO: what ended the enclave's run; without VALID nothing in it means anything. */
#define EXITINFO_VECTOR_MASK   0xff
#define EXITINFO_TYPE_SHIFT    8
#define EXITINFO_TYPE_MASK     0x700
#define EXITINFO_TYPE_HARDWARE 3
#define EXITINFO_TYPE_SOFTWARE 6
#define EXITINFO_VALID	       0x80000000

#define VECTOR_DE 0
#define VECTOR_DB 1
#define VECTOR_BP 3
#define VECTOR_BR 5
#define VECTOR_UD 6
#define VECTOR_GP 13
#define VECTOR_PF 14
#define VECTOR_MF 16
#define VECTOR_AC 17
#define VECTOR_XM 19

/* Page fault error code; SGX says that the EPCM refused. */
#define PFEC_PRESENT 0x1
#define PFEC_WRITE   0x2
#define PFEC_USER    0x4
#define PFEC_FETCH   0x10
#define PFEC_SGX     0x8000

/* KEYREQUEST */
#define KEYNAME_EINITTOKEN     0
#define KEYNAME_PROVISION      1
#define KEYNAME_PROVISION_SEAL 2
#define KEYNAME_REPORT	       3
#define KEYNAME_SEAL	       4
#define KEYPOLICY_MRENCLAVE    0x1
#define KEYPOLICY_MRSIGNER     0x2
#define KEYPOLICY_NOISVPRODID  0x4
#define KEYPOLICY_CONFIGID     0x8
#define KEYPOLICY_ISVFAMILYID  0x10
#define KEYPOLICY_ISVEXTPRODID 0x20
#define KEYPOLICY_KNOWN	       0x3f
#define KEYPOLICY_KSS	       0x3c /* these need ATTRIBUTES.KSS */

/* Alignment that the leaves ask of their operands. */
#define SGX_SECINFO_ALIGN    64
#define SGX_KEYREQUEST_ALIGN 512
#define SGX_KEY_ALIGN	     16
#define SGX_TARGETINFO_ALIGN 512
#define SGX_REPORTDATA_ALIGN 128
#define SGX_REPORT_ALIGN     512

#define SGX_KEY_SIZE	  16
#define SGX_HASH_SIZE	  32
#define SGX_CPUSVN_SIZE	  16
#define SGX_CONFIGID_SIZE 64
#define SGX_RSA_SIZE	  384

#ifndef __ASSEMBLER__

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define SGX_LAYOUT(type, field, off) static_assert(offsetof(struct type, field) == (off), #field)

struct sgx_attributes {
	uint64_t flags;
	uint64_t xfrm;
};
static_assert(sizeof(struct sgx_attributes) == 16, "ATTRIBUTES");

/* What identifies an enclave to the CPU; one page, 4 KiB-aligned. */
struct sgx_secs {
	uint64_t size; /* of ELRANGE, a power of two */
	uint64_t base; /* aligned to size */
	uint32_t ssa_frame_pages;
	uint32_t miscselect;
	uint8_t reserved1[24];
	struct sgx_attributes attributes;
	uint8_t mrenclave[SGX_HASH_SIZE];
	uint8_t reserved2[32];
	uint8_t mrsigner[SGX_HASH_SIZE];
	uint8_t reserved3[32];
	uint8_t configid[SGX_CONFIGID_SIZE];
	uint16_t isvprodid;
	uint16_t isvsvn;
	uint16_t configsvn;
	uint8_t reserved4[3834];
};
static_assert(sizeof(struct sgx_secs) == SGX_PAGE_SIZE, "SECS");
SGX_LAYOUT(sgx_secs, base, 8);
SGX_LAYOUT(sgx_secs, ssa_frame_pages, 16);
SGX_LAYOUT(sgx_secs, miscselect, 20);
SGX_LAYOUT(sgx_secs, attributes, 48);
SGX_LAYOUT(sgx_secs, mrenclave, 64);
SGX_LAYOUT(sgx_secs, mrsigner, 128);
SGX_LAYOUT(sgx_secs, configid, 192);
SGX_LAYOUT(sgx_secs, isvprodid, 256);
SGX_LAYOUT(sgx_secs, isvsvn, 258);
SGX_LAYOUT(sgx_secs, configsvn, 260);
SGX_LAYOUT(sgx_secs, reserved4, 262);

struct sgx_tcs {
	uint64_t state; /* the CPU's own; 0 in an image */
	uint64_t flags;
	uint64_t ossa; /* offset of the SSA frames */
	uint32_t cssa; /* the CPU's own; 0 in an image */
	uint32_t nssa;
	uint64_t oentry;
	uint64_t aep; /* the CPU's own; 0 in an image */
	uint64_t ofsbase;
	uint64_t ogsbase;
	uint32_t fslimit; /* unused by 64-bit enclaves, but measured */
	uint32_t gslimit;
	uint8_t reserved[4024];
};
static_assert(sizeof(struct sgx_tcs) == SGX_PAGE_SIZE, "TCS");
SGX_LAYOUT(sgx_tcs, flags, 8);
SGX_LAYOUT(sgx_tcs, ossa, TCS_OSSA_OFF);
SGX_LAYOUT(sgx_tcs, cssa, 24);
SGX_LAYOUT(sgx_tcs, nssa, 28);
SGX_LAYOUT(sgx_tcs, oentry, TCS_OENTRY_OFF);
SGX_LAYOUT(sgx_tcs, aep, 40);
SGX_LAYOUT(sgx_tcs, ofsbase, 48);
SGX_LAYOUT(sgx_tcs, ogsbase, 56);
SGX_LAYOUT(sgx_tcs, fslimit, 64);
SGX_LAYOUT(sgx_tcs, gslimit, 68);
SGX_LAYOUT(sgx_tcs, reserved, 72);

/* Limits of FS and GS that every TCS of ours carries (measured, otherwise without effect). */
#define TCS_SEGMENT_LIMIT 0xfff

/* 64-aligned operand. */
struct sgx_secinfo {
	uint64_t flags;
	uint8_t reserved[56];
};
static_assert(sizeof(struct sgx_secinfo) == 64, "SECINFO");

struct sgx_pageinfo {
	uint64_t linaddr;
	uint64_t srcpge;
	uint64_t secinfo;
	uint64_t secs;
};
static_assert(sizeof(struct sgx_pageinfo) == 32, "PAGEINFO");

/* Registers in the SSA frame. */
struct sgx_gprs {
	uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rflags;
	uint64_t rip;
	uint64_t ursp; /* the host's stack, for AEX */
	uint64_t urbp;
	uint32_t exitinfo;
	uint8_t reserved[3];
	uint8_t aexnotify;
	uint64_t fsbase;
	uint64_t gsbase;
};
static_assert(sizeof(struct sgx_gprs) == SSA_GPRS_SIZE, "GPRSGX");
SGX_LAYOUT(sgx_gprs, rax, GPRS_RAX_OFF);
SGX_LAYOUT(sgx_gprs, rcx, GPRS_RCX_OFF);
SGX_LAYOUT(sgx_gprs, rdx, GPRS_RDX_OFF);
SGX_LAYOUT(sgx_gprs, rbx, GPRS_RBX_OFF);
SGX_LAYOUT(sgx_gprs, rsp, GPRS_RSP_OFF);
SGX_LAYOUT(sgx_gprs, rbp, GPRS_RBP_OFF);
SGX_LAYOUT(sgx_gprs, rsi, GPRS_RSI_OFF);
SGX_LAYOUT(sgx_gprs, rdi, GPRS_RDI_OFF);
SGX_LAYOUT(sgx_gprs, r8, GPRS_R8_OFF);
SGX_LAYOUT(sgx_gprs, rflags, GPRS_RFLAGS_OFF);
SGX_LAYOUT(sgx_gprs, rip, GPRS_RIP_OFF);
SGX_LAYOUT(sgx_gprs, ursp, GPRS_URSP_OFF);
SGX_LAYOUT(sgx_gprs, urbp, GPRS_URBP_OFF);
SGX_LAYOUT(sgx_gprs, exitinfo, GPRS_EXITINFO_OFF);
SGX_LAYOUT(sgx_gprs, aexnotify, 167);
SGX_LAYOUT(sgx_gprs, fsbase, GPRS_FSBASE_OFF);
SGX_LAYOUT(sgx_gprs, gsbase, GPRS_GSBASE_OFF);

/* Page fault and #GP details, below GPRSGX, with MISCSELECT.EXINFO. Stale without EXITINFO.VALID.
 */
struct sgx_exinfo {
	uint64_t maddr; /* the whole faulting address; 0 for #GP */
	uint32_t errcd;
	uint32_t reserved;
};
static_assert(sizeof(struct sgx_exinfo) == SSA_EXINFO_SIZE, "EXINFO");
SGX_LAYOUT(sgx_exinfo, errcd, 8);

/* The signed description of an enclave. The signature covers bytes 0..127 and 900..1027. */
struct sgx_sigstruct {
	uint8_t header[16];
	uint32_t vendor;
	uint32_t date; /* BCD: 0xYYYYMMDD */
	uint8_t header2[16];
	uint32_t swdefined;
	uint8_t reserved1[84];
	uint8_t modulus[SGX_RSA_SIZE]; /* little-endian, as all numbers here */
	uint32_t exponent;
	uint8_t signature[SGX_RSA_SIZE];
	uint32_t miscselect;
	uint32_t miscmask;
	uint8_t cet_attributes;
	uint8_t cet_attributes_mask;
	uint8_t reserved2[2];
	uint8_t isvfamilyid[16];
	struct sgx_attributes attributes;
	struct sgx_attributes attributemask;
	uint8_t enclavehash[SGX_HASH_SIZE];
	uint8_t reserved3[16];
	uint8_t isvextprodid[16];
	uint16_t isvprodid;
	uint16_t isvsvn;
	uint8_t reserved4[12];
	uint8_t q1[SGX_RSA_SIZE];
	uint8_t q2[SGX_RSA_SIZE];
};
static_assert(sizeof(struct sgx_sigstruct) == 1808, "SIGSTRUCT");
SGX_LAYOUT(sgx_sigstruct, vendor, 16);
SGX_LAYOUT(sgx_sigstruct, date, 20);
SGX_LAYOUT(sgx_sigstruct, header2, 24);
SGX_LAYOUT(sgx_sigstruct, swdefined, 40);
SGX_LAYOUT(sgx_sigstruct, modulus, 128);
SGX_LAYOUT(sgx_sigstruct, exponent, 512);
SGX_LAYOUT(sgx_sigstruct, signature, 516);
SGX_LAYOUT(sgx_sigstruct, miscselect, 900);
SGX_LAYOUT(sgx_sigstruct, miscmask, 904);
SGX_LAYOUT(sgx_sigstruct, cet_attributes, 908);
SGX_LAYOUT(sgx_sigstruct, isvfamilyid, 912);
SGX_LAYOUT(sgx_sigstruct, attributes, 928);
SGX_LAYOUT(sgx_sigstruct, attributemask, 944);
SGX_LAYOUT(sgx_sigstruct, enclavehash, 960);
SGX_LAYOUT(sgx_sigstruct, reserved3, 992);
SGX_LAYOUT(sgx_sigstruct, isvextprodid, 1008);
SGX_LAYOUT(sgx_sigstruct, isvprodid, 1024);
SGX_LAYOUT(sgx_sigstruct, isvsvn, 1026);
SGX_LAYOUT(sgx_sigstruct, reserved4, 1028);
SGX_LAYOUT(sgx_sigstruct, q1, 1040);
SGX_LAYOUT(sgx_sigstruct, q2, 1424);

/* The parts that the signature covers. */
#define SIGSTRUCT_PART1_SIZE 128
#define SIGSTRUCT_PART2_OFF  900
#define SIGSTRUCT_PART2_SIZE 128

struct sgx_keyrequest {
	uint16_t keyname;
	uint16_t keypolicy;
	uint16_t isvsvn;
	uint8_t cet_attributes_mask;
	uint8_t reserved1;
	uint8_t cpusvn[SGX_CPUSVN_SIZE];
	struct sgx_attributes attributemask;
	uint8_t keyid[32];
	uint32_t miscmask;
	uint16_t configsvn;
	uint8_t reserved2[434];
};
static_assert(sizeof(struct sgx_keyrequest) == 512, "KEYREQUEST");
SGX_LAYOUT(sgx_keyrequest, keypolicy, 2);
SGX_LAYOUT(sgx_keyrequest, isvsvn, 4);
SGX_LAYOUT(sgx_keyrequest, cet_attributes_mask, 6);
SGX_LAYOUT(sgx_keyrequest, cpusvn, 8);
SGX_LAYOUT(sgx_keyrequest, attributemask, 24);
SGX_LAYOUT(sgx_keyrequest, keyid, 40);
SGX_LAYOUT(sgx_keyrequest, miscmask, 72);
SGX_LAYOUT(sgx_keyrequest, configsvn, 76);
SGX_LAYOUT(sgx_keyrequest, reserved2, 78);

struct sgx_targetinfo {
	uint8_t mrenclave[SGX_HASH_SIZE];
	struct sgx_attributes attributes;
	uint8_t cet_attributes;
	uint8_t reserved1;
	uint16_t configsvn;
	uint32_t miscselect;
	uint8_t reserved2[8];
	uint8_t configid[SGX_CONFIGID_SIZE];
	uint8_t reserved3[384];
};
static_assert(sizeof(struct sgx_targetinfo) == 512, "TARGETINFO");
SGX_LAYOUT(sgx_targetinfo, attributes, 32);
SGX_LAYOUT(sgx_targetinfo, cet_attributes, 48);
SGX_LAYOUT(sgx_targetinfo, configsvn, 50);
SGX_LAYOUT(sgx_targetinfo, miscselect, 52);
SGX_LAYOUT(sgx_targetinfo, configid, 64);
SGX_LAYOUT(sgx_targetinfo, reserved3, 128);

struct sgx_reportdata {
	uint8_t data[64];
};
static_assert(sizeof(struct sgx_reportdata) == 64, "REPORTDATA");

/* The part of a report that the MAC, or a quote's signature, covers. */
struct sgx_report_body {
	uint8_t cpusvn[SGX_CPUSVN_SIZE];
	uint32_t miscselect;
	uint8_t cet_attributes;
	uint8_t reserved1[11];
	uint8_t isvextprodid[16];
	struct sgx_attributes attributes;
	uint8_t mrenclave[SGX_HASH_SIZE];
	uint8_t reserved2[32];
	uint8_t mrsigner[SGX_HASH_SIZE];
	uint8_t reserved3[32];
	uint8_t configid[SGX_CONFIGID_SIZE];
	uint16_t isvprodid;
	uint16_t isvsvn;
	uint16_t configsvn;
	uint8_t reserved4[42];
	uint8_t isvfamilyid[16];
	struct sgx_reportdata reportdata;
};
static_assert(sizeof(struct sgx_report_body) == 384, "REPORT body");
SGX_LAYOUT(sgx_report_body, miscselect, 16);
SGX_LAYOUT(sgx_report_body, cet_attributes, 20);
SGX_LAYOUT(sgx_report_body, isvextprodid, 32);
SGX_LAYOUT(sgx_report_body, attributes, 48);
SGX_LAYOUT(sgx_report_body, mrenclave, 64);
SGX_LAYOUT(sgx_report_body, mrsigner, 128);
SGX_LAYOUT(sgx_report_body, configid, 192);
SGX_LAYOUT(sgx_report_body, isvprodid, 256);
SGX_LAYOUT(sgx_report_body, isvsvn, 258);
SGX_LAYOUT(sgx_report_body, configsvn, 260);
SGX_LAYOUT(sgx_report_body, isvfamilyid, 304);
SGX_LAYOUT(sgx_report_body, reportdata, 320);

struct sgx_report {
	struct sgx_report_body body;
	uint8_t keyid[32];
	uint8_t mac[SGX_KEY_SIZE];
};
static_assert(sizeof(struct sgx_report) == 432, "REPORT");
SGX_LAYOUT(sgx_report, keyid, 384);
SGX_LAYOUT(sgx_report, mac, 416);

#endif /* __ASSEMBLER__ */
#endif
