/*
 * Decoder and validator under arbitrary bytes: nothing is read beyond them, and what is accepted
 * reads again, completely, by the functions that the interpreter uses, with the figures that were
 * noted.
 */
#include <stdlib.h>

#include "wasm/code.h"
#include "wasm/limits.h"
#include "wasm/validate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool claim)
{
	if (!claim)
		abort();
}

/* The locals of a valid body end where its code begins. */
static void read_locals(const struct wasm_module *m, uint32_t func)
{
	const struct wasm_body *body = wasm_func_body(m, func);
	struct reader r = wasm_span_reader(m, body->span);
	uint32_t total = wasm_func_type(m, func)->param_count;
	uint32_t count;
	uint8_t type;

	for (uint32_t runs = wasm_locals_begin(&r); runs > 0; runs--) {
		wasm_locals_next(&r, &count, &type);
		total += count;
	}
	require(r.p == wasm_body_code(m, body).p && total == body->local_count);
	require(total <= WASM_MAX_LOCALS);
}

static void read_code(const struct wasm_module *m, uint32_t func)
{
	const struct wasm_body *body = wasm_func_body(m, func);
	struct reader r = wasm_body_code(m, body);
	uint32_t blocks = 0, open = 1;
	struct wasm_insn insn;

	while (open > 0) {
		require(code_next(&r, &insn) == E_OK);
		if (wasm_op_info(insn.op)->imm == WASM_IMM_BLOCK) {
			blocks++;
			open++;
		}
		if (insn.op == WASM_OP_END)
			open--;
		require(open <= body->max_depth);
	}
	require(reader_done(&r) && blocks == body->block_count);
}

static void read_elem(const struct wasm_module *m, const struct wasm_elem *elem)
{
	struct reader r = wasm_span_reader(m, elem->items);

	for (uint32_t i = 0; i < elem->count; i++) {
		struct wasm_item item = wasm_elem_next(elem, &r);

		require(item.kind != WASM_ITEM_FUNC || item.index < m->func_count);
		require(item.kind != WASM_ITEM_GLOBAL || item.index < m->global_count);
	}
	require(reader_done(&r));
}

static void read_module(const struct wasm_module *m)
{
	size_t section, payload;

	wasm_find_native(m->bytes, m->size, &section, &payload);
	require(section == m->native_at);
	require(section == m->size || payload == m->native.offset);
	for (uint32_t i = m->import_func_count; i < m->func_count; i++) {
		read_locals(m, i);
		read_code(m, i);
	}
	for (uint32_t i = 0; i < m->elem_count; i++)
		read_elem(m, &m->elems[i]);
	for (uint32_t i = 0; i < m->export_count; i++) {
		const struct wasm_export *e = &m->exports[i];

		require(wasm_export_find(m, e->name.p, e->name.len) == e);
	}
	for (uint32_t i = 0; i < m->func_count && i < 8; i++)
		require(wasm_func_name(m, i).len <= WASM_MAX_NAME);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wasm_module m;
	struct wasm_error error = {0};
	enum err e = wasm_decode(&m, &error, data, size);

	if (!e)
		e = wasm_validate(&m, &error);
	require(e == error.code && error.offset <= size);
	if (!e)
		read_module(&m);
	wasm_module_fini(&m);
	return 0;
}
