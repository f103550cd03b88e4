/*
 * Mounting the volumes of a launch record, and the end of them.
 * Trust: a volume's file is the host's, and so is the clock. The record says by which keys a volume may be
 * opened, for whom it is sealed and what its anchor is: a header is not believed in any of that.
 * Invariant: the master key is in memory only while a volume is mounted or made, in struct opening; what is
 * kept longer is what volume/ and the anchor derive from it.
 */
#include "program/volume.h"

#include <string.h>

#include "base/heap.h"
#include "base/wipe.h"
#include "base/writer.h"
#include "hostcall/hostcall.h"
#include "platform/platform.h"
#include "program/impl.h"
#include "program/volume_clock.h"
#include "program/volume_delivered.h"
#include "program/volume_device.h"
#include "volume/anchor.h"
#include "volume/header.h"

#define SEAL_LABEL "retwine.volume.seal.v1"

/* A volume that is mounted. Does not move: the anchors and the device are referred to. */
struct program_volume {
	const struct program *program;
	const struct launch_mount *mount;
	uint32_t index;			  /* of the mount */
	struct launch_volume_start start; /* what is to be done now; its mount is not set */
	struct volume_handle file, anchor_device;
	bool opened; /* of a delivery: the file's handle is ours to close */
	struct volume_clock clock;
	struct volume_pin pin;
	struct volume_anchor_file anchor_file;
	struct volume_config config;
	struct volume *volume;
};

/* What is needed until it is. About 30 KiB, with secrets: on the heap, wiped. */
struct opening {
	struct program_volume *v;
	uint32_t key_handle; /* of an insecure key's file */
	uint8_t master[VOLUME_KEY_SIZE];
	uint8_t key[VOLUME_SECRET_MAX]; /* the insecure one */
	struct volume_secret secret;
	struct volume_keyring ring;
	struct volume_headers headers;
	struct volume_slot slot; /* a new one */
	struct volume_state found, expected;
};

/* ---- the surroundings ---- */

static enum err volume_random(void *context UNUSED, void *out, size_t size)
{
	return platform_random(out, size);
}

/* ---- keys ---- */

static void policy_own(struct volume_seal_policy *policy, const struct launch_mount *m)
{
	struct platform_seal own;

	platform_seal_own(&own, m->seal_by == LAUNCH_SEAL_SIGNER);
	*policy = (struct volume_seal_policy){
		.platform = VOLUME_PLATFORM_SGX,
		.by = own.signer ? VOLUME_SEAL_SIGNER : VOLUME_SEAL_ENCLAVE,
		.bind_launch = m->bind_launch,
		.product = own.product,
		.svn = own.svn,
	};
	memcpy(policy->cpu_svn, own.cpu_svn, sizeof(policy->cpu_svn));
}

/* A slot's policy has to be the record's: what a header says cannot make it a weaker one. */
static bool policy_is_wanted(const struct volume_seal_policy *policy, const struct launch_mount *m)
{
	const bool signer = policy->by == VOLUME_SEAL_SIGNER;

	return signer == (m->seal_by == LAUNCH_SEAL_SIGNER) &&
	       policy->bind_launch == m->bind_launch && (!signer || policy->svn >= m->svn);
}

/* The label's length is told, so that nothing can move from it into what follows. */
static size_t seal_context(uint8_t out[PLATFORM_CONTEXT_MAX], const struct program_volume *v,
			   const struct volume_seal_policy *policy)
{
	struct writer w;

	writer_init(&w, out, PLATFORM_CONTEXT_MAX);
	writer_u8(&w, (uint8_t)v->mount->label.size);
	writer_bytes(&w, v->mount->label.p, v->mount->label.size);
	writer_bytes(&w, policy->salt, sizeof(policy->salt));
	writer_u8(&w, policy->platform);
	writer_u8(&w, (uint8_t)policy->by);
	writer_u8(&w, policy->bind_launch);
	writer_u16(&w, policy->product);
	writer_u16(&w, policy->svn);
	writer_bytes(&w, policy->cpu_svn, sizeof(policy->cpu_svn));
	if (policy->bind_launch)
		writer_bytes(&w, v->program->digests.arguments, LAUNCH_DIGEST_SIZE);
	must(writer_ok(&w));
	return w.len;
}

