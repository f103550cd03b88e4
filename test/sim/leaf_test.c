/* EREPORT, EGETKEY, what no leaf does, and the machine's secret. */
#include "test/sim/sim_test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/cmac.h"
#include "host/quoting/quoting.h"
#include "test/lib/check.h"
#include "test/sim/tiny.h"

/* Operands in the data pages. */
#define TARGET	TINY_DATA
#define REQUEST (TINY_DATA + 0x200)
#define DATA	(TINY_DATA + 0x400)
#define KEY	(TINY_DATA + 0x500)
#define REPORT	(TINY_DATA + 0x1000)

static enum device_sim_mode g_mode;
static struct tiny g_t;

static void start(void)
{
	static struct tiny_plan plan;

	tiny_plan(&plan, g_mode);
	memset(plan.secs.configid, 0xc1, sizeof plan.secs.configid);
	plan.secs.configsvn = 3;
	CHECK_EQ(tiny_launch(&g_t, &plan), 0);
}

static void stop(void)
{
	tiny_close(&g_t);
}

static struct device_run report(uint64_t target, uint64_t data, uint64_t out)
{
	return tiny_leaf(&g_t, 0, ENCLU_EREPORT, g_t.base + target, g_t.base + data,
			 g_t.base + out);
}

static struct device_run get_key(uint64_t request, uint64_t out)
{
	return tiny_leaf(&g_t, 0, ENCLU_EGETKEY, g_t.base + request, g_t.base + out, 0);
}

static void check_fault(struct device_run run, unsigned vector, unsigned code)
{
	CHECK_EQ(run.function, 3);
	CHECK_EQ(run.vector, vector);
	CHECK_EQ(run.error_code, code);
	if (run.function == 3)
		tiny_unwind(&g_t, 0);
}

/* A report to ourselves, checked as another enclave would: with the key from EGETKEY. */
TEST(report_is_verified_by_the_report_key)
{
	struct sgx_report *r;
	struct sgx_targetinfo *target;
	struct sgx_keyrequest *request;
	uint8_t mac[16], mrenclave[32];
	static struct tiny_plan plan;

	start();
	r = tiny_at(&g_t, REPORT);
	target = tiny_at(&g_t, TARGET);
	request = tiny_at(&g_t, REQUEST);
	memset(tiny_at(&g_t, DATA), 0xdd, 64);
	CHECK_EQ(report(TARGET, DATA, REPORT).function, 4); /* to nobody: who am I? */
	tiny_plan(&plan, g_mode);
	tiny_measure(&plan, mrenclave);
	CHECK(memcmp(r->body.mrenclave, mrenclave, 32) == 0);
	CHECK_EQ(r->body.attributes.flags, plan.secs.attributes.flags | ATTRIBUTE_INIT);
	CHECK_EQ(r->body.attributes.xfrm, plan.secs.attributes.xfrm);
	CHECK_EQ(r->body.miscselect, MISC_EXINFO);
	CHECK_EQ(r->body.isvprodid, 1);
	CHECK_EQ(r->body.isvsvn, 2);
	CHECK_EQ(r->body.configsvn, 3);
	CHECK(r->body.configid[0] == 0xc1 && r->body.configid[63] == 0xc1);
	CHECK(r->body.reportdata.data[63] == 0xdd);

	memcpy(target->mrenclave, r->body.mrenclave, 32);
	target->attributes = r->body.attributes;
	target->miscselect = r->body.miscselect;
	memcpy(target->configid, r->body.configid, 64);
	target->configsvn = r->body.configsvn;
	CHECK_EQ(report(TARGET, DATA, REPORT).function, 4);
	request->keyname = KEYNAME_REPORT;
	memcpy(request->keyid, r->keyid, 32);
	CHECK_EQ(get_key(REQUEST, KEY).rdi, 0);
	cmac_aes128(mac, tiny_at(&g_t, KEY), &r->body, sizeof r->body);
	CHECK(memcmp(mac, r->mac, 16) == 0);
	stop();
}

/* A second enclave beside g_t: another CONFIGID or, with `code`, another MRENCLAVE of the same signer. */
static struct tiny g_other;

