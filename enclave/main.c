/*
 * What an entry does: relocate once, take the shared area, copy launch record and module in, or have
 * them delivered, run the program, tell how it ended; run one of its threads; tell it to end.
 * Trust: op, a and b are the host's, and so is the thread that it enters on. Sizes in the header are
 * bounded before they size anything.
 * Invariant: the program is run from private copies; START happens once, on thread 0. No other entry
 * does anything before PHASE_RUNNING, when relocations and the shared area are in place.
 */
#include <stdatomic.h>
#include <string.h>

#include "base/err.h"
#include "base/heap.h"
#include "boundary/abi.h"
#include "crypto/sha256.h"
#include "enclave/memory.h"
#include "enclave/panic.h"
#include "enclave/shared.h"
#include "enclave/thread.h"
#include "enclave/threads.h"
#include "platform/platform.h"
#include "program/deploy.h"
#include "program/program.h"

#define LAUNCH_SIZE_MAX ((uint64_t)16 << 20)
#define MODULE_SIZE_MAX ((uint64_t)1 << 30)

/* Dynamic relocations of the image (image.lds); ELF: {offset, type, addend}. */
struct rela {
	uint64_t offset;
	uint64_t info;
	uint64_t addend;
};
extern HIDDEN const struct rela image_rela_start[], image_rela_end[];

#define R_X86_64_RELATIVE 8u

enum phase {
	PHASE_NONE,
	PHASE_STARTING,
	PHASE_RUNNING, /* program_run or program_deploy is on its way */
	PHASE_OVER,
};

static _Atomic uint32_t g_phase; /* enum phase; thread 0 alone changes it */

uint64_t enclave_enter(uint64_t op, uint64_t a, uint64_t b);

/* The link gate admits RELATIVE relocations only; they are in measured memory. */
static void relocate(void)
{
	uint64_t base = enclave_base();

	for (const struct rela *r = image_rela_start; r < image_rela_end; r++) {
		must(r->info == R_X86_64_RELATIVE);
		*(uint64_t *)(uintptr_t)(base + r->offset) = base + r->addend;
	}
}

/* A private copy of [off, off + size) of the shared area. The caller frees it. */
static enum err copy_in(uint8_t **out, uint64_t off, uint64_t size, uint64_t max)
{
	enum err err;

	if (size > max)
		return E_LIMIT;
	uint8_t *p = heap_alloc(size);

	if (!p)
		return E_NOMEM;
	err = shared_read(p, (struct uref){off}, size);
	if (err != E_OK) {
		heap_free(p);
		return err;
	}
	*out = p;
	return E_OK;
}

static enum err copy_input_in(struct program_input *in)
{
	const struct shared_header *h = shared_header();
	uint8_t *record, *module;
	enum err err = copy_in(&record, h->launch_off, h->launch_size, LAUNCH_SIZE_MAX);

	if (err != E_OK)
		return err;
	err = copy_in(&module, h->module_off, h->module_size, MODULE_SIZE_MAX);
	if (err != E_OK) {
		heap_free(record);
		return err;
	}
	in->launch_record = record;
	in->launch_size = h->launch_size;
	in->module = module;
	in->module_size = h->module_size;
	return E_OK;
}

/* The host may have taken the slot away; then nobody is there to be told. */
static void write_outcome(const struct program_outcome *out)
{
	static ALIGNED(8) uint8_t bytes[PROGRAM_RESULT_MAX]; /* too large for the stack */
	const size_t size = program_result_encode(bytes, out);
	const size_t head = sizeof(struct run_result);
	const struct uref slot = shared_slot();
	const struct uref data = {slot.off + SHARED_SLOT_DATA_OFF};

	if (shared_write(data, bytes + head, size - head) != E_OK ||
	    shared_write(slot, bytes, head) != E_OK)
		panic(__FILE__, __LINE__);
}

/* Record and module are copied in, then run. */
static void run_from_area(struct program_outcome *out)
{
	struct program_input in = {0};
	const enum err err = copy_input_in(&in);

	if (err != E_OK) {
		out->kind = RUN_REFUSED;
		out->code = err;
		return;
	}
	atomic_store(&g_phase, PHASE_RUNNING);
	program_run(&in, out);
}

static void run_delivery(struct program_outcome *out)
{
	const struct shared_header *h = shared_header();
	struct program_delivery in = {.connection = h->connection};

	memcpy(in.nonce, h->nonce, sizeof(in.nonce));
	atomic_store(&g_phase, PHASE_RUNNING);
	program_deploy(&in, out);
}

/* A hint says what the CPU has; what of it an enclave may use, its own report says. */
static void use_hints(uint32_t hints)
{
	crypto_set_cpu_hints(platform_has_avx512() ? hints : hints & ~CPU_HINT_VAES);
}

static uint64_t start(uint64_t address, uint64_t size)
{
	static struct program_outcome outcome; /* too large for the stack; START happens once */

	if (shared_open(address, size) != E_OK)
		return EXIT_REFUSED;
	use_hints(shared_header()->cpu_hints);
	if (shared_header()->mode == RUN_MODE_DEPLOY)
		run_delivery(&outcome);
	else
		run_from_area(&outcome);
	atomic_store(&g_phase, PHASE_OVER);
	write_outcome(&outcome);
	return EXIT_DONE;
}

/* ENTER_START: the first entry that wins the way from PHASE_NONE. */
static uint64_t start_once(uint64_t a, uint64_t b)
{
	uint32_t none = PHASE_NONE;

	if (thread_index(thread_self()) != 0 ||
	    !atomic_compare_exchange_strong(&g_phase, &none, PHASE_STARTING))
		return EXIT_REFUSED;
	relocate();
	return start(a, b);
}

static uint64_t run_thread(void)
{
	const uint64_t thread = thread_index(thread_self());

	if (!threads_enter(thread))
		return EXIT_REFUSED;
	program_thread_run((uint32_t)thread);
	threads_leave(thread);
	return EXIT_DONE;
}

static uint64_t interrupt(void)
{
	if (thread_index(thread_self()) != LAYOUT_THREAD_COUNT - 1)
		return EXIT_REFUSED;
	program_interrupt();
	return EXIT_DONE;
}

/* Called by entry.S on the thread's stack. Position-independent until relocate() is done. */
uint64_t enclave_enter(uint64_t op, uint64_t a, uint64_t b)
{
	if (enclave_is_dead())
		return EXIT_DEAD;
	if (op == ENTER_PROBE)
		return EXIT_PROBED;
	if (op == ENTER_START)
		return start_once(a, b);
	if (atomic_load(&g_phase) != PHASE_RUNNING)
		return EXIT_REFUSED;
	if (op == ENTER_THREAD)
		return run_thread();
	if (op == ENTER_INTERRUPT)
		return interrupt();
	return EXIT_REFUSED;
}
