/*
 * What the compilers call differently, and the few attributes that the house uses. The only file,
 * besides whole-file variants, that may hold an #if on the compiler.
 */
#ifndef BASE_CC_H
#define BASE_CC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_USE      __attribute__((warn_unused_result))
#define NORETURN      __attribute__((noreturn))
#define NOINLINE      __attribute__((noinline))
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define PACKED	      __attribute__((packed))
#define ALIGNED(n)    __attribute__((aligned(n)))
#define UNUSED	      __attribute__((unused))
/* A symbol of the same link that is reached directly, without the global offset table. */
#define HIDDEN		       __attribute__((visibility("hidden")))
#define SECTION(s)	       __attribute__((section(s)))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* Leaves registers as they are at the end of a function, against -fzero-call-used-regs: for
 * functions that end in a tail call. */
#define KEEP_CALL_USED_REGS __attribute__((zero_call_used_regs("skip")))

/* The bytes at p are what they are now: the compiler neither goes back to where they were copied from
 * nor moves the copying past this. */
#define reread_nothing(p) __asm__ volatile("" : : "r"(p) : "memory")

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define prefetch(p) __builtin_prefetch(p) /* the line of memory there; never faults */

/* Number of elements of a true array. */
#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

/* A call in tail position that must not grow the stack; gcc 12 has no such promise and the
 * interpreter, its only user, is built with clang where it is run. */
#if defined(__clang__)
#define MUSTTAIL __attribute__((musttail))
#define NO_IDIOM __attribute__((no_builtin)) /* loops do not become calls of memcpy and its family */
#if __has_feature(address_sanitizer) /* clang 19 cannot realign a stack with preserve_none */
#define PRESERVE_NONE
#else
#define PRESERVE_NONE __attribute__((preserve_none))
#endif
#else
#define MUSTTAIL
#define NO_IDIOM __attribute__((optimize("no-tree-loop-distribute-patterns")))
#define PRESERVE_NONE
#endif

#endif
