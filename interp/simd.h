/*
 * Arithmetic of v128 values (Core 3.0, 4.3.6) where it is more than an operator or one machine
 * instruction; interp/op_simd.def says which instruction uses what. Of vector types that clang and
 * gcc both know, and of the instructions of x86-64-v3; another processor means another file.
 * A NaN operand gives a quiet NaN. Relaxed instructions have the results of the deterministic
 * profile (Core 3.0, appendix "Profiles").
 */
#ifndef INTERP_SIMD_H
#define INTERP_SIMD_H

#include <immintrin.h>
#include <stdint.h>

#include "base/cc.h"

/* vec_T: 128 bits as lanes of T. vec_M is what intrinsics of integers take. */
typedef int8_t vec_I8 __attribute__((vector_size(16)));
typedef uint8_t vec_U8 __attribute__((vector_size(16)));
typedef int16_t vec_I16 __attribute__((vector_size(16)));
typedef uint16_t vec_U16 __attribute__((vector_size(16)));
typedef int32_t vec_I32 __attribute__((vector_size(16)));
typedef uint32_t vec_U32 __attribute__((vector_size(16)));
typedef int64_t vec_I64 __attribute__((vector_size(16)));
typedef uint64_t vec_U64 __attribute__((vector_size(16)));
typedef __m128 vec_F32;
typedef __m128d vec_F64;
typedef __m128i vec_M;

/* ---- lanes ----------------------------------------------------------------------------------- */

/* pshufb gives 0 for a lane number with the top bit set; else it looks at the low 4 bits. */
static ALWAYS_INLINE vec_M i8x16_swizzle(vec_M x, vec_M lanes)
{
	return _mm_shuffle_epi8(x, _mm_adds_epu8(lanes, _mm_set1_epi8(0x70)));
}

/* Lane numbers below 32. */
static ALWAYS_INLINE vec_M i8x16_shuffle(vec_M x, vec_M y, vec_M lanes)
{
	vec_M low = _mm_shuffle_epi8(x, _mm_add_epi8(lanes, _mm_set1_epi8(0x70)));
	vec_M high = _mm_shuffle_epi8(y, _mm_sub_epi8(lanes, _mm_set1_epi8(16)));

	return _mm_or_si128(low, high);
}

/* x with lane k replaced; no narrow store, which a wide load could not be served from. */
static ALWAYS_INLINE vec_U8 u8x16_replace(vec_U8 x, unsigned k, uint8_t lane)
{
	const vec_U8 numbers = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	vec_U8 mask = (vec_U8)(numbers == (uint8_t)k);

	return (x & ~mask) | (((vec_U8){0} + lane) & mask);
}

static ALWAYS_INLINE vec_U16 u16x8_replace(vec_U16 x, unsigned k, uint16_t lane)
{
	const vec_U16 numbers = {0, 1, 2, 3, 4, 5, 6, 7};
	vec_U16 mask = (vec_U16)(numbers == (uint16_t)k);

	return (x & ~mask) | (((vec_U16){0} + lane) & mask);
}

static ALWAYS_INLINE vec_U32 u32x4_replace(vec_U32 x, unsigned k, uint32_t lane)
{
	const vec_U32 numbers = {0, 1, 2, 3};
	vec_U32 mask = (vec_U32)(numbers == (uint32_t)k);

	return (x & ~mask) | (((vec_U32){0} + lane) & mask);
}

static ALWAYS_INLINE vec_U64 u64x2_replace(vec_U64 x, unsigned k, uint64_t lane)
{
	return k ? (vec_U64){x[0], lane} : (vec_U64){lane, x[1]};
}

/* The upper half, for the instructions that extend the lower one. */
static ALWAYS_INLINE vec_M v128_high(vec_M x)
{
	return _mm_unpackhi_epi64(x, x);
}

static ALWAYS_INLINE vec_M v128_low_bits(uint64_t bits)
{
	return _mm_cvtsi64_si128((long long)bits);
}

/* ---- integers -------------------------------------------------------------------------------- */

