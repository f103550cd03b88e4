/*
 * The interpreter under arbitrary modules: decoded, validated, instantiated with imports made to
 * measure, then every export is called. Each translated function is checked before it runs: slots
 * within the frame, jumps to ops, calls within the frame. Then each op is preceded by a step that
 * counts, which bounds the work, and that compares what the interpreter keeps in registers with
 * what they stand for. With fuel and polling or without, as the input has it.
 */
#include <stdlib.h>

#include "interp/fuse.h"
#include "interp/interp.h"
#include "interp/thread.h"
#include "interp/unwind.h"
#include "wasm/validate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STEPS_MAX   20000u
#define EXPORTS_MAX 16u
#define FUNCS_MAX   4096u
#define FUEL	    3000u

/* What a function's ops did before the steps were put in. */
struct original {
	interp_handler **run;
	uint32_t count;
	uint32_t frame; /* slots */
};

static struct original g_originals[FUNCS_MAX]; /* by reference */
static struct interp_thread g_thread;
static struct wasm_store g_store;
static uint32_t g_steps;
static uint32_t g_host_calls;
static uint32_t g_memory; /* whose base and size are in the registers */
static struct wasm_control g_control;

static void require(bool claim)
{
	if (!claim)
		abort();
}

/* ---- what an op may name --------------------------------------------------------------------- */

/* A2 and so on: two slots */
enum field {
	A = 1,
	B = 2,
	C = 4,
	D = 8,
	AB = 16,
	IMM = 32,
	WAY = 64,
	A2 = 128 | A,
	B2 = 256 | B,
	C2 = 512 | C,
	D2 = 1024 | D,
	WIDE = 2048, /* of AB and IMM */
};

