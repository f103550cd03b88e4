/*
 * SIGINT and the grace period after it.
 * Trust: nothing of the enclave is touched; handlers run with the host's FS and GS (host/device/device.h).
 * Invariant: only async-signal-safe calls in handlers.
 */
#include "host/interrupt.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "host/base/park.h"
#include "host/device/device.h"
#include "host/service/service.h"

#define STATUS_SIGINT 130

static struct host_service *_Atomic g_service;
static struct park_token *_Atomic g_wakes;
static atomic_bool g_pending;
static struct sigaction g_old_int, g_old_alarm;

static void on_alarm(int signo)
{
	static const char line[] = "retwine: interrupted\n";

	(void)signo;
	ssize_t n = write(STDERR_FILENO, line, sizeof(line) - 1);

	(void)n;
	_exit(STATUS_SIGINT);
}

static void on_sigint(int signo)
{
	struct host_service *service = atomic_load(&g_service);
	struct park_token *wakes = atomic_load(&g_wakes);
	struct itimerval grace = {.it_value = {.tv_usec = INTERRUPT_GRACE_MS * 1000}};

	(void)signo;
	if (atomic_exchange(&g_pending, true))
		return; /* the grace period runs; a second signal does not begin it anew */
	if (service)
		service_interrupt(service);
	if (wakes)
		park_token_give(wakes);
	setitimer(ITIMER_REAL, &grace, NULL);
}

enum err interrupt_begin(struct host_service *service)
{
	struct sigaction action;

	atomic_store(&g_pending, false);
	atomic_store(&g_service, service);
	memset(&action, 0, sizeof(action));
	action.sa_handler = on_alarm;
	if (device_sigaction(SIGALRM, &action, &g_old_alarm) != 0)
		return E_STATE;
	action.sa_handler = on_sigint;
	if (device_sigaction(SIGINT, &action, &g_old_int) != 0)
		return E_STATE;
	if (g_old_int.sa_handler != SIG_IGN)
		return E_OK;
	/* A program in the background: who started it has seen to SIGINT. */
	return device_sigaction(SIGINT, &g_old_int, NULL) == 0 ? E_OK : E_STATE;
}

void interrupt_end(void)
{
	const struct itimerval off = {0};

	setitimer(ITIMER_REAL, &off, NULL);
	atomic_store(&g_service, NULL);
	if (device_sigaction(SIGINT, &g_old_int, NULL) != 0 ||
	    device_sigaction(SIGALRM, &g_old_alarm, NULL) != 0)
		return; /* the process ends soon; nothing else can be done */
}

void interrupt_wakes(struct park_token *token)
{
	atomic_store(&g_wakes, token);
}

bool interrupt_pending(void)
{
	return atomic_load(&g_pending);
}
