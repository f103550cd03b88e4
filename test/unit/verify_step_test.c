/*
 * What the verifier says of instructions against what this CPU does: random instructions of the list run one after
 * the other on a frame and on numbers of which something is known; after each one every register, every place of
 * the frame, every relation and what the flags tell must be among what is known.
 */
#include "native/verify_step.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "test/unit/verify_code.h"

#define ROUNDS 30000 /* each of a few instructions */
#define STEPS  12
#define IDS    4096
#define FRAME  512 /* bytes below the return address */

/* The concrete machine, below 2^31 so that code reaches it without a register. */
struct machine {
	uint64_t regs[16], flags, host_rsp, result_flags;
	uint8_t frame[FRAME + 64]; /* the return address is at FRAME */
};

static struct machine *g_machine;
static uint8_t *g_page;	 /* executable */
static uint8_t *g_leave; /* where a fault goes on */
static volatile int g_faulted;
static struct x86_index g_index;
static uint64_t g_random = 0x2545f4914f6cdd1d;
/* the low halves that ids stand for */
static uint32_t g_id_value[IDS];
static bool g_id_known[IDS];

static uint64_t next(void)
{
	g_random ^= g_random << 13;
	g_random ^= g_random >> 7;
	g_random ^= g_random << 17;
	return g_random;
}

static uint64_t frame_top(void)
{
	return (uint64_t)(uintptr_t)(g_machine->frame + FRAME);
}

/* ---- running one instruction ----------------------------------------------------------------------------- */

static uint8_t *emit(uint8_t *p, const void *bytes, size_t size)
{
	memcpy(p, bytes, size);
	return p + size;
}

/* mov reg, [at] (0x8b) or mov [at], reg (0x89) */
static uint8_t *emit_move(uint8_t *p, uint8_t op, unsigned reg, const void *at)
{
	const uint8_t bytes[] = {(uint8_t)(0x48 | (reg >> 3) << 2), op,
				 (uint8_t)(4 | (reg & 7) << 3), 0x25, LE32((uintptr_t)at)};

	return emit(p, bytes, sizeof bytes);
}

/* Every register from the machine, the instruction, every register to the machine. *at: where it stands. */
static void machine_assemble(const uint8_t *insn, size_t size, uint8_t **at)
{
	static const uint8_t push_all[] = {0x53, 0x55, 0x41, 0x54, 0x41,
					   0x55, 0x41, 0x56, 0x41, 0x57};
	static const uint8_t pop_all[] = {0x41, 0x5f, 0x41, 0x5e, 0x41, 0x5d,
					  0x41, 0x5c, 0x5d, 0x5b, 0xc3};
	static const uint8_t push_flags[] = {0xff, 0x34, 0x25}, pop_flags[] = {0x8f, 0x04, 0x25};
	static const uint8_t popf[] = {0x9d}, pushf[] = {0x9c};
	const uint8_t flags[] = {LE32((uintptr_t)&g_machine->flags)};
	const uint8_t result[] = {LE32((uintptr_t)&g_machine->result_flags)};
	uint8_t *p = emit(g_page, push_all, sizeof push_all);

	p = emit_move(p, 0x89, X86_RSP, &g_machine->host_rsp);
	p = emit(p, push_flags, sizeof push_flags);
	p = emit(p, flags, sizeof flags);
	p = emit(p, popf, sizeof popf);
	for (unsigned r = 0; r < 16; r++)
		p = emit_move(p, 0x8b, r, &g_machine->regs[r]);
	*at = p;
	p = emit(p, insn, size);
	g_leave = p;
	for (unsigned r = 0; r < 16; r++)
		p = emit_move(p, 0x89, r, &g_machine->regs[r]);
	p = emit_move(p, 0x8b, X86_RSP, &g_machine->host_rsp);
	p = emit(p, pushf, sizeof pushf);
	p = emit(p, pop_flags, sizeof pop_flags);
	p = emit(p, result, sizeof result);
	emit(p, pop_all, sizeof pop_all);
}

