/*
 * A volume's file as memory that the enclave reads without a call.
 * Trust: offsets and lengths are the enclave's claims. What the file holds is not looked at here, and this process never
 * reads the mapping: a file that somebody makes shorter is a fault of the reader's, in the enclave.
 * Invariant: a mapping is for reading alone, made before the program starts, and lives as long as its file is open here.
 */
#include "host/service/impl.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/checked.h"

#define MAP_LEAST ((uint64_t)1 << 20)
#define AHEAD_MAX ((uint64_t)16 << 20) /* more of a request is left out: nobody waits long for it */

/* The file and as much room behind it as can be had: a page that it does not have yet is there once it has grown. */
void service_map_file(struct service_file *file)
{
	file->map_size = HOST_MAP_MAX;
	while (file->map_size >= MAP_LEAST) {
		void *p = mmap(NULL, file->map_size, PROT_READ, MAP_SHARED, file->fd, 0);

		if (p != MAP_FAILED) {
			file->map = p;
			return;
		}
		file->map_size /= 2;
	}
}

void service_unmap_file(const struct service_file *file)
{
	if (file->map)
		munmap(file->map, file->map_size);
}

enum host_errno service_do_map(struct service_job *job, struct service_file *file)
{
	const struct host_map out = {(uint64_t)(uintptr_t)file->map, file->map_size};

	if (file->map_size == 0)
		return HOST_NOTSUP;
	if (!file->map)
		return HOST_NOMEM;
	memcpy(job->data, &out, sizeof out);
	job->out_size = sizeof out;
	return HOST_SUCCESS;
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Whole pages of the file as it is now, so that none of them faults; an older kernel is only told. */
enum host_errno service_do_ahead(struct service_job *job, struct service_file *file)
{
	const uint64_t off = job->request.arg[1], len = job->request.arg[2];
	struct stat st;

	if (file->map_size == 0)
		return HOST_NOTSUP;
	if (len == 0 || !range_inside(off, len, INT64_MAX))
		return HOST_INVAL;
	if (!file->map)
		return HOST_SUCCESS;
	if (fstat(file->fd, &st) == -1)
		return service_errno(errno);
	const uint64_t first = off / HOST_MAP_PAGE * HOST_MAP_PAGE;
	const uint64_t end = lesser(off + len, lesser((uint64_t)st.st_size, file->map_size));

	if (first >= end)
		return HOST_SUCCESS;
	uint8_t *at = (uint8_t *)file->map + first;
	const uint64_t bytes = lesser(end - first, AHEAD_MAX);

	if (madvise(at, bytes, MADV_POPULATE_READ) == -1)
		(void)madvise(at, bytes, MADV_WILLNEED);
	return HOST_SUCCESS;
}
