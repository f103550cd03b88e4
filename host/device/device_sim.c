/*
 * The simulated device: what the kernel's driver and the ENCLS leaves ECREATE, EADD, EEXTEND,
 * EINIT, EAUG, EMODPR, EMODT and EREMOVE decide (SDM vol. 3D; Linux
 * arch/x86/kernel/cpu/sgx/ioctl.c, encl.c). Errors are the kernel's errno values; the words behind
 * them are for device_last_refusal.
 * Trust: callers are this process, but every argument is checked as the kernel and the CPU check
 * it, since that is what a simulator is for.
 * Invariant: nothing is measured that was not stored, and nothing is stored after EINIT but by
 * EAUG.
 */
#include "host/device/device.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "host/base/cpu.h"
#include "host/base/words.h"
#include "host/device/refusal.h"
#include "host/device/sim.h"
#include "sgx/image.h"
#include "sgx/sigstruct.h"

#define ELRANGE_MAX_LOG2 46u
#define SSA_PAGES_MAX	 64u

/* What CPUID.12H.1 and the kernel's unprivileged mask would say. */
#define SIM_CPU_ATTRIBUTES                                                                         \
	(ATTRIBUTE_DEBUG | ATTRIBUTE_MODE64 | ATTRIBUTE_PROVISIONKEY | ATTRIBUTE_EINITTOKENKEY |   \
	 ATTRIBUTE_KSS)
#define SIM_KERNEL_ATTRIBUTES (ATTRIBUTE_DEBUG | ATTRIBUTE_MODE64 | ATTRIBUTE_KSS)
#define SIM_MISCSELECT	      MISC_EXINFO

static struct sim_device *sim_of(struct device *device)
{
	return (struct sim_device *)device;
}

static bool sim_all_zero(const void *p, size_t size)
{
	const uint8_t *b = p;

	return b[0] == 0 && memcmp(b, b + 1, size - 1) == 0;
}

/* --- ECREATE --- */

static int sim_check_secs_range(const struct sim_device *d, const struct sgx_secs *secs)
{
	uint64_t size = secs->size;

	if (size == 0 || (size & (size - 1)) != 0)
		return device_refuse(EINVAL, "SECS: the size 0x%llx is not a power of two",
				     (unsigned long long)size);
	if (size < 2 * SIM_PAGE_SIZE || size >> ELRANGE_MAX_LOG2 != 0)
		return device_refuse(EIO, "SECS: the size 0x%llx is not within 0x2000 and 2^%u - 1",
				     (unsigned long long)size, ELRANGE_MAX_LOG2);
	if ((secs->base & (size - 1)) != 0)
		return device_refuse(EIO, "SECS: the base 0x%llx is not aligned to the size 0x%llx",
				     (unsigned long long)secs->base, (unsigned long long)size);
	if (secs->base != d->device.base || size != d->device.size)
		return device_refuse(EIO, "SECS: 0x%llx bytes at 0x%llx are not what is reserved",
				     (unsigned long long)size, (unsigned long long)secs->base);
	return 0;
}

/* Components that this CPU can load with XSETBV, in legal combinations (SDM 42.7.3). */
static bool sim_xfrm_legal(uint64_t xfrm)
{
	uint64_t avx512 = xfrm & XFRM_AVX512;

	if ((xfrm & XFRM_MANDATORY) != XFRM_MANDATORY || (xfrm & ~sim_cpu_xfrm()) != 0)
		return false;
	return avx512 == 0 || (avx512 == XFRM_AVX512 && (xfrm & XFRM_AVX));
}