static enum err seal_key(void *context, uint8_t key[VOLUME_KEY_SIZE],
			 const struct volume_seal_policy *policy)
{
	const struct program_volume *v = context;
	struct platform_seal seal = {.signer = policy->by == VOLUME_SEAL_SIGNER,
				     .product = policy->product,
				     .svn = policy->svn};
	uint8_t bytes[PLATFORM_CONTEXT_MAX];

	if (!policy_is_wanted(policy, v->mount))
		return E_DENIED;
	memcpy(seal.cpu_svn, policy->cpu_svn, sizeof(seal.cpu_svn));
	return platform_derive_seal_key(key, &seal, SEAL_LABEL, v->program->digests.sealed, bytes,
					seal_context(bytes, v, policy));
}

static enum err read_insecure_key(struct opening *o)
{
	struct volume_handle file = {0};
	struct volume_device device;
	uint64_t size = 0;

	volume_handle_init(&file, o->key_handle, false);
	device = volume_handle_device(&file);
	enum err err = device.size(device.context, &size);

	if (err == E_OK && (size < VOLUME_SECRET_MIN || size > VOLUME_SECRET_MAX))
		err = E_VOLUME_KEY_FILE;
	if (err == E_OK)
		err = device.read(device.context, o->key, 0, size);
	if (err == E_OK)
		o->secret = (struct volume_secret){.id = VOLUME_INSECURE_KEY_ID,
						   .id_size = sizeof(VOLUME_INSECURE_KEY_ID) - 1,
						   .key = o->key,
						   .key_size = size};
	volume_handle_fini(&file);
	return err;
}

/* A key that came with the program; without it there is still a seal slot, perhaps. */
static void find_provisioned_key(struct opening *o)
{
	const struct launch_bytes id = o->v->mount->key_id;
	const struct program_input *in = o->v->program->in;

	for (size_t i = 0; i < in->key_count; i++) {
		const struct wasi_given *key = &in->keys[i];

		if (key->path.size == id.size && memcmp(key->path.p, id.p, id.size) == 0)
			o->secret = (struct volume_secret){.id = id.p,
							   .id_size = id.size,
							   .key = key->bytes.p,
							   .key_size = key->bytes.size};
	}
}

static enum err make_ring(struct opening *o)
{
	const struct launch_mount *m = o->v->mount;
	enum err err = E_OK;

	o->ring.random = o->v->config.random;
	o->ring.seal = seal_key;
	o->ring.seal_context = o->v;
	if (m->key_policy == LAUNCH_KEY_INSECURE)
		err = read_insecure_key(o);
	else if (m->key_policy == LAUNCH_KEY_PROVISIONED)
		find_provisioned_key(o);
	o->ring.secrets = &o->secret;
	o->ring.secret_count = o->secret.key ? 1 : 0;
	return err;
}

/* ---- slots ---- */

static enum err make_seal_slot(struct opening *o, const uint8_t id[VOLUME_ID_SIZE])
{
	struct volume_seal_policy policy;

	policy_own(&policy, o->v->mount);
	if (!policy_is_wanted(&policy, o->v->mount)) /* we are older than the record allows */
		return E_VOLUME_SEAL_VERSION;
	return volume_slot_seal(&o->slot, id, &o->ring, &policy, o->master);
}

static enum err add_slot(struct opening *o, struct volume_header *header, enum err err)
{
	return err == E_OK ? volume_header_add(header, &o->slot) : err;
}

/* The slots of a new volume: all that the record names. */
static enum err make_slots(struct opening *o, struct volume_header *header)
{
	const struct launch_mount *m = o->v->mount;
	enum err err = E_OK;

