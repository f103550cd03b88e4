/* Random operations on a volume, a model and perhaps a host's directory, and their answers compared. */
#include "test/lib/volume_pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "volume/check.h"

#define BUF_SIZE   (1u << 18)
#define NODES_MANY 400u

/* Where in the list of steps (pair_step) are those that make names, and one that removes one. */
enum { CREATING = 5, REMOVING = 6 };

static uint8_t g_buf[3][BUF_SIZE];

static uint64_t pair_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

uint32_t pair_pick(struct pair *p, uint32_t n)
{
	if (p->script_left == 0)
		return (uint32_t)(pair_next(&p->random) >> 32) % n;
	/* As many bytes as the answer needs, so that a byte more or less shifts little. */
	uint32_t x = 0;

	for (uint32_t max = n - 1; max > 0 && p->script_left > 0; max >>= 8) {
		x = x << 8 | *p->script++;
		p->script_left--;
	}
	return x % n;
}

static enum err pair_random(void *context, void *out, size_t size)
{
	struct pair *p = context;
	uint8_t *o = out;

	for (size_t i = 0; i < size; i++)
		o[i] = (uint8_t)(pair_next(&p->entropy) >> 56);
	return E_OK;
}

static uint64_t pair_now(void *context)
{
	return ((const struct pair *)context)->now;
}

struct volume_config pair_config(struct pair *p, struct volume_disk *disk)
{
	struct volume_config config = p->config;

	config.device = disk_device(disk);
	return config;
}

void pair_wrong(struct pair *p, const char *what, enum err got, enum err expected)
{
	if (p->wrong++ < 20)
		printf("step %llu: %s: %d, expected %d\n", (unsigned long long)p->steps, what,
		       (int)got, (int)expected);
}

static void pair_open(struct pair *p)
{
	struct volume_state found, expected;
	const enum err err = volume_open(&p->v, &p->config, p->master, &found, &expected);

	if (err != E_OK) {
		pair_wrong(p, "volume_open", err, E_OK);
		printf("the volume does not open: %d\n", (int)err);
		abort();
	}
}

void pair_init(struct pair *p, uint64_t seed, size_t cache_size, uint64_t size_max)
{
	*p = (struct pair){
		.random = seed, .entropy = ~seed * 77, .now = 1000000, .file_max = 1u << 20};
	disk_init(&p->disk);
	p->config = (struct volume_config){.device = disk_device(&p->disk),
					   .random = {p, pair_random},
					   .now = pair_now,
					   .now_context = p,
					   .cache_size = cache_size,
					   .size_max = size_max};
	(void)pair_random(p, p->master, sizeof(p->master));
	(void)pair_random(p, p->config.id, sizeof(p->config.id));
	const enum err err = volume_format(&p->config, p->master);

	if (err != E_OK) {
		printf("the volume cannot be made: %d\n", (int)err);
		abort();
	}
	model_init(&p->model, p->now);
	model_copy(&p->committed, &p->model);
	pair_open(p);
}

void pair_fini(struct pair *p)
{
	volume_close(p->v);
	model_fini(&p->model);
	model_fini(&p->committed);
	if (p->host)
		host_stop(p->host);
	disk_fini(&p->disk);
}

/* An answer that is allowed where memory or the disk fail. */
static bool pair_fault(const struct pair *p, enum err err)
{
	return p->faults &&
	       (err == E_NOMEM || err == E_IO || err == E_VOLUME_BLOCK || err == E_VOLUME_FORMAT);
}

static void pair_expect(struct pair *p, const char *what, enum err got, enum err expected)
{
	if (got == expected)
		return;
	if (pair_fault(p, got))
		p->failed++;
	else
		pair_wrong(p, what, got, expected);
}

/* Room was short on the volume, so nothing has happened. */
static bool pair_full(struct pair *p, enum err err)
{
	if (pair_fault(p, err)) {
		p->failed++;
		return true;
	}
	if (err != E_NO_SPACE || (p->config.size_max == 0 && p->disk.size_max == 0))
		return false;
	p->no_space++;
	return true;
}

