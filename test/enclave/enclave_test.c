/*
 * The test image in the simulator: entries and their states, exceptions and traps, memory, tampered
 * images, and a storm of signals. Usage: enclave_test IMAGE SIGNATURE [strict]
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "crypto/gcm.h"
#include "enclave/layout.h"
#include "host/base/cpu.h"
#include "test/enclave/bare.h"
#include "wasm/trap.h"

#define TRAPPED ((uint64_t)1 << 63)

/* ---- programs ------------------------------------------------------------------------------- */

TEST(guest_load_inside_memory_works)
{
	CHECK_EQ(probe_value(PROBE_GUEST_LOAD, 0), 0);
	CHECK_EQ(probe_value(PROBE_GUEST_LOAD, 65536 - 8), 0);
}

TEST(guest_load_beyond_memory_traps)
{
	CHECK_EQ(probe_value(PROBE_GUEST_LOAD, 65536), TRAPPED | TRAP_MEMORY_BOUNDS);
	CHECK_EQ(probe_value(PROBE_GUEST_LOAD, 65536 - 7), TRAPPED | TRAP_MEMORY_BOUNDS);
	CHECK_EQ(probe_value(PROBE_GUEST_LOAD, 0xffffffff), TRAPPED | TRAP_MEMORY_BOUNDS);
	CHECK_EQ(probe_value(PROBE_GUEST_LOAD, 0x3fffffff8), TRAPPED | TRAP_MEMORY_BOUNDS);
}

TEST(guest_load_beyond_the_window_ends_the_enclave)
{
	CHECK(probe_dies(PROBE_GUEST_LOAD, 0x400000000));
	CHECK(probe_dies(PROBE_GUEST_LOAD, (uint64_t)-8));
}

TEST(guest_trap_instruction_names_its_kind)
{
	CHECK_EQ(probe_value(PROBE_GUEST_UD1, TRAP_UNREACHABLE), TRAPPED | TRAP_UNREACHABLE);
	CHECK_EQ(probe_value(PROBE_GUEST_UD1, TRAP_DIVIDE_BY_ZERO), TRAPPED | TRAP_DIVIDE_BY_ZERO);
	CHECK(probe_dies(PROBE_GUEST_UD1, 0));
	CHECK(probe_dies(PROBE_GUEST_UD1, TRAP_COUNT));
	CHECK(probe_dies(PROBE_GUEST_UD1, TRAP_OUT_OF_MEMORY));
	CHECK(probe_dies(PROBE_GUEST_UD1, TRAP_EXIT));
	CHECK(probe_dies(PROBE_GUEST_UD1, TRAP_UNCAUGHT_EXCEPTION));
	CHECK(probe_dies(PROBE_GUEST_UD1, TRAP_OUT_OF_FUEL));
	CHECK(probe_dies(PROBE_GUEST_UD1, TRAP_TIMEOUT));
	CHECK_EQ(probe_value(PROBE_GUEST_UD1, TRAP_UNALIGNED_ATOMIC),
		 TRAPPED | TRAP_UNALIGNED_ATOMIC);
	CHECK_EQ(probe_value(PROBE_GUEST_UD1, TRAP_NULL_FUNCTION), TRAPPED | TRAP_NULL_FUNCTION);
}

TEST(guest_stack_overflow_traps)
{
	CHECK_EQ(probe_value(PROBE_GUEST_RECURSE, 0), TRAPPED | TRAP_STACK_EXHAUSTED);
}

TEST(guest_traps_many_times)
{
	CHECK_EQ(probe_value(PROBE_GUEST_FAULTS, 1000), 1000);
}

TEST(guest_flags_do_not_reach_the_runtime)
{
	CHECK_EQ(probe_value(PROBE_GUEST_FLAGS, 0), (uint64_t)0x1fbf << 32 | 0x37f << 16);
}

TEST(other_guest_faults_end_the_enclave)
{
	CHECK(probe_dies(PROBE_GUEST_UD2, 0));
	CHECK(probe_dies(PROBE_GUEST_DIVIDE, 0));
	CHECK(probe_dies(PROBE_GUEST_WRITE_CODE, 0));
	CHECK(probe_dies(PROBE_GUEST_TOUCH_HEAP, 1));
	CHECK_EQ(probe_value(PROBE_GUEST_TOUCH_HEAP, 0), 0);
}

TEST(runtime_faults_end_the_enclave)
{
	CHECK(probe_dies(PROBE_RUNTIME_WRITE_TEXT, 0));
	CHECK(probe_dies(PROBE_RUNTIME_STACK, 0));
	CHECK(probe_dies(PROBE_RUNTIME_WINDOW, 0));
	CHECK(probe_dies(PROBE_RUNTIME_READ, 4096));
	CHECK(probe_dies(PROBE_RUNTIME_IN_GUEST, 0));
	CHECK(probe_dies(PROBE_GUEST_LAST_BYTES, 0));
	CHECK(probe_dies(PROBE_PANIC, 0));
}

/* ---- native code ------------------------------------------------------------------------------ */

TEST(native_code_and_runtime_leave_each_other_no_registers)
{
	CHECK_EQ(probe_value(PROBE_NATIVE_REGISTERS, 0), 0);
}

TEST(native_levels_nest_up_to_a_limit)
{
	CHECK_EQ(probe_value(PROBE_NATIVE_LEVELS, 0), 1);
	CHECK_EQ(probe_value(PROBE_NATIVE_LEVELS, 5), 6);
	CHECK_EQ(probe_value(PROBE_NATIVE_LEVELS, 100), 16);
}

TEST(native_read_only_data_are_only_read)
{
	CHECK_EQ(probe_value(PROBE_NATIVE_RODATA, 0), 0x0605c304030201b8);
	CHECK(probe_dies(PROBE_NATIVE_RODATA_WRITE, 1));
	CHECK(probe_dies(PROBE_NATIVE_RODATA_EXEC, 0));
	device_sim_copy_adds_rights(true);
	CHECK_EQ(probe_value(PROBE_NATIVE_RODATA, 0), 0x0605c304030201b8);
	CHECK(probe_dies(PROBE_NATIVE_RODATA_WRITE, 1));
	CHECK(probe_dies(PROBE_NATIVE_RODATA_EXEC, 0));
	device_sim_copy_adds_rights(false);
}

