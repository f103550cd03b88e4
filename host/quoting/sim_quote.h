/*
 * The simulated quoting enclave. It does what Intel's does, as a function of the simulated machine:
 * verifies a report by the report key of its own identity, and signs a quote (version 3, ECDSA
 * P-256) whose certificates chain to *Retwine Simulation*. Its attestation key belongs to the
 * machine, by its seal key.
 */
#ifndef HOST_QUOTING_SIM_QUOTE_H
#define HOST_QUOTING_SIM_QUOTE_H

#include "base/cc.h"
#include "base/err.h"
#include "host/quoting/quoting.h"
#include "host/quoting/simulation.h"
#include "sgx/arch.h"
#include "sgx/keys.h"

#define SIM_QE_ISVPRODID 1
#define SIM_QE_ISVSVN	 2
#define SIM_QE_PCESVN	 3
#define SIM_QE_AUTH_SIZE 32

/* A quoting enclave on a machine. Holds a key: wipe it by sim_qe_fini. */
struct sim_qe {
	const struct sgx_machine *machine;
	struct sgx_identity identity;
	uint8_t key[32];   /* the attestation key, private */
	uint8_t point[64]; /* x, y */
	uint8_t id[16];	   /* QE ID: the machine's, as the header of each quote has it */
	struct sgx_report_body report; /* its own, which vouches for the attestation key, */
	uint8_t report_signature[64];  /* and the PCK's signature on that */
	struct simulation_bytes chain; /* PEM: PCK, CA, root */
};

/* machine stays the caller's. E_CRYPTO, E_NOMEM. */
MUST_USE enum err sim_qe_init(struct sim_qe *qe, const struct sgx_machine *machine,
			      enum simulation_pck pck);
void sim_qe_fini(struct sim_qe *qe);

/* The target for which reports have to be made. */
void sim_qe_target(struct sgx_targetinfo *target, const struct sim_qe *qe);

/* Was the report (untrusted) made on this machine, for this quoting enclave? Its reserved fields
 * are zero, too. */
MUST_USE bool sim_qe_report_holds(const struct sim_qe *qe, const struct sgx_report *report);

/*
 * The signature alone, over any body at all: what everybody can do who has the keys of the
 * simulation. E_LIMIT: the quote is larger than max; E_CRYPTO, E_NOMEM.
 */
MUST_USE enum err sim_qe_sign(const struct sim_qe *qe, uint8_t *out, size_t max, size_t *size,
			      const struct sgx_report_body *body);

/* A provider over the simulated machine of this process. E_NOMEM. */
MUST_USE enum err sim_quoting_open(struct quoting **out);

#endif
