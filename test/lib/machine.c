/*
 * ENCLU outside of an enclave.
 * Trust: test code.
 */
#include "test/lib/machine.h"

#include <stdlib.h>
#include <string.h>

#include "host/device/sim.h"
#include "platform/enclu.h"

static struct sgx_identity g_self;

void machine_launch(const uint8_t launch_digest[32])
{
	memset(&g_self, 0, sizeof(g_self));
	g_self.attributes.flags = ATTRIBUTE_INIT | ATTRIBUTE_MODE64 | ATTRIBUTE_KSS;
	g_self.attributes.xfrm = XFRM_X87 | XFRM_SSE | XFRM_AVX;
	g_self.miscselect = MISC_EXINFO;
	memset(g_self.mrenclave, 0xe1, sizeof(g_self.mrenclave));
	memset(g_self.mrsigner, 0x51, sizeof(g_self.mrsigner));
	memcpy(g_self.configid, launch_digest, 32);
}

struct sgx_identity *machine_self(void)
{
	return &g_self;
}

uint64_t enclu(uint32_t leaf, const void *rbx, void *rcx, void *rdx)
{
	const struct sgx_machine *machine = sim_machine();

	if (leaf == ENCLU_EGETKEY)
		return sgx_get_key(rcx, machine, &g_self, rbx);
	if (leaf != ENCLU_EREPORT ||
	    sgx_make_report(rdx, machine, &g_self, rbx, rcx) != SGX_SUCCESS)
		abort();
	return ENCLU_EREPORT;
}
