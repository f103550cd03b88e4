/* MRENCLAVE: values computed independently from the records of the SDM, and what must change it. */
#include <string.h>

#include "sgx/measure.h"

#include "test/lib/check.h"
#include "test/lib/hex.h"

static const uint8_t g_zero[SGX_PAGE_SIZE];

static bool measure_is(struct sgx_measure *m, const char *hex)
{
	uint8_t mrenclave[SGX_HASH_SIZE];

	sgx_measure_final(m, mrenclave);
	return hex_equal(mrenclave, sizeof mrenclave, hex);
}

TEST(an_enclave_without_pages)
{
	struct sgx_measure m;

	sgx_measure_create(&m, 1, 0x2000);
	CHECK(measure_is(&m, "9e197c8837c6d65632dbdd59cd7df4f1a25b68d8e4e5eb6ca3b20b05311fecb8"));
}

TEST(a_measured_page)
{
	struct sgx_measure m;

	sgx_measure_create(&m, 1, 0x2000);
	sgx_measure_add(&m, 0, SECINFO_REG | SECINFO_R | SECINFO_W);
	sgx_measure_extend_page(&m, 0, g_zero);
	CHECK(measure_is(&m, "1f2cf80bd03ffd8bfac33f7cba128aff511c3af666b93bb66e7ef718418bdade"));
}

TEST(a_page_of_unmeasured_content)
{
	struct sgx_measure m;

	sgx_measure_create(&m, 1, 0x2000);
	sgx_measure_add(&m, 0, SECINFO_REG | SECINFO_R | SECINFO_W);
	CHECK(measure_is(&m, "995c454650d39811c9c53e1af534aa6c34a496ce9302c34e0ced2c7a7e2c4103"));
}

TEST(three_kinds_of_page)
{
	uint8_t page[SGX_PAGE_SIZE];
	struct sgx_measure m;

	for (size_t i = 0; i < sizeof page; i++)
		page[i] = (uint8_t)i;
	sgx_measure_create(&m, 2, 0x10000);
	sgx_measure_add(&m, 0, SECINFO_TCS);
	sgx_measure_extend_page(&m, 0, g_zero);
	sgx_measure_add(&m, 0x1000, SECINFO_REG | SECINFO_R | SECINFO_X);
	sgx_measure_extend_page(&m, 0x1000, page);
	sgx_measure_add(&m, 0x2000, SECINFO_REG | SECINFO_R | SECINFO_W);
	CHECK(measure_is(&m, "bf077755663eb43b39dc3989bd7c2c9afb12232fe2e63fae239e45b3ce5bc253"));
}

int main(void)
{
	RUN(an_enclave_without_pages);
	RUN(a_measured_page);
	RUN(a_page_of_unmeasured_content);
	RUN(three_kinds_of_page);
	return check_report();
}
