/*
 * The list of system calls (doc/boundary.md, "What the kernel holds the host to").
 * Trust: none in host/: the list holds even if an enclave found an error there and runs code in this
 * process. Only numbers and values can be compared, so names of files cannot.
 * Invariant: what is not in the list is refused; no call of it makes a process, a program, a socket, a
 * mapping of a file, memory that is writable and executable, or opens a file but below an open
 * directory; in the process of a delivered program it opens none at all, unless it may have volumes.
 */
#include "cli/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cli/command.h"

#define ARGS_MAX 3

struct rule {
	uint32_t action;
	int call;
	unsigned count; /* of comparisons, all of which must hold */
	struct scmp_arg_cmp arg[ARGS_MAX];
};

/* clang-format off */
/* Argument n is v; has the bits v under the mask; is below v; is a descriptor, not AT_FDCWD; is none. */
#define IS(n, v)	    {(n), SCMP_CMP_EQ, (v), 0}
#define BITS(n, mask, v)    {(n), SCMP_CMP_MASKED_EQ, (mask), (v)}
#define BELOW(n, v)	    {(n), SCMP_CMP_LT, (v), 0}
#define OPEN_FILE(n)	    {(n), SCMP_CMP_LE, INT_MAX, 0}
#define NO_FILE(n)	    {(n), SCMP_CMP_GT, INT_MAX, 0}

#define ALLOW(name)	    {SCMP_ACT_ALLOW, SCMP_SYS(name), 0, {{0}}}
#define ALLOW_1(name, a)    {SCMP_ACT_ALLOW, SCMP_SYS(name), 1, {a}}
#define ALLOW_2(name, a, b) {SCMP_ACT_ALLOW, SCMP_SYS(name), 2, {a, b}}
#define ERROR(name, e)	    {SCMP_ACT_ERRNO(e), SCMP_SYS(name), 0, {{0}}}
#define ERROR_1(name, e, a) {SCMP_ACT_ERRNO(e), SCMP_SYS(name), 1, {a}}
/* clang-format on */

/* What pthread_create asks for: a thread, of the same everything. */
#define THREAD_FLAGS                                                                               \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |        \
	 CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)
#define SGX_IOCTL      0xa400u /* the type byte of all requests to SGX_DEVICE */
#define SGX_IOCTL_MASK 0xff00u
#define MAP_KIND       (MAP_TYPE | MAP_ANONYMOUS | MAP_FIXED)
#define OPEN_FLAGS     (O_NOFOLLOW | O_CLOEXEC)

/* clang-format off */
static const struct rule g_rules[] = {
	/* Files that are open. */
	ALLOW(read), ALLOW(write), ALLOW(writev), ALLOW(pread64), ALLOW(pwrite64), ALLOW(close),
	ALLOW(lseek), ALLOW(getdents64), ALLOW(ftruncate), ALLOW(fallocate), ALLOW(fsync),
	ALLOW(fdatasync), ALLOW(fstat), ALLOW(poll), ALLOW(ppoll), ALLOW(eventfd2),
	ALLOW_1(fcntl, IS(1, F_GETFD)), ALLOW_1(fcntl, IS(1, F_GETFL)),
	ALLOW_1(fcntl, IS(1, F_SETFL)), ALLOW_1(fcntl, IS(1, F_DUPFD_CLOEXEC)),
	ALLOW_1(ioctl, IS(1, FIONREAD)), ALLOW_1(ioctl, IS(1, TCGETS)),
	/* The C library looks at files of the system when it can, and does without. */
	ERROR_1(openat, EACCES, NO_FILE(0)),
	/* Connections. */
	ALLOW(recvfrom), ALLOW(shutdown),
	ALLOW_2(setsockopt, IS(1, SOL_SOCKET), IS(2, SO_RCVLOWAT)),
	/* Clocks, randomness. */
	ALLOW(clock_gettime), ALLOW(clock_getres), ALLOW(getrandom),
	ALLOW_1(setitimer, IS(0, ITIMER_REAL)),
	/* Threads. clone3, whose flags cannot be compared, is not there: clone is used then. */
	ALLOW_1(clone, IS(0, THREAD_FLAGS)), ERROR(clone3, ENOSYS),
	ALLOW(futex), ALLOW(set_robust_list), ALLOW(rseq), ALLOW(sched_yield),
	ALLOW(sched_getaffinity), ALLOW(gettid), ALLOW(getpid), ALLOW(exit), ALLOW(exit_group),
	ALLOW(restart_syscall),
	/* Signals; nobody takes SIGSYS away from us. */
	ALLOW(rt_sigprocmask), ALLOW(rt_sigreturn), ALLOW(sigaltstack),
	ALLOW_1(rt_sigaction, BELOW(0, SIGSYS)), ALLOW_1(rt_sigaction, IS(0, __SIGRTMIN)),
	ALLOW_1(rt_sigaction, IS(0, __SIGRTMIN + 1)), /* the C library's own */
	/* Memory: no file is mapped, nothing is writable and executable. The pages of a simulated enclave
	 * become executable by mprotect. */
	ALLOW(brk), ALLOW(munmap), ALLOW(madvise), ALLOW_1(mremap, BITS(3, MREMAP_FIXED, 0)),
	ALLOW_2(mmap, BITS(2, PROT_EXEC, 0), BITS(3, MAP_KIND, MAP_PRIVATE | MAP_ANONYMOUS)),
	ALLOW_1(mprotect, BITS(2, PROT_EXEC, 0)),
	ALLOW_1(mprotect, BITS(2, PROT_EXEC | PROT_WRITE, PROT_EXEC)),
	/* An enclave of the hardware. */
	ALLOW_1(ioctl, BITS(1, SGX_IOCTL_MASK, SGX_IOCTL)),
};

