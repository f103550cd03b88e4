/*
 * One client of `retwine serve`: one enclave, in a process of its own, that takes its program from whoever is at the
 * other end of a connection.
 * Trust: the launch digest and the nonce are the client's and only go into the enclave; the end that is told
 * is the enclave's word, and says nothing about the program.
 */
#include "include/retwine.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/base/cpu.h"
#include "host/base/words.h"
#include "host/config.h"
#include "host/image.h"
#include "host/outcome.h"
#include "host/run.h"

struct serving {
	const struct retwine_config *config;
	struct image image;
	struct service_mount volumes; /* of retwine_client's directory */
	struct retwine_identity identity;
	struct host_run_request request;
	struct host_run_result result;
};

static void on_starting(void *context, bool simulation, const uint8_t mrenclave[32])
{
	struct serving *s = context;

	memcpy(s->identity.mr_enclave, mrenclave, sizeof(s->identity.mr_enclave));
	if (s->config->on_start)
		s->config->on_start(s->config->on_start_context, simulation, &s->identity);
}

static struct host_bytes file_bytes(const struct file *file)
{
	return (struct host_bytes){.p = file->p, .size = file->size};
}

/* The program's streams go over the channel: it has none of this process. */
static void make_request(struct serving *s, const struct retwine_client *client)
{
	struct host_run_request *q = &s->request;

	q->image = file_bytes(&s->image.elf);
	q->sigstruct = file_bytes(&s->image.sig);
	q->deploy = true;
	q->connection = client->connection;
	q->connection_idle_ns = client->idle_time_ns;
	memcpy(q->launch_digest, client->launch_digest, sizeof(q->launch_digest));
	memcpy(q->nonce, client->nonce, sizeof(q->nonce));
	q->mounts = &s->volumes;
	q->mount_count = client->volumes ? 1 : 0;
	for (size_t i = 0; i < COUNT_OF(q->streams); i++)
		q->streams[i] = -1;
	q->limits = s->config->host_limits;
	q->timeout_ns = s->config->limits.timeout;
	q->quoting = &s->config->quoting;
	q->strict_simulation = s->config->strict_simulation;
	q->simulation = s->config->simulation;
	q->starting = on_starting;
	q->starting_context = s;
}

/* Names below it are the enclaves' choice, which only who has a volume's key can make; each file is leased. */
static enum retwine_code open_volumes(struct serving *s, const struct retwine_client *client,
				      struct retwine_error *error)
{
	s->volumes = (struct service_mount){.dir_fd = -1, .leased = true};
	return client->volumes ? directory_open(&s->volumes.dir_fd, client->volumes, error)
			       : RETWINE_OK;
}

/* What the host may know. */
static void tell(struct retwine_outcome *outcome, const struct host_run_result *result)
{
	const char *why = result->end.code == E_OK ? "" : words_err(result->end.code);

	words_line(outcome->no_quote, result->quoting_why);
	switch (result->end.kind) {
	case RUN_DELIVERED:
		outcome->end = RETWINE_EXITED;
		words_line(outcome->message, why);
		break;
	case RUN_REFUSED:
		outcome->end = RETWINE_NOT_STARTED;
		words_line(outcome->message, why);
		break;
	default: /* no enclave of ours ends in another way */
		outcome->end = RETWINE_ENDED;
		words_line(outcome->message, words_err(E_HOST));
		break;
	}
}

static enum retwine_code serve(struct serving *s, const struct retwine_client *client,
			       struct retwine_outcome *outcome, struct retwine_error *error)
{
	enum retwine_code code = image_load(&s->image, s->config->image, error);

	if (code != RETWINE_OK)
		return code;
	code = open_volumes(s, client, error);
	if (code != RETWINE_OK) {
		image_fini(&s->image);
		return code;
	}
	image_identity(&s->identity, &s->image.sigstruct);
	memcpy(s->identity.launch_digest, client->launch_digest, LAUNCH_DIGEST_SIZE);
	make_request(s, client);
	const enum err err = host_run(&s->request, &s->result);

	if (err == E_OK) {
		outcome->simulation = s->result.simulation;
		outcome->identity = s->identity;
		outcome_count(&outcome->stats, &s->result.stats);
		tell(outcome, &s->result);
	} else {
		code = error_set(error, RETWINE_FAILED, "%s",
				 s->result.why[0] ? s->result.why : words_err(err));
	}
	host_run_result_fini(&s->result);
	image_fini(&s->image);
	if (client->volumes)
		close(s->volumes.dir_fd);
	return code;
}

enum retwine_code retwine_serve_client(const struct retwine_config *config,
				       const struct retwine_client *client,
				       struct retwine_outcome *outcome, struct retwine_error *error)
{
	struct serving *s = calloc(1, sizeof(*s));
	enum retwine_code code;

	*outcome = (struct retwine_outcome){0};
	if (s) {
		cpu_set_crypto_hints();
		s->config = config;
		code = serve(s, client, outcome, error);
	} else {
		code = error_no_memory(error);
	}
	close(client->connection);
	free(s);
	return code;
}
