/*
 * What the tests of the enclave share: running a probe of the test image as a host does (host/run.h),
 * and a bare enclave that the test itself enters, as a hostile host would.
 */
#ifndef TEST_ENCLAVE_BARE_H
#define TEST_ENCLAVE_BARE_H

#include <sys/mman.h>

#include "base/cc.h"
#include "boundary/abi.h"
#include "boundary/calls.h"
#include "host/device/device.h"
#include "host/loader.h"
#include "host/run.h"
#include "host/service/service.h"
#include "sgx/image.h"
#include "sgx/sigstruct.h"
#include "test/image/probe.h"
#include "test/lib/check.h"
#include "test/lib/file.h"

static struct host_bytes g_image, g_signature;
static bool g_strict;

/* Runs a probe; of *more, the limits and streams count. */
UNUSED static enum err probe_with(uint64_t number, uint64_t a, const struct host_run_request *more,
				  struct host_run_result *result)
{
	const struct probe_request request = {PROBE_MAGIC, number, a};
	struct host_run_request run = *more;

	run.image = g_image;
	run.sigstruct = g_signature;
	run.launch_record = (struct host_bytes){(const uint8_t *)"record", 6};
	run.module = (struct host_bytes){(const uint8_t *)&request, sizeof(request)};
	run.simulation = true;
	run.strict_simulation = g_strict;
	return host_run(&run, result);
}

UNUSED static enum err probe(uint64_t number, uint64_t a, struct host_run_result *result)
{
	const struct host_run_request plain = {.streams = {0, 1, 2}};

	return probe_with(number, a, &plain, result);
}

/* The probe's result; ~0 and a failed check when the enclave did not answer. */
UNUSED static uint64_t probe_value(uint64_t number, uint64_t a)
{
	struct host_run_result result;
	enum err err = probe(number, a, &result);
	uint64_t value = err == E_OK ? result.end.detail[0] : ~(uint64_t)0;

	if (err != E_OK)
		printf("probe %d: %s\n", (int)number, result.why);
	CHECK_EQ(err, E_OK);
	host_run_result_fini(&result);
	return value;
}

/* The probe ends the enclave, and the host process lives on. */
UNUSED static bool probe_dies(uint64_t number, uint64_t a)
{
	struct host_run_result result;
	bool died = probe(number, a, &result) == E_HOST;

	host_run_result_fini(&result);
	return died;
}

/* ---- a bare enclave -------------------------------------------------------------------------- */

struct bare {
	struct sgx_image image;
	struct device *device;
	struct enclave enclave;
	uint8_t *shared;
	size_t shared_size;
	char why[512];
};

UNUSED static enum err bare_load(struct bare *b, struct host_bytes image, const void *signature)
{
	static const uint8_t configid[SGX_CONFIGID_SIZE];

	memset(b, 0, sizeof(*b));
	if (sgx_image_open(&b->image, image.p, image.size) != E_OK)
		return E_MALFORMED;
	b->device = device_sim_open(g_strict ? DEVICE_SIM_STRICT : DEVICE_SIM_FAST,
				    b->image.layout.enclu_off);
	if (!b->device)
		return E_UNSUPPORTED;
	return loader_load(&b->enclave, b->device, &b->image, signature, configid, b->why,
			   sizeof(b->why));
}

