/*
 * What a volume should be: a file system in plain memory, as simple as can be, with the operations of
 * volume/volume.h. Nodes are numbered from 1, the root; a number is used again only after the
 * node is gone. No operation ever lacks room.
 */
#ifndef TEST_LIB_VOLUME_MODEL_H
#define TEST_LIB_VOLUME_MODEL_H

#include "volume/volume.h"

#define MODEL_ROOT 1u

struct model_entry {
	char name[VOLUME_NAME_MAX + 1];
	size_t name_size;
	uint32_t node;
};

struct model_node {
	bool alive;
	enum volume_type type;
	uint32_t nlink;
	uint32_t holds;
	uint32_t parent; /* of a directory with a name */
	uint64_t ino;	 /* the volume's number for it: set by who compares */
	uint64_t atim, mtim, ctim;
	uint8_t *data; /* of a file; a symlink's target */
	uint64_t size;
	struct model_entry *entries;
	uint32_t count;
};

struct model {
	struct model_node *nodes; /* [0] is not used */
	uint32_t node_count;
	uint32_t alive; /* nodes */
	uint64_t now;	/* what the clock says: the caller sets it */
};

void model_init(struct model *m, uint64_t now);
void model_fini(struct model *m);
/* What *to held before is freed. */
void model_copy(struct model *to, const struct model *from);

enum err model_lookup(const struct model *m, uint32_t dir, const char *name, size_t size,
		      uint32_t *node);
enum err model_create(struct model *m, uint32_t dir, const char *name, size_t size,
		      enum volume_type type, uint32_t *node);
enum err model_symlink(struct model *m, uint32_t dir, const char *name, size_t size,
		       const char *target, size_t target_size, uint32_t *node);
enum err model_link(struct model *m, uint32_t node, uint32_t dir, const char *name, size_t size);
enum err model_unlink(struct model *m, uint32_t dir, const char *name, size_t size);
enum err model_rmdir(struct model *m, uint32_t dir, const char *name, size_t size);
enum err model_rename(struct model *m, uint32_t dir, const char *name, size_t size,
		      uint32_t new_dir, const char *new_name, size_t new_size);
enum err model_write(struct model *m, uint32_t node, const void *buf, size_t size, uint64_t off);
enum err model_read(const struct model *m, uint32_t node, void *buf, size_t size, uint64_t off,
		    size_t *done);
enum err model_set_size(struct model *m, uint32_t node, uint64_t size);
enum err model_set_times(struct model *m, uint32_t node, const uint64_t *atim,
			 const uint64_t *mtim);
enum err model_readlink(const struct model *m, uint32_t node, char *buf, size_t size, size_t *done);
void model_hold(struct model *m, uint32_t node);
void model_release(struct model *m, uint32_t node);
/* All holds are gone, as after a mount. */
void model_release_all(struct model *m);

/*
 * All that has a name, a line each, sorted: path, type, number, links, times, size, digest of the
 * content. The caller frees. The volume's is made through its operations; NULL and *err when one of
 * them fails, or when two of them contradict each other (E_STATE).
 */
char *model_dump(const struct model *m);
char *model_dump_volume(struct volume *v, enum err *err);
/* The first line in which they differ, of each, is printed. */
void model_print_difference(const char *what, const char *a, const char *b);

#endif
