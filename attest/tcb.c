/*
 * TCB info: decoded whole, then compared with a platform, in the order of Intel's verification
 * procedure (Intel SGX/TDX DCAP, "Quote Verification", TCB level selection).
 * Trust: the text is nobody's until verify.c has found its signature; decoding is safe on any
 * bytes.
 * Invariant: a component, level, module or status that is not understood makes the whole text
 * refused, so that no level is ever passed over.
 */
#include "attest/tcb.h"

#include <string.h>

#include "attest/json.h"

/* ---- decoding -------------------------------------------------------------------------------- */

bool tcb_read_window(struct attest_window *out, const json_t *object)
{
	return attest_json_date(&out->not_before, object, "issueDate") &&
	       attest_json_date(&out->not_after, object, "nextUpdate");
}

static bool read_u16(uint16_t *out, const json_t *object, const char *member)
{
	uint32_t n;

	if (!attest_json_number(&n, object, member, UINT16_MAX))
		return false;
	*out = (uint16_t)n;
	return true;
}

/* "INTEL-SA-00615": what is printed as it is must be harmless. */
static bool advisory_ok(const json_t *advisory)
{
	const char *text = json_string_value(advisory);
	size_t length = json_string_length(advisory);

	if (!text || length == 0 || length > TCB_ADVISORY_LENGTH)
		return false;
	for (size_t i = 0; i < length; i++) {
		bool capital = text[i] >= 'A' && text[i] <= 'Z';
		bool digit = text[i] >= '0' && text[i] <= '9';

		if (!capital && !digit && text[i] != '-')
			return false;
	}
	return true;
}

static bool read_judgement(struct tcb_judgement *out, const json_t *level)
{
	const json_t *advisories = json_object_get(level, "advisoryIDs");
	const char *status;

	if (!attest_json_text(&status, level, "tcbStatus") ||
	    !attest_status_read(&out->status, status) ||
	    !attest_json_date(&out->date, level, "tcbDate"))
		return false;
	out->advisories = advisories;
	if (!advisories)
		return true;
	if (!json_is_array(advisories) || json_array_size(advisories) > TCB_ADVISORY_MAX)
		return false;
	for (size_t i = 0; i < json_array_size(advisories); i++) {
		if (!advisory_ok(json_array_get(advisories, i)))
			return false;
	}
	return true;
}

bool tcb_read_isv_levels(struct tcb_isv_levels *out, const json_t *object)
{
	const json_t *levels = json_object_get(object, "tcbLevels");
	size_t count = json_array_size(levels);

	if (count == 0 || count > TCB_ISV_LEVEL_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		const json_t *level = json_array_get(levels, i);
		struct tcb_isv_level *to = &out->level[i];

		if (!read_u16(&to->isvsvn, json_object_get(level, "tcb"), "isvsvn") ||
		    !read_judgement(&to->judgement, level))
			return false;
	}
	out->count = (uint32_t)count;
	return true;
}

/* Version 3: an array of objects. */
static bool read_components(uint16_t out[TCB_COMPONENT_COUNT], const json_t *tcb,
			    const char *member)
{
	const json_t *components = json_object_get(tcb, member);

	if (json_array_size(components) != TCB_COMPONENT_COUNT)
		return false;
	for (size_t i = 0; i < TCB_COMPONENT_COUNT; i++) {
		if (!read_u16(&out[i], json_array_get(components, i), "svn"))
			return false;
	}
	return true;
}

/* Version 2: sgxtcbcomp01svn to sgxtcbcomp16svn. */
static bool read_components_v2(uint16_t out[TCB_COMPONENT_COUNT], const json_t *tcb)
{
	for (unsigned i = 0; i < TCB_COMPONENT_COUNT; i++) {
		char member[] = "sgxtcbcomp00svn";

		member[10] = (char)('0' + (i + 1) / 10);
		member[11] = (char)('0' + (i + 1) % 10);
		if (!read_u16(&out[i], tcb, member))
			return false;
	}
	return true;
}

static bool read_level(struct tcb_level *out, const json_t *level, uint32_t version, bool tdx)
{
	const json_t *tcb = json_object_get(level, "tcb");

	return (version == 2 ? read_components_v2(out->sgx, tcb)
			     : read_components(out->sgx, tcb, "sgxtcbcomponents")) &&
	       (!tdx || read_components(out->tdx, tcb, "tdxtcbcomponents")) &&
	       read_u16(&out->pcesvn, tcb, "pcesvn") && read_judgement(&out->judgement, level);
}

/* Below 0, 0, above 0: a is lower, equal, higher; components before PCESVN before TDX
 * components. */
