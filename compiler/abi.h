/*
 * The calling convention of native code (doc/native.md) in LLVM's terms.
 */
#ifndef COMPILER_ABI_H
#define COMPILER_ABI_H

#include "compiler/function.h"

/* Most arguments of an LLVM function: R10 and the registers. */
#define ABI_ARGS_MAX (1 + NATIVE_INT_ARGS + NATIVE_VECTOR_ARGS)

/* The LLVM type of a function; through_memory: of a call that goes through memory. */
LLVMTypeRef abi_func_type(struct unit *u, const struct wasm_func_type *type, bool through_memory);

/* The LLVM function of that index, which is not imported; declared when it is first asked for. */
LLVMValueRef abi_func(struct unit *u, uint32_t index);

/* Puts the parameters of the function that is translated into its locals. */
void abi_take_params(struct function *f);

/*
 * Takes the arguments of a call off the stack: those in registers go to args, in the order of
 * abi_func_type's parameters, the others to the transfer area. nest: the callee's reference (i32),
 * or NULL where the call does not go through memory. Returns how many args there are.
 */
unsigned abi_pop_args(struct function *f, const struct wasm_func_type *type, LLVMValueRef nest,
		      LLVMValueRef args[ABI_ARGS_MAX]);

/* Says of a call which argument goes to R10; nothing if none does. */
void abi_mark_call(struct function *f, LLVMValueRef call, bool through_memory);

/* Pushes the results of a call. */
void abi_push_results(struct function *f, const struct wasm_func_type *type, LLVMValueRef call);

/* Returns the values, one for each result. */
void abi_return(struct function *f, LLVMValueRef *results);

/* What is loaded from a slot, or stored there: marks its alias class. */
void abi_mark_access(struct function *f, LLVMValueRef access, LLVMValueRef alias_class);

#endif
