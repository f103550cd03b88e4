/* Compression by references to what came before, found by hashes of four bytes, and back: 32 KiB, n times. */
#include "kernel.h"

#define SIZE  32768
#define MATCH 4

static uint8_t data[SIZE], packed[SIZE * 2], unpacked[SIZE];
static uint16_t heads[4096];

static uint32_t word(const uint8_t *p)
{
	uint32_t v;

	__builtin_memcpy(&v, p, 4);
	return v;
}

/* A token is 0 and a byte, or a length and a distance of 16 bits. */
static uint32_t pack(void)
{
	uint32_t size = 0, at = 0;

	while (at < SIZE) {
		uint32_t length = 0, from = 0;

		if (at + MATCH <= SIZE) {
			uint16_t *head = &heads[word(data + at) * 2654435761u >> 20];

			from = *head;
			*head = (uint16_t)at;
			while (from < at && length < 255 && at + length < SIZE &&
			       data[from + length] == data[at + length])
				length++;
		}
		if (length < MATCH) {
			packed[size++] = 0;
			packed[size++] = data[at++];
		} else {
			packed[size++] = (uint8_t)length;
			packed[size++] = (uint8_t)(at - from);
			packed[size++] = (uint8_t)((at - from) >> 8);
			at += length;
		}
	}
	return size;
}

static void unpack(uint32_t size)
{
	uint8_t *to = unpacked;

	for (uint32_t i = 0; i < size;) {
		uint32_t length = packed[i++];

		if (!length) {
			*to++ = packed[i++];
			continue;
		}
		const uint8_t *from = to - (packed[i] | packed[i + 1] << 8);

		for (i += 2; length; length--)
			*to++ = *from++;
	}
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 1;
	uint64_t sum = 0;

	for (int i = 0; i < SIZE; i++)
		data[i] = (uint8_t)(i > 600 && kernel_random(&seed) % 12 ? data[i - 97 - i % 5]
									 : kernel_random(&seed));
	for (uint32_t i = 0; i < n; i++) {
		uint32_t size = pack();

		unpack(size);
		sum = sum * 31 + size + unpacked[i * 97 % SIZE];
		data[i * 31 % SIZE]++;
	}
	return sum;
}
