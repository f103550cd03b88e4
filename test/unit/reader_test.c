/* The reader and the writer: every way to ask for more than there is. */
#include "base/reader.h"
#include "base/writer.h"

#include "test/lib/check.h"

TEST(reader_refuses_one_byte_too_many)
{
	uint8_t b[3] = {1, 2, 3};
	struct reader r;

	reader_init(&r, b, sizeof b);
	CHECK(reader_take(&r, 4) == NULL);
	CHECK(!reader_ok(&r));
	CHECK_EQ(reader_u8(&r), 0);
}

TEST(reader_takes_exactly_what_is_left)
{
	uint8_t b[3] = {1, 2, 3};
	struct reader r;

	reader_init(&r, b, sizeof b);
	CHECK(reader_take(&r, 3) == b);
	CHECK(reader_done(&r));
	CHECK(reader_take(&r, 0) != NULL);
	CHECK(reader_take(&r, 1) == NULL);
}

TEST(reader_stays_bad)
{
	uint8_t b[8] = {1};
	struct reader r;

	reader_init(&r, b, sizeof b);
	reader_fail(&r);
	CHECK(reader_take(&r, 0) == NULL);
	CHECK_EQ(reader_u64(&r), 0);
	CHECK(!reader_done(&r));
}

TEST(reader_does_not_wrap_on_a_huge_length)
{
	uint8_t b[3] = {1, 2, 3};
	struct reader r;

	reader_init(&r, b, sizeof b);
	CHECK(reader_take(&r, SIZE_MAX) == NULL);
}

TEST(reader_is_little_endian)
{
	uint8_t b[15] = {1, 2, 0, 3, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0x80};
	struct reader r;

	reader_init(&r, b, sizeof b);
	CHECK_EQ(reader_u8(&r), 1);
	CHECK_EQ(reader_u16(&r), 2);
	CHECK_EQ(reader_u32(&r), 3);
	CHECK_EQ(reader_u64(&r), 0x8000000000000004u);
	CHECK(reader_done(&r));
}

TEST(sub_reader_ends_where_it_must)
{
	uint8_t b[4] = {1, 2, 3, 4};
	struct reader r, s;

	reader_init(&r, b, sizeof b);
	s = reader_sub(&r, 2);
	CHECK_EQ(reader_u16(&s), 0x0201);
	CHECK_EQ(reader_u8(&s), 0);
	CHECK(!reader_ok(&s));
	CHECK(reader_ok(&r));
	s = reader_sub(&r, 3);
	CHECK(!reader_ok(&s) && !reader_ok(&r));
}

TEST(writer_measures_and_never_overruns)
{
	uint8_t b[4] = {9, 9, 9, 9};
	struct writer w;

	writer_init(&w, b, 3);
	writer_u16(&w, 0x0201);
	writer_u16(&w, 0x0403);
	CHECK(!writer_ok(&w));
	CHECK_EQ(w.len, 4);
	CHECK(b[0] == 1 && b[1] == 2 && b[2] == 9 && b[3] == 9);
}

int main(void)
{
	RUN(reader_refuses_one_byte_too_many);
	RUN(reader_takes_exactly_what_is_left);
	RUN(reader_stays_bad);
	RUN(reader_does_not_wrap_on_a_huge_length);
	RUN(reader_is_little_endian);
	RUN(sub_reader_ends_where_it_must);
	RUN(writer_measures_and_never_overruns);
	return check_report();
}
