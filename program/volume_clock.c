/*
 * The time of a volume's changes.
 * Trust: the time is the host's word.
 * Invariant: it never goes back.
 */
#include "program/volume_clock.h"

#include "hostcall/hostcall.h"

uint64_t volume_clock_now(void *context)
{
	struct volume_clock *c = context;
	uint64_t ns;

	if (c->uses != 0 && c->uses < VOLUME_CLOCK_USES && hostcall_count() == c->calls) {
		c->uses++;
		return c->ns;
	}
	if (hostcall_clock(HOST_CLOCK_REALTIME, &ns) == HOST_SUCCESS && ns > c->ns)
		c->ns = ns;
	c->calls = hostcall_count();
	c->uses = 1;
	return c->ns;
}
