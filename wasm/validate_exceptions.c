/*
 * Exceptions in both forms: try_table, throw and throw_ref (Core 3.0, 3.4.2), and the older try,
 * catch, catch_all, delegate and rethrow (exception handling proposal, legacy).
 * Trust: the bytes are untrusted.
 */
#include "wasm/validate_impl.h"

static enum err validate_tag(const struct validator *v, uint32_t tag, struct types *params)
{
	if (tag >= v->m->tag_count)
		return E_WASM_NO_SUCH_TAG;
	*params = types_params(wasm_tag_type(v->m, tag));
	return E_OK;
}

/* ---- try_table ------------------------------------------------------------------------------- */

/* Do `given`, and then an exception if there is one, match the label's types? */
static bool catch_matches(struct types given, bool has_exn, struct types label)
{
	const uint32_t exn = WASM_REF_ABSTRACT(WASM_HEAP_EXN);

	if (label.count != given.count + has_exn)
		return false;
	for (uint32_t i = 0; i < given.count; i++) {
		if (!types_match(given.p[i], label.p[i]))
			return false;
	}
	return !has_exn || types_match(exn, label.p[given.count]);
}

/* A clause stands outside of its try_table: it branches there with what it caught. */
static enum err validate_clause(const struct validator *v, struct wasm_catch clause)
{
	bool has_tag = clause.kind == WASM_CATCH || clause.kind == WASM_CATCH_REF;
	bool has_exn = clause.kind == WASM_CATCH_REF || clause.kind == WASM_CATCH_ALL_REF;
	struct types params = {0};
	struct frame *frame;
	enum err e = has_tag ? validate_tag(v, clause.tag, &params) : E_OK;

	if (!e)
		e = validate_label(v, &frame, clause.label);
	if (e)
		return e;
	return catch_matches(params, has_exn, validate_label_types(frame)) ? E_OK
									   : E_WASM_TYPE_MISMATCH;
}

enum err validate_try_table(struct validator *v, const struct wasm_insn *insn)
{
	struct reader catches = insn->catches;
	enum err e = E_OK;

	for (uint32_t i = 0; !e && i < insn->catch_count; i++)
		e = validate_clause(v, code_catch_next(&catches));
	if (e)
		return e;
	v->body->catch_count += insn->catch_count;
	return validate_block(v, insn, FRAME_TRY_TABLE);
}

enum err validate_throw(struct validator *v, uint32_t tag)
{
	struct types params;
	enum err e = validate_tag(v, tag, &params);

	if (!e)
		e = validate_pop_types(v, params);
	if (!e)
		validate_end_path(v);
	return e;
}

enum err validate_throw_ref(struct validator *v)
{
	enum err e = validate_pop(v, WASM_EXNREF);

	if (!e)
		validate_end_path(v);
	return e;
}

/* ---- the older form -------------------------------------------------------------------------- */

/*
 * The innermost block, a `try`, goes on with a handler. From the first one to its end the block has
 * a slot more, below its operands, for the exception that a rethrow names.
 */
static enum err validate_handler(struct validator *v, enum frame_kind kind)
{
	if (v->top->kind != FRAME_TRY && v->top->kind != FRAME_CATCH)
		return E_WASM_CATCH_WITHOUT_TRY;
	enum err e = validate_results(v);

	if (e)
		return e;
	if (v->top->kind == FRAME_TRY)
		v->top->wide++;
	validate_restart(v, kind);
	type_stack_note(&v->stack);
	v->body->catch_count++;
	return E_OK;
}

enum err validate_catch(struct validator *v, uint32_t tag)
{
	struct types params;
	enum err e = validate_tag(v, tag, &params);

	if (!e)
		e = validate_handler(v, FRAME_CATCH);
	return e ? e : validate_push_types(v, params);
}

enum err validate_catch_all(struct validator *v)
{
	return validate_handler(v, FRAME_CATCH_ALL);
}

/* In the place of `end`; the label counts from outside of the try. */
enum err validate_delegate(struct validator *v, uint32_t label)
{
	if (v->top->kind != FRAME_TRY)
		return E_WASM_CATCH_WITHOUT_TRY;
	if (label >= v->depth - 1)
		return E_WASM_NO_SUCH_LABEL;
	enum err e = validate_results(v);

	if (e)
		return e;
	v->body->catch_count++;
	return validate_close(v);
}

enum err validate_rethrow(struct validator *v, uint32_t label)
{
	struct frame *frame;
	enum err e = validate_label(v, &frame, label);

	if (e)
		return e;
	if (frame->kind != FRAME_CATCH && frame->kind != FRAME_CATCH_ALL)
		return E_WASM_RETHROW_LABEL;
	validate_end_path(v);
	return E_OK;
}
