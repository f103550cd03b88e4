/*
 * Pieces of collateral are told by their form, in whatever order they come; what is signed is kept
 * byte for byte; what is damaged, too large or too much is refused. And of several, the right one
 * is chosen.
 */
#include "attest/collateral.h"

#include <stdlib.h>
#include <string.h>

#include "attest/json.h"
#include "attest/verify.h"

#include "test/lib/attest_scene.h"
#include "test/lib/check.h"
#include "test/lib/native.h"

static struct attest_collateral g_collateral;
static struct scene g_scene;
static struct pki_bytes g_text;

static enum err add(const void *bytes, size_t size, enum attest_item *what)
{
	uint8_t *exact = malloc(size ? size : 1); /* so that a read too far is seen */
	enum err err;

	memcpy(exact, bytes, size);
	err = attest_collateral_add(&g_collateral, exact, size, what);
	free(exact);
	return err;
}

/* What a text is; ATTEST_ITEM_NONE for an error too. */
static enum attest_item item_of(const char *text)
{
	enum attest_item what = ATTEST_ITEM_NONE;

	return add(text, strlen(text), &what) == E_OK ? what : ATTEST_ITEM_NONE;
}

static enum err error_of(const char *text)
{
	enum attest_item what;

	return add(text, strlen(text), &what);
}

static void clear(void)
{
	attest_collateral_fini(&g_collateral);
}

#define S16 "00112233445566778899aabbccddeeff"
#define SIG S16 S16 S16 S16

/* ---- JSON ------------------------------------------------------------------------------------ */

TEST(what_is_signed_is_kept_byte_for_byte)
{
	static const char inner[] = "{ \"id\" :\t\"SGX\", \"x\":[1,{\"}\":\"]\\\"}\"}] }";
	char text[512];

	clear();
	(void)snprintf(text, sizeof text, " {\"signature\":\"" SIG "\" , \"tcbInfo\" : %s \n}\n",
		       inner);
	CHECK_EQ(item_of(text), ATTEST_ITEM_TCB_INFO);
	CHECK_EQ(g_collateral.tcb_info_count, 1);
	CHECK_EQ(g_collateral.tcb_infos[0].text.size, strlen(inner));
	CHECK(memcmp(g_collateral.tcb_infos[0].text.p, inner, strlen(inner)) == 0);
	CHECK_EQ(g_collateral.tcb_infos[0].signature[17], 0x11);
	CHECK_EQ(item_of("{\"enclaveIdentity\":{\"a\":1},\"signature\":\"" SIG "\"}"),
		 ATTEST_ITEM_IDENTITY);
	CHECK_EQ(g_collateral.identity_count, 1);
	clear();
}

TEST(the_same_item_is_kept_once)
{
	clear();
	for (int i = 0; i < 3; i++)
		CHECK_EQ(item_of("{\"tcbInfo\":{\"a\":1},\"signature\":\"" SIG "\"}"),
			 ATTEST_ITEM_TCB_INFO);
	CHECK_EQ(g_collateral.tcb_info_count, 1);
	CHECK_EQ(item_of("{\"tcbInfo\":{\"a\":2},\"signature\":\"" SIG "\"}"),
		 ATTEST_ITEM_TCB_INFO);
	CHECK_EQ(g_collateral.tcb_info_count, 2);
	clear();
}

TEST(what_is_no_collateral_is_passed_over)
{
	static const char *const others[] = {
		"",
		" ",
		"hello",
		"{}",
		"{\"tcbEvaluationDataNumbers\":{},\"signature\":\"" SIG "\"}",
		"0123",
		"ab",
	};

	clear();
	for (unsigned i = 0; i < COUNT_OF(others); i++) {
		CHECK_EQ(error_of(others[i]), E_OK);
		CHECK_EQ(item_of(others[i]), ATTEST_ITEM_NONE);
	}
	CHECK_EQ(g_collateral.tcb_info_count + g_collateral.crl_count + g_collateral.chain_count,
		 0);
}

