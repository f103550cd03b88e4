/*
 * Documents over jansson.
 * Trust: texts are anybody's and are escaped; the shape is ours.
 */
#include "host/base/report.h"

#include <stdlib.h>
#include <string.h>

#include "host/base/text.h"
#include "host/base/words.h"

void report_init(struct report *r)
{
	r->root = json_object();
	r->failed = !r->root;
}

void report_fini(struct report *r)
{
	json_decref(r->root);
	*r = (struct report){0};
}

/* Gives `value` to the parent; the reference is taken in any case. */
static json_t *report_add(struct report *r, json_t *parent, const char *name, json_t *value)
{
	int rc = -1;

	if (parent && value)
		rc = name ? json_object_set_new(parent, name, value)
			  : json_array_append_new(parent, value);
	else
		json_decref(value);
	if (rc == 0)
		return value;
	r->failed = true;
	return NULL;
}

json_t *report_object(struct report *r, json_t *parent, const char *name)
{
	return report_add(r, parent, name, json_object());
}

json_t *report_array(struct report *r, json_t *parent, const char *name)
{
	return report_add(r, parent, name, json_array());
}

/* Takes the text's contents. */
static void report_take(struct report *r, json_t *parent, const char *name, struct text *t)
{
	char *s = text_take(t);

	report_add(r, parent, name, s ? json_string(s) : NULL);
	free(s);
}

void report_text(struct report *r, json_t *parent, const char *name, const void *bytes, size_t size)
{
	struct text t = {0};

	text_add_safe(&t, bytes, size);
	report_take(r, parent, name, &t);
}

void report_words(struct report *r, json_t *parent, const char *name, const char *words)
{
	report_text(r, parent, name, words, strlen(words));
}

void report_number(struct report *r, json_t *parent, const char *name, uint64_t v)
{
	json_int_t shown = v > INT64_MAX ? INT64_MAX : (json_int_t)v;

	report_add(r, parent, name, json_integer(shown));
}

void report_bool(struct report *r, json_t *parent, const char *name, bool v)
{
	report_add(r, parent, name, json_boolean(v));
}

void report_hex(struct report *r, json_t *parent, const char *name, const void *bytes, size_t size)
{
	struct text t = {0};

	text_add_hex(&t, bytes, size);
	report_take(r, parent, name, &t);
}

void report_bits(struct report *r, json_t *parent, const char *name, uint64_t v)
{
	struct text t = {0};

	text_addf(&t, "0x%016llx", (unsigned long long)v);
	report_take(r, parent, name, &t);
}

/* ---- text: one line a value, indented by depth, which our shapes bound ---- */

#define DEPTH_MAX 4

static void write_scalar(struct text *t, const json_t *value)
{
	if (json_is_string(value))
		text_add(t, json_string_value(value));
	else if (json_is_integer(value))
		text_addf(t, "%lld", (long long)json_integer_value(value));
	else
		text_add(t, json_is_true(value) ? "yes" : "no");
}

/* "  name: " with the colon's column the same for all members that hold scalars. */
static void write_name(struct text *t, const char *name, int depth, size_t width)
{
	size_t n = strlen(name);

	text_addf(t, "%*s%s:%*s", depth * 2, "", name, (int)(n < width ? width - n : 0) + 1, "");
}

static size_t names_width(json_t *object)
{
	const char *name;
	json_t *value;
	size_t width = 0;

	json_object_foreach(object, name, value)
	{
		if (!json_is_object(value) && !json_is_array(value) && strlen(name) > width)
			width = strlen(name);
	}
	return width;
}

/* An array element that is an object stands on one line: "name=value name=value". */
static void write_row(struct text *t, json_t *object, int depth)
{
	const char *name;
	json_t *value;
	bool first = true;

	text_addf(t, "%*s", depth * 2, "");
	json_object_foreach(object, name, value)
	{
		text_addf(t, "%s%s=", first ? "" : " ", name);
		write_scalar(t, value);
		first = false;
	}
	text_add(t, "\n");
}

static void write_array(struct text *t, const char *name, json_t *array, int depth)
{
	size_t i;
	json_t *value;

	text_addf(t, "%*s%s:%s\n", depth * 2, "", name, json_array_size(array) ? "" : " none");
	json_array_foreach(array, i, value)
	{
		if (json_is_object(value)) {
			write_row(t, value, depth + 1);
			continue;
		}
		text_addf(t, "%*s", (depth + 1) * 2, "");
		write_scalar(t, value);
		text_add(t, "\n");
	}
}

static void write_object(struct text *t, json_t *object, int depth)
{
	const char *name;
	json_t *value;
	size_t width = names_width(object);

	json_object_foreach(object, name, value)
	{
		if (json_is_array(value)) {
			write_array(t, name, value, depth);
		} else if (json_is_object(value)) {
			text_addf(t, "%*s%s:\n", depth * 2, "", name);
			if (depth < DEPTH_MAX)
				write_object(t, value, depth + 1);
		} else {
			write_name(t, name, depth, width);
			write_scalar(t, value);
			text_add(t, "\n");
		}
	}
}

static char *write_json(json_t *root, bool one_line)
{
	struct text t = {0};
	char *s = json_dumps(root, one_line ? 0 : JSON_INDENT(2));

	if (!s)
		return NULL;
	text_add(&t, s);
	text_add(&t, "\n");
	free(s);
	return text_take(&t);
}

static char *write_text(json_t *root)
{
	struct text t = {0};

	write_object(&t, root, 0);
	return text_take(&t);
}

enum retwine_code report_finish(struct report *r, enum retwine_format format, bool one_line,
				char **text, struct retwine_error *error)
{
	char *s = NULL;

	if (!r->failed)
		s = format == RETWINE_JSON ? write_json(r->root, one_line) : write_text(r->root);
	report_fini(r);
	if (!s)
		return error_no_memory(error);
	*text = s;
	return RETWINE_OK;
}
