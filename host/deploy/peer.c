/*
 * The client's check of an enclave.
 * Trust: the certificate, and so all that stands in it, is anybody's; the policy is the caller's.
 * Invariant: accepted is set only where the key of the channel, the claims, the quote and the policy all hold together.
 */
#include "host/deploy/peer.h"

#include <stdlib.h>
#include <string.h>

#include "base/heap.h"
#include "base/wipe.h"
#include "channel/certificate.h"
#include "host/base/sockets.h"
#include "host/base/words.h"
#include "host/verify/policy.h"

#define REASON_MAX 512

enum retwine_code peer_check_policy(const struct peer *peer,
				    const uint8_t program_digest[HELLO_DIGEST_SIZE],
				    struct retwine_error *error)
{
	const struct retwine_policy *p = peer->policy;

	if (p->nonce_size != 0 || p->has_user_data || p->attest.report_data)
		return error_set(
			error, RETWINE_USAGE,
			"the policy asks for a nonce, report data or user data, which are made "
			"for each connection; leave them out");
	if (p->attest.launch_digest &&
	    memcmp(p->attest.launch_digest, peer->launch_digest, HELLO_DIGEST_SIZE) != 0)
		return error_set(error, RETWINE_REFUSED,
				 "the policy asks for another launch digest than this program, its "
				 "arguments and limits have; 'retwine measure' shows it");
	if (p->has_program_digest &&
	    memcmp(p->program_digest, program_digest, HELLO_DIGEST_SIZE) != 0)
		return error_set(
			error, RETWINE_REFUSED,
			"the policy asks for another program digest than this program has; "
			"'retwine measure' shows it");
	return RETWINE_OK;
}

static enum err refuse(struct peer *peer, const char *why)
{
	error_set(&peer->error, RETWINE_REFUSED, "%s", why);
	return E_DENIED;
}

/* What the claims say, whoever vouches for them: that shows next. */
static enum err check_claims(struct peer *peer, const struct identity *claims)
{
	if (claims->nonce_size != sizeof(peer->nonce) ||
	    !equal_ct(claims->nonce, peer->nonce, sizeof(peer->nonce)))
		return refuse(peer,
			      "its evidence was not made for this connection (another nonce): "
			      "somebody replays an old one");
	if (!equal_ct(claims->launch_digest, peer->launch_digest, sizeof(peer->launch_digest)))
		return refuse(peer, "its evidence is for another launch digest: it was started for "
				    "another program, other arguments or other limits");
	return E_OK;
}

/* The first reason is the one to tell; a refusal has one. */
static enum err refuse_verdict(struct peer *peer)
{
	const struct attest_verdict *v = &peer->verdict;
	char reason[REASON_MAX] = "no reason is given";

	if (v->reason_count > 0)
		attest_reason_text(reason, sizeof(reason), &v->reasons[0]);
	if (v->reason_count > 1)
		error_set(&peer->error, RETWINE_REFUSED, "%s (and %u more; see 'retwine verify')",
			  reason, v->reason_count - 1);
	else
		error_set(&peer->error, RETWINE_REFUSED, "%s", reason);
	return E_DENIED;
}

/* The quote has to be over these claims, of the wanted enclave with the wanted CONFIGID. */
static enum err check_quote(struct peer *peer, const struct certificate_evidence *evidence)
{
	policy_set_launch_digest(peer->policy, peer->launch_digest);
	policy_set_report_data(peer->policy, evidence->report_data);
	if (policy_verify(&peer->verdict, peer->policy, evidence->quote, evidence->quote_size,
			  &peer->error) != RETWINE_OK)
		return E_DENIED;
	return peer->verdict.accepted ? E_OK : refuse_verdict(peer);
}

static void tell_verified(struct peer *peer)
{
	char *text = attest_verdict_text(&peer->verdict);
	char *relaxations = policy_relaxations(peer->policy);

	if (peer->verified)
		peer->verified(peer->context, text ? text : "", relaxations ? relaxations : "");
	heap_free(text);
	free(relaxations);
}

static enum err check(struct peer *peer, const uint8_t *der, size_t size)
{
	struct certificate_evidence evidence;
	enum err err = certificate_check(&evidence, der, size);

	if (err != E_OK)
		return refuse(peer, words_err(err));
	err = check_claims(peer, &evidence.identity);
	return err == E_OK ? check_quote(peer, &evidence) : err;
}

enum err peer_check(void *context, const uint8_t *der, size_t size)
{
	struct peer *peer = context;
	const uint64_t start = socket_now_ns();

	peer->asked = true;
	const enum err err = check(peer, der, size);

	peer->verify_ns = socket_now_ns() - start;
	if (err != E_OK)
		return err;
	peer->accepted = true;
	tell_verified(peer);
	return E_OK;
}
