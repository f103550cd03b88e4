/*
 * Runs one program.
 * Trust: launch record and module are what somebody gave; the platform's launch binding says which
 * record the enclave was started for, and the record which module. Everything the program does
 * later is checked by wasm/, interp/ and wasi/.
 * Invariant: check, then act: nothing runs before record, digests, module and imports are accepted.
 */
#include "program/program.h"

#include <string.h>

#include "base/heap.h"
#include "base/wipe.h"
#include "hostcall/hostcall.h"
#include "interp/interp.h"
#include "launch/launch.h"
#include "platform/platform.h"
#include "program/imports.h"
#include "wasi/wasi.h"
#include "wasm/instance.h"
#include "wasm/limits.h"
#include "wasm/validate.h"

#define START_FUNCTION "_start"

struct program {
	const struct program_input *in;
	struct program_outcome *out;
	struct arena arena;
	struct launch_record record;
	struct wasm_module module;
	struct wasi_config wasi_config;
	struct wasi wasi;
	bool wasi_open;
	struct wasm_store store;
	struct program_imports imports;
	struct interp_thread thread;
	struct wasm_instance *instance;
};

static void out_text(struct program_outcome *out, struct wasm_name name)
{
	size_t room = sizeof(out->text) - out->text_size;
	size_t n = name.len < room ? name.len : room;

	if (n != 0)
		memcpy(out->text + out->text_size, name.p, n);
	out->text_size += (uint32_t)n;
}

MUST_USE static enum err refuse(struct program *p, enum err err)
{
	p->out->kind = RUN_REFUSED;
	p->out->code = err;
	return err;
}

/* What the format of the record knows and this runtime cannot do. */
static bool record_supported(const struct launch_record *r)
{
	for (uint32_t i = 0; i < r->mount_count; i++) {
		if (r->mounts[i].kind != LAUNCH_MOUNT_HOST)
			return false;
	}
	return r->engine == LAUNCH_ENGINE_INTERPRETER && r->limits.fuel == 0 &&
	       r->limits.timeout == 0 && r->limits.threads == 0;
}

static enum err check_record(struct program *p)
{
	struct launch_digests digests;
	enum err err =
		launch_decode(&p->record, &p->arena, p->in->launch_record, p->in->launch_size);

	if (err != E_OK)
		return refuse(p, err);
	launch_measure(&p->record, &digests);
	err = platform_check_launch(digests.launch);
	if (err != E_OK)
		return refuse(p, err == E_DENIED ? E_PROGRAM_LAUNCH : err);
	return record_supported(&p->record) ? E_OK : refuse(p, E_UNSUPPORTED);
}

