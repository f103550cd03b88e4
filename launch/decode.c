/*
 * Taking a launch record apart: the one place that checks its rules.
 * Trust: the bytes are the host's; lengths and counts are bounded by the bytes left and by the limits of
 * launch.h before they size anything.
 * Invariant: what launch_decode accepts, launch_encode writes again byte for byte.
 */
#include "launch/impl.h"

#include <string.h>

/* Smallest encodings: what a count is held against before anything is allocated. */
#define ARG_SIZE_MIN	  4
#define VARIABLE_SIZE_MIN 9
#define MOUNT_SIZE_MIN	  17
#define START_SIZE	  (4 + 4 + 8 + LAUNCH_ROOT_SIZE)

/* A reader that remembers why it failed first. */
struct decoder {
	struct reader r;
	enum err err;
	struct arena *arena;
};

static void decoder_fail(struct decoder *d, enum err err)
{
	if (d->err == E_OK)
		d->err = err;
	reader_fail(&d->r);
}

static enum err decoder_err(const struct decoder *d)
{
	if (d->err != E_OK)
		return d->err;
	return d->r.bad ? E_TRUNCATED : E_OK;
}

/* A number that must be in [first, end). */
static uint8_t decode_choice(struct decoder *d, uint8_t first, uint8_t end)
{
	uint8_t v = reader_u8(&d->r);

	if (reader_ok(&d->r) && (v < first || v >= end))
		decoder_fail(d, E_LAUNCH_FIELD);
	return v;
}

/* A count of at most `max` elements, each at least `size_min` bytes long. */
static uint32_t decode_count(struct decoder *d, uint32_t max, size_t size_min)
{
	uint32_t n = reader_u32(&d->r);

	if (n > max)
		decoder_fail(d, E_LIMIT);
	else if (n > d->r.left / size_min)
		decoder_fail(d, E_TRUNCATED);
	return reader_ok(&d->r) ? n : 0;
}

/* Length and bytes without NUL. */
static struct launch_bytes decode_string(struct decoder *d, uint32_t max)
{
	struct launch_bytes s = {0};
	uint32_t size = reader_u32(&d->r);

	if (size > max)
		decoder_fail(d, E_LIMIT);
	const uint8_t *p = reader_take(&d->r, size);

	if (!p)
		return s;
	s.p = p;
	s.size = size;
	if (launch_has_byte(s, 0))
		decoder_fail(d, E_LAUNCH_NAME);
	return s;
}

static void *decode_array(struct decoder *d, uint32_t count, size_t size)
{
	if (!reader_ok(&d->r) || count == 0)
		return NULL;
	void *p = arena_alloc_array(d->arena, count, size);

	if (!p)
		decoder_fail(d, E_NOMEM);
	return p;
}

/* Names rise strictly: this is the order, and nothing stands twice. */
static void decode_order(struct decoder *d, const struct launch_bytes *before,
			 struct launch_bytes name)
{
	if (reader_ok(&d->r) && before && launch_compare(*before, name) >= 0)
		decoder_fail(d, E_LAUNCH_ORDER);
}

/* Label and key belong to volumes, and a volume has them. */
static bool mount_key_ok(const struct launch_mount *m)
{
	bool volume = m->kind == LAUNCH_MOUNT_VOLUME;
	bool provisioned = m->key_policy == LAUNCH_KEY_PROVISIONED;

	return (m->label.size != 0) == volume && (m->key_policy != LAUNCH_KEY_NONE) == volume &&
	       (m->key_id.size != 0) == provisioned;
}

bool launch_path_is_attestation(struct launch_bytes path)
{
	static const char place[] = LAUNCH_ATTESTATION_PATH;
	const size_t skip = path.size != 0 && path.p[0] == '/' ? 1 : 0;
	const size_t left = path.size - skip, size = sizeof(place) - 2; /* without the slash */

	if (left < size || memcmp(path.p + skip, place + 1, size) != 0)
		return false;
	return left == size || path.p[skip + size] == '/';
}

/* Evidence and keys have their place, and nothing else is to be found there. */
static bool mount_place_ok(const struct launch_mount *m)
{
	if (m->kind != LAUNCH_MOUNT_ATTESTATION)
		return !launch_path_is_attestation(m->guest_path);
	return launch_compare(m->guest_path,
			      (struct launch_bytes){(const uint8_t *)LAUNCH_ATTESTATION_PATH,
						    sizeof(LAUNCH_ATTESTATION_PATH) - 1}) == 0;
}

/* A point that is not compressed, or nothing; whether it is on the curve is for who uses it to find. */
static struct launch_bytes decode_owner(struct decoder *d)
{
	struct launch_bytes owner = {0};
	const uint32_t size = reader_u32(&d->r);

