/*
 * A stand-in for the compiler's core, and LLVM's just-in-time linker.
 */
#include "test/compiler/jit.h"

#include <llvm-c/Analysis.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Orc.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cc.h"
#include "compiler/target.h"
#include "compiler/unit.h"

struct jit {
	LLVMOrcLLJITRef linker;
};

/* ---- what compiler/number.c and the others want of a function ------------------------------------ */

void value_push(struct function *f, LLVMValueRef v, uint32_t type)
{
	f->stack[f->height++] = (struct value){v, type};
}

LLVMValueRef value_pop(struct function *f)
{
	return f->stack[--f->height].v;
}

LLVMTypeRef value_type(const struct unit *u, uint32_t type)
{
	return type == WASM_I32	  ? u->i32
	       : type == WASM_I64 ? u->i64
	       : type == WASM_F32 ? u->f32
	       : type == WASM_F64 ? u->f64
				  : u->v128;
}

LLVMBasicBlockRef block_new(struct function *f, const char *name)
{
	return LLVMAppendBasicBlockInContext(f->u->context, f->func, name);
}

void block_begin(struct function *f, LLVMBasicBlockRef block)
{
	LLVMPositionBuilderAtEnd(f->b, block);
}

void trap_now(struct function *f, enum wasm_trap trap)
{
	LLVMBuildRet(f->b, const_i32(f, trap));
}

void trap_if(struct function *f, LLVMValueRef condition, enum wasm_trap trap)
{
	LLVMBasicBlockRef bad = block_new(f, "bad"), good = block_new(f, "good");

	LLVMBuildCondBr(f->b, condition, bad, good);
	block_begin(f, bad);
	trap_now(f, trap);
	block_begin(f, good);
}

LLVMValueRef intrinsic(struct function *f, const char *name, LLVMTypeRef *types,
		       unsigned type_count, LLVMValueRef *args, unsigned arg_count)
{
	unsigned id = LLVMLookupIntrinsicID(name, strlen(name));

	must(id != 0);
	return LLVMBuildCall2(f->b, LLVMIntrinsicGetType(f->u->context, id, types, type_count),
			      LLVMGetIntrinsicDeclaration(f->u->module, id, types, type_count),
			      args, arg_count, "");
}

void unit_fail(struct unit *u, const char *format, ...)
{
	(void)format;
	u->error->text[0] = '!';
}

/* ---- one instruction --------------------------------------------------------------------------- */

static void unit_open(struct unit *u)
{
	LLVMContextRef c = u->context = LLVMContextCreate();

	u->module = LLVMModuleCreateWithNameInContext("test", c);
	u->i1 = LLVMInt1TypeInContext(c);
	u->i8 = LLVMInt8TypeInContext(c);
	u->i16 = LLVMInt16TypeInContext(c);
	u->i32 = LLVMInt32TypeInContext(c);
	u->i64 = LLVMInt64TypeInContext(c);
	u->f32 = LLVMFloatTypeInContext(c);
	u->f64 = LLVMDoubleTypeInContext(c);
	u->v128 = LLVMVectorType(u->i8, 16);
	u->ptr = LLVMPointerTypeInContext(c, 0);
}

static LLVMValueRef constant_operand(const struct unit *u, uint32_t type, const uint8_t *bytes)
{
	LLVMValueRef all[16];
	uint64_t bits;

	memcpy(&bits, bytes, sizeof bits);
	for (unsigned i = 0; i < 16; i++)
		all[i] = LLVMConstInt(u->i8, bytes[i], false);
	switch (type) {
	case WASM_I32:
	case WASM_F32:
		return LLVMConstBitCast(LLVMConstInt(u->i32, (uint32_t)bits, false),
					value_type(u, type));
	case WASM_I64:
	case WASM_F64:
		return LLVMConstBitCast(LLVMConstInt(u->i64, bits, false), value_type(u, type));
	default:
		return LLVMConstVector(all, 16);
	}
}

static LLVMValueRef pointer_at(struct function *f, unsigned i)
{
	LLVMValueRef offset = const_i32(f, 16 * i);

	return LLVMBuildGEP2(f->b, f->u->i8, LLVMGetParam(f->func, 0), &offset, 1, "");
}

unsigned jit_operands(const struct jit_function *j, uint8_t types[JIT_OPERANDS_MAX])
{
	const struct wasm_op_info *op = wasm_op_info(j->op), *first = wasm_op_info(j->first);

	memcpy(types, op->in, op->in_count);
	if (!j->first)
		return op->in_count;
	memcpy(types + op->in_count - 1, first->in, first->in_count);
	return op->in_count - 1u + first->in_count;
}

static void push_operands(struct function *f, const struct jit_function *j)
{
	uint8_t types[JIT_OPERANDS_MAX];
	unsigned count = jit_operands(j, types);

	for (unsigned i = 0; i < count; i++) {
		LLVMTypeRef type = value_type(f->u, types[i]);
		LLVMValueRef x;

		if (j->known >> i & 1) {
			x = constant_operand(f->u, types[i],
					     (const uint8_t *)j->constants + 16 * i);
		} else {
			x = LLVMBuildLoad2(f->b, type, pointer_at(f, i), "");
			LLVMSetAlignment(x, 1);
		}
		value_push(f, x, types[i]);
	}
}

static bool emit_insn(struct function *f, const struct jit_function *j, enum wasm_op op)
{
	struct wasm_insn insn = {.op = op};

	if (wasm_op_info(op)->imm == WASM_IMM_SHUFFLE)
		memcpy(insn.v128, j->shuffle, sizeof insn.v128);
	else
		insn.index = j->lane;
	return number_emit(f, &insn) || vector_emit(f, &insn);
}

