/*
 * The configuration file: one YAML mapping with the keys of host/config.c.
 * Trust: the file is the caller's; still it is bounded, and every mistake is told with its line.
 */
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "host/base/files.h"
#include "host/base/words.h"
#include "host/config.h"

#define CONFIG_FILE_MAX ((size_t)64 << 10) /* the parser needs quadratic time for deep nesting */
/* Bytes of all values taken: an alias repeats its anchor's text, which the file holds only once. */
#define CONFIG_TEXT_MAX (2 * CONFIG_FILE_MAX)

struct loader {
	struct retwine_config *config;
	const char *path;
	yaml_document_t *document;
	struct retwine_error *error;
	size_t taken; /* bytes of values, each with its terminator */
};

static size_t node_line(const yaml_node_t *node)
{
	return node->start_mark.line + 1;
}

/* Puts file and line before the message that is there. */
static enum retwine_code at_line(const struct loader *l, const yaml_node_t *node,
				 enum retwine_code code)
{
	struct retwine_error inner;

	if (code != RETWINE_USAGE || !l->error)
		return code;
	inner = *l->error;
	return error_set(l->error, code, "%s: line %zu: %s", l->path, node_line(node),
			 inner.message);
}

static enum retwine_code refuse(const struct loader *l, const yaml_node_t *node, const char *key,
				const char *words)
{
	return at_line(l, node, error_set(l->error, RETWINE_USAGE, "%s: %s", key, words));
}

