/*
 * The command's list of system calls: each attempt is made in a process of its own after the list is in
 * force, and ends with the message that names its number, or, where the call belongs to a run, works. The
 * file itself is included: the command is no library.
 */
#include "cli/sandbox.c"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "test/lib/check.h"

#define CALLS_END 470 /* above the newest system call */
#define BIT_32	  ((long)1 << 32)
#define FAR	  (-1L) /* no good address, size or descriptor */

struct attempt {
	long call;
	long arg[6];
};

struct ending {
	int status; /* of waitpid */
	char text[300];
};

static int g_dir, g_file; /* open in every attempt */
static enum sandbox_kind g_kind;

static long call_with(const struct attempt *a)
{
	const long *x = a->arg;

	return syscall(a->call, x[0], x[1], x[2], x[3], x[4], x[5]);
}

/* In the child. Its exit status: 0, or the call's errno, as far as it got there. */
static void child_try(const struct attempt *a, int words)
{
	if (dup2(words, STDERR_FILENO) == -1)
		_exit(201);
	alarm(5);
	if (sandbox_enter(g_kind, -1) != 0)
		_exit(202);
	errno = 0;
	_exit(call_with(a) == -1 ? errno : 0);
}

static void try(struct ending *end, const struct attempt *a)
{
	int words[2];

	memset(end, 0, sizeof(*end));
	if (pipe(words) == -1)
		abort();
	const pid_t child = fork();

	if (child == 0)
		child_try(a, words[1]);
	close(words[1]);
	size_t size = 0;
	ssize_t n;

	while (size < sizeof(end->text) - 1 &&
	       (n = read(words[0], end->text + size, sizeof(end->text) - 1 - size)) > 0)
		size += (size_t)n;
	close(words[0]);
	if (child == -1 || waitpid(child, &end->status, 0) != child)
		abort();
}

/* Stopped, and said so in one line with its number. */
static bool is_stopped(const struct attempt *a)
{
	struct ending end;
	char number[40];

	try(&end, a);
	(void)snprintf(number, sizeof(number), "number %ld;", a->call);
	const bool stopped = WIFEXITED(end.status) && WEXITSTATUS(end.status) == STATUS_REFUSED &&
			     strncmp(end.text, "retwine: ", 9) == 0 && strstr(end.text, number);

	if (!stopped)
		printf("call %ld was not stopped: status 0x%x, said '%s'\n", a->call, end.status,
		       end.text);
	return stopped;
}

/* Came to its end with this errno (0: none), and nothing was said. */
static bool ends_with(const struct attempt *a, int error)
{
	struct ending end;

	try(&end, a);
	const bool right =
		WIFEXITED(end.status) && WEXITSTATUS(end.status) == error && !end.text[0];

	if (!right)
		printf("call %ld: status 0x%x, said '%s'\n", a->call, end.status, end.text);
	return right;
}

static const struct attempt g_execve = {SYS_execve, {FAR, FAR, FAR}};

/* The calls that doc/boundary.md names, whatever their arguments; and two of the kernel's own (uretprobe, uprobe),
 * which it hides from seccomp. */
static const int g_listed[] = {
	SYS_read,
	SYS_write,
	SYS_writev,
	SYS_pread64,
	SYS_pwrite64,
	SYS_close,
	SYS_lseek,
	SYS_getdents64,
	SYS_ftruncate,
	SYS_fallocate,
	SYS_fsync,
	SYS_fdatasync,
	SYS_fstat,
	SYS_poll,
	SYS_ppoll,
	SYS_eventfd2,
	SYS_openat,
	SYS_accept4,
	SYS_recvfrom,
	SYS_shutdown,
	SYS_clock_gettime,
	SYS_clock_getres,
	SYS_getrandom,
	SYS_clone3,
	SYS_futex,
	SYS_set_robust_list,
	SYS_rseq,
	SYS_sched_yield,
	SYS_sched_getaffinity,
	SYS_gettid,
	SYS_getpid,
	SYS_exit,
	SYS_exit_group,
	SYS_restart_syscall,
	SYS_rt_sigprocmask,
	SYS_rt_sigreturn,
	SYS_sigaltstack,
	SYS_brk,
	SYS_munmap,
	SYS_madvise,
	SYS_mprotect,
	SYS_mremap,
	335,
	336,
};

