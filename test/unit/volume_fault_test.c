/*
 * volume: when the disk or the memory fails, at any point, an operation has happened or has not, or
 * the volume says that it is broken; and what was committed is there.
 */
#include <stdlib.h>
#include <string.h>

#include "test/lib/check.h"
#include "test/lib/native.h"
#include "test/lib/volume_crash.h"
#include "test/lib/volume_nonces.h"
#include "test/lib/volume_pair.h"
#include "volume/anchor.h"

struct fault {
	struct pair pair;
	char *before, *after; /* the tree at the last commit, and at the one that failed */
	struct volume_state last;
	uint64_t states, retried, broken;
};

static struct volume *fault_mount(struct fault *f, struct volume_disk *disk)
{
	struct volume_config config = pair_config(&f->pair, disk);
	struct volume_state found, expected;
	struct volume *v;

	config.read_only = true;
	return volume_open(&v, &config, f->pair.master, &found, &expected) == E_OK ? v : NULL;
}

/* 0: the last commit; 1: the next. */
static size_t fault_look(void *context, struct disk_image *image, size_t last, size_t next)
{
	struct fault *f = context;
	struct volume_disk disk;
	size_t at = SIZE_MAX;
	enum err err;

	(void)last;
	(void)next;
	disk_init(&disk);
	disk.image = *image;
	struct volume *v = fault_mount(f, &disk);
	char *dump = v ? model_dump_volume(v, &err) : NULL;

	if (dump && pair_check_volume(v, "after a fault"))
		at = strcmp(dump, f->before) == 0 ? 0 : strcmp(dump, f->after) == 0 ? 1 : SIZE_MAX;
	free(dump);
	volume_close(v);
	*image = disk.image;
	f->states++;
	return at;
}

/* What a crash leaves of the changes that were tried. */
static void fault_crash(struct fault *f, const struct disk_image *start)
{
	const struct crash_commit commits[] = {{0, 0}, {0, SIZE_MAX}};
	struct crash c = {.disk = &f->pair.disk,
			  .start = start,
			  .commits = commits,
			  .commit_count = 2,
			  .samples = 1,
			  .seed = 5,
			  .look = fault_look,
			  .context = f,
			  .limit = 60};

	crash_run(&c);
	CHECK_EQ(c.wrong, 0);
}

/* Commits with the n-th change of the disk failing. Whether one failed. */
static bool fault_commit(struct fault *f, long n, bool once, bool torn)
{
	struct pair *p = &f->pair;
	struct disk_image start = {0};

	disk_image_copy(&start, &p->disk.image);
	free(f->before);
	free(f->after);
	f->before = model_dump(&p->committed);
	f->after = model_dump(&p->model);
	p->disk.logging = true;
	p->disk.fail_after = n;
	p->disk.fail_once = once;
	p->disk.fail_torn = torn;
	p->disk.failed = p->disk.syncs = 0;
	enum err err = volume_commit(p->v);
	const bool failed = p->disk.failed > 0;

	CHECK(failed ? err == E_IO || err == E_OK : err == E_OK);
	if (err == E_IO && once) {
		/* After a sync that failed nothing is known any more; but for the first one of a mount, which is
		 * about the commit before. */
		const bool lost = p->disk.failed_kind == DISK_SYNC && p->disk.syncs > 1;

		err = volume_commit(p->v);
		CHECK_EQ(err, lost || err != E_OK ? E_VOLUME_BROKEN : E_OK);
		f->retried += err == E_OK;
		f->broken += err != E_OK;
	}
	if (err == E_OK)
		model_copy(&p->committed, &p->model);
	p->disk.fail_after = -1;
	p->disk.logging = false;
	fault_crash(f, &start);
	disk_log_clear(&p->disk);
	disk_image_free(&start);

	/* Without a crash: the medium has all that was written. */
	const size_t at = fault_look(f, &p->disk.image, 0, 1);

	CHECK(at == 1 || (at == 0 && err != E_OK));
	volume_close(p->v);
	p->v = NULL;
	model_copy(&p->model, at == 1 ? &p->model : &p->committed);
	return failed;
}

static void fault_open(struct fault *f)
{
	struct pair *p = &f->pair;
	struct volume_state found, expected;

	model_release_all(&p->model);
	model_copy(&p->committed, &p->model);
	CHECK_EQ(volume_open(&p->v, &p->config, p->master, &found, &expected), E_OK);
}

static void fault_every_change(bool once, bool torn)
{
	struct fault *f = calloc(1, sizeof(*f));
	bool failed = true;

	pair_init(&f->pair, 5, VOLUME_CACHE_MIN, 0);
	f->pair.file_max = 1u << 16;
	for (long n = 0; failed && n < 200; n++) {
		for (uint32_t i = 0; i < 25; i++)
			pair_step(&f->pair);
		failed = fault_commit(f, n, once, torn);
		fault_open(f);
		pair_compare(&f->pair);
	}
	CHECK(!failed);
	printf("failures%s%s: %llu states, %llu commits done again, %llu volumes broken\n",
	       once ? " once" : "", torn ? ", torn" : "", (unsigned long long)f->states,
	       (unsigned long long)f->retried, (unsigned long long)f->broken);
	CHECK_EQ(f->pair.wrong, 0);
	CHECK_EQ(nonces_repeated(), 0);
	nonces_forget();
	free(f->before);
	free(f->after);
	pair_fini(&f->pair);
	free(f);
}

