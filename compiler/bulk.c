/*
 * Copying, filling and initialising memories. What concerns memory 0 in the window alone is done by
 * code: a constant small size where it stands, any other by a routine that each unit makes for
 * itself when it needs it, and the linker keeps once. The rest is done by helpers.
 * Trust: the module is validated. Addresses and sizes are the guest's.
 * Invariant: nothing is written before both ranges are known to be inside, by the size slot alone;
 * where that says no, the helper decides, as a shared memory may have grown. Everything that is
 * read is read before what could overwrite it is written.
 */
#include "compiler/function.h"

#define BULK_INLINE_MAX 128   /* bytes that are copied or filled without a call */
#define BULK_HERE_MAX	16384 /* bytes up to which a helper is no faster */
#define BULK_STEP	64    /* bytes of a turn of a loop: two vectors */
#define BULK_VECTOR	32
#define BULK_FUEL_LOG2	6 /* interp/interp.h: 1 for each 64 bytes */
#define BULK_CHUNKS_MAX (BULK_INLINE_MAX / BULK_VECTOR + 5)

/* A copy or a fill in the making. */
struct bulk {
	struct function *f;
	LLVMValueRef to, from; /* pointers into the window; from: of a copy */
	LLVMValueRef size;     /* i64 */
	LLVMValueRef byte;     /* of a fill: i8 */
};

/* ---- pieces ---------------------------------------------------------------------------------- */

static LLVMTypeRef bulk_type(const struct unit *u, uint32_t width)
{
	return width > 8 ? LLVMVectorType(u->i8, width)
			 : LLVMIntTypeInContext(u->context, width * 8);
}

static LLVMValueRef bulk_at(struct function *f, LLVMValueRef pointer, LLVMValueRef offset)
{
	return LLVMBuildGEP2(f->b, f->u->i8, pointer, &offset, 1, "");
}

/* `width` times the byte. */
static LLVMValueRef bulk_pattern(const struct bulk *k, uint32_t width)
{
	struct function *f = k->f;
	LLVMTypeRef type = bulk_type(f->u, width);

	if (width > 8) {
		LLVMValueRef one = LLVMBuildInsertElement(f->b, LLVMGetPoison(type), k->byte,
							  const_i32(f, 0), "");
		LLVMValueRef mask = LLVMConstNull(LLVMVectorType(f->u->i32, width));

		return LLVMBuildShuffleVector(f->b, one, LLVMGetPoison(type), mask, "");
	}
	LLVMValueRef ones = LLVMConstInt(type, 0x0101010101010101ull >> (64 - 8 * width), false);

	return LLVMBuildMul(f->b, LLVMBuildZExt(f->b, k->byte, type, ""), ones, "");
}

/* What belongs at the offset: read from there, or the pattern. */
static LLVMValueRef bulk_get(const struct bulk *k, LLVMValueRef offset, uint32_t width)
{
	struct function *f = k->f;

	if (!k->from)
		return bulk_pattern(k, width);
	LLVMValueRef p = bulk_at(f, k->from, offset);

	return memory_access(f, LLVMBuildLoad2(f->b, bulk_type(f->u, width), p, ""), 0);
}

static void bulk_put(const struct bulk *k, LLVMValueRef offset, LLVMValueRef v)
{
	struct function *f = k->f;

	memory_access(f, LLVMBuildStore(f->b, v, bulk_at(f, k->to, offset)), 0);
}

/* Some places of one width: all are read, then all are written. */
static void bulk_move(const struct bulk *k, const LLVMValueRef *offsets, uint32_t count,
		      uint32_t width)
{
	LLVMValueRef v[BULK_INLINE_MAX / BULK_VECTOR];

	must(count <= COUNT_OF(v));
	for (uint32_t i = 0; i < count; i++)
		v[i] = bulk_get(k, offsets[i], width);
	for (uint32_t i = 0; i < count; i++)
		bulk_put(k, offsets[i], v[i]);
}

/* ---- the check ------------------------------------------------------------------------------- */

