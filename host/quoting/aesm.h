/*
 * Quotes by Intel's architectural enclave service (AESM), the process of the system that has the
 * quoting enclave: requests over a UNIX socket, each on a connection of its own, a message of
 * Protocol Buffers behind its length. The service is the machine owner's; what it answers is
 * bounded and checked, and proves itself to who verifies it.
 */
#ifndef HOST_QUOTING_AESM_H
#define HOST_QUOTING_AESM_H

#include "base/cc.h"
#include "base/err.h"
#include "host/quoting/quoting.h"

#define AESM_KEY_ID_SIZE 256
#define AESM_KEYS_MAX	 16
#define AESM_REQUEST_MAX 2048  /* bytes of a message */
#define AESM_REPLY_MAX	 65536 /* a longer one is not read */

/* How long the service may take for one request. */
#define AESM_TIMEOUT_MS 30000

/*
 * A provider that asks the service at a socket: a path, "@NAME" for an abstract one, NULL for the
 * usual places. Makes a process that holds no file but its way to this one, and ends with it:
 * requests go through that process, so that this one may give up making sockets. E_NOT_FOUND:
 * nobody listens there; E_INVALID: no such name can be; E_STATE: the process cannot be made;
 * E_NOMEM.
 */
MUST_USE enum err aesm_quoting_open(struct quoting **out, const char *socket);

/* The same with a time for each request, for tests. */
MUST_USE enum err aesm_quoting_open_timeout(struct quoting **out, const char *socket,
					    int timeout_ms);

/* Could it be the name of a socket? Does anybody listen at it? */
MUST_USE bool aesm_socket_is_valid(const char *socket);
MUST_USE bool aesm_listens(const char *socket);

/* The usual place at which somebody listens; NULL: none. */
const char *aesm_usual_socket(void);

/* What an error code of the service says, never NULL; aesm_errno: what the enclave is told. */
const char *aesm_words(uint32_t error);
enum host_errno aesm_errno(uint32_t error);

/* ---- messages ---- */

enum aesm_kind {
	AESM_COUNT_KEYS,
	AESM_LIST_KEYS,
	AESM_INIT_QUOTE,
	AESM_GET_QUOTE_SIZE,
	AESM_GET_QUOTE,
};

struct aesm_request {
	enum aesm_kind kind;
	uint8_t key_id[AESM_KEY_ID_SIZE];	/* but for the first two */
	uint8_t report[HOST_QUOTE_REPORT_SIZE]; /* of GET_QUOTE */
	uint32_t buffer_size;			/* of LIST_KEYS, GET_QUOTE */
	uint32_t timeout_us;
};

/* With an error nothing else is set. */
struct aesm_reply {
	uint32_t error; /* the service's code; 0: none */
	uint32_t count; /* of COUNT_KEYS; the quote's size of GET_QUOTE_SIZE */
	size_t size;	/* bytes of data */
	/* LIST_KEYS: whole key ids; INIT_QUOTE: a TARGETINFO; GET_QUOTE: the quote, perhaps padded
	 * */
	uint8_t data[HOST_QUOTE_MAX];
};

/* The message without its length. E_LIMIT: out is too small; E_NOMEM. */
MUST_USE enum err aesm_request_encode(uint8_t *out, size_t max, size_t *size,
				      const struct aesm_request *request);

/*
 * message: untrusted, without its length. E_MALFORMED: not a reply to a request of that kind, more
 * fields than any has, or a content whose size cannot be; E_LIMIT: more than AESM_REPLY_MAX bytes.
 */
MUST_USE enum err aesm_reply_decode(struct aesm_reply *out, enum aesm_kind kind,
				    const uint8_t *message, size_t size);

/* The bytes of a quote that stand in a buffer that may be larger (its signature data's length says
 * it). E_MALFORMED. */
MUST_USE enum err aesm_quote_trim(size_t *size, const uint8_t *quote, size_t padded);

#endif