static int sim_check_secs_features(const struct sgx_secs *secs)
{
	uint64_t flags = secs->attributes.flags, xfrm = secs->attributes.xfrm;

	if ((flags & ~(uint64_t)SIM_CPU_ATTRIBUTES) != 0)
		return device_refuse(EIO, "SECS: ATTRIBUTES 0x%llx have bits outside 0x%x",
				     (unsigned long long)flags, SIM_CPU_ATTRIBUTES);
	if (!(flags & ATTRIBUTE_MODE64))
		return device_refuse(EIO, "SECS: ATTRIBUTES 0x%llx lack MODE64",
				     (unsigned long long)flags);
	if (!sim_xfrm_legal(xfrm))
		return device_refuse(EIO, "SECS: XFRM 0x%llx is not possible on this CPU (0x%llx)",
				     (unsigned long long)xfrm, (unsigned long long)sim_cpu_xfrm());
	if ((secs->miscselect & ~(uint32_t)SIM_MISCSELECT) != 0)
		return device_refuse(EIO, "SECS: MISCSELECT 0x%x has bits outside 0x%x",
				     secs->miscselect, SIM_MISCSELECT);
	if (!(flags & ATTRIBUTE_KSS) &&
	    (secs->configsvn != 0 || !sim_all_zero(secs->configid, sizeof secs->configid)))
		return device_refuse(EIO, "SECS: CONFIGID or CONFIGSVN without KSS");
	return 0;
}

static int sim_check_secs_rest(const struct sgx_secs *secs)
{
	size_t need = sim_xsave_size(secs->attributes.xfrm) + SSA_GPRS_SIZE;

	if (secs->miscselect & MISC_EXINFO)
		need += SSA_EXINFO_SIZE;
	if (secs->ssa_frame_pages > SSA_PAGES_MAX ||
	    (size_t)secs->ssa_frame_pages * SIM_PAGE_SIZE < need)
		return device_refuse(EIO, "SECS: SSAFRAMESIZE %u; a frame needs %zu bytes",
				     secs->ssa_frame_pages, need);
	if (!sim_all_zero(secs->reserved1, sizeof secs->reserved1) ||
	    !sim_all_zero(secs->reserved2, sizeof secs->reserved2) ||
	    !sim_all_zero(secs->reserved3, sizeof secs->reserved3) ||
	    !sim_all_zero(secs->reserved4, sizeof secs->reserved4))
		return device_refuse(EIO, "SECS: a reserved byte is not zero");
	return 0;
}

static int sim_create(struct device *device, const struct sgx_secs *secs)
{
	struct sim_device *d = sim_of(device);
	int error;

	device_refuse_nothing();
	if (d->created)
		return device_refuse(EINVAL, "the enclave exists already");
	error = sim_check_secs_range(d, secs);
	if (error == 0)
		error = sim_check_secs_features(secs);
	if (error == 0)
		error = sim_check_secs_rest(secs);
	if (error == 0)
		error = sim_pages_init(&d->pages, secs->base, secs->size);
	if (error != 0)
		return error;
	d->secs = *secs;
	d->xsave_size = sim_xsave_size(secs->attributes.xfrm);
	sgx_measure_create(&d->measure, secs->ssa_frame_pages, secs->size);
	d->created = true;
	return 0;
}

/* --- EADD and EEXTEND --- */

/* Arguments that every call on a range of pages checks. */
static int sim_check_range(const struct sim_device *d, uint64_t off, uint64_t length)
{
	if ((off | length) % SIM_PAGE_SIZE != 0 || length == 0 || off > d->device.size ||
	    length > d->device.size - off)
		return device_refuse(EINVAL, "0x%llx bytes at 0x%llx are no pages of the enclave",
				     (unsigned long long)length, (unsigned long long)off);
	return 0;
}

