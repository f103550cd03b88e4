/*
 * What a client delivers to an enclave: the program of a configuration, files, keys, standard input. All of it is read
 * and checked before anybody is spoken to.
 */
#ifndef HOST_DEPLOY_DELIVERY_H
#define HOST_DEPLOY_DELIVERY_H

#include "base/cc.h"
#include "base/err.h"
#include "host/base/files.h"
#include "host/program.h"
#include "include/retwine.h"

struct channel;

struct delivery_item {
	char *name; /* a canonical guest path, or a key's name; owned */
	struct file file;
};

/* Zeroed is valid. */
struct delivery {
	struct program program;
	struct delivery_item *inputs;
	size_t input_count;
	struct delivery_item *secrets;
	size_t secret_count;
	struct file input; /* standard input */
	bool has_input;
};

/* Loads everything. RETWINE_USAGE: the program asks for what no server gives (a directory of the
 * machine, a socket), or a file or key has no place in it. */
MUST_USE enum retwine_code delivery_load(struct delivery *d, const struct retwine_config *config,
					 const struct retwine_deploy_options *options,
					 struct retwine_error *error);

/* Sends all of it, in order. The errors of channel/deploy.h. */
MUST_USE enum err delivery_send(const struct delivery *d, struct channel *channel);

/* Wipes what was read of files and keys. */
void delivery_fini(struct delivery *d);

#endif
