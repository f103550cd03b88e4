/*
 * The host-call service of the retwine command, made to lie: it stands around service_call in the program
 * `retwine-hostile`, which only the tests have. By the environment:
 *   RETWINE_LIES    "SEED RATE KIND": one reply in RATE, of the classes of KIND: "forbidden" those outside
 *                   the rules alone, "any" all; a '-' behind KIND leaves the standard streams honest
 *   RETWINE_SECRET  bytes (in hexadecimal digits) that must not be in what the enclave hands out
 *   RETWINE_TOLD    where the counts go at the end: "call class count" lines, then "leaks N"
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/service/service.h"
#include "host/shared_area.h"
#include "test/hostile/lie.h"

#define SECRET_MAX 64

void __real_service_call(struct host_service *s, uint32_t thread, void *slot);
void __wrap_service_call(struct host_service *s, uint32_t thread, void *slot);
void __real_shared_area_fini(struct shared_area *area);
void __wrap_shared_area_fini(struct shared_area *area);

static pthread_mutex_t g_lock = PTHREAD_MUTEX_INITIALIZER;
static struct liar g_liar[SHARED_THREADS_MAX];
static uint32_t g_rate;
static _Atomic int64_t g_honest; /* replies at the start: or few programs would begin */
static bool g_forbidden_only, g_streams_honest;
static uint8_t g_secret[SECRET_MAX];
static size_t g_secret_size;
static uint64_t g_told[HOST_CALL_END][LIE_CLASS_END], g_leaks;

static void *racer(void *unused);

/* Opened before the command gives up its right to open files. */
static FILE *g_report;

static void report(void)
{
	FILE *f = g_report;

	for (uint32_t call = 1; call < HOST_CALL_END; call++)
		for (uint32_t class = 0; class < LIE_CLASS_END; class ++)
			if (g_told[call][class] != 0)
				fprintf(f, "%s %s %" PRIu64 "\n", lie_call_name(call),
					lie_class_name((enum lie_class) class),
					g_told[call][class]);
	fprintf(f, "leaks %" PRIu64 "\n", g_leaks);
	fclose(f);
}

__attribute__((constructor)) static void start(void)
{
	const char *lies = getenv("RETWINE_LIES"), *secret = getenv("RETWINE_SECRET");
	const char *path = getenv("RETWINE_TOLD");
	unsigned long long seed = 1;
	char kind[16] = "any";

	if (lies && sscanf(lies, "%llu %" SCNu32 " %15s", &seed, &g_rate, kind) != 3)
		exit(2);
	g_forbidden_only = strncmp(kind, "forbidden", 9) == 0;
	g_streams_honest = kind[strlen(kind) - 1] == '-';
	for (uint32_t i = 0; i < SHARED_THREADS_MAX; i++)
		g_liar[i].random = (seed * 64 + i + 1) * 0x9e3779b97f4a7c15u;
	g_honest = liar_pick(&g_liar[0], 2) * liar_pick(&g_liar[0], 50);
	for (; secret && g_secret_size < SECRET_MAX; g_secret_size++, secret += 2) {
		unsigned byte;

		if (sscanf(secret, "%2x", &byte) != 1)
			break;
		g_secret[g_secret_size] = (uint8_t)byte;
	}
	g_report = path ? fopen(path, "w") : NULL;
	if (g_report)
		atexit(report);
	pthread_t thread;

	if (g_rate != 0 && pthread_create(&thread, NULL, racer, NULL) != 0)
		exit(2);
}

/* ---- a reply that changes while it is read ---- */

static pthread_cond_t g_wake = PTHREAD_COND_INITIALIZER;
static atomic_bool g_racing, g_spinning;
static uint32_t g_race_thread;
static _Atomic uint64_t *g_race_reply;

/* Truth and lie by turns, in whole words: value, and size of the output. */
static void race(void)
{
	_Atomic uint64_t *value = &g_race_reply[1], *size = &g_race_reply[2];
	const uint64_t truth[2] = {*value, *size};

	atomic_store(&g_spinning, true);
	while (atomic_load(&g_racing)) {
		atomic_store(value, UINT64_MAX);
		atomic_store(size, UINT32_MAX);
		atomic_store(value, truth[0]);
		atomic_store(size, truth[1]);
	}
	atomic_store(&g_spinning, false);
}

