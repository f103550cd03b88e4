/* Clocks: the monotonic one does not go back, a sleep takes its time, randomness differs. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static long long now(clockid_t id)
{
	struct timespec t = {0};
	if (clock_gettime(id, &t) != 0)
		return -1;
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(void)
{
	long long last = now(CLOCK_MONOTONIC);
	int backwards = 0;
	for (int i = 0; i < 1000; i++) {
		long long t = now(CLOCK_MONOTONIC);
		backwards += t < last;
		last = t;
	}
	printf("backwards %d\n", backwards);

	struct timespec pause = {.tv_nsec = 20000000};
	nanosleep(&pause, NULL);
	printf("slept %s\n", now(CLOCK_MONOTONIC) - last >= 20000000 ? "enough" : "too little");
	printf("after 2020 %s\n", now(CLOCK_REALTIME) > 1577836800000000000LL ? "yes" : "no");

	static unsigned char a[100000], b[100000];
	for (size_t i = 0; i < sizeof(a); i += 250) {
		getentropy(a + i, 250);
		getentropy(b + i, 250);
	}
	unsigned zeros = 0;
	for (size_t i = 0; i < sizeof(a); i++)
		zeros += a[i] == 0;
	printf("random %s\n", memcmp(a, b, sizeof(a)) != 0 && zeros < 1000 ? "differs" : "repeats");
	return 0;
}
