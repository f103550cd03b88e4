/*
 * Numbers that a run of the oracle makes from its seed alone.
 */
#ifndef TEST_VERIFIER_ORACLE_RANDOM_H
#define TEST_VERIFIER_ORACLE_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct random {
	uint64_t state; /* not 0 */
};

/* A number that says nothing of `n` any more (the finalizer of SplitMix64). */
static inline uint64_t random_mix(uint64_t n)
{
	n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9u;
	n = (n ^ n >> 27) * 0x94d049bb133111ebu;
	return n ^ n >> 31;
}

static inline struct random random_start(uint64_t seed)
{
	return (struct random){random_mix(seed + 0x9e3779b97f4a7c15u) | 1};
}

static inline uint64_t random_next(struct random *r)
{
	r->state += 0x9e3779b97f4a7c15u;
	return random_mix(r->state);
}

static inline uint32_t random_below(struct random *r, uint32_t n)
{
	return (uint32_t)(((random_next(r) >> 32) * n) >> 32);
}

/* True once in n times. */
static inline bool random_one_in(struct random *r, uint32_t n)
{
	return random_below(r, n) == 0;
}

#endif
