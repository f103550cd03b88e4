/*
 * platform_random: a CTR-DRBG under a lock, seeded from RDRAND and, after a number of requests that
 * the library sets, from there again.
 * Trust: RDRAND. Its failure, and a CPU that repeats itself, are found and end in an error.
 * Invariant: g_drbg, g_last and the tables that the library's AES makes at its first use are touched
 * under g_lock alone, over which no host call is made; g_seeded says whether it may be asked.
 */
#include "platform/platform.h"

#include <stdatomic.h>
#include <string.h>

#include "base/wipe.h"
#include "crypto/drbg.h"
#include "platform/rdrand.h"

#define RDRAND_TRIES 32 /* Intel's guide says 10; more costs nothing */

static struct drbg g_drbg;
static bool g_seeded;
static uint64_t g_last; /* RDRAND's last word */
static atomic_flag g_lock = ATOMIC_FLAG_INIT;

static void random_lock(void)
{
	while (atomic_flag_test_and_set_explicit(&g_lock, memory_order_acquire))
		__builtin_ia32_pause();
}

static void random_unlock(void)
{
	atomic_flag_clear_explicit(&g_lock, memory_order_release);
}

/* A word that is not the last one again: some CPUs have come out of sleep with a stuck generator.
 */
static bool rdrand_word(uint64_t *out)
{
	for (int i = 0; i < RDRAND_TRIES; i++) {
		uint64_t word;

		if (rdrand_once(&word)) {
			bool fresh = word != g_last;

			g_last = word;
			*out = word;
			return fresh;
		}
		__builtin_ia32_pause();
	}
	return false;
}

static bool rdrand_entropy(void *context UNUSED, uint8_t *out, size_t size)
{
	uint64_t word = 0;
	size_t done = 0;

	while (done < size) {
		size_t n = size - done < sizeof word ? size - done : sizeof word;

		if (!rdrand_word(&word)) {
			wipe(out, size);
			return false;
		}
		memcpy(out + done, &word, n);
		done += n;
	}
	wipe(&word, sizeof word);
	return true;
}

static enum err random_locked(void *out, size_t size)
{
	if (!g_seeded && drbg_init(&g_drbg, rdrand_entropy, NULL) != E_OK)
		return E_STATE;
	g_seeded = true;
	return drbg_random(&g_drbg, out, size) == E_OK ? E_OK : E_STATE;
}

enum err platform_random(void *out, size_t size)
{
	enum err err;

	random_lock();
	err = random_locked(out, size);
	random_unlock();
	if (err != E_OK)
		wipe(out, size);
	return err;
}