static LLVMValueRef bulk_wide(struct function *f, LLVMValueRef v)
{
	return LLVMBuildZExt(f->b, v, f->u->i64, "");
}

static LLVMValueRef bulk_window(struct function *f, LLVMValueRef index)
{
	return bulk_at(f, LLVMConstNull(f->u->ptr_gs), bulk_wide(f, index));
}

/* Does a range end beyond the memory? from: NULL, or that of a second one. */
static LLVMValueRef bulk_beyond(struct function *f, LLVMValueRef to, LLVMValueRef from,
				LLVMValueRef size)
{
	LLVMValueRef last = bulk_wide(f, to);

	if (from) {
		LLVMValueRef both[] = {last, bulk_wide(f, from)};

		last = intrinsic(f, "llvm.umax", &f->u->i64, 1, both, 2);
	}
	return LLVMBuildICmp(f->b, LLVMIntUGT, LLVMBuildNUWAdd(f->b, last, size, ""),
			     memory_size_bytes(f, 0), "");
}

static void bulk_unlikely(struct function *f, LLVMValueRef condition, LLVMBasicBlockRef then,
			  LLVMBasicBlockRef otherwise)
{
	LLVMValueRef way = LLVMBuildCondBr(f->b, condition, then, otherwise);

	LLVMSetMetadata(way, f->u->prof_kind, f->u->unlikely);
}

/* ---- the function of a unit ------------------------------------------------------------------ */

static LLVMValueRef bulk_less(struct function *f, LLVMValueRef size, uint32_t limit)
{
	return LLVMBuildICmp(f->b, LLVMIntULT, size, const_i64(f, limit), "");
}

static LLVMValueRef bulk_minus(struct function *f, LLVMValueRef size, uint32_t n)
{
	return LLVMBuildSub(f->b, size, const_i64(f, n), "");
}

/* From width up to twice the width: the first and the last, which may overlap. */
static void bulk_two_ends(const struct bulk *k, uint32_t width)
{
	struct function *f = k->f;
	LLVMValueRef at[] = {const_i64(f, 0), bulk_minus(f, k->size, width)};

	bulk_move(k, at, 2, width);
	LLVMBuildRetVoid(f->b);
}

/* From 64 to 128. */
static void bulk_four_ends(const struct bulk *k)
{
	struct function *f = k->f;
	LLVMValueRef at[] = {const_i64(f, 0), const_i64(f, BULK_VECTOR),
			     bulk_minus(f, k->size, 2 * BULK_VECTOR),
			     bulk_minus(f, k->size, BULK_VECTOR)};

	bulk_move(k, at, 4, BULK_VECTOR);
	LLVMBuildRetVoid(f->b);
}

/* One turn: two vectors from the offset on. */
static void bulk_step(const struct bulk *k, LLVMValueRef at)
{
	struct function *f = k->f;
	LLVMValueRef two[] = {at, LLVMBuildAdd(f->b, at, const_i64(f, BULK_VECTOR), "")};

	bulk_move(k, two, 2, BULK_VECTOR);
}

/* More than a step. Upwards, up to the last step, or downwards, down to the first one; that one was
 * read before anything was written, and is written at the end. */
static void bulk_loop(const struct bulk *k, bool down)
{
	struct function *f = k->f;
	LLVMBasicBlockRef before = LLVMGetInsertBlock(f->b);
	LLVMBasicBlockRef loop = block_new(f, "loop"), end = block_new(f, "end");
	LLVMValueRef first = const_i64(f, 0), last = bulk_minus(f, k->size, BULK_STEP);
	LLVMValueRef rest = down ? first : last;
	LLVMValueRef second = LLVMBuildAdd(f->b, rest, const_i64(f, BULK_VECTOR), "");
	LLVMValueRef v[] = {bulk_get(k, rest, BULK_VECTOR), bulk_get(k, second, BULK_VECTOR)};

	LLVMBuildBr(f->b, loop);
	block_begin(f, loop);
	LLVMValueRef at = LLVMBuildPhi(f->b, f->u->i64, "");

	bulk_step(k, at);
	LLVMValueRef next = down ? bulk_minus(f, at, BULK_STEP)
				 : LLVMBuildAdd(f->b, at, const_i64(f, BULK_STEP), "");
	LLVMIntPredicate more = down ? LLVMIntSGT : LLVMIntSLT;

	LLVMBuildCondBr(f->b, LLVMBuildICmp(f->b, more, next, rest, ""), loop, end);
	LLVMAddIncoming(at, (LLVMValueRef[]){down ? last : first, next},
			(LLVMBasicBlockRef[]){before, loop}, 2);
	block_begin(f, end);
	bulk_put(k, rest, v[0]);
	bulk_put(k, second, v[1]);
	LLVMBuildRetVoid(f->b);
}

