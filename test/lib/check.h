/*
 * A unit test is a program: functions made by TEST(), listed in main by RUN(). Each claim is a
 * CHECK(); a failed one prints where and goes on. The program ends with `N passed, N failed`.
 */
#ifndef TEST_LIB_CHECK_H
#define TEST_LIB_CHECK_H

#include <stdio.h>
#include <string.h>

static int g_checks_failed;
static int g_tests_passed;
static int g_tests_failed;

#define TEST(name) static void name(void)

#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			printf("%s:%d: failed: %s\n", __FILE__, __LINE__, #cond);                  \
			g_checks_failed++;                                                         \
		}                                                                                  \
	} while (0)

#define CHECK_EQ(a, b)                                                                             \
	do {                                                                                       \
		unsigned long long check_a = (unsigned long long)(a);                              \
		unsigned long long check_b = (unsigned long long)(b);                              \
		if (check_a != check_b) {                                                          \
			printf("%s:%d: failed: %s == %s (%llu, %llu)\n", __FILE__, __LINE__, #a,   \
			       #b, check_a, check_b);                                              \
			g_checks_failed++;                                                         \
		}                                                                                  \
	} while (0)

#define RUN(name)                                                                                  \
	do {                                                                                       \
		int before = g_checks_failed;                                                      \
		name();                                                                            \
		if (g_checks_failed == before)                                                     \
			g_tests_passed++;                                                          \
		else {                                                                             \
			g_tests_failed++;                                                          \
			printf("FAIL %s\n", #name);                                                \
		}                                                                                  \
	} while (0)

static inline int check_report(void)
{
	printf("%d passed, %d failed\n", g_tests_passed, g_tests_failed);
	return g_tests_failed != 0;
}

#endif
