/*
 * Runs one program.
 * Trust: launch record and module are what somebody gave; the platform's launch binding says which
 * record the enclave was started for, and the record which module. Everything the program does
 * later is checked by wasm/, the engine and wasi/.
 * Invariant: check, then act: nothing runs before record, digests, module and imports are accepted.
 */
#include "program/program.h"

#include <string.h>

#include "base/heap.h"
#include "base/wipe.h"
#include "platform/platform.h"
#include "program/evidence.h"
#include "program/impl.h"
#include "wasm/limits.h"
#include "wasm/validate.h"

#define START_FUNCTION "_start"

/* The key comes with the program, and the file by it (program/volume_delivered.h). */
static bool volume_is_deliverable(const struct launch_mount *m)
{
	return m->key_policy == LAUNCH_KEY_PROVISIONED && m->anchor != LAUNCH_ANCHOR_FILE;
}

/* What is not to be had this way: the host's files are not there for a delivery. */
static enum err record_supported(const struct launch_record *r, bool delivered)
{
	for (uint32_t i = 0; i < r->mount_count; i++) {
		if (delivered && r->mounts[i].kind == LAUNCH_MOUNT_VOLUME &&
		    !volume_is_deliverable(&r->mounts[i]))
			return E_DEPLOY_VOLUME;
		if (delivered && r->mounts[i].kind == LAUNCH_MOUNT_HOST)
			return E_DEPLOY_HOST;
	}
	return delivered && r->listener_count != 0 ? E_DEPLOY_HOST : E_OK;
}

static enum err check_record(struct program *p)
{
	enum err err =
		launch_decode(&p->record, &p->arena, p->in->launch_record, p->in->launch_size);

	if (err != E_OK)
		return program_refuse(p, err);
	launch_measure(&p->record, &p->digests);
	err = platform_check_launch(p->digests.launch);
	if (err != E_OK)
		return program_refuse(p, err == E_DENIED ? E_PROGRAM_LAUNCH : err);
	err = record_supported(&p->record, p->in->delivered);
	return err == E_OK ? E_OK : program_refuse(p, err);
}

static enum err refuse_module(struct program *p, const struct wasm_error *error)
{
	p->out->detail[0] = error->offset;
	p->out->detail[1] = error->func;
	program_add_text(p, error->name);
	return program_refuse(p, error->code);
}

/* On the bytes as they came: nothing is decoded before they are the recorded ones. */
static bool module_is_recorded(const struct program *p)
{
	uint8_t module[LAUNCH_DIGEST_SIZE], native[LAUNCH_DIGEST_SIZE];
	size_t section_off, payload_off;

	wasm_find_native(p->in->module, p->in->module_size, &section_off, &payload_off);
	launch_measure_module(module, native, p->in->module, p->in->module_size, section_off,
			      payload_off);
	return equal_ct(module, p->record.module_digest, sizeof(module)) &&
	       equal_ct(native, p->record.native_digest, sizeof(native));
}

static enum err check_module(struct program *p)
{
	struct wasm_error error;

	if (!module_is_recorded(p))
		return program_refuse(p, E_PROGRAM_MODULE);
	if (wasm_decode(&p->module, &error, p->in->module, p->in->module_size) != E_OK)
		return refuse_module(p, &error);
	if (wasm_validate(&p->module, &error) != E_OK)
		return refuse_module(p, &error);
	return E_OK;
}

/* NAME=VALUE of each variable, in the arena. */
static enum err join_env(struct program *p, struct wasi_bytes *env)
{
	for (uint32_t i = 0; i < p->record.env_count; i++) {
		const struct launch_variable *v = &p->record.env[i];
		size_t size = v->name.size + 1 + v->value.size;
		uint8_t *joined = arena_alloc(&p->arena, size);

		if (!joined)
			return E_NOMEM;
		memcpy(joined, v->name.p, v->name.size);
		joined[v->name.size] = '=';
		if (v->value.size != 0)
			memcpy(joined + v->name.size + 1, v->value.p, v->value.size);
		env[i] = (struct wasi_bytes){joined, size};
	}
	return E_OK;
}

static enum wasi_mount_kind mount_kind(enum launch_mount_kind kind)
{
	static const enum wasi_mount_kind kinds[LAUNCH_MOUNT_END] = {
		[LAUNCH_MOUNT_HOST] = WASI_MOUNT_HOST,
		[LAUNCH_MOUNT_TMP] = WASI_MOUNT_TMP,
		[LAUNCH_MOUNT_VOLUME] = WASI_MOUNT_VOLUME,
		[LAUNCH_MOUNT_ATTESTATION] = WASI_MOUNT_ATTESTATION,
	};