/* Below the red zone. */
static void machine_run(void)
{
	__asm__ volatile("sub $128, %%rsp; call *%0; add $128, %%rsp"
			 :
			 : "r"(g_page)
			 : "memory", "cc", "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10",
			   "r11", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
			   "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	ucontext_t *c = context;

	(void)number;
	(void)info;
	if ((uint8_t *)c->uc_mcontext.gregs[REG_RIP] >= g_page + 4096 ||
	    (uint8_t *)c->uc_mcontext.gregs[REG_RIP] < g_page)
		_Exit(3);
	g_faulted = number;
	c->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)g_leave;
}

static void machine_init(void)
{
	static uint8_t stack[65536];
	stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};

	g_machine = mmap(NULL, sizeof *g_machine, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	g_page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	CHECK(g_machine != MAP_FAILED && g_page != MAP_FAILED);
	sigaltstack(&alternate, NULL);
	sigaction(SIGFPE, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGILL, &action, NULL);
}

/* ---- what is known, and whether it is true ----------------------------------------------------------------- */

static uint64_t mask_of(unsigned size)
{
	return size >= 8 ? UINT64_MAX : (UINT64_C(1) << 8 * size) - 1;
}

static bool number_is_true(const struct value *v, uint64_t n)
{
	int64_t s = (int64_t)n;

	if (s < v->lo || s > v->hi || (n != 0 && v->align > __builtin_ctzll(n)))
		return false;
	if (v->low_bits != 0 && (n & mask_of(v->low_bits / 8)) > v->low_max)
		return false;
	if (v->id != 0 && v->id < IDS) {
		if (g_id_known[v->id] && g_id_value[v->id] != (uint32_t)n)
			return false;
		g_id_known[v->id] = true;
		g_id_value[v->id] = (uint32_t)n;
	}
	if (v->of == 0 || v->of >= IDS || !g_id_known[v->of])
		return true;
	return n == (v->times ? (uint64_t)v->times * g_id_value[v->of]
			      : (uint64_t)g_id_value[v->of] + v->plus);
}

/* Of registers as they were at first, and code at this address. */
static bool value_is_true(const struct value *v, uint64_t n, const uint64_t *saved, uint64_t code)
{
	switch (v->kind) {
	case VALUE_NUMBER:
		return number_is_true(v, n);
	case VALUE_FRAME:
		return (int64_t)(n - frame_top()) >= v->lo && (int64_t)(n - frame_top()) <= v->hi;
	case VALUE_IMAGE:
		return (int64_t)(n - code) >= v->lo && (int64_t)(n - code) <= v->hi;
	case VALUE_SAVED:
		return n == saved[v->which];
	default:
		return false; /* nothing here makes them */
	}
}

static uint64_t frame_read(const struct frame_slot *slot)
{
	uint64_t n = 0;

	memcpy(&n, g_machine->frame + FRAME + slot->at, slot->size);
	return n;
}

static bool state_is_true(const struct state *s, const uint64_t *saved, uint64_t code)
{
	for (unsigned r = 0; r < 16; r++) {
		if (!value_is_true(&s->regs[r], g_machine->regs[r], saved, code))
			return false;
	}
	for (uint32_t i = 0; i < s->slot_count; i++) {
		if (!value_is_true(&s->slots[i].value, frame_read(&s->slots[i]), saved, code))
			return false;
	}
	return true;
}

/* A condition by the flags of the CPU (SDM volume 1, appendix B). */
static bool holds(unsigned condition, uint64_t flags)
{
	bool carry = flags & 1, parity = flags & 4, zero = flags & 0x40, sign = flags & 0x80;
	bool overflow = flags & 0x800;
	bool taken[] = {overflow,
			carry,
			zero,
			carry || zero,
			sign,
			parity,
			sign != overflow,
			zero || sign != overflow};

	return taken[condition / 2] != condition % 2;
}

/* ---- a round ----------------------------------------------------------------------------------------------- */

static uint64_t some_number(void)
{
	static const uint64_t edges[] = {0,
					 1,
					 7,
					 0x7f,
					 0x80,
					 0xff,
					 0x100,
					 0x7fff,
					 0x8000,
					 0xffff,
					 0x7fffffff,
					 0x80000000,
					 0xffffffff,
					 0x100000000,
					 0x7fffffffffffffff,
					 0x8000000000000000,
					 UINT64_MAX};

	return next() % 4 ? edges[next() % COUNT_OF(edges)] + next() % 3 - 1
			  : next() >> next() % 64;
}

