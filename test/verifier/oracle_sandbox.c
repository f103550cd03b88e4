/*
 * The sandbox of a run: regions, made-up contents, and the rules of access.
 * Trust: image, layout and module, which the test makes.
 * Invariant: contents depend on the seed and on what the run did so far, on nothing else.
 */
#include "test/verifier/oracle_sandbox.h"

#include <string.h>
#include <sys/mman.h>

#include "native/format.h"
#include "wasm/module.h"

#define SIG_FIRST  0x51600000u /* what stands in the signatures' slots, and mostly in entries */
#define PAGE	   65536u
#define LINES_KEPT 20000u

/* ---- regions --------------------------------------------------------------------------------------------- */

static const struct region {
	uint64_t base, size;
} g_regions[REGION_COUNT] = {
	[REGION_CODE] = {SANDBOX_CODE, SANDBOX_CODE_SIZE},
	[REGION_SLOTS] = {SANDBOX_FS, SANDBOX_FS_SIZE},
	[REGION_STACK] = {SANDBOX_STACK - 8 - SANDBOX_STACK_SIZE, SANDBOX_STACK_SIZE + 0x1000},
	[REGION_TABLE] = {SANDBOX_TABLES,
			  (uint64_t)SANDBOX_PLACES *SANDBOX_OBJECTS *SANDBOX_TABLE_SIZE},
	[REGION_STUBS] = {SANDBOX_STUBS, SANDBOX_STUBS_SIZE},
	[REGION_RETURN] = {SANDBOX_RETURN, 0x1000},
	[REGION_MEMORY] = {SANDBOX_MEMORY,
			   (uint64_t)SANDBOX_PLACES *SANDBOX_OBJECTS *SANDBOX_MEMORY_SIZE},
	[REGION_WINDOW] = {SANDBOX_WINDOW, NATIVE_WINDOW_SIZE + 0x100000},
};

uint64_t sandbox_region_base(enum sandbox_region region)
{
	return g_regions[region].base;
}

uint64_t sandbox_region_size(enum sandbox_region region)
{
	return g_regions[region].size;
}

enum sandbox_region sandbox_region_of(uint64_t at)
{
	for (unsigned i = 1; i < REGION_COUNT; i++) {
		if (at - g_regions[i].base < g_regions[i].size)
			return i;
	}
	return REGION_NONE;
}

