/*
 * /dev/attestation.
 * Trust: names, offsets and what is written are the guest's; names and bytes of keys come from whoever
 * delivered the program. Reports and quotes are given on as the callbacks made them.
 * Invariant: the two inputs are read and written under the lock, whole by whole; nothing is asked of
 * the callbacks under it. What a node shows does not change while it is open, unless it is an input.
 * Keys are in memory of this file system alone, which is wiped when it goes.
 */
#include "wasi/fs_attest.h"

#include <string.h>

#include "base/checked.h"
#include "base/err.h"
#include "base/heap.h"
#include "base/wipe.h"

#define ATTEST_TYPE "dcap"

/* What a program may have attested, and for whom. */
struct attest_inputs {
	uint8_t user[WASI_USER_SIZE];
	uint8_t target[WASI_TARGET_SIZE];
};

struct attest_key {
	uint8_t *p; /* owned: the name, and behind it the key */
	size_t name_size;
	size_t size;
};

/* The whole. It lives as long as its root. */
struct attest_fs {
	const struct wasi_attestation *attestation;
	uint32_t mount;
	struct mutex lock; /* of the inputs */
	struct attest_inputs inputs;
	struct attest_key *keys;
	size_t key_count;
};

struct attest_node {
	struct fs_node node;
	struct attest_fs *fs;
	size_t place;	      /* which name it is, see attest_find */
	const uint8_t *bytes; /* what it shows; NULL: an input, a directory, or not open to read */
	size_t size;
	uint8_t *made; /* owned: bytes that were made for it, or NULL */
};

/* ---- what the files show ---- */

typedef enum wasi_errno (*attest_maker)(const struct wasi_attestation *a,
					const struct attest_inputs *in, uint8_t *out, size_t *size);

static enum wasi_errno make_my_target(const struct wasi_attestation *a,
				      const struct attest_inputs *in, uint8_t *out, size_t *size)
{
	(void)in;
	*size = WASI_TARGET_SIZE;
	return a->my_target(a->context, out);
}

static enum wasi_errno make_report(const struct wasi_attestation *a, const struct attest_inputs *in,
				   uint8_t *out, size_t *size)
{
	*size = WASI_REPORT_SIZE;
	return a->report(a->context, in->user, in->target, out);
}

static enum wasi_errno make_quote(const struct wasi_attestation *a, const struct attest_inputs *in,
				  uint8_t *out, size_t *size)
{
	return a->quote(a->context, in->user, out, WASI_QUOTE_MAX, size);
}

static enum wasi_errno make_claims(const struct wasi_attestation *a, const struct attest_inputs *in,
				   uint8_t *out, size_t *size)
{
	return a->claims(a->context, in->user, out, WASI_QUOTE_MAX, size);
}

static enum wasi_errno make_type(const struct wasi_attestation *a, const struct attest_inputs *in,
				 uint8_t *out, size_t *size)
{
	(void)a;
	(void)in;
	*size = sizeof(ATTEST_TYPE) - 1;
	memcpy(out, ATTEST_TYPE, *size);
	return WASI_SUCCESS;
}

static enum wasi_errno make_launch_digest(const struct wasi_attestation *a,
					  const struct attest_inputs *in, uint8_t *out,
					  size_t *size)
{
	(void)in;
	*size = WASI_DIGEST_SIZE;
	memcpy(out, a->launch_digest, *size);
	return WASI_SUCCESS;
}

static enum wasi_errno make_program_digest(const struct wasi_attestation *a,
					   const struct attest_inputs *in, uint8_t *out,
					   size_t *size)
{
	(void)in;
	*size = WASI_DIGEST_SIZE;
	memcpy(out, a->program_digest, *size);
	return WASI_SUCCESS;
}

struct attest_file {
	const char *name;
	size_t room;	   /* most bytes it shows; of an input, its size */
	bool varies;	   /* how many is known when it is open */
	attest_maker make; /* NULL: an input, or the directory */
};

