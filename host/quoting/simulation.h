/*
 * The public key infrastructure *Retwine Simulation*: what Intel's is to quotes of the hardware,
 * this is to simulated ones. All of it, private keys included, stands in the repository
 * (host/quoting/simulation/, made by tools/simulation-pki.sh): everybody can sign with it, so it proves
 * nothing, and a verifier refuses it unless told otherwise. The formats are those of the real
 * thing.
 */
#ifndef HOST_QUOTING_SIMULATION_H
#define HOST_QUOTING_SIMULATION_H

#include "base/cc.h"

struct simulation_bytes {
	const uint8_t *p;
	size_t size;
};

/* What the simulated machine is worth, by its PCK certificate. All have one key. */
enum simulation_pck {
	SIMULATION_CURRENT,   /* TCB level UpToDate */
	SIMULATION_OUTDATED,  /* TCB level OutOfDate, advisory RETWINE-SIM-00001 */
	SIMULATION_WITHDRAWN, /* TCB level Revoked */
	SIMULATION_LISTED,    /* as CURRENT, but its PCK CRL lists the certificate */
	SIMULATION_PCK_END
};

enum simulation_file {
	SIMULATION_ROOT,	/* DER of "Retwine Simulation Root CA" */
	SIMULATION_ROOT_CRL,	/* DER, issued by the root; lists nothing of these */
	SIMULATION_PCK_CRL,	/* DER, issued by the PCK CA; lists SIMULATION_LISTED */
	SIMULATION_TCB_INFO,	/* {"tcbInfo":{...},"signature":"..."}, as PCS answers */
	SIMULATION_QE_IDENTITY, /* {"enclaveIdentity":{...},"signature":"..."} */
	SIMULATION_TCB_CHAIN,	/* PEM: "Retwine Simulation TCB Signing", root */
	SIMULATION_CA_CHAIN,	/* PEM: "Retwine Simulation PCK CA", root */
	SIMULATION_PCK_KEY,	/* private key of the PCK certificates: 32 bytes, big-endian */
	SIMULATION_FILE_END
};

/* Valid as long as the program is; no terminating NUL. */
struct simulation_bytes simulation_file(enum simulation_file file);

/* PEM: PCK certificate, PCK CA, root, as it stands in a quote. */
struct simulation_bytes simulation_pck_chain(enum simulation_pck pck);

/* SHA-256 of SIMULATION_ROOT, by which a verifier pins it. */
void simulation_root_digest(uint8_t digest[32]);

#endif
