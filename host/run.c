/*
 * Runs one program: device, loader, shared area, service, and the loop of entries and exits.
 * Trust: exits are claims of the enclave; an exit that is not in the list ends the run.
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
#include "host/service.h"
#include "host/shared_area.h"
#include "launch/launch.h"
#include "sgx/sigstruct.h"

struct run {
	const struct host_run_request *request;
	struct host_run_result *result;
	struct sgx_image image;
	struct device *device;
	struct enclave enclave;
	struct shared_area area;
	struct host_service service;
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
	return E_OK;
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
	if (err == E_OK && r->request->starting)
		r->request->starting(r->request->starting_context, r->result->simulation,
				     r->result->mrenclave);
	return err;
}

static enum err run_open_service(struct run *r)
{
	const struct host_run_request *q = r->request;
	const struct service_config config = {
		.stream_fd = {q->streams[0], q->streams[1], q->streams[2]},
		.mounts = q->mounts,
		.mount_count = q->mount_count,
		.limits = q->limits,
		.device = r->device,
	};

	if (q->mount_count > LAUNCH_MOUNTS_MAX)
		return run_failed(r, E_LIMIT, "too many mounts");
	enum err err = service_init(&r->service, &config);

	return err == E_OK ? E_OK : run_failed(r, err, "opening the mounts");
}

/* One entry on the first thread. */
static int run_enter(struct run *r, struct device_run *run, uint64_t op, uint32_t function)
{
	memset(run, 0, sizeof(*run));
	run->tcs = r->enclave.tcs[0];
	return r->device->ops->enter(r->device, op, (uint64_t)(uintptr_t)r->area.base, r->area.size,
				     function, 0, 0, run);
}

static enum err run_crashed(struct run *r, const struct device_run *run)
{
	snprintf(r->result->why, sizeof(r->result->why),
		 "the enclave stopped with exception %u (error code 0x%x, page 0x%llx)",
		 run->vector, run->error_code, (unsigned long long)run->address);
	return E_HOST;
}

/* A fault inside: lets the enclave's own handler look at it, then resumes the thread. */
static enum err run_handle_exception(struct run *r, struct device_run *run)
{
	struct device_run handler;

	if (run->function != ENCLU_ERESUME)
		return run_crashed(r, run);
	if (run_enter(r, &handler, 0, ENCLU_EENTER) != 0 || handler.function != ENCLU_EEXIT ||
	    handler.rdi != EXIT_HANDLED)
		return run_crashed(r, run);
	if (run_enter(r, run, 0, ENCLU_ERESUME) != 0)
		return run_crashed(r, run);
	return E_OK;
}

/* Acts on how the enclave was left. *done: the program ended. */
static enum err run_step(struct run *r, struct device_run *run, bool *done)
{
	if (run->function != ENCLU_EEXIT)
		return run_handle_exception(r, run);
	switch (run->rdi) {
	case EXIT_CALL:
		service_call(&r->service, shared_area_slot(&r->area, 0));
		if (interrupt_pending()) {
			r->result->interrupted = true;
			*done = true;
			return E_OK;
		}
		if (run_enter(r, run, ENTER_RESUME, ENCLU_EENTER) != 0)
			return run_failed(r, E_HOST, "the enclave cannot be entered");
		return E_OK;
	case EXIT_DONE:
		*done = true;
		return shared_area_result(&r->area, 0, r->result);
	case EXIT_REFUSED:
		return run_failed(r, E_HOST, "the enclave refused its start");
	default:
		return run_failed(r, E_HOST, "the enclave ended itself: a check of its own failed");
	}
}

static enum err run_enclave(struct run *r)
{
	struct device_run run;
	uint64_t start = now_ns();
	bool done = false;
	enum err err = E_OK;

	if (run_enter(r, &run, ENTER_START, ENCLU_EENTER) != 0)
		return run_failed(r, E_HOST, "the enclave cannot be entered");
	while (!done && err == E_OK)
		err = run_step(r, &run, &done);
	r->result->stats.run_ns = now_ns() - start;
	return err;
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
		err = run_load(r);
		if (err == E_OK)
			err = run_served(r);
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
	memset(result, 0, sizeof(*result));
}
