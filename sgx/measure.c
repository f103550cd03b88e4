/*
 * The records that MRENCLAVE is the digest of (SDM: ECREATE, EADD, EEXTEND).
 * Trust: nothing is believed or checked; everything is hashed.
 * Invariant: only whole records of 64 bytes reach the hash.
 */
#include "sgx/measure.h"

#include "base/err.h"
#include "base/writer.h"

#define RECORD_SIZE 64

/* A tag and its fields, padded with zeros to a record. */
struct record {
	struct writer w;
	uint8_t bytes[RECORD_SIZE];
};

static void record_init(struct record *r, const char tag[8])
{
	for (size_t i = 0; i < sizeof r->bytes; i++)
		r->bytes[i] = 0;
	writer_init(&r->w, r->bytes, sizeof r->bytes);
	writer_bytes(&r->w, tag, 8);
}

static void record_hash(struct sgx_measure *m, const struct record *r)
{
	must(writer_ok(&r->w));
	sha256_update(&m->hash, r->bytes, sizeof r->bytes);
}

void sgx_measure_create(struct sgx_measure *m, uint32_t ssa_frame_pages, uint64_t size)
{
	struct record r;

	sha256_init(&m->hash);
	record_init(&r, "ECREATE");
	writer_u32(&r.w, ssa_frame_pages);
	writer_u64(&r.w, size);
	record_hash(m, &r);
}

void sgx_measure_add(struct sgx_measure *m, uint64_t off, uint64_t secinfo_flags)
{
	struct record r;

	record_init(&r, "EADD\0\0\0");
	writer_u64(&r.w, off);
	writer_u64(&r.w, secinfo_flags);
	record_hash(m, &r);
}

void sgx_measure_extend(struct sgx_measure *m, uint64_t off, const uint8_t data[SGX_EEXTEND_SIZE])
{
	struct record r;

	record_init(&r, "EEXTEND");
	writer_u64(&r.w, off);
	record_hash(m, &r);
	sha256_update(&m->hash, data, SGX_EEXTEND_SIZE);
}

void sgx_measure_extend_page(struct sgx_measure *m, uint64_t off, const uint8_t page[SGX_PAGE_SIZE])
{
	for (size_t i = 0; i < SGX_PAGE_SIZE; i += SGX_EEXTEND_SIZE)
		sgx_measure_extend(m, off + i, page + i);
}

void sgx_measure_final(struct sgx_measure *m, uint8_t mrenclave[SGX_HASH_SIZE])
{
	sha256_final(&m->hash, mrenclave);
}
