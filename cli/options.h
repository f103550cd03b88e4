/*
 * Options of the command line, without surprises: they stand before the first word that is none,
 * are never abbreviated and never reordered; "--" ends them. "--name=value" and "--name value" are
 * the same.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/cc.h"

struct option {
	char letter;	   /* 0: none */
	const char *name;  /* without the dashes */
	const char *value; /* what the value is called in the help; NULL: takes none */
	bool optional;	   /* the value may be left out, and is given only by "=" */
	const char *help;
};

struct options {
	const struct option *table;
	size_t count;
	int argc;
	char **argv;
	int at; /* next word */
};

enum options_result {
	OPTIONS_FOUND, /* *option and *value (NULL without one) are set */
	OPTIONS_END,   /* argv[at] is the first word that is no option, or at == argc */
	OPTIONS_BAD,   /* *problem says why */
};

#define OPTIONS_PROBLEM_MAX 256

/* Takes the next option. */
enum options_result options_next(struct options *o, const struct option **option,
				 const char **value, char problem[OPTIONS_PROBLEM_MAX]);

/* Prints the table as help. */
void options_print(const struct option *table, size_t count);

#endif
