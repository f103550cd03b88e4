/* Certificates over a quote that is none: for tests of what carries them. */
#ifndef TEST_LIB_FAKE_CERTIFICATE_H
#define TEST_LIB_FAKE_CERTIFICATE_H

#include "channel/certificate.h"

/* Random numbers that come again in every run; every call goes on where the last one ended. */
struct crypto_random fake_random(void);

/* From now on the call after n more fails; -1: none does. */
void fake_random_fail_at(long n);

/* A quote of `size` bytes: the text "quote" and the report data, again and again. */
struct fake_quote {
	size_t size;
	enum err err; /* E_OK, or what to answer instead */
	unsigned count;
};
enum err fake_quote_make(void *quote, const uint8_t report_data[IDENTITY_REPORT_DATA_SIZE],
			 uint8_t *out, size_t max, size_t *size);

/* A request with these random numbers, launch digest of 0x11, nonce of 32 bytes of 0x22. */
struct certificate_request fake_request(struct fake_quote *quote);

/* A certificate of that request over a quote of `size` bytes; aborts when there is none. */
struct certificate fake_certificate(size_t size);

#endif
