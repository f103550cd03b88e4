/*
 * Time and waiting.
 * Trust: the poll records are the enclave's claims, copied before they are looked at.
 * Invariant: every wait also watches the wake descriptor, so that service_interrupt ends it.
 */
#include "host/service/impl.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/checked.h"
#include "base/heap.h"

#define NS_PER_S 1000000000u

uint64_t service_nanoseconds(struct timespec t)
{
	if (t.tv_sec < 0)
		return 0;
	uint64_t s = (uint64_t)t.tv_sec;

	if (s >= INT64_MAX / NS_PER_S)
		return INT64_MAX;
	return s * NS_PER_S + (uint64_t)t.tv_nsec;
}

static bool clock_of_id(uint64_t id, clockid_t *clock)
{
	switch (id) {
	case HOST_CLOCK_REALTIME:
		*clock = CLOCK_REALTIME;
		return true;
	case HOST_CLOCK_MONOTONIC:
		*clock = CLOCK_MONOTONIC;
		return true;
	case HOST_CLOCK_PROCESS:
		*clock = CLOCK_PROCESS_CPUTIME_ID;
		return true;
	case HOST_CLOCK_THREAD:
		*clock = CLOCK_THREAD_CPUTIME_ID;
		return true;
	default:
		return false;
	}
}

static enum host_errno clock_answer(struct service_job *job,
				    int (*ask)(clockid_t, struct timespec *))
{
	clockid_t clock;
	struct timespec t;

	if (!clock_of_id(job->request.arg[0], &clock))
		return HOST_INVAL;
	if (ask(clock, &t) == -1)
		return service_errno(errno);
	job->value = service_nanoseconds(t);
	return HOST_SUCCESS;
}

enum host_errno service_do_clock(struct service_job *job, UNUSED struct service_file *file)
{
	return clock_answer(job, clock_gettime);
}

enum host_errno service_do_clock_res(struct service_job *job, UNUSED struct service_file *file)
{
	return clock_answer(job, clock_getres);
}

enum host_errno service_do_yield(UNUSED struct service_job *job, UNUSED struct service_file *file)
{
	sched_yield();
	return HOST_SUCCESS;
}

static uint64_t now(void)
{
	struct timespec t = {0};

	clock_gettime(CLOCK_MONOTONIC, &t);
	return service_nanoseconds(t);
}

/* When a wait that begins now ends, by now(); UINT64_MAX: never. */
static uint64_t deadline_after(uint64_t timeout_ns)
{
	uint64_t end;

	return checked_add_u64(&end, now(), timeout_ns) ? end : UINT64_MAX;
}

static struct timespec time_left(uint64_t deadline)
{
	uint64_t t = now();
	uint64_t left = deadline > t ? deadline - t : 0;

	return (struct timespec){(time_t)(left / NS_PER_S), (long)(left % NS_PER_S)};
}

static bool any_ready(const struct pollfd *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fds[i].revents != 0)
			return true;
	return false;
}

/*
 * poll until one of the count entries is ready, the deadline is over (0: only look), or the service
 * is interrupted. fds has room for one entry more, the wake descriptor.
 */
static enum host_errno wait_for(struct host_service *s, struct pollfd *fds, size_t count,
				uint64_t deadline)
{
	fds[count] = (struct pollfd){.fd = s->wake_fd, .events = POLLIN};
	for (;;) {
		struct timespec left = time_left(deadline);
		int n = ppoll(fds, count + 1, deadline == UINT64_MAX ? NULL : &left, NULL);

		if (n == -1 && errno != EINTR)
			return service_errno(errno);
		if (n > 0 && any_ready(fds, count))
			return HOST_SUCCESS;
		if (atomic_load(&s->interrupted) != 0)
			return HOST_INTR;
		if (n == 0)
			return HOST_SUCCESS;
	}
}

enum host_errno service_wait(struct host_service *s, const struct service_file *file, short events)
{
	struct pollfd fds[2] = {{.fd = file->fd, .events = events}};
	const bool nonblock = atomic_load(&file->nonblock);
	uint64_t deadline = nonblock ? 0 : UINT64_MAX;

	if (!nonblock && (events & POLLIN) && file->idle_ns != 0 &&
	    !checked_add_u64(&deadline, now(), file->idle_ns))
		deadline = UINT64_MAX;
	enum host_errno error = wait_for(s, fds, 1, deadline);

