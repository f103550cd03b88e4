/*
 * SEV-SNP reports: their form.
 * Trust: every byte is untrusted; what a report says counts only after sev_verify.
 * Invariant: reserved bytes are zero and unknown versions refused, so that no field is taken for another.
 */
#include "attest/sev.h"

#include "base/reader.h"

/* Key information (0x48); bit 0, an author key is there, shows in its digest. */
#define KEY_MASKED	    2u
#define KEY_SIGNER(flags)   ((flags) >> 2 & 7u)
#define KEY_RESERVED(flags) ((flags) >> 5)
#define SIGNER_NONE	    7u

#define VERSION_FIRST	2
#define VERSION_CPUID	3 /* from here on a report says which chip made it */
#define VERSION_VECTORS 5 /* and from here on which mitigations are in place */
#define VERSION_LAST	5
#define ALGORITHM_P384	1

/* CPUID of the products: family, then ranges of models. */
struct product_cpuid {
	enum sev_product product;
	uint8_t family;
	uint8_t model_first;
	uint8_t model_last;
};

static const struct product_cpuid g_cpuid[] = {
	{SEV_MILAN, 0x19, 0x00, 0x0f},
	{SEV_GENOA, 0x19, 0x10, 0x1f},
	{SEV_GENOA, 0x19, 0xa0, 0xaf},
	{SEV_TURIN, 0x1a, 0x00, 0x11},
};

static enum sev_product product_of(uint8_t family, uint8_t model)
{
	for (size_t i = 0; i < COUNT_OF(g_cpuid); i++) {
		const struct product_cpuid *c = &g_cpuid[i];

		if (c->family == family && model >= c->model_first && model <= c->model_last)
			return c->product;
	}
	return SEV_PRODUCT_UNKNOWN;
}

const char *sev_product_name(enum sev_product product)
{
	switch (product) {
	case SEV_MILAN:
		return "Milan";
	case SEV_GENOA:
		return "Genoa";
	case SEV_TURIN:
		return "Turin";
	case SEV_PRODUCT_UNKNOWN:
		break;
	}
	return "unknown";
}

/* 56860, 2.2: Turin has the FMC before the rest, and the SNP firmware in byte 3. */
struct sev_tcb sev_tcb_read(enum sev_product product, const uint8_t tcb[SEV_TCB_SIZE])
{
	if (product == SEV_TURIN)
		return (struct sev_tcb){tcb[0], tcb[1], tcb[2], tcb[3], tcb[7]};
	return (struct sev_tcb){0, tcb[0], tcb[1], tcb[6], tcb[7]};
}

bool sev_detect(const void *p, size_t size)
{
	struct reader r;

	reader_init(&r, p, size);
	const uint32_t version = reader_u32(&r);

	return version >= VERSION_FIRST && version < 0x100;
}

static bool is_zero(const uint8_t *p, size_t n)
{
	uint8_t all = 0;

	for (size_t i = 0; i < n; i++)
		all |= p[i];
	return all == 0;
}

/* Takes n bytes that have to be zero; adds what they are to *dirty. */
static void take_zeros(struct reader *r, size_t n, uint8_t *dirty)
{
	const uint8_t *p = reader_take(r, n);

	for (size_t i = 0; p && i < n; i++)
		*dirty |= p[i];
}

static void read_head(struct sev_report *out, struct reader *r, uint32_t *algorithm,
		      uint32_t *flags, uint8_t *dirty)
{
	out->version = reader_u32(r);
	out->guest_svn = reader_u32(r);
	out->policy = reader_u64(r);
	reader_bytes(r, out->family_id, sizeof out->family_id);
	reader_bytes(r, out->image_id, sizeof out->image_id);
	out->vmpl = reader_u32(r);
	*algorithm = reader_u32(r);
	reader_bytes(r, out->current_tcb, SEV_TCB_SIZE);
	out->platform_info = reader_u64(r);
	*flags = reader_u32(r);
	take_zeros(r, 4, dirty);
	reader_bytes(r, out->report_data, sizeof out->report_data);
	reader_bytes(r, out->measurement, sizeof out->measurement);
	reader_bytes(r, out->host_data, sizeof out->host_data);
	reader_bytes(r, out->id_key_digest, sizeof out->id_key_digest);
	reader_bytes(r, out->author_key_digest, sizeof out->author_key_digest);
	reader_bytes(r, out->report_id, sizeof out->report_id);
	(void)reader_take(r, 32); /* REPORT_ID_MA: the migration agent, or all ones */
}

