/* getentropy gives up to 256 bytes, never the same. */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
	unsigned char a[256], b[256], more[257];

	assert(getentropy(a, sizeof(a)) == 0 && getentropy(b, sizeof(b)) == 0);
	assert(memcmp(a, b, sizeof(a)) != 0);
	assert(getentropy(more, sizeof(more)) == -1 && errno == EIO);
	return 0;
}
