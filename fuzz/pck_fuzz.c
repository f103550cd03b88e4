/*
 * What comes with quotes, under arbitrary bytes. The first byte says what the others are: the SGX extension, a
 * certificate, a chain in PEM, a revocation list.
 */
#include <stdlib.h>
#include <string.h>

#include "attest/chain.h"
#include "attest/crl.h"
#include "attest/pck.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
	if (!holds)
		abort();
}

static void expect_inside(struct x509_bytes part, struct x509_bytes whole)
{
	size_t off;

	if (!part.p)
		return;
	expect(part.p >= whole.p);
	off = (size_t)(part.p - whole.p);
	expect(off <= whole.size && part.size <= whole.size - off);
}

static void extension(const uint8_t *data, size_t size)
{
	struct attest_pck pck;

	if (pck_decode_extension(&pck, data, size) == ATTEST_OK)
		expect(pck.type <= PCK_SCALABLE_WITH_INTEGRITY);
}

static void expect_certificate(const struct x509_certificate *c)
{
	struct attest_pck pck;

	expect_inside(c->tbs, c->der);
	expect_inside(c->signature, c->der);
	expect_inside(c->issuer, c->tbs);
	expect_inside(c->subject, c->tbs);
	expect_inside(c->serial, c->tbs);
	expect_inside(c->extensions, c->tbs);
	expect_inside(c->name, c->subject);
	(void)!pck_decode(&pck, c);
}

static void certificate(const uint8_t *data, size_t size)
{
	struct x509_certificate c;

	if (x509_decode(&c, data, size) != ATTEST_OK)
		return;
	expect(c.der.p == data && c.der.size == size);
	expect_certificate(&c);
}

static void chain(const uint8_t *data, size_t size)
{
	struct attest_chain c;

	if (chain_decode(&c, data, size) != ATTEST_OK) {
		expect(c.count == 0 && !c.bytes);
		return;
	}
	expect(c.count >= 1 && c.count <= CHAIN_MAX);
	for (size_t i = 0; i < c.count; i++)
		expect_certificate(&c.certificates[i]);
	(void)!chain_verify(&c, CHAIN_PCK);
	(void)!chain_verify(&c, CHAIN_TCB);
	(void)chain_window(&c);
	chain_fini(&c);
}

static void crl(const uint8_t *data, size_t size)
{
	static const uint8_t serial[] = {1, 2};
	const struct x509_certificate c = {.serial = {serial, sizeof serial}};
	struct attest_crl list;

	if (crl_decode(&list, data, size) != ATTEST_OK) {
		expect(!list.parsed);
		return;
	}
	(void)!crl_lists(&list, &c);
	crl_fini(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const kinds[])(const uint8_t *, size_t) = {extension, certificate, chain,
								 crl};

	if (size > 0)
		kinds[data[0] % COUNT_OF(kinds)](data + 1, size - 1);
	return 0;
}