TEST(a_damaged_response_is_refused)
{
	static const char *const damaged[] = {
		"{",
		"{\"tcbInfo\":{\"a\":1}}",
		"{\"tcbInfo\":{\"a\":1},\"signature\":\"" S16 "\"}",
		"{\"tcbInfo\":{\"a\":1},\"signature\":\"" SIG "00\"}",
		"{\"tcbInfo\":{\"a\":1},\"signature\":7}",
		"{\"tcbInfo\":\"{}\",\"signature\":\"" SIG "\"}",
		"{\"tcbInfo\":{\"a\":1},\"tcbInfo\":{\"a\":2},\"signature\":\"" SIG "\"}",
		"{\"tcbInfo\":{\"a\":1},\"tcb\\u0049nfo\":{\"a\":2},\"signature\":\"" SIG "\"}",
		"{\"tcb\\u0049nfo\":{\"a\":2},\"signature\":\"" SIG "\"}",
		"{\"tcbInfo\":{\"a\":1,\"a\":2},\"signature\":\"" SIG "\"}",
		"{\"tcbInfo\":{\"a\":1},\"signature\":\"" SIG "\"} x",
		"{\"tcb_info\":\"{}\"}",
		"{\"tcb_info\":{},\"tcb_info_signature\":\"" SIG "\"}",
		"{\"tcb_info\":\"{}\",\"tcb_info_signature\":\"" SIG "\",\"pck_crl\":7}",
		"{\"tcb_info\":\"{}\",\"tcb_info_signature\":\"" SIG "\",\"pck_crl\":\"3000\"}",
		"{\"tcb_info\":\"{}\",\"tcb_info_signature\":\"" SIG
		"\",\"tcb_info_issuer_chain\":\"hello\"}",
	};

	for (unsigned i = 0; i < COUNT_OF(damaged); i++) {
		clear();
		CHECK_EQ(error_of(damaged[i]), E_MALFORMED);
		if (error_of(damaged[i]) != E_MALFORMED)
			printf("%s\n", damaged[i]);
	}
	clear();
}

TEST(depth_and_size_have_a_limit)
{
	char deep[2 * 40 + 100] = "{\"tcbInfo\":{\"a\":";
	uint8_t *large = calloc(1, ATTEST_COLLATERAL_SIZE_MAX + 1);
	enum attest_item what;

	for (unsigned i = 0; i < 20; i++)
		strcat(deep, "[");
	for (unsigned i = 0; i < 20; i++)
		strcat(deep, "]");
	strcat(deep, "},\"signature\":\"\"}");
	clear();
	CHECK_EQ(error_of(deep), E_MALFORMED);
	CHECK_EQ(attest_collateral_add(&g_collateral, large, ATTEST_COLLATERAL_SIZE_MAX + 1, &what),
		 E_LIMIT);
	CHECK_EQ(attest_collateral_add(&g_collateral, large, ATTEST_COLLATERAL_SIZE_MAX, &what),
		 E_OK);
	free(large);
}

TEST(there_are_so_many_items_and_no_more)
{
	char text[256];

	clear();
	for (unsigned i = 0; i <= ATTEST_COLLATERAL_MAX; i++) {
		(void)snprintf(text, sizeof text,
			       "{\"tcbInfo\":{\"a\":%u},\"signature\":\"" SIG "\"}", i);
		CHECK_EQ(error_of(text), i < ATTEST_COLLATERAL_MAX ? E_OK : E_LIMIT);
	}
	CHECK_EQ(g_collateral.tcb_info_count, ATTEST_COLLATERAL_MAX);
	clear();
}

TEST(a_slice_is_the_value_of_the_outermost_member)
{
	static const struct {
		const char *text;
		const char *value;
	} rows[] = {
		{"{\"a\":1,\"m\":{\"x\":2}}", "{\"x\":2}"},
		{"{\"a\":{\"m\":3},\"m\":4}", "4"},
		{"{\"a\":\"m\",\"m\" : \"}\" }", "\"}\""},
		{"{\"m\":[1,[2],{}]}", "[1,[2],{}]"},
		{"{\"m\":true,\"b\":1}", "true"},
		{"{\"a\":\"\\\"m\\\":1,\",\"m\":2}", "2"},
		{"{\"mm\":1,\"n\":2}", NULL},
		{"{}", NULL},
	};

	for (unsigned i = 0; i < COUNT_OF(rows); i++) {
		const char *value = NULL;
		size_t size = 0;
		bool found =
			attest_json_slice(&value, &size, rows[i].text, strlen(rows[i].text), "m");

		CHECK_EQ(found, rows[i].value != NULL);
		CHECK(!found ||
		      (size == strlen(rows[i].value) && memcmp(value, rows[i].value, size) == 0));
	}
}