static uint64_t pair_ino(const struct pair *p, uint32_t node)
{
	return p->model.nodes[node].ino;
}

static void pair_born(struct pair *p, uint32_t node, uint64_t ino, uint32_t dir, const char *name,
		      size_t size)
{
	p->model.nodes[node].ino = ino;
	if (p->host)
		host_node(p->host, node, dir, name, size, p->model.nodes[node].type);
}

enum err pair_create(struct pair *p, uint32_t dir, const char *name, size_t size,
		     enum volume_type type, uint32_t *node)
{
	uint64_t ino = 0;
	uint32_t made = 0;
	const enum err err = volume_create(p->v, pair_ino(p, dir), name, size, type, &ino);

	if (pair_full(p, err))
		return err;
	const enum err expected = model_create(&p->model, dir, name, size, type, &made);

	pair_expect(p, "create", err, expected);
	if (p->host)
		pair_expect(p, "create on the host", host_create(p->host, dir, name, size, type),
			    expected);
	if (err == E_OK && expected == E_OK)
		pair_born(p, made, ino, dir, name, size);
	if (node)
		*node = made;
	return err;
}

enum err pair_symlink(struct pair *p, uint32_t dir, const char *name, size_t size,
		      const char *target, size_t target_size)
{
	uint32_t node;
	uint64_t ino = 0;
	enum volume_type type;
	const enum err err =
		volume_symlink(p->v, pair_ino(p, dir), name, size, target, target_size);

	if (pair_full(p, err))
		return err;
	const enum err expected =
		model_symlink(&p->model, dir, name, size, target, target_size, &node);

	pair_expect(p, "symlink", err, expected);
	if (p->host && target_size > 0)
		pair_expect(p, "symlink on the host",
			    host_symlink(p->host, dir, name, size, target, target_size), expected);
	if (err != E_OK || expected != E_OK)
		return err;
	pair_expect(p, "lookup of a symlink",
		    volume_lookup(p->v, pair_ino(p, dir), name, size, &ino, &type), E_OK);
	pair_born(p, node, ino, dir, name, size);
	return err;
}

enum err pair_link(struct pair *p, uint32_t node, uint32_t dir, const char *name, size_t size)
{
	const enum err err = volume_link(p->v, pair_ino(p, node), pair_ino(p, dir), name, size);

	if (pair_full(p, err))
		return err;
	const enum err expected = model_link(&p->model, node, dir, name, size);

	pair_expect(p, "link", err, expected);
	if (p->host)
		pair_expect(p, "link on the host", host_link(p->host, node, dir, name, size),
			    expected);
	return err;
}

/* Which node a name stands for; 0: none. */
static uint32_t pair_find(const struct pair *p, uint32_t dir, const char *name, size_t size)
{
	uint32_t node = 0;

	return model_lookup(&p->model, dir, name, size, &node) == E_OK ? node : 0;
}

static void pair_gone(struct pair *p, uint32_t node)
{
	if (node && !p->model.nodes[node].alive && p->host)
		host_forget(p->host, node);
}

enum err pair_unlink(struct pair *p, uint32_t dir, const char *name, size_t size)
{
	const uint32_t node = pair_find(p, dir, name, size);
	const enum err err = volume_unlink(p->v, pair_ino(p, dir), name, size);

	if (pair_full(p, err))
		return err;
	const enum err expected = model_unlink(&p->model, dir, name, size);

	pair_expect(p, "unlink", err, expected);
	if (p->host)
		pair_expect(p, "unlink on the host", host_unlink(p->host, dir, name, size, false),
			    expected);
	pair_gone(p, node);
	return err;
}

enum err pair_rmdir(struct pair *p, uint32_t dir, const char *name, size_t size)
{
	const uint32_t node = pair_find(p, dir, name, size);
	const enum err err = volume_rmdir(p->v, pair_ino(p, dir), name, size);

