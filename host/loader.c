/*
 * The loader.
 * Trust: the image file was checked by sgx_image_open; the device refuses what does not add up, and
 * its word is passed on. Nothing here is trusted by the enclave.
 */
#include "host/loader.h"

#include <cpuid.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "host/base/cpu.h"

#define BATCH_MAX      ((size_t)256 * 1024)
#define CPUID_SGX_LEAF 0x12u

struct load {
	struct enclave *enclave;
	const struct sgx_image *image;
	char *why;
	size_t why_size;
	uint8_t *batch; /* pages that go to the device together */
	uint64_t batch_off;
	uint64_t batch_flags;
	size_t batch_size; /* bytes */
};

static enum err load_failed(struct load *l, enum err err, const char *step, int error)
{
	const char *refusal = device_last_refusal();

	if (!refusal[0])
		snprintf(l->why, l->why_size, "%s: %s", step, strerror(error));
	else if (strncmp(refusal, step, strlen(step)) == 0)
		snprintf(l->why, l->why_size, "%s", refusal);
	else
		snprintf(l->why, l->why_size, "%s: %s", step, refusal);
	return err;
}

uint64_t loader_xfrm(bool simulation)
{
	uint32_t a, b, c, d;
	uint64_t allowed = cpu_xcr0();

	if (!simulation) {
		if (!__get_cpuid_count(CPUID_SGX_LEAF, 1, &a, &b, &c, &d))
			return 0;
		allowed &= (uint64_t)d << 32 | c;
	}
	const uint64_t avx = XFRM_X87 | XFRM_SSE | XFRM_AVX;

	if ((allowed & avx) != avx)
		return 0;
	return (allowed & XFRM_AVX512) == XFRM_AVX512 ? avx | XFRM_AVX512 : avx;
}

static enum err load_create(struct load *l, const uint8_t configid[SGX_CONFIGID_SIZE])
{
	struct device *d = l->enclave->device;
	struct sgx_secs *secs = &l->enclave->secs;
	int error = device_reserve(d, l->image->layout.elrange_size);

	if (error)
		return load_failed(l, E_NOMEM, "reserving 64 GiB of address space (ulimit -v?)",
				   error);
	memset(secs, 0, sizeof(*secs));
	secs->size = d->size;
	secs->base = d->base;
	secs->ssa_frame_pages = l->image->layout.ssa_frame_pages;
	secs->miscselect = MISC_EXINFO;
	secs->attributes.flags = ATTRIBUTE_MODE64 | ATTRIBUTE_KSS;
	secs->attributes.xfrm = loader_xfrm(d->ops->simulation);
	memcpy(secs->configid, configid, SGX_CONFIGID_SIZE);
	if (secs->attributes.xfrm == 0) {
		snprintf(l->why, l->why_size,
			 "this CPU has no AVX, or the system does not enable it");
		return E_UNSUPPORTED;
	}
	error = d->ops->create(d, secs);
	return error ? load_failed(l, E_DENIED, "ECREATE", error) : E_OK;
}

/* Gives the collected pages to the device: one call, in their order. */
static enum err load_flush(struct load *l)
{
	struct device *d = l->enclave->device;
	struct sgx_secinfo info = {.flags = l->batch_flags};
	uint64_t done = 0, count;

	/* A signal may end a call early, even before the first page: 0 bytes done, no error. */
	while (done < l->batch_size) {
		int error = d->ops->add_pages(d, l->batch_off + done, l->batch + done,
					      l->batch_size - done, &info, &count);

		if (error)
			return load_failed(l, E_DENIED, "EADD", error);
		done += count;
	}
	l->enclave->pages += l->batch_size / SGX_PAGE_SIZE;
	l->batch_size = 0;
	return E_OK;
}

