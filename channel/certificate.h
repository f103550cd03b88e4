/*
 * The certificate of a channel's end: a fresh key of P-256, and in the extension 2.23.133.5.4.9 the
 * evidence that an enclave vouches for it. Self-signed, X.509 v3, SHA-256. There is no authority and
 * no time in it: what makes it worth something is the evidence, which the receiver verifies, and the
 * nonce in it, which the receiver chose.
 */
#ifndef CHANNEL_CERTIFICATE_H
#define CHANNEL_CERTIFICATE_H

#include "base/cc.h"
#include "base/err.h"
#include "channel/evidence.h"
#include "channel/identity.h"
#include "crypto/p256.h"

/* Bytes of a certificate that a handshake can carry: TLS 1.2 as mbedTLS has it puts it into one record. */
#define CERTIFICATE_MAX 16000
/* Bytes of any certificate that is looked at. */
#define CERTIFICATE_CHECK_MAX (EVIDENCE_MAX + 4096)
/* The longest quote that certificate_create takes. */
#define CERTIFICATE_QUOTE_MAX (CERTIFICATE_MAX - 1024)

/* Of one end. Zeroed is safe to fini. */
struct certificate {
	uint8_t *der; /* owned */
	size_t size;
	uint8_t private_key[P256_PRIVATE_SIZE];
};

struct certificate_request {
	/* The claims: launch digest, nonce, program digest if known. Domain and key hash are put in. */
	struct identity identity;
	struct crypto_random random;
	/*
	 * Makes a quote over report_data: at most `max` bytes to out, *size of them. Its errors are
	 * certificate_create's.
	 */
	enum err (*quote)(void *context, const uint8_t report_data[IDENTITY_REPORT_DATA_SIZE],
			  uint8_t *out, size_t max, size_t *size);
	void *quote_context;
};

/* A new key and its certificate. E_LIMIT: the quote is too long; E_CRYPTO, E_NOMEM; the callbacks'
 * errors. */
MUST_USE enum err certificate_create(struct certificate *out,
				     const struct certificate_request *request);

/* Wipes and frees. */
void certificate_fini(struct certificate *certificate);

/* What a certificate says; pointers into its bytes. Nothing of it is verified but that it belongs
 * together: who made the quote, and what it is worth, attest/ finds out. */
struct certificate_evidence {
	const uint8_t *quote;
	size_t quote_size;
	const uint8_t *claims;
	size_t claims_size;
	struct identity identity; /* the claims, taken apart */
	/* What the quote must have as report data. To be compared by who verifies the quote. */
	uint8_t report_data[IDENTITY_REPORT_DATA_SIZE];
};

/*
 * Takes an untrusted certificate apart: one of an enclave of ours. Checked: it is one DER certificate
 * and nothing behind it, the key is of P-256, its own signature holds, there is exactly one evidence
 * in it, the claims are canonical and of the domain of channels, and the key's hash in them is that of
 * this key.
 * E_CERTIFICATE_FORMAT, E_CERTIFICATE_SIGNATURE, E_CERTIFICATE_EVIDENCE (none, or in another form),
 * E_CERTIFICATE_KEY (the evidence is for another key), E_LIMIT, E_NOMEM.
 */
MUST_USE enum err certificate_check(struct certificate_evidence *out, const void *der, size_t size);

/*
 * The same for the certificate of any maker that uses this extension (Gramine since 1.8, and others):
 * also P-384 and SHA-384, and claims that are not ours, with out->identity.domain IDENTITY_FOREIGN.
 * Claims with a domain are held to the rules of certificate_check.
 */
MUST_USE enum err certificate_check_any(struct certificate_evidence *out, const void *der,
					size_t size);

#endif
