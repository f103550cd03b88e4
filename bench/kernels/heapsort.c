/* Heapsort of 20,000 doubles, then a merge sort of 20,000 pairs, n times. */
#include "kernel.h"

#define COUNT 20000

struct pair {
	uint32_t key, value;
};

static double heap[COUNT];
static struct pair pairs[COUNT], spare[COUNT];

static void sift(int at, int end)
{
	double moved = heap[at];

	for (int child; (child = 2 * at + 1) < end; at = child) {
		if (child + 1 < end && heap[child] < heap[child + 1])
			child++;
		if (heap[child] <= moved)
			break;
		heap[at] = heap[child];
	}
	heap[at] = moved;
}

static void heapsort(void)
{
	for (int i = COUNT / 2; i-- > 0;)
		sift(i, COUNT);
	for (int end = COUNT - 1; end > 0; end--) {
		double last = heap[end];

		heap[end] = heap[0];
		heap[0] = last;
		sift(0, end);
	}
}

static void mergesort(struct pair *from, struct pair *to)
{
	for (int run = 1; run < COUNT; run *= 2) {
		for (int lo = 0; lo < COUNT; lo += 2 * run) {
			int middle = lo + run < COUNT ? lo + run : COUNT;
			int hi = middle + run < COUNT ? middle + run : COUNT;

			for (int i = lo, j = middle, k = lo; k < hi; k++)
				to[k] = j >= hi || (i < middle && from[i].key <= from[j].key)
						? from[i++]
						: from[j++];
		}
		struct pair *t = from;

		from = to, to = t;
	}
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 1;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t j = 0; j < COUNT; j++) {
			heap[j] = kernel_random(&seed);
			pairs[j] = (struct pair){kernel_random(&seed), j};
		}
		heapsort();
		mergesort(pairs, spare);
		sum = sum * 31 + (uint64_t)heap[i % COUNT] + spare[i % COUNT].value;
	}
	return sum;
}
