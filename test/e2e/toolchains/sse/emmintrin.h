/* Stands in for the compiler's header: the intrinsics of SSE2 as WebAssembly SIMD. */
#include <simde/x86/sse2.h>
