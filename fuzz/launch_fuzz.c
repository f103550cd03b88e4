/*
 * The launch record under arbitrary bytes: decoding reads nothing beyond them, and whatever decodes
 * encodes to the same bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "launch/launch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct launch_record record;
	struct launch_digests digests;
	struct arena arena = {0};
	struct writer w;

	if (launch_decode(&record, &arena, data, size) == E_OK) {
		uint8_t *again = malloc(size);

		if (!again)
			abort();
		writer_init(&w, again, size);
		if (launch_encode(&record, &w) != E_OK || w.len != size ||
		    memcmp(again, data, size) != 0)
			abort();
		launch_measure(&record, &digests);
		free(again);
	}
	arena_fini(&arena);
	return 0;
}
