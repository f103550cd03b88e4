/*
 * Tests of the simulator with a tiny enclave, in both modes. No sanitizer: its shadow memory and
 * its signal handlers are in the way. Ends with `N passed, N failed`.
 */
#include "test/sim/sim_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "test/sim/tiny.h"

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Median of five rounds of EENTER + EEXIT, printed. */
static void print_round_trip(enum device_sim_mode mode)
{
	int n = mode == DEVICE_SIM_FAST ? 200000 : 5000;
	double round[5];
	struct tiny t;

	if (tiny_start(&t, mode) == 0) {
		for (int r = 0; r < 5; r++) {
			double start = seconds();
			int i = r;

			for (int k = 0; k < n; k++)
				(void)tiny_enter(&t, 0, TINY_PROBE, 0, 0, 0, 0);
			round[i] = (seconds() - start) / n * 1e9;
			for (; i > 0 && round[i - 1] > round[i]; i--) {
				double swap = round[i];

				round[i] = round[i - 1];
				round[i - 1] = swap;
			}
		}
		printf("EENTER + EEXIT, %s: %.0f ns\n", mode == DEVICE_SIM_FAST ? "fast" : "strict",
		       round[2]);
	}
	tiny_close(&t);
}

int main(void)
{
	static const enum device_sim_mode modes[] = {DEVICE_SIM_FAST, DEVICE_SIM_STRICT};
	char dir[] = "/tmp/retwine-sim-test-XXXXXX", command[64];
	struct sim_totals totals = {0};

	if (!mkdtemp(dir) || setenv("XDG_STATE_HOME", dir, 1) != 0)
		return 2;
	for (size_t i = 0; i < COUNT_OF(modes); i++) {
		printf("== %s mode\n", i == 0 ? "fast" : "strict");
		fflush(stdout);
		build_tests(&totals, modes[i]);
		pages_tests(&totals, modes[i]);
		leaf_tests(&totals, modes[i]);
		entry_tests(&totals, modes[i]);
		signal_tests(&totals, modes[i]);
		print_round_trip(modes[i]);
		fflush(stdout);
	}
	linux_tests(&totals);
	snprintf(command, sizeof command, "rm -rf '%s'", dir);
	if (system(command) != 0)
		printf("cannot remove %s\n", dir);
	printf("%d passed, %d failed\n", totals.passed, totals.failed);
	return totals.failed != 0;
}
