/*
 * Floating point as Core 2.0, 4.3.3 wants it, without libm: the square root and the roundings are
 * the processor's (SSE2, SSE4.1); another processor means another file. A NaN operand gives a quiet
 * NaN.
 */
#ifndef INTERP_FLOAT_H
#define INTERP_FLOAT_H

#include <smmintrin.h>

#include "base/cc.h"

static ALWAYS_INLINE float f32_of_bits(uint32_t bits)
{
	float x;

	__builtin_memcpy(&x, &bits, sizeof x);
	return x;
}

static ALWAYS_INLINE double f64_of_bits(uint64_t bits)
{
	double x;

	__builtin_memcpy(&x, &bits, sizeof x);
	return x;
}

static ALWAYS_INLINE uint32_t f32_bits(float x)
{
	uint32_t bits;

	__builtin_memcpy(&bits, &x, sizeof bits);
	return bits;
}

static ALWAYS_INLINE uint64_t f64_bits(double x)
{
	uint64_t bits;

	__builtin_memcpy(&bits, &x, sizeof bits);
	return bits;
}

/* _MM_FROUND_NO_EXC: inexact is not of interest, MXCSR masks it anyway. */
#define F32_ROUND(x, mode)                                                                         \
	_mm_cvtss_f32(_mm_round_ss(_mm_set_ss(x), _mm_set_ss(x), (mode) | _MM_FROUND_NO_EXC))
#define F64_ROUND(x, mode)                                                                         \
	_mm_cvtsd_f64(_mm_round_sd(_mm_set_sd(x), _mm_set_sd(x), (mode) | _MM_FROUND_NO_EXC))

static ALWAYS_INLINE float f32_ceil(float x)
{
	return F32_ROUND(x, _MM_FROUND_TO_POS_INF);
}

static ALWAYS_INLINE float f32_floor(float x)
{
	return F32_ROUND(x, _MM_FROUND_TO_NEG_INF);
}

static ALWAYS_INLINE float f32_trunc(float x)
{
	return F32_ROUND(x, _MM_FROUND_TO_ZERO);
}

static ALWAYS_INLINE float f32_nearest(float x)
{
	return F32_ROUND(x, _MM_FROUND_TO_NEAREST_INT);
}

static ALWAYS_INLINE float f32_sqrt(float x)
{
	return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x)));
}

static ALWAYS_INLINE double f64_ceil(double x)
{
	return F64_ROUND(x, _MM_FROUND_TO_POS_INF);
}

static ALWAYS_INLINE double f64_floor(double x)
{
	return F64_ROUND(x, _MM_FROUND_TO_NEG_INF);
}

static ALWAYS_INLINE double f64_trunc(double x)
{
	return F64_ROUND(x, _MM_FROUND_TO_ZERO);
}

static ALWAYS_INLINE double f64_nearest(double x)
{
	return F64_ROUND(x, _MM_FROUND_TO_NEAREST_INT);
}

static ALWAYS_INLINE double f64_sqrt(double x)
{
	return _mm_cvtsd_f64(_mm_sqrt_sd(_mm_setzero_pd(), _mm_set_sd(x)));
}

/* Equal operands differ at most in the sign of zero: OR takes the negative one, AND the positive.
 */
static ALWAYS_INLINE float f32_min(float x, float y)
{
	if (x != x || y != y)
		return x + y;
	if (x == y)
		return f32_of_bits(f32_bits(x) | f32_bits(y));
	return x < y ? x : y;
}

static ALWAYS_INLINE float f32_max(float x, float y)
{
	if (x != x || y != y)
		return x + y;
	if (x == y)
		return f32_of_bits(f32_bits(x) & f32_bits(y));
	return x > y ? x : y;
}

static ALWAYS_INLINE double f64_min(double x, double y)
{
	if (x != x || y != y)
		return x + y;
	if (x == y)
		return f64_of_bits(f64_bits(x) | f64_bits(y));
	return x < y ? x : y;
}

static ALWAYS_INLINE double f64_max(double x, double y)
{
	if (x != x || y != y)
		return x + y;
	if (x == y)
		return f64_of_bits(f64_bits(x) & f64_bits(y));
	return x > y ? x : y;
}

#endif