/* The inputs stand first, as their numbers say. */
enum { FILE_USER, FILE_TARGET, FILE_KEYS, FILE_FIRST_MADE };

static const struct attest_file g_files[] = {
	[FILE_USER] = {"user_report_data", WASI_USER_SIZE, false, NULL},
	[FILE_TARGET] = {"target_info", WASI_TARGET_SIZE, false, NULL},
	[FILE_KEYS] = {"keys", 0, false, NULL},
	{"my_target_info", WASI_TARGET_SIZE, false, make_my_target},
	{"report", WASI_REPORT_SIZE, false, make_report},
	{"quote", WASI_QUOTE_MAX, true, make_quote},
	{"claims", WASI_QUOTE_MAX, true, make_claims},
	{"attestation_type", sizeof(ATTEST_TYPE) - 1, false, make_type},
	{"launch_digest", WASI_DIGEST_SIZE, false, make_launch_digest},
	{"program_digest", WASI_DIGEST_SIZE, false, make_program_digest},
};

/* Places: the root, the files in the order of the table, the keys. */
#define PLACE_ROOT     0u
#define PLACE_FILES    1u
#define PLACE_KEYS_DIR (PLACE_FILES + FILE_KEYS)
#define PLACE_KEYS     (PLACE_FILES + COUNT_OF(g_files))
#define PLACE_NONE     SIZE_MAX

static struct attest_node *attest_of(struct fs_node *node)
{
	return (struct attest_node *)node;
}

static enum wasi_filetype attest_type(size_t place)
{
	return place == PLACE_ROOT || place == PLACE_KEYS_DIR ? WASI_TYPE_DIR : WASI_TYPE_FILE;
}

/* The bytes of an input, to be used under the lock; NULL: the place is none. */
static uint8_t *attest_input(struct attest_fs *fs, size_t place)
{
	if (place == PLACE_FILES + FILE_USER)
		return fs->inputs.user;
	return place == PLACE_FILES + FILE_TARGET ? fs->inputs.target : NULL;
}

/* How many bytes there are to see, as far as that is known of a name. */
static size_t attest_size(const struct attest_fs *fs, size_t place)
{
	if (place >= PLACE_KEYS)
		return fs->keys[place - PLACE_KEYS].size;
	if (place == PLACE_ROOT || g_files[place - PLACE_FILES].varies)
		return 0;
	return g_files[place - PLACE_FILES].room;
}

static bool name_is(struct name name, const void *p, size_t size)
{
	return name.size == size && memcmp(name.p, p, size) == 0;
}

static size_t find_key(const struct attest_fs *fs, struct name name)
{
	for (size_t i = 0; i < fs->key_count; i++) {
		if (name_is(name, fs->keys[i].p, fs->keys[i].name_size))
			return PLACE_KEYS + i;
	}
	return PLACE_NONE;
}

static size_t attest_find(const struct attest_node *dir, struct name name)
{
	if (dir->place == PLACE_KEYS_DIR)
		return find_key(dir->fs, name);
	for (size_t i = 0; i < COUNT_OF(g_files); i++) {
		if (name_is(name, g_files[i].name, strlen(g_files[i].name)))
			return PLACE_FILES + i;
	}
	return PLACE_NONE;
}

static void attest_describe(const struct attest_fs *fs, size_t place, size_t size,
			    struct wasi_filestat *st)
{
	*st = (struct wasi_filestat){
		.dev = fs->mount,
		.ino = ((uint64_t)fs->mount << 32) + place + 1,
		.type = (uint8_t)attest_type(place),
		.nlink = attest_type(place) == WASI_TYPE_DIR ? 2 : 1,
		.size = size,
	};
}

/* ---- nodes ---- */

static void attest_fs_free(struct attest_fs *fs)
{
	for (size_t i = 0; i < fs->key_count; i++) {
		wipe(fs->keys[i].p, fs->keys[i].name_size + fs->keys[i].size);
		heap_free(fs->keys[i].p);
	}
	heap_free(fs->keys);
	heap_free(fs);
}

