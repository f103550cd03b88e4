/*
 * scoring generate ROWS FILE: writes a CSV file of synthetic applicants.
 * scoring score FILE: scores each of them and prints what came of it.
 */
#include "scoring.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BUCKET_POINTS 50
#define BUCKETS	      ((POINTS_MAX - POINTS_MIN) / BUCKET_POINTS + 1)

struct summary {
	uint64_t rows;
	uint64_t decided[DECISION_END];
	uint64_t defaulted[DECISION_END];
	uint64_t points;
	double probability;
	uint64_t good_at[POINTS_MAX + 1]; /* by points */
	uint64_t bad_at[POINTS_MAX + 1];
	uint64_t checksum; /* FNV-1a over points and decisions in the file's order */
};

static uint64_t fnv_add(uint64_t hash, uint32_t value)
{
	for (int i = 0; i < 4; i++) {
		hash ^= value & 0xff;
		hash *= 0x100000001b3u;
		value >>= 8;
	}
	return hash;
}

static void summary_add(struct summary *s, const struct applicant *a, const struct score *score)
{
	s->rows++;
	s->decided[score->decision]++;
	s->defaulted[score->decision] += a->defaulted;
	s->points += score->points;
	s->probability += score->probability;
	(a->defaulted ? s->bad_at : s->good_at)[score->points]++;
	s->checksum = fnv_add(s->checksum, a->id);
	s->checksum = fnv_add(s->checksum, score->points * 4 + (uint32_t)score->decision);
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole == 0 ? 0.0 : 100.0 * (double)part / (double)whole;
}

/* How often one who repaid has more points than one who defaulted (area under the ROC curve). */
static double summary_ranking(const struct summary *s)
{
	double good = 0.0, bad = 0.0, ordered = 0.0;
	for (uint32_t p = POINTS_MIN; p <= POINTS_MAX; p++) {
		ordered += (double)s->good_at[p] * (bad + 0.5 * (double)s->bad_at[p]);
		good += (double)s->good_at[p];
		bad += (double)s->bad_at[p];
	}
	return good == 0.0 || bad == 0.0 ? 0.5 : ordered / (good * bad);
}

static void summary_print_histogram(const struct summary *s)
{
	for (int bucket = 0; bucket < BUCKETS; bucket++) {
		uint32_t low = POINTS_MIN + (uint32_t)bucket * BUCKET_POINTS;
		uint64_t count = 0;
		for (uint32_t p = low; p < low + BUCKET_POINTS && p <= POINTS_MAX; p++)
			count += s->good_at[p] + s->bad_at[p];
		printf("points %" PRIu32 "+ %9" PRIu64 " ", low, count);
		for (uint64_t mark = 0; mark < (uint64_t)percent(count, s->rows); mark++)
			putchar('#');
		putchar('\n');
	}
}

static void summary_print(const struct summary *s)
{
	static const char *const names[DECISION_END] = {"approve", "refer", "decline"};
	double rows = s->rows == 0 ? 1.0 : (double)s->rows;

	printf("rows %" PRIu64 "\n", s->rows);
	for (int d = 0; d < DECISION_END; d++)
		printf("%-8s %9" PRIu64 "  %6.2f %%  of them defaulted %6.2f %%\n", names[d],
		       s->decided[d], percent(s->decided[d], s->rows),
		       percent(s->defaulted[d], s->decided[d]));
	printf("mean points %.6f\n", (double)s->points / rows);
	printf("mean probability of default %.9f\n", s->probability / rows);
	printf("ranking %.9f\n", summary_ranking(s));
	summary_print_histogram(s);
	printf("checksum %016" PRIx64 "\n", s->checksum);
}

static int fail(const char *path, const char *what)
{
	fprintf(stderr, "scoring: %s: %s\n", path, what);
	return 1;
}

static int command_generate(const char *rows_text, const char *path)
{
	char *end;
	errno = 0;
	unsigned long long rows = strtoull(rows_text, &end, 10);
	if (errno != 0 || *rows_text < '0' || *rows_text > '9' || *end != '\0' || rows > UINT32_MAX)
		return fail(rows_text, "not a number of rows");

	FILE *file = fopen(path, "wb");
	if (file == NULL)
		return fail(path, strerror(errno));
	bool ok = generate(file, (uint32_t)rows);
	if (fclose(file) != 0 || !ok)
		return fail(path, "cannot write");
	printf("%llu rows written\n", rows);
	return 0;
}

static int score_rows(struct csv_reader *reader, struct summary *summary, const char *path)
{
	struct applicant a;
	enum csv_result result = csv_read_header(reader);
	while (result == CSV_ROW && (result = csv_read(reader, &a)) == CSV_ROW) {
		struct score score = model_score(&a);
		summary_add(summary, &a, &score);
	}
	if (result == CSV_READ_ERROR)
		return fail(path, "cannot read");
	if (result == CSV_BAD) {
		fprintf(stderr, "scoring: %s: bad row after line %" PRIu64 "\n", path,
			reader->line);
		return 1;
	}
	return 0;
}

static int command_score(const char *path)
{
	static struct csv_reader reader;
	static struct summary summary = {.checksum = 0xcbf29ce484222325u};

	reader.file = fopen(path, "rb");
	if (reader.file == NULL)
		return fail(path, strerror(errno));
	int status = score_rows(&reader, &summary, path);
	fclose(reader.file);
	if (status != 0)
		return status;
	summary_print(&summary);
	return fflush(stdout) == 0 ? 0 : fail("standard output", "cannot write");
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "generate") == 0)
		return command_generate(argv[2], argv[3]);
	if (argc == 3 && strcmp(argv[1], "score") == 0)
		return command_score(argv[2]);
	fprintf(stderr, "usage: scoring generate ROWS FILE | scoring score FILE\n");
	return 2;
}
