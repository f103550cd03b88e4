/* Builds and enters the tiny enclave; see tiny.h. */
#include "test/sim/tiny.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/err.h"
#include "crypto/rsa.h"
#include "sgx/measure.h"
#include "sgx/sigstruct.h"

static char g_key[RSA_PEM_MAX];

static const char *tiny_key(void)
{
	static const uint8_t seed[RSA_SEED_SIZE] = "the tests' own signing key";

	if (!g_key[0])
		must(sgx_key_generate(g_key, seed) == E_OK);
	return g_key;
}

void tiny_plan(struct tiny_plan *plan, enum device_sim_mode mode)
{
	must(tiny_code_end - tiny_code <= 4096);
	memset(plan, 0, sizeof *plan);
	plan->mode = mode;
	plan->secs.ssa_frame_pages = 1;
	plan->secs.miscselect = MISC_EXINFO;
	plan->secs.attributes.flags = SIGN_ATTRIBUTES;
	plan->secs.attributes.xfrm = SIGN_XFRM;
	plan->tcs.nssa = 2;
	plan->tcs.fslimit = plan->tcs.gslimit = TCS_SEGMENT_LIMIT;
	plan->code_flags = SECINFO_REG | SECINFO_R | SECINFO_X;
	plan->data_flags = SECINFO_REG | SECINFO_R | SECINFO_W;
	plan->enclu_off = (uint64_t)(tiny_enclu - tiny_code);
	memcpy(plan->code, tiny_code, (size_t)(tiny_code_end - tiny_code));
}

typedef int (*tiny_page_func)(void *context, uint64_t off, uint64_t flags, const void *page);

/* Each page in the order in which it is measured. */
static int tiny_each_page(const struct tiny_plan *plan, tiny_page_func add, void *context)
{
	static const uint8_t zero[4096] ALIGNED(4096);
	static uint8_t page[4096] ALIGNED(4096);
	uint64_t rw = SECINFO_REG | SECINFO_R | SECINFO_W;
	int error;

	memcpy(page, plan->code, sizeof page);
	error = add(context, 0, plan->code_flags, page);
	for (unsigned i = 0; i < 2 && error == 0; i++)
		error = add(context, TINY_DATA + i * 4096, plan->data_flags, zero);
	if (error == 0)
		error = add(context, TINY_RO, SECINFO_REG | SECINFO_R, zero);
	for (unsigned i = 0; i < TINY_THREADS && error == 0; i++) {
		uint64_t off = TINY_TCS + i * TINY_TCS_GAP;
		static struct sgx_tcs tcs;

		tcs = plan->tcs;
		tcs.ossa = tcs.ossa ? tcs.ossa : off + TINY_SSA;
		tcs.ofsbase = tcs.ofsbase ? tcs.ofsbase : off + TINY_FS;
		tcs.ogsbase = tcs.ogsbase ? tcs.ogsbase : TINY_DATA;
		memcpy(page, &tcs, sizeof page);
		error = add(context, off, SECINFO_TCS, page);
		for (unsigned j = 1; j < 4 && error == 0; j++)
			error = add(context, off + j * 4096, rw, zero);
	}
	return error;
}

static int tiny_add_page(void *context, uint64_t off, uint64_t flags, const void *page)
{
	struct device *d = context;
	struct sgx_secinfo secinfo ALIGNED(64) = {.flags = flags};
	uint64_t count;

	return d->ops->add_pages(d, off, page, 4096, &secinfo, &count);
}

int tiny_build(struct tiny *t, const struct tiny_plan *plan)
{
	static struct sgx_secs secs;
	int error;

	secs = plan->secs;
	t->device = device_sim_open(plan->mode, plan->enclu_off);
	if (!t->device)
		return -1;
	error = device_reserve(t->device, TINY_SIZE);
	if (error != 0)
		return error;
	t->base = t->device->base;
	secs.size = secs.size ? secs.size : TINY_SIZE;
	secs.base = secs.base ? secs.base : t->base;
	error = t->device->ops->create(t->device, &secs);
	if (error != 0)
		return error;
	return tiny_each_page(plan, tiny_add_page, t->device);
}

static int tiny_measure_page(void *context, uint64_t off, uint64_t flags, const void *page)
{
	struct sgx_measure *m = context;

	sgx_measure_add(m, off, flags);
	sgx_measure_extend_page(m, off, page);
	return 0;
}

void tiny_measure_begin(const struct tiny_plan *plan, struct sgx_measure *m)
{
	sgx_measure_create(m, plan->secs.ssa_frame_pages, TINY_SIZE);
	(void)tiny_each_page(plan, tiny_measure_page, m);
}

void tiny_measure(const struct tiny_plan *plan, uint8_t mrenclave[32])
{
	struct sgx_measure m;

	tiny_measure_begin(plan, &m);
	sgx_measure_final(&m, mrenclave);
}

/* Signing is slow, and most tests sign the same. */
void tiny_sign(struct sgx_sigstruct *out, const uint8_t mrenclave[32])
{
	static struct sgx_sigstruct last;
	struct sgx_sign sign = {.date = 0x20260101, .isvprodid = 1, .isvsvn = 2};

	memcpy(sign.mrenclave, mrenclave, 32);
	if (memcmp(last.enclavehash, mrenclave, 32) != 0)
		must(sgx_sigstruct_create(&last, &sign, tiny_key(), strlen(tiny_key()) + 1) ==
		     E_OK);
	*out = last;
}

