/*
 * A verdict in words. The JSON object is made first; the text is its members, the status and the
 * reasons in front.
 * Trust: a verdict's strings are ours, or were checked to be harmless when they were decoded
 * (advisories).
 */
#include "attest/words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "attest/td.h"
#include "base/heap.h"

/* ---- names ----------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	const char *words;
} g_relaxations[ATTEST_RELAXATION_COUNT] = {
#define ATTEST_RELAXATION_WORDS(field, name, what) {name, what},
	ATTEST_RELAXATIONS(ATTEST_RELAXATION_WORDS)
#undef ATTEST_RELAXATION_WORDS
};

const char *attest_relaxation_name(enum attest_relaxation r)
{
	return g_relaxations[r].name;
}

const char *attest_relaxation_words(enum attest_relaxation r)
{
	return g_relaxations[r].words;
}

const char *attest_tee_name(enum attest_tee tee)
{
	static const char *const names[] = {"unknown", "sgx", "tdx", "sev-snp"};

	return names[tee];
}

void attest_reason_text(char *out, size_t size, const struct attest_reason *reason)
{
	const char *complaint = attest_rule_complaint(reason->rule);
	const char *words = complaint ? complaint : attest_rule_words(reason->rule);

	(void)snprintf(out, size, "%s: %s%s%s%s%s", attest_rule_name(reason->rule),
		       complaint ? "" : "it is not so that ", words, reason->detail[0] ? " (" : "",
		       reason->detail, reason->detail[0] ? ")" : "");
}

/* ---- members --------------------------------------------------------------------------------- */

void words_text(json_t *object, const char *name, const char *text)
{
	(void)json_object_set_new(object, name, json_string(text));
}

void words_bool(json_t *object, const char *name, bool value)
{
	(void)json_object_set_new(object, name, json_boolean(value));
}

void words_number(json_t *object, const char *name, uint64_t n)
{
	(void)json_object_set_new(object, name, json_integer((json_int_t)n));
}

void words_hex(json_t *object, const char *name, const void *p, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	char text[2 * 64 + 1];
	const uint8_t *bytes = p;

	if (size > 64)
		return;
	for (size_t i = 0; i < size; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	text[2 * size] = '\0';
	words_text(object, name, text);
}

/* A 64-bit word as its number is written; JSON's integers are no place for masks. */
static void words_mask(json_t *object, const char *name, uint64_t mask)
{
	char text[19];

	(void)snprintf(text, sizeof text, "0x%016" PRIx64, mask);
	words_text(object, name, text);
}

/* A day and time of UTC; seconds where no calendar of four digits has it. */
static void words_time(json_t *object, const char *name, int64_t time)
{
	char text[32];
	int64_t days = time / 86400;
	int64_t second = time % 86400;
	int64_t era;
	int64_t year;
	int64_t day;
	int64_t month;

	if (time < 0 || time >= INT64_C(253402300800)) {
		words_text(object, name, time < 0 ? "the beginning of time" : "the end of time");
		return;
	}
	/* Years begin in March, so that leap days are their last: 400 of them have 146097 days. */
	days += 719468;
	era = days / 146097;
	day = days % 146097;
	year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	day -= 365 * year + year / 4 - year / 100;
	month = (5 * day + 2) / 153;
	day = day - (153 * month + 2) / 5 + 1;
	month += month < 10 ? 3 : -9;
	year += era * 400 + (month <= 2 ? 1 : 0);
	(void)snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", (int)year, (int)month,
		       (int)day, (int)(second / 3600), (int)(second / 60 % 60), (int)(second % 60));
	words_text(object, name, text);
}

/* ---- the object ------------------------------------------------------------------------------ */

static json_t *words_reasons(const struct attest_verdict *v)
{
	json_t *list = json_array();
	char text[ATTEST_REASON_TEXT_MAX];

	for (uint32_t i = 0; i < v->reason_count; i++) {
		json_t *reason = json_object();

		words_text(reason, "rule", attest_rule_name(v->reasons[i].rule));
		attest_reason_text(text, sizeof text, &v->reasons[i]);
		words_text(reason, "text", text);
		words_text(reason, "demand", attest_rule_words(v->reasons[i].rule));
		if (v->reasons[i].detail[0])
			words_text(reason, "detail", v->reasons[i].detail);
		(void)json_array_append_new(list, reason);
	}
	return list;
}

static json_t *words_relaxations(const struct attest_verdict *v)
{
	json_t *list = json_array();
	char status[96];

	for (unsigned i = 0; i < ATTEST_RELAXATION_COUNT; i++) {
		if (v->relaxations >> i & 1)
			(void)json_array_append_new(list, json_string(g_relaxations[i].name));
	}
	if (v->accepted && v->status != ATTEST_STATUS_UP_TO_DATE &&
	    v->status != ATTEST_STATUS_VERIFIED) {
		(void)snprintf(status, sizeof status, "insecure-accept-status=%s",
			       attest_status_name(v->status));
		(void)json_array_append_new(list, json_string(status));
	}
	return list;
}

