/*
 * Evidence of this enclave: quotes over report data, through the host, and what a program sees of them
 * under /dev/attestation. A program's own words go into claims of the guest's domain
 * (channel/identity.h), so that no program can make evidence for a channel.
 */
#ifndef PROGRAM_EVIDENCE_H
#define PROGRAM_EVIDENCE_H

#include "base/cc.h"
#include "base/err.h"
#include "wasi/wasi.h"

#define PROGRAM_REPORT_DATA_SIZE 64

/*
 * A report over report_data, made into a quote by whomever the host knows: 1 to max bytes. They are
 * the host's word, as the enclave cannot verify them: whoever receives them does. E_UNSUPPORTED: this
 * machine has nobody who makes quotes; E_HOST: it failed; E_LIMIT: out has room for fewer.
 */
MUST_USE enum err program_quote(const uint8_t report_data[PROGRAM_REPORT_DATA_SIZE], uint8_t *out,
				size_t max, size_t *size);

/* What stands behind a mount of attestation, for a program of these digests; no keys yet. *out is its
 * own context: it stays where it is. */
void program_attestation_init(struct wasi_attestation *out, const uint8_t launch_digest[32],
			      const uint8_t program_digest[32]);

#endif
