/*
 * Credit scoring over a CSV file: a logistic model with three decision trees on top gives each
 * applicant a probability of default, points and a decision. All arithmetic is integer or IEEE
 * double with operations that give the same bits everywhere (no libm), so that every build of the
 * program prints the same.
 */
#ifndef SCORING_H
#define SCORING_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum home { HOME_OWN, HOME_MORTGAGE, HOME_RENT, HOME_END };
enum purpose {
	PURPOSE_CAR,
	PURPOSE_HOUSE,
	PURPOSE_EDUCATION,
	PURPOSE_BUSINESS,
	PURPOSE_OTHER,
	PURPOSE_END
};

/* One row; money in whole euros. */
struct applicant {
	uint32_t id;
	uint32_t age;
	uint32_t years_employed;
	uint32_t income; /* a year */
	uint32_t debt;
	uint32_t amount;      /* that is asked for */
	uint32_t utilization; /* of credit lines, in thousandths */
	uint32_t late;	      /* payments in the last two years */
	uint32_t inquiries;
	enum home home;
	enum purpose purpose;
	bool defaulted; /* what became of it; the model does not look at it */
};

enum decision { DECISION_APPROVE, DECISION_REFER, DECISION_DECLINE, DECISION_END };

#define POINTS_MIN 300
#define POINTS_MAX 850

struct score {
	double probability; /* of default */
	uint32_t points;
	enum decision decision;
};

/* model.c: scores one applicant. Cannot fail: every value of every field is scored. */
struct score model_score(const struct applicant *a);

/* The logistic function, correct to about 1e-13, the same bits everywhere. */
double model_logistic(double z);

/* csv.c: the format of the file. */
extern const char csv_header[];
extern const char *const csv_homes[HOME_END];
extern const char *const csv_purposes[PURPOSE_END];

/* Reads a file row by row; zeroed but for `file`. */
struct csv_reader {
	FILE *file;
	uint64_t line;	/* of the row that was read last, from 1 */
	size_t at, end; /* what of the buffer is unread */
	char buffer[65536];
};

enum csv_result { CSV_ROW, CSV_END, CSV_BAD, CSV_READ_ERROR };

/* Checks the header line. */
enum csv_result csv_read_header(struct csv_reader *r);

/* Reads the next row. *a is written only on CSV_ROW. */
enum csv_result csv_read(struct csv_reader *r, struct applicant *a);

/* generate.c: writes `rows` applicants. The same rows every time. False when writing failed. */
bool generate(FILE *file, uint32_t rows);

#endif
