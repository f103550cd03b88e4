/*
 * What a kernel is: one function, run(n), with no library and no input but n, that returns a
 * checksum. The same source is built natively and for WebAssembly.
 */
#ifndef BENCH_KERNEL_H
#define BENCH_KERNEL_H

#include <stdint.h>

__attribute__((visibility("default"))) uint64_t run(uint32_t n);

/* For engines that call exports without arguments only. */
#ifdef KERNEL_N
uint64_t measure(void);
uint64_t measure(void)
{
	return run(KERNEL_N);
}
#endif

/* Numerical Recipes' generator: the same sequence everywhere. */
static inline uint32_t kernel_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

#endif
