/*
 * Where a volume's bytes lie: a file of the host, reached through these operations. Everything read
 * through them is untrusted; everything written is visible to the host. Offsets and sizes are bytes.
 *
 * Order. Writes may reach the medium in any order, whole or torn, until sync has returned E_OK; what
 * was written before it has reached the medium then. Nothing else is relied upon.
 */
#ifndef VOLUME_DEVICE_H
#define VOLUME_DEVICE_H

#include "base/cc.h"
#include "base/err.h"

struct volume_device {
	void *context;
	/* Copies size bytes once into memory that nobody else can change. E_IO: they are not there
	 * (a shorter file), or reading failed; E_HOST: the host broke the protocol. */
	enum err (*read)(void *context, void *buf, uint64_t off, size_t size);
	/* All of it, or an error: then any part of it may have been written. The file grows by it.
	 * E_NO_SPACE, E_IO, E_HOST. */
	enum err (*write)(void *context, const void *buf, uint64_t off, size_t size);
	enum err (*sync)(void *context);
	enum err (*size)(void *context, uint64_t *size);
	/* Shrinks, or grows with the space reserved. E_NO_SPACE, E_IO, E_HOST. */
	enum err (*set_size)(void *context, uint64_t size);
	/* These bytes will be read soon; NULL: the device does not care. */
	void (*ahead)(void *context, uint64_t off, uint64_t size);
};

#endif
