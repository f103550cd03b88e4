/* Native surroundings of the libraries, for tests and fuzzers. */
#ifndef TEST_LIB_NATIVE_H
#define TEST_LIB_NATIVE_H

#include "base/cc.h"

/* The allocation after n more successful ones fails, and all that follow; -1 switches that off. */
void native_heap_fail_at(long n);

/* An allocation was refused, or would be now. */
bool native_heap_failed(void);

/* From now on, memory that is given back is searched for these bytes (the caller's; NULL switches that
 * off): a secret that was not wiped is seen. */
void native_heap_watch(const void *bytes, size_t size);
bool native_heap_seen(void);

/* This range is the enclave's own or shared with it: no mapping may lie there. Size 0: there is none. */
void native_forbid(uint64_t address, uint64_t size);

#endif
