/* Arguments arrive in order and byte for byte, the pointers lie one behind the other's text. */
#include "test/wasi/program.h"

int main(void)
{
	static const char *const want[] = {"", "two words", "-x=1", "gr\xc3\xbc\xc3\x9f", "a"};
	uint32_t count, size;
	char *argv[8], buf[256];

	OK(args_sizes_get(&count, &size));
	CHECK(count == 6);
	CHECK(size <= sizeof(buf));
	memset(buf, 'x', sizeof(buf));
	OK(args_get(argv, buf));
	CHECK(argv[0] == buf);
	for (uint32_t i = 0; i < 5; i++) {
		CHECK(argv[i + 1] == argv[i] + strlen(argv[i]) + 1);
		CHECK(strcmp(argv[i + 1], want[i]) == 0);
	}
	CHECK(argv[5] + strlen(argv[5]) + 1 == buf + size);
	CHECK(size == sizeof(buf) || buf[size] == 'x');
	return 0;
}
