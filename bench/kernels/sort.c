/* Quicksort of 20,000 numbers, then a walk through a linked list of them, n times. */
#include "kernel.h"

#define COUNT 20000

struct node {
	struct node *next;
	uint32_t value;
};

static uint32_t numbers[COUNT];
static struct node nodes[COUNT];

static void sort(int lo, int hi)
{
	while (lo < hi) {
		uint32_t pivot = numbers[(lo + hi) / 2];
		int i = lo, j = hi;

		while (i <= j) {
			while (numbers[i] < pivot)
				i++;
			while (numbers[j] > pivot)
				j--;
			if (i <= j) {
				uint32_t t = numbers[i];

				numbers[i++] = numbers[j];
				numbers[j--] = t;
			}
		}
		sort(lo, j);
		lo = i;
	}
}

static uint32_t walk(uint32_t seed)
{
	uint32_t sum = 0;
	struct node *end = &nodes[0], *head = end;

	for (int i = 0; i < COUNT; i++) {
		struct node *p = &nodes[kernel_random(&seed) % COUNT];

		p->value += numbers[i];
		if (!p->next && p != end) {
			p->next = head;
			head = p;
		}
	}
	for (struct node *p = head; p != end; p = p->next)
		sum = sum * 31 + p->value;
	for (int i = 0; i < COUNT; i++)
		nodes[i].next = 0;
	return sum;
}

uint64_t run(uint32_t n)
{
	uint32_t seed = 3;
	uint64_t sum = 0;

	for (uint32_t round = 0; round < n; round++) {
		for (int i = 0; i < COUNT; i++)
			numbers[i] = kernel_random(&seed);
		sort(0, COUNT - 1);
		sum += walk(seed) + numbers[round % COUNT];
	}
	return sum;
}
