/* An interpreter of a language of eight signs, with its jumps found beforehand: squares up to
 * 10,000, n times. */
#include "kernel.h"

#define TAPE 1024

static const char program[] = "++++[>+++++<-]>[<+++++>-]+<+[>[>+>+<<-]++>>[<<+>>-]>>>[-]++>[-]+"
			      ">>>+[[-]++++++>>>]<<<[[<++++++++<++>>-]+<.<[>----<-]<]<<[>>>>>[>>>"
			      "[-]+++++++++<[>-<-]+++++++++>[-[<->-]+[<<<]<+>]<-]<<-]<<-]";
static uint16_t target[sizeof program];
static uint8_t tape[TAPE];

static void link(void)
{
	uint16_t open[64];
	unsigned depth = 0;

	for (uint16_t i = 0; program[i]; i++) {
		if (program[i] == '[')
			open[depth++] = i;
		if (program[i] == ']') {
			target[i] = open[--depth];
			target[target[i]] = i;
		}
	}
}

static uint32_t execute(void)
{
	uint32_t at = 0, hash = 0;

	for (uint32_t pc = 0;; pc++) {
		switch (program[pc]) {
		case '+':
			tape[at]++;
			break;
		case '-':
			tape[at]--;
			break;
		case '>':
			at = (at + 1) % TAPE;
			break;
		case '<':
			at = (at - 1) % TAPE;
			break;
		case '.':
			hash = hash * 31 + tape[at];
			break;
		case '[':
			if (!tape[at])
				pc = target[pc];
			break;
		case ']':
			if (tape[at])
				pc = target[pc];
			break;
		default:
			return hash;
		}
	}
}

uint64_t run(uint32_t n)
{
	uint64_t sum = 0;

	link();
	for (uint32_t i = 0; i < n; i++) {
		for (int j = 0; j < TAPE; j++)
			tape[j] = 0;
		sum = sum * 31 + execute();
	}
	return sum;
}
