/*
 * The context of one program and the table of functions.
 * Trust: strings and mounts come from the launch record, whose digest the owner can check; import
 * names are the module's.
 */
#include "wasi/wasi.h"

#include <string.h>

#include "base/checked.h"
#include "wasi/fs_host.h"
#include "wasi/funcs.h"
#include "wasi/table.h"

const struct wasi_func g_wasi_funcs[] = {
#define WASI_FUNC(name, params, returns) {#name, params, returns, wasi_##name},
#include "wasi/funcs.def"
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
	if (!bytes_equal(module, module_size, "wasi_snapshot_preview1"))
		return NULL;
	for (size_t i = 0; i < g_wasi_func_count; i++) {
		if (bytes_equal(name, name_size, g_wasi_funcs[i].name))
			return &g_wasi_funcs[i];
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
	if (m->kind != WASI_MOUNT_HOST)
		return E_UNSUPPORTED;
	if (m->path.size == 0 || m->path.size > FS_LINK_MAX || bytes_have_nul(&m->path))
		return E_INVALID;
	return E_OK;
}

static enum err config_check(const struct wasi_config *c)
{
	enum err e = strings_check(c->args, c->arg_count);

	if (e == E_OK)
		e = strings_check(c->env, c->env_count);
	if (e == E_OK && c->mount_count > WASI_FDS_MAX - HOST_HANDLE_MOUNTS)
		e = E_LIMIT;
	for (size_t i = 0; i < c->mount_count && e == E_OK; i++)
		e = mount_check(&c->mounts[i]);
	return e;
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

		if (fs_host_stream(i, &node) != WASI_SUCCESS)
			return E_NOMEM;
		e = wasi_add(wasi, node, access[i], WASI_RIGHTS_ALL, NULL);
	}
	return e;
}

/* Other kinds of mount will make their root node here. */
static enum err wasi_add_mount(struct wasi *wasi, const struct wasi_mount *m, uint32_t number)
{
	struct fs_node *root;

	if (fs_host_node(m->handle, WASI_TYPE_DIR, &root) != WASI_SUCCESS)
		return E_NOMEM;
	root->read_only = m->read_only;
	root->mount = number;
	return wasi_add(wasi, root, WASI_ACCESS_READ, WASI_RIGHTS_ALL, m);
}

enum err wasi_init(struct wasi *wasi, const struct wasi_config *config)
{
	memset(wasi, 0, sizeof(*wasi));
	wasi->config = config;

	enum err e = config_check(config);

	if (e == E_OK)
		e = wasi_add_streams(wasi);
	for (size_t i = 0; i < config->mount_count && e == E_OK; i++)
		e = wasi_add_mount(wasi, &config->mounts[i], (uint32_t)i + 1);
	if (e != E_OK)
		wasi_fini(wasi);
	return e;
}

void wasi_fini(struct wasi *wasi)
{
	wasi_table_fini(wasi);
}
