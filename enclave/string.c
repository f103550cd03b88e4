/*
 * memcpy and its family for the image. Blocks of 32 bytes, then of 8, then single bytes; long
 * copies and fills without overlap use the string instructions, which are as fast from a few
 * hundred bytes on. The compiler must not turn these loops into calls of themselves.
 * Trust: callers have checked the ranges.
 */
#include <string.h>

#include "base/cc.h"

#define STRING_MIN 1024 /* bytes from which rep movsb/stosb wins */

typedef uint64_t word __attribute__((aligned(1), may_alias));
typedef long long block __attribute__((vector_size(32), aligned(1), may_alias));

/* Right for d < s with any overlap: a block is loaded whole before it is stored. */
NO_IDIOM static ALWAYS_INLINE void copy_up(uint8_t *d, const uint8_t *s, size_t n)
{
	for (; n >= sizeof(block); n -= sizeof(block), d += sizeof(block), s += sizeof(block))
		*(block *)d = *(const block *)s;
	for (; n >= sizeof(word); n -= sizeof(word), d += sizeof(word), s += sizeof(word))
		*(word *)d = *(const word *)s;
	for (; n > 0; n--)
		*d++ = *s++;
}

/* Right for d > s with any overlap. */
NO_IDIOM static ALWAYS_INLINE void copy_down(uint8_t *d, const uint8_t *s, size_t n)
{
	for (; n >= sizeof(block); n -= sizeof(block))
		*(block *)(d + n - sizeof(block)) = *(const block *)(s + n - sizeof(block));
	for (; n >= sizeof(word); n -= sizeof(word))
		*(word *)(d + n - sizeof(word)) = *(const word *)(s + n - sizeof(word));
	for (; n > 0; n--)
		d[n - 1] = s[n - 1];
}

NO_IDIOM void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
	void *d = dst;

	if (n >= STRING_MIN)
		__asm__ volatile("rep movsb" : "+D"(d), "+S"(src), "+c"(n) : : "memory");
	else
		copy_up(dst, src, n);
	return dst;
}

NO_IDIOM void *memmove(void *dst, const void *src, size_t n)
{
	uintptr_t d = (uintptr_t)dst, s = (uintptr_t)src;

	if (d - s >= n && s - d >= n)
		return memcpy(dst, src, n);
	if (d < s)
		copy_up(dst, src, n);
	else
		copy_down(dst, src, n);
	return dst;
}

NO_IDIOM void *memset(void *dst, int c, size_t n)
{
	uint8_t *d = dst;
	void *p = dst;
	word fill = 0x0101010101010101u * (uint8_t)c;

	if (n >= STRING_MIN) {
		__asm__ volatile("rep stosb" : "+D"(p), "+c"(n) : "a"(c) : "memory");
		return dst;
	}
	for (; n >= sizeof(word); n -= sizeof(word), d += sizeof(word))
		*(word *)d = fill;
	for (; n > 0; n--)
		*d++ = (uint8_t)c;
	return dst;
}

NO_IDIOM int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a, *y = b;

	for (; n >= sizeof(word) && *(const word *)x == *(const word *)y; n -= sizeof(word)) {
		x += sizeof(word);
		y += sizeof(word);
	}
	for (; n > 0; n--, x++, y++) {
		if (*x != *y)
			return *x - *y;
	}
	return 0;
}

NO_IDIOM void *memchr(const void *p, int c, size_t n)
{
	const uint8_t *b = p;

	for (; n > 0; n--, b++) {
		if (*b == (uint8_t)c)
			return (void *)(uintptr_t)b;
	}
	return NULL;
}

NO_IDIOM size_t strlen(const char *s)
{
	const char *p = s;

	while (*p)
		p++;
	return (size_t)(p - s);
}
