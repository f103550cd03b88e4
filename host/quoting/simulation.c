/*
 * The files of *Retwine Simulation*, out of host/quoting/simulation_data.S.
 * Trust: they are part of this library, and prove nothing.
 */
#include "host/quoting/simulation.h"

#include "base/err.h"
#include "crypto/sha256.h"

#define FILES(F)                                                                                   \
	F(root)                                                                                    \
	F(root_crl)                                                                                \
	F(pck_crl) F(tcb_info) F(qe_identity) F(tcb_chain) F(ca_chain) F(pck_key) F(current)       \
		F(outdated) F(withdrawn) F(listed)

#define DECLARE(name) extern const uint8_t simulation_##name[], simulation_##name##_end[];
FILES(DECLARE)
#undef DECLARE

struct range {
	const uint8_t *first, *end;
};

static struct simulation_bytes bytes_of(struct range r)
{
	return (struct simulation_bytes){r.first, (size_t)(r.end - r.first)};
}

#define RANGE(name)                                                                                \
	{                                                                                          \
		simulation_##name, simulation_##name##_end                                         \
	}

struct simulation_bytes simulation_file(enum simulation_file file)
{
	static const struct range files[SIMULATION_FILE_END] = {
		[SIMULATION_ROOT] = RANGE(root),
		[SIMULATION_ROOT_CRL] = RANGE(root_crl),
		[SIMULATION_PCK_CRL] = RANGE(pck_crl),
		[SIMULATION_TCB_INFO] = RANGE(tcb_info),
		[SIMULATION_QE_IDENTITY] = RANGE(qe_identity),
		[SIMULATION_TCB_CHAIN] = RANGE(tcb_chain),
		[SIMULATION_CA_CHAIN] = RANGE(ca_chain),
		[SIMULATION_PCK_KEY] = RANGE(pck_key),
	};

	must(file < SIMULATION_FILE_END);
	return bytes_of(files[file]);
}

struct simulation_bytes simulation_pck_chain(enum simulation_pck pck)
{
	static const struct range chains[SIMULATION_PCK_END] = {
		[SIMULATION_CURRENT] = RANGE(current),
		[SIMULATION_OUTDATED] = RANGE(outdated),
		[SIMULATION_WITHDRAWN] = RANGE(withdrawn),
		[SIMULATION_LISTED] = RANGE(listed),
	};

	must(pck < SIMULATION_PCK_END);
	return bytes_of(chains[pck]);
}

void simulation_root_digest(uint8_t digest[32])
{
	const struct simulation_bytes root = simulation_file(SIMULATION_ROOT);

	sha256_digest(digest, root.p, root.size);
}
