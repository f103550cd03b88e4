/*
 * Keys of volumes in files: an owner's P-256 key in PEM, whose private half stays with the owner, and
 * keys that are somebody's random bytes. Every failure is one line with the file's name.
 */
#ifndef HOST_KEY_FILE_H
#define HOST_KEY_FILE_H

#include "base/cc.h"
#include "crypto/p256.h"
#include "include/retwine.h"

/* A public key (SubjectPublicKeyInfo in PEM: openssl ec -pubout). RETWINE_INPUT: something else. */
MUST_USE enum retwine_code key_file_public(uint8_t key[P256_PUBLIC_SIZE], const char *path,
					   struct retwine_error *error);

/* A private key (SEC 1 or PKCS #8 in PEM, not encrypted). The caller wipes it. */
MUST_USE enum retwine_code key_file_private(uint8_t key[P256_PRIVATE_SIZE], const char *path,
					    struct retwine_error *error);

/* The bytes of a file, as they are, in memory that the caller wipes and frees (key_file_free).
 * RETWINE_INPUT: fewer than VOLUME_SECRET_MIN or more than VOLUME_SECRET_MAX. */
MUST_USE enum retwine_code key_file_secret(uint8_t **key, size_t *size, const char *path,
					   struct retwine_error *error);
void key_file_free(uint8_t *key, size_t size);

#endif
