/*
 * Stands in for the enclave around native/ (native/native.h, "supplied by the surroundings"): code is placed in
 * the heap and never executed. "Running" calls a function of the test, which does what generated
 * code would do: reads and writes registers and slots, and calls out.
 */
#ifndef TEST_LIB_NATIVE_FAKE_H
#define TEST_LIB_NATIVE_FAKE_H

#include "native/native.h"

/* The largest guest stack that can be had. Only its top is there. */
#define NATIVE_FAKE_STACK_MAX NATIVE_STACK_DEFAULT

/* The code at that address begins: arguments in regs, results to be put there. */
typedef enum wasm_trap native_fake_code(void *env, uint64_t code, struct native_regs *regs);
void native_fake_run(native_fake_code *code, void *env);

/* Where the guest window is to be; NULL at first. */
void native_fake_window(uint8_t *base);

/* The address of the last trap of the hardware is this from now on, and its RSP no place of the stack; or the
 * place where `caller` stands, an address that a routine returns to. */
void native_fake_trap_at(uint64_t address);
void native_fake_trap_below(uint64_t caller);

/* Calls out of the running code, from a function that began at its address: a helper with its
 * arguments; the import thunk, with registers prepared but for RSP. */
enum wasm_trap native_fake_help(enum native_helper helper, const uint64_t args[6],
				uint64_t *result);
enum wasm_trap native_fake_import(struct native_regs *regs);

/* How many levels of running code there are. */
unsigned native_fake_depth(void);

/* How many pieces of code were placed, and frees them. */
unsigned native_fake_placed(void);
void native_fake_reset(void);

#endif