static int sim_check_secinfo(const struct sgx_secinfo *secinfo)
{
	uint64_t type = secinfo->flags & SECINFO_TYPE_MASK;
	uint64_t permissions = secinfo->flags & SECINFO_PERMISSIONS;

	if (type != SECINFO_REG && type != SECINFO_TCS)
		return device_refuse(EINVAL, "SECINFO 0x%llx: not a page type to add",
				     (unsigned long long)secinfo->flags);
	if ((permissions & (SECINFO_R | SECINFO_W)) == SECINFO_W)
		return device_refuse(EINVAL, "SECINFO 0x%llx: W without R",
				     (unsigned long long)secinfo->flags);
	if (type == SECINFO_TCS && permissions != 0)
		return device_refuse(EINVAL, "SECINFO 0x%llx: a TCS has no permissions",
				     (unsigned long long)secinfo->flags);
	if (secinfo->flags != (type | permissions) ||
	    !sim_all_zero(secinfo->reserved, sizeof secinfo->reserved))
		return device_refuse(EINVAL, "SECINFO 0x%llx: a reserved bit is set",
				     (unsigned long long)secinfo->flags);
	return 0;
}

/* Counts the ENCLU instructions of executable pages, over borders of pages that touch. */
static void sim_scan_enclu(struct sim_device *d, uint64_t off, const uint8_t *page)
{
	static const uint8_t enclu[3] = {0x0f, 0x01, 0xd7};
	uint8_t border[4] = {0};

	if (off == d->tail_end) {
		memcpy(border, d->tail, 2);
		memcpy(border + 2, page, 2);
		for (unsigned i = 0; i < 2; i++) {
			if (memcmp(border + i, enclu, sizeof enclu) == 0) {
				d->enclu_seen++;
				d->enclu_at = off - 2 + i;
			}
		}
	}
	for (const uint8_t *p = page, *end = page + SIM_PAGE_SIZE;
	     (p = memchr(p, enclu[2], (size_t)(end - p))) != NULL; p++) {
		if (p >= page + 2 && p[-1] == enclu[1] && p[-2] == enclu[0]) {
			d->enclu_seen++;
			d->enclu_at = off + (uint64_t)(p - 2 - page);
		}
	}
	memcpy(d->tail, page + SIM_PAGE_SIZE - 2, 2);
	d->tail_end = off + SIM_PAGE_SIZE;
}

static sim_page sim_page_added(uint64_t secinfo_flags)
{
	bool tcs = (secinfo_flags & SECINFO_TYPE_MASK) == SECINFO_TCS;
	unsigned max = tcs ? SECINFO_R | SECINFO_W : secinfo_flags & SECINFO_PERMISSIONS;

	return (sim_page)(SIM_PAGE_PRESENT | secinfo_flags | max << SIM_PAGE_MAX_SHIFT);
}

/* EADD of a TCS: the CPU's own fields become 0 before anything is measured. */
static int sim_add_tcs(struct sim_device *d, uint64_t off)
{
	struct sgx_tcs *tcs = (void *)(d->pages.base + off);

	if (!sim_tcs_legal(tcs))
		return device_refuse(EIO, "the TCS at 0x%llx has a reserved bit set",
				     (unsigned long long)off);
	tcs->state = 0;
	tcs->cssa = 0;
	tcs->aep = 0;
	tcs->flags &= ~(uint64_t)TCS_DBGOPTIN;
	return sim_tcs_add(d, off, tcs);
}

/* Stores a page that is to be measured. A zero page is not touched: it costs no memory. */
static int sim_store_page(struct sim_device *d, uint64_t off, const uint8_t *src, uint64_t flags)
{
	uint8_t *page = d->pages.base + off;
	bool tcs = (flags & SECINFO_TYPE_MASK) == SECINFO_TCS;
	int error = 0;

	if (!tcs && sim_all_zero(src, SIM_PAGE_SIZE))
		return sim_pages_change(&d->pages, off, sim_page_added(flags));
	if (mprotect(page, SIM_PAGE_SIZE, PROT_READ | PROT_WRITE) != 0)
		return device_refuse(ENOMEM, "no memory for the page at 0x%llx",
				     (unsigned long long)off);
	memcpy(page, src, SIM_PAGE_SIZE);
	if (tcs)
		error = sim_add_tcs(d, off);
	if (error == 0)
		error = sim_pages_set(&d->pages, off, sim_page_added(flags));
	return error;
}

