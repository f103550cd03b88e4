/*
 * SQLite as a kernel (bench/kernels/kernel.h): run(n) makes a database in memory and does what a
 * database does to it, in the proportions of SQLite's own public speed test: rows put in with and without
 * an index, found by number and by text, sorted, joined, changed, deleted. n is the percentage of the
 * full size. The result is a hash of all rows that came out. No file, no clock: neither build has an
 * operating system, so the same module runs in any engine, without imports.
 *
 * **Trust:** nobody's input.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/kernels/kernel.h"
#include "sqlite3.h"

struct bench {
	sqlite3 *db;
	uint32_t rows; /* of a table */
	uint32_t seed;
	uint64_t hash;
};

/* ---- a file system without files -------------------------------------------------------------- */

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
	(void)vfs, (void)name, (void)file, (void)flags, (void)out;
	return SQLITE_CANTOPEN;
}

static int vfs_full_name(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
	(void)vfs;
	sqlite3_snprintf(size, out, "%s", name);
	return SQLITE_OK;
}

static int vfs_randomness(sqlite3_vfs *vfs, int size, char *out)
{
	(void)vfs;
	memset(out, 7, (size_t)size);
	return size;
}

static int vfs_time(sqlite3_vfs *vfs, double *now)
{
	(void)vfs;
	*now = 2460000.5;
	return SQLITE_OK;
}

int sqlite3_os_init(void)
{
	static sqlite3_vfs vfs = {
		.iVersion = 1,
		.szOsFile = sizeof(sqlite3_file),
		.mxPathname = 64,
		.zName = "none",
		.xOpen = vfs_open,
		.xFullPathname = vfs_full_name,
		.xRandomness = vfs_randomness,
		.xCurrentTime = vfs_time,
	};

	return sqlite3_vfs_register(&vfs, 1);
}

int sqlite3_os_end(void)
{
	return SQLITE_OK;
}

/* ---- statements --------------------------------------------------------------------------------- */

static void hash_text(struct bench *b, const unsigned char *text)
{
	for (; text && *text; text++)
		b->hash = (b->hash ^ *text) * 0x100000001b3u;
}

static sqlite3_stmt *prepare(struct bench *b, const char *sql)
{
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(b->db, sql, -1, &s, NULL) != SQLITE_OK)
		abort();
	return s;
}

/* All rows, hashed. */
static void step(struct bench *b, sqlite3_stmt *s)
{
	int status;

	while ((status = sqlite3_step(s)) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(s); i++)
			hash_text(b, sqlite3_column_text(s, i));
	}
	if (status != SQLITE_DONE)
		abort();
	sqlite3_reset(s);
}

static void execute(struct bench *b, const char *sql)
{
	sqlite3_stmt *s = prepare(b, sql);

	step(b, s);
	sqlite3_finalize(s);
}

/* A number in syllables: a text of 2 to 16 letters. */
static void number_name(uint32_t value, char text[32])
{
	static const char syllables[] = "bacedifoguhajekilomunaperisotuva";

	do {
		memcpy(text, syllables + value % 16 * 2, 2);
		text += 2;
		value /= 16;
	} while (value);
	*text = 0;
}

static uint32_t random_below(struct bench *b, uint32_t bound)
{
	return kernel_random(&b->seed) % bound;
}

/* `count` times the same statement: ?1 a number as `order` says, ?2 a random one, ?3 a text, ?4 how
 * far a range reaches. */
enum order { RISING, MIXED };

static void repeat(struct bench *b, const char *sql, uint32_t count, enum order order)
{
	sqlite3_stmt *s = prepare(b, sql);

	execute(b, "BEGIN");
	for (uint32_t i = 1; i <= count; i++) {
		uint32_t value = random_below(b, b->rows * 4);
		char text[32];

		number_name(value, text);
		sqlite3_bind_int64(s, 1, order == RISING ? i : random_below(b, b->rows) + 1);
		sqlite3_bind_int64(s, 2, value);
		sqlite3_bind_text(s, 3, text, -1, SQLITE_STATIC);
		sqlite3_bind_int64(s, 4, value + b->rows / 50);
		step(b, s);
	}
	execute(b, "COMMIT");
	sqlite3_finalize(s);
}

/* ---- the work ------------------------------------------------------------------------------------- */

