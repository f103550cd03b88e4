/* The few numbers of the ELF format (System V ABI, gABI chapters 4 and 5) that the image reader
 * asks for, so that it needs no header of the system's. */
#ifndef SGX_ELF_H
#define SGX_ELF_H

#define ELF_HEADER_SIZE	   64
#define ELF_SEGMENT_SIZE   56 /* a program header */
#define ELF_SECTION_SIZE   64 /* a section header */
#define ELF_CLASS64	   2
#define ELF_LITTLE_ENDIAN  1
#define ELF_VERSION	   1
#define ELF_TYPE_DYN	   3
#define ELF_MACHINE_X86_64 62

#define ELF_PT_NULL	    0
#define ELF_PT_LOAD	    1
#define ELF_PT_DYNAMIC	    2
#define ELF_PT_NOTE	    4
#define ELF_PT_PHDR	    6
#define ELF_PT_GNU_STACK    0x6474e551
#define ELF_PT_GNU_RELRO    0x6474e552
#define ELF_PT_GNU_PROPERTY 0x6474e553

#define ELF_PF_X 1
#define ELF_PF_W 2
#define ELF_PF_R 4

#define ELF_SHT_PROGBITS 1
#define ELF_SHF_ALLOC	 2

#endif
