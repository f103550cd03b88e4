/*
 * volume: SQLite with a rollback journal and synchronous=FULL on a volume. Whatever a crash leaves, at
 * any write, the database is whole, and every transaction that was committed is there. `long` as an argument:
 * more of it. Linked with libsqlite3.
 */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "test/lib/check.h"
#include "test/lib/volume_crash.h"
#include "test/lib/volume_nonces.h"
#include "test/lib/volume_pair.h"
#include "test/lib/volume_sqlite.h"

#define TRANSACTIONS_MAX 512

static bool g_long;

struct database {
	struct pair pair;
	struct disk_image start;
	struct crash_commit commits[TRANSACTIONS_MAX]; /* of SQLite's transactions */
	uint64_t digest[TRANSACTIONS_MAX];
	size_t count;
	uint64_t recovered; /* states with a journal to be played back */
};

static sqlite3 *db_open(struct volume *v)
{
	sqlite3 *db = NULL;

	volume_sqlite_use(v);
	if (sqlite3_open_v2("db", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
			    VOLUME_SQLITE_VFS) != SQLITE_OK) {
		printf("open: %s\n", sqlite3_errmsg(db));
		sqlite3_close(db);
		return NULL;
	}
	return db;
}

static bool db_run(sqlite3 *db, const char *sql)
{
	char *message = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &message) == SQLITE_OK)
		return true;
	printf("%.60s: %s\n", sql, message ? message : "?");
	sqlite3_free(message);
	return false;
}

/* The first column of the first row, as text; the caller frees. */
static char *db_ask(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *st = NULL;
	char *text = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		text = strdup(sqlite3_column_text(st, 0) ? (const char *)sqlite3_column_text(st, 0)
							 : "");
	else
		printf("%.60s: %s\n", sql, sqlite3_errmsg(db));
	sqlite3_finalize(st);
	return text;
}

/* Everything in the table. */
static uint64_t db_digest(sqlite3 *db)
{
	sqlite3_stmt *st = NULL;
	uint64_t h = 1;

	if (sqlite3_prepare_v2(db, "select k, n, v from t order by k", -1, &st, NULL) != SQLITE_OK)
		return 0;
	int step = sqlite3_step(st);

	for (; step == SQLITE_ROW; step = sqlite3_step(st)) {
		const uint8_t *p = sqlite3_column_blob(st, 2);
		const int size = sqlite3_column_bytes(st, 2);

		h = h * 31 + (uint64_t)sqlite3_column_int64(st, 0);
		h = h * 31 + (uint64_t)sqlite3_column_int64(st, 1);
		for (int i = 0; i < size; i++)
			h = (h ^ p[i]) * 0x100000001b3u;
	}
	sqlite3_finalize(st);
	return step == SQLITE_DONE ? h : 0;
}

static void db_note(struct database *d, sqlite3 *db, size_t begin)
{
	if (d->count == TRANSACTIONS_MAX)
		abort();
	d->commits[d->count] = (struct crash_commit){begin, d->pair.disk.log_count};
	d->digest[d->count] = db_digest(db);
	CHECK(d->digest[d->count] != 0);
	d->count++;
}

/* Inserts, changes, removes; n stands in the table. Some transactions are rolled back. */
static void db_transaction(struct database *d, sqlite3 *db, uint32_t n)
{
	char sql[512];
	const size_t begin = d->pair.disk.log_count;
	const uint32_t rows = 1 + pair_pick(&d->pair, 12);

	CHECK(db_run(db, "begin immediate"));
	for (uint32_t i = 0; i < rows; i++) {
		const uint32_t key = pair_pick(&d->pair, 60), size = pair_pick(&d->pair, 3000);

		snprintf(
			sql, sizeof(sql),
			pair_pick(&d->pair, 4) == 0
				? "delete from t where k = %u"
				: "insert or replace into t values (%u, %u, zeroblob(%u) || 'x%u')",
			key, n, size, i);
		CHECK(db_run(db, sql));
	}
	snprintf(sql, sizeof(sql), "insert or replace into t values (1000, %u, 'n')", n);
	CHECK(db_run(db, sql));
	if (pair_pick(&d->pair, 8) == 0) {
		CHECK(db_run(db, "rollback"));
		return;
	}
	CHECK(db_run(db, "commit"));
	db_note(d, db, begin);
}