/* clang-format off */
static const uint16_t fields[INTERP_OP_COUNT] = {
#define INT_BINARY(name, T, value) [INTERP_##name##_SS] = A | B | C, [INTERP_##name##_SI] = A | B,
#define INT_DIVIDE(name, T, overflow, value) INT_BINARY(name, T, value)
#define INT_COMPARE(name, T, truth) INT_BINARY(name, T, truth)                                     \
	[INTERP_##name##_BR_SS] = A | B | WAY, [INTERP_##name##_BR_SI] = A | WAY,                  \
	[INTERP_##name##_BN_SS] = A | B | WAY, [INTERP_##name##_BN_SI] = A | WAY,
#define STEP(name, truth)                                                                          \
	[INTERP_##name##_SS] = A | B | WAY, [INTERP_##name##_SI] = A | WAY,
#define FLOAT_COMPARE(name, T, truth) [INTERP_##name##_SS] = A | B | C,                            \
	[INTERP_##name##_BR_SS] = A | B | WAY, [INTERP_##name##_BN_SS] = A | B | WAY,
#define FLOAT_BINARY(name, T, value) [INTERP_##name] = A | B | C,
#define UNARY(name, from, to, value) [INTERP_##name] = A | B,
#define TRUNCATE(name, sat, from, to, ctype, inside, low, high)                                    \
	[INTERP_##name] = A | B, [INTERP_##sat] = A | B,
#define TERNARY(name, T, value) [INTERP_##name] = A | B | C | D,
#define SHIFTED(name, T, value) [INTERP_##name] = A | B | C,
#define LOAD(name, ctype, value)                                                                   \
	[INTERP_##name##_S] = A | B, [INTERP_##name##_SI] = A | B,                                 \
	[INTERP_##name##_SS] = A | B | C, [INTERP_##name##_SX] = A | B | C,
#define STORE(name, ctype) LOAD(name, ctype, )
#define LOADED(name, T, value) [INTERP_##name] = A | B | C | D,
#define ATOMIC_LOAD(name, ctype) [INTERP_##name] = A | B,
#define ATOMIC_STORE(name, ctype) [INTERP_##name] = A | B,
#define ATOMIC_CHANGE(name, ctype, function) [INTERP_##name] = A | B | C,
#define ATOMIC_COMPARE(name, ctype) [INTERP_##name] = A | B | C | D,
#define VEC_UNARY(name, T, value) [INTERP_##name] = A2 | B2,
#define VEC_BINARY(name, T, value) [INTERP_##name] = A2 | B2 | C2,
#define VEC_TERNARY(name, T, value) [INTERP_##name] = A2 | B2 | C2 | D2,
#define VEC_FUSED(name, T, value) VEC_TERNARY(name, T, value)
#define VEC_SHIFT(name, T, bits, value)                                                            \
	[INTERP_##name##_SS] = A2 | B2 | C, [INTERP_##name##_SI] = A2 | B2,
#define VEC_TEST(name, T, value) [INTERP_##name] = A | B2,
#define VEC_SPLAT(name, ctype, value) [INTERP_##name] = A2 | B,
#define VEC_EXTRACT(name, ctype, value) [INTERP_##name] = A | B2,
#define VEC_REPLACE(name, T, ctype, value) [INTERP_##name] = A2 | B2 | C,
#define VEC_LOAD(name, ctype, value)                                                               \
	[INTERP_##name##_S] = A2 | B, [INTERP_##name##_SI] = A2 | B,                               \
	[INTERP_##name##_SS] = A2 | B | C, [INTERP_##name##_SX] = A2 | B | C,
#define VEC_STORE(name)                                                                            \
	[INTERP_##name##_S] = A | B2, [INTERP_##name##_SI] = A | B2,                               \
	[INTERP_##name##_SS] = A | B | C2, [INTERP_##name##_SX] = A | B | C2,
#define VEC_LOAD_LANE(name, T, ctype, value) [INTERP_##name] = A2 | B | C2,
#define VEC_STORE_LANE(name, ctype) [INTERP_##name] = A | B2,
#include "interp/op_groups.h"
#include "interp/op.def"
#include "interp/op_done.h"
	[INTERP_COPY] = AB | IMM, [INTERP_CONST32] = A, [INTERP_CONST64] = A,
	[INTERP_SELECT] = A | B | C | D, [INTERP_BR] = WAY, [INTERP_BR_NZ] = A | WAY,
	[INTERP_BR_Z] = A | WAY, [INTERP_BR_TABLE] = A, [INTERP_RETURN_VALUE] = A,
	[INTERP_CALL_INDIRECT] = IMM, [INTERP_CALL_REF] = IMM, [INTERP_TAIL_CALL_INDIRECT] = IMM,
	[INTERP_TAIL_CALL_REF] = IMM, [INTERP_THROW_REF] = IMM, [INTERP_NON_NULL] = A,
	[INTERP_ATOMIC_NOTIFY] = A | B | C, [INTERP_ATOMIC_WAIT32] = A | B | C | D,
	[INTERP_ATOMIC_WAIT64] = A | B | C | D, [INTERP_GLOBAL_GET] = A, [INTERP_GLOBAL_SET] = A,
	[INTERP_MEMORY_SIZE] = A, [INTERP_MEMORY_GROW] = A | B, [INTERP_MEMORY_FILL] = A | B | C,
	[INTERP_MEMORY_COPY] = A | B | C, [INTERP_MEMORY_INIT] = A | B | C,
	[INTERP_TABLE_GET] = A | B, [INTERP_TABLE_SET] = A | B, [INTERP_TABLE_SIZE] = A,
	[INTERP_TABLE_GROW] = A | B | C, [INTERP_TABLE_FILL] = A | B | C,
	[INTERP_TABLE_COPY] = A | B | C, [INTERP_TABLE_INIT] = A | B | C,
	[INTERP_COPY_V128] = AB | IMM | WIDE, [INTERP_CONST_V128] = A2,
	[INTERP_SELECT_V128] = A2 | B2 | C2 | D, [INTERP_GLOBAL_GET_V128] = A2,
	[INTERP_GLOBAL_SET_V128] = A2, [INTERP_RETURN_V128] = A2,
	[INTERP_I8X16_SHUFFLE] = A2 | B2 | C2, [INTERP_I8X16_SHUFFLE_ONE] = A2 | B2,
};
/* clang-format on */

static enum interp_op_id id_of(interp_handler *run)
{
	static uint16_t slots[4096]; /* hash table: id + 1 */
	size_t at = (uintptr_t)run / 16 % COUNT_OF(slots);

	if (slots[at] && interp_handlers[slots[at] - 1] == run)
		return (enum interp_op_id)(slots[at] - 1);
	for (uint16_t id = 0; id < INTERP_OP_COUNT; id++) {
		if (interp_handlers[id] == run) {
			slots[at] = (uint16_t)(id + 1);
			return (enum interp_op_id)id;
		}
	}
	abort();
}

/* ---- translated functions -------------------------------------------------------------------- */

static bool has(uint16_t f, unsigned field)
{
	return (f & field) == field;
}

static void check_slots(const struct interp_op *op, uint16_t f, uint32_t frame)
{
	require(!(f & A) || op->a + has(f, A2) < frame);
	require(!(f & B) || op->b + has(f, B2) < frame);
	require(!(f & C) || op->c + has(f, C2) < frame);
	require(!(f & D) || op->d + has(f, D2) < frame);
	require(!(f & AB) || (uint64_t)op->ab + has(f, WIDE) < frame);
	require(!(f & IMM) || (uint64_t)op->imm + has(f, WIDE) < frame);
}

static void check_range(uint64_t first, uint64_t count, uint32_t frame)
{
	require(first + count <= frame);
}

static void check_call(const struct interp_op *op, const struct wasm_func_type *type,
		       uint32_t frame)
{
	check_range(op->ab, type->param_slots, frame);
	check_range(op->ab, type->result_slots, frame);
}

/* The results of a tail call are those of the function, from slot 0 on. */
static void check_tail_call(const struct interp_op *op, const struct wasm_func_type *type,
			    uint32_t frame)
{
	check_range(op->ab, type->param_slots, frame);
	check_range(0, type->result_slots, frame);
}

static const struct wasm_func_type *callee_type(const struct interp_op *op)
{
	return ((struct wasm_func_instance *)(uintptr_t)op[1].value)->type;
}

static const struct wasm_func_type *sig_type(const struct interp_op *op)
{
	require(op[1].ab < g_store.sig_count);
	return &g_store.sigs[op[1].ab];
}

static void check_special(const struct interp_op *op, enum interp_op_id id, uint32_t frame)
{
	switch (id) {
	case INTERP_ENTER:
		check_range(op->a, op->b, frame);
		break;
	case INTERP_ENTER_LARGE:
		check_range(op[1].ab, op[1].imm, frame);
		break;
	case INTERP_CONSTANTS:
		check_range(op->a, op->imm, frame);
		break;
	case INTERP_COPY_RANGE:
		check_range(op->ab, op[1].imm, frame);
		check_range(op->imm, op[1].imm, frame);
		break;
	case INTERP_CALL:
	case INTERP_CALL_IMPORT:
		check_call(op, callee_type(op), frame);
		break;
	case INTERP_CALL_INDIRECT:
	case INTERP_CALL_REF:
		check_call(op, sig_type(op), frame);
		break;
	case INTERP_TAIL_CALL:
		check_tail_call(op, callee_type(op), frame);
		break;
	case INTERP_TAIL_CALL_INDIRECT:
	case INTERP_TAIL_CALL_REF:
		check_tail_call(op, sig_type(op), frame);
		break;
	case INTERP_THROW:
		check_range(op->ab,
			    ((struct wasm_tag_instance *)(uintptr_t)op[1].value)->type->param_slots,
			    frame);
		break;
	default:
		break;
	}
}

static bool ends_path(enum interp_op_id id)
{
	switch (id) {
	case INTERP_BR:
	case INTERP_RETURN:
	case INTERP_RETURN_VALUE:
	case INTERP_RETURN_V128:
	case INTERP_UNREACHABLE:
	case INTERP_TAIL_CALL:
	case INTERP_TAIL_CALL_INDIRECT:
	case INTERP_TAIL_CALL_REF:
	case INTERP_THROW:
	case INTERP_THROW_REF:
		return true;
	default:
		return false;
	}
}

static void check_clause(const struct interp_clause *c, const struct original *o)
{
	require(c->target < o->count && o->run[c->target]);
	if (c->tag)
		check_range(c->value_slot, c->tag->type->param_slots, o->frame);
	require(c->ref_slot == UINT32_MAX || c->ref_slot < o->frame);
}

static void check_regions(const struct interp_code *code, const struct original *o)
{
	for (uint32_t i = 0; i < code->region_count; i++) {
		const struct interp_region *r = &code->regions[i];

		require(r->first <= r->end && r->end <= o->count);
		require(r->parent == INTERP_NO_REGION || r->parent < i);
		require(r->next == INTERP_NO_REGION || r->next < i);
		require(i == 0 || r->first >= code->regions[i - 1].first);
		for (uint32_t c = r->clauses; c; c = code->clauses[c - 1].next)
			check_clause(&code->clauses[c - 1], o);
	}
}

static void check_ways(const struct interp_op *ops, const struct original *o)
{
	for (uint32_t i = 0; i < o->count; i++) {
		if (!o->run[i])
			continue;
		enum interp_op_id id = id_of(o->run[i]);
		int64_t to = (int64_t)i + (int32_t)ops[i].imm;

		if (fields[id] & WAY)
			require(to > 0 && to < o->count && o->run[to]);
		for (uint64_t j = 0; id == INTERP_BR_TABLE && j <= ops[i].imm; j++)
			require(i + 1 + j < o->count && o->run[i + 1 + j] &&
				id_of(o->run[i + 1 + j]) == INTERP_BR);
	}
}

static void check_code(const struct interp_op *ops, struct original *o)
{
	enum interp_op_id id = INTERP_OP_COUNT;

	o->frame = ops[0].imm;
	for (uint32_t i = 0; i < o->count;) {
		const struct interp_op *op = &ops[i];

		id = id_of(op->run);
		o->run[i] = op->run;
		i += fuse_words(id) + (id == INTERP_CONSTANTS ? op->imm : 0);
		require(i <= o->count);
		check_slots(op, fields[id], o->frame);
		check_special(op, id, o->frame);
	}
	require(ends_path(id));
	check_ways(ops, o);
}

/* ---- steps ----------------------------------------------------------------------------------- */

static const struct wasm_memory_instance *memory_in_use(const struct wasm_instance *inst)
{
	return inst->module->memory_count ? inst->memories[g_memory] : NULL;
}

static void check_registers(const uint64_t *fp, const uint8_t *memory, uint64_t size, bool entered,
			    const struct original *o)
{
	const struct interp_thread *t = &g_thread;
	const struct wasm_memory_instance *m = memory_in_use(t->instance);

	require(memory == (m ? m->base : NULL) && size == (m ? m->size : 0));
	require(fp >= t->slots && fp <= t->slots_end);
	require(!entered || (size_t)(t->slots_end - fp) >= o->frame);
	require(t->frame[-1].func->instance == t->instance);
}

static PRESERVE_NONE enum wasm_trap step(const struct interp_op *pc, uint64_t *fp, uint8_t *memory,
					 uint64_t size, struct interp_thread *t)
{
	const struct wasm_func_instance *func = t->frame[-1].func;
	const struct original *o = &g_originals[func->ref];
	size_t at = (size_t)(pc - (const struct interp_op *)func->code);

	require(at < o->count && o->run[at]);
	check_registers(fp, memory, size, at > 0, o);
	if (g_steps++ == STEPS_MAX)
		return interp_trap(t, pc, TRAP_INTERRUPTED);
	enum interp_op_id id = id_of(o->run[at]);

	if (id == INTERP_MEMORY_USE) {
		require(pc->imm < t->instance->module->memory_count && (!pc->imm || !g_memory));
		g_memory = pc->imm;
	} else if (id == INTERP_ATOMIC_WAIT32 || id == INTERP_ATOMIC_WAIT64) {
		fp[pc->d] = 0; /* nobody else is there to wake it */
	}
	MUSTTAIL return o->run[at](pc, fp, memory, size, t);
}

/* Stands in for the op that translates a function at its first call. */
static PRESERVE_NONE enum wasm_trap translate(const struct interp_op *pc, uint64_t *fp,
					      uint8_t *memory, uint64_t size,
					      struct interp_thread *t)
{
	const struct wasm_func_instance *func = t->frame[-1].func;
	struct original *o = &g_originals[func->ref];

	t->callee = func;
	enum wasm_trap trap = interp_ensure_code(t);

	if (trap)
		return interp_trap(t, pc, trap);
	struct interp_op *ops = (struct interp_op *)(uintptr_t)func->code;
	const struct interp_code *code = interp_code_of(func);

	o->count = code->count;
	o->run = calloc(o->count, sizeof(*o->run));
	require(o->run);
	check_code(ops, o);
	check_regions(code, o);
	for (uint32_t i = 0; i < o->count; i++) {
		if (o->run[i])
			ops[i].run = step;
	}
	MUSTTAIL return step(ops, fp, memory, size, t);
}

static const struct interp_op translate_op[1] = {{.run = translate}};

/* ---- the host -------------------------------------------------------------------------------- */

/* Can it be called with null for every reference? */
static bool takes_null(const struct wasm_func_type *type)
{
	for (uint32_t i = 0; i < type->param_count; i++) {
		if (!wasm_type_is_defaultable(type->params[i]))
			return false;
	}
	return true;
}

static enum wasm_trap answer(const struct wasm_func_type *type, uint64_t *results)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < type->result_count; i++) {
		if (!wasm_type_is_defaultable(type->results[i]))
			return TRAP_HOST_FAILED;
		for (uint32_t j = wasm_type_slots(type->results[i]); j; j--)
			results[at++] =
				wasm_type_is_ref(type->results[i]) ? 0 : 0x8000000000000041u + i;
	}
	return TRAP_NONE;
}

/* Grows memory, calls back and hands on what comes of it or not, answers: by turns. */
static enum wasm_trap host_call(void *env, struct wasm_caller *caller, const uint64_t *args,
				uint64_t *results)
{
	const struct wasm_func_type *type = env;
	struct wasm_instance *inst = caller->instance;
	uint64_t values[4000] = {0};

	if (!inst || g_host_calls++ % 4 > 1)
		return answer(type, results);
	if (g_host_calls % 4 == 1) {
		if (wasm_instance_memory(inst))
			(void)wasm_memory_grow(wasm_instance_memory(inst), 1);
		return answer(type, results);
	}
	uint32_t i = type->param_count ? (uint32_t)args[0] : g_host_calls;
	const struct wasm_func_instance *func = inst->funcs[i % inst->module->func_count];

	if (g_host_calls % 64 == 10)
		g_control.stop = TRAP_TIMEOUT;
	enum wasm_trap trap =
		takes_null(func->type) ? interp_call(&g_thread, func, values, values) : TRAP_NONE;

	if (trap == TRAP_INTERRUPTED || g_host_calls % 16 == 6 ||
	    (trap == TRAP_UNCAUGHT_EXCEPTION && g_host_calls % 8 == 6))
		return trap;
	g_memory = 0; /* a trap may have left another */
	return answer(type, results);
}

struct imports {
	const struct wasm_module *m;
	struct wasm_host_func host[64];
	uint32_t next;
	uint32_t hosts;
};

/* Are the types the same in the store's terms as in the module's, and null a value of each? */
static bool types_are_plain(const uint32_t *types, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (wasm_type_is_concrete(types[i]) || !wasm_type_is_defaultable(types[i]))
			return false;
	}
	return true;
}

static bool func_type_is_plain(const struct wasm_func_type *type)
{
	return types_are_plain(type->params, type->param_count) &&
	       types_are_plain(type->results, type->result_count);
}

static bool resolve_func(struct imports *im, uint32_t index, struct wasm_extern *out)
{
	const struct wasm_func_type *type = wasm_func_type(im->m, index);

	if (im->hosts == COUNT_OF(im->host) || !func_type_is_plain(type))
		return false;
	struct wasm_host_func *host = &im->host[im->hosts++];

	*host = (struct wasm_host_func){"", "", *type, host_call};
	return wasm_func_add_host(&g_store, host, (void *)(uintptr_t)type, &out->func) == E_OK;
}

/* Imports are asked for in their order. */
static bool resolve(void *env, struct wasm_name module, struct wasm_name name,
		    struct wasm_extern *out)
{
	struct imports *im = env;
	const struct wasm_import *import = &im->m->imports[im->next++];
	uint32_t i = import->index;

	(void)module, (void)name;
	out->kind = (enum wasm_kind)import->kind;
	switch (out->kind) {
	case WASM_KIND_FUNC:
		return resolve_func(im, i, out);
	case WASM_KIND_TABLE:
		return types_are_plain(&im->m->tables[i].type.elem, 1) &&
		       wasm_table_add(&g_store, &im->m->tables[i].type, &out->table) == E_OK;
	case WASM_KIND_MEMORY:
		return wasm_memory_add(&g_store, &im->m->memories[i], &out->memory) == E_OK;
	case WASM_KIND_TAG:
		return func_type_is_plain(wasm_tag_type(im->m, i)) &&
		       wasm_tag_add(&g_store, wasm_tag_type(im->m, i), &out->tag) == E_OK;
	default:
		return types_are_plain(&im->m->globals[i].type.type, 1) &&
		       wasm_global_add(&g_store, im->m->globals[i].type, (const uint64_t[2]){0},
				       &out->global) == E_OK;
	}
}

/* ---- running --------------------------------------------------------------------------------- */

/* A line of a backtrace stands in the body of its function. */
static void check_backtrace(void)
{
	struct interp_position lines[4];
	size_t depth;
	size_t n = interp_backtrace(&g_thread, lines, COUNT_OF(lines), 0, &depth);

	require(n <= depth);
	for (size_t i = 0; i < n; i++) {
		const struct wasm_func_instance *f = lines[i].func;

		if (f->host)
			continue;
		const struct wasm_body *body = wasm_func_body(f->instance->module, f->index);

		require(lines[i].offset >= body->code &&
			lines[i].offset - body->span.offset < body->span.size);
	}
}

static void call(const struct wasm_func_instance *func, const uint8_t *data, size_t size)
{
	uint64_t args[2000], results[2000];
	uint32_t at = 0;

	if (!takes_null(func->type))
		return;
	for (uint32_t i = 0; i < func->type->param_count; i++) {
		for (uint32_t j = wasm_type_slots(func->type->params[i]); j; j--)
			args[at++] = wasm_type_is_ref(func->type->params[i])
					     ? 0
					     : data[i * 7 % size] * 0x41c64e6du;
	}
	g_steps = 0;
	g_memory = 0;
	g_control.stop = TRAP_NONE;
	g_control.fuel = FUEL;
	if (interp_call(&g_thread, func, args, results))
		check_backtrace();
	require(g_thread.frame == g_thread.frames && g_thread.top == g_thread.slots);
	require(g_thread.fuel == 0 && g_control.fuel <= FUEL);
}

static void run_exports(const struct wasm_instance *inst, const uint8_t *data, size_t size)
{
	const struct wasm_module *m = inst->module;

	if (wasm_instance_start(inst))
		call(wasm_instance_start(inst), data, size);
	for (uint32_t i = 0; i < m->export_count && i < EXPORTS_MAX; i++) {
		if (m->exports[i].kind == WASM_KIND_FUNC)
			call(inst->funcs[m->exports[i].index], data, size);
	}
}

static void run_module(const struct wasm_module *m, const uint8_t *data, size_t size)
{
	struct wasm_store_config config = {
		.max_memory_pages = 8, .max_table_entries = 5000, .control = &g_control};
	struct interp_limits limits = {.stack_size = 1024 * 1024, .max_depth = 500};
	struct imports im = {.m = m};
	struct wasm_link_error error;
	struct wasm_instance *inst;

	g_host_calls = 0;
	g_control = (struct wasm_control){.metered = data[size - 1] & 1, .polled = size & 1};
	require(wasm_store_init(&g_store, &config) == E_OK);
	interp_store_init(&g_store);
	g_store.untranslated = translate_op;
	require(interp_thread_init(&g_thread, &g_store, &limits) == E_OK);
	if (wasm_instantiate(&g_store, m, resolve, &im, &inst, &error) == E_OK)
		run_exports(inst, data, size);
	for (uint32_t i = 0; i < g_store.func_count && i < FUNCS_MAX; i++) {
		free(g_originals[i].run);
		g_originals[i] = (struct original){0};
	}
	interp_thread_fini(&g_thread);
	wasm_store_fini(&g_store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wasm_module m;
	struct wasm_error error;

	if (wasm_decode(&m, &error, data, size))
		return 0;
	if (wasm_validate(&m, &error) == E_OK &&
	    m.func_count < FUNCS_MAX - COUNT_OF(((struct imports *)0)->host))
		run_module(&m, data, size);
	wasm_module_fini(&m);
	return 0;
}