static void start_other(uint8_t configid, bool code)
{
	static struct tiny_plan plan;

	tiny_plan(&plan, g_mode);
	memset(plan.secs.configid, configid, sizeof plan.secs.configid);
	plan.secs.configsvn = 3;
	plan.code[sizeof plan.code - 1] ^= code;
	CHECK_EQ(tiny_launch(&g_other, &plan), 0);
}

/* EGETKEY of an enclave, from a request that stands there. */
static uint32_t key_in(const struct tiny *t, const struct sgx_keyrequest *request, uint8_t key[16])
{
	memcpy(tiny_at(t, REQUEST), request, sizeof *request);
	const uint32_t error = (uint32_t)tiny_leaf(t, 0, ENCLU_EGETKEY, t->base + REQUEST,
						   t->base + KEY, 0)
				       .rdi;

	memcpy(key, tiny_at(t, KEY), 16);
	return error;
}

/* What an enclave is to those who report to it. */
static void target_of(const struct tiny *t, struct sgx_targetinfo *target)
{
	const struct sgx_report *r = tiny_at(t, REPORT);

	memset(tiny_at(t, TARGET), 0, sizeof *target);
	CHECK_EQ(tiny_leaf(t, 0, ENCLU_EREPORT, t->base + TARGET, t->base + DATA, t->base + REPORT)
			 .function,
		 4);
	memset(target, 0, sizeof *target);
	memcpy(target->mrenclave, r->body.mrenclave, 32);
	target->attributes = r->body.attributes;
	target->miscselect = r->body.miscselect;
	memcpy(target->configid, r->body.configid, 64);
	target->configsvn = r->body.configsvn;
}

static bool verifies_in(const struct tiny *t, const struct sgx_report *r)
{
	struct sgx_keyrequest request = {.keyname = KEYNAME_REPORT};
	uint8_t key[16], mac[16];

	memcpy(request.keyid, r->keyid, 32);
	CHECK_EQ(key_in(t, &request, key), 0);
	cmac_aes128(mac, key, &r->body, sizeof r->body);
	return memcmp(mac, r->mac, 16) == 0;
}

/* Local attestation: who it was made for can verify a report, and nobody else, not even who made it. */
TEST(a_report_for_another_enclave_verifies_there_alone)
{
	struct sgx_targetinfo target;
	struct sgx_report r;

	start();
	start_other(0xc2, false);
	target_of(&g_other, &target);
	memcpy(tiny_at(&g_t, TARGET), &target, sizeof target);
	memset(tiny_at(&g_t, DATA), 0xda, 64);
	CHECK_EQ(report(TARGET, DATA, REPORT).function, 4);
	memcpy(&r, tiny_at(&g_t, REPORT), sizeof r);
	CHECK(r.body.configid[0] == 0xc1 && r.body.reportdata.data[0] == 0xda);
	CHECK(verifies_in(&g_other, &r));
	CHECK(!verifies_in(&g_t, &r));
	r.body.configid[0] = 0xc2;
	CHECK(!verifies_in(&g_other, &r));
	tiny_close(&g_other);
	stop();
}

/* Do both enclaves get the same seal key by this policy? */
static bool share_seal_key(uint16_t policy, uint16_t isvsvn)
{
	struct sgx_keyrequest request = {.keyname = KEYNAME_SEAL,
					 .keypolicy = policy,
					 .isvsvn = isvsvn,
					 .configsvn = policy & KEYPOLICY_CONFIGID ? 3 : 0};
	uint8_t a[16], b[16];

	CHECK_EQ(key_in(&g_t, &request, a), 0);
	CHECK_EQ(key_in(&g_other, &request, b), 0);
	return memcmp(a, b, 16) == 0;
}

TEST(seal_keys_go_by_their_policy)
{
	start();
	start_other(0xc2, false); /* the same code, launched for something else */
	CHECK(share_seal_key(KEYPOLICY_MRENCLAVE, 2));
	CHECK(share_seal_key(KEYPOLICY_MRSIGNER, 2));
	CHECK(!share_seal_key(KEYPOLICY_MRENCLAVE | KEYPOLICY_CONFIGID, 2));
	CHECK(!share_seal_key(KEYPOLICY_MRSIGNER | KEYPOLICY_CONFIGID, 2));
	tiny_close(&g_other);
	start_other(0xc1, true); /* other code of the same signer */
	CHECK(!share_seal_key(KEYPOLICY_MRENCLAVE, 2));
	CHECK(share_seal_key(KEYPOLICY_MRSIGNER, 2));
	CHECK(share_seal_key(KEYPOLICY_MRSIGNER, 1)); /* what an older version sealed */
	CHECK(share_seal_key(KEYPOLICY_MRSIGNER | KEYPOLICY_CONFIGID, 2));
	CHECK(!share_seal_key(KEYPOLICY_MRENCLAVE | KEYPOLICY_MRSIGNER, 2));
	tiny_close(&g_other);
	stop();
}

