/*
 * /dev/attestation: evidence of the running program for whoever asks it, as files with the names and
 * the use that Gramine gave them.
 *
 *	user_report_data  64 bytes, to be written: what the program wants attested
 *	target_info       512 bytes, to be written: for which enclave `report` is made
 *	my_target_info    512 bytes: what another enclave needs to make a report for this one
 *	report            432 bytes: a local report
 *	quote             a quote that other machines can verify
 *	claims            what REPORTDATA of both is the hash of
 *	attestation_type  "dcap": the quote's form
 *	launch_digest     32 bytes, as program_digest: what was started
 *	keys/NAME         a key that was delivered with the program
 *
 * Both inputs are the program's, not the descriptor's; they are zeros at the start, always as long as
 * said, and writing behind their end gives FBIG. `report`, `quote`, `claims` and `my_target_info` are
 * made when they are opened to read, from the inputs as they are then, and stay the same for this
 * descriptor. Everything but the two inputs can only be read (ACCES), and no name can be made (ACCES)
 * or changed (NOTSUP).
 */
#ifndef WASI_FS_ATTEST_H
#define WASI_FS_ATTEST_H

#include "wasi/wasi.h"

/*
 * The directory for mount number `mount`. *attestation outlives it, but the keys are copied, and wiped
 * with it. *root: letting go of it frees everything: the caller keeps it until no other node of the
 * mount is in use. INVAL: a key's name is not one component or stands twice; NOSPC: too many keys;
 * NOMEM.
 */
MUST_USE enum wasi_errno fs_attest_new(const struct wasi_attestation *attestation, uint32_t mount,
				       struct fs_node **root);

#endif