	if (error != HOST_SUCCESS)
		return error;
	if (fds[0].revents != 0)
		return HOST_SUCCESS;
	return nonblock ? HOST_AGAIN : HOST_TIMEDOUT;
}

/* What a POLL works on: three arrays of count entries, the second with one more. */
struct poll_work {
	struct host_poll *polls;
	struct pollfd *fds;
	struct service_file **files;
	size_t count;
	bool refused; /* an entry is answered already: do not wait */
};

static void poll_work_fini(struct host_service *s, struct poll_work *w)
{
	for (size_t i = 0; w->files && i < w->count; i++)
		service_file_put(s, w->files[i]);
	heap_free(w->polls);
	heap_free(w->fds);
	heap_free(w->files);
}

static enum host_errno poll_work_init(struct poll_work *w, const struct service_job *job)
{
	w->count = job->request.in_size / sizeof *w->polls;
	w->polls = heap_alloc_array(w->count, sizeof *w->polls);
	w->fds = heap_alloc_array(w->count + 1, sizeof *w->fds);
	w->files = heap_alloc_array(w->count, sizeof(struct service_file *));
	if (!w->polls || !w->fds || !w->files)
		return HOST_NOMEM;
	service_copy_in(w->polls, job->data, w->count * sizeof *w->polls);
	for (size_t i = 0; i < w->count; i++) {
		if (w->polls[i].want & ~(HOST_POLL_READ | HOST_POLL_WRITE))
			return HOST_INVAL;
		w->polls[i].ready = 0;
		w->polls[i].error = HOST_SUCCESS;
		w->polls[i].bytes = 0;
	}
	return HOST_SUCCESS;
}

/* Looks the handles up. What is not open is answered at once. */
static void poll_work_open(struct host_service *s, struct poll_work *w)
{
	for (size_t i = 0; i < w->count; i++) {
		struct host_poll *p = &w->polls[i];

		w->files[i] = service_file_get(s, p->handle);
		w->fds[i].fd = -1; /* poll passes over it */
		if (!w->files[i]) {
			p->error = HOST_BADF;
			w->refused = true;
			continue;
		}
		w->fds[i].fd = w->files[i]->fd;
		if (p->want & HOST_POLL_READ)
			w->fds[i].events |= POLLIN;
		if (p->want & HOST_POLL_WRITE)
			w->fds[i].events |= POLLOUT;
	}
}

/* Bytes that a read would find now, as far as the kernel says. */
static uint64_t bytes_ready(int fd)
{
	int n = 0;

	return ioctl(fd, FIONREAD, &n) == 0 && n > 0 ? (uint64_t)n : 0;
}

static void poll_entry_fill(struct host_poll *p, const struct pollfd *fd)
{
	short got = fd->revents;

	if (got & POLLNVAL) {
		p->error = HOST_BADF;
		return;
	}
	if (got & (POLLIN | POLLHUP | POLLERR))
		p->ready |= p->want & HOST_POLL_READ;
	if (got & (POLLOUT | POLLHUP | POLLERR))
		p->ready |= p->want & HOST_POLL_WRITE;
	if (got & (POLLHUP | POLLERR))
		p->ready |= HOST_POLL_HANGUP;
	if (p->ready & HOST_POLL_READ)
		p->bytes = bytes_ready(fd->fd);
}

static enum host_errno poll_work_run(struct service_job *job, struct poll_work *w)
{
	struct host_service *s = job->service;

	poll_work_open(s, w);
	uint64_t deadline = w->refused ? 0 : deadline_after(job->request.arg[0]);
	enum host_errno error = wait_for(s, w->fds, w->count, deadline);

	if (error != HOST_SUCCESS)
		return error;
	for (size_t i = 0; i < w->count; i++) {
		poll_entry_fill(&w->polls[i], &w->fds[i]);
		job->value += w->polls[i].ready != 0 || w->polls[i].error != HOST_SUCCESS;
	}
	job->out_size = (uint32_t)(w->count * sizeof *w->polls);
	memcpy(job->data, w->polls, job->out_size);
	return HOST_SUCCESS;
}

enum host_errno service_do_poll(struct service_job *job, UNUSED struct service_file *file)
{
	struct poll_work w = {0};
	enum host_errno error = poll_work_init(&w, job);

	if (error == HOST_SUCCESS)
		error = poll_work_run(job, &w);
	poll_work_fini(job->service, &w);
	return error;
}