/* The simulated quoting enclave verifies with the CPU's keys what the instruction made. */
TEST(a_report_of_the_instruction_gets_a_quote)
{
	const struct quoting_config simulated = {QUOTING_SIMULATED, NULL};
	static uint8_t quote[HOST_QUOTE_MAX];
	struct sgx_report r;
	struct quoting *q;
	char why[QUOTING_WHY_MAX];
	size_t size;

	start();
	CHECK_EQ(quoting_open(&q, &simulated, true, why), E_OK);
	CHECK_EQ(quoting_target(q, tiny_at(&g_t, TARGET), -1), HOST_SUCCESS);
	CHECK_EQ(report(TARGET, DATA, REPORT).function, 4);
	memcpy(&r, tiny_at(&g_t, REPORT), sizeof r);
	CHECK_EQ(quoting_quote(q, (uint8_t *)&r, quote, sizeof quote, &size, -1), HOST_SUCCESS);
	CHECK(memcmp(quote + 48, &r.body, sizeof r.body) == 0);
	r.body.isvsvn++;
	CHECK_EQ(quoting_quote(q, (uint8_t *)&r, quote, sizeof quote, &size, -1), HOST_ACCES);
	quoting_close(q);
	stop();
}

TEST(report_checks_its_operands)
{
	start();
	check_fault(report(TARGET + 256, DATA, REPORT), 13, 0);
	check_fault(report(TARGET, DATA + 64, REPORT), 13, 0);
	check_fault(report(TARGET, DATA, REPORT + 256), 13, 0);
	check_fault(report(TINY_SIZE, DATA, REPORT), 13, 0);
	check_fault(report(TARGET, TINY_SIZE, REPORT), 13, 0);
	check_fault(report(TARGET, DATA, TINY_SIZE), 13, 0);
	check_fault(report(TINY_HOLE, DATA, REPORT), 14, 0x4);
	check_fault(report(TARGET, TINY_HOLE, REPORT), 14, 0x4);
	check_fault(report(TARGET, DATA, TINY_HOLE), 14, 0x6);
	check_fault(report(TARGET, DATA, TINY_RO), 14, 0x7);
	check_fault(report(TARGET, DATA, TINY_TCS), 14, 0x8007);
	check_fault(report(TINY_DYNAMIC, DATA, REPORT), 14, 0x8005);
	check_fault(report(TARGET, DATA, TINY_DYNAMIC), 14, 0x8007);
	CHECK_EQ(report(TARGET, DATA, REPORT).function, 4);
	stop();
}

TEST(get_key_checks_its_operands)
{
	struct sgx_keyrequest *request;

	start();
	request = tiny_at(&g_t, REQUEST);
	request->keyname = KEYNAME_SEAL;
	request->keypolicy = KEYPOLICY_MRENCLAVE;
	check_fault(get_key(REQUEST + 256, KEY), 13, 0);
	check_fault(get_key(REQUEST, KEY + 8), 13, 0);
	check_fault(get_key(TINY_SIZE, KEY), 13, 0);
	check_fault(get_key(REQUEST, TINY_SIZE), 13, 0);
	check_fault(get_key(TINY_HOLE, KEY), 14, 0x4);
	check_fault(get_key(REQUEST, TINY_RO), 14, 0x7);
	request->reserved2[0] = 1;
	check_fault(get_key(REQUEST, KEY), 13, 0);
	request->reserved2[0] = 0;
	CHECK_EQ(get_key(REQUEST, KEY).rdi, 0);
	stop();
}