static int sim_add_page(struct sim_device *d, uint64_t off, const uint8_t *src, uint64_t flags)
{
	const uint8_t *page = d->pages.base + off;
	int error;

	if (sim_pages_get(&d->pages, off) & SIM_PAGE_PRESENT)
		return device_refuse(EBUSY, "the page at 0x%llx was added already",
				     (unsigned long long)off);
	error = sim_store_page(d, off, src, flags);
	if (error != 0) {
		sim_pages_remove(&d->pages, off);
		return error;
	}
	/* What is stored is measured; of a zero page the source is as good. */
	if ((flags & SECINFO_TYPE_MASK) != SECINFO_TCS && sim_all_zero(src, SIM_PAGE_SIZE))
		page = src;
	sgx_measure_add(&d->measure, off, flags);
	sgx_measure_extend_page(&d->measure, off, page);
	if (flags & SECINFO_X)
		sim_scan_enclu(d, off, page);
	return page == src ? 0 : sim_pages_sync(&d->pages, off, SIM_PAGE_SIZE);
}

static int sim_add_pages(struct device *device, uint64_t off, const void *src, uint64_t length,
			 const struct sgx_secinfo *secinfo, uint64_t *count)
{
	struct sim_device *d = sim_of(device);
	const uint8_t *bytes = src;
	int error;

	device_refuse_nothing();
	*count = 0;
	if (!d->created || d->initialised)
		return device_refuse(EINVAL, "pages are added between ECREATE and EINIT");
	error = sim_check_range(d, off, length);
	if (error == 0 && (uintptr_t)src % SIM_PAGE_SIZE != 0)
		error = device_refuse(EINVAL, "the source is not page-aligned");
	if (error == 0)
		error = sim_check_secinfo(secinfo);
	if (error != 0)
		return error;
	pthread_mutex_lock(&d->lock);
	while (error == 0 && *count < length) {
		error = sim_add_page(d, off + *count, bytes + *count, secinfo->flags);
		if (error == 0)
			*count += SIM_PAGE_SIZE;
	}
	pthread_mutex_unlock(&d->lock);
	return error;
}

/* --- EINIT --- */

/* The ENCLU function: 14 NOPs and the only ENCLU become a jump to the simulator's leaf entry. */
static int sim_patch_enclu(struct sim_device *d)
{
	uint8_t code[IMAGE_ENCLU_NOPS] = {0xff, 0x25}; /* jmp *0(%rip); the address follows */
	uint8_t found[IMAGE_ENCLU_NOPS];
	uint64_t target = (uint64_t)(uintptr_t)sim_leaf_entry;

	if (d->enclu_seen != 1 || d->enclu_at != d->enclu_off + IMAGE_ENCLU_NOPS)
		return device_refuse(EINVAL,
				     "fast mode: %u ENCLU instructions, the last at 0x%llx; there "
				     "must be one, at 0x%llx",
				     d->enclu_seen, (unsigned long long)d->enclu_at,
				     (unsigned long long)d->enclu_off + IMAGE_ENCLU_NOPS);
	if (sim_pages_peek(&d->pages, d->enclu_off, found, sizeof found) != 0)
		return device_refuse(EFAULT, "fast mode: no page at 0x%llx",
				     (unsigned long long)d->enclu_off);
	for (size_t i = 0; i < sizeof found; i++)
		if (found[i] != 0x90)
			return device_refuse(EINVAL, "fast mode: byte 0x%02x at 0x%llx is no NOP",
					     found[i], (unsigned long long)(d->enclu_off + i));
	memcpy(code + 6, &target, sizeof target);
	return sim_pages_poke(&d->pages, d->enclu_off, code, sizeof code);
}

static int sim_refuse_hash(const char *what, const uint8_t *signed_value, const uint8_t *value,
			   size_t size)
{
	char a[2 * SGX_HASH_SIZE + 1], b[2 * SGX_HASH_SIZE + 1];

	device_hex(a, signed_value, size);
	device_hex(b, value, size);
	return device_refuse(EPERM, "EINIT: %s differs: signed %s, built %s", what, a, b);
}