static void read_tail(struct sev_report *out, struct reader *r, uint8_t cpuid[3], uint8_t *dirty)
{
	reader_bytes(r, out->reported_tcb, SEV_TCB_SIZE);
	if (out->version >= VERSION_CPUID) {
		reader_bytes(r, cpuid, 3);
		take_zeros(r, 21, dirty);
	} else {
		take_zeros(r, 24, dirty);
	}
	reader_bytes(r, out->chip_id, sizeof out->chip_id);
	reader_bytes(r, out->committed_tcb, SEV_TCB_SIZE);
	(void)reader_take(r, 3); /* build, minor, major of the current firmware */
	take_zeros(r, 1, dirty);
	(void)reader_take(r, 3); /* and of the committed one */
	take_zeros(r, 1, dirty);
	reader_bytes(r, out->launch_tcb, SEV_TCB_SIZE);
	if (out->version >= VERSION_VECTORS)
		(void)reader_take(r, 16); /* mitigation vectors at launch, and now */
	else
		take_zeros(r, 16, dirty);
	take_zeros(r, 152, dirty);
	out->signature = reader_take(r, 144);
	take_zeros(r, 368, dirty);
}

/* Everything but the size, in which the reading ends. */
static enum attest_rule check_report(const struct sev_report *report, uint32_t algorithm,
				     uint32_t flags, uint8_t dirty)
{
	if (!attest_holds(SEV_ALGORITHM, algorithm == ALGORITHM_P384))
		return ATTEST_SEV_ALGORITHM;
	const uint32_t signer = KEY_SIGNER(flags);

	if (!attest_holds(SEV_SIGNED, !(flags & KEY_MASKED) && signer != SIGNER_NONE))
		return ATTEST_SEV_SIGNED;
	if (!attest_holds(SEV_SIGNER, signer <= SEV_VLEK || signer == SIGNER_NONE))
		return ATTEST_SEV_SIGNER;
	if (!attest_holds(SEV_RESERVED, dirty == 0 && KEY_RESERVED(flags) == 0))
		return ATTEST_SEV_RESERVED;
	if (!attest_holds(SEV_POLICY_BITS, (report->policy & SEV_POLICY_ONE) &&
						   !(report->policy & ~SEV_POLICY_KNOWN)))
		return ATTEST_SEV_POLICY_BITS;
	if (!attest_holds(SEV_PRODUCT, report->version < VERSION_CPUID ||
					       report->product != SEV_PRODUCT_UNKNOWN))
		return ATTEST_SEV_PRODUCT;
	return ATTEST_OK;
}

enum attest_rule sev_decode(struct sev_report *out, const void *p, size_t size)
{
	struct sev_report report = {0};
	struct reader r;
	uint32_t algorithm, flags;
	uint8_t cpuid[3] = {0}, dirty = 0;

	reader_init(&r, p, size);
	report.message = p;
	read_head(&report, &r, &algorithm, &flags, &dirty);
	if (!attest_holds(SEV_VERSION,
			  report.version >= VERSION_FIRST && report.version <= VERSION_LAST))
		return ATTEST_SEV_VERSION;
	read_tail(&report, &r, cpuid, &dirty);
	/* One byte more is left to the rule; fewer are not there to be read. */
	if (!reader_ok(&r) || !attest_holds(SEV_SIZE, reader_done(&r)))
		return ATTEST_SEV_SIZE;
	report.signing_key = KEY_SIGNER(flags) == SEV_VLEK ? SEV_VLEK : SEV_VCEK;
	report.product = product_of(cpuid[0], cpuid[1]);
	report.chip_masked = is_zero(report.chip_id, sizeof report.chip_id);
	enum attest_rule rule = check_report(&report, algorithm, flags, dirty);

	if (rule == ATTEST_OK)
		*out = report;
	return rule;
}
