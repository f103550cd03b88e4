/*
 * Two anchors (struct volume_anchor, volume/volume.h). An anchor is what remembers the last state of a
 * volume outside of the disk that the host can turn back; a counter of a TPM or a peer enclave would
 * fit here as a third one.
 *
 *   pinned  the owner says at the start which state is the last one, and takes the new one at the end
 *   file    a file on a medium that the owner controls, and the host does not; anywhere else it protects
 *           from accidents alone
 */
#ifndef VOLUME_ANCHOR_H
#define VOLUME_ANCHOR_H

#include "volume/volume.h"

/* In memory. Sequence 0: the owner knows of no commit: only a new volume is acceptable. */
struct volume_pin {
	struct volume_anchor anchor;
	struct volume_state state; /* what put was given last, or what the owner said */
};

void volume_pin_init(struct volume_pin *pin, const struct volume_state *state);

#define VOLUME_ANCHOR_SLOT 512u /* bytes of a record; the file has two */

/*
 * Two records, written in turn:
 *
 *   u8 magic[8] "RTWANC1\0", u8 volume id[16], u64 counter, u64 sequence, u8 root[32], zeros,
 *   HMAC-SHA256 in the last 32 bytes, over all before, under a key from the master key
 *
 * The one with the higher counter whose MAC holds is the anchor's word. A file that is not empty and has
 * no such record (garbage, another volume's) is an error, never "knows nothing".
 */
struct volume_anchor_file {
	struct volume_anchor anchor;
	struct volume_device device;
	uint8_t key[32];
	uint64_t counter; /* of the newest record; 0: not read yet */
};

/* `device` is the anchor's file, `id` the volume's. volume_anchor_file_fini wipes. */
MUST_USE enum err volume_anchor_file_init(struct volume_anchor_file *file,
					  const struct volume_device *device,
					  const uint8_t id[VOLUME_ID_SIZE],
					  const uint8_t master[VOLUME_KEY_SIZE]);
void volume_anchor_file_fini(struct volume_anchor_file *file);

/* Before a volume is created: E_VOLUME_ANCHOR when the file is not empty, and so knows of another one. */
MUST_USE enum err volume_anchor_file_is_new(const struct volume_device *device);

#endif
