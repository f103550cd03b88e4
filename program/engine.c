/*
 * The engine of a program: the interpreter, or the native code in its module.
 * Trust: the native section is the one whose digest the record names (program.c has compared it), and that says
 * nothing of what it does: native/ checks its form, that it was made for this module, and every function of it
 * before one byte becomes executable. There is no way around that.
 * Invariant: one engine for all threads of a program. Code that must be ended from outside, or
 * counted, says that it looks.
 */
#include "program/impl.h"

/* What the words of a general error speak of. */
static enum err refuse_section(struct program *p, enum err err)
{
	if (err == E_TRUNCATED || err == E_MALFORMED || err == E_LIMIT)
		program_add_text(p, wasm_name_of(NATIVE_SECTION_NAME));
	return program_refuse(p, err);
}

static uint32_t required_flags(const struct wasm_control *control)
{
	return (control->metered ? NATIVE_METERED : 0) | (control->polled ? NATIVE_POLLED : 0);
}

/* Which function, where in it, why (boundary/abi.h has the form). */
static enum err refuse_code(struct program *p, const struct native_refusal *r)
{
	const struct wasm_module *m = &p->module;
	const bool routine = r->entry >= m->func_count - m->import_func_count;
	const uint32_t func = routine ? RUN_NO_FUNCTION : m->import_func_count + r->entry;

	p->out->detail[0] = r->offset;
	p->out->detail[1] = (uint64_t)r->reason << 32 | func;
	if (!routine)
		program_add_text(p, wasm_func_name(m, func));
	return program_refuse(p, E_NATIVE_UNVERIFIED);
}

static enum err load_code(struct program *p)
{
	const struct wasm_module *m = &p->module;
	struct native_refusal refusal;
	struct native_image image;
	enum err err = native_decode(&image, m->bytes + m->native.offset, m->native.size);

	if (err == E_OK)
		err = native_check(&image, m, p->record.module_digest, required_flags(&p->control));
	if (err == E_OK)
		err = native_load(&p->code, &refusal, &image, m);
	if (err == E_NATIVE_UNVERIFIED)
		return refuse_code(p, &refusal);
	return err == E_OK ? E_OK : refuse_section(p, err);
}

enum err program_engine_open(struct program *p)
{
	return p->record.engine == LAUNCH_ENGINE_NATIVE ? load_code(p) : E_OK;
}

void program_engine_close(struct program *p)
{
	native_code_fini(&p->code);
}

enum err program_engine_init(struct program *p, struct program_thread *t)
{
	const struct interp_limits limits = {.stack_size = p->record.limits.stack};

	if (p->record.engine == LAUNCH_ENGINE_NATIVE) {
		t->code = &p->code;
		t->stack_size = p->record.limits.stack;
		native_store_init(&t->store);
		return E_OK;
	}
	interp_store_init(&t->store);
	return interp_thread_init(&t->interp, &t->store, &limits);
}

enum err program_engine_begin(struct program_thread *t)
{
	const struct native_limits limits = {.stack_size = t->stack_size};

	if (!t->code)
		return E_OK;
	enum err err = native_thread_init(&t->native, &t->store, &limits);

	return err == E_OK ? native_link(&t->native, t->instance, t->code) : err;
}

void program_engine_fini(struct program_thread *t)
{
	interp_thread_fini(&t->interp);
	native_thread_fini(&t->native);
}

enum wasm_trap program_engine_call(struct program_thread *t, const struct wasm_func_instance *func,
				   const uint64_t *args, uint64_t *results)
{
	return t->code ? native_call(&t->native, func, args, results)
		       : interp_call(&t->interp, func, args, results);
}

uint32_t program_engine_exit_status(const struct program_thread *t)
{
	return t->code ? t->native.caller.exit_status : t->interp.caller.exit_status;
}

size_t program_engine_backtrace(const struct program_thread *t, struct interp_position *out,
				size_t max)
{
	size_t depth;

	if (!t->code)
		return interp_backtrace(&t->interp, out, max, 0, &depth);
	if (!t->native.trap_func || max == 0)
		return 0;
	out[0] = (struct interp_position){.func = t->native.trap_func, .offset = 0};
	return 1;
}
