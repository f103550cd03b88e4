/*
 * The verifier of evidence: is this quote (SGX, TDX) or report (SEV-SNP) authentic at a given time,
 * how good is the platform's state, and is what it describes what the owner asked for. The verdict
 * is complete: every rule that does not hold is a reason, every relaxation that was needed is
 * named. It fails closed: a zeroed policy relaxes nothing, and what cannot be checked is refused.
 *
 *	static struct attest_collateral collateral;
 *	static struct attest_verdict verdict;
 *	struct attest_policy policy = {.mr_enclave = digest};
 *
 *	attest_collateral_add(&collateral, ...);
 *	err = attest_verify(&verdict, quote, size, &collateral, &policy, time(NULL));
 *	if (err == E_OK && verdict.accepted) ...
 */
#ifndef ATTEST_VERIFY_H
#define ATTEST_VERIFY_H

#include "attest/collateral.h"
#include "attest/quote.h"
#include "attest/rule.h"
#include "attest/sev.h"
#include "attest/status.h"
#include "attest/tcb.h"
#include "attest/window.h"
#include "base/cc.h"
#include "base/err.h"

enum attest_tee {
	ATTEST_TEE_NONE, /* not known: the evidence could not be decoded */
	ATTEST_TEE_SGX,
	ATTEST_TEE_TDX,
	ATTEST_TEE_SEV_SNP,
};

#define ATTEST_HASH_SIZE       32
#define ATTEST_REASON_MAX      48
#define ATTEST_DETAIL_MAX      160
#define ATTEST_REASON_TEXT_MAX 400		      /* of attest_reason_text */
#define ATTEST_ADVISORY_MAX    (3 * TCB_ADVISORY_MAX) /* of platform, module and quoting enclave */
#define ATTEST_ADVISORY_SIZE   32		      /* "INTEL-SA-00615" and the NUL */

/* What may be let pass although it should not be, each by name: RELAX(field, name, what). */
#define ATTEST_RELAXATIONS(RELAX)                                                                  \
	RELAX(insecure_accept_simulation, "insecure-accept-simulation",                            \
	      "evidence of the simulator, which anybody can make")                                 \
	RELAX(insecure_accept_root, "insecure-accept-root",                                        \
	      "a root other than Intel's, given by its digest")                                    \
	RELAX(insecure_accept_debug, "insecure-accept-debug",                                      \
	      "an enclave or guest that its host can read")                                        \
	RELAX(insecure_accept_migration, "insecure-accept-migration",                              \
	      "a guest that its host can move")                                                    \
	RELAX(insecure_accept_missing_crl, "insecure-accept-missing-crl",                          \
	      "certificates that may have been revoked")                                           \
	RELAX(insecure_accept_expired, "insecure-accept-expired",                                  \
	      "certificates and collateral outside of their time")

enum attest_relaxation {
#define ATTEST_RELAXATION_ENUM(field, name, what) ATTEST_##field,
	ATTEST_RELAXATIONS(ATTEST_RELAXATION_ENUM)
#undef ATTEST_RELAXATION_ENUM
		ATTEST_RELAXATION_COUNT
};

/* What the owner demands. Zeroed: authentic, UpToDate, not debug, nothing of who it is. A pointer
 * that is NULL: not demanded. */
struct attest_policy {
	/* who */
	const uint8_t *mr_enclave;    /* 32 bytes */
	const uint8_t *mr_signer;     /* 32 bytes; then these two are demanded too: */
	uint16_t isv_prod_id;	      /* exactly */
	uint16_t isv_svn;	      /* at least */
	const uint8_t *launch_digest; /* 32 bytes: CONFIGID is this and zeros, CONFIGSVN 0 */
	const uint8_t *report_data; /* 64 bytes: of identity_report_data, see channel/identity.h */
	const uint8_t *measurement; /* 48 bytes: MRTD of TDX, MEASUREMENT of SEV-SNP */
	const uint8_t *rtmr[TD_RTMR_COUNT]; /* TDX, 48 bytes each; so are the next two */
	const uint8_t *mr_config_id;
	const uint8_t *mr_owner;
	/* how good */
	uint32_t accepted_statuses; /* bits 1 << enum attest_status, beside UpToDate and Verified */
	const char *const
		*advisories; /* those that are allowed; NULL: any that an accepted status has */
	uint32_t advisory_count;
	uint32_t min_tcb_evaluation; /* tcbEvaluationDataNumber at least */
	int64_t max_collateral_age;  /* seconds since its issue; 0: until it expires */
	/* relaxations */
	bool insecure_accept_simulation;
	bool insecure_accept_debug;
	bool insecure_accept_migration;
	bool insecure_accept_missing_crl;
	bool insecure_accept_expired;
	const uint8_t *insecure_accept_root; /* SHA-256 of the DER of a further root certificate */
	struct sev_policy sev;
};

