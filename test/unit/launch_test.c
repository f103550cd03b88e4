/*
 * The launch record: what is refused, that decoding and encoding are inverse, and the worked
 * example of doc/launch-record.md.
 */
#include "launch/launch.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/heap.h"
#include "crypto/sha256.h"
#include "test/lib/check.h"
#include "test/lib/native.h"

#define RECORD_MAX 1024

static struct launch_bytes text(const char *s)
{
	return (struct launch_bytes){.p = (const uint8_t *)s, .size = strlen(s)};
}

/* A record that uses every field; its parts are static, so that tests may bend them. */
static struct launch_mount g_mounts[3];
static struct launch_bytes g_argv[2];
static struct launch_variable g_env[2];
static struct launch_value g_values[2];
static struct launch_volume_start g_starts[2];

static struct launch_record sample(void)
{
	struct launch_record r = {
		.engine = LAUNCH_ENGINE_INTERPRETER,
		.diagnostics = LAUNCH_DIAGNOSTICS_BACKTRACE,
		.args_policy = LAUNCH_ARGS_ANY,
		.limits = {.memory = 1 << 20, .stack = 2, .fuel = 3, .timeout = 4, .threads = 5},
		.mounts = g_mounts,
		.mount_count = COUNT_OF(g_mounts),
		.argv = g_argv,
		.argc = COUNT_OF(g_argv),
		.env = g_env,
		.env_count = COUNT_OF(g_env),
		.invoke = text("add"),
		.values = g_values,
		.value_count = COUNT_OF(g_values),
		.starts = g_starts,
		.start_count = 1,
	};

	memset(r.salt, 0x33, sizeof(r.salt));
	g_starts[0] = (struct launch_volume_start){.mount = 1, .sequence = 7};
	memset(g_starts[0].root, 0x22, sizeof(g_starts[0].root));
	memset(r.module_digest, 0x11, sizeof(r.module_digest));
	g_mounts[0] = (struct launch_mount){.guest_path = text("/data"), .kind = LAUNCH_MOUNT_HOST};
	g_mounts[1] = (struct launch_mount){
		.guest_path = text("/keys"),
		.kind = LAUNCH_MOUNT_VOLUME,
		.read_only = true,
		.key_policy = LAUNCH_KEY_PROVISIONED,
		.label = text("db"),
		.key_id = text("k1"),
		.size = 1 << 21,
		.seal_by = LAUNCH_SEAL_ENCLAVE,
		.anchor = LAUNCH_ANCHOR_PINNED,
	};
	g_mounts[2] = (struct launch_mount){
		.guest_path = text("/tmp"), .kind = LAUNCH_MOUNT_TMP, .size = 1 << 20};
	g_argv[0] = text("app.wasm");
	g_argv[1] = text("");
	g_env[0] = (struct launch_variable){.name = text("A"), .value = text("1")};
	g_env[1] = (struct launch_variable){.name = text("AB"), .value = text("")};
	g_values[0] = (struct launch_value){.type = LAUNCH_I32, .bits = 7};
	g_values[1] = (struct launch_value){.type = LAUNCH_F64, .bits = UINT64_MAX};
	return r;
}

static size_t encode(uint8_t out[RECORD_MAX], const struct launch_record *r)
{
	struct writer w;

	writer_init(&w, out, RECORD_MAX);
	CHECK(launch_encode(r, &w) == E_OK && writer_ok(&w));
	return w.len;
}

/* Decodes an exact-size heap copy, so that a read past the end is seen. */
static enum err decode_bytes(const uint8_t *bytes, size_t size)
{
	struct launch_record r;
	struct arena arena = {0};
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	memcpy(copy, bytes, size);
	enum err err = launch_decode(&r, &arena, copy, size);

	arena_fini(&arena);
	free(copy);
	return err;
}

/* What decoding says of a record as it was built. */
static enum err verdict(const struct launch_record *r)
{
	uint8_t bytes[RECORD_MAX];

	return decode_bytes(bytes, encode(bytes, r));
}

TEST(decode_accepts_every_field)
{
	struct launch_record r = sample();

	CHECK_EQ(verdict(&r), E_OK);
	r.args_policy = LAUNCH_ARGS_FIXED;
	CHECK_EQ(verdict(&r), E_OK);
}

TEST(decode_gives_back_what_was_encoded)
{
	struct launch_record r = sample(), back;
	struct arena arena = {0};
	uint8_t bytes[RECORD_MAX], again[RECORD_MAX];
	size_t size = encode(bytes, &r);

	CHECK(launch_decode(&back, &arena, bytes, size) == E_OK);
	CHECK(back.mount_count == 3 && back.mounts[1].kind == LAUNCH_MOUNT_VOLUME);
	CHECK(back.mounts[1].read_only && !back.mounts[0].read_only);
	CHECK(launch_compare(back.mounts[1].key_id, text("k1")) == 0);
	CHECK(back.mounts[2].kind == LAUNCH_MOUNT_TMP && back.mounts[2].size == 1 << 20);
	CHECK(back.argc == 2 && back.env_count == 2 && back.value_count == 2);
	CHECK(launch_compare(back.env[1].name, text("AB")) == 0);
	CHECK(back.values[1].bits == UINT64_MAX && back.limits.threads == 5);
	CHECK(back.limits.memory == 1 << 20 && back.limits.timeout == 4);
	CHECK(back.mounts[1].size == 1 << 21 && back.mounts[1].anchor == LAUNCH_ANCHOR_PINNED);
	CHECK(memcmp(back.salt, r.salt, sizeof(r.salt)) == 0 && back.start_count == 1);
	CHECK(back.starts[0].mount == 1 && back.starts[0].sequence == 7);
	CHECK(memcmp(back.starts[0].root, g_starts[0].root, sizeof(g_starts[0].root)) == 0);
	CHECK_EQ(encode(again, &back), size);
	CHECK(memcmp(again, bytes, size) == 0);
	arena_fini(&arena);
}

