/* Vectors in frames: between numbers, on the stack, in blocks, calls, globals. */
#include "test/unit/modules_simd.h"

#include "test/lib/check.h"
#include "test/lib/native.h"
#include "test/unit/guest_module.h"

/* What another engine (V8) gives for the exports. */
static const struct {
	const char *name;
	uint64_t a, b;
	int64_t wanted;
} cases[] = {
	{"locals", 0, 0, 6},
	{"locals", 1, 2, 3012},
	{"locals", 2, 3, 6015},
	{"locals", 5, 0, 15006},
	{"pending", 0, 0, 5005},
	{"pending", 1, 2, 10013},
	{"pending", 2, 3, 15018},
	{"pending", 5, 0, 30015},
	{"half", 0, 0, 9},
	{"half", 1, 2, 309},
	{"half", 2, 3, 509},
	{"half", 5, 0, 509},
	{"blocks", 0, 0, 50061},
	{"blocks", 1, 2, 3004},
	{"blocks", 2, 3, 3004},
	{"blocks", 5, 0, 50061},
	{"table", 0, 0, 1072},
	{"table", 1, 2, 9018},
	{"table", 2, 3, 4075},
	{"table", 5, 0, 1072},
	{"loop", 0, 0, 5050},
	{"loop", 1, 2, 6052},
	{"loop", 2, 3, 7053},
	{"loop", 5, 0, 10050},
	{"calls", 0, 0, 1047},
	{"calls", 1, 2, 4049},
	{"calls", 2, 3, 6050},
	{"calls", 5, 0, 6047},
	{"globals", 0, 0, 93192},
	{"globals", 1, 2, 94194},
	{"globals", 2, 3, 95195},
	{"globals", 5, 0, 98192},
	{"select", 0, 0, 5038},
	{"select", 1, 2, 12017},
	{"select", 2, 3, 14017},
	{"select", 5, 0, 8017},
	{"return", 0, 0, 0},
	{"return", 1, 2, 3004},
	{"return", 2, 3, 6007},
	{"return", 5, 0, 3004},
	{"dead", 0, 0, 4011},
	{"dead", 1, 2, 4011},
	{"dead", 2, 3, 4011},
	{"dead", 5, 0, 4011},
	{"constants", 0, 0, 136033},
	{"constants", 1, 2, 136035},
	{"constants", 2, 3, -137438681403},
	{"constants", 5, 0, -274877226779},
	{"again", 0, 0, 5},
	{"again", 1, 2, 5},
	{"again", 2, 3, 5},
	{"again", 5, 0, 5},
};

static enum err start(struct guest *g, const uint8_t *bytes, size_t size)
{
	enum err err = guest_init(g, &(struct wasm_store_config){0}, &(struct interp_limits){0});

	return err ? err : guest_add(g, bytes, size);
}

static void check_cases(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct guest g;

		CHECK_EQ(start(&g, bytes, size), E_OK);
		CHECK_EQ(guest_call(&g, cases[i].name, cases[i].a, cases[i].b, 0), TRAP_NONE);
		if ((int64_t)g.result[0] != cases[i].wanted)
			printf("%s %llu %llu\n", cases[i].name, (unsigned long long)cases[i].a,
			       (unsigned long long)cases[i].b);
		CHECK_EQ(g.result[0], cases[i].wanted);
		guest_fini(&g);
	}
}

TEST(vectors_and_numbers_keep_apart_in_frames_blocks_and_calls)
{
	check_cases(module_frames, sizeof module_frames);
}

TEST(vectors_and_numbers_keep_apart_in_far_slots)
{
	check_cases(module_far_frames, sizeof module_far_frames);
}

TEST(a_frame_counts_two_slots_for_a_vector)
{
	struct interp_limits limits = {.stack_size = 33000 * 2 * 8};
	struct guest g;

	CHECK_EQ(guest_init(&g, &(struct wasm_store_config){0}, &limits), E_OK);
	CHECK_EQ(guest_add(&g, module_far_frames, sizeof module_far_frames), E_OK);
	CHECK_EQ(guest_call(&g, "half", 1, 2, 0), TRAP_STACK_EXHAUSTED);
	guest_fini(&g);
}

TEST(want_of_memory_is_a_trap_at_every_allocation)
{
	unsigned failed = 0;

	for (long n = 0; n < 1000; n++) {
		struct guest g;

		CHECK_EQ(start(&g, module_frames, sizeof module_frames), E_OK);
		native_heap_fail_at(n);
		enum wasm_trap trap = guest_call(&g, "constants", 1, 2, 0);

		native_heap_fail_at(-1);
		guest_fini(&g);
		if (trap == TRAP_NONE)
			break;
		CHECK_EQ(trap, TRAP_OUT_OF_MEMORY);
		failed++;
	}
	CHECK(failed > 4);
}

int main(void)
{
	RUN(vectors_and_numbers_keep_apart_in_frames_blocks_and_calls);
	RUN(vectors_and_numbers_keep_apart_in_far_slots);
	RUN(a_frame_counts_two_slots_for_a_vector);
	RUN(want_of_memory_is_a_trap_at_every_allocation);
	return check_report();
}