UNUSED static void bare_open(struct bare *b)
{
	CHECK_EQ(bare_load(b, g_image, g_signature.p), E_OK);
	b->shared_size = 4096 + 8 * SHARED_SLOT_SIZE + 4096;
	b->shared = mmap(NULL, b->shared_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	struct shared_header h = {.magic = SHARED_MAGIC,
				  .abi_version = ABI_VERSION,
				  .size = b->shared_size,
				  .slots_off = 4096,
				  .thread_count = 8,
				  .launch_off = 4096 + 8 * SHARED_SLOT_SIZE,
				  .launch_size = 8,
				  .module_off = 4096 + 8 * SHARED_SLOT_SIZE + 64,
				  .module_size = sizeof(struct probe_request),
				  .mode = RUN_MODE_RUN};
	struct probe_request request = {PROBE_MAGIC, PROBE_CALLS, 1};

	memcpy(b->shared, &h, sizeof(h));
	memcpy(b->shared + h.module_off, &request, sizeof(request));
}

UNUSED static void bare_close(struct bare *b)
{
	if (b->device)
		b->device->ops->close(b->device);
	if (b->shared)
		munmap(b->shared, b->shared_size);
}

UNUSED static uint64_t bare_enter_at(struct bare *b, size_t thread, uint64_t op, uint64_t a,
				     uint64_t c)
{
	struct device_run run = {.tcs = b->enclave.tcs[thread]};

	if (b->device->ops->enter(b->device, op, a, c, ENCLU_EENTER, 0, 0, &run) != 0)
		return 1000;
	return run.function == ENCLU_EEXIT ? run.rdi : 2000u + run.vector;
}

UNUSED static uint64_t bare_enter(struct bare *b, uint64_t op, uint64_t a, uint64_t c)
{
	return bare_enter_at(b, 0, op, a, c);
}

UNUSED static uint64_t bare_start(struct bare *b)
{
	return bare_enter(b, ENTER_START, (uint64_t)(uintptr_t)b->shared, b->shared_size);
}

UNUSED static void bare_set_probe(struct bare *b, uint64_t number, uint64_t a)
{
	const struct shared_header *h = (const void *)b->shared;
	const struct probe_request request = {PROBE_MAGIC, number, a};

	memcpy(b->shared + h->module_off, &request, sizeof(request));
}

UNUSED static uint64_t bare_resume_at(struct bare *b, size_t thread)
{
	struct device_run run = {.tcs = b->enclave.tcs[thread]};

	if (b->device->ops->enter(b->device, 0, 0, 0, ENCLU_ERESUME, 0, 0, &run) != 0)
		return 1000;
	return run.function == ENCLU_EEXIT ? run.rdi : 2000u + run.vector;
}

UNUSED static uint64_t bare_resume(struct bare *b)
{
	return bare_resume_at(b, 0);
}

UNUSED static uint8_t *bare_slot(const struct bare *b, size_t thread)
{
	return b->shared + 4096 + thread * SHARED_SLOT_SIZE;
}

UNUSED static struct call_request bare_request_at(const struct bare *b, size_t thread)
{
	struct call_request request;

	memcpy(&request, bare_slot(b, thread) + SLOT_REQUEST_OFF, sizeof(request));
	return request;
}

UNUSED static struct call_request bare_request(const struct bare *b)
{
	return bare_request_at(b, 0);
}

/* Answers the pending call of a thread with this error. */
UNUSED static uint64_t bare_answer_with(struct bare *b, size_t thread, uint32_t error)
{
	const struct call_reply reply = {.seq = bare_request_at(b, thread).seq, .error = error};

	memcpy(bare_slot(b, thread) + SLOT_REPLY_OFF, &reply, sizeof(reply));
	return bare_enter_at(b, thread, ENTER_RESUME, 0, 0);
}

/* Answers the pending call as an honest host would. */
UNUSED static uint64_t bare_answer_at(struct bare *b, size_t thread)
{
	const struct call_request request = bare_request_at(b, thread);
	const struct device_ops *ops = b->device->ops;

	if (request.call == HOST_CALL_PREFAULT)
		CHECK_EQ(ops->prefault(b->device, request.arg[0], request.arg[1]), 0);
	if (request.call == HOST_CALL_PROTECT_CODE)
		CHECK_EQ(ops->protect(b->device, request.arg[0], request.arg[1],
				      PROT_READ | PROT_EXEC),
			 0);
	return bare_answer_with(b, thread, HOST_SUCCESS);
}

UNUSED static uint64_t bare_answer(struct bare *b)
{
	return bare_answer_at(b, 0);
}

/* Starts the probe and answers its calls until it is left in another way. */
UNUSED static uint64_t bare_run(struct bare *b, uint64_t number, uint64_t a)
{
	bare_set_probe(b, number, a);
	uint64_t exit = bare_start(b);

	for (int i = 0; i < 100 && exit == EXIT_CALL; i++)
		exit = bare_answer(b);
	return exit;
}

UNUSED static uint64_t bare_result(const struct bare *b)
{
	struct run_result result;

	memcpy(&result, b->shared + 4096, sizeof(result));
	return result.detail[0];
}

/* The image, its signature and the mode, from the command line: IMAGE SIGNATURE [strict]. */
UNUSED static bool bare_arguments(int argc, char **argv)
{
	int fd[3];

	if (argc < 3 || service_streams_reserve(fd) != E_OK)
		return false;
	g_image = file_load(argv[1]);
	g_signature = file_load(argv[2]);
	g_strict = argc > 3 && strcmp(argv[3], "strict") == 0;
	return g_image.p && g_signature.size == sizeof(struct sgx_sigstruct);
}

#endif
