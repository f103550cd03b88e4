/* Offsets in struct native_regs (native/native.h) and its size; usable from assembler. */
#ifndef NATIVE_REGS_H
#define NATIVE_REGS_H

#define NATIVE_REGS_RESULT 48
#define NATIVE_REGS_NEST   56
#define NATIVE_REGS_SAVED  64
#define NATIVE_REGS_RSP	   112
#define NATIVE_REGS_TARGET 120
#define NATIVE_REGS_XMM	   128
#define NATIVE_REGS_SIZE   256

#endif