static json_t *words_advisories(const struct attest_verdict *v)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < v->advisory_count; i++)
		(void)json_array_append_new(list, json_string(v->advisories[i]));
	return list;
}

/* A CONFIGID that can be a launch digest: 32 bytes, and 32 zeros. */
static bool has_launch_digest(const struct attest_enclave *e)
{
	static const uint8_t zeros[32];

	return memcmp(e->config_id, zeros, sizeof zeros) != 0 &&
	       memcmp(e->config_id + 32, zeros, sizeof zeros) == 0 && e->config_svn == 0;
}

static void enclave_fields(json_t *to, const struct attest_verdict *v)
{
	const struct attest_enclave *e = &v->enclave;

	words_hex(to, "mr_enclave", e->mr_enclave, sizeof e->mr_enclave);
	words_hex(to, "mr_signer", e->mr_signer, sizeof e->mr_signer);
	words_number(to, "isv_prod_id", e->isv_prod_id);
	words_number(to, "isv_svn", e->isv_svn);
	words_mask(to, "attributes", e->attributes);
	words_mask(to, "xfrm", e->xfrm);
	words_mask(to, "miscselect", e->miscselect);
	words_hex(to, "config_id", e->config_id, sizeof e->config_id);
	words_number(to, "config_svn", e->config_svn);
	if (has_launch_digest(e))
		words_hex(to, "launch_digest", e->config_id, 32);
	words_hex(to, "isv_ext_prod_id", e->isv_ext_prod_id, sizeof e->isv_ext_prod_id);
	words_hex(to, "isv_family_id", e->isv_family_id, sizeof e->isv_family_id);
	words_hex(to, "cpu_svn", e->cpu_svn, sizeof e->cpu_svn);
}

static void td_fields(json_t *to, const struct attest_verdict *v)
{
	static const uint8_t zeros[TD_HASH_SIZE];
	const struct attest_td *td = &v->td;
	char rtmr[] = "rtmr0";

	words_hex(to, "mr_td", td->mrtd, sizeof td->mrtd);
	for (unsigned i = 0; i < TD_RTMR_COUNT; i++) {
		rtmr[4] = (char)('0' + i);
		words_hex(to, rtmr, td->rtmr[i], sizeof td->rtmr[i]);
	}
	words_hex(to, "td_attributes", td->attributes, sizeof td->attributes);
	words_hex(to, "xfam", td->xfam, sizeof td->xfam);
	words_hex(to, "mr_config_id", td->mrconfigid, sizeof td->mrconfigid);
	words_hex(to, "mr_owner", td->mrowner, sizeof td->mrowner);
	words_hex(to, "mr_owner_config", td->mrownerconfig, sizeof td->mrownerconfig);
	words_hex(to, "tee_tcb_svn", td->tee_tcb_svn, sizeof td->tee_tcb_svn);
	words_hex(to, "mr_seam", td->mrseam, sizeof td->mrseam);
	words_hex(to, "mr_signer_seam", td->mrsignerseam, sizeof td->mrsignerseam);
	words_hex(to, "tee_tcb_svn2", td->tee_tcb_svn2, sizeof td->tee_tcb_svn2);
	words_hex(to, "mr_service_td", td->mrservicetd, sizeof td->mrservicetd);
	words_bool(to, "service_td", memcmp(td->mrservicetd, zeros, sizeof zeros) != 0);
	words_bool(to, "migration", (td_attributes(td) & TD_ATTRIBUTE_MIGRATABLE) != 0);
}

static json_t *words_identity(const struct attest_verdict *v)
{
	json_t *identity = json_object();

	if (v->tee == ATTEST_TEE_SGX)
		enclave_fields(identity, v);
	if (v->tee == ATTEST_TEE_TDX)
		td_fields(identity, v);
	if (v->tee == ATTEST_TEE_SEV_SNP)
		sev_fields(identity, v);
	words_bool(identity, "debug", v->debug);
	words_hex(identity, "report_data", v->report_data, sizeof v->report_data);
	return identity;
}

/* What the platform is, as far as it is known. */
static json_t *words_platform(const struct attest_verdict *v)
{
	json_t *platform = json_object();

	if (v->tee == ATTEST_TEE_SGX || v->tee == ATTEST_TEE_TDX) {
		words_hex(platform, "fmspc", v->fmspc, sizeof v->fmspc);
		words_hex(platform, "ppid", v->ppid, sizeof v->ppid);
	}
	if (v->tcb_date) {
		words_time(platform, "tcb_date", v->tcb_date);
		words_number(platform, "tcb_evaluation_data_number", v->tcb_evaluation);
	}
	words_bool(platform, "simulation", v->simulated);
	return platform;
}

