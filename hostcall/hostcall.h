/*
 * The enclave's side of the host calls: one typed stub per call of boundary/calls.def. A stub
 * builds the request, hands it to the transport, checks the reply by the call's rule and only then
 * gives values out. Every argument that goes out is visible to the host; every reply is a claim by
 * it.
 *
 * Each returns the host's errno (0 is success), always a member of the closed list. When the host
 * broke the protocol (a reply outside its rule), the reply is dropped whole and the stub returns
 * HOST_IO after counting the violation (hostcall_violations). Outputs are written only on success;
 * of a buffer that was to be filled, no byte of a dropped reply remains (it is zeroed).
 */
#ifndef HOSTCALL_HOSTCALL_H
#define HOSTCALL_HOSTCALL_H

#include "base/cc.h"
#include "base/err.h"
#include "boundary/abi.h"
#include "boundary/calls.h"

/* Largest input or output of one call; longer reads and writes are cut to it (short count). */
#define HOSTCALL_DATA_MAX SHARED_SLOT_DATA_SIZE

/*
 * Sends *request with its in_size bytes of input (from up to two parts) and fetches the reply and
 * at most out_max bytes of output. Copies each byte of host memory once. Supplied by the
 * surroundings: enclave/transport.c inside, test/lib outside. Checks nothing about the reply but
 * that out_size bytes may be copied (out_size <= out_max, else E_HOST).
 */
struct hostcall_in {
	const void *part[2];
	size_t size[2];
};
MUST_USE enum err hostcall_transport(const struct call_request *request,
				     const struct hostcall_in *in, struct call_reply *reply,
				     void *out);

/*
 * The number of the calling thread's next request: counts up per thread, wraps around. Supplied by
 * whoever supplies hostcall_transport, which sends it as it stands in the request.
 */
uint32_t hostcall_next_seq(void);

/*
 * Is the reply within the rule of its call (boundary/calls.def), an answer to this request (seq),
 * and its error in the closed list? An error comes with value 0 and no output. E_HOST when not.
 * Exposed for the tests.
 */
MUST_USE enum err hostcall_check_reply(const struct call_request *request,
				       const struct call_reply *reply);

/* Replies dropped so far, all threads. */
uint64_t hostcall_violations(void);

/* Calls made so far, all threads: as often the enclave was left by itself. */
uint64_t hostcall_count(void);

/*
 * A name as it goes to the host: bytes that we own, not terminated. One path component; what cannot
 * be one is answered here, without asking the host: HOST_INVAL for an empty name, ".", "..", or one
 * with '/' or NUL, HOST_NAMETOOLONG beyond HOST_NAME_SIZE_MAX bytes.
 */
struct name {
	const char *p;
	size_t size;
};

enum host_errno hostcall_prefault(uint64_t off, uint64_t len);
enum host_errno hostcall_protect_code(uint64_t off, uint64_t len);
enum host_errno hostcall_restrict(uint64_t off, uint64_t len, uint64_t secinfo_permissions);

enum host_errno hostcall_clock(uint32_t id, uint64_t *ns);
enum host_errno hostcall_clock_res(uint32_t id, uint64_t *ns);
/* Fills ready, error, bytes of each of the count entries; count 0 sleeps. timeout_ns or
 * HOST_POLL_FOREVER. HOST_INVAL when the entries exceed HOSTCALL_DATA_MAX, HOST_NOMEM without heap.
 */
enum host_errno hostcall_poll(struct host_poll *polls, size_t count, uint64_t timeout_ns);
enum host_errno hostcall_yield(void);

enum host_errno hostcall_open(uint32_t dir, struct name name, uint32_t flags, uint32_t *handle);
enum host_errno hostcall_close(uint32_t handle);
enum host_errno hostcall_read(uint32_t handle, void *buf, size_t size, size_t *done);
enum host_errno hostcall_write(uint32_t handle, const void *buf, size_t size, size_t *done);
enum host_errno hostcall_pread(uint32_t handle, void *buf, size_t size, uint64_t off, size_t *done);
enum host_errno hostcall_pwrite(uint32_t handle, const void *buf, size_t size, uint64_t off,
				size_t *done);
enum host_errno hostcall_stat(uint32_t handle, struct host_stat *st);
enum host_errno hostcall_stat_at(uint32_t dir, struct name name, struct host_stat *st);
enum host_errno hostcall_set_size(uint32_t handle, uint64_t size);
enum host_errno hostcall_set_times(uint32_t handle, uint64_t atime, uint64_t mtime, uint32_t flags);
enum host_errno hostcall_set_times_at(uint32_t dir, struct name name, uint64_t atime,
				      uint64_t mtime, uint32_t flags);
enum host_errno hostcall_sync(uint32_t handle, bool data_only);
enum host_errno hostcall_allocate(uint32_t handle, uint64_t off, uint64_t len);
/*
 * Up to size bytes of struct host_dirent records, each checked (type, name, padding, whole); cookie
 * 0 is the start, none is the end. `buf` is the runtime's own memory, 8-aligned, never the guest's:
 * the records are checked in place. HOST_INVAL when size is below HOSTCALL_DIRENT_MAX.
 */
