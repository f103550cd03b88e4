/* What ECREATE, EADD and EINIT refuse, and with which words. */
#include "test/sim/sim_test.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sgx/measure.h"
#include "sgx/sigstruct.h"
#include "test/lib/check.h"
#include "test/sim/tiny.h"

static enum device_sim_mode g_mode;
static struct tiny_plan g_plan;

/* errno of a build of g_plan. */
static int build_error(void)
{
	struct tiny t = {0};
	int error = tiny_build(&t, &g_plan);

	tiny_close(&t);
	return error;
}

/* One field of the good SECS bent by `bend`. */
#define SECS_BENT(error, bend)                                                                     \
	do {                                                                                       \
		struct sgx_secs *secs = &g_plan.secs;                                              \
                                                                                                   \
		tiny_plan(&g_plan, g_mode);                                                        \
		bend;                                                                              \
		CHECK_EQ(build_error(), error);                                                    \
		CHECK(device_last_refusal()[0] != 0);                                              \
	} while (0)

TEST(create_takes_the_good_secs)
{
	tiny_plan(&g_plan, g_mode);
	CHECK_EQ(build_error(), 0);
	CHECK_EQ(device_last_refusal()[0], 0);
}

TEST(create_rejects_sizes_and_bases)
{
	SECS_BENT(EINVAL, secs->size = TINY_SIZE - 4096);
	SECS_BENT(EIO, secs->size = 4096);
	SECS_BENT(EIO, secs->size = (uint64_t)1 << 60);
	SECS_BENT(EIO, secs->base = 4096);
	CHECK(strstr(device_last_refusal(), "aligned") != NULL);
	SECS_BENT(EIO, secs->size = 2 * TINY_SIZE);
}

TEST(create_rejects_features_the_cpu_lacks)
{
	SECS_BENT(EIO, secs->attributes.flags |= ATTRIBUTE_INIT);
	SECS_BENT(EIO, secs->attributes.flags |= 8);
	SECS_BENT(EIO, secs->attributes.flags |= ATTRIBUTE_CET);
	SECS_BENT(EIO, secs->attributes.flags |= ATTRIBUTE_AEXNOTIFY);
	SECS_BENT(EIO, secs->attributes.flags |= (uint64_t)1 << 63);
	SECS_BENT(EIO, secs->attributes.flags &= ~(uint64_t)ATTRIBUTE_MODE64);
	SECS_BENT(EIO, secs->attributes.xfrm = 0);
	SECS_BENT(EIO, secs->attributes.xfrm = XFRM_X87);
	SECS_BENT(EIO, secs->attributes.xfrm = XFRM_SSE | XFRM_AVX);
	SECS_BENT(EIO, secs->attributes.xfrm |= 0x20);
	SECS_BENT(EIO, secs->attributes.xfrm |= 0x60);
	SECS_BENT(EIO, secs->attributes.xfrm = 0xe3);
	SECS_BENT(EIO, secs->attributes.xfrm |= (uint64_t)1 << 63);
	SECS_BENT(EIO, secs->miscselect = 2);
	SECS_BENT(EIO, secs->miscselect = 0x80000001);
}

TEST(create_rejects_a_small_ssa_frame)
{
	SECS_BENT(EIO, secs->ssa_frame_pages = 0);
}

TEST(create_rejects_reserved_bytes)
{
	SECS_BENT(EIO, secs->reserved1[0] = 1);
	SECS_BENT(EIO, secs->reserved1[23] = 1);
	SECS_BENT(EIO, secs->reserved2[0] = 1);
	SECS_BENT(EIO, secs->reserved3[31] = 1);
	SECS_BENT(EIO, secs->reserved4[0] = 1);
	SECS_BENT(EIO, secs->reserved4[3833] = 1);
}

TEST(create_wants_kss_for_configid)
{
	SECS_BENT(EIO, secs->attributes.flags &= ~(uint64_t)ATTRIBUTE_KSS; secs->configid[63] = 1);
	SECS_BENT(EIO, secs->attributes.flags &= ~(uint64_t)ATTRIBUTE_KSS; secs->configsvn = 1);
	tiny_plan(&g_plan, g_mode);
	g_plan.secs.configid[63] = 1;
	g_plan.secs.configsvn = 1;
	CHECK_EQ(build_error(), 0);
}

