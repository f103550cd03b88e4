/*
 * What both devices share: the reservation of ELRANGE and the words of a refusal.
 * Trust: callers are this process; nothing here comes from an enclave.
 */
#include "host/device/device.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>

#include "host/device/refusal.h"

static _Thread_local char g_refusal[512];

const char *device_last_refusal(void)
{
	return g_refusal;
}

void device_refuse_nothing(void)
{
	g_refusal[0] = 0;
}

int device_refuse(int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(g_refusal, sizeof g_refusal, format, args);
	va_end(args);
	return error;
}

void device_hex(char *out, const uint8_t *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < size; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * size] = 0;
}

/*
 * Twice the size, so that an aligned part of the wanted size is somewhere in it; the rest is given
 * back. PROT_NONE memory costs nothing, but RLIMIT_AS counts it.
 */
int device_reserve(struct device *d, uint64_t size)
{
	if (size < 4096 || (size & (size - 1)) != 0 || size > (uint64_t)1 << 46)
		return EINVAL;

	void *p =
		mmap(NULL, 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return errno;
	uint64_t start = (uint64_t)(uintptr_t)p;
	uint64_t base = (start + size - 1) & ~(size - 1);
	uint64_t end = start + 2 * size;

	if (base > start)
		munmap(p, base - start);
	if (end > base + size)
		munmap((uint8_t *)p + (base + size - start), end - (base + size));
	d->base = base;
	d->size = size;
	return 0;
}
