/*
 * A host that lies, for the real stubs (hostcall/) and the real transport: it asks the real service, then
 * changes what that said. It counts what it told, and whether the stubs dropped exactly what they must.
 */
#ifndef TEST_HOSTILE_HOST_H
#define TEST_HOSTILE_HOST_H

#include "base/cc.h"
#include "test/hostile/lie.h"

#define HOST_PATTERN                                                                               \
	0xc7 /* what fills the data of a reply that must be dropped, where it is bytes */
#define HOST_HONEST LIE_CLASS_END

struct hostile_host {
	struct liar liar;
	enum lie_class next; /* the next reply's, or HOST_HONEST */
	uint32_t rate;	     /* one reply of so many is a lie of any class; 0: none */
	bool stubborn;	     /* all replies of a run get the class `next` */
	uint64_t told[HOST_CALL_END][LIE_CLASS_END];
	uint64_t calls;		/* host calls, true ones too */
	uint64_t dropped;	/* replies that had to be */
	uint64_t violations;	/* of the rules of a run: what the program ends with */
	enum lie_effect effect; /* of the last reply */
	uint32_t call;		/* the last one's */
	void (*asked)(void);	/* at each host call */
	bool forbidden_bytes;	/* HOST_PATTERN was given out since this was cleared */
};

extern struct hostile_host g_host;

/* A directory of its own, two volumes' files with HOSTILE_CONTENT (the second read-only), standard streams to nowhere,
 * one socket that listens. */
#define HOSTILE_VOLUME	 (HOST_HANDLE_MOUNTS + 1)
#define HOSTILE_LISTENER (HOST_HANDLE_MOUNTS + 3)
#define HOSTILE_CONTENT	 "what a volume holds is sealed elsewhere"
void hostile_host_start(uint64_t seed);
void hostile_host_stop(void);

/* A report that the simulated quoting enclave takes, of HOST_QUOTE_REPORT_SIZE bytes. */
const uint8_t *hostile_report(void);

/* Was the last lie dropped if it had to be, and only then? */
void hostile_host_settle(void);

/* Prints what went wrong, and counts it. */
void hostile_violation(const char *what);

#endif
