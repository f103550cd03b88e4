/*
 * `retwine deploy`: announces a launch, verifies the enclave that is started for it, delivers the program, and passes
 * on what it writes and how it ends.
 * Trust: the configuration and the files are the caller's. The server is nobody; the enclave is believed once
 * peer_check has accepted it, and what it tells of the program is the program's word.
 * Invariant: nothing of the program, its files or keys leaves before the enclave is verified; what is sent before is
 * the launch digest, a nonce and a handshake.
 */
#include "include/retwine.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "channel/channel.h"
#include "channel/deploy.h"
#include "host/base/random.h"
#include "host/base/sockets.h"
#include "host/base/words.h"
#include "host/deploy/delivery.h"
#include "host/deploy/peer.h"
#include "host/outcome.h"
#include "host/service/service.h"
#include "host/verify/policy.h"

#define DEFAULT_TIMEOUT_NS 60000000000u
#define LATE_NS		   15000000000u /* that a program's own time may be over before it is given up */

struct deploying {
	const struct retwine_config *config;
	const struct retwine_deploy_options *options;
	struct delivery delivery;
	struct peer peer;
	struct hello hello;
	int fd;
	uint64_t timeout_ns;  /* for each step */
	uint64_t deadline_ns; /* of the step that is on its way */
	bool delivering;      /* then the time is for each piece, as long as pieces go */
	struct channel *channel;
	struct host_run_result result;
	struct retwine_deploy_times times;
};

/* ---- the stream below the channel ---- */

static enum err transport_send(void *context, const void *p, size_t size, size_t *sent)
{
	const struct deploying *d = context;
	const uint64_t deadline = d->delivering ? socket_now_ns() + d->timeout_ns : d->deadline_ns;
	const enum err err = socket_send(d->fd, p, size, deadline);

	if (err == E_OK)
		*sent = size;
	return err;
}

static enum err transport_receive(void *context, void *p, size_t max, size_t *got)
{
	const struct deploying *d = context;

	return socket_receive_some(d->fd, p, max, got, d->deadline_ns);
}

/* ---- words ---- */

static enum retwine_code failed(const struct deploying *d, enum err err, const char *what,
				struct retwine_error *error)
{
	if (err == E_NOMEM)
		return error_no_memory(error);
	if (err == E_BUSY)
		return error_set(error, RETWINE_FAILED, "%s: %s took too long; try again",
				 d->options->to, what);
	if (err == E_TRUNCATED || err == E_CHANNEL_CUT)
		return error_set(
			error, RETWINE_FAILED,
			"%s: the connection was closed during %s; the log of 'retwine serve' "
			"may say why",
			d->options->to, what);
	return error_set(error, RETWINE_REFUSED, "%s: %s failed: %s", d->options->to, what,
			 words_err(err));
}

/* ---- hello ---- */

static enum retwine_code make_hello(struct deploying *d, struct retwine_error *error)
{
	if (host_random(NULL, d->hello.nonce, sizeof(d->hello.nonce)) != E_OK)
		return error_set(error, RETWINE_FAILED, "this machine gives no randomness");
	memcpy(d->hello.launch_digest, d->delivery.program.record.digests.launch,
	       sizeof(d->hello.launch_digest));
	d->hello.timeout_ns = d->config->limits.timeout;
	memcpy(d->peer.nonce, d->hello.nonce, sizeof(d->peer.nonce));
	memcpy(d->peer.launch_digest, d->hello.launch_digest, sizeof(d->peer.launch_digest));
	return RETWINE_OK;
}

static enum retwine_code say_hello(struct deploying *d, struct retwine_error *error)
{
	uint8_t bytes[HELLO_SIZE], reply[HELLO_ANSWER_SIZE];
	enum hello_status status = HELLO_FAILED;

	hello_encode(bytes, &d->hello);
	d->deadline_ns = socket_now_ns() + d->timeout_ns;
	enum err err = socket_send(d->fd, bytes, sizeof(bytes), d->deadline_ns);

	if (err == E_OK)
		err = socket_receive(d->fd, reply, sizeof(reply), d->deadline_ns);
	if (err != E_OK)
		return failed(d, err, "the greeting", error);
	if (hello_answer_decode(&status, reply) != E_OK)
		return error_set(error, RETWINE_FAILED,
				 "%s does not speak this protocol; is it 'retwine serve'?",
				 d->options->to);
	if (status != HELLO_GO)
		return error_set(error, RETWINE_FAILED, "%s does not take this program: %s",
				 d->options->to, hello_status_words(status));
	return RETWINE_OK;
}