	return kinds[kind];
}

static void list_mounts(const struct program *p, struct wasi_mount *mounts)
{
	for (uint32_t i = 0; i < p->record.mount_count; i++) {
		const struct launch_mount *m = &p->record.mounts[i];

		mounts[i] = (struct wasi_mount){
			.path = {m->guest_path.p, m->guest_path.size},
			.kind = mount_kind(m->kind),
			.read_only = m->read_only,
			.handle = HOST_HANDLE_MOUNTS + i,
			.size = m->size,
			.volume = program_volumes_get(p, i),
		};
	}
}

/* Why a delivery's files and keys were not taken; what the record says was checked before. */
static enum err given_error(enum err err)
{
	switch (err) {
	case E_DENIED:
		return E_DEPLOY_PLACE;
	case E_INVALID:
		return E_DEPLOY_NAME;
	default:
		return err;
	}
}

static enum err open_wasi(struct program *p)
{
	const struct launch_record *r = &p->record;
	struct arena *a = &p->arena;
	struct wasi_bytes *args = arena_alloc_array(a, r->argc, sizeof(*args));
	struct wasi_bytes *env = arena_alloc_array(a, r->env_count, sizeof(*env));
	struct wasi_mount *mounts = arena_alloc_array(a, r->mount_count, sizeof(*mounts));

	if (!args || !env || !mounts || join_env(p, env) != E_OK)
		return program_refuse(p, E_NOMEM);
	for (uint32_t i = 0; i < r->argc; i++)
		args[i] = (struct wasi_bytes){r->argv[i].p, r->argv[i].size};
	list_mounts(p, mounts);
	p->wasi_config = (struct wasi_config){
		.args = args,
		.arg_count = r->argc,
		.env = env,
		.env_count = r->env_count,
		.mounts = mounts,
		.mount_count = r->mount_count,
		.listener_count = r->listener_count,
		.listener_handle = HOST_HANDLE_MOUNTS + r->mount_count,
		.streams = p->in->streams,
		.attestation = &p->attestation,
		.files = p->in->files,
		.file_count = p->in->file_count,
		.stop = &p->control.stop,
	};
	program_attestation_init(&p->attestation, p->digests.launch, p->digests.program);
	p->attestation.keys = p->in->keys;
	p->attestation.key_count = p->in->key_count;
	enum err err = wasi_init(&p->wasi, &p->wasi_config);

	if (err != E_OK)
		return program_refuse(p, p->in->delivered ? given_error(err) : err);
	p->wasi_open = true;
	return E_OK;
}

static enum err refuse_link(struct program *p, enum err err, const struct wasm_link_error *error)
{
	if (err == E_WASM_TRAP) {
		program_end(p, &p->first, error->trap);
		return err;
	}
	if (err == E_WASM_UNKNOWN_IMPORT || err == E_WASM_IMPORT_TYPE) {
		const struct wasm_import *import = &p->module.imports[error->import];

		program_add_text(p, import->module);
		program_add_text(p, (struct wasm_name){".", 1});
		program_add_text(p, import->name);
	}
	return program_refuse(p, err);
}

/* The record's limit in pages; one that is no page at all would read as "no limit". */
static bool memory_limit(const struct launch_record *r, uint64_t *pages)
{
	*pages = r->limits.memory / WASM_PAGE_SIZE;
	return r->limits.memory == 0 || *pages != 0;
}

static uint32_t thread_limit(const struct launch_limits *limits)
{
	return limits->threads != 0 && limits->threads < PROGRAM_THREADS_MAX ? limits->threads
									     : PROGRAM_THREADS_MAX;
}

/* What bounds the running. A program that cannot start threads pays nothing for ending them; native code
 * that makes up a reference can call thread-spawn all the same, and gets none. */
static enum err set_limits(struct program *p)
{
	const struct launch_limits *limits = &p->record.limits;