static int level_compare(const struct tcb_level *a, const struct tcb_level *b)
{
	for (unsigned i = 0; i < TCB_COMPONENT_COUNT; i++) {
		if (a->sgx[i] != b->sgx[i])
			return a->sgx[i] < b->sgx[i] ? -1 : 1;
	}
	if (a->pcesvn != b->pcesvn)
		return a->pcesvn < b->pcesvn ? -1 : 1;
	for (unsigned i = 0; i < TCB_COMPONENT_COUNT; i++) {
		if (a->tdx[i] != b->tdx[i])
			return a->tdx[i] < b->tdx[i] ? -1 : 1;
	}
	return 0;
}

/* Puts the last level in its place among those before it, which are sorted; equal ones stay in
 * the text's order. */
static void level_sort_last(struct tcb_level *levels, uint32_t count)
{
	struct tcb_level last = levels[count - 1];
	uint32_t i = count - 1;

	while (i > 0 && level_compare(&levels[i - 1], &last) < 0) {
		levels[i] = levels[i - 1];
		i--;
	}
	levels[i] = last;
}

static bool read_levels(struct tcb_info *out, const json_t *info, uint32_t version)
{
	const json_t *levels = json_object_get(info, "tcbLevels");
	size_t count = json_array_size(levels);

	if (count == 0 || count > TCB_LEVEL_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!read_level(&out->levels[i], json_array_get(levels, i), version, out->tdx))
			return false;
		if (attest_applies(TCB_SORTED))
			level_sort_last(out->levels, (uint32_t)i + 1);
	}
	out->level_count = (uint32_t)count;
	return true;
}

static bool read_module_fields(struct tcb_module *out, const json_t *module)
{
	return attest_json_hex(out->mrsigner, sizeof out->mrsigner, module, "mrsigner") &&
	       attest_json_hex(out->attributes, sizeof out->attributes, module, "attributes");
}

/* "TDX_01": the version in hexadecimal digits. */
static bool read_module_version(uint8_t *out, const json_t *module)
{
	const char *id;

	return attest_json_text(&id, module, "id") && strlen(id) == 6 &&
	       memcmp(id, "TDX_", 4) == 0 && attest_hex_read(out, 1, id + 4, 2) && *out != 0;
}

static bool read_modules(struct tcb_info *out, const json_t *info)
{
	const json_t *old = json_object_get(info, "tdxModule");
	const json_t *modules = json_object_get(info, "tdxModuleIdentities");
	size_t count = json_array_size(modules);

	if (!read_module_fields(&out->modules[0], old))
		return false;
	out->module_count = 1;
	if (modules && (!json_is_array(modules) || count >= TCB_MODULE_MAX))
		return false;
	for (size_t i = 0; i < count; i++) {
		const json_t *module = json_array_get(modules, i);
		struct tcb_module *to = &out->modules[1 + i];

		if (!read_module_version(&to->version, module) || !read_module_fields(to, module) ||
		    !tcb_read_isv_levels(&to->levels, module))
			return false;
		out->module_count++;
	}
	return true;
}

/* Version 2 has no id: it is for SGX. */
static bool read_tee(bool *tdx, const json_t *info, uint32_t version)
{
	const char *id;

	*tdx = false;
	if (version == 2)
		return !json_object_get(info, "id");
	if (!attest_json_text(&id, info, "id"))
		return false;
	*tdx = strcmp(id, "TDX") == 0;
	return *tdx || strcmp(id, "SGX") == 0;
}

static enum attest_rule tcb_info_read(struct tcb_info *out, const json_t *info)
{
	uint32_t version;
	uint32_t type;

	if (!attest_json_number(&version, info, "version", UINT32_MAX) ||
	    !attest_json_number(&type, info, "tcbType", UINT32_MAX))
		return rule_unless_off(TCB_INFO_FORM);
	if (!attest_holds(TCB_INFO_VERSION, (version == 2 || version == 3) && type == 0))
		return ATTEST_TCB_INFO_VERSION;
	if (!read_tee(&out->tdx, info, version) || !tcb_read_window(&out->window, info) ||
	    !attest_json_hex(out->fmspc, sizeof out->fmspc, info, "fmspc") ||
	    !attest_json_hex(out->pceid, sizeof out->pceid, info, "pceId") ||
	    !attest_json_number(&out->evaluation, info, "tcbEvaluationDataNumber", UINT32_MAX) ||
	    !read_levels(out, info, version) || (out->tdx && !read_modules(out, info)))
		return rule_unless_off(TCB_INFO_FORM);
	return ATTEST_OK;
}

enum attest_rule tcb_info_decode(struct tcb_info *out, const char *text, size_t size)
{
	enum attest_rule rule;

