/*
 * Native code as an attacker may make it. The first byte chooses: an arbitrary section is decoded, checked and
 * verified, and what is accepted is whole and in order, what is not is not placed; or arbitrary calls of helpers and of the import thunk
 * come out of running code, with arbitrary slots written in between: tables and their mirrors stay equal,
 * slots that only the runtime writes stay right, and nothing is touched that is not the guest's.
 */
#include <stdlib.h>

#include "base/reader.h"
#include "native/verify.h"
#include "test/unit/native_guest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STEPS_MAX	  256
#define TABLE_ENTRIES_MAX 4096u

static void expect(bool ok)
{
	if (!ok)
		abort();
}

/* ---- sections --------------------------------------------------------------------------------------- */

static void fuzz_section(const uint8_t *data, size_t size)
{
	struct native_image image;

	if (native_decode(&image, data, size) != E_OK)
		return;
	const struct native_header *h = &image.header;
	const struct wasm_module m = {.func_count = h->func_count};
	uint8_t digest[32];
	struct native_refusal refusal = {.reason = VERIFY_OK};
	struct native_code code;

	expect(image.code + h->code_size == image.rodata);
	expect(image.facts + h->facts_size == data + size);
	for (uint32_t i = 0; i < native_entry_count(&image); i++)
		expect(native_entry_offset(&image, i) < native_entry_offset(&image, i + 1) &&
		       native_entry_offset(&image, i) % NATIVE_CODE_ALIGN == 0);
	memcpy(digest, h->module_digest, sizeof(digest));
	expect(native_check(&image, &m, digest, h->flags) == E_OK);
	digest[size % 32] ^= 1;
	expect(native_check(&image, &m, digest, 0) == E_NATIVE_MODULE);
	const enum err err = native_load(&code, &refusal, &image, &m);

	if (err == E_NATIVE_UNVERIFIED)
		expect(refusal.entry < native_entry_count(&image) && refusal.reason != VERIFY_OK);
	if (err == E_OK)
		native_code_fini(&code);
	else
		expect(native_fake_placed() == 0);
	native_fake_reset();
}

/* ---- calls out -------------------------------------------------------------------------------------- */

static struct reader g_input;

static bool table_is_right(const struct guest *g, const struct wasm_table_instance *table)
{
	const struct native_entry *entries = native_table_entries(table);
	const bool functions = wasm_type_top(table->type.elem) == WASM_HEAP_FUNC;

	for (uint32_t i = 0; i < table->size; i++) {
		const struct wasm_func_instance *f =
			functions ? wasm_func_of_ref(&g->store, table->elems[i]) : NULL;

		if (entries[i].ref != table->elems[i] || entries[i].sig != (f ? f->sig + 1 : 0) ||
		    entries[i].code != (uint64_t)(uintptr_t)native_import_thunk)
			return false;
	}
	return true;
}

static void check_slots(const struct guest *g, uint32_t unit)
{
	const struct native_layout *l = &g->unit[unit].code.layout;
	const struct wasm_instance *instance = g->unit[unit].instance;

	expect(g->thread.instance == instance);
	for (uint32_t i = 0; i < instance->module->table_count; i++) {
		const struct wasm_table_instance *table = instance->tables[i];

		expect(table_is_right(g, table));
		expect(*slot(g, l->tables + 16 * i) ==
		       (uint64_t)(uintptr_t)native_table_entries(table));
		expect(*slot(g, l->tables + 16 * i + 8) == table->size);
	}
	for (uint32_t i = 0; i < instance->module->memory_count; i++) {
		expect(*slot(g, l->memories + 16 * i) ==
		       (uint64_t)(uintptr_t)instance->memories[i]->base);
		expect(*slot(g, l->memories + 16 * i + 8) == instance->memories[i]->size);
	}
	for (uint32_t i = 0; i < NATIVE_HELPER_COUNT; i++)
		expect(*slot(g, l->helpers + 8 * i) == native_helper_thunks[i]);
	for (uint32_t i = 0; i < instance->module->import_func_count; i++)
		expect(*slot(g, l->imports + 16 * i + 8) == instance->funcs[i]->ref);
}