static bool is_listed(int call)
{
	for (size_t i = 0; i < COUNT_OF(g_listed); i++)
		if (g_listed[i] == call)
			return true;
	return false;
}

/* With arguments that no rule allows, every other number: those of later kernels, too. */
TEST(what_is_not_listed_is_stopped)
{
	CHECK(is_stopped(&g_execve));
	if (g_checks_failed != 0) /* without the list, the calls below would do what they say */
		return;
	for (int call = 0; call < CALLS_END; call++) {
		const struct attempt a = {call, {FAR, FAR, FAR, FAR, FAR, FAR}};

		if (!is_listed(call))
			CHECK(is_stopped(&a));
	}
}

TEST(no_process_or_program_is_made)
{
	static const struct attempt attempts[] = {
		{SYS_fork, {0}},
		{SYS_vfork, {0}},
		{SYS_execve, {0}},
		{SYS_execveat, {0}},
		{SYS_clone, {SIGCHLD}},
		{SYS_clone, {THREAD_FLAGS & ~CLONE_THREAD}},
		{SYS_clone, {THREAD_FLAGS | CLONE_NEWNET}},
		{SYS_clone, {THREAD_FLAGS | CLONE_UNTRACED}},
		{SYS_ptrace, {0}},
		{SYS_kill, {0}},
		{SYS_tgkill, {1, 1, 0}},
		{SYS_prctl, {0}},
		{SYS_seccomp, {0}},
	};

	for (size_t i = 0; i < COUNT_OF(attempts); i++)
		CHECK(is_stopped(&attempts[i]));
	CHECK(ends_with(&(struct attempt){SYS_clone3, {0}}, ENOSYS));
}

TEST(sockets_are_only_accepted)
{
	static const struct attempt attempts[] = {
		{SYS_socket, {AF_INET, SOCK_STREAM}},
		{SYS_socketpair, {AF_UNIX, SOCK_STREAM}},
		{SYS_connect, {0}},
		{SYS_bind, {0}},
		{SYS_listen, {0}},
		{SYS_sendto, {0}},
		{SYS_sendmsg, {0}},
		{SYS_setsockopt, {0, SOL_SOCKET, SO_REUSEADDR}},
		{SYS_setsockopt, {0, 6, SO_RCVLOWAT}},
	};

	for (size_t i = 0; i < COUNT_OF(attempts); i++)
		CHECK(is_stopped(&attempts[i]));
	CHECK(ends_with(&(struct attempt){SYS_accept4, {FAR}}, EBADF));
	CHECK(ends_with(&(struct attempt){SYS_setsockopt, {FAR, SOL_SOCKET, SO_RCVLOWAT}}, EBADF));
}

TEST(files_are_opened_below_a_directory_only)
{
	const long name = (long)(uintptr_t) "name", here = AT_FDCWD, low = (long)(uint32_t)AT_FDCWD;
	const struct attempt attempts[] = {
		{SYS_open, {name, O_RDONLY}},
		{SYS_creat, {name, 0600}},
		{SYS_openat2, {g_dir, name}},
		{SYS_openat, {g_dir, name, O_CLOEXEC}},
		{SYS_openat, {g_dir, name, O_NOFOLLOW}},
		{SYS_newfstatat, {here, name}},
		{SYS_newfstatat, {low, name}},
		{SYS_newfstatat, {BIT_32 | low, name}},
		{SYS_utimensat, {here, name}},
		{SYS_mkdirat, {here, name}},
		{SYS_unlinkat, {low, name}},
		{SYS_symlinkat, {name, here, name}},
		{SYS_readlinkat, {here, name}},
		{SYS_renameat, {here, name, g_dir, name}},
		{SYS_renameat, {g_dir, name, here, name}},
		{SYS_linkat, {here, name, g_dir, name, 0}},
		{SYS_linkat, {g_dir, name, here, name, 0}},
		{SYS_linkat, {g_dir, name, g_dir, name, AT_SYMLINK_FOLLOW}},
		{SYS_fchmod, {g_file, 0777}},
		{SYS_fchown, {g_file, 1, 1}},
	};

	for (size_t i = 0; i < COUNT_OF(attempts); i++)
		CHECK(is_stopped(&attempts[i]));
	CHECK(ends_with(&(struct attempt){SYS_openat, {here, name, OPEN_FLAGS}}, EACCES));
	CHECK(ends_with(&(struct attempt){SYS_openat, {low, name, OPEN_FLAGS}}, EACCES));
	CHECK(ends_with(&(struct attempt){SYS_openat, {BIT_32 | g_dir, name, OPEN_FLAGS}}, EACCES));
	CHECK(ends_with(&(struct attempt){SYS_openat, {g_dir, name, OPEN_FLAGS | O_CREAT, 0600}},
			0));
	CHECK(ends_with(&(struct attempt){SYS_mkdirat, {g_dir, name}}, EEXIST));
	CHECK(ends_with(&(struct attempt){SYS_unlinkat, {g_dir, name}}, 0));
}

