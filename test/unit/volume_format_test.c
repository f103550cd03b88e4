/* The records of a volume: what is written is read back, field by field; what nobody writes is refused. */
#include "volume/format.h"

#include "volume/impl.h"

#include "test/lib/check.h"

static struct volume_ref a_ref(uint32_t block)
{
	struct volume_ref r = {.block = block, .epoch = 0x01020304, .counter = 0x05060708090a0b0c};

	for (size_t i = 0; i < sizeof r.tag; i++)
		r.tag[i] = (uint8_t)(0xf0 + i);
	return r;
}

static bool same_ref(const struct volume_ref *a, const struct volume_ref *b)
{
	return a->block == b->block && a->epoch == b->epoch && a->counter == b->counter &&
	       memcmp(a->tag, b->tag, sizeof a->tag) == 0;
}

static bool same_tree(const struct volume_tree *a, const struct volume_tree *b)
{
	return a->ino == b->ino && a->depth == b->depth && same_ref(&a->root, &b->root);
}

TEST(ref_is_little_endian_block_epoch_counter_tag)
{
	static const uint8_t expected[VOLUME_REF_SIZE] = {
		0x44, 0x33, 0x22, 0x11, 4,    3,    2,	  1,	0x0c, 0x0b, 10,
		9,    8,    7,	  6,	5,    0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5,
		0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff};
	const struct volume_ref ref = a_ref(0x11223344);
	struct volume_ref back;
	uint8_t out[VOLUME_REF_SIZE];

	volume_ref_encode(out, &ref);
	CHECK(memcmp(out, expected, sizeof out) == 0);
	volume_ref_decode(&back, out);
	CHECK(same_ref(&ref, &back));
}

static struct volume_super a_super(void)
{
	struct volume_super s = {
		.sequence = 0x1111111111111111,
		.time = 0x2222222222222222,
		.block_count = 0x33333333,
		.used_count = 0x22222222,
		.epoch_count = 0x55555555,
		.inode_count = 0x66666666,
		.inode_free = 0x44444444,
		.epochs = {.ino = INO_EPOCHS, .root = a_ref(100), .depth = 1},
		.map = {.ino = INO_MAP, .root = a_ref(101), .depth = 2},
		.table = {.ino = INO_TABLE, .root = a_ref(102), .depth = VOLUME_DEPTH_MAX},
	};

	memset(s.parent, 0x77, sizeof s.parent);
	return s;
}

TEST(super_is_read_as_it_was_written)
{
	const struct volume_super s = a_super();
	uint8_t out[VOLUME_SUPER_SIZE];
	struct volume_super b;

	memset(out, 0xee, sizeof out);
	volume_super_encode(out, &s);
	memset(&b, 0xcc, sizeof b);
	CHECK_EQ(volume_super_decode(&b, out), E_OK);
	CHECK_EQ(b.sequence, s.sequence);
	CHECK_EQ(b.time, s.time);
	CHECK_EQ(b.block_count, s.block_count);
	CHECK_EQ(b.used_count, s.used_count);
	CHECK_EQ(b.epoch_count, s.epoch_count);
	CHECK_EQ(b.inode_count, s.inode_count);
	CHECK_EQ(b.inode_free, s.inode_free);
	CHECK(memcmp(b.parent, s.parent, sizeof b.parent) == 0);
	CHECK(same_tree(&b.epochs, &s.epochs));
	CHECK(same_tree(&b.map, &s.map));
	CHECK(same_tree(&b.table, &s.table));
}

/* Every byte of the encoding is a field's, or refused when it is not zero: no two encodings mean the
 * same. */
TEST(super_has_one_encoding)
{
	const struct volume_super s = a_super();
	uint8_t out[VOLUME_SUPER_SIZE], again[VOLUME_SUPER_SIZE];
	size_t accepted = 0;

	volume_super_encode(out, &s);
	for (size_t i = 0; i < sizeof out; i++) {
		struct volume_super b;

		out[i] ^= 1;
		if (volume_super_decode(&b, out) == E_OK) {
			volume_super_encode(again, &b);
			CHECK(memcmp(again, out, sizeof out) == 0);
			accepted++;
		}
		out[i] ^= 1;
	}
	CHECK(accepted > 150 && accepted < 200);
}