static ALWAYS_INLINE vec_M v128_bitselect(vec_M x, vec_M y, vec_M mask)
{
	return _mm_or_si128(_mm_and_si128(x, mask), _mm_andnot_si128(mask, y));
}

static ALWAYS_INLINE bool v128_any_true(vec_M x)
{
	return !_mm_testz_si128(x, x);
}

static ALWAYS_INLINE uint32_t i16x8_bitmask(vec_M x)
{
	return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(x, _mm_setzero_si128()));
}

static ALWAYS_INLINE vec_M i8x16_popcnt(vec_M x)
{
	const vec_M counts = _mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
	const vec_M nibble = _mm_set1_epi8(15);
	vec_M low = _mm_shuffle_epi8(counts, _mm_and_si128(x, nibble));
	vec_M high = _mm_shuffle_epi8(counts, _mm_and_si128(_mm_srli_epi16(x, 4), nibble));

	return _mm_add_epi8(low, high);
}

static ALWAYS_INLINE vec_U64 i64x2_abs(vec_U64 x)
{
	vec_U64 sign = (vec_U64)((vec_I64)x < 0);

	return (x ^ sign) - sign;
}

/* pmulhrsw but for the one product that overflows. */
static ALWAYS_INLINE vec_M i16x8_q15mulr_sat_s(vec_M x, vec_M y)
{
	vec_M product = _mm_mulhrs_epi16(x, y);

	return _mm_xor_si128(product, _mm_cmpeq_epi16(product, _mm_set1_epi16(INT16_MIN)));
}

static ALWAYS_INLINE vec_M i16x8_extadd_pairwise_i8x16_s(vec_M x)
{
	return _mm_maddubs_epi16(_mm_set1_epi8(1), x);
}

static ALWAYS_INLINE vec_M i16x8_extadd_pairwise_i8x16_u(vec_M x)
{
	return _mm_maddubs_epi16(x, _mm_set1_epi8(1));
}

static ALWAYS_INLINE vec_M i32x4_extadd_pairwise_i16x8_s(vec_M x)
{
	return _mm_madd_epi16(x, _mm_set1_epi16(1));
}

static ALWAYS_INLINE vec_U32 i32x4_extadd_pairwise_i16x8_u(vec_U32 x)
{
	return (x >> 16) + (x & 0xffff);
}

/* A product of two lanes fits into 16 bits; only the sum of (-128)^2 with itself does not: it is
 * saturated (4.3.6, ivdot_sat). */
static ALWAYS_INLINE vec_M i16x8_dot_i8x16(vec_I16 x, vec_I16 y)
{
	vec_I16 x_low = (vec_I16)((vec_U16)x << 8) >> 8, y_low = (vec_I16)((vec_U16)y << 8) >> 8;

	return _mm_adds_epi16((vec_M)(x_low * y_low), (vec_M)((x >> 8) * (y >> 8)));
}

static ALWAYS_INLINE vec_U32 i32x4_dot_i8x16_add(vec_I16 x, vec_I16 y, vec_U32 z)
{
	return (vec_U32)i32x4_extadd_pairwise_i16x8_s(i16x8_dot_i8x16(x, y)) + z;
}

/* ---- floats ---------------------------------------------------------------------------------- */

/* minps gives its second operand when they are equal or not ordered. Of equal operands, which differ
 * at most in the sign of zero, OR takes the negative one, AND the positive. */
static ALWAYS_INLINE vec_F32 f32x4_min(vec_F32 x, vec_F32 y)
{
	vec_F32 least = _mm_or_ps(_mm_min_ps(x, y), _mm_min_ps(y, x));

	return _mm_blendv_ps(least, x + y, _mm_cmpunord_ps(x, y));
}

static ALWAYS_INLINE vec_F32 f32x4_max(vec_F32 x, vec_F32 y)
{
	vec_F32 most = _mm_and_ps(_mm_max_ps(x, y), _mm_max_ps(y, x));

	return _mm_blendv_ps(most, x + y, _mm_cmpunord_ps(x, y));
}

