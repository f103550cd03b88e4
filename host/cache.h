/*
 * Native code of modules that have none, kept for the next time: in $XDG_CACHE_HOME/retwine or
 * ~/.cache/retwine, a directory of the user alone. An entry is a file named after everything that
 * decides what the code is: module, compiler, ABI, ISA, level, flags.
 */
#ifndef HOST_CACHE_H
#define HOST_CACHE_H

#include "base/cc.h"
#include "host/config.h"
#include "host/module.h"

/*
 * The payload of the section retwine.native for a module: from the cache if it has it whole, else
 * from the compiler, which is told through config->on_compile. It is of the form of native code for
 * this module and the configuration's limits. Errors: RETWINE_INPUT, RETWINE_FAILED.
 */
MUST_USE enum retwine_code cache_native(struct file *payload, const struct module *m,
					const uint8_t module_digest[LAUNCH_DIGEST_SIZE],
					const struct retwine_config *config,
					struct retwine_error *error);

#endif
