/*
 * Hostile requests to the host-call service, in an empty directory and an empty volume of its own. The input is a
 * series of requests: 64 bytes of record, then the bytes of input. Whatever is asked, the reply
 * keeps the rule of its call and nothing is made outside the mount.
 */
#include "host/service/service.h"
#include "hostcall/hostcall.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/reader.h"

#define DISK_MAX 65536 /* bytes that one input may write */

/* The stubs are not in use here, but their rule check is. */
uint32_t hostcall_next_seq(void)
{
	return 0;
}

enum err hostcall_transport(const struct call_request *request, const struct hostcall_in *in,
			    struct call_reply *reply, void *out)
{
	(void)request;
	(void)in;
	(void)reply;
	(void)out;
	return E_HOST;
}

static ALIGNED(8) uint8_t g_slot[SHARED_SLOT_SIZE];

static char g_root[] = "/dev/shm/retwine-fuzz-XXXXXX"; /* holds m, the mount, and nothing else */
static char g_mount[sizeof g_root + 2];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	return ftw->level == 0 ? 0 : remove(path);
}

static void remove_root(void)
{
	nftw(g_root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	rmdir(g_root);
}

static void make_root(void)
{
	signal(SIGPIPE, SIG_IGN);
	must(mkdtemp(g_root) != NULL);
	atexit(remove_root);
	snprintf(g_mount, sizeof g_mount, "%s/m", g_root);
}

/* "." and ".." and m: a mount's neighbours would be here. */
static void check_root(void)
{
	struct stat st;

	must(stat(g_root, &st) == 0 && st.st_nlink == 3);
	must(lstat(g_mount, &st) == 0 && S_ISDIR(st.st_mode));
}

static enum host_errno start_nothing(void *context, uint32_t thread)
{
	(void)context;
	must(thread >= 1 && thread < 3);
	return HOST_AGAIN;
}

/* Handles as small as the open ones are; up to 63 bytes of input. */
static void one_call(struct host_service *s, struct reader *r)
{
	struct call_request request;
	struct call_reply reply;

	reader_bytes(r, &request, sizeof request);
	request.arg[0] %= 16;
	size_t n = request.in_size % 64;

	if (n > r->left)
		n = r->left;
	reader_bytes(r, g_slot + SHARED_SLOT_DATA_OFF, n);
	memcpy(g_slot + SLOT_REQUEST_OFF, &request, sizeof request);
	service_call(s, 1, g_slot);
	memcpy(&reply, g_slot + SLOT_REPLY_OFF, sizeof reply);
	if (request.call != HOST_CALL_NONE && request.call < HOST_CALL_END)
		must(hostcall_check_reply(&request, &reply) == E_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct host_service service;
	struct reader r;

	if (!g_mount[0])
		make_root();
	must(mkdir(g_mount, 0700) == 0);
	struct service_mount mounts[] = {{.dir_fd = open(g_mount, O_RDONLY | O_DIRECTORY)},
					 {.dir_fd = memfd_create("volume", MFD_CLOEXEC), .volume = true}};
	struct service_config config = {
		.thread_count = 3,
		.start_thread = start_nothing,
		.stream_fd = {-1, -1, -1},
		.mounts = mounts,
		.mount_count = 2,
		.limits = {.handles = 12, .disk_bytes = DISK_MAX},
	};

	must(service_init(&service, &config) == E_OK);
	close(mounts[0].dir_fd);
	close(mounts[1].dir_fd);
	service_stop(&service); /* so that nothing waits */
	reader_init(&r, data, size);
	while (r.left >= sizeof(struct call_request))
		one_call(&service, &r);
	service_fini(&service);
	check_root();
	nftw(g_root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return 0;
}