/* ---- the channel ---- */

static enum retwine_code open_channel(struct deploying *d, struct retwine_error *error)
{
	const struct channel_config config = {
		.role = CHANNEL_CLIENT,
		.transport = {d, transport_send, transport_receive},
		.peer = peer_check,
		.peer_context = &d->peer,
		.random = {NULL, host_random},
	};
	const uint64_t start = socket_now_ns();

	d->deadline_ns = start + d->timeout_ns;
	const enum err err = channel_open(&d->channel, &config);

	d->times.verify_ns = d->peer.verify_ns;
	d->times.handshake_ns = socket_now_ns() - start - d->peer.verify_ns;
	if (err == E_OK && d->peer.accepted)
		return RETWINE_OK;
	if (d->peer.asked && !d->peer.accepted)
		return error_set(error, d->peer.error.code,
				 "%s is not trusted, nothing was sent: %s", d->options->to,
				 d->peer.error.message);
	return failed(d, err, "the handshake", error);
}

/* ---- what comes back ---- */

/* An enclave that refuses says so while we are still sending: its word is better than that of a broken pipe. */
static enum retwine_code refused(const struct deploying *d, const struct deploy_message *message,
				 struct retwine_error *error)
{
	enum err why = E_OK;

	if (deploy_refused_decode(&why, message) != E_OK)
		return failed(d, E_MALFORMED, "the delivery", error);
	return error_set(error, RETWINE_REFUSED, "%s: the enclave refused the delivery: %s",
			 d->config->module, words_err(why));
}

static enum retwine_code pass_on(const struct deploying *d, int stream,
				 const struct deploy_message *message, struct retwine_error *error)
{
	const struct retwine_deploy_options *o = d->options;

	if (!o->output || o->output(o->context, stream, message->body, message->size))
		return RETWINE_OK;
	return error_set(error, RETWINE_FAILED,
			 "%s: what it writes cannot be written here, so it was given up",
			 d->config->module);
}

static enum retwine_code take_message(struct deploying *d, const struct deploy_message *message,
				      struct retwine_error *error)
{
	const int stream = message->type == DEPLOY_STDOUT ? STDOUT_FILENO : STDERR_FILENO;
	enum err err;

	switch (message->type) {
	case DEPLOY_STDOUT:
	case DEPLOY_STDERR:
		return pass_on(d, stream, message, error);
	case DEPLOY_END:
		err = host_run_result_decode(&d->result, message->body, message->size);
		return err == E_OK ? RETWINE_OK : failed(d, err, "the program's end", error);
	default:
		return refused(d, message, error);
	}
}

static enum retwine_code receive(struct deploying *d, const char *during,
				 struct retwine_error *error)
{
	enum retwine_code code = RETWINE_OK;
	struct deploy_order order;

	deploy_order_init(&order, DEPLOY_TO_CLIENT);
	while (code == RETWINE_OK && !deploy_order_done(&order)) {
		struct deploy_message message = {0};
		const enum err err = deploy_receive(d->channel, &order, &message);

		code = err == E_OK ? take_message(d, &message, error)
				   : failed(d, err, during, error);
		deploy_message_fini(&message);
	}
	return code;
}

/* The host ends a program whose time is over, and its enclave says so. A host that does not is given up. */
static uint64_t end_deadline(const struct deploying *d)
{
	const uint64_t timeout = d->config->limits.timeout;
	const uint64_t now = socket_now_ns();

	if (timeout == 0 || timeout > SOCKET_NO_DEADLINE - now - LATE_NS)
		return SOCKET_NO_DEADLINE;
	return now + timeout + LATE_NS;
}

static enum retwine_code deliver(struct deploying *d, struct retwine_error *error)
{
	const uint64_t start = socket_now_ns();

	d->delivering = true;
	const enum err err = delivery_send(&d->delivery, d->channel);

	d->delivering = false;
	d->times.deliver_ns = socket_now_ns() - start;
	d->deadline_ns = err == E_OK ? end_deadline(d) : socket_now_ns() + d->timeout_ns;
	const enum retwine_code code =
		receive(d, err == E_OK ? "the program's run" : "the delivery", error);

	d->times.run_ns = socket_now_ns() - start - d->times.deliver_ns;
	if (channel_close(d->channel) != E_OK) /* nothing of it matters any more */
		d->deadline_ns = 0;
	if (code == RETWINE_OK && err != E_OK) /* it answered what it did not get */
		return failed(d, err, "the delivery", error);
	return code;
}

