/*
 * The inside of native/: slots, tables' mirrors, values between registers and C, fuel, exceptions.
 * What generated code holds or writes (registers, the writable slots) is untrusted throughout.
 */
#ifndef NATIVE_IMPL_H
#define NATIVE_IMPL_H

#include "base/err.h"
#include "native/native.h"

/* A call out of guest code that has not returned; on the runtime's stack. */
struct native_callout {
	const struct native_regs *regs;
	const struct native_callout *outer;
};

/* The code of an instance that native_link has seen; NULL: none. */
static inline const struct native_code *native_code_of(const struct wasm_instance *instance)
{
	return instance->engine;
}

/* ---- slots.c ------------------------------------------------------------------------------------- */

/* Of the thread's slots. They are not necessarily aligned to more than 8. */
static inline uint8_t *native_slot(const struct native_thread *t, uint32_t disp)
{
	return t->slots + (disp - NATIVE_SLOTS_DISP);
}

uint64_t native_slot_get(const struct native_thread *t, uint32_t disp);
void native_slot_set(const struct native_thread *t, uint32_t disp, uint64_t value);

/* Those that every module has at the same place. */
const struct native_layout *native_layout_fixed(void);

/* Puts the slots of an instance in place, or nobody's (NULL); first saves what those there have changed. The
 * instance has code. */
void native_slots_enter(struct native_thread *t, struct wasm_instance *instance);

/* Bases and sizes anew, after something may have changed them. An instance is in place. */
void native_slots_put_memories(const struct native_thread *t);
void native_slots_put_tables(const struct native_thread *t);

/* The slot of an imported global was written: so are those of the same global. */
void native_slots_global_changed(const struct native_thread *t, uint32_t global);

/* The transfer area of the instance in place: slots. */
uint64_t *native_transfer(const struct native_thread *t);

/* ---- table.c ------------------------------------------------------------------------------------- */

/* Makes the function table and the mirrors of all tables what they are to be. Errors: E_NOMEM. */
MUST_USE enum err native_tables_sync(struct native_thread *t);

/* After entries [from, from + count) of the table changed; they are inside, and the mirror has room. */
void native_table_update(const struct native_thread *t, struct wasm_table_instance *table,
			 uint32_t from, uint32_t count);

/* Room in the mirror for all entries; false: no memory. */
MUST_USE bool native_table_reserve(struct wasm_table_instance *table);

/* The entries of the mirror. */
struct native_entry *native_table_entries(const struct wasm_table_instance *table);

/* ---- value.c ------------------------------------------------------------------------------------- */

/* May the reference be a value of that type, of the store's terms, in this store? */
MUST_USE bool native_reference_fits(const struct wasm_store *s, uint32_t type, uint32_t ref);

/* Makes slots what they are to be: upper halves zero. False: one holds a reference that is none. */
MUST_USE bool native_values_normalize(const struct wasm_store *s, uint64_t *values,
				      const uint32_t *types, uint32_t count);

/* From registers and transfer area to slots, or back. */
void native_params_get(const struct native_thread *t, const struct native_regs *regs,
		       const struct wasm_func_type *type, uint64_t *values);
void native_params_set(const struct native_thread *t, struct native_regs *regs,
		       const struct wasm_func_type *type, const uint64_t *values);
void native_results_get(const struct native_thread *t, const struct native_regs *regs,
			const struct wasm_func_type *type, uint64_t *values);
void native_results_set(const struct native_thread *t, struct native_regs *regs,
			const struct wasm_func_type *type, const uint64_t *values);

/* ---- fuel.c -------------------------------------------------------------------------------------- */

/* At the beginning of an outermost call, and at its end. */
void native_fuel_begin(struct native_thread *t);
void native_fuel_end(struct native_thread *t);

/* Puts at least n into the fuel slot; false: so much is not left. */
MUST_USE bool native_fuel_need(struct native_thread *t, uint64_t n);

/* By which trap everything is to end now, or TRAP_NONE. */
enum wasm_trap native_stop(const struct native_thread *t);

/* For work in bulk: as interp_pay_bulk. */
MUST_USE enum wasm_trap native_pay_bulk(struct native_thread *t, uint64_t n);

/* ---- exception.c --------------------------------------------------------------------------------- */

/* The exception helpers; regs of the innermost callout have the registers. */
enum wasm_trap native_throw(struct native_thread *t, uint32_t tag);
enum wasm_trap native_throw_ref(struct native_thread *t, uint32_t ref);
enum wasm_trap native_exception_is(struct native_thread *t, uint32_t ref, uint32_t tag,
				   uint64_t *result);
enum wasm_trap native_exception_values(struct native_thread *t, uint32_t ref, uint32_t tag);

/* ---- helpers.c, call.c --------------------------------------------------------------------------- */

/* What the helper of that number does. */
enum wasm_trap native_help(struct native_thread *t, uint64_t helper, const uint64_t *args,
			   uint64_t *result);

/* The function of the instance in place that made the innermost callout; NULL: none of its own. */
const struct wasm_func_instance *native_caller(const struct native_thread *t);

#endif