static bool emit(struct unit *u, const struct jit_function *j, LLVMValueRef func)
{
	struct value stack[JIT_OPERANDS_MAX];
	struct function f = {.u = u, .func = func, .stack = stack};

	f.b = LLVMCreateBuilderInContext(u->context);
	block_begin(&f, block_new(&f, ""));
	push_operands(&f, j);
	bool known = (!j->first || emit_insn(&f, j, j->first)) && emit_insn(&f, j, j->op);

	if (known) {
		LLVMValueRef result = value_pop(&f);

		must(f.height == 0 &&
		     LLVMTypeOf(result) == value_type(u, wasm_op_info(j->op)->out));
		LLVMSetAlignment(LLVMBuildStore(f.b, result, LLVMGetParam(func, 1)), 1);
		LLVMBuildRet(f.b, const_i32(&f, TRAP_NONE));
	}
	LLVMDisposeBuilder(f.b);
	return known;
}

static LLVMValueRef function_new(struct unit *u)
{
	LLVMTypeRef type = LLVMFunctionType(u->i32, (LLVMTypeRef[]){u->ptr, u->ptr}, 2, false);
	LLVMValueRef func = LLVMAddFunction(u->module, "f", type);

	LLVMSetLinkage(func, LLVMInternalLinkage);
	return func;
}

bool jit_knows(enum wasm_op op)
{
	const struct wasm_op_info *info = wasm_op_info(op);
	struct compile_options options = {.isa = NATIVE_ISA_V3};
	struct compile_plan plan = {.options = &options};
	struct compile_error error = {0};
	struct unit u = {.plan = &plan, .error = &error};
	struct jit_function j = {.op = op};

	if (info->in_count == WASM_OP_SPECIAL || info->in_count == 0 || info->out == WASM_NO_TYPE)
		return false;
	unit_open(&u);
	bool known = emit(&u, &j, function_new(&u));

	LLVMDisposeModule(u.module);
	LLVMContextDispose(u.context);
	return known;
}

/* ---- all of them ------------------------------------------------------------------------------- */

static bool failed(LLVMErrorRef error)
{
	if (!error)
		return false;
	char *message = LLVMGetErrorMessage(error);

	fprintf(stderr, "%s\n", message);
	LLVMDisposeErrorMessage(message);
	return true;
}

/* The functions, and a table of them by the name "table". */
static void unit_fill(struct unit *u, const struct jit_function *functions, unsigned count)
{
	LLVMValueRef *all = calloc(count, sizeof(LLVMValueRef));

	must(all != NULL);
	for (unsigned i = 0; i < count; i++) {
		all[i] = function_new(u);
		must(emit(u, &functions[i], all[i]));
	}
	LLVMValueRef table = LLVMAddGlobal(u->module, LLVMArrayType2(u->ptr, count), "table");

	LLVMSetInitializer(table, LLVMConstArray2(u->ptr, all, count));
	free(all);
}

static LLVMMemoryBufferRef unit_object(struct unit *u)
{
	const char *passes = target_passes(u->level);
	LLVMTargetMachineRef machine = target_machine_new(u->plan->options, u->level, u->error);
	LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
	LLVMMemoryBufferRef object = NULL;
	char *message = NULL;

	must(machine != NULL);
	LLVMVerifyModule(u->module, LLVMAbortProcessAction, &message);
	LLVMDisposeMessage(message);
	must(!passes || !failed(LLVMRunPasses(u->module, passes, machine, options)));
	must(!LLVMTargetMachineEmitToMemoryBuffer(machine, u->module, LLVMObjectFile, &message,
						  &object));
	LLVMDisposePassBuilderOptions(options);
	LLVMDisposeTargetMachine(machine);
	return object;
}

/* Into a library that knows no other. */
static bool jit_link(struct jit *jit, LLVMMemoryBufferRef object, jit_call *const **table)
{
	LLVMOrcExecutorAddress address;

	if (failed(LLVMOrcCreateLLJIT(&jit->linker, NULL)))
		return false;
	LLVMOrcJITDylibRef main = LLVMOrcLLJITGetMainJITDylib(jit->linker);

	if (failed(LLVMOrcLLJITAddObjectFile(jit->linker, main, object)) ||
	    failed(LLVMOrcLLJITLookup(jit->linker, &address, "table")))
		return false;
	*table = (jit_call *const *)(uintptr_t)address;
	return true;
}

struct jit *jit_open(struct jit_function *functions, unsigned count, int level, enum native_isa isa)
{
	struct jit *jit = calloc(1, sizeof *jit);
	struct compile_options options = {.level = level, .isa = isa};
	struct compile_plan plan = {.options = &options};
	struct compile_error error = {0};
	struct unit u = {.plan = &plan, .level = level, .error = &error};
	jit_call *const *table;

	must(jit != NULL);
	unit_open(&u);
	unit_fill(&u, functions, count);
	LLVMMemoryBufferRef object = unit_object(&u);

	LLVMDisposeModule(u.module);
	LLVMContextDispose(u.context);
	if (error.text[0]) {
		LLVMDisposeMemoryBuffer(object);
		jit_close(jit);
		return NULL;
	}
	if (!jit_link(jit, object, &table)) {
		jit_close(jit);
		return NULL;
	}
	for (unsigned i = 0; i < count; i++)
		functions[i].call = table[i];
	return jit;
}

void jit_close(struct jit *jit)
{
	if (jit->linker)
		failed(LLVMOrcDisposeLLJIT(jit->linker));
	free(jit);
}
