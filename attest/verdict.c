/*
 * Making a verdict: reasons, relaxations, the window, the end.
 * Trust: what callers tell is words of ours, numbers, and names of advisories that attest/tcb.c looked at.
 * Invariant: accepted is set nowhere but in attest_conclude, and never where there is a reason. A reason that has no room
 * counts like the others: the worst kind of all is kept.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "attest/verify.h"

void attest_refuse(struct attest_verdict *v, enum attest_rule rule, const char *format, ...)
{
	const enum attest_kind kind = attest_rule_kind(rule);
	struct attest_reason *reason;
	va_list args;

	if (kind != ATTEST_KIND_NONE && (v->worst == ATTEST_KIND_NONE || kind < v->worst))
		v->worst = kind;
	if (v->reason_count == ATTEST_REASON_MAX)
		return;
	reason = &v->reasons[v->reason_count++];
	reason->rule = rule;
	reason->detail[0] = '\0';
	if (!format)
		return;
	va_start(args, format);
	(void)vsnprintf(reason->detail, sizeof reason->detail, format, args);
	va_end(args);
}

void attest_relax(struct attest_verdict *v, enum attest_relaxation r)
{
	v->relaxations |= 1U << r;
}

void attest_narrow(struct attest_verdict *v, const struct attest_policy *p, enum attest_rule rule,
		   const struct attest_window *w, int64_t now, const char *what)
{
	window_narrow(&v->window, w);
	if (window_holds(w, now))
		return;
	if (p->insecure_accept_expired)
		attest_relax(v, ATTEST_insecure_accept_expired);
	else
		attest_refuse(v, rule, now < w->not_before ? "%s: not valid yet" : "%s: expired",
			      what);
}

/* What a reason makes of the status; ATTEST_STATUS_COUNT: nothing. */
static enum attest_status status_of_kind(enum attest_kind kind)
{
	switch (kind) {
	case ATTEST_KIND_INVALID:
		return ATTEST_STATUS_INVALID;
	case ATTEST_KIND_REVOKED:
		return ATTEST_STATUS_REVOKED;
	case ATTEST_KIND_TIME:
		return ATTEST_STATUS_EXPIRED;
	case ATTEST_KIND_MISSING:
		return ATTEST_STATUS_MISSING;
	case ATTEST_KIND_UNSUPPORTED:
		return ATTEST_STATUS_NOT_SUPPORTED;
	default:
		return ATTEST_STATUS_COUNT;
	}
}

void attest_conclude(struct attest_verdict *v, enum attest_status status)
{
	const enum attest_status worst = status_of_kind(v->worst);

	v->status = worst < ATTEST_STATUS_COUNT ? worst : status;
	v->accepted = v->reason_count == 0 && v->status >= ATTEST_STATUS_UP_TO_DATE;
}