/* One thing that is wrong. */
struct attest_reason {
	enum attest_rule rule;
	char detail[ATTEST_DETAIL_MAX]; /* words, may be empty */
};

/* An enclave's own identity. */
struct attest_enclave {
	uint8_t mr_enclave[ATTEST_HASH_SIZE];
	uint8_t mr_signer[ATTEST_HASH_SIZE];
	uint8_t config_id[64];
	uint64_t attributes;
	uint64_t xfrm;
	uint32_t miscselect;
	uint16_t isv_prod_id;
	uint16_t isv_svn;
	uint16_t config_svn;
	uint8_t isv_ext_prod_id[16];
	uint8_t isv_family_id[16];
	uint8_t cpu_svn[16];
};

struct attest_verdict {
	enum attest_status status;
	bool accepted;
	enum attest_tee tee;
	bool decoded; /* what follows `window` was read; it is authentic from UpToDate on */
	uint32_t reason_count;
	struct attest_reason reasons[ATTEST_REASON_MAX]; /* why it is not accepted */
	enum attest_kind worst; /* of all reasons, also of those that have no room */
	uint32_t advisory_count;
	char advisories[ATTEST_ADVISORY_MAX][ATTEST_ADVISORY_SIZE];
	uint32_t relaxations; /* bits 1 << enum attest_relaxation: those that were needed */
	bool simulated;	      /* the chain ends in the root of the simulator */
	uint32_t tcb_evaluation; /* the lesser one of TCB info and identity */
	int64_t tcb_date;	     /* the oldest of the levels that match; 0: none */
	uint8_t fmspc[6];	     /* the platform's model, of the PCK certificate */
	uint8_t ppid[16];	     /* the platform itself, likewise */
	struct attest_window window; /* when everything that was used is valid */
	bool debug;
	uint8_t report_data[64];
	uint32_t trailing;	       /* bytes behind the quote, which mean nothing */
	struct attest_enclave enclave; /* SGX */
	struct attest_td td;	       /* TDX; quote.h */
	struct sev_report sev;	       /* SEV-SNP */
	struct sev_tcb sev_tcb;
};

/*
 * Verifies a quote or a report (untrusted, any size) with a collateral (untrusted), at a time.
 * E_OK: *out is the verdict, whatever it is; E_NOMEM: there is none. The collateral and the policy
 * stay the caller's. `struct attest_verdict` has some 20 KiB: not for a stack.
 */
MUST_USE enum err attest_verify(struct attest_verdict *out, const void *quote, size_t size,
				const struct attest_collateral *c, const struct attest_policy *p,
				int64_t now);

/* "insecure-accept-debug", and what that lets pass. */
const char *attest_relaxation_name(enum attest_relaxation r);
const char *attest_relaxation_words(enum attest_relaxation r);
const char *attest_tee_name(enum attest_tee tee);

/* "PCK_REVOKED: the platform's certificate was revoked: its keys may be known", with the detail,
 * in out. */
void attest_reason_text(char *out, size_t size, const struct attest_reason *reason);

/* The verdict in words, the status first, one reason a line; or as a JSON object. heap_free frees
 * it; NULL: no memory. */
MUST_USE char *attest_verdict_text(const struct attest_verdict *v);
MUST_USE char *attest_verdict_json(const struct attest_verdict *v);

/* Is anything demanded that only a TD can show? */
MUST_USE bool attest_wants_td(const struct attest_policy *p);

/* ---- for the parts of the verifier ----------------------------------------------------------- */

/* Adds a reason; format, if not NULL, makes its detail. */
void attest_refuse(struct attest_verdict *v, enum attest_rule rule, const char *format, ...)
	PRINTF_LIKE(3, 4);

/* Notes a relaxation as needed. */
void attest_relax(struct attest_verdict *v, enum attest_relaxation r);

/* Notes that something is valid within w, and refuses by `rule` what is not at `now`, unless the
 * policy says otherwise; `what` names it: "the TCB info". */
void attest_narrow(struct attest_verdict *v, const struct attest_policy *p, enum attest_rule rule,
		   const struct attest_window *w, int64_t now, const char *what);

/* Sets status and accepted from the reasons and what the evidence would be without them. */
void attest_conclude(struct attest_verdict *v, enum attest_status status);

#endif
