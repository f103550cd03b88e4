/*
 * How long the verification of a quote takes: decoding, certificates, lists, TCB info, identity and
 * all signatures, of a made-up platform whose collateral is in memory. Usage: attest_bench
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "attest/verify.h"

#include "test/lib/attest_scene.h"

#define ROUNDS 101

static struct scene g_scene;

static double now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
	const double *x = a;
	const double *y = b;

	return (*x > *y) - (*x < *y);
}

int main(void)
{
	double ms[ROUNDS];

	scene_init(&g_scene);
	scene_make(&g_scene);
	for (unsigned i = 0; i < ROUNDS; i++) {
		double begin = now_ms();

		if (attest_verify(&g_scene.verdict, g_scene.quote_bytes.p, g_scene.quote_bytes.size,
				  &g_scene.collateral, &g_scene.policy, g_scene.now) != E_OK ||
		    !g_scene.verdict.accepted)
			return 1;
		ms[i] = now_ms() - begin;
	}
	qsort(ms, ROUNDS, sizeof ms[0], compare);
	printf("verifying a quote, collateral in memory: %.2f ms (median of %d; fastest %.2f)\n",
	       ms[ROUNDS / 2], ROUNDS, ms[0]);
	return 0;
}