TEST(native_code_sees_that_it_is_to_end)
{
	CHECK_EQ(probe_value(PROBE_NATIVE_STOP, 0), TRAPPED | TRAP_TIMEOUT);
}

TEST(native_helpers_are_called_on_the_runtime_stack)
{
	CHECK_EQ(probe_value(PROBE_NATIVE_HELPER, 0), 0);
	CHECK_EQ(probe_value(PROBE_NATIVE_BAD_STACK, 0), 0);
	CHECK_EQ(probe_value(PROBE_NATIVE_TOUCH, 65536 - 8), 0);
	CHECK_EQ(probe_value(PROBE_NATIVE_TOUCH, 65536), TRAPPED | TRAP_MEMORY_BOUNDS);
	CHECK(probe_dies(PROBE_NATIVE_TOUCH, 0x400000000));
}

TEST(memory_is_accepted_once)
{
	CHECK_EQ(probe_value(PROBE_ACCEPT_TWICE, 0), SGX_PAGE_ATTRIBUTES_MISMATCH);
	CHECK_EQ(probe_value(PROBE_GROW, 64u << 20), E_OK);
	CHECK_EQ(probe_value(PROBE_GROW, 0x100000001), E_LIMIT);
	CHECK(probe_dies(PROBE_GROW_ACCEPTED, 0));
	CHECK_EQ(probe_value(PROBE_LIMITS, 0), 0);
}

/* A touch adds a page where memory is mapped: an enclave that has a limit has none of it mapped. */
TEST(memory_that_is_withheld_is_not_added_by_a_touch)
{
	struct bare b;

	bare_open(&b);
	const struct device_ops *ops = b.device->ops;
	const struct image_layout *layout = &b.image.layout;

	CHECK(layout->range_count != 0);
	for (size_t i = 0; i < layout->range_count; i++)
		CHECK_EQ(ops->prefault(b.device, layout->range[i].off, 4096), 0);
	CHECK_EQ(loader_withhold(&b.enclave, &b.image), E_OK);
	for (size_t i = 0; i < layout->range_count; i++) {
		const uint64_t off = layout->range[i].off;

		CHECK_EQ(ops->prefault(b.device, off + 4096, 4096), EFAULT);
		CHECK_EQ(ops->prefault(b.device, off + layout->range[i].size - 4096, 4096), EFAULT);
		CHECK_EQ(ops->protect(b.device, off + 4096, 4096, PROT_READ | PROT_WRITE), 0);
		CHECK_EQ(ops->prefault(b.device, off + 4096, 4096), 0);
		CHECK_EQ(ops->prefault(b.device, off + 8192, 4096), EFAULT);
	}
	bare_close(&b);
}

/* What an enclave is granted stays below the owner's limit, whether it asks or takes. */
TEST(memory_with_a_limit_has_to_be_asked_for)
{
	const struct host_run_request plain = {.streams = {0, 1, 2},
					       .limits = {.memory = 64 << 20}};
	struct host_run_result result;

	CHECK_EQ(probe_value(PROBE_ACCEPT_UNASKED, 0), 0);
	CHECK_EQ(probe_with(PROBE_ACCEPT_UNASKED, 0, &plain, &result), E_HOST);
	host_run_result_fini(&result);
	CHECK_EQ(probe_with(PROBE_GROW, 1 << 20, &plain, &result), E_OK);
	CHECK_EQ(result.end.detail[0], E_OK);
	host_run_result_fini(&result);
	CHECK_EQ(probe_with(PROBE_CODE_IS_RX, 0, &plain, &result), E_OK);
	CHECK_EQ(result.end.detail[0], 1);
	host_run_result_fini(&result);
}

TEST(memory_window_serves_one_memory)
{
	CHECK_EQ(probe_value(PROBE_WINDOW_REUSE, 0), 0);
}

TEST(code_is_never_writable)
{
	CHECK_EQ(probe_value(PROBE_CODE_IS_RX, 0), 1);
}

/* Where EACCEPTCOPY leaves W behind, the proof fails and the other way to R+X is taken. */
TEST(code_is_never_writable_on_a_cpu_that_adds_rights)
{
	device_sim_copy_adds_rights(true);
	CHECK_EQ(probe_value(PROBE_CODE_IS_RX, 0), 1);
	CHECK_EQ(probe_value(PROBE_GUEST_LOAD, 65536), TRAPPED | TRAP_MEMORY_BOUNDS);
	CHECK(probe_dies(PROBE_GUEST_WRITE_CODE, 0));
	device_sim_copy_adds_rights(false);
}

TEST(heap_keeps_blocks_apart_and_zero)
{
	CHECK_EQ(probe_value(PROBE_HEAP, 1), 0);
	CHECK_EQ(probe_value(PROBE_HEAP, 2), 0);
}

/* ---- entries -------------------------------------------------------------------------------- */

TEST(entries_are_refused_in_the_wrong_state)
{
	struct bare b;

	bare_open(&b);
	CHECK_EQ(b.enclave.thread_count, 8);
	CHECK_EQ(bare_enter(&b, ENTER_PROBE, 0, 0), EXIT_PROBED);
	CHECK_EQ(bare_enter(&b, ENTER_RESUME, 0, 0), EXIT_REFUSED);
	CHECK_EQ(bare_enter(&b, 0, 0, 0), EXIT_REFUSED);
	CHECK_EQ(bare_enter(&b, 99, 0, 0), EXIT_REFUSED);
	/* start is waited for by one early call of its own: memory for the heap */
	uint64_t exit = bare_start(&b);

	CHECK_EQ(exit, EXIT_CALL);
	CHECK_EQ(bare_start(&b), EXIT_REFUSED);
	CHECK_EQ(bare_enter(&b, ENTER_PROBE, 0, 0), EXIT_REFUSED);
	CHECK_EQ(bare_enter_at(&b, 1, ENTER_RESUME, 0, 0), EXIT_REFUSED);
	CHECK_EQ(bare_enter_at(&b, 1, ENTER_START, (uint64_t)(uintptr_t)b.shared, b.shared_size),
		 EXIT_REFUSED);
	CHECK_EQ(bare_enter_at(&b, 1, ENTER_PROBE, 0, 0), EXIT_PROBED);
	bare_close(&b);
}

