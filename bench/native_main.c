/*
 * A kernel as a native program: NAME N prints run(N). The counterpart of calling the export of the
 * module that is built of the same source.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/kernels/kernel.h"

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	printf("%" PRIu64 "\n", run((uint32_t)strtoul(argv[1], NULL, 10)));
	return 0;
}
