/*
 * Which native code a program is allowed to have: every claim that does not hold is refused before
 * anything is placed or runs. And how a program with native code ends, whose "code" is here a function of
 * the test (test/lib/native_fake.h).
 */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "host/base/park.h"
#include "platform/platform.h"
#include "native/verify.h"
#include "program/program.h"
#include "test/lib/check.h"
#include "test/lib/native_fake.h"
#include "test/lib/machine.h"
#include "test/lib/native_program.h"
#include "test/lib/native_section.h"
#include "test/unit/thread_modules.h"
#include "wasi/abi.h"
#include "wasm/trap.h"

static struct program_outcome g_out;
static uint8_t g_module[8192];
static size_t g_module_size;
static struct native_header g_header; /* of the section that attach() makes */

enum err platform_random(void *out, size_t size)
{
	memset(out, 1, size);
	return E_OK;
}

static void set_up(void)
{
	g_header = native_header_for(module_threads, sizeof(module_threads));
	native_threads_use(NATIVE_THREADS_REFUSED);
}

static void attach(int cut)
{
	g_module_size = native_attach(g_module, sizeof(g_module), module_threads,
				      sizeof(module_threads), &g_header, cut);
}

/* Runs g_module as the record says; it exports `grow` that takes nothing. */
static void run_record(struct launch_record r)
{
	r.diagnostics = LAUNCH_DIAGNOSTICS_BACKTRACE;
	r.args_policy = LAUNCH_ARGS_ANY;
	r.invoke = (struct launch_bytes){(const uint8_t *)"grow", 4};
	native_program_run(&r, g_module, g_module_size, (const int[]){-1, -1, -1}, &g_out);
}

/* One thread, so that nobody has to be interrupted. */
static void run(struct launch_limits limits)
{
	limits.threads = limits.threads ? limits.threads : 1;
	run_record((struct launch_record){.engine = LAUNCH_ENGINE_NATIVE, .limits = limits});
}

static bool refused(enum err err)
{
	return g_out.kind == RUN_REFUSED && g_out.code == err && g_out.frame_count == 0;
}

/* The message speaks of the section. */
static bool names_section(void)
{
	return g_out.text_size == strlen(NATIVE_SECTION_NAME) &&
	       memcmp(g_out.text, NATIVE_SECTION_NAME, g_out.text_size) == 0;
}

/* Where the code of the section stands in g_module: the facts are behind it. */
static uint8_t *section_code(void)
{
	return g_module + g_module_size - g_header.facts_size - g_header.code_size;
}

/* Its name is the module's: what the host shows, and what it escapes. */
static bool names_function(const char *name)
{
	return g_out.text_size == strlen(name) && memcmp(g_out.text, name, g_out.text_size) == 0;
}

/* The digests are those of the bytes, and still nothing of it runs. */
TEST(code_that_is_not_verified_is_refused_by_function_and_place)
{
	set_up();
	for (uint32_t i = 0; i < g_header.func_count; i++) {
		attach(0);
		memcpy(section_code() + (size_t)NATIVE_CODE_ALIGN * i, "\x90\x0f\x05",
		       3); /* SYSCALL */
		run((struct launch_limits){0});
		CHECK(refused(E_NATIVE_UNVERIFIED) && names_function(""));
		CHECK_EQ(g_out.detail[0], 1);
		CHECK_EQ((uint32_t)g_out.detail[1], 3 + i); /* behind the imported ones */
		CHECK_EQ(g_out.detail[1] >> 32, VERIFY_INSTRUCTION);
		CHECK_EQ(native_fake_placed(), 0);
	}
}

TEST(a_refused_routine_is_told_apart_from_functions)
{
	set_up();
	native_header_add_routine(&g_header);
	attach(0);
	run((struct launch_limits){0});
	CHECK(refused(E_NATIVE_WINDOW)); /* verified, and looked at no further here */
	native_fake_reset();
	section_code()[g_header.code_size - NATIVE_CODE_ALIGN] = 0xc9; /* LEAVE */
	run((struct launch_limits){0});
	CHECK(refused(E_NATIVE_UNVERIFIED) && names_function(""));
	CHECK(g_out.detail[0] == 0 && (uint32_t)g_out.detail[1] == RUN_NO_FUNCTION);
	CHECK_EQ(native_fake_placed(), 0);
}