static void attest_close(struct fs_node *node)
{
	struct attest_node *n = attest_of(node);

	if (n->place == PLACE_ROOT)
		attest_fs_free(n->fs);
	heap_free(n->made);
	heap_free(n);
}

static enum wasi_errno attest_stat(struct fs_node *node, struct wasi_filestat *st)
{
	const struct attest_node *n = attest_of(node);

	attest_describe(n->fs, n->place, n->bytes ? n->size : attest_size(n->fs, n->place), st);
	return WASI_SUCCESS;
}

/* Every write is at once what the next report sees. */
static enum wasi_errno attest_sync(struct fs_node *node, bool data_only)
{
	(void)node;
	(void)data_only;
	return WASI_SUCCESS;
}

static enum wasi_errno attest_set_flags(struct fs_node *node, uint32_t fdflags)
{
	(void)node;
	(void)fdflags;
	return WASI_SUCCESS;
}

static enum wasi_errno attest_read(struct fs_node *node, void *buf, size_t size, uint64_t off,
				   size_t *done)
{
	const struct attest_node *n = attest_of(node);
	const uint8_t *input = attest_input(n->fs, n->place);
	const uint8_t *bytes = input ? input : n->bytes;
	const size_t all = input ? attest_size(n->fs, n->place) : n->size;

	if (attest_type(n->place) == WASI_TYPE_DIR)
		return WASI_ISDIR;
	*done = off >= all ? 0 : all - (size_t)off;
	if (*done > size)
		*done = size;
	if (*done == 0)
		return WASI_SUCCESS;
	mutex_lock(&n->fs->lock);
	memcpy(buf, bytes + off, *done);
	mutex_unlock(&n->fs->lock);
	return WASI_SUCCESS;
}

/* Up to the end; appending is behind it. */
static enum wasi_errno attest_write(struct fs_node *node, const void *buf, size_t size,
				    uint64_t off, size_t *done)
{
	const struct attest_node *n = attest_of(node);
	uint8_t *input = attest_input(n->fs, n->place);
	const size_t all = attest_size(n->fs, n->place);

	if (!input)
		return WASI_ACCES;
	*done = 0;
	if (size == 0)
		return WASI_SUCCESS;
	if (off >= all)
		return WASI_FBIG;
	*done = size < all - off ? size : all - (size_t)off;
	mutex_lock(&n->fs->lock);
	memcpy(input + off, buf, *done);
	mutex_unlock(&n->fs->lock);
	return WASI_SUCCESS;
}

/* An input keeps its size: what is cut off becomes zeros. */
static enum wasi_errno attest_set_size(struct fs_node *node, uint64_t size)
{
	const struct attest_node *n = attest_of(node);
	uint8_t *input = attest_input(n->fs, n->place);
	const size_t all = attest_size(n->fs, n->place);

	if (!input)
		return WASI_ACCES;
	if (size > all)
		return WASI_FBIG;
	mutex_lock(&n->fs->lock);
	memset(input + size, 0, all - (size_t)size);
	mutex_unlock(&n->fs->lock);
	return WASI_SUCCESS;
}

/* ---- opening ---- */

/* May the place be opened so? */
static enum wasi_errno open_check(struct attest_fs *fs, size_t place, uint32_t flags)
{
	const uint32_t changing = FS_OPEN_WRITE | FS_OPEN_TRUNC;

	if (place == PLACE_NONE)
		return flags & FS_OPEN_CREATE ? WASI_ACCES : WASI_NOENT;
	if (flags & FS_OPEN_EXCL)
		return WASI_EXIST;
	if (attest_type(place) == WASI_TYPE_DIR)
		return flags & (changing | FS_OPEN_CREATE) ? WASI_ISDIR : WASI_SUCCESS;
	if (flags & FS_OPEN_DIR)
		return WASI_NOTDIR;
	return flags & changing && !attest_input(fs, place) ? WASI_ACCES : WASI_SUCCESS;
}