/* ---- certificates and lists ------------------------------------------------------------------ */

TEST(certificates_and_lists_are_told_apart)
{
	static char hex[PKI_MAX];
	const struct pki_crl crl = {
		.issuer = "Intel SGX Root CA",
		.signer = &g_scene.world.keys[PKI_ROOT],
		.this_update = "240515000000Z",
		.next_update = "240701000000Z",
	};
	static struct pki_bytes pem;
	enum attest_item what = ATTEST_ITEM_NONE;

	clear();
	scene_init(&g_scene);
	pki_world_tcb_chain(&g_text, &g_scene.world);
	CHECK_EQ(add(g_text.p, g_text.size, &what), E_OK);
	CHECK_EQ(what, ATTEST_ITEM_CHAIN);
	g_text.size = 0;
	pki_crl(&g_text, &crl);
	CHECK_EQ(add(g_text.p, g_text.size, &what), E_OK);
	CHECK_EQ(what, ATTEST_ITEM_CRL);
	for (size_t i = 0; i < g_text.size; i++)
		(void)snprintf(hex + 2 * i, 3, i % 2 ? "%02x" : "%02X", g_text.p[i]);
	CHECK_EQ(item_of(hex), ATTEST_ITEM_CRL);
	CHECK_EQ(g_collateral.crl_count, 1); /* the same */
	pki_pem(&pem, "X509 CRL", g_text.p, g_text.size);
	what = ATTEST_ITEM_NONE;
	CHECK_EQ(add(pem.p, pem.size, &what), E_OK);
	CHECK_EQ(what, ATTEST_ITEM_CRL);
	pki_world_der(&g_text, &g_scene.world, PKI_ROOT);
	what = ATTEST_ITEM_CRL;
	CHECK_EQ(add(g_text.p, g_text.size, &what), E_OK);
	CHECK_EQ(what, ATTEST_ITEM_NONE); /* a certificate in DER: chains come in PEM */
	clear();
}

/* The size of a C string may count its end, as Intel's library hands collateral over. */
TEST(a_nul_behind_an_item_is_no_part_of_it)
{
	static const char json[] = "{\"tcbInfo\":{\"a\":1},\"signature\":\"" SIG "\"}";
	const struct pki_crl crl = {
		.issuer = "Intel SGX Root CA",
		.signer = &g_scene.world.keys[PKI_ROOT],
		.this_update = "240515000000Z",
		.next_update = "240701000000Z",
	};
	static struct pki_bytes pem;
	enum attest_item what = ATTEST_ITEM_NONE;

	clear();
	scene_init(&g_scene);
	CHECK_EQ(add(json, sizeof json, &what), E_OK);
	CHECK_EQ(what, ATTEST_ITEM_TCB_INFO);
	g_text.size = 0;
	pki_crl(&g_text, &crl);
	pki_pem(&pem, "X509 CRL", g_text.p, g_text.size);
	pki_put(&g_text, "\0", 2);
	CHECK_EQ(add(g_text.p, g_text.size, &what), E_OK);
	CHECK_EQ(what, ATTEST_ITEM_CRL);
	CHECK_EQ(g_collateral.crls[0].size, g_text.size - 2);
	pki_put(&pem, "\0", 2);
	CHECK_EQ(add(pem.p, pem.size, &what), E_OK);
	CHECK_EQ(what, ATTEST_ITEM_CRL);
	CHECK_EQ(g_collateral.crl_count, 1); /* the same */
	g_text.p[g_text.size - 1] = 1;
	CHECK_EQ(add(g_text.p, g_text.size, &what), E_MALFORMED);
	clear();
}