/* Downwards if the destination begins inside of the source. */
static void bulk_large(const struct bulk *k)
{
	struct function *f = k->f;

	if (!k->from) {
		bulk_loop(k, false);
		return;
	}
	LLVMBasicBlockRef up = block_new(f, "up"), down = block_new(f, "down");
	LLVMValueRef to = LLVMBuildPtrToInt(f->b, k->to, f->u->i64, "");
	LLVMValueRef from = LLVMBuildPtrToInt(f->b, k->from, f->u->i64, "");
	LLVMValueRef distance = LLVMBuildSub(f->b, to, from, "");

	LLVMBuildCondBr(f->b, LLVMBuildICmp(f->b, LLVMIntULT, distance, k->size, ""), down, up);
	block_begin(f, up);
	bulk_loop(k, false);
	block_begin(f, down);
	bulk_loop(k, true);
}

/* Goes on in a new block if size is not below the limit; the builder is then where it is. */
static LLVMBasicBlockRef bulk_below(const struct bulk *k, uint32_t limit)
{
	struct function *f = k->f;
	LLVMBasicBlockRef below = block_new(f, "below"), above = block_new(f, "above");

	LLVMBuildCondBr(f->b, bulk_less(f, k->size, limit), below, above);
	block_begin(f, below);
	return above;
}

/* Up to 16 bytes. */
static void bulk_small(const struct bulk *k)
{
	struct function *f = k->f;
	LLVMBasicBlockRef above = bulk_below(k, 8), above4 = bulk_below(k, 4);
	LLVMBasicBlockRef above2 = bulk_below(k, 2), above1 = bulk_below(k, 1);
	LLVMValueRef start = const_i64(f, 0);

	LLVMBuildRetVoid(f->b);
	block_begin(f, above1);
	bulk_move(k, &start, 1, 1);
	LLVMBuildRetVoid(f->b);
	block_begin(f, above2);
	bulk_two_ends(k, 2);
	block_begin(f, above4);
	bulk_two_ends(k, 4);
	block_begin(f, above);
	bulk_two_ends(k, 8);
}

static void bulk_any(const struct bulk *k)
{
	struct function *f = k->f;
	LLVMBasicBlockRef above = bulk_below(k, 17);

	bulk_small(k);
	block_begin(f, above);
	above = bulk_below(k, 33);
	bulk_two_ends(k, 16);
	block_begin(f, above);
	above = bulk_below(k, 65);
	bulk_two_ends(k, BULK_VECTOR);
	block_begin(f, above);
	above = bulk_below(k, 129);
	bulk_four_ends(k);
	block_begin(f, above);
	bulk_large(k);
}

/* To be done before anything is written; the helper does its own paying. */
static void bulk_pay(struct function *f, LLVMValueRef size, LLVMBasicBlockRef helper)
{
	uint32_t slot = f->u->plan->layout.fuel;
	LLVMBasicBlockRef next = block_new(f, "paid");
	LLVMValueRef cost = LLVMBuildLShr(f->b, size, const_i64(f, BULK_FUEL_LOG2), "");
	LLVMValueRef left = slot_load(f, slot, f->u->i64);

	LLVMSetVolatile(left, true);
	bulk_unlikely(f, LLVMBuildICmp(f->b, LLVMIntULT, left, cost, ""), helper, next);
	block_begin(f, next);
	slot_store(f, slot, LLVMBuildSub(f->b, left, cost, ""));
	LLVMSetVolatile(LLVMGetLastInstruction(next), true);
}

