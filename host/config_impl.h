/* What the files that read the configuration's text share. Not for others. */
#ifndef HOST_CONFIG_IMPL_H
#define HOST_CONFIG_IMPL_H

#include "host/config.h"

/* The keys of their files, each set from its text. */
MUST_USE enum retwine_code config_add_arg(struct retwine_config *config, const char *text,
					  struct retwine_error *error);
MUST_USE enum retwine_code config_add_env(struct retwine_config *config, const char *text,
					  struct retwine_error *error);
MUST_USE enum retwine_code config_add_dir(struct retwine_config *config, const char *text,
					  struct retwine_error *error);
MUST_USE enum retwine_code config_add_tmp(struct retwine_config *config, const char *text,
					  struct retwine_error *error);
MUST_USE enum retwine_code config_add_volume(struct retwine_config *config, const char *text,
					     struct retwine_error *error);

/* A mount of this guest path, which *m becomes, or an error that leaves *m the caller's. */
MUST_USE enum retwine_code config_append_mount(struct retwine_config *config,
					       struct config_mount *m, struct retwine_error *error);

void config_clear_args(struct retwine_config *config);
void config_variable_fini(struct config_variable *v);
void config_mount_fini(struct config_mount *m);
void config_volume_free(struct config_volume *volume);

/* The path of a host's file as the configuration means it (owned); NULL: no memory. */
MUST_USE char *config_host_path(const struct retwine_config *config, const char *text);

/* A size, with the key's name in the error; figures at *text, which moves behind them; a digest in
 * hexadecimal. */
MUST_USE enum retwine_code config_set_size(uint64_t *out, const char *key, const char *text,
					   struct retwine_error *error);
MUST_USE bool config_parse_number(uint64_t *out, const char **text);
MUST_USE bool config_parse_digest(uint8_t out[LAUNCH_DIGEST_SIZE], const char *text);

/* *out, which it frees, becomes a copy. */
MUST_USE enum retwine_code config_set_string(char **out, const char *text,
					     struct retwine_error *error);

/* Room for one more element behind `count`; NULL leaves the array as it was. */
MUST_USE void *config_grow(void *array, size_t count, size_t size);

#endif