	if (size != 0 && size != LAUNCH_OWNER_SIZE)
		decoder_fail(d, E_LAUNCH_FIELD);
	const uint8_t *p = reader_take(&d->r, size);

	if (p && size != 0) {
		owner = (struct launch_bytes){.p = p, .size = size};
		if (p[0] != 4)
			decoder_fail(d, E_LAUNCH_FIELD);
	}
	return owner;
}

static void decode_volume(struct decoder *d, struct launch_mount *m)
{
	m->bind_launch = decode_choice(d, 0, FLAG_BIND_LAUNCH + 1) != 0;
	m->seal_by = decode_choice(d, LAUNCH_SEAL_ENCLAVE, LAUNCH_SEAL_END);
	m->svn = reader_u16(&d->r);
	m->anchor = decode_choice(d, LAUNCH_ANCHOR_NONE, LAUNCH_ANCHOR_END);
	for (int i = 0; i < 3; i++)
		(void)decode_choice(d, 0, 1); /* reserved */
	m->size = reader_u64(&d->r);
	m->owner = decode_owner(d);
	if (reader_ok(&d->r) && m->svn != 0 && m->seal_by != LAUNCH_SEAL_SIGNER)
		decoder_fail(d, E_LAUNCH_FIELD);
}

static void check_mount(struct decoder *d, const struct launch_mount *m, bool strict)
{
	if (!launch_path_ok(m->guest_path) || !mount_place_ok(m))
		decoder_fail(d, E_LAUNCH_NAME);
	else if (!mount_key_ok(m) || (m->kind == LAUNCH_MOUNT_ATTESTATION && m->read_only))
		decoder_fail(d, E_LAUNCH_FIELD);
	else if (strict && (m->kind == LAUNCH_MOUNT_HOST || m->key_policy == LAUNCH_KEY_INSECURE))
		decoder_fail(d, E_LAUNCH_STRICT);
}

static void decode_mount(struct decoder *d, struct launch_mount *m, bool strict)
{
	m->kind = decode_choice(d, LAUNCH_MOUNT_HOST, LAUNCH_MOUNT_END);
	m->flags = d->r.p;
	m->read_only = decode_choice(d, 0, FLAG_READ_ONLY + 1) != 0;
	m->key_policy = decode_choice(d, LAUNCH_KEY_NONE, LAUNCH_KEY_END);
	(void)decode_choice(d, 0, 1); /* reserved */
	m->guest_path = decode_string(d, LAUNCH_NAME_MAX);
	m->label = decode_string(d, LAUNCH_LABEL_MAX);
	m->key_id = decode_string(d, LAUNCH_LABEL_MAX);
	if (m->kind == LAUNCH_MOUNT_TMP)
		m->size = reader_u64(&d->r);
	if (m->kind == LAUNCH_MOUNT_VOLUME)
		decode_volume(d, m);
	if (reader_ok(&d->r))
		check_mount(d, m, strict);
}

/* Two volumes with one label have the same sealing key, and a delivered key does not say of which volume it is: the
 * host could exchange their files. */
static bool volume_is_alone(const struct launch_mount *mounts, uint32_t count)
{
	const struct launch_mount *m = &mounts[count];

	for (uint32_t i = 0; i < count && m->kind == LAUNCH_MOUNT_VOLUME; i++) {
		if (mounts[i].kind != LAUNCH_MOUNT_VOLUME)
			continue;
		if (launch_compare(mounts[i].label, m->label) == 0 ||
		    (m->key_id.size != 0 && launch_compare(mounts[i].key_id, m->key_id) == 0))
			return false;
	}
	return true;
}

static void decode_mounts(struct decoder *d, struct launch_record *record)
{
	uint32_t n = decode_count(d, LAUNCH_MOUNTS_MAX, MOUNT_SIZE_MIN);
	struct launch_mount *mounts = decode_array(d, n, sizeof(*mounts));

	for (uint32_t i = 0; i < n && reader_ok(&d->r); i++) {
		decode_mount(d, &mounts[i], record->strict);
		decode_order(d, i ? &mounts[i - 1].guest_path : NULL, mounts[i].guest_path);
		if (reader_ok(&d->r) && !volume_is_alone(mounts, i))
			decoder_fail(d, E_LAUNCH_FIELD);
	}
	record->mounts = mounts;
	record->mount_count = n;
}

/* Rules that all say the same: there is one socket more that listens for TCP connections. */
static void decode_network(struct decoder *d, struct launch_record *record)
{
	uint32_t n = decode_count(d, LAUNCH_LISTEN_MAX, 1);

	for (uint32_t i = 0; i < n && reader_ok(&d->r); i++)
		(void)decode_choice(d, RULE_LISTEN, RULE_LISTEN + 1);
	record->listener_count = n;
}

