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

#include "host/base/files.h"
#include "host/base/words.h"
#include "host/quoting/simulation.h"
#include "host/verify/collateral_fetch.h"

#define DIRECTORY_MAX 1024 /* files of a directory that are looked at */

/* ---- files ---- */

/* `alone`: the file was named by the user and has to be something. */
static enum retwine_code add_bytes(struct attest_collateral *out, const void *p, size_t size,
				   const char *name, bool alone, struct retwine_error *error)
{
	enum attest_item what = ATTEST_ITEM_NONE;
	enum err err = attest_collateral_add(out, p, size, &what);

	if (err == E_NOMEM)
		return error_no_memory(error);
	if (err == E_LIMIT)
		return error_set(error, RETWINE_INPUT, "collateral %s: there is too much of it",
				 name);
	if (!alone || (err == E_OK && what != ATTEST_ITEM_NONE))
		return RETWINE_OK;
	return error_set(
		error, RETWINE_INPUT,
		"%s is no collateral: neither an answer of Intel's service nor certificates "
		"nor a list of revoked ones; name another file",
		name);
}

static enum retwine_code add_file(struct attest_collateral *out, const char *path, bool alone,
				  struct retwine_error *error)
{
	struct file f = {0};
	enum retwine_code code = file_read(&f, path, "the collateral", ATTEST_COLLATERAL_SIZE_MAX,
					   alone ? error : NULL);

	if (code != RETWINE_OK)
		return alone ? code : RETWINE_OK;
	code = add_bytes(out, f.p, f.size, path, alone, error);
	file_fini(&f);
	return code;
}

static int is_visible(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

/* The files of a directory, not of those in it; what is no collateral is passed over. */
static enum retwine_code add_directory(struct attest_collateral *out, const char *path,
				       struct retwine_error *error)
{
	struct dirent **entries = NULL;
	const int n = scandir(path, &entries, is_visible, alphasort);
	enum retwine_code code = RETWINE_OK;

	if (n < 0)
		return error_set(error, RETWINE_INPUT, "cannot read the directory %s: %s", path,
				 strerror(errno));
	if (n > DIRECTORY_MAX)
		code = error_set(error, RETWINE_INPUT, "%s has more than %d files; name them", path,
				 DIRECTORY_MAX);
	for (int i = 0; i < n; i++) {
		char *name = NULL;

		if (code == RETWINE_OK && asprintf(&name, "%s/%s", path, entries[i]->d_name) < 0)
			code = error_no_memory(error);
		else if (code == RETWINE_OK)
			code = add_file(out, name, false, error);
		free(name);
		free(entries[i]);
	}
	free(entries);
	return code;
}

static enum retwine_code add_path(struct attest_collateral *out, const char *path,
				  struct retwine_error *error)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return add_directory(out, path, error);
	return add_file(out, path, true, error);
}

/* ---- the simulator's ---- */

static enum retwine_code add_simulation(struct attest_collateral *out, struct retwine_error *error)
{
	static const enum simulation_file files[] = {
		SIMULATION_ROOT_CRL,	SIMULATION_PCK_CRL,   SIMULATION_TCB_INFO,
		SIMULATION_QE_IDENTITY, SIMULATION_TCB_CHAIN, SIMULATION_CA_CHAIN,
	};
	enum retwine_code code = RETWINE_OK;

	for (size_t i = 0; code == RETWINE_OK && i < COUNT_OF(files); i++) {
		const struct simulation_bytes b = simulation_file(files[i]);

		code = add_bytes(out, b.p, b.size, "of the simulator", true, error);
	}
	return code;
}

enum retwine_code collateral_find(struct attest_collateral *out,
				  const struct retwine_policy *policy, const void *evidence,
				  size_t size, struct retwine_error *error)
{
	enum retwine_code code = RETWINE_OK;

	if (policy->attest.insecure_accept_simulation)
		code = add_simulation(out, error);
	for (size_t i = 0; code == RETWINE_OK && i < policy->file_count; i++)
		code = add_path(out, policy->files[i], error);
	if (code == RETWINE_OK && policy->file_count == 0)
		code = collateral_fetch(out, policy, evidence, size, error);
	return code;
}