#define HOSTCALL_DIRENT_MAX (sizeof(struct host_dirent) + 256)
enum host_errno hostcall_readdir(uint32_t dir, uint64_t cookie, void *buf, size_t size,
				 size_t *done);
enum host_errno hostcall_set_flags(uint32_t handle, uint32_t flags);

enum host_errno hostcall_mkdir(uint32_t dir, struct name name);
enum host_errno hostcall_unlink(uint32_t dir, struct name name, uint32_t kind);
enum host_errno hostcall_rename(uint32_t dir, struct name old, uint32_t new_dir, struct name new);
enum host_errno hostcall_link(uint32_t dir, struct name old, uint32_t new_dir, struct name new);
/* target: 1 .. HOST_LINK_MAX bytes without NUL; HOST_INVAL or HOST_NAMETOOLONG otherwise. */
enum host_errno hostcall_symlink(struct name target, uint32_t dir, struct name name);
/* The first size bytes of the target, at least one, no NUL among them. `buf` as for readdir. */
enum host_errno hostcall_readlink(uint32_t dir, struct name name, char *buf, size_t size,
				  size_t *done);

/* A connection of a listening socket; waits for one unless the listener is in non-blocking mode.
 * flags: HOST_OPEN_NONBLOCK or 0. */
enum host_errno hostcall_accept(uint32_t listener, uint32_t flags, uint32_t *handle);
/* As hostcall_read, with HOST_RECV_* flags. */
enum host_errno hostcall_recv(uint32_t handle, uint32_t flags, void *buf, size_t size,
			      size_t *done);
/* how: HOST_SHUTDOWN_*, at least one. */
enum host_errno hostcall_shutdown(uint32_t handle, uint32_t how);

/*
 * The TARGETINFO for which a report has to be made that hostcall_quote takes: the host's word, and
 * no secret. Whoever it is for, a quote proves itself to those who verify it. HOST_NOTSUP: nobody
 * makes quotes here.
 */
enum host_errno hostcall_quote_target(uint8_t out[HOST_QUOTE_TARGET_SIZE]);
/*
 * A quote over the report, 1 to `max` bytes of it (at most HOST_QUOTE_MAX): untrusted bytes, in
 * which the enclave reads nothing. Takes up to seconds. HOST_AGAIN: whoever makes quotes has
 * changed; ask for the target again.
 */
enum host_errno hostcall_quote(const uint8_t report[HOST_QUOTE_REPORT_SIZE], void *out, size_t max,
			       size_t *size);

/*
 * A file of the host as memory of the host's, which changes as the host likes: read by hostcall_map_read alone. On
 * success the place is one that may be read: whole pages, outside the enclave and what is shared with it, apart from
 * every other mapping. The caller keeps *mapping where it is until hostcall_unmap, and that before the handle is
 * closed. HOST_NOTSUP: no volume's file; HOST_NOMEM: the host has no room for it.
 */
struct host_mapping {
	struct host_mapping *next;
	uint64_t address;
	uint64_t size;
};
enum host_errno hostcall_map(uint32_t handle, struct host_mapping *mapping);
/* Forgets it. A zeroed one is allowed. */
void hostcall_unmap(struct host_mapping *mapping);
/* Copies bytes [off, off + size) once. off is a multiple of 8; E_IO: not so, beyond the mapping, or the host's pages
 * are not there (a file that is shorter). Then dst may hold any part of it. */
MUST_USE enum err hostcall_map_read(void *dst, const struct host_mapping *mapping, uint64_t off,
				    size_t size);
/* These bytes will be read soon. */
enum host_errno hostcall_ahead(uint32_t handle, uint64_t off, uint64_t len);

/*
 * Supplied by the surroundings: may this range of host memory be mapped, being neither the enclave's nor shared with
 * it? And the copy of aligned words out of it; false: the pages are not there.
 */
MUST_USE bool hostcall_outside(uint64_t address, uint64_t size);
MUST_USE bool hostcall_copy_words(void *dst, uint64_t address, size_t words);

/* These bytes will be read next: nothing but a hint to the CPU, which reads none of them. */
void hostcall_map_hint(const struct host_mapping *mapping, uint64_t off, size_t size);

/* Waits until the calling thread is unparked, before or during the call; *passed: the time was over
 * first, which without one it never is. Both are the host's word: base/park.h is what callers use.
 * timeout_ns or HOST_PARK_FOREVER. */
enum host_errno hostcall_park(uint64_t timeout_ns, bool *passed);
enum host_errno hostcall_unpark(uint32_t thread);
/* HOST_AGAIN when the host has no thread for it. program_thread_start is what callers use. */
enum host_errno hostcall_thread_start(uint32_t thread);
/*
 * With true, calls that wait (READ, WRITE, POLL on what is not ready) end with HOST_INTR on all
 * threads, now and later, until it is called with false: for a program that ends while its threads
 * wait. PARK is not among them; unpark is.
 */
enum host_errno hostcall_interrupt(bool on);

#endif