TEST(volume_is_at_a_commit_when_the_disk_fails_once)
{
	fault_every_change(true, false);
	fault_every_change(true, true);
}

TEST(volume_is_at_a_commit_when_the_disk_fails_for_good)
{
	fault_every_change(false, false);
}

/* ---- a process that ends, and a machine that ends later ---- */

#define PUTS_MAX 8

struct sessions {
	struct pair pair;
	struct crash crash;
	struct volume_anchor anchor; /* remembers what it was told, and when */
	struct {
		size_t at; /* in the log */
		struct volume_state state;
	} puts[PUTS_MAX];
	size_t put_count;
	char *dump
		[3]; /* the last commit before; the one that was cut off; one of the mount after */
	uint64_t seen[3];
};

static enum err sessions_get(void *context, const uint8_t id[VOLUME_ID_SIZE],
			     struct volume_state *state)
{
	const struct sessions *s = context;

	(void)id;
	*state = s->puts[s->put_count - 1].state;
	return E_OK;
}

static enum err sessions_put(void *context, const uint8_t id[VOLUME_ID_SIZE],
			     const struct volume_state *state)
{
	struct sessions *s = context;

	(void)id;
	if (s->put_count == PUTS_MAX)
		abort();
	s->puts[s->put_count].at = s->pair.disk.log_count;
	s->puts[s->put_count++].state = *state;
	return E_OK;
}

/* The anchor's word at that moment of the log. */
static const struct volume_state *sessions_anchored(const struct sessions *s, size_t entry)
{
	size_t i = s->put_count - 1;

	while (i > 0 && s->puts[i].at > entry)
		i--;
	return &s->puts[i].state;
}

static size_t sessions_look(void *context, struct disk_image *image, size_t last, size_t next)
{
	struct sessions *s = context;
	struct volume_disk disk;
	struct volume_state found, expected;
	size_t at = SIZE_MAX;
	enum err err;
	struct volume *v;

	disk_init(&disk);
	disk.image = *image;
	struct volume_config config = pair_config(&s->pair, &disk);

	struct volume_pin pin;

	volume_pin_init(&pin, sessions_anchored(s, s->crash.entry));
	config.anchor = &pin.anchor;
	config.read_only = true;
	err = volume_open(&v, &config, s->pair.master, &found, &expected);
	char *dump = err == E_OK ? model_dump_volume(v, &err) : NULL;

	if (!dump)
		printf("does not open or cannot be read: %d\n", (int)err);
	/* When the last one has returned it is the only one that will do. */
	for (size_t i = last == next ? 2 : 0; dump && i < 3; i++) {
		if (strcmp(dump, s->dump[i]) == 0 && pair_check_volume(v, "after two sessions")) {
			s->seen[i]++;
			at = last;
		}
	}
	free(dump);
	if (err == E_OK)
		volume_close(v);
	*image = disk.image;
	return at;
}

static void sessions_open(struct sessions *s)
{
	struct volume_state found, expected;

	CHECK_EQ(volume_open(&s->pair.v, &s->pair.config, s->pair.master, &found, &expected), E_OK);
}

/* What a mount does that found the file as the one before left it in the memory of the host. */
static void sessions_second(struct sessions *s)
{
	struct pair *p = &s->pair;
	static uint8_t data[20000];
	uint64_t ino;
	size_t done;
	enum err err;

	sessions_open(s);
	CHECK_EQ(volume_create(p->v, VOLUME_ROOT, "second", 6, VOLUME_FILE, &ino), E_OK);
	CHECK_EQ(volume_write(p->v, ino, data, sizeof(data), 0, &done), E_OK);
	CHECK_EQ(volume_commit(p->v), E_OK);
	s->dump[2] = model_dump_volume(p->v, &err);
	CHECK_EQ(err, E_OK);
}

/* The process ends at the n-th change of a commit; another one goes on; then the machine ends. What the
 * first had written and not synced may be lost as late as then. Whether the commit was cut off. */