/* Of a program with directories and listening sockets: what is below the one, who comes to the other. */
static const struct rule g_rules_machine[] = {
	ALLOW_2(openat, OPEN_FILE(0), BITS(2, OPEN_FLAGS, OPEN_FLAGS)),
	ALLOW_1(newfstatat, OPEN_FILE(0)), ALLOW_1(utimensat, OPEN_FILE(0)),
	ALLOW_1(mkdirat, OPEN_FILE(0)), ALLOW_1(unlinkat, OPEN_FILE(0)),
	ALLOW_1(symlinkat, OPEN_FILE(1)), ALLOW_1(readlinkat, OPEN_FILE(0)),
	ALLOW_2(renameat, OPEN_FILE(0), OPEN_FILE(2)),
	{SCMP_ACT_ALLOW, SCMP_SYS(linkat), 3, {OPEN_FILE(0), OPEN_FILE(2), IS(4, 0)}},
	ALLOW(accept4),
};

/* Of a delivered program, which has neither: fstat as the C library makes it. */
static const struct rule g_rules_delivered[] = {
	ALLOW_1(newfstatat, IS(3, AT_EMPTY_PATH)),
};

/* And of one that may have volumes. */
static const struct rule g_rules_volumes[] = {
	ALLOW_2(openat, OPEN_FILE(0), BITS(2, OPEN_FLAGS, OPEN_FLAGS)), ALLOW(flock),
};
/* clang-format on */

static int g_status_fd = -1;

/* Decimal, at the end of a buffer; its first digit. */
static const char *decimal(char text[12], int value)
{
	char *p = text + 11;
	unsigned left = value < 0 ? 0 : (unsigned)value;

	*p = 0;
	do
		*--p = (char)('0' + left % 10);
	while ((left /= 10) != 0);
	return p;
}

static struct iovec piece(const char *text)
{
	return (struct iovec){.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};
}

/* By syscall alone: FS may be an enclave's here, so that the C library does not know its thread. */
static void say(int fd, const char *before, const char *number)
{
	const struct iovec line[] = {
		piece(before),
		piece("a system call that no run makes was stopped: number "),
		piece(number),
		piece("; report this, and see --no-seccomp in doc/cli.md\n"),
	};

	(void)syscall(SYS_writev, fd, line, COUNT_OF(line));
}

static void on_refused(int signo, siginfo_t *info, void *context)
{
	char text[12];
	const char *number = decimal(text, info->si_syscall);

	(void)signo;
	(void)context;
	say(STDERR_FILENO, "retwine: ", number);
	if (g_status_fd >= 0)
		say(g_status_fd, "failed 125\n", number);
	for (;;)
		(void)syscall(SYS_exit_group, STATUS_REFUSED);
}

static int take_sigsys(void)
{
	struct sigaction action = {.sa_sigaction = on_refused,
				   .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
	sigset_t sys;

	sigemptyset(&sys);
	sigaddset(&sys, SIGSYS);
	if (sigaction(SIGSYS, &action, NULL) != 0)
		return errno;
	return pthread_sigmask(SIG_UNBLOCK, &sys, NULL);
}

static int add_list(scmp_filter_ctx filter, const struct rule *rules, size_t count)
{
	int result = 0;

	for (size_t i = 0; i < count && result == 0; i++)
		result = seccomp_rule_add_array(filter, rules[i].action, rules[i].call,
						rules[i].count, rules[i].arg);
	return result;
}

static int add_rules(scmp_filter_ctx filter, enum sandbox_kind kind)
{
	/* Signals to threads of this process alone. */
	const struct scmp_arg_cmp ourselves = IS(0, (scmp_datum_t)getpid());
	int result =
		seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &ourselves);

	if (result == 0)
		result = add_list(filter, g_rules, COUNT_OF(g_rules));
	if (result != 0)
		return result;
	if (kind == SANDBOX_RUN)
		return add_list(filter, g_rules_machine, COUNT_OF(g_rules_machine));
	result = add_list(filter, g_rules_delivered, COUNT_OF(g_rules_delivered));
	if (result == 0 && kind == SANDBOX_VOLUMES)
		result = add_list(filter, g_rules_volumes, COUNT_OF(g_rules_volumes));
	return result;
}

/* All threads; the tree is for speed: the simulator makes many calls; errors are the kernel's own. */
static int set_attributes(scmp_filter_ctx filter)
{
	int result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

	if (result == 0)
		result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (result == 0)
		result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (result == 0)
		result = seccomp_attr_set(filter, SCMP_FLTATR_API_SYSRAWRC, 1);
	return result;
}

int sandbox_enter(enum sandbox_kind kind, int status_fd)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);

	if (!filter)
		return ENOMEM;
	g_status_fd = status_fd;
	int error = take_sigsys();
	int result = -error;

	if (result == 0)
		result = set_attributes(filter);
	if (result == 0)
		result = add_rules(filter, kind);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	return -result;
}
