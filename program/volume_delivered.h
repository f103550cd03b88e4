/*
 * The file of a delivered program's volume. Who delivers names no file of the host: it lies in the one directory
 * that the server has for volumes, under a name that comes from the delivered key and the volume's
 * label (volume/file_name.h). What others keep there is out of reach.
 */
#ifndef PROGRAM_VOLUME_DELIVERED_H
#define PROGRAM_VOLUME_DELIVERED_H

#include "launch/launch.h"
#include "volume/slot.h"

/*
 * Opens it, or with `create` makes it; the caller closes the handle. E_DEPLOY_VOLUME: the server has no
 * directory for volumes; E_VOLUME_ABSENT; E_VOLUME_BUSY: another run has it; E_NO_SPACE; E_IO.
 */
MUST_USE enum err volume_delivered_open(uint32_t *handle, const struct volume_secret *secret,
					const struct launch_mount *mount, bool create);

#endif
