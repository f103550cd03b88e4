/* What every use of a configuration starts with: module, launch record, image, signature. */
#ifndef HOST_PROGRAM_H
#define HOST_PROGRAM_H

#include "base/cc.h"
#include "host/config.h"
#include "host/image.h"
#include "host/module.h"
#include "host/engine.h"
#include "host/record.h"

/* Zeroed is valid. */
struct program {
	struct module module;
	struct engine_use engine;
	struct record record;
	struct image image;
	struct retwine_identity identity; /* MRENCLAVE as signed, not measured */
	uint8_t salt
		[LAUNCH_SALT_SIZE]; /* of the record unless the configuration has one; set before */
};

/* Loads all of it. Without a module in the configuration: the image alone (identity.has_program
 * false) if `module_optional`, else RETWINE_USAGE. */
MUST_USE enum retwine_code program_load(struct program *p, const struct retwine_config *config,
					bool module_optional, struct retwine_error *error);
void program_fini(struct program *p);

/* Is the MRENCLAVE of the identity, which is the signature's, that of the image? RETWINE_REFUSED: it is another, or the signature
 * does not hold. */
MUST_USE enum retwine_code program_measure(struct program *p, struct retwine_error *error);

#endif