TEST(decode_rejects_every_shorter_record)
{
	struct launch_record r = sample();
	uint8_t bytes[RECORD_MAX];
	size_t size = encode(bytes, &r);

	for (size_t n = 0; n < size; n++)
		CHECK_EQ(decode_bytes(bytes, n), E_TRUNCATED);
}

TEST(decode_rejects_trailing_bytes)
{
	struct launch_record r = sample();
	uint8_t bytes[RECORD_MAX] = {0};
	size_t size = encode(bytes, &r);

	CHECK_EQ(decode_bytes(bytes, size + 1), E_TRAILING);
	bytes[12]++; /* the byte belongs to the invocation part now */
	CHECK_EQ(decode_bytes(bytes, size + 1), E_TRAILING);
	bytes[12]--;
	bytes[8]++; /* the program part takes a byte of the invocation part */
	bytes[12]--;
	CHECK_EQ(decode_bytes(bytes, size), E_TRAILING);
}

TEST(decode_rejects_part_sizes_beyond_the_record)
{
	struct launch_record r = sample();
	uint8_t bytes[RECORD_MAX];
	size_t size = encode(bytes, &r);

	memset(bytes + 8, 0xff, 4);
	CHECK_EQ(decode_bytes(bytes, size), E_TRUNCATED);
	size = encode(bytes, &r);
	memset(bytes + 12, 0xff, 4);
	CHECK_EQ(decode_bytes(bytes, size), E_TRUNCATED);
}

TEST(decode_rejects_oversized_record)
{
	uint8_t *bytes = calloc(1, LAUNCH_SIZE_MAX + 1);

	if (!bytes)
		abort();
	CHECK_EQ(decode_bytes(bytes, LAUNCH_SIZE_MAX + 1), E_LIMIT);
	CHECK_EQ(decode_bytes(bytes, LAUNCH_SIZE_MAX), E_LAUNCH_MAGIC);
	free(bytes);
}

TEST(decode_rejects_magic_and_version)
{
	struct launch_record r = sample();
	uint8_t bytes[RECORD_MAX];
	size_t size = encode(bytes, &r);

	bytes[0] ^= 1;
	CHECK_EQ(decode_bytes(bytes, size), E_LAUNCH_MAGIC);
	bytes[0] ^= 1;
	bytes[4] = 1;
	CHECK_EQ(decode_bytes(bytes, size), E_LAUNCH_VERSION);
	bytes[4] = 3;
	CHECK_EQ(decode_bytes(bytes, size), E_LAUNCH_VERSION);
	bytes[4] = 0;
	CHECK_EQ(decode_bytes(bytes, size), E_LAUNCH_VERSION);
}

/* Header of 16 bytes, two digests, then the choices. */
#define CHOICES_OFF (16 + 64)

TEST(decode_rejects_unknown_choices)
{
	static const struct {
		size_t off;
		uint8_t bad[2];
	} cases[] = {
		{CHOICES_OFF, {0, 3}},	      {CHOICES_OFF + 1, {0, 4}},
		{CHOICES_OFF + 2, {0, 3}},    {CHOICES_OFF + 3, {4, 255}},
		{CHOICES_OFF + 44, {0, 5}},   {CHOICES_OFF + 45, {2, 128}},
		{CHOICES_OFF + 46, {4, 255}}, {CHOICES_OFF + 47, {1, 255}},
	};
	struct launch_record r = sample();
	uint8_t bytes[RECORD_MAX];
	size_t size = encode(bytes, &r);

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		for (size_t k = 0; k < 2; k++) {
			uint8_t good = bytes[cases[i].off];

			bytes[cases[i].off] = cases[i].bad[k];
			CHECK_EQ(decode_bytes(bytes, size), E_LAUNCH_FIELD);
			bytes[cases[i].off] = good;
		}
	}
	CHECK_EQ(decode_bytes(bytes, size), E_OK);
}

TEST(decode_knows_one_network_rule)
{
	struct launch_record r = sample(), back;
	struct arena arena = {0};
	uint8_t bytes[RECORD_MAX];

	r.mount_count = 0;
	r.start_count = 0;
	r.listener_count = 2;
	size_t size = encode(bytes, &r);

	CHECK(launch_decode(&back, &arena, bytes, size) == E_OK);
	CHECK_EQ(back.listener_count, 2);
	arena_fini(&arena);
	bytes[CHOICES_OFF + 49] = 2;
	CHECK_EQ(decode_bytes(bytes, size), E_LAUNCH_FIELD);
	bytes[CHOICES_OFF + 49] = 0;
	CHECK_EQ(decode_bytes(bytes, size), E_LAUNCH_FIELD);
	r.listener_count = LAUNCH_LISTEN_MAX;
	CHECK_EQ(decode_bytes(bytes, encode(bytes, &r)), E_OK);
	r.listener_count = LAUNCH_LISTEN_MAX + 1;
	CHECK_EQ(decode_bytes(bytes, encode(bytes, &r)), E_LIMIT);
}

TEST(decode_rejects_native_engine_without_native_digest)
{
	struct launch_record r = sample();

	r.engine = LAUNCH_ENGINE_NATIVE;
	CHECK_EQ(verdict(&r), E_LAUNCH_FIELD);
	r.native_digest[31] = 1;
	CHECK_EQ(verdict(&r), E_OK);
}

