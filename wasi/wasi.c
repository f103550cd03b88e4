/*
 * The context of one program and the table of functions.
 * Trust: strings and mounts come from the launch record, whose digest the owner can check; given files
 * and keys from whoever delivers the program; import names are the module's.
 */
#include "wasi/wasi.h"

#include <string.h>

#include "base/checked.h"
#include "base/heap.h"
#include "wasi/fs_attest.h"
#include "wasi/fs_stream.h"
#include "wasi/fs_tmp.h"
#include "wasi/fs_volume.h"
#include "wasi/funcs.h"
#include "wasi/given.h"
#include "wasi/table.h"

#define MODULE	   "wasi_snapshot_preview1"
#define MODULE_OLD "wasi_unstable"

const struct wasi_func g_wasi_funcs[] = {
#define WASI_FUNC(name, params, returns) {MODULE, #name, params, returns, wasi_##name},
#define WASI_FUNC_CHANGED		 WASI_FUNC
#define WASI_FUNC_ADDED			 WASI_FUNC
#include "wasi/funcs.def"
#undef WASI_FUNC_ADDED
#undef WASI_FUNC_CHANGED
#undef WASI_FUNC
#define WASI_FUNC(name, params, returns) {MODULE_OLD, #name, params, returns, wasi_##name},
#define WASI_FUNC_CHANGED(name, params, returns)                                                   \
	{MODULE_OLD, #name, params, returns, wasi_unstable_##name},
#define WASI_FUNC_ADDED(name, params, returns)
#include "wasi/funcs.def"
#undef WASI_FUNC_ADDED
#undef WASI_FUNC_CHANGED
#undef WASI_FUNC
};
const size_t g_wasi_func_count = COUNT_OF(g_wasi_funcs);

static bool bytes_equal(const char *a, size_t size, const char *literal)
{
	return size == strlen(literal) && memcmp(a, literal, size) == 0;
}

const struct wasi_func *wasi_find(const char *module, size_t module_size, const char *name,
				  size_t name_size)
{
	for (size_t i = 0; i < g_wasi_func_count; i++) {
		const struct wasi_func *f = &g_wasi_funcs[i];

		if (bytes_equal(module, module_size, f->module) &&
		    bytes_equal(name, name_size, f->name))
			return f;
	}
	return NULL;
}

static bool bytes_have_nul(const struct wasi_bytes *b)
{
	for (size_t i = 0; i < b->size; i++) {
		if (b->p[i] == 0)
			return true;
	}
	return false;
}

/* A list of strings: no NUL inside, and with terminators no more than 32 bits can count. */
static enum err strings_check(const struct wasi_bytes *strings, size_t count)
{
	size_t total = 0;

	for (size_t i = 0; i < count; i++) {
		if (bytes_have_nul(&strings[i]))
			return E_INVALID;
		if (!checked_add(&total, total, strings[i].size) || !checked_add(&total, total, 1))
			return E_LIMIT;
	}
	return total > UINT32_MAX ? E_LIMIT : E_OK;
}

static enum err mount_check(const struct wasi_mount *m)
{
	if (m->kind < WASI_MOUNT_HOST || m->kind > WASI_MOUNT_VOLUME)
		return E_UNSUPPORTED;
	if (m->kind == WASI_MOUNT_VOLUME && !m->volume)
		return E_INVALID;
	if (m->kind == WASI_MOUNT_ATTESTATION && m->read_only) /* it has inputs */
		return E_INVALID;
	if (m->path.size == 0 || m->path.size > FS_LINK_MAX || bytes_have_nul(&m->path))
		return E_INVALID;
	return E_OK;
}

/* At most one mount of attestation, with something behind it; and no key that nobody could read. */
static enum err attestation_check(const struct wasi_config *c)
{
	size_t count = 0;

	for (size_t i = 0; i < c->mount_count; i++)
		count += c->mounts[i].kind == WASI_MOUNT_ATTESTATION;
	if (count > 1)
		return E_INVALID;
	if (count == 1 && !c->attestation)
		return E_UNSUPPORTED;
	if (!c->attestation || c->attestation->key_count == 0)
		return E_OK;
	if (count == 0)
		return E_DENIED;
	return c->attestation->key_count > WASI_KEYS_MAX ? E_LIMIT : E_OK;
}

static enum err config_check(const struct wasi_config *c)
{
	enum err e = strings_check(c->args, c->arg_count);

	if (e == E_OK)
		e = strings_check(c->env, c->env_count);
	if (e == E_OK && (c->mount_count > WASI_FDS_MAX - HOST_HANDLE_MOUNTS ||
			  c->listener_count > WASI_FDS_MAX - HOST_HANDLE_MOUNTS - c->mount_count))
		e = E_LIMIT;
	for (size_t i = 0; i < c->mount_count && e == E_OK; i++)
		e = mount_check(&c->mounts[i]);
	return e == E_OK ? attestation_check(c) : e;
}

/* Everything that can go wrong when a descriptor is made from checked parts is want of memory. */
static enum err wasi_add(struct wasi *wasi, struct fs_node *node, uint8_t access,
			 uint64_t inherited, const struct wasi_mount *mount)
{
	struct wasi_descriptor *d;
	uint32_t fd;

	if (wasi_descriptor_new(&d, node, access, inherited) != WASI_SUCCESS)
		return E_NOMEM;
	d->mount = mount;
	return wasi_table_add(wasi, d, &fd) == WASI_SUCCESS ? E_OK : E_NOMEM;
}

static enum wasi_errno wasi_stream(struct wasi *wasi, uint32_t number, struct fs_node **node)
{
	if (wasi->config->streams)
		return fs_stream_new(wasi->config->streams, number, node);
	return fs_host_stream(&wasi->host, number, node);
}

static enum err wasi_add_streams(struct wasi *wasi)
{
	static const uint8_t access[] = {
		[HOST_HANDLE_STDIN] = WASI_ACCESS_READ,
		[HOST_HANDLE_STDOUT] = WASI_ACCESS_WRITE,
		[HOST_HANDLE_STDERR] = WASI_ACCESS_WRITE,
	};
	enum err e = E_OK;

	for (uint32_t i = 0; i < COUNT_OF(access) && e == E_OK; i++) {
		struct fs_node *node;

		if (wasi_stream(wasi, i, &node) != WASI_SUCCESS)
			return E_NOMEM;
		e = wasi_add(wasi, node, access[i], WASI_RIGHTS_ALL, NULL);
	}
	return e;
}

/* A file system in memory lives as long as its root, which the guest may close before the rest. */
static enum wasi_errno mount_tmp(struct wasi *wasi, const struct wasi_mount *m, uint32_t number,
				 struct fs_node **root)
{
	const enum wasi_errno e = fs_tmp_new(m->size, number, m->read_only, root);

	if (e == WASI_SUCCESS)
		wasi->roots[wasi->root_count++] = fs_node_get(*root);
	return e;
}

/* The same holds for the one of attestation. */
static enum wasi_errno mount_attestation(struct wasi *wasi, uint32_t number, struct fs_node **root)
{
	const enum wasi_errno e = fs_attest_new(wasi->config->attestation, number, root);

	if (e == WASI_SUCCESS)
		wasi->roots[wasi->root_count++] = fs_node_get(*root);
	return e;
}

/* And for a volume. */
static enum wasi_errno mount_volume(struct wasi *wasi, const struct wasi_mount *m, uint32_t number,
				    struct fs_node **root)
{
	const enum wasi_errno e = fs_volume_new(m->volume, number, m->read_only, root);

	if (e == WASI_SUCCESS)
		wasi->roots[wasi->root_count++] = fs_node_get(*root);
	return e;
}

static enum wasi_errno mount_host(struct wasi *wasi, const struct wasi_mount *m, uint32_t number,
				  struct fs_node **root)
{
	const enum wasi_errno e = fs_host_root(&wasi->host, m->handle, root);

	if (e == WASI_SUCCESS) {
		(*root)->read_only = m->read_only;
		(*root)->mount = number;
	}
	return e;
}

static enum err wasi_add_mount(struct wasi *wasi, const struct wasi_mount *m, uint32_t number)
{
	struct fs_node *root;
	enum wasi_errno e;

	if (m->kind == WASI_MOUNT_TMP)
		e = mount_tmp(wasi, m, number, &root);
	else if (m->kind == WASI_MOUNT_ATTESTATION)
		e = mount_attestation(wasi, number, &root);
	else if (m->kind == WASI_MOUNT_VOLUME)
		e = mount_volume(wasi, m, number, &root);
	else
		e = mount_host(wasi, m, number, &root);
	if (e != WASI_SUCCESS)
		return e == WASI_INVAL ? E_INVALID : E_NOMEM;
	return wasi_add(wasi, root, WASI_ACCESS_READ, WASI_RIGHTS_ALL, m);
}

static enum err wasi_add_mounts(struct wasi *wasi)
{
	const size_t count = wasi->config->mount_count;
	enum err e = E_OK;

	wasi->roots = heap_alloc_array(count, sizeof(*wasi->roots));
	if (!wasi->roots)
		return E_NOMEM;
	for (size_t i = 0; i < count && e == E_OK; i++)
		e = wasi_add_mount(wasi, &wasi->config->mounts[i], (uint32_t)i + 1);
	return e;
}

static enum err wasi_add_listeners(struct wasi *wasi)
{
	const struct wasi_config *c = wasi->config;
	enum err e = E_OK;

	for (uint32_t i = 0; i < c->listener_count && e == E_OK; i++) {
		struct fs_node *node;

		if (fs_host_listener(&wasi->host, c->listener_handle + i, &node) != WASI_SUCCESS)
			return E_NOMEM;
		e = wasi_add(wasi, node, WASI_ACCESS_READ, WASI_RIGHTS_SOCKET, NULL);
	}
	return e;
}

enum err wasi_init(struct wasi *wasi, const struct wasi_config *config)
{
	memset(wasi, 0, sizeof(*wasi));
	wasi->config = config;

	enum err e = config_check(config);

	if (e == E_OK)
		e = wasi_add_streams(wasi);
	if (e == E_OK)
		e = wasi_add_mounts(wasi);
	if (e == E_OK)
		e = wasi_add_listeners(wasi);
	if (e == E_OK)
		e = wasi_give(wasi);
	if (e != E_OK)
		wasi_fini(wasi);
	return e;
}

void wasi_fini(struct wasi *wasi)
{
	wasi_table_fini(wasi);
	for (size_t i = 0; i < wasi->root_count; i++)
		fs_node_put(wasi->roots[i]);
	fs_host_fini(&wasi->host);
	heap_free(wasi->roots);
	wasi->roots = NULL;
	wasi->root_count = 0;
}
