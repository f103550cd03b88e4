/*
 * Inside the check: what it knows so far, and its parts.
 */
#ifndef VOLUME_CHECK_IMPL_H
#define VOLUME_CHECK_IMPL_H

#include "volume/check.h"
#include "volume/impl.h"

/* One bit per number below some count. */
struct check_set {
	uint8_t *bits;
	uint64_t count;
};

MUST_USE enum err check_set_init(struct check_set *set, uint64_t count);
void check_set_fini(struct check_set *set);
/* false: it was in there already, or is beyond the count. */
MUST_USE bool check_set_add(struct check_set *set, uint64_t number);
MUST_USE bool check_set_has(const struct check_set *set, uint64_t number);

struct check {
	struct volume *v;
	struct volume_check *result;
	void (*progress)(void *context, uint64_t blocks, uint64_t of);
	void *context;
	struct check_set blocks;  /* of the file: something refers to them */
	struct check_set free;	  /* records on the list of free ones */
	struct check_set orphans; /* records that INO_ORPHANS names */
	struct check_set rooted;  /* directories that hang on the root */
	uint32_t *names;	  /* by number: how many entries name it */
	bool hidden;		  /* something could not be read: what hangs on it is not known */
};

/* Counts a problem; the first is described. `what` is static. */
void check_problem(struct check *c, const char *what, uint64_t ino, uint64_t block);
/* What an error of reading means: a problem (E_OK then), or the end of the check. */
MUST_USE enum err check_error(struct check *c, enum err err, uint64_t ino, uint64_t block);
/* The inode with that number; E_NOT_FOUND: none, or it was a problem. */
MUST_USE enum err check_inode(struct check *c, uint64_t ino, struct volume_inode *inode);

/* A directory's table, buckets and entries; counts what they name. */
MUST_USE enum err check_directory(struct check *c, const struct volume_inode *dir);

#endif
