/*
 * From a WebAssembly module to the section retwine.native. The only users of LLVM are the files of
 * this directory; `retwine compile` runs them in a process of their own (compiler/main.c).
 * The module is untrusted: it is decoded and validated first.
 */
#ifndef COMPILER_COMPILE_H
#define COMPILER_COMPILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "native/format.h"

struct compile_options {
	int level; /* 0..3 as compilers have it */
	enum native_isa isa;
	uint32_t flags;	  /* NATIVE_METERED, NATIVE_POLLED, NATIVE_CHECKED */
	bool unverified;  /* code as it comes, without facts: the enclave refuses it */
	unsigned threads; /* 0: as many as there are CPUs. Never changes the output. */
	/* Told while it goes on, from any thread, one at a time; NULL: nobody. */
	void (*progress)(void *env, uint32_t done, uint32_t total);
	void *env;
	const char *dump_ir; /* directory for LLVM IR of each unit, for developers; NULL: none */
};

/* Why it failed, in words: one line. */
struct compile_error {
	char text[512];
};

/* The payload of the section, to be freed with free(). False: see error. */
bool compile_module(const uint8_t *bytes, size_t size, const struct compile_options *options,
		    uint8_t **payload, size_t *payload_size, struct compile_error *error);

#endif
