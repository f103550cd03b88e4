/* The part of <assert.h> that freestanding code uses. */
#ifndef ENCLAVE_LIBC_ASSERT_H
#define ENCLAVE_LIBC_ASSERT_H

#define static_assert _Static_assert

#endif