/* ---- all of it ---- */

/* Which enclave: what the policy says, or the image that is here, which has to be what its signature says. */
static enum retwine_code choose_enclave(struct deploying *d, struct retwine_error *error)
{
	enum retwine_code code = policy_copy(&d->peer.policy, d->options->policy, error);

	if (code != RETWINE_OK || policy_names_enclave(d->peer.policy))
		return code;
	code = program_measure(&d->delivery.program, error);
	if (code == RETWINE_OK)
		policy_set_mr_enclave(d->peer.policy, d->delivery.program.identity.mr_enclave);
	return code;
}

static enum retwine_code prepare(struct deploying *d, struct retwine_error *error)
{
	int streams[3];

	if (service_streams_reserve(streams) != E_OK)
		return error_set(
			error, RETWINE_FAILED,
			"a standard stream is closed and /dev/null cannot be opened; open it");
	enum retwine_code code = delivery_load(&d->delivery, d->config, d->options, error);

	if (code == RETWINE_OK)
		code = choose_enclave(d, error);
	if (code == RETWINE_OK)
		code = make_hello(d, error);
	if (code == RETWINE_OK)
		code = peer_check_policy(&d->peer, d->delivery.program.record.digests.program,
					 error);
	return code;
}

static enum retwine_code connect_to_server(struct deploying *d, struct retwine_error *error)
{
	const uint64_t start = socket_now_ns();
	enum retwine_code code = socket_connect(&d->fd, d->options->to, d->timeout_ns, error);

	if (code == RETWINE_OK)
		code = say_hello(d, error);
	d->times.connect_ns = socket_now_ns() - start;
	return code;
}

/* As with `run`: a digest that nobody pinned is good enough for the simulator alone. */
static enum retwine_code check_engine(const struct deploying *d, struct retwine_error *error)
{
	if (!d->delivery.program.engine.simulation_only || d->peer.verdict.simulated)
		return RETWINE_OK;
	return error_set(
		error, RETWINE_REFUSED,
		"%s has no native code, and code that is made here would become part of its "
		"identity unseen; make it with 'retwine compile', or pin it with "
		"--native-digest",
		d->config->module);
}

static enum retwine_code deploy(struct deploying *d, struct retwine_outcome *outcome,
				struct retwine_error *error)
{
	enum retwine_code code = prepare(d, error);

	if (code == RETWINE_OK)
		code = connect_to_server(d, error);
	if (code == RETWINE_OK)
		code = open_channel(d, error);
	if (code == RETWINE_OK)
		code = check_engine(d, error);
	if (code == RETWINE_OK)
		code = deliver(d, error);
	if (code != RETWINE_OK)
		return code;
	outcome->simulation = d->peer.verdict.simulated;
	outcome->identity = d->delivery.program.identity;
	memcpy(outcome->identity.mr_enclave, d->peer.verdict.enclave.mr_enclave,
	       sizeof(outcome->identity.mr_enclave));
	outcome_tell(outcome, &d->result, d->config->module);
	if (outcome_volumes(outcome, &d->result, d->delivery.program.record.mounts,
			    d->delivery.program.record.mount_count))
		return RETWINE_OK;
	retwine_outcome_fini(outcome);
	return error_no_memory(error);
}

static void deploying_free(struct deploying *d)
{
	channel_free(d->channel);
	if (d->fd != -1)
		close(d->fd);
	host_run_result_fini(&d->result);
	retwine_policy_free(d->peer.policy);
	delivery_fini(&d->delivery);
	free(d);
}

enum retwine_code retwine_deploy(const struct retwine_config *config,
				 const struct retwine_deploy_options *options,
				 struct retwine_outcome *outcome,
				 struct retwine_deploy_times *times, struct retwine_error *error)
{
	struct deploying *d = calloc(1, sizeof(*d));

	*outcome = (struct retwine_outcome){0};
	if (!d)
		return error_no_memory(error);
	d->config = config;
	d->options = options;
	d->fd = -1;
	d->timeout_ns = options->timeout_ns ? options->timeout_ns : DEFAULT_TIMEOUT_NS;
	d->peer.verified = options->verified;
	d->peer.context = options->context;
	const enum retwine_code code = deploy(d, outcome, error);

	if (times)
		*times = d->times;
	deploying_free(d);
	return code;
}
