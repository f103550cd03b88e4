/* Rows of numbers and quoted words from 48 KiB of CSV, sums by column, n times. */
#include "kernel.h"

#define SIZE	49152
#define COLUMNS 6

static char text[SIZE + 1];
static const char sample[] =
	"1881,42,\"Meier, Ute\",17,\"said \"\"no\"\"\",900\r\n7,1234567,Bo,0,x,31\n";

struct column {
	uint64_t sum;
	uint32_t hash;
};

static const char *quoted(const char *p, uint32_t *hash)
{
	for (p++; *p; p++) {
		if (*p == '"' && *++p != '"')
			break;
		*hash = *hash * 31 + (uint8_t)*p;
	}
	return p;
}

static const char *plain(const char *p, struct column *c)
{
	uint64_t value = 0;

	for (; *p && *p != ',' && *p != '\n' && *p != '\r'; p++) {
		if (*p >= '0' && *p <= '9')
			value = value * 10 + (uint64_t)(*p - '0');
		else
			c->hash = c->hash * 31 + (uint8_t)*p;
	}
	c->sum += value;
	return p;
}

static void parse(struct column columns[COLUMNS])
{
	unsigned at = 0;

	for (const char *p = text; *p;) {
		p = *p == '"' ? quoted(p, &columns[at].hash) : plain(p, &columns[at]);
		p += *p == '\r';
		at = *p == ',' ? (at + 1) % COLUMNS : 0;
		p += *p != 0;
	}
}

uint64_t run(uint32_t n)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < SIZE; i++)
		text[i] = sample[i % (sizeof sample - 1)];
	for (uint32_t i = 0; i < n; i++) {
		struct column columns[COLUMNS] = {0};

		text[i % 4] = (char)('0' + i % 10);
		parse(columns);
		for (int j = 0; j < COLUMNS; j++)
			sum = sum * 31 + columns[j].sum + columns[j].hash;
	}
	return sum;
}
