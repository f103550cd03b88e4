/*
 * SQLite's micro-benchmarks as papers on enclaves run them: rows of a number and a blob of 1,000 bytes, put in one after
 * the other, read in a row and at random, at growing sizes of the database, with a page cache of 8 MiB. Built natively and
 * for WebAssembly of the same source. A line each size: rows, then for inserting, reading in a row and reading at random
 * how many rows and how many nanoseconds.
 *
 * Usage: volume_sqlite DATABASE|:memory: VFS JOURNAL SYNCHRONOUS ROWS-OF-A-TRANSACTION SIZE...
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sqlite3.h"
#ifdef __wasi__
#include "examples/sqlite_volume/volume_vfs.h"
#endif

#define BLOB	   1000
#define RANDOM_MAX 20000u /* rows read at random at one size */

struct bench {
	sqlite3 *db;
	uint32_t rows, transaction;
	uint64_t random;
};

static void fail(struct bench *b, const char *what)
{
	fprintf(stderr, "%s: %s\n", what, b->db ? sqlite3_errmsg(b->db) : "no memory");
	exit(1);
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static void execute(struct bench *b, const char *sql)
{
	if (sqlite3_exec(b->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail(b, sql);
}

static sqlite3_stmt *prepare(struct bench *b, const char *sql)
{
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(b->db, sql, -1, &s, NULL) != SQLITE_OK)
		fail(b, sql);
	return s;
}

static uint64_t insert(struct bench *b, uint32_t rows)
{
	sqlite3_stmt *s = prepare(b, "INSERT INTO t VALUES(?1, ?2)");
	uint64_t blob[BLOB / 8], start = now();
	uint32_t open = 0;

	for (; b->rows < rows; open = (open + 1) % b->transaction) {
		if (open == 0)
			execute(b, "BEGIN");
		b->rows++;
		for (uint32_t i = 0; i < BLOB / 8; i++)
			blob[i] = mix((uint64_t)b->rows * BLOB + i);
		sqlite3_bind_int64(s, 1, b->rows);
		sqlite3_bind_blob(s, 2, blob, BLOB, SQLITE_STATIC);
		if (sqlite3_step(s) != SQLITE_DONE || sqlite3_reset(s) != SQLITE_OK)
			fail(b, "INSERT");
		if (open + 1 == b->transaction || b->rows == rows)
			execute(b, "COMMIT");
	}
	sqlite3_finalize(s);
	return now() - start;
}

static void check(struct bench *b, sqlite3_stmt *s, uint64_t row)
{
	uint64_t word = mix(row * BLOB);

	if (sqlite3_column_bytes(s, 0) != BLOB ||
	    memcmp(sqlite3_column_blob(s, 0), &word, sizeof(word)) != 0)
		fail(b, "a row is not what was put in");
}

static uint64_t read_in_a_row(struct bench *b)
{
	sqlite3_stmt *s = prepare(b, "SELECT data FROM t ORDER BY id");
	uint64_t start = now(), row = 0;

	while (sqlite3_step(s) == SQLITE_ROW)
		check(b, s, ++row);
	if (row != b->rows || sqlite3_finalize(s) != SQLITE_OK)
		fail(b, "SELECT");
	return now() - start;
}

static uint64_t read_at_random(struct bench *b, uint32_t count)
{
	sqlite3_stmt *s = prepare(b, "SELECT data FROM t WHERE id = ?1");
	uint64_t start = now();

	for (uint32_t i = 0; i < count; i++) {
		uint64_t row = mix(b->random++) % b->rows + 1;

		sqlite3_bind_int64(s, 1, (sqlite3_int64)row);
		if (sqlite3_step(s) != SQLITE_ROW)
			fail(b, "SELECT");
		check(b, s, row);
		sqlite3_reset(s);
	}
	sqlite3_finalize(s);
	return now() - start;
}

static void open_database(struct bench *b, const char *path, const char *vfs, const char *journal,
			  const char *synchronous)
{
	char sql[256];

#ifdef __wasi__
	if (volume_vfs_register(0) != SQLITE_OK)
		fail(b, "volume_vfs_register");
#endif
	if (sqlite3_open_v2(path, &b->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs) !=
	    SQLITE_OK)
		fail(b, path);
	snprintf(sql, sizeof(sql),
		 "PRAGMA page_size = 4096; PRAGMA cache_size = -8192; PRAGMA journal_mode = %s; "
		 "PRAGMA synchronous = %s; CREATE TABLE t(id INTEGER PRIMARY KEY, data BLOB)",
		 journal, synchronous);
	execute(b, sql);
}

int main(int argc, char **argv)
{
	struct bench b = {.random = 1};

	if (argc < 7 || atoi(argv[5]) <= 0)
		return 2;
	b.transaction = (uint32_t)atoi(argv[5]);
	open_database(&b, argv[1], argv[2], argv[3], argv[4]);
	for (int i = 6; i < argc; i++) {
		uint32_t rows = (uint32_t)atoi(argv[i]), before = b.rows;
		uint32_t some = rows < RANDOM_MAX ? rows : RANDOM_MAX;
		uint64_t put, row, mixed;

		if (rows <= before)
			return 2;
		put = insert(&b, rows);
		row = read_in_a_row(&b);
		mixed = read_at_random(&b, some);
		printf("%u %u %llu %u %llu %u %llu\n", rows, rows - before, (unsigned long long)put,
		       rows, (unsigned long long)row, some, (unsigned long long)mixed);
	}
	return sqlite3_close(b.db) == SQLITE_OK ? 0 : 1;
}