	if (m->key_policy == LAUNCH_KEY_SEAL || o->v->start.add_seal)
		err = add_slot(o, header, make_seal_slot(o, header->id));
	if (err == E_OK && m->key_policy != LAUNCH_KEY_SEAL) {
		if (o->ring.secret_count == 0)
			return E_VOLUME_KEY;
		err = add_slot(o, header,
			       volume_slot_provisioned(&o->slot, header->id, &o->secret,
						       &o->ring.random, o->master));
	}
	if (err == E_OK && m->owner.size != 0) {
		err = add_slot(o, header,
			       volume_slot_owner(&o->slot, header->id, m->owner.p, &o->ring.random,
						 o->master));
		if (err == E_CRYPTO)
			return E_VOLUME_OWNER;
	}
	return err;
}

static bool slot_is_of_today(const struct volume_slot *slot, const struct launch_mount *m)
{
	struct volume_slot_info info;
	struct volume_seal_policy own;

	policy_own(&own, m);
	return volume_slot_info(&info, slot) == E_OK && info.seal.svn == own.svn &&
	       memcmp(info.seal.cpu_svn, own.cpu_svn, sizeof(own.cpu_svn)) == 0;
}

/* The seal slot that is ours; slot_count: there is none. */
static uint32_t find_seal_slot(const struct opening *o, const struct volume_header *header)
{
	uint8_t master[VOLUME_KEY_SIZE];
	uint32_t i = 0;

	while (i < header->slot_count &&
	       (header->slots[i].kind != VOLUME_SLOT_SEAL ||
		volume_slot_open(&header->slots[i], header->id, &o->ring, master) != E_OK))
		i++;
	wipe(master, sizeof(master));
	return i;
}

/* A seal slot of older versions becomes one of today's, which what is older cannot open; and who opened
 * it by another slot may want one. */
static enum err renew_slots(struct opening *o, struct volume_header *header)
{
	const struct program_volume *v = o->v;
	const uint32_t ours = find_seal_slot(o, header);
	const bool sealed = ours < header->slot_count;

	if (v->mount->read_only || (sealed && slot_is_of_today(&header->slots[ours], v->mount)) ||
	    (!sealed && !v->start.add_seal))
		return E_OK;
	enum err err = make_seal_slot(o, header->id);

	if (err == E_OK && sealed)
		header->slots[ours] = o->slot;
	else if (err == E_OK)
		err = volume_header_add(header, &o->slot);
	return err == E_OK ? volume_header_write(header, &v->config.device, o->master) : err;
}

/* ---- anchors ---- */

static void set_pin(struct program_volume *v)
{
	struct volume_state state = {.sequence = v->start.sequence};

	static_assert(sizeof(state.root) == sizeof(v->start.root), "a root");
	memcpy(state.root, v->start.root, sizeof(state.root));
	volume_pin_init(&v->pin, &state);
	v->config.anchor = &v->pin.anchor;
}

/* The id and the master key are known. */
static enum err set_anchor(struct opening *o)
{
	struct program_volume *v = o->v;

	if (v->mount->anchor == LAUNCH_ANCHOR_PINNED)
		set_pin(v);
	if (v->mount->anchor != LAUNCH_ANCHOR_FILE)
		return E_OK;
	const struct volume_device device = volume_handle_device(&v->anchor_device);
	const enum err err =
		volume_anchor_file_init(&v->anchor_file, &device, v->config.id, o->master);

	v->config.anchor = &v->anchor_file.anchor;
	return err;
}

/* An anchor that knows of a volume is not to be turned back to none: an empty file is its rollback. */
static enum err check_anchor_is_new(struct opening *o)
{
	struct program_volume *v = o->v;

	if (v->mount->anchor == LAUNCH_ANCHOR_PINNED) {
		set_pin(v);
		o->expected = v->pin.state;
		return v->pin.state.sequence == 0 ? E_OK : E_VOLUME_ANCHOR;
	}
	if (v->mount->anchor != LAUNCH_ANCHOR_FILE)
		return E_OK;
	const struct volume_device device = volume_handle_device(&v->anchor_device);

	return volume_anchor_file_is_new(&device);
}

/* ---- opening ---- */

static enum err create_volume(struct opening *o)
{
	struct program_volume *v = o->v;
	struct volume_header *header = &o->headers.copy[0];
	enum err err = v->start.create ? check_anchor_is_new(o) : E_VOLUME_EMPTY;

