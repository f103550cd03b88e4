/* A platform, its quote and its collateral, for tests of the verifier. */
#include "test/lib/attest_scene.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void scene_must(bool holds)
{
	if (!holds) {
		fprintf(stderr, "test/lib/attest_scene.c: cannot make what a test asks for\n");
		abort();
	}
}

static void put(struct pki_bytes *out, const char *format, ...) PRINTF_LIKE(2, 3);

static void put(struct pki_bytes *out, const char *format, ...)
{
	char text[1024];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	scene_must(n >= 0 && (size_t)n < sizeof text);
	pki_put(out, text, (size_t)n);
}

/* ---- what is there unless a test says otherwise ---------------------------------------------- */

static void set_level(struct scene_level *level, uint16_t svn, const char *status,
		      const char *advisory)
{
	for (unsigned i = 0; i < 16; i++)
		level->sgx[i] = level->tdx[i] = svn;
	level->tdx[0] = 3;
	level->tdx[1] = 0;
	level->pcesvn = 13;
	level->status = status;
	level->advisory = advisory;
}

/* Keys take long to make: a world and what belongs to it is made once, and its pointers are set
 * in each copy. */
static struct pki_world g_world;
static struct pki_key g_attestation_key;
static uint8_t g_root_digest[SHA256_SIZE];

static void world_make_once(void)
{
	struct pki_bytes *root;

	if (g_world.certificates[PKI_ROOT].subject)
		return;
	root = malloc(sizeof *root);
	scene_must(root);
	pki_world(&g_world);
	pki_key(&g_attestation_key, "attestation");
	pki_world_der(root, &g_world, PKI_ROOT);
	sha256_digest(g_root_digest, root->p, root->size);
	free(root);
}

static void world_copy(struct pki_world *w)
{
	static const enum pki_who issuers[PKI_COUNT] = {PKI_ROOT, PKI_ROOT, PKI_CA, PKI_ROOT};

	memcpy(w, &g_world, sizeof *w);
	for (unsigned i = 0; i < PKI_COUNT; i++) {
		w->certificates[i].key = &w->keys[i];
		w->certificates[i].signer = &w->keys[issuers[i]];
	}
	w->certificates[PKI_LEAF].extensions = &w->leaf_extensions;
}

static void scene_init_common(struct scene *s)
{
	world_make_once();
	attest_collateral_fini(&s->collateral);
	memset(s, 0, sizeof(*s));
	world_copy(&s->world);
	s->attestation_key = g_attestation_key;
	memcpy(s->root_digest, g_root_digest, sizeof s->root_digest);
	memset(s->world.pck.components, 5, sizeof s->world.pck.components);
	pki_world_extend(&s->world);
	s->policy.insecure_accept_root = s->root_digest;
	s->now = SCENE_NOW;
	s->signer_world = &s->world;
	s->info_signer = s->identity_signer = &s->world.keys[PKI_SIGNER];
	s->info_version = 3;
	s->info_evaluation = s->identity_evaluation = 17;
	s->info_from = "2024-05-20T00:00:00Z";
	s->info_until = "2024-06-19T00:00:00Z";
	s->info_fmspc = "00606a000001";
	s->info_pceid = "0000";
	set_level(&s->levels[0], 5, "UpToDate", NULL);
	set_level(&s->levels[1], 4, "SWHardeningNeeded", "INTEL-SA-00004");
	set_level(&s->levels[2], 3, "ConfigurationNeeded", "INTEL-SA-00003");
	set_level(&s->levels[3], 2, "OutOfDate", "INTEL-SA-00002");
	set_level(&s->levels[4], 1, "Revoked", "INTEL-SA-00001");
	s->level_count = 5;
	s->identity_version = 2;
	s->identity_from = "2024-05-21T00:00:00Z";
	s->identity_until = "2024-06-20T00:00:00Z";
	s->identity_status = "UpToDate";
	s->root_crl_from = "240515000000Z";
	s->root_crl_until = "240701000000Z";
	s->pck_crl_from = "240522000000Z";
	s->pck_crl_until = "240621000000Z";
	s->quote.pck = &s->world.keys[PKI_LEAF];
	s->quote.key = &s->attestation_key;
	s->quote.auth_size = 32;
	s->quote.certification = QUOTE_PCK_CHAIN;
	s->quote.qe.miscselect = 0;
	s->quote.qe.attributes.flags = 0x11;
	s->quote.qe.attributes.xfrm = 3;
	memset(s->quote.qe.mrsigner, 0x8c, sizeof s->quote.qe.mrsigner);
	s->quote.qe.isvprodid = 1;
	s->quote.qe.isvsvn = 8;
}