/* Something that is true of a number. */
static struct value some_fact(uint64_t n)
{
	uint64_t below = next() >> next() % 64, above = next() >> next() % 64;
	struct value v = value_any();

	if (next() % 4 == 0)
		return value_exact((int64_t)n);
	if (next() % 3 && !__builtin_sub_overflow((int64_t)n, (int64_t)(below >> 1), &v.lo) &&
	    !__builtin_add_overflow((int64_t)n, (int64_t)(above >> 1), &v.hi) && (int64_t)n >= 0 &&
	    v.lo < 0)
		v.lo = 0;
	if (v.lo > (int64_t)n || v.hi < (int64_t)n)
		v = value_any();
	if (next() % 4 == 0 && n != 0)
		v.align = (uint8_t)(next() % (unsigned)(__builtin_ctzll(n) + 1));
	if (next() % 4 == 0) {
		v.low_bits = (uint8_t)(8u << next() % 3);
		v.low_max = (uint32_t)(n & mask_of(v.low_bits / 8));
	}
	return v;
}

static void round_begin(struct state *s, uint64_t *saved)
{
	static const uint8_t frame_regs[] = {X86_RBP, X86_RBX, X86_RSI};

	memset(g_id_known, 0, sizeof g_id_known);
	for (unsigned i = 0; i < sizeof g_machine->frame; i++)
		g_machine->frame[i] = (uint8_t)next();
	state_enter(s);
	for (unsigned r = 0; r < 16; r++) {
		uint64_t n = saved[r] = g_machine->regs[r] = some_number();

		if (r != X86_RSP && next() % 4)
			state_set(s, r, some_fact(n));
	}
	/* RSP, and some others, are addresses of the frame; some registers are small */
	g_machine->regs[X86_RSP] = frame_top() - 128;
	s->regs[X86_RSP] = value_at(VALUE_FRAME, 0, -128);
	for (unsigned i = 0; i < COUNT_OF(frame_regs); i++) {
		int64_t at = -8 * (int64_t)(next() % 16);

		g_machine->regs[frame_regs[i]] = frame_top() + (uint64_t)at;
		state_set(s, frame_regs[i], value_at(VALUE_FRAME, 0, at));
	}
	for (unsigned r = 8; r < 12; r++) {
		g_machine->regs[r] = next() % 8;
		state_set(s, r, value_range(0, 7));
	}
	for (int64_t at = -128; at < 0; at += 8) {
		const struct frame_slot slot = {.at = (int32_t)at, .size = next() % 2 ? 8 : 4};
		struct value v = some_fact(frame_read(&slot));

		if (next() % 2)
			state_store(s, at, at, slot.size, &v);
	}
	/* numbers that are equal */
	g_machine->regs[X86_RDX] = (uint32_t)g_machine->regs[X86_RCX];
	struct value low = value_low(&s->regs[X86_RCX], 4);

	state_set(s, X86_RDX, low);
}

/* Bytes that often are an instruction. */
static void some_bytes(uint8_t *p)
{
	static const uint8_t prefixes[] = {0x66, 0xf2, 0xf3, 0xf0};
	unsigned n = 0;

	for (unsigned i = n; i < X86_LENGTH_MAX; i++)
		p[i] = (uint8_t)next();
	if (next() % 8 == 0) {
		p[n++] = next() % 2 ? 0xc5 : 0xc4;
		return;
	}
	if (next() % 3 == 0)
		p[n++] = prefixes[next() % COUNT_OF(prefixes)];
	if (next() % 2)
		p[n++] = (uint8_t)(0x40 | next() % 16);
	if (next() % 3 == 0)
		p[n++] = 0x0f;
	n++;
	/* ModRM with a short displacement, SIB */
	if (next() % 2)
		p[n] = (uint8_t)((p[n] & 0x3f) | 0x40);
	if (next() % 2)
		p[n + 1] = (uint8_t)((p[n + 1] & 0x3f) | (next() % 2 ? 0x40 : 0));
	if (next() % 2)
		p[n + 1 + (p[n] % 8 == 4)] =
			(uint8_t)(next() % 2 ? 8 * (next() % 12) : -(next() % 128));
	if (next() % 2)
		p[n + 2 + (p[n] % 8 == 4)] = (uint8_t)(next() % 2 ? next() % 70 : 0xff);
}