TEST(get_key_gives_error_codes)
{
	struct sgx_keyrequest *request;
	struct device_run run;
	static const uint8_t zero[16];

	start();
	request = tiny_at(&g_t, REQUEST);
	request->keyname = 9;
	run = get_key(REQUEST, KEY);
	CHECK_EQ(run.rdi, SGX_INVALID_KEYNAME);
	CHECK_EQ(run.rsi & 0x8d5, 0x40);
	request->keyname = KEYNAME_SEAL;
	request->isvsvn = 3;
	CHECK_EQ(get_key(REQUEST, KEY).rdi, SGX_INVALID_ISVSVN);
	CHECK(memcmp(tiny_at(&g_t, KEY), zero, 16) == 0);
	request->isvsvn = 2;
	run = get_key(REQUEST, KEY);
	CHECK_EQ(run.rdi, 0);
	CHECK_EQ(run.rsi & 0x8d5, 0);
	CHECK(memcmp(tiny_at(&g_t, KEY), zero, 16) != 0);
	stop();
}

TEST(what_is_no_leaf_faults)
{
	static const uint32_t none[] = {ENCLU_EENTER, ENCLU_ERESUME, 8,		ENCLU_EDECCSSA,
					10,	      0x77,	     UINT32_MAX};

	start();
	for (size_t i = 0; i < COUNT_OF(none); i++)
		check_fault(tiny_leaf(&g_t, 0, none[i], tiny_tcs(&g_t, 1), 0, 0), 13, 0);
	stop();
}

/* The leaf's registers and the vector state are as before, bar what it defines. */
TEST(leaves_keep_registers)
{
	struct sgx_secinfo *secinfo;
	struct device_run run;

	start();
	secinfo = tiny_at(&g_t, TINY_DATA);
	memset(secinfo, 0, sizeof *secinfo);
	secinfo->flags = 0x203;
	run = tiny_enter(&g_t, 0, TINY_LEAF_REGS, g_t.base + TINY_DATA,
			 g_t.base + TINY_DATA + 0x1000, 0, 0);
	CHECK_EQ(run.function, 4);
	CHECK_EQ(run.rdi, 0);
	run = tiny_enter(&g_t, 0, TINY_SET_BASES, 0x123456789000, 0x987654321, g_t.base + TINY_DATA,
			 g_t.base + TINY_DATA + 0x1000);
	CHECK_EQ(run.function, 4);
	CHECK_EQ(run.rdi, 0x123456789000);
	CHECK_EQ(run.rsi, 0x987654321);
	stop();
}

/* In fast mode a leaf needs three words of the enclave's stack: without, it is that leaf's fault.
 */
TEST(a_leaf_without_a_stack_is_a_page_fault)
{
	struct sgx_secinfo *secinfo;
	struct device_run run;

	start();
	secinfo = tiny_at(&g_t, TINY_DATA);
	secinfo->flags = 0x203;
	run = tiny_enter(&g_t, 0, TINY_LEAF_NO_STACK, ENCLU_EMODPE, g_t.base + TINY_DATA,
			 g_t.base + TINY_DATA + 0x1000, 0);
	CHECK_EQ(run.function, 3);
	CHECK_EQ(run.vector, 14);
	if (g_mode == DEVICE_SIM_FAST) {
		struct sgx_gprs *regs = tiny_ssa(&g_t, 0, 0);

		CHECK_EQ(regs->rip, g_t.base + (uint64_t)(tiny_enclu - tiny_code) + 14);
		CHECK_EQ(regs->rax, ENCLU_EMODPE);
		CHECK_EQ(regs->rcx, g_t.base + TINY_DATA + 0x1000);
		CHECK_EQ(regs->rsp, 64);
	}
	tiny_unwind(&g_t, 0);
	stop();
}

/* --- the machine's secret --- */

#define NOBODY 65534

/* The seal key of a fresh process with this environment, as somebody who may write nowhere else.
 * False: the child failed. */