/* Numbers alone are compared, and a path may begin with a slash: so no name at all is left. */
TEST(a_delivered_program_has_no_names_and_no_sockets)
{
	const long name = (long)(uintptr_t) "name", root = (long)(uintptr_t) "/etc/passwd";
	const struct attempt attempts[] = {
		{SYS_openat, {g_dir, root, O_NOFOLLOW | O_CLOEXEC}},
		{SYS_openat, {g_dir, name, O_NOFOLLOW | O_CLOEXEC | O_CREAT, 0600}},
		{SYS_newfstatat, {g_dir, name, 0, 0}},
		{SYS_utimensat, {g_dir, name}},
		{SYS_mkdirat, {g_dir, name}},
		{SYS_unlinkat, {g_dir, name}},
		{SYS_symlinkat, {name, g_dir, name}},
		{SYS_readlinkat, {g_dir, name}},
		{SYS_renameat, {g_dir, name, g_dir, name}},
		{SYS_linkat, {g_dir, name, g_dir, name, 0}},
		{SYS_accept4, {FAR}},
		{SYS_socket, {AF_INET, SOCK_STREAM}},
		{SYS_execve, {FAR, FAR, FAR}},
	};
	struct stat st;
	const long to = (long)(uintptr_t)&st, empty = (long)(uintptr_t) "";

	g_kind = SANDBOX_DELIVERED;
	for (size_t i = 0; i < COUNT_OF(attempts); i++)
		CHECK(is_stopped(&attempts[i]));
	CHECK(ends_with(&(struct attempt){SYS_newfstatat, {g_file, empty, to, AT_EMPTY_PATH}}, 0));
	CHECK(ends_with(&(struct attempt){SYS_openat, {AT_FDCWD, name, 0}}, EACCES));
	CHECK(ends_with(&(struct attempt){SYS_recvfrom, {FAR}}, EBADF));
	g_kind = SANDBOX_RUN;
}

TEST(a_delivered_program_with_volumes_opens_files_and_no_more)
{
	const long name = (long)(uintptr_t) "name";
	const struct attempt attempts[] = {
		{SYS_openat, {g_dir, name, O_CLOEXEC}},
		{SYS_openat, {g_dir, name, O_NOFOLLOW}},
		{SYS_newfstatat, {g_dir, name, 0, 0}},
		{SYS_mkdirat, {g_dir, name}},
		{SYS_unlinkat, {g_dir, name}},
		{SYS_renameat, {g_dir, name, g_dir, name}},
		{SYS_accept4, {FAR}},
	};

	g_kind = SANDBOX_VOLUMES;
	for (size_t i = 0; i < COUNT_OF(attempts); i++)
		CHECK(is_stopped(&attempts[i]));
	CHECK(ends_with(&(struct attempt){SYS_openat, {g_dir, name, O_NOFOLLOW | O_CLOEXEC}},
			ENOENT));
	CHECK(ends_with(&(struct attempt){SYS_openat, {AT_FDCWD, name, 0}}, EACCES));
	CHECK(ends_with(&(struct attempt){SYS_flock, {-1, LOCK_SH}}, EBADF));
	g_kind = SANDBOX_RUN;
}

TEST(descriptors_are_used_as_a_run_does)
{
	const struct attempt attempts[] = {
		{SYS_ioctl, {0, TIOCSTI}},	   {SYS_ioctl, {0, FIOASYNC}},
		{SYS_fcntl, {g_file, F_SETOWN}},   {SYS_fcntl, {g_file, F_DUPFD}},
		{SYS_dup2, {g_file, 20}},	   {SYS_pipe2, {0}},
		{SYS_setitimer, {ITIMER_PROF, 0}},
	};

	for (size_t i = 0; i < COUNT_OF(attempts); i++)
		CHECK(is_stopped(&attempts[i]));
	CHECK(ends_with(&(struct attempt){SYS_fcntl, {g_file, F_GETFL}}, 0));
	CHECK(ends_with(&(struct attempt){SYS_pwrite64, {g_file, (long)(uintptr_t) "x", 1, 0}}, 0));
	CHECK(ends_with(&(struct attempt){SYS_ioctl, {FAR, 0xc028a405}}, EBADF)); /* SGX */
}

