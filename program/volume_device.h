/*
 * A volume's file of the host, as volume/ wants it: read through the host's mapping without an exit where there is one,
 * by PREAD otherwise; written by PWRITE alone. Everything read is the host's word.
 */
#ifndef PROGRAM_VOLUME_DEVICE_H
#define PROGRAM_VOLUME_DEVICE_H

#include "hostcall/hostcall.h"
#include "volume/device.h"

/* One open file. It stays where it is from init to fini. */
struct volume_handle {
	uint32_t handle;
	struct host_mapping mapping; /* size 0: there is none; what is announced is fetched then: */
	uint64_t ahead_off, ahead_end; /* announced */
	uint64_t next;		       /* behind what was read last */
	uint64_t *shown;  /* a bit per region of the mapping that was announced, or NULL */
	uint8_t *fetched; /* HOSTCALL_DATA_MAX bytes, or NULL */
	uint64_t fetched_off;
	size_t fetched_size;
};

/* The handle stays the caller's. mapped: asks for a mapping, and does without one that the host does not give. */
void volume_handle_init(struct volume_handle *file, uint32_t handle, bool mapped);

/* Nobody reads any more. A zeroed one is allowed. */
void volume_handle_fini(struct volume_handle *file);

/* One thread at a time calls the operations. */
struct volume_device volume_handle_device(struct volume_handle *file);

#endif
