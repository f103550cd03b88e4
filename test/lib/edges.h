/*
 * Bit patterns of floating-point numbers at which something changes: signs, infinities, NaNs, subnormal
 * numbers, the ends of integer types, and what rounds one way or the other.
 */
#ifndef TEST_LIB_EDGES_H
#define TEST_LIB_EDGES_H

#include <stdint.h>

static const uint32_t edges_f32[] = {
	0,	    0x80000000, 0x3f800000, 0xbf800000, 0x3f000000, 0xbf000000, 0x3fc00000,
	0x40200000, 0xc0200000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000, 0x7fa00000,
	0xff812345, 0x7fc12345, 0x00000001, 0x80000001, 0x007fffff, 0x4f000000, 0xcf000000,
	0x4effffff, 0x4f800000, 0x4f7fffff, 0xcf000001, 0x7f7fffff, 0xff7fffff, 0x4b000001,
	0x4a800001, 0xbf7fffff, 0x5f000000, 0x33800000, 0x5effffff, 0x5f800000, 0x5f7fffff,
	0xdf000000, 0xdf000001, 0x40000000, 0xc0000000,
};

static const uint64_t edges_f64[] = {
	0,
	0x8000000000000000,
	0x3ff0000000000000,
	0xbff0000000000000,
	0x3fe0000000000000,
	0xbfe0000000000000,
	0x3ff8000000000000,
	0x4004000000000000,
	0x7ff0000000000000,
	0xfff0000000000000,
	0x7ff8000000000000,
	0xfff8000000000000,
	0x7ff4000000000000,
	0xfff0000000000001,
	0x0000000000000001,
	0x800fffffffffffff,
	0x41e0000000000000, /* 2^31 */
	0x41dfffffffc00000, /* 2^31 - 1 */
	0x41dfffffffe00000, /* 2^31 - 0.5 */
	0xc1e0000000000000,
	0xc1e0000000100000, /* -2^31 - 0.5 */
	0xc1e0000000200000,
	0x41f0000000000000, /* 2^32 */
	0x41efffffffe00000, /* 2^32 - 1 */
	0x41effffffff00000,
	0xbfefffffffffffff,
	0x4330000000000000, /* 2^52 */
	0x432fffffffffffff,
	0x4340000000000001,
	0x7fefffffffffffff,
	0x36a0000000000000, /* 2^-149 */
	0x3690000000000000, /* half of that */
	0x47efffffe0000000, /* the largest float */
	0x47effffff0000000, /* rounds to infinity */
	0x3ff0000010000000, /* half way between floats */
	0x43e0000000000000, /* 2^63 */
	0x43dfffffffffffff,
	0xc3e0000000000000,
	0xc3e0000000000001,
	0x43f0000000000000, /* 2^64 */
	0x43efffffffffffff,
	0x4000000000000000,
	0xc000000000000000,
};

#endif