TEST(create_comes_once)
{
	struct tiny t = {0};
	static struct sgx_secs secs;

	tiny_plan(&g_plan, g_mode);
	CHECK_EQ(tiny_build(&t, &g_plan), 0);
	secs = g_plan.secs;
	secs.base = t.base;
	secs.size = TINY_SIZE;
	CHECK_EQ(t.device->ops->create(t.device, &secs), EINVAL);
	tiny_close(&t);
}

/* --- EADD --- */

static _Alignas(4096) uint8_t g_page[4096 * 2];

static int add(struct tiny *t, uint64_t off, const void *src, uint64_t length, uint64_t flags,
	       uint8_t reserved)
{
	struct sgx_secinfo secinfo ALIGNED(64) = {.flags = flags};
	uint64_t count = 99;
	int error;

	secinfo.reserved[55] = reserved;
	error = t->device->ops->add_pages(t->device, off, src, length, &secinfo, &count);
	CHECK_EQ(count, error == 0 ? length : 0);
	return error;
}

TEST(add_rejects_bad_secinfo)
{
	static const uint64_t bad[] = {
		0x202, 0x206,	       /* W without R */
		0x003, 0x303,	0x403, /* SECS, VA, TRIM */
		0x503, 0xff03,	       /* unknown types */
		0x101, 0x103,	       /* TCS with permissions */
		0x20b, 0x213,	0x223, /* PENDING, MODIFIED, PR */
		0x243, 0x10203, (uint64_t)1 << 63 | 0x203,
	};
	struct tiny t = {0};

	tiny_plan(&g_plan, g_mode);
	CHECK_EQ(tiny_build(&t, &g_plan), 0);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		CHECK_EQ(add(&t, TINY_DYNAMIC, g_page, 4096, bad[i], 0), EINVAL);
	CHECK_EQ(add(&t, TINY_DYNAMIC, g_page, 4096, 0x203, 1), EINVAL);
	CHECK_EQ(add(&t, TINY_DYNAMIC, g_page, 4096, 0x203, 0), 0);
	tiny_close(&t);
}

TEST(add_rejects_bad_ranges)
{
	struct tiny t = {0};

	tiny_plan(&g_plan, g_mode);
	CHECK_EQ(tiny_build(&t, &g_plan), 0);
	CHECK_EQ(add(&t, TINY_DYNAMIC + 8, g_page, 4096, 0x203, 0), EINVAL);
	CHECK_EQ(add(&t, TINY_DYNAMIC, g_page, 4095, 0x203, 0), EINVAL);
	CHECK_EQ(add(&t, TINY_DYNAMIC, g_page, 0, 0x203, 0), EINVAL);
	CHECK_EQ(add(&t, TINY_DYNAMIC, g_page + 1, 4096, 0x203, 0), EINVAL);
	CHECK_EQ(add(&t, TINY_SIZE, g_page, 4096, 0x203, 0), EINVAL);
	CHECK_EQ(add(&t, TINY_SIZE - 4096, g_page, 8192, 0x203, 0), EINVAL);
	CHECK_EQ(add(&t, ~(uint64_t)4095, g_page, 8192, 0x203, 0), EINVAL);
	CHECK_EQ(add(&t, TINY_SIZE - 8192, g_page, 8192, 0x203, 0), 0);
	tiny_close(&t);
}

TEST(add_rejects_a_page_twice)
{
	struct tiny t = {0};

	tiny_plan(&g_plan, g_mode);
	CHECK_EQ(tiny_build(&t, &g_plan), 0);
	CHECK_EQ(add(&t, TINY_DATA, g_page, 4096, 0x203, 0), EBUSY);
	tiny_close(&t);
}

TEST(add_rejects_reserved_bits_of_a_tcs)
{
	tiny_plan(&g_plan, g_mode);
	g_plan.tcs.reserved[4023] = 1;
	CHECK_EQ(build_error(), EIO);
	tiny_plan(&g_plan, g_mode);
	g_plan.tcs.flags = TCS_AEXNOTIFY;
	CHECK_EQ(build_error(), EIO);
}

TEST(add_wants_an_enclave_before_einit)
{
	struct tiny t = {0};

	t.device = device_sim_open(g_mode, 0);
	CHECK(t.device != NULL);
	CHECK_EQ(device_reserve(t.device, TINY_SIZE), 0);
	CHECK_EQ(add(&t, 0, g_page, 4096, 0x203, 0), EINVAL);
	tiny_close(&t);
	CHECK_EQ(tiny_start(&t, g_mode), 0);
	CHECK_EQ(add(&t, TINY_DYNAMIC, g_page, 4096, 0x203, 0), EINVAL);
	tiny_close(&t);
}

