/*
 * The memory calls: what the enclave wants done with its own pages.
 * Trust: the range is the enclave's claim; the device checks what the kernel checks.
 * Invariant: nothing outside ELRANGE is touched; memory asked for stays below the owner's limit.
 */
#include "host/service_impl.h"

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

enum host_errno service_do_prefault(struct service_job *job, UNUSED struct service_file *file)
{
	struct host_service *s = job->service;
	uint64_t off = job->request.arg[0], len = job->request.arg[1];
	enum host_errno error = range_check(job);

	if (error != HOST_SUCCESS)
		return error;
	if (!service_take(&s->memory_used, len, s->limits.memory))
		return HOST_NOMEM;
	int failed = s->device->ops->prefault(s->device, off, len);

	if (failed == 0)
		return HOST_SUCCESS;
	service_give(&s->memory_used, len, s->limits.memory);
	return service_errno(failed);
}

enum host_errno service_do_protect_code(struct service_job *job, UNUSED struct service_file *file)
{
	struct device *d = job->service->device;
	enum host_errno error = range_check(job);

	if (error != HOST_SUCCESS)
		return error;
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
