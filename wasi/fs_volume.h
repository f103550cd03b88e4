/*
 * The kind of mount that is a trusted volume (volume/volume.h): what a program writes there stands encrypted and
 * authenticated in a file of the host. fd_sync and fd_datasync of any file or directory of it commit the whole volume; so
 * does each change of a file that was opened with a synchronous flag. Nothing else does: what stands between two of them
 * is there as a whole or not at all.
 */
#ifndef WASI_FS_VOLUME_H
#define WASI_FS_VOLUME_H

#include "volume/volume.h"
#include "wasi/fs.h"

/* Upper half of a file's device number: no other kind has it ("RTWV"). The lower half is the mount's number. */
#define FS_VOLUME_DEV ((uint64_t)0x52545756 << 32)

/*
 * The root directory of the volume, which belongs to mount number `mount`. The volume stays the caller's and open until
 * no node of the mount is in use; letting go of them commits nothing. The caller keeps *root until then. NOMEM.
 */
MUST_USE enum wasi_errno fs_volume_new(struct volume *volume, uint32_t mount, bool read_only,
				       struct fs_node **root);

#endif
