/*
 * Division of 128 bits, which the compiler's support library has for mbedTLS's big numbers elsewhere.
 * Trust: the divisor is not 0; the callers see to it.
 */
#include "base/cc.h"

unsigned __int128 __udivti3(unsigned __int128 a, unsigned __int128 b);

/*
 * Of secrets too: as many steps whatever the numbers are, no branch on them, and no instruction whose
 * time depends on them.
 */
unsigned __int128 __udivti3(unsigned __int128 a, unsigned __int128 b)
{
	unsigned __int128 quotient = 0, rest = 0;

	for (int i = 127; i >= 0; i--) {
		const unsigned __int128 carry = rest >> 127;

		rest = rest << 1 | (a >> i & 1);

		const unsigned __int128 fits = carry | (rest >= b);

		rest -= b & -fits;
		quotient = quotient << 1 | fits;
	}
	return quotient;
}
