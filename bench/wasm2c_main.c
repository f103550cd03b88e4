/*
 * A kernel that wabt's wasm2c (1.0.32) made C again, as a native program: NAME N prints run(N).
 * kernel.w2c.h is its output for the module named "kernel".
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernel.w2c.h"

int main(int argc, char **argv)
{
	static Z_kernel_instance_t instance;

	if (argc != 2)
		return 2;
	wasm_rt_init();
	Z_kernel_init_module();
	Z_kernel_instantiate(&instance);
	printf("%" PRIu64 "\n", Z_kernelZ_run(&instance, (uint32_t)strtoul(argv[1], NULL, 10)));
	return 0;
}
