/*
 * Is the enclave at the other end the one that we want? The client's check of a certificate, before anything is sent.
 */
#ifndef HOST_DEPLOY_PEER_H
#define HOST_DEPLOY_PEER_H

#include "attest/verify.h"
#include "base/cc.h"
#include "base/err.h"
#include "host/deploy/hello.h"
#include "include/retwine.h"

struct retwine_policy;

struct peer {
	/* what is wanted */
	struct retwine_policy *policy; /* with MRENCLAVE or MRSIGNER */
	uint8_t launch_digest[HELLO_DIGEST_SIZE];
	uint8_t nonce[HELLO_NONCE_SIZE];
	void (*verified)(void *context, const char *text,
			 const char *relaxations); /* may be NULL */
	void *context;
	/* what came of it */
	bool asked;    /* peer_check was called: the handshake got that far */
	bool accepted; /* and all of it holds */
	struct attest_verdict verdict;
	uint64_t verify_ns;
	struct retwine_error error; /* why not */
};

/*
 * Does the policy ask for nothing that a delivery decides itself? Its digests have to be those of the program that is
 * delivered (RETWINE_REFUSED); nonce, report data and user data are made for each connection (RETWINE_USAGE).
 */
MUST_USE enum retwine_code peer_check_policy(const struct peer *peer,
					     const uint8_t program_digest[HELLO_DIGEST_SIZE],
					     struct retwine_error *error);

/*
 * The callback of a channel's client (channel/channel.h); context is a struct peer. The certificate is untrusted. E_OK: its
 * key is that of an enclave which satisfies the policy, was started with the launch digest, and made its
 * evidence for this nonce. E_DENIED otherwise, and *error says which of it does not hold.
 */
MUST_USE enum err peer_check(void *context, const uint8_t *der, size_t size);

#endif
