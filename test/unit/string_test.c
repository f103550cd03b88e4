/* The image's memcpy family against the plainest loops, over lengths, offsets and overlaps. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "test/lib/check.h"

/* The image's functions under names of their own. */
#define memcpy	image_memcpy
#define memmove image_memmove
#define memset	image_memset
#define memcmp	image_memcmp
#define memchr	image_memchr
#define strlen	image_strlen
void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *p, int c, size_t n);
size_t strlen(const char *s);
#include "enclave/string.c" /* NOLINT */
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen

#define SIZE 4096

static uint8_t g_got[SIZE], g_want[SIZE], g_source[SIZE];
static const size_t k_lengths[] = {0,  1,  7,  8,  9,  15,  16,	 17,   31,   32,
				   33, 63, 64, 65, 95, 100, 511, 1023, 1024, 1500};

static void fill(uint8_t *p, uint32_t seed)
{
	for (size_t i = 0; i < SIZE; i++) {
		seed = seed * 1664525u + 1013904223u;
		p[i] = (uint8_t)(seed >> 24);
	}
}

static void slow_move(uint8_t *d, const uint8_t *s, size_t n)
{
	uint8_t copy[SIZE];

	for (size_t i = 0; i < n; i++)
		copy[i] = s[i];
	for (size_t i = 0; i < n; i++)
		d[i] = copy[i];
}

TEST(memcpy_copies_exactly_that)
{
	for (size_t k = 0; k < sizeof(k_lengths) / sizeof(k_lengths[0]); k++) {
		for (size_t shift = 0; shift < 33; shift++) {
			fill(g_got, 1);
			fill(g_want, 1);
			fill(g_source, 2);
			CHECK(image_memcpy(g_got + shift, g_source + 40 - shift, k_lengths[k]) ==
			      g_got + shift);
			slow_move(g_want + shift, g_source + 40 - shift, k_lengths[k]);
			CHECK(memcmp(g_got, g_want, SIZE) == 0);
		}
	}
}

TEST(memmove_survives_every_overlap)
{
	for (size_t k = 0; k < sizeof(k_lengths) / sizeof(k_lengths[0]); k++) {
		for (size_t from = 0; from < 80; from += 3) {
			for (size_t to = 0; to < 80; to += 7) {
				fill(g_got, 3);
				fill(g_want, 3);
				image_memmove(g_got + to, g_got + from, k_lengths[k]);
				slow_move(g_want + to, g_want + from, k_lengths[k]);
				CHECK(memcmp(g_got, g_want, SIZE) == 0);
			}
		}
	}
}

TEST(memset_writes_exactly_that)
{
	for (size_t k = 0; k < sizeof(k_lengths) / sizeof(k_lengths[0]); k++) {
		fill(g_got, 4);
		fill(g_want, 4);
		image_memset(g_got + 5, 0x1c3, k_lengths[k]);
		for (size_t i = 0; i < k_lengths[k]; i++)
			g_want[5 + i] = 0xc3;
		CHECK(memcmp(g_got, g_want, SIZE) == 0);
	}
}

TEST(memcmp_finds_the_first_difference)
{
	for (size_t n = 1; n < 70; n++) {
		for (size_t at = 0; at < n; at++) {
			fill(g_got, 5);
			fill(g_want, 5);
			CHECK(image_memcmp(g_got, g_want, n) == 0);
			g_got[at] = 0x80;
			g_want[at] = 0x7f;
			g_got[n - 1] = at == n - 1 ? 0x80 : 0; /* a later one does not count */
			g_want[n - 1] = at == n - 1 ? 0x7f : 1;
			CHECK(image_memcmp(g_got, g_want, n) > 0);
			CHECK(image_memcmp(g_want, g_got, n) < 0);
			CHECK(image_memcmp(g_got, g_want, at) == 0);
		}
	}
}

TEST(memchr_and_strlen_stop_in_time)
{
	static const char text[] = "retwine";

	CHECK(image_memchr(text, 'w', sizeof(text)) == text + 3);
	CHECK(image_memchr(text, 'w', 3) == NULL);
	CHECK(image_memchr(text, 'w' + 256, sizeof(text)) == text + 3);
	CHECK_EQ(image_strlen(text), 7);
	CHECK_EQ(image_strlen(""), 0);
}

int main(void)
{
	RUN(memcpy_copies_exactly_that);
	RUN(memmove_survives_every_overlap);
	RUN(memset_writes_exactly_that);
	RUN(memcmp_finds_the_first_difference);
	RUN(memchr_and_strlen_stop_in_time);
	return check_report();
}