static void decode_argv(struct decoder *d, struct launch_record *record)
{
	uint32_t n = decode_count(d, LAUNCH_ARGS_MAX, ARG_SIZE_MIN);
	struct launch_bytes *argv = decode_array(d, n, sizeof(*argv));

	for (uint32_t i = 0; i < n && reader_ok(&d->r); i++)
		argv[i] = decode_string(d, LAUNCH_STRING_MAX);
	record->argv = argv;
	record->argc = n;
}

static void decode_env(struct decoder *d, struct launch_record *record)
{
	uint32_t n = decode_count(d, LAUNCH_ENV_MAX, VARIABLE_SIZE_MIN);
	struct launch_variable *env = decode_array(d, n, sizeof(*env));

	for (uint32_t i = 0; i < n && reader_ok(&d->r); i++) {
		env[i].name = decode_string(d, LAUNCH_NAME_MAX);
		env[i].value = decode_string(d, LAUNCH_STRING_MAX);
		if (reader_ok(&d->r) && (env[i].name.size == 0 || launch_has_byte(env[i].name, '=')))
			decoder_fail(d, E_LAUNCH_NAME);
		decode_order(d, i ? &env[i - 1].name : NULL, env[i].name);
	}
	record->env = env;
	record->env_count = n;
}

static bool value_type_wide(uint8_t type)
{
	return type == LAUNCH_I64 || type == LAUNCH_F64;
}

static bool value_type_ok(uint8_t type)
{
	return type >= LAUNCH_F64 && type <= LAUNCH_I32;
}

struct launch_value launch_decode_value(struct reader *r)
{
	uint8_t type = reader_u8(r);
	uint64_t bits = reader_u64(r);

	if (!value_type_ok(type) || (!value_type_wide(type) && bits > UINT32_MAX)) {
		reader_fail(r);
		return (struct launch_value){.type = LAUNCH_I32};
	}
	return (struct launch_value){.type = type, .bits = bits};
}

static void decode_invoke(struct decoder *d, struct launch_record *record)
{
	record->invoke = decode_string(d, LAUNCH_NAME_MAX);
	uint32_t n = decode_count(d, LAUNCH_VALUES_MAX, LAUNCH_VALUE_SIZE);
	struct launch_value *values = decode_array(d, n, sizeof(*values));

	if (n != 0 && record->invoke.size == 0)
		decoder_fail(d, E_LAUNCH_FIELD);
	for (uint32_t i = 0; i < n && reader_ok(&d->r); i++) {
		values[i] = launch_decode_value(&d->r);
		if (!reader_ok(&d->r)) /* the bytes are there: decode_count saw them */
			decoder_fail(d, E_LAUNCH_FIELD);
	}
	record->values = values;
	record->value_count = n;
}

static void decode_args(struct decoder *d, struct launch_record *record)
{
	const uint8_t *start = d->r.p;
	const size_t left = d->r.left;

	decode_argv(d, record);
	decode_env(d, record);
	decode_invoke(d, record);
	if (reader_ok(&d->r))
		record->arguments = (struct launch_bytes){.p = start, .size = left - d->r.left};
}

static void decode_limits(struct decoder *d, struct launch_limits *limits)
{
	limits->threads = reader_u32(&d->r);
	if (limits->threads > LAUNCH_THREADS_MAX)
		decoder_fail(d, E_LIMIT);
	limits->memory = reader_u64(&d->r);
	limits->stack = reader_u64(&d->r);
	limits->fuel = reader_u64(&d->r);
	limits->timeout = reader_u64(&d->r);
}

/* Native code needs the digest of its section. */
static bool engine_ok(const struct launch_record *record)
{
	static const uint8_t none[LAUNCH_DIGEST_SIZE];

	return record->engine != LAUNCH_ENGINE_NATIVE ||
	       memcmp(record->native_digest, none, sizeof(none)) != 0;
}

static void decode_program(struct decoder *d, struct launch_record *record)
{
	reader_bytes(&d->r, record->module_digest, LAUNCH_DIGEST_SIZE);
	reader_bytes(&d->r, record->native_digest, LAUNCH_DIGEST_SIZE);
	record->engine = decode_choice(d, LAUNCH_ENGINE_INTERPRETER, LAUNCH_ENGINE_END);
	record->diagnostics = decode_choice(d, LAUNCH_DIAGNOSTICS_NONE, LAUNCH_DIAGNOSTICS_END);
	record->args_policy = decode_choice(d, LAUNCH_ARGS_ANY, LAUNCH_ARGS_END);
	record->strict = decode_choice(d, 0, FLAG_STRICT + 1) != 0;
	decode_limits(d, &record->limits);
	decode_mounts(d, record);
	decode_network(d, record);
	if (reader_ok(&d->r) && !engine_ok(record))
		decoder_fail(d, E_LAUNCH_FIELD);
	if (record->args_policy == LAUNCH_ARGS_FIXED)
		decode_args(d, record);
}