static int sim_refuse_masked(const char *what, uint64_t signed_value, uint64_t value, uint64_t mask)
{
	return device_refuse(EPERM, "EINIT: %s differs: signed 0x%llx, built 0x%llx, mask 0x%llx",
			     what, (unsigned long long)signed_value, (unsigned long long)value,
			     (unsigned long long)mask);
}

/* What EINIT returns as an error code, in words. */
static int sim_refuse_sigstruct(const struct sim_device *d, const struct sgx_sigstruct *s,
				const uint8_t mrenclave[SGX_HASH_SIZE], enum sgx_refusal refusal)
{
	const struct sgx_attributes *built = &d->secs.attributes;

	switch (refusal) {
	case REFUSAL_MRENCLAVE:
		return sim_refuse_hash("MRENCLAVE", s->enclavehash, mrenclave, SGX_HASH_SIZE);
	case REFUSAL_ATTRIBUTES:
		return sim_refuse_masked("ATTRIBUTES", s->attributes.flags, built->flags,
					 s->attributemask.flags);
	case REFUSAL_XFRM:
		return sim_refuse_masked("XFRM", s->attributes.xfrm, built->xfrm,
					 s->attributemask.xfrm);
	case REFUSAL_MISCSELECT:
		return sim_refuse_masked("MISCSELECT", s->miscselect, d->secs.miscselect,
					 s->miscmask);
	default:
		return device_refuse(EPERM, "EINIT: SIGSTRUCT: %s", words_refusal(refusal));
	}
}

/* What the kernel refuses before it executes EINIT. */
static int sim_check_kernel(const struct sim_device *d, const struct sgx_sigstruct *s)
{
	uint64_t flags = d->secs.attributes.flags;

	if (s->vendor != 0 && s->vendor != 0x8086)
		return device_refuse(EINVAL, "SIGSTRUCT: vendor 0x%x", s->vendor);
	if ((flags & ~(uint64_t)SIM_KERNEL_ATTRIBUTES) != 0)
		return device_refuse(EACCES, "ATTRIBUTES 0x%llx have bits outside 0x%x",
				     (unsigned long long)flags, SIM_KERNEL_ATTRIBUTES);
	if ((s->attributes.flags & s->attributemask.flags & ~(uint64_t)SIM_KERNEL_ATTRIBUTES) ||
	    (s->attributes.xfrm & s->attributemask.xfrm & ~sim_cpu_xfrm()) ||
	    (s->miscselect & s->miscmask & ~(uint32_t)SIM_MISCSELECT))
		return device_refuse(EINVAL,
				     "SIGSTRUCT: it asks for what this machine lacks: "
				     "ATTRIBUTES 0x%llx, XFRM 0x%llx, MISCSELECT 0x%x",
				     (unsigned long long)s->attributes.flags,
				     (unsigned long long)s->attributes.xfrm, s->miscselect);
	return 0;
}

static void sim_set_identity(struct sim_device *d, const struct sgx_sigstruct *s,
			     const uint8_t mrenclave[SGX_HASH_SIZE])
{
	struct sgx_identity *id = &d->identity;

	id->attributes = d->secs.attributes;
	id->attributes.flags |= ATTRIBUTE_INIT;
	id->miscselect = d->secs.miscselect;
	memcpy(id->mrenclave, mrenclave, SGX_HASH_SIZE);
	sgx_sigstruct_mrsigner(s, id->mrsigner);
	memcpy(id->configid, d->secs.configid, sizeof id->configid);
	memcpy(id->isvfamilyid, s->isvfamilyid, sizeof id->isvfamilyid);
	memcpy(id->isvextprodid, s->isvextprodid, sizeof id->isvextprodid);
	id->isvprodid = s->isvprodid;
	id->isvsvn = s->isvsvn;
	id->configsvn = d->secs.configsvn;
}

