/*
 * Runs one program: device, loader, shared area, service, and the threads that enter.
 * Trust: the result is the enclave's claim, checked when it is copied out.
 * Invariant: whatever was acquired is released in reverse, on every path.
 */
#include "host/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/interrupt.h"
#include "host/loader.h"
#include "host/service/service.h"
#include "host/shared_area.h"
#include "host/threads.h"
#include "launch/launch.h"
#include "sgx/sigstruct.h"

struct run {
	const struct host_run_request *request;
	struct host_run_result *result;
	struct sgx_image image;
	struct device *device;
	struct quoting *quoting;
	struct enclave enclave;
	struct shared_area area;
	struct host_service service;
	struct threads threads;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

MUST_USE static enum err run_failed(struct run *r, enum err err, const char *why)
{
	snprintf(r->result->why, sizeof(r->result->why), "%s", why);
	return err;
}

static enum err run_no_device(struct run *r)
{
	const char *refusal = device_last_refusal();

	return run_failed(r, E_UNSUPPORTED, refusal[0] ? refusal : strerror(errno));
}

/* The simulator stands in only where there is no SGX device at all: one that cannot be used is
 * told, never replaced in silence. */
static enum err run_open_device(struct run *r)
{
	const struct host_run_request *q = r->request;
	bool simulation = q->simulation || q->strict_simulation;

	if (!simulation) {
		r->device = device_linux_open();
		if (!r->device && errno != ENOENT)
			return run_no_device(r);
	}
	if (!r->device)
		r->device =
			device_sim_open(q->strict_simulation ? DEVICE_SIM_STRICT : DEVICE_SIM_FAST,
					r->image.layout.enclu_off);
	if (!r->device)
		return run_no_device(r);
	r->result->simulation = r->device->ops->simulation;
	if (r->result->simulation)
		device_sim_read_secret();
	return E_OK;
}

/* Before the image is loaded: what is told then may give up the calls that this needs. */
static enum err run_open_quoting(struct run *r)
{
	char why[QUOTING_WHY_MAX];

	if (!r->request->quoting)
		return E_OK;
	enum err err = quoting_open(&r->quoting, r->request->quoting, r->result->simulation, why);

	return err == E_OK ? E_OK : run_failed(r, err, why);
}

static enum err run_load(struct run *r)
{
	struct sgx_sigstruct sigstruct;
	uint8_t configid[SGX_CONFIGID_SIZE] = {0};
	uint64_t start = now_ns();

	if (r->request->sigstruct.size != sizeof(sigstruct))
		return run_failed(r, E_MALFORMED,
				  "the signature file is not a SIGSTRUCT of 1808 bytes");
	memcpy(&sigstruct, r->request->sigstruct.p, sizeof(sigstruct));
	memcpy(configid, r->request->launch_digest, sizeof(r->request->launch_digest));
	enum err err = loader_load(&r->enclave, r->device, &r->image, &sigstruct, configid,
				   r->result->why, sizeof(r->result->why));

	r->result->stats.image_pages = r->enclave.pages;
	r->result->stats.build_ns = now_ns() - start;
	memcpy(r->result->mrenclave, sigstruct.enclavehash, sizeof(r->result->mrenclave));
	if (err == E_OK && r->request->limits.memory != 0) {
		err = loader_withhold(&r->enclave, &r->image);
		if (err != E_OK)
			return run_failed(r, err, "withholding memory from the enclave");
	}
	return err;
}

static enum err run_open_service(struct run *r)
{
	const struct host_run_request *q = r->request;
	const struct service_config config = {
		.stream_fd = {q->streams[0], q->streams[1], q->streams[2]},
		.mounts = q->mounts,
		.mount_count = q->mount_count,
		.listeners = q->listeners,
		.listener_count = q->listener_count,
		.extras = q->extras,
		.extra_count = q->extra_count,
		.connection = q->deploy ? &q->connection : NULL,
		.connection_idle_ns = q->connection_idle_ns,
		.limits = q->limits,
		.device = r->device,
		.quoting = r->quoting,
		.thread_count = (uint32_t)r->enclave.thread_count,
		.start_thread = threads_start,
		.start_context = &r->threads,
	};

