/* Evidence as it lies in a file: a quote, a report of SEV-SNP, or a certificate that carries a quote. */
#ifndef HOST_VERIFY_EVIDENCE_H
#define HOST_VERIFY_EVIDENCE_H

#include "base/cc.h"
#include "channel/certificate.h"
#include "host/base/files.h"
#include "include/retwine.h"

/* Zeroed is valid. */
struct evidence_file {
	struct file file;
	bool is_certificate;
	struct certificate_evidence certificate; /* leads into the file's bytes */
	const uint8_t *quote;			 /* as do these: quote or report, not looked at */
	size_t quote_size;
};

/*
 * Reads the file, which is untrusted: the bytes themselves, or text that means them in hexadecimal digits or base64 (with
 * white space anywhere), the whole answer of /dev/sev-guest; a certificate in DER or PEM. RETWINE_INPUT: it is
 * none of these. The caller ends with evidence_fini.
 */
MUST_USE enum retwine_code evidence_read(struct evidence_file *e, const char *path,
					 struct retwine_error *error);
void evidence_fini(struct evidence_file *e);

#endif
