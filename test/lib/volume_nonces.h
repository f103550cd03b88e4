/*
 * Every block that is sealed, by which key and under which nonce: a pair must not come twice. For tests
 * that are linked with --wrap=gcm_seal; in others nothing is counted.
 */
#ifndef TEST_LIB_VOLUME_NONCES_H
#define TEST_LIB_VOLUME_NONCES_H

#include "base/cc.h"

/* Blocks sealed so far; pairs that came again; keys are not counted. */
uint64_t nonces_sealed(void);
uint64_t nonces_repeated(void);
void nonces_forget(void);

#endif
