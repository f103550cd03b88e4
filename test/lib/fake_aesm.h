/*
 * A stand-in for AESM: a thread that speaks its protocol on a socket of its own, with own code for
 * the messages, and gives quotes of the simulated quoting enclave. It can be told to do wrong. One
 * at a time; it counts what it was asked, and every request that is not as AESM wants it.
 */
#ifndef TEST_LIB_FAKE_AESM_H
#define TEST_LIB_FAKE_AESM_H

#include "base/cc.h"

enum fake_aesm_request {
	FAKE_INIT_QUOTE = 15,
	FAKE_QUOTE_SIZE = 16,
	FAKE_QUOTE = 17,
	FAKE_COUNT_KEYS = 21,
	FAKE_LIST_KEYS = 22,
	FAKE_REQUEST_END
};

enum fake_aesm_fault {
	FAKE_FINE,
	FAKE_CLOSES,	       /* no answer: the connection ends */
	FAKE_SILENT,	       /* no answer: the connection stays */
	FAKE_LENGTH_CUT,       /* two bytes of the length, then the end */
	FAKE_LENGTH_OVER,      /* the length is one more than the bytes, then the end */
	FAKE_LENGTH_OVER_OPEN, /* the same, and the connection stays */
	FAKE_LENGTH_UNDER,     /* one less: the message's last byte is missing */
	FAKE_LENGTH_ZERO,
	FAKE_LENGTH_LIMIT, /* one more than any reply has */
	FAKE_LENGTH_HUGE,  /* 2^32 - 1 */
	FAKE_OTHER_KIND,   /* an answer to another question */
	FAKE_TWO_KINDS,	   /* the answer, and another one */
	FAKE_NOTHING,	   /* a message without an answer: an unknown field alone */
	FAKE_GARBAGE,
	FAKE_NO_CONTENT,    /* success, and nothing else */
	FAKE_NO_ERROR_CODE, /* the required field is missing */
	FAKE_SHORT_CONTENT, /* a byte less of target, key ids or quote; sizes and counts beyond any */
	FAKE_LONG_CONTENT, /* a byte more, or 40 KiB of quote */
	FAKE_FLOOD,	   /* 30000 unknown fields before the answer */
	FAKE_FAULT_END
};

struct fake_aesm_script {
	uint32_t error[FAKE_REQUEST_END]; /* the code that is answered, */
	unsigned times[FAKE_REQUEST_END]; /* so many times */
	enum fake_aesm_request fault_in;  /* 0: in none */
	enum fake_aesm_fault fault;
	bool no_ecdsa;	      /* the only key is of another kind */
	bool other_key_first; /* two keys, the second is ECDSA */
	bool pads;	      /* quotes are padded by 1000 bytes that are not zero */
	bool new_target;      /* each INIT_QUOTE gives another target */
	bool in_pieces;	      /* a byte at a time */
};

/* Listens at `path`, which is made and goes at the stop. */
void fake_aesm_start(const char *path, const struct fake_aesm_script *script);
void fake_aesm_stop(void);

/* Since the start. */
unsigned fake_aesm_asked(enum fake_aesm_request request);
unsigned fake_aesm_wrong(void);

#endif
