/*
 * A volume under a million transactions: transfers between accounts in a table-like file, a log that is appended to and
 * replaced, files that come and go; every transaction is a commit. Between them it is mounted again, checked in full,
 * and the accounts are compared with what they should be. Memory must stay flat and the file bounded.
 * `make check-volume-endurance`. Usage: endurance TRANSACTIONS
 */
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "test/lib/volume_disk.h"
#include "volume/check.h"
#include "volume/volume.h"

#define ACCOUNTS    65536u /* of 16 bytes: 1 MiB */
#define LOG_TURN    10000u /* transactions in a log */
#define FILES	    32u	   /* that exist at a time, of up to 64 KiB */
#define FILE_TURN   20u
#define ROUNDS	    20u /* mounts */
#define MEMORY_MORE (256u << 10)
/* Live data of up to 3 MiB, and what a transaction writes beside it. */
#define FILE_MAX_SIZE (8u << 20)

struct account {
	uint64_t balance, turns;
};

struct run {
	struct volume_disk disk;
	struct volume_config config;
	struct volume *v;
	struct account accounts[ACCOUNTS];
	uint64_t random, entropy, now, transactions;
	uint64_t table, log, folder, log_size;
	uint64_t file_max;
	uint8_t master[VOLUME_KEY_SIZE];
};

static struct run g_run;

static void must_be(enum err err, const char *what)
{
	if (err != E_OK) {
		printf("FAIL transaction %" PRIu64 ": %s: error %d\n", g_run.transactions, what,
		       (int)err);
		exit(1);
	}
}

static void claim(bool cond, const char *what)
{
	if (!cond) {
		printf("FAIL transaction %" PRIu64 ": %s\n", g_run.transactions, what);
		exit(1);
	}
}

