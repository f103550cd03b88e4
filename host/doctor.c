/*
 * What this machine can do: SGX as Retwine needs it, and what the simulator needs, with advice.
 * Trust: the machine's own word, for its owner.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "host/base/cpu.h"
#include "host/base/files.h"
#include "host/base/report.h"
#include "host/base/text.h"
#include "host/base/words.h"
#include "host/device/device.h"
#include "host/quoting/aesm.h"

/* Address space for ELRANGE and the alignment around it (sgx/image.h: it is reserved aligned). */
#define ELRANGE_SIZE	  ((size_t)64 << 30)
#define MAPS_NEEDED	  4096u
#define MEMORY_NEEDED_KIB ((uint64_t)64 << 10)

enum need {
	NEED_SGX = 1,	     /* for enclaves in hardware */
	NEED_SIMULATION = 2, /* for the simulator */
	NEED_BOTH = 3,
	NEED_NOTHING = 4, /* good to have */
};

struct doctor {
	struct report report;
	json_t *checks;
	struct cpu_features cpu;
	unsigned missing; /* enum need bits that are not met */
};

/* One line: what, whether it is there, what was found, and what to do if it is not. */
static void check(struct doctor *d, const char *name, enum need need, bool ok, const char *found,
		  const char *advice)
{
	json_t *o = report_object(&d->report, d->checks, NULL);
	static const char *const needs[] = {NULL, "sgx", "simulation", "both", "best use"};

	report_words(&d->report, o, "name", name);
	report_words(&d->report, o, "needed_for", needs[need]);
	report_bool(&d->report, o, "ok", ok);
	report_words(&d->report, o, "found", found);
	if (!ok) {
		report_words(&d->report, o, "advice", advice);
		d->missing |= (unsigned)need & NEED_BOTH;
	}
}

static const char *yes_no(bool b)
{
	return b ? "yes" : "no";
}

/* ---- SGX ---- */

static void check_cpu_sgx(struct doctor *d)
{
	const struct cpu_features *c = &d->cpu;
	char found[64];

	check(d, "SGX in CPU and firmware", NEED_SGX, c->sgx_leaf && c->sgx1, yes_no(c->sgx_leaf),
	      "an Intel Xeon of the third generation or later, with SGX enabled in the firmware");
	check(d, "SGX2 (memory that grows)", NEED_SGX, c->sgx2, yes_no(c->sgx2),
	      "a CPU with SGX2: Ice Lake servers or later");
	check(d, "KSS (launch digest in the report)", NEED_SGX, c->kss, yes_no(c->kss),
	      "a CPU with key separation and sharing: Ice Lake servers or later");
	check(d, "EXINFO (addresses of faults)", NEED_SGX, c->exinfo, yes_no(c->exinfo),
	      "a CPU with SGX2");
	check(d, "launch control", NEED_SGX, c->flc, yes_no(c->flc),
	      "enable flexible launch control in the firmware");
	(void)snprintf(found, sizeof(found), "%llu MiB", (unsigned long long)(c->epc_size >> 20));
	check(d, "enclave memory", NEED_SGX, c->epc_size >= (uint64_t)64 << 20, found,
	      "reserve at least 64 MiB for SGX (PRMRR) in the firmware");
}

static void check_device(struct doctor *d)
{
	int fd = open(SGX_DEVICE, O_RDWR | O_CLOEXEC);
	int e = errno;

	if (fd >= 0)
		close(fd);
	check(d, SGX_DEVICE, NEED_SGX, fd >= 0, fd >= 0 ? "opens" : strerror(e),
	      e == EACCES ? "add yourself to the device's group (sgx)"
			  : "load a kernel with CONFIG_X86_SGX, on a machine with SGX; in a "
			    "container, pass the device in");
}