	if (err == E_OK)
		err = platform_random(header->id, sizeof(header->id));
	if (err == E_OK)
		err = platform_random(o->master, sizeof(o->master));
	memcpy(v->config.id, header->id, sizeof(v->config.id));
	if (err == E_OK)
		err = set_anchor(o);
	if (err == E_OK)
		err = make_slots(o, header);
	if (err != E_OK)
		return err;
	err = volume_header_create(header, &v->config, o->master);
	if (err != E_OK) /* so that the next start can try again */
		(void)v->config.device.set_size(v->config.device.context, 0);
	return err;
}

static enum err mount_volume(struct opening *o)
{
	struct program_volume *v = o->v;

	return volume_open(&v->volume, &v->config, o->master, &o->found, &o->expected);
}

static enum err open_existing(struct opening *o)
{
	struct program_volume *v = o->v;
	const struct volume_header *header = NULL;
	uint32_t slot = 0;
	enum err err = volume_headers_read(&o->headers, &v->config.device);

	if (err == E_OK)
		err = volume_header_open(&o->headers, &o->ring, &header, &slot, o->master);
	if (err != E_OK)
		return err;
	memcpy(v->config.id, header->id, sizeof(v->config.id));
	err = set_anchor(o);
	if (err == E_OK)
		err = mount_volume(o);
	if (err == E_OK)
		err = renew_slots(o, &o->headers.copy[header - o->headers.copy]);
	return err;
}

/* A delivery names no file: its key does. */
static enum err open_delivered(struct opening *o)
{
	struct program_volume *v = o->v;
	uint32_t handle;

	if (o->ring.secret_count == 0)
		return E_VOLUME_KEY;
	if (o->secret.key_size < VOLUME_SECRET_MIN || o->secret.key_size > VOLUME_SECRET_MAX)
		return E_VOLUME_KEY_FILE;
	const enum err err = volume_delivered_open(&handle, &o->secret, v->mount, v->start.create);

	if (err != E_OK)
		return err;
	volume_handle_init(&v->file, handle, false);
	v->opened = true;
	return E_OK;
}

static enum err open_with(struct opening *o)
{
	struct program_volume *v = o->v;
	uint64_t size = 0;
	enum err err = make_ring(o);

	if (err == E_OK && v->program->in->delivered)
		err = open_delivered(o);
	if (err == E_OK)
		err = v->config.device.size(v->config.device.context, &size);
	if (err == E_OK && size != 0)
		return open_existing(o);
	if (err == E_OK)
		err = create_volume(o);
	return err == E_OK ? mount_volume(o) : err;
}

/* What is not as it should be has been found before the program could do anything. */
static enum err refuse_volume(const struct opening *o, struct program *p, enum err err)
{
	const struct launch_bytes path = o->v->mount->guest_path;

	if (err == E_VOLUME_ANCHOR) {
		p->out->detail[0] = o->expected.sequence;
		p->out->detail[1] = o->found.sequence;
	}
	program_add_text(p, (struct wasm_name){(const char *)path.p, (uint32_t)path.size});
	return program_refuse(p, err);
}

static void init_volume(struct program_volume *v, struct program *p, uint32_t index,
			uint32_t anchor_handle)
{
	v->program = p;
	v->mount = &p->record.mounts[index];
	v->index = index;
	for (uint32_t i = 0; i < p->record.start_count; i++) {
		if (p->record.starts[i].mount == index)
			v->start = p->record.starts[i];
	}
	if (!p->in->delivered)
		volume_handle_init(&v->file, HOST_HANDLE_MOUNTS + index, true);
	volume_handle_init(&v->anchor_device, anchor_handle, false);
	v->config = (struct volume_config){
		.device = volume_handle_device(&v->file),
		.random = {NULL, volume_random},
		.now = volume_clock_now,
		.now_context = &v->clock,
		.cache_size = v->mount->size,
		.read_only = v->mount->read_only,
	};
}