static enum err decode_super(const struct volume_super *s)
{
	uint8_t out[VOLUME_SUPER_SIZE];
	struct volume_super b = {.sequence = 12345};
	enum err err;

	volume_super_encode(out, s);
	err = volume_super_decode(&b, out);
	CHECK((err == E_OK) == (b.sequence != 12345)); /* outputs are written only then */
	return err;
}

#define SUPER_GIVES(error, change)                                                                 \
	do {                                                                                       \
		struct volume_super s = a_super();                                                 \
		change;                                                                            \
		CHECK_EQ(decode_super(&s), error);                                                 \
	} while (0)

TEST(super_fields_that_no_one_writes_are_refused)
{
	SUPER_GIVES(E_OK, (void)0);
	SUPER_GIVES(E_VOLUME_FORMAT, s.sequence = 0);
	SUPER_GIVES(E_VOLUME_FORMAT, s.sequence = 1);
	SUPER_GIVES(E_OK, s.sequence = 1; memset(s.parent, 0, sizeof s.parent));
	SUPER_GIVES(E_VOLUME_FORMAT, memset(s.parent, 0, sizeof s.parent));
	SUPER_GIVES(E_VOLUME_FORMAT, s.used_count = s.block_count + 1);
	SUPER_GIVES(E_OK, s.used_count = s.block_count);
	SUPER_GIVES(E_VOLUME_FORMAT, s.used_count = VOLUME_DATA_BLOCK - 1);
	SUPER_GIVES(E_OK, s.used_count = VOLUME_DATA_BLOCK);
	SUPER_GIVES(E_VOLUME_FORMAT, s.block_count = 0; s.used_count = 0);
	SUPER_GIVES(E_OK, s.inode_count = (uint64_t)s.block_count * 16);
	SUPER_GIVES(E_VOLUME_FORMAT, s.inode_count = (uint64_t)s.block_count * 16 + 1);
	SUPER_GIVES(E_VOLUME_FORMAT, s.inode_count = UINT64_MAX);
	SUPER_GIVES(E_VOLUME_FORMAT, s.inode_free = s.inode_count);
	SUPER_GIVES(E_OK, s.inode_free = s.inode_count - 1);
	SUPER_GIVES(E_OK, s.inode_free = INO_FIRST);
	SUPER_GIVES(E_VOLUME_FORMAT, s.inode_free = INO_FIRST - 1);
	SUPER_GIVES(E_OK, s.inode_free = 0);
	SUPER_GIVES(E_VOLUME_FORMAT, s.epochs.depth = VOLUME_DEPTH_MAX + 1);
	SUPER_GIVES(E_VOLUME_FORMAT, s.map.depth = 255);
	SUPER_GIVES(E_VOLUME_FORMAT, s.table.depth = VOLUME_DEPTH_MAX + 1);
}

TEST(super_of_another_version_is_refused)
{
	const struct volume_super s = a_super();
	uint8_t out[VOLUME_SUPER_SIZE];
	struct volume_super b;

	volume_super_encode(out, &s);
	out[0] = VOLUME_VERSION + 1;
	CHECK_EQ(volume_super_decode(&b, out), E_VOLUME_VERSION);
	out[0] = VOLUME_VERSION;
	out[3] = 1;
	CHECK_EQ(volume_super_decode(&b, out), E_VOLUME_VERSION);
	memset(out, 0, 4);
	CHECK_EQ(volume_super_decode(&b, out), E_VOLUME_FORMAT);
}

static struct volume_inode an_inode(enum volume_type type)
{
	struct volume_inode n = {
		.type = (uint8_t)type,
		.nlink = 0x1234,
		.size = 0x112233445,
		.atim = 0x2222222222222222,
		.mtim = 0x3333333333333333,
		.ctim = 0x4444444444444444,
		.tree = {.ino = 99, .root = a_ref(7), .depth = 3},
	};