/* (module (func $main (export "grow") (result i32) (i32.const 0))), with its names */
static const uint8_t k_named[] = {0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x05, 0x01,
				  0x60, 0x00, 0x01, 0x7f, 0x03, 0x02, 0x01, 0x00, 0x07, 0x08, 0x01,
				  0x04, 0x67, 0x72, 0x6f, 0x77, 0x00, 0x00, 0x0a, 0x06, 0x01, 0x04,
				  0x00, 0x41, 0x00, 0x0b, 0x00, 0x0e, 0x04, 0x6e, 0x61, 0x6d, 0x65,
				  0x01, 0x07, 0x01, 0x00, 0x04, 0x6d, 0x61, 0x69, 0x6e};

TEST(a_refused_function_is_told_by_its_name)
{
	g_header = native_header_for(k_named, sizeof(k_named));
	g_module_size =
		native_attach(g_module, sizeof(g_module), k_named, sizeof(k_named), &g_header, 0);
	section_code()[0] = 0xc9;
	run((struct launch_limits){0});
	CHECK(refused(E_NATIVE_UNVERIFIED) && names_function("main"));
}

TEST(facts_that_have_no_form_are_refused)
{
	set_up();
	g_header.facts_size -= 4;
	attach(4);
	run((struct launch_limits){0});
	CHECK(refused(E_NATIVE_FACTS) && g_out.text_size == 0);
	CHECK_EQ(native_fake_placed(), 0);
}

TEST(the_interpreter_ignores_the_section)
{
	set_up();
	g_header.abi_version = 99;
	attach(7);
	run_record((struct launch_record){.engine = LAUNCH_ENGINE_INTERPRETER});
	CHECK(g_out.kind == RUN_EXITED && g_out.value_count == 1 && g_out.value[0].bits == 1);
}

TEST(a_damaged_section_is_refused)
{
	set_up();
	attach(1);
	run((struct launch_limits){0});
	CHECK(refused(E_TRUNCATED) && names_section());
	attach(-1);
	run((struct launch_limits){0});
	CHECK(refused(E_MALFORMED) && names_section());
	g_header.flags = NATIVE_FLAGS + 1;
	attach(0);
	run((struct launch_limits){0});
	CHECK(refused(E_MALFORMED) && names_section());
}

TEST(code_for_something_else_is_refused)
{
	set_up();
	g_header.abi_version++;
	attach(0);
	run((struct launch_limits){0});
	CHECK(refused(E_NATIVE_VERSION) && g_out.text_size == 0);
	set_up();
	g_header.isa = 4;
	attach(0);
	run((struct launch_limits){0});
	CHECK(refused(E_NATIVE_ISA));
	set_up();
	g_header.module_digest[31] ^= 1;
	attach(0);
	run((struct launch_limits){0});
	CHECK(refused(E_NATIVE_MODULE));
	set_up();
	g_header.func_count--;
	g_header.code_size -= NATIVE_CODE_ALIGN;
	g_header.facts_size -= 4;
	attach(0);
	run((struct launch_limits){0});
	CHECK(refused(E_NATIVE_MODULE));
}

TEST(limits_need_code_that_keeps_them)
{
	set_up();
	attach(0);
	run((struct launch_limits){.fuel = 1});
	CHECK(refused(E_NATIVE_METERED));
	run((struct launch_limits){.timeout = 1});
	CHECK(refused(E_NATIVE_POLLED));
	run((struct launch_limits){.threads = 2});
	CHECK(refused(E_NATIVE_POLLED));
	g_header.flags = NATIVE_POLLED;
	attach(0);
	run((struct launch_limits){.fuel = 1, .timeout = 1});
	CHECK(refused(E_NATIVE_METERED));
	g_header.flags = NATIVE_METERED;
	attach(0);
	run((struct launch_limits){.fuel = 1, .timeout = 1});
	CHECK(refused(E_NATIVE_POLLED));
}