/* Starts with one word of the shared header changed, or with another address. */
static uint64_t start_with(size_t off, uint64_t value, size_t size, int64_t shift)
{
	struct bare b;

	bare_open(&b);
	memcpy(b.shared + off, &value, size);
	uint64_t exit = bare_enter(&b, ENTER_START, (uint64_t)(uintptr_t)b.shared + (uint64_t)shift,
				   b.shared_size);

	bare_close(&b);
	return exit;
}

#define START_WITH(field, value)                                                                   \
	start_with(offsetof(struct shared_header, field), (value),                                 \
		   sizeof(((struct shared_header *)0)->field), 0)

TEST(shared_area_is_checked)
{
	CHECK_EQ(START_WITH(magic, SHARED_MAGIC), EXIT_CALL);
	CHECK_EQ(START_WITH(magic, 1), EXIT_REFUSED);
	CHECK_EQ(START_WITH(abi_version, ABI_VERSION + 1), EXIT_REFUSED);
	CHECK_EQ(START_WITH(size, 4096), EXIT_REFUSED);
	CHECK_EQ(START_WITH(slots_off, 4097), EXIT_REFUSED);
	CHECK_EQ(START_WITH(slots_off, 0), EXIT_REFUSED);
	CHECK_EQ(START_WITH(slots_off, 8192 + 4096), EXIT_REFUSED);
	CHECK_EQ(START_WITH(slots_off, 0 - (uint64_t)4096), EXIT_REFUSED);
	CHECK_EQ(START_WITH(thread_count, 0), EXIT_REFUSED);
	CHECK_EQ(START_WITH(thread_count, SHARED_THREADS_MAX + 1), EXIT_REFUSED);
	CHECK_EQ(START_WITH(launch_off, UINT64_MAX), EXIT_REFUSED);
	CHECK_EQ(START_WITH(launch_size, UINT64_MAX), EXIT_REFUSED);
	CHECK_EQ(START_WITH(module_off, 4), EXIT_REFUSED);
	CHECK_EQ(START_WITH(module_size, UINT64_MAX - 100), EXIT_REFUSED);
	CHECK_EQ(start_with(0, SHARED_MAGIC, 4, 8), EXIT_REFUSED);
	CHECK_EQ(START_WITH(launch_off, 4096 + 8 * SHARED_SLOT_SIZE + 4), EXIT_REFUSED);
}

/* Starts with all that says where the program comes from as in *like. */
static uint64_t start_as(const struct shared_header *like)
{
	struct shared_header h;
	struct bare b;

	bare_open(&b);
	memcpy(&h, b.shared, sizeof(h));
	h.launch_size = like->launch_size;
	h.module_size = like->module_size;
	h.mode = like->mode;
	h.connection = like->connection;
	memcpy(h.nonce, like->nonce, sizeof(h.nonce));
	memcpy(b.shared, &h, sizeof(h));
	const uint64_t exit =
		bare_enter(&b, ENTER_START, (uint64_t)(uintptr_t)b.shared, b.shared_size);

	bare_close(&b);
	return exit;
}

/* Whoever starts a delivery gives no program, and whoever gives a program no connection. (Deliveries are
 * not for the test image, which says so at once.) */
TEST(fields_of_the_other_mode_are_zero)
{
	const size_t nonce = offsetof(struct shared_header, nonce);
	struct shared_header h = {.mode = RUN_MODE_DEPLOY, .connection = HOST_HANDLES_MAX - 1};

	CHECK_EQ(START_WITH(mode, 0), EXIT_REFUSED);
	CHECK_EQ(START_WITH(mode, RUN_MODE_END), EXIT_REFUSED);
	CHECK_EQ(START_WITH(mode, RUN_MODE_DEPLOY), EXIT_REFUSED); /* there is a program */
	CHECK_EQ(START_WITH(connection, 1), EXIT_REFUSED);
	for (size_t i = 0; i < sizeof(h.nonce); i++)
		CHECK_EQ(start_with(nonce + i, 1, 1, 0), EXIT_REFUSED);
	CHECK_EQ(start_as(&h), EXIT_DONE);
	h.connection = HOST_HANDLES_MAX;
	CHECK_EQ(start_as(&h), EXIT_REFUSED);
	h.connection = 3;
	h.module_size = 1;
	CHECK_EQ(start_as(&h), EXIT_REFUSED);
	h.module_size = 0;
	h.launch_size = 1;
	CHECK_EQ(start_as(&h), EXIT_REFUSED);
}

/* A good header at `shift` in an area of `size` bytes, entered on a thread. */
static uint64_t start_moved(size_t shift, size_t size, uint32_t threads, size_t thread)
{
	struct shared_header h;
	struct bare b;

	bare_open(&b);
	memcpy(&h, b.shared, sizeof(h));
	h.size = size;
	h.thread_count = threads;
	h.launch_off = h.module_off = 4096;
	memcpy(b.shared + shift, &h, sizeof(h));
	uint64_t exit =
		bare_enter_at(&b, thread, ENTER_START, (uint64_t)(uintptr_t)b.shared + shift, size);

	bare_close(&b);
	return exit;
}

TEST(shared_area_is_made_of_pages_and_has_a_slot_for_each_thread)
{
	const size_t size = 4096 + 8 * SHARED_SLOT_SIZE;

	CHECK_EQ(start_moved(0, size, 8, 0), EXIT_CALL);
	CHECK_EQ(start_moved(8, size, 8, 0), EXIT_REFUSED);
	CHECK_EQ(start_moved(0, size + 8, 8, 0), EXIT_REFUSED);
	CHECK_EQ(start_moved(0, size, 7, 0), EXIT_REFUSED);
	CHECK_EQ(start_moved(0, size, 9, 0), EXIT_REFUSED);
	CHECK_EQ(start_moved(0, size, 8, 1), EXIT_REFUSED);
}

TEST(shared_area_inside_the_enclave_is_refused)
{
	const uint64_t off[] = {0, 0x8000000 + 0x20000, 0x100000000, 0xfffff0000};
	struct bare b;

	for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
		bare_open(&b);
		CHECK_EQ(bare_enter(&b, ENTER_START, b.device->base + off[i], b.shared_size),
			 EXIT_REFUSED);
		bare_close(&b);
	}
	bare_open(&b); /* begins below and reaches in */
	CHECK_EQ(bare_enter(&b, ENTER_START, b.device->base - 4096, b.shared_size), EXIT_REFUSED);
	CHECK_EQ(bare_enter(&b, ENTER_PROBE, 0, 0), EXIT_PROBED);
	bare_close(&b);
	bare_open(&b); /* wraps */
	CHECK_EQ(bare_enter(&b, ENTER_START, UINT64_MAX - 4095, b.shared_size), EXIT_REFUSED);
	bare_close(&b);
	bare_open(&b); /* not mapped: the copy fails cleanly */
	munmap(b.shared, b.shared_size);
	uint64_t exit = bare_start(&b);

	CHECK(exit == EXIT_REFUSED || exit == 2000 + 14);
	b.shared = NULL;
	bare_close(&b);
}

