/* The number of files in the enclave's memory has an end as well, whatever they hold; then all can go again. */
#include "test/wasi/program.h"

static size_t name(char *out, uint32_t n)
{
	out[0] = 'f';
	for (int i = 6; i > 0; i--, n /= 10)
		out[i] = (char)('0' + n % 10);
	return 7;
}

static uint32_t make_all(void)
{
	char p[8];
	uint32_t n = 0;

	for (; n < 1000000; n++) {
		const uint32_t e = wasi_path_create_directory(ROOT, p, name(p, n));

		if (e == 0)
			continue;
		CHECK(e == __WASI_ERRNO_NOSPC);
		break;
	}
	return n;
}

int main(void)
{
	const uint32_t count = make_all();
	char p[8];

	CHECK(count > 100 && count < 1000000);
	for (uint32_t i = 0; i < count; i++)
		OK(path_remove_directory(ROOT, p, name(p, i)));
	CHECK(make_all() == count);
	return 0;
}
