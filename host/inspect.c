/*
 * Describing images, signatures and launch records, whichever a file is.
 * Trust: the file is anybody's; what checks it is the library that owns its format.
 */
#include "host/inspect.h"

#include <stdlib.h>
#include <string.h>

#include "host/base/cpu.h"
#include "host/base/text.h"
#include "host/base/words.h"
#include "host/image.h"
#include "host/value.h"
#include "launch/launch.h"
#include "sgx/image.h"
#include "wasm/limits.h"

/* ---- image ---- */

static void report_flags(struct report *r, json_t *o, uint64_t flags)
{
	struct text t = {0};

	text_add(&t, flags & SECINFO_R ? "r" : "-");
	text_add(&t, flags & SECINFO_W ? "w" : "-");
	text_add(&t, flags & SECINFO_X ? "x" : "-");
	char *s = text_take(&t);

	report_words(r, o, "permissions", s ? s : "");
	free(s);
}

static void report_segments(struct report *r, const struct sgx_image *image)
{
	json_t *list = report_array(r, r->root, "segments");

	for (size_t i = 0; i < image->segment_count; i++) {
		const struct image_segment *s = &image->segment[i];
		json_t *o = report_object(r, list, NULL);

		report_bits(r, o, "offset", s->off);
		report_number(r, o, "size", s->size);
		report_flags(r, o, s->flags);
	}
}

static void report_regions(struct report *r, const struct image_layout *layout)
{
	json_t *list = report_array(r, r->root, "regions");

	for (uint32_t i = 0; i < layout->region_count; i++) {
		const struct image_region *g = &layout->region[i];
		json_t *o = report_object(r, list, NULL);

		report_bits(r, o, "offset", g->off);
		report_words(r, o, "kind", g->kind == IMAGE_TCS ? "tcs" : "zero");
		report_number(r, o, "pages", g->pages);
		report_flags(r, o, g->flags);
	}
}

static void report_ranges(struct report *r, const struct image_layout *layout)
{
	json_t *list = report_array(r, r->root, "ranges");

	for (uint32_t i = 0; i < layout->range_count; i++) {
		const struct image_range *g = &layout->range[i];
		json_t *o = report_object(r, list, NULL);

		report_bits(r, o, "offset", g->off);
		report_words(r, o, "kind", g->kind == IMAGE_RANGE_CODE ? "code" : "data");
		report_number(r, o, "size", g->size);
	}
}

static uint64_t image_threads(const struct image_layout *layout)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < layout->region_count; i++)
		n += layout->region[i].kind == IMAGE_TCS;
	return n;
}

static enum retwine_code describe_image(struct report *r, struct sgx_image *image,
					const struct file *file, const char *path,
					struct retwine_error *error)
{
	uint8_t mrenclave[32];
	enum retwine_code code = image_measure(mrenclave, file, path, error);

	if (code != RETWINE_OK)
		return code;
	if (sgx_image_open(image, file->p, file->size) != E_OK)
		return error_set(error, RETWINE_INPUT, "%s: not an enclave image", path);
	report_words(r, r->root, "kind", "enclave image");
	report_hex(r, r->root, "mr_enclave", mrenclave, sizeof(mrenclave));
	report_number(r, r->root, "elrange_size", image->layout.elrange_size);
	report_bits(r, r->root, "entry_offset", image->layout.entry_off);
	report_number(r, r->root, "ssa_frame_pages", image->layout.ssa_frame_pages);
	report_number(r, r->root, "threads", image_threads(&image->layout));
	report_segments(r, image);
	report_regions(r, &image->layout);
	report_ranges(r, &image->layout);
	return RETWINE_OK;
}

enum retwine_code inspect_image(struct report *r, const struct file *file, const char *path,
				struct retwine_error *error)
{
	struct sgx_image *image = malloc(sizeof(*image));
	enum retwine_code code =
		image ? describe_image(r, image, file, path, error) : error_no_memory(error);

	free(image);
	return code;
}

/* ---- SIGSTRUCT ---- */

enum retwine_code inspect_sigstruct(struct report *r, const struct file *file, const char *path,
				    struct retwine_error *error)
{
	struct sgx_sigstruct s;
	uint8_t mrsigner[32];

	if (file->size != sizeof(s))
		return error_set(error, RETWINE_INPUT, "%s: not a SIGSTRUCT of %zu bytes", path,
				 sizeof(s));
	memcpy(&s, file->p, sizeof(s));
	sgx_sigstruct_mrsigner(&s, mrsigner);
	enum sgx_refusal refusal = sgx_sigstruct_verify(&s);

