/*
 * The probes of the test image: each does one thing that the enclave must survive, turn into a
 * trap, or end at. Stands in place of program/program.c.
 */
#include "test/image/probe.h"

#include <string.h>

#include "base/err.h"
#include "base/heap.h"
#include "crypto/gcm.h"
#include "enclave/layout.h"
#include "enclave/memory.h"
#include "enclave/thread.h"
#include "hostcall/hostcall.h"
#include "platform/enclu.h"
#include "program/deploy.h"
#include "program/program.h"
#include "sgx/arch.h"
#include "test/image/guest.h"
#include "test/image/probe_native.h"
#include "test/image/probe_threads.h"
#include "test/image/script.h"
#include "wasm/instance.h"

GUEST(guest_load);
GUEST(guest_ud1);
GUEST(guest_recurse);
GUEST(guest_flags);
GUEST(guest_ud2);
GUEST(guest_divide);
GUEST(guest_write_code);
GUEST(guest_touch);
GUEST(guest_falls);
GUEST(guest_calls);
GUEST(guest_42);

static uint64_t g_guest_entry;

static uint64_t guest_run(const uint8_t *code, const uint8_t *end, uint64_t arg)
{
	(void)guest_stack(); /* placing code is then the last host call before it runs */
	g_guest_entry = guest_place(code, end);
	return guest_enter(g_guest_entry, arg, 0);
}

static uint64_t probe_ud1(uint64_t kind)
{
	uint8_t code[8];

	memcpy(code, guest_ud1, 6);
	code[4] = (uint8_t)kind;
	return guest_run(code, code + 6, 0);
}

static uint64_t probe_faults(uint64_t count)
{
	const uint64_t entry = guest_place(guest_load, guest_load_end);
	uint64_t traps = 0;

	for (uint64_t i = 0; i < count; i++)
		traps += (guest_enter(entry, LAYOUT_MEMORY_MAX, 0) & GUEST_TRAPPED) != 0;
	return traps;
}

/* MXCSR, x87 control word, and the flags that must be clear. */
uint64_t probe_machine_state(void)
{
	uint32_t mxcsr;
	uint16_t cw;
	uint64_t flags;

	__asm__ volatile("stmxcsr %0\n\tfnstcw %1\n\tpushfq\n\tpopq %2"
			 : "=m"(mxcsr), "=m"(cw), "=r"(flags));
	return (uint64_t)mxcsr << 32 | (uint64_t)cw << 16 | ((flags & 0x40400) != 0);
}

static uint64_t probe_flags(void)
{
	must(guest_run(guest_flags, guest_flags_end, 0) == 7);
	return probe_machine_state();
}

static uint64_t probe_touch_heap(uint64_t hole)
{
	uint64_t at = enclave_base() + LAYOUT_HEAP_OFF;

	return guest_run(guest_touch, guest_touch_end,
			 hole ? at + LAYOUT_HEAP_SIZE + 0x10000 : at) &
	       GUEST_TRAPPED;
}

static uint64_t probe_falls(void)
{
	const uint64_t entry = guest_place(guest_falls, guest_falls_end);

	(void)guest_place(guest_42, guest_42_end);
	return guest_enter(entry, 0, 0);
}

static uint64_t probe_last_bytes(void)
{
	static const uint8_t ud2[2] = {0x0f, 0x0b};
	static uint8_t page[4096];

	memset(page, 0x90, sizeof(page));
	memcpy(page + sizeof(page) - sizeof(ud2), ud2, sizeof(ud2));
	return guest_run(page, page + sizeof(page), 0);
}

/* The first word that the exception entry pushes is an address of the image. */
static uint64_t probe_exception(void)
{
	const struct thread_block *t = thread_self();
	uint64_t stack = (uint64_t)t - THREAD_BLOCK_OFF + THREAD_EXC_STACK_OFF;
	const uint64_t *top = (const uint64_t *)(uintptr_t)(stack + THREAD_EXC_STACK_SIZE);

	must(guest_run(guest_load, guest_load_end, LAYOUT_MEMORY_MAX) & GUEST_TRAPPED);
	return t->in_exception == 0 && t->guest_rsp == 0 &&
	       top[-1] - enclave_base() < LAYOUT_IMAGE_MAX;
}

static uint64_t read_byte(uint64_t address)
{
	return *(volatile uint8_t *)(uintptr_t)address;
}

static uint64_t window_hole(void)
{
	return (uint64_t)(uintptr_t)memory_base(MEMORY_WINDOW) + LAYOUT_MEMORY_MAX;
}

