/*
 * Which provider of quotes, one request at a time, and its words.
 * Trust: the choice is the owner's; what a provider answers is bounded by the provider.
 */
#include "host/quoting/quoting.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/quoting/aesm.h"
#include "host/quoting/sim_quote.h"

enum err quoting_config_parse(struct quoting_config *config, const char *text)
{
	static const struct {
		const char *name;
		enum quoting_choice choice;
	} choices[] = {
		{"auto", QUOTING_AUTO},
		{"simulated", QUOTING_SIMULATED},
		{"aesm", QUOTING_AESM},
		{"none", QUOTING_NOBODY},
	};
	static const char with_socket[] = "aesm:";
	const size_t n = sizeof with_socket - 1;

	if (strncmp(text, with_socket, n) == 0) {
		if (!aesm_socket_is_valid(text + n))
			return E_INVALID;
		*config = (struct quoting_config){QUOTING_AESM, text + n};
		return E_OK;
	}
	for (size_t i = 0; i < COUNT_OF(choices); i++) {
		if (strcmp(text, choices[i].name) == 0) {
			*config = (struct quoting_config){choices[i].choice, NULL};
			return E_OK;
		}
	}
	return E_INVALID;
}

/* ---- nobody ---- */

static enum host_errno nobody_answers(struct quoting *q)
{
	return quoting_fail(
		q, HOST_NOTSUP,
		"nobody makes quotes on this machine: there is no AESM (install Intel's "
		"aesmd and its DCAP plugin, or name its socket)");
}

static enum host_errno nobody_target(struct quoting *q,
				     UNUSED uint8_t target[HOST_QUOTE_TARGET_SIZE],
				     UNUSED int cancel_fd)
{
	return nobody_answers(q);
}

static enum host_errno nobody_quote(struct quoting *q,
				    UNUSED const uint8_t report[HOST_QUOTE_REPORT_SIZE],
				    UNUSED uint8_t *out, UNUSED size_t max, UNUSED size_t *size,
				    UNUSED int cancel_fd)
{
	return nobody_answers(q);
}

static void nobody_close(struct quoting *q)
{
	free(q);
}

static enum err nobody_open(struct quoting **out)
{
	static const struct quoting_ops ops = {
		.name = "nobody",
		.target = nobody_target,
		.quote = nobody_quote,
		.close = nobody_close,
	};
	struct quoting *q = calloc(1, sizeof *q);

	if (!q)
		return E_NOMEM;
	quoting_init(q, &ops);
	*out = q;
	return E_OK;
}

/* ---- the choice ---- */

static enum err quoting_refuse(char *why, enum err err, const char *words)
{
	(void)snprintf(why, QUOTING_WHY_MAX, "quotes: %s", words);
	return err;
}

static enum err quoting_open_simulated(struct quoting **out, bool simulation, char *why)
{
	if (!simulation)
		return quoting_refuse(why, E_INVALID,
				      "simulated ones are for simulated enclaves alone");
	const enum err err = sim_quoting_open(out);

	return err == E_OK
		       ? E_OK
		       : quoting_refuse(why, err, "the simulated quoting enclave does not start");
}

static enum err quoting_open_aesm(struct quoting **out, const char *socket, char *why)
{
	const enum err err = aesm_quoting_open(out, socket);

	if (err == E_OK)
		return E_OK;
	if (err == E_NOT_FOUND)
		return quoting_refuse(why, err, "there is no AESM at the socket");
	return quoting_refuse(why, err, "the process that asks AESM cannot be started");
}

enum err quoting_open(struct quoting **out, const struct quoting_config *config, bool simulation,
		      char *why)
{
	why[0] = 0;
	switch (config->choice) {
	case QUOTING_SIMULATED:
		return quoting_open_simulated(out, simulation, why);
	case QUOTING_AESM:
		return quoting_open_aesm(out, config->aesm_socket, why);
	case QUOTING_NOBODY:
		return nobody_open(out);
	case QUOTING_AUTO:
		break;
	}
	if (simulation)
		return quoting_open_simulated(out, simulation, why);
	const enum err err = quoting_open_aesm(out, config->aesm_socket, why);

	return err == E_NOT_FOUND ? nobody_open(out) : err;
}

void quoting_close(struct quoting *q)
{
	if (!q)
		return;
	pthread_mutex_destroy(&q->lock);
	q->ops->close(q);
}

/* ---- requests ---- */

void quoting_init(struct quoting *q, const struct quoting_ops *ops)
{
	q->ops = ops;
	q->why[0] = 0;
	pthread_mutex_init(&q->lock, NULL);
}

enum host_errno quoting_fail(struct quoting *q, enum host_errno error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(q->why, sizeof q->why, format, args);
	va_end(args);
	return error;
}

enum host_errno quoting_target(struct quoting *q, uint8_t target[HOST_QUOTE_TARGET_SIZE],
			       int cancel_fd)
{
	pthread_mutex_lock(&q->lock);
	q->why[0] = 0;
	const enum host_errno error = q->ops->target(q, target, cancel_fd);

	pthread_mutex_unlock(&q->lock);
	return error;
}

enum host_errno quoting_quote(struct quoting *q, const uint8_t report[HOST_QUOTE_REPORT_SIZE],
			      uint8_t *out, size_t max, size_t *size, int cancel_fd)
{
	pthread_mutex_lock(&q->lock);
	q->why[0] = 0;
	const enum host_errno error = q->ops->quote(q, report, out, max, size, cancel_fd);

	pthread_mutex_unlock(&q->lock);
	return error;
}

void quoting_why(struct quoting *q, char why[QUOTING_WHY_MAX])
{
	pthread_mutex_lock(&q->lock);
	memcpy(why, q->why, QUOTING_WHY_MAX);
	pthread_mutex_unlock(&q->lock);
}
