/* Eight megabytes in one call each way, and over the end. */
#include "test/wasi/program.h"

static uint32_t g_a[2 << 20], g_b[(2 << 20) + 1024];

int main(void)
{
	const uint32_t fd = open_file("f", CREATE, BOTH);
	size_t done, total = 0;

	for (uint32_t i = 0; i < 2 << 20; i++)
		g_a[i] = i * 2654435761u;
	while (total < sizeof(g_a)) {
		OK(fd_write(fd, IOV((uint8_t *)g_a + total, sizeof(g_a) - total), &done));
		CHECK(done > 0);
		total += done;
	}
	for (total = 0;; total += done) {
		OK(fd_pread(fd, IOV((uint8_t *)g_b + total, sizeof(g_b) - total), total, &done));
		if (done == 0)
			break;
	}
	CHECK(total == sizeof(g_a));
	CHECK(memcmp(g_a, g_b, sizeof(g_a)) == 0);
	return 0;
}