	report_words(r, r->root, "kind", "SIGSTRUCT");
	report_bool(r, r->root, "valid", refusal == REFUSAL_NONE);
	report_words(r, r->root, "verdict", words_refusal(refusal));
	report_hex(r, r->root, "mr_enclave", s.enclavehash, sizeof(s.enclavehash));
	report_hex(r, r->root, "mr_signer", mrsigner, sizeof(mrsigner));
	report_number(r, r->root, "isv_prod_id", s.isvprodid);
	report_number(r, r->root, "isv_svn", s.isvsvn);
	report_bits(r, r->root, "attributes", s.attributes.flags);
	report_bits(r, r->root, "attributes_mask", s.attributemask.flags);
	report_bits(r, r->root, "xfrm", s.attributes.xfrm);
	report_bits(r, r->root, "xfrm_mask", s.attributemask.xfrm);
	report_bits(r, r->root, "miscselect", s.miscselect);
	report_bits(r, r->root, "miscselect_mask", s.miscmask);
	report_bool(r, r->root, "debug", (s.attributes.flags & ATTRIBUTE_DEBUG) != 0);
	report_bits(r, r->root, "vendor", s.vendor);
	report_bits(r, r->root, "date", s.date);
	return RETWINE_OK;
}

/* ---- launch record ---- */

static void report_bytes(struct report *r, json_t *o, const char *name, struct launch_bytes b)
{
	report_text(r, o, name, b.p, b.size);
}

static void report_volume(struct report *r, json_t *o, const struct launch_mount *m)
{
	static const char *const keys[LAUNCH_KEY_END] = {"none", "seal", "provisioned", "insecure"};
	static const char *const seals[LAUNCH_SEAL_END] = {"none", "enclave", "signer"};
	static const char *const anchors[LAUNCH_ANCHOR_END] = {NULL, "none", "pinned", "file"};

	report_bytes(r, o, "label", m->label);
	report_words(r, o, "key_policy", keys[m->key_policy]);
	report_bytes(r, o, "key_id", m->key_id);
	report_words(r, o, "sealed_by", seals[m->seal_by]);
	report_number(r, o, "svn", m->svn);
	report_words(r, o, "bound_to", m->bind_launch ? "arguments" : "program");
	report_words(r, o, "anchor", anchors[m->anchor]);
	if (m->owner.size != 0)
		report_hex(r, o, "owner", m->owner.p, m->owner.size);
	report_number(r, o, "cache_size", m->size);
}

static void report_mounts(struct report *r, const struct launch_record *l)
{
	static const char *const kinds[LAUNCH_MOUNT_END] = {NULL, "host", "tmp", "volume",
							    "attestation"};
	json_t *list = report_array(r, r->root, "mounts");

	for (uint32_t i = 0; i < l->mount_count; i++) {
		const struct launch_mount *m = &l->mounts[i];
		json_t *o = report_object(r, list, NULL);

		report_bytes(r, o, "guest_path", m->guest_path);
		report_words(r, o, "kind", kinds[m->kind]);
		report_bool(r, o, "trusted", m->kind != LAUNCH_MOUNT_HOST);
		report_bool(r, o, "read_only", m->read_only);
		if (m->kind == LAUNCH_MOUNT_TMP)
			report_number(r, o, "size", m->size);
		if (m->kind != LAUNCH_MOUNT_VOLUME)
			continue;
		report_volume(r, o, m);
	}
}

static void report_starts(struct report *r, const struct launch_record *l)
{
	json_t *list = l->start_count ? report_array(r, r->root, "volumes_at_this_start") : NULL;

	for (uint32_t i = 0; i < l->start_count; i++) {
		const struct launch_volume_start *v = &l->starts[i];
		json_t *o = report_object(r, list, NULL);

		report_bytes(r, o, "guest_path", l->mounts[v->mount].guest_path);
		report_bool(r, o, "create", v->create);
		report_bool(r, o, "add_seal", v->add_seal);
		if (v->sequence == 0)
			continue;
		report_number(r, o, "commit", v->sequence);
		report_hex(r, o, "root", v->root, sizeof(v->root));
	}
}

static void report_args(struct report *r, const struct launch_record *l)
{
	json_t *argv = report_array(r, r->root, "argv");

	for (uint32_t i = 0; i < l->argc; i++)
		report_bytes(r, argv, NULL, l->argv[i]);
	json_t *env = report_array(r, r->root, "env");

	for (uint32_t i = 0; i < l->env_count; i++) {
		struct text t = {0};

		text_add_safe(&t, l->env[i].name.p, l->env[i].name.size);
		text_add(&t, "=");
		text_add_safe(&t, l->env[i].value.p, l->env[i].value.size);
		char *s = text_take(&t);

		if (s)
			report_words(r, env, NULL, s);
		else
			r->failed = true;
		free(s);
	}
}