/* ---- exceptions as a hostile host handles them -------------------------------------------- */

/* The thread block of the first thread. */
#define BLOCK_PAGE (LAYOUT_THREADS_OFF + THREAD_BLOCK_OFF)

static volatile sig_atomic_t g_traps;

static void on_trap(int signo)
{
	(void)signo;
	g_traps++;
}

/* Guest code that runs off its end stops there. The host may resume a thread after an INT3, so
 * padding of these would be passed like a row of NOPs. */
TEST(padding_of_code_is_not_passed)
{
	struct sigaction action = {.sa_handler = on_trap}, old;
	struct bare b;

	CHECK_EQ(device_sigaction(SIGTRAP, &action, &old), 0);
	bare_open(&b);
	uint64_t exit = bare_run(&b, PROBE_GUEST_FALLS, 0);

	for (int i = 0; i < 5; i++) {
		CHECK_EQ(exit, 2000 + VECTOR_GP);
		exit = bare_resume(&b);
	}
	CHECK_EQ(g_traps, 0);
	CHECK_EQ(bare_enter(&b, 0, 0, 0), EXIT_DEAD);
	CHECK_EQ(bare_resume(&b), EXIT_DEAD);
	bare_close(&b);
	CHECK_EQ(device_sigaction(SIGTRAP, &old, NULL), 0);
}

/* One exception is handled once, an interrupt is none, and the handler is not for a thread that is
 * outside. */
TEST(exception_entry_acts_once)
{
	struct bare b;

	bare_open(&b);
	CHECK_EQ(bare_run(&b, PROBE_GUEST_FAULTS, 2), 2000 + VECTOR_PF);
	CHECK_EQ(bare_enter(&b, 0, 0, 0), EXIT_HANDLED);
	CHECK_EQ(bare_enter(&b, ENTER_START, 0, 0), EXIT_HANDLED);
	CHECK_EQ(bare_enter(&b, ENTER_RESUME, 0, 0), EXIT_HANDLED);
	CHECK_EQ(bare_resume(&b), 2000 + VECTOR_PF);
	CHECK_EQ(bare_enter(&b, 0, 0, 0), EXIT_HANDLED);
	CHECK_EQ(bare_resume(&b), EXIT_DONE);
	CHECK_EQ(bare_result(&b), 2);
	bare_close(&b);
}

/* What is no guest's fault is told at once; the handler itself does not fault over it. */
TEST(exception_of_no_guest_ends_the_enclave)
{
	const uint64_t number[] = {PROBE_RUNTIME_NO_GUEST, PROBE_RUNTIME_IN_GUEST,
				   PROBE_GUEST_LAST_BYTES, PROBE_GUEST_UD2, PROBE_RUNTIME_READ};
	struct bare b;

	for (size_t i = 0; i < sizeof(number) / sizeof(number[0]); i++) {
		bare_open(&b);
		CHECK(bare_run(&b, number[i], 4096) >= 2000);
		CHECK_EQ(bare_enter(&b, 0, 0, 0), EXIT_DEAD);
		CHECK_EQ(bare_resume(&b), EXIT_DEAD);
		bare_close(&b);
	}
	CHECK_EQ(probe_value(PROBE_GUEST_EXCEPTION, 0), 1);
	bare_open(
		&b); /* an address that is none: the copy of the header ends in another exception */
	CHECK_EQ(bare_enter(&b, ENTER_START, (uint64_t)1 << 47, b.shared_size), 2000 + VECTOR_GP);
	CHECK_EQ(bare_enter(&b, 0, 0, 0), EXIT_DEAD);
	bare_close(&b);
}

TEST(growth_that_the_host_refuses_fails)
{
	struct bare b;

	bare_open(&b);
	bare_set_probe(&b, PROBE_GROW, 65536);
	uint64_t exit = bare_start(&b);

	while (exit == EXIT_CALL && bare_request(&b).arg[0] != LAYOUT_WINDOW_OFF)
		exit = bare_answer(&b);
	const struct call_reply reply = {.seq = bare_request(&b).seq, .error = HOST_NOMEM};

	memcpy(b.shared + 4096 + SLOT_REPLY_OFF, &reply, sizeof(reply));
	CHECK_EQ(bare_enter(&b, ENTER_RESUME, 0, 0), EXIT_DONE);
	CHECK_EQ(bare_result(&b), E_NOMEM);
	bare_close(&b);
}

/* Its stack is taken away from the second thread, which dies of it. */
static void bare_kill_by_thread_1(struct bare *b)
{
	const uint64_t stack = LAYOUT_THREADS_OFF + LAYOUT_THREAD_STRIDE + THREAD_STACK_OFF;

	CHECK_EQ(b->device->ops->protect(b->device, stack, THREAD_STACK_SIZE, PROT_NONE), 0);
	CHECK_EQ(bare_enter_at(b, 1, ENTER_PROBE, 0, 0), 2000 + VECTOR_PF);
	CHECK_EQ(bare_enter_at(b, 1, 0, 0, 0), EXIT_DEAD);
}

TEST(end_on_one_thread_ends_the_others)
{
	struct bare b;

	bare_open(&b); /* a trap that nobody looked at */
	CHECK_EQ(bare_run(&b, PROBE_GUEST_FAULTS, 1), 2000 + VECTOR_PF);
	bare_kill_by_thread_1(&b);
	CHECK_EQ(bare_enter(&b, 0, 0, 0), EXIT_DEAD);
	CHECK_EQ(bare_resume(&b), EXIT_DEAD);
	bare_close(&b);
	bare_open(&b); /* a thread in the middle of its work: its result does not go out */
	CHECK_EQ(bare_run(&b, PROBE_GUEST_FAULTS, 1), 2000 + VECTOR_PF);
	CHECK_EQ(bare_enter(&b, 0, 0, 0), EXIT_HANDLED);
	bare_kill_by_thread_1(&b);
	memset(b.shared + 4096, 0x55, sizeof(struct run_result));
	CHECK_EQ(bare_resume(&b), EXIT_DEAD);
	CHECK_EQ(bare_result(&b), 0x5555555555555555);
	bare_close(&b);
	bare_open(&b); /* a host call that waits */
	CHECK_EQ(bare_start(&b), EXIT_CALL);
	bare_kill_by_thread_1(&b);
	CHECK_EQ(bare_answer(&b), EXIT_DEAD);
	CHECK_EQ(bare_answer(&b), EXIT_DEAD);
	bare_close(&b);
}

