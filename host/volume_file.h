/*
 * A file of the host as a volume's device, with the lease that keeps a second writer out: an flock, for as
 * long as the file is open; one writer, or any number of readers. For what runs natively: the tools,
 * tests, measurements. Of an enclave's volumes the host side only opens the files.
 */
#ifndef HOST_VOLUME_FILE_H
#define HOST_VOLUME_FILE_H

#include "base/cc.h"
#include "include/retwine.h"
#include "volume/device.h"

enum volume_file_mode {
	VOLUME_FILE_READ,
	VOLUME_FILE_WRITE,
	VOLUME_FILE_LOOK,   /* to read without the lease what is not believed anyway */
	VOLUME_FILE_CREATE, /* a new one, to be written; the name must be free */
};

struct volume_file {
	int fd; /* above 2, close-on-exec; -1: closed */
};

/*
 * Opens a regular file and takes the lease. RETWINE_INPUT with words that name the file: it is not
 * there, is there already, is no regular file, or another process has it open ("a second writer"). A
 * new one can be read by its owner alone; who fails to fill it removes it.
 */
MUST_USE enum retwine_code volume_file_open(struct volume_file *file, const char *path,
					    enum volume_file_mode mode,
					    struct retwine_error *error);
/* Gives the lease back. */
void volume_file_close(struct volume_file *file);

/* Reads and writes the file, which must stay open and where it is. */
struct volume_device volume_file_device(struct volume_file *file);

#endif