/* Several files in one, with words between the blocks, as tools write them. */
TEST(a_text_holds_blocks_of_any_kind_and_number)
{
	static struct pki_bytes all, crls[2];
	struct pki_crl crl = {
		.issuer = "Intel SGX Root CA",
		.signer = &g_scene.world.keys[PKI_ROOT],
		.this_update = "240515000000Z",
		.next_update = "240701000000Z",
	};

	clear();
	scene_init(&g_scene);
	for (unsigned i = 0; i < 2; i++) {
		crls[i].size = 0;
		crl.this_update = i ? "240516000000Z" : "240515000000Z";
		pki_crl(&crls[i], &crl);
	}
	all.size = 0;
	pki_pem(&all, "X509 CRL", crls[0].p, crls[0].size);
	for (unsigned i = 0; i < PKI_COUNT; i++) {
		pki_put(&all, "subject=somebody\n", 17);
		pki_world_der(&g_text, &g_scene.world, (enum pki_who)i);
		pki_pem(&all, "CERTIFICATE", g_text.p, g_text.size);
	}
	pki_pem(&all, "X509 CRL", crls[1].p, crls[1].size);
	pki_put(&all, "-----BEGIN PUBLIC KEY-----\n", 27);
	CHECK_EQ(add(all.p, all.size, NULL), E_OK);
	CHECK_EQ(g_collateral.crl_count, 2);
	CHECK_EQ(g_collateral.crls[1].size, crls[1].size);
	CHECK_EQ(g_collateral.chain_count, PKI_COUNT > 3 ? PKI_COUNT : 1);
	pki_pem(&all, "X509 CRL", crls[1].p, crls[1].size - 1);
	CHECK_EQ(add(all.p, all.size, NULL), E_MALFORMED);
	clear();
}

/* A bundle with a CRL as hexadecimal digits, and more behind them. */
static enum err add_bundle_with(const struct pki_bytes *crl, const char *behind)
{
	static char text[8192];
	int n = snprintf(text, sizeof text,
			 "{\"tcb_info\":\"{}\",\"tcb_info_signature\":\"" SIG
			 "\",\"root_ca_crl\":\"");
	enum attest_item what;

	for (size_t i = 0; i < crl->size; i++)
		n += snprintf(text + n, sizeof text - (size_t)n, "%02x", crl->p[i]);
	n += snprintf(text + n, sizeof text - (size_t)n, "%s\"}", behind);
	return add(text, (size_t)n, &what);
}

TEST(a_nul_behind_a_text_in_a_bundle_is_no_part_of_it)
{
	const struct pki_crl crl = {
		.issuer = "Intel SGX Root CA",
		.signer = &g_scene.world.keys[PKI_ROOT],
		.this_update = "240515000000Z",
		.next_update = "240701000000Z",
	};

	clear();
	scene_init(&g_scene);
	g_text.size = 0;
	pki_crl(&g_text, &crl);
	CHECK_EQ(add_bundle_with(&g_text, "\\u0000\\u0000"), E_OK);
	CHECK_EQ(g_collateral.crl_count, 1);
	CHECK_EQ(g_collateral.crls[0].size, g_text.size);
	CHECK_EQ(add_bundle_with(&g_text, "\\u000000"), E_MALFORMED);
	CHECK_EQ(add_bundle_with(&g_text, "\\u0001"), E_MALFORMED);
	CHECK_EQ(g_collateral.crl_count, 1);
	clear();
}