/* What it shows from now on, made from the inputs as they are. */
static enum wasi_errno node_make(struct attest_node *n, const struct attest_file *file)
{
	struct attest_inputs in;
	size_t size = 0;
	uint8_t *made = heap_alloc(file->room);

	if (!made)
		return WASI_NOMEM;
	mutex_lock(&n->fs->lock);
	in = n->fs->inputs;
	mutex_unlock(&n->fs->lock);

	const enum wasi_errno e = file->make(n->fs->attestation, &in, made, &size);

	if (e != WASI_SUCCESS) {
		heap_free(made);
		return e;
	}
	must(size <= file->room);
	uint8_t *fitting = size < file->room ? heap_resize(made, file->room, size) : NULL;

	n->made = fitting ? fitting : made;
	n->bytes = n->made;
	n->size = size;
	return WASI_SUCCESS;
}

static enum wasi_errno node_fill(struct attest_node *n)
{
	if (n->place >= PLACE_KEYS) {
		const struct attest_key *key = &n->fs->keys[n->place - PLACE_KEYS];

		n->bytes = key->p + key->name_size;
		n->size = key->size;
		return WASI_SUCCESS;
	}
	const struct attest_file *file = &g_files[n->place - PLACE_FILES];

	return file->make ? node_make(n, file) : WASI_SUCCESS;
}

static const struct fs_ops g_attest_ops;

static enum wasi_errno node_new(struct attest_fs *fs, size_t place, struct attest_node **out)
{
	struct attest_node *n = heap_alloc(sizeof(*n));

	if (!n)
		return WASI_NOMEM;
	fs_node_init(&n->node, &g_attest_ops, attest_type(place), false);
	n->node.mount = fs->mount;
	n->fs = fs;
	n->place = place;
	*out = n;
	return WASI_SUCCESS;
}

static enum wasi_errno attest_open(struct fs_node *dir, struct name name, uint32_t flags,
				   uint32_t fdflags, struct fs_node **node)
{
	struct attest_node *d = attest_of(dir), *n;
	const size_t place = attest_find(d, name);
	enum wasi_errno e = open_check(d->fs, place, flags);

	(void)fdflags;
	if (e == WASI_SUCCESS)
		e = node_new(d->fs, place, &n);
	if (e != WASI_SUCCESS)
		return e;
	if (flags & FS_OPEN_TRUNC)
		e = attest_set_size(&n->node, 0);
	if (e == WASI_SUCCESS && flags & FS_OPEN_READ)
		e = node_fill(n);
	if (e != WASI_SUCCESS) {
		heap_free(n);
		return e;
	}
	*node = &n->node;
	return WASI_SUCCESS;
}

static enum wasi_errno attest_stat_at(struct fs_node *dir, struct name name,
				      struct wasi_filestat *st)
{
	const struct attest_node *d = attest_of(dir);
	const size_t place = attest_find(d, name);

	if (place == PLACE_NONE)
		return WASI_NOENT;
	attest_describe(d->fs, place, attest_size(d->fs, place), st);
	return WASI_SUCCESS;
}

/* Nothing here is a link. */
static enum wasi_errno attest_readlink(struct fs_node *dir, struct name name, char *buf,
				       size_t size, size_t *done)
{
	(void)buf;
	(void)size;
	(void)done;
	return attest_find(attest_of(dir), name) == PLACE_NONE ? WASI_NOENT : WASI_INVAL;
}

/* ---- listing ---- */

static struct name place_name(const struct attest_fs *fs, size_t place)
{
	if (place < PLACE_KEYS) {
		const char *text = g_files[place - PLACE_FILES].name;

		return (struct name){text, strlen(text)};
	}
	const struct attest_key *key = &fs->keys[place - PLACE_KEYS];

	return (struct name){(const char *)key->p, key->name_size};
}

static bool list_one(struct fs_dirent_sink *sink, const struct attest_fs *fs, uint64_t cookie,
		     size_t place, struct name name)
{
	struct wasi_filestat st;

	attest_describe(fs, place, 0, &st);
	const struct fs_dirent entry = {
		.ino = st.ino, .next = cookie + 1, .type = attest_type(place), .name = name};

	return sink->take(sink, &entry);
}

