/*
 * Running a configured program: from the configuration to a request (host/run.h).
 * Trust: the configuration is the caller's.
 */
#include "include/retwine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/base/cpu.h"
#include "host/base/sockets.h"
#include "host/base/text.h"
#include "host/base/words.h"
#include "host/outcome.h"
#include "host/program.h"
#include "host/run.h"
#include "host/service/service.h"
#include "host/volume_file.h"

const char *retwine_version(void)
{
	return RETWINE_VERSION;
}

void retwine_free(void *text)
{
	free(text);
}

/* What is weaker than it should be, because the configuration says so. */
enum retwine_code retwine_config_relaxations(const struct retwine_config *config, char **lines,
					     struct retwine_error *error)
{
	struct text t = {0};

	for (size_t i = 0; i < config->mount_count; i++) {
		const struct config_mount *m = &config->mounts[i];

		if (!m->volume || !m->volume->insecure_key)
			continue;
		text_add(&t, "INSECURE: the key of the volume ");
		text_add_safe(&t, m->guest, strlen(m->guest));
		text_add(&t, " lies on this machine: who has it can read and change the volume\n");
	}
	char *text = text_take(&t);

	if (!text)
		return error_no_memory(error);
	*lines = text;
	return RETWINE_OK;
}

/* ---- the run ---- */

struct running {
	const struct retwine_config *config;
	struct program program;
	struct service_mount mounts[LAUNCH_MOUNTS_MAX];
	size_t open_count; /* of mounts */
	struct service_mount extras[2 * LAUNCH_MOUNTS_MAX];
	size_t extra_count;
	int listeners[LAUNCH_LISTEN_MAX];
	size_t listener_count; /* those that are open */
	struct host_run_request request;
	struct host_run_result result;
};

/* A volume's file, with the lease; a new one if it may be made and is not there. */
static enum retwine_code open_volume_file(struct service_mount *out, const char *path,
					  bool read_only, bool create, struct retwine_error *error)
{
	struct volume_file file;
	enum volume_file_mode mode = read_only ? VOLUME_FILE_READ : VOLUME_FILE_WRITE;

	if (create && access(path, F_OK) != 0 && errno == ENOENT)
		mode = VOLUME_FILE_CREATE;
	const enum retwine_code code = volume_file_open(&file, path, mode, error);

	if (code == RETWINE_OK)
		*out = (struct service_mount){
			.dir_fd = file.fd, .read_only = read_only, .volume = true};
	return code;
}

/* `option` is what names the file; NULL for path: it names none. */
static enum retwine_code open_extra(struct running *r, const char *option, const char *path,
				    bool read_only, bool create, struct retwine_error *error)
{
	struct retwine_error inner = {0};

	if (!path)
		return RETWINE_OK;
	const enum retwine_code code =
		open_volume_file(&r->extras[r->extra_count], path, read_only, create, &inner);

	if (code != RETWINE_OK)
		return error_set(error, code, "volume: %s: %s", option, inner.message);
	r->extra_count++;
	return RETWINE_OK;
}

/* In the order that program/volume.c counts in. */
static enum retwine_code open_volume(struct running *r, const struct config_mount *m,
				     struct retwine_error *error)
{
	const struct config_volume *v = m->volume;
	enum retwine_code code = open_volume_file(&r->mounts[r->open_count], m->host, m->read_only,
						  v->start.create, error);

	if (code != RETWINE_OK)
		return code;
	r->open_count++;
	code = open_extra(r, "anchor", v->anchor, false, v->start.create, error);
	return code == RETWINE_OK
		       ? open_extra(r, "insecure-key-file", v->insecure_key, true, false, error)
		       : code;
}

static enum retwine_code open_directory(struct running *r, const struct config_mount *m,
					struct retwine_error *error)
{
	int fd = -1;
	const enum retwine_code code = m->host ? directory_open(&fd, m->host, error) : RETWINE_OK;

	if (code == RETWINE_OK)
		r->mounts[r->open_count++] =
			(struct service_mount){.dir_fd = fd, .read_only = m->read_only};
	return code;
}

static enum retwine_code open_mounts(struct running *r, struct retwine_error *error)
{
	for (size_t i = 0; i < r->program.record.mount_count; i++) {
		const struct config_mount *m = r->program.record.mounts[i];
		const enum retwine_code code =
			m->volume ? open_volume(r, m, error) : open_directory(r, m, error);

		if (code != RETWINE_OK)
			return code;
	}
	return RETWINE_OK;
}

static enum retwine_code open_listeners(struct running *r, struct retwine_error *error)
{
	for (size_t i = 0; i < r->config->listener_count; i++) {
		const enum retwine_code code =
			socket_listen(&r->listeners[i], r->config->listeners[i].text, error);

		if (code != RETWINE_OK)
			return code;
		r->listener_count++;
	}
	return RETWINE_OK;
}

