/*
 * One certificate of Intel's kind: X.509 v3 in DER, P-256, ECDSA with SHA-256. mbedTLS takes it apart; what
 * is kept here is plain data, with pointers into the caller's bytes, and nothing to free.
 */
#ifndef ATTEST_X509_H
#define ATTEST_X509_H

#include "attest/rule.h"
#include "attest/window.h"
#include "base/reader.h"
#include "crypto/ecdsa.h"

#define X509_CERTIFICATE_MAX 8192 /* bytes in DER */

/* Key usage (RFC 5280, 4.2.1.3). */
#define X509_DIGITAL_SIGNATURE 0x80
#define X509_KEY_CERT_SIGN     0x04
#define X509_CRL_SIGN	       0x02

#define X509_PATH_UNLIMITED (-1)

struct x509_bytes {
	const uint8_t *p;
	size_t size;
};

struct x509_certificate {
	struct x509_bytes der;
	struct x509_bytes tbs;	     /* what is signed */
	struct x509_bytes signature; /* in DER */
	struct x509_bytes issuer;    /* names in DER, whole */
	struct x509_bytes subject;
	struct x509_bytes serial;     /* the contents of the INTEGER */
	struct x509_bytes extensions; /* Extensions, with tag; p NULL: none */
	struct x509_bytes name;	      /* the subject's one common name; p NULL: none, or several */
	struct attest_window window;
	bool ca;			  /* false: basicConstraints says so, or is not there */
	int path_length;		  /* X509_PATH_UNLIMITED, or how many CAs may follow */
	uint8_t usage;			  /* 0: no keyUsage */
	uint8_t key[ECDSA_P256_KEY_SIZE]; /* x || y */
	uint8_t digest[SHA256_SIZE];	  /* SHA-256 of the DER */
};

/* Decodes untrusted bytes, one certificate and no more. The rules CERTIFICATE_*. */
MUST_USE enum attest_rule x509_decode(struct x509_certificate *out, const void *der, size_t size);

/* Is the certificate's signature that of the key? E_CRYPTO: it is not. E_NOMEM. */
MUST_USE enum err x509_signed_by(const struct x509_certificate *c,
				 const uint8_t key[ECDSA_P256_KEY_SIZE]);

/* Is it this text? */
MUST_USE bool x509_name_is(const struct x509_certificate *c, const char *name);

MUST_USE bool x509_equal(struct x509_bytes a, struct x509_bytes b);

/* The value of the extension with this OID (its contents), an empty reader if there is none. */
struct reader x509_extension(const struct x509_certificate *c, const void *oid, size_t oid_size);

/* Serial numbers as numbers: leading zeros mean nothing. */
MUST_USE bool x509_same_serial(struct x509_bytes a, struct x509_bytes b);

/* Seconds since 1970 of a date and time of day (UTC); a true date. */
int64_t x509_time(int year, int month, int day, int hour, int minute, int second);

#endif