void scene_init(struct scene *s)
{
	struct sgx_report_body *e = &s->quote.enclave;

	scene_init_common(s);
	s->info_id = "SGX";
	s->identity_id = "QE";
	s->quote.version = 3;
	s->quote.tee = QUOTE_SGX;
	e->attributes.flags = 0x5;
	e->attributes.xfrm = 0xe7;
	memset(e->mrenclave, 0xaa, sizeof e->mrenclave);
	memset(e->mrsigner, 0xbb, sizeof e->mrsigner);
	memset(e->configid, 0xcc, 32);
	e->isvprodid = 7;
	e->isvsvn = 3;
	memset(&e->reportdata, 0xdd, sizeof e->reportdata);
}

static void set_module(struct scene_module *m, const char *id)
{
	m->id = id;
	m->levels[0] = (struct scene_isv){6, "UpToDate", NULL};
	m->levels[1] = (struct scene_isv){4, "OutOfDate", "INTEL-SA-00104"};
	m->levels[2] = (struct scene_isv){2, "Revoked", NULL};
	m->level_count = 3;
}

void scene_init_td(struct scene *s)
{
	struct attest_td *td = &s->quote.td;

	scene_init_common(s);
	s->info_id = "TDX";
	s->identity_id = "TD_QE";
	set_module(&s->modules[1], "TDX_01");
	set_module(&s->modules[2], "TDX_0A");
	s->module_count = 3;
	s->quote.version = 5;
	s->quote.tee = QUOTE_TDX;
	s->quote.td15 = true;
	memset(td->tee_tcb_svn, 5, sizeof td->tee_tcb_svn);
	td->tee_tcb_svn[0] = 6;
	td->tee_tcb_svn[1] = 1;
	memcpy(td->tee_tcb_svn2, td->tee_tcb_svn, sizeof td->tee_tcb_svn2);
	td->attributes[3] = 0x10;
	memset(td->mrtd, 0xaa, sizeof td->mrtd);
	for (unsigned i = 0; i < TD_RTMR_COUNT; i++)
		memset(td->rtmr[i], 0x10 + (int)i, sizeof td->rtmr[i]);
	memset(td->mrconfigid, 0x20, sizeof td->mrconfigid);
	memset(td->mrowner, 0x30, sizeof td->mrowner);
	memset(td->report_data, 0xdd, sizeof td->report_data);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

/* With the advisories of the scene, where there is one already; s NULL: none, and an earlier date: of a part. */
static void put_judgement(struct pki_bytes *out, const struct scene *s, const char *status,
			  const char *advisory)
{
	put(out, ",\"tcbDate\":\"%sT00:00:00Z\",\"tcbStatus\":\"%s\"",
	    s ? "2024-03-13" : "2023-08-09", status);
	if (advisory) {
		put(out, ",\"advisoryIDs\":[\"%s\"", advisory);
		for (unsigned i = 0; s && i < s->more_advisory_count; i++)
			put(out, ",\"%s\"", s->more_advisories[i]);
		put(out, "]");
	}
	put(out, "}");
}

static void put_components(struct pki_bytes *out, const char *name, const uint16_t svn[16])
{
	put(out, "\"%s\":[", name);
	for (unsigned i = 0; i < 16; i++)
		put(out, "%s{\"svn\":%u}", i ? "," : "", svn[i]);
	put(out, "],");
}

static void put_level(struct pki_bytes *out, const struct scene *s, const struct scene_level *level)
{
	put(out, "{\"tcb\":{");
	if (s->info_version == 2) {
		for (unsigned i = 0; i < 16; i++)
			put(out, "\"sgxtcbcomp%02usvn\":%u,", i + 1, level->sgx[i]);
	} else {
		put_components(out, "sgxtcbcomponents", level->sgx);
	}
	if (strcmp(s->info_id, "TDX") == 0)
		put_components(out, "tdxtcbcomponents", level->tdx);
	put(out, "\"pcesvn\":%u}", level->pcesvn);
	put_judgement(out, s, level->status, level->advisory);
}

static void put_isv_levels(struct pki_bytes *out, const struct scene_isv *levels, unsigned count)
{
	put(out, "\"tcbLevels\":[");
	for (unsigned i = 0; i < count; i++) {
		put(out, "%s{\"tcb\":{\"isvsvn\":%u}", i ? "," : "", levels[i].isvsvn);
		put_judgement(out, NULL, levels[i].status, levels[i].advisory);
	}
	put(out, "]");
}

static void put_repeated(struct pki_bytes *out, const char *name, uint8_t byte, unsigned size)
{
	put(out, "\"%s\":\"", name);
	for (unsigned i = 0; i < size; i++)
		put(out, "%02X", byte);
	put(out, "\"");
}

static void put_module(struct pki_bytes *out, const struct scene_module *m)
{
	put_repeated(out, "mrsigner", m->mrsigner, 48);
	put(out, ",");
	put_repeated(out, "attributes", m->attributes, 8);
	put(out, ",\"attributesMask\":\"FFFFFFFFFFFFFFFF\"");
}

static void put_modules(struct pki_bytes *out, const struct scene *s)
{
	put(out, "\"tdxModule\":{");
	put_module(out, &s->modules[0]);
	put(out, "},\"tdxModuleIdentities\":[");
	for (unsigned i = 1; i < s->module_count; i++) {
		put(out, "%s{\"id\":\"%s\",", i > 1 ? "," : "", s->modules[i].id);
		put_module(out, &s->modules[i]);
		put(out, ",");
		put_isv_levels(out, s->modules[i].levels, s->modules[i].level_count);
		put(out, "}");
	}
	put(out, "],");
}

void scene_tcb_info(struct pki_bytes *out, const struct scene *s)
{
	out->size = 0;
	put(out, "{");
	if (s->info_version != 2)
		put(out, "\"id\":\"%s\",", s->info_id);
	put(out,
	    "\"version\":%u,\"issueDate\":\"%s\",\"nextUpdate\":\"%s\",\"fmspc\":\"%s\",\"pceId\":"
	    "\"%s\",",
	    s->info_version, s->info_from, s->info_until, s->info_fmspc, s->info_pceid);
	put(out, "\"tcbType\":%u,\"tcbEvaluationDataNumber\":%u,", s->info_type,
	    s->info_evaluation);
	if (s->module_count)
		put_modules(out, s);
	put(out, "\"tcbLevels\":[");
	for (unsigned i = 0; i < s->level_count; i++) {
		put(out, "%s", i ? "," : "");
		put_level(out, s, &s->levels[i]);
	}
	put(out, "]}");
}

void scene_identity(struct pki_bytes *out, const struct scene *s)
{
	const struct scene_isv levels[] = {
		{8, s->identity_status, NULL},
		{6, "OutOfDate", "INTEL-SA-00206"},
		{3, "Revoked", NULL},
	};

	out->size = 0;
	put(out, "{\"id\":\"%s\",\"version\":%u,\"issueDate\":\"%s\",\"nextUpdate\":\"%s\",",
	    s->identity_id, s->identity_version, s->identity_from, s->identity_until);
	put(out,
	    "\"tcbEvaluationDataNumber\":%u,\"miscselect\":\"00000000\",\"miscselectMask\":"
	    "\"FFFFFFFF\",",
	    s->identity_evaluation);
	put(out, "\"attributes\":\"11000000000000000000000000000000\",");
	put(out, "\"attributesMask\":\"FBFFFFFFFFFFFFFF0000000000000000\",");
	put_repeated(out, "mrsigner", 0x8c, 32);
	put(out, ",\"isvprodid\":1,");
	put_isv_levels(out, levels, COUNT_OF(levels));
	put(out, "}");
}

/* ---- the collateral -------------------------------------------------------------------------- */

static void add(struct scene *s, const struct pki_bytes *bytes, enum attest_item expected)
{
	enum attest_item what = ATTEST_ITEM_NONE;

	scene_must(attest_collateral_add(&s->collateral, bytes->p, bytes->size, &what) == E_OK);
	scene_must(what == expected);
}

static void add_response(struct scene *s, const char *member, struct pki_bytes *text,
			 const struct pki_key *key, enum attest_item item)
{
	struct pki_bytes *body = malloc(sizeof *body);
	uint8_t signature[P256_SIGNATURE_SIZE];

	scene_must(body);
	body->size = 0;
	pki_sign(signature, key, text->p, text->size);
	put(body, "{\"%s\":", member);
	pki_put(body, text->p, text->size);
	put(body, ",\"signature\":\"");
	for (size_t i = 0; i < sizeof signature; i++)
		put(body, "%02x", signature[i]);
	put(body, "\"}");
	add(s, body, item);
	free(body);
}

void scene_add_info(struct scene *s)
{
	struct pki_bytes *text = malloc(sizeof *text);

	scene_must(text);
	scene_tcb_info(text, s);
	add_response(s, "tcbInfo", text, s->info_signer, ATTEST_ITEM_TCB_INFO);
	free(text);
}

void scene_add_identity(struct scene *s)
{
	struct pki_bytes *text = malloc(sizeof *text);

	scene_must(text);
	scene_identity(text, s);
	add_response(s, "enclaveIdentity", text, s->identity_signer, ATTEST_ITEM_IDENTITY);
	free(text);
}

static void add_crl(struct scene *s, struct pki_bytes *work, enum pki_who issuer, const char *from,
		    const char *until, uint32_t revoked)
{
	const struct pki_crl crl = {
		.issuer = s->world.certificates[issuer].subject,
		.signer = &s->world.keys[issuer],
		.this_update = from,
		.next_update = until,
		.serials = &revoked,
		.count = revoked ? 1 : 0,
	};

	work->size = 0;
	pki_crl(work, &crl);
	add(s, work, ATTEST_ITEM_CRL);
}

/* The chains that were made last, which most tests leave as they are. */
static struct {
	const struct pki_world *of;
	struct pki_world world; /* as it was then */
	struct pki_bytes pck;
	struct pki_bytes tcb;
} g_chains;

static void make_chains(const struct pki_world *w)
{
	if (g_chains.of == w && memcmp(&g_chains.world, w, sizeof *w) == 0)
		return;
	g_chains.of = w;
	memcpy(&g_chains.world, w, sizeof *w);
	pki_world_pck_chain(&g_chains.pck, w);
	pki_world_tcb_chain(&g_chains.tcb, w);
}

static void make_collateral(struct scene *s, struct pki_bytes *work)
{
	attest_collateral_fini(&s->collateral);
	if (s->signer_world) {
		make_chains(s->signer_world);
		add(s, &g_chains.tcb, ATTEST_ITEM_CHAIN);
	}
	if (!s->no_root_crl)
		add_crl(s, work, PKI_ROOT, s->root_crl_from, s->root_crl_until, s->root_revoked);
	if (!s->no_pck_crl)
		add_crl(s, work, PKI_CA, s->pck_crl_from, s->pck_crl_until, s->pck_revoked);
	if (s->info_signer)
		scene_add_info(s);
	if (s->identity_signer)
		scene_add_identity(s);
}

void scene_make(struct scene *s)
{
	struct pki_bytes *work = malloc(sizeof *work);
	struct pki_quote quote = s->quote;

	scene_must(work);
	make_collateral(s, work);
	if (!quote.certification_data) {
		make_chains(&s->world);
		quote.certification_data = g_chains.pck.p;
		quote.certification_size = g_chains.pck.size;
	}
	pki_quote(&s->quote_bytes, &quote);
	free(work);
}

void scene_verify_made(struct scene *s)
{
	scene_must(attest_verify(&s->verdict, s->quote_bytes.p, s->quote_bytes.size, &s->collateral,
				 &s->policy, s->now) == E_OK);
}

void scene_verify(struct scene *s)
{
	scene_make(s);
	scene_verify_made(s);
}

void scene_fini(struct scene *s)
{
	attest_collateral_fini(&s->collateral);
}

bool scene_refused_by(const struct scene *s, enum attest_rule rule)
{
	for (uint32_t i = 0; i < s->verdict.reason_count; i++) {
		if (s->verdict.reasons[i].rule == rule)
			return true;
	}
	return false;
}
