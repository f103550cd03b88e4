/*
 * JSON with limits. The depth is counted before jansson sees the text, so that neither its
 * recursion nor anybody's is the sender's to choose; then jansson decides what is JSON.
 * Trust: nothing of the text is believed.
 * Invariant: what attest_json_slice returns lies inside the text, whatever the text is.
 */
#include "attest/json.h"

#include <string.h>

/* A walk over the text by strings and brackets; what else is there is jansson's business. */
struct scan {
	const char *p;
	const char *end;
};

/* Past a string whose opening quote was read; false when it does not end. */
static bool scan_string(struct scan *s)
{
	while (s->p < s->end) {
		char c = *s->p++;

		if (c == '"')
			return true;
		if (c == '\\') {
			if (s->p == s->end)
				return false;
			s->p++;
		}
	}
	return false;
}

static bool json_depth_ok(const char *text, size_t size)
{
	struct scan s = {.p = text, .end = text + size};
	uint32_t depth = 0;

	while (s.p < s.end) {
		char c = *s.p++;

		if (c == '"' && !scan_string(&s))
			return false;
		if ((c == '{' || c == '[') && ++depth > ATTEST_JSON_DEPTH_MAX)
			return false;
		if ((c == '}' || c == ']') && depth-- == 0)
			return false;
	}
	return depth == 0;
}

static json_t *json_read(const char *text, size_t size, size_t flags)
{
	json_error_t error;
	json_t *json;

	if (size > ATTEST_JSON_SIZE_MAX || !json_depth_ok(text, size))
		return NULL;
	json = json_loadb(text, size, JSON_REJECT_DUPLICATES | flags, &error);
	if (json && !json_is_object(json)) {
		json_decref(json);
		return NULL;
	}
	return json;
}

json_t *attest_json_read(const char *text, size_t size)
{
	return json_read(text, size, 0);
}

json_t *attest_json_read_outer(const char *text, size_t size)
{
	return json_read(text, size, JSON_ALLOW_NUL);
}

static bool scan_space(struct scan *s)
{
	while (s->p < s->end && strchr(" \t\r\n", *s->p) && *s->p)
		s->p++;
	return s->p < s->end;
}

/* Past one value; false when there is none. */
static bool scan_value(struct scan *s)
{
	uint32_t depth = 0;

	while (s->p < s->end) {
		char c = *s->p;

		if (depth == 0 && (c == ',' || c == '}' || c == ']'))
			return true;
		s->p++;
		if (c == '"' && !scan_string(s))
			return false;
		if (c == '{' || c == '[')
			depth++;
		if (c == '}' || c == ']')
			depth--;
		if (depth == 0 && (c == '}' || c == ']' || c == '"'))
			return true;
	}
	return false;
}

bool attest_json_slice(const char **value, size_t *value_size, const char *text, size_t size,
		       const char *member)
{
	struct scan s = {.p = text, .end = text + size};
	size_t length = strlen(member);

	if (!scan_space(&s) || *s.p++ != '{')
		return false;
	while (scan_space(&s) && *s.p++ == '"') {
		const char *name = s.p;
		const char *begin;
		bool found;

		if (!scan_string(&s))
			return false;
		found = (size_t)(s.p - name) == length + 1 && memcmp(name, member, length) == 0;
		if (!scan_space(&s) || *s.p++ != ':' || !scan_space(&s))
			return false;
		begin = s.p;
		if (!scan_value(&s))
			return false;
		if (found) {
			*value = begin;
			*value_size = (size_t)(s.p - begin);
			return true;
		}
		if (!scan_space(&s) || *s.p++ != ',')
			return false;
	}
	return false;
}

bool attest_json_text(const char **out, const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	if (!text)
		return false;
	*out = text;
	return true;
}

bool attest_json_number(uint32_t *out, const json_t *object, const char *member, uint32_t max)
{
	const json_t *number = json_object_get(object, member);

	if (!json_is_integer(number) || json_integer_value(number) < 0 ||
	    json_integer_value(number) > (json_int_t)max)
		return false;
	*out = (uint32_t)json_integer_value(number);
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool attest_hex_read(uint8_t *out, size_t size, const char *digits, size_t digit_count)
{
	if (digit_count % 2 != 0 || digit_count / 2 != size)
		return false;
	for (size_t i = 0; i < size; i++) {
		int high = hex_digit(digits[2 * i]);
		int low = hex_digit(digits[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

bool attest_json_hex(uint8_t *out, size_t size, const json_t *object, const char *member)
{
	const json_t *text = json_object_get(object, member);

	return json_is_string(text) &&
	       attest_hex_read(out, size, json_string_value(text), json_string_length(text));
}

/* Decimal digits at p, exactly count; false when there are others. */
static bool date_number(int64_t *out, const char *p, uint32_t count)
{
	int64_t n = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		n = n * 10 + (p[i] - '0');
	}
	*out = n;
	return true;
}

static bool year_is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t month_days(int64_t year, int64_t month)
{
	static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && year_is_leap(year) ? 29 : days[month - 1];
}

/* Days from 1970-01-01 to the first of a year. */
static int64_t year_days(int64_t year)
{
	int64_t before = year - 1;

	return 365 * (year - 1970) + (before / 4 - before / 100 + before / 400) -
	       (1969 / 4 - 1969 / 100 + 1969 / 400);
}

bool attest_date_read(int64_t *out, const char *text)
{
	static const char form[] = "0000-00-00T00:00:00Z";
	int64_t year;
	int64_t month;
	int64_t day;
	int64_t hour;
	int64_t minute;
	int64_t second;
	int64_t days;

	if (strlen(text) != sizeof form - 1)
		return false;
	for (size_t i = 0; i < sizeof form - 1; i++) {
		if (form[i] != '0' && form[i] != text[i])
			return false;
	}
	if (!date_number(&year, text, 4) || !date_number(&month, text + 5, 2) ||
	    !date_number(&day, text + 8, 2) || !date_number(&hour, text + 11, 2) ||
	    !date_number(&minute, text + 14, 2) || !date_number(&second, text + 17, 2))
		return false;
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > month_days(year, month) ||
	    hour > 23 || minute > 59 || second > 59)
		return false;
	days = year_days(year) + day - 1;
	for (int64_t m = 1; m < month; m++)
		days += month_days(year, m);
	*out = ((days * 24 + hour) * 60 + minute) * 60 + second;
	return true;
}

bool attest_json_date(int64_t *out, const json_t *object, const char *member)
{
	const char *text;

	return attest_json_text(&text, object, member) && attest_date_read(out, text);
}
