/*
 * From a run of functions to an object: IR, passes, machine code.
 * Trust: the module is validated. What LLVM has to say against our IR is our bug, but is told in
 * words. Invariant: the same functions and options give the same object.
 */
#include "compiler/unit.h"

#include <inttypes.h>
#include <llvm-c/Analysis.h>
#include <llvm-c/BitReader.h>
#include <llvm-c/BitWriter.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/heap.h"
#include "compiler/target.h"

/* A frame has to be far smaller than the guard below the stack. */
#define FRAME_MAX "1048576"

void unit_symbol(char name[UNIT_SYMBOL_MAX], uint32_t func)
{
	snprintf(name, UNIT_SYMBOL_MAX, "f%" PRIu32, func);
}

void unit_fail(struct unit *u, const char *format, ...)
{
	va_list args;

	if (unit_failed(u))
		return;
	va_start(args, format);
	vsnprintf(u->error->text, sizeof u->error->text, format, args);
	va_end(args);
}

/* ---- making and disposing ---------------------------------------------------------------------
 */

static void unit_types(struct unit *u)
{
	u->i1 = LLVMInt1TypeInContext(u->context);
	u->i8 = LLVMInt8TypeInContext(u->context);
	u->i16 = LLVMInt16TypeInContext(u->context);
	u->i32 = LLVMInt32TypeInContext(u->context);
	u->i64 = LLVMInt64TypeInContext(u->context);
	u->f32 = LLVMFloatTypeInContext(u->context);
	u->f64 = LLVMDoubleTypeInContext(u->context);
	u->v128 = LLVMVectorType(u->i8, 16);
	u->void_type = LLVMVoidTypeInContext(u->context);
	u->ptr = LLVMPointerTypeInContext(u->context, 0);
	u->ptr_gs = LLVMPointerTypeInContext(u->context, 256);
	u->ptr_fs = LLVMPointerTypeInContext(u->context, 257);
}

static LLVMAttributeRef attribute_enum(struct unit *u, const char *name)
{
	unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));

	must(kind != 0);
	return LLVMCreateEnumAttribute(u->context, kind, 0);
}

static LLVMAttributeRef attribute_string(struct unit *u, const char *name, const char *value)
{
	return LLVMCreateStringAttribute(u->context, name, (unsigned)strlen(name), value,
					 (unsigned)strlen(value));
}

static void unit_add_attribute(struct unit *u, LLVMAttributeRef attribute)
{
	must(u->attribute_count < UNIT_ATTRIBUTES);
	u->attributes[u->attribute_count++] = attribute;
}

static void unit_make_attributes(struct unit *u)
{
	unit_add_attribute(u, attribute_enum(u, "nounwind"));
	unit_add_attribute(u, attribute_enum(u, "null_pointer_is_valid"));
	unit_add_attribute(u, attribute_string(u, "no-builtins", ""));
	unit_add_attribute(u, attribute_string(u, "frame-pointer", "none"));
	/* The verifier knows nothing below the stack pointer, and no pointer that is rounded. */
	unit_add_attribute(u, attribute_enum(u, "noredzone"));
	unit_add_attribute(u, attribute_string(u, "no-realign-stack", ""));
	unit_add_attribute(u, attribute_string(u, "target-cpu", target_cpu(u->plan->options->isa)));
	unit_add_attribute(u, attribute_string(u, "warn-stack-size", FRAME_MAX));
	/* Endless recursion has to end by exhausting the stack; musttail calls are tail calls
	 * anyway. */
	unit_add_attribute(u, attribute_string(u, "disable-tail-calls", "true"));
	if (u->form >= UNIT_OPAQUE)
		unit_add_attribute(u, attribute_string(u, "no-jump-tables", "true"));
}

void unit_attributes(struct unit *u, LLVMValueRef func)
{
	for (unsigned i = 0; i < u->attribute_count; i++)
		LLVMAddAttributeAtIndex(func, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
					u->attributes[i]);
}

LLVMValueRef unit_alias_class(struct unit *u, const char *name)
{
	LLVMMetadataRef root = LLVMMDStringInContext2(u->context, "guest", 5);
	LLVMMetadataRef parent = LLVMMDNodeInContext2(u->context, &root, 1);
	LLVMMetadataRef zero = LLVMValueAsMetadata(LLVMConstInt(u->i64, 0, false));
	LLVMMetadataRef scalar[] = {LLVMMDStringInContext2(u->context, name, strlen(name)), parent,
				    zero};
	LLVMMetadataRef type = LLVMMDNodeInContext2(u->context, scalar, 3);
	LLVMMetadataRef access[] = {type, type, zero};

	return LLVMMetadataAsValue(u->context, LLVMMDNodeInContext2(u->context, access, 3));
}

