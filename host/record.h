/* From the configuration to the launch record and its digests. */
#ifndef HOST_RECORD_H
#define HOST_RECORD_H

#include "base/cc.h"
#include "host/config.h"
#include "host/module.h"

/* Zeroed is valid. */
struct record {
	uint8_t *p; /* the encoded record; owned */
	size_t size;
	struct launch_digests digests;
	uint8_t module_digest[LAUNCH_DIGEST_SIZE];
	uint8_t native_digest[LAUNCH_DIGEST_SIZE];
	/* Mounts of the configuration in the record's order; owned. */
	const struct config_mount **mounts;
	size_t mount_count;
};

/* Builds the record for a module and the engine that was chosen; the salt is used unless the configuration has one.
 * RETWINE_USAGE when the configuration asks for what no record may hold. */
MUST_USE enum retwine_code record_build(struct record *record, const struct retwine_config *config,
					const struct module *module, enum launch_engine engine,
					const uint8_t salt[LAUNCH_SALT_SIZE],
					struct retwine_error *error);

void record_fini(struct record *record);

#endif