	if (pair_full(p, err))
		return err;
	const enum err expected = model_rmdir(&p->model, dir, name, size);

	pair_expect(p, "rmdir", err, expected);
	if (p->host)
		pair_expect(p, "rmdir on the host", host_unlink(p->host, dir, name, size, true),
			    expected);
	pair_gone(p, node);
	return err;
}

enum err pair_rename(struct pair *p, uint32_t dir, const char *name, size_t size, uint32_t new_dir,
		     const char *new_name, size_t new_size)
{
	const uint32_t old = pair_find(p, new_dir, new_name, new_size);
	const enum err err = volume_rename(p->v, pair_ino(p, dir), name, size, pair_ino(p, new_dir),
					   new_name, new_size);

	if (pair_full(p, err))
		return err;
	const enum err expected =
		model_rename(&p->model, dir, name, size, new_dir, new_name, new_size);

	pair_expect(p, "rename", err, expected);
	if (p->host)
		pair_expect(p, "rename on the host",
			    host_rename(p->host, dir, name, size, new_dir, new_name, new_size),
			    expected);
	pair_gone(p, old);
	return err;
}

enum err pair_write(struct pair *p, uint32_t node, const void *buf, size_t size, uint64_t off)
{
	size_t done = 0;
	const enum err err = volume_write(p->v, pair_ino(p, node), buf, size, off, &done);

	if (pair_full(p, err))
		return err;
	if (err == E_OK && done < size && done > 0 &&
	    (p->config.size_max || p->disk.size_max || p->faults)) {
		p->short_writes++;
		size = done;
	}
	const enum err expected = model_write(&p->model, node, buf, size, off);

	pair_expect(p, "write", err, expected);
	if (err == E_OK && done != size)
		pair_expect(p, "bytes written", (enum err)done, (enum err)size);
	if (p->host)
		pair_expect(p, "write on the host", host_write(p->host, node, buf, size, off),
			    expected);
	return err;
}

enum err pair_set_size(struct pair *p, uint32_t node, uint64_t size)
{
	const enum err err = volume_set_size(p->v, pair_ino(p, node), size);

	if (pair_full(p, err))
		return err;
	const enum err expected = model_set_size(&p->model, node, size);

	pair_expect(p, "set_size", err, expected);
	if (p->host)
		pair_expect(p, "set_size on the host", host_set_size(p->host, node, size),
			    expected);
	return err;
}

void pair_read(struct pair *p, uint32_t node, size_t size, uint64_t off)
{
	size_t done = 0, model_done = 0, host_done = 0;
	const enum err err = volume_read(p->v, pair_ino(p, node), g_buf[0], size, off, &done);
	const enum err expected = model_read(&p->model, node, g_buf[1], size, off, &model_done);

	pair_expect(p, "read", err, expected);
	if (err == E_OK && (done != model_done || memcmp(g_buf[0], g_buf[1], done) != 0))
		pair_expect(p, "bytes read", (enum err)done, (enum err)model_done);
	if (!p->host)
		return;
	pair_expect(p, "read on the host",
		    host_read(p->host, node, g_buf[2], size, off, &host_done), expected);
	if (expected == E_OK &&
	    (host_done != model_done || memcmp(g_buf[2], g_buf[1], model_done) != 0))
		pair_expect(p, "bytes read on the host", (enum err)host_done, (enum err)model_done);
}

void pair_hold(struct pair *p, uint32_t node)
{
	const enum err err = volume_hold(p->v, pair_ino(p, node));

	pair_expect(p, "hold", err, E_OK);
	if (err == E_OK)
		model_hold(&p->model, node);
}

void pair_release(struct pair *p, uint32_t node)
{
	volume_release(p->v, pair_ino(p, node));
	model_release(&p->model, node);
	pair_gone(p, node);
}