static uint64_t mix(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static enum err fill(void *context, void *buf, size_t size)
{
	struct run *r = context;
	uint8_t *p = buf;

	for (size_t i = 0; i < size; i++)
		p[i] = (uint8_t)mix(&r->entropy);
	return E_OK;
}

static uint64_t tick(void *context)
{
	struct run *r = context;

	return r->now += 1000;
}

static void write_all(uint64_t ino, const void *buf, size_t size, uint64_t off)
{
	size_t done;

	must_be(volume_write(g_run.v, ino, buf, size, off, &done), "write");
	claim(done == size, "a write was short");
}

static uint64_t create(uint64_t dir, const char *name, enum volume_type type)
{
	uint64_t ino;

	must_be(volume_create(g_run.v, dir, name, strlen(name), type, &ino), name);
	return ino;
}

static uint64_t find(uint64_t dir, const char *name)
{
	enum volume_type type;
	uint64_t ino;

	must_be(volume_lookup(g_run.v, dir, name, strlen(name), &ino, &type), name);
	return ino;
}

static void mount_it(struct run *r)
{
	struct volume_state found, expected;

	must_be(volume_open(&r->v, &r->config, r->master, &found, &expected), "open");
	r->table = find(VOLUME_ROOT, "accounts");
	r->log = find(VOLUME_ROOT, "log");
	r->folder = find(VOLUME_ROOT, "files");
}

static void start(struct run *r)
{
	struct volume_state found, expected;

	disk_init(&r->disk);
	r->config = (struct volume_config){
		.device = disk_device(&r->disk),
		.random = {.context = r, .get = fill},
		.now = tick,
		.now_context = r,
		.cache_size = VOLUME_CACHE_MIN,
	};
	must_be(volume_format(&r->config, r->master), "format");
	must_be(volume_open(&r->v, &r->config, r->master, &found, &expected), "open");
	(void)create(VOLUME_ROOT, "log", VOLUME_FILE);
	(void)create(VOLUME_ROOT, "files", VOLUME_DIRECTORY);
	for (uint32_t i = 0; i < ACCOUNTS; i++)
		r->accounts[i].balance = 1000;
	write_all(create(VOLUME_ROOT, "accounts", VOLUME_FILE), r->accounts, sizeof(r->accounts),
		  0);
	must_be(volume_commit(r->v), "commit");
	volume_close(r->v);
	mount_it(r);
}

/* ---- transactions ----------------------------------------------------------------------------------------- */

static void change_account(struct run *r, uint32_t idx, uint64_t amount)
{
	struct account *a = &r->accounts[idx], read;
	uint64_t off = (uint64_t)idx * sizeof(read);
	size_t done;

	must_be(volume_read(r->v, r->table, &read, sizeof(read), off, &done), "read");
	claim(done == sizeof(read) && memcmp(&read, a, sizeof(read)) == 0,
	      "an account is not what it was");
	a->balance += amount;
	a->turns++;
	write_all(r->table, a, sizeof(*a), off);
}

static void append_log(struct run *r, const uint64_t words[4])
{
	if (r->transactions % LOG_TURN == LOG_TURN - 1) {
		r->log = create(VOLUME_ROOT, "log.new", VOLUME_FILE);
		must_be(volume_rename(r->v, VOLUME_ROOT, "log.new", 7, VOLUME_ROOT, "log", 3),
			"rename");
		r->log_size = 0;
	}
	write_all(r->log, words, 4 * sizeof(*words), UINT64_MAX);
	r->log_size += 4 * sizeof(*words);
}

/* One file goes, one comes. */
static void turn_file(struct run *r)
{
	static uint8_t bytes[65536];
	uint64_t turn = r->transactions / FILE_TURN;
	char name[32];

	if (turn >= FILES) {
		snprintf(name, sizeof(name), "%" PRIu64, turn - FILES);
		must_be(volume_unlink(r->v, r->folder, name, strlen(name)), "unlink");
	}
	snprintf(name, sizeof(name), "%" PRIu64, turn);
	memset(bytes, (int)turn, sizeof(bytes));
	write_all(create(r->folder, name, VOLUME_FILE), bytes, mix(&r->random) % sizeof(bytes), 0);
}

static void transaction(struct run *r)
{
	uint32_t from = (uint32_t)(mix(&r->random) % ACCOUNTS),
		 to = (uint32_t)(mix(&r->random) % ACCOUNTS);
	uint64_t amount = mix(&r->random) % (r->accounts[from].balance + 1);

	change_account(r, from, 0 - amount);
	change_account(r, to, amount);
	append_log(r, (const uint64_t[4]){r->transactions, from, to, amount});
	if (r->transactions % FILE_TURN == 0)
		turn_file(r);
	must_be(volume_commit(r->v), "commit");
	r->transactions++;
	if (r->disk.image.size > r->file_max)
		r->file_max = r->disk.image.size;
}

/* ---- what must hold ------------------------------------------------------------------------------------------- */

static void compare(struct run *r)
{
	static struct account read[ACCOUNTS];
	struct volume_check check;
	struct volume_stat st;
	uint64_t sum = 0;
	size_t done;

	must_be(volume_read(r->v, r->table, read, sizeof(read), 0, &done), "read");
	claim(done == sizeof(read) && memcmp(read, r->accounts, sizeof(read)) == 0,
	      "the accounts are not what they were");
	for (uint32_t i = 0; i < ACCOUNTS; i++)
		sum += read[i].balance;
	claim(sum == ACCOUNTS * 1000u, "the sum of all accounts has changed");
	must_be(volume_stat(r->v, r->log, &st), "stat");
	claim(st.size == r->log_size, "the log is not as long as it was");
	must_be(volume_check(r->v, &check, NULL, NULL), "check");
	if (check.problems)
		printf("%s (inode %" PRIu64 ")\n", check.what, check.ino);
	claim(check.problems == 0, "the full check has found something");
}

/* Bytes that are allocated, without the disk's. */
static uint64_t memory(const struct run *r)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd - r->disk.image.room;
}

int main(int argc, char **argv)
{
	struct run *r = &g_run;
	uint64_t count = argc == 2 ? strtoull(argv[1], NULL, 10) : 0, first = 0, last = 0;
	clock_t begin = clock();

	if (count < ROUNDS)
		return 2;
	start(r);
	for (uint32_t round = 1; round <= ROUNDS; round++) {
		struct volume_usage usage;

		while (r->transactions < count * round / ROUNDS)
			transaction(r);
		compare(r);
		volume_get_usage(r->v, &usage);
		last = memory(r);
		first = round == 2 ? last : first; /* everything has come to its size by then */
		printf("%8" PRIu64 " transactions  memory %6" PRIu64 " KiB  file %6" PRIu64
		       " KiB (most %" PRIu64 ")  in use %6" PRIu64 " KiB  %5.0f s\n",
		       r->transactions, last >> 10, r->disk.image.size >> 10, r->file_max >> 10,
		       usage.used * VOLUME_BLOCK_SIZE >> 10,
		       (double)(clock() - begin) / CLOCKS_PER_SEC);
		fflush(stdout);
		volume_close(r->v);
		mount_it(r);
	}
	compare(r);
	volume_close(r->v);
	disk_fini(&r->disk);
	claim(last <= first + MEMORY_MORE, "memory has grown");
	claim(r->file_max <= FILE_MAX_SIZE, "the file has grown");
	printf("1 passed, 0 failed\n");
	return 0;
}