static bool sessions_run(struct sessions *s, long n)
{
	struct pair *p = &s->pair;
	struct disk_image start = {0};

	pair_init(p, 9, VOLUME_CACHE_MIN, 0);
	p->file_max = 1u << 16;
	for (uint32_t i = 0; i < 60; i++)
		pair_step(p);
	pair_commit(p);
	s->anchor = (struct volume_anchor){s, sessions_get, sessions_put};
	s->put_count = 1;
	s->puts[0].at = 0;
	volume_get_state(p->v, &s->puts[0].state);
	volume_close(p->v);
	p->config.anchor = &s->anchor;
	sessions_open(s);
	model_release_all(&p->committed);
	model_release_all(&p->model);
	s->dump[0] = model_dump(&p->committed);
	disk_image_copy(&start, &p->disk.image);
	p->disk.logging = true;
	for (uint32_t i = 0; i < 20; i++)
		pair_step(p);
	s->dump[1] = model_dump(&p->model);
	p->disk.fail_after = n;
	const enum err err = volume_commit(p->v);

	CHECK(err == E_OK || err == E_IO);
	volume_close(p->v);
	p->disk.fail_after = -1;
	sessions_second(s);
	const struct crash_commit commits[] = {{0, 0}, {0, p->disk.log_count}};
	s->crash = (struct crash){.disk = &p->disk,
				  .start = &start,
				  .commits = commits,
				  .commit_count = 2,
				  .samples = 3,
				  .seed = (uint64_t)n,
				  .look = sessions_look,
				  .context = s};
	crash_run(&s->crash);
	CHECK_EQ(s->crash.wrong, 0);
	disk_image_free(&start);
	for (size_t i = 0; i < 3; i++)
		free(s->dump[i]);
	nonces_forget();
	pair_fini(p);
	return err != E_OK;
}

TEST(volume_survives_a_machine_that_ends_after_a_process_did)
{
	static struct sessions s;
	long n = 0;

	while (sessions_run(&s, n) && n < 100)
		n++;
	printf("two sessions: cut off at %ld changes; %llu states at the commit before, %llu at "
	       "the one "
	       "that was cut off, %llu at the one after\n",
	       n, (unsigned long long)s.seen[0], (unsigned long long)s.seen[1],
	       (unsigned long long)s.seen[2]);
	CHECK(n > 3 && n < 100);
	CHECK(s.seen[0] > 0 && s.seen[1] > 0 && s.seen[2] > 0);
}

/* ---- memory ---- */

TEST(volume_survives_memory_that_fails)
{
	static struct pair p;

	pair_init(&p, 6, VOLUME_CACHE_MIN, 0);
	p.faults = true;
	for (uint32_t i = 0; i < 3000; i++) {
		const uint64_t failed = p.failed;

		native_heap_fail_at(pair_pick(&p, 3) ? (long)pair_pick(&p, 2) : -1);
		pair_step(&p);
		native_heap_fail_at(-1);
		if (p.failed > failed)
			pair_recover(&p);
		if (i % 60 == 59)
			pair_remount(&p, true);
		if (i % 100 == 0)
			pair_compare(&p);
	}
	pair_compare(&p);
	pair_commit(&p);
	CHECK(pair_check_volume(p.v, "after memory failed"));
	printf("%llu allocations failed, %llu times broken\n", (unsigned long long)p.failed,
	       (unsigned long long)p.losses);
	CHECK(p.failed > 10);
	CHECK_EQ(p.wrong, 0);
	pair_fini(&p);
}

TEST(volume_open_fails_cleanly_without_memory)
{
	static struct pair p;
	struct volume_state found, expected;

	pair_init(&p, 7, VOLUME_CACHE_MIN, 0);
	for (uint32_t i = 0; i < 200; i++)
		pair_step(&p);
	pair_commit(&p);
	volume_close(p.v);
	p.v = NULL;
	for (long n = 0; n < 1000 && !p.v; n++) {
		native_heap_fail_at(n);
		const enum err err = volume_open(&p.v, &p.config, p.master, &found, &expected);

		native_heap_fail_at(-1);
		CHECK(err == E_OK || err == E_NOMEM);
		if (err != E_OK)
			p.v = NULL;
	}
	model_release_all(&p.model);
	pair_compare(&p);
	CHECK_EQ(p.wrong, 0);
	pair_fini(&p);
}

TEST(volume_is_at_a_commit_when_memory_fails_in_a_commit)
{
	static struct pair p;
	long n = 0;

	pair_init(&p, 8, VOLUME_CACHE_MIN, 0);
	for (enum err err = E_NOMEM; err != E_OK && n < 300; n++) {
		for (uint32_t i = 0; i < 10; i++)
			pair_step(&p);
		native_heap_fail_at(n);
		err = volume_commit(p.v);
		native_heap_fail_at(-1);
		CHECK(err == E_OK || err == E_NOMEM);
		if (err != E_OK)
			pair_recover(&p);
		pair_compare(&p);
	}
	pair_remount(&p, true);
	pair_compare(&p);
	CHECK(pair_check_volume(p.v, "after memory failed in a commit"));
	CHECK_EQ(p.wrong, 0);
	pair_fini(&p);
}

int main(void)
{
	RUN(volume_is_at_a_commit_when_the_disk_fails_once);
	RUN(volume_is_at_a_commit_when_the_disk_fails_for_good);
	RUN(volume_survives_a_machine_that_ends_after_a_process_did);
	RUN(volume_survives_memory_that_fails);
	RUN(volume_open_fails_cleanly_without_memory);
	RUN(volume_is_at_a_commit_when_memory_fails_in_a_commit);
	return check_report();
}
