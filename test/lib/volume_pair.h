/*
 * A volume on a disk in memory, and next to it what it should be (test/lib/volume_model.h): every
 * operation is done to both, and the answers have to be the same. Optionally a third: a directory of
 * the host.
 */
#ifndef TEST_LIB_VOLUME_PAIR_H
#define TEST_LIB_VOLUME_PAIR_H

#include "test/lib/volume_disk.h"
#include "test/lib/volume_model.h"

struct pair_host; /* test/lib/volume_host.c */

struct pair {
	struct volume_disk disk;
	struct volume_config config;
	uint8_t master[VOLUME_KEY_SIZE];
	struct volume *v;
	struct model model;
	struct model committed; /* as of the last commit */
	struct pair_host *host; /* NULL: none */
	uint64_t random;	/* state of the operations' choice */
	const uint8_t *script;	/* takes its place as long as there are bytes */
	size_t script_left;
	uint64_t entropy; /* state of the keys and nonces */
	uint64_t now;
	uint64_t file_max; /* bytes of a file that the operations make */
	uint64_t steps, no_space, short_writes, commits, remounts, losses;
	bool faults; /* memory or the disk fail at times: errors that say so mean that nothing happened */
	uint64_t failed; /* answers that said so */
	uint64_t wrong;	 /* answers that were not the same; each was printed */
};

/* An empty volume, mounted. cache_size, size_max: as in struct volume_config. */
void pair_init(struct pair *p, uint64_t seed, size_t cache_size, uint64_t size_max);
void pair_fini(struct pair *p);

/* 0..n-1 */
uint32_t pair_pick(struct pair *p, uint32_t n);

/* One random operation on all. */
void pair_step(struct pair *p);
/* What all of them say of everything: the tree, the check (which needs a commit before). */
void pair_compare(struct pair *p);
void pair_commit(struct pair *p);
/* Lets go of the volume and mounts it again: after a commit, or losing what came after the last. */
void pair_remount(struct pair *p, bool commit);
/* After an error that was allowed (faults): commits, or when the volume is broken goes back to the last
 * commit. */
void pair_recover(struct pair *p);
/* volume_check has no problem; says so. */
bool pair_check_volume(struct volume *v, const char *when);
/* A config for another mount of the same volume's bytes: another source of randomness. */
struct volume_config pair_config(struct pair *p, struct volume_disk *disk);
void pair_wrong(struct pair *p, const char *what, enum err got, enum err expected);

/* The single operations, on nodes of the model; answers compared. */
enum err pair_create(struct pair *p, uint32_t dir, const char *name, size_t size,
		     enum volume_type type, uint32_t *node);
enum err pair_symlink(struct pair *p, uint32_t dir, const char *name, size_t size,
		      const char *target, size_t target_size);
enum err pair_link(struct pair *p, uint32_t node, uint32_t dir, const char *name, size_t size);
enum err pair_unlink(struct pair *p, uint32_t dir, const char *name, size_t size);
enum err pair_rmdir(struct pair *p, uint32_t dir, const char *name, size_t size);
enum err pair_rename(struct pair *p, uint32_t dir, const char *name, size_t size, uint32_t new_dir,
		     const char *new_name, size_t new_size);
enum err pair_write(struct pair *p, uint32_t node, const void *buf, size_t size, uint64_t off);
enum err pair_set_size(struct pair *p, uint32_t node, uint64_t size);
void pair_read(struct pair *p, uint32_t node, size_t size, uint64_t off);
void pair_hold(struct pair *p, uint32_t node);
void pair_release(struct pair *p, uint32_t node);

/* The same for a directory of the host (test/lib/volume_host.c). */
struct pair_host *host_start(const char *path);
void host_stop(struct pair_host *h);
/* A node has come into being under this name; is gone. */
void host_node(struct pair_host *h, uint32_t node, uint32_t dir, const char *name, size_t size,
	       enum volume_type type);
void host_forget(struct pair_host *h, uint32_t node);
enum err host_create(struct pair_host *h, uint32_t dir, const char *name, size_t size,
		     enum volume_type type);
enum err host_symlink(struct pair_host *h, uint32_t dir, const char *name, size_t size,
		      const char *target, size_t target_size);
enum err host_link(struct pair_host *h, uint32_t node, uint32_t dir, const char *name, size_t size);
enum err host_unlink(struct pair_host *h, uint32_t dir, const char *name, size_t size,
		     bool dir_too);
enum err host_rename(struct pair_host *h, uint32_t dir, const char *name, size_t size,
		     uint32_t new_dir, const char *new_name, size_t new_size);
enum err host_write(struct pair_host *h, uint32_t node, const void *buf, size_t size, uint64_t off);
enum err host_read(struct pair_host *h, uint32_t node, void *buf, size_t size, uint64_t off,
		   size_t *done);
enum err host_set_size(struct pair_host *h, uint32_t node, uint64_t size);
/* Size and number of names; UINT64_MAX: no such. */
void host_stat(struct pair_host *h, uint32_t node, uint64_t *size, uint64_t *nlink);
/* Number of entries. */
uint64_t host_count(struct pair_host *h, uint32_t dir);

#endif
