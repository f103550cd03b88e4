/*
 * The header of a volume under arbitrary bytes, which stand at its start with zeros behind them: what
 * decodes is written again byte for byte, and opening its slots with keys of every kind reads nothing
 * beyond it and never succeeds, for no MAC holds.
 */
#include <stdlib.h>
#include <string.h>

#include "volume/format.h"
#include "volume/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t g_key[VOLUME_KEY_SIZE] = {1};
static const uint8_t g_owner[P256_PRIVATE_SIZE] = {1};

static enum err fixed(void *context, void *out, size_t size)
{
	(void)context;
	memset(out, 5, size);
	return E_OK;
}

static enum err seal(void *context, uint8_t key[VOLUME_KEY_SIZE],
		     const struct volume_seal_policy *policy)
{
	(void)context;
	memcpy(key, policy->salt, VOLUME_KEY_SIZE);
	return E_OK;
}

/* A device of two headers. */
static uint8_t g_file[2 * VOLUME_HEADER_SIZE];

static enum err file_read(void *context, void *buf, uint64_t off, size_t size)
{
	(void)context;
	if (off > sizeof(g_file) || size > sizeof(g_file) - off)
		return E_IO;
	memcpy(buf, g_file + off, size);
	return E_OK;
}

static enum err file_write(void *context, const void *buf, uint64_t off, size_t size)
{
	(void)context;
	if (off > sizeof(g_file) || size > sizeof(g_file) - off)
		abort();
	memcpy(g_file + off, buf, size);
	return E_OK;
}

static enum err file_sync(void *context)
{
	(void)context;
	return E_OK;
}

static const struct volume_device g_device = {
	.read = file_read, .write = file_write, .sync = file_sync};

/* header_encode has no door of its own: writing is one, and counts the sequence up. */
static void check_again(struct volume_header *header, const uint8_t *bytes)
{
	header->sequence--;
	if (volume_header_write(header, &g_device, g_key) != E_OK)
		abort();
	if (memcmp(g_file, bytes, VOLUME_HEADER_SIZE - VOLUME_HASH_SIZE) != 0 ||
	    memcmp(g_file, g_file + VOLUME_HEADER_SIZE, VOLUME_HEADER_SIZE) != 0)
		abort();
}

static void check_open(struct volume_headers *headers)
{
	const struct volume_secret secret = {VOLUME_INSECURE_KEY_ID, 17, g_key, sizeof(g_key)};
	const struct volume_keyring ring = {.seal = seal,
					    .owner = g_owner,
					    .secrets = &secret,
					    .secret_count = 1,
					    .random = {NULL, fixed}};
	const struct volume_header *header;
	uint8_t master[VOLUME_KEY_SIZE];
	uint32_t slot;

	if (volume_headers_read(headers, &g_device) == E_OK &&
	    volume_header_open(headers, &ring, &header, &slot, master) == E_OK)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct volume_header header;
	static struct volume_headers headers;
	static uint8_t bytes[VOLUME_HEADER_SIZE];

	if (size > sizeof(bytes))
		return 0;
	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, data, size);
	memcpy(g_file, bytes, sizeof(bytes));
	memset(g_file + sizeof(bytes), 0, sizeof(bytes));
	check_open(&headers);
	if (volume_header_decode(&header, bytes) == E_OK)
		check_again(&header, bytes);
	return 0;
}
