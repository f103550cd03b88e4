/*
 * The name under which a server keeps a volume that a delivered key opens (doc/deploy.md). It comes from
 * the key and the volume's label, so that only who has the key can name the file.
 */
#ifndef VOLUME_FILE_NAME_H
#define VOLUME_FILE_NAME_H

#include "volume/slot.h"

#define VOLUME_FILE_NAME 68u /* 64 hexadecimal digits and .rtw */

/* hex(HKDF(no salt, key, "retwine.volume.file.v1" || label)) and ".rtw", not terminated. The label has at most
 * VOLUME_KEY_ID_MAX bytes. */
void volume_file_name(char name[VOLUME_FILE_NAME], const void *key, size_t key_size,
		      const void *label, size_t label_size);

#endif
