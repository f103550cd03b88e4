/*
 * The type checker's inside, shared by the files validate*.c: not for users of the library. One
 * struct validator checks all bodies of a module, one after the other.
 */
#ifndef WASM_VALIDATE_IMPL_H
#define WASM_VALIDATE_IMPL_H

#include "wasm/code.h"
#include "wasm/module.h"
#include "wasm/type_stack.h"

enum frame_kind {
	FRAME_BLOCK,
	FRAME_LOOP,
	FRAME_IF,
	FRAME_ELSE,
	FRAME_TRY_TABLE,
	FRAME_TRY,	 /* legacy, before its first catch */
	FRAME_CATCH,	 /* legacy, after a catch */
	FRAME_CATCH_ALL, /* legacy, after its catch_all */
};

/* An open block. Below an unreachable point its stack yields values of any type (WASM_NO_TYPE). */
struct frame {
	const struct wasm_func_type *type; /* NULL: no parameters, and the one result or none */
	uint32_t result;		   /* WASM_NO_TYPE: none */
	uint32_t height;		   /* of the operand stack below its parameters */
	uint32_t wide;			   /* the stack's, there */
	uint32_t set_count;		   /* of locals, where it begins */
	uint32_t stamp;			   /* of the last br_table that looked at it */
	uint8_t kind;			   /* enum frame_kind */
	bool unreachable;
};

/* A vector of types that somebody else owns. */
struct types {
	const uint32_t *p;
	uint32_t count;
};

/* Locals of one type that a body declares together. */
struct local_run {
	uint32_t end; /* the index after them */
	uint32_t type;
};

/* So many of the first locals can be looked up without a search. */
#define VALIDATE_NEAR_LOCALS 1024u

/*
 * The locals of the present body (validate_locals.c). A local that cannot be null must be set
 * before it is read: one is set if its stamp is the present one. What a block sets is undone at its
 * end.
 */
struct locals {
	uint32_t count;
	uint32_t slots;
	uint32_t run_count;
	uint32_t set_count;
	uint32_t stamp;
	bool has_v128;
	uint32_t near[VALIDATE_NEAR_LOCALS]; /* types */
	struct local_run *runs;		     /* WASM_MAX_LOCALS */
	uint32_t *stamps;		     /* WASM_MAX_LOCALS */
	uint32_t *sets;			     /* WASM_MAX_LOCALS: what was set, in that order */
};

struct validator {
	const struct wasm_module *m;
	struct wasm_body *body;
	const struct wasm_func_type *type; /* of the function */
	struct reader r;
	const uint8_t *at; /* the present instruction */
	struct type_stack stack;
	struct frame *frames; /* outermost first */
	struct frame *top;    /* innermost; valid while depth > 0 */
	uint32_t depth;
	uint32_t frame_capacity;
	uint32_t stamp; /* of the last br_table */
	struct locals *locals;
};

/* ---- operands (validate_operands.c) ---------------------------------------------------------- */

static inline struct types types_params(const struct wasm_func_type *type)
{
	return (struct types){type->params, type->param_count};
}

static inline struct types types_results(const struct wasm_func_type *type)
{
	return (struct types){type->results, type->result_count};
}

/* Does one of `sub` do for one of `super`? sub may be any type. */
MUST_USE static inline bool types_match(uint32_t sub, uint32_t super)
{
	return sub == super || sub == WASM_NO_TYPE || wasm_type_matches(sub, super);
}

static ALWAYS_INLINE enum err validate_push(struct validator *v, uint32_t type)
{
	return type_stack_push(&v->stack, type);
}

/* Pops a value of any type; WASM_NO_TYPE in unreachable code. */
MUST_USE enum err validate_pop_any(struct validator *v, uint32_t *out);

/* Pops a reference of any type; WASM_REF_BOTTOM in unreachable code. */
MUST_USE enum err validate_pop_ref(struct validator *v, uint32_t *out);

MUST_USE enum err validate_pop_slowly(struct validator *v, uint32_t type);

MUST_USE static ALWAYS_INLINE enum err validate_pop(struct validator *v, uint32_t type)
{
	struct type_stack *s = &v->stack;

	if (likely(s->height > v->top->height && s->types[s->height - 1] == type)) {
		type_stack_pop(s);
		return E_OK;
	}
	return validate_pop_slowly(v, type);
}

/* Do the uppermost values match these types? They stay. */
MUST_USE bool validate_top_matches(const struct validator *v, struct types types);