/* All flags but strict: bit 1 was once "unverified", and no record that says so is one. */
TEST(decode_rejects_reserved_flags)
{
	struct launch_record r = sample();
	uint8_t bytes[RECORD_MAX];

	r.engine = LAUNCH_ENGINE_NATIVE;
	r.native_digest[0] = 1;
	const size_t size = encode(bytes, &r);

	CHECK_EQ(bytes[CHOICES_OFF + 3], 0);
	CHECK_EQ(decode_bytes(bytes, size), E_OK);
	for (unsigned bit = 1; bit < 8; bit++) {
		bytes[CHOICES_OFF + 3] = (uint8_t)(1u << bit);
		CHECK_EQ(decode_bytes(bytes, size), E_LAUNCH_FIELD);
		bytes[CHOICES_OFF + 3] |= 1;
		CHECK_EQ(decode_bytes(bytes, size), E_LAUNCH_FIELD);
	}
}

TEST(decode_gives_back_engine_and_strict)
{
	struct launch_record r = sample(), back;
	struct arena arena = {0};
	uint8_t bytes[RECORD_MAX];

	r.mounts = g_mounts + 1;
	r.mount_count = 2;
	r.start_count = 0;
	for (int i = 0; i < 2; i++) {
		r.engine = LAUNCH_ENGINE_NATIVE;
		r.native_digest[5] = 1;
		r.strict = i == 1;
		CHECK_EQ(launch_decode(&back, &arena, bytes, encode(bytes, &r)), E_OK);
		CHECK_EQ(bytes[CHOICES_OFF + 3], i);
		CHECK(back.engine == LAUNCH_ENGINE_NATIVE && back.strict == (i == 1));
	}
	arena_fini(&arena);
}

TEST(decode_rejects_wrong_order_and_duplicates)
{
	struct launch_record r = sample();
	struct launch_mount m = g_mounts[0];

	g_mounts[0] = g_mounts[2];
	g_mounts[2] = m;
	CHECK_EQ(verdict(&r), E_LAUNCH_ORDER);
	r = sample();
	r.start_count = 0;
	g_mounts[2].guest_path = text("/keys");
	CHECK_EQ(verdict(&r), E_LAUNCH_ORDER);
	r = sample();
	g_env[0].name = text("ABC");
	CHECK_EQ(verdict(&r), E_LAUNCH_ORDER);
	r = sample();
	g_env[1].name = text("A");
	CHECK_EQ(verdict(&r), E_LAUNCH_ORDER);
}

TEST(decode_rejects_names)
{
	static const char *const paths[] = {"",	      "//",  "a//b", "/a/", "..",   "/..",
					    "a/../b", "./a", "a/.",  "/.",  "a/..", "../a"};
	struct launch_record r;

	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		r = sample();
		r.mount_count = 1;
		r.start_count = 0;
		g_mounts[0].guest_path = text(paths[i]);
		CHECK_EQ(verdict(&r), E_LAUNCH_NAME);
	}
	CHECK(!launch_path_ok((struct launch_bytes){.p = NULL, .size = 0}));
	r = sample();
	g_env[0].name = text("");
	CHECK_EQ(verdict(&r), E_LAUNCH_NAME);
	r = sample();
	g_env[1].name = text("B=");
	CHECK_EQ(verdict(&r), E_LAUNCH_NAME);
}

TEST(decode_accepts_canonical_paths)
{
	static const char *const paths[] = {"/",    ".",  "a",	     "/a",  "a/b",
					    "/...", ".a", "..a/b..", "/a b"};

	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		struct launch_record r = sample();

		r.mount_count = 1;
		r.start_count = 0;
		g_mounts[0].guest_path = text(paths[i]);
		CHECK_EQ(verdict(&r), E_OK);
	}
}

TEST(decode_rejects_nul_in_strings)
{
	static const uint8_t nul[] = {'a', 0, 'b'};
	const struct launch_bytes with_nul = {.p = nul, .size = sizeof(nul)};
	struct launch_record r = sample();

	g_argv[1] = with_nul;
	CHECK_EQ(verdict(&r), E_LAUNCH_NAME);
	r = sample();
	g_env[1].value = with_nul;
	CHECK_EQ(verdict(&r), E_LAUNCH_NAME);
	r = sample();
	g_mounts[0].guest_path = with_nul;
	CHECK_EQ(verdict(&r), E_LAUNCH_NAME);
	r = sample();
	r.invoke = with_nul;
	CHECK_EQ(verdict(&r), E_LAUNCH_NAME);
}

TEST(decode_rejects_keys_without_volume_and_volume_without_key)
{
	struct launch_record r = sample();

	g_mounts[0].label = text("x");
	CHECK_EQ(verdict(&r), E_LAUNCH_FIELD);
	r = sample();
	g_mounts[0].key_policy = LAUNCH_KEY_SEAL;
	CHECK_EQ(verdict(&r), E_LAUNCH_FIELD);
	r = sample();
	g_mounts[1].label = text("");
	CHECK_EQ(verdict(&r), E_LAUNCH_FIELD);
	r = sample();
	g_mounts[1].key_id = text("");
	CHECK_EQ(verdict(&r), E_LAUNCH_FIELD);
	r = sample();
	g_mounts[1].key_policy =
		LAUNCH_KEY_SEAL; /* has a key id, which only a provisioned key has */
	CHECK_EQ(verdict(&r), E_LAUNCH_FIELD);
}

