/*
 * Loading what a configuration names, and the identity that follows from it.
 * Trust: files are anybody's; the digests say what was read.
 */
#include "host/program.h"

#include <stdlib.h>
#include <string.h>

#include "host/base/cpu.h"
#include "host/base/report.h"
#include "host/base/words.h"
#include "host/packages.h"

static enum retwine_code load_module(struct program *p, const struct retwine_config *config,
				     struct retwine_error *error)
{
	enum retwine_code code = module_load(&p->module, config->module, error);

	if (code == RETWINE_OK)
		code = engine_prepare(&p->engine, &p->module, config, error);
	if (code != RETWINE_OK)
		return code;
	return record_build(&p->record, config, &p->module, p->engine.engine, p->salt, error);
}

static void set_identity(struct program *p)
{
	struct retwine_identity *id = &p->identity;

	image_identity(id, &p->image.sigstruct);
	id->has_program = p->record.p != NULL;
	id->native = p->engine.engine == LAUNCH_ENGINE_NATIVE;
	memcpy(id->module_digest, p->record.module_digest, LAUNCH_DIGEST_SIZE);
	memcpy(id->native_digest, p->record.native_digest, LAUNCH_DIGEST_SIZE);
	memcpy(id->program_digest, p->record.digests.program, LAUNCH_DIGEST_SIZE);
	memcpy(id->launch_digest, p->record.digests.launch, LAUNCH_DIGEST_SIZE);
}

enum retwine_code program_load(struct program *p, const struct retwine_config *config,
			       bool module_optional, struct retwine_error *error)
{
	struct program loaded = {0};
	enum retwine_code code = RETWINE_OK;

	memcpy(loaded.salt, p->salt, sizeof(loaded.salt));
	cpu_set_crypto_hints();
	if (config->module)
		code = load_module(&loaded, config, error);
	else if (!module_optional)
		code = error_set(error, RETWINE_USAGE,
				 "no program to run; name a .wasm file, or see 'retwine help run'");
	if (code == RETWINE_OK)
		code = image_load(&loaded.image, config->image, error);
	if (code == RETWINE_OK) {
		set_identity(&loaded);
		*p = loaded;
	} else {
		program_fini(&loaded);
	}
	return code;
}

void program_fini(struct program *p)
{
	module_fini(&p->module);
	record_fini(&p->record);
	image_fini(&p->image);
}

/* ---- measure ---- */

enum retwine_code program_measure(struct program *p, struct retwine_error *error)
{
	const struct image *image = &p->image;
	uint8_t measured[32];
	enum retwine_code code = image_measure(measured, &image->elf, image->path, error);

	if (code != RETWINE_OK)
		return code;
	if (sgx_sigstruct_verify(&image->sigstruct) != REFUSAL_NONE)
		return error_set(
			error, RETWINE_REFUSED,
			"the signature %s is not valid: %s; make it again with 'retwine sign'",
			image->sig_path, words_refusal(sgx_sigstruct_verify(&image->sigstruct)));
	if (memcmp(measured, p->identity.mr_enclave, sizeof(measured)) != 0)
		return error_set(
			error, RETWINE_REFUSED,
			"%s does not match its signature: its measurement is another; build "
			"it again, or sign it with 'retwine sign'",
			image->path);
	return RETWINE_OK;
}

enum retwine_code retwine_measure(const struct retwine_config *config,
				  struct retwine_identity *identity, struct retwine_error *error)
{
	struct program p = {0};
	enum retwine_code code = program_load(&p, config, true, error);

	if (code == RETWINE_OK)
		code = program_measure(&p, error);
	if (code == RETWINE_OK)
		*identity = p.identity;
	program_fini(&p);
	return code;
}

/* The versions as members of an object: the text is "name=version name=version". */
static void report_packages(struct report *r, json_t *object)
{
	for (const char *s = retwine_packages; *s;) {
		size_t n = strcspn(s, " ");
		const char *equal = memchr(s, '=', n);

		if (equal) {
			char *name = strndup(s, (size_t)(equal - s));

			if (name)
				report_text(r, object, name, equal + 1,
					    n - (size_t)(equal - s) - 1);
			else
				r->failed = true;
			free(name);
		}
		s += n + (s[n] == ' ');
	}
}

static void report_program(struct report *r, const struct retwine_identity *id)
{
	uint8_t config_id[64] = {0};

	memcpy(config_id, id->launch_digest, sizeof(id->launch_digest));
	report_words(r, r->root, "engine", id->native ? "native" : "interpreter");
	report_hex(r, r->root, "module_digest", id->module_digest, sizeof(id->module_digest));
	report_hex(r, r->root, "native_digest", id->native_digest, sizeof(id->native_digest));
	report_hex(r, r->root, "program_digest", id->program_digest, sizeof(id->program_digest));
	report_hex(r, r->root, "launch_digest", id->launch_digest, sizeof(id->launch_digest));
	report_hex(r, r->root, "config_id", config_id, sizeof(config_id));
}

enum retwine_code retwine_identity_text(const struct retwine_identity *identity,
					enum retwine_format format, char **text,
					struct retwine_error *error)
{
	struct report r;

	report_init(&r);
	report_hex(&r, r.root, "mr_enclave", identity->mr_enclave, sizeof(identity->mr_enclave));
	report_hex(&r, r.root, "mr_signer", identity->mr_signer, sizeof(identity->mr_signer));
	report_number(&r, r.root, "isv_prod_id", identity->isv_prod_id);
	report_number(&r, r.root, "isv_svn", identity->isv_svn);
	report_bits(&r, r.root, "attributes", identity->attributes);
	report_bits(&r, r.root, "xfrm", identity->xfrm);
	report_bits(&r, r.root, "miscselect", identity->miscselect);
	report_bool(&r, r.root, "debug", identity->debug);
	if (identity->has_program)
		report_program(&r, identity);
	report_packages(&r, report_object(&r, r.root, "packages"));
	return report_finish(&r, format, false, text, error);
}

enum retwine_code retwine_launch_record(const struct retwine_config *config, void **record,
					size_t *size, struct retwine_error *error)
{
	struct program p = {0};

	if (!config->module)
		return error_set(error, RETWINE_USAGE, "no program; name a .wasm file");
	cpu_set_crypto_hints();
	enum retwine_code code = load_module(&p, config, error);

	if (code == RETWINE_OK) {
		*record = p.record.p;
		*size = p.record.size;
		p.record.p = NULL;
	}
	program_fini(&p);
	return code;
}
