/* Several memories, atomic accesses, shared memories. */
#include "interp/interp.h"

#include <pthread.h>

#include "host/base/park.h"
#include "test/lib/check.h"
#include "test/unit/guest_module.h"
#include "test/unit/modules_memories.h"

static void start(struct guest *g)
{
	CHECK_EQ(guest_init(g, &(struct wasm_store_config){0}, &(struct interp_limits){0}), E_OK);
}

static uint64_t result(struct guest *g, const char *name, uint64_t a, uint64_t b, uint64_t c)
{
	CHECK_EQ(guest_call(g, name, a, b, c), TRAP_NONE);
	return g->result[0];
}

/* ---- several memories ------------------------------------------------------------------------ */

TEST(accesses_go_to_the_memory_they_name)
{
	struct guest g;

	start(&g);
	CHECK_EQ(guest_add(&g, module_memories, sizeof module_memories), E_OK);
	CHECK_EQ(guest_call(&g, "put", 100, 7000, 0), TRAP_NONE);
	CHECK_EQ(result(&g, "get", 100, 0, 0), 1);
	CHECK_EQ(result(&g, "get16", 100, 0, 0), 7002);
	CHECK_EQ(guest_call(&g, "load_2", 0, 0, 0), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(result(&g, "after_trap", 0, 0, 0), 0);
	CHECK_EQ(result(&g, "scan", 10, 0, 0), 45);
	guest_fini(&g);
}

TEST(each_memory_has_its_own_bounds_and_growth)
{
	struct guest g;

	start(&g);
	CHECK_EQ(guest_add(&g, module_memories, sizeof module_memories), E_OK);
	CHECK_EQ(guest_call(&g, "put", 65536, 1, 0), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(result(&g, "grow_1", 2, 0, 0), 103);
	CHECK_EQ((uint32_t)result(&g, "grow_1", 1, 0, 0), (uint32_t)-97);
	CHECK_EQ(guest_call(&g, "put", 65536, 1, 0), TRAP_MEMORY_BOUNDS); /* in memory 0 */
	CHECK_EQ(result(&g, "grow_0", 1, 0, 0), 102);
	CHECK_EQ(guest_call(&g, "put", 65536, 1, 0), TRAP_NONE);
	CHECK_EQ(result(&g, "get", 65536, 0, 0), 1);
	CHECK_EQ(guest_call(&g, "put", 131072, 1, 0), TRAP_MEMORY_BOUNDS);
	guest_fini(&g);
}

TEST(bulk_instructions_go_to_the_memories_they_name)
{
	struct guest g;

	start(&g);
	CHECK_EQ(guest_add(&g, module_memories, sizeof module_memories), E_OK);
	CHECK_EQ(result(&g, "bulk", 8, 0, 0), 'b' + 0x2a);
	CHECK_EQ(guest_call(&g, "bulk", 65536 - 64 + 1, 0, 0), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(guest_call(&g, "copy_out", 1, 0, 0), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(guest_call(&g, "copy_out", 0, 0, 0), TRAP_NONE);
	guest_fini(&g);
}

/* ---- fused accesses --------------------------------------------------------------------------- */

static uint64_t number(const char *type, int x)
{
	uint64_t bits = 0;
	float single = (float)x;
	double wide = x;

	if (type[0] == 'i')
		return type[1] == '3' ? (uint32_t)x : (uint64_t)(int64_t)x;
	if (type[1] == '3')
		memcpy(&bits, &single, sizeof single);
	else
		memcpy(&bits, &wide, sizeof wide);
	return bits;
}

/* x = 3, z = 7, and 5 in memory. */
static const struct {
	const char *op;
	int result;
	bool ints;
} fused[] = {
	{"add", 8, true},   {"add_left", 8, true},  {"sub", -2, false},	    {"sub_left", 2, false},
	{"mul", 15, false}, {"mul_add", 22, false}, {"sub_mul", -8, false}, {"mul_sub", 8, false},
};

static void check_fused(struct guest *g, const char *type, size_t i, const char *form)
{
	const uint64_t y = number(type, 5);
	const size_t size = type[1] == '3' ? 4 : 8;
	struct interp_position line;
	size_t depth;
	char name[64];

	snprintf(name, sizeof name, "%s.%s.%s", type, fused[i].op, form);
	memcpy(wasm_instance_memory(g->instance)->base + 24, &y, size);
	CHECK_EQ(result(g, name, 16, number(type, 3), number(type, 7)),
		 number(type, fused[i].result));
	CHECK_EQ(guest_call(g, name, 65536 - size - 7, 0, 0), TRAP_MEMORY_BOUNDS);
	/* the place is that of the load, whose opcode is below 0x2c, and of no operator */
	CHECK_EQ(interp_backtrace(&g->thread, &line, 1, 0, &depth), 1);
	CHECK(module_fused[line.offset] >= 0x28 && module_fused[line.offset] <= 0x2b);
	CHECK_EQ(guest_call(g, name, 65536 - size - 8, 0, 0), TRAP_NONE);
	CHECK_EQ(guest_call(g, name, (uint32_t)-8, 0, 0),
		 form[0] == 's' ? TRAP_NONE : TRAP_MEMORY_BOUNDS);
}

TEST(a_load_may_be_part_of_what_uses_it)
{
	static const char *const types[] = {"f32", "f64", "i32", "i64"};
	struct guest g;

	start(&g);
	CHECK_EQ(guest_add(&g, module_fused, sizeof module_fused), E_OK);
	for (size_t t = 0; t < COUNT_OF(types); t++) {
		for (size_t i = 0; i < COUNT_OF(fused); i++) {
			if (types[t][0] == 'i' && !fused[i].ints)
				continue;
			check_fused(&g, types[t], i, "plain");
			check_fused(&g, types[t], i, "sum");
		}
	}
	guest_fini(&g);
}

TEST(constant_addresses_and_differences_mean_what_they_say)
{
	struct guest g;

	start(&g);
	CHECK_EQ(guest_add(&g, module_fused, sizeof module_fused), E_OK);
	CHECK_EQ(result(&g, "constants", 3, 0, 0), 3 + 5 + 6);
	CHECK_EQ(guest_call(&g, "constant_end", 0, 0, 0), TRAP_NONE);
	CHECK_EQ(guest_call(&g, "constant_beyond", 0, 0, 0), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(guest_call(&g, "constant_wraps_not", 0, 0, 0), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(result(&g, "minus_lowest", 5, 0, 0), 2147483653);
	CHECK_EQ(result(&g, "minus_lowest_32", 5, 0, 0), 0x80000005);
	CHECK_EQ(result(&g, "minus", 5, 0, 0), (uint64_t)-2147483642);
	CHECK_EQ(guest_call(&g, "below", 0, 0, 0), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(result(&g, "below", 4, 0, 0), 0);
	guest_fini(&g);
}

TEST(loops_compare_with_constants_of_any_size)
{
	struct guest g;

	start(&g);
	CHECK_EQ(guest_add(&g, module_fused, sizeof module_fused), E_OK);
	CHECK_EQ(result(&g, "until_big_32", 0, 0, 0), 201);
	CHECK_EQ(result(&g, "until_low_32", (uint32_t)-100000, 0, 0), 30);
	CHECK_EQ(result(&g, "until_low_64", (uint64_t)-100000, 0, 0), 30);
	CHECK_EQ(result(&g, "until_not_64", (uint64_t)-100000, 0, 0), 170);
	CHECK_EQ(result(&g, "until_equal_32", 99000, 0, 0), 1000);
	guest_fini(&g);
}

/* ---- atomics --------------------------------------------------------------------------------- */

static enum wasm_trap host_nothing(void *env, struct wasm_caller *caller, const uint64_t *args,
				   uint64_t *results)
{
	(void)env, (void)caller, (void)args, (void)results;
	return TRAP_NONE;
}

/* A guest of its own store around a memory, or with a new one. */
static enum err atomics_init(struct guest *g, const struct wasm_host_func *host,
			     struct wasm_memory_instance *memory)
{
	static const struct wasm_memory_type type = {{1, 3, true}, true};
	struct wasm_extern x = {.kind = WASM_KIND_MEMORY, .memory = memory};
	enum err err = guest_init(g, &(struct wasm_store_config){0}, &(struct interp_limits){0});

	if (!err && !memory)
		err = wasm_memory_add(&g->store, &type, &x.memory);
	if (!err)
		err = wasm_linker_define(&g->linker, wasm_name_of("env"), wasm_name_of("memory"),
					 x);
	if (!err)
		err = wasm_linker_define_host(&g->linker, &g->store, host, 1, g);
	return err ? err : guest_add(g, module_atomics, sizeof module_atomics);
}

static const struct wasm_host_func call_nothing = {"host", "call", {0}, host_nothing};

static void start_atomics(struct guest *g)
{
	CHECK_EQ(atomics_init(g, &call_nothing, NULL), E_OK);
}

enum rmw { ADD, SUB, AND, OR, XOR, XCHG };

static uint64_t rmw_of(enum rmw what, uint64_t x, uint64_t y)
{
	switch (what) {
	case ADD:
		return x + y;
	case SUB:
		return x - y;
	case AND:
		return x & y;
	case OR:
		return x | y;
	case XOR:
		return x ^ y;
	default:
		return y;
	}
}

static const struct width {
	const char *type;
	const char *bits;   /* of a read-modify-write */
	const char *suffix; /* of a load */
	unsigned size;
} widths[] = {
	{"i32", "", "", 4},	  {"i32", "8", "8_u", 1}, {"i32", "16", "16_u", 2},
	{"i64", "", "", 8},	  {"i64", "8", "8_u", 1}, {"i64", "16", "16_u", 2},
	{"i64", "32", "32_u", 4},
};

static uint64_t mask_of(unsigned size)
{
	return UINT64_MAX >> (64 - 8 * size);
}

#define BEFORE 0x8182838485868788u
#define VALUE  0xf1f2f3f4f5f6f7f8u

/* The eight bytes at the address that the module adds 8 to. */
static uint64_t word(struct guest *g, uint64_t set)
{
	uint8_t *p = wasm_instance_memory(g->instance)->base + 16;
	uint64_t before;

	memcpy(&before, p, sizeof before);
	memcpy(p, &set, sizeof set);
	return before;
}

static void check_rmw(struct guest *g, const struct width *w, enum rmw what, const char *text)
{
	const uint64_t mask = mask_of(w->size);
	char name[64];

	snprintf(name, sizeof name, "%s.atomic.rmw%s.%s%s", w->type, w->bits, text,
		 w->bits[0] ? "_u" : "");
	(void)word(g, BEFORE);
	CHECK_EQ(result(g, name, 8, VALUE, 0), BEFORE & mask);
	CHECK_EQ(word(g, 0), (BEFORE & ~mask) | (rmw_of(what, BEFORE, VALUE) & mask));
	CHECK_EQ(guest_call(g, name, 65536 - 8, VALUE, 0), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(guest_call(g, name, 9, VALUE, 0), w->size > 1 ? TRAP_UNALIGNED_ATOMIC : TRAP_NONE);
}

static void check_cmpxchg(struct guest *g, const struct width *w)
{
	const uint64_t mask = mask_of(w->size);
	char name[64];

	snprintf(name, sizeof name, "%s.atomic.rmw%s.cmpxchg%s", w->type, w->bits,
		 w->bits[0] ? "_u" : "");
	(void)word(g, BEFORE);
	CHECK_EQ(result(g, name, 8, VALUE, 5), BEFORE & mask);
	CHECK_EQ(word(g, BEFORE), BEFORE);
	CHECK_EQ(result(g, name, 8, BEFORE, VALUE), BEFORE & mask);
	CHECK_EQ(word(g, BEFORE), (BEFORE & ~mask) | (VALUE & mask));
	CHECK_EQ(result(g, name, 8, BEFORE ^ 1, VALUE), BEFORE & mask);
	CHECK_EQ(word(g, BEFORE), BEFORE);
	CHECK_EQ(guest_call(g, name, 65536 - 8, 0, 0), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(guest_call(g, name, 9, 0, 0), w->size > 1 ? TRAP_UNALIGNED_ATOMIC : TRAP_NONE);
}

static void check_load_and_store(struct guest *g, const struct width *w)
{
	const uint64_t mask = mask_of(w->size);
	char name[64];

	snprintf(name, sizeof name, "%s.atomic.load%s", w->type, w->suffix);
	(void)word(g, BEFORE);
	CHECK_EQ(result(g, name, 8, 0, 0), BEFORE & mask);
	CHECK_EQ(guest_call(g, name, 65536 - 8, 0, 0), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(guest_call(g, name, UINT32_MAX - 7, 0, 0), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(guest_call(g, name, 9, 0, 0), w->size > 1 ? TRAP_UNALIGNED_ATOMIC : TRAP_NONE);
	snprintf(name, sizeof name, "%s.atomic.store%s", w->type, w->bits);
	CHECK_EQ(guest_call(g, name, 8, VALUE, 0), TRAP_NONE);
	CHECK_EQ(word(g, 0), (BEFORE & ~mask) | (VALUE & mask));
	CHECK_EQ(guest_call(g, name, 65536 - 8, 0, 0), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(guest_call(g, name, 9, 0, 0), w->size > 1 ? TRAP_UNALIGNED_ATOMIC : TRAP_NONE);
}

TEST(every_atomic_access_reads_and_writes_its_width)
{
	static const char *const texts[] = {"add", "sub", "and", "or", "xor", "xchg"};
	struct guest g;

	start_atomics(&g);
	for (size_t i = 0; i < COUNT_OF(widths); i++) {
		for (size_t j = 0; j < COUNT_OF(texts); j++)
			check_rmw(&g, &widths[i], (enum rmw)j, texts[j]);
		check_cmpxchg(&g, &widths[i]);
		check_load_and_store(&g, &widths[i]);
	}
	CHECK_EQ(result(&g, "fence", 0, 0, 0), 1);
	guest_fini(&g);
}

TEST(wait_and_notify_get_their_operands)
{
	struct guest g;

	start_atomics(&g);
	CHECK_EQ(result(&g, "wait32", 8, 1, (uint64_t)-1), 1);
	CHECK_EQ(result(&g, "wait32", 8, 0, 1000), 2);
	CHECK_EQ(result(&g, "wait64", 8, 1, (uint64_t)-1), 1);
	CHECK_EQ(result(&g, "wait64", 8, 0, 1000), 2);
	CHECK_EQ(result(&g, "notify", 8, 1, 0), 0);
	CHECK_EQ(guest_call(&g, "wait32", 10, 0, 0), TRAP_UNALIGNED_ATOMIC);
	CHECK_EQ(guest_call(&g, "wait64", 12, 0, 0), TRAP_UNALIGNED_ATOMIC);
	CHECK_EQ(guest_call(&g, "notify", 65536 - 4, 0, 0), TRAP_MEMORY_BOUNDS);
	guest_fini(&g);
}

/* ---- shared memories ------------------------------------------------------------------------- */

/* As another thread would: the caller keeps the size that it had. */
static enum wasm_trap host_grow(void *env, struct wasm_caller *caller, const uint64_t *args,
				uint64_t *results)
{
	(void)env, (void)args, (void)results;
	(void)wasm_memory_grow(wasm_instance_memory(caller->instance), 1);
	return TRAP_NONE;
}

TEST(a_shared_memory_that_has_grown_is_looked_at_again)
{
	struct guest g;
	struct wasm_memory_instance *m;

	CHECK_EQ(atomics_init(&g, &(struct wasm_host_func){"host", "call", {0}, host_grow}, NULL),
		 E_OK);
	m = wasm_instance_memory(g.instance);
	CHECK_EQ(guest_call(&g, "load", 65536, 0, 0), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(result(&g, "load_after_host", 65536, 0, 0), 0);
	CHECK_EQ(wasm_memory_size(m), 2 * 65536);
	CHECK_EQ(result(&g, "grow", 1, 0, 0), 2);
	CHECK_EQ(result(&g, "size", 0, 0, 0), 3);
	CHECK_EQ(guest_call(&g, "load", 3 * 65536 - 3, 0, 0), TRAP_MEMORY_BOUNDS);
	CHECK_EQ(result(&g, "load", 3 * 65536 - 4, 0, 0), 0);
	guest_fini(&g);
}

static void *load_when_told(void *env)
{
	struct guest *g = env;

	park_enter(1);
	CHECK_EQ(result(g, "load_when_told", 65536, 0, 0), 0);
	CHECK_EQ(guest_call(g, "load_when_told", 2 * 65536, 0, 0), TRAP_MEMORY_BOUNDS);
	return NULL;
}

TEST(a_running_thread_reaches_what_another_adds_to_the_memory)
{
	struct guest g;
	pthread_t thread;

	start_atomics(&g);
	uint32_t *words = (uint32_t *)(void *)wasm_instance_memory(g.instance)->base;

	CHECK_EQ(pthread_create(&thread, NULL, load_when_told, &g), 0);
	while (!__atomic_load_n(&words[3], __ATOMIC_SEQ_CST))
		;
	CHECK_EQ(wasm_memory_grow(wasm_instance_memory(g.instance), 1), 1);
	__atomic_store_n(&words[2], 1, __ATOMIC_SEQ_CST);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	guest_fini(&g);
}

#define THREADS 4u
#define ROUNDS	500u

struct counter {
	uint32_t number;
	struct wasm_memory_instance *memory;
	pthread_t thread;
	bool ok;
};

static void *count_up(void *env)
{
	struct counter *c = env;
	struct guest g;

	park_enter(c->number);
	c->ok = atomics_init(&g, &call_nothing, c->memory) == E_OK &&
		guest_call(&g, "count_up", ROUNDS, 0, 0) == TRAP_NONE;
	if (c->number == 1)
		c->ok = c->ok && guest_call(&g, "grow", 1, 0, 0) == TRAP_NONE;
	guest_fini(&g);
	return NULL;
}

TEST(threads_count_under_a_lock_of_the_guest)
{
	struct counter counters[THREADS];
	struct guest g;

	start_atomics(&g);
	for (uint32_t i = 0; i < THREADS; i++) {
		counters[i] = (struct counter){.number = i + 1,
					       .memory = wasm_instance_memory(g.instance)};
		CHECK_EQ(pthread_create(&counters[i].thread, NULL, count_up, &counters[i]), 0);
	}
	CHECK_EQ(guest_call(&g, "count_up", ROUNDS, 0, 0), TRAP_NONE);
	for (uint32_t i = 0; i < THREADS; i++) {
		CHECK_EQ(pthread_join(counters[i].thread, NULL), 0);
		CHECK(counters[i].ok);
	}
	CHECK_EQ(result(&g, "load", 4, 0, 0), (THREADS + 1) * ROUNDS);
	CHECK_EQ(result(&g, "load", 65536, 0, 0), 0);
	guest_fini(&g);
}

int main(void)
{
	RUN(accesses_go_to_the_memory_they_name);
	RUN(each_memory_has_its_own_bounds_and_growth);
	RUN(bulk_instructions_go_to_the_memories_they_name);
	RUN(a_load_may_be_part_of_what_uses_it);
	RUN(constant_addresses_and_differences_mean_what_they_say);
	RUN(loops_compare_with_constants_of_any_size);
	RUN(every_atomic_access_reads_and_writes_its_width);
	RUN(wait_and_notify_get_their_operands);
	RUN(a_shared_memory_that_has_grown_is_looked_at_again);
	RUN(a_running_thread_reaches_what_another_adds_to_the_memory);
	RUN(threads_count_under_a_lock_of_the_guest);
	return check_report();
}
