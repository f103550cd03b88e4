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
	uint32_t type;

	for (uint32_t runs = wasm_locals_begin(&r); runs > 0; runs--) {
		wasm_locals_next(m, &r, &count, &type);
		total += count;
	}
	require(r.p == wasm_body_code(m, body).p && total == body->local_count);
	require(total <= WASM_MAX_LOCALS);
}

static bool opens_block(enum wasm_op op)
{
	uint8_t imm = wasm_op_info(op)->imm;

	return imm == WASM_IMM_BLOCK || imm == WASM_IMM_TRY_TABLE;
}

/* Clauses of a try_table, or a handler of the older form. */
static uint32_t count_catches(struct wasm_insn *insn)
{
	switch (insn->op) {
	case WASM_OP_TRY_TABLE:
		for (uint32_t i = 0; i < insn->catch_count; i++)
			require(code_catch_next(&insn->catches).kind <= WASM_CATCH_ALL_REF);
		require(reader_done(&insn->catches));
		return insn->catch_count;
	case WASM_OP_CATCH:
	case WASM_OP_CATCH_ALL:
	case WASM_OP_DELEGATE:
		return 1;
	default:
		return 0;
	}
}

static void read_code(const struct wasm_module *m, uint32_t func)
{
	const struct wasm_body *body = wasm_func_body(m, func);
	struct reader r = wasm_body_code(m, body);
	uint32_t blocks = 0, catches = 0, open = 1;
	struct wasm_insn insn;

	while (open > 0) {
		require(code_next(m, &r, &insn) == E_OK);
		if (opens_block(insn.op)) {
			blocks++;
			open++;
		}
		if (insn.op == WASM_OP_END || insn.op == WASM_OP_DELEGATE)
			open--;
		catches += count_catches(&insn);
		require(open <= body->max_depth);
	}
	require(reader_done(&r) && blocks == body->block_count);
	require(catches == body->catch_count);
}

static void read_elem(const struct wasm_module *m, const struct wasm_elem *elem)
{
	struct reader r = wasm_span_reader(m, elem->items);

	for (uint32_t i = 0; i < elem->count; i++) {
		struct wasm_item item = wasm_elem_next(m, elem, &r);

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