	memset(out, 0, sizeof(*out));
	out->json = attest_json_read(text, size);
	rule = tcb_info_read(out, out->json);
	if (rule)
		tcb_info_fini(out);
	return rule;
}

void tcb_info_fini(struct tcb_info *info)
{
	json_decref(info->json);
	info->json = NULL;
}

/* ---- matching -------------------------------------------------------------------------------- */

const struct tcb_isv_level *tcb_isv_level(const struct tcb_isv_levels *levels, uint16_t isvsvn)
{
	for (uint32_t i = 0; i < levels->count; i++) {
		if (isvsvn >= levels->level[i].isvsvn)
			return &levels->level[i];
	}
	return NULL;
}

/* The whole SGX platform, PCE included, is at least at the level. */
static bool level_covers_sgx(const struct tcb_level *level, const struct tcb_platform *platform)
{
	for (unsigned i = 0; i < TCB_COMPONENT_COUNT; i++) {
		if (!attest_holds(TCB_COMPONENTS, platform->sgx[i] >= level->sgx[i]))
			return false;
	}
	return attest_holds(TCB_PCESVN, platform->pcesvn >= level->pcesvn);
}

/* Modules that have an identity of their own are judged by it: components 0 and 1 are then no
 * matter of the level's. */
static bool level_covers_tdx(const struct tcb_level *level, const struct tcb_platform *platform)
{
	unsigned first = platform->tee_tcb_svn[1] > 0 ? 2 : 0;

	for (unsigned i = first; i < TCB_COMPONENT_COUNT; i++) {
		if (!attest_holds(TCB_TDX_COMPONENTS, platform->tee_tcb_svn[i] >= level->tdx[i]))
			return false;
	}
	return true;
}

/* The first level that the platform reaches: by SGX alone in *sgx, in *out with the TDX module
 * too. */
static enum attest_rule match_level(const struct tcb_level **out, const struct tcb_level **sgx,
				    const struct tcb_info *info,
				    const struct tcb_platform *platform)
{
	*sgx = NULL;
	for (uint32_t i = 0; i < info->level_count; i++) {
		*out = &info->levels[i];
		if (!level_covers_sgx(*out, platform))
			continue;
		if (!*sgx)
			*sgx = *out;
		if (!platform->tee_tcb_svn || level_covers_tdx(*out, platform))
			return ATTEST_OK;
	}
	*out = *sgx = &info->levels[0];
	return rule_unless_off(TCB_LEVEL);
}

static const struct tcb_module *find_module(const struct tcb_info *info, uint8_t version)
{
	for (uint32_t i = 0; i < info->module_count; i++) {
		if (info->modules[i].version == version)
			return &info->modules[i];
	}
	return NULL;
}

static enum attest_rule match_module(struct tcb_result *out, const struct tcb_info *info,
				     const struct tcb_platform *platform)
{
	static const uint8_t zeros[TCB_SEAM_ATTRIBUTES_SIZE];
	const struct tcb_module *module = find_module(info, platform->tee_tcb_svn[1]);

	if (!module)
		return rule_unless_off(MODULE_KNOWN);
	if (!attest_holds(MODULE_MRSIGNER, memcmp(platform->mrsignerseam, module->mrsigner,
						  sizeof module->mrsigner) == 0))
		return ATTEST_MODULE_MRSIGNER;
	if (!attest_holds(MODULE_ATTRIBUTES,
			  memcmp(platform->seam_attributes, zeros, sizeof zeros) == 0 &&
				  memcmp(module->attributes, zeros, sizeof zeros) == 0))
		return ATTEST_MODULE_ATTRIBUTES;
	if (module->version == 0)
		return ATTEST_OK;
	out->module = tcb_isv_level(&module->levels, platform->tee_tcb_svn[0]);
	return out->module ? ATTEST_OK : rule_unless_off(MODULE_LEVEL);
}

enum attest_rule tcb_match(struct tcb_result *out, const struct tcb_info *info,
			   const struct tcb_platform *platform)
{
	struct tcb_result result = {0};
	const struct tcb_level *sgx;
	enum attest_rule rule = ATTEST_OK;

	if (platform->tee_tcb_svn)
		rule = match_module(&result, info, platform);
	if (rule == ATTEST_OK)
		rule = match_level(&result.level, &sgx, info, platform);
	if (rule)
		return rule;
	result.platform = sgx->judgement.status;
	result.status = result.level->judgement.status;
	if (result.module && attest_applies(CONVERGE_MODULE))
		result.status =
			attest_status_converge(result.status, result.module->judgement.status);
	*out = result;
	return ATTEST_OK;
}