/* Runs PROBE_TRANSFER up to its read. */
static void bare_transfer(struct bare *b)
{
	bare_open(b);
	bare_set_probe(b, PROBE_TRANSFER, 0);
	uint64_t exit = bare_start(b);

	while (exit == EXIT_CALL && bare_request(b).call != HOST_CALL_READ)
		exit = bare_answer(b);
	CHECK_EQ(exit, EXIT_CALL);
	memset(b->shared + 4096 + SHARED_SLOT_DATA_OFF, 0x55, 4096);
}

static uint64_t bare_answer_read(struct bare *b, uint32_t out_size)
{
	const struct call_reply reply = {.seq = bare_request(b).seq, .out_size = out_size};

	memcpy(b->shared + 4096 + SLOT_REPLY_OFF, &reply, sizeof(reply));
	return bare_enter(b, ENTER_RESUME, 0, 0);
}

#define TRANSFER_RESULT(read, write) ((uint64_t)(write) << 16 | (uint64_t)(read) << 8)

TEST(reply_is_bounded_and_its_loss_noticed)
{
	uint8_t *data;
	struct bare b;

	bare_transfer(&b);
	CHECK_EQ(bare_answer_read(&b, 8), EXIT_CALL);
	CHECK_EQ(bare_answer(&b), EXIT_DONE);
	CHECK_EQ(bare_result(&b), TRANSFER_RESULT(HOST_SUCCESS, HOST_SUCCESS));
	bare_close(&b);
	bare_transfer(&b); /* more than was asked for */
	CHECK_EQ(bare_answer_read(&b, 16), EXIT_CALL);
	CHECK_EQ(bare_answer(&b), EXIT_DONE);
	CHECK_EQ(bare_result(&b), TRANSFER_RESULT(HOST_IO, HOST_SUCCESS));
	bare_close(&b);
	bare_transfer(&b); /* the data are gone: no read, and no write that is sent without them */
	data = b.shared + 4096 + SHARED_SLOT_DATA_OFF;
	CHECK_EQ(mprotect(data, SHARED_SLOT_DATA_SIZE, PROT_NONE), 0);
	CHECK_EQ(bare_answer_read(&b, 8), 2000 + VECTOR_PF);
	CHECK_EQ(bare_enter(&b, 0, 0, 0), EXIT_HANDLED);
	CHECK_EQ(bare_resume(&b), 2000 + VECTOR_PF);
	CHECK_EQ(bare_enter(&b, 0, 0, 0), EXIT_HANDLED);
	CHECK_EQ(bare_resume(&b), EXIT_DONE);
	CHECK_EQ(bare_result(&b), TRANSFER_RESULT(HOST_IO, HOST_IO));
	bare_close(&b);
	bare_transfer(&b); /* the enclave's side of the copy is gone */
	CHECK_EQ(b.device->ops->protect(b.device, LAYOUT_WINDOW_OFF, 65536, PROT_NONE), 0);
	CHECK_EQ(bare_answer_read(&b, 8), 2000 + VECTOR_PF);
	CHECK_EQ(bare_enter(&b, 0, 0, 0), EXIT_DEAD);
	bare_close(&b);
}

#define MAP_REFUSED ((uint64_t)HOST_IO << 56)

/* What the enclave makes of MAP answered so, and of two pages read there. */
static uint64_t map_at(uint64_t address, uint64_t size, bool of_enclave, bool of_area)
{
	struct bare b;

	bare_open(&b);
	bare_set_probe(&b, PROBE_MAP, 1);
	uint64_t exit = bare_start(&b);

	while (exit == EXIT_CALL && bare_request(&b).call == HOST_CALL_PREFAULT)
		exit = bare_answer(&b);
	CHECK_EQ(bare_request(&b).call, HOST_CALL_MAP);
	if (of_enclave)
		address += b.device->base;
	if (of_area)
		address += (uint64_t)(uintptr_t)b.shared;
	const struct call_reply reply = {.seq = bare_request(&b).seq,
					 .out_size = sizeof(struct host_map)};
	const struct host_map map = {address, size};

	memcpy(bare_slot(&b, 0) + SLOT_REPLY_OFF, &reply, sizeof(reply));
	memcpy(bare_slot(&b, 0) + SHARED_SLOT_DATA_OFF, &map, sizeof(map));
	exit = bare_enter(&b, ENTER_RESUME, 0, 0);
	if (exit == 2000 + VECTOR_PF) {
		CHECK_EQ(bare_enter(&b, 0, 0, 0), EXIT_HANDLED);
		exit = bare_resume(&b);
	}
	CHECK_EQ(exit, EXIT_DONE);
	const uint64_t result = bare_result(&b);

	bare_close(&b);
	return result;
}

TEST(mappings_are_outside_the_enclave_and_the_shared_area)
{
	const size_t area = 4096 + 8 * SHARED_SLOT_SIZE + 4096;
	uint8_t *page = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK_EQ(map_at((uint64_t)(uintptr_t)page, 8192, false, false), (uint64_t)1 << 28);
	CHECK_EQ(map_at((uint64_t)(uintptr_t)page + 8, 8192, false, false), MAP_REFUSED);
	CHECK_EQ(map_at(0, 8192, true, false), MAP_REFUSED);
	CHECK_EQ(map_at(LAYOUT_HEAP_OFF, 8192, true, false), MAP_REFUSED);
	CHECK_EQ(map_at(LAYOUT_WINDOW_OFF, 8192, true, false), MAP_REFUSED);
	CHECK_EQ(map_at(LAYOUT_ELRANGE_SIZE - 4096, 8192, true, false), MAP_REFUSED);
	CHECK_EQ(map_at(0 - (uint64_t)4096, 8192, true, false), MAP_REFUSED);
	CHECK_EQ(map_at(0 - (uint64_t)4096, LAYOUT_ELRANGE_SIZE + 8192, true, false), MAP_REFUSED);
	CHECK_EQ(map_at(0, 8192, false, true), MAP_REFUSED);
	CHECK_EQ(map_at(area - 4096, 8192, false, true), MAP_REFUSED);
	CHECK_EQ(map_at(0 - (uint64_t)4096, 8192, false, true), MAP_REFUSED);
	CHECK_EQ(map_at(0 - (uint64_t)4096, area + 8192, false, true), MAP_REFUSED);
	CHECK_EQ(map_at(4096, 8192, false, false), 1); /* nothing is there */
	munmap(page, 8192);
}