/* It says something, of a volume, which this can be said of. */
static bool start_ok(const struct launch_record *record, const struct launch_volume_start *start)
{
	static const uint8_t none[LAUNCH_ROOT_SIZE];
	const struct launch_mount *m;

	if (start->mount >= record->mount_count)
		return false;
	m = &record->mounts[start->mount];
	if (m->kind != LAUNCH_MOUNT_VOLUME)
		return false;
	if (start->sequence == 0 &&
	    ((!start->create && !start->add_seal) || memcmp(start->root, none, sizeof(none)) != 0))
		return false;
	if (start->sequence != 0 && m->anchor != LAUNCH_ANCHOR_PINNED)
		return false;
	if (m->read_only && (start->create || start->add_seal))
		return false;
	return !start->add_seal || m->key_policy != LAUNCH_KEY_SEAL;
}

static void decode_start(struct decoder *d, struct launch_volume_start *start)
{
	start->mount = reader_u32(&d->r);
	const uint8_t flags = decode_choice(d, 0, 2 * FLAG_ADD_SEAL);

	start->create = (flags & FLAG_CREATE) != 0;
	start->add_seal = (flags & FLAG_ADD_SEAL) != 0;
	for (int i = 0; i < 3; i++)
		(void)decode_choice(d, 0, 1); /* reserved */
	start->sequence = reader_u64(&d->r);
	reader_bytes(&d->r, start->root, sizeof(start->root));
}

static void decode_starts(struct decoder *d, struct launch_record *record)
{
	uint32_t n = decode_count(d, LAUNCH_MOUNTS_MAX, START_SIZE);
	struct launch_volume_start *starts = decode_array(d, n, sizeof(*starts));

	for (uint32_t i = 0; i < n && reader_ok(&d->r); i++) {
		decode_start(d, &starts[i]);
		if (reader_ok(&d->r) && !start_ok(record, &starts[i]))
			decoder_fail(d, E_LAUNCH_FIELD);
		if (reader_ok(&d->r) && i != 0 && starts[i - 1].mount >= starts[i].mount)
			decoder_fail(d, E_LAUNCH_ORDER);
	}
	record->starts = starts;
	record->start_count = n;
}

static void decode_invocation(struct decoder *d, struct launch_record *record)
{
	reader_bytes(&d->r, record->salt, sizeof(record->salt));
	if (record->args_policy == LAUNCH_ARGS_ANY)
		decode_args(d, record);
	decode_starts(d, record);
}

/* Decodes one part, which ends exactly where its size says. */
static enum err decode_part(struct launch_record *record, struct arena *arena,
			    struct launch_bytes part,
			    void (*decode)(struct decoder *, struct launch_record *))
{
	struct decoder d = {.arena = arena};

	reader_init(&d.r, part.p, part.size);
	decode(&d, record);
	if (reader_ok(&d.r) && !reader_done(&d.r))
		decoder_fail(&d, E_TRAILING);
	return decoder_err(&d);
}

static struct launch_bytes take_part(struct reader *r, uint32_t size)
{
	const uint8_t *p = reader_take(r, size);

	return (struct launch_bytes){.p = p, .size = p ? size : 0};
}

/* The header, and where the parts stand. */
static enum err decode_frame(struct launch_record *record, const void *bytes, size_t size)
{
	struct reader r;

	reader_init(&r, bytes, size);
	uint32_t magic = reader_u32(&r);
	uint32_t version = reader_u32(&r);
	uint32_t program_size = reader_u32(&r);
	uint32_t invocation_size = reader_u32(&r);

	if (!reader_ok(&r))
		return E_TRUNCATED;
	if (magic != LAUNCH_MAGIC)
		return E_LAUNCH_MAGIC;
	if (version != LAUNCH_VERSION)
		return E_LAUNCH_VERSION;
	record->program = take_part(&r, program_size);
	record->invocation = take_part(&r, invocation_size);
	if (!reader_ok(&r))
		return E_TRUNCATED;
	return reader_done(&r) ? E_OK : E_TRAILING;
}

enum err launch_decode(struct launch_record *record, struct arena *arena, const void *bytes,
		       size_t size)
{
	struct launch_record decoded = {0};
	enum err err;

	if (size > LAUNCH_SIZE_MAX)
		return E_LIMIT;
	err = decode_frame(&decoded, bytes, size);
	if (err != E_OK)
		return err;
	err = decode_part(&decoded, arena, decoded.program, decode_program);
	if (err != E_OK)
		return err;
	err = decode_part(&decoded, arena, decoded.invocation, decode_invocation);
	if (err == E_OK)
		*record = decoded;
	return err;
}
