/*
 * What the conformance programs share: preview1 as raw imports, so that no C library stands between
 * a call and its errno, and claims that end the program at once.
 *
 *   OK(fd_close(fd));                         the call must succeed
 *   EXPECT(BADF, fd_close(fd));               it must give this errno
 *   EXPECT2(PERM, NOTCAPABLE, path_open(..)); one of two
 *   EXPECT_EVENT(BADF, event);                the errno inside of an event of poll_oneoff
 *   CHECK(size == 5);                         anything else
 *
 * The function is named without its prefix. run.py reads these lines for its table of coverage.
 * A program that returns from main has passed.
 */
#ifndef TEST_WASI_PROGRAM_H
#define TEST_WASI_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <wasi/api.h>

#ifndef WASI_MODULE
#define WASI_MODULE "wasi_snapshot_preview1"
#endif
#define IMPORT(name)                                                                               \
	__attribute__((import_module(WASI_MODULE), import_name(#name))) uint32_t wasi_##name

IMPORT(args_get)(void *argv, void *buf);
IMPORT(args_sizes_get)(void *count, void *size);
IMPORT(environ_get)(void *env, void *buf);
IMPORT(environ_sizes_get)(void *count, void *size);
IMPORT(clock_res_get)(uint32_t id, void *ns);
IMPORT(clock_time_get)(uint32_t id, uint64_t precision, void *ns);
IMPORT(fd_advise)(uint32_t fd, uint64_t off, uint64_t len, uint32_t advice);
IMPORT(fd_allocate)(uint32_t fd, uint64_t off, uint64_t len);
IMPORT(fd_close)(uint32_t fd);
IMPORT(fd_datasync)(uint32_t fd);
IMPORT(fd_fdstat_get)(uint32_t fd, void *st);
IMPORT(fd_fdstat_set_flags)(uint32_t fd, uint32_t flags);
IMPORT(fd_fdstat_set_rights)(uint32_t fd, uint64_t base, uint64_t inheriting);
IMPORT(fd_filestat_get)(uint32_t fd, void *st);
IMPORT(fd_filestat_set_size)(uint32_t fd, uint64_t size);
IMPORT(fd_filestat_set_times)(uint32_t fd, uint64_t atim, uint64_t mtim, uint32_t flags);
IMPORT(fd_pread)(uint32_t fd, const void *iovs, uint32_t count, uint64_t off, void *done);
IMPORT(fd_prestat_get)(uint32_t fd, void *st);
IMPORT(fd_prestat_dir_name)(uint32_t fd, void *buf, uint32_t size);
IMPORT(fd_pwrite)(uint32_t fd, const void *iovs, uint32_t count, uint64_t off, void *done);
IMPORT(fd_read)(uint32_t fd, const void *iovs, uint32_t count, void *done);
IMPORT(fd_readdir)(uint32_t fd, void *buf, uint32_t size, uint64_t cookie, void *used);
IMPORT(fd_renumber)(uint32_t from, uint32_t to);
IMPORT(fd_seek)(uint32_t fd, int64_t delta, uint32_t whence, void *off);
IMPORT(fd_sync)(uint32_t fd);
IMPORT(fd_tell)(uint32_t fd, void *off);
IMPORT(fd_write)(uint32_t fd, const void *iovs, uint32_t count, void *done);
IMPORT(path_create_directory)(uint32_t fd, const char *p, size_t n);
IMPORT(path_filestat_get)(uint32_t fd, uint32_t lookup, const char *p, size_t n, void *st);
IMPORT(path_filestat_set_times)
(uint32_t fd, uint32_t lookup, const char *p, size_t n, uint64_t atim, uint64_t mtim,
 uint32_t flags);
IMPORT(path_link)
(uint32_t fd, uint32_t lookup, const char *p, size_t n, uint32_t to_fd, const char *to,
 size_t to_n);
IMPORT(path_open)
(uint32_t fd, uint32_t lookup, const char *p, size_t n, uint32_t oflags, uint64_t rights,
 uint64_t inheriting, uint32_t fdflags, void *out);
IMPORT(path_readlink)(uint32_t fd, const char *p, size_t n, void *buf, uint32_t size, void *used);
IMPORT(path_remove_directory)(uint32_t fd, const char *p, size_t n);
IMPORT(path_rename)
(uint32_t fd, const char *p, size_t n, uint32_t to_fd, const char *to, size_t to_n);
IMPORT(path_symlink)(const char *text, size_t text_n, uint32_t fd, const char *p, size_t n);
IMPORT(path_unlink_file)(uint32_t fd, const char *p, size_t n);
IMPORT(poll_oneoff)(const void *subs, void *events, uint32_t count, void *used);
IMPORT(proc_raise)(uint32_t signal);
IMPORT(sched_yield)(void);
IMPORT(random_get)(void *buf, uint32_t size);
IMPORT(sock_accept)(uint32_t fd, uint32_t flags, void *out);
IMPORT(sock_recv)
(uint32_t fd, const void *iovs, uint32_t count, uint32_t flags, void *done, void *out_flags);
IMPORT(sock_send)(uint32_t fd, const void *iovs, uint32_t count, uint32_t flags, void *done);
IMPORT(sock_shutdown)(uint32_t fd, uint32_t how);
__attribute__((import_module(WASI_MODULE), import_name("proc_exit"), noreturn)) void
wasi_proc_exit(uint32_t status);

#define OK(call) expect(__WASI_ERRNO_SUCCESS, wasi_##call, "SUCCESS", #call, __FILE__, __LINE__)
#define EXPECT(want, call)                                                                         \
	expect(__WASI_ERRNO_##want, wasi_##call, #want, #call, __FILE__, __LINE__)
#define EXPECT2(want, or, call)                                                                    \
	expect2(__WASI_ERRNO_##want, __WASI_ERRNO_## or, wasi_##call, #want " or " # or, #call,    \
		__FILE__, __LINE__)
#define EXPECT_EVENT(want, event)                                                                  \
	expect(__WASI_ERRNO_##want, (event).error, #want, #event ".error", __FILE__, __LINE__)
#define CHECK(condition) check(condition, #condition, __FILE__, __LINE__)

/* A path or text and its length. */
#define S(literal) literal, sizeof(literal) - 1
/* An address outside of any memory that these programs have. */
#define NOWHERE	    ((void *)(uintptr_t)0xfffffff0)
#define ROOT	    3u /* the first directory given */
#define SECOND	    4u
#define FREE_FD	    77u /* not open */
#define FOLLOW	    __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW
#define CREATE	    __WASI_OFLAGS_CREAT
#define EXCL	    __WASI_OFLAGS_EXCL
#define TRUNC	    __WASI_OFLAGS_TRUNC
#define DIRECTORY   __WASI_OFLAGS_DIRECTORY
#define RIGHT(name) ((uint64_t)__WASI_RIGHTS_##name)
#define READ	    (RIGHT(FD_READ) | RIGHT(FD_SEEK) | RIGHT(FD_TELL) | RIGHT(FD_FILESTAT_GET))
/* What a C library asks for when it opens for reading and writing. */
#define BOTH                                                                                       \
	(READ | RIGHT(FD_WRITE) | RIGHT(FD_DATASYNC) | RIGHT(FD_SYNC) | RIGHT(FD_ADVISE) |         \
	 RIGHT(FD_ALLOCATE) | RIGHT(FD_FDSTAT_SET_FLAGS) | RIGHT(FD_FILESTAT_SET_SIZE) |           \
	 RIGHT(FD_FILESTAT_SET_TIMES) | RIGHT(POLL_FD_READWRITE))
#define WRITE	   (BOTH & ~RIGHT(FD_READ))

typedef __wasi_ciovec_t iov;
#define IOV(p, n) (&(const iov){(const uint8_t *)(p), n}), 1

void expect(uint32_t want, uint32_t got, const char *name, const char *call, const char *file,
	    int line);
void expect2(uint32_t want, uint32_t or, uint32_t got, const char *name, const char *call,
	     const char *file, int line);
void check(bool holds, const char *condition, const char *file, int line);

/* Writes to a descriptor; ends the program when that fails. */
void say(uint32_t fd, const char *text);

/* Below ROOT; each ends the program when it fails. `path` and `text` are strings. */
uint32_t open_at(uint32_t dir, const char *path, uint32_t oflags, uint64_t rights,
		 uint32_t fdflags);
uint32_t open_file(const char *path, uint32_t oflags, uint64_t rights);
uint32_t open_dir(const char *path);
void make_file(const char *path, const char *text);
void make_dir(const char *path);
void make_link(const char *text, const char *path);
/* Reads and writes at the descriptor's position: the number of bytes. */
size_t get(uint32_t fd, void *buf, size_t size);
size_t put(uint32_t fd, const char *text);
/* The file holds the text and nothing else. */
bool holds(const char *path, const char *text);
bool exists(const char *path);
uint64_t size_of(const char *path);
uint64_t offset_of(uint32_t fd);
__wasi_filestat_t stat_of(const char *path);
__wasi_filestat_t stat_fd(uint32_t fd);
__wasi_fdstat_t status_of(uint32_t fd);
/* Takes one right away from an open descriptor. */
void drop_right(uint32_t fd, uint64_t right);

#endif