/* Who makes quotes over enclaves of the hardware. */
static void check_aesm(struct doctor *d)
{
	const char *socket = aesm_usual_socket();

	check(d, "AESM, for quotes", NEED_NOTHING, socket != NULL, socket ? socket : "no",
	      "to attest programs on SGX: install Intel's aesmd with its DCAP plugin");
}

/* EDMM came with Linux 6.0. */
static void check_kernel(struct doctor *d)
{
	struct utsname u;
	unsigned major = 0;

	if (uname(&u) != 0 || sscanf(u.release, "%u", &major) != 1)
		major = 0;
	check(d, "Linux 6.0 or later", NEED_SGX, major >= 6, major ? u.release : "unknown",
	      "a kernel with dynamic enclave memory: Linux 6.0 or later");
}

/* ---- both ---- */

static void check_code(struct doctor *d)
{
	const struct cpu_features *c = &d->cpu;
	char found[64];

	(void)snprintf(found, sizeof(found), "XCR0 0x%llx", (unsigned long long)c->xcr0);
	check(d, "AVX enabled by the system", NEED_BOTH, (c->xcr0 & 7) == 7, found,
	      "a CPU and a hypervisor that give AVX to this machine");
	check(d, "x86-64-v3 (AVX2, BMI, FMA)", NEED_BOTH, c->x86_64_v3, yes_no(c->x86_64_v3),
	      "a CPU of 2013 or later; in a virtual machine, pass the CPU model through");
	check(d, "AES and carry-less multiplication", NEED_BOTH, c->aes && c->pclmul,
	      yes_no(c->aes && c->pclmul), "a CPU with AES-NI and PCLMULQDQ");
	check(d, "RDRAND", NEED_BOTH, c->rdrand, yes_no(c->rdrand),
	      "a CPU with RDRAND that the hypervisor does not mask");
	check(d, "SHA extensions", NEED_NOTHING, c->sha, yes_no(c->sha),
	      "none needed; measuring and hashing is slower");
}

/* ---- the simulator ---- */

static void check_fsgsbase(struct doctor *d)
{
	check(d, "FSGSBASE for programs", NEED_SIMULATION, d->cpu.fsgsbase, yes_no(d->cpu.fsgsbase),
	      "Linux 5.9 or later without the option nofsgsbase");
}

/* Reserves ELRANGE as the loader does, without memory. */
static void check_address_space(struct doctor *d)
{
	void *p = mmap(NULL, 2 * ELRANGE_SIZE, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int e = errno;
	struct rlimit limit;
	char advice[128] = "give this machine 47-bit addresses";

	if (p != MAP_FAILED)
		munmap(p, 2 * ELRANGE_SIZE);
	if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
		(void)snprintf(advice, sizeof(advice),
			       "raise the limit of address space (ulimit -v), now %llu KiB",
			       (unsigned long long)limit.rlim_cur >> 10);
	check(d, "128 GiB of address space", NEED_BOTH, p != MAP_FAILED,
	      p != MAP_FAILED ? "reserved and released" : strerror(e), advice);
}

/* A number from a file of /proc; false when there is none. */
static bool proc_number(uint64_t *out, const char *path, const char *label)
{
	FILE *f = fopen(path, "re");
	char line[256];
	bool found = false;
	unsigned long long v;

	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f)) {
		if (strncmp(line, label, strlen(label)) == 0 &&
		    sscanf(line + strlen(label), "%llu", &v) == 1) {
			*out = v;
			found = true;
		}
	}
	(void)fclose(f);
	return found;
}

