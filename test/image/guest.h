/* Runs hand-written guest code (guest_code.S) for the probes. */
#ifndef TEST_IMAGE_GUEST_H
#define TEST_IMAGE_GUEST_H

#include "base/cc.h"

#define GUEST_STACK_SIZE ((size_t)64 * 1024)

/* In a result: a trap ended the code, and this is its kind. */
#define GUEST_TRAPPED ((uint64_t)1 << 63)

/* Code between two labels of guest_code.S. */
#define GUEST(name) extern HIDDEN const uint8_t name[], name##_end[]

/* Puts code into the code region; its address. Must succeed. */
uint64_t guest_place(const uint8_t *code, const uint8_t *end);

/* The calling thread's guest stack of GUEST_STACK_SIZE bytes: its top. */
uint64_t guest_stack(void);

/* Calls the code at `entry` with two arguments: RAX, or GUEST_TRAPPED | kind. */
uint64_t guest_enter(uint64_t entry, uint64_t a, uint64_t b);

#endif
