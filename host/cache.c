/*
 * The cache of native code.
 * Trust: nothing in it is believed. An entry begins with a digest of the rest, so that damage is
 * noticed, and has to be native code of this module; whether it may run is decided by its digest
 * alone, which the caller puts into the launch record (ARCHITECTURE.md).
 * Invariant: an entry appears whole, by renaming, or not at all.
 */
#include "host/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/sha256.h"
#include "host/base/cache_directory.h"
#include "host/base/text.h"
#include "host/base/words.h"
#include "host/compiler.h"
#include "host/engine.h"
#include "native/native.h"
#include "wasm/limits.h"

#define CACHE_LABEL	  "retwine.native-cache.v1"
#define CACHE_LEVEL	  1 /* what compiles quickly */
#define CACHE_ISA	  NATIVE_ISA_V3
#define COMPILER_SIZE_MAX ((size_t)1 << 30)
#define ENTRY_SIZE_MAX	  (SHA256_SIZE + 3 * (size_t)NATIVE_CODE_MAX)

/* One search for one module's code. */
struct cache {
	const struct module *module;
	const uint8_t *module_digest;
	const struct retwine_config *config;
	uint32_t flags; /* NATIVE_METERED .. */
	char *compiler;
	char *directory;
	char *entry; /* the file */
	struct retwine_error *error;
};

/* ---- the entry's name ---- */

static void hash_u32(struct sha256 *h, uint32_t v)
{
	const uint8_t bytes[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16),
				  (uint8_t)(v >> 24)};

	sha256_update(h, bytes, sizeof(bytes));
}

/* The compiler is told apart by its own bytes. */
static void cache_key(uint8_t key[SHA256_SIZE], const struct cache *c, const struct file *compiler)
{
	uint8_t compiler_digest[SHA256_SIZE];
	struct sha256 h;

	sha256_digest(compiler_digest, compiler->p, compiler->size);
	sha256_init(&h);
	sha256_update(&h, CACHE_LABEL, sizeof(CACHE_LABEL) - 1);
	sha256_update(&h, c->module_digest, LAUNCH_DIGEST_SIZE);
	sha256_update(&h, compiler_digest, sizeof(compiler_digest));
	hash_u32(&h, NATIVE_ABI_VERSION);
	hash_u32(&h, CACHE_ISA);
	hash_u32(&h, CACHE_LEVEL);
	hash_u32(&h, c->flags);
	sha256_final(&h, key);
}

static enum retwine_code name_entry(struct cache *c)
{
	struct file compiler = {0};
	struct text t = {0};
	uint8_t key[SHA256_SIZE];
	enum retwine_code code =
		file_read(&compiler, c->compiler, "the compiler", COMPILER_SIZE_MAX, c->error);

	if (code != RETWINE_OK)
		return code;
	cache_key(key, c, &compiler);
	file_fini(&compiler);
	text_add(&t, c->directory);
	text_add(&t, "/");
	text_add_hex(&t, key, sizeof(key));
	c->entry = text_take(&t);
	return c->entry ? RETWINE_OK : error_no_memory(c->error);
}

/* ---- its contents: SHA-256 of the payload, the payload ---- */

static bool payload_ok(const struct cache *c, const uint8_t *p, size_t size)
{
	struct native_image image;

	return native_decode(&image, p, size) == E_OK && image.header.isa == CACHE_ISA &&
	       native_check(&image, &c->module->wasm, c->module_digest, c->flags) == E_OK;
}

/* False: there is no entry, or none that can be used. */
static bool take_entry(const struct cache *c, struct file *payload)
{
	uint8_t digest[SHA256_SIZE];
	struct file f = {0};

	if (file_read(&f, c->entry, "the cache", ENTRY_SIZE_MAX, NULL) != RETWINE_OK)
		return false;
	bool ok = f.size > SHA256_SIZE;

	if (ok) {
		f.size -= SHA256_SIZE;
		sha256_digest(digest, f.p + SHA256_SIZE, f.size);
		ok = memcmp(digest, f.p, SHA256_SIZE) == 0 &&
		     payload_ok(c, f.p + SHA256_SIZE, f.size);
	}
	if (!ok) {
		file_fini(&f);
		return false;
	}
	memmove(f.p, f.p + SHA256_SIZE, f.size);
	*payload = f;
	return true;
}

/* False: not kept, which costs time the next time, and nothing now. */
static bool put_entry(const struct cache *c, const struct file *payload)
{
	uint8_t *p = malloc(SHA256_SIZE + payload->size);

	if (!p)
		return false;
	sha256_digest(p, payload->p, payload->size);
	memcpy(p + SHA256_SIZE, payload->p, payload->size);
	bool kept = file_write(c->entry, p, SHA256_SIZE + payload->size, "the cache", NULL) ==
		    RETWINE_OK;
	free(p);
	return kept;
}

/* ---- the compiler ---- */

