/*
 * What lies where behind FS, and who may write it.
 * Trust: the layout and the module are the enclave's own.
 * Invariant: an access lies within one slot, and the transfer area counts as one.
 */
#include "native/verify_slot.h"

#include "native/verify_rule.h"
#include "wasm/module.h"

uint64_t object_min(const struct verify_image *image, uint32_t object)
{
	const struct wasm_module *m = image->module;

	if (object == OBJECT_FUNCTIONS)
		return 0;
	if (object <= m->table_count)
		return m->tables[object - 1].type.limits.min;
	object -= 1 + m->table_count;
	return object < m->memory_count ? m->memories[object].limits.min * 65536 : 0;
}

bool object_is_table(const struct verify_image *image, uint32_t object)
{
	return object <= image->module->table_count;
}

bool object_is_memory(const struct verify_image *image, uint32_t object)
{
	return !object_is_table(image, object) &&
	       object - 1 - image->module->table_count < image->module->memory_count;
}

struct value object_count(const struct verify_image *image, uint32_t object)
{
	struct value v = value_at(VALUE_COUNT, object, (int64_t)object_min(image, object));
	bool table = object_is_table(image, object);

	v.hi = table ? U32_MAX : U32_MAX + 1;
	v.times = table;
	return v;
}

/* An access: where it is in a slot of its kind, and which slot that is. */
struct access {
	const struct verify_image *image;
	uint32_t index; /* of the slot */
	uint32_t at;	/* in the slot */
	unsigned size, access;
	struct value *v;
};

/* Within an array of `count` slots of `bytes` bytes at `begin`. */
static bool access_in(struct access *a, int64_t at, uint32_t begin, uint64_t count, uint32_t bytes)
{
	uint64_t distance = (uint64_t)at - begin; /* very large before it */

	if (distance >= count * bytes)
		return false;
	a->index = (uint32_t)(distance / bytes);
	a->at = (uint32_t)(distance % bytes);
	return true;
}

/* Numbers: any part of `bytes` bytes. */
static bool access_word(struct access *a, uint32_t bytes, bool writable)
{
	if (!rule_holds(SLOT_END, a->at + a->size <= bytes) ||
	    !rule_holds(SLOT_READ, writable || !(a->access & X86_WRITE)))
		return false;
	*a->v = value_bytes(a->size);
	return true;
}

static bool access_code(struct access *a)
{
	if (!rule_holds(CODE_WHOLE, a->at == 0 && a->size == 8) ||
	    !rule_holds(CODE_READ, !(a->access & X86_WRITE)))
		return false;
	*a->v = value_at(VALUE_CODE, 0, 0);
	return true;
}

static bool access_import(struct access *a)
{
	if (a->at == 0)
		return access_code(a);
	return a->at >= 8 && access_word(a, 16, false);
}

/* An address, and the size of what is there. */
static bool access_object(struct access *a, uint32_t object, bool memory)
{
	if (!rule_holds(OBJECT_READ, !(a->access & X86_WRITE)))
		return false;
	if (a->at == 0 && a->size == 8) {
		*a->v = value_at(memory ? VALUE_MEMORY : VALUE_TABLE, object, 0);
		return true;
	}
	if (!rule_holds(OBJECT_WHOLE, a->at >= 8) ||
	    !access_word(a, 16, !rule_applies(OBJECT_READ)))
		return false;
	if (!rule_holds(COUNT_WHOLE, a->at == 8 && (a->size == 8 || (a->size == 4 && !memory))))
		return true; /* a part of the number */
	*a->v = object_count(a->image, object);
	return true;
}

static bool access_global(struct access *a)
{
	return access_word(a, 16, a->image->module->globals[a->index].type.mutable);
}

bool slot_access(const struct verify_image *image, int64_t at, unsigned size, unsigned access,
		 struct value *v)
{
	const struct native_layout *l = &image->layout;
	const struct wasm_module *m = image->module;
	struct access a = {.image = image, .size = size, .access = access, .v = v};

	if (size == 0)
		return false;
	if (access_in(&a, at, l->helpers, NATIVE_HELPER_COUNT, 8))
		return access_code(&a);
	if (access_in(&a, at, l->function_table, 1, 16))
		return access_object(&a, OBJECT_FUNCTIONS, false);
	if (access_in(&a, at, l->ref_base, 1, 8) || access_in(&a, at, l->stop, 1, 8))
		return access_word(&a, 8, false);
	if (access_in(&a, at, l->exception, 1, 8) || access_in(&a, at, l->fuel, 1, 8))
		return access_word(&a, 8, true);
	if (access_in(&a, at, l->transfer, 1, 8 * l->transfer_slots))
		return access_word(&a, 8 * l->transfer_slots, true);
	if (access_in(&a, at, l->globals, m->global_count, 16))
		return access_global(&a);
	if (access_in(&a, at, l->memories, m->memory_count, 16))
		return access_object(&a, 1 + m->table_count + a.index, true);
	if (access_in(&a, at, l->tables, m->table_count, 16))
		return access_object(&a, 1 + a.index, false);
	if (access_in(&a, at, l->imports, m->import_func_count, 16))
		return access_import(&a);
	return rule_holds(SLOT_LISTED, access_in(&a, at, l->sigs, m->type_count, 8)) &&
	       access_word(&a, 8, false);
}
