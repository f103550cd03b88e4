/*
 * What a launch record's paths may be, and the digests that are a program's identity.
 * Trust: paths are anybody's; what is measured was decoded.
 */
#include "launch/launch.h"

#include <string.h>

#include "crypto/sha256.h"
#include "launch/impl.h"

bool launch_has_byte(struct launch_bytes b, uint8_t byte)
{
	for (size_t i = 0; i < b.size; i++) {
		if (b.p[i] == byte)
			return true;
	}
	return false;
}

int launch_compare(struct launch_bytes a, struct launch_bytes b)
{
	size_t n = a.size < b.size ? a.size : b.size;
	int c = n ? memcmp(a.p, b.p, n) : 0;

	if (c != 0)
		return c;
	return (a.size > b.size) - (a.size < b.size);
}

/* Is [p, p+n) a component that a canonical path may hold? */
static bool component_ok(const uint8_t *p, size_t n)
{
	if (n == 0 || (n == 1 && p[0] == '.'))
		return false;
	return !(n == 2 && p[0] == '.' && p[1] == '.');
}

bool launch_path_ok(struct launch_bytes path)
{
	if (path.size == 0 || launch_has_byte(path, 0))
		return false;
	if (path.size == 1 && (path.p[0] == '/' || path.p[0] == '.'))
		return true;
	size_t start = path.p[0] == '/' ? 1 : 0;

	for (size_t i = start; i <= path.size; i++) {
		if (i < path.size && path.p[i] != '/')
			continue;
		if (!component_ok(path.p + start, i - start))
			return false;
		start = i + 1;
	}
	return true;
}

/* ---- digests ---- */

/* What is sealed by a program that may write can be opened by it when it is to read alone. */
static void measure_sealed(const struct launch_record *record, uint8_t digest[LAUNCH_DIGEST_SIZE])
{
	static const char label[] = "retwine.sealed.v1";
	const uint8_t *p = record->program.p, *end = p + record->program.size;
	struct sha256 h;

	sha256_init(&h);
	sha256_update(&h, label, sizeof(label) - 1);
	for (uint32_t i = 0; i < record->mount_count; i++) {
		const struct launch_mount *m = &record->mounts[i];

		if (m->kind != LAUNCH_MOUNT_VOLUME)
			continue;
		sha256_update(&h, p, (size_t)(m->flags - p));
		sha256_update(&h, &(const uint8_t){*m->flags & (uint8_t)~FLAG_READ_ONLY}, 1);
		p = m->flags + 1;
	}
	sha256_update(&h, p, (size_t)(end - p));
	sha256_final(&h, digest);
}

void launch_measure(const struct launch_record *record, struct launch_digests *digests)
{
	static const char program_label[] = "retwine.program.v1";
	static const char launch_label[] = "retwine.launch.v1";
	static const char arguments_label[] = "retwine.arguments.v1";
	uint8_t invocation[LAUNCH_DIGEST_SIZE];
	struct sha256 h;

	sha256_init(&h);
	sha256_update(&h, program_label, sizeof(program_label) - 1);
	sha256_update(&h, record->program.p, record->program.size);
	sha256_final(&h, digests->program);

	sha256_digest(invocation, record->invocation.p, record->invocation.size);
	sha256_init(&h);
	sha256_update(&h, launch_label, sizeof(launch_label) - 1);
	sha256_update(&h, digests->program, LAUNCH_DIGEST_SIZE);
	sha256_update(&h, invocation, sizeof(invocation));
	sha256_final(&h, digests->launch);

	sha256_init(&h);
	sha256_update(&h, arguments_label, sizeof(arguments_label) - 1);
	sha256_update(&h, record->arguments.p, record->arguments.size);
	sha256_final(&h, digests->arguments);
	measure_sealed(record, digests->sealed);
}

void launch_measure_module(uint8_t module_digest[LAUNCH_DIGEST_SIZE],
			   uint8_t native_digest[LAUNCH_DIGEST_SIZE], const void *module,
			   size_t size, size_t section_off, size_t payload_off)
{
	must(section_off <= size && payload_off <= size);
	sha256_digest(module_digest, module, section_off);
	if (section_off == size)
		memset(native_digest, 0, LAUNCH_DIGEST_SIZE);
	else
		sha256_digest(native_digest, (const uint8_t *)module + payload_off,
			      size - payload_off);
}