static int sim_init(struct device *device, const struct sgx_sigstruct *sigstruct)
{
	struct sim_device *d = sim_of(device);
	struct sgx_sigstruct s = *sigstruct;
	struct sgx_measure measure = d->measure; /* a copy: a refused EINIT may be repeated */
	uint8_t mrenclave[SGX_HASH_SIZE];
	int error;

	device_refuse_nothing();
	if (!d->created || d->initialised)
		return device_refuse(EINVAL, "EINIT comes once, after ECREATE");
	error = sim_check_kernel(d, &s);
	if (error != 0)
		return error;
	sgx_measure_final(&measure, mrenclave);

	enum sgx_refusal refusal =
		sgx_sigstruct_check(&s, mrenclave, d->secs.attributes, d->secs.miscselect);

	if (refusal != REFUSAL_NONE)
		return sim_refuse_sigstruct(d, &s, mrenclave, refusal);
	pthread_mutex_lock(&d->lock);
	if (d->mode == DEVICE_SIM_FAST)
		error = sim_patch_enclu(d);
	if (error == 0) {
		sim_set_identity(d, &s, mrenclave);
		d->pages.dynamic = true;
		d->initialised = true;
	}
	pthread_mutex_unlock(&d->lock);
	return error;
}

/* --- pages that change after EINIT --- */

static int sim_check_dynamic(const struct sim_device *d, uint64_t off, uint64_t length)
{
	device_refuse_nothing();
	if (!d->initialised)
		return device_refuse(EINVAL, "pages change after EINIT only");
	return sim_check_range(d, off, length);
}

/* One page of a call on a range; *result is the instruction's error code. */
typedef int sim_page_change(struct sim_device *d, uint64_t off, uint64_t argument,
			    uint64_t *result);

/* Page by page up to the first error; then what was changed gets its protection. */
static int sim_change_pages(struct sim_device *d, uint64_t off, uint64_t length,
			    sim_page_change *change, uint64_t argument, uint64_t *result,
			    uint64_t *count)
{
	int error = 0;

	pthread_mutex_lock(&d->lock);
	while (error == 0 && *count < length) {
		error = change(d, off + *count, argument, result);
		if (error == 0)
			*count += SIM_PAGE_SIZE;
	}
	if (sim_pages_sync(&d->pages, off, *count) != 0 && error == 0)
		error = ENOMEM;
	pthread_mutex_unlock(&d->lock);
	return error;
}

/* EMODPR: takes rights away; the enclave has to accept. */
static int sim_restrict_page(struct sim_device *d, uint64_t off, uint64_t permissions,
			     uint64_t *result)
{
	sim_page entry = sim_pages_get(&d->pages, off);

	if (!(entry & SIM_PAGE_PRESENT))
		return EFAULT;
	if ((entry & SIM_PAGE_TYPE) != SECINFO_REG)
		return EINVAL;
	if (entry & (SECINFO_PENDING | SECINFO_MODIFIED)) {
		*result = SGX_PAGE_NOT_MODIFIABLE;
		return EFAULT;
	}
	entry &= (sim_page) ~(SECINFO_PERMISSIONS & ~permissions);
	entry |= SECINFO_PR;
	return sim_pages_set(&d->pages, off, entry);
}

static int sim_restrict_permissions(struct device *device, uint64_t off, uint64_t length,
				    uint64_t permissions, uint64_t *result, uint64_t *count)
{
	struct sim_device *d = sim_of(device);
	int error = sim_check_dynamic(d, off, length);

	*result = 0;
	*count = 0;
	if (error != 0)
		return error;
	if ((permissions & ~(uint64_t)SECINFO_PERMISSIONS) != 0 || !(permissions & SECINFO_R))
		return device_refuse(EINVAL, "permissions 0x%llx lack R or have unknown bits",
				     (unsigned long long)permissions);
	return sim_change_pages(d, off, length, sim_restrict_page, permissions, result, count);
}

