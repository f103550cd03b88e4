/*
 * The simulated machine's seal secret: 32 random bytes in a file that only its user may read, so
 * that sealed data survive the process, as they do on hardware.
 * Trust: a regular file of this user's that nobody else can read or write; any other is not used.
 * Invariant: a file appears under its name only complete; of two processes that make one at the
 * same time, both use the one that got the name.
 */
#include "host/device/sim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

#define SECRET_NAME "simulation-secret"

static struct sgx_machine g_machine;
static bool g_temporary;
static pthread_once_t g_machine_once = PTHREAD_ONCE_INIT;

/* Random bytes from the kernel; a short or failed answer leaves nothing to go on with. */
static void sim_random(uint8_t *out, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = getrandom(out + done, size - done, 0);

		if (n < 0)
			must(errno == EINTR);
		else
			done += (size_t)n;
	}
}

/* A plain file of this user's, closed to all others? */
static bool sim_secret_is_ours(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	       (st.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

/* True when the file is ours and holds exactly a secret. O_NONBLOCK: a pipe must not hold us. */
static bool sim_secret_read(const char *path, uint8_t secret[32])
{
	uint8_t bytes[33];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return false;
	ssize_t n = sim_secret_is_ours(fd) ? read(fd, bytes, sizeof bytes) : -1;

	close(fd);
	if (n != 32)
		return false;
	memcpy(secret, bytes, 32);
	return true;
}

/* mkdir -p of a path's directory part, with 0700. */
static void sim_secret_make_dirs(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(path, 0700);
		*slash = '/';
	}
}

/* Writes under a name of its own, then links it to the right one: link never replaces. */
static bool sim_secret_write(char *path, const uint8_t secret[32])
{
	char own[512];
	uint64_t number;

	sim_random((uint8_t *)&number, sizeof number);
	int n = snprintf(own, sizeof own, "%s.%016llx", path, (unsigned long long)number);

	if (n < 0 || (size_t)n >= sizeof own)
		return false;
	sim_secret_make_dirs(path);
	int fd = open(own, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return false;
	bool ok = write(fd, secret, 32) == 32;

	if (close(fd) != 0)
		ok = false;
	if (ok && link(own, path) != 0 && errno != EEXIST)
		ok = false;
	unlink(own);
	return ok;
}

/* The secret kept in `dir`/retwine, made there if need be. */
static bool sim_secret_at(const char *dir, const char *sub, uint8_t secret[32])
{
	char path[480];
	uint8_t new[32];
	int n;

	if (!dir || dir[0] != '/')
		return false;
	n = snprintf(path, sizeof path, "%s%s/retwine/" SECRET_NAME, dir, sub);
	if (n < 0 || (size_t)n >= sizeof path)
		return false;
	if (sim_secret_read(path, secret))
		return true;
	sim_random(new, sizeof new);
	return sim_secret_write(path, new) && sim_secret_read(path, secret);
}

static void sim_machine_start(void)
{
	static const uint8_t cpusvn[SGX_CPUSVN_SIZE] = {1};

	memcpy(g_machine.cpusvn, cpusvn, sizeof cpusvn);
	sim_random(g_machine.report_keyid, sizeof g_machine.report_keyid);
	if (sim_secret_at(getenv("XDG_STATE_HOME"), "", g_machine.secret) ||
	    sim_secret_at(getenv("HOME"), "/.local/state", g_machine.secret) ||
	    sim_secret_at("/var/lib", "", g_machine.secret))
		return;
	sim_random(g_machine.secret, sizeof g_machine.secret);
	g_temporary = true;
}

const struct sgx_machine *sim_machine(void)
{
	pthread_once(&g_machine_once, sim_machine_start);
	return &g_machine;
}

bool device_sim_secret_is_temporary(void)
{
	sim_machine();
	return g_temporary;
}

void device_sim_read_secret(void)
{
	(void)sim_machine();
}
