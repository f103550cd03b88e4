/*
 * AES-128-CMAC over mbedTLS's AES. The construction stands here, and not in mbedTLS's, because its
 * cipher table would bring every cipher from RC4 on into the enclave image.
 * Trust: the data are anybody's. No branch depends on the key.
 */
#include "crypto/cmac.h"

#include <string.h>

#include <mbedtls/aes.h>

#include "base/err.h"
#include "base/wipe.h"

static void cmac_encrypt(mbedtls_aes_context *aes, uint8_t block[CMAC_SIZE])
{
	must(mbedtls_aes_crypt_ecb(aes, MBEDTLS_AES_ENCRYPT, block, block) == 0);
}

/* Doubling in GF(2^128), big-endian (RFC 4493, 2.3). */
static void cmac_double(uint8_t b[CMAC_SIZE])
{
	uint8_t carry = b[0] >> 7;

	for (size_t i = 0; i + 1 < CMAC_SIZE; i++)
		b[i] = (uint8_t)(b[i] << 1 | b[i + 1] >> 7);
	b[CMAC_SIZE - 1] = (uint8_t)(b[CMAC_SIZE - 1] << 1 ^ (0x87 & -carry));
}

static void cmac_xor(uint8_t a[CMAC_SIZE], const uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		a[i] ^= b[i];
}

void cmac_aes128(uint8_t mac[CMAC_SIZE], const uint8_t key[16], const void *data, size_t size)
{
	const uint8_t *p = data;
	uint8_t subkey[CMAC_SIZE] = {0}, x[CMAC_SIZE] = {0};
	mbedtls_aes_context aes;

	mbedtls_aes_init(&aes);
	must(mbedtls_aes_setkey_enc(&aes, key, 128) == 0);
	for (; size > CMAC_SIZE; p += CMAC_SIZE, size -= CMAC_SIZE) {
		cmac_xor(x, p, CMAC_SIZE);
		cmac_encrypt(&aes, x);
	}
	/* the last block: K1 if it is whole, else 0x80 behind it and K2 */
	cmac_encrypt(&aes, subkey);
	cmac_double(subkey);
	cmac_xor(x, p, size);
	if (size < CMAC_SIZE) {
		x[size] ^= 0x80;
		cmac_double(subkey);
	}
	cmac_xor(x, subkey, CMAC_SIZE);
	cmac_encrypt(&aes, x);
	memcpy(mac, x, CMAC_SIZE);
	mbedtls_aes_free(&aes);
	wipe(subkey, sizeof subkey);
	wipe(x, sizeof x);
}