TEST(a_damaged_certificate_is_refused)
{
	clear();
	CHECK_EQ(error_of("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
		 E_MALFORMED);
	CHECK_EQ(error_of("-----BEGIN CERTIFICATE-----\n"), E_MALFORMED);
	CHECK_EQ(error_of("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"), E_MALFORMED);
}

/* ---- which one is taken ---------------------------------------------------------------------- */

/* Makes a scene's collateral and keeps its TCB info and lists beside those that are there. */
static void collect(struct scene *s)
{
	scene_make(s);
	for (uint32_t i = 0; i < s->collateral.tcb_info_count; i++) {
		g_collateral.tcb_infos[g_collateral.tcb_info_count++] = s->collateral.tcb_infos[i];
		s->collateral.tcb_infos[i].text.p = NULL; /* moved */
	}
	for (uint32_t i = 0; i < s->collateral.crl_count; i++)
		CHECK_EQ(attest_collateral_add(&g_collateral, s->collateral.crls[i].p,
					       s->collateral.crls[i].size, NULL),
			 E_OK);
	scene_init(s);
}

/* Beside the right ones: a TCB info of another model, one of TDX, one that expired, lists that
 * expired. */
TEST(of_several_the_one_for_the_platform_and_the_time_is_taken)
{
	clear();
	scene_init(&g_scene);
	g_scene.info_fmspc = "00606a000009";
	g_scene.info_from = "2024-05-30T00:00:00Z";
	collect(&g_scene);
	g_scene.info_id = "TDX";
	g_scene.module_count = 1;
	g_scene.info_from = "2024-05-30T00:00:00Z";
	collect(&g_scene);
	g_scene.info_from = "2024-03-01T00:00:00Z";
	g_scene.info_until = "2024-04-01T00:00:00Z";
	g_scene.levels[0].status = "OutOfDate";
	g_scene.root_crl_from = g_scene.pck_crl_from = "240301000000Z";
	g_scene.root_crl_until = g_scene.pck_crl_until = "240401000000Z";
	collect(&g_scene);
	g_scene.info_from = "2024-06-02T00:00:00Z"; /* tomorrow's */
	g_scene.levels[0].status = "OutOfDate";
	collect(&g_scene);
	collect(&g_scene); /* the right one */
	CHECK_EQ(g_collateral.tcb_info_count, 5);
	CHECK_EQ(g_collateral.crl_count, 4);
	scene_make(&g_scene);
	for (uint32_t i = 0; i < g_collateral.tcb_info_count; i++) {
		struct attest_signed *mine =
			&g_scene.collateral.tcb_infos[g_scene.collateral.tcb_info_count++];

		*mine = g_collateral.tcb_infos[i];
		g_collateral.tcb_infos[i].text.p = NULL;
	}
	for (uint32_t i = 0; i < g_collateral.crl_count; i++)
		CHECK_EQ(attest_collateral_add(&g_scene.collateral, g_collateral.crls[i].p,
					       g_collateral.crls[i].size, NULL),
			 E_OK);
	CHECK_EQ(attest_verify(&g_scene.verdict, g_scene.quote_bytes.p, g_scene.quote_bytes.size,
			       &g_scene.collateral, &g_scene.policy, g_scene.now),
		 E_OK);
	CHECK(g_scene.verdict.accepted);
	clear();
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* Verifies with n allocations and no more; whether one failed in *failed. */
static bool accepted_with(long n, bool *failed)
{
	enum err err;

	memset(&g_scene.verdict, 0, sizeof g_scene.verdict);
	native_heap_fail_at(n);
	err = attest_verify(&g_scene.verdict, g_scene.quote_bytes.p, g_scene.quote_bytes.size,
			    &g_scene.collateral, &g_scene.policy, g_scene.now);
	*failed = native_heap_failed();
	native_heap_fail_at(-1);
	return err == E_OK && g_scene.verdict.accepted;
}

TEST(an_allocation_that_fails_is_never_an_acceptance)
{
	bool failed;
	long n = 0;

	scene_init(&g_scene);
	scene_make(&g_scene);
	while (!accepted_with(n, &failed))
		n++;
	CHECK(n > 3);
	/* n was enough: no later one fails */
	CHECK(accepted_with(n + 1, &failed) && !failed);
}

int main(void)
{
	RUN(what_is_signed_is_kept_byte_for_byte);
	RUN(the_same_item_is_kept_once);
	RUN(what_is_no_collateral_is_passed_over);
	RUN(a_damaged_response_is_refused);
	RUN(depth_and_size_have_a_limit);
	RUN(there_are_so_many_items_and_no_more);
	RUN(a_slice_is_the_value_of_the_outermost_member);
	RUN(certificates_and_lists_are_told_apart);
	RUN(a_nul_behind_an_item_is_no_part_of_it);
	RUN(a_nul_behind_a_text_in_a_bundle_is_no_part_of_it);
	RUN(a_text_holds_blocks_of_any_kind_and_number);
	RUN(a_damaged_certificate_is_refused);
	RUN(of_several_the_one_for_the_platform_and_the_time_is_taken);
	RUN(an_allocation_that_fails_is_never_an_acceptance);
	clear();
	scene_fini(&g_scene);
	return check_report();
}