bool sandbox_init(struct sandbox *s, const struct verify_image *image)
{
	s->image = image;
	s->stamp = 1;
	for (unsigned i = 1; i < REGION_COUNT; i++) {
		s->host[i] = mmap(NULL, g_regions[i].size, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (s->host[i] == MAP_FAILED)
			return false;
	}
	return true;
}

void sandbox_fini(struct sandbox *s)
{
	for (unsigned i = 1; i < REGION_COUNT; i++)
		munmap(s->host[i], g_regions[i].size);
}

/* ---- objects: function table, tables, memories -------------------------------------------------------- */

static bool object_is_memory(const struct sandbox *s, uint32_t object)
{
	return object > s->image->module->table_count;
}

static uint32_t object_count(const struct sandbox *s)
{
	return 1 + s->image->module->table_count + s->image->module->memory_count;
}

static struct wasm_limits object_limits(const struct sandbox *s, uint32_t object)
{
	const struct wasm_module *m = s->image->module;

	if (object == 0)
		return (struct wasm_limits){.min = 0};
	if (object <= m->table_count)
		return m->tables[object - 1].type.limits;
	return m->memories[object - 1 - m->table_count].limits;
}

static uint64_t object_base(const struct sandbox *s, uint32_t object)
{
	uint64_t place = (s->generation % SANDBOX_PLACES) * SANDBOX_OBJECTS + object;

	return object_is_memory(s, object) ? SANDBOX_MEMORY + place * SANDBOX_MEMORY_SIZE
					   : SANDBOX_TABLES + place * SANDBOX_TABLE_SIZE;
}

/* Grows now and then, within its limits and the region. */
static void object_grow(struct sandbox *s, uint32_t object, uint64_t by)
{
	struct wasm_limits limits = object_limits(s, object);
	uint64_t unit = object_is_memory(s, object) ? PAGE : 1;
	uint64_t max =
		object_is_memory(s, object) ? SANDBOX_MEMORY_SIZE / PAGE : SANDBOX_TABLE_SIZE / 16;
	uint64_t n = s->count[object] / unit + by;

	if (limits.has_max && limits.max < max)
		max = limits.max;
	s->count[object] = (n < max ? n : max) * unit;
}

static bool objects_begin(struct sandbox *s)
{
	if (object_count(s) > SANDBOX_OBJECTS)
		return false;
	for (uint32_t i = 0; i < object_count(s); i++) {
		struct wasm_limits limits = object_limits(s, i);
		uint64_t bytes = object_is_memory(s, i) ? limits.min * PAGE : limits.min * 16;
		/* memory 0 is reached by the window, if there is one: how large it is does not matter */
		bool in_window = i == 1 + s->image->module->table_count && s->image->window_size;

		if (bytes > (object_is_memory(s, i) ? SANDBOX_MEMORY_SIZE : SANDBOX_TABLE_SIZE)) {
			if (!in_window)
				return false;
			bytes = SANDBOX_MEMORY_SIZE;
		}
		s->count[i] = object_is_memory(s, i) ? bytes : bytes / 16;
		if (random_one_in(&s->random, 3))
			object_grow(s, i, random_below(&s->random, object_is_memory(s, i) ? 2 : 5));
	}
	return true;
}

/* ---- slots ------------------------------------------------------------------------------------------------- */

enum slot_kind {
	SLOT_NONE,
	SLOT_CODE,   /* 8 bytes, read whole */
	SLOT_IMPORT, /* such, and a word */
	SLOT_OBJECT, /* address and size: 8 bytes each */
	SLOT_WORD,   /* read-only */
	SLOT_DATA,   /* the guest's own */
};

struct slot {
	enum slot_kind kind;
	uint32_t index, at, bytes;
};

static bool slot_in(struct slot *slot, uint32_t d, uint32_t begin, uint32_t count, uint32_t bytes,
		    enum slot_kind kind)
{
	if (d < begin || d - begin >= (uint64_t)count * bytes)
		return false;
	*slot = (struct slot){kind, (d - begin) / bytes, (d - begin) % bytes, bytes};
	return true;
}

static struct slot slot_at(const struct sandbox *s, uint32_t d)
{
	const struct native_layout *l = &s->image->layout;
	const struct wasm_module *m = s->image->module;
	struct slot slot = {SLOT_NONE, 0, 0, 0};

	if (slot_in(&slot, d, l->helpers, NATIVE_HELPER_COUNT, 8, SLOT_CODE) ||
	    slot_in(&slot, d, l->function_table, 1, 16, SLOT_OBJECT) ||
	    slot_in(&slot, d, l->ref_base, 1, 8, SLOT_WORD) ||
	    slot_in(&slot, d, l->stop, 1, 8, SLOT_WORD) ||
	    slot_in(&slot, d, l->exception, 1, 8, SLOT_DATA) ||
	    slot_in(&slot, d, l->fuel, 1, 8, SLOT_DATA) ||
	    slot_in(&slot, d, l->transfer, 1, 8 * l->transfer_slots, SLOT_DATA) ||
	    slot_in(&slot, d, l->imports, m->import_func_count, 16, SLOT_IMPORT) ||
	    slot_in(&slot, d, l->sigs, m->type_count, 8, SLOT_WORD))
		return slot;
	if (slot_in(&slot, d, l->globals, m->global_count, 16, SLOT_WORD)) {
		if (m->globals[slot.index].type.mutable)
			slot.kind = SLOT_DATA;
	} else if (slot_in(&slot, d, l->tables, m->table_count, 16, SLOT_OBJECT)) {
		slot.index += 1;
	} else if (slot_in(&slot, d, l->memories, m->memory_count, 16, SLOT_OBJECT)) {
		slot.index += 1 + m->table_count;
	}
	return slot;
}

static const char *slot_access(const struct sandbox *s, uint64_t d, unsigned size, bool write)
{
	struct slot slot = slot_at(s, (uint32_t)d);

	if (slot.kind == SLOT_NONE)
		return "behind FS, but no slot";
	if (slot.at + size > slot.bytes)
		return "across the end of a slot";
	if (write)
		return slot.kind == SLOT_DATA ? NULL : "a write to a slot of the runtime";
	bool address =
		slot.kind == SLOT_CODE || slot.kind == SLOT_IMPORT || slot.kind == SLOT_OBJECT;

	if (address && slot.at < 8 && (slot.at != 0 || size != 8))
		return "a part of an address in a slot";
	return NULL;
}

/* ---- access ------------------------------------------------------------------------------------------------ */

static const char *code_access(const struct sandbox *s, uint64_t d, unsigned size, bool write)
{
	uint64_t begin = ((uint64_t)s->image->code_size + NATIVE_PAGE - 1) & ~(NATIVE_PAGE - 1ull);

	if (write)
		return "a write to code or constants";
	return d < begin || d + size > begin + s->image->rodata_size
		       ? "a read of code, or around the read-only data"
		       : NULL;
}

static const char *table_access(const struct sandbox *s, uint64_t at, unsigned size, bool write)
{
	uint32_t object = (uint32_t)((at - SANDBOX_TABLES) / SANDBOX_TABLE_SIZE % SANDBOX_OBJECTS);
	uint64_t d = at - object_base(s, object);

	if (write)
		return "a write to a table";
	if (object > s->image->module->table_count || d >= SANDBOX_TABLE_SIZE)
		return "no table, or none any more";
	if (d / 16 >= s->count[object])
		return "behind the last entry of a table";
	if (d % 16 + size > 16 || (d % 16 < 8 && (d % 16 != 0 || size != 8)))
		return "no field of a table's entry";
	return NULL;
}

static const char *memory_access(const struct sandbox *s, uint64_t at, unsigned size)
{
	uint32_t object = (uint32_t)((at - SANDBOX_MEMORY) / SANDBOX_MEMORY_SIZE % SANDBOX_OBJECTS);
	uint64_t d = at - object_base(s, object);

	if (object >= object_count(s) || !object_is_memory(s, object) || d >= SANDBOX_MEMORY_SIZE)
		return "no memory, or none any more";
	return d + size > s->count[object] ? "behind the end of a memory" : NULL;
}

const char *sandbox_access(const struct sandbox *s, uint64_t at, unsigned size, bool write)
{
	switch (sandbox_region_of(at)) {
	case REGION_WINDOW:
		return at - SANDBOX_WINDOW + size > s->image->window_size ? "behind the window"
									  : NULL;
	case REGION_CODE:
		return code_access(s, at - SANDBOX_CODE, size, write);
	case REGION_SLOTS:
		return slot_access(s, at - SANDBOX_FS, size, write);
	case REGION_TABLE:
		return table_access(s, at, size, write);
	case REGION_MEMORY:
		return memory_access(s, at, size);
	default:
		return write ? "a write outside" : "a read outside";
	}
}

/* ---- contents ---------------------------------------------------------------------------------------------- */

/* Of the current generation, one in so many; the others are what a slip of an address makes of them. */
#define STUB_STEP  17u
#define STUB_COUNT (SANDBOX_STUBS_SIZE / 16 / SANDBOX_PLACES)

static uint64_t stub_make(const struct sandbox *s, uint64_t n)
{
	uint64_t k = n % (STUB_COUNT / STUB_STEP) * STUB_STEP + 5;

	return SANDBOX_STUBS + 16 * ((s->generation % SANDBOX_PLACES) * (uint64_t)STUB_COUNT + k);
}

bool sandbox_is_stub(const struct sandbox *s, uint64_t at)
{
	uint64_t k = (at - SANDBOX_STUBS) / 16;

	return at % 16 == 0 && k / STUB_COUNT == s->generation % SANDBOX_PLACES &&
	       k % STUB_COUNT % STUB_STEP == 5;
}

static uint64_t number_make(const struct sandbox *s, uint64_t n)
{
	static const uint64_t edges[] = {0,
					 1,
					 2,
					 0x7f,
					 0x80,
					 0xff,
					 0x7fff,
					 0x8000,
					 0xffff,
					 0xffffffff,
					 0x100000000,
					 0x7fffffff,
					 0x80000000,
					 0x7fffffffffffffff,
					 0x8000000000000000,
					 (uint64_t)-1,
					 (uint64_t)-16,
					 SANDBOX_WINDOW,
					 SANDBOX_FS + NATIVE_SLOTS_DISP,
					 SANDBOX_STACK,
					 SANDBOX_STACK - 8,
					 SANDBOX_TABLES,
					 SANDBOX_CODE,
					 0x3ffffffff,
					 0x1000000000000000};
	uint64_t pick = n >> 8, near = n >> 48 & 3 ? 0 : (n >> 50) % 33 - 16;

	/* moods: of everything, of small numbers, of the code's constants */
	switch (s->mood == 7 ? 2 : s->mood == 6 ? 7 : n & 7) {
	case 0:
	case 1:
		return edges[pick % COUNT_OF(edges)] + near;
	case 2: /* sizes of what there is, and around */
		if (n >> 48 & 1)
			return s->count[pick % object_count(s)] +
			       (n >> 50 & 1 ? near : 0 - (n >> 52) % 320);
		return n >> 49 & 7 ? pick % 64 : s->image->window_size + near;
	case 3:
		return random_mix(n) >> pick % 64;
	case 4: /* all ones above */
		return ~(random_mix(n) >> pick % 64);
	case 5: /* two halves */
		return edges[pick % COUNT_OF(edges)] << 32 |
		       (uint32_t)edges[(pick >> 8) % COUNT_OF(edges)];
	default:
		if (s->constant_count == 0)
			return pick % 1024;
		pick = s->constants[pick % s->constant_count];
		pick = n >> 56 & 3 ? pick : n >> 58 & 1 ? -pick : pick << 32;
		return n >> 48 & 3 ? pick + (n >> 60) % 3 - 1 : pick - (n >> 52) % 32;
	}
}

uint64_t sandbox_number(struct sandbox *s)
{
	return number_make(s, random_next(&s->random));
}

static uint64_t slot_content(const struct sandbox *s, uint32_t d, uint64_t n)
{
	const struct native_layout *l = &s->image->layout;
	struct slot slot = slot_at(s, d);

	if (d == l->stop || d == l->exception)
		return n % 8 ? 0 : n;
	if (d == l->fuel)
		return n % 8 ? 1000000 : number_make(s, n);
	if (slot.kind == SLOT_WORD && d >= l->sigs)
		return SIG_FIRST + n % 2;
	if (slot.kind == SLOT_CODE || (slot.kind == SLOT_IMPORT && slot.at == 0))
		return stub_make(s, n);
	if (slot.kind == SLOT_OBJECT)
		return slot.at == 0 ? object_base(s, slot.index) : s->count[slot.index];
	return number_make(s, n);
}

static uint64_t entry_content(const struct sandbox *s, uint64_t at, uint64_t n)
{
	if (at % 16 == 0)
		return stub_make(s, n);
	return n % 8 ? (SIG_FIRST + n / 8 % 2) | n << 32 : n % 16 ? 0 : n;
}

/* The eight words of a line. */
static void line_fill(struct sandbox *s, enum sandbox_region region, uint64_t line, uint64_t stamp)
{
	uint8_t *host = s->host[region] + (line - g_regions[region].base);

	for (uint64_t at = line; at < line + 64; at += 8, host += 8) {
		uint64_t n = random_mix(s->seed ^ random_mix(at ^ stamp << 44));

		if (region == REGION_SLOTS)
			n = slot_content(s, (uint32_t)(at - SANDBOX_FS), n);
		else if (region == REGION_TABLE)
			n = entry_content(s, at, n);
		else
			n = number_make(s, n);
		memcpy(host, &n, 8);
	}
}

/* True: it is there already, or there now and *is_new. False: there is no room. */
static bool line_claim(struct sandbox *s, uint64_t line, bool *is_new)
{
	uint32_t i = (uint32_t)random_mix(line) % SANDBOX_LINES;

	while (s->lines[i].stamp == s->stamp) {
		if (s->lines[i].at == line)
			return true;
		i = (i + 1) % SANDBOX_LINES;
	}
	if (s->line_count >= SANDBOX_LINES / 2)
		return false;
	s->lines[i] = (struct sandbox_line){line, s->stamp};
	s->line_count++;
	s->lines_since++;
	*is_new = true;
	return true;
}

static bool line_touch(struct sandbox *s, enum sandbox_region region, uint64_t line)
{
	bool is_new = false;

	if (region == REGION_STACK) {
		uint64_t *stamp = &s->stack_stamps[(line - (g_regions[region].base & ~63ull)) / 64];

		is_new = *stamp < s->stack_stamp;
		*stamp = is_new ? s->stamp : *stamp;
	} else if (region == REGION_WINDOW || region == REGION_SLOTS || region == REGION_TABLE ||
		   region == REGION_MEMORY) {
		if (!line_claim(s, line, &is_new))
			return false;
	}
	if (is_new && line >= g_regions[region].base)
		line_fill(s, region, line, s->stamp - s->stack_stamp);
	return true;
}

bool sandbox_touch(struct sandbox *s, uint64_t at, unsigned size)
{
	enum sandbox_region region = sandbox_region_of(at);
	uint64_t end = at + size - 1;

	if (region == REGION_NONE || end - g_regions[region].base >= g_regions[region].size)
		return true;
	return line_touch(s, region, at & ~63ull) &&
	       (((at ^ end) & ~63ull) == 0 || line_touch(s, region, end & ~63ull));
}

void sandbox_disturb(struct sandbox *s, uint64_t at, unsigned size)
{
	uint64_t n = sandbox_number(s);

	memcpy(s->host[REGION_WINDOW] + (at - SANDBOX_WINDOW), &n, size < 8 ? size : 8);
}

bool sandbox_begin(struct sandbox *s, uint64_t seed)
{
	if (s->lines_since > LINES_KEPT) { /* the memory of pages that were touched: back */
		madvise(s->host[REGION_WINDOW], g_regions[REGION_WINDOW].size, MADV_DONTNEED);
		madvise(s->host[REGION_MEMORY], g_regions[REGION_MEMORY].size, MADV_DONTNEED);
		s->lines_since = 0;
	}
	s->random = random_start(seed);
	s->seed = random_next(&s->random);
	s->mood = random_below(&s->random, 8);
	s->generation = 0;
	s->stamp++;
	s->stack_stamp = s->stamp;
	s->line_count = 0;
	return objects_begin(s);
}

/* Forgets what was made up below: the lines down to the first that was not touched for long. */
static void stack_forget(struct sandbox *s, uint64_t rsp)
{
	uint64_t base = g_regions[REGION_STACK].base & ~63ull;

	if (rsp < base || rsp > SANDBOX_STACK)
		return;
	for (uint64_t i = (rsp - base) / 64, gap = 0; i-- > 0 && gap < 64; gap++) {
		if (s->stack_stamps[i] >= s->stack_stamp)
			gap = 0;
		s->stack_stamps[i] = 0;
	}
}

void sandbox_called(struct sandbox *s, uint64_t rsp)
{
	s->stamp++;
	s->line_count = 0;
	stack_forget(s, rsp);
	if (s->generation + 1 < SANDBOX_PLACES && !random_one_in(&s->random, 3))
		s->generation++;
	for (uint32_t i = 0; i < object_count(s); i++) {
		if (random_one_in(&s->random, 4))
			object_grow(s, i, 1);
	}
}