TEST(decode_rejects_untrusted_mount_of_a_strict_program)
{
	struct launch_record r = sample();

	r.strict = true;
	CHECK_EQ(verdict(&r), E_LAUNCH_STRICT);
	r.mounts = g_mounts + 1;
	r.mount_count = 2;
	r.start_count = 0;
	CHECK_EQ(verdict(&r), E_OK);
}

/* A record whose only mount is of this kind, here. */
static struct launch_record mounted(enum launch_mount_kind kind, const char *path)
{
	struct launch_record r = sample();

	r.mount_count = 1;
	r.start_count = 0;
	g_mounts[0] = (struct launch_mount){.guest_path = text(path), .kind = kind};
	return r;
}

/* ---- volumes ---- */

/* A record whose only mount is a volume that is sealed for its program. */
static struct launch_record with_volume(void)
{
	struct launch_record r = mounted(LAUNCH_MOUNT_VOLUME, "/v");

	g_mounts[0].key_policy = LAUNCH_KEY_SEAL;
	g_mounts[0].label = text("v");
	g_mounts[0].seal_by = LAUNCH_SEAL_ENCLAVE;
	g_mounts[0].anchor = LAUNCH_ANCHOR_NONE;
	return r;
}

static uint8_t g_point[LAUNCH_OWNER_SIZE] = {4, 1, 2, 3};

TEST(decode_gives_back_each_field_of_a_volume)
{
	struct launch_record r = with_volume(), back;
	struct arena arena = {0};
	uint8_t bytes[RECORD_MAX];

	g_mounts[0].key_policy = LAUNCH_KEY_INSECURE;
	g_mounts[0].bind_launch = true;
	g_mounts[0].seal_by = LAUNCH_SEAL_SIGNER;
	g_mounts[0].svn = 0x1234;
	g_mounts[0].anchor = LAUNCH_ANCHOR_FILE;
	g_mounts[0].size = 5;
	g_mounts[0].owner = (struct launch_bytes){g_point, sizeof(g_point)};
	g_starts[0] = (struct launch_volume_start){.create = true, .add_seal = true};
	r.start_count = 1;
	CHECK_EQ(launch_decode(&back, &arena, bytes, encode(bytes, &r)), E_OK);
	const struct launch_mount *m = &back.mounts[0];

	CHECK(m->bind_launch && m->key_policy == LAUNCH_KEY_INSECURE);
	CHECK(m->seal_by == LAUNCH_SEAL_SIGNER && m->svn == 0x1234 && m->size == 5);
	CHECK(m->anchor == LAUNCH_ANCHOR_FILE && launch_compare(m->owner, g_mounts[0].owner) == 0);
	CHECK(back.start_count == 1 && back.starts[0].create && back.starts[0].add_seal);
	CHECK(back.starts[0].mount == 0 && back.starts[0].sequence == 0);
	arena_fini(&arena);
}

/* The verdict on a second volume beside "v", under the key "k" both. */
static enum err verdict_of_second(const char *label, const char *key_id)
{
	struct launch_record r = with_volume(), back;
	struct arena arena = {0};
	uint8_t bytes[RECORD_MAX];

	g_mounts[0].key_policy = LAUNCH_KEY_PROVISIONED;
	g_mounts[0].key_id = text("k");
	g_mounts[1] = g_mounts[0];
	g_mounts[1].guest_path = text("/w");
	g_mounts[1].label = text(label);
	g_mounts[1].key_policy = key_id ? LAUNCH_KEY_PROVISIONED : LAUNCH_KEY_SEAL;
	g_mounts[1].key_id = text(key_id ? key_id : "");
	r.mount_count = 2;
	const enum err err = launch_decode(&back, &arena, bytes, encode(bytes, &r));

	arena_fini(&arena);
	return err;
}

TEST(decode_rejects_volumes_that_could_be_exchanged)
{
	CHECK_EQ(verdict_of_second("w", "l"), E_OK);
	CHECK_EQ(verdict_of_second("w", NULL), E_OK);
	CHECK_EQ(verdict_of_second("v", "l"), E_LAUNCH_FIELD);
	CHECK_EQ(verdict_of_second("v", NULL), E_LAUNCH_FIELD);
	CHECK_EQ(verdict_of_second("w", "k"), E_LAUNCH_FIELD);
}

/* What stands behind the three strings of 2, 1 and 0 bytes. */
#define VOLUME_OFF (CHOICES_OFF + 44 + 4 + 6 + 5 + 4)

TEST(decode_rejects_unknown_choices_of_a_volume)
{
	static const struct {
		size_t off;
		uint8_t bad[2];
	} cases[] = {
		{0, {2, 128}}, {1, {0, 3}},   {4, {0, 4}},
		{5, {1, 255}}, {6, {1, 255}}, {7, {1, 255}},
	};
	struct launch_record r = with_volume();
	uint8_t bytes[RECORD_MAX];
	size_t size = encode(bytes, &r);

	CHECK(bytes[VOLUME_OFF + 1] == LAUNCH_SEAL_ENCLAVE);
	CHECK(bytes[VOLUME_OFF + 4] == LAUNCH_ANCHOR_NONE);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		for (size_t k = 0; k < 2; k++) {
			uint8_t *p = &bytes[VOLUME_OFF + cases[i].off], good = *p;

			*p = cases[i].bad[k];
			CHECK_EQ(decode_bytes(bytes, size), E_LAUNCH_FIELD);
			*p = good;
		}
	}
	CHECK_EQ(decode_bytes(bytes, size), E_OK);
}

TEST(decode_wants_a_version_for_a_signer_alone)
{
	struct launch_record r = with_volume();

	g_mounts[0].svn = 1;
	CHECK_EQ(verdict(&r), E_LAUNCH_FIELD);
	g_mounts[0].seal_by = LAUNCH_SEAL_SIGNER;
	CHECK_EQ(verdict(&r), E_OK);
}