static enum err refuse_module(struct program *p, const struct wasm_error *error)
{
	p->out->detail[0] = error->offset;
	p->out->detail[1] = error->func;
	out_text(p->out, error->name);
	return refuse(p, error->code);
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
		return refuse(p, E_PROGRAM_MODULE);
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

static void list_mounts(const struct launch_record *r, struct wasi_mount *mounts)
{
	for (uint32_t i = 0; i < r->mount_count; i++) {
		const struct launch_mount *m = &r->mounts[i];

		mounts[i] = (struct wasi_mount){
			.path = {m->guest_path.p, m->guest_path.size},
			.kind = WASI_MOUNT_HOST,
			.read_only = m->read_only,
			.handle = HOST_HANDLE_MOUNTS + i,
		};
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
		return refuse(p, E_NOMEM);
	for (uint32_t i = 0; i < r->argc; i++)
		args[i] = (struct wasi_bytes){r->argv[i].p, r->argv[i].size};
	list_mounts(r, mounts);
	p->wasi_config =
		(struct wasi_config){args, r->argc, env, r->env_count, mounts, r->mount_count};
	enum err err = wasi_init(&p->wasi, &p->wasi_config);

	if (err != E_OK)
		return refuse(p, err);
	p->wasi_open = true;
	return E_OK;
}

static void add_backtrace(struct program *p)
{
	struct interp_position at[RUN_FRAMES_MAX];
	size_t depth, n = interp_backtrace(&p->thread, at, RUN_FRAMES_MAX, 0, &depth);

	for (size_t i = 0; i < n; i++) {
		const struct wasm_func_instance *f = at[i].func;
		struct wasm_name name = {NULL, 0};

		if (f->instance)
			name = wasm_func_name(f->instance->module, f->index);
		p->out->frame[i] = (struct program_frame){f->index, at[i].offset, name.p, name.len};
	}
	p->out->frame_count = (uint32_t)n;
}

static void set_trapped(struct program *p, enum wasm_trap trap)
{
	struct program_outcome *out = p->out;
	bool tell_kind = p->record.diagnostics >= LAUNCH_DIAGNOSTICS_TRAP;

	out->kind = RUN_TRAPPED;
	out->code = tell_kind ? trap : TRAP_NONE;
	if (p->record.diagnostics < LAUNCH_DIAGNOSTICS_BACKTRACE)
		return;
	add_backtrace(p);
}

/* How a call of guest code ended. */
static void set_end(struct program *p, enum wasm_trap trap)
{
	if (trap == TRAP_NONE || trap == TRAP_EXIT) {
		p->out->kind = RUN_EXITED;
		p->out->code = trap == TRAP_EXIT ? p->thread.caller.exit_status : 0;
		return;
	}
	set_trapped(p, trap);
}

static enum err refuse_link(struct program *p, enum err err, const struct wasm_link_error *error)
{
	if (err == E_WASM_TRAP) {
		set_trapped(p, error->trap);
		return err;
	}
	if (err == E_WASM_UNKNOWN_IMPORT || err == E_WASM_IMPORT_TYPE) {
		const struct wasm_import *import = &p->module.imports[error->import];

		out_text(p->out, import->module);
		out_text(p->out, (struct wasm_name){".", 1});
		out_text(p->out, import->name);
	}
	return refuse(p, err);
}

/* The record's limit in pages; one that is no page at all would read as "no limit". */
static bool memory_limit(const struct launch_record *r, uint64_t *pages)
{
	*pages = r->limits.memory / WASM_PAGE_SIZE;
	return r->limits.memory == 0 || *pages != 0;
}

static enum err instantiate(struct program *p)
{
	struct wasm_store_config config = {
		.memory_ops = program_memory_ops(),
	};
	struct interp_limits limits = {.stack_size = p->record.limits.stack};
	struct wasm_link_error error = {0};
	enum err err = E_PROGRAM_MEMORY_LIMIT;

	if (memory_limit(&p->record, &config.max_memory_pages))
		err = wasm_store_init(&p->store, &config);
	if (err != E_OK)
		return refuse(p, err);
	interp_store_init(&p->store);
	err = interp_thread_init(&p->thread, &p->store, &limits);
	if (err == E_OK)
		err = program_imports_init(&p->imports, &p->store, &p->wasi);
	if (err != E_OK)
		return refuse(p, err);
	err = wasm_instantiate(&p->store, &p->module, wasm_linker_resolve, &p->imports.linker,
			       &p->instance, &error);
	return err == E_OK ? E_OK : refuse_link(p, err, &error);
}

/* The function to run: the record's, or _start. */
static enum err find_entry(struct program *p, struct wasm_func_instance **func)
{
	struct launch_bytes invoke = p->record.invoke;
	struct wasm_name name = wasm_name_of(START_FUNCTION);
	struct wasm_extern found;

	if (invoke.size != 0)
		name = (struct wasm_name){(const char *)invoke.p, (uint32_t)invoke.size};
	if (!wasm_instance_export(p->instance, name, &found) || found.kind != WASM_KIND_FUNC) {
		out_text(p->out, name);
		return refuse(p, E_PROGRAM_NO_ENTRY);
	}
	*func = found.func;
	return E_OK;
}

/* The record's values as arguments: number and types must be the function's. */
static enum err take_arguments(struct program *p, const struct wasm_func_type *type, uint64_t *args)
{
	const struct launch_record *r = &p->record;
	bool invoked = r->invoke.size != 0;

	if (r->value_count != type->param_count || type->param_count > RUN_VALUES_MAX ||
	    type->result_count > RUN_VALUES_MAX || (!invoked && type->result_count != 0))
		return refuse(p, E_PROGRAM_ARGUMENTS);
	for (uint32_t i = 0; i < type->param_count; i++) {
		if (r->values[i].type != (enum launch_value_type)type->params[i])
			return refuse(p, E_PROGRAM_ARGUMENTS);
		args[i] = r->values[i].bits;
	}
	return E_OK;
}

static void give_results(struct program *p, const struct wasm_func_type *type,
			 const uint64_t *results)
{
	for (uint32_t i = 0; i < type->result_count; i++)
		p->out->value[i] = (struct run_value){type->results[i], results[i]};
	p->out->value_count = type->result_count;
}

static void call_entry(struct program *p, struct wasm_func_instance *func)
{
	static uint64_t values[2][RUN_VALUES_MAX]; /* arguments, results: too large for the stack */
	struct wasm_func_instance *start = wasm_instance_start(p->instance);
	enum wasm_trap trap = TRAP_NONE;

	if (take_arguments(p, func->type, values[0]) != E_OK)
		return;
	if (start)
		trap = interp_call(&p->thread, start, NULL, NULL);
	if (trap == TRAP_NONE) {
		trap = interp_call(&p->thread, func, values[0], values[1]);
		if (trap == TRAP_NONE)
			give_results(p, func->type, values[1]);
	}
	set_end(p, trap);
}

static void run(struct program *p)
{
	struct wasm_func_instance *entry;

	if (check_record(p) == E_OK && check_module(p) == E_OK && open_wasi(p) == E_OK &&
	    instantiate(p) == E_OK && find_entry(p, &entry) == E_OK)
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
	run(p);
	if (p->wasi_open)
		wasi_fini(&p->wasi);
	interp_thread_fini(&p->thread);
	wasm_store_fini(&p->store);
	program_imports_fini(&p->imports);
	wasm_module_fini(&p->module);
	arena_fini(&p->arena);
	heap_free(p);
}