/* The bytes are compared with the record before they are looked at. */
TEST(other_code_than_the_recorded_is_refused)
{
	static uint8_t bytes[NATIVE_RECORD_MAX];
	uint8_t digest[32];
	struct launch_record r = {
		.engine = LAUNCH_ENGINE_NATIVE,
		.diagnostics = LAUNCH_DIAGNOSTICS_BACKTRACE,
		.args_policy = LAUNCH_ARGS_ANY,
		.limits = {.threads = 1},
	};
	size_t section, payload;

	set_up();
	attach(0);
	const size_t size = native_program_encode(bytes, digest, &r, g_module, g_module_size);

	machine_launch(digest);
	wasm_find_native(g_module, g_module_size, &section, &payload);
	g_module[g_module_size - 1] ^= 1;
	program_run(&(struct program_input){.launch_record = bytes,
					    .launch_size = size,
					    .module = g_module,
					    .module_size = g_module_size},
		    &g_out);
	CHECK(refused(E_PROGRAM_MODULE));
	program_run(&(struct program_input){.launch_record = bytes,
					    .launch_size = size,
					    .module = g_module,
					    .module_size = section},
		    &g_out);
	CHECK(refused(E_PROGRAM_MODULE));
}

/* Memories are of the heap here, and the window is elsewhere. */
TEST(code_for_the_window_needs_memory_in_it)
{
	set_up();
	attach(0);
	run((struct launch_limits){0});
	CHECK(refused(E_NATIVE_WINDOW));
	native_fake_reset();
}

/* ---- running ---- */

static struct {
	_Atomic unsigned calls;
	enum wasm_trap trap; /* of the function that was asked for */
	bool waits;	     /* until it is told to stop */
} g_code;

static bool told_to_stop(void)
{
	const struct native_thread *t = native_current();
	struct native_layout layout;

	if (native_layout_init(&layout, t->instance->module) != E_OK)
		abort();
	const uint8_t *slot = t->slots + (layout.stop - NATIVE_SLOTS_DISP);

	return __atomic_load_n((const uint64_t *)(const void *)slot, __ATOMIC_ACQUIRE) != 0;
}

/* First the module's start function is called, then `grow`. */
static enum wasm_trap code(void *env, uint64_t address, struct native_regs *regs)
{
	const uint64_t args[6] = {0};

	(void)env;
	if (g_code.calls++ == 0)
		return TRAP_NONE;
	for (int ms = 0; g_code.waits && !told_to_stop() && ms < 10000; ms++)
		usleep(1000);
	if (g_code.waits)
		return told_to_stop() ? native_fake_help(NATIVE_HELPER_fuel, args, NULL)
				      : TRAP_UNREACHABLE;
	native_current()->caller.exit_status = 5;
	native_fake_trap_at(address + 1);
	regs->result = 0xffffffff00000007;
	return g_code.trap;
}

static void run_code(enum wasm_trap trap)
{
	set_up();
	g_header.flags = NATIVE_CHECKED;
	attach(0);
	g_code.calls = 0;
	g_code.trap = trap;
	g_code.waits = false;
	native_fake_run(code, NULL);
	run((struct launch_limits){0});
	native_fake_reset();
}

TEST(code_starts_and_gives_its_result)
{
	run_code(TRAP_NONE);
	CHECK(g_out.kind == RUN_EXITED && g_out.code == 0 && g_code.calls == 2);
	CHECK(g_out.value_count == 1 && g_out.value[0].type == LAUNCH_I32);
	CHECK_EQ(g_out.value[0].bits, 7);
}

TEST(code_exits_with_its_status)
{
	run_code(TRAP_EXIT);
	CHECK(g_out.kind == RUN_EXITED && g_out.code == 5 && g_out.value_count == 0);
}

TEST(a_trap_names_the_innermost_function)
{
	run_code(TRAP_DIVIDE_BY_ZERO);
	CHECK(g_out.kind == RUN_TRAPPED && g_out.code == TRAP_DIVIDE_BY_ZERO);
	CHECK(g_out.frame_count == 1 && g_out.frame[0].offset == 0);
	CHECK(g_out.frame[0].func >= 3); /* the first ones are imported */
}

static void *interrupt(void *unused)
{
	park_enter(PARK_THREADS_MAX - 1); /* it is none of the program's */
	for (int ms = 0; g_code.calls < 2 && ms < 10000; ms++)
		usleep(1000);
	program_interrupt();
	return unused;
}

