/* What of the kernel's device can be tested without SGX: the call of the vDSO function, the touch.
 */
#include "test/sim/sim_test.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "host/device/device_linux.h"
#include "test/lib/check.h"

static uint64_t g_seen[7];

/* Plays the vDSO function: notes its arguments, then spoils what that function does not save. */
static int play_vdso(uint64_t rdi, uint64_t rsi, uint64_t rdx, unsigned function, uint64_t r8,
		     uint64_t r9, void *run)
{
	const uint64_t seen[7] = {rdi, rsi, rdx, function, r8, r9, (uint64_t)(uintptr_t)run};
	uint32_t mxcsr = 0x7fff;

	memcpy(g_seen, seen, sizeof seen);
	__asm__ volatile("ldmxcsr %0" ::"m"(mxcsr));
	return -EINVAL;
}

TEST(the_vdso_function_gets_its_arguments)
{
	uint8_t *stack = aligned_alloc(64, 65536);
	struct linux_call call = {.function = play_vdso,
				  .stack = (uint64_t)(uintptr_t)stack + 65536,
				  .rdi = 1,
				  .rsi = 2,
				  .rdx = 3,
				  .rcx = 4,
				  .r8 = 5,
				  .r9 = 6,
				  .run = 7};
	uint32_t before, after;

	CHECK(stack != NULL);
	__asm__ volatile("stmxcsr %0" : "=m"(before));
	CHECK_EQ(device_linux_go(&call), -EINVAL);
	__asm__ volatile("stmxcsr %0" : "=m"(after));
	CHECK_EQ(before & 0xffc0, after & 0xffc0);
	for (uint64_t i = 0; i < 7; i++)
		CHECK_EQ(g_seen[i], i + 1);
	free(stack);
}

/* Plays an enclave that computes for ever: its thread stands in the vDSO function whenever a signal
 * comes. */
static atomic_uint g_playing;

static int play_forever(uint64_t rdi, uint64_t rsi, uint64_t rdx, unsigned function, uint64_t r8,
			uint64_t r9, void *run)
{
	(void)rdi, (void)rsi, (void)rdx, (void)function, (void)r8, (void)r9, (void)run;
	atomic_store(&g_playing, 1);
	for (;;)
		__asm__ volatile("xor %%r12, %%r12; std" ::: "r12");
}

#define PLAY_SIZE 256 /* of play_forever: more than its code, less than to the function behind */

static atomic_bool g_stopped;

static void *call_forever(void *context)
{
	uint8_t *stack = aligned_alloc(64, 65536);
	struct linux_call call = {.function = play_forever,
				  .stack = (uint64_t)(uintptr_t)stack + 65536,
				  .function_size = PLAY_SIZE,
				  .stopped = &g_stopped};
	int *error = context;

	*error = device_linux_call(&call);
	free(stack);
	return NULL;
}

/* Waits for two milliseconds. */
static bool has_ended(pthread_t thread)
{
	struct timespec limit;

	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_nsec += 2000000;
	limit.tv_sec += limit.tv_nsec / 1000000000;
	limit.tv_nsec %= 1000000000;
	return pthread_timedjoin_np(thread, NULL, &limit) == 0;
}

TEST(a_kick_ends_a_call_once_the_device_is_stopped)
{
	pthread_t thread;
	int error = 0;

	CHECK_EQ(device_kick_init(), 0);
	CHECK_EQ(pthread_create(&thread, NULL, call_forever, &error), 0);
	while (!atomic_load(&g_playing))
		sched_yield();
	for (int i = 0; i < 3; i++) {
		device_kick(thread);
		CHECK(!has_ended(thread));
	}
	atomic_store(&g_stopped, true);
	do
		device_kick(thread);
	while (!has_ended(thread));
	CHECK_EQ(error, -ECANCELED);
}

/* Stands in for the C library's: a request that signals interrupt so many times, then 0. */
static unsigned g_signals;

int ioctl(int fd, unsigned long request, ...)
{
	va_list args;

	va_start(args, request);
	g_seen[0] = (uint64_t)(uintptr_t)va_arg(args, void *);
	va_end(args);
	errno = fd < 0 ? EBADF : EINTR;
	return fd < 0 || g_signals-- > 0 ? -1 : 0;
}

TEST(a_signal_repeats_an_ioctl)
{
	uint64_t arg = 0;

	g_signals = 3;
	CHECK_EQ(device_linux_ioctl(0, 1, &arg), 0);
	CHECK_EQ(g_seen[0], (uint64_t)(uintptr_t)&arg);
	CHECK_EQ(device_linux_ioctl(-1, 1, &arg), EBADF);
}

TEST(a_touch_reads)
{
	CHECK_EQ(device_touch(g_seen), 0);
}

TEST(without_the_device_file_there_is_no_device)
{
	if (access("/dev/sgx_enclave", F_OK) == 0)
		return;
	CHECK(device_linux_open() == NULL);
	CHECK_EQ(errno, ENOENT);
}

void linux_tests(struct sim_totals *totals)
{
	RUN(the_vdso_function_gets_its_arguments);
	RUN(a_kick_ends_a_call_once_the_device_is_stopped);
	RUN(a_signal_repeats_an_ioctl);
	RUN(a_touch_reads);
	RUN(without_the_device_file_there_is_no_device);
	SIM_TOTALS(totals);
}
