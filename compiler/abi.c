/*
 * Arguments, results, slots and the transfer area.
 * Trust: the module is validated.
 * Invariant: registers and slots are those of native_place_params and native_place_results.
 */
#include "compiler/abi.h"

#include <string.h>

#include "compiler/unit.h"

#define TRANSFER_RUN 64u

/* ---- slots ------------------------------------------------------------------------------------
 */

LLVMValueRef slot_pointer(struct function *f, uint32_t disp)
{
	return LLVMConstIntToPtr(const_i64(f, disp), f->u->ptr_fs);
}

void abi_mark_access(struct function *f, LLVMValueRef access, LLVMValueRef alias_class)
{
	LLVMSetMetadata(access, f->u->tbaa_kind, alias_class);
}

static LLVMValueRef fs_load(struct function *f, uint32_t disp, LLVMTypeRef type,
			    LLVMValueRef alias_class)
{
	LLVMValueRef v = LLVMBuildLoad2(f->b, type, slot_pointer(f, disp), "");

	LLVMSetAlignment(v, 8);
	abi_mark_access(f, v, alias_class);
	return v;
}

static void fs_store(struct function *f, uint32_t disp, LLVMValueRef v, LLVMValueRef alias_class)
{
	LLVMValueRef store = LLVMBuildStore(f->b, v, slot_pointer(f, disp));

	LLVMSetAlignment(store, 8);
	abi_mark_access(f, store, alias_class);
}

LLVMValueRef slot_load(struct function *f, uint32_t disp, LLVMTypeRef type)
{
	return fs_load(f, disp, type, f->u->tbaa_slot);
}

void slot_store(struct function *f, uint32_t disp, LLVMValueRef v)
{
	fs_store(f, disp, v, f->u->tbaa_slot);
}

static uint32_t transfer_disp(struct function *f, uint32_t slot)
{
	must(slot < f->u->plan->layout.transfer_slots);
	return f->u->plan->layout.transfer + 8 * slot;
}

void transfer_store(struct function *f, uint32_t slot, LLVMValueRef v)
{
	fs_store(f, transfer_disp(f, slot), v, f->u->tbaa_transfer);
}

LLVMValueRef transfer_load(struct function *f, uint32_t slot, uint32_t type)
{
	return fs_load(f, transfer_disp(f, slot), value_type(f->u, type), f->u->tbaa_transfer);
}

/* A block does not grow with the number of values; see split_block in function.c. */
static void transfer_pause(struct function *f, uint32_t i)
{
	if (f->u->level == 0 && i % TRANSFER_RUN == TRANSFER_RUN - 1)
		block_split(f);
}

/* ---- helpers ----------------------------------------------------------------------------------
 */

struct helper {
	char result;
	const char *params;
};

static const struct helper helpers[NATIVE_HELPER_COUNT] = {
#define HELPER(name, result, params) [NATIVE_HELPER_##name] = {result, params},
#include "native/helper.def"
#undef HELPER
};

LLVMValueRef helper_call(struct function *f, enum native_helper helper, LLVMValueRef *args)
{
	const struct helper *h = &helpers[helper];
	unsigned count = (unsigned)strlen(h->params);
	LLVMTypeRef types[NATIVE_INT_ARGS];

	must(count <= NATIVE_INT_ARGS);
	for (unsigned i = 0; i < count; i++)
		types[i] = h->params[i] == 'I' ? f->u->i64 : f->u->i32;
	LLVMTypeRef result = h->result == '-' ? f->u->void_type : f->u->i32;
	LLVMTypeRef type = LLVMFunctionType(result, types, count, false);
	LLVMValueRef code =
		slot_load(f, f->u->plan->layout.helpers + 8 * (uint32_t)helper, f->u->ptr);
	LLVMValueRef call = LLVMBuildCall2(f->b, type, code, args, count, "");

	fuel_fetch(f);
	return h->result == '-' ? NULL : call;
}

/* ---- functions --------------------------------------------------------------------------------
 */

static LLVMTypeRef result_type(const struct unit *u, const struct wasm_func_type *type)
{
	return type->result_count ? value_type(u, type->results[0]) : u->void_type;
}

/* Every function has the same parameters: one for each register. */
static unsigned uniform_params(const struct unit *u, LLVMTypeRef params[ABI_ARGS_MAX])
{
	unsigned n = 0;

	params[n++] = u->ptr;
	for (unsigned i = 0; i < NATIVE_INT_ARGS; i++)
		params[n++] = u->i64;
	for (unsigned i = 0; i < NATIVE_VECTOR_ARGS; i++)
		params[n++] = u->v128;
	return n;
}

LLVMTypeRef abi_func_type(struct unit *u, const struct wasm_func_type *type, bool through_memory)
{
	LLVMTypeRef params[ABI_ARGS_MAX];
	unsigned n = 0;

	if (u->plan->uniform) {
		n = uniform_params(u, params);
		return LLVMFunctionType(result_type(u, type), params, n, false);
	}
	if (through_memory)
		params[n++] = u->ptr;
	native_place_params(type, u->places);
	for (uint32_t i = 0; i < type->param_count; i++)
		if (u->places[i].kind != NATIVE_IN_TRANSFER)
			params[n++] = value_type(u, type->params[i]);
	return LLVMFunctionType(result_type(u, type), params, n, false);
}

static LLVMAttributeRef nest_attribute(const struct unit *u)
{
	return LLVMCreateEnumAttribute(u->context, LLVMGetEnumAttributeKindForName("nest", 4), 0);
}

