/*
 * Replies of AESM: the first byte chooses what was asked, the rest is the message. Whatever it is,
 * what is accepted has sizes that it can have, and a quote is cut inside its bytes.
 */
#include "host/quoting/aesm.h"

#include <stdlib.h>
#include <string.h>

static void check_quote(const struct aesm_reply *reply)
{
	size_t size = 0;
	uint8_t *exact = malloc(reply->size + (reply->size == 0));

	must(exact != NULL);
	memcpy(exact, reply->data, reply->size);
	if (aesm_quote_trim(&size, exact, reply->size) == E_OK)
		must(size > 436 && size <= reply->size);
	free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct aesm_reply reply;

	if (size == 0)
		return 0;
	const enum aesm_kind kind = data[0] % 5;

	memset(&reply, 0xa5, sizeof reply);
	if (aesm_reply_decode(&reply, kind, data + 1, size - 1) != E_OK)
		return 0;
	must(aesm_words(reply.error) != NULL);
	if (reply.error != 0) {
		must(reply.size == 0 && reply.count == 0);
		must(aesm_errno(reply.error) != HOST_SUCCESS);
		return 0;
	}
	must(reply.size <= sizeof reply.data);
	must(kind != AESM_INIT_QUOTE || reply.size == HOST_QUOTE_TARGET_SIZE);
	must(kind != AESM_LIST_KEYS || reply.size % AESM_KEY_ID_SIZE == 0);
	must(kind != AESM_COUNT_KEYS || reply.count <= AESM_KEYS_MAX);
	must(kind != AESM_GET_QUOTE_SIZE || reply.count <= HOST_QUOTE_MAX);
	if (kind == AESM_GET_QUOTE)
		check_quote(&reply);
	return 0;
}