bool pair_check_volume(struct volume *v, const char *when)
{
	struct volume_check check = {0};
	const enum err err = volume_check(v, &check, NULL, NULL);

	if (err == E_OK && check.problems == 0)
		return true;
	printf("%s: check: %d, %llu problems: %s (inode %llu, block %llu)\n", when, (int)err,
	       (unsigned long long)check.problems, check.what ? check.what : "",
	       (unsigned long long)check.ino, (unsigned long long)check.block);
	return false;
}

/* Names and sizes as the host has them. */
static void pair_compare_host(struct pair *p)
{
	for (uint32_t i = 1; i < p->model.node_count; i++) {
		const struct model_node *n = &p->model.nodes[i];
		uint64_t size, nlink;

		if (!n->alive)
			continue;
		if (n->type == VOLUME_DIRECTORY) {
			if (n->nlink > 0 && host_count(p->host, i) != n->count)
				pair_wrong(p, "entries on the host", E_OK, E_OK);
			continue;
		}
		host_stat(p->host, i, &size, &nlink);
		if (size != n->size || nlink != n->nlink)
			pair_wrong(p, "size or links on the host", (enum err)size,
				   (enum err)n->size);
	}
}

void pair_compare(struct pair *p)
{
	enum err err;
	char *a = model_dump(&p->model), *b = model_dump_volume(p->v, &err);

	if (!b)
		pair_wrong(p, "reading the whole tree", err, E_OK);
	else if (strcmp(a, b) != 0) {
		pair_wrong(p, "the whole tree", E_OK, E_OK);
		model_print_difference("model, volume", a, b);
	}
	free(a);
	free(b);
	if (p->host)
		pair_compare_host(p);
}

void pair_commit(struct pair *p)
{
	p->model.now = p->now += 7;
	pair_expect(p, "commit", volume_commit(p->v), E_OK);
	model_copy(&p->committed, &p->model);
	p->commits++;
}

void pair_recover(struct pair *p)
{
	const enum err err = volume_commit(p->v);

	if (err == E_OK) {
		model_copy(&p->committed, &p->model);
		p->commits++;
		return;
	}
	pair_expect(p, "commit after a failure", err, E_VOLUME_BROKEN);
	pair_remount(p, false);
}

void pair_remount(struct pair *p, bool commit)
{
	if (commit)
		pair_commit(p);
	volume_close(p->v);
	if (!commit) {
		model_copy(&p->model, &p->committed);
		p->losses++;
	}
	model_release_all(&p->model);
	if (p->host) {
		for (uint32_t i = 1; i < p->model.node_count; i++)
			pair_gone(p, i);
	}
	pair_open(p);
	p->remounts++;
}

/* ---- random operations ---- */

/* A node that is alive, of a type (0: any); 0: there is none. */
static uint32_t any_node(struct pair *p, enum volume_type type)
{
	const uint32_t n = p->model.node_count, first = pair_pick(p, n);

	for (uint32_t i = 0; i < n; i++) {
		const uint32_t node = (first + i) % n;

		if (p->model.nodes[node].alive && (!type || p->model.nodes[node].type == type))
			return node;
	}
	return 0;
}

static uint32_t any_directory(struct pair *p)
{
	return pair_pick(p, 30) == 0 ? any_node(p, 0) : any_node(p, VOLUME_DIRECTORY);
}

struct any_name {
	char text[VOLUME_NAME_MAX + 2];
	size_t size;
};

static void bad_name(struct pair *p, struct any_name *name)
{
	static const char *const names[] = {"", ".", "..", "a/b", "/"};
	const uint32_t i = pair_pick(p, 7);

	name->size = i < 5 ? strlen(names[i]) : i == 5 ? VOLUME_NAME_MAX + 1 : 3;
	memset(name->text, 'x', sizeof(name->text));
	memcpy(name->text,
	       i < 5	? names[i]
	       : i == 5 ? "l"
			: "a\0b",
	       i < 5	? name->size
	       : i == 5 ? 1
			: 3);
}

