/*
 * The image reader under arbitrary bytes: it reads nothing beyond them, and what it accepts gives
 * disjoint pages inside ELRANGE, each once.
 */
#include <stdlib.h>

#include "sgx/arch.h"
#include "sgx/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct walk {
	uint64_t elrange_size;
	size_t left; /* pages to look at: a huge image is not walked to its end */
	uint64_t sum;
};

static enum err walk_page(void *context, uint64_t off, uint64_t flags, const uint8_t page[4096])
{
	struct walk *w = context;

	if (off % SGX_PAGE_SIZE != 0 || off >= w->elrange_size ||
	    (flags & SECINFO_W && flags & SECINFO_X))
		abort();
	for (size_t i = 0; i < SGX_PAGE_SIZE; i++)
		w->sum += page[i];
	return w->left-- > 1 ? E_OK : E_BUSY;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sgx_image image;
	struct walk walk = {.left = 64};
	enum err err;

	if (sgx_image_open(&image, data, size) != E_OK)
		return 0;
	walk.elrange_size = image.layout.elrange_size;
	err = sgx_image_each_page(&image, walk_page, &walk);
	if (err != E_OK && err != E_BUSY)
		abort();
	return 0;
}