static void inserts(struct bench *b)
{
	execute(b, "CREATE TABLE t1(a INTEGER, b INTEGER, c TEXT)");
	execute(b, "CREATE TABLE t2(a INTEGER UNIQUE, b INTEGER, c TEXT)");
	execute(b, "CREATE TABLE t3(a INTEGER PRIMARY KEY, b INTEGER, c TEXT)");
	execute(b, "CREATE TABLE t4(a TEXT PRIMARY KEY, b INTEGER) WITHOUT ROWID");
	repeat(b, "INSERT INTO t1 VALUES(?1, ?2, ?3)", b->rows, RISING);
	repeat(b, "INSERT INTO t2 VALUES(?1, ?2, ?3)", b->rows, RISING);
	repeat(b, "INSERT OR REPLACE INTO t3 VALUES(?1, ?2, ?3)", b->rows, MIXED);
	repeat(b, "INSERT OR REPLACE INTO t4 VALUES(?3, ?2)", b->rows, MIXED);
}

static void reads(struct bench *b)
{
	uint32_t few = b->rows / 500 + 1, many = b->rows / 5;

	repeat(b, "SELECT count(*), avg(b), sum(length(c)) FROM t1 WHERE b BETWEEN ?2 AND ?4", few,
	       MIXED);
	repeat(b, "SELECT count(*), avg(b) FROM t1 WHERE c LIKE '%' || ?3 || '%'", few, MIXED);
	execute(b, "CREATE INDEX t1b ON t1(b)");
	execute(b, "CREATE INDEX t1c ON t1(c)");
	execute(b, "CREATE INDEX t3cb ON t3(c, b DESC)");
	repeat(b, "SELECT count(*), avg(b), sum(length(c)) FROM t1 WHERE b BETWEEN ?2 AND ?4",
	       many / 4, MIXED);
	repeat(b, "SELECT b, c FROM t2 WHERE a = ?1", many * 2, MIXED);
	repeat(b, "SELECT b FROM t4 WHERE a = ?3", many * 2, MIXED);
	repeat(b, "SELECT count(*), max(b) FROM t1 WHERE c BETWEEN ?3 AND ?3 || 'd'", many, MIXED);
}

static void sorts_and_joins(struct bench *b)
{
	execute(b, "SELECT a, c FROM t1 ORDER BY c || b, a LIMIT 5000");
	execute(b,
		"SELECT b % 1000, count(*), group_concat(a) FROM t2 GROUP BY 1 ORDER BY 2 DESC, 1");
	execute(b, "SELECT DISTINCT substr(c, 1, 4) FROM t3 ORDER BY 1 DESC");
	repeat(b,
	       "SELECT t1.a, t2.c, t3.b FROM t1, t2, t3 WHERE t1.b BETWEEN ?2 AND ?4 AND t2.a = "
	       "t1.a "
	       "AND t3.a = t2.b / 4",
	       b->rows / 100 + 1, MIXED);
	execute(b,
		"SELECT sum((SELECT count(*) FROM t1 WHERE t1.c = t2.c)) FROM t2 WHERE a % 3 = 0");
	execute(b, "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 3000) "
		   "SELECT sum(i), count(b) FROM r LEFT JOIN t3 ON t3.a = r.i");
}

static void changes(struct bench *b)
{
	uint32_t many = b->rows / 5;

	repeat(b, "UPDATE t1 SET c = ?3 WHERE b BETWEEN ?2 AND ?2 + 20", many, MIXED);
	repeat(b, "UPDATE t2 SET b = b + ?2 WHERE a = ?1", many, MIXED);
	execute(b, "UPDATE t3 SET b = b * 3 % 100000, c = c || 'x'");
	repeat(b, "DELETE FROM t1 WHERE b BETWEEN ?2 AND ?2 + 10", many / 2, MIXED);
	repeat(b, "DELETE FROM t4 WHERE a = ?3", many, MIXED);
	execute(b, "INSERT INTO t1 SELECT a, b, c FROM t2 WHERE b & 1");
	execute(b, "DELETE FROM t2");
	execute(b, "INSERT INTO t2 SELECT a, b, c FROM t3");
	execute(b, "ANALYZE");
	execute(b, "PRAGMA integrity_check");
	execute(b, "SELECT count(*), sum(b), sum(length(c)) FROM t1");
}

uint64_t run(uint32_t n)
{
	struct bench b = {.rows = 250 * n + 10, .seed = 1, .hash = 0xcbf29ce484222325u};

	if (sqlite3_initialize() != SQLITE_OK || sqlite3_open(":memory:", &b.db) != SQLITE_OK)
		abort();
	inserts(&b);
	reads(&b);
	sorts_and_joins(&b);
	changes(&b);
	sqlite3_close(b.db);
	return b.hash;
}
