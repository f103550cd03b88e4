/* The Mandelbrot set on a grid of 64 x 64 points, up to 200 steps each, n times. */
#include "kernel.h"

#define SIZE  64
#define STEPS 200

static unsigned steps(double cx, double cy)
{
	double x = 0, y = 0;
	unsigned i = 0;

	while (i < STEPS && x * x + y * y <= 4) {
		double t = x * x - y * y + cx;

		y = 2 * x * y + cy;
		x = t;
		i++;
	}
	return i;
}

uint64_t run(uint32_t n)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n; i++) {
		double shift = i % 16 / 256.0;

		for (int y = 0; y < SIZE; y++) {
			for (int x = 0; x < SIZE; x++)
				sum = sum * 31 +
				      steps(x * 3.0 / SIZE - 2 + shift, y * 2.5 / SIZE - 1.25);
		}
	}
	return sum;
}
