/*
 * Starting a client's process.
 * Trust: the command is the owner's. Of a client's hello come figures and hexadecimal digits alone; its name is
 * an address in figures.
 */
#include "host/deploy/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/base/sockets.h"

#define CONNECTION    3   /* its descriptor there */
#define VARIABLES_MAX 16u /* of its environment */

struct worker_words {
	const char *word[WORKER_WORDS_MAX + 8];
	char launch_digest[2 * HELLO_DIGEST_SIZE + 32];
	char nonce[2 * HELLO_NONCE_SIZE + 32];
	char timeout[48];
	char name[SOCKET_NAME_MAX + 48];
};

void worker_hex(char *out, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static void hex_word(char *out, const char *before, const uint8_t *bytes, size_t size)
{
	const size_t at = strlen(before);

	memcpy(out, before, at);
	worker_hex(out + at, bytes, size);
}

static void make_words(struct worker_words *w, const struct worker_order *order)
{
	size_t n = 0;

	for (; n < WORKER_WORDS_MAX && order->command[n]; n++)
		w->word[n] = order->command[n];
	hex_word(w->launch_digest, "--launch-digest=", order->hello->launch_digest,
		 HELLO_DIGEST_SIZE);
	hex_word(w->nonce, "--nonce=", order->hello->nonce, HELLO_NONCE_SIZE);
	(void)snprintf(w->name, sizeof(w->name), "--client=client %lu (%s)", order->client,
		       order->name);
	w->word[n++] = w->launch_digest;
	w->word[n++] = w->nonce;
	w->word[n++] = w->name;
	if (order->timeout_ns != 0) {
		(void)snprintf(w->timeout, sizeof(w->timeout), "--timeout=%lluns",
			       (unsigned long long)order->timeout_ns);
		w->word[n++] = w->timeout;
	}
	w->word[n] = NULL;
}

/* A group of its own: what the terminal sends to ours is not meant for it. */
static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	int error = posix_spawnattr_setflags(
		attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	if (error == 0)
		error = posix_spawnattr_setsigmask(attributes, &none);
	if (error == 0)
		error = posix_spawnattr_setsigdefault(attributes, &all);
	return error != 0 ? error : posix_spawnattr_setpgroup(attributes, 0);
}

/* Nothing to read, our log to write, the connection; all else is closed, also what we were started with. */
static int set_files(posix_spawn_file_actions_t *files, int connection)
{
	int error = posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0);

	if (error == 0)
		error = posix_spawn_file_actions_adddup2(files, STDERR_FILENO, STDOUT_FILENO);
	if (error == 0)
		error = posix_spawn_file_actions_adddup2(files, connection, CONNECTION);
	return error != 0 ? error
			  : posix_spawn_file_actions_addclosefrom_np(files, CONNECTION + 1);
}

/* What of our environment a worker needs: where the simulator keeps its secret, and how its libraries are found. */
static void set_environment(char *out[VARIABLES_MAX + 1])
{
	static const char *const names[] = {
		"HOME=", "XDG_STATE_HOME=", "PATH=", "LANG=", "LC_ALL=", "LD_LIBRARY_PATH="};
	extern char **environ;
	size_t n = 0;

	for (char **e = environ; *e; e++)
		for (size_t i = 0; i < COUNT_OF(names) && n < VARIABLES_MAX; i++)
			if (strncmp(*e, names[i], strlen(names[i])) == 0)
				out[n++] = *e;
	out[n] = NULL;
}

static int spawn(pid_t *pid, const struct worker_words *w, int connection)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	char *argv[COUNT_OF(w->word)], *variables[VARIABLES_MAX + 1];

	memcpy(argv, w->word, sizeof(argv));
	set_environment(variables);
	int error = posix_spawn_file_actions_init(&files);

	if (error != 0)
		return error;
	error = posix_spawnattr_init(&attributes);
	if (error == 0) {
		error = set_attributes(&attributes);
		if (error == 0)
			error = set_files(&files, connection);
		if (error == 0)
			error = posix_spawn(pid, argv[0], &files, &attributes, argv, variables);
		(void)posix_spawnattr_destroy(&attributes);
	}
	(void)posix_spawn_file_actions_destroy(&files);
	return error;
}

int worker_start(pid_t *pid, const struct worker_order *order)
{
	struct worker_words *w = calloc(1, sizeof(*w));

	if (!w)
		return ENOMEM;
	make_words(w, order);
	const int error = spawn(pid, w, order->connection);

	free(w);
	return error;
}
