/*
 * A stream between two ends in one process, each of which may block in a thread of its own: what a
 * connected socket would be, with an attacker in the middle who cuts, changes and listens. When both
 * ends wait for each other, the stream ends, as it would by their deadlines.
 */
#ifndef TEST_LIB_WIRE_H
#define TEST_LIB_WIRE_H

#include <pthread.h>

#include "channel/channel.h"

#define WIRE_NEVER SIZE_MAX

/* One direction. Fill in what is to go wrong before the ends are used. */
struct wire_way {
	size_t cut_at;	/* the stream ends before this byte; WIRE_NEVER: it does not */
	size_t flip_at; /* this byte is changed by `flip` */
	uint8_t flip;
	size_t piece; /* at most so many bytes at a time; 0: as many as there are */

	uint8_t *sent; /* all that went in, for those who listen */
	size_t size, room;
	size_t taken;
	bool ended;
	bool hit; /* what was to go wrong, did */
};

struct wire_end {
	struct wire *wire;
	unsigned in, out; /* index of the ways */
};

struct wire {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct wire_way way[2]; /* 0: from end 0 to end 1; 1: back */
	struct wire_end end[2];
	unsigned waiting;
};

void wire_init(struct wire *w);
void wire_fini(struct wire *w);

/* The transport of one end, 0 or 1. */
struct channel_transport wire_transport(struct wire *w, unsigned end);

/* This end sends nothing more. */
void wire_end_of(struct wire *w, unsigned end);

#endif
