/* AES-128-CMAC (RFC 4493), the MAC of SGX reports. */
#ifndef CRYPTO_CMAC_H
#define CRYPTO_CMAC_H

#include "base/cc.h"

#define CMAC_SIZE 16

/* Cannot fail. Compare a MAC with equal_ct (base/wipe.h) alone. */
void cmac_aes128(uint8_t mac[CMAC_SIZE], const uint8_t key[16], const void *data, size_t size);

#endif