static void on_starting(void *context, bool simulation, const uint8_t mrenclave[32])
{
	struct running *r = context;

	memcpy(r->program.identity.mr_enclave, mrenclave, 32);
	if (r->config->on_start)
		r->config->on_start(r->config->on_start_context, simulation, &r->program.identity);
}

static struct host_bytes file_bytes(const struct file *file)
{
	return (struct host_bytes){.p = file->p, .size = file->size};
}

static void make_request(struct running *r)
{
	const struct program *p = &r->program;
	struct host_run_request *q = &r->request;

	q->image = file_bytes(&p->image.elf);
	q->sigstruct = file_bytes(&p->image.sig);
	q->module = file_bytes(&p->module.file);
	q->launch_record = (struct host_bytes){.p = p->record.p, .size = p->record.size};
	memcpy(q->launch_digest, p->record.digests.launch, sizeof(q->launch_digest));
	q->mounts = r->mounts;
	q->mount_count = r->open_count;
	q->listeners = r->listeners;
	q->listener_count = r->listener_count;
	q->extras = r->extras;
	q->extra_count = r->extra_count;
	q->limits = r->config->host_limits;
	q->quoting = r->config->attestation ? &r->config->quoting : NULL;
	q->max_threads = r->config->limits.threads;
	q->timeout_ns = r->config->limits.timeout;
	q->strict_simulation = r->config->strict_simulation;
	q->simulation = r->config->simulation || p->engine.simulation_only;
	q->handle_sigint = r->config->handle_sigint;
	q->starting = on_starting;
	q->starting_context = r;
}

static enum retwine_code run_error(const struct running *r, enum err err,
				   struct retwine_error *error)
{
	const char *why = r->result.why[0] ? r->result.why : words_err(err);
	enum retwine_code code = RETWINE_FAILED;

	if (err == E_DENIED || err == E_MALFORMED || err == E_SGX_SIGNATURE)
		code = RETWINE_REFUSED;
	return error_set(error, code, "cannot run %s: %s", r->config->module, why);
}

static enum retwine_code check_cpu(const struct running *r, struct retwine_error *error)
{
	struct cpu_features cpu;

	cpu_read(&cpu);
	return engine_check_cpu(&r->program.engine, cpu.x86_64_v3, r->config->module, error);
}

static enum retwine_code prepare(struct running *r, struct retwine_error *error)
{
	/* First of all: a closed standard stream must not become a file of ours. */
	if (service_streams_reserve(r->request.streams) != E_OK)
		return error_set(error, RETWINE_FAILED,
				 "a standard stream is closed and /dev/null cannot be opened; "
				 "open it");
	enum retwine_code code = program_load(&r->program, r->config, false, error);

	if (code == RETWINE_OK)
		code = check_cpu(r, error);
	if (code == RETWINE_OK)
		code = open_mounts(r, error);
	if (code == RETWINE_OK)
		code = open_listeners(r, error);
	if (code == RETWINE_OK)
		make_request(r);
	return code;
}

static enum retwine_code run(struct running *r, struct retwine_outcome *outcome,
			     struct retwine_error *error)
{
	enum retwine_code code = prepare(r, error);

	if (code != RETWINE_OK)
		return code;
	enum err err = host_run(&r->request, &r->result);

	if (err == E_OK) {
		outcome->simulation = r->result.simulation;
		outcome->identity = r->program.identity;
		outcome_count(&outcome->stats, &r->result.stats);
		outcome_tell(outcome, &r->result, r->config->module);
		if (!outcome_volumes(outcome, &r->result, r->program.record.mounts,
				     r->program.record.mount_count))
			code = error_no_memory(error);
	} else {
		code = run_error(r, err, error);
	}
	host_run_result_fini(&r->result);
	return code;
}

enum retwine_code retwine_run(const struct retwine_config *config, struct retwine_outcome *outcome,
			      struct retwine_error *error)
{
	struct running *r = calloc(1, sizeof(*r));

	*outcome = (struct retwine_outcome){0};
	if (!r)
		return error_no_memory(error);
	r->config = config;
	enum retwine_code code = run(r, outcome, error);

	for (size_t i = 0; i < r->open_count; i++)
		if (r->mounts[i].dir_fd >= 0)
			close(r->mounts[i].dir_fd);
	for (size_t i = 0; i < r->extra_count; i++)
		close(r->extras[i].dir_fd);
	for (size_t i = 0; i < r->listener_count; i++)
		close(r->listeners[i]);
	program_fini(&r->program);
	free(r);
	return code;
}