TEST(decode_wants_a_whole_point_as_owner)
{
	struct launch_record r = with_volume();
	uint8_t point[LAUNCH_OWNER_SIZE + 1] = {4};

	g_mounts[0].owner = (struct launch_bytes){point, LAUNCH_OWNER_SIZE};
	CHECK_EQ(verdict(&r), E_OK);
	point[0] = 2; /* a compressed one, cut off */
	CHECK_EQ(verdict(&r), E_LAUNCH_FIELD);
	point[0] = 4;
	g_mounts[0].owner.size--;
	CHECK_EQ(verdict(&r), E_LAUNCH_FIELD);
	g_mounts[0].owner.size += 2;
	CHECK_EQ(verdict(&r), E_LAUNCH_FIELD);
	g_mounts[0].owner.size = 1;
	CHECK_EQ(verdict(&r), E_LAUNCH_FIELD);
}

TEST(decode_rejects_an_insecure_key_of_a_strict_program)
{
	struct launch_record r = with_volume();

	r.strict = true;
	CHECK_EQ(verdict(&r), E_OK);
	g_mounts[0].key_policy = LAUNCH_KEY_INSECURE;
	CHECK_EQ(verdict(&r), E_LAUNCH_STRICT);
}

/* What `start` says of the volume in with_volume. */
static enum err verdict_of_start(struct launch_volume_start start)
{
	struct launch_record r = with_volume();

	g_mounts[0].anchor = LAUNCH_ANCHOR_PINNED;
	g_starts[0] = start;
	r.start_count = 1;
	return verdict(&r);
}

TEST(decode_rejects_starts_that_say_nothing_or_too_much)
{
	CHECK_EQ(verdict_of_start((struct launch_volume_start){.create = true}), E_OK);
	CHECK_EQ(verdict_of_start((struct launch_volume_start){.sequence = 1}), E_OK);
	CHECK_EQ(verdict_of_start((struct launch_volume_start){.create = true, .sequence = 1}),
		 E_OK);
	CHECK_EQ(verdict_of_start((struct launch_volume_start){0}), E_LAUNCH_FIELD);
	CHECK_EQ(verdict_of_start((struct launch_volume_start){.create = true, .root = {1}}),
		 E_LAUNCH_FIELD); /* of no state */
	CHECK_EQ(verdict_of_start((struct launch_volume_start){.add_seal = true}),
		 E_LAUNCH_FIELD); /* it is sealed as it is */
	CHECK_EQ(verdict_of_start((struct launch_volume_start){.mount = 1, .create = true}),
		 E_LAUNCH_FIELD);
}

TEST(decode_rejects_unknown_flags_of_a_start)
{
	struct launch_record r = sample();
	uint8_t bytes[RECORD_MAX];
	size_t size = encode(bytes, &r);
	uint8_t *flags = bytes + size - 44; /* then 3 bytes of zeros, sequence and root */

	for (size_t i = 0; i < 4; i++) {
		flags[i] = 4;
		CHECK_EQ(decode_bytes(bytes, size), E_LAUNCH_FIELD);
		flags[i] = 0;
	}
	CHECK_EQ(decode_bytes(bytes, size), E_OK);
}

TEST(decode_rejects_starts_of_what_cannot_be_started_so)
{
	struct launch_record r = sample();

	g_starts[0].mount = 0; /* a directory of the host */
	CHECK_EQ(verdict(&r), E_LAUNCH_FIELD);
	r = sample();
	g_starts[0].mount = 3; /* none */
	CHECK_EQ(verdict(&r), E_LAUNCH_FIELD);
	r = sample();
	g_mounts[1].anchor = LAUNCH_ANCHOR_FILE;
	CHECK_EQ(verdict(&r), E_LAUNCH_FIELD);
	r = sample();
	g_starts[0].create = true; /* and read-only */
	CHECK_EQ(verdict(&r), E_LAUNCH_FIELD);
	g_mounts[1].read_only = false;
	CHECK_EQ(verdict(&r), E_OK);
	r = sample();
	g_starts[0].add_seal = true;
	CHECK_EQ(verdict(&r), E_LAUNCH_FIELD);
	g_mounts[1].read_only = false;
	CHECK_EQ(verdict(&r), E_OK);
	r = sample();
	g_starts[1] = g_starts[0];
	r.start_count = 2;
	CHECK_EQ(verdict(&r), E_LAUNCH_ORDER);
	r = sample();
	r.start_count = 0;
	CHECK_EQ(verdict(&r), E_OK);
}

TEST(decode_wants_starts_in_order)
{
	struct launch_record r = sample();

	g_mounts[2] = g_mounts[1];
	g_mounts[2].guest_path = text("/keys2");
	g_mounts[2].label = text("db2");
	g_mounts[2].key_id = text("key2");
	g_starts[1] = g_starts[0];
	g_starts[1].mount = 2;
	r.start_count = 2;
	CHECK_EQ(verdict(&r), E_OK);
	g_starts[0].mount = 2;
	g_starts[1].mount = 1;
	CHECK_EQ(verdict(&r), E_LAUNCH_ORDER);
}

