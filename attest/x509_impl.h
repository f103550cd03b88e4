/* What x509.c and crl.c share of mbedTLS. */
#ifndef ATTEST_X509_IMPL_H
#define ATTEST_X509_IMPL_H

#include "base/cc.h"

struct mbedtls_x509_time;

/* Does this error of mbedTLS's say that memory was short? */
MUST_USE bool x509_no_memory(int ret);

int64_t x509_mbedtls_time(const struct mbedtls_x509_time *t);

#endif
