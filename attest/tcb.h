/*
 * TCB info: for one model of platform, how Intel judges which versions of its parts. And levels by
 * ISVSVN, as TDX modules and quoting enclaves have them. (Intel PCS: "Get TCB Info", versions 2 and
 * 3; "Get Quoting Enclave Identity".)
 */
#ifndef ATTEST_TCB_H
#define ATTEST_TCB_H

#include <jansson.h>

#include "attest/rule.h"
#include "attest/status.h"
#include "attest/window.h"
#include "base/cc.h"

#define TCB_COMPONENT_COUNT	 16
#define TCB_LEVEL_MAX		 128
#define TCB_ISV_LEVEL_MAX	 32
#define TCB_MODULE_MAX		 32
#define TCB_ADVISORY_MAX	 64 /* of one level */
#define TCB_ADVISORY_LENGTH	 31
#define TCB_MRSIGNERSEAM_SIZE	 48
#define TCB_SEAM_ATTRIBUTES_SIZE 8

/* What every level says. */
struct tcb_judgement {
	enum attest_status status; /* one of Intel's, or ATTEST_STATUS_REVOKED */
	int64_t date;
	const json_t *advisories; /* strings of capitals, digits and "-"; NULL: none */
};

struct tcb_level {
	uint16_t sgx[TCB_COMPONENT_COUNT];
	uint16_t tdx[TCB_COMPONENT_COUNT]; /* of a TDX TCB info alone */
	uint16_t pcesvn;
	struct tcb_judgement judgement;
};

struct tcb_isv_level {
	uint16_t isvsvn;
	struct tcb_judgement judgement;
};

/* Levels by ISVSVN, in the order of the text: highest first. */
struct tcb_isv_levels {
	struct tcb_isv_level level[TCB_ISV_LEVEL_MAX];
	uint32_t count;
};

struct tcb_module {
	uint8_t version; /* NN of "TDX_NN"; 0: the module of old, of tdxModule */
	uint8_t mrsigner[TCB_MRSIGNERSEAM_SIZE];
	uint8_t attributes[TCB_SEAM_ATTRIBUTES_SIZE];
	struct tcb_isv_levels levels;
};

struct tcb_info {
	json_t *json; /* owns the advisories */
	bool tdx;
	struct attest_window window; /* issueDate, nextUpdate */
	uint8_t fmspc[6];
	uint8_t pceid[2];
	uint32_t evaluation;			/* tcbEvaluationDataNumber */
	struct tcb_level levels[TCB_LEVEL_MAX]; /* the highest first */
	uint32_t level_count;
	struct tcb_module modules[TCB_MODULE_MAX];
	uint32_t module_count;
};

/* What the quote and the PCK certificate say of the platform. */
struct tcb_platform {
	uint16_t sgx[TCB_COMPONENT_COUNT]; /* of the PCK certificate */
	uint16_t pcesvn;		   /* likewise */
	const uint8_t *tee_tcb_svn; /* TDX: TCB_COMPONENT_COUNT bytes of the TD report; SGX: NULL */
	const uint8_t *mrsignerseam; /* TDX */
	const uint8_t *seam_attributes;
};

/* What came of it: three judgements that the verdict is made of. */
struct tcb_result {
	const struct tcb_level *level;	    /* that matches */
	const struct tcb_isv_level *module; /* that matches; NULL: the module has none */
	enum attest_status platform;	    /* by the SGX components alone */
	enum attest_status status;	    /* with the TDX module */
};

/*
 * Decodes a TCB info (untrusted, size bytes of JSON; that it is authentic is the caller's to
 * check). TCB_INFO_FORM, TCB_INFO_VERSION, ATTEST_MEMORY. On ATTEST_OK the caller frees with
 * tcb_info_fini.
 */
MUST_USE enum attest_rule tcb_info_decode(struct tcb_info *out, const char *text, size_t size);
void tcb_info_fini(struct tcb_info *info);

/* Finds the level of the platform and the TDX module's. MODULE_*, TCB_LEVEL. A revoked level is
 * a level. */
MUST_USE enum attest_rule tcb_match(struct tcb_result *out, const struct tcb_info *info,
				    const struct tcb_platform *platform);

/* For identities too: the fields that they share with a TCB info. False: not of that form. */
MUST_USE bool tcb_read_window(struct attest_window *out, const json_t *object);
MUST_USE bool tcb_read_isv_levels(struct tcb_isv_levels *out, const json_t *object);

/* The first level that is not above isvsvn; NULL: none. */
const struct tcb_isv_level *tcb_isv_level(const struct tcb_isv_levels *levels, uint16_t isvsvn);

#endif