TEST(decode_knows_one_place_of_attestation)
{
	static const char *const elsewhere[] = {"/",
						"/dev",
						"/dev/attestatio",
						".",
						"dev/attestation",
						"/dev/attestation/keys",
						"/dev/attestations"};
	struct launch_record r = mounted(LAUNCH_MOUNT_ATTESTATION, LAUNCH_ATTESTATION_PATH);

	CHECK_EQ(verdict(&r), E_OK);
	r.strict = true;
	CHECK_EQ(verdict(&r), E_OK);
	for (size_t i = 0; i < COUNT_OF(elsewhere); i++) {
		r = mounted(LAUNCH_MOUNT_ATTESTATION, elsewhere[i]);
		CHECK_EQ(verdict(&r), E_LAUNCH_NAME);
	}
}

TEST(decode_rejects_anything_else_in_the_place_of_attestation)
{
	static const char *const inside[] = {"/dev/attestation", "/dev/attestation/keys",
					     "dev/attestation", "dev/attestation/keys/k"};
	static const char *const beside[] = {"/dev",	    "/dev/attestations",
					     "/dev/attest", "/dev/attestation.d",
					     "attestation", "/"};

	for (size_t i = 0; i < COUNT_OF(inside); i++) {
		struct launch_record r = mounted(LAUNCH_MOUNT_HOST, inside[i]);

		CHECK_EQ(verdict(&r), E_LAUNCH_NAME);
		r = mounted(LAUNCH_MOUNT_TMP, inside[i]);
		CHECK_EQ(verdict(&r), E_LAUNCH_NAME);
	}
	for (size_t i = 0; i < COUNT_OF(beside); i++) {
		struct launch_record r = mounted(LAUNCH_MOUNT_HOST, beside[i]);

		CHECK_EQ(verdict(&r), E_OK);
	}
}

TEST(decode_rejects_what_a_mount_of_attestation_cannot_have)
{
	struct launch_record r = mounted(LAUNCH_MOUNT_ATTESTATION, LAUNCH_ATTESTATION_PATH);

	g_mounts[0].read_only = true;
	CHECK_EQ(verdict(&r), E_LAUNCH_FIELD);
	r = mounted(LAUNCH_MOUNT_ATTESTATION, LAUNCH_ATTESTATION_PATH);
	g_mounts[0].label = text("x");
	CHECK_EQ(verdict(&r), E_LAUNCH_FIELD);
	r = mounted(LAUNCH_MOUNT_ATTESTATION, LAUNCH_ATTESTATION_PATH);
	g_mounts[0].key_policy = LAUNCH_KEY_SEAL;
	CHECK_EQ(verdict(&r), E_LAUNCH_FIELD);
	r = mounted(LAUNCH_MOUNT_ATTESTATION, LAUNCH_ATTESTATION_PATH);
	g_mounts[0].key_id = text("k");
	CHECK_EQ(verdict(&r), E_LAUNCH_FIELD);
}

TEST(decode_rejects_values)
{
	struct launch_record r = sample();

	g_values[0].bits = 1ull << 32;
	CHECK_EQ(verdict(&r), E_LAUNCH_FIELD);
	r = sample();
	g_values[0].type = 0x7b;
	CHECK_EQ(verdict(&r), E_LAUNCH_FIELD);
	r = sample();
	g_values[0].type = 0x80;
	CHECK_EQ(verdict(&r), E_LAUNCH_FIELD);
	r = sample();
	r.invoke = text("");
	CHECK_EQ(verdict(&r), E_LAUNCH_FIELD);
	r.value_count = 0;
	CHECK_EQ(verdict(&r), E_OK);
}

/* The four counts of the sample with `mount_count` 0, where they stand. */
TEST(decode_bounds_counts_by_limit_and_by_bytes_left)
{
	struct launch_record r = sample();
	uint8_t bytes[RECORD_MAX];

	r.mount_count = 0;
	r.start_count = 0;
	size_t size = encode(bytes, &r);
	const size_t argc_off = 16 + 64 + 4 + 4 + 32 + 4 + 4 + 32;

	bytes[argc_off + 3] = 0xff; /* above LAUNCH_ARGS_MAX */
	CHECK_EQ(decode_bytes(bytes, size), E_LIMIT);
	bytes[argc_off + 3] = 0;
	bytes[argc_off + 1] = 0xff; /* within it, but the bytes are not there */
	CHECK_EQ(decode_bytes(bytes, size), E_TRUNCATED);
	bytes[argc_off + 1] = 0;
	CHECK_EQ(decode_bytes(bytes, size), E_OK);
	bytes[argc_off + 4 + 3] = 1; /* size of argv[0] above LAUNCH_STRING_MAX */
	CHECK_EQ(decode_bytes(bytes, size), E_LIMIT);
}

TEST(decode_bounds_mounts_threads_and_names)
{
	static uint8_t long_name[LAUNCH_NAME_MAX + 1];
	struct launch_record r = sample();
	uint8_t bytes[RECORD_MAX], *big = malloc(2 * LAUNCH_NAME_MAX);
	size_t size = encode(bytes, &r);
	struct writer w;

	if (!big)
		abort();
	bytes[CHOICES_OFF + 40] = LAUNCH_MOUNTS_MAX + 1;
	CHECK_EQ(decode_bytes(bytes, size), E_LIMIT);
	r.limits.threads = LAUNCH_THREADS_MAX + 1;
	CHECK_EQ(verdict(&r), E_LIMIT);
	r = sample();
	memset(long_name, 'n', sizeof(long_name));
	r.invoke = (struct launch_bytes){.p = long_name, .size = LAUNCH_NAME_MAX};
	writer_init(&w, big, 2 * LAUNCH_NAME_MAX);
	CHECK_EQ(launch_encode(&r, &w), E_OK);
	CHECK_EQ(decode_bytes(big, w.len), E_OK);
	r.invoke.size++;
	writer_init(&w, big, 2 * LAUNCH_NAME_MAX);
	CHECK_EQ(launch_encode(&r, &w), E_OK);
	CHECK_EQ(decode_bytes(big, w.len), E_LIMIT);
	free(big);
}

