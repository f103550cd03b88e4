/*
 * A program that has itself attested by way of stdio, as those written for Gramine do; then it looks at
 * what its verifier will: claims with its 64 bytes and its digests, and REPORTDATA that is their hash.
 */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define AT(name) "/dev/attestation/" name

/* In a report's body (Intel SDM volume 3D, REPORT). */
#define ATTRIBUTES_OFF	48
#define CONFIGID_OFF	192
#define REPORTDATA_OFF	320
#define QUOTE_BODY_OFF	48
#define QUOTE_BODY_SIZE 384

/* ---- SHA-256 (FIPS 180-4) ---- */

static uint32_t root_bits(double x)
{
	return (uint32_t)((x - (double)(uint64_t)x) * 4294967296.0);
}

static double root(double n, int degree)
{
	double x = n;

	for (int i = 0; i < 200; i++)
		x = degree == 2 ? (x + n / x) / 2 : (2 * x + n / (x * x)) / 3;
	return x;
}

static uint32_t turn(uint32_t x, int n)
{
	return x >> n | x << (32 - n);
}

static void sha_block(uint32_t h[8], const uint32_t k[64], const uint8_t *p)
{
	uint32_t w[64], v[8];

	for (int i = 0; i < 16; i++)
		w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 |
		       (uint32_t)p[4 * i + 2] << 8 | p[4 * i + 3];
	for (int i = 16; i < 64; i++)
		w[i] = w[i - 16] + w[i - 7] +
		       (turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ w[i - 15] >> 3) +
		       (turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ w[i - 2] >> 10);
	memcpy(v, h, sizeof(v));
	for (int i = 0; i < 64; i++) {
		const uint32_t one = v[7] + (turn(v[4], 6) ^ turn(v[4], 11) ^ turn(v[4], 25)) +
				     ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
		const uint32_t two = (turn(v[0], 2) ^ turn(v[0], 13) ^ turn(v[0], 22)) +
				     ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

		memmove(v + 1, v, 7 * sizeof(*v));
		v[4] += one;
		v[0] = one + two;
	}
	for (int i = 0; i < 8; i++)
		h[i] += v[i];
}

static void sha256(uint8_t out[32], const uint8_t *p, size_t size)
{
	uint8_t tail[128] = {0};
	uint32_t h[8], k[64];
	const size_t whole = size / 64 * 64, left = size - whole;
	const size_t end = left < 56 ? 64 : 128;
	int n = 0;

	for (int prime = 2; n < 64; prime++) {
		int d = 2;

		while (prime % d != 0)
			d++;
		if (d != prime)
			continue;
		if (n < 8)
			h[n] = root_bits(root(prime, 2));
		k[n++] = root_bits(root(prime, 3));
	}
	for (size_t i = 0; i < whole; i += 64)
		sha_block(h, k, p + i);
	memcpy(tail, p + whole, left);
	tail[left] = 0x80;
	for (int i = 0; i < 8; i++)
		tail[end - 1 - (size_t)i] = (uint8_t)((uint64_t)size * 8 >> (8 * i));
	for (size_t i = 0; i < end; i += 64)
		sha_block(h, k, tail + i);
	for (int i = 0; i < 32; i++)
		out[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}

/* ---- files ---- */

static void write_file(const char *path, const void *bytes, size_t size)
{
	FILE *f = fopen(path, "wb");

	assert(f);
	assert(fwrite(bytes, 1, size, f) == size);
	assert(fclose(f) == 0);
}

static size_t read_file(const char *path, uint8_t *out, size_t max)
{
	FILE *f = fopen(path, "rb");

	assert(f);
	const size_t n = fread(out, 1, max, f);

	assert(!ferror(f) && fclose(f) == 0);
	return n;
}

/* Of bytes in bytes; NULL when they are not there. */
static const uint8_t *find(const uint8_t *all, size_t size, const void *part, size_t part_size)
{
	return memmem(all, size, part, part_size);
}

static uint8_t g_user[64], g_claims[1024], g_launch[32], g_program[32];
static size_t g_claims_size;

/* A report's body says who we are, and REPORTDATA is the hash of the claims. */
static void check_body(const uint8_t *body)
{
	uint8_t want[64] = {0}, config[64] = {0};

	sha256(want, g_claims, g_claims_size);
	memcpy(config, g_launch, 32);
	assert(memcmp(body + REPORTDATA_OFF, want, 64) == 0);
	assert(memcmp(body + REPORTDATA_OFF, g_user, 64) != 0);
	assert(memcmp(body + CONFIGID_OFF, config, 64) == 0);
	assert((body[ATTRIBUTES_OFF] & 2) == 0); /* not for debugging */
}

static void check_claims(void)
{
	static const char domain[] = "retwine.guest.v1";

	g_claims_size = read_file(AT("claims"), g_claims, sizeof(g_claims));
	assert(g_claims_size != 0 && g_claims_size < sizeof(g_claims));
	assert(read_file(AT("launch_digest"), g_launch, sizeof(g_launch)) == 32);
	assert(read_file(AT("program_digest"), g_program, sizeof(g_program)) == 32);
	assert(find(g_claims, g_claims_size, g_user, sizeof(g_user)));
	assert(find(g_claims, g_claims_size, g_launch, 32));
	assert(find(g_claims, g_claims_size, g_program, 32));
	assert(find(g_claims, g_claims_size, domain, sizeof(domain) - 1));
	assert(!find(g_claims, g_claims_size, "retwine.channel", 15));
}

static void check_report(void)
{
	uint8_t target[512], report[1024];

	assert(read_file(AT("my_target_info"), target, sizeof(target)) == 512);
	write_file(AT("target_info"), target, sizeof(target));
	assert(read_file(AT("report"), report, sizeof(report)) == 432);
	check_body(report);
}

static void check_quote(void)
{
	static uint8_t quote[32768];
	const size_t size = read_file(AT("quote"), quote, sizeof(quote));

	assert(size > QUOTE_BODY_OFF + QUOTE_BODY_SIZE && size < sizeof(quote));
	assert(quote[0] == 3 && quote[1] == 0 && quote[2] == 2); /* version 3, ECDSA P-256 */
	check_body(quote + QUOTE_BODY_OFF);
}

int main(void)
{
	uint8_t abc[32], type[16], back[65];
	struct stat st;

	sha256(abc, (const uint8_t *)"abc", 3); /* FIPS 180-4, its example */
	assert(abc[0] == 0xba && abc[1] == 0x78 && abc[30] == 0x15 && abc[31] == 0xad);

	memset(g_user, 'u', sizeof(g_user));
	memcpy(g_user, "a hash of my public key", 23);
	write_file(AT("user_report_data"), g_user, sizeof(g_user));
	assert(read_file(AT("user_report_data"), back, sizeof(back)) == 64);
	assert(memcmp(back, g_user, 64) == 0);
	assert(read_file(AT("attestation_type"), type, sizeof(type)) == 4);
	assert(memcmp(type, "dcap", 4) == 0);
	check_claims();
	check_report();
	check_quote();

	/* other bytes, other evidence */
	g_user[0] = 'A';
	write_file(AT("user_report_data"), g_user, sizeof(g_user));
	check_claims();
	check_quote();

	assert(stat(AT("keys"), &st) == 0 && S_ISDIR(st.st_mode));
	assert(!fopen(AT("keys/default"), "rb") && errno == ENOENT);
	assert(!fopen(AT("quote"), "wb") && errno == EACCES);
	assert(remove(AT("quote")) != 0);
	return 0;
}