/* Which transaction the database is at, after SQLite has played a journal back. */
static size_t db_look(void *context, struct disk_image *image, size_t last, size_t next)
{
	struct database *d = context;
	struct volume_disk disk;
	struct volume_state found, expected;
	struct volume *v;
	size_t at = SIZE_MAX;
	uint64_t ino;
	enum volume_type type;
	struct volume_stat st;

	disk_init(&disk);
	disk.image = *image;
	const struct volume_config config = pair_config(&d->pair, &disk);
	const enum err err = volume_open(&v, &config, d->pair.master, &found, &expected);

	if (err != E_OK) {
		printf("does not open: %d\n", (int)err);
	} else {
		d->recovered +=
			volume_lookup(v, VOLUME_ROOT, "db-journal", 10, &ino, &type) == E_OK &&
			volume_stat(v, ino, &st) == E_OK && st.size > 0;
		sqlite3 *db = db_open(v);
		char *whole = db ? db_ask(db, "pragma integrity_check") : NULL;

		if (whole && strcmp(whole, "ok") == 0) {
			const uint64_t digest = db_digest(db);

			for (size_t i = last; i <= next; i++)
				at = digest == d->digest[i] ? i : at;
		} else {
			printf("integrity: %s\n", whole ? whole : "?");
		}
		free(whole);
		sqlite3_close(db);
		if (volume_commit(v) != E_OK || !pair_check_volume(v, "after SQLite's recovery"))
			at = SIZE_MAX;
		volume_close(v);
	}
	*image = disk.image;
	return at;
}

static void db_crashes(const char *journal, const char *synchronous, uint64_t seed,
		       uint32_t transactions, uint32_t samples)
{
	static struct database d;
	char sql[64];

	memset(&d, 0, sizeof(d));
	pair_init(&d.pair, seed, VOLUME_CACHE_MIN, 0);
	sqlite3 *db = db_open(d.pair.v);

	snprintf(sql, sizeof(sql), "pragma journal_mode=%s", journal);
	CHECK(db && db_run(db, sql));
	snprintf(sql, sizeof(sql), "pragma synchronous=%s", synchronous);
	CHECK(db_run(db, sql));
	CHECK(db_run(db, "create table t (k integer primary key, n integer, v blob)"));
	CHECK(db_run(db, "create index i on t (n)"));
	CHECK_EQ(volume_commit(d.pair.v), E_OK);
	disk_image_copy(&d.start, &d.pair.disk.image);
	d.pair.disk.logging = true;
	db_note(&d, db, 0);
	for (uint32_t n = 1; n <= transactions; n++)
		db_transaction(&d, db, n);
	struct crash c = {.disk = &d.pair.disk,
			  .start = &d.start,
			  .commits = d.commits,
			  .commit_count = d.count,
			  .samples = samples,
			  .seed = 3,
			  .look = db_look,
			  .context = &d};

	crash_run(&c);
	printf("journal_mode=%s, synchronous=%s: %zu transactions, crashes at %llu writes, %llu "
	       "states: %llu at "
	       "the "
	       "last transaction, %llu at the next, %llu with a journal\n",
	       journal, synchronous, d.count - 1, (unsigned long long)c.points,
	       (unsigned long long)c.states, (unsigned long long)c.at_last,
	       (unsigned long long)c.at_next, (unsigned long long)d.recovered);
	CHECK_EQ(c.wrong, 0);
	CHECK(c.at_last > 100 && c.at_next > 0 && d.recovered > 10);
	volume_sqlite_use(d.pair.v);
	sqlite3_close(db);
	CHECK_EQ(nonces_repeated(), 0);
	nonces_forget();
	disk_image_free(&d.start);
	pair_fini(&d.pair);
}

/* With synchronous=FULL SQLite does not sync after it has removed the journal, on no file system: what
 * makes the last transaction durable there is EXTRA. */
TEST(sqlite_is_whole_after_a_crash_at_any_write)
{
	db_crashes("delete", "extra", 1, g_long ? 60 : 8, g_long ? 6 : 1);
}