static void bulk_body(struct function *f, bool copy)
{
	LLVMValueRef to = LLVMGetParam(f->func, 0), second = LLVMGetParam(f->func, 1);
	LLVMValueRef size = LLVMGetParam(f->func, 2);
	LLVMBasicBlockRef helper = block_new(f, "helper"), here = block_new(f, "here");
	struct bulk k = {.f = f, .to = bulk_window(f, to), .size = bulk_wide(f, size)};

	if (copy)
		k.from = bulk_window(f, second);
	else
		k.byte = LLVMBuildTrunc(f->b, second, f->u->i8, "");
	LLVMValueRef beyond = bulk_beyond(f, to, copy ? second : NULL, k.size);
	LLVMValueRef large =
		LLVMBuildICmp(f->b, LLVMIntUGT, k.size, const_i64(f, BULK_HERE_MAX), "");

	bulk_unlikely(f, LLVMBuildOr(f->b, beyond, large, ""), helper, here);
	block_begin(f, here);
	if (f->u->plan->options->flags & NATIVE_METERED)
		bulk_pay(f, k.size, helper);
	bulk_any(&k);
	block_begin(f, helper);
	LLVMValueRef zero = const_i32(f, 0);

	if (copy)
		helper_call(f, NATIVE_HELPER_memory_copy,
			    (LLVMValueRef[]){zero, zero, to, second, size});
	else
		helper_call(f, NATIVE_HELPER_memory_fill, (LLVMValueRef[]){zero, to, second, size});
	LLVMBuildRetVoid(f->b);
}

static LLVMTypeRef bulk_func_type(const struct unit *u)
{
	LLVMTypeRef params[] = {u->i32, u->i32, u->i32};

	return LLVMFunctionType(u->void_type, params, 3, false);
}

/* (to, from or byte, size). A routine that functions share (link.c). */
static LLVMValueRef bulk_func_new(struct unit *u, bool copy)
{
	static const char never_inline[] = "noinline";
	unsigned kind = LLVMGetEnumAttributeKindForName(never_inline, sizeof never_inline - 1);
	LLVMValueRef func = LLVMAddFunction(u->module, copy ? BULK_COPY_SYMBOL : BULK_FILL_SYMBOL,
					    bulk_func_type(u));
	struct function f = {.u = u, .m = u->plan->m, .func = func};

	/* not internal: nobody fits it to those who call it, so that all units have the same one */
	LLVMSetVisibility(func, LLVMHiddenVisibility);
	LLVMSetSection(func, copy ? "." BULK_COPY_SYMBOL : "." BULK_FILL_SYMBOL);
	unit_attributes(u, func);
	LLVMAddAttributeAtIndex(func, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
				LLVMCreateEnumAttribute(u->context, kind, 0));
	f.b = LLVMCreateBuilderInContext(u->context);
	LLVMPositionBuilderAtEnd(f.b, block_new(&f, "entry"));
	bulk_body(&f, copy);
	LLVMDisposeBuilder(f.b);
	return func;
}

static void bulk_call(struct function *f, bool copy, LLVMValueRef args[3])
{
	LLVMValueRef *func = copy ? &f->u->memory_copy : &f->u->memory_fill;

	if (!*func)
		*func = bulk_func_new(f->u, copy);
	LLVMBuildCall2(f->b, bulk_func_type(f->u), *func, args, 3, "");
	fuel_fetch(f);
}

/* ---- constant sizes -------------------------------------------------------------------------- */

/* What costs no fuel, if that counts. */
static bool bulk_is_short(const struct function *f, LLVMValueRef size)
{
	const bool metered = f->u->plan->options->flags & NATIVE_METERED;
	const uint64_t max = metered ? (1u << BULK_FUEL_LOG2) - 1 : BULK_INLINE_MAX;

	return LLVMIsAConstantInt(size) && LLVMConstIntGetZExtValue(size) <= max;
}