	if (!memory_limit(&p->record, &p->max_memory_pages))
		return program_refuse(p, E_PROGRAM_MEMORY_LIMIT);
	p->spawns = program_imports_spawn(&p->module);
	if (p->spawns && !program_has_thread_entry(&p->module))
		return program_refuse(p, E_PROGRAM_THREAD_ENTRY);
	p->thread_limit = p->spawns ? thread_limit(limits) : 1;
	p->control.metered = limits->fuel != 0;
	p->control.fuel = limits->fuel;
	p->control.polled = limits->timeout != 0 || p->thread_limit > 1;
	return E_OK;
}

static enum err instantiate(struct program *p)
{
	struct wasm_link_error error = {0};
	enum err err = program_imports_init(&p->imports, p);

	p->memories =
		arena_alloc_array(&p->arena, p->module.import_memory_count, sizeof(p->memories[0]));
	if (err != E_OK || !p->memories)
		return program_refuse(p, E_NOMEM);
	err = program_thread_init(p, &p->first, &error);
	if (err != E_OK)
		return refuse_link(p, err, &error);
	err = program_engine_begin(&p->first);
	return err == E_OK ? E_OK : program_refuse(p, err);
}

/* The function to run: the record's, or _start. */
static enum err find_entry(struct program *p, struct wasm_func_instance **func)
{
	struct launch_bytes invoke = p->record.invoke;
	struct wasm_name name = wasm_name_of(START_FUNCTION);
	struct wasm_extern found;

	if (invoke.size != 0)
		name = (struct wasm_name){(const char *)invoke.p, (uint32_t)invoke.size};
	if (!wasm_instance_export(p->first.instance, name, &found) ||
	    found.kind != WASM_KIND_FUNC) {
		program_add_text(p, name);
		return program_refuse(p, E_PROGRAM_NO_ENTRY);
	}
	*func = found.func;
	return E_OK;
}

/* A v128 can neither be given nor told: it has more bits than a value has. */
static bool has_v128(const struct wasm_func_type *type)
{
	return type->param_slots != type->param_count || type->result_slots != type->result_count;
}

/* The record's values as arguments: number and types must be the function's. */
static enum err take_arguments(struct program *p, const struct wasm_func_type *type)
{
	const struct launch_record *r = &p->record;
	bool invoked = r->invoke.size != 0;

	if (has_v128(type))
		return program_refuse(p, E_PROGRAM_VECTOR);
	if (r->value_count != type->param_count || type->param_count > RUN_VALUES_MAX ||
	    type->result_count > RUN_VALUES_MAX || (!invoked && type->result_count != 0))
		return program_refuse(p, E_PROGRAM_ARGUMENTS);
	for (uint32_t i = 0; i < type->param_count; i++) {
		if ((uint32_t)r->values[i].type != type->params[i])
			return program_refuse(p, E_PROGRAM_ARGUMENTS);
		p->args[i] = r->values[i].bits;
	}
	return E_OK;
}

static void call_entry(struct program *p, const struct wasm_func_instance *func)
{
	struct program_thread *t = &p->first;
	enum wasm_trap trap = program_stop_reason(p);

	if (trap == TRAP_NONE)
		trap = program_thread_begin(t);
	if (trap == TRAP_NONE)
		trap = program_engine_call(t, func, p->args, p->results);
	if (program_end(p, t, trap) && trap == TRAP_NONE)
		program_set_results(p, func->type);
}

static void run(struct program *p)
{
	struct wasm_func_instance *entry = NULL;

	if (check_record(p) != E_OK || check_module(p) != E_OK || set_limits(p) != E_OK ||
	    program_engine_open(p) != E_OK || program_volumes_open(p) != E_OK ||
	    open_wasi(p) != E_OK || instantiate(p) != E_OK || find_entry(p, &entry) != E_OK ||
	    take_arguments(p, entry->type) != E_OK)
		return;
	program_threads_ready(p);
	call_entry(p, entry);
}

void program_run(const struct program_input *in, struct program_outcome *out)
{
	struct program *p = heap_alloc(sizeof(*p));

	memset(out, 0, sizeof(*out));
	if (!p) {
		out->kind = RUN_REFUSED;
		out->code = E_NOMEM;
		return;
	}
	p->in = in;
	p->out = out;
	program_threads_open(p);
	run(p);
	program_threads_close(p);
	if (p->wasi_open)
		wasi_fini(&p->wasi);
	program_volumes_close(p);
	program_thread_fini(&p->first);
	program_engine_close(p);
	program_imports_fini(&p->imports);
	wasm_module_fini(&p->module);
	arena_fini(&p->arena);
	heap_free(p);
}