MUST_USE enum err validate_pop_many(struct validator *v, struct types types);
MUST_USE enum err validate_push_many(struct validator *v, struct types types);

/* Nearly every vector of types has none or one. */
MUST_USE static inline enum err validate_pop_types(struct validator *v, struct types types)
{
	if (types.count == 0)
		return E_OK;
	return types.count == 1 ? validate_pop(v, types.p[0]) : validate_pop_many(v, types);
}

MUST_USE static inline enum err validate_push_types(struct validator *v, struct types types)
{
	if (types.count == 0)
		return E_OK;
	return types.count == 1 ? validate_push(v, types.p[0]) : validate_push_many(v, types);
}

/* Pops them and pushes them: what was there has these types now. */
MUST_USE enum err validate_retype(struct validator *v, struct types types);

/* Nothing after this point runs. */
void validate_end_path(struct validator *v);

/* ---- blocks and branches (validate_control.c) ------------------------------------------------ */

/* Opens the block that is the body. */
MUST_USE enum err validate_open_body(struct validator *v);

/* The innermost block's results, and nothing else, are on the stack; they are popped. */
MUST_USE enum err validate_results(struct validator *v);

/* The same block goes on with another part: nothing is on its stack, its locals are unset again. */
void validate_restart(struct validator *v, enum frame_kind kind);

/* Closes the innermost block, whose results have been popped, and pushes them. */
MUST_USE enum err validate_close(struct validator *v);

MUST_USE enum err validate_label(const struct validator *v, struct frame **out, uint32_t label);

/* What a branch to the frame takes along: a loop's parameters, another block's results. */
struct types validate_label_types(const struct frame *frame);

MUST_USE enum err validate_block(struct validator *v, const struct wasm_insn *insn,
				 enum frame_kind kind);
MUST_USE enum err validate_if(struct validator *v, const struct wasm_insn *insn);
MUST_USE enum err validate_else(struct validator *v);
MUST_USE enum err validate_end(struct validator *v);
MUST_USE enum err validate_br(struct validator *v, uint32_t label);
MUST_USE enum err validate_br_if(struct validator *v, uint32_t label);
MUST_USE enum err validate_br_table(struct validator *v, const struct wasm_insn *insn);
MUST_USE enum err validate_return(struct validator *v);

/* ---- calls and references (validate_refs.c) -------------------------------------------------- */

MUST_USE enum err validate_call(struct validator *v, const struct wasm_insn *insn);
MUST_USE enum err validate_call_indirect(struct validator *v, const struct wasm_insn *insn);
MUST_USE enum err validate_call_ref(struct validator *v, const struct wasm_insn *insn);
MUST_USE enum err validate_ref_func(struct validator *v, uint32_t func);
MUST_USE enum err validate_ref_is_null(struct validator *v);
MUST_USE enum err validate_ref_as_non_null(struct validator *v);
MUST_USE enum err validate_br_on_null(struct validator *v, uint32_t label);
MUST_USE enum err validate_br_on_non_null(struct validator *v, uint32_t label);

/* Instructions whose operands have the type of a table's elements. */
MUST_USE enum err validate_table(struct validator *v, const struct wasm_insn *insn);

/* ---- exceptions (validate_exceptions.c) ------------------------------------------------------ */

MUST_USE enum err validate_try_table(struct validator *v, const struct wasm_insn *insn);
MUST_USE enum err validate_throw(struct validator *v, uint32_t tag);
MUST_USE enum err validate_throw_ref(struct validator *v);
MUST_USE enum err validate_catch(struct validator *v, uint32_t tag);
MUST_USE enum err validate_catch_all(struct validator *v);
MUST_USE enum err validate_delegate(struct validator *v, uint32_t label);
MUST_USE enum err validate_rethrow(struct validator *v, uint32_t label);

/* ---- locals (validate_locals.c) -------------------------------------------------------------- */

/* Errors: E_NOMEM. */
MUST_USE enum err locals_new(struct locals **out);
void locals_free(struct locals *l); /* NULL is allowed */

/* The parameters of the body's function, then the runs that the body declares. */
MUST_USE enum err validate_take_locals(struct validator *v);

/* Locals that were set after the first `count` are unset again. */
void locals_unset(struct locals *l, uint32_t count);

MUST_USE enum err validate_local(struct validator *v, const struct wasm_insn *insn);

#endif