/* The next piece of `left` bytes at *at, which may go back over what is done: its width. */
static uint32_t bulk_piece(uint32_t *at, uint32_t left)
{
	uint32_t width = BULK_VECTOR;

	while (width / 2 >= left)
		width /= 2;
	if (width > left && width - left <= *at) {
		*at -= width - left;
		return width;
	}
	return width > left ? width / 2 : width;
}

static void bulk_move_constant(const struct bulk *k, uint32_t size)
{
	LLVMValueRef v[BULK_CHUNKS_MAX], offsets[BULK_CHUNKS_MAX];
	uint32_t count = 0;

	for (uint32_t at = 0; at < size; count++) {
		uint32_t width = bulk_piece(&at, size - at);

		must(count < BULK_CHUNKS_MAX);
		offsets[count] = const_i64(k->f, at);
		v[count] = bulk_get(k, offsets[count], width);
		at += width;
	}
	for (uint32_t i = 0; i < count; i++)
		bulk_put(k, offsets[i], v[i]);
}

static void bulk_inline(struct function *f, bool copy, LLVMValueRef args[3])
{
	LLVMBasicBlockRef call = block_new(f, "bulk"), here = block_new(f, ""),
			  end = block_new(f, "");
	const uint32_t size = (uint32_t)LLVMConstIntGetZExtValue(args[2]);

	bulk_unlikely(f, bulk_beyond(f, args[0], copy ? args[1] : NULL, const_i64(f, size)), call,
		      here);
	block_begin(f, call);
	bulk_call(f, copy, args);
	LLVMBuildBr(f->b, end);
	block_begin(f, here);
	struct bulk k = {.f = f, .to = bulk_window(f, args[0])};

	if (copy)
		k.from = bulk_window(f, args[1]);
	else
		k.byte = LLVMBuildTrunc(f->b, args[1], f->u->i8, "");
	bulk_move_constant(&k, size);
	LLVMBuildBr(f->b, end);
	block_begin(f, end);
}

/* ---- instructions ---------------------------------------------------------------------------- */

static void bulk_pop(struct function *f, LLVMValueRef args[3])
{
	for (unsigned i = 3; i-- > 0;)
		args[i] = value_pop(f);
}

static void bulk_in_window(struct function *f, bool copy, LLVMValueRef args[3])
{
	if (bulk_is_short(f, args[2]))
		bulk_inline(f, copy, args);
	else
		bulk_call(f, copy, args);
}

static void bulk_copy(struct function *f, uint32_t to, uint32_t from)
{
	LLVMValueRef args[5] = {const_i32(f, to), const_i32(f, from)};

	bulk_pop(f, args + 2);
	if (memory_in_window(f->u, to) && memory_in_window(f->u, from))
		bulk_in_window(f, true, args + 2);
	else
		helper_call(f, NATIVE_HELPER_memory_copy, args);
}

static void bulk_fill(struct function *f, uint32_t memory)
{
	LLVMValueRef args[4] = {const_i32(f, memory)};

	bulk_pop(f, args + 1);
	if (memory_in_window(f->u, memory))
		bulk_in_window(f, false, args + 1);
	else
		helper_call(f, NATIVE_HELPER_memory_fill, args);
}

static void bulk_init(struct function *f, uint32_t data, uint32_t memory)
{
	LLVMValueRef args[5] = {const_i32(f, memory), const_i32(f, data)};

	bulk_pop(f, args + 2);
	helper_call(f, NATIVE_HELPER_memory_init, args);
}

bool bulk_emit(struct function *f, const struct wasm_insn *insn)
{
	LLVMValueRef data;

	switch (insn->op) {
	case WASM_OP_MEMORY_COPY:
		bulk_copy(f, insn->index, insn->index2);
		return true;
	case WASM_OP_MEMORY_FILL:
		bulk_fill(f, insn->index);
		return true;
	case WASM_OP_MEMORY_INIT:
		bulk_init(f, insn->index, insn->index2);
		return true;
	case WASM_OP_DATA_DROP:
		data = const_i32(f, insn->index);
		helper_call(f, NATIVE_HELPER_data_drop, &data);
		return true;
	default:
		return false;
	}
}
