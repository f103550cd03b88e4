/*
 * Facts: from bytes to records, and records against states.
 * Trust: every byte is hostile. What is well formed may still be false; record_holds finds that out.
 * Invariant: the values of a record say what a value of their kind may say and no more; its places are in order, apart, and
 * between the stack pointer, which is known, and the return address; memory is bounded by VERIFY_MEMORY_MAX.
 */
#include "native/verify_facts.h"

#include "base/heap.h"
#include "base/reader.h"
#include "native/verify_rule.h"
#include "native/verify_slot.h"

#define FIRST_CAPACITY 64u

void facts_fini(struct facts *f)
{
	heap_free(f->labels);
	heap_free(f->facts);
	heap_free(f->values);
	*f = (struct facts){0};
}

size_t facts_memory(const struct facts *f)
{
	return f->label_capacity * sizeof *f->labels + f->fact_capacity * sizeof *f->facts +
	       f->value_capacity * sizeof *f->values;
}

/* Room for `more` elements; false: there is none. */
static bool array_reserve(void **array, uint32_t *capacity, uint64_t count, size_t size)
{
	if (count <= *capacity)
		return true;
	uint64_t n = *capacity ? 2 * (uint64_t)*capacity : FIRST_CAPACITY;

	n = n > count ? n : count;
	if (!rule_holds(FACTS_MEMORY, n <= VERIFY_MEMORY_MAX / 4 / size))
		return false;
	void *grown = heap_resize(*array, *capacity * size, n * size);

	if (!grown)
		return false;
	*array = grown;
	*capacity = (uint32_t)n;
	return true;
}

/* Room for one more label, besides the one at the end, with so many facts and values. */
static bool facts_reserve(struct facts *f, uint64_t facts, uint64_t values)
{
	void *l = f->labels, *a = f->facts, *v = f->values;
	bool ok = array_reserve(&l, &f->label_capacity, f->label_count + UINT64_C(2),
				sizeof *f->labels);

	ok = ok && array_reserve(&a, &f->fact_capacity, f->fact_count + facts, sizeof *f->facts);
	ok = ok &&
	     array_reserve(&v, &f->value_capacity, f->value_count + values, sizeof *f->values);
	f->labels = l;
	f->facts = a;
	f->values = v;
	return ok;
}

/* ---- numbers: LEB128, as short as it goes ------------------------------------------------------------------ */

static uint64_t number_read(struct reader *r)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = reader_u8(r);

		v |= (uint64_t)(byte & 0x7f) << shift;
		if (byte >= 0x80)
			continue;
		if ((byte == 0 && shift != 0) || (shift == 63 && byte > 1))
			break;
		return v;
	}
	reader_fail(r);
	return 0;
}

/* At most `max`. */
static uint32_t number_read_below(struct reader *r, uint64_t max)
{
	uint64_t v = number_read(r);

	if (v > max) {
		reader_fail(r);
		return 0;
	}
	return (uint32_t)v;
}

/* Small ones of either sign are short. */
static int64_t number_read_signed(struct reader *r)
{
	uint64_t v = number_read(r);

	return (int64_t)(v >> 1 ^ -(v & 1));
}

/* ---- values -------------------------------------------------------------------------------------------------- */

const struct fact_shape g_fact_shapes[FACT_KIND + 1] = {
	[VALUE_NUMBER] = {FACT_RANGE | FACT_ALIGN | FACT_LOW | FACT_BOUND, false},
	[VALUE_FRAME] = {FACT_RANGE, false},
	[VALUE_IMAGE] = {FACT_RANGE, false},
	[VALUE_SAVED] = {0, true},
	[VALUE_TABLE] = {0, true},
	[VALUE_ENTRY] = {FACT_RANGE, true},
	[VALUE_COUNT] = {FACT_RANGE, true},
	[VALUE_MEMORY] = {FACT_RANGE | FACT_BOUND, true},
	[VALUE_CODE] = {0, false},
	[VALUE_JUMP_ENTRY] = {FACT_RANGE, false},
	[VALUE_JUMP] = {FACT_RANGE, true},
};

struct value fact_usual(const struct verify_image *image, uint8_t kind, uint32_t which)
{
	switch (kind) {
	case VALUE_NUMBER:
		return value_bytes(4);
	case VALUE_COUNT:
		return object_count(image, which);
	default:
		return value_at((enum value_kind)kind, which, 0);
	}
}

static bool object_exists(const struct verify_image *image, uint32_t object)
{
	return object_is_table(image, object) || object_is_memory(image, object);
}

/* Is it something that a value of its kind may refer to? */
static bool value_refers(const struct verify_image *image, uint8_t kind, uint32_t which)
{
	switch (kind) {
	case VALUE_SAVED:
		return which < 16;
	case VALUE_TABLE:
	case VALUE_ENTRY:
		return object_is_table(image, which);
	case VALUE_MEMORY:
		return object_is_memory(image, which);
	case VALUE_COUNT:
		return object_exists(image, which);
	default:
		return true;
	}
}

