/*
 * The memory calls: what the enclave wants done with its own pages.
 * Trust: the range is the enclave's claim; the device checks what the kernel checks.
 * Invariant: nothing outside ELRANGE is touched; memory asked for stays below the owner's limit, and with
 * a limit no page can be used that was not asked for: the device has none of them mapped (loader_withhold).
 */
#include "host/service/impl.h"

#include <sys/mman.h>

#include "base/checked.h"

/* The range of arguments 0 and 1, whole pages of ELRANGE. */
static enum host_errno range_check(const struct service_job *job)
{
	const struct device *d = job->service->device;
	uint64_t off = job->request.arg[0], len = job->request.arg[1];

	if (!d)
		return HOST_NOTSUP;
	if (off % SGX_PAGE_SIZE != 0 || len % SGX_PAGE_SIZE != 0 || len == 0)
		return HOST_INVAL;
	return range_inside(off, len, d->size) ? HOST_SUCCESS : HOST_INVAL;
}

/* Writes down that the pages are the enclave's now. Once there, they stay. */
static void pages_grant(struct host_service *s, uint64_t off, uint64_t len)
{
	pthread_mutex_lock(&s->lock);
	for (uint64_t page = off / SGX_PAGE_SIZE; page < (off + len) / SGX_PAGE_SIZE; page++)
		s->granted[page / 8] |= (uint8_t)(1u << page % 8);
	pthread_mutex_unlock(&s->lock);
}

static bool pages_are_granted(struct host_service *s, uint64_t off, uint64_t len)
{
	bool all = true;

	if (!s->granted)
		return true;
	pthread_mutex_lock(&s->lock);
	for (uint64_t page = off / SGX_PAGE_SIZE; all && page < (off + len) / SGX_PAGE_SIZE; page++)
		all = s->granted[page / 8] >> page % 8 & 1;
	pthread_mutex_unlock(&s->lock);
	return all;
}

/* Maps what was withheld, for an enclave that has a limit. It counts as used from here on. */
static int pages_map(struct host_service *s, uint64_t off, uint64_t len)
{
	if (!s->granted)
		return 0;
	const int failed = s->device->ops->protect(s->device, off, len, PROT_READ | PROT_WRITE);

	if (failed == 0)
		pages_grant(s, off, len);
	else
		service_give(&s->memory_used, len, s->limits.memory);
	return failed;
}

enum host_errno service_do_prefault(struct service_job *job, UNUSED struct service_file *file)
{
	struct host_service *s = job->service;
	uint64_t off = job->request.arg[0], len = job->request.arg[1];
	enum host_errno error = range_check(job);

	if (error != HOST_SUCCESS)
		return error;
	if (!service_take(&s->memory_used, len, s->limits.memory))
		return HOST_NOMEM;
	int failed = pages_map(s, off, len);

	if (failed == 0)
		failed = s->device->ops->prefault(s->device, off, len);
	return failed == 0 ? HOST_SUCCESS : service_errno(failed);
}

enum host_errno service_do_protect_code(struct service_job *job, UNUSED struct service_file *file)
{
	struct device *d = job->service->device;
	enum host_errno error = range_check(job);

	if (error != HOST_SUCCESS)
		return error;
	if (!pages_are_granted(job->service, job->request.arg[0], job->request.arg[1]))
		return HOST_ACCES;
	int failed =
		d->ops->protect(d, job->request.arg[0], job->request.arg[1], PROT_READ | PROT_EXEC);

	return failed == 0 ? HOST_SUCCESS : service_errno(failed);
}

enum host_errno service_do_restrict(struct service_job *job, UNUSED struct service_file *file)
{
	struct device *d = job->service->device;
	uint64_t permissions = job->request.arg[2];
	enum host_errno error = range_check(job);

	if (error != HOST_SUCCESS)
		return error;
	if (permissions & ~(uint64_t)SECINFO_PERMISSIONS)
		return HOST_INVAL;
	for (uint64_t done = 0; done < job->request.arg[1];) {
		uint64_t result = 0, count = 0;
		int failed = d->ops->restrict_permissions(d, job->request.arg[0] + done,
							  job->request.arg[1] - done, permissions,
							  &result, &count);

		if (failed != 0)
			return service_errno(failed);
		if (count == 0) /* no progress and no error: the device is broken */
			return HOST_IO;
		done += count;
	}
	return HOST_SUCCESS;
}