static uint64_t probe_in_guest(void)
{
	const uint64_t entry = guest_place(guest_calls, guest_calls_end);

	return guest_enter(entry, (uint64_t)(uintptr_t)read_byte, window_hole());
}

static uint64_t probe_no_guest(void)
{
	must(guest_run(guest_touch, guest_touch_end, (uint64_t)(uintptr_t)&g_guest_entry) != 0);
	return ((uint64_t(*)(uint64_t))(uintptr_t)g_guest_entry)(window_hole());
}

NOINLINE static uint64_t recurse(uint64_t n)
{
	volatile uint8_t frame[1024];

	frame[n % sizeof(frame)] = (uint8_t)n;
	return n == 0 ? 0 : recurse(n - 1) + frame[n % sizeof(frame)];
}

static uint64_t eaccept(uint64_t address, uint64_t flags)
{
	ALIGNED(64) struct sgx_secinfo info = {.flags = flags};

	return enclu(ENCLU_EACCEPT, &info, (void *)(uintptr_t)address, NULL);
}

static uint64_t probe_accept_twice(void)
{
	const uint64_t flags = SECINFO_REG | SECINFO_R | SECINFO_W | SECINFO_PENDING;

	must(memory_grow(MEMORY_WINDOW, 65536) == E_OK);
	return eaccept((uint64_t)(uintptr_t)memory_base(MEMORY_WINDOW), flags);
}

static uint64_t probe_accept_unasked(void)
{
	const uint64_t flags = SECINFO_REG | SECINFO_R | SECINFO_W | SECINFO_PENDING;

	return eaccept((uint64_t)(uintptr_t)memory_base(MEMORY_WINDOW), flags);
}

static uint64_t probe_grow_accepted(void)
{
	const uint64_t flags = SECINFO_REG | SECINFO_R | SECINFO_W | SECINFO_PENDING;
	uint64_t third = (uint64_t)(uintptr_t)memory_base(MEMORY_WINDOW) + 2 * 4096;

	must(eaccept(third, flags) == 0);
	return (uint64_t)memory_grow(MEMORY_WINDOW, 65536);
}

/* Grows, and is content with less. */
static uint64_t probe_grow(uint64_t size)
{
	enum err err = memory_grow(MEMORY_WINDOW, size);

	return (uint64_t)(err != E_OK ? err : memory_grow(MEMORY_WINDOW, size / 2));
}

static enum err add_code(size_t code_size, size_t rodata_size, uint64_t *at)
{
	const struct memory_code c = {guest_load, code_size, guest_load, rodata_size};

	return memory_add_code(&c, at);
}

static uint64_t probe_limits(void)
{
	const size_t room = LAYOUT_GUEST_STACK_STRIDE - LAYOUT_GUEST_STACK_GUARD;
	uint64_t at, broken = 0;

	broken += add_code(0, 0, &at) != E_LIMIT;
	broken += add_code(0, 8, &at) != E_LIMIT;
	broken += add_code(LAYOUT_CODE_SIZE + 1, 0, &at) != E_LIMIT;
	broken += add_code(SIZE_MAX, 0, &at) != E_LIMIT;
	broken += add_code(8, LAYOUT_CODE_SIZE - 4095, &at) != E_LIMIT;
	broken += add_code(8, SIZE_MAX, &at) != E_LIMIT;
	broken += memory_grow_guest_stack(room + 1, &at) != E_LIMIT;
	broken += memory_grow_guest_stack(SIZE_MAX, &at) != E_LIMIT;
	broken += memory_grow_guest_stack(4096, &at) != E_OK;
	broken += memory_grow_guest_stack(4096, &at) != E_OK;
	broken += memory_grow_guest_stack(8192, &at) != E_LIMIT;
	broken += memory_grow_slots(THREAD_SLOTS_SIZE + 1) != NULL;
	broken += memory_grow_slots(SIZE_MAX) != NULL;
	broken += memory_grow(MEMORY_HEAP, LAYOUT_HEAP_SIZE + 1) != E_LIMIT;
	broken += memory_grow(MEMORY_HEAP, SIZE_MAX) != E_LIMIT;
	/* not a limit but as final: a page that holds something gets no code */
	must(eaccept((uint64_t)(uintptr_t)memory_base(MEMORY_CODE),
		     SECINFO_REG | SECINFO_R | SECINFO_W | SECINFO_PENDING) == 0);
	broken += add_code(8, 0, &at) != E_NOMEM;
	return broken;
}

