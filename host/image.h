/* The enclave image and its signature as files, and what they say about identity. */
#ifndef HOST_IMAGE_H
#define HOST_IMAGE_H

#include "base/cc.h"
#include "host/base/files.h"
#include "include/retwine.h"
#include "sgx/sigstruct.h"

#define IMAGE_FILE_MAX ((size_t)64 << 20)

/* Zeroed is valid. */
struct image {
	char *path;
	char *sig_path;
	struct file elf;
	struct file sig;
	struct sgx_sigstruct
		sigstruct; /* a copy of sig, not checked: whoever loads the image does */
};

/* Reads both. path NULL: the image that belongs to this program. */
MUST_USE enum retwine_code image_load(struct image *image, const char *path,
				      struct retwine_error *error);
void image_fini(struct image *image);

/* MRENCLAVE of an image's bytes; `path` for messages. */
MUST_USE enum retwine_code image_measure(uint8_t mrenclave[32], const struct file *elf,
					 const char *path, struct retwine_error *error);

/* The part of the identity that the SIGSTRUCT alone says: all but MRENCLAVE and the program. */
void image_identity(struct retwine_identity *identity, const struct sgx_sigstruct *s);

#endif
