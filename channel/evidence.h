/*
 * Tagged evidence as a certificate carries it (TCG DICE Attestation Architecture 1.1, 6.1; the
 * extension 2.23.133.5.4.9): CBOR tag 60000 over [quote, claims], both byte strings. What the two mean
 * is looked at elsewhere.
 */
#ifndef CHANNEL_EVIDENCE_H
#define CHANNEL_EVIDENCE_H

#include "base/cc.h"
#include "base/err.h"
#include "base/writer.h"

#define EVIDENCE_TAG	   60000
#define EVIDENCE_MAX	   32768 /* bytes, all of it */
#define EVIDENCE_QUOTE_MAX (EVIDENCE_MAX - 1024)

struct evidence {
	const uint8_t *quote;
	size_t quote_size;
	const uint8_t *claims;
	size_t claims_size;
};

/* E_LIMIT: more than EVIDENCE_MAX bytes. Whether they fitted, writer_ok says. */
MUST_USE enum err evidence_encode(struct writer *out, const struct evidence *evidence);

/* Takes untrusted bytes apart; out points into them. E_LIMIT, E_MALFORMED. */
MUST_USE enum err evidence_decode(struct evidence *out, const void *p, size_t size);

#endif