/* Mostly one of few, so that they meet; sometimes a long one, seldom one that may not be. */
static void any_name(struct pair *p, struct any_name *name)
{
	const uint32_t kind = pair_pick(p, 40);

	memset(name->text, 0, sizeof(name->text));
	if (kind == 0 && !p->host) {
		bad_name(p, name);
	} else if (kind == 1) {
		name->size = VOLUME_NAME_MAX - pair_pick(p, 60);
		memset(name->text, 'a' + (int)pair_pick(p, 3), name->size);
	} else {
		name->size = (size_t)snprintf(name->text, sizeof(name->text), "%c%u",
					      'a' + (int)pair_pick(p, 3), pair_pick(p, 12));
	}
}

/* A name that stands in the directory, if it has any, three times out of four. */
static void old_name(struct pair *p, uint32_t dir, struct any_name *name)
{
	const struct model_node *n = &p->model.nodes[dir];

	any_name(p, name);
	if (n->count == 0 || pair_pick(p, 4) == 0)
		return;
	const struct model_entry *e = &n->entries[pair_pick(p, n->count)];

	memset(name->text, 0, sizeof(name->text));
	memcpy(name->text, e->name, e->name_size);
	name->size = e->name_size;
}

static size_t any_size(struct pair *p)
{
	static const uint32_t sizes[] = {0,    1,    7,	   100,	  511,	 4000,	4095,
					 4096, 4097, 8192, 12000, 20000, 70000, 200000};
	const uint32_t size = sizes[pair_pick(p, COUNT_OF(sizes))];

	return size > p->file_max / 4 ? pair_pick(p, 5000) : size;
}

static uint64_t any_offset(struct pair *p, uint32_t node)
{
	const uint64_t size = p->model.nodes[node].size;
	uint64_t off;

	switch (pair_pick(p, 8)) {
	case 0:
		return 0;
	case 1:
		off = size;
		break;
	case 2:
		off = size + pair_pick(p, 9000);
		break;
	case 3:
		off = pair_pick(p, (uint32_t)p->file_max);
		break;
	case 4:
		off = size / 4096 * 4096;
		break;
	default:
		off = pair_pick(p, (uint32_t)size + 1);
	}
	return off > p->file_max ? 0 : off;
}

static void step_create(struct pair *p)
{
	const uint32_t dir = any_directory(p);
	struct any_name name;

	any_name(p, &name);
	(void)pair_create(p, dir, name.text, name.size,
			  pair_pick(p, 3) ? VOLUME_FILE : VOLUME_DIRECTORY, NULL);
}

static void step_symlink(struct pair *p)
{
	const uint32_t dir = any_directory(p);
	static char target[VOLUME_LINK_MAX + 1];
	struct any_name name;
	static const uint32_t sizes[] = {1, 20, 128, 129, 1000, 4090, VOLUME_LINK_MAX};

	any_name(p, &name);
	memset(target, 'a' + (int)pair_pick(p, 20), sizeof(target));
	(void)pair_symlink(p, dir, name.text, name.size, target, sizes[pair_pick(p, 7)]);
}

static void step_link(struct pair *p)
{
	const uint32_t dir = any_directory(p);
	const uint32_t node = pair_pick(p, 10) ? any_node(p, VOLUME_FILE) : any_node(p, 0);
	struct any_name name;

	any_name(p, &name);
	if (node)
		(void)pair_link(p, node, dir, name.text, name.size);
}

static void step_remove(struct pair *p)
{
	const uint32_t dir = any_directory(p);
	struct any_name name;

	old_name(p, dir, &name);
	const uint32_t node = pair_find(p, dir, name.text, name.size);
	const bool is_dir = node && p->model.nodes[node].type == VOLUME_DIRECTORY;

	if (is_dir != (pair_pick(p, 20) == 0))
		(void)pair_rmdir(p, dir, name.text, name.size);
	else
		(void)pair_unlink(p, dir, name.text, name.size);
}

