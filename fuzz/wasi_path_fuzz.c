/*
 * Path resolution against a mount whose answers come from the fuzzer's input: what is a directory,
 * a file, a symlink and where to, decided anew at each question, as a host that swaps names would.
 * Claims: every name that goes out is one component and neither "." nor ".."; only directories that
 * were opened below the start are ever asked; the work is bounded; every node is given back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/heap.h"
#include "base/reader.h"
#include "wasi/path.h"

#define QUESTIONS_MAX ((PATH_LINKS_MAX + 2) * PATH_TEXT_MAX)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz_node {
	struct fs_node node;
	uint32_t depth; /* below the start */
};

static const struct fs_ops g_fuzz_ops;
static struct reader g_script;
static size_t g_open;	   /* nodes alive */
static size_t g_questions; /* so far */

static void fuzz_claim(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "broken: %s\n", what);
	abort();
}

static struct fs_node *fuzz_node(enum wasi_filetype type, uint32_t depth)
{
	struct fuzz_node *n = heap_alloc(sizeof(*n));

	fuzz_claim(n != NULL, "memory");
	fs_node_init(&n->node, &g_fuzz_ops, type, false);
	n->depth = depth;
	g_open++;
	return &n->node;
}

static void fuzz_close(struct fs_node *node)
{
	g_open--;
	heap_free(node);
}

static void fuzz_ask(struct fs_node *dir, struct name name)
{
	fuzz_claim(dir->type == WASI_TYPE_DIR, "a name is asked of a directory");
	fuzz_claim(fs_name_valid(name), "a name is one component");
	fuzz_claim(!(name.size <= 2 && memcmp(name.p, "..", name.size) == 0), "no dots");
	fuzz_claim(++g_questions < QUESTIONS_MAX, "the work is bounded");
}

static enum wasi_errno fuzz_open(struct fs_node *dir, struct name name, uint32_t flags,
				 uint32_t fdflags, struct fs_node **node)
{
	const uint8_t answer = reader_u8(&g_script);
	const uint32_t depth = ((struct fuzz_node *)dir)->depth + 1;

	(void)fdflags;
	fuzz_ask(dir, name);
	fuzz_claim(depth <= PATH_DEPTH_MAX, "the depth is bounded");
	switch (answer % 6) {
	case 0:
		return WASI_NOENT;
	case 1:
		return WASI_LOOP;
	case 2:
		return WASI_NOTDIR;
	case 3: /* perhaps not what was demanded */
		*node = fuzz_node(WASI_TYPE_FILE, depth);
		return WASI_SUCCESS;
	default:
		*node = fuzz_node(
			flags & FS_OPEN_DIR || answer & 64 ? WASI_TYPE_DIR : WASI_TYPE_FILE, depth);
		return WASI_SUCCESS;
	}
}

static enum wasi_errno fuzz_stat(struct fs_node *node, struct wasi_filestat *st)
{
	*st = (struct wasi_filestat){.type = (uint8_t)node->type};
	return WASI_SUCCESS;
}

static enum wasi_errno fuzz_stat_at(struct fs_node *dir, struct name name, struct wasi_filestat *st)
{
	static const uint8_t types[] = {WASI_TYPE_DIR, WASI_TYPE_FILE, WASI_TYPE_LINK,
					WASI_TYPE_LINK};
	const uint8_t answer = reader_u8(&g_script);

	fuzz_ask(dir, name);
	*st = (struct wasi_filestat){.type = types[answer % 4]};
	return answer < 200 ? WASI_SUCCESS : WASI_NOENT;
}

static enum wasi_errno fuzz_set_times(struct fs_node *node, const struct fs_times *times)
{
	(void)node;
	(void)times;
	return WASI_SUCCESS;
}

static enum wasi_errno fuzz_set_times_at(struct fs_node *dir, struct name name,
					 const struct fs_times *times)
{
	(void)times;
	fuzz_ask(dir, name);
	return WASI_SUCCESS;
}

/* A target from the script: its length, then its bytes; a long one repeats itself. */
static enum wasi_errno fuzz_readlink(struct fs_node *dir, struct name name, char *buf, size_t size,
				     size_t *done)
{
	const uint8_t len = reader_u8(&g_script);
	const uint8_t *p = reader_take(&g_script, len % 64);
	const size_t unit = p ? len % 64 : 0;
	const size_t total = len & 128 ? size : unit;

	fuzz_ask(dir, name);
	if (unit == 0)
		return WASI_INVAL;
	for (size_t i = 0; i < total; i++)
		buf[i] = (char)p[i % unit];
	*done = total;
	return WASI_SUCCESS;
}

static const struct fs_ops g_fuzz_ops = {
	.close = fuzz_close,
	.stat = fuzz_stat,
	.set_times = fuzz_set_times,
	.open = fuzz_open,
	.stat_at = fuzz_stat_at,
	.set_times_at = fuzz_set_times_at,
	.readlink = fuzz_readlink,
};

static void fuzz_walk(struct path_walk *walk, uint8_t what, bool follow)
{
	const struct fs_times times = {0, 0, 0};
	struct wasi_filestat st;
	struct path_end end;
	struct fs_node *node;

	switch (what % 4) {
	case 0:
		if (path_walk_first(walk, &end) == WASI_SUCCESS && end.name.size != 0)
			fuzz_ask(end.dir, end.name);
		return;
	case 1:
		(void)path_stat(walk, follow, &st);
		return;
	case 2:
		(void)path_set_times(walk, follow, &times);
		return;
	default:
		if (path_open(walk, follow, what >> 2, 0, &node) == WASI_SUCCESS)
			fs_node_put(node);
	}
}

/* Input: what to do, the length of the path (16 bits), the path, the script. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r;
	struct path_walk *walk;

	reader_init(&r, data, size);
	const uint8_t what = reader_u8(&r), flags = reader_u8(&r);
	const uint16_t path_size = reader_u16(&r);
	const uint8_t *path = reader_take(&r, path_size);

	if (!path)
		return 0;
	g_script = r;
	g_questions = 0;
	struct fs_node *root = fuzz_node(WASI_TYPE_DIR, 0);

	if (path_walk_init(&walk, root, (struct name){(const char *)path, path_size}) ==
	    WASI_SUCCESS) {
		fuzz_walk(walk, what, flags & 1);
		path_walk_free(walk);
	}
	fs_node_put(root);
	fuzz_claim(g_open == 0, "every node is given back");
	return 0;
}
