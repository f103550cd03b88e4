/*
 * What is in a volume, and whether it is whole, as documents.
 * Trust: names and targets are authentic, yet written by any program: shown with control characters
 * escaped.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/base/report.h"
#include "host/base/text.h"
#include "host/base/words.h"
#include "host/volume/volume.h"
#include "volume/check.h"

struct lister {
	struct volume *v;
	const struct retwine_volume_list *list;
	enum retwine_format format;
	struct text text;     /* RETWINE_TEXT */
	struct report report; /* RETWINE_JSON */
	json_t *entries;
	struct volume_items entry;    /* its entries */
	struct volume_items pending;  /* directories, the next one last */
	char target[VOLUME_LINK_MAX]; /* of a symlink */
};

/* ---- one entry ---- */

static const char *type_name(enum volume_type type)
{
	switch (type) {
	case VOLUME_FILE:
		return "file";
	case VOLUME_DIRECTORY:
		return "directory";
	case VOLUME_SYMLINK:
		return "symlink";
	default:
		return "unknown";
	}
}

static void time_words(char out[32], uint64_t ns)
{
	const time_t seconds = (time_t)(ns / 1000000000u);
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || strftime(out, 32, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		(void)snprintf(out, 32, "%llu", (unsigned long long)ns);
}

static void show_text(struct lister *l, const struct volume_item *e, const struct volume_stat *st,
		      size_t target_size)
{
	static const char letters[] = {
		[VOLUME_FILE] = '-', [VOLUME_DIRECTORY] = 'd', [VOLUME_SYMLINK] = 'l'};
	char when[32];

	if (l->list->details) {
		time_words(when, st->mtim);
		text_addf(&l->text, "%c %4u %14llu %s ", letters[e->type], st->nlink,
			  (unsigned long long)st->size, when);
	}
	text_add_safe(&l->text, e->path, strlen(e->path));
	if (l->list->details && e->type == VOLUME_SYMLINK) {
		text_add(&l->text, " -> ");
		text_add_safe(&l->text, l->target, target_size);
	}
	text_add(&l->text, "\n");
}

static void show_json(struct lister *l, const struct volume_item *e, const struct volume_stat *st,
		      size_t target_size)
{
	json_t *o = report_object(&l->report, l->entries, NULL);

	report_text(&l->report, o, "path", e->path, strlen(e->path));
	report_words(&l->report, o, "type", type_name(e->type));
	if (!l->list->details)
		return;
	report_number(&l->report, o, "names", st->nlink);
	report_number(&l->report, o, "size", st->size);
	report_number(&l->report, o, "mtime_ns", st->mtim);
	if (e->type == VOLUME_SYMLINK)
		report_text(&l->report, o, "target", l->target, target_size);
}

static enum err show(struct lister *l, const struct volume_item *e)
{
	struct volume_stat st = {0};
	size_t target_size = 0;
	enum err err = l->list->details ? volume_stat(l->v, e->ino, &st) : E_OK;

	if (err == E_OK && l->list->details && e->type == VOLUME_SYMLINK)
		err = volume_readlink(l->v, e->ino, l->target, sizeof(l->target), &target_size);
	if (err != E_OK)
		return err;
	if (l->format == RETWINE_JSON)
		show_json(l, e, &st, target_size);
	else
		show_text(l, e, &st, target_size);
	return E_OK;
}

/* ---- directories ---- */

static enum err list_directory(struct lister *l, const struct volume_item *dir)
{
	enum err err = volume_items_read(&l->entry, l->v, dir->ino, dir->path);

	for (size_t i = 0; err == E_OK && i < l->entry.count; i++)
		err = show(l, &l->entry.p[i]);
	for (size_t i = l->entry.count; err == E_OK && l->list->recursive && i > 0; i--) {
		const struct volume_item *e = &l->entry.p[i - 1];

		if (e->type == VOLUME_DIRECTORY)
			err = volume_items_add(&l->pending, strdup(e->path), e->ino, e->type);
	}
	return err;
}

static enum err list_path(struct lister *l, const char *path)
{
	struct volume_at at;
	enum err err = volume_walk(&at, l->v, path, true);

	if (err != E_OK)
		return err;
	if (at.ino == 0)
		return E_NOT_FOUND;
	if (at.type != VOLUME_DIRECTORY) {
		char *shown = strdup(path);
		const struct volume_item file = {.path = shown, .ino = at.ino, .type = at.type};

		err = shown ? show(l, &file) : E_NOMEM;
		free(shown);
		return err;
	}
	err = volume_items_add(&l->pending, strdup(""), at.ino, at.type);
	while (err == E_OK && l->pending.count > 0) {
		const struct volume_item dir = volume_items_pop(&l->pending);

		err = list_directory(l, &dir);
		free(dir.path);
	}
	return err;
}

static void lister_fini(struct lister *l)
{
	volume_items_fini(&l->entry);
	volume_items_fini(&l->pending);
	text_fini(&l->text);
	report_fini(&l->report);
	free(l);
}

enum retwine_code retwine_volume_list(struct retwine_volume *volume, const char *path,
				      const struct retwine_volume_list *list,
				      enum retwine_format format, char **text,
				      struct retwine_error *error)
{
	struct lister *l = calloc(1, sizeof(*l));
	enum retwine_code code = RETWINE_OK;

	if (!l)
		return error_no_memory(error);
	l->v = volume->volume;
	l->list = list;
	l->format = format;
	report_init(&l->report);
	l->entries = report_array(&l->report, l->report.root, "entries");
	const enum err err = list_path(l, path);

	if (err != E_OK)
		code = volume_error(volume, "list", path, err, error);
	else if (format == RETWINE_JSON)
		code = report_finish(&l->report, format, false, text, error);
	else {
		text_add(&l->text, "");
		*text = text_take(&l->text);
		if (!*text)
			code = error_no_memory(error);
	}
	lister_fini(l);
	return code;
}

/* ---- the check ---- */

/* As --pin takes it. */
static void report_state(struct report *r, const struct retwine_volume_state *state)
{
	struct text t = {0};

	text_addf(&t, "%llu:", (unsigned long long)state->sequence);
	text_add_hex(&t, state->root, sizeof(state->root));
	char *words = text_take(&t);

	if (words)
		report_words(r, r->root, "state", words);
	else
		r->failed = true;
	free(words);
}

static void report_check(struct report *r, const struct volume_check *c,
			 const struct retwine_volume_state *state)
{
	report_words(r, r->root, "verdict", c->problems == 0 ? "sound" : "damaged");
	report_number(r, r->root, "problems", c->problems);
	if (c->problems > 0) {
		report_words(r, r->root, "first_problem", c->what ? c->what : "unknown");
		report_number(r, r->root, "first_problem_inode", c->ino);
		report_number(r, r->root, "first_problem_block", c->block);
		report_words(r, r->root, "advice",
			     "restore a copy; what can still be read can be copied out with "
			     "'retwine volume cp'");
	}
	report_state(r, state);
	report_number(r, r->root, "files", c->files);
	report_number(r, r->root, "directories", c->directories);
	report_number(r, r->root, "symlinks", c->symlinks);
	report_number(r, r->root, "blocks", c->blocks);
	report_number(r, r->root, "orphans", c->orphans);
}

enum retwine_code retwine_volume_check(struct retwine_volume *volume,
				       void (*progress)(void *context, uint64_t done, uint64_t of),
				       void *context, enum retwine_format format, bool *sound,
				       char **text, struct retwine_error *error)
{
	struct retwine_volume_state state;
	struct volume_check check = {0};
	struct report report;
	const enum err err = volume_check(volume->volume, &check, progress, context);

	if (err != E_OK)
		return volume_error(volume, "check", NULL, err, error);
	retwine_volume_get_state(volume, &state);
	report_init(&report);
	report_check(&report, &check, &state);
	*sound = check.problems == 0;
	return report_finish(&report, format, false, text, error);
}
