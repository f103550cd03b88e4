/*
 * Who speaks: the one scheme by which evidence of an enclave is bound to what it vouches for. Claims
 * are a map in canonical CBOR (RFC 8949, 4.2.1; doc/attestation.md); the evidence's report data is
 * SHA-256 of their bytes and 32 zeros. A claim of one domain is never one of the other: a guest
 * chooses only the 64 bytes of its claim "user-data", never the report data.
 */
#ifndef CHANNEL_IDENTITY_H
#define CHANNEL_IDENTITY_H

#include "base/cc.h"
#include "base/err.h"
#include "base/writer.h"

#define IDENTITY_DIGEST_SIZE	  32
#define IDENTITY_NONCE_MAX	  64
#define IDENTITY_USER_DATA_SIZE	  64
#define IDENTITY_REPORT_DATA_SIZE 64
#define IDENTITY_CLAIMS_MAX	  512 /* bytes; what is ours is shorter */

enum identity_domain {
	IDENTITY_FOREIGN = 0, /* claims of another maker: nothing but a key and perhaps a nonce */
	IDENTITY_CHANNEL,     /* "retwine.channel.v1": the key of a channel's end */
	IDENTITY_GUEST,	      /* "retwine.guest.v1": what a program chose to say */
};

struct identity {
	enum identity_domain domain;
	bool has_program_digest;
	uint8_t launch_digest[IDENTITY_DIGEST_SIZE];
	uint8_t program_digest[IDENTITY_DIGEST_SIZE]; /* zeros without has_program_digest */
	uint32_t nonce_size;			      /* at most IDENTITY_NONCE_MAX; 0: no nonce */
	uint8_t nonce[IDENTITY_NONCE_MAX];
	uint8_t key_hash[IDENTITY_DIGEST_SIZE]; /* channel: SHA-256 of the SubjectPublicKeyInfo */
	uint8_t user_data[IDENTITY_USER_DATA_SIZE]; /* guest */
};

/* Writes the claims, at most IDENTITY_CLAIMS_MAX bytes. E_INVALID: a foreign domain or too long a
 * nonce. Whether they fitted, writer_ok says. */
MUST_USE enum err identity_claims(struct writer *out, const struct identity *identity);

/* What the evidence that carries these claims must have as its report data: of any claims, whatever
 * they say. */
void identity_report_data(uint8_t report_data[IDENTITY_REPORT_DATA_SIZE], const void *claims,
			  size_t size);

/*
 * Reads claims of ours (untrusted): exactly what identity_claims writes, and nothing else.
 * E_MALFORMED when they are not, or of another domain than these two.
 */
MUST_USE enum err identity_decode(struct identity *out, const void *claims, size_t size);

/*
 * Reads claims of others (untrusted) as TCG DICE makers write them: a map of text keys, in any order,
 * with "pubkey-hash" and perhaps "nonce"; what else is in it is not looked at. out->domain is
 * IDENTITY_FOREIGN. E_MALFORMED; E_UNSUPPORTED: the hash of the key is not SHA-256. Claims with a
 * "domain" are never foreign: E_MALFORMED.
 */
MUST_USE enum err identity_decode_foreign(struct identity *out, const void *claims, size_t size);

#endif
