/*
 * Image and signature: reading, measuring, signing.
 * Trust: the files are anybody's; sgx/ checks them, EINIT judges them.
 */
#include "host/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/wipe.h"
#include "host/base/cpu.h"
#include "host/base/words.h"
#include "sgx/image.h"

static enum retwine_code load_elf(struct image *image, const char *path,
				  struct retwine_error *error)
{
	image->path = NULL;
	if (path) {
		image->path = strdup(path);
		if (!image->path)
			return error_no_memory(error);
	} else {
		enum retwine_code code = image_find(&image->path, error);

		if (code != RETWINE_OK)
			return code;
	}
	return file_read(&image->elf, image->path, "the enclave image", IMAGE_FILE_MAX, error);
}

static enum retwine_code load_signature(struct image *image, struct retwine_error *error)
{
	image->sig_path = signature_path(image->path);
	if (!image->sig_path)
		return error_no_memory(error);
	if (access(image->sig_path, F_OK) != 0)
		return error_set(
			error, RETWINE_REFUSED,
			"the enclave image has no signature %s; make one with 'retwine sign'",
			image->sig_path);
	enum retwine_code code =
		file_read(&image->sig, image->sig_path, "the image's signature", 1 << 20, error);

	if (code != RETWINE_OK)
		return code;
	if (image->sig.size != sizeof(image->sigstruct))
		return error_set(error, RETWINE_REFUSED,
				 "the signature %s is %zu bytes long, not %zu; make it again with "
				 "'retwine sign'",
				 image->sig_path, image->sig.size, sizeof(image->sigstruct));
	memcpy(&image->sigstruct, image->sig.p, sizeof(image->sigstruct));
	return RETWINE_OK;
}

enum retwine_code image_load(struct image *image, const char *path, struct retwine_error *error)
{
	struct image loaded = {0};
	enum retwine_code code = load_elf(&loaded, path, error);

	if (code == RETWINE_OK)
		code = load_signature(&loaded, error);
	if (code == RETWINE_OK)
		*image = loaded;
	else
		image_fini(&loaded);
	return code;
}

void image_fini(struct image *image)
{
	free(image->path);
	free(image->sig_path);
	file_fini(&image->elf);
	file_fini(&image->sig);
	*image = (struct image){0};
}

enum retwine_code image_measure(uint8_t mrenclave[32], const struct file *elf, const char *path,
				struct retwine_error *error)
{
	struct sgx_image *image = malloc(sizeof(*image));

	if (!image)
		return error_no_memory(error);
	cpu_set_crypto_hints();
	enum err err = sgx_image_open(image, elf->p, elf->size);

	if (err == E_OK)
		err = sgx_image_measure(image, mrenclave);
	free(image);
	if (err == E_OK)
		return RETWINE_OK;
	return error_set(error, RETWINE_INPUT,
			 "%s: not an enclave image of Retwine: %s; build it again", path,
			 words_err(err));
}

void image_identity(struct retwine_identity *identity, const struct sgx_sigstruct *s)
{
	*identity = (struct retwine_identity){
		.isv_prod_id = s->isvprodid,
		.isv_svn = s->isvsvn,
		.attributes = s->attributes.flags,
		.xfrm = s->attributes.xfrm,
		.miscselect = s->miscselect,
		.debug = (s->attributes.flags & ATTRIBUTE_DEBUG) != 0,
	};
	memcpy(identity->mr_enclave, s->enclavehash, sizeof(identity->mr_enclave));
	sgx_sigstruct_mrsigner(s, identity->mr_signer);
}

/* ---- signing ---- */

/* Today as BCD 0xYYYYMMDD, in UTC. */
static uint32_t today(void)
{
	time_t now = time(NULL);
	struct tm tm;
	unsigned n, bcd = 0;

	if (!gmtime_r(&now, &tm))
		return 0x20200101;
	n = (unsigned)(tm.tm_year + 1900) * 10000u + (unsigned)(tm.tm_mon + 1) * 100u +
	    (unsigned)tm.tm_mday;
	for (unsigned shift = 0; n != 0; n /= 10, shift += 4)
		bcd |= n % 10 << shift;
	return bcd;
}

/* A new key file, readable by its owner alone. pem: room for RSA_PEM_MAX bytes. */
static enum retwine_code write_key(const char *path, char *pem, struct retwine_error *error)
{
	uint8_t seed[RSA_SEED_SIZE];
	enum retwine_code code;

	if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		return error_set(error, RETWINE_FAILED, "cannot make a key: no randomness: %s",
				 strerror(errno));
	if (sgx_key_generate(pem, seed) != E_OK)
		code = error_set(error, RETWINE_FAILED, "cannot make a key: %s",
				 words_err(E_CRYPTO));
	else
		code = file_create(path, pem, strlen(pem), "the key", error);
	wipe(seed, sizeof(seed));
	return code;
}

enum retwine_code retwine_new_key(const char *path, struct retwine_error *error)
{
	char *pem = malloc(RSA_PEM_MAX);

	if (!pem)
		return error_no_memory(error);
	enum retwine_code code = write_key(path, pem, error);

	wipe(pem, RSA_PEM_MAX);
	free(pem);
	return code;
}

static enum retwine_code sign_with(const struct retwine_sign_options *o,
				   const struct sgx_sign *sign, const char *output,
				   struct retwine_error *error)
{
	struct file key = {0};
	struct sgx_sigstruct s;
	enum retwine_code code = file_read(&key, o->key, "the signing key", RSA_PEM_MAX, error);

	if (code != RETWINE_OK)
		return code;
	enum err err = sgx_sigstruct_create(&s, sign, (const char *)key.p, key.size);

	wipe(key.p, key.size);
	file_fini(&key);
	if (err == E_INVALID)
		return error_set(error, RETWINE_USAGE,
				 "cannot sign: 0x%x is not a date; write YYYYMMDD", sign->date);
	if (err != E_OK)
		return error_set(error, RETWINE_INPUT,
				 "cannot sign with %s: %s; make a key with --new-key", o->key,
				 words_err(err));
	return file_write(output, &s, sizeof(s), "the signature", error);
}

static enum retwine_code sign_image(const struct retwine_sign_options *o, const char *path,
				    const char *output, struct retwine_error *error)
{
	struct file elf = {0};
	struct sgx_sign sign = {
		.date = o->date ? o->date : today(),
		.isvprodid = o->isv_prod_id,
		.isvsvn = o->isv_svn,
	};

	if (file_is_same(output, path) || file_is_same(output, o->key))
		return error_set(error, RETWINE_USAGE,
				 "output: the signature would replace %s; name another file",
				 output);
	enum retwine_code code = file_read(&elf, path, "the enclave image", IMAGE_FILE_MAX, error);

	if (code == RETWINE_OK)
		code = image_measure(sign.mrenclave, &elf, path, error);
	file_fini(&elf);
	return code == RETWINE_OK ? sign_with(o, &sign, output, error) : code;
}

enum retwine_code retwine_sign(const struct retwine_sign_options *options,
			       struct retwine_error *error)
{
	char *path = NULL;

	if (!options->key)
		return error_set(error, RETWINE_USAGE, "cannot sign: no key; name one with --key");
	enum retwine_code code = RETWINE_OK;

	if (options->image) {
		path = strdup(options->image);
		if (!path)
			return error_no_memory(error);
	} else {
		code = image_find(&path, error);
	}
	char *output = NULL;

	if (code == RETWINE_OK) {
		output = options->output ? strdup(options->output) : signature_path(path);
		code = output ? sign_image(options, path, output, error) : error_no_memory(error);
	}
	free(output);
	free(path);
	return code;
}