static void unit_make_metadata(struct unit *u)
{
	LLVMMetadataRef weights[] = {
		LLVMMDStringInContext2(u->context, "branch_weights", 14),
		LLVMValueAsMetadata(LLVMConstInt(u->i32, 1, false)),
		LLVMValueAsMetadata(LLVMConstInt(u->i32, 1u << 20, false)),
	};

	u->tbaa_kind = LLVMGetMDKindIDInContext(u->context, "tbaa", 4);
	u->prof_kind = LLVMGetMDKindIDInContext(u->context, "prof", 4);
	u->unlikely = LLVMMetadataAsValue(u->context, LLVMMDNodeInContext2(u->context, weights, 3));
	u->tbaa_memory = unit_alias_class(u, "memory");
	u->tbaa_slot = unit_alias_class(u, "slot");
	u->tbaa_table = unit_alias_class(u, "table");
	u->tbaa_transfer = unit_alias_class(u, "transfer");
}

/* Errors and frames that are too large are failures; other warnings and remarks are not for the
 * user. */
static void unit_on_diagnostic(LLVMDiagnosticInfoRef info, void *env)
{
	struct unit *u = env;
	char *text = LLVMGetDiagInfoDescription(info);
	const char *func = strstr(text, "'f");

	if (strstr(text, "stack frame size") && func)
		unit_fail(u, "function %lu needs a larger stack frame than native code may have",
			  strtoul(func + 2, NULL, 10));
	else if (LLVMGetDiagInfoSeverity(info) == LLVMDSError)
		unit_fail(u, "%s", text);
	LLVMDisposeMessage(text);
}

static bool unit_init(struct unit *u)
{
	u->funcs = heap_alloc_array(u->plan->m->func_count, sizeof(*u->funcs));
	u->places = heap_alloc_array(UNIT_PLACES, sizeof(*u->places));
	if (!u->funcs || !u->places) {
		unit_fail(u, "out of memory");
		return false;
	}
	u->context = LLVMContextCreate();
	LLVMContextSetDiscardValueNames(u->context, !u->plan->options->dump_ir);
	LLVMContextSetDiagnosticHandler(u->context, unit_on_diagnostic, u);
	u->module = LLVMModuleCreateWithNameInContext("retwine", u->context);
	unit_types(u);
	unit_make_attributes(u);
	unit_make_metadata(u);
	return true;
}

static void unit_fini(struct unit *u)
{
	if (u->module)
		LLVMDisposeModule(u->module);
	if (u->context)
		LLVMContextDispose(u->context);
	heap_free(u->funcs);
	heap_free(u->places);
}

/* ---- passes and code --------------------------------------------------------------------------
 */

static void unit_dump(struct unit *u, const char *when)
{
	char path[1024];
	char *message = NULL;

	if (!u->plan->options->dump_ir || !u->module)
		return;
	snprintf(path, sizeof path, "%s/unit-%07" PRIu32 "-%u.%s.ll", u->plan->options->dump_ir,
		 u->first, (unsigned)u->form, when);
	if (LLVMPrintModuleToFile(u->module, path, &message))
		unit_fail(u, "cannot write %s", path);
	LLVMDisposeMessage(message);
}

static void unit_verify(struct unit *u)
{
	char *message = NULL;

	if (LLVMVerifyModule(u->module, LLVMReturnStatusAction, &message))
		unit_fail(u, "wrong IR for functions from %" PRIu32 " on: %s", u->first, message);
	LLVMDisposeMessage(message);
}

static void unit_run_passes(struct unit *u, LLVMTargetMachineRef machine)
{
	const char *passes = target_passes(u->level);

	if (!passes)
		return;
	LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
	LLVMErrorRef error = LLVMRunPasses(u->module, passes, machine, options);

	LLVMDisposePassBuilderOptions(options);
	if (error) {
		char *message = LLVMGetErrorMessage(error);

		unit_fail(u, "the passes failed: %s", message);
		LLVMDisposeErrorMessage(message);
	}
}

static void unit_emit(struct unit *u, LLVMTargetMachineRef machine, LLVMMemoryBufferRef *object)
{
	char *message = NULL;

	*object = NULL;
	if (LLVMTargetMachineEmitToMemoryBuffer(machine, u->module, LLVMObjectFile, &message,
						object)) {
		unit_fail(u, "no machine code: %s", message);
		LLVMDisposeMessage(message);
	}
	if (unit_failed(u) && *object) {
		LLVMDisposeMemoryBuffer(*object);
		*object = NULL;
	}
}