TEST(decode_survives_each_failed_allocation)
{
	struct launch_record r = sample(), back;
	uint8_t bytes[RECORD_MAX];
	size_t size = encode(bytes, &r);
	long n = 0;

	for (;; n++) {
		struct arena arena = {0};

		native_heap_fail_at(n);
		enum err err = launch_decode(&back, &arena, bytes, size);
		native_heap_fail_at(-1);
		arena_fini(&arena);
		if (err == E_OK)
			break;
		CHECK_EQ(err, E_NOMEM);
	}
	CHECK(n > 0);
}

TEST(decode_leaves_output_alone_on_failure)
{
	struct launch_record r = sample(), back;
	struct arena arena = {0};
	uint8_t bytes[RECORD_MAX], before[sizeof(back)];
	size_t size = encode(bytes, &r);

	memset(&back, 0xa5, sizeof(back));
	memcpy(before, &back, sizeof(back));
	CHECK(launch_decode(&back, &arena, bytes, size - 1) != E_OK);
	CHECK(memcmp(before, &back, sizeof(back)) == 0);
	arena_fini(&arena);
}

static void digests_of(const struct launch_record *r, struct launch_digests *d)
{
	struct launch_record back;
	struct arena arena = {0};
	uint8_t bytes[RECORD_MAX];
	size_t size = encode(bytes, r);

	CHECK(launch_decode(&back, &arena, bytes, size) == E_OK);
	launch_measure(&back, d);
	arena_fini(&arena);
}

TEST(arguments_change_the_program_only_when_fixed)
{
	struct launch_record r = sample();
	struct launch_digests a, b;

	digests_of(&r, &a);
	g_argv[1] = text("other");
	digests_of(&r, &b);
	CHECK(memcmp(a.program, b.program, 32) == 0);
	CHECK(memcmp(a.launch, b.launch, 32) != 0);
	r = sample();
	r.args_policy = LAUNCH_ARGS_FIXED;
	digests_of(&r, &a);
	g_argv[1] = text("other");
	digests_of(&r, &b);
	CHECK(memcmp(a.program, b.program, 32) != 0);
	CHECK(memcmp(a.launch, b.launch, 32) != 0);
}

TEST(salt_and_starts_change_the_launch_alone)
{
	for (int policy = LAUNCH_ARGS_ANY; policy < LAUNCH_ARGS_END; policy++) {
		struct launch_record r = sample();
		struct launch_digests a, b;

		r.args_policy = (enum launch_args_policy)policy;
		digests_of(&r, &a);
		for (int i = 0; i < 3; i++) {
			r.salt[31] ^= i == 0;
			g_starts[0].sequence += i == 1;
			r.start_count -= i == 2;
			digests_of(&r, &b);
			CHECK(memcmp(a.program, b.program, 32) == 0);
			CHECK(memcmp(a.launch, b.launch, 32) != 0);
			CHECK(memcmp(a.arguments, b.arguments, 32) == 0);
		}
	}
}

/* The same wherever they stand, and of nothing else. */
TEST(the_digest_of_the_arguments_covers_them_all)
{
	struct launch_record r = sample();
	struct launch_digests a, b;

	digests_of(&r, &a);
	r.args_policy = LAUNCH_ARGS_FIXED;
	r.limits.fuel++;
	digests_of(&r, &b);
	CHECK(memcmp(a.arguments, b.arguments, 32) == 0);
	for (int i = 0; i < 4; i++) {
		r = sample();
		r.args_policy = i % 2 ? LAUNCH_ARGS_FIXED : LAUNCH_ARGS_ANY;
		g_argv[1] = i == 0 ? text("x") : g_argv[1];
		g_env[1].value = i == 1 ? text("x") : g_env[1].value;
		r.invoke = i == 2 ? text("x") : r.invoke;
		g_values[0].bits += i == 3;
		digests_of(&r, &b);
		CHECK(memcmp(a.arguments, b.arguments, 32) != 0);
	}
}

/* Where it says that a volume is read-only: the one bit that does not count for whom volumes are sealed. */
static bool is_flags_of_volume(const struct launch_record *r, const uint8_t *p)
{
	for (uint32_t i = 0; i < r->mount_count; i++)
		if (r->mounts[i].kind == LAUNCH_MOUNT_VOLUME && r->mounts[i].flags == p)
			return true;
	return false;
}

TEST(every_program_byte_changes_the_digests)
{
	struct launch_record r = sample(), back;
	uint32_t volumes = 0;
	struct launch_digests a, b;
	struct arena arena = {0};
	uint8_t bytes[RECORD_MAX];
	size_t size = encode(bytes, &r);

	CHECK(launch_decode(&back, &arena, bytes, size) == E_OK);
	launch_measure(&back, &a);
	for (size_t i = 0; i < back.program.size; i++) {
		bytes[16 + i] ^= 1;
		launch_measure(&back, &b); /* the slices point into bytes */
		bytes[16 + i] ^= 1;
		CHECK(memcmp(a.program, b.program, 32) != 0 && memcmp(a.launch, b.launch, 32) != 0);
		const bool volume = is_flags_of_volume(&back, bytes + 16 + i);

		CHECK((memcmp(a.sealed, b.sealed, 32) == 0) == volume);
		volumes += volume;
	}
	CHECK(volumes > 0);
	arena_fini(&arena);
}

