/*
 * How a program ended, as it is told to the host.
 * Trust: the record's diagnostics say how much of a trap may be told. Names are the module's bytes.
 * Invariant: nothing of a trap is told beyond that; sizes stay within struct program_outcome.
 */
#include <string.h>

#include "program/impl.h"

enum err program_refuse(struct program *p, enum err err)
{
	p->out->kind = RUN_REFUSED;
	p->out->code = err;
	return err;
}

void program_add_text(struct program *p, struct wasm_name name)
{
	struct program_outcome *out = p->out;
	size_t room = sizeof(out->text) - out->text_size;
	size_t n = name.len < room ? name.len : room;

	if (n != 0)
		memcpy(out->text + out->text_size, name.p, n);
	out->text_size += (uint32_t)n;
}

static void add_backtrace(struct program_outcome *out, const struct program_thread *t)
{
	struct interp_position at[RUN_FRAMES_MAX];
	size_t n = program_engine_backtrace(t, at, RUN_FRAMES_MAX);

	for (size_t i = 0; i < n; i++) {
		const struct wasm_func_instance *f = at[i].func;
		struct wasm_name name = {NULL, 0};

		if (f->instance)
			name = wasm_func_name(f->instance->module, f->index);
		out->frame[i] = (struct program_frame){f->index, at[i].offset, name.p, name.len};
	}
	out->frame_count = (uint32_t)n;
}

void program_set_outcome(struct program *p, const struct program_thread *t, enum wasm_trap trap)
{
	struct program_outcome *out = p->out;
	const bool tell_kind = p->record.diagnostics >= LAUNCH_DIAGNOSTICS_TRAP;

	if (trap == TRAP_NONE || trap == TRAP_EXIT) {
		out->kind = RUN_EXITED;
		out->code = trap == TRAP_EXIT ? program_engine_exit_status(t) : 0;
		return;
	}
	out->kind = RUN_TRAPPED;
	out->code = tell_kind ? trap : TRAP_NONE;
	if (p->record.diagnostics >= LAUNCH_DIAGNOSTICS_BACKTRACE)
		add_backtrace(out, t);
}

/* The code of a type (Core 5.3.1): of a reference type that of the top of its hierarchy. */
static uint32_t result_type(uint32_t type)
{
	return wasm_type_is_ref(type) ? (uint32_t)wasm_type_top(type) : type;
}

void program_set_results(struct program *p, const struct wasm_func_type *type)
{
	must(type->result_count <= RUN_VALUES_MAX && type->result_slots == type->result_count);
	for (uint32_t i = 0; i < type->result_count; i++)
		p->out->value[i] = (struct run_value){result_type(type->results[i]), p->results[i]};
	p->out->value_count = type->result_count;
}