/* Mostly small numbers: they are the ones that mean something. */
static uint64_t some_number(void)
{
	const uint8_t shape = reader_u8(&g_input);

	return shape < 200 ? shape % 12 : shape < 240 ? reader_u32(&g_input) : reader_u64(&g_input);
}

static enum wasm_trap step_helper(void)
{
	const uint8_t helper = reader_u8(&g_input) % NATIVE_HELPER_COUNT;
	uint64_t args[6];

	for (size_t i = 0; i < 6; i++)
		args[i] = some_number();
	return native_fake_help(helper, args, NULL);
}

static enum wasm_trap step_import(void)
{
	struct native_regs regs = {0};

	for (size_t i = 0; i < 6; i++)
		regs.gpr[i] = some_number();
	regs.nest = some_number();
	return native_fake_import(&regs);
}

/* The slots that generated code can write: exception, fuel, transfer area, mutable globals. */
static void step_write(const struct guest *g, uint32_t unit)
{
	const struct native_layout *l = &g->unit[unit].code.layout;
	const uint32_t at = reader_u8(&g_input);
	const uint64_t value = some_number();

	if (at < 8)
		*slot(g, l->exception) = value;
	else if (at < 16)
		*slot(g, l->fuel) = value;
	else if (at < 128 && l->transfer_slots)
		*slot(g, l->transfer + 8 * (at % l->transfer_slots)) = value;
	else
		*slot(g, l->globals + 16 * (unit == 0 ? (at & 1) : 0)) = value;
}

/* Traps that a helper returns end real code; here it goes on, to get further. */
static enum wasm_trap run_steps(struct guest *g, uint32_t unit)
{
	for (uint32_t i = 0; i < STEPS_MAX && g_input.left; i++) {
		switch (reader_u8(&g_input) % 4) {
		case 0:
			(void)step_import();
			break;
		case 1:
			step_write(g, unit);
			break;
		case 2:
			if (reader_u8(&g_input) % 8 == 0)
				return (enum wasm_trap)(reader_u8(&g_input) % TRAP_COUNT);
			break;
		default:
			(void)step_helper();
			break;
		}
		check_slots(g, unit);
	}
	return TRAP_NONE;
}

static enum wasm_trap body_a(struct guest *g, struct native_regs *regs)
{
	regs->result = some_number();
	return run_steps(g, 0);
}

static enum wasm_trap body_b(struct guest *g, struct native_regs *regs)
{
	regs->result = some_number();
	return run_steps(g, 1);
}

/* Calls back into the code, now and then. */
static enum wasm_trap fuzz_host(struct wasm_caller *caller, const uint64_t *args, uint64_t *results)
{
	const uint8_t what = reader_u8(&g_input);

	(void)caller;
	results[0] = some_number() & UINT32_MAX;
	if (what >= 128)
		return (enum wasm_trap)(what % 8 ? TRAP_NONE : TRAP_EXIT);
	return native_call(&g_guest->thread, guest_func(g_guest, what & 1, 0), args, results);
}

static enum wasm_trap fuzz_host_wide(struct wasm_caller *caller, const uint64_t *args,
				     uint64_t *results)
{
	(void)caller;
	(void)args;
	memset(results, 0x11, 4 * sizeof(*results));
	return TRAP_NONE;
}

static void fuzz_calls(void)
{
	struct wasm_control control = {.metered = true, .polled = true, .fuel = 100000};
	struct guest g;

	guest_begin_two(&g, &control);
	g.store.config.max_table_entries = TABLE_ENTRIES_MAX;
	g_host_unary = fuzz_host;
	g_host_wide = fuzz_host_wide;
	for (uint32_t i = 0; i < 3; i++)
		g.unit[0].body[i] = body_a;
	for (uint32_t i = 0; i < 2; i++)
		g.unit[1].body[i] = body_b;
	for (uint32_t i = 0; i < 4 && g_input.left; i++) {
		(void)guest_call(&g, reader_u8(&g_input) & 1, 0, some_number() & UINT32_MAX);
		expect(g.thread.instance == NULL && g.thread.nesting == 0 && !g.thread.callout);
	}
	guest_fini(&g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] & 1) {
		reader_init(&g_input, data + 1, size - 1);
		fuzz_calls();
	} else {
		fuzz_section(data + 1, size - 1);
	}
	return 0;
}
