/*
 * Certificates under arbitrary bytes. What is accepted is accepted by both checks, and what it points to
 * lies in the bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "channel/certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(const uint8_t *data, size_t size, const struct certificate_evidence *e)
{
	if (e->quote < data || e->quote_size > size || e->quote + e->quote_size > data + size ||
	    e->claims < data || e->claims_size > size || e->claims + e->claims_size > data + size)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct certificate_evidence ours, any;
	const bool good = certificate_check(&ours, data, size) == E_OK;
	const bool any_good = certificate_check_any(&any, data, size) == E_OK;

	if (good && (!any_good || ours.identity.domain != IDENTITY_CHANNEL))
		abort();
	if (good)
		inside(data, size, &ours);
	if (any_good)
		inside(data, size, &any);
	return 0;
}
