/*
 * Fuel and interruption.
 * Trust: generated code writes the fuel slot; code that lies there spends what it likes, but gives
 * back no more than it was given. The stop slot is not written by it.
 * Invariant: what the slot was given since the outermost call began is fuel_given.
 */
#include "base/mutex.h"
#include "native/impl.h"

#define FUEL_PORTION 4096u

static uint64_t fuel_left(const struct native_thread *t)
{
	return native_slot_get(t, native_layout_fixed()->fuel);
}

static void fuel_set(const struct native_thread *t, uint64_t left)
{
	native_slot_set(t, native_layout_fixed()->fuel, left);
}

void native_fuel_begin(struct native_thread *t)
{
	t->fuel_given = 0;
	fuel_set(t, t->metered ? 0 : UINT64_MAX);
}

void native_fuel_end(struct native_thread *t)
{
	uint64_t left = fuel_left(t);

	if (!t->metered)
		return;
	__atomic_fetch_add(&t->store->config.control->fuel,
			   left < t->fuel_given ? left : t->fuel_given, __ATOMIC_RELAXED);
	fuel_set(t, 0);
}

bool native_fuel_need(struct native_thread *t, uint64_t n)
{
	const uint64_t have = fuel_left(t);
	uint64_t take;

	if (!t->metered) {
		fuel_set(t, UINT64_MAX);
		return true;
	}
	if (n <= have)
		return true;
	uint64_t *common = &t->store->config.control->fuel;
	uint64_t left = __atomic_load_n(common, __ATOMIC_RELAXED);

	do {
		const uint64_t need = n - have;

		if (need > left)
			return false;
		take = left - need < FUEL_PORTION ? left : need + FUEL_PORTION;
	} while (!__atomic_compare_exchange_n(common, &left, left - take, true, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	fuel_set(t, have + take);
	t->fuel_given += take;
	return true;
}

enum wasm_trap native_stop(const struct native_thread *t)
{
	const struct wasm_control *control = t->store->config.control;

	return control ? (enum wasm_trap)__atomic_load_n(&control->stop, __ATOMIC_RELAXED)
		       : TRAP_NONE;
}

enum wasm_trap native_pay_bulk(struct native_thread *t, uint64_t n)
{
	if (t->metered) {
		if (!native_fuel_need(t, n))
			return TRAP_OUT_OF_FUEL;
		fuel_set(t, fuel_left(t) - n);
	}
	return t->polled ? native_stop(t) : TRAP_NONE;
}