void tiny_sign_again(struct sgx_sigstruct *s)
{
	uint8_t message[SIGSTRUCT_PART1_SIZE + SIGSTRUCT_PART2_SIZE], digest[SHA256_SIZE];
	const char *key = tiny_key();

	memcpy(message, s, SIGSTRUCT_PART1_SIZE);
	memcpy(message + SIGSTRUCT_PART1_SIZE, (const uint8_t *)s + SIGSTRUCT_PART2_OFF,
	       SIGSTRUCT_PART2_SIZE);
	sha256_digest(digest, message, sizeof message);
	must(rsa_sign(s->modulus, s->signature, key, strlen(key) + 1, digest) == E_OK);
	must(rsa_quotients(s->q1, s->q2, s->modulus, s->signature) == E_OK);
}

int tiny_map(const struct tiny *t)
{
	const struct device_ops *ops = t->device->ops;
	int error = ops->map(t->device, 0, 4096, PROT_READ | PROT_EXEC);

	if (error == 0)
		error = ops->map(t->device, TINY_DATA, 0x2000, PROT_READ | PROT_WRITE);
	if (error == 0)
		error = ops->map(t->device, TINY_RO, 0x1000, PROT_READ);
	if (error == 0)
		error = ops->map(t->device, TINY_TCS, TINY_THREADS * TINY_TCS_GAP,
				 PROT_READ | PROT_WRITE);
	if (error == 0)
		error = ops->map(t->device, TINY_DYNAMIC, TINY_DYNAMIC_SIZE,
				 PROT_READ | PROT_WRITE);
	return error;
}

int tiny_launch(struct tiny *t, const struct tiny_plan *plan)
{
	struct sgx_sigstruct s;
	uint8_t mrenclave[32];
	int error = tiny_build(t, plan);

	if (error != 0)
		return error;
	tiny_measure(plan, mrenclave);
	tiny_sign(&s, mrenclave);
	error = t->device->ops->init(t->device, &s);
	return error != 0 ? error : tiny_map(t);
}

int tiny_start(struct tiny *t, enum device_sim_mode mode)
{
	static struct tiny_plan plan;

	tiny_plan(&plan, mode);
	return tiny_launch(t, &plan);
}

void tiny_close(struct tiny *t)
{
	if (t->device)
		t->device->ops->close(t->device);
	t->device = NULL;
}

uint64_t tiny_tcs(const struct tiny *t, unsigned thread)
{
	return t->base + TINY_TCS + thread * TINY_TCS_GAP;
}

struct device_run tiny_enter(const struct tiny *t, unsigned thread, uint64_t what, uint64_t rsi,
			     uint64_t rdx, uint64_t r8, uint64_t r9)
{
	struct device_run run = {.tcs = tiny_tcs(t, thread)};

	must(t->device->ops->enter(t->device, what, rsi, rdx, 2, r8, r9, &run) == 0);
	return run;
}

struct device_run tiny_resume(const struct tiny *t, unsigned thread)
{
	struct device_run run = {.tcs = tiny_tcs(t, thread)};

	must(t->device->ops->enter(t->device, 0, 0, 0, 3, 0, 0, &run) == 0);
	return run;
}

struct device_run tiny_leaf(const struct tiny *t, unsigned thread, uint32_t leaf, uint64_t rbx,
			    uint64_t rcx, uint64_t rdx)
{
	return tiny_enter(t, thread, TINY_LEAF, leaf, rbx, rcx, rdx);
}

struct device_run tiny_secinfo_leaf(const struct tiny *t, unsigned thread, uint32_t leaf,
				    uint64_t flags, uint64_t off, uint64_t source)
{
	struct sgx_secinfo *secinfo = (void *)tiny_at(t, TINY_DATA);

	memset(secinfo, 0, sizeof *secinfo);
	secinfo->flags = flags;
	return tiny_leaf(t, thread, leaf, t->base + TINY_DATA, t->base + off, t->base + source);
}

void *tiny_at(const struct tiny *t, uint64_t off)
{
	return (void *)(uintptr_t)(t->base + off);
}

struct sgx_gprs *tiny_ssa(const struct tiny *t, unsigned thread, unsigned cssa)
{
	return tiny_at(t, TINY_TCS + thread * TINY_TCS_GAP + TINY_SSA + cssa * 4096 +
				  SSA_GPRS_OFF(4096));
}

struct sgx_exinfo *tiny_exinfo(const struct tiny *t, unsigned thread, unsigned cssa)
{
	return tiny_at(t, TINY_TCS + thread * TINY_TCS_GAP + TINY_SSA + cssa * 4096 +
				  SSA_EXINFO_OFF(4096));
}

void tiny_unwind(const struct tiny *t, unsigned thread)
{
	struct sgx_gprs *regs = tiny_ssa(t, thread, 0);

	regs->rip = t->base + (uint64_t)(tiny_exit - tiny_code);
	regs->rsp = tiny_tcs(t, thread) + TINY_FS + 4096 - 8;
	must(tiny_resume(t, thread).function == ENCLU_EEXIT);
}
