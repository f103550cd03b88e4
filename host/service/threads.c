/*
 * The calls of a program with several threads: waiting for another, waking it, starting one, and
 * getting all of them out of their waits.
 * Trust: thread numbers are the enclave's claims. Whose slot a request stood in is the host's own
 * knowledge.
 * Invariant: a wait ends at the latest when the service is stopped.
 */
#include "host/service/impl.h"

#include <errno.h>
#include <unistd.h>

/* Makes the wake descriptor readable. Full only after 2^64 - 1 times: then it is readable anyway. */
static void wake_set(struct host_service *s)
{
	const int saved = errno;
	const uint64_t one = 1;
	ssize_t ignored = write(s->wake_fd, &one, sizeof one);

	(void)ignored;
	errno = saved;
}

/* Empties it; who set a reason meanwhile finds it readable again. */
static void wake_clear(struct host_service *s)
{
	uint64_t count;
	ssize_t ignored = read(s->wake_fd, &count, sizeof count);

	(void)ignored;
	if (atomic_load(&s->interrupted) != 0)
		wake_set(s);
}

void service_interrupt(struct host_service *s)
{
	atomic_fetch_or(&s->interrupted, SERVICE_INTERRUPTED_BY_OWNER);
	wake_set(s);
}

/* The same for the program's own reasons, until it is called with false. */
static void interrupt_program(struct host_service *s, bool on)
{
	if (on) {
		atomic_fetch_or(&s->interrupted, SERVICE_INTERRUPTED_BY_PROGRAM);
		wake_set(s);
	} else if (atomic_fetch_and(&s->interrupted, ~SERVICE_INTERRUPTED_BY_PROGRAM) != 0) {
		wake_clear(s);
	}
}

void service_stop(struct host_service *s)
{
	atomic_store(&s->stopped, true);
	service_interrupt(s);
	for (uint32_t i = 0; i < COUNT_OF(s->tokens); i++)
		park_token_give(&s->tokens[i]);
}

enum host_errno service_do_park(struct service_job *job, UNUSED struct service_file *file)
{
	struct host_service *s = job->service;

	if (!atomic_load(&s->stopped)) /* it is set before the tokens are given */
		job->value = !park_token_take(&s->tokens[job->thread], job->request.arg[0]);
	return atomic_load(&s->stopped) ? HOST_INTR : HOST_SUCCESS;
}

enum host_errno service_do_unpark(struct service_job *job, UNUSED struct service_file *file)
{
	struct host_service *s = job->service;

	if (job->request.arg[0] >= s->thread_count)
		return HOST_INVAL;
	park_token_give(&s->tokens[job->request.arg[0]]);
	return HOST_SUCCESS;
}

enum host_errno service_do_thread_start(struct service_job *job, UNUSED struct service_file *file)
{
	struct host_service *s = job->service;
	uint64_t thread = job->request.arg[0];

	if (thread == 0 || thread >= s->thread_count)
		return HOST_INVAL;
	if (atomic_load(&s->stopped))
		return HOST_INTR;
	return s->start_thread(s->start_context, (uint32_t)thread);
}

enum host_errno service_do_interrupt(struct service_job *job, UNUSED struct service_file *file)
{
	if (job->request.arg[0] > 1)
		return HOST_INVAL;
	interrupt_program(job->service, job->request.arg[0] != 0);
	return HOST_SUCCESS;
}
