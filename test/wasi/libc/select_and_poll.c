/* poll and select over standard input and output, and their timeouts. */
#include <assert.h>
#include <poll.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
	char buf[8];
	struct pollfd p[] = {{.fd = 0, .events = POLLRDNORM}, {.fd = 1, .events = POLLWRNORM}};
	struct timeval wait = {.tv_sec = 20};
	fd_set in, out;

	assert(poll(p, 1, 20000) == 1 && p[0].revents & POLLRDNORM);
	assert(poll(p, 2, 20000) >= 1 && p[1].revents & POLLWRNORM);
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(0, &in);
	FD_SET(1, &out);
	assert(select(2, &in, &out, NULL, &wait) == 2 && FD_ISSET(0, &in) && FD_ISSET(1, &out));
	assert(read(0, buf, sizeof(buf)) == 5);
	p[0].fd = 55;
	assert(poll(p, 1, 20000) == 1 && p[0].revents & POLLNVAL);
	return 0;
}
