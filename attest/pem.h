/* PEM (RFC 7468), as chains and CRLs come: blocks of one label, with blanks between them and nothing else. */
#ifndef ATTEST_PEM_H
#define ATTEST_PEM_H

#include "base/reader.h"

/* Skips blanks. Is there anything left? */
MUST_USE bool pem_more(struct reader *text);

/*
 * Takes one block with this label ("CERTIFICATE") and decodes it into out, which has room for max bytes. False: the text
 * (untrusted) has none here, or it is damaged or larger; nothing is left of the text then.
 */
MUST_USE bool pem_take(struct reader *text, const char *label, uint8_t *out, size_t max,
		       size_t *size);

#endif
