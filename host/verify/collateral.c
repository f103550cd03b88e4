/*
 * Collateral for one piece of evidence: where it comes from.
 * Trust: files, what was kept and what is fetched are only sorted here; the URL's parts that come from evidence are digits
 * that we write ourselves.
 */
#include "host/verify/collateral.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <mbedtls/x509_crt.h>

#include "host/base/files.h"
#include "host/base/words.h"
#include "host/quoting/simulation.h"
#include "host/verify/collateral_fetch.h"

#define DIRECTORY_MAX 1024 /* files of a directory that are looked at */

void retwine_policy_notes(struct retwine_policy *policy,
			  void (*note)(void *context, const char *line), void *context)
{
	policy->note = note;
	policy->note_context = context;
}

/* What is being gathered, and how that is told. */
struct gathering {
	struct attest_collateral *out;
	const struct retwine_policy *policy;
	struct retwine_error *error;
};

/* ---- files ---- */

/* Bytes that were not recognized, and would be but for damage: text with a byte order mark, PEM with its spaces as %20, a
 * list or certificate in DER that cannot be read. Keys, which look alike, are none of these. */
static bool looks_damaged(const uint8_t *p, size_t size)
{
	static const char mark[] = "\xef\xbb\xbf", url[] = "-----BEGIN%20";
	mbedtls_x509_crt certificate;

	if (size > 3 && memcmp(p, mark, 3) == 0 && (p[3] == '{' || p[3] == '-'))
		return true;
	if (memmem(p, size, url, sizeof url - 1))
		return true;
	if (size < 6 || p[0] != 0x30 || !(p[1] & 0x80))
		return false;
	const size_t head = 2 + (p[1] & 0x7fu);

	if (head + 1 >= size || p[head] != 0x30 || !(p[head + 1] & 0x80))
		return false;
	mbedtls_x509_crt_init(&certificate);
	const bool damaged = mbedtls_x509_crt_parse_der(&certificate, p, size) != 0;

	mbedtls_x509_crt_free(&certificate);
	return damaged;
}

static void note_damaged(const struct gathering *g, const char *name)
{
	struct retwine_error line;

	if (!g->policy->note)
		return;
	(void)error_set(&line, RETWINE_INPUT,
			"collateral %s is damaged and was passed over; fetch it again", name);
	g->policy->note(g->policy->note_context, line.message);
}

/* `alone`: the file was named by the user and has to be something. */
static enum retwine_code add_bytes(const struct gathering *g, const void *p, size_t size,
				   const char *name, bool alone)
{
	enum attest_item what = ATTEST_ITEM_NONE;
	enum err err = attest_collateral_add(g->out, p, size, &what);

	if (err == E_NOMEM)
		return error_no_memory(g->error);
	if (err == E_LIMIT)
		return error_set(g->error, RETWINE_INPUT, "collateral %s: there is too much of it",
				 name);
	if (err == E_OK && what != ATTEST_ITEM_NONE)
		return RETWINE_OK;
	if (!alone) {
		if (err != E_OK || looks_damaged(p, size))
			note_damaged(g, name);
		return RETWINE_OK;
	}
	return error_set(
		g->error, RETWINE_INPUT,
		"%s is no collateral: neither an answer of Intel's service nor certificates "
		"nor a list of revoked ones; name another file",
		name);
}

static enum retwine_code add_file(const struct gathering *g, const char *path, bool alone)
{
	struct file f = {0};
	enum retwine_code code = file_read(&f, path, "the collateral", ATTEST_COLLATERAL_SIZE_MAX,
					   alone ? g->error : NULL);

	if (code != RETWINE_OK)
		return alone ? code : RETWINE_OK;
	code = add_bytes(g, f.p, f.size, path, alone);
	file_fini(&f);
	return code;
}

static int is_visible(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

/* The files of a directory, not of those in it; what is no collateral is passed over, and told if it is damaged. */
static enum retwine_code add_directory(const struct gathering *g, const char *path)
{
	struct dirent **entries = NULL;
	const int n = scandir(path, &entries, is_visible, alphasort);
	enum retwine_code code = RETWINE_OK;

	if (n < 0)
		return error_set(g->error, RETWINE_INPUT, "cannot read the directory %s: %s", path,
				 strerror(errno));
	if (n > DIRECTORY_MAX)
		code = error_set(g->error, RETWINE_INPUT, "%s has more than %d files; name them",
				 path, DIRECTORY_MAX);
	for (int i = 0; i < n; i++) {
		char *name = NULL;

		if (code == RETWINE_OK && asprintf(&name, "%s/%s", path, entries[i]->d_name) < 0)
			code = error_no_memory(g->error);
		else if (code == RETWINE_OK)
			code = add_file(g, name, false);
		free(name);
		free(entries[i]);
	}
	free(entries);
	return code;
}

static enum retwine_code add_path(const struct gathering *g, const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return add_directory(g, path);
	return add_file(g, path, true);
}

/* ---- the simulator's ---- */

static enum retwine_code add_simulation(const struct gathering *g)
{
	static const enum simulation_file files[] = {
		SIMULATION_ROOT_CRL,	SIMULATION_PCK_CRL,   SIMULATION_TCB_INFO,
		SIMULATION_QE_IDENTITY, SIMULATION_TCB_CHAIN, SIMULATION_CA_CHAIN,
	};
	enum retwine_code code = RETWINE_OK;

	for (size_t i = 0; code == RETWINE_OK && i < COUNT_OF(files); i++) {
		const struct simulation_bytes b = simulation_file(files[i]);

		code = add_bytes(g, b.p, b.size, "of the simulator", true);
	}
	return code;
}

enum retwine_code collateral_find(struct attest_collateral *out,
				  const struct retwine_policy *policy, const void *evidence,
				  size_t size, struct retwine_error *error)
{
	const struct gathering g = {out, policy, error};
	enum retwine_code code = RETWINE_OK;

	if (policy->attest.insecure_accept_simulation)
		code = add_simulation(&g);
	for (size_t i = 0; code == RETWINE_OK && i < policy->file_count; i++)
		code = add_path(&g, policy->files[i]);
	if (code == RETWINE_OK && policy->file_count == 0)
		code = collateral_fetch(out, policy, evidence, size, error);
	return code;
}