/* Whether the record has a timeout decides what the host's interruption means. */
TEST(an_interruption_reaches_running_code)
{
	static const struct {
		uint64_t timeout;
		enum wasm_trap trap;
	} cases[] = {{0, TRAP_INTERRUPTED}, {1, TRAP_TIMEOUT}};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		pthread_t thread;

		set_up();
		g_header.flags = NATIVE_CHECKED | NATIVE_POLLED;
		attach(0);
		g_code.calls = 0;
		g_code.waits = true;
		native_fake_run(code, NULL);
		CHECK_EQ(pthread_create(&thread, NULL, interrupt, NULL), 0);
		run((struct launch_limits){.timeout = cases[i].timeout});
		pthread_join(thread, NULL);
		native_fake_reset();
		CHECK(g_out.kind == RUN_TRAPPED && g_out.code == cases[i].trap);
	}
}

/* (module (func (export "grow") (result i32) (i32.const 0))) */
static const uint8_t k_alone[] = {0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x05,
				  0x01, 0x60, 0x00, 0x01, 0x7f, 0x03, 0x02, 0x01, 0x00, 0x07,
				  0x08, 0x01, 0x04, 0x67, 0x72, 0x6f, 0x77, 0x00, 0x00, 0x0a,
				  0x06, 0x01, 0x04, 0x00, 0x41, 0x00, 0x0b};

/* Calls thread-spawn by a reference that it made up. */
static enum wasm_trap code_spawns(void *env, uint64_t address, struct native_regs *regs)
{
	const struct wasm_store *s = native_current()->store;
	struct native_regs out = {0};

	(void)env;
	(void)address;
	for (uint32_t i = 1; i < s->func_count; i++) {
		if (s->funcs[i]->host && strcmp(s->funcs[i]->host->name, "thread-spawn") == 0)
			out.nest = i;
	}
	const enum wasm_trap trap = native_fake_import(&out);

	regs->result = out.result;
	return trap;
}

/* Such a module's code need not look whether it is to end, and nothing is there for a thread to run. */
TEST(code_of_a_module_that_does_not_import_it_starts_no_thread)
{
	g_header = native_header_for(k_alone, sizeof(k_alone));
	native_threads_use(NATIVE_THREADS_NEVER);
	g_module_size =
		native_attach(g_module, sizeof(g_module), k_alone, sizeof(k_alone), &g_header, 0);
	native_fake_run(code_spawns, NULL);
	run((struct launch_limits){.threads = 2});
	CHECK(g_out.kind == RUN_EXITED && g_out.value_count == 1);
	CHECK_EQ((int32_t)g_out.value[0].bits, -(int32_t)WASI_AGAIN);
	native_threads_release();
	native_fake_reset();
}

TEST(a_stack_that_cannot_be_had_is_refused)
{
	set_up();
	g_header.flags = NATIVE_CHECKED;
	attach(0);
	run((struct launch_limits){.stack = NATIVE_FAKE_STACK_MAX + 1});
	CHECK(refused(E_LIMIT));
	native_fake_reset();
}

TEST(want_of_memory_is_an_answer)
{
	bool done = false;

	for (long n = 0; n < 500 && !done; n++) {
		native_program_fail_at(n);
		run_code(TRAP_NONE);
		done = g_out.kind == RUN_EXITED;
		CHECK(done || refused(E_NOMEM) || g_out.kind == RUN_TRAPPED);
	}
	native_program_fail_at(-1);
	CHECK(done);
}

int main(void)
{
	RUN(code_that_is_not_verified_is_refused_by_function_and_place);
	RUN(a_refused_routine_is_told_apart_from_functions);
	RUN(a_refused_function_is_told_by_its_name);
	RUN(facts_that_have_no_form_are_refused);
	RUN(the_interpreter_ignores_the_section);
	RUN(a_damaged_section_is_refused);
	RUN(code_for_something_else_is_refused);
	RUN(limits_need_code_that_keeps_them);
	RUN(other_code_than_the_recorded_is_refused);
	RUN(code_for_the_window_needs_memory_in_it);
	RUN(code_starts_and_gives_its_result);
	RUN(code_exits_with_its_status);
	RUN(a_trap_names_the_innermost_function);
	RUN(an_interruption_reaches_running_code);
	RUN(code_of_a_module_that_does_not_import_it_starts_no_thread);
	RUN(a_stack_that_cannot_be_had_is_refused);
	RUN(want_of_memory_is_an_answer);
	return check_report();
}
