/* Two tracks of 16-bit sound mixed into one with gains and saturation, n times. */
#include "kernel.h"

#define SAMPLES 8192

static int16_t one[SAMPLES], two[SAMPLES], out[SAMPLES];

static void mix(int gain_one, int gain_two)
{
	for (int i = 0; i < SAMPLES; i++) {
		int sum = (one[i] * gain_one + two[i] * gain_two) >> 12;

		out[i] = (int16_t)(sum > INT16_MAX ? INT16_MAX : sum < INT16_MIN ? INT16_MIN : sum);
	}
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 1;
	uint64_t sum = 0;

	for (int i = 0; i < SAMPLES; i++) {
		one[i] = (int16_t)kernel_random(&seed);
		two[i] = (int16_t)kernel_random(&seed);
	}
	for (uint32_t i = 0; i < n; i++) {
		mix(3000 + (int)(i % 5), 2000);
		sum += (uint16_t)out[i % SAMPLES];
	}
	return sum;
}
