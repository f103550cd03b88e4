/*
 * The service's life, and the way of one request: copied in, held against the shape of its call,
 * the file looked up, carried out, answered.
 * Trust: nothing in the slot. The configuration is the owner's.
 * Invariant: no handler runs on a request whose shape is wrong, on a handle that is not open, or to
 * change a read-only mount.
 */
#include "host/service/impl.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/heap.h"

enum input_shape {
	INPUT_NONE,
	INPUT_BYTES, /* the handler looks at them */
};

enum output_shape {
	OUTPUT_NONE,
	OUTPUT_BYTES,  /* as many as asked for, or fewer */
	OUTPUT_STAT,   /* one struct host_stat */
	OUTPUT_TARGET, /* one TARGETINFO */
	OUTPUT_POLLS,  /* as many struct host_poll as the input */
	OUTPUT_MAP,    /* one struct host_map */
};

struct call_shape {
	const char *name;
	service_handler *handler;
	uint8_t args; /* in use; the others are 0 */
	uint8_t input;
	uint8_t output;
	bool file;	      /* argument 0 is a handle */
	bool changes;	      /* what a read-only mount forbids */
	uint8_t stream_error; /* enum host_errno: why not on a standard stream */
};

/* CALL: number, name, arguments in use, input, output; ON_FILE: what a standard stream answers. */
#define CALL(NAME, name, args, in, out)                                                            \
	[HOST_CALL_##NAME] = {                                                                     \
		#name, service_do_##name, args, INPUT_##in, OUTPUT_##out, false, false, 0}
#define ON_FILE(NAME, name, args, in, out, stream)                                                 \
	[HOST_CALL_##NAME] = {#name, service_do_##name, args, INPUT_##in, OUTPUT_##out, true,      \
			      false, HOST_##stream}
#define CHANGES(NAME, name, args, in, out, stream)                                                 \
	[HOST_CALL_##NAME] = {#name, service_do_##name, args, INPUT_##in, OUTPUT_##out, true,      \
			      true,  HOST_##stream}

static const struct call_shape g_shapes[HOST_CALL_END] = {
	CALL(PREFAULT, prefault, 2, NONE, NONE),
	CALL(PROTECT_CODE, protect_code, 2, NONE, NONE),
	CALL(RESTRICT, restrict, 3, NONE, NONE),
	CALL(CLOCK, clock, 1, NONE, NONE),
	CALL(CLOCK_RES, clock_res, 1, NONE, NONE),
	CALL(POLL, poll, 1, BYTES, POLLS),
	CALL(YIELD, yield, 0, NONE, NONE),
	ON_FILE(OPEN, open, 2, BYTES, NONE, NOTDIR),
	ON_FILE(CLOSE, close, 1, NONE, NONE, SUCCESS),
	ON_FILE(READ, read, 1, NONE, BYTES, SUCCESS),
	CHANGES(WRITE, write, 1, BYTES, NONE, SUCCESS),
	ON_FILE(PREAD, pread, 2, NONE, BYTES, SPIPE),
	CHANGES(PWRITE, pwrite, 2, BYTES, NONE, SPIPE),
	ON_FILE(STAT, stat, 1, NONE, STAT, SUCCESS),
	ON_FILE(STAT_AT, stat_at, 1, BYTES, STAT, NOTDIR),
	CHANGES(SET_SIZE, set_size, 2, NONE, NONE, INVAL),
	CHANGES(SET_TIMES, set_times, 4, NONE, NONE, PERM),
	CHANGES(SET_TIMES_AT, set_times_at, 4, BYTES, NONE, NOTDIR),
	ON_FILE(SYNC, sync, 2, NONE, NONE, SUCCESS),
	CHANGES(ALLOCATE, allocate, 3, NONE, NONE, SPIPE),
	ON_FILE(READDIR, readdir, 2, NONE, BYTES, NOTDIR),
	ON_FILE(SET_FLAGS, set_flags, 2, NONE, NONE, SUCCESS),
	CHANGES(MKDIR, mkdir, 1, BYTES, NONE, NOTDIR),
	CHANGES(UNLINK, unlink, 2, BYTES, NONE, NOTDIR),
	CHANGES(RENAME, rename, 3, BYTES, NONE, NOTDIR),
	CHANGES(LINK, link, 3, BYTES, NONE, NOTDIR),
	CHANGES(SYMLINK, symlink, 2, BYTES, NONE, NOTDIR),
	ON_FILE(READLINK, readlink, 1, BYTES, BYTES, NOTDIR),
	CALL(PARK, park, 1, NONE, NONE),
	CALL(UNPARK, unpark, 1, NONE, NONE),
	CALL(THREAD_START, thread_start, 1, NONE, NONE),
	CALL(INTERRUPT, interrupt, 1, NONE, NONE),
	ON_FILE(ACCEPT, accept, 2, NONE, NONE, NOTSUP),
	ON_FILE(RECV, recv, 2, NONE, BYTES, NOTSUP),
	ON_FILE(SHUTDOWN, shutdown, 2, NONE, NONE, NOTSUP),
	CALL(QUOTE_TARGET, quote_target, 0, NONE, TARGET),
	CALL(QUOTE, quote, 0, BYTES, BYTES),
	ON_FILE(MAP, map, 1, NONE, MAP, NOTSUP),
	ON_FILE(AHEAD, ahead, 3, NONE, NONE, NOTSUP),
};

const char *service_call_name(uint32_t call)
{
	return call < HOST_CALL_END ? g_shapes[call].name : NULL;
}

void service_copy_in(void *dst, const volatile void *src, size_t n)
{
	const volatile uint8_t *from = src;
	uint8_t *to = dst;

	for (size_t i = 0; i < n; i++)
		to[i] = from[i];
}

static bool output_fits(const struct call_shape *shape, const struct call_request *request)
{
	switch ((enum output_shape)shape->output) {
	case OUTPUT_NONE:
		return request->out_max == 0;
	case OUTPUT_BYTES:
		return request->out_max <= SHARED_SLOT_DATA_SIZE;
	case OUTPUT_STAT:
		return request->out_max == sizeof(struct host_stat);
	case OUTPUT_TARGET:
		return request->out_max == HOST_QUOTE_TARGET_SIZE;
	case OUTPUT_MAP:
		return request->out_max == sizeof(struct host_map);
	case OUTPUT_POLLS:
		return request->out_max == request->in_size &&
		       request->in_size % sizeof(struct host_poll) == 0;
	}
	return false;
}

static bool shape_fits(const struct call_shape *shape, const struct call_request *request)
{
	for (size_t i = shape->args; i < COUNT_OF(request->arg); i++)
		if (request->arg[i] != 0)
			return false;
	if (request->in_size > (shape->input == INPUT_NONE ? 0 : SHARED_SLOT_DATA_SIZE))
		return false;
	return output_fits(shape, request);
}

/* A call whose shape is right, on the file of argument 0. */
static enum host_errno job_run_on_file(struct service_job *job, const struct call_shape *shape,
				       struct service_file *file)
{
	if (file->borrowed && shape->stream_error != HOST_SUCCESS)
		return (enum host_errno)shape->stream_error;
	if (file->read_only && shape->changes)
		return HOST_ROFS;
	if (file->leased && job->request.call != HOST_CALL_OPEN)
		return HOST_ACCES;
	enum host_errno error = shape->handler(job, file);

	/* A directory that may be searched but not read. */
	return error == HOST_BADF && file->search ? HOST_ACCES : error;
}

static enum host_errno job_run(struct service_job *job)
{
	struct host_service *s = job->service;
	uint32_t call = job->request.call < HOST_CALL_END ? job->request.call : HOST_CALL_NONE;
	const struct call_shape *shape = &g_shapes[call];

	atomic_fetch_add_explicit(&s->calls[call], 1, memory_order_relaxed);
	if (!shape->handler || !shape_fits(shape, &job->request)) {
		atomic_fetch_add_explicit(&s->refused, 1, memory_order_relaxed);
		return shape->handler ? HOST_INVAL : HOST_NOSYS;
	}
	atomic_fetch_add_explicit(&s->bytes_out, job->request.in_size, memory_order_relaxed);
	if (!shape->file)
		return shape->handler(job, NULL);

	struct service_file *file = service_file_get(s, job->request.arg[0]);

	if (!file)
		return HOST_BADF;
	enum host_errno error = job_run_on_file(job, shape, file);

	service_file_put(s, file);
	return error;
}

void service_call(struct host_service *s, uint32_t thread, void *slot)
{
	uint8_t *base = slot;
	struct service_job job = {
		.service = s, .thread = thread, .data = base + SHARED_SLOT_DATA_OFF};

	must(thread < s->thread_count);
	service_copy_in(&job.request, base + SLOT_REQUEST_OFF, sizeof job.request);
	struct call_reply reply = {.seq = job.request.seq, .error = job_run(&job)};

	if (reply.error == HOST_SUCCESS) {
		reply.value = job.value;
		reply.out_size = job.out_size;
		atomic_fetch_add_explicit(&s->bytes_in, job.out_size, memory_order_relaxed);
	}
	memcpy(base + SLOT_REPLY_OFF, &reply, sizeof reply);
}

bool service_take(_Atomic uint64_t *used, uint64_t bytes, uint64_t limit)
{
	uint64_t old = atomic_load(used);

	if (limit == 0)
		return true;
	do {
		if (old > limit || bytes > limit - old)
			return false;
	} while (!atomic_compare_exchange_weak(used, &old, old + bytes));
	return true;
}

void service_give(_Atomic uint64_t *used, uint64_t bytes, uint64_t limit)
{
	if (limit != 0)
		atomic_fetch_sub(used, bytes);
}

enum err service_streams_reserve(int fd[3])
{
	for (int i = 0; i < 3; i++) {
		fd[i] = i;
		if (fcntl(i, F_GETFD) != -1)
			continue;
		fd[i] = -1;
		/* Everything below i is taken, so the lowest free number is i. */
		if (open("/dev/null", O_RDWR) != i)
			return E_NOT_FOUND;
	}
	return E_OK;
}

static enum err stream_place(struct host_service *s, uint32_t handle, int fd)
{
	struct stat st;

	if (fd < 0)
		return E_OK;
	if (fstat(fd, &st) == -1)
		return E_INVALID;
	struct service_file file = {
		.fd = fd,
		.borrowed = true,
		.stream = !S_ISREG(st.st_mode),
		.may_read = handle == HOST_HANDLE_STDIN,
		.may_write = handle != HOST_HANDLE_STDIN,
	};

	return service_file_place(s, handle, &file);
}

static enum err mount_place(struct host_service *s, uint32_t handle,
			    const struct service_mount *mount)
{
	struct stat st;

	if (mount->dir_fd < 0)
		return E_OK;
	if (fstat(mount->dir_fd, &st) == -1 ||
	    !(mount->volume ? S_ISREG(st.st_mode) : S_ISDIR(st.st_mode)))
		return E_INVALID;
	struct service_file file = {
		.fd = fcntl(mount->dir_fd, F_DUPFD_CLOEXEC, 3),
		.read_only = mount->read_only,
		.leased = mount->leased,
		.may_read = true,
		.may_write = true,
	};

	if (file.fd == -1)
		return E_NOMEM;
	if (mount->volume)
		service_map_file(&file);
	return service_file_place(s, handle, &file);
}

/* The listener's own mode is changed: a connection that goes away between a look and its use must not
 * make accept wait. */
static enum err listener_place(struct host_service *s, uint32_t handle, int fd)
{
	struct service_file file = {
		.fd = fcntl(fd, F_DUPFD_CLOEXEC, 3),
		.listens = true,
		.stream = true,
	};

	if (file.fd == -1)
		return E_NOMEM;
	if (fcntl(file.fd, F_SETFL, O_NONBLOCK) == -1) {
		close(file.fd);
		return E_INVALID;
	}
	return service_file_place(s, handle, &file);
}

/* What a volume needs besides its file. */
static enum err extra_place(struct host_service *s, uint32_t handle,
			    const struct service_mount *extra)
{
	struct stat st;

	if (fstat(extra->dir_fd, &st) == -1 || !S_ISREG(st.st_mode))
		return E_INVALID;
	struct service_file file = {
		.fd = fcntl(extra->dir_fd, F_DUPFD_CLOEXEC, 3),
		.read_only = extra->read_only,
		.may_read = true,
		.may_write = true,
	};

	return file.fd == -1 ? E_NOMEM : service_file_place(s, handle, &file);
}

/* As if it had come by ACCEPT. */
static enum err connection_place(struct host_service *s, const struct service_config *config)
{
	const uint32_t handle =
		service_connection_handle(config->mount_count, config->listener_count);
	struct service_file file = {
		.fd = fcntl(*config->connection, F_DUPFD_CLOEXEC, 3),
		.stream = true,
		.connected = true,
		.may_read = true,
		.may_write = true,
		.idle_ns = config->connection_idle_ns,
	};

	if (file.fd == -1)
		return E_NOMEM;
	if (fcntl(file.fd, F_SETFL, O_NONBLOCK) == -1) {
		close(file.fd);
		return E_INVALID;
	}
	return service_file_place(s, handle, &file);
}

static enum err service_place(struct host_service *s, const struct service_config *config)
{
	enum err err = E_OK;

	for (uint32_t i = 0; i < 3 && err == E_OK; i++)
		err = stream_place(s, HOST_HANDLE_STDIN + i, config->stream_fd[i]);
	for (uint32_t i = 0; i < config->mount_count && err == E_OK; i++)
		err = mount_place(s, HOST_HANDLE_MOUNTS + i, &config->mounts[i]);
	for (uint32_t i = 0; i < config->listener_count && err == E_OK; i++)
		err = listener_place(s, HOST_HANDLE_MOUNTS + (uint32_t)config->mount_count + i,
				     config->listeners[i]);
	for (uint32_t i = 0; i < config->extra_count && err == E_OK; i++)
		err = extra_place(
			s,
			service_connection_handle(config->mount_count, config->listener_count) + i,
			&config->extras[i]);
	if (err == E_OK && config->connection)
		err = connection_place(s, config);
	return err;
}

/* With a limit, who may use which page is kept here. */
static enum err pages_init(struct host_service *s)
{
	if (s->limits.memory == 0 || !s->device)
		return E_OK;
	s->granted = heap_alloc(s->device->size / SGX_PAGE_SIZE / 8 + 1);
	return s->granted ? E_OK : E_NOMEM;
}

static bool handles_suffice(const struct service_config *config)
{
	size_t left = HOST_HANDLES_MAX - HOST_HANDLE_MOUNTS;

	if (config->mount_count > left)
		return false;
	left -= config->mount_count;
	if (config->listener_count > left)
		return false;
	left -= config->listener_count;
	if (config->extra_count > left)
		return false;
	return !config->connection || (config->extra_count == 0 && left != 0);
}

enum err service_init(struct host_service *s, const struct service_config *config)
{
	memset(s, 0, sizeof *s);
	if (!handles_suffice(config))
		return E_INVALID;
	if (config->thread_count > SHARED_THREADS_MAX ||
	    (config->thread_count > 1 && !config->start_thread))
		return E_INVALID;
	s->limits = config->limits;
	s->device = config->device;
	s->quoting = config->quoting;
	s->thread_count = config->thread_count == 0 ? 1 : config->thread_count;
	s->start_thread = config->start_thread;
	s->start_context = config->start_context;
	s->reserved_handles =
		service_connection_handle(config->mount_count, config->listener_count) +
		(uint32_t)config->extra_count + (config->connection ? 1 : 0);
	s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->wake_fd == -1)
		return E_NOMEM;
	pthread_mutex_init(&s->lock, NULL);
	pthread_mutex_init(&s->dir_lock, NULL);
	pthread_mutex_init(&s->stream_lock, NULL);
	s->ready = true;
	enum err err = pages_init(s);

	if (err == E_OK)
		err = service_place(s, config);

	if (err != E_OK)
		service_fini(s);
	return err;
}

void service_fini(struct host_service *s)
{
	if (!s->ready)
		return;
	for (uint32_t i = 0; i < HOST_HANDLES_MAX; i++)
		service_file_put(s, s->files[i]);
	pthread_mutex_destroy(&s->stream_lock);
	pthread_mutex_destroy(&s->dir_lock);
	pthread_mutex_destroy(&s->lock);
	close(s->wake_fd);
	heap_free(s->granted);
	memset(s, 0, sizeof *s);
}

void service_stats_get(struct host_service *s, struct service_stats *out)
{
	for (size_t i = 0; i < HOST_CALL_END; i++)
		out->calls[i] = atomic_load(&s->calls[i]);
	out->refused = atomic_load(&s->refused);
	out->bytes_in = atomic_load(&s->bytes_in);
	out->bytes_out = atomic_load(&s->bytes_out);
}
