/*
 * Tagged evidence and claims under arbitrary bytes: whatever decodes as ours encodes to the same bytes, and
 * no bytes are claims of ours and of somebody else.
 */
#include <stdlib.h>
#include <string.h>

#include "channel/evidence.h"
#include "channel/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void claims(const uint8_t *data, size_t size)
{
	struct identity id, foreign;
	uint8_t again[IDENTITY_CLAIMS_MAX];
	struct writer w;
	const bool ours = identity_decode(&id, data, size) == E_OK;

	writer_init(&w, again, sizeof again);
	if (ours &&
	    (identity_claims(&w, &id) != E_OK || w.len != size || memcmp(again, data, size) != 0))
		abort();
	if (identity_decode_foreign(&foreign, data, size) == E_OK &&
	    (ours || foreign.domain != IDENTITY_FOREIGN || foreign.nonce_size > IDENTITY_NONCE_MAX))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct evidence e;

	claims(data, size);
	if (evidence_decode(&e, data, size) == E_OK) {
		uint8_t *again = malloc(size);
		struct writer w;

		if (!again)
			abort();
		writer_init(&w, again, size);
		if (evidence_encode(&w, &e) != E_OK || w.len != size ||
		    memcmp(again, data, size) != 0)
			abort();
		free(again);
		claims(e.claims, e.claims_size);
	}
	return 0;
}