	if (type == VOLUME_DIRECTORY) {
		n.parent = 0x5555555555555555;
		n.count = 0x6666666666666666;
		n.bits = 12;
	}
	if (type == VOLUME_SYMLINK) {
		n.size = 5;
		memset(&n.tree.root, 0, sizeof n.tree.root);
		n.tree.depth = 0;
		memcpy(n.target, "there", 5);
	}
	return n;
}

static enum err decode_inode(const struct volume_inode *n)
{
	uint8_t out[VOLUME_INODE_SIZE];
	struct volume_inode b = {.atim = 12345};
	enum err err;

	volume_inode_encode(out, n);
	err = volume_inode_decode(&b, 99, out);
	CHECK((err == E_OK) == (b.atim != 12345));
	return err;
}

static void check_inode(enum volume_type type)
{
	const struct volume_inode n = an_inode(type);
	uint8_t out[VOLUME_INODE_SIZE];
	struct volume_inode b;

	memset(out, 0xee, sizeof out);
	volume_inode_encode(out, &n);
	memset(&b, 0xcc, sizeof b);
	CHECK_EQ(volume_inode_decode(&b, 99, out), E_OK);
	CHECK_EQ(b.type, n.type);
	CHECK_EQ(b.bits, n.bits);
	CHECK_EQ(b.nlink, n.nlink);
	CHECK_EQ(b.size, n.size);
	CHECK_EQ(b.atim, n.atim);
	CHECK_EQ(b.mtim, n.mtim);
	CHECK_EQ(b.ctim, n.ctim);
	CHECK_EQ(b.parent, n.parent);
	CHECK_EQ(b.count, n.count);
	CHECK(same_tree(&b.tree, &n.tree));
	CHECK(memcmp(b.target, n.target, sizeof b.target) == 0);
}

TEST(inode_is_read_as_it_was_written)
{
	check_inode(VOLUME_FILE);
	check_inode(VOLUME_DIRECTORY);
	check_inode(VOLUME_SYMLINK);
}

TEST(inode_has_one_encoding)
{
	for (int type = VOLUME_FILE; type < VOLUME_TYPE_END; type++) {
		const struct volume_inode n = an_inode((enum volume_type)type);
		uint8_t out[VOLUME_INODE_SIZE], again[VOLUME_INODE_SIZE];

		volume_inode_encode(out, &n);
		for (size_t i = 0; i < sizeof out; i++) {
			struct volume_inode b;

			out[i] ^= 1;
			if (volume_inode_decode(&b, 99, out) == E_OK) {
				volume_inode_encode(again, &b);
				CHECK(memcmp(again, out, sizeof out) == 0);
			}
			out[i] ^= 1;
		}
	}
}

#define INODE_GIVES(error, of_type, change)                                                        \
	do {                                                                                       \
		struct volume_inode n = an_inode(of_type);                                         \
		change;                                                                            \
		CHECK_EQ(decode_inode(&n), error);                                                 \
	} while (0)

