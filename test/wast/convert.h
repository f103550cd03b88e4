/* From the JSON and the modules of wast2json to a script (script.h). Hosted: libjansson, stdio. */
#ifndef TEST_WAST_CONVERT_H
#define TEST_WAST_CONVERT_H

#include "base/cc.h"

/* Reads the JSON file at `path` and the modules beside it. *script is malloc'ed, the caller's.
 * False: a message was written to stderr. */
MUST_USE bool wast_convert(const char *path, uint8_t **script, size_t *size);

#endif
