/*
 * JSON of collateral under arbitrary bytes: what decodes can be matched against any platform, its
 * levels are sorted, its strings harmless; and a piece of collateral of any form is kept or
 * refused.
 */
#include <stdlib.h>
#include <string.h>

#include "attest/collateral.h"
#include "attest/identity.h"
#include "attest/json.h"
#include "attest/tcb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tcb_info g_info;
static struct enclave_identity g_identity;
static struct attest_collateral g_collateral;

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void check_advisories(const json_t *advisories)
{
	for (size_t i = 0; i < json_array_size(advisories); i++) {
		const char *text = json_string_value(json_array_get(advisories, i));

		demand(text &&
		       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == strlen(text));
	}
}

/* Of a platform with the highest versions the first level matches, or none of the module's does. */
static void match(bool tdx, uint8_t svn)
{
	uint8_t svns[16];
	const uint8_t zeros[48] = {0};
	struct tcb_platform platform = {.pcesvn = svn};
	struct tcb_result result;

	memset(svns, svn, sizeof svns);
	svns[1] &= 1;
	for (unsigned i = 0; i < TCB_COMPONENT_COUNT; i++)
		platform.sgx[i] = svn;
	if (tdx) {
		platform.tee_tcb_svn = svns;
		platform.mrsignerseam = zeros;
		platform.seam_attributes = zeros;
	}
	if (tcb_match(&result, &g_info, &platform) != ATTEST_OK)
		return;
	demand(result.level >= g_info.levels && result.level < g_info.levels + g_info.level_count);
	check_advisories(result.level->judgement.advisories);
}

static void try_info(const char *text, size_t size)
{
	if (tcb_info_decode(&g_info, text, size) != ATTEST_OK)
		return;
	for (unsigned svn = 0; svn < 256; svn += 17)
		match(g_info.tdx, (uint8_t)svn);
	tcb_info_fini(&g_info);
}

static void try_identity(const char *text, size_t size)
{
	static const struct sgx_report_body report;
	const struct tcb_isv_level *level;

	if (enclave_identity_decode(&g_identity, text, size) != ATTEST_OK)
		return;
	if (enclave_identity_match(&level, &g_identity, &report) == ATTEST_OK)
		check_advisories(level->judgement.advisories);
	enclave_identity_fini(&g_identity);
}

/* What was kept lies in what was given: nothing is made up, nothing read twice. */
static void try_collateral(const uint8_t *data, size_t size)
{
	enum attest_item what = ATTEST_ITEM_NONE;

	if (attest_collateral_add(&g_collateral, data, size, &what) == E_OK &&
	    what == ATTEST_ITEM_TCB_INFO)
		demand(memmem(data, size, g_collateral.tcb_infos[0].text.p,
			      g_collateral.tcb_infos[0].text.size));
	attest_collateral_fini(&g_collateral);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_info((const char *)data, size);
	try_identity((const char *)data, size);
	try_collateral(data, size);
	return 0;
}