/* Is this a scalar that was written without quotes? */
static bool is_plain(const yaml_node_t *node)
{
	return node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

/* Does a plain scalar mean null (YAML 1.1)? */
static bool is_null(const yaml_node_t *node)
{
	static const char *const words[] = {"", "~", "null", "Null", "NULL"};

	for (size_t i = 0; is_plain(node) && i < COUNT_OF(words); i++) {
		if (strcmp((const char *)node->data.scalar.value, words[i]) == 0)
			return true;
	}
	return false;
}

/* The text of a scalar; NULL, told, when it is none that we can use. */
static const char *scalar_text(struct loader *l, const yaml_node_t *node, const char *key)
{
	const char *wrong = NULL;

	if (node->type != YAML_SCALAR_NODE)
		wrong = "a text is needed here, not a list or a mapping";
	else if (is_null(node))
		wrong = "the value is missing; write \"\" for an empty text";
	else if (strlen((const char *)node->data.scalar.value) != node->data.scalar.length)
		wrong = "a NUL character is not allowed";
	else if (node->data.scalar.length >= CONFIG_TEXT_MAX - l->taken)
		wrong = "the values are too long together; use fewer aliases";
	if (!wrong) {
		l->taken += node->data.scalar.length + 1;
		return (const char *)node->data.scalar.value;
	}
	(void)refuse(l, node, key, wrong);
	return NULL;
}

static enum retwine_code load_scalar(struct loader *l, const char *key, const yaml_node_t *value,
				     enum config_shape shape)
{
	const char *text = scalar_text(l, value, key);

	if (!text)
		return RETWINE_USAGE;
	if (shape == SHAPE_BOOL && !is_plain(value))
		return refuse(l, value, key, "true or false is needed, without quotes");
	return at_line(l, value, retwine_config_set(l->config, key, text, l->error));
}

static enum retwine_code load_list(struct loader *l, const char *key, const yaml_node_t *value)
{
	const yaml_node_item_t *item = value->data.sequence.items.start;
	enum retwine_code code = RETWINE_OK;

	for (; item < value->data.sequence.items.top && code == RETWINE_OK; item++)
		code = load_scalar(l, key, yaml_document_get_node(l->document, *item), SHAPE_LIST);
	return code;
}

static enum retwine_code load_variables(struct loader *l, const yaml_node_t *value)
{
	const yaml_node_pair_t *pair = value->data.mapping.pairs.start;
	enum retwine_code code = RETWINE_OK;

	for (; pair < value->data.mapping.pairs.top && code == RETWINE_OK; pair++) {
		const yaml_node_t *name = yaml_document_get_node(l->document, pair->key);
		const char *name_text = scalar_text(l, name, "env");
		const char *text =
			name_text ? scalar_text(l, yaml_document_get_node(l->document, pair->value),
						name_text)
				  : NULL;

		if (!text)
			return RETWINE_USAGE;
		code = at_line(l, name, config_add_variable(l->config, name_text, text, l->error));
	}
	return code;
}

static enum retwine_code load_pair(struct loader *l, const yaml_node_t *key_node,
				   const yaml_node_t *value)
{
	enum config_shape shape;
	const char *key = scalar_text(l, key_node, "key");

	if (!key)
		return RETWINE_USAGE;
	if (!config_key_shape(&shape, key))
		return refuse(l, key_node, key,
			      "not a key of the configuration; see 'retwine help run'");
	if (value->type == YAML_SEQUENCE_NODE && (shape == SHAPE_LIST || shape == SHAPE_ENV))
		return load_list(l, key, value);
	if (value->type == YAML_MAPPING_NODE && shape == SHAPE_ENV)
		return load_variables(l, value);
	return load_scalar(l, key, value, shape);
}

/* Has the key of this pair stood before it? */
static bool is_repeated(const struct loader *l, const yaml_node_t *root,
			const yaml_node_pair_t *pair)
{
	const yaml_node_t *key = yaml_document_get_node(l->document, pair->key);
	const yaml_node_pair_t *p = root->data.mapping.pairs.start;

	for (; p < pair; p++) {
		const yaml_node_t *k = yaml_document_get_node(l->document, p->key);

		if (k->type == YAML_SCALAR_NODE && key->type == YAML_SCALAR_NODE &&
		    strcmp((const char *)k->data.scalar.value,
			   (const char *)key->data.scalar.value) == 0)
			return true;
	}
	return false;
}

static enum retwine_code load_document(struct loader *l)
{
	const yaml_node_t *root = yaml_document_get_root_node(l->document);
	enum retwine_code code = RETWINE_OK;

	if (!root)
		return error_set(l->error, RETWINE_USAGE,
				 "%s: the file is empty; write 'module: app.wasm'", l->path);
	if (root->type != YAML_MAPPING_NODE)
		return refuse(l, root, "configuration", "a mapping of keys to values is needed");
	const yaml_node_pair_t *pair = root->data.mapping.pairs.start;

	for (; pair < root->data.mapping.pairs.top && code == RETWINE_OK; pair++) {
		const yaml_node_t *key = yaml_document_get_node(l->document, pair->key);

		if (is_repeated(l, root, pair))
			return refuse(l, key, (const char *)key->data.scalar.value,
				      "this key stands twice; leave out one");
		code = load_pair(l, key, yaml_document_get_node(l->document, pair->value));
	}
	return code;
}

static enum retwine_code parse_error(const struct loader *l, const yaml_parser_t *parser)
{
	if (parser->error == YAML_MEMORY_ERROR)
		return error_no_memory(l->error);
	return error_set(l->error, RETWINE_USAGE, "%s: line %zu: not valid YAML: %s", l->path,
			 parser->problem_mark.line + 1,
			 parser->problem ? parser->problem : "unknown problem");
}

/* One document and no second one. */
static enum retwine_code load_documents(struct loader *l, yaml_parser_t *parser)
{
	yaml_document_t document, second;

	if (!yaml_parser_load(parser, &document))
		return parse_error(l, parser);
	l->document = &document;
	enum retwine_code code = load_document(l);

	yaml_document_delete(&document);
	if (code != RETWINE_OK)
		return code;
	if (!yaml_parser_load(parser, &second))
		return parse_error(l, parser);
	if (yaml_document_get_root_node(&second))
		code = error_set(l->error, RETWINE_USAGE,
				 "%s: there is a second document; one file holds one configuration",
				 l->path);
	yaml_document_delete(&second);
	return code;
}

static enum retwine_code load_bytes(struct loader *l, const struct file *file)
{
	yaml_parser_t parser;

	if (!yaml_parser_initialize(&parser))
		return error_no_memory(l->error);
	yaml_parser_set_input_string(&parser, file->p, file->size);
	enum retwine_code code = load_documents(l, &parser);

	yaml_parser_delete(&parser);
	return code;
}

/* The directory that a file's name stands in. */
static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

enum retwine_code retwine_config_load(struct retwine_config *config, const char *path,
				      struct retwine_error *error)
{
	struct loader l = {.config = config, .path = path, .error = error};
	struct file file = {0};
	enum retwine_code code =
		file_read(&file, path, "the configuration", CONFIG_FILE_MAX, error);

	if (code != RETWINE_OK)
		return code;
	config->source++;
	config->base = directory_of(path);
	code = config->base ? load_bytes(&l, &file) : error_no_memory(error);
	free(config->base);
	config->base = NULL;
	config->source++;
	file_fini(&file);
	return code;
}
