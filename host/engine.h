/*
 * Native code on the host side: where it comes from, and what the enclave would refuse said early,
 * with the file's name. The enclave believes none of it.
 */
#ifndef HOST_ENGINE_H
#define HOST_ENGINE_H

#include "base/cc.h"
#include "host/config.h"
#include "host/module.h"

/* What else a run has to know. */
struct engine_use {
	enum launch_engine engine;
	uint32_t isa;	      /* enum native_isa; 0: the interpreter runs */
	bool simulation_only; /* code made here, for this run: ARCHITECTURE.md, "The cache" */
};

/* What the section has to have for the record's limits: NATIVE_METERED, NATIVE_POLLED. */
uint32_t engine_required(const struct retwine_config *config, const struct module *m);

/* Does it have the section retwine.native? */
MUST_USE bool engine_has_section(const struct module *m);

/* Says that a section is no native code of this module, and why; RETWINE_INPUT. */
MUST_USE enum retwine_code engine_section_error(struct retwine_error *error, const char *path,
						enum err err);

/*
 * Chooses the engine, and gives the module what that needs: with native code a section that is sound,
 * from the file itself or else from the cache or the compiler, and of the pinned digest. A section that is not
 * sound is never a reason to take the interpreter unasked. Errors:
 * RETWINE_REFUSED for what may not run, RETWINE_INPUT for what is no code of this module.
 */
MUST_USE enum retwine_code engine_prepare(struct engine_use *use, struct module *m,
					  const struct retwine_config *config,
					  struct retwine_error *error);

/* Refuses code for a CPU that is more than this one. */
MUST_USE enum retwine_code engine_check_cpu(const struct engine_use *use, bool has_v3,
					    const char *path, struct retwine_error *error);

#endif
