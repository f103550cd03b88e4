/* A tokenizer of JSON over 48 KiB of text: braces, strings with escapes, numbers, words; n times. */
#include "kernel.h"

#define SIZE 49152

static char text[SIZE + 1];
static const char sample[] =
	"{\"id\": 1007, \"name\": \"J\\u00f6rg \\\"M\\\"\", \"tags\": [\"a\", \"bc\"],"
	" \"at\": {\"x\": -12.5e3, \"y\": 0.25}, \"ok\": true, \"none\": null},\n";

struct totals {
	uint32_t strings, escapes, numbers, words, depth, deepest;
	double sum;
};

static const char *number(const char *p, double *value)
{
	double sign = *p == '-' ? -1 : 1, scale = 1, v = 0;

	p += *p == '-';
	for (; *p >= '0' && *p <= '9'; p++)
		v = v * 10 + (*p - '0');
	if (*p == '.') {
		for (p++; *p >= '0' && *p <= '9'; p++)
			v += (*p - '0') * (scale /= 10);
	}
	*value = sign * v;
	return p;
}

static void tokenize(struct totals *t)
{
	for (const char *p = text; *p;) {
		char c = *p;

		if (c == '"') {
			for (p++; *p && *p != '"'; p++) {
				if (*p == '\\')
					p++, t->escapes++;
			}
			p++, t->strings++;
		} else if (c == '-' || (c >= '0' && c <= '9')) {
			double v;

			p = number(p, &v);
			t->numbers++, t->sum += v;
		} else if (c >= 'a' && c <= 'z') {
			while (*p >= 'a' && *p <= 'z')
				p++;
			t->words++;
		} else {
			if (c == '{' || c == '[')
				t->deepest = ++t->depth > t->deepest ? t->depth : t->deepest;
			if (c == '}' || c == ']')
				t->depth--;
			p++;
		}
	}
}

uint64_t run(uint32_t n)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < SIZE; i++)
		text[i] = sample[i % (sizeof sample - 1)];
	for (uint32_t i = 0; i < n; i++) {
		struct totals t = {0};

		text[8 + i % 3] = (char)('0' + i % 10);
		tokenize(&t);
		sum = sum * 31 + t.strings + t.escapes * 3 + t.numbers * 5 + t.words * 7 +
		      t.deepest;
		sum += (uint64_t)(int64_t)(t.sum * 100);
	}
	return sum;
}
