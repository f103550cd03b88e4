/*
 * What client and server of a delivery say to each other in the clear, before the channel: the client
 * announces which launch it wants an enclave for, the server says whether it starts one. Nothing here is
 * secret, and nothing is believed: what matters of it, the enclave's evidence repeats
 * (doc/deploy.md). Integers are little-endian.
 */
#ifndef HOST_DEPLOY_HELLO_H
#define HOST_DEPLOY_HELLO_H

#include "base/cc.h"
#include "base/err.h"

#define HELLO_MAGIC	  0x44575452u /* "RTWD" */
#define HELLO_VERSION	  1u
#define HELLO_DIGEST_SIZE 32
#define HELLO_NONCE_SIZE  32
#define HELLO_SIZE	  80
#define HELLO_ANSWER_SIZE 8

/* u32 magic, u32 version, launch digest, nonce, u64 timeout */
struct hello {
	uint8_t launch_digest[HELLO_DIGEST_SIZE];
	uint8_t nonce[HELLO_NONCE_SIZE];
	uint64_t timeout_ns; /* of the launch record, which the server does not see; 0: none */
};

/* u32 magic, u32 status: the server's answer. */
enum hello_status {
	HELLO_GO,	   /* the enclave is being started: what follows is its own */
	HELLO_BUSY,	   /* as many clients as the server takes are there */
	HELLO_LIMIT,	   /* ... as it takes from one address */
	HELLO_UNSUPPORTED, /* it does not speak this version */
	HELLO_FAILED,	   /* it could not start a process */
	HELLO_STATUS_END
};

void hello_encode(uint8_t out[HELLO_SIZE], const struct hello *hello);

/* E_MALFORMED: no hello; E_UNSUPPORTED: one of another version. */
MUST_USE enum err hello_decode(struct hello *out, const uint8_t bytes[HELLO_SIZE]);

void hello_answer_encode(uint8_t out[HELLO_ANSWER_SIZE], enum hello_status status);

/* E_MALFORMED: not an answer, or an unknown status. */
MUST_USE enum err hello_answer_decode(enum hello_status *out,
				      const uint8_t bytes[HELLO_ANSWER_SIZE]);

/* What the status means, in words; "" for HELLO_GO. */
const char *hello_status_words(enum hello_status status);

#endif
