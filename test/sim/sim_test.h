/* The tests of the simulator, by subject; each adds to the totals that main prints. */
#ifndef TEST_SIM_SIM_TEST_H
#define TEST_SIM_SIM_TEST_H

#include "host/device/device.h"

struct sim_totals {
	int passed;
	int failed;
};

void build_tests(struct sim_totals *totals, enum device_sim_mode mode);
void pages_tests(struct sim_totals *totals, enum device_sim_mode mode);
void leaf_tests(struct sim_totals *totals, enum device_sim_mode mode);
void entry_tests(struct sim_totals *totals, enum device_sim_mode mode);
void signal_tests(struct sim_totals *totals, enum device_sim_mode mode);

void linux_tests(struct sim_totals *totals);

#define SIM_TOTALS(totals)                                                                         \
	do {                                                                                       \
		(totals)->passed += g_tests_passed;                                                \
		(totals)->failed += g_tests_failed;                                                \
		g_tests_passed = g_tests_failed = 0;                                               \
	} while (0)

#endif