static void *racer(void *unused)
{
	for (;;) {
		pthread_mutex_lock(&g_lock);
		while (!atomic_load(&g_racing))
			pthread_cond_wait(&g_wake, &g_lock);
		pthread_mutex_unlock(&g_lock);
		race();
	}
	return unused;
}

/* False: there is a race already. */
static bool race_begin(uint32_t thread, uint8_t *slot)
{
	pthread_mutex_lock(&g_lock);
	const bool begins = !atomic_load(&g_racing) && !atomic_load(&g_spinning);

	if (begins) {
		g_race_thread = thread;
		g_race_reply = (_Atomic uint64_t *)(void *)(slot + SLOT_REPLY_OFF);
		atomic_store(&g_racing, true);
		pthread_cond_signal(&g_wake);
	}
	pthread_mutex_unlock(&g_lock);
	while (begins && !atomic_load(&g_spinning))
		;
	return begins;
}

static void race_end(void)
{
	atomic_store(&g_racing, false);
	while (atomic_load(&g_spinning))
		;
}

/* The slots go: no race any more. */
void __wrap_shared_area_fini(struct shared_area *area)
{
	race_end();
	__real_shared_area_fini(area);
}

/* ---- lies ---- */

/* Is the call about a standard stream? */
static bool is_stream(const struct call_request *r)
{
	return (r->call == HOST_CALL_READ || r->call == HOST_CALL_WRITE ||
		r->call == HOST_CALL_STAT || r->call == HOST_CALL_CLOSE ||
		r->call == HOST_CALL_SET_FLAGS) &&
	       r->arg[0] < HOST_HANDLE_MOUNTS;
}

static bool choose(struct liar *liar, const struct call_request *r, enum lie_class *class)
{
	if (g_rate == 0 || --g_honest >= 0 || !lie_call_name(r->call) ||
	    (g_streams_honest && is_stream(r)) || liar_pick(liar, g_rate) != 0)
		return false;
	*class = (enum lie_class)liar_pick(liar, LIE_CLASS_END);
	return !(g_forbidden_only && (*class == LIE_IN_FORM || *class == LIE_NOTHING));
}

static void count(uint32_t call, enum lie_class class)
{
	pthread_mutex_lock(&g_lock);
	g_told[call][class]++;
	pthread_mutex_unlock(&g_lock);
}

static void lie(uint32_t thread, const struct call_request *r, uint8_t *slot)
{
	struct liar *liar = &g_liar[thread];
	struct call_reply reply;
	enum lie_class class;

	memcpy(&reply, slot + SLOT_REPLY_OFF, sizeof(reply));
	const struct call_reply truth = reply;

	if (!choose(liar, r, &class)) {
		;
	} else if (class == LIE_SECOND_READ) {
		if (race_begin(thread, slot))
			count(r->call, class);
	} else if (lie_tell(liar, class, r, &reply, slot + SHARED_SLOT_DATA_OFF) != LIE_CANNOT) {
		memcpy(slot + SLOT_REPLY_OFF, &reply, sizeof(reply));
		count(r->call, class);
	}
	liar_remember(liar, &truth);
}

void __wrap_service_call(struct host_service *s, uint32_t thread, void *slot)
{
	struct call_request request;

	if (atomic_load(&g_racing) && g_race_thread == thread)
		race_end();
	memcpy(&request, (uint8_t *)slot + SLOT_REQUEST_OFF, sizeof(request));
	if (g_secret_size != 0 && memmem(slot, SHARED_SLOT_SIZE, g_secret, g_secret_size)) {
		pthread_mutex_lock(&g_lock);
		g_leaks++;
		pthread_mutex_unlock(&g_lock);
	}
	__real_service_call(s, thread, slot);
	g_liar[thread].taken[0] = (struct host_map){s->device->base, s->device->size};
	lie(thread, &request, slot);
}