	if (q->mount_count > LAUNCH_MOUNTS_MAX)
		return run_failed(r, E_LIMIT, "too many mounts");
	if (q->deploy && (q->launch_record.size != 0 || q->module.size != 0))
		return run_failed(r, E_INVALID, "a delivered program comes over its connection");
	enum err err = service_init(&r->service, &config);

	return err == E_OK ? E_OK : run_failed(r, err, "opening the mounts");
}

/* The stricter of the program's limit and the owner's; 0: none. */
static uint32_t run_max_threads(const struct host_run_request *q)
{
	if (q->limits.threads == 0 || (q->max_threads != 0 && q->max_threads < q->limits.threads))
		return q->max_threads;
	return q->limits.threads;
}

static enum err run_enclave(struct run *r)
{
	const struct threads_config config = {
		.device = r->device,
		.enclave = &r->enclave,
		.area = &r->area,
		.service = &r->service,
		.max_threads = run_max_threads(r->request),
		.timeout_ns = r->request->timeout_ns,
		.handle_sigint = r->request->handle_sigint,
	};
	uint64_t start = now_ns();
	enum err err = threads_run(&r->threads, &config);

	r->result->stats.run_ns = now_ns() - start;
	if (err != E_OK)
		return run_failed(r, err, r->threads.why);
	r->result->interrupted = r->threads.interrupted;
	if (r->threads.interrupted && !r->threads.finished)
		return E_OK;
	return shared_area_result(&r->area, 0, r->result);
}

static void run_count(struct run *r)
{
	struct service_stats s;
	struct device_stats d;
	struct host_run_stats *out = &r->result->stats;

	service_stats_get(&r->service, &s);
	memcpy(out->calls, s.calls, sizeof(out->calls));
	out->bytes_in = s.bytes_in;
	out->bytes_out = s.bytes_out;
	r->device->ops->stats(r->device, &d);
	out->enters = d.enters;
	out->resumes = d.resumes;
	out->aexs = d.aexs;
	out->accepted = d.accepted;
}

/* With device and enclave in place. */
static enum err run_served(struct run *r)
{
	enum err err = run_open_service(r);

	if (err != E_OK)
		return err;
	/* With all files open and mapped: what is told then may give up the calls that this needs. */
	if (r->request->starting)
		r->request->starting(r->request->starting_context, r->result->simulation,
				     r->result->mrenclave);
	err = shared_area_init(&r->area, (uint32_t)r->enclave.thread_count, r->request);
	if (err != E_OK) {
		err = run_failed(r, err, "no memory for the area shared with the enclave");
	} else {
		if (r->request->handle_sigint)
			err = interrupt_begin(&r->service);
		if (err == E_OK)
			err = run_enclave(r);
		if (r->request->handle_sigint)
			interrupt_end();
		run_count(r);
	}
	shared_area_fini(&r->area);
	service_fini(&r->service);
	return err;
}

enum err host_run(const struct host_run_request *request, struct host_run_result *result)
{
	struct run *r = calloc(1, sizeof(*r));

	memset(result, 0, sizeof(*result));
	if (!r)
		return E_NOMEM;
	r->request = request;
	r->result = result;
	enum err err = sgx_image_open(&r->image, request->image.p, request->image.size);

	if (err != E_OK)
		err = run_failed(r, err, "the enclave image is not one of ours, or is damaged");
	else
		err = run_open_device(r);
	if (err == E_OK) {
		err = run_open_quoting(r);
		if (err == E_OK)
			err = run_load(r);
		if (err == E_OK)
			err = run_served(r);
		if (r->quoting)
			quoting_why(r->quoting, result->quoting_why);
		quoting_close(r->quoting);
		r->device->ops->close(r->device);
	}
	free(r);
	return err;
}

void host_run_result_fini(struct host_run_result *result)
{
	for (uint32_t i = 0; result->frame_names && i < result->end.frame_count; i++)
		free(result->frame_names[i]);
	free(result->frame_names);
	free(result->frames);
	free(result->values);
	free(result->text);
	free(result->volumes);
	memset(result, 0, sizeof(*result));
}