static json_t *words_object(const struct attest_verdict *v)
{
	json_t *object = json_object();

	words_text(object, "status", attest_status_name(v->status));
	words_bool(object, "accepted", v->accepted);
	(void)json_object_set_new(object, "reasons", words_reasons(v));
	(void)json_object_set_new(object, "relaxations", words_relaxations(v));
	(void)json_object_set_new(object, "advisories", words_advisories(v));
	if (v->window.not_before != INT64_MIN) {
		words_time(object, "valid_from", v->window.not_before);
		words_time(object, "valid_until", v->window.not_after);
	}
	words_text(object, "tee", attest_tee_name(v->tee));
	if (!v->decoded)
		return object;
	(void)json_object_set_new(object, "platform", words_platform(v));
	(void)json_object_set_new(object, "identity", words_identity(v));
	words_number(object, "trailing_bytes", v->trailing);
	return object;
}

char *attest_verdict_json(const struct attest_verdict *v)
{
	json_t *object = words_object(v);
	size_t size = json_dumpb(object, NULL, 0, JSON_INDENT(2));
	char *text = size > 0 ? heap_alloc(size + 2) : NULL;

	if (text) {
		(void)json_dumpb(object, text, size, JSON_INDENT(2));
		text[size] = '\n';
	}
	json_decref(object);
	return text;
}

/* ---- the text -------------------------------------------------------------------------------- */

/* A text that grows; p NULL with failed: memory was short. */
struct words {
	char *p;
	size_t size; /* allocated */
	size_t length;
	bool failed;
};

static void words_add(struct words *w, const char *format, ...) PRINTF_LIKE(2, 3);

static void words_add(struct words *w, const char *format, ...)
{
	char line[640];
	size_t length;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(line, sizeof line, format, args);
	va_end(args);
	length = strlen(line);
	if (!w->failed && w->length + length + 1 > w->size) {
		size_t size = 2 * w->size + sizeof line;
		char *p = heap_resize(w->p, w->size, size);

		w->failed = !p;
		w->p = p ? p : w->p;
		w->size = p ? size : w->size;
	}
	if (w->failed)
		return;
	memcpy(w->p + w->length, line, length + 1);
	w->length += length;
}

static void words_add_value(struct words *w, const char *outer, const char *name,
			    const json_t *value)
{
	if (json_is_string(value))
		words_add(w, "  %s%s: %s\n", outer, name, json_string_value(value));
	else if (json_is_integer(value))
		words_add(w, "  %s%s: %" PRId64 "\n", outer, name,
			  (int64_t)json_integer_value(value));
	else
		words_add(w, "  %s%s: %s\n", outer, name, json_is_true(value) ? "yes" : "no");
}

/* What an object has inside another one is named with a dot: tcb.snp. */
static void words_add_inner(struct words *w, const char *outer, const json_t *object)
{
	char prefix[32];
	const char *name;
	json_t *value;

	(void)snprintf(prefix, sizeof prefix, "%s.", outer);
	json_object_foreach((json_t *)(uintptr_t)object, name, value)
		words_add_value(w, prefix, name, value);
}

static void words_add_members(struct words *w, const json_t *object)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, name, value)
	{
		if (json_is_object(value))
			words_add_inner(w, name, value);
		else
			words_add_value(w, "", name, value);
	}
}

static void words_add_list(struct words *w, const char *title, const json_t *list)
{
	if (json_array_size(list) == 0)
		return;
	words_add(w, "%s:", title);
	for (size_t i = 0; i < json_array_size(list); i++)
		words_add(w, " %s", json_string_value(json_array_get(list, i)));
	words_add(w, "\n");
}

static void words_add_reasons(struct words *w, const struct attest_verdict *v)
{
	char line[ATTEST_REASON_TEXT_MAX];

	for (uint32_t i = 0; i < v->reason_count; i++) {
		attest_reason_text(line, sizeof line, &v->reasons[i]);
		words_add(w, "%s\n", line);
	}
}

static void words_add_window(struct words *w, const json_t *object)
{
	const char *from = json_string_value(json_object_get(object, "valid_from"));
	const char *until = json_string_value(json_object_get(object, "valid_until"));

	if (from && until)
		words_add(w, "valid: %s to %s\n", from, until);
}

char *attest_verdict_text(const struct attest_verdict *v)
{
	json_t *object = words_object(v);
	struct words w = {0};

	words_add(&w, "%s: %s\n", attest_status_name(v->status),
		  v->accepted ? "accepted" : "refused");
	words_add_reasons(&w, v);
	words_add_list(&w, "relaxations", json_object_get(object, "relaxations"));
	words_add_list(&w, "advisories", json_object_get(object, "advisories"));
	words_add_window(&w, object);
	words_add(&w, "tee: %s\n", attest_tee_name(v->tee));
	if (v->decoded) {
		words_add(&w, "platform:\n");
		words_add_members(&w, json_object_get(object, "platform"));
		words_add(&w,
			  v->accepted ? "identity:\n" : "identity, as the evidence claims it:\n");
		words_add_members(&w, json_object_get(object, "identity"));
	}
	if (v->trailing)
		words_add(&w, "%u bytes behind the quote mean nothing\n", v->trailing);
	json_decref(object);
	if (w.failed) {
		heap_free(w.p);
		return NULL;
	}
	return w.p;
}
