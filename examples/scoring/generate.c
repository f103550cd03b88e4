/* Makes applicants: integer arithmetic on one xorshift generator with a fixed seed. */
#include "scoring.h"

#include <string.h>

struct random {
	uint64_t state;
};

/* xorshift64* (Vigna, 2016): the upper half is used. */
static uint32_t random_next(struct random *r)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return (uint32_t)(r->state * 2685821657736338717u >> 32);
}

/* 0..n-1 */
static uint32_t random_below(struct random *r, uint32_t n)
{
	return (uint32_t)((uint64_t)random_next(r) * n >> 32);
}

/* 0..n-1, small values more often: the least of two. */
static uint32_t random_low(struct random *r, uint32_t n)
{
	uint32_t a = random_below(r, n), b = random_below(r, n);
	return a < b ? a : b;
}

static struct applicant make_applicant(struct random *r, uint32_t id)
{
	struct applicant a = {.id = id};
	a.age = 18 + random_below(r, 60);
	a.years_employed = random_low(r, a.age - 17);
	a.income =
		12000 + 250 * random_low(r, 300) + 600 * a.years_employed + random_below(r, 1000);
	a.debt = (uint32_t)((uint64_t)a.income * random_low(r, 1500) / 1000);
	a.amount = 500 + 100 * random_low(r, 500);
	a.utilization = random_below(r, 4) == 0 ? random_below(r, 1001) : random_low(r, 1001);
	a.late = random_below(r, 3) == 0 ? random_low(r, 9) : 0;
	a.inquiries = random_low(r, 10);
	a.home = (enum home)random_below(r, HOME_END);
	a.purpose = (enum purpose)random_below(r, PURPOSE_END);

	/* Who defaults: more likely with a high score of the model, but not by it alone. */
	double probability = model_score(&a).probability;
	uint32_t threshold = (uint32_t)(probability * 3200.0) + random_below(r, 400);
	a.defaulted = random_below(r, 4000) < threshold;
	return a;
}

/* Writers: put text at p, return its end. A row is far below 128 bytes. */

static char *put_number(char *p, uint32_t value)
{
	char digits[10];
	int n = 0;
	do {
		digits[n++] = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	while (n > 0)
		*p++ = digits[--n];
	*p++ = ',';
	return p;
}

static char *put_word(char *p, const char *word)
{
	size_t size = strlen(word);
	memcpy(p, word, size);
	p[size] = ',';
	return p + size + 1;
}

static size_t format_row(char row[128], const struct applicant *a)
{
	char *p = row;
	p = put_number(p, a->id);
	p = put_number(p, a->age);
	p = put_number(p, a->years_employed);
	p = put_number(p, a->income);
	p = put_number(p, a->debt);
	p = put_number(p, a->amount);
	p = put_number(p, a->utilization);
	p = put_number(p, a->late);
	p = put_number(p, a->inquiries);
	p = put_word(p, csv_homes[a->home]);
	p = put_word(p, csv_purposes[a->purpose]);
	p = put_number(p, a->defaulted);
	p[-1] = '\n';
	return (size_t)(p - row);
}

bool generate(FILE *file, uint32_t rows)
{
	static char buffer[65536];
	size_t used = 0;
	struct random random = {.state = 0x52657477696e6531u};

	if (fprintf(file, "%s\n", csv_header) < 0)
		return false;
	for (uint32_t id = 1; id <= rows; id++) {
		if (sizeof(buffer) - used < 128) {
			if (fwrite(buffer, 1, used, file) != used)
				return false;
			used = 0;
		}
		struct applicant a = make_applicant(&random, id);
		used += format_row(buffer + used, &a);
	}
	return fwrite(buffer, 1, used, file) == used && fflush(file) == 0;
}
