/*
 * Starting the compiler.
 * Trust: the program that stands in our own directories is ours. What comes out of it is checked by
 * who asked for it; its words are shown escaped.
 */
#include "host/compiler.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/base/files.h"
#include "host/base/words.h"

extern char **environ;

enum retwine_code compiler_find(char **path, struct retwine_error *error)
{
	enum retwine_code code = companion_find(path, COMPILER_FILE_NAME, "/../libexec/retwine");

	if (code == RETWINE_FAILED)
		return error_no_memory(error);
	if (code != RETWINE_OK)
		return error_set(error, code,
				 "cannot find the compiler: no %s beside this program or in "
				 "../libexec/retwine; install it, or take --engine=interpreter",
				 COMPILER_FILE_NAME);
	return RETWINE_OK;
}

/* ---- what it says ---- */

/* The last line so far; what is longer than it may be is cut. */
struct last_line {
	char *text; /* RETWINE_MESSAGE_MAX bytes */
	size_t len;
	bool ended; /* the next byte begins another line */
};

static void line_add(struct last_line *l, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\n' || p[i] == '\r') {
			l->ended = true;
			continue;
		}
		if (l->ended)
			l->len = 0;
		l->ended = false;
		if (l->len < RETWINE_MESSAGE_MAX - 1)
			l->text[l->len++] = p[i];
	}
}

/* Reads until everybody has closed the other end. */
static void listen(int fd, char said[RETWINE_MESSAGE_MAX])
{
	static const char own[] = COMPILER_FILE_NAME ": ";
	struct last_line l = {.text = said};
	char part[512];
	ssize_t n;

	while ((n = read(fd, part, sizeof(part))) > 0 || (n < 0 && errno == EINTR))
		line_add(&l, part, n > 0 ? (size_t)n : 0);
	said[l.len] = 0;
	if (strncmp(said, own, sizeof(own) - 1) == 0)
		memmove(said, said + sizeof(own) - 1, l.len + 1 - (sizeof(own) - 1));
}

/* ---- its process ---- */

/* The signals that we ignore end the compiler as they end others. */
static int set_signals(posix_spawnattr_t *attr)
{
	sigset_t defaults;

	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	sigaddset(&defaults, SIGXFSZ);
	int e = posix_spawnattr_setsigdefault(attr, &defaults);

	return e ? e : posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGDEF);
}

/* Standard input is empty. Output and errors are ours; or, with error_fd, there is no output, as ours
 * is the guest's, and errors go there. Other files are close-on-exec. */
static int set_files(posix_spawn_file_actions_t *files, int error_fd)
{
	int e = 0;

	if (error_fd >= 0) { /* first: it may be 0 or 1 itself */
		e = posix_spawn_file_actions_adddup2(files, error_fd, 2);
		if (e == 0)
			e = posix_spawn_file_actions_addopen(files, 1, "/dev/null", O_WRONLY, 0);
	}
	if (e == 0)
		e = posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0);
	return e;
}

static int spawn(pid_t *pid, const char *path, const char *const words[], int error_fd)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int e = posix_spawn_file_actions_init(&files);

	if (e)
		return e;
	e = posix_spawnattr_init(&attr);
	if (e == 0) {
		e = set_signals(&attr);
		if (e == 0)
			e = set_files(&files, error_fd);
		if (e == 0) /* posix_spawn does not write to the words (POSIX.1-2017) */
			e = posix_spawn(pid, path, &files, &attr, (char *const *)(uintptr_t)words,
					environ);
		(void)posix_spawnattr_destroy(&attr);
	}
	(void)posix_spawn_file_actions_destroy(&files);
	return e;
}

static enum retwine_code wait_for(int *status, pid_t pid, struct retwine_error *error)
{
	int ended;

	while (waitpid(pid, &ended, 0) < 0) {
		if (errno != EINTR)
			return error_set(error, RETWINE_FAILED, "the compiler is lost: %s",
					 strerror(errno));
	}
	if (!WIFEXITED(ended))
		return error_set(
			error, RETWINE_FAILED,
			"the compiler was ended by signal %d (%s); it may need more memory",
			WTERMSIG(ended), strsignal(WTERMSIG(ended)));
	*status = WEXITSTATUS(ended);
	return RETWINE_OK;
}

enum retwine_code compiler_run(int *status, char said[RETWINE_MESSAGE_MAX], const char *path,
			       const char *const words[], struct retwine_error *error)
{
	int pipe_fd[2] = {-1, -1};
	pid_t pid;

	if (said && pipe2(pipe_fd, O_CLOEXEC) != 0)
		return error_set(error, RETWINE_FAILED, "cannot start the compiler: %s",
				 strerror(errno));
	int e = spawn(&pid, path, words, pipe_fd[1]);

	if (said) {
		close(pipe_fd[1]);
		if (e == 0)
			listen(pipe_fd[0], said);
		close(pipe_fd[0]);
	}
	if (e != 0)
		return error_set(error, RETWINE_FAILED, "cannot start the compiler %s: %s", path,
				 strerror(e));
	return wait_for(status, pid, error);
}

enum retwine_code retwine_compiler(const char *const words[], int *status,
				   struct retwine_error *error)
{
	char *path = NULL;
	enum retwine_code code = compiler_find(&path, error);

	if (code == RETWINE_OK)
		code = compiler_run(status, NULL, path, words, error);
	free(path);
	return code;
}
