/*
 * The messages of a delivery: what the owner's client sends to an attested enclave over the channel,
 * and what comes back (doc/deploy.md). A message is a type, a size, and that many bytes; integers are
 * little-endian. Both sides speak it with what stands here; the order of messages and every limit is
 * checked in one place, deploy_order_take.
 *
 *   client to enclave:  RECORD MODULE (FILE | KEY | STDIN)* START
 *   enclave to client:  (STDOUT | STDERR)* END, or REFUSED instead of all
 */
#ifndef CHANNEL_DEPLOY_H
#define CHANNEL_DEPLOY_H

#include "base/cc.h"
#include "base/err.h"

struct channel;

enum deploy_type {
	DEPLOY_RECORD = 1,  /* the launch record */
	DEPLOY_MODULE,	    /* the module, native section included */
	DEPLOY_FILE,	    /* named: a guest path below a mount in memory, and the file's bytes */
	DEPLOY_KEY,	    /* named: what /dev/attestation/keys/NAME holds */
	DEPLOY_STDIN,	    /* standard input, at most once; without it there is none */
	DEPLOY_START,	    /* empty: that was all */
	DEPLOY_STDOUT = 16, /* bytes that the program wrote */
	DEPLOY_STDERR,
	DEPLOY_END,	/* how it ended: struct run_result and its data (boundary/abi.h) */
	DEPLOY_REFUSED, /* u32, enum err: the delivery was not taken; nothing ran */
};

enum deploy_direction {
	DEPLOY_TO_ENCLAVE,
	DEPLOY_TO_CLIENT,
};

#define DEPLOY_HEADER_SIZE 12u /* u32 type, u64 size */
#define DEPLOY_NAMED_SIZE                                                                          \
	4u /* a named message begins with u32 size of the name; then name, bytes */

/* Limits, in bytes or messages. */
#define DEPLOY_RECORD_MAX ((uint64_t)4 << 20)
#define DEPLOY_TOTAL_MAX  ((uint64_t)1 << 30) /* all that the client sends, without headers */
#define DEPLOY_PATH_MAX	  4096u
#define DEPLOY_FILES_MAX  1024u
#define DEPLOY_NAME_MAX	  64u /* of a key */
#define DEPLOY_KEY_MAX	  4096u
#define DEPLOY_KEYS_MAX	  64u
#define DEPLOY_OUTPUT_MAX ((uint64_t)64 << 10) /* of one STDOUT or STDERR */
#define DEPLOY_END_MAX	  ((uint64_t)64 << 10)

struct deploy_header {
	uint32_t type; /* enum deploy_type */
	uint64_t size; /* of what follows */
};

void deploy_header_encode(uint8_t out[DEPLOY_HEADER_SIZE], struct deploy_header header);
/* Checks nothing: deploy_order_take does. */
struct deploy_header deploy_header_decode(const uint8_t bytes[DEPLOY_HEADER_SIZE]);

/* What has come in one direction so far. */
struct deploy_order {
	enum deploy_direction direction;
	uint32_t stage; /* the latest type that changes what may follow; 0: none yet */
	bool stdin_seen;
	uint32_t file_count;
	uint32_t key_count;
	uint64_t total;
};

void deploy_order_init(struct deploy_order *order, enum deploy_direction direction);

/*
 * May this message come now, and be as large as it says? To be asked with each header, before its
 * size sizes anything. E_DEPLOY_TYPE: unknown, or the other direction's; E_DEPLOY_ORDER: too early,
 * twice, or after the last; E_DEPLOY_SIZE: larger or smaller than the type's limits, too many, or all
 * together too much. With an error *order is as before.
 */
MUST_USE enum err deploy_order_take(struct deploy_order *order, struct deploy_header header);

/* Has the last message come (START; END or REFUSED)? */
MUST_USE bool deploy_order_done(const struct deploy_order *order);

/* The body of a FILE or KEY, taken apart: points into it. */
struct deploy_named {
	const uint8_t *name;
	size_t name_size;
	const uint8_t *p;
	size_t size;
};

/*
 * The body of a FILE or KEY. A path begins with '/' and has no NUL; a key's name is 1 to
 * DEPLOY_NAME_MAX bytes of A-Z a-z 0-9 . _ - and does not begin with a dot. Whether two have one name,
 * and where a path leads, the receiver looks at. E_MALFORMED, E_DEPLOY_SIZE.
 */
MUST_USE enum err deploy_named_decode(struct deploy_named *out, uint32_t type, const uint8_t *body,
				      size_t size);

/* One piece of a message that is sent; not copied. */
struct deploy_part {
	const void *p;
	size_t size;
};

/*
 * Sends one message, its body in pieces, over an open channel. *order (of the sending direction) must
 * take it: what it refuses is not sent, and its error is returned. Else channel_write's errors.
 */
MUST_USE enum err deploy_send(struct channel *channel, struct deploy_order *order, uint32_t type,
			      const struct deploy_part *parts, size_t count);

/* The same for FILE and KEY; E_MALFORMED and E_DEPLOY_SIZE as deploy_named_decode would say. */
MUST_USE enum err deploy_send_named(struct channel *channel, struct deploy_order *order,
				    uint32_t type, const struct deploy_named *named);

/* A message that was received; `body` is owned. Zeroed is safe to fini. */
struct deploy_message {
	uint32_t type;
	uint8_t *body;
	size_t size;
};

/*
 * Waits for the next message and takes it whole. Memory for the body grows with what has really come,
 * whatever the header says. E_TRUNCATED: the channel ended before the message did; deploy_order_take's
 * and channel_read's errors; E_NOMEM. *out is written on E_OK only.
 */
MUST_USE enum err deploy_receive(struct channel *channel, struct deploy_order *order,
				 struct deploy_message *out);

/* Wipes the body, if it is not a module, and frees it. */
void deploy_message_fini(struct deploy_message *message);

/* The body of REFUSED. E_MALFORMED: not 4 bytes, or no error. */
MUST_USE enum err deploy_refused_decode(enum err *why, const struct deploy_message *message);

#endif
