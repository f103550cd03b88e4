/*
 * What the simulated enclave costs: a round trip, a host call, a guard fault turned into a trap,
 * the building of an enclave. Medians of several runs in one process, each also as a ratio to a
 * yardstick of the same moment: one getppid(). Usage: enclave_bench TEST-IMAGE SIGNATURE, or
 * enclave_bench --rss COMMAND...: KiB that the command was resident at most.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "boundary/abi.h"
#include "host/device/device.h"
#include "host/loader.h"
#include "host/run.h"
#include "host/service/service.h"
#include "test/image/probe.h"
#include "test/lib/file.h"

#include <stdio.h>

#define RUNS 9

static struct host_bytes g_image, g_signature;

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v)
{
	qsort(v, RUNS, sizeof(*v), by_value);
	return v[RUNS / 2];
}

static double syscall_ns(void)
{
	double start = now_ns();

	for (int i = 0; i < 100000; i++)
		syscall(SYS_getppid);
	return (now_ns() - start) / 100000;
}

static void report(const char *what, double *v, double yardstick)
{
	double m = median(v);

	printf("%-44s %12.0f ns  %9.2f x a system call\n", what, m, m / yardstick);
}

static double run_ns(uint64_t probe, uint64_t a, bool strict, struct host_run_stats *stats)
{
	const struct probe_request request = {PROBE_MAGIC, probe, a};
	const struct host_run_request run = {
		.image = g_image,
		.sigstruct = g_signature,
		.launch_record = {(const uint8_t *)"record", 6},
		.module = {(const uint8_t *)&request, sizeof(request)},
		.streams = {0, 1, 2},
		.simulation = true,
		.strict_simulation = strict,
	};
	struct host_run_result result;

	if (host_run(&run, &result) != E_OK) {
		fprintf(stderr, "enclave_bench: %s\n", result.why);
		exit(1);
	}
	*stats = result.stats;
	host_run_result_fini(&result);
	return (double)stats->run_ns;
}

/* ns for each of `a` repetitions of a probe, without the start of the program. */
static double each_ns(uint64_t probe, uint64_t a, bool strict)
{
	struct host_run_stats stats;
	double base = run_ns(probe, 1, strict, &stats);

	return (run_ns(probe, a, strict, &stats) - base) / (double)(a - 1);
}

static double round_trip_ns(struct enclave *e, uint64_t count)
{
	double start = now_ns();

	for (uint64_t i = 0; i < count; i++) {
		struct device_run run = {.tcs = e->tcs[0]};

		if (e->device->ops->enter(e->device, ENTER_PROBE, 0, 0, ENCLU_EENTER, 0, 0, &run) ||
		    run.rdi != EXIT_PROBED)
			exit(1);
	}
	return (now_ns() - start) / (double)count;
}

static void bench_round_trip(bool strict, double yardstick)
{
	static const uint8_t configid[SGX_CONFIGID_SIZE];
	struct sgx_image image;
	struct enclave e;
	char why[256];
	double v[RUNS];

	if (sgx_image_open(&image, g_image.p, g_image.size) != E_OK)
		exit(1);
	struct device *d = device_sim_open(strict ? DEVICE_SIM_STRICT : DEVICE_SIM_FAST,
					   image.layout.enclu_off);

	if (!d || loader_load(&e, d, &image, (const void *)g_signature.p, configid, why,
			      sizeof(why)) != E_OK)
		exit(1);
	for (int i = 0; i < RUNS; i++)
		v[i] = round_trip_ns(&e, strict ? 1000 : 100000);
	report(strict ? "entry and exit, strict simulation" : "entry and exit, fast simulation", v,
	       yardstick);
	d->ops->close(d);
}

static void bench_probe(const char *what, uint64_t probe, uint64_t a, bool strict, double yardstick)
{
	double v[RUNS];

	for (int i = 0; i < RUNS; i++)
		v[i] = each_ns(probe, a, strict);
	report(what, v, yardstick);
}

static void bench_build(double yardstick)
{
	struct host_run_stats stats = {0};
	double v[RUNS];

	for (int i = 0; i < RUNS; i++) {
		run_ns(PROBE_CALLS, 0, false, &stats);
		v[i] = (double)stats.build_ns;
	}
	report("building the enclave (ECREATE to EINIT)", v, yardstick);
	printf("%-44s %12llu pages\n", "  measured", (unsigned long long)stats.image_pages);
}

/* A small process must start it: what the starter holds counts as the command's. */
static int print_rss(char **command)
{
	struct rusage usage;
	int status;
	pid_t child = fork();

	if (child == 0) {
		if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
			_exit(126);
		execv(command[0], command);
		_exit(127);
	}
	if (child < 0 || wait4(child, &status, 0, &usage) != child || status != 0)
		return 1;
	printf("%ld\n", usage.ru_maxrss);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "--rss") == 0)
		return print_rss(argv + 2);
	int fd[3];
	double yardstick[RUNS];

	if (argc < 3 || service_streams_reserve(fd) != E_OK)
		return 2;
	g_image = file_load(argv[1]);
	g_signature = file_load(argv[2]);
	for (int i = 0; i < RUNS; i++)
		yardstick[i] = syscall_ns();
	double y = median(yardstick);

	printf("%-44s %12.0f ns\n", "a system call (getppid)", y);
	bench_round_trip(false, y);
	bench_round_trip(true, y);
	bench_probe("host call (yield), fast", PROBE_CALLS, 20001, false, y);
	bench_probe("guard fault to Wasm trap, fast", PROBE_GUEST_FAULTS, 2001, false, y);
	bench_probe("guard fault to Wasm trap, strict", PROBE_GUEST_FAULTS, 201, true, y);
	bench_probe("AES-256-GCM of 4 KiB, copied and opened", PROBE_GCM, 20001, false, y);
	bench_build(y);
	return 0;
}