LLVMValueRef abi_func(struct unit *u, uint32_t index)
{
	const struct wasm_func_type *type = wasm_func_type(u->plan->m, index);
	char name[UNIT_SYMBOL_MAX + 1] = ".";
	const char *symbol = name + 1;

	if (u->funcs[index])
		return u->funcs[index];
	unit_symbol(name + 1, index);
	LLVMValueRef func = LLVMAddFunction(u->module, symbol, abi_func_type(u, type, false));

	LLVMSetVisibility(func, LLVMHiddenVisibility);
	LLVMSetSection(func, name);
	unit_attributes(u, func);
	if (u->plan->uniform)
		LLVMAddAttributeAtIndex(func, 1, nest_attribute(u));
	u->funcs[index] = func;
	return func;
}

void abi_mark_call(struct function *f, LLVMValueRef call, bool through_memory)
{
	if (through_memory || f->u->plan->uniform)
		LLVMAddCallSiteAttribute(call, 1, nest_attribute(f->u));
}

/* ---- values in the registers of a uniform function --------------------------------------------
 */

static LLVMValueRef uniform_widen(struct function *f, LLVMValueRef v, uint32_t type)
{
	struct unit *u = f->u;
	LLVMTypeRef lanes;

	switch (type) {
	case WASM_I64:
	case WASM_V128:
		return v;
	case WASM_F32:
	case WASM_F64:
		lanes = type == WASM_F32 ? LLVMVectorType(u->f32, 4) : LLVMVectorType(u->f64, 2);
		v = LLVMBuildInsertElement(f->b, LLVMGetPoison(lanes), v, const_i32(f, 0), "");
		return LLVMBuildBitCast(f->b, v, u->v128, "");
	default:
		return LLVMBuildZExt(f->b, v, u->i64, "");
	}
}

static LLVMValueRef uniform_narrow(struct function *f, LLVMValueRef v, uint32_t type)
{
	struct unit *u = f->u;
	LLVMTypeRef lanes;

	switch (type) {
	case WASM_I64:
	case WASM_V128:
		return v;
	case WASM_F32:
	case WASM_F64:
		lanes = type == WASM_F32 ? LLVMVectorType(u->f32, 4) : LLVMVectorType(u->f64, 2);
		v = LLVMBuildBitCast(f->b, v, lanes, "");
		return LLVMBuildExtractElement(f->b, v, const_i32(f, 0), "");
	default:
		return LLVMBuildTrunc(f->b, v, u->i32, "");
	}
}

static unsigned uniform_index(const struct native_place *place)
{
	return 1 + place->index + (place->kind == NATIVE_IN_VECTOR ? NATIVE_INT_ARGS : 0);
}

/* ---- parameters and arguments -------------------------------------------------------------------
 */

/* The next parameter; `n` counts those in registers. */
static LLVMValueRef param_take(struct function *f, uint32_t i, unsigned *n)
{
	const struct native_place *place = &f->u->places[i];

	if (place->kind == NATIVE_IN_TRANSFER)
		return transfer_load(f, place->index, f->type->params[i]);
	if (f->u->plan->uniform)
		return uniform_narrow(f, LLVMGetParam(f->func, uniform_index(place)),
				      f->type->params[i]);
	return LLVMGetParam(f->func, (*n)++);
}

void abi_take_params(struct function *f)
{
	unsigned n = 0;

	native_place_params(f->type, f->u->places);
	for (uint32_t i = 0; i < f->type->param_count; i++)
		LLVMBuildStore(f->b, param_take(f, i, &n), f->locals[i]);
}

static unsigned args_begin(struct function *f, LLVMValueRef nest, LLVMValueRef args[ABI_ARGS_MAX])
{
	LLVMTypeRef types[ABI_ARGS_MAX];
	unsigned n = 0;

	if (f->u->plan->uniform) {
		n = uniform_params(f->u, types);
		for (unsigned i = 0; i < n; i++)
			args[i] = LLVMGetPoison(types[i]);
	}
	if (nest) {
		LLVMValueRef wide = LLVMBuildZExt(f->b, nest, f->u->i64, "");

		args[0] = LLVMBuildIntToPtr(f->b, wide, f->u->ptr, "");
		n = n ? n : 1;
	}
	return n;
}

unsigned abi_pop_args(struct function *f, const struct wasm_func_type *type, LLVMValueRef nest,
		      LLVMValueRef args[ABI_ARGS_MAX])
{
	unsigned n = args_begin(f, nest, args);

	must(type->param_count <= f->height);
	f->height -= type->param_count;
	native_place_params(type, f->u->places);
	for (uint32_t i = 0; i < type->param_count; i++) {
		const struct native_place *place = &f->u->places[i];
		LLVMValueRef v = f->stack[f->height + i].v;

		if (place->kind == NATIVE_IN_TRANSFER)
			transfer_store(f, place->index, v);
		else if (f->u->plan->uniform)
			args[uniform_index(place)] = uniform_widen(f, v, type->params[i]);
		else
			args[n++] = v;
		transfer_pause(f, i);
	}
	return n;
}

/* ---- results ----------------------------------------------------------------------------------
 */

void abi_push_results(struct function *f, const struct wasm_func_type *type, LLVMValueRef call)
{
	native_place_results(type, f->u->places);
	for (uint32_t i = 0; i < type->result_count; i++) {
		const struct native_place *place = &f->u->places[i];
		LLVMValueRef v = place->kind == NATIVE_IN_TRANSFER
					 ? transfer_load(f, place->index, type->results[i])
					 : call;

		value_push(f, v, type->results[i]);
		transfer_pause(f, i);
	}
}

void abi_return(struct function *f, LLVMValueRef *results)
{
	native_place_results(f->type, f->u->places);
	for (uint32_t i = 1; i < f->type->result_count; i++)
		transfer_store(f, f->u->places[i].index, results[i]);
	if (f->type->result_count)
		LLVMBuildRet(f->b, results[0]);
	else
		LLVMBuildRetVoid(f->b);
}
