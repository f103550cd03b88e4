/*
 * Blocks and branches (Core 3.0, 3.4.2 and appendix A.3).
 * Trust: the bytes are untrusted.
 * Invariant: a br_table looks at each frame once, however many labels it has.
 */
#include "wasm/validate_impl.h"

#include "base/heap.h"

#define VALIDATE_FIRST_FRAMES 64u

/* ---- frames ---------------------------------------------------------------------------------- */

static enum err validate_grow_frames(struct validator *v)
{
	uint32_t capacity = v->frame_capacity ? v->frame_capacity * 2 : VALIDATE_FIRST_FRAMES;
	struct frame *frames = heap_resize(v->frames, v->frame_capacity * sizeof(*frames),
					   capacity * sizeof(*frames));

	if (!frames)
		return E_NOMEM;
	v->frames = frames;
	v->frame_capacity = capacity;
	return E_OK;
}

/* Opens a block at the present height: its parameters are still to be pushed. */
static enum err validate_open(struct validator *v, struct frame frame)
{
	if (v->depth == v->frame_capacity) {
		enum err e = validate_grow_frames(v);

		if (e)
			return e;
	}
	frame.height = v->stack.height;
	frame.wide = v->stack.wide;
	frame.set_count = v->locals->set_count;
	v->top = &v->frames[v->depth++];
	*v->top = frame;
	if (v->depth > v->body->max_depth)
		v->body->max_depth = v->depth;
	return E_OK;
}

enum err validate_open_body(struct validator *v)
{
	return validate_open(v, (struct frame){.type = v->type, .kind = FRAME_BLOCK});
}

static struct types frame_params(const struct frame *frame)
{
	return frame->type ? types_params(frame->type) : (struct types){0};
}

/* Valid until another frame opens. */
static struct types frame_results(const struct frame *frame)
{
	if (frame->type)
		return types_results(frame->type);
	return (struct types){&frame->result, frame->result != WASM_NO_TYPE};
}

enum err validate_results(struct validator *v)
{
	enum err e = validate_pop_types(v, frame_results(v->top));

	if (e)
		return e;
	return v->stack.height == v->top->height ? E_OK : E_WASM_TYPE_MISMATCH;
}

void validate_restart(struct validator *v, enum frame_kind kind)
{
	v->stack.height = v->top->height;
	v->stack.wide = v->top->wide;
	v->top->kind = (uint8_t)kind;
	v->top->unreachable = false;
	locals_unset(v->locals, v->top->set_count);
}

enum err validate_close(struct validator *v)
{
	struct frame closed = *v->top;

	validate_restart(v, FRAME_BLOCK);
	if (closed.kind == FRAME_CATCH || closed.kind == FRAME_CATCH_ALL)
		v->stack.wide--;
	if (--v->depth == 0)
		return E_OK;
	v->top--;
	return validate_push_types(v, frame_results(&closed));
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static enum err validate_block_type(const struct validator *v, struct frame *out,
				    const struct wasm_block_type *block)
{
	out->result = block->result;
	if (!block->has_index)
		return E_OK;
	if (block->index >= v->m->type_count)
		return E_WASM_NO_SUCH_TYPE;
	out->type = &v->m->types[block->index];
	return E_OK;
}

enum err validate_block(struct validator *v, const struct wasm_insn *insn, enum frame_kind kind)
{
	struct frame frame = {.kind = (uint8_t)kind};
	enum err e = validate_block_type(v, &frame, &insn->block);
	struct types params = frame_params(&frame);

	if (!e)
		e = validate_pop_types(v, params);
	if (!e)
		e = validate_open(v, frame);
	v->body->block_count++;
	return e ? e : validate_push_types(v, params);
}

enum err validate_if(struct validator *v, const struct wasm_insn *insn)
{
	enum err e = validate_pop(v, WASM_I32);

	return e ? e : validate_block(v, insn, FRAME_IF);
}

enum err validate_else(struct validator *v)
{
	if (v->top->kind != FRAME_IF)
		return E_WASM_ELSE_WITHOUT_IF;
	enum err e = validate_results(v);

	if (e)
		return e;
	validate_restart(v, FRAME_ELSE);
	return validate_push_types(v, frame_params(v->top));
}

/* Without an else the parameters become the results. */
static bool validate_passes_through(const struct frame *frame)
{
	struct types params = frame_params(frame), results = frame_results(frame);

	if (params.count != results.count)
		return false;
	for (uint32_t i = 0; i < params.count; i++) {
		if (!types_match(params.p[i], results.p[i]))
			return false;
	}
	return true;
}

enum err validate_end(struct validator *v)
{
	enum err e = validate_results(v);

	if (e)
		return e;
	if (v->top->kind == FRAME_IF && !validate_passes_through(v->top))
		return E_WASM_TYPE_MISMATCH;
	return validate_close(v);
}

/* ---- branches -------------------------------------------------------------------------------- */

struct types validate_label_types(const struct frame *frame)
{
	return frame->kind == FRAME_LOOP ? frame_params(frame) : frame_results(frame);
}

enum err validate_label(const struct validator *v, struct frame **out, uint32_t label)
{
	if (label >= v->depth)
		return E_WASM_NO_SUCH_LABEL;
	*out = v->top - label;
	return E_OK;
}

enum err validate_br(struct validator *v, uint32_t label)
{
	struct frame *frame;
	enum err e = validate_label(v, &frame, label);

	if (!e)
		e = validate_pop_types(v, validate_label_types(frame));
	if (!e)
		validate_end_path(v);
	return e;
}

enum err validate_br_if(struct validator *v, uint32_t label)
{
	struct frame *frame;
	enum err e = validate_label(v, &frame, label);

	if (!e)
		e = validate_pop(v, WASM_I32);
	return e ? e : validate_retype(v, validate_label_types(frame));
}

/* One target of a br_table: *arity is that of the first. */
static enum err validate_target(struct validator *v, uint32_t label, bool first, uint32_t *arity)
{
	struct frame *frame;
	enum err e = validate_label(v, &frame, label);

	if (e || frame->stamp == v->stamp)
		return e;
	struct types types = validate_label_types(frame);

	frame->stamp = v->stamp;
	if (first)
		*arity = types.count;
	if (types.count != *arity || !validate_top_matches(v, types))
		return E_WASM_TYPE_MISMATCH;
	return E_OK;
}

enum err validate_br_table(struct validator *v, const struct wasm_insn *insn)
{
	struct reader targets = insn->labels.targets;
	uint32_t arity = 0;
	enum err e = validate_pop(v, WASM_I32);

	v->stamp++;
	for (uint32_t i = 0; !e && i <= insn->labels.count; i++)
		e = validate_target(v, code_label_next(&targets), i == 0, &arity);
	if (!e)
		validate_end_path(v);
	return e;
}

enum err validate_return(struct validator *v)
{
	enum err e = validate_pop_types(v, types_results(v->type));

	if (!e)
		validate_end_path(v);
	return e;
}