static bool value_range_fits(const struct value *v)
{
	if (v->lo > v->hi)
		return false;
	switch (v->kind) {
	case VALUE_NUMBER:
		return true;
	case VALUE_ENTRY:
		return v->lo == v->hi && v->lo >= 0 && v->lo < 16;
	case VALUE_COUNT: /* where nothing gets to it may seem larger than any size is */
		return v->lo >= 0;
	default:
		return v->lo >= -VALUE_ADDRESS_MAX && v->hi <= VALUE_ADDRESS_MAX;
	}
}

static void value_read_range(struct reader *r, struct value *v)
{
	v->lo = number_read_signed(r);
	uint64_t hi = (uint64_t)v->lo + number_read(r);

	v->hi = (int64_t)hi; /* before lo if it wrapped */
	if (!rule_holds(FACTS_RANGE, value_range_fits(v)))
		reader_fail(r);
}

static void value_read_align(struct reader *r, struct value *v)
{
	v->align = (uint8_t)number_read_below(r, 63);
	if (v->align == 0)
		reader_fail(r);
}

static void value_read_low(struct reader *r, struct value *v)
{
	static const uint8_t widths[] = {8, 16, 32};

	v->low_bits = widths[number_read_below(r, COUNT_OF(widths) - 1)];
	v->low_max = number_read_below(r, (UINT64_C(1) << v->low_bits) - 1);
}

static void value_read_bound(struct reader *r, const struct verify_image *image, struct value *v)
{
	v->bound = number_read_below(r, UINT32_MAX);
	v->times = (uint8_t)number_read_below(r, 16);
	v->slack = number_read_below(r, UINT32_MAX);
	if (!rule_holds(FACTS_OBJECT, object_exists(image, v->bound - 1)))
		reader_fail(r);
}

static void value_read(struct reader *r, const struct verify_image *image, uint8_t tag,
		       struct value *v)
{
	uint8_t kind = tag & FACT_KIND;
	uint32_t which = 0;

	if (!rule_holds(FACTS_KIND,
			kind < VALUE_KINDS && (tag & ~FACT_KIND & ~g_fact_shapes[kind].may) == 0)) {
		reader_fail(r);
		return;
	}
	if (g_fact_shapes[kind].has_which)
		which = number_read_below(r, UINT32_MAX);
	if (!rule_holds(FACTS_OBJECT, value_refers(image, kind, which))) {
		reader_fail(r);
		return;
	}
	*v = fact_usual(image, kind, which);
	if (tag & FACT_RANGE)
		value_read_range(r, v);
	if (tag & FACT_ALIGN)
		value_read_align(r, v);
	if (tag & FACT_LOW)
		value_read_low(r, v);
	if (tag & FACT_BOUND)
		value_read_bound(r, image, v);
}

/* ---- records --------------------------------------------------------------------------------------------------- */

/* The facts of one function on their way. */
struct fact_reader {
	struct reader r;
	struct facts *f;
	const struct flow *flow;
	int32_t lowest;		     /* place of the frame */
	uint32_t before, before_end; /* of the record before: what is not taken over yet */
};

static int32_t place_of_code(struct fact_reader *t, uint64_t code)
{
	uint64_t n = code - 16;

	if (code < 16)
		return (int32_t)code;
	if (n / 2 < (uint64_t)(-t->lowest / 4))
		return t->lowest + (int32_t)(n / 2 * 4 + n % 2);
	reader_fail(&t->r);
	return 0;
}

/* Takes over what stands before a place: registers come first. */
static void record_copy(struct fact_reader *t, int32_t place)
{
	struct facts *f = t->f;

	while (t->before < t->before_end && (uint32_t)f->facts[t->before].place < (uint32_t)place)
		f->facts[f->fact_count++] = f->facts[t->before++];
}

static void edit_read(struct fact_reader *t, uint64_t code)
{
	struct facts *f = t->f;
	int32_t place = place_of_code(t, code), same = place;

	record_copy(t, place);
	bool replaces = t->before < t->before_end && f->facts[t->before].place == place;
	uint8_t tag = reader_u8(&t->r);

	t->before += replaces;
	if (tag == FACT_NOTHING) {
		if (!replaces)
			reader_fail(&t->r);
		return;
	}
	if (tag == FACT_SAME) {
		same = place_of_code(t, number_read(&t->r));
		tag = reader_u8(&t->r);
	}
	value_read(&t->r, t->flow->image, tag, &f->values[f->value_count]);
	f->facts[f->fact_count++] = (struct fact){place, same, f->value_count++};
}