TEST(inode_fields_that_no_one_writes_are_refused)
{
	INODE_GIVES(E_VOLUME_FORMAT, VOLUME_FILE, n.type = VOLUME_TYPE_END);
	INODE_GIVES(E_VOLUME_FORMAT, VOLUME_FILE, n.type = 255);
	INODE_GIVES(E_OK, VOLUME_FILE, n.size = VOLUME_FILE_MAX);
	INODE_GIVES(E_VOLUME_FORMAT, VOLUME_FILE, n.size = VOLUME_FILE_MAX + 1);
	INODE_GIVES(E_VOLUME_FORMAT, VOLUME_DIRECTORY, n.size = UINT64_MAX);
	INODE_GIVES(E_OK, VOLUME_FILE, n.nlink = VOLUME_LINKS_MAX);
	INODE_GIVES(E_VOLUME_FORMAT, VOLUME_FILE, n.nlink = VOLUME_LINKS_MAX + 1);
	INODE_GIVES(E_OK, VOLUME_DIRECTORY, n.nlink = VOLUME_LINKS_MAX + 1);
	INODE_GIVES(E_OK, VOLUME_FILE, n.nlink = 0);
	INODE_GIVES(E_VOLUME_FORMAT, VOLUME_FILE, n.parent = 5);
	INODE_GIVES(E_VOLUME_FORMAT, VOLUME_FILE, n.count = 1);
	INODE_GIVES(E_VOLUME_FORMAT, VOLUME_FILE, n.bits = 1);
	INODE_GIVES(E_VOLUME_FORMAT, VOLUME_SYMLINK, n.parent = 5);
	INODE_GIVES(E_VOLUME_FORMAT, VOLUME_FILE, n.tree.depth = VOLUME_DEPTH_MAX + 1);
	INODE_GIVES(E_VOLUME_FORMAT, VOLUME_DIRECTORY, n.tree.depth = VOLUME_DEPTH_MAX + 1);
	INODE_GIVES(E_VOLUME_FORMAT, VOLUME_FILE, n.target[0] = 1);
	INODE_GIVES(E_VOLUME_FORMAT, VOLUME_DIRECTORY, n.target[127] = 1);
}

static void long_symlink(struct volume_inode *n, uint64_t size)
{
	memset(n->target, 0, sizeof n->target);
	n->size = size;
	n->tree.root = a_ref(7);
}

TEST(symlink_has_its_target_in_the_record_or_in_a_block)
{
	INODE_GIVES(E_VOLUME_FORMAT, VOLUME_SYMLINK, n.size = 0; n.target[0] = 0);
	INODE_GIVES(E_VOLUME_FORMAT, VOLUME_SYMLINK, n.target[5] = 'x');
	INODE_GIVES(E_VOLUME_FORMAT, VOLUME_SYMLINK, n.target[127] = 'x');
	INODE_GIVES(E_VOLUME_FORMAT, VOLUME_SYMLINK, n.tree.root = a_ref(7));
	INODE_GIVES(E_VOLUME_FORMAT, VOLUME_SYMLINK, n.tree.depth = 1);
	INODE_GIVES(E_OK, VOLUME_SYMLINK, n.size = 128; memset(n.target, 'a', 128));
	INODE_GIVES(E_OK, VOLUME_SYMLINK, long_symlink(&n, 129));
	INODE_GIVES(E_OK, VOLUME_SYMLINK, long_symlink(&n, VOLUME_LINK_MAX));
	INODE_GIVES(E_VOLUME_FORMAT, VOLUME_SYMLINK, long_symlink(&n, VOLUME_LINK_MAX + 1));
	INODE_GIVES(E_VOLUME_FORMAT, VOLUME_SYMLINK, long_symlink(&n, 129); n.target[0] = 'a');
}

TEST(free_record_names_the_next_one_and_nothing_else)
{
	uint8_t out[VOLUME_INODE_SIZE] = {0};
	struct volume_inode n;

	CHECK_EQ(volume_inode_decode(&n, 9, out), E_OK);
	CHECK_EQ(n.type, 0);
	for (size_t i = 1; i < sizeof out; i++) {
		bool next = i >= 40 && i < 48;

		out[i] = 1;
		CHECK_EQ(volume_inode_decode(&n, 9, out), next ? E_OK : E_VOLUME_FORMAT);
		CHECK(!next || n.parent == (uint64_t)1 << 8 * (i - 40));
		out[i] = 0;
	}
}

int main(void)
{
	RUN(ref_is_little_endian_block_epoch_counter_tag);
	RUN(super_is_read_as_it_was_written);
	RUN(super_has_one_encoding);
	RUN(super_fields_that_no_one_writes_are_refused);
	RUN(super_of_another_version_is_refused);
	RUN(inode_is_read_as_it_was_written);
	RUN(inode_has_one_encoding);
	RUN(inode_fields_that_no_one_writes_are_refused);
	RUN(symlink_has_its_target_in_the_record_or_in_a_block);
	RUN(free_record_names_the_next_one_and_nothing_else);
	return check_report();
}