TEST(memory_is_not_writable_and_executable)
{
	const long rw = PROT_READ | PROT_WRITE, anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
	const long page = (long)(uintptr_t)mmap(NULL, 4096, PROT_READ, (int)anonymous, -1, 0);
	const struct attempt attempts[] = {
		{SYS_mmap, {0, 4096, PROT_READ | PROT_EXEC, anonymous, -1, 0}},
		{SYS_mmap, {0, 4096, PROT_EXEC | rw, anonymous, -1, 0}},
		{SYS_mmap, {0, 4096, PROT_READ, MAP_PRIVATE, g_file, 0}},
		{SYS_mmap, {0, 4096, PROT_READ, MAP_SHARED, g_file, 0}},
		{SYS_mmap, {0, 4096, rw, MAP_SHARED | MAP_ANONYMOUS, -1, 0}},
		{SYS_mmap, {page, 4096, rw, anonymous | MAP_FIXED, -1, 0}},
		{SYS_mprotect, {page, 4096, rw | PROT_EXEC}},
		{SYS_mprotect, {page, 4096, PROT_WRITE | PROT_EXEC}},
		{SYS_mremap, {page, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, page}},
		{SYS_memfd_create, {0}},
	};

	for (size_t i = 0; i < COUNT_OF(attempts); i++)
		CHECK(is_stopped(&attempts[i]));
	CHECK(ends_with(&(struct attempt){SYS_mmap, {0, 4096, rw, anonymous, -1, 0}}, 0));
	CHECK(ends_with(&(struct attempt){SYS_mprotect, {page, 4096, rw}}, 0));
	CHECK(ends_with(&(struct attempt){SYS_mprotect, {page, 4096, PROT_READ | PROT_EXEC}}, 0));
	munmap((void *)(uintptr_t)page, 4096);
}

TEST(the_message_cannot_be_taken_away)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	const long act = (long)(uintptr_t)&ignore;

	CHECK(is_stopped(&(struct attempt){SYS_rt_sigaction, {SIGSYS, act, 0, 8}}));
	CHECK(is_stopped(&(struct attempt){SYS_rt_sigaction, {BIT_32 | SIGSYS, act, 0, 8}}));
	CHECK(is_stopped(&(struct attempt){SYS_rt_sigaction, {BIT_32 * 2 + SIGINT, act, 0, 8}}));
	CHECK(ends_with(&(struct attempt){SYS_rt_sigaction, {SIGINT, 0, 0, 8}}, 0));
}

/* A number of the x32 way of calling: no message, but an end. */
TEST(other_ways_of_calling_end_the_process)
{
	struct ending end;

	try(&end, &(struct attempt){0x40000000 | SYS_getpid, {0}});
	CHECK(WIFSIGNALED(end.status) && WTERMSIG(end.status) == SIGSYS);
}

int main(void)
{
	char dir[] = "/tmp/sandbox-XXXXXX", file[] = "/tmp/sandbox-XXXXXX";

	g_dir = mkdtemp(dir) ? open(dir, O_RDONLY | O_DIRECTORY) : -1;
	g_file = mkstemp(file);
	CHECK(g_dir >= 0 && g_file >= 0);
	RUN(what_is_not_listed_is_stopped);
	RUN(no_process_or_program_is_made);
	RUN(sockets_are_only_accepted);
	RUN(files_are_opened_below_a_directory_only);
	RUN(a_delivered_program_has_no_names_and_no_sockets);
	RUN(a_delivered_program_with_volumes_opens_files_and_no_more);
	RUN(descriptors_are_used_as_a_run_does);
	RUN(memory_is_not_writable_and_executable);
	RUN(the_message_cannot_be_taken_away);
	RUN(other_ways_of_calling_end_the_process);
	close(g_dir);
	close(g_file);
	(void)unlink(file);
	(void)rmdir(dir);
	return check_report();
}