/* RSP is known. Places of the frame lie above it, apart from each other, and below the return address. */
static bool record_fits(const struct facts *f, uint32_t first)
{
	int64_t end = 1; /* of what is taken of the frame; above 0: RSP is not known */
	uint32_t slots = 0;

	for (uint32_t i = first; i < f->fact_count; i++) {
		const struct fact *fact = &f->facts[i];
		const struct frame_slot slot = slot_of_place(fact->place);

		if (fact->place == X86_RSP && value_is_rsp(&f->values[fact->value]))
			end = f->values[fact->value].lo;
		if (fact->place >= 0)
			continue;
		if (!rule_holds(FACTS_APART, slot.at >= end))
			return false;
		end = slot.at + (int64_t)slot.size;
		slots++;
	}
	return rule_holds(FACTS_STACK, end <= 0) && slots <= VERIFY_SLOTS_MAX;
}

static enum verify_reason label_read(struct fact_reader *t, struct flow *flow, uint32_t *at)
{
	struct facts *f = t->f;
	uint32_t first = f->fact_count;
	uint64_t code = 0;

	*at += 1 + number_read_below(&t->r, flow->end - 2 - *at);
	uint32_t edits = number_read_below(&t->r, t->r.left / 2);

	if (!facts_reserve(f, t->before_end - t->before + edits, edits))
		return VERIFY_MEMORY;
	f->labels[f->label_count++] = (struct label){*at, first};
	for (uint32_t i = 0; i < edits && reader_ok(&t->r); i++) {
		code += number_read_below(&t->r, UINT32_MAX);
		edit_read(t, code++);
	}
	record_copy(t, -1);
	if (!reader_ok(&t->r) || !record_fits(f, first))
		return VERIFY_FACTS_FORM;
	t->before = first;
	t->before_end = f->fact_count;
	return flow_spend(flow, 1 + (f->fact_count - first) / 8);
}

enum verify_reason facts_read(struct facts *f, struct flow *flow, const uint8_t *bytes, size_t size)
{
	struct fact_reader t = {.f = f, .flow = flow};
	uint32_t at = flow->begin;

	reader_init(&t.r, bytes, size);
	f->label_count = f->fact_count = f->value_count = 0;
	if (size == 0)
		return VERIFY_OK;
	t.lowest = -4 * (int32_t)number_read_below(&t.r, VERIFY_FRAME_MAX / 4);
	do {
		enum verify_reason e =
			at + 1 < flow->end ? label_read(&t, flow, &at) : VERIFY_FACTS_FORM;

		if (e)
			return e;
	} while (t.r.left != 0);
	f->labels[f->label_count].first = f->fact_count;
	return VERIFY_OK;
}

struct record facts_record(const struct facts *f, uint32_t label)
{
	uint32_t first = f->labels[label].first;

	return (struct record){.facts = f->facts + first,
			       .values = f->values,
			       .count = f->labels[label + 1].first - first};
}

bool facts_find(const struct facts *f, int64_t at, uint32_t *label)
{
	uint32_t lo = 0, hi = f->label_count;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (f->labels[mid].at < at)
			lo = mid + 1;
		else
			hi = mid;
	}
	*label = lo;
	return lo < f->label_count && f->labels[lo].at == at;
}

/* ---- records and states -------------------------------------------------------------------------------------- */

void record_load(const struct record *r, struct state *s)
{
	state_clear(s);
	for (uint32_t i = 0; i < r->count; i++) {
		const struct fact *fact = &r->facts[i];
		struct value *v = &s->regs[fact->place & 15];

		if (fact->place < 0) {
			struct frame_slot *slot = &s->slots[s->slot_count++];

			*slot = slot_of_place(fact->place);
			v = &slot->value;
		}
		*v = r->values[fact->value];
		if (v->kind != VALUE_NUMBER)
			continue;
		v->id = s->next_id++;
		if (fact->same != fact->place)
			v->id = state_id(s, fact->same);
	}
	state_number(s);
}

/* Have the fact's two places the same low 32 bits? */
static bool state_same(const struct state *s, const struct fact *fact)
{
	uint32_t id = state_id(s, fact->place);

	return id != 0 && id == state_id(s, fact->same);
}

uint32_t record_check(const struct record *r, const struct state *s)
{
	uint32_t next = 0, i;

	for (i = 0; i < r->count; i++) {
		const struct fact *fact = &r->facts[i];
		const struct value *v = state_at(s, fact->place, &next);

		if (!v && rule_applies(EDGE_PLACE))
			break;
		if (v && !rule_holds(EDGE_VALUE, value_implies(v, &r->values[fact->value])))
			break;
		if (fact->same != fact->place && !rule_holds(EDGE_SAME, state_same(s, fact)))
			break;
	}
	return i;
}

bool record_holds(const struct record *r, const struct state *s)
{
	return record_check(r, s) == r->count;
}
