/* Two descriptors that append to one file: each write goes behind the other's last. */
#include "test/wasi/program.h"

int main(void)
{
	const uint32_t a = open_at(ROOT, "f", CREATE, BOTH, __WASI_FDFLAGS_APPEND);
	const uint32_t b = open_at(ROOT, "f", 0, BOTH, __WASI_FDFLAGS_APPEND);

	for (int i = 0; i < 4; i++) {
		put(a, "a");
		put(b, "b");
	}
	put(a, "A");
	CHECK(stat_fd(b).size == 9);
	CHECK(holds("f", "ababababA"));
	return 0;
}
