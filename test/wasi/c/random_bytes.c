/* Random bytes: of any length, into the buffer alone, and each time others. */
#include "test/wasi/program.h"

static uint8_t g_big[1 << 20];

int main(void)
{
	uint8_t a[32] = {0}, b[34];
	uint32_t counts[256] = {0};

	OK(random_get(a, 0));
	for (size_t i = 0; i < sizeof(a); i++)
		CHECK(a[i] == 0);
	memset(b, 0x5a, sizeof(b));
	OK(random_get(a, sizeof(a)));
	OK(random_get(b + 1, sizeof(a)));
	CHECK(b[0] == 0x5a && b[33] == 0x5a);
	CHECK(memcmp(a, b + 1, sizeof(a)) != 0);
	OK(random_get(g_big, sizeof(g_big)));
	for (size_t i = 0; i < sizeof(g_big); i++)
		counts[g_big[i]]++;
	/* 4096 are expected, with a deviation of 64: eight of these is beyond chance */
	for (size_t i = 0; i < 256; i++)
		CHECK(counts[i] > 3584 && counts[i] < 4608);
	EXPECT(FAULT, random_get(NOWHERE, 32));
	EXPECT(FAULT, random_get(a, UINT32_MAX));
	return 0;
}
