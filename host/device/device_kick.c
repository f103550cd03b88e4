/*
 * The signal that gets a thread out of a system call or an enclave.
 * Trust: anybody in the process may send it; it does nothing where no device was stopped.
 */
#include <signal.h>
#include <string.h>

#include "host/device/device.h"
#include "host/device/device_linux.h"

static pthread_once_t g_once = PTHREAD_ONCE_INIT;
static int g_error;

/* A simulated enclave has been left before this runs (host/device/sim_signal.c). */
static void on_kick(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)info;
	device_linux_cancel(context);
}

static void kick_install(void)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_flags = SA_SIGINFO; /* without SA_RESTART */
	action.sa_sigaction = on_kick;
	g_error = device_sigaction(DEVICE_KICK_SIGNAL, &action, NULL);
}

int device_kick_init(void)
{
	pthread_once(&g_once, kick_install);
	return g_error;
}

void device_kick(pthread_t thread)
{
	(void)pthread_kill(thread, DEVICE_KICK_SIGNAL);
}