static void check_kernel_settings(struct doctor *d)
{
	uint64_t v;
	char found[64];

	if (proc_number(&v, "/proc/sys/vm/overcommit_memory", "")) {
		static const char *const modes[] = {"heuristic", "always", "never"};

		check(d, "vm.overcommit_memory", NEED_NOTHING, v != 2, v < 3 ? modes[v] : "unknown",
		      "with 'never', large guests need as much free memory as they may grow to");
	}
	if (proc_number(&v, "/proc/sys/vm/max_map_count", "")) {
		(void)snprintf(found, sizeof(found), "%llu", (unsigned long long)v);
		check(d, "vm.max_map_count", NEED_BOTH, v >= MAPS_NEEDED, found,
		      "sysctl -w vm.max_map_count=65530");
	}
	if (proc_number(&v, "/proc/meminfo", "MemAvailable:")) {
		(void)snprintf(found, sizeof(found), "%llu MiB", (unsigned long long)v >> 10);
		check(d, "memory available", NEED_BOTH, v >= MEMORY_NEEDED_KIB, found,
		      "free at least 64 MiB");
	}
}

static void check_image(struct doctor *d)
{
	char *path = NULL;
	struct retwine_error error;
	bool ok = image_find(&path, &error) == RETWINE_OK;

	check(d, "enclave image", NEED_NOTHING, ok, ok ? path : "not found",
	      "build it with make, or name it with --image");
	free(path);
}

static enum retwine_machine verdict(const struct doctor *d)
{
	if ((d->missing & NEED_SGX) == 0)
		return RETWINE_MACHINE_SGX;
	if ((d->missing & NEED_SIMULATION) == 0)
		return RETWINE_MACHINE_SIMULATION;
	return RETWINE_MACHINE_NONE;
}

static void check_all(struct doctor *d)
{
	check_cpu_sgx(d);
	check_device(d);
	check_kernel(d);
	check_aesm(d);
	check_code(d);
	check_fsgsbase(d);
	check_address_space(d);
	check_kernel_settings(d);
	check_image(d);
}

/* "  ok   RDRAND: yes", or with the advice behind it. */
static void write_check(struct text *t, json_t *o)
{
	bool ok = json_is_true(json_object_get(o, "ok"));
	const char *advice = json_string_value(json_object_get(o, "advice"));
	const char *need = json_string_value(json_object_get(o, "needed_for"));
	const char *name = json_string_value(json_object_get(o, "name"));
	const char *found = json_string_value(json_object_get(o, "found"));

	text_addf(t, "%-8s%-36s %s", ok ? "ok" : "missing", name ? name : "", found ? found : "");
	if (!ok)
		text_addf(t, "\n        needed for %s: %s", need ? need : "", advice ? advice : "");
	text_add(t, "\n");
}

static char *doctor_text(const struct doctor *d, const char *verdict_words)
{
	struct text t = {0};
	size_t i;
	json_t *o;

	text_addf(&t, "CPU: %s\n", d->cpu.brand[0] ? d->cpu.brand : d->cpu.vendor);
	json_array_foreach(d->checks, i, o) write_check(&t, o);
	text_addf(&t, "%s\n", verdict_words);
	return text_take(&t);
}

enum retwine_code retwine_doctor(enum retwine_format format, enum retwine_machine *machine,
				 char **text, struct retwine_error *error)
{
	static const char *const words[] = {
		[RETWINE_MACHINE_SGX] = "This machine can run enclaves.",
		[RETWINE_MACHINE_SIMULATION] = "This machine can run the simulation only.",
		[RETWINE_MACHINE_NONE] =
			"This machine can run neither enclaves nor the simulation.",
	};
	struct doctor d = {0};

	report_init(&d.report);
	cpu_read(&d.cpu);
	report_words(&d.report, d.report.root, "cpu", d.cpu.brand[0] ? d.cpu.brand : d.cpu.vendor);
	d.checks = report_array(&d.report, d.report.root, "checks");
	check_all(&d);
	*machine = verdict(&d);
	report_words(&d.report, d.report.root, "verdict", words[*machine]);
	if (format == RETWINE_JSON)
		return report_finish(&d.report, format, false, text, error);
	*text = d.report.failed ? NULL : doctor_text(&d, words[*machine]);
	report_fini(&d.report);
	return *text ? RETWINE_OK : error_no_memory(error);
}