/* --- EINIT --- */

/* EINIT of g_plan as built, with this SIGSTRUCT. The words stay in device_last_refusal. */
static int init_error(const struct sgx_sigstruct *s)
{
	struct tiny t = {0};
	int error = tiny_build(&t, &g_plan);

	if (error == 0)
		error = t.device->ops->init(t.device, s);
	tiny_close(&t);
	return error;
}

static void good_signature(struct sgx_sigstruct *s)
{
	uint8_t mrenclave[32];

	tiny_plan(&g_plan, g_mode);
	tiny_measure(&g_plan, mrenclave);
	tiny_sign(s, mrenclave);
}

static bool refusal_says(const char *what)
{
	return strstr(device_last_refusal(), what) != NULL;
}

static void hex(char out[65], const uint8_t bytes[32])
{
	for (int i = 0; i < 32; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

/* The words hold both measurements. */
static void check_refusal_of_mrenclave(const struct sgx_sigstruct *s)
{
	char text[65];
	uint8_t built[32];

	CHECK(refusal_says("MRENCLAVE"));
	hex(text, s->enclavehash);
	CHECK(refusal_says(text));
	tiny_measure(&g_plan, built);
	hex(text, built);
	CHECK(refusal_says(text));
}

TEST(init_takes_what_was_signed)
{
	struct sgx_sigstruct s;

	good_signature(&s);
	CHECK_EQ(init_error(&s), 0);
}

TEST(init_refuses_a_flipped_byte)
{
	struct sgx_sigstruct s;

	good_signature(&s);
	g_plan.code[4095] ^= 1;
	CHECK_EQ(init_error(&s), EPERM);
	check_refusal_of_mrenclave(&s);
}

TEST(init_refuses_other_permissions)
{
	struct sgx_sigstruct s;

	good_signature(&s);
	g_plan.data_flags = SECINFO_REG | SECINFO_R;
	CHECK_EQ(init_error(&s), EPERM);
	check_refusal_of_mrenclave(&s);
	good_signature(&s);
	g_plan.code_flags |= SECINFO_W;
	CHECK_EQ(init_error(&s), EPERM);
	check_refusal_of_mrenclave(&s);
}

TEST(init_refuses_another_tcs)
{
	struct sgx_sigstruct s;

	good_signature(&s);
	g_plan.tcs.nssa = 3;
	CHECK_EQ(init_error(&s), EPERM);
	check_refusal_of_mrenclave(&s);
}

/* The CPU's own fields of a TCS are cleared before they are measured. */
TEST(init_sees_a_normalised_tcs)
{
	struct sgx_sigstruct s;

	good_signature(&s);
	g_plan.tcs.flags = TCS_DBGOPTIN;
	g_plan.tcs.cssa = 1;
	g_plan.tcs.aep = 0x1000;
	g_plan.tcs.state = 1;
	CHECK_EQ(init_error(&s), 0);
}

TEST(init_refuses_a_bad_sigstruct)
{
	struct sgx_sigstruct s;

	good_signature(&s);
	s.signature[100] ^= 1;
	CHECK_EQ(init_error(&s), EPERM);
	good_signature(&s);
	s.q1[0] ^= 1;
	CHECK_EQ(init_error(&s), EPERM);
	CHECK(refusal_says("Q1"));
	good_signature(&s);
	s.isvsvn ^= 1; /* signed */
	CHECK_EQ(init_error(&s), EPERM);
	CHECK(refusal_says("signature"));
	good_signature(&s);
	s.exponent = 65537;
	CHECK_EQ(init_error(&s), EPERM);
	CHECK(refusal_says("exponent"));
	good_signature(&s);
	s.reserved4[0] = 1;
	CHECK_EQ(init_error(&s), EPERM);
	CHECK(refusal_says("reserved"));
	good_signature(&s);
	s.header[0] ^= 1;
	CHECK_EQ(init_error(&s), EPERM);
	good_signature(&s);
	s.vendor = 1;
	CHECK_EQ(init_error(&s), EINVAL);
}

TEST(init_refuses_attributes_under_the_mask)
{
	struct sgx_sigstruct s;

	good_signature(&s);
	g_plan.secs.attributes.flags |= ATTRIBUTE_DEBUG;
	CHECK_EQ(init_error(&s), EPERM);
	CHECK(refusal_says("ATTRIBUTES") && refusal_says("0x84") && refusal_says("0x86"));
	good_signature(&s);
	g_plan.secs.attributes.flags &= ~(uint64_t)ATTRIBUTE_KSS;
	CHECK_EQ(init_error(&s), EPERM);
	CHECK(refusal_says("ATTRIBUTES"));
	good_signature(&s);
	g_plan.secs.attributes.xfrm = XFRM_MANDATORY;
	CHECK_EQ(init_error(&s), EPERM);
	CHECK(refusal_says("XFRM") && refusal_says("0x7") && refusal_says("0x3"));
	good_signature(&s);
	g_plan.secs.miscselect = 0;
	CHECK_EQ(init_error(&s), EPERM);
	CHECK(refusal_says("MISCSELECT"));
}

TEST(init_leaves_unmasked_attributes_free)
{
	struct sgx_sigstruct s;

	good_signature(&s);
	s.attributemask.flags &= ~(uint64_t)ATTRIBUTE_DEBUG;
	tiny_sign_again(&s);
	g_plan.secs.attributes.flags |= ATTRIBUTE_DEBUG;
	CHECK_EQ(init_error(&s), 0);
}

TEST(init_refuses_what_the_kernel_refuses)
{
	struct sgx_sigstruct s;

	good_signature(&s);
	g_plan.secs.attributes.flags |= ATTRIBUTE_PROVISIONKEY;
	CHECK_EQ(init_error(&s), EACCES);
	good_signature(&s);
	g_plan.secs.attributes.flags |= ATTRIBUTE_EINITTOKENKEY;
	CHECK_EQ(init_error(&s), EACCES);
	good_signature(&s);
	s.attributes.flags |= ATTRIBUTE_CET;
	tiny_sign_again(&s);
	CHECK_EQ(init_error(&s), EINVAL);
	good_signature(&s);
	s.attributes.xfrm |= XFRM_PKRU;
	tiny_sign_again(&s);
	CHECK_EQ(init_error(&s), EINVAL);
}

TEST(init_comes_once)
{
	struct sgx_sigstruct s;
	struct tiny t = {0};

	good_signature(&s);
	CHECK_EQ(tiny_build(&t, &g_plan), 0);
	s.q2[0] ^= 1;
	CHECK_EQ(t.device->ops->init(t.device, &s), EPERM);
	s.q2[0] ^= 1;
	CHECK_EQ(t.device->ops->init(t.device, &s), 0);
	CHECK_EQ(t.device->ops->init(t.device, &s), EINVAL);
	tiny_close(&t);
}

/* --- the patch of fast mode --- */

static int launch_error(void)
{
	struct tiny t = {0};
	int error = tiny_launch(&t, &g_plan);

	tiny_close(&t);
	return error;
}

TEST(patch_wants_nops_and_one_enclu)
{
	int refused = g_mode == DEVICE_SIM_FAST ? EINVAL : 0;

	tiny_plan(&g_plan, g_mode);
	g_plan.enclu_off++;
	CHECK_EQ(launch_error(), refused);
	tiny_plan(&g_plan, g_mode);
	g_plan.enclu_off = TINY_SIZE - 4;
	CHECK_EQ(launch_error(), refused);
	tiny_plan(&g_plan, g_mode);
	g_plan.code[g_plan.enclu_off + 13] = 0x91;
	CHECK_EQ(launch_error(), refused);
	tiny_plan(&g_plan, g_mode);
	memcpy(g_plan.code + 4093, "\x0f\x01\xd7", 3); /* a second one */
	CHECK_EQ(launch_error(), refused);
	tiny_plan(&g_plan, g_mode);
	memcpy(g_plan.code, "\x0f\x01\xd7", 3);
	CHECK_EQ(launch_error(), refused);
}

/* An ENCLU over the border of two executable pages is one. */
TEST(patch_sees_enclu_across_pages)
{
	struct tiny t = {0};
	struct sgx_sigstruct s;
	static struct sgx_secs secs;

	for (size_t cut = 1; cut < 3; cut++) {
		memset(g_page, 0x90, sizeof g_page);
		memcpy(g_page + 4096 - cut, "\x0f\x01\xd7", 3);
		t.device = device_sim_open(g_mode, 4096 - cut - 14);
		CHECK_EQ(device_reserve(t.device, TINY_SIZE), 0);
		tiny_plan(&g_plan, g_mode);
		secs = g_plan.secs;
		secs.base = t.device->base;
		secs.size = TINY_SIZE;
		CHECK_EQ(t.device->ops->create(t.device, &secs), 0);
		CHECK_EQ(add(&t, 0, g_page, 4096, 0x205, 0), 0);
		CHECK_EQ(add(&t, 4096, g_page + 4096, 4096, 0x205, 0), 0);

		struct sgx_measure m;
		uint8_t mrenclave[32];

		sgx_measure_create(&m, 1, TINY_SIZE);
		for (uint64_t off = 0; off < 8192; off += 4096) {
			sgx_measure_add(&m, off, 0x205);
			sgx_measure_extend_page(&m, off, g_page + off);
		}
		sgx_measure_final(&m, mrenclave);
		tiny_sign(&s, mrenclave);
		CHECK_EQ(t.device->ops->init(t.device, &s), 0);
		tiny_close(&t);
	}
	memset(g_page, 0, sizeof g_page);
}

TEST(patch_changes_the_nops_alone)
{
	struct tiny t = {0};
	size_t off = (size_t)(tiny_enclu - tiny_code);
	const uint8_t *code;

	CHECK_EQ(tiny_start(&t, g_mode), 0);
	code = tiny_at(&t, 0);
	if (g_mode == DEVICE_SIM_FAST)
		CHECK(memcmp(code + off, "\xff\x25\0\0\0\0", 6) == 0);
	else
		CHECK(memcmp(code + off, tiny_enclu, 14) == 0);
	CHECK(memcmp(code, tiny_code, off) == 0);
	CHECK(memcmp(code + off + 14, tiny_enclu + 14, (size_t)(tiny_code_end - tiny_enclu) - 14) ==
	      0);
	tiny_close(&t);
}

/* --- the reservation --- */

TEST(reserve_is_aligned_and_bounded)
{
	struct device d = {0};

	CHECK_EQ(device_reserve(&d, 12345), EINVAL);
	CHECK_EQ(device_reserve(&d, (uint64_t)1 << 36), 0);
	CHECK_EQ(d.base & (d.size - 1), 0);
	munmap((void *)d.base, d.size);
}

/* ulimit -v */
TEST(reserve_fails_where_memory_is_limited)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0) {
		struct rlimit limit = {(rlim_t)8 << 30, (rlim_t)8 << 30};
		struct device d = {0};

		setrlimit(RLIMIT_AS, &limit);
		_exit(device_reserve(&d, (uint64_t)1 << 36) == ENOMEM ? 0 : 1);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0);
}