/* Cookies 0 and 1 are the directory and the root, which is its own parent and that of keys. */
static enum wasi_errno attest_readdir(struct fs_node *dir, uint64_t cookie,
				      struct fs_dirent_sink *sink)
{
	const struct attest_node *d = attest_of(dir);
	const size_t first = d->place == PLACE_ROOT ? PLACE_FILES : PLACE_KEYS;
	const size_t count = d->place == PLACE_ROOT ? COUNT_OF(g_files) : d->fs->key_count;

	if (cookie == 0 && !list_one(sink, d->fs, 0, d->place, (struct name){".", 1}))
		return WASI_SUCCESS;
	if (cookie <= 1 && !list_one(sink, d->fs, 1, PLACE_ROOT, (struct name){"..", 2}))
		return WASI_SUCCESS;
	for (uint64_t at = cookie > 2 ? cookie : 2; at - 2 < count; at++) {
		const size_t place = first + (size_t)(at - 2);

		if (!list_one(sink, d->fs, at, place, place_name(d->fs, place)))
			break;
	}
	return WASI_SUCCESS;
}

static const struct fs_ops g_attest_ops = {
	.close = attest_close,
	.stat = attest_stat,
	.set_flags = attest_set_flags,
	.sync = attest_sync,
	.read = attest_read,
	.write = attest_write,
	.set_size = attest_set_size,
	.open = attest_open,
	.stat_at = attest_stat_at,
	.readdir = attest_readdir,
	.readlink = attest_readlink,
};

/* ---- the whole ---- */

static bool key_name_ok(const struct attest_fs *fs, struct name name)
{
	if (!fs_name_valid(name) || name_is(name, ".", 1) || name_is(name, "..", 2))
		return false;
	return find_key(fs, name) == PLACE_NONE;
}

static enum wasi_errno key_add(struct attest_fs *fs, const struct wasi_given *g)
{
	struct attest_key *key = &fs->keys[fs->key_count];
	size_t size;

	if (!key_name_ok(fs, (struct name){(const char *)g->path.p, g->path.size}))
		return WASI_INVAL;
	if (!checked_add(&size, g->path.size, g->bytes.size))
		return WASI_NOMEM;
	key->p = heap_alloc(size);
	if (!key->p)
		return WASI_NOMEM;
	key->name_size = g->path.size;
	key->size = g->bytes.size;
	memcpy(key->p, g->path.p, key->name_size);
	if (key->size != 0)
		memcpy(key->p + key->name_size, g->bytes.p, key->size);
	fs->key_count++;
	return WASI_SUCCESS;
}

static enum wasi_errno keys_add(struct attest_fs *fs)
{
	const struct wasi_attestation *a = fs->attestation;
	enum wasi_errno e = WASI_SUCCESS;

	if (a->key_count > WASI_KEYS_MAX)
		return WASI_NOSPC;
	fs->keys = heap_alloc_array(a->key_count, sizeof(*fs->keys));
	if (!fs->keys)
		return WASI_NOMEM;
	for (size_t i = 0; i < a->key_count && e == WASI_SUCCESS; i++)
		e = key_add(fs, &a->keys[i]);
	return e;
}

enum wasi_errno fs_attest_new(const struct wasi_attestation *attestation, uint32_t mount,
			      struct fs_node **root)
{
	struct attest_fs *fs = heap_alloc(sizeof(*fs));
	struct attest_node *n;

	if (!fs)
		return WASI_NOMEM;
	fs->attestation = attestation;
	fs->mount = mount;
	enum wasi_errno e = keys_add(fs);

	if (e == WASI_SUCCESS)
		e = node_new(fs, PLACE_ROOT, &n);
	if (e != WASI_SUCCESS) {
		attest_fs_free(fs);
		return e;
	}
	*root = &n->node;
	return WASI_SUCCESS;
}
