/* A small bytecode machine: a switch per instruction and calls through a table; n * 1000 rounds. */
#include "kernel.h"

enum { PUSH, ADD, MUL, XOR, DUP, SWAP, APPLY, SHIFT, LOOP, HALT };

static uint32_t half(uint32_t x)
{
	return x / 2 + 1;
}

static uint32_t mix(uint32_t x)
{
	return (x ^ x >> 15) * 0x2c1b3c6du;
}

static uint32_t flip(uint32_t x)
{
	return ~x;
}

static uint32_t triple(uint32_t x)
{
	return 3 * x + 1;
}

static uint32_t (*const functions[])(uint32_t) = {half, mix, flip, triple};

static const uint8_t program[] = {
	PUSH, 7,     ADD, DUP, APPLY, 0, XOR,  PUSH,  13, MUL, DUP,  SHIFT, 3,	 APPLY, 1,
	ADD,  APPLY, 2,	  DUP, SHIFT, 5, SWAP, APPLY, 3,  XOR, PUSH, 91,    ADD, LOOP,	HALT,
};

static uint32_t execute(uint32_t acc, uint32_t rounds)
{
	uint32_t stack[16], sp = 0;
	const uint8_t *pc = program;

	stack[sp++] = acc;
	for (;;) {
		switch (*pc++) {
		case PUSH:
			stack[sp++] = *pc++;
			break;
		case ADD:
			sp--;
			stack[sp - 1] += stack[sp];
			break;
		case MUL:
			sp--;
			stack[sp - 1] *= stack[sp];
			break;
		case XOR:
			sp--;
			stack[sp - 1] ^= stack[sp];
			break;
		case DUP:
			stack[sp] = stack[sp - 1];
			sp++;
			break;
		case SWAP: {
			uint32_t t = stack[sp - 1];

			stack[sp - 1] = stack[sp - 2];
			stack[sp - 2] = t;
			break;
		}
		case APPLY:
			stack[sp - 1] = functions[(*pc++ + (stack[sp - 1] & 1)) & 3](stack[sp - 1]);
			break;
		case SHIFT:
			stack[sp - 1] >>= *pc++;
			break;
		case LOOP:
			if (--rounds)
				pc = program;
			break;
		default:
			return stack[sp - 1];
		}
	}
}

uint64_t run(uint32_t n)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < 10; i++)
		sum += execute(i, n * 100);
	return sum;
}