static void step_rename(struct pair *p)
{
	const uint32_t dir = any_directory(p), to = pair_pick(p, 3) ? any_directory(p) : dir;
	struct any_name name, new_name;

	old_name(p, dir, &name);
	if (pair_pick(p, 2))
		old_name(p, to, &new_name);
	else
		any_name(p, &new_name);
	(void)pair_rename(p, dir, name.text, name.size, to, new_name.text, new_name.size);
}

static void step_write(struct pair *p)
{
	static uint8_t data[BUF_SIZE];
	const uint32_t node = pair_pick(p, 40) ? any_node(p, VOLUME_FILE) : any_node(p, 0);
	const size_t size = any_size(p);
	const uint64_t first = pair_next(&p->random);

	if (!node)
		return;
	for (size_t i = 0; i < size; i += 8) {
		const uint64_t x = first * (i + 1);

		memcpy(data + i, &x, 8);
	}
	const bool append = pair_pick(p, 6) == 0 && p->model.nodes[node].size < p->file_max;

	(void)pair_write(p, node, data, size, append ? UINT64_MAX : any_offset(p, node));
}

static void step_set_size(struct pair *p)
{
	const uint32_t node = pair_pick(p, 40) ? any_node(p, VOLUME_FILE) : any_node(p, 0);

	if (node)
		(void)pair_set_size(p, node, pair_pick(p, 3) ? any_offset(p, node) : any_size(p));
}

static void step_read(struct pair *p)
{
	const uint32_t node = pair_pick(p, 40) ? any_node(p, VOLUME_FILE) : any_node(p, 0);

	if (node)
		pair_read(p, node, any_size(p), any_offset(p, node));
}

static void step_readlink(struct pair *p)
{
	const uint32_t node = pair_pick(p, 10) ? any_node(p, VOLUME_SYMLINK) : any_node(p, 0);
	const size_t size = pair_pick(p, 5000);
	size_t done = 0, expected_done = 0;

	if (!node)
		return;
	const enum err err =
		volume_readlink(p->v, pair_ino(p, node), (char *)g_buf[0], size, &done);
	const enum err expected =
		model_readlink(&p->model, node, (char *)g_buf[1], size, &expected_done);

	pair_expect(p, "readlink", err, expected);
	if (err == E_OK && (done != expected_done || memcmp(g_buf[0], g_buf[1], done) != 0))
		pair_expect(p, "target", (enum err)done, (enum err)expected_done);
}

static void step_times(struct pair *p)
{
	const uint32_t node = any_node(p, 0);
	const uint64_t atim = pair_next(&p->random) >> 2, mtim = pair_next(&p->random) >> 2;
	const uint32_t which = pair_pick(p, 4);
	const uint64_t *a = which & 1 ? &atim : NULL, *b = which & 2 ? &mtim : NULL;
	const enum err err = volume_set_times(p->v, pair_ino(p, node), a, b);

	if (!pair_full(p, err))
		pair_expect(p, "set_times", err, model_set_times(&p->model, node, a, b));
}

static void step_lookup(struct pair *p)
{
	const uint32_t dir = any_directory(p);
	struct any_name name;
	uint64_t ino = 0;
	uint32_t node = 0;
	enum volume_type type = 0;

	old_name(p, dir, &name);
	const enum err err =
		volume_lookup(p->v, pair_ino(p, dir), name.text, name.size, &ino, &type);
	const enum err expected = model_lookup(&p->model, dir, name.text, name.size, &node);

	pair_expect(p, "lookup", err, expected);
	if (err == E_OK && expected == E_OK &&
	    (ino != pair_ino(p, node) || type != p->model.nodes[node].type))
		pair_expect(p, "what lookup found", (enum err)ino, (enum err)pair_ino(p, node));
}

