/*
 * The features that a module uses.
 * Trust: the module is anybody's, but validated.
 */
#include "host/inspect_features.h"

#include "wasm/code.h"

enum feature {
	FEATURE_SIMD,
	FEATURE_RELAXED_SIMD,
	FEATURE_THREADS,
	FEATURE_EXCEPTIONS,
	FEATURE_LEGACY_EXCEPTIONS,
	FEATURE_TAIL_CALLS,
	FEATURE_FUNCTION_REFERENCES,
	FEATURE_MULTI_MEMORY,
	FEATURE_COUNT
};

static const char *const feature_names[FEATURE_COUNT] = {
	[FEATURE_SIMD] = "simd",
	[FEATURE_RELAXED_SIMD] = "relaxed-simd",
	[FEATURE_THREADS] = "threads",
	[FEATURE_EXCEPTIONS] = "exceptions",
	[FEATURE_LEGACY_EXCEPTIONS] = "legacy-exceptions",
	[FEATURE_TAIL_CALLS] = "tail-calls",
	[FEATURE_FUNCTION_REFERENCES] = "function-references",
	[FEATURE_MULTI_MEMORY] = "multi-memory",
};

/* What instructions stand for: runs in the order of the instruction table. */
static const struct {
	enum wasm_op first, last;
	enum feature feature;
} feature_ops[] = {
	{WASM_OP_TRY, WASM_OP_CATCH, FEATURE_LEGACY_EXCEPTIONS},
	{WASM_OP_RETHROW, WASM_OP_RETHROW, FEATURE_LEGACY_EXCEPTIONS},
	{WASM_OP_DELEGATE, WASM_OP_CATCH_ALL, FEATURE_LEGACY_EXCEPTIONS},
	{WASM_OP_THROW_REF, WASM_OP_THROW_REF, FEATURE_EXCEPTIONS},
	{WASM_OP_TRY_TABLE, WASM_OP_TRY_TABLE, FEATURE_EXCEPTIONS},
	{WASM_OP_RETURN_CALL, WASM_OP_RETURN_CALL_INDIRECT, FEATURE_TAIL_CALLS},
	{WASM_OP_RETURN_CALL_REF, WASM_OP_RETURN_CALL_REF, FEATURE_TAIL_CALLS},
	{WASM_OP_CALL_REF, WASM_OP_RETURN_CALL_REF, FEATURE_FUNCTION_REFERENCES},
	{WASM_OP_REF_AS_NON_NULL, WASM_OP_BR_ON_NON_NULL, FEATURE_FUNCTION_REFERENCES},
	{WASM_OP_V128_LOAD, WASM_OP_F64X2_CONVERT_LOW_I32X4_U, FEATURE_SIMD},
	{WASM_OP_I8X16_RELAXED_SWIZZLE, WASM_OP_I32X4_RELAXED_DOT_I8X16_I7X16_ADD_S,
	 FEATURE_RELAXED_SIMD},
	{WASM_OP_MEMORY_ATOMIC_NOTIFY, WASM_OP_I64_ATOMIC_RMW32_CMPXCHG_U, FEATURE_THREADS},
};

static void find_in_op(bool used[FEATURE_COUNT], enum wasm_op op)
{
	for (size_t i = 0; i < COUNT_OF(feature_ops); i++) {
		if (op >= feature_ops[i].first && op <= feature_ops[i].last)
			used[feature_ops[i].feature] = true;
	}
}

static void find_in_body(bool used[FEATURE_COUNT], const struct wasm_module *m,
			 const struct wasm_body *body)
{
	struct reader r = wasm_body_code(m, body);
	bool seen[WASM_OP_COUNT] = {0};
	struct wasm_insn insn;

	while (r.left != 0 && code_next(m, &r, &insn) == E_OK) {
		if (!seen[insn.op])
			find_in_op(used, insn.op);
		seen[insn.op] = true;
	}
	used[FEATURE_SIMD] |= body->has_v128;
}

static void find_in_type(bool used[FEATURE_COUNT], uint32_t type)
{
	if (type == WASM_V128)
		used[FEATURE_SIMD] = true;
	if (!wasm_type_is_ref(type) || type == WASM_FUNCREF || type == WASM_EXTERNREF)
		return;
	if (type & WASM_ABSTRACT && wasm_type_top(type) == WASM_HEAP_EXN)
		used[FEATURE_EXCEPTIONS] = true;
	else
		used[FEATURE_FUNCTION_REFERENCES] = true;
}

static void find_in_types(bool used[FEATURE_COUNT], const struct wasm_module *m)
{
	for (uint32_t i = 0; i < m->type_count; i++) {
		const struct wasm_func_type *type = &m->types[i];

		for (uint32_t k = 0; k < type->param_count; k++)
			find_in_type(used, type->params[k]);
		for (uint32_t k = 0; k < type->result_count; k++)
			find_in_type(used, type->results[k]);
	}
	for (uint32_t i = 0; i < m->global_count; i++)
		find_in_type(used, m->globals[i].type.type);
	for (uint32_t i = 0; i < m->table_count; i++)
		find_in_type(used, m->tables[i].type.elem);
}

static void find_in_memories(bool used[FEATURE_COUNT], const struct wasm_module *m)
{
	for (uint32_t i = 0; i < m->memory_count; i++)
		used[FEATURE_THREADS] |= m->memories[i].shared;
	used[FEATURE_MULTI_MEMORY] = m->memory_count > 1;
}

void inspect_features(struct report *r, const struct wasm_module *m)
{
	bool used[FEATURE_COUNT] = {0};
	json_t *list = report_array(r, r->root, "features");

	find_in_types(used, m);
	find_in_memories(used, m);
	for (uint32_t i = m->import_func_count; i < m->func_count; i++)
		find_in_body(used, m, wasm_func_body(m, i));
	if (m->tag_count != 0 && !used[FEATURE_LEGACY_EXCEPTIONS])
		used[FEATURE_EXCEPTIONS] = true; /* throwing alone looks the same in both forms */
	for (unsigned i = 0; i < FEATURE_COUNT; i++) {
		if (used[i])
			report_words(r, list, NULL, feature_names[i]);
	}
}
