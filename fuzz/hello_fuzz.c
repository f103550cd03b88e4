/* The hello of a delivery and its answer under arbitrary bytes: whatever decodes encodes to the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "host/deploy/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t again[HELLO_SIZE];
	enum hello_status status;
	struct hello hello;

	if (size == HELLO_SIZE && hello_decode(&hello, data) == E_OK) {
		hello_encode(again, &hello);
		if (memcmp(again, data, size) != 0)
			abort();
	}
	if (size == HELLO_ANSWER_SIZE && hello_answer_decode(&status, data) == E_OK) {
		hello_answer_encode(again, status);
		if (memcmp(again, data, size) != 0 || !hello_status_words(status))
			abort();
	}
	return 0;
}