static void unit_set_target(struct unit *u, LLVMTargetMachineRef machine)
{
	LLVMTargetDataRef data = LLVMCreateTargetDataLayout(machine);
	char *triple = LLVMGetTargetMachineTriple(machine);

	LLVMSetModuleDataLayout(u->module, data);
	LLVMSetTarget(u->module, triple);
	LLVMDisposeTargetData(data);
	LLVMDisposeMessage(triple);
}

/* Where nothing is inlined, only what is wanted. */
static void unit_translate(struct unit *u)
{
	const bool all = u->level > 1;

	for (uint32_t i = 0; i < u->count && !unit_failed(u); i++)
		if (all || u->wanted[i])
			function_translate(u, u->first + i);
}

/* What is not wanted was there to be inlined; what was refused is masked, and the routines, as all functions
 * share them. */
static void unit_select(struct unit *u)
{
	for (uint32_t i = 0; i < u->count && !unit_failed(u); i++) {
		LLVMValueRef func = u->funcs[u->first + i];

		if (!func || LLVMIsDeclaration(func))
			continue;
		if (!u->wanted[i])
			LLVMSetLinkage(func, LLVMAvailableExternallyLinkage);
		else if (u->form != UNIT_PLAIN)
			mask_function(u, func);
	}
	if (u->memory_copy)
		mask_function(u, u->memory_copy);
	if (u->memory_fill)
		mask_function(u, u->memory_fill);
}

static void unit_make_ir(struct unit *u, LLVMTargetMachineRef machine)
{
	unit_set_target(u, machine);
	unit_translate(u);
	unit_dump(u, "1");
	if (!unit_failed(u))
		unit_verify(u);
	if (!unit_failed(u))
		unit_run_passes(u, machine);
	if (!unit_failed(u))
		keep_finish(u);
}

/* What passes over whole units made is not made again: they take longer than the code generator. */
static void unit_keep_ir(struct unit *u)
{
	if (u->passed && u->level > 1)
		*u->passed = LLVMWriteBitcodeToMemoryBuffer(u->module);
}

static void unit_take_ir(struct unit *u)
{
	char name[UNIT_SYMBOL_MAX];

	LLVMDisposeModule(u->module);
	u->module = NULL;
	if (LLVMParseBitcodeInContext2(u->context, *u->passed, &u->module)) {
		unit_fail(u, "the code of functions from %" PRIu32 " on is lost", u->first);
		return;
	}
	for (uint32_t i = 0; i < u->count; i++) {
		unit_symbol(name, u->first + i);
		u->funcs[u->first + i] = LLVMGetNamedFunction(u->module, name);
	}
	u->memory_copy = LLVMGetNamedFunction(u->module, BULK_COPY_SYMBOL);
	u->memory_fill = LLVMGetNamedFunction(u->module, BULK_FILL_SYMBOL);
}

static bool unit_make_object(struct unit *u, LLVMMemoryBufferRef *object)
{
	LLVMTargetMachineRef machine = target_machine_new(u->plan->options, u->level, u->error);

	if (!machine)
		return false;
	if ((u->form == UNIT_MASKED || u->form == UNIT_EXTENDED) && u->passed && *u->passed)
		unit_take_ir(u);
	else
		unit_make_ir(u, machine);
	if (!unit_failed(u) && u->form == UNIT_PLAIN)
		unit_keep_ir(u);
	if (!unit_failed(u))
		unit_select(u);
	unit_dump(u, "2");
	if (!unit_failed(u))
		unit_emit(u, machine, object);
	LLVMDisposeTargetMachine(machine);
	return !unit_failed(u);
}

static int form_level(enum unit_form form, int level)
{
	int max = form == UNIT_SIMPLE ? 0 : form == UNIT_OPAQUE ? 1 : 3;

	return level < max ? level : max;
}

bool unit_compile(const struct compile_plan *plan, const struct unit_request *request,
		  LLVMMemoryBufferRef *object, struct compile_error *error)
{
	struct unit u = {.plan = plan,
			 .first = request->first,
			 .count = request->count,
			 .level = form_level(request->form, request->level),
			 .form = request->form,
			 .wanted = request->wanted,
			 .passed = request->passed,
			 .error = error};
	bool ok = unit_init(&u) && unit_make_object(&u, object);

	unit_fini(&u);
	return ok;
}
