/*
 * Random numbers of the host side.
 * Trust: the kernel's getrandom.
 */
#include "host/base/random.h"

#include <errno.h>
#include <sys/random.h>

enum err host_random(UNUSED void *context, void *out, size_t size)
{
	uint8_t *p = out;

	while (size > 0) {
		const ssize_t n = getrandom(p, size, 0);

		if (n < 0 && errno != EINTR)
			return E_CRYPTO;
		if (n > 0) {
			p += n;
			size -= (size_t)n;
		}
	}
	return E_OK;
}
