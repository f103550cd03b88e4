/*
 * The name of a served volume's file.
 * Trust: key and label are the caller's. The name tells who sees it nothing of either, but that two
 * are the same.
 */
#include "volume/file_name.h"

#include <assert.h>
#include <string.h>

#include "crypto/hkdf.h"

#define FILE_LABEL "retwine.volume.file.v1"

static const char g_end[4] = {'.', 'r', 't', 'w'};

static_assert(VOLUME_FILE_NAME == 2 * VOLUME_HASH_SIZE + sizeof(g_end), "digits and the end");

void volume_file_name(char name[VOLUME_FILE_NAME], const void *key, size_t key_size,
		      const void *label, size_t label_size)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t info[sizeof(FILE_LABEL) - 1 + VOLUME_KEY_ID_MAX], out[VOLUME_HASH_SIZE];

	must(label_size <= VOLUME_KEY_ID_MAX);
	memcpy(info, FILE_LABEL, sizeof(FILE_LABEL) - 1);
	memcpy(info + sizeof(FILE_LABEL) - 1, label, label_size);
	must(hkdf_sha256(out, sizeof(out), NULL, 0, key, key_size, info,
			 sizeof(FILE_LABEL) - 1 + label_size) == E_OK);
	for (size_t i = 0; i < sizeof(out); i++) {
		name[2 * i] = digits[out[i] >> 4];
		name[2 * i + 1] = digits[out[i] & 15];
	}
	memcpy(name + 2 * sizeof(out), g_end, sizeof(g_end));
}