TEST(sqlite_is_whole_whichever_way_the_journal_ends)
{
	db_crashes("truncate", "full", 2, g_long ? 40 : 4, g_long ? 6 : 1);
	db_crashes("persist", "full", 3, g_long ? 40 : 4, g_long ? 6 : 1);
}

/* SQLITE_FULL, nothing lost, and all well once there is room. */
static int db_count(sqlite3 *db)
{
	char *answer = db_ask(db, "select count(*) from t");
	const int count = answer ? atoi(answer) : -1;

	free(answer);
	return count;
}

static bool db_whole(sqlite3 *db)
{
	char *answer = db_ask(db, "pragma integrity_check");
	const bool whole = answer && strcmp(answer, "ok") == 0;

	free(answer);
	return whole;
}

/* Inserts until it says that it is full; how many rows. */
static int db_fill(sqlite3 *db)
{
	int result = SQLITE_OK, rows = 0;

	while (result == SQLITE_OK && rows < 10000) {
		result = sqlite3_exec(db, "insert into t (v) values (zeroblob(8000))", NULL, NULL,
				      NULL);
		rows += result == SQLITE_OK;
	}
	CHECK_EQ(result, SQLITE_FULL);
	return rows;
}

TEST(sqlite_says_that_the_disk_is_full_and_goes_on_when_it_is_not)
{
	static struct pair p;

	pair_init(&p, 4, VOLUME_CACHE_MIN, 0);
	p.disk.size_max = 4u << 20;
	sqlite3 *db = db_open(p.v);

	CHECK(db && db_run(db, "pragma journal_mode=truncate"));
	CHECK(db_run(db, "create table t (k integer primary key, v blob)"));
	const int rows = db_fill(db);

	CHECK(rows > 200);
	CHECK_EQ(db_count(db), rows);
	CHECK(db_whole(db));
	p.disk.size_max = 0;
	CHECK(db_run(db, "delete from t where k <= 20"));
	CHECK(db_run(db, "insert into t (v) values (zeroblob(8000))"));
	CHECK_EQ(db_count(db), rows - 19);
	CHECK(db_whole(db));
	sqlite3_close(db);
	CHECK_EQ(volume_commit(p.v), E_OK);
	CHECK(pair_check_volume(p.v, "after a full disk"));
	pair_fini(&p);
}

/* Room that a removed file leaves is the last commit's until the next one. */
TEST(sqlite_goes_on_in_a_full_volume_once_something_else_is_removed)
{
	static struct pair p;
	static uint8_t ballast[200000];
	uint32_t node;

	pair_init(&p, 5, VOLUME_CACHE_MIN, 4u << 20);
	CHECK_EQ(pair_create(&p, MODEL_ROOT, "ballast", 7, VOLUME_FILE, &node), E_OK);
	for (uint64_t i = 0; i < 3; i++)
		CHECK_EQ(pair_write(&p, node, ballast, sizeof(ballast), i * sizeof(ballast)), E_OK);
	sqlite3 *db = db_open(p.v);

	CHECK(db && db_run(db, "pragma journal_mode=truncate"));
	CHECK(db_run(db, "create table t (k integer primary key, v blob)"));
	const int rows = db_fill(db);

	CHECK_EQ(pair_unlink(&p, MODEL_ROOT, "ballast", 7), E_OK);
	CHECK_EQ(volume_commit(p.v), E_OK);
	CHECK(db_run(db, "delete from t where k <= 20"));
	CHECK(db_run(db, "insert into t (v) values (zeroblob(8000))"));
	CHECK_EQ(db_count(db), rows - 19);
	CHECK(db_whole(db));
	sqlite3_close(db);
	pair_fini(&p);
}

int main(int argc, char **argv)
{
	g_long = argc > 1 && strcmp(argv[1], "long") == 0;
	RUN(sqlite_is_whole_after_a_crash_at_any_write);
	RUN(sqlite_is_whole_whichever_way_the_journal_ends);
	RUN(sqlite_says_that_the_disk_is_full_and_goes_on_when_it_is_not);
	RUN(sqlite_goes_on_in_a_full_volume_once_something_else_is_removed);
	return check_report();
}
