/*
 * TDATTRIBUTES of a TD (Intel TDX Module ABI, "ATTRIBUTES"). The host chooses them when it starts a TD, and MRTD says
 * nothing of them.
 */
#ifndef ATTEST_TD_H
#define ATTEST_TD_H

#include "attest/quote.h"

#define TD_ATTRIBUTES_UNTRUSTED UINT64_C(0xff) /* TUD: bit 0 is DEBUG, no bit of it is harmless */
#define TD_ATTRIBUTE_MIGRATABLE (UINT64_C(1) << 29)
/* TUD; LASS, SEPT_VE_DISABLE, MIGRATABLE, PKS, KL; TPA, PERFMON. */
#define TD_ATTRIBUTES_KNOWN UINT64_C(0xc0000000f80000ff)

static inline uint64_t td_attributes(const struct attest_td *td)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < sizeof td->attributes; i++)
		bits |= (uint64_t)td->attributes[i] << 8 * i;
	return bits;
}

#endif