static int volume_of_pages(uint64_t pages)
{
	FILE *f = tmpfile();
	const int fd = dup(fileno(f));

	fclose(f);
	CHECK_EQ(ftruncate(fd, (off_t)pages * 4096), 0);
	return fd;
}

/* PROBE_MAP of a real file by a real host. */
static uint64_t map_file(int fd, uint64_t rounds)
{
	const struct service_mount mount = {
		.dir_fd = fd, .read_only = true, .volume = true};
	const struct host_run_request more = {
		.streams = {0, 1, 2}, .mounts = &mount, .mount_count = 1};
	struct host_run_result result;

	CHECK_EQ(probe_with(PROBE_MAP, rounds, &more, &result), E_OK);
	const uint64_t value = result.end.detail[0];

	host_run_result_fini(&result);
	return value;
}

TEST(a_file_too_short_for_its_mapping_is_an_error_of_the_read)
{
	for (uint64_t pages = 0; pages < 4; pages++) {
		const int fd = volume_of_pages(pages);

		CHECK_EQ(map_file(fd, 100), pages < 2 ? 100 : (uint64_t)100 << 28);
		close(fd);
	}
}

static int g_cut_fd;
static atomic_bool g_cutting;

static void *cut_and_grow(void *unused)
{
	for (unsigned i = 0; atomic_load(&g_cutting); i++)
		CHECK_EQ(ftruncate(g_cut_fd, i % 3 * 4096), 0);
	return unused;
}

TEST(a_file_cut_while_it_is_read_harms_nothing)
{
	pthread_t thread;

	g_cut_fd = volume_of_pages(2);
	atomic_store(&g_cutting, true);
	CHECK_EQ(pthread_create(&thread, NULL, cut_and_grow, NULL), 0);
	uint64_t reads = 0, failed = 0;

	/* Until both have been met; how the threads take turns is the machine's. */
	for (int i = 0; i < 200 && (failed == 0 || failed == reads); i++) {
		const uint64_t result = map_file(g_cut_fd, 20000);

		CHECK_EQ((result >> 28) + (result & 0xfffffff), 20000);
		reads += 20000;
		failed += result & 0xfffffff;
	}
	atomic_store(&g_cutting, false);
	pthread_join(thread, NULL);
	close(g_cut_fd);
	printf("%llu reads, %llu of them failed\n", (unsigned long long)reads,
	       (unsigned long long)failed);
	CHECK(failed != 0 && failed != reads);
}

/* What PROBE_GCM gives when the host says this of the CPU. */
static uint64_t gcm_with_hints(uint32_t hints)
{
	struct run_result result;
	struct bare b;

	bare_open(&b);
	((struct shared_header *)(void *)b.shared)->cpu_hints = hints;
	bare_set_probe(&b, PROBE_GCM, 1000);
	uint64_t exit = bare_start(&b);

	while (exit == EXIT_CALL)
		exit = bare_answer(&b);
	CHECK_EQ(exit, EXIT_DONE);
	memcpy(&result, bare_slot(&b, 0), sizeof(result));
	bare_close(&b);
	return result.detail[0];
}

/* 4 KiB of zeros under a key and a nonce of one byte each, by both code paths. */
TEST(gcm_gives_inside_what_it_gives_outside)
{
	static const uint8_t bytes[GCM_KEY_SIZE] = {1}, nonce[GCM_NONCE_SIZE] = {2};
	static uint8_t block[4096];
	uint8_t tag[GCM_TAG_SIZE];
	struct gcm_key key;
	uint64_t expected;

	gcm_key_init(&key, bytes);
	gcm_seal(&key, nonce, bytes, sizeof(bytes), block, sizeof(block), block, tag);
	memcpy(&expected, tag, sizeof(expected));
	CHECK_EQ(probe_value(PROBE_GCM, 1000), expected);
	CHECK_EQ(gcm_with_hints(0), expected);
	CHECK_EQ(gcm_with_hints(cpu_hints()), expected);
}

TEST(canary_is_random)
{
	uint64_t a = probe_value(PROBE_CANARY, 0), b = probe_value(PROBE_CANARY, 0);

	CHECK(a != 0 && b != 0 && a != b);
	CHECK_EQ(a & 0xff, 0);
}

/* The thread block is taken away, so that the first instructions of an entry fault: nothing is
 * known of the thread then, and its exception entry does nothing. */
TEST(exception_on_the_way_in_is_refused)
{
	struct bare b;

	bare_open(&b);
	const struct device_ops *ops = b.device->ops;

	CHECK_EQ(ops->protect(b.device, BLOCK_PAGE, 4096, PROT_NONE), 0);
	CHECK_EQ(bare_enter(&b, ENTER_PROBE, 0, 0), 2000 + VECTOR_PF);
	CHECK_EQ(ops->protect(b.device, BLOCK_PAGE, 4096, PROT_READ | PROT_WRITE), 0);
	CHECK_EQ(bare_enter(&b, 0, 0, 0), EXIT_REFUSED);
	CHECK_EQ(bare_enter(&b, 0, 0, 0), EXIT_REFUSED);
	CHECK_EQ(bare_resume(&b), EXIT_PROBED);
	CHECK_EQ(bare_enter(&b, ENTER_PROBE, 0, 0), EXIT_PROBED);
	bare_close(&b);
}