static ALWAYS_INLINE vec_F64 f64x2_min(vec_F64 x, vec_F64 y)
{
	vec_F64 least = _mm_or_pd(_mm_min_pd(x, y), _mm_min_pd(y, x));

	return _mm_blendv_pd(least, x + y, _mm_cmpunord_pd(x, y));
}

static ALWAYS_INLINE vec_F64 f64x2_max(vec_F64 x, vec_F64 y)
{
	vec_F64 most = _mm_and_pd(_mm_max_pd(x, y), _mm_max_pd(y, x));

	return _mm_blendv_pd(most, x + y, _mm_cmpunord_pd(x, y));
}

/* _MM_FROUND_NO_EXC: see interp/float.h. */
#define F32X4_ROUND(x, mode) _mm_round_ps(x, (mode) | _MM_FROUND_NO_EXC)
#define F64X2_ROUND(x, mode) _mm_round_pd(x, (mode) | _MM_FROUND_NO_EXC)

/* ---- conversions ----------------------------------------------------------------------------- */

/* cvttps2dq gives 0x80000000 for NaN and whatever is out of range. */
static ALWAYS_INLINE vec_M i32x4_trunc_sat_f32x4_s(vec_F32 x)
{
	vec_F32 number = _mm_and_ps(x, _mm_cmpord_ps(x, x)); /* 0 for NaN */
	vec_F32 above = _mm_cmpge_ps(x, _mm_set1_ps(0x1p31f));

	return _mm_xor_si128(_mm_cvttps_epi32(number), _mm_castps_si128(above));
}

/* The part below 2^31 gives 0x80000000 if there is one above, which adds the rest, saturated. */
static ALWAYS_INLINE vec_M i32x4_trunc_sat_f32x4_u(vec_F32 x)
{
	const vec_F32 half = _mm_set1_ps(0x1p31f);
	vec_F32 number = _mm_max_ps(x, _mm_setzero_ps()); /* 0 for NaN */
	vec_F32 rest = _mm_sub_ps(number, half);
	vec_M above = _mm_castps_si128(_mm_cmpge_ps(rest, half));
	vec_M high = _mm_xor_si128(_mm_cvttps_epi32(rest), above);

	high = _mm_max_epi32(high, _mm_setzero_si128());
	return _mm_add_epi32(_mm_cvttps_epi32(number), high);
}

static ALWAYS_INLINE vec_M i32x4_trunc_sat_f64x2_s_zero(vec_F64 x)
{
	vec_F64 number = _mm_and_pd(x, _mm_cmpord_pd(x, x)); /* 0 for NaN */

	return _mm_cvttpd_epi32(_mm_min_pd(number, _mm_set1_pd(2147483647.0)));
}

/* 2^52 + n has n in its low bits. */
static ALWAYS_INLINE vec_M i32x4_trunc_sat_f64x2_u_zero(vec_F64 x)
{
	vec_F64 number = _mm_max_pd(x, _mm_setzero_pd()); /* 0 for NaN */

	number = F64X2_ROUND(_mm_min_pd(number, _mm_set1_pd(4294967295.0)), _MM_FROUND_TO_ZERO);
	vec_F32 bits = _mm_castpd_ps(_mm_add_pd(number, _mm_set1_pd(0x1p52)));

	return _mm_castps_si128(_mm_shuffle_ps(bits, _mm_setzero_ps(), _MM_SHUFFLE(0, 0, 2, 0)));
}

static ALWAYS_INLINE vec_F32 f32x4_convert_i32x4_u(vec_U32 x)
{
	return __builtin_convertvector(x, vec_F32);
}

static ALWAYS_INLINE vec_F64 f64x2_convert_low_i32x4_u(vec_M x)
{
	const vec_M exponent = _mm_set1_epi32(0x43300000); /* of 2^52 */
	vec_F64 sum = _mm_castsi128_pd(_mm_unpacklo_epi32(x, exponent));

	return _mm_sub_pd(sum, _mm_set1_pd(0x1p52));
}

#endif