/* Two memories at one address, one after the other: what the heap may well do. */
static uint64_t probe_window_reuse(void)
{
	const struct wasm_memory_ops *ops = program_memory_ops();
	struct wasm_memory_instance m = {0};

	must(ops->resize(NULL, &m, 65536));
	must(m.base == memory_base(MEMORY_WINDOW));
	m.base[5] = 99;
	ops->release(NULL, &m);
	m = (struct wasm_memory_instance){0};
	must(ops->resize(NULL, &m, 65536));
	return m.base[5];
}

static uint64_t probe_code_is_rx(void)
{
	const uint64_t rx = SECINFO_REG | SECINFO_R | SECINFO_X;

	g_guest_entry = guest_place(guest_load, guest_load_end);
	return eaccept(g_guest_entry, rx | SECINFO_W | SECINFO_PR) != 0 &&
	       eaccept(g_guest_entry, rx | SECINFO_W | SECINFO_PENDING) != 0;
}

/* Fills blocks with a pattern, checks that new ones are zero and old ones keep theirs. */
static uint64_t probe_heap(uint64_t seed)
{
	static struct {
		uint8_t *p;
		size_t size;
	} block[256];
	uint64_t broken = 0;

	for (uint32_t round = 0; round < 20000; round++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		uint32_t i = (uint32_t)(seed >> 56);
		size_t size = (size_t)(seed >> 33) % (seed >> 32 & 7 ? 700 : 200000);

		for (size_t j = 0; j < block[i].size; j++)
			broken += block[i].p[j] != (uint8_t)i;
		heap_free(block[i].p);
		block[i].p = heap_alloc(size);
		must(block[i].p);
		block[i].size = size;
		for (size_t j = 0; j < size; j++)
			broken += block[i].p[j] != 0;
		memset(block[i].p, (int)i, size);
	}
	return broken;
}

static uint64_t probe_spin(uint64_t rounds)
{
	typedef uint64_t v4 __attribute__((vector_size(32)));
	v4 v = {1, 2, 3, 4};
	uint64_t x = 88172645463325252u;

	for (uint64_t i = 0; i < rounds * 1000000; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		v = (v << 1) ^ (v >> 3) ^ (v4) { x, x, x, x };
	}
	return x ^ v[0] ^ v[1] ^ v[2] ^ v[3];
}

static uint64_t probe_calls(uint64_t count)
{
	uint64_t ok = 0;

	while (count-- > 0)
		ok += hostcall_yield() == HOST_SUCCESS;
	return ok;
}

static uint64_t probe_canary(void)
{
	return thread_self()->canary;
}

static uint64_t probe_transfer(void)
{
	uint64_t changed = 0;
	size_t done;

	must(memory_grow(MEMORY_WINDOW, 65536) == E_OK);
	uint8_t *buffer = memory_base(MEMORY_WINDOW);
	uint64_t read = hostcall_read(0, buffer, 8, &done);

	for (size_t i = 8; i < 4096; i++)
		changed |= buffer[i];
	return (uint64_t)hostcall_write(1, "12345678", 8, &done) << 16 | read << 8 | (changed != 0);
}

/* Through the mapping of a file: what is wrong with its pages is an error of the read. */
static uint64_t probe_map(uint64_t rounds)
{
	static uint8_t pages[8192];
	struct host_mapping m;
	const uint64_t error = hostcall_map(HOST_HANDLE_MOUNTS, &m);
	uint64_t good = 0, bad = 0;

	if (error != HOST_SUCCESS)
		return error << 56;
	for (uint64_t i = 0; i < rounds; i++) {
		const enum err err = hostcall_map_read(pages, &m, 0, sizeof(pages));

		must(err == E_OK || err == E_IO);
		good += err == E_OK;
		bad += err == E_IO;
	}
	hostcall_unmap(&m);
	return good << 28 | bad;
}

static uint64_t probe_gcm(uint64_t rounds)
{
	static const uint8_t bytes[GCM_KEY_SIZE] = {1}, nonce[GCM_NONCE_SIZE] = {2};
	static uint8_t plain[4096], cipher[4096], copy[4096];
	uint8_t tag[GCM_TAG_SIZE];
	struct gcm_key key;
	uint64_t result;

	gcm_key_init(&key, bytes);
	gcm_seal(&key, nonce, bytes, sizeof(bytes), plain, sizeof(plain), cipher, tag);
	memcpy(&result, tag, sizeof(result));
	for (uint64_t i = 0; i < rounds; i++) {
		memcpy(copy, cipher, sizeof(copy));
		if (gcm_open(&key, nonce, bytes, sizeof(bytes), copy, sizeof(copy), plain, tag) !=
		    E_OK)
			return 0;
	}
	return result;
}