static bool child_key(const char *state_home, uint8_t key[16], bool *temporary)
{
	uint8_t out[17];
	int pipes[2], status = 1;
	bool ok;

	CHECK(pipe(pipes) == 0);
	pid_t child = fork();

	if (child == 0) {
		struct sgx_keyrequest *request;

		unsetenv("HOME");
		if (state_home)
			setenv("XDG_STATE_HOME", state_home, 1);
		else
			unsetenv("XDG_STATE_HOME");
		if (getuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
			_exit(2);
		alarm(20);
		start();
		request = tiny_at(&g_t, REQUEST);
		request->keyname = KEYNAME_SEAL;
		request->keypolicy = KEYPOLICY_MRENCLAVE;
		if (get_key(REQUEST, KEY).rdi != 0)
			_exit(3);
		memcpy(out, tiny_at(&g_t, KEY), 16);
		out[16] = device_sim_secret_is_temporary();
		_exit(write(pipes[1], out, sizeof out) == sizeof out ? 0 : 4);
	}
	close(pipes[1]);
	ok = read(pipes[0], out, sizeof out) == sizeof out;
	close(pipes[0]);
	ok = waitpid(child, &status, 0) == child && status == 0 && ok;
	memcpy(key, out, 16);
	*temporary = out[16] != 0;
	return ok;
}

/* Runs in processes of its own: once a process has used its secret, it keeps it. */
TEST(the_secret_stays_with_the_machine)
{
	char dir[] = "/tmp/retwine-secret-XXXXXX", path[128], command[64];
	uint8_t a[16], b[16], c[16];
	bool temporary = true;
	struct stat st;

	CHECK(mkdtemp(dir) != NULL && (getuid() != 0 || chown(dir, NOBODY, NOBODY) == 0));
	CHECK(child_key(dir, a, &temporary) && !temporary);
	CHECK(child_key(dir, b, &temporary) && !temporary);
	CHECK(memcmp(a, b, 16) == 0);
	snprintf(path, sizeof path, "%s/retwine/simulation-secret", dir);
	CHECK(stat(path, &st) == 0 && st.st_size == 32 && (st.st_mode & 0777) == 0600);
	CHECK(unlink(path) == 0);
	CHECK(child_key(dir, c, &temporary));
	CHECK(memcmp(a, c, 16) != 0); /* another machine */
	snprintf(command, sizeof command, "rm -rf '%s'", dir);
	CHECK(system(command) == 0);
}

/* A secret that others could read or put there is none. */
TEST(a_secret_of_others_is_not_used)
{
	char dir[] = "/tmp/retwine-secret-XXXXXX", path[128], command[64];
	uint8_t a[16], b[16];
	bool temporary = true;

	CHECK(mkdtemp(dir) != NULL && (getuid() != 0 || chown(dir, NOBODY, NOBODY) == 0));
	CHECK(child_key(dir, a, &temporary) && !temporary);
	snprintf(path, sizeof path, "%s/retwine/simulation-secret", dir);
	CHECK(chmod(path, 0640) == 0);
	CHECK(child_key(dir, b, &temporary) && temporary && memcmp(a, b, 16) != 0);
	CHECK(chmod(path, 0602) == 0);
	CHECK(child_key(dir, b, &temporary) && temporary);
	CHECK(chmod(path, 0600) == 0);
	CHECK(child_key(dir, b, &temporary) && !temporary && memcmp(a, b, 16) == 0);
	CHECK(unlink(path) == 0 && mkfifo(path, 0600) == 0);
	CHECK(getuid() != 0 || chown(path, NOBODY, NOBODY) == 0);
	CHECK(child_key(dir, b, &temporary) && temporary);
	snprintf(command, sizeof command, "rm -rf '%s'", dir);
	CHECK(system(command) == 0);
}

TEST(without_a_place_the_secret_is_temporary)
{
	uint8_t a[16], b[16];
	bool temporary = false;

	CHECK(child_key(NULL, a, &temporary) && temporary);
	CHECK(child_key(NULL, b, &temporary) && temporary);
	CHECK(memcmp(a, b, 16) != 0);
}

void leaf_tests(struct sim_totals *totals, enum device_sim_mode mode)
{
	g_mode = mode;
	if (mode == DEVICE_SIM_FAST) { /* before this process has a secret */
		RUN(the_secret_stays_with_the_machine);
		RUN(a_secret_of_others_is_not_used);
		RUN(without_a_place_the_secret_is_temporary);
	}
	RUN(report_is_verified_by_the_report_key);
	RUN(a_report_for_another_enclave_verifies_there_alone);
	RUN(seal_keys_go_by_their_policy);
	RUN(a_report_of_the_instruction_gets_a_quote);
	RUN(report_checks_its_operands);
	RUN(get_key_checks_its_operands);
	RUN(get_key_gives_error_codes);
	RUN(what_is_no_leaf_faults);
	RUN(leaves_keep_registers);
	RUN(a_leaf_without_a_stack_is_a_page_fault);
	SIM_TOTALS(totals);
}
