/*
 * Quotes for the enclave: a request goes to whoever makes them (host/quoting/quoting.h).
 * Trust: the report is the enclave's claim, and whoever makes quotes looks at it; the quote is
 * bytes for the enclave, of which nobody here reads anything.
 * Invariant: a wait for another process ends at the latest when the service is interrupted.
 */
#include "host/service/impl.h"

#include <stdlib.h>
#include <string.h>

enum host_errno service_do_quote_target(struct service_job *job, UNUSED struct service_file *file)
{
	struct host_service *s = job->service;
	uint8_t target[HOST_QUOTE_TARGET_SIZE];

	if (!s->quoting)
		return HOST_NOTSUP;
	const enum host_errno error = quoting_target(s->quoting, target, s->wake_fd);

	if (error != HOST_SUCCESS)
		return error;
	memcpy(job->data, target, sizeof target);
	job->out_size = sizeof target;
	return HOST_SUCCESS;
}

/* Into memory of ours first: the slot may change while the provider checks what it wrote. */
static enum host_errno quote_into(struct service_job *job,
				  const uint8_t report[HOST_QUOTE_REPORT_SIZE], size_t max)
{
	uint8_t *quote = malloc(max);
	size_t size;

	if (!quote)
		return HOST_NOMEM;
	const enum host_errno error = quoting_quote(job->service->quoting, report, quote, max,
						    &size, job->service->wake_fd);

	if (error == HOST_SUCCESS) {
		memcpy(job->data, quote, size);
		job->out_size = (uint32_t)size;
	}
	free(quote);
	return error;
}

enum host_errno service_do_quote(struct service_job *job, UNUSED struct service_file *file)
{
	const struct call_request *request = &job->request;
	uint8_t report[HOST_QUOTE_REPORT_SIZE];

	if (request->in_size != sizeof report || request->out_max == 0 ||
	    request->out_max > HOST_QUOTE_MAX)
		return HOST_INVAL;
	if (!job->service->quoting)
		return HOST_NOTSUP;
	service_copy_in(report, job->data, sizeof report);
	return quote_into(job, report, request->out_max);
}
