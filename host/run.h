/*
 * The seam inside the host side between the API (host/retwine.c: configuration, launch record,
 * words) and the machinery (host/run.c: loader, device, service, entering): one call loads the
 * image into a fresh enclave, gives it launch record and module, serves it until the program ends,
 * and tears it down. Everything here is plain data; nothing is kept after the call.
 */
#ifndef HOST_RUN_H
#define HOST_RUN_H

#include "base/cc.h"
#include "base/err.h"
#include "boundary/abi.h"
#include "boundary/calls.h"
#include "host/quoting/quoting.h"
#include "host/service/grants.h"

/* Bytes that the request borrows; they outlive the call. */
struct host_bytes {
	const uint8_t *p;
	size_t size;
};

struct host_run_request {
	struct host_bytes image;	 /* enclave image, an ELF file */
	struct host_bytes sigstruct;	 /* 1808 bytes, else E_MALFORMED */
	struct host_bytes launch_record; /* canonical, as launch_encode wrote it */
	struct host_bytes
		module; /* the module as the record describes it, native section included */
	uint8_t launch_digest[32]; /* becomes CONFIGID */
	/*
	 * With deploy, launch record and module are empty: the enclave takes them from whoever speaks at the
	 * other end of `connection`, a connected stream socket, which stays the caller's. Listeners are not
	 * given then, and no mount but one leased directory, for volumes. The program's end is told there alone: the result's kind is
	 * RUN_DELIVERED, or RUN_REFUSED with the reason why no program ran.
	 */
	bool deploy;
	int connection;
	uint64_t connection_idle_ns;	    /* the longest that a RECV on it waits; 0: no limit */
	uint8_t nonce[32];		    /* the client's, for the evidence */
	const struct service_mount *mounts; /* in the launch record's order */
	size_t mount_count;
	const int *listeners; /* sockets that listen, as many as the launch record says */
	size_t listener_count;
	/* Files that volumes need besides their own, by rising mount: that of an anchor, then that of an
	 * insecure key. */
	const struct service_mount *extras;
	size_t extra_count;
	const struct quoting_config *quoting; /* NULL: nobody makes quotes for it */
	struct service_limits limits;
	uint32_t max_threads;	/* of the launch record: at once, the first included; 0: no limit */
	uint64_t timeout_ns;	/* of the launch record; 0: none */
	int streams[3];		/* standard streams; -1: closed (service_streams_reserve) */
	bool strict_simulation; /* every ENCLU traps; only where the device is the simulator */
	bool simulation;	/* use the simulator even where the hardware would do */
	bool handle_sigint;	/* SIGINT ends the run (result.interrupted); the command wants it */
	/* Called once, after EINIT and before the first entry, so that a banner can stand before
	 * the program's output; may be NULL. */
	void (*starting)(void *context, bool simulation, const uint8_t mrenclave[32]);
	void *starting_context;
};

/* Counters; 0 where the device cannot know. */
struct host_run_stats {
	uint64_t enters;	       /* EENTER */
	uint64_t resumes;	       /* ERESUME */
	uint64_t aexs;		       /* asynchronous exits */
	uint64_t accepted;	       /* pages accepted after EINIT */
	uint64_t image_pages;	       /* pages added and measured before EINIT */
	uint64_t bytes_in;	       /* data of replies: host to enclave */
	uint64_t bytes_out;	       /* data of requests: enclave to host */
	uint64_t build_ns;	       /* ECREATE to EINIT */
	uint64_t run_ns;	       /* first entry to EXIT_DONE */
	uint64_t calls[HOST_CALL_END]; /* by enum host_call */
};

#define HOST_RUN_WHY_MAX 512

/* What came of it. Zero is valid; host_run_result_fini frees what it owns. */
struct host_run_result {
	bool simulation;  /* the device was the simulator */
	bool interrupted; /* SIGINT ended the run; what the enclave told may be missing: kind 0 */
	struct run_result end;	  /* copied from the slot, checked: kind is one of enum run_kind */
	struct run_frame *frames; /* end.frame_count of them, copied and checked; owned */
	char **frame_names;	  /* the same number; NULL without a name, else terminated; owned */
	struct run_value *values; /* end.value_count of them; owned */
	uint8_t *text;		  /* end.text_size bytes, the name that an error speaks of; owned */
	struct run_volume *volumes; /* end.volume_count of them, by rising mount; owned */
	uint8_t mrenclave[32];	    /* of the image that ran */
	struct host_run_stats stats;
	/* When host_run fails: which step, in words ("EINIT: MRENCLAVE differs from the
	 * signature"). */
	char why[HOST_RUN_WHY_MAX];
	char quoting_why
		[QUOTING_WHY_MAX]; /* the last quote that was asked for was not given; or "" */
};

/*
 * Runs one program to its end, blocking. E_OK: the enclave answered, result->end says how the
 * program ended, or result->interrupted. Any other error: there is no answer; result->why says
 * which step failed, result->stats what was counted until then. The result is always to be given to
 * host_run_result_fini.
 */
MUST_USE enum err host_run(const struct host_run_request *request, struct host_run_result *result);

/*
 * Takes a result apart that came as bytes: struct run_result and its data, nothing behind (the END of a
 * delivery, channel/deploy.h). Untrusted. Fills end, frames, frame_names, values, text of a zero *result,
 * which is always to be given to host_run_result_fini. E_MALFORMED, E_NOMEM.
 */
MUST_USE enum err host_run_result_decode(struct host_run_result *result, const uint8_t *bytes,
					 size_t size);

/* Frees what the result owns; the result is zero again. */
void host_run_result_fini(struct host_run_result *result);

#endif