/* `extra` is the next of the handles that stand behind the listeners; each mount takes those it needs. */
static enum err open_volume(struct program *p, struct program_volume *v, uint32_t index,
			    uint32_t *extra)
{
	struct opening *o = heap_alloc(sizeof(*o));
	const struct launch_mount *m = &p->record.mounts[index];
	const uint32_t anchor_handle = *extra;

	if (!o)
		return program_refuse(p, E_NOMEM);
	*extra += m->anchor == LAUNCH_ANCHOR_FILE;
	o->key_handle = *extra;
	*extra += m->key_policy == LAUNCH_KEY_INSECURE;
	o->v = v;
	init_volume(v, p, index, anchor_handle);
	enum err err = open_with(o);

	if (err != E_OK)
		err = refuse_volume(o, p, err);
	wipe(o, sizeof(*o));
	heap_free(o);
	return err;
}

enum err program_volumes_open(struct program *p)
{
	const struct launch_record *r = &p->record;
	uint32_t extra = HOST_HANDLE_MOUNTS + r->mount_count + r->listener_count;
	uint32_t count = 0;

	for (uint32_t i = 0; i < r->mount_count; i++)
		count += r->mounts[i].kind == LAUNCH_MOUNT_VOLUME;
	p->volumes.first = arena_alloc_array(&p->arena, count, sizeof(*p->volumes.first));
	if (!p->volumes.first)
		return program_refuse(p, E_NOMEM);
	for (uint32_t i = 0; i < r->mount_count; i++) {
		if (r->mounts[i].kind != LAUNCH_MOUNT_VOLUME)
			continue;
		const enum err err =
			open_volume(p, &p->volumes.first[p->volumes.count++], i, &extra);

		if (err != E_OK)
			return err;
	}
	return E_OK;
}

struct volume *program_volumes_get(const struct program *p, uint32_t mount)
{
	for (uint32_t i = 0; i < p->volumes.count; i++) {
		if (p->volumes.first[i].index == mount)
			return p->volumes.first[i].volume;
	}
	return NULL;
}

/* ---- the end ---- */

/* The first failure is how the program ended: what it wrote last is not there. */
static void end_volume(struct program *p, struct program_volume *v)
{
	const struct launch_bytes path = v->mount->guest_path;
	const enum err err = volume_commit(v->volume);

	if (err == E_OK || p->out->kind != RUN_EXITED)
		return;
	p->out->kind = RUN_FAILED;
	p->out->code = err;
	p->out->value_count = 0;
	program_add_text(p, (struct wasm_name){(const char *)path.p, (uint32_t)path.size});
}

static void tell_volume(struct program *p, const struct program_volume *v)
{
	static_assert(RUN_VOLUMES_MAX >= LAUNCH_MOUNTS_MAX, "all volumes can be told");
	struct run_volume *out = &p->out->volume[p->out->volume_count++];
	struct volume_usage usage;
	struct volume_state state;

	volume_get_state(v->volume, &state);
	volume_get_usage(v->volume, &usage);
	*out = (struct run_volume){
		.mount = v->index, .sequence = state.sequence, .blocks = usage.blocks};
	memcpy(out->root, state.root, sizeof(out->root));
	if (p->record.diagnostics == LAUNCH_DIAGNOSTICS_NONE)
		return;
	out->used = usage.used;
	out->cache_hits = usage.cache_hits;
	out->cache_misses = usage.cache_misses;
	out->blocks_written = usage.blocks_written;
	out->commits = usage.commits;
	out->damaged = usage.damaged;
}

void program_volumes_close(struct program *p)
{
	const bool ended_itself = p->out->kind == RUN_EXITED;

	for (uint32_t i = 0; i < p->volumes.count; i++) {
		struct program_volume *v = &p->volumes.first[i];

		if (v->volume && ended_itself)
			end_volume(p, v);
		if (v->volume)
			tell_volume(p, v);
		volume_close(v->volume);
		volume_anchor_file_fini(&v->anchor_file);
		volume_handle_fini(&v->anchor_device);
		volume_handle_fini(&v->file);
		if (v->opened)
			(void)hostcall_close(v->file.handle);
		wipe(v, sizeof(*v));
	}
	p->volumes.count = 0;
}
