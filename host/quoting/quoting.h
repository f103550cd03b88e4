/*
 * Who makes quotes over an enclave's reports. On hardware that is Intel's architectural enclave
 * service (AESM), a process of the system; in simulation the simulated quoting enclave, whose
 * quotes chain to the public *Retwine Simulation* root and prove nothing; elsewhere nobody. The
 * service asks on behalf of the enclave (QUOTE_TARGET, QUOTE of boundary/calls.def), which reads
 * nothing in what comes back.
 */
#ifndef HOST_QUOTING_QUOTING_H
#define HOST_QUOTING_QUOTING_H

#include <pthread.h>

#include "base/cc.h"
#include "base/err.h"
#include "boundary/calls.h"

enum quoting_choice {
	QUOTING_AUTO, /* simulated for a simulated enclave, else AESM if it is there, else nobody */
	QUOTING_SIMULATED, /* refused for enclaves of the hardware, whose reports it cannot verify */
	QUOTING_AESM,	   /* at the socket that is named, or at its usual place */
	QUOTING_NOBODY,
};

struct quoting_config {
	enum quoting_choice choice;
	const char *aesm_socket; /* a path, "@NAME": an abstract one, NULL: the usual places */
};

#define QUOTING_WHY_MAX 256

struct quoting;

struct quoting_ops {
	const char *name; /* "simulation", "aesm", "nobody" */
	enum host_errno (*target)(struct quoting *q, uint8_t target[HOST_QUOTE_TARGET_SIZE],
				  int cancel_fd);
	enum host_errno (*quote)(struct quoting *q, const uint8_t report[HOST_QUOTE_REPORT_SIZE],
				 uint8_t *out, size_t max, size_t *size, int cancel_fd);
	void (*close)(struct quoting *q); /* frees it */
};

/* Every provider's structure begins with this one. */
struct quoting {
	const struct quoting_ops *ops;
	pthread_mutex_t lock;	   /* one request at a time */
	char why[QUOTING_WHY_MAX]; /* the last request failed, in words; under the lock */
};

/*
 * Reads a choice as the command line has it: "auto", "simulated", "aesm", "aesm:SOCKET", "none".
 * The path points into text. E_INVALID.
 */
MUST_USE enum err quoting_config_parse(struct quoting_config *config, const char *text);

/*
 * Makes the provider for an enclave of the simulator or of the hardware; quoting_close closes it. To
 * be called before the process gives up system calls: AESM is reached through a process of its own
 * that is made here, holds nothing but its way to this one, and ends with it. Nobody being there is
 * no error; an explicit choice that cannot be kept is (E_NOT_FOUND, E_INVALID, E_STATE; why, of
 * QUOTING_WHY_MAX bytes, says it in words). E_NOMEM.
 */
MUST_USE enum err quoting_open(struct quoting **out, const struct quoting_config *config,
			       bool simulation, char *why);
void quoting_close(struct quoting *q); /* NULL is allowed */

/*
 * For any thread. Requests wait for each other. cancel_fd: when it is readable, waiting ends with
 * HOST_INTR; -1: none. Errors are those that QUOTE_TARGET and QUOTE answer with: HOST_NOTSUP nobody
 * is there, HOST_ACCES the report is not for this target or was not made on this machine,
 * HOST_AGAIN the target has changed, HOST_BUSY, HOST_TIMEDOUT, HOST_OVERFLOW the quote is larger
 * than max, HOST_NOMEM, HOST_IO the provider failed or answered nonsense.
 */
enum host_errno quoting_target(struct quoting *q, uint8_t target[HOST_QUOTE_TARGET_SIZE],
			       int cancel_fd);
enum host_errno quoting_quote(struct quoting *q, const uint8_t report[HOST_QUOTE_REPORT_SIZE],
			      uint8_t *out, size_t max, size_t *size, int cancel_fd);

/* Why the last request failed, in words for the machine's owner, one line; "" when it did not. */
void quoting_why(struct quoting *q, char why[QUOTING_WHY_MAX]);

/* For providers: notes why, returns the error. Called with the lock held. */
enum host_errno quoting_fail(struct quoting *q, enum host_errno error, const char *format, ...)
	PRINTF_LIKE(3, 4);

/* For providers: puts ops and lock in place. */
void quoting_init(struct quoting *q, const struct quoting_ops *ops);

#endif
