/*
 * Standard streams that do not lead to the host but to whoever runs the program, by callbacks: the
 * owner at the other end of a channel.
 */
#ifndef WASI_FS_STREAM_H
#define WASI_FS_STREAM_H

#include "wasi/wasi.h"

/* Stream 0, 1 or 2 over *streams, which outlives the node. NOMEM. */
MUST_USE enum wasi_errno fs_stream_new(const struct wasi_streams *streams, unsigned number,
				       struct fs_node **node);

#endif