static void report_invoke(struct report *r, const struct launch_record *l)
{
	if (l->invoke.size == 0)
		return;
	report_bytes(r, r->root, "invoke", l->invoke);
	json_t *values = report_array(r, r->root, "values");

	for (uint32_t i = 0; i < l->value_count; i++) {
		struct text t = {0};

		text_addf(&t, "%s ", value_type_name((uint32_t)l->values[i].type));
		value_write(&t, (uint32_t)l->values[i].type, l->values[i].bits);
		char *s = text_take(&t);

		if (s)
			report_words(r, values, NULL, s);
		else
			r->failed = true;
		free(s);
	}
}

static void report_limits(struct report *r, const struct launch_limits *limits)
{
	json_t *o = report_object(r, r->root, "limits");

	report_number(r, o, "memory", limits->memory);
	report_number(r, o, "stack", limits->stack);
	report_number(r, o, "fuel", limits->fuel);
	report_number(r, o, "timeout_ns", limits->timeout);
	report_number(r, o, "threads", limits->threads);
}

static void describe_launch(struct report *r, const struct launch_record *l)
{
	static const char *const engines[LAUNCH_ENGINE_END] = {NULL, "interpreter", "native"};
	static const char *const diagnostics[LAUNCH_DIAGNOSTICS_END] = {NULL, "none", "trap",
									"backtrace"};
	struct launch_digests digests;
	bool any = l->args_policy == LAUNCH_ARGS_ANY;

	launch_measure(l, &digests);
	report_words(r, r->root, "kind", "launch record");
	report_hex(r, r->root, "program_digest", digests.program, sizeof(digests.program));
	report_hex(r, r->root, "launch_digest", digests.launch, sizeof(digests.launch));
	report_hex(r, r->root, "module_digest", l->module_digest, sizeof(l->module_digest));
	report_hex(r, r->root, "native_digest", l->native_digest, sizeof(l->native_digest));
	report_words(r, r->root, "engine", engines[l->engine]);
	report_words(r, r->root, "diagnostics", diagnostics[l->diagnostics]);
	report_words(r, r->root, "args_policy", any ? "any" : "fixed");
	if (any)
		report_words(r, r->root, "note",
			     "whoever starts the program chooses its arguments and variables: the "
			     "program digest does not cover them, only the launch digest does");
	report_bool(r, r->root, "strict", l->strict);
	report_limits(r, &l->limits);
	report_mounts(r, l);
	report_number(r, r->root, "listeners", l->listener_count);
	report_args(r, l);
	report_invoke(r, l);
	report_hex(r, r->root, "salt", l->salt, sizeof(l->salt));
	report_starts(r, l);
}

enum retwine_code inspect_launch(struct report *r, const struct file *file, const char *path,
				 struct retwine_error *error)
{
	struct launch_record record;
	struct arena arena = {0};
	enum err err = launch_decode(&record, &arena, file->p, file->size);

	if (err == E_OK)
		describe_launch(r, &record);
	arena_fini(&arena);
	if (err == E_OK)
		return RETWINE_OK;
	return error_set(error, RETWINE_INPUT, "%s: not a valid launch record: %s", path,
			 words_err(err));
}

/* ---- which is it? ---- */

static bool begins_with(const struct file *file, const char *bytes, size_t n)
{
	return file->size >= n && memcmp(file->p, bytes, n) == 0;
}

static enum retwine_code inspect_any(struct report *r, struct file *file, const char *path,
				     struct retwine_error *error)
{
	/* The first field of SIGSTRUCT's header (SDM vol. 3D, 34.14). */
	static const char sigstruct[8] = {6, 0, 0, 0, (char)0xe1, 0, 0, 0};

	if (begins_with(file, "\177ELF", 4))
		return inspect_image(r, file, path, error);
	if (begins_with(file, sigstruct, sizeof(sigstruct)))
		return inspect_sigstruct(r, file, path, error);
	if (begins_with(file, "RWTL", 4))
		return inspect_launch(r, file, path, error);
	return inspect_module(r, file, path, error);
}

enum retwine_code retwine_inspect(const char *path, enum retwine_format format, char **text,
				  struct retwine_error *error)
{
	struct file file = {0};
	struct report r;

	if (inspect_is_volume(path))
		return retwine_volume_inspect(path, format, text, error);
	enum retwine_code code = file_read(&file, path, "the file", WASM_MAX_MODULE_SIZE, error);

	if (code != RETWINE_OK)
		return code;
	cpu_set_crypto_hints();
	report_init(&r);
	code = inspect_any(&r, &file, path, error);
	file_fini(&file);
	if (code == RETWINE_OK)
		return report_finish(&r, format, false, text, error);
	report_fini(&r);
	return code;
}
