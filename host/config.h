/*
 * The configuration as the host side holds it: what struct retwine_config is. Set by text, key by
 * key (host/config.c) or from a YAML file (host/config_yaml.c); turned into a launch record by
 * host/record.c.
 */
#ifndef HOST_CONFIG_H
#define HOST_CONFIG_H

#include "base/cc.h"
#include "host/quoting/quoting.h"
#include "host/service/grants.h"
#include "include/retwine.h"
#include "launch/launch.h"

/* Which engine runs the program. */
enum config_engine {
	CONFIG_ENGINE_AUTO, /* native code if the module has it, else the interpreter */
	CONFIG_ENGINE_INTERPRETER,
	CONFIG_ENGINE_NATIVE, /* a module without native code is compiled */
};

/* What a `source` counts: settings of a later source replace those of an earlier one, two of the
 * same source for one name are an error. A file is one source, the calls between two files another.
 */

struct config_argument {
	char *text;
};

struct config_variable {
	char *name;
	char *value;
	unsigned source;
};

/* What a mount that is a volume says besides; host/config_volume.c. */
struct config_volume {
	char *label; /* never NULL */
	char *key_id;
	char *insecure_key; /* files of the host; NULL: none */
	char *anchor;
	bool bind_launch;
	bool pinned;
	enum launch_seal_by seal_by;
	bool has_svn;
	uint16_t svn;
	bool has_owner;
	uint8_t owner[LAUNCH_OWNER_SIZE];
	struct launch_volume_start start;
};

struct config_mount {
	char *host;		      /* NULL: memory of the enclave */
	struct config_volume *volume; /* owned; NULL: host is a directory */
	uint64_t size;		      /* of such memory: most bytes; 0: the default */
	char *guest;		      /* canonical */
	bool read_only;
	unsigned source;
};

/* Where the program listens for TCP connections: an address and a port in figures. */
struct config_listener {
	char *text;
	unsigned source;
};

struct retwine_config {
	char *module;
	char *image;
	char *argv0;
	char *invoke;
	struct config_argument *args;
	size_t arg_count;
	struct config_variable *env;
	size_t env_count;
	struct config_mount *mounts;
	size_t mount_count;
	struct config_listener *listeners;
	size_t listener_count;
	unsigned args_source;
	unsigned source;
	char *base; /* directory of the file being read, which relative paths count from; or NULL */

	enum config_engine engine;
	bool has_native_digest;
	uint8_t native_digest[LAUNCH_DIGEST_SIZE]; /* what the native code has to be */
	enum launch_diagnostics diagnostics;
	enum launch_args_policy args_policy;
	struct launch_limits limits;	   /* the enclave's, in the record */
	struct service_limits host_limits; /* the machine owner's, outside of it */
	struct quoting_config quoting;	   /* refers to the text */
	char *quoting_text;
	bool attestation; /* the mount of evidence and keys */
	bool has_salt;
	uint8_t salt[LAUNCH_SALT_SIZE]; /* of the launch record */
	bool strict;
	bool strict_simulation;
	bool simulation;
	bool handle_sigint;
	retwine_start_func on_start;
	void *on_start_context;
	retwine_compile_func on_compile;
	void *on_compile_context;
};

/* How a key may stand in a file. */
enum config_shape {
	SHAPE_TEXT, /* a scalar */
	SHAPE_BOOL, /* a plain true or false */
	SHAPE_LIST, /* a scalar or a list of them */
	SHAPE_ENV,  /* a list, or a mapping of names to values */
};

/* The shape of a key; false when there is no such key. */
MUST_USE bool config_key_shape(enum config_shape *shape, const char *key);

/* Adds a variable by name and value (a mapping in a file). */
MUST_USE enum retwine_code config_add_variable(struct retwine_config *config, const char *name,
					       const char *value, struct retwine_error *error);

/* A size above 0, with K, M or G. */
MUST_USE bool config_parse_size(uint64_t *out, const char *text);

/*
 * The one spelling of a guest path (launch_path_ok): without "." components, repeated and final
 * slashes. NULL when there is none, because it has a ".." or is empty. Owned (free); *no_memory
 * tells the two apart.
 */
MUST_USE char *config_guest_path(const char *text, bool *no_memory);

#endif
