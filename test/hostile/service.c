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

#include "host/service.h"
#include "test/hostile/lie.h"

#define SECRET_MAX 64

void __real_service_call(struct host_service *s, uint32_t thread, void *slot);
void __wrap_service_call(struct host_service *s, uint32_t thread, void *slot);

static pthread_mutex_t g_lock = PTHREAD_MUTEX_INITIALIZER;
static struct liar g_liar[SHARED_THREADS_MAX];
static uint32_t g_rate;
static _Atomic int64_t g_honest; /* replies at the start: or few programs would begin */
static bool g_forbidden_only, g_streams_honest;
static uint8_t g_secret[SECRET_MAX];
static size_t g_secret_size;
static uint64_t g_told[HOST_CALL_END][LIE_CLASS_END], g_leaks;

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
}

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
	return *class != LIE_SECOND_READ &&
	       !(g_forbidden_only && (*class == LIE_IN_FORM || *class == LIE_NOTHING));
}

static void lie(struct liar *liar, const struct call_request *r, uint8_t *slot)
{
	struct call_reply reply;
	enum lie_class class;

	memcpy(&reply, slot + SLOT_REPLY_OFF, sizeof(reply));
	const struct call_reply truth = reply;

	if (choose(liar, r, &class) &&
	    lie_tell(liar, class, r, &reply, slot + SHARED_SLOT_DATA_OFF) != LIE_CANNOT) {
		memcpy(slot + SLOT_REPLY_OFF, &reply, sizeof(reply));
		pthread_mutex_lock(&g_lock);
		g_told[r->call][class]++;
		pthread_mutex_unlock(&g_lock);
	}
	liar_remember(liar, &truth);
}

void __wrap_service_call(struct host_service *s, uint32_t thread, void *slot)
{
	struct call_request request;

	memcpy(&request, (uint8_t *)slot + SLOT_REQUEST_OFF, sizeof(request));
	if (g_secret_size != 0 && memmem(slot, SHARED_SLOT_SIZE, g_secret, g_secret_size)) {
		pthread_mutex_lock(&g_lock);
		g_leaks++;
		pthread_mutex_unlock(&g_lock);
	}
	__real_service_call(s, thread, slot);
	lie(&g_liar[thread], &request, slot);
}
