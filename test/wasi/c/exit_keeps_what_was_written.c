/* proc_exit without a close: what was written is in the files. */
#include "test/wasi/program.h"

int main(void)
{
	const uint32_t f = open_file("f", CREATE, BOTH),
		       g = open_at(ROOT, "g", CREATE, BOTH, __WASI_FDFLAGS_APPEND);

	put(f, "written, ");
	put(g, "behind");
	put(f, "not closed");
	wasi_proc_exit(3);
}
