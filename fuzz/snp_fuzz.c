/*
 * SEV-SNP reports and what comes with them under arbitrary bytes: nothing is read beyond them, and nothing is accepted but
 * reports that a key of the given chain signed. The input: a size of each part but the last (u16), then report, certificate
 * of the key, chain, list. The seeds' ARK is trusted, so that what lies behind that check is reached.
 */
#include <stdlib.h>
#include <string.h>

#include "attest/sev_impl.h"
#include "attest/verify.h"
#include "base/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct attest_verdict g_verdict;

/* The digest of the last certificate of the chain. */
static const uint8_t *root_digest(uint8_t digest[SHA256_SIZE], const struct sev_collateral *c)
{
	struct sev_chain chain;
	const uint8_t *out = NULL;

	sev_chain_init(&chain);
	if (sev_signers_parse(&chain, c) == ATTEST_OK) {
		const mbedtls_x509_crt *ark = chain.signers.next;

		sha256_digest(digest, ark->raw.p, ark->raw.len);
		out = digest;
	}
	sev_chain_fini(&chain);
	return out;
}

/* A part as a block of its own, so that a read beyond its end shows. */
static uint8_t *part(struct reader *r, size_t size)
{
	const uint8_t *p = reader_take(r, size);
	uint8_t *copy = p ? malloc(size ? size : 1) : NULL;

	if (copy)
		memcpy(copy, p, size);
	return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct attest_policy policy = {.insecure_accept_expired = true};
	struct sev_collateral c = {0};
	uint8_t digest[SHA256_SIZE];
	struct reader r;

	reader_init(&r, data, size);
	const size_t report_size = reader_u16(&r);

	c.key_size = reader_u16(&r);
	c.chain_size = reader_u16(&r);
	uint8_t *report = part(&r, report_size), *key = part(&r, c.key_size);
	uint8_t *chain = part(&r, c.chain_size);

	c.crl_size = r.left;
	uint8_t *crl = part(&r, c.crl_size);

	if (report && key && chain && crl) {
		c.key = key;
		c.chain = chain;
		c.crl = crl;
		policy.insecure_accept_root = root_digest(digest, &c);
		memset(&g_verdict, 0, sizeof g_verdict);
		g_verdict.window = ATTEST_ALWAYS;
		if (sev_verify(&g_verdict, report, report_size, &c, &policy, 1750000000) != E_OK ||
		    g_verdict.accepted != (g_verdict.reason_count == 0))
			abort();
	}
	free(report);
	free(key);
	free(chain);
	free(crl);
	return 0;
}
