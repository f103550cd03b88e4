/*
 * The records behind a volume's seal, as a broken or newer runtime could have written them. First byte:
 * which record; what is missing of it is zeros. Claims: whatever is accepted has one encoding, the
 * one that it was read from, and stays within the limits that others count on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "volume/format.h"
#include "volume/impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_claim(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "broken: %s\n", what);
	abort();
}

static void fuzz_super(const uint8_t in[VOLUME_SUPER_SIZE])
{
	uint8_t again[VOLUME_SUPER_SIZE];
	struct volume_super s;

	if (volume_super_decode(&s, in) != E_OK)
		return;
	fuzz_claim(s.used_count <= s.block_count, "more in use than there is");
	fuzz_claim(s.inode_free == 0 || s.inode_free < s.inode_count, "a free inode that is none");
	fuzz_claim(s.inode_count <= (uint64_t)VOLUME_BLOCKS_MAX * 16, "more inodes than fit");
	fuzz_claim(s.epochs.depth <= VOLUME_DEPTH_MAX && s.map.depth <= VOLUME_DEPTH_MAX &&
			   s.table.depth <= VOLUME_DEPTH_MAX,
		   "a tree too deep");
	volume_super_encode(again, &s);
	fuzz_claim(memcmp(again, in, sizeof again) == 0, "a superblock with two encodings");
}

static void fuzz_inode(const uint8_t in[VOLUME_INODE_SIZE])
{
	uint8_t again[VOLUME_INODE_SIZE];
	struct volume_inode n;

	if (volume_inode_decode(&n, 99, in) != E_OK)
		return;
	fuzz_claim(n.type < VOLUME_TYPE_END && n.tree.ino == 99, "a file that is nothing");
	fuzz_claim(n.size <= VOLUME_FILE_MAX && n.tree.depth <= VOLUME_DEPTH_MAX, "too large");
	fuzz_claim(n.type != VOLUME_SYMLINK || (n.size > 0 && n.size <= VOLUME_LINK_MAX),
		   "a link too long");
	volume_inode_encode(again, &n);
	fuzz_claim(memcmp(again, in, sizeof again) == 0, "an inode with two encodings");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t record[VOLUME_SUPER_SIZE] = {0};

	if (size == 0)
		return 0;
	if (size - 1 > 0)
		memcpy(record, data + 1, size - 1 < sizeof record ? size - 1 : sizeof record);
	if (data[0] % 2 == 0)
		fuzz_super(record);
	else
		fuzz_inode(record);
	return 0;
}