/* The payload in what the compiler wrote: the module and the section behind it. */
static enum retwine_code read_compiled(const struct cache *c, struct file *payload,
				       const char *path)
{
	struct file f = {0};
	size_t at, payload_at;
	enum retwine_code code = file_read(&f, path, "the compiled module",
					   WASM_MAX_MODULE_SIZE + ENTRY_SIZE_MAX, c->error);

	if (code != RETWINE_OK)
		return code;
	wasm_find_native(f.p, f.size, &at, &payload_at);
	if (!payload_ok(c, f.p + payload_at, f.size - payload_at)) {
		file_fini(&f);
		return error_set(c->error, RETWINE_FAILED,
				 "%s: the compiler made no code that belongs to it; try again, or "
				 "install Retwine again",
				 c->config->module);
	}
	f.size -= payload_at;
	memmove(f.p, f.p + payload_at, f.size);
	*payload = f;
	return RETWINE_OK;
}

/* -O1 --isa v3 [--fuel] [--interruptible] -o OUTPUT MODULE, and a NULL. */
#define WORDS_MAX 9

static void compiler_words(const char *words[WORDS_MAX], const struct cache *c, const char *output,
			   const char *module)
{
	static_assert(CACHE_LEVEL == 1 && CACHE_ISA == NATIVE_ISA_V3, "the words");
	size_t n = 0;

	words[n++] = COMPILER_FILE_NAME;
	words[n++] = "-O1";
	words[n++] = "--isa=v3";
	if (c->flags & NATIVE_METERED)
		words[n++] = "--fuel";
	if (c->flags & NATIVE_POLLED)
		words[n++] = "--interruptible";
	words[n++] = "-o";
	words[n++] = output;
	words[n++] = module;
	words[n] = NULL;
}

static enum retwine_code compile_to(const struct cache *c, const char *output, const char *module)
{
	const char *words[WORDS_MAX];
	char said[RETWINE_MESSAGE_MAX];
	int status = 0;

	compiler_words(words, c, output, module);
	if (c->config->on_compile)
		c->config->on_compile(c->config->on_compile_context, c->config->module);
	enum retwine_code code = compiler_run(&status, said, c->compiler, words, c->error);

	if (code != RETWINE_OK || status == 0)
		return code;
	const size_t n = strlen(module); /* it may name the module itself */
	const char *why = strncmp(said, module, n) == 0 && said[n] == ':' ? said + n + 1 : said;

	why += strspn(why, " ");
	return error_set(c->error, RETWINE_INPUT, "cannot compile %s: %s", c->config->module,
			 why[0] ? why : "the compiler does not say why");
}

/* In a directory of its own, which goes again. */
static enum retwine_code compile_in(const struct cache *c, struct file *payload,
				    const char *directory)
{
	const char *module = c->config->module;
	char *output = NULL, *input = NULL;
	enum retwine_code code = RETWINE_OK;

	if (asprintf(&output, "%s/module.wasm", directory) < 0)
		output = NULL;
	if (asprintf(&input, "%s%s", module[0] == '-' ? "./" : "", module) < 0)
		input = NULL;
	if (!output || !input)
		code = error_no_memory(c->error);
	if (code == RETWINE_OK)
		code = compile_to(c, output, input);
	if (code == RETWINE_OK)
		code = read_compiled(c, payload, output);
	if (output)
		(void)unlink(output);
	free(output);
	free(input);
	return code;
}

static enum retwine_code compile(const struct cache *c, struct file *payload)
{
	char *directory = NULL;
	enum retwine_code code;

	if (asprintf(&directory, "%s/compile.XXXXXX", c->directory) < 0)
		return error_no_memory(c->error);
	if (!mkdtemp(directory)) {
		code = error_set(c->error, RETWINE_FAILED,
				 "cannot compile in %s: %s; make room there, or set XDG_CACHE_HOME "
				 "to another place",
				 c->directory, strerror(errno));
	} else {
		code = compile_in(c, payload, directory);
		(void)rmdir(directory);
	}
	free(directory);
	return code;
}

enum retwine_code cache_native(struct file *payload, const struct module *m,
			       const uint8_t module_digest[LAUNCH_DIGEST_SIZE],
			       const struct retwine_config *config, struct retwine_error *error)
{
	struct cache c = {
		.module = m,
		.module_digest = module_digest,
		.config = config,
		.flags = engine_required(config, m),
		.error = error,
	};
	enum retwine_code code = compiler_find(&c.compiler, error);

	if (code == RETWINE_OK)
		code = cache_directory(&c.directory, error);
	if (code == RETWINE_OK)
		code = name_entry(&c);
	if (code == RETWINE_OK && !take_entry(&c, payload)) {
		code = compile(&c, payload);
		if (code == RETWINE_OK)
			(void)put_entry(&c, payload);
	}
	free(c.compiler);
	free(c.directory);
	free(c.entry);
	return code;
}
