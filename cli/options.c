/*
 * The parser of options.
 * Trust: the words are the user's.
 */
#include "cli/options.h"

#include <stdio.h>
#include <string.h>

#define SHOWN_MAX 100 /* bytes of a word in a message */

static enum options_result unknown(char problem[OPTIONS_PROBLEM_MAX], const char *word)
{
	(void)snprintf(problem, OPTIONS_PROBLEM_MAX, "unknown option %.*s", SHOWN_MAX, word);
	return OPTIONS_BAD;
}

/* The option of a word without its dashes, up to `n` bytes. */
static const struct option *find_name(const struct options *o, const char *name, size_t n)
{
	for (size_t i = 0; i < o->count; i++) {
		if (strlen(o->table[i].name) == n && memcmp(o->table[i].name, name, n) == 0)
			return &o->table[i];
	}
	return NULL;
}

static const struct option *find_letter(const struct options *o, char letter)
{
	for (size_t i = 0; i < o->count; i++) {
		if (letter != 0 && o->table[i].letter == letter)
			return &o->table[i];
	}
	return NULL;
}

/* The word after the option is its value. */
static enum options_result next_word(struct options *o, const struct option *option,
				     const char **value, char problem[OPTIONS_PROBLEM_MAX])
{
	if (o->at == o->argc) {
		(void)snprintf(problem, OPTIONS_PROBLEM_MAX, "option --%s needs a value: %s",
			       option->name, option->value);
		return OPTIONS_BAD;
	}
	*value = o->argv[o->at++];
	return OPTIONS_FOUND;
}

static enum options_result take_long(struct options *o, const struct option **option,
				     const char **value, char problem[OPTIONS_PROBLEM_MAX])
{
	const char *word = o->argv[o->at++], *name = word + 2;
	const char *equal = strchr(name, '=');

	*option = find_name(o, name, equal ? (size_t)(equal - name) : strlen(name));
	if (!*option)
		return unknown(problem, word);
	*value = NULL;
	if (equal && !(*option)->value) {
		(void)snprintf(problem, OPTIONS_PROBLEM_MAX, "option --%s takes no value",
			       (*option)->name);
		return OPTIONS_BAD;
	}
	if (equal) {
		*value = equal + 1;
		return OPTIONS_FOUND;
	}
	if (!(*option)->value || (*option)->optional)
		return OPTIONS_FOUND;
	return next_word(o, *option, value, problem);
}

/* "-x", "-x value" or "-xvalue"; letters are not joined. */
static enum options_result take_short(struct options *o, const struct option **option,
				      const char **value, char problem[OPTIONS_PROBLEM_MAX])
{
	const char *word = o->argv[o->at++];

	*option = find_letter(o, word[1]);
	if (!*option || (word[2] != 0 && (!(*option)->value || (*option)->optional)))
		return unknown(problem, word);
	*value = NULL;
	if (!(*option)->value || (*option)->optional)
		return OPTIONS_FOUND;
	if (word[2] != 0) {
		*value = word + 2;
		return OPTIONS_FOUND;
	}
	return next_word(o, *option, value, problem);
}

enum options_result options_next(struct options *o, const struct option **option,
				 const char **value, char problem[OPTIONS_PROBLEM_MAX])
{
	const char *word = o->at < o->argc ? o->argv[o->at] : NULL;

	if (!word || word[0] != '-' || word[1] == 0)
		return OPTIONS_END;
	if (strcmp(word, "--") == 0) {
		o->at++;
		return OPTIONS_END;
	}
	return word[1] == '-' ? take_long(o, option, value, problem)
			      : take_short(o, option, value, problem);
}

#define HELP_COLUMN 34

void options_print(const struct option *table, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct option *t = &table[i];
		int n = t->letter ? printf("  -%c, --%s", t->letter, t->name)
				  : printf("      --%s", t->name);

		if (t->value)
			n += printf(t->optional ? "[=%s]" : " %s", t->value);
		if (n >= HELP_COLUMN)
			printf("\n%*s%s\n", HELP_COLUMN, "", t->help);
		else
			printf("%*s%s\n", HELP_COLUMN - n, "", t->help);
	}
}