static void step_stat(struct pair *p)
{
	const uint32_t node = any_node(p, 0);
	const struct model_node *n = &p->model.nodes[node];
	struct volume_stat st;
	const enum err err = volume_stat(p->v, n->ino, &st);

	pair_expect(p, "stat", err, E_OK);
	if (err != E_OK)
		return;
	if (st.nlink != n->nlink)
		pair_expect(p, "links", (enum err)st.nlink, (enum err)n->nlink);
	if (st.ino != n->ino || st.type != n->type || st.atim != n->atim || st.mtim != n->mtim ||
	    (n->type != VOLUME_DIRECTORY && st.size != n->size))
		pair_expect(p, "what stat says", (enum err)st.size, (enum err)n->size);
}

static void step_hold(struct pair *p)
{
	const uint32_t node = any_node(p, 0);

	if (node == MODEL_ROOT)
		return;
	if (p->model.nodes[node].holds > 0 && pair_pick(p, 3))
		pair_release(p, node);
	else if (p->model.nodes[node].holds < 3)
		pair_hold(p, node);
}

struct step_list {
	struct pair *p;
	uint32_t dir, left;
	uint64_t cookie;
	uint32_t taken;
	bool *seen;
};

static bool step_list_take(void *context, const struct volume_dirent *e)
{
	struct step_list *l = context;
	const struct model_node *n = &l->p->model.nodes[l->dir];

	if (l->left == 0)
		return false;
	l->left--;
	for (uint32_t i = 0; i < n->count; i++) {
		if (n->entries[i].name_size != e->name_size ||
		    memcmp(n->entries[i].name, e->name, e->name_size) != 0)
			continue;
		const struct model_node *child = &l->p->model.nodes[n->entries[i].node];

		if (l->seen[i] || e->ino != child->ino || e->type != child->type || e->next == 0)
			break;
		l->seen[i] = true;
		l->taken++;
		l->cookie = e->next;
		return true;
	}
	pair_expect(l->p, "an entry of a listing", E_EXISTS, E_OK);
	l->cookie = e->next;
	return true;
}

/* A whole listing, in parts. */
static void step_list(struct pair *p)
{
	const uint32_t dir = any_directory(p);
	const struct model_node *n = &p->model.nodes[dir];
	struct step_list l = {.p = p, .dir = dir};
	uint32_t taken;
	enum err err;

	if (n->type != VOLUME_DIRECTORY) {
		pair_expect(p, "listing of no directory",
			    volume_readdir(p->v, n->ino, 0, step_list_take, &l), E_NOT_DIRECTORY);
		return;
	}
	l.seen = calloc(n->count + 1, sizeof(*l.seen));
	do {
		taken = l.taken;
		l.left = 1 + pair_pick(p, 20);
		err = volume_readdir(p->v, n->ino, l.cookie, step_list_take, &l);
		pair_expect(p, "listing", err, E_OK);
	} while (err == E_OK && l.taken > taken);
	if (err == E_OK && l.taken != n->count)
		pair_expect(p, "entries listed", (enum err)l.taken, (enum err)n->count);
	free(l.seen);
}

void pair_step(struct pair *p)
{
	static void (*const steps[])(struct pair *) = {
		step_create,   step_create, step_create, step_create, step_symlink,  step_link,
		step_remove,   step_remove, step_remove, step_rename, step_rename,   step_rename,
		step_write,    step_write,  step_write,	 step_write,  step_write,    step_set_size,
		step_set_size, step_read,   step_read,	 step_read,   step_readlink, step_times,
		step_lookup,   step_stat,   step_hold,	 step_hold,   step_list,
	};

	p->steps++;
	p->model.now = p->now += 1000;
	const uint32_t step = pair_pick(p, COUNT_OF(steps));

	/* Names do not pile up: what would make one removes one. */
	steps[step < CREATING && p->model.alive > NODES_MANY ? REMOVING : step](p);
}
