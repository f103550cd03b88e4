/*
 * Documents: a tree of names and values, written for people or as JSON. Built with jansson; every
 * foreign string goes in through report_text, which escapes it.
 */
#ifndef HOST_BASE_REPORT_H
#define HOST_BASE_REPORT_H

#include <jansson.h>

#include "base/cc.h"
#include "include/retwine.h"

/* Failures of memory are remembered until report_finish. */
struct report {
	json_t *root;
	bool failed;
};

void report_init(struct report *r);

/* A new object or array under `name`; into the array itself when name is NULL. NULL when memory was
 * short, which the others accept. */
json_t *report_object(struct report *r, json_t *parent, const char *name);
json_t *report_array(struct report *r, json_t *parent, const char *name);

/* Each adds one member; to an array when name is NULL. report_text escapes its bytes. */
void report_text(struct report *r, json_t *parent, const char *name, const void *bytes,
		 size_t size);
void report_words(struct report *r, json_t *parent, const char *name, const char *words);
void report_number(struct report *r, json_t *parent, const char *name, uint64_t v);
void report_bool(struct report *r, json_t *parent, const char *name, bool v);
/* Lower-case hex: bytes as they stand, and a number as 0x and 16 digits. */
void report_hex(struct report *r, json_t *parent, const char *name, const void *bytes, size_t size);
void report_bits(struct report *r, json_t *parent, const char *name, uint64_t v);

/*
 * Writes the document and empties the report. one_line: JSON without line ends inside.
 * RETWINE_FAILED when memory was short anywhere before.
 */
MUST_USE enum retwine_code report_finish(struct report *r, enum retwine_format format,
					 bool one_line, char **text, struct retwine_error *error);

/* Drops what was built. */
void report_fini(struct report *r);

#endif