TEST(module_digest_stops_at_the_native_section)
{
	static const uint8_t module[10] = "0123456789";
	uint8_t m[32], n[32], want[32], zero[32] = {0};

	launch_measure_module(m, n, module, 10, 10, 10);
	sha256_digest(want, module, 10);
	CHECK(memcmp(m, want, 32) == 0 && memcmp(n, zero, 32) == 0);
	launch_measure_module(m, n, module, 10, 4, 6);
	sha256_digest(want, module, 4);
	CHECK(memcmp(m, want, 32) == 0);
	sha256_digest(want, module + 6, 4);
	CHECK(memcmp(n, want, 32) == 0);
}

/* ---- the worked example of the documentation ---- */

/* Reads hexadecimal digits behind `label: ` lines of the document; returns the number of bytes. */
static size_t document_hex(uint8_t *out, size_t max, const char *doc, const char *label)
{
	const char *p = strstr(doc, label);
	size_t n = 0;
	unsigned v = 0;

	CHECK(p != NULL);
	for (p = p ? strchr(p, '\n') : NULL; p && n < max; p += 2) {
		p += strspn(p, " \n");
		if (!isxdigit((unsigned char)p[0]) || !isxdigit((unsigned char)p[1]))
			break;
		CHECK(sscanf(p, "%2x", &v) == 1);
		out[n++] = (uint8_t)v;
	}
	return n;
}

TEST(document_example_is_true)
{
	static char doc[65536];
	uint8_t want[RECORD_MAX], bytes[RECORD_MAX], digest[32];
	struct launch_digests digests;
	FILE *f = fopen("doc/launch-record.md", "r");

	CHECK(f != NULL);
	if (!f)
		return;
	doc[fread(doc, 1, sizeof(doc) - 1, f)] = 0;
	fclose(f);

	g_mounts[0] = (struct launch_mount){
		.guest_path = text("/data"), .kind = LAUNCH_MOUNT_HOST, .read_only = true};
	g_argv[0] = text("app.wasm");
	g_argv[1] = text("-v");
	g_env[0] = (struct launch_variable){.name = text("LANG"), .value = text("C")};
	struct launch_record r = {
		.engine = LAUNCH_ENGINE_INTERPRETER,
		.diagnostics = LAUNCH_DIAGNOSTICS_BACKTRACE,
		.args_policy = LAUNCH_ARGS_ANY,
		.limits = {.memory = 67108864},
		.mounts = g_mounts,
		.mount_count = 1,
		.argv = g_argv,
		.argc = 2,
		.env = g_env,
		.env_count = 1,
	};

	sha256_digest(r.module_digest, "\0asm\1\0\0\0", 8);
	size_t size = encode(bytes, &r);

	CHECK_EQ(document_hex(want, sizeof(want), doc, "Example: the record"), size);
	CHECK(memcmp(want, bytes, size) == 0);
	digests_of(&r, &digests);
	CHECK_EQ(document_hex(digest, 32, doc, "Example: the program digest"), 32);
	CHECK(memcmp(digest, digests.program, 32) == 0);
	CHECK_EQ(document_hex(digest, 32, doc, "Example: the launch digest"), 32);
	CHECK(memcmp(digest, digests.launch, 32) == 0);
}

int main(void)
{
	RUN(decode_accepts_every_field);
	RUN(decode_gives_back_what_was_encoded);
	RUN(decode_rejects_every_shorter_record);
	RUN(decode_rejects_trailing_bytes);
	RUN(decode_rejects_part_sizes_beyond_the_record);
	RUN(decode_rejects_oversized_record);
	RUN(decode_rejects_magic_and_version);
	RUN(decode_rejects_unknown_choices);
	RUN(decode_knows_one_network_rule);
	RUN(decode_rejects_native_engine_without_native_digest);
	RUN(decode_rejects_reserved_flags);
	RUN(decode_gives_back_engine_and_strict);
	RUN(decode_rejects_wrong_order_and_duplicates);
	RUN(decode_rejects_names);
	RUN(decode_accepts_canonical_paths);
	RUN(decode_rejects_nul_in_strings);
	RUN(decode_rejects_keys_without_volume_and_volume_without_key);
	RUN(decode_rejects_untrusted_mount_of_a_strict_program);
	RUN(decode_gives_back_each_field_of_a_volume);
	RUN(decode_rejects_volumes_that_could_be_exchanged);
	RUN(decode_rejects_unknown_choices_of_a_volume);
	RUN(decode_wants_a_version_for_a_signer_alone);
	RUN(decode_wants_a_whole_point_as_owner);
	RUN(decode_rejects_an_insecure_key_of_a_strict_program);
	RUN(decode_rejects_starts_that_say_nothing_or_too_much);
	RUN(decode_rejects_unknown_flags_of_a_start);
	RUN(decode_rejects_starts_of_what_cannot_be_started_so);
	RUN(decode_wants_starts_in_order);
	RUN(decode_knows_one_place_of_attestation);
	RUN(decode_rejects_anything_else_in_the_place_of_attestation);
	RUN(decode_rejects_what_a_mount_of_attestation_cannot_have);
	RUN(decode_rejects_values);
	RUN(decode_bounds_counts_by_limit_and_by_bytes_left);
	RUN(decode_bounds_mounts_threads_and_names);
	RUN(decode_survives_each_failed_allocation);
	RUN(decode_leaves_output_alone_on_failure);
	RUN(arguments_change_the_program_only_when_fixed);
	RUN(salt_and_starts_change_the_launch_alone);
	RUN(the_digest_of_the_arguments_covers_them_all);
	RUN(every_program_byte_changes_the_digests);
	RUN(module_digest_stops_at_the_native_section);
	RUN(document_example_is_true);
	return check_report();
}
