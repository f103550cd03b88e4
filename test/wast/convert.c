/*
 * The JSON of wast2json to a script.
 * Trust: hosted test tool; the files are ours to believe, but a command that is not understood
 * becomes WAST_SKIP with its reason, never nothing.
 */
#include "test/wast/convert.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/wast/script.h"
#include "wasm/types.h"

struct buffer {
	uint8_t *p;
	size_t size;
	size_t capacity;
};

static void put(struct buffer *b, const void *p, size_t n)
{
	if (n > b->capacity - b->size) {
		b->capacity = (b->size + n) * 2;
		b->p = realloc(b->p, b->capacity);
		if (!b->p)
			abort();
	}
	if (n)
		memcpy(b->p + b->size, p, n);
	b->size += n;
}

static void put_number(struct buffer *b, uint64_t v, size_t n)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)(v >> 8 * i);
	put(b, bytes, n);
}

static void put_string(struct buffer *b, const void *p, size_t n)
{
	put_number(b, n, 4);
	put(b, p, n);
}

/* A member that is a string; absent: the empty one. */
static void put_member(struct buffer *b, const json_t *object, const char *key)
{
	const json_t *s = json_object_get(object, key);

	put_string(b, json_is_string(s) ? json_string_value(s) : "",
		   json_is_string(s) ? json_string_length(s) : 0);
}

static const char *text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

/* ---- values ---------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum wasm_type type;
} types[] = {
	{"i32", WASM_I32}, {"i64", WASM_I64},	      {"f32", WASM_F32},
	{"f64", WASM_F64}, {"funcref", WASM_FUNCREF}, {"externref", WASM_EXTERNREF},
};

static bool type_of(const char *name, enum wasm_type *type)
{
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		if (strcmp(types[i].name, name) == 0) {
			*type = types[i].type;
			return true;
		}
	}
	return false;
}

/* A number, "nan:...", or "null". wast2json does not tell one function reference from another. */
static bool put_value(struct buffer *b, const json_t *value)
{
	const char *s = json_string_value(json_object_get(value, "value"));
	enum wast_match match = WAST_BITS;
	enum wasm_type type;
	uint64_t bits = 0;

	if (!type_of(text(value, "type"), &type))
		return false;
	if (!s || (type == WASM_FUNCREF && strcmp(s, "null") != 0))
		match = WAST_NOT_NULL;
	else if (strcmp(s, "nan:canonical") == 0)
		match = WAST_NAN_CANONICAL;
	else if (strcmp(s, "nan:arithmetic") == 0)
		match = WAST_NAN_ARITHMETIC;
	else if (strcmp(s, "null") != 0)
		bits = strtoull(s, NULL, 10) + wasm_type_is_ref((uint8_t)type); /* 0 is null */
	put_number(b, (uint64_t)type, 1);
	put_number(b, (uint64_t)match, 1);
	put_number(b, bits, 8);
	return true;
}

static bool put_values(struct buffer *b, const json_t *values)
{
	put_number(b, json_array_size(values), 4);
	for (size_t i = 0; i < json_array_size(values); i++) {
		if (!put_value(b, json_array_get(values, i)))
			return false;
	}
	return true;
}

/* ---- commands -------------------------------------------------------------------------------- */

static bool put_action(struct buffer *b, const json_t *command)
{
	const json_t *action = json_object_get(command, "action");
	bool get = strcmp(text(action, "type"), "get") == 0;

	if (!get && strcmp(text(action, "type"), "invoke") != 0)
		return false;
	put_number(b, get ? WAST_GET : WAST_INVOKE, 1);
	put_member(b, action, "module");
	put_member(b, action, "field");
	return put_values(b, json_object_get(action, "args"));
}

static bool put_file(struct buffer *b, const char *dir, const json_t *command)
{
	char path[4096];
	const char *name = text(command, "filename");

	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *f = fopen(path, "rb");

	if (!f) {
		perror(path);
		return false;
	}
	struct buffer file = {0};
	uint8_t chunk[4096];

	for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;)
		put(&file, chunk, n);
	fclose(f);
	put_string(b, file.p, file.size);
	free(file.p);
	return true;
}

static const struct {
	const char *name;
	enum wast_command command;
} commands[] = {
	{"module", WAST_MODULE},
	{"register", WAST_REGISTER},
	{"action", WAST_ACTION},
	{"assert_return", WAST_RETURN},
	{"assert_trap", WAST_TRAP},
	{"assert_exhaustion", WAST_EXHAUSTION},
	{"assert_invalid", WAST_INVALID},
	{"assert_malformed", WAST_MALFORMED},
	{"assert_unlinkable", WAST_UNLINKABLE},
	{"assert_uninstantiable", WAST_UNINSTANTIABLE},
};

static enum wast_command command_of(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].command;
	}
	return WAST_SKIP;
}

/* What follows kind and line; false: not understood. */
static bool put_fields(struct buffer *b, const json_t *command, enum wast_command kind,
		       const char *dir)
{
	switch (kind) {
	case WAST_MODULE:
		put_member(b, command, "name");
		return put_file(b, dir, command);
	case WAST_REGISTER:
		put_member(b, command, "as");
		put_member(b, command, "name");
		return true;
	case WAST_ACTION:
		return put_action(b, command);
	case WAST_RETURN:
		return put_action(b, command) &&
		       put_values(b, json_object_get(command, "expected"));
	case WAST_TRAP:
	case WAST_EXHAUSTION:
		if (!put_action(b, command))
			return false;
		put_member(b, command, "text");
		return true;
	case WAST_SKIP:
		return false;
	default:
		put_member(b, command, "text");
		return put_file(b, dir, command);
	}
}

static void put_skip(struct buffer *b, uint64_t line, const char *reason)
{
	put_number(b, WAST_SKIP, 1);
	put_number(b, line, 4);
	put_string(b, reason, strlen(reason));
}

static void put_command(struct buffer *b, const json_t *command, const char *dir)
{
	enum wast_command kind = command_of(text(command, "type"));
	uint64_t line = (uint64_t)json_integer_value(json_object_get(command, "line"));
	size_t before = b->size;

	if (strcmp(text(command, "module_type"), "text") == 0) {
		put_skip(b, line, "a module in text format");
		return;
	}
	put_number(b, kind, 1);
	put_number(b, line, 4);
	if (!put_fields(b, command, kind, dir)) {
		b->size = before;
		put_skip(b, line, "a command or value that the runner does not know");
	}
}

bool wast_convert(const char *path, uint8_t **script, size_t *size)
{
	json_error_t error;
	json_t *root = json_load_file(path, JSON_ALLOW_NUL, &error);
	char *dir = strdup(path);
	struct buffer b = {0};

	if (!root || !dir) {
		fprintf(stderr, "%s:%d: %s\n", path, error.line, error.text);
		free(dir);
		return false;
	}
	char *slash = strrchr(dir, '/');
	const json_t *list = json_object_get(root, "commands");

	if (slash)
		*slash = '\0';
	put_number(&b, WAST_MAGIC, 4);
	put_number(&b, WAST_VERSION, 4);
	const char *source = text(root, "source_filename");
	const char *base = strrchr(source, '/');

	put_string(&b, base ? base + 1 : source, strlen(base ? base + 1 : source));
	for (size_t i = 0; i < json_array_size(list); i++)
		put_command(&b, json_array_get(list, i), slash ? dir : ".");
	json_decref(root);
	free(dir);
	*script = b.p;
	*size = b.size;
	return true;
}