/* An accepted page that the host takes away is no trap, whoever touches it. */
TEST(page_taken_away_ends_the_enclave)
{
	struct bare b;

	bare_open(&b);
	const struct device_ops *ops = b.device->ops;

	bare_set_probe(&b, PROBE_GUEST_LOAD, 0);
	uint64_t exit = bare_start(&b);

	while (exit == EXIT_CALL && bare_request(&b).call != HOST_CALL_PROTECT_CODE)
		exit = bare_answer(&b);
	CHECK_EQ(exit, EXIT_CALL);
	CHECK_EQ(ops->protect(b.device, LAYOUT_WINDOW_OFF, 65536, PROT_NONE), 0);
	for (int i = 0; i < 8 && exit == EXIT_CALL; i++)
		exit = bare_answer(&b);
	CHECK_EQ(exit, 2000 + VECTOR_PF);
	CHECK_EQ(bare_enter(&b, 0, 0, 0), EXIT_DEAD);
	CHECK_EQ(ops->protect(b.device, LAYOUT_WINDOW_OFF, 65536, PROT_READ | PROT_WRITE), 0);
	/* a host that resumes the thread all the same finds no more of it */
	CHECK_EQ(bare_resume(&b), EXIT_DEAD);
	CHECK_EQ(bare_enter(&b, ENTER_PROBE, 0, 0), EXIT_DEAD);
	CHECK_EQ(bare_enter(&b, ENTER_RESUME, 0, 0), EXIT_DEAD);
	CHECK_EQ(bare_enter_at(&b, 1, ENTER_PROBE, 0, 0), EXIT_DEAD);
	bare_close(&b);
}

/* The same for a page of the guest's stack, which is no overflow of it. */
TEST(stack_page_taken_away_ends_the_enclave)
{
	const uint64_t top = LAYOUT_GUEST_STACKS_OFF + LAYOUT_GUEST_STACK_STRIDE;
	struct bare b;

	bare_open(&b);
	bare_set_probe(&b, PROBE_GUEST_RECURSE, 0);
	uint64_t exit = bare_start(&b);

	/* the last call before guest code runs */
	while (exit == EXIT_CALL && bare_request(&b).call != HOST_CALL_PROTECT_CODE)
		exit = bare_answer(&b);
	CHECK_EQ(b.device->ops->protect(b.device, top - 65536, 65536 - 4096, PROT_NONE), 0);
	CHECK_EQ(bare_answer(&b), 2000 + VECTOR_PF);
	CHECK_EQ(bare_enter(&b, 0, 0, 0), EXIT_DEAD);
	bare_close(&b);
}

TEST(threads_enter_side_by_side)
{
	struct bare b;

	bare_open(&b);
	for (size_t i = 0; i < b.enclave.thread_count; i++)
		CHECK_EQ(bare_enter_at(&b, i, ENTER_PROBE, 0, 0), EXIT_PROBED);
	bare_close(&b);
}

TEST(entry_state_is_clean)
{
	uint32_t dirty = 0x7f80, mxcsr;
	uint16_t cw = 0x27f;

	__asm__ volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(dirty), "m"(cw));
	uint64_t value = probe_value(PROBE_ENTRY_STATE, 0);

	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	CHECK_EQ(value, (uint64_t)0x1fbf << 32 | 0x37f << 16);
	__asm__ volatile("ldmxcsr %0\n\tfninit" : : "m"((uint32_t){0x1f80}));
	CHECK_EQ(mxcsr & 0xffc0, dirty & 0xffc0);
}

/* Fills and reads back vector registers that no C code between here and the entry touches. */
static void dirty_vectors(void)
{
	__asm__ volatile("vpternlogd $0xff, %%zmm28, %%zmm28, %%zmm28\n\t"
			 "vmovdqa64 %%zmm28, %%zmm31\n\tkxnorq %%k6, %%k6, %%k6"
			 :
			 :
			 : "memory");
}

static bool vectors_are_zero(void)
{
	uint64_t v[8], w[8], k;

	__asm__ volatile("vmovdqu64 %%zmm28, %0\n\tvmovdqu64 %%zmm31, %1\n\tkmovq %%k6, %2"
			 : "=m"(v), "=m"(w), "=r"(k));
	for (int i = 0; i < 8; i++)
		k |= v[i] | w[i];
	return k == 0;
}

TEST(exit_leaves_nothing_in_registers)
{
	bool avx512 = (loader_xfrm(true) & XFRM_AVX512) != 0;
	struct bare b;

	bare_open(&b);
	const uint64_t op[] = {ENTER_PROBE, ENTER_RESUME, ENTER_START};

	for (size_t i = 0; i < sizeof(op) / sizeof(op[0]); i++) {
		struct device_run run = {.tcs = b.enclave.tcs[0]};

		if (avx512)
			dirty_vectors();
		CHECK_EQ(b.device->ops->enter(b.device, op[i], (uint64_t)(uintptr_t)b.shared,
					      b.shared_size, ENCLU_EENTER, ~0ull, ~0ull, &run),
			 0);
		CHECK(!avx512 || vectors_are_zero());
		CHECK_EQ(run.function, ENCLU_EEXIT);
		CHECK_EQ(run.left, 0);
		CHECK_EQ(run.rsi, 0);
	}
	bare_close(&b);
}

/* ---- tampering ------------------------------------------------------------------------------ */

/* Loads a changed copy of the image; the message names MRENCLAVE. */
static bool tampered_is_refused(size_t at, uint8_t flip)
{
	uint8_t *copy = malloc(g_image.size);
	struct bare b;

	memcpy(copy, g_image.p, g_image.size);
	copy[at] ^= flip;
	enum err err = bare_load(&b, (struct host_bytes){copy, g_image.size}, g_signature.p);
	bool refused = err == E_DENIED && strstr(b.why, "MRENCLAVE") != NULL;

	if (!refused)
		printf("err %d, why: %s\n", (int)err, b.why);
	bare_close(&b);
	free(copy);
	return refused;
}

static size_t segment_file_off(const struct sgx_image *image, uint64_t flags)
{
	for (size_t i = 0; i < image->segment_count; i++) {
		if ((image->segment[i].flags & SECINFO_PERMISSIONS) == flags)
			return (size_t)(image->segment[i].file - image->bytes);
	}
	return 0;
}

TEST(flipped_byte_is_refused)
{
	struct sgx_image image;

	CHECK_EQ(sgx_image_open(&image, g_image.p, g_image.size), E_OK);
	size_t code = segment_file_off(&image, SECINFO_R | SECINFO_X);
	size_t data = segment_file_off(&image, SECINFO_R | SECINFO_W);

	CHECK(code != 0 && data != 0);
	CHECK(tampered_is_refused(code + 100, 1));
	CHECK(tampered_is_refused(code + 4095, 0x80));
	CHECK(tampered_is_refused(data, 1));
}

