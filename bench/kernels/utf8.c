/* UTF-8 is checked and made UTF-16 (RFC 3629, RFC 2781), 32 KiB, n times. */
#include "kernel.h"

#define SIZE 32768

static uint8_t text[SIZE + 4];
static uint16_t out[SIZE];

/* The next character; -1: no UTF-8. */
static int32_t decode(const uint8_t **at)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	const uint8_t *p = *at;
	uint32_t c = *p++;
	unsigned more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;

	if (more) {
		if (c < 0xc2 || c > 0xf4)
			return -1;
		c &= 0x3fu >> more;
	}
	for (unsigned i = 0; i < more; i++) {
		if ((*p & 0xc0) != 0x80)
			return -1;
		c = c << 6 | (*p++ & 0x3f);
	}
	*at = p;
	return c < least[more] || c > 0x10ffff || (c & ~0x7ffu) == 0xd800 ? -1 : (int32_t)c;
}

static uint32_t convert(void)
{
	uint32_t count = 0;

	for (const uint8_t *p = text; p < text + SIZE;) {
		int32_t c = decode(&p);

		if (c < 0) {
			p++;
			c = 0xfffd;
		}
		if (c >= 0x10000)
			out[count++] = (uint16_t)(0xd7c0 + (c >> 10));
		out[count++] = (uint16_t)(c < 0x10000 ? c : 0xdc00 | (c & 0x3ff));
	}
	return count;
}

uint64_t run(uint32_t n)
{
	static const uint8_t letters[][4] = {
		"e", "\xc3\xa9", "\xe4\xb8\xad", "\xf0\x9f\x98", "t", "n", " ", "a"};
	uint32_t seed = 1, at = 0;
	uint64_t sum = 0;

	while (at < SIZE) {
		const uint8_t *p = letters[kernel_random(&seed) % 8];

		for (int i = 0; i < 4 && p[i]; i++)
			text[at++] = p[i];
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t count = convert();

		sum = sum * 31 + count + out[i % count];
		text[i % SIZE] ^= 1;
	}
	return sum;
}