/* Collects pages that follow each other with the same SECINFO. */
static enum err load_page(void *context, uint64_t off, uint64_t secinfo_flags,
			  const uint8_t page[4096])
{
	struct load *l = context;
	enum err err = E_OK;

	if (l->batch_size == BATCH_MAX || off != l->batch_off + l->batch_size ||
	    secinfo_flags != l->batch_flags)
		err = load_flush(l);
	if (err != E_OK)
		return err;
	if (l->batch_size == 0) {
		l->batch_off = off;
		l->batch_flags = secinfo_flags;
	}
	memcpy(l->batch + l->batch_size, page, SGX_PAGE_SIZE);
	l->batch_size += SGX_PAGE_SIZE;
	return E_OK;
}

static enum err load_pages(struct load *l)
{
	l->batch = aligned_alloc(SGX_PAGE_SIZE, BATCH_MAX); /* the kernel's rule: page-aligned */
	if (!l->batch) {
		snprintf(l->why, l->why_size, "no memory to load the enclave image");
		return E_NOMEM;
	}
	enum err err = sgx_image_each_page(l->image, load_page, l);

	if (err == E_OK)
		err = load_flush(l);
	free(l->batch);
	return err;
}

static int prot_of(uint64_t secinfo_flags)
{
	if ((secinfo_flags & SECINFO_TYPE_MASK) == SECINFO_TCS)
		return PROT_READ | PROT_WRITE;
	return (secinfo_flags & SECINFO_R ? PROT_READ : 0) |
	       (secinfo_flags & SECINFO_W ? PROT_WRITE : 0) |
	       (secinfo_flags & SECINFO_X ? PROT_EXEC : 0);
}

static enum err load_map_one(struct load *l, uint64_t off, uint64_t size, int prot)
{
	struct device *d = l->enclave->device;
	int error = d->ops->map(d, off, size, prot);

	return error ? load_failed(l, E_NOMEM, "mapping the enclave", error) : E_OK;
}

static enum err load_map(struct load *l)
{
	const struct image_layout *layout = &l->image->layout;
	enum err err = E_OK;

	for (size_t i = 0; i < l->image->segment_count && err == E_OK; i++) {
		const struct image_segment *s = &l->image->segment[i];

		err = load_map_one(l, s->off, s->size, prot_of(s->flags));
	}
	for (size_t i = 0; i < layout->region_count && err == E_OK; i++) {
		const struct image_region *r = &layout->region[i];

		err = load_map_one(l, r->off, (uint64_t)r->pages * SGX_PAGE_SIZE,
				   prot_of(r->flags));
	}
	for (size_t i = 0; i < layout->range_count && err == E_OK; i++)
		err = load_map_one(l, layout->range[i].off, layout->range[i].size,
				   PROT_READ | PROT_WRITE);
	return err;
}

static void load_find_threads(struct load *l)
{
	const struct image_layout *layout = &l->image->layout;
	struct enclave *e = l->enclave;

	for (size_t i = 0; i < layout->region_count; i++) {
		if (layout->region[i].kind == IMAGE_TCS && e->thread_count < LOADER_THREADS_MAX)
			e->tcs[e->thread_count++] = e->device->base + layout->region[i].off;
	}
}

enum err loader_load(struct enclave *enclave, struct device *device, const struct sgx_image *image,
		     const struct sgx_sigstruct *sigstruct,
		     const uint8_t configid[SGX_CONFIGID_SIZE], char *why, size_t why_size)
{
	struct load l = {.enclave = enclave, .image = image, .why = why, .why_size = why_size};
	enum err err;

	memset(enclave, 0, sizeof(*enclave));
	enclave->device = device;
	err = load_create(&l, configid);
	if (err == E_OK)
		err = load_pages(&l);
	if (err != E_OK)
		return err;
	int error = device->ops->init(device, sigstruct);

	if (error)
		return load_failed(&l, E_DENIED, "EINIT", error);
	load_find_threads(&l);
	return load_map(&l);
}

enum err loader_withhold(const struct enclave *enclave, const struct sgx_image *image)
{
	struct device *d = enclave->device;

	for (size_t i = 0; i < image->layout.range_count; i++) {
		if (d->ops->protect(d, image->layout.range[i].off, image->layout.range[i].size,
				    PROT_NONE) != 0)
			return E_NOMEM;
	}
	return E_OK;
}
