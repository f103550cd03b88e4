/* Outcomes as bytes, and back as the host or an owner's client takes them apart. */
#include "host/run.h"
#include "program/program.h"
#include "test/lib/check.h"

static struct program_outcome g_outcome;
static uint8_t g_bytes[PROGRAM_RESULT_MAX];
static struct host_run_result g_result;

static enum err there_and_back(void)
{
	memset(g_bytes, 0xee, sizeof(g_bytes));
	host_run_result_fini(&g_result);
	return host_run_result_decode(&g_result, g_bytes,
				      program_result_encode(g_bytes, &g_outcome));
}

TEST(an_empty_outcome_is_its_head)
{
	g_outcome = (struct program_outcome){.kind = RUN_REFUSED, .code = 7, .detail = {8, 9}};
	CHECK_EQ(program_result_encode(g_bytes, &g_outcome), sizeof(struct run_result));
	CHECK_EQ(there_and_back(), E_OK);
	CHECK(g_result.end.kind == RUN_REFUSED && g_result.end.code == 7);
	CHECK(g_result.end.detail[0] == 8 && g_result.end.detail[1] == 9);
	CHECK_EQ(g_result.text[0], 0);
}

TEST(names_of_any_length_come_back)
{
	static const char name[] = "a name that is cut at any place";

	for (uint32_t size = 0; size < sizeof(name); size++) {
		g_outcome = (struct program_outcome){.kind = RUN_TRAPPED, .frame_count = 2};
		g_outcome.frame[0] = (struct program_frame){1, 2, size ? name : NULL, size};
		g_outcome.frame[1] = (struct program_frame){3, 4, NULL, 0};
		CHECK_EQ(there_and_back(), E_OK);
		CHECK_EQ(g_result.frames[0].name_size, size);
		CHECK(size == 0 || (strlen(g_result.frame_names[0]) == size &&
				    memcmp(g_result.frame_names[0], name, size) == 0));
		CHECK(g_result.frames[1].func == 3 && g_result.frames[1].offset == 4);
	}
}

/* The most there can be, and names that are longer than what is told. */
TEST(the_largest_outcome_fits)
{
	static char name[1000];

	memset(name, 'n', sizeof(name));
	g_outcome = (struct program_outcome){.kind = RUN_TRAPPED,
					     .frame_count = RUN_FRAMES_MAX,
					     .value_count = RUN_VALUES_MAX,
					     .text_size = sizeof(g_outcome.text),
					     .volume_count = RUN_VOLUMES_MAX};
	for (uint32_t i = 0; i < RUN_VOLUMES_MAX; i++)
		g_outcome.volume[i] = (struct run_volume){.mount = i, .sequence = i + 5};
	for (uint32_t i = 0; i < RUN_FRAMES_MAX; i++)
		g_outcome.frame[i] = (struct program_frame){i, i + 1, name, sizeof(name)};
	for (uint32_t i = 0; i < RUN_VALUES_MAX; i++)
		g_outcome.value[i] = (struct run_value){0x7f, i};
	memset(g_outcome.text, 't', sizeof(g_outcome.text));
	CHECK_EQ(program_result_encode(g_bytes, &g_outcome), PROGRAM_RESULT_MAX);
	CHECK_EQ(there_and_back(), E_OK);
	CHECK(strlen(g_result.frame_names[RUN_FRAMES_MAX - 1]) == RUN_NAME_MAX);
	CHECK_EQ(g_result.values[RUN_VALUES_MAX - 1].bits, RUN_VALUES_MAX - 1);
	CHECK(strlen((const char *)g_result.text) == sizeof(g_outcome.text));
	CHECK(memcmp(g_result.volumes, g_outcome.volume, sizeof(g_outcome.volume)) == 0);
	host_run_result_fini(&g_result);
}

int main(void)
{
	RUN(an_empty_outcome_is_its_head);
	RUN(names_of_any_length_come_back);
	RUN(the_largest_outcome_fits);
	return check_report();
}
