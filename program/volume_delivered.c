/*
 * A delivered program's volume finds its file.
 * Trust: the host may give any file, or none: what it gives is a volume's file like any other. The name
 * tells it nothing but that the same key and label were there before.
 */
#include "program/volume_delivered.h"

#include <assert.h>

#include "boundary/calls.h"
#include "hostcall/hostcall.h"
#include "volume/file_name.h"

static_assert(LAUNCH_LABEL_MAX <= VOLUME_KEY_ID_MAX, "every label can name a file");

static enum err open_error(enum host_errno error)
{
	switch (error) {
	case HOST_SUCCESS:
		return E_OK;
	case HOST_BADF: /* nothing has that handle, or what has it is no directory */
	case HOST_NOTDIR:
		return E_DEPLOY_VOLUME;
	case HOST_NOENT:
		return E_VOLUME_ABSENT;
	case HOST_BUSY:
		return E_VOLUME_BUSY;
	case HOST_NOSPC:
	case HOST_DQUOT:
		return E_NO_SPACE;
	default:
		return E_IO;
	}
}

enum err volume_delivered_open(uint32_t *handle, const struct volume_secret *secret,
			       const struct launch_mount *mount, bool create)
{
	const uint32_t flags = HOST_OPEN_READ | (mount->read_only ? 0 : HOST_OPEN_WRITE) |
			       (create ? HOST_OPEN_CREATE : 0);
	char name[VOLUME_FILE_NAME];

	volume_file_name(name, secret->key, secret->key_size, mount->label.p, mount->label.size);
	return open_error(hostcall_open(HOST_HANDLE_MOUNTS, (struct name){name, sizeof(name)},
					flags, handle));
}
