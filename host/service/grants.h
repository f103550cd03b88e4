/*
 * What the machine's owner gives to one run, whatever the enclave asks for: directories and limits.
 * The request of a run holds it (host/run.h), the service keeps it (host/service/service.h).
 */
#ifndef HOST_SERVICE_GRANTS_H
#define HOST_SERVICE_GRANTS_H

#include "base/cc.h"

/* A directory, or a volume's file, given to the program; handle HOST_HANDLE_MOUNTS + its index. */
struct service_mount {
	int dir_fd; /* opened with O_DIRECTORY; -1: no host side, the handle answers HOST_BADF */
	bool read_only;
	bool volume; /* dir_fd is a regular file, which MAP shows to the enclave */
	bool leased; /* of a directory: its files can be opened, each by one writer, and nothing else done */
};

/* The owner's limits; 0 is none. */
struct service_limits {
	uint32_t handles;    /* open at once, streams and mounts included */
	uint64_t disk_bytes; /* written to mounts or allocated there, overwriting too */
	uint64_t memory;     /* bytes of enclave memory asked for after the start */
	uint32_t threads;    /* at once, the first included */
};

#endif
