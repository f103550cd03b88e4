/*
 * Operations that the input chooses, on a volume and on a file system in plain memory: claim: all
 * answers are the same, the volume is whole, also after it was mounted again. The first byte says
 * how much room there is.
 */
#include <stdio.h>
#include <stdlib.h>

#include "test/lib/volume_pair.h"

#define STEPS_MAX 400u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void claim(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "broken: %s\n", what);
	abort();
}

/* What comes between operations: little of it. */
static void between(struct pair *p)
{
	switch (pair_pick(p, 32)) {
	case 0:
		pair_commit(p);
		return;
	case 1:
		pair_remount(p, true);
		return;
	case 2:
		pair_remount(p, false);
		return;
	default:
		return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pair p;
	const uint64_t blocks = size > 0 && data[0] < 200 ? 64 + data[0] : 0;

	if (size == 0)
		return 0;
	pair_init(&p, 1, VOLUME_CACHE_MIN, blocks * VOLUME_BLOCK_SIZE);
	p.file_max = 1u << 18;
	p.script = data + 1;
	p.script_left = size - 1;
	for (uint32_t i = 0; i < STEPS_MAX && p.script_left > 0; i++) {
		pair_step(&p);
		between(&p);
	}
	pair_compare(&p);
	pair_commit(&p);
	claim(pair_check_volume(p.v, "at the end"), "the volume is whole");
	pair_remount(&p, true);
	pair_compare(&p);
	claim(p.wrong == 0, "volume and model agree");
	pair_fini(&p);
	return 0;
}