static bool is_ours(const struct x86_insn *insn)
{
	return (insn->class < X86_JMP) && !(insn->has_memory && insn->segment != X86_NO_SEGMENT);
}

static uint32_t g_counts[X86_HALT + 1], g_memory, g_refined;

/* One instruction on both. False: something is known that is not so. */
static bool round_step(struct state *s, const uint64_t *saved)
{
	static struct state before, refined;
	uint8_t bytes[X86_LENGTH_MAX], *at;
	struct x86_insn insn;

	do
		some_bytes(bytes);
	while (!x86_decode(&insn, &g_index, bytes, sizeof bytes) || !is_ours(&insn));
	const struct step t = {
		.image = &world()->image, .insn = &insn, .next = insn.length, .s = s};

	state_copy(&before, s);
	/* or it would push below the machine's frame */
	if (step_execute(&t) || state_rsp(s) < 64 - FRAME) {
		state_copy(s, &before);
		return true;
	}
	machine_assemble(bytes, insn.length, &at);
	g_faulted = 0;
	machine_run();
	if (g_faulted) { /* #DE, a misaligned vector: nothing follows */
		CHECK(g_faulted == SIGFPE || (g_faulted == SIGSEGV && insn.has_memory));
		s->slot_count = UINT32_MAX;
		return g_faulted == SIGFPE || insn.has_memory;
	}
	g_counts[insn.class]++;
	g_memory += insn.has_memory;
	bool ok = state_is_true(s, saved, (uint64_t)(uintptr_t)at);

	g_machine->flags = (g_machine->result_flags & 0x8d5) | 2;
	for (unsigned c = 0; ok && c < 16; c++) {
		state_copy(&refined, s);
		state_refine(&refined, c, holds(c, g_machine->flags));
		ok = state_is_true(&refined, saved, (uint64_t)(uintptr_t)at);
		g_refined += s->flags.kind != COMPARE_NOTHING;
	}
	if (ok && next() % 3 == 0) {
		unsigned c = (unsigned)(next() % 16);

		state_refine(s, c, holds(c, g_machine->flags));
	}
	/* an address of the code is of this place alone */
	for (unsigned r = 0; r < 16; r++) {
		if (s->regs[r].kind == VALUE_IMAGE)
			state_set(s, r, value_any());
	}
	for (uint32_t i = 0; i < s->slot_count; i++) {
		if (s->slots[i].value.kind == VALUE_IMAGE)
			s->slots[i].value = value_any();
	}
	if (!ok) {
		printf("class %u:", insn.class);
		for (unsigned i = 0; i < insn.length; i++)
			printf(" %02x", bytes[i]);
		printf("\n");
	}
	return ok;
}

TEST(what_is_known_after_an_instruction_is_what_the_cpu_does)
{
	static struct state s;
	uint64_t saved[16];

	machine_init();
	x86_index_init(&g_index);
	world()->image.code_size = 4096;
	for (unsigned i = 0; i < ROUNDS; i++) {
		round_begin(&s, saved);
		CHECK(state_is_true(&s, saved, 0));
		g_machine->flags = 2;
		for (unsigned j = 0; j < STEPS && s.slot_count != UINT32_MAX; j++) {
			if (!round_step(&s, saved)) {
				printf("in round %u, step %u\n", i, j);
				CHECK(false);
				return;
			}
		}
		if (g_checks_failed)
			return;
	}
	/* and enough has been tried */
	for (unsigned c = 0; c < X86_JMP; c++) {
		CHECK(g_counts[c] > 50);
		if (getenv("COUNTS"))
			printf("class %u: %u\n", c, g_counts[c]);
	}
	CHECK(g_memory > 1000);
	CHECK(g_refined > 10000);
	if (getenv("COUNTS"))
		printf("memory %u refined %u\n", g_memory, g_refined);
}

int main(void)
{
	RUN(what_is_known_after_an_instruction_is_what_the_cpu_does);
	return check_report();
}
