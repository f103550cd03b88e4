/*
 * The secure channel: TLS 1.2 (RFC 5246) with ECDHE-ECDSA-AES256-GCM-SHA384 on P-256 or P-384 alone,
 * with extended master secret (RFC 7627) and secure renegotiation indication (RFC 5746) required;
 * no resumption, no renegotiation, no compression. It runs over any stream of bytes that two
 * callbacks move, in the enclave and outside.
 *
 * There are no authorities: the peer's certificate is judged by a callback, after the handshake has
 * proved that the peer holds its key and before channel_open returns, hence before any byte of the
 * application flows in either direction.
 *
 * One thread at a time. The callbacks block: what waits how long is their matter.
 *
 * Memory: at most 128 KiB, whatever the peer sends; where it may show a certificate, at most 1 MiB more
 * until the handshake is over. Stack: at most 16 KiB, without the callbacks'.
 */
#ifndef CHANNEL_CHANNEL_H
#define CHANNEL_CHANNEL_H

#include "base/cc.h"
#include "base/err.h"
#include "channel/certificate.h"
#include "crypto/random.h"

/* Bytes that a handshake, or one channel_read, may take from the peer. */
#define CHANNEL_HANDSHAKE_MAX 65536
/* Bytes of one record's content. */
#define CHANNEL_RECORD_MAX 16384

struct channel;

enum channel_role {
	CHANNEL_SERVER = 1,
	CHANNEL_CLIENT,
};

/* The stream below. Each moves at least one byte of `size` or `max` > 0, or fails. */
struct channel_transport {
	void *context;
	enum err (*send)(void *context, const void *p, size_t size, size_t *sent);
	/* *got 0: the stream ended. */
	enum err (*receive)(void *context, void *p, size_t max, size_t *got);
};

struct channel_config {
	enum channel_role role;
	struct channel_transport transport;
	/* A server must have one; a client with one shows it when it is asked. Copied. */
	const struct certificate *own;
	/*
	 * Judges the peer's certificate (untrusted DER). Its error is channel_open's, as it is. A client
	 * must have one. A server with one asks for a certificate and goes on with none that lacks one;
	 * NULL: clients are anonymous.
	 */
	enum err (*peer)(void *context, const uint8_t *der, size_t size);
	void *peer_context;
	struct crypto_random random;
};

/*
 * Does the handshake. E_CHANNEL_HANDSHAKE: the peer does not speak what we do, or what it sent was
 * damaged; E_CHANNEL_PEER: it has no certificate, or more than one; E_CHANNEL_CUT: the stream ended;
 * E_LIMIT: more than CHANNEL_HANDSHAKE_MAX bytes; E_INVALID: of the configuration; E_NOMEM; and the
 * callbacks' errors as they are. *out is written on E_OK only; the config's pointers other than `own`
 * live as long as the channel.
 */
MUST_USE enum err channel_open(struct channel **out, const struct channel_config *config);

/*
 * Waits for bytes: 1 to max of them. *got 0: the peer closed in order. E_CHANNEL_CUT: the stream ended
 * without that; E_CHANNEL_RECORD: damaged or forged; E_LIMIT: CHANNEL_HANDSHAKE_MAX bytes of the protocol
 * and none of the peer's; the transport's errors. After an error every call
 * gives the same one.
 */
MUST_USE enum err channel_read(struct channel *channel, void *p, size_t max, size_t *got);

/* Sends all of it. Errors as channel_read. */
MUST_USE enum err channel_write(struct channel *channel, const void *p, size_t size);

/* Tells the peer that nothing more comes. May be called once; the peer's bytes can still be read. */
MUST_USE enum err channel_close(struct channel *channel);

/* Wipes and frees. NULL is allowed. Tells the peer nothing. */
void channel_free(struct channel *channel);

#endif
