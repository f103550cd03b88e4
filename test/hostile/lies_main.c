/*
 * The real boundary code against a host that lies: every stub, and a guest of all of preview1, seeded.
 * Usage: hostile_lies [--short] [SEED]. Prints how often each call was answered by each class of lie.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test/hostile/guest.h"
#include "test/hostile/host.h"
#include "test/hostile/stubs.h"

/* What a class cannot be told of, by the rules of the call. */
static bool can_be_told(uint32_t call, uint32_t class)
{
	static const struct {
		uint8_t value, data;
	} rules[HOST_CALL_END] = {
#define HOST_CALL(name, number, value_rule, data_rule) [number] = {value_rule, data_rule},
#include "boundary/calls.def"
#undef HOST_CALL
	};

	switch (class) {
	case LIE_OUTSIDE:
		return rules[call].value == VALUE_HANDLE || rules[call].data != DATA_NONE;
	case LIE_SHORT:
		return rules[call].data == DATA_EXACT;
	case LIE_RECORD:
		return (rules[call].data == DATA_EXACT && call != HOST_CALL_QUOTE_TARGET) ||
		       call == HOST_CALL_READDIR || call == HOST_CALL_READLINK ||
		       call == HOST_CALL_PARK || call == HOST_CALL_QUOTE;
	case LIE_NOTHING:
		return call != HOST_CALL_READLINK && call != HOST_CALL_QUOTE &&
		       call != HOST_CALL_MAP;
	default:
		return true;
	}
}

static uint64_t print_call(uint32_t call)
{
	uint64_t sum = 0;

	printf("%-13s", lie_call_name(call));
	for (uint32_t class = 0; class < LIE_CLASS_END; class ++) {
		const uint64_t n = g_host.told[call][class];

		if (can_be_told(call, class))
			printf(" %10" PRIu64, n);
		else
			printf(" %10s", "-");
		if (can_be_told(call, class) && n == 0)
			hostile_violation("a lie that can be told was not");
		sum += n;
	}
	printf("\n");
	return sum;
}

static uint64_t print_told(void)
{
	uint64_t sum = 0;

	printf("%-13s", "");
	for (uint32_t class = 0; class < LIE_CLASS_END; class ++)
		printf(" %10s", lie_class_name((enum lie_class) class));
	printf("\n");
	for (uint32_t call = 1; call < HOST_CALL_END; call++)
		sum += print_call(call);
	return sum;
}

static void hang(int signal)
{
	static const char text[] = "VIOLATION: a call does not end\n0 passed, 1 failed\n";

	(void)signal;
	if (write(STDOUT_FILENO, text, sizeof(text) - 1) < 0)
		_exit(2);
	_exit(1);
}

int main(int argc, char **argv)
{
	const bool is_short = argc > 1 && strcmp(argv[1], "--short") == 0;
	const uint64_t seed = argc > 1 + is_short ? strtoull(argv[1 + is_short], NULL, 0) : 1;
	const uint32_t runs = is_short ? 4 : 10;

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGALRM, hang);
	signal(SIGPIPE, SIG_IGN);
	alarm(is_short ? 60 : 280);
	for (uint32_t i = 0; i < runs && g_host.violations == 0; i++) {
		hostile_host_start(seed + i);
		stubs_run(is_short ? 30 : 100);
		guest_run(is_short ? 15000 : 25000);
		hostile_host_stop();
	}
	const uint64_t told = print_told();

	printf("seeds %" PRIu64 " to %" PRIu64 ": %" PRIu64 " host calls, %" PRIu64
	       " lies, %" PRIu64 " had to be dropped, %" PRIu64 " violations\n",
	       seed, seed + runs - 1, g_host.calls, told, g_host.dropped, g_host.violations);
	printf("%d passed, %d failed\n", g_host.violations == 0, g_host.violations != 0);
	return g_host.violations != 0;
}
