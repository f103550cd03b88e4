/*
 * A file system in the enclave's memory: the kind of mount that is trusted and gone at the end. What
 * it holds is bounded in bytes and in nodes. Access times stay as they are set; a change's time is
 * asked of the host's clock once, when somebody looks at it or lets go of the file.
 */
#ifndef WASI_FS_TMP_H
#define WASI_FS_TMP_H

#include "wasi/fs.h"

#define FS_TMP_SIZE_DEFAULT ((uint64_t)64 << 20)
#define FS_TMP_NODES_MAX    131072u

/*
 * An empty file system that takes `size` bytes, names and tables included (0: the default), and
 * belongs to mount number `mount`. *root: its root directory. Letting go of it frees everything: the
 * caller keeps it until no other node of the mount is in use. NOMEM.
 */
MUST_USE enum wasi_errno fs_tmp_new(uint64_t size, uint32_t mount, bool read_only,
				    struct fs_node **root);

#endif