/* A TCS that is trimmed is no place to enter any more. */
static int sim_drop_tcs(struct sim_device *d, uint64_t off)
{
	struct sim_tcs *tcs = sim_tcs_find(d, off);

	if (!tcs)
		return 0; /* never accepted */
	if (!sim_tcs_acquire(tcs))
		return EAGAIN;
	tcs->off = UINT64_MAX; /* and stays busy for ever */
	return 0;
}

/* EMODT. */
static int sim_modify_page(struct sim_device *d, uint64_t off, uint64_t page_type, uint64_t *result)
{
	sim_page entry = sim_pages_get(&d->pages, off);
	sim_page type = entry & SIM_PAGE_TYPE;
	sim_page max = (SECINFO_R | SECINFO_W) << SIM_PAGE_MAX_SHIFT;
	int error = 0;

	if (!(entry & SIM_PAGE_PRESENT))
		return EFAULT;
	if (type != SECINFO_REG && !(type == SECINFO_TCS && page_type == SGX_PT_TRIM))
		return EINVAL;
	if (page_type == SGX_PT_TCS && (entry & max) != max)
		return EPERM;
	if (entry & (SECINFO_PENDING | SECINFO_MODIFIED)) {
		*result = SGX_PAGE_NOT_MODIFIABLE;
		return EFAULT;
	}
	if (type == SECINFO_TCS)
		error = sim_drop_tcs(d, off);
	if (error != 0)
		return error;
	if (page_type != SGX_PT_TCS)
		max = entry & SECINFO_PERMISSIONS << SIM_PAGE_MAX_SHIFT;
	return sim_pages_set(&d->pages, off,
			     (sim_page)(SIM_PAGE_PRESENT | SECINFO_MODIFIED | max |
					page_type << SECINFO_TYPE_SHIFT));
}

static int sim_modify_types(struct device *device, uint64_t off, uint64_t length,
			    uint64_t page_type, uint64_t *result, uint64_t *count)
{
	struct sim_device *d = sim_of(device);
	int error = sim_check_dynamic(d, off, length);

	*result = 0;
	*count = 0;
	if (error != 0)
		return error;
	if (page_type != SGX_PT_TCS && page_type != SGX_PT_TRIM)
		return device_refuse(EINVAL, "page type %llu", (unsigned long long)page_type);
	return sim_change_pages(d, off, length, sim_modify_page, page_type, result, count);
}

/* A trimmed page goes only after the enclave accepted that. */
static int sim_remove_pages(struct device *device, uint64_t off, uint64_t length, uint64_t *count)
{
	struct sim_device *d = sim_of(device);
	int error = sim_check_dynamic(d, off, length);

	*count = 0;
	if (error != 0)
		return error;
	pthread_mutex_lock(&d->lock);
	for (; *count < length; *count += SIM_PAGE_SIZE) {
		sim_page entry = sim_pages_get(&d->pages, off + *count);

		if (!(entry & SIM_PAGE_PRESENT))
			error = EFAULT;
		else if ((entry & SIM_PAGE_TYPE) != SECINFO_TRIM || (entry & SECINFO_MODIFIED))
			error = EPERM;
		if (error != 0)
			break;
		sim_pages_remove(&d->pages, off + *count);
	}
	pthread_mutex_unlock(&d->lock);
	return error;
}

/* --- mappings --- */

static int sim_check_mapping(const struct sim_device *d, uint64_t off, uint64_t length, int prot)
{
	if ((off | length) % SIM_PAGE_SIZE != 0 || length == 0 ||
	    (prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC)) != 0)
		return EINVAL;
	if (!d->created || off > d->device.size || length > d->device.size - off)
		return EACCES;
	return 0;
}

static int sim_map(struct device *device, uint64_t off, uint64_t length, int prot)
{
	struct sim_device *d = sim_of(device);
	int error = sim_check_mapping(d, off, length, prot);

	if (error != 0)
		return error;
	pthread_mutex_lock(&d->lock);
	error = sim_pages_map(&d->pages, off, length, prot);
	pthread_mutex_unlock(&d->lock);
	return error;
}