static uint64_t probe_guest(uint64_t probe, uint64_t a)
{
	switch (probe) {
	case PROBE_GUEST_LOAD:
		must(memory_grow(MEMORY_WINDOW, 65536) == E_OK);
		return guest_run(guest_load, guest_load_end, a);
	case PROBE_GUEST_UD1:
		return probe_ud1(a);
	case PROBE_GUEST_RECURSE:
		return guest_run(guest_recurse, guest_recurse_end, 0);
	case PROBE_GUEST_FAULTS:
		return probe_faults(a);
	case PROBE_GUEST_FLAGS:
		return probe_flags();
	case PROBE_GUEST_UD2:
		return guest_run(guest_ud2, guest_ud2_end, 0);
	case PROBE_GUEST_DIVIDE:
		return guest_run(guest_divide, guest_divide_end, 0);
	case PROBE_GUEST_WRITE_CODE:
		return guest_run(guest_write_code, guest_write_code_end, 0);
	case PROBE_GUEST_LAST_BYTES:
		return probe_last_bytes();
	case PROBE_GUEST_EXCEPTION:
		return probe_exception();
	case PROBE_GUEST_FALLS:
		return probe_falls();
	default:
		return probe_touch_heap(a);
	}
}

static uint64_t probe_runtime(uint64_t probe, uint64_t a)
{
	switch (probe) {
	case PROBE_RUNTIME_WRITE_TEXT:
		*(volatile uint8_t *)(uintptr_t)(const void *)enclu = 0;
		return 0;
	case PROBE_RUNTIME_STACK:
		return recurse(1000000);
	case PROBE_RUNTIME_WINDOW:
		return read_byte(window_hole());
	case PROBE_RUNTIME_READ:
		return read_byte(a);
	case PROBE_RUNTIME_IN_GUEST:
		return probe_in_guest();
	case PROBE_RUNTIME_NO_GUEST:
		return probe_no_guest();
	case PROBE_PANIC:
		panic(__FILE__, __LINE__);
	case PROBE_ACCEPT_TWICE:
		return probe_accept_twice();
	case PROBE_ACCEPT_UNASKED:
		return probe_accept_unasked();
	case PROBE_GROW:
		return probe_grow(a);
	case PROBE_GROW_ACCEPTED:
		return probe_grow_accepted();
	case PROBE_LIMITS:
		return probe_limits();
	case PROBE_HEAP:
		return probe_heap(a);
	case PROBE_WINDOW_REUSE:
		return probe_window_reuse();
	case PROBE_CODE_IS_RX:
		return probe_code_is_rx();
	case PROBE_ENTRY_STATE:
		return probe_machine_state();
	case PROBE_CANARY:
		return probe_canary();
	case PROBE_TRANSFER:
		return probe_transfer();
	case PROBE_CALLS:
		return probe_calls(a);
	case PROBE_MAP:
		return probe_map(a);
	case PROBE_GCM:
		return probe_gcm(a);
	default:
		return probe_spin(a);
	}
}

void program_run(const struct program_input *in, struct program_outcome *out)
{
	struct probe_request request;

	memset(out, 0, sizeof(*out));
	out->kind = RUN_EXITED;
	if (in->module_size != sizeof(request)) {
		script_run(in, out);
		return;
	}
	memcpy(&request, in->module, sizeof(request));
	must(request.magic == PROBE_MAGIC);
	if (request.probe < PROBE_RUNTIME_WRITE_TEXT)
		out->detail[0] = probe_guest(request.probe, request.a);
	else if (request.probe < PROBE_NATIVE)
		out->detail[0] = probe_runtime(request.probe, request.a);
	else if (request.probe < PROBE_THREADS)
		out->detail[0] = probe_native(request.probe, request.a);
	else
		out->detail[0] = probe_threads(request.probe, request.a);
}

/* Deliveries are the program proper's. */
void program_deploy(const struct program_delivery *in, struct program_outcome *out)
{
	(void)in;
	memset(out, 0, sizeof(*out));
	out->kind = RUN_REFUSED;
	out->code = E_UNSUPPORTED;
}
