/* Reads the CSV file: one header line, then rows of integers and two words, without quotes. */
#include "scoring.h"

#include <string.h>

#define LINE_MAX_BYTES 256

const char csv_header[] =
	"id,age,years_employed,income,debt,amount,utilization,late,inquiries,home,"
	"purpose,defaulted";
const char *const csv_homes[HOME_END] = {"own", "mortgage", "rent"};
const char *const csv_purposes[PURPOSE_END] = {"car", "house", "education", "business", "other"};

/* Gives the next line without its newline, within the buffer. A last line needs its newline too. */
static enum csv_result csv_read_line(struct csv_reader *r, const char **line, size_t *size)
{
	for (;;) {
		char *start = r->buffer + r->at;
		char *newline = memchr(start, '\n', r->end - r->at);
		if (newline != NULL) {
			*line = start;
			*size = (size_t)(newline - start);
			r->at += *size + 1;
			r->line++;
			return CSV_ROW;
		}
		size_t left = r->end - r->at;
		if (left > LINE_MAX_BYTES)
			return CSV_BAD;
		memmove(r->buffer, start, left);
		r->at = 0;
		r->end = left + fread(r->buffer + left, 1, sizeof(r->buffer) - left, r->file);
		if (r->end == left) {
			if (ferror(r->file))
				return CSV_READ_ERROR;
			return left == 0 ? CSV_END : CSV_BAD;
		}
	}
}

enum csv_result csv_read_header(struct csv_reader *r)
{
	const char *line;
	size_t size;
	enum csv_result result = csv_read_line(r, &line, &size);
	if (result != CSV_ROW)
		return result == CSV_END ? CSV_BAD : result;
	if (size != strlen(csv_header) || memcmp(line, csv_header, size) != 0)
		return CSV_BAD;
	return CSV_ROW;
}

/* Fields of one line; `bad` sticks. */
struct fields {
	const char *at, *end;
	bool bad;
};

static bool fields_end(struct fields *f, const char *field_end)
{
	if (field_end == f->end) {
		f->at = field_end;
		return true;
	}
	if (*field_end != ',')
		return false;
	f->at = field_end + 1;
	return true;
}

static uint32_t fields_number(struct fields *f)
{
	const char *p = f->at;
	uint64_t value = 0;
	while (p < f->end && *p >= '0' && *p <= '9' && value <= UINT32_MAX)
		value = value * 10 + (uint64_t)(*p++ - '0');
	if (p == f->at || value > UINT32_MAX || !fields_end(f, p)) {
		f->bad = true;
		return 0;
	}
	return (uint32_t)value;
}

static uint32_t fields_word(struct fields *f, const char *const *words, uint32_t count)
{
	const char *p = f->at;
	while (p < f->end && *p != ',')
		p++;
	size_t size = (size_t)(p - f->at);
	for (uint32_t i = 0; i < count; i++) {
		if (strlen(words[i]) == size && memcmp(words[i], f->at, size) == 0) {
			f->bad |= !fields_end(f, p);
			return i;
		}
	}
	f->bad = true;
	return 0;
}

enum csv_result csv_read(struct csv_reader *r, struct applicant *a)
{
	struct fields f = {0};
	size_t size;
	enum csv_result result = csv_read_line(r, &f.at, &size);
	if (result != CSV_ROW)
		return result;
	f.end = f.at + size;

	struct applicant row = {0};
	row.id = fields_number(&f);
	row.age = fields_number(&f);
	row.years_employed = fields_number(&f);
	row.income = fields_number(&f);
	row.debt = fields_number(&f);
	row.amount = fields_number(&f);
	row.utilization = fields_number(&f);
	row.late = fields_number(&f);
	row.inquiries = fields_number(&f);
	row.home = (enum home)fields_word(&f, csv_homes, HOME_END);
	row.purpose = (enum purpose)fields_word(&f, csv_purposes, PURPOSE_END);
	uint32_t defaulted = fields_number(&f);
	if (f.bad || f.at != f.end || defaulted > 1)
		return CSV_BAD;
	row.defaulted = defaulted == 1;
	*a = row;
	return CSV_ROW;
}