static int sim_protect(struct device *device, uint64_t off, uint64_t length, int prot)
{
	struct sim_device *d = sim_of(device);
	int error = sim_check_mapping(d, off, length, prot);

	if (error != 0)
		return error;
	pthread_mutex_lock(&d->lock);
	error = sim_pages_protect(&d->pages, off, length, prot);
	pthread_mutex_unlock(&d->lock);
	return error;
}

/* A read from outside: the kernel adds the page and the read yields ones. */
static int sim_prefault(struct device *device, uint64_t off, uint64_t length)
{
	struct sim_device *d = sim_of(device);
	int error = sim_check_mapping(d, off, length, PROT_READ);

	if (error != 0)
		return error;
	pthread_mutex_lock(&d->lock);
	for (uint64_t at = off; error == 0 && at < off + length; at += SIM_PAGE_SIZE) {
		if (sim_pages_augments(&d->pages, at, PROT_READ))
			error = sim_pages_augment(&d->pages, at);
		else if (sim_pages_refuse_paging(&d->pages, at, PROT_READ) != 0)
			error = EFAULT; /* SIGSEGV or SIGBUS there */
	}
	pthread_mutex_unlock(&d->lock);
	return error;
}

/* --- life --- */

static void sim_stats(const struct device *device, struct device_stats *out)
{
	const struct sim_device *d = (const struct sim_device *)device;
	unsigned n = atomic_load(&d->tcs_count);

	memset(out, 0, sizeof *out);
	out->accepted = atomic_load(&d->accepted);
	for (unsigned i = 0; i < n; i++) {
		out->enters += d->tcs[i]->enters;
		out->resumes += d->tcs[i]->resumes;
		out->aexs += d->tcs[i]->aexs;
	}
}

static void sim_stop(struct device *device)
{
	atomic_store(&sim_of(device)->stopped, true);
}

static void sim_close(struct device *device)
{
	struct sim_device *d = sim_of(device);
	unsigned n = atomic_load(&d->tcs_count);

	if (d->created)
		sim_pages_fini(&d->pages);
	if (d->device.size != 0)
		munmap((void *)(uintptr_t)d->device.base, d->device.size);
	for (unsigned i = 0; i < n; i++)
		free(d->tcs[i]);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

static const struct device_ops g_sim_ops = {
	.name = "simulation",
	.simulation = true,
	.create = sim_create,
	.add_pages = sim_add_pages,
	.init = sim_init,
	.restrict_permissions = sim_restrict_permissions,
	.modify_types = sim_modify_types,
	.remove_pages = sim_remove_pages,
	.map = sim_map,
	.protect = sim_protect,
	.prefault = sim_prefault,
	.enter = sim_enter,
	.stop = sim_stop,
	.stats = sim_stats,
	.close = sim_close,
};

struct device *device_sim_open(enum device_sim_mode mode, uint64_t enclu_off)
{
	int error;

	device_refuse_nothing();
	if (!cpu_has_fsgsbase()) {
		errno = device_refuse(ENOSYS,
				      "simulation: this machine does not let programs set "
				      "FS and GS (FSGSBASE: an older CPU, or Linux before 5.9)");
		return NULL;
	}
	if (!(sim_cpu_xfrm() & XFRM_AVX)) {
		errno = device_refuse(ENOSYS, "simulation: this machine has no AVX");
		return NULL;
	}
	error = sim_signal_install();
	if (error != 0) {
		errno = error;
		return NULL;
	}
	struct sim_device *d = calloc(1, sizeof *d);

	if (!d)
		return NULL;
	cpu_set_crypto_hints();
	g_sim_xsave_mask = sim_cpu_xfrm();
	d->device.ops = &g_sim_ops;
	d->mode = mode;
	d->enclu_off = enclu_off;
	d->tail_end = UINT64_MAX;
	pthread_mutex_init(&d->lock, NULL);
	return &d->device;
}
