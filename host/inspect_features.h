/* Which parts of WebAssembly a module uses beyond Core 2.0 without vectors: what an older runtime
 * would refuse it for. */
#ifndef HOST_INSPECT_FEATURES_H
#define HOST_INSPECT_FEATURES_H

#include "host/base/report.h"
#include "wasm/module.h"

/* Adds the array "features" to the report's root. The module is validated. */
void inspect_features(struct report *r, const struct wasm_module *m);

#endif