void build_tests(struct sim_totals *totals, enum device_sim_mode mode)
{
	g_mode = mode;
	RUN(create_takes_the_good_secs);
	RUN(create_rejects_sizes_and_bases);
	RUN(create_rejects_features_the_cpu_lacks);
	RUN(create_rejects_a_small_ssa_frame);
	RUN(create_rejects_reserved_bytes);
	RUN(create_wants_kss_for_configid);
	RUN(create_comes_once);
	RUN(add_rejects_bad_secinfo);
	RUN(add_rejects_bad_ranges);
	RUN(add_rejects_a_page_twice);
	RUN(add_rejects_reserved_bits_of_a_tcs);
	RUN(add_wants_an_enclave_before_einit);
	RUN(init_takes_what_was_signed);
	RUN(init_refuses_a_flipped_byte);
	RUN(init_refuses_other_permissions);
	RUN(init_refuses_another_tcs);
	RUN(init_sees_a_normalised_tcs);
	RUN(init_refuses_a_bad_sigstruct);
	RUN(init_refuses_attributes_under_the_mask);
	RUN(init_leaves_unmasked_attributes_free);
	RUN(init_refuses_what_the_kernel_refuses);
	RUN(init_comes_once);
	RUN(patch_wants_nops_and_one_enclu);
	RUN(patch_sees_enclu_across_pages);
	RUN(patch_changes_the_nops_alone);
	RUN(reserve_is_aligned_and_bounded);
	RUN(reserve_fails_where_memory_is_limited);
	SIM_TOTALS(totals);
}