static enum err load_with(void (*change)(struct sgx_sigstruct *), char *why, size_t size)
{
	struct sgx_sigstruct s;
	struct bare b;

	memcpy(&s, g_signature.p, sizeof(s));
	change(&s);
	enum err err = bare_load(&b, g_image, &s);

	snprintf(why, size, "%s", b.why);
	bare_close(&b);
	return err;
}

static void change_hash(struct sgx_sigstruct *s)
{
	s->enclavehash[0] ^= 1;
}

static void change_signature(struct sgx_sigstruct *s)
{
	s->signature[5] ^= 1;
}

static void change_mask(struct sgx_sigstruct *s)
{
	s->attributemask.flags &= ~(uint64_t)ATTRIBUTE_DEBUG;
}

static void change_q1(struct sgx_sigstruct *s)
{
	s->q1[0] ^= 1;
}

TEST(page_with_other_permissions_is_refused)
{
	static const uint8_t configid[SGX_CONFIGID_SIZE];
	struct bare b = {0};

	CHECK_EQ(sgx_image_open(&b.image, g_image.p, g_image.size), E_OK);
	b.image.segment[0].flags |= SECINFO_W; /* the read-only data */
	b.device = device_sim_open(g_strict ? DEVICE_SIM_STRICT : DEVICE_SIM_FAST,
				   b.image.layout.enclu_off);
	CHECK(b.device != NULL);
	CHECK_EQ(loader_load(&b.enclave, b.device, &b.image, (const void *)g_signature.p, configid,
			     b.why, sizeof(b.why)),
		 E_DENIED);
	CHECK(strstr(b.why, "MRENCLAVE") != NULL);
	bare_close(&b);
}

TEST(wrong_sigstruct_is_refused)
{
	void (*const change[])(struct sgx_sigstruct *) = {change_hash, change_signature,
							  change_mask, change_q1};
	char why[512];

	for (size_t i = 0; i < sizeof(change) / sizeof(change[0]); i++) {
		CHECK_EQ(load_with(change[i], why, sizeof(why)), E_DENIED);
		CHECK(strncmp(why, "EINIT", 5) == 0 && strlen(why) > 10);
	}
}

/* ---- signals -------------------------------------------------------------------------------- */

static volatile sig_atomic_t g_alarms;

static void on_alarm(int signo)
{
	(void)signo;
	g_alarms++;
}

static void storm(bool on)
{
	struct itimerval every = {{0, on ? 50 : 0}, {0, on ? 50 : 0}};
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = on_alarm;
	if (on)
		CHECK_EQ(device_sigaction(SIGALRM, &action, NULL), 0);
	CHECK_EQ(setitimer(ITIMER_REAL, &every, NULL), 0);
}

TEST(signal_storm_harms_nothing)
{
	uint64_t quiet = probe_value(PROBE_SPIN, 50);

	g_alarms = 0;
	storm(true);
	uint64_t spin = probe_value(PROBE_SPIN, 50);
	uint64_t calls = probe_value(PROBE_CALLS, 20000);
	uint64_t faults = probe_value(PROBE_GUEST_FAULTS, 2000);

	storm(false);
	printf("%d alarms\n", (int)g_alarms);
	CHECK_EQ(spin, quiet);
	CHECK_EQ(calls, 20000);
	CHECK_EQ(faults, 2000);
	CHECK(g_alarms > 100);
}

int main(int argc, char **argv)
{
	if (!bare_arguments(argc, argv))
		return 2;
	RUN(guest_load_inside_memory_works);
	RUN(guest_load_beyond_memory_traps);
	RUN(guest_load_beyond_the_window_ends_the_enclave);
	RUN(guest_trap_instruction_names_its_kind);
	RUN(guest_stack_overflow_traps);
	RUN(guest_traps_many_times);
	RUN(guest_flags_do_not_reach_the_runtime);
	RUN(other_guest_faults_end_the_enclave);
	RUN(runtime_faults_end_the_enclave);
	RUN(native_code_and_runtime_leave_each_other_no_registers);
	RUN(native_levels_nest_up_to_a_limit);
	RUN(native_read_only_data_are_only_read);
	RUN(native_code_sees_that_it_is_to_end);
	RUN(native_helpers_are_called_on_the_runtime_stack);
	RUN(memory_is_accepted_once);
	RUN(memory_that_is_withheld_is_not_added_by_a_touch);
	RUN(memory_with_a_limit_has_to_be_asked_for);
	RUN(memory_window_serves_one_memory);
	RUN(code_is_never_writable);
	RUN(code_is_never_writable_on_a_cpu_that_adds_rights);
	RUN(heap_keeps_blocks_apart_and_zero);
	RUN(entries_are_refused_in_the_wrong_state);
	RUN(shared_area_is_checked);
	RUN(fields_of_the_other_mode_are_zero);
	RUN(shared_area_is_made_of_pages_and_has_a_slot_for_each_thread);
	RUN(shared_area_inside_the_enclave_is_refused);
	RUN(padding_of_code_is_not_passed);
	RUN(exception_entry_acts_once);
	RUN(exception_of_no_guest_ends_the_enclave);
	RUN(end_on_one_thread_ends_the_others);
	RUN(reply_is_bounded_and_its_loss_noticed);
	RUN(growth_that_the_host_refuses_fails);
	RUN(mappings_are_outside_the_enclave_and_the_shared_area);
	RUN(a_file_too_short_for_its_mapping_is_an_error_of_the_read);
	RUN(a_file_cut_while_it_is_read_harms_nothing);
	RUN(gcm_gives_inside_what_it_gives_outside);
	RUN(canary_is_random);
	RUN(exception_on_the_way_in_is_refused);
	RUN(page_taken_away_ends_the_enclave);
	RUN(stack_page_taken_away_ends_the_enclave);
	RUN(threads_enter_side_by_side);
	RUN(entry_state_is_clean);
	RUN(exit_leaves_nothing_in_registers);
	RUN(flipped_byte_is_refused);
	RUN(page_with_other_permissions_is_refused);
	RUN(wrong_sigstruct_is_refused);
	RUN(signal_storm_harms_nothing);
	return check_report();
}
