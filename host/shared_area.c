/*
 * The shared area, host side.
 * Trust: the enclave's result is a claim: counts and sizes are checked on a private copy, which
 * another thread of the enclave cannot change.
 */
#include "host/shared_area.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/checked.h"
#include "base/reader.h"
#include "host/base/cpu.h"
#include "host/service/service.h"

#define PAGE ((size_t)4096)

/* Where the parts go; the whole size, or false on overflow. */
static bool plan(struct shared_header *h, uint32_t thread_count,
		 const struct host_run_request *request)
{
	size_t at = PAGE + (size_t)thread_count * SHARED_SLOT_SIZE, size;

	*h = (struct shared_header){.magic = SHARED_MAGIC,
				    .abi_version = ABI_VERSION,
				    .slots_off = PAGE,
				    .thread_count = thread_count,
				    .cpu_hints = cpu_hints(),
				    .launch_off = at,
				    .launch_size = request->launch_record.size,
				    .module_size = request->module.size,
				    .mode = RUN_MODE_RUN};
	if (!checked_add(&at, at, request->launch_record.size) || !checked_round_up(&at, at, PAGE))
		return false;
	h->module_off = at;
	if (!checked_add(&size, at, request->module.size) || !checked_round_up(&size, size, PAGE))
		return false;
	h->size = size;
	if (request->deploy) {
		h->mode = RUN_MODE_DEPLOY;
		h->connection =
			service_connection_handle(request->mount_count, request->listener_count);
		memcpy(h->nonce, request->nonce, sizeof(h->nonce));
	}
	return true;
}

static void copy_to_area(uint8_t *dst, struct host_bytes bytes)
{
	if (bytes.size != 0)
		memcpy(dst, bytes.p, bytes.size);
}

enum err shared_area_init(struct shared_area *a, uint32_t thread_count,
			  const struct host_run_request *request)
{
	struct shared_header h;

	if (!plan(&h, thread_count, request))
		return E_NOMEM;
	uint8_t *p = mmap(NULL, h.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return E_NOMEM;
	memcpy(p, &h, sizeof(h));
	copy_to_area(p + h.launch_off, request->launch_record);
	copy_to_area(p + h.module_off, request->module);
	*a = (struct shared_area){p, h.size, h.slots_off, thread_count};
	return E_OK;
}

void shared_area_fini(struct shared_area *a)
{
	if (a->base)
		munmap(a->base, a->size);
	*a = (struct shared_area){0};
}

uint8_t *shared_area_slot(const struct shared_area *a, uint32_t thread)
{
	return a->base + a->slots_off + (size_t)thread * SHARED_SLOT_SIZE;
}

static char *take_name(struct reader *r, uint32_t size)
{
	const uint8_t *p = reader_take(r, (size + 7u) & ~7u);
	char *name = p && size <= RUN_NAME_MAX ? calloc(1, size + 1u) : NULL;

	if (!name) {
		reader_fail(r);
		return NULL;
	}
	memcpy(name, p, size);
	return name;
}

static void take_frame(struct reader *r, struct run_frame *f, char **name)
{
	reader_bytes(r, f, sizeof(*f));
	if (f->reserved != 0)
		reader_fail(r);
	if (f->name_size != 0)
		*name = take_name(r, f->name_size);
}

/* Mounts rise, so that each is told once; which are volumes is for who knows the record. */
static void take_volumes(struct reader *r, struct run_volume *volumes, uint32_t count)
{
	for (uint32_t i = 0; i < count && reader_ok(r); i++) {
		reader_bytes(r, &volumes[i], sizeof(volumes[i]));
		if (volumes[i].reserved != 0 ||
		    (i != 0 && volumes[i - 1].mount >= volumes[i].mount))
			reader_fail(r);
	}
}

static enum err take_result(struct reader *data, struct host_run_result *result)
{
	const struct run_result *end = &result->end;

	const uint64_t reserved = end->reserved2[0] | end->reserved2[1] | end->reserved2[2];

	if (end->kind == 0 || end->kind >= RUN_KIND_END || reserved != 0 ||
	    end->frame_count > RUN_FRAMES_MAX || end->value_count > RUN_VALUES_MAX ||
	    end->text_size > SHARED_SLOT_DATA_SIZE || end->volume_count > RUN_VOLUMES_MAX)
		return E_MALFORMED;
	result->frames = calloc(end->frame_count + 1u, sizeof(*result->frames));
	result->frame_names = calloc(end->frame_count + 1u, sizeof(*result->frame_names));
	result->values = calloc(end->value_count + 1u, sizeof(*result->values));
	result->text = calloc(1, end->text_size + 1u);
	result->volumes = calloc(end->volume_count + 1u, sizeof(*result->volumes));
	if (!result->frames || !result->frame_names || !result->values || !result->text ||
	    !result->volumes)
		return E_NOMEM;
	for (uint32_t i = 0; i < end->frame_count && reader_ok(data); i++)
		take_frame(data, &result->frames[i], &result->frame_names[i]);
	reader_bytes(data, result->values, end->value_count * sizeof(*result->values));
	reader_bytes(data, result->text, end->text_size);
	take_volumes(data, result->volumes, end->volume_count);
	return reader_ok(data) ? E_OK : E_MALFORMED;
}

enum err shared_area_result(const struct shared_area *a, uint32_t thread,
			    struct host_run_result *result)
{
	const uint8_t *slot = shared_area_slot(a, thread);
	uint8_t *copy = malloc(SHARED_SLOT_DATA_SIZE);
	struct reader data;

	if (!copy)
		return E_NOMEM;
	memcpy(copy, slot + SHARED_SLOT_DATA_OFF, SHARED_SLOT_DATA_SIZE);
	memcpy(&result->end, slot, sizeof(result->end));
	reader_init(&data, copy, SHARED_SLOT_DATA_SIZE);
	enum err err = take_result(&data, result);

	free(copy);
	return err;
}

enum err host_run_result_decode(struct host_run_result *result, const uint8_t *bytes, size_t size)
{
	struct reader data;

	reader_init(&data, bytes, size);
	reader_bytes(&data, &result->end, sizeof(result->end));
	if (!reader_ok(&data) ||
	    result->end.kind == RUN_DELIVERED) /* which tells an owner nothing */
		return E_MALFORMED;
	const enum err err = take_result(&data, result);

	return err == E_OK && !reader_done(&data) ? E_MALFORMED : err;
}
