/*
 * Two queues that grow and keep everything, under one mutex.
 */
#include "test/lib/wire.h"

#include <stdlib.h>
#include <string.h>

void wire_init(struct wire *w)
{
	memset(w, 0, sizeof *w);
	pthread_mutex_init(&w->mutex, NULL);
	pthread_cond_init(&w->changed, NULL);
	for (unsigned i = 0; i < 2; i++) {
		w->way[i].cut_at = w->way[i].flip_at = WIRE_NEVER;
		w->end[i] = (struct wire_end){.wire = w, .in = 1 - i, .out = i};
	}
}

void wire_fini(struct wire *w)
{
	free(w->way[0].sent);
	free(w->way[1].sent);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->mutex);
}

static void way_put(struct wire_way *way, uint8_t byte)
{
	if (way->size == way->room) {
		way->room = way->room ? 2 * way->room : 4096;
		way->sent = realloc(way->sent, way->room);
		if (!way->sent)
			abort();
	}
	way->sent[way->size++] = byte;
}

static void way_append(struct wire_way *way, const uint8_t *p, size_t size)
{
	for (size_t i = 0; i < size && !way->ended; i++) {
		const bool flip = way->size == way->flip_at;

		if (way->size == way->cut_at) {
			way->ended = way->hit = true;
		} else {
			way_put(way, (uint8_t)(p[i] ^ (flip ? way->flip : 0)));
			way->hit |= flip;
		}
	}
}

/* Waits until there is something to take, or an end. */
static void way_wait(struct wire *w, struct wire_way *way)
{
	w->waiting++;
	while (way->taken == way->size && !way->ended) {
		if (w->waiting == 2 && w->way[0].taken == w->way[0].size &&
		    w->way[1].taken == w->way[1].size) {
			w->way[0].ended = w->way[1].ended = true;
			pthread_cond_broadcast(&w->changed);
		} else {
			pthread_cond_wait(&w->changed, &w->mutex);
		}
	}
	w->waiting--;
}

static enum err wire_send(void *context, const void *p, size_t size, size_t *sent)
{
	struct wire_end *end = context;
	struct wire *w = end->wire;

	pthread_mutex_lock(&w->mutex);
	way_append(&w->way[end->out], p, size);
	*sent = size;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->mutex);
	return E_OK;
}

static enum err wire_receive(void *context, void *p, size_t max, size_t *got)
{
	struct wire_end *end = context;
	struct wire *w = end->wire;
	struct wire_way *way = &w->way[end->in];

	pthread_mutex_lock(&w->mutex);
	way_wait(w, way);
	size_t n = way->size - way->taken;

	if (n > max)
		n = max;
	if (way->piece > 0 && n > way->piece)
		n = way->piece;
	if (n > 0)
		memcpy(p, way->sent + way->taken, n);
	way->taken += n;
	*got = n;
	pthread_mutex_unlock(&w->mutex);
	return E_OK;
}

struct channel_transport wire_transport(struct wire *w, unsigned end)
{
	return (struct channel_transport){
		.context = &w->end[end], .send = wire_send, .receive = wire_receive};
}

void wire_end_of(struct wire *w, unsigned end)
{
	pthread_mutex_lock(&w->mutex);
	w->way[w->end[end].out].ended = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->mutex);
}
