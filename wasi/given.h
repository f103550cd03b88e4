/*
 * Files that whoever delivers a program gives to it: put into mounts in the enclave's memory before
 * it starts, and into no other.
 */
#ifndef WASI_GIVEN_H
#define WASI_GIVEN_H

#include "wasi/wasi.h"

/* Puts the configuration's files where they belong; the mounts are open. Errors: see wasi_init. */
MUST_USE enum err wasi_give(const struct wasi *wasi);

#endif
