/*
 * The runtime structure of Core 2.0, section 4.2: a store with function, table, memory and global
 * instances, and instances of modules linked to each other. An engine (the interpreter; native code
 * later) runs the functions; nothing here executes code.
 *
 * References that a guest can hold are 32-bit indices into the store's function table (funcref) or
 * numbers whose meaning is the embedder's (externref); 0 is null. No guest value is ever a pointer.
 *
 * The store owns every instance until wasm_store_fini: a function may be reachable through another
 * instance's table even if its own instantiation failed. Modules, host functions and names that
 * were handed in must outlive the store. One thread at a time: with threads to come, what they
 * share are memories (size and base change under a lock of the memory) and the code pointer of a
 * function (written once, published with release order).
 */
#ifndef WASM_INSTANCE_H
#define WASM_INSTANCE_H

#include "base/arena.h"
#include "base/err.h"
#include "wasm/module.h"
#include "wasm/trap.h"

struct wasm_instance;
struct wasm_store;

/* What a host function is told about who called it. */
struct wasm_caller {
	struct wasm_instance *instance; /* the calling one; NULL when the embedder calls */
	uint32_t exit_status;		/* to be set before TRAP_EXIT is returned */
};

/* Most values (parameters and results together) of a host function. */
#define WASM_HOST_VALUES_MAX 64

/*
 * A function that the embedder supplies. A slot holds one value: i32, f32 and references in the low
 * 32 bits, upper half zero. args are the guest's: hostile. Anything but TRAP_NONE ends the program;
 * TRAP_EXIT, with the caller's exit_status, ends it in order. The call may grow memory, so a base
 * pointer is fetched again after anything that runs guest code.
 */
typedef enum wasm_trap wasm_host_callback(void *env, struct wasm_caller *caller,
					  const uint64_t *args, uint64_t *results);
struct wasm_host_func {
	const char *module;
	const char *name;
	struct wasm_func_type type;
	wasm_host_callback *call;
};

struct wasm_func_instance {
	const void *code;		/* the engine's; store->untranslated at first */
	struct wasm_instance *instance; /* NULL: a host function */
	const struct wasm_host_func *host;
	void *env; /* of the host function */
	const struct wasm_func_type *type;
	uint32_t sig;	/* equal types have equal numbers within a store */
	uint32_t index; /* in the index space of the instance's module */
	uint32_t ref;	/* the funcref that means this function */
};

struct wasm_table_instance {
	uint32_t *elems; /* references */
	uint32_t size;
	uint32_t capacity;
	struct wasm_table_type type; /* limits.min is the size at the start */
};

struct wasm_memory_instance {
	uint8_t *base; /* may change when the memory grows */
	uint64_t size; /* bytes, whole pages */
	uint64_t max_pages;
	uint32_t ordinal; /* 0: the first memory of the store */
	struct wasm_memory_type type;
	uint64_t capacity; /* for the use of the memory_ops */
	struct wasm_store *store;
};

struct wasm_global_instance {
	uint64_t value;
	struct wasm_global_type type;
};

/* A passive element segment after evaluation; dropped: count 0. */
struct wasm_elem_instance {
	uint32_t *refs;
	uint32_t count;
};

struct wasm_instance {
	struct wasm_store *store;
	const struct wasm_module *module;
	struct wasm_instance *next;
	struct wasm_func_instance **funcs; /* each array: one pointer per index, imports first */
	struct wasm_table_instance **tables;
	struct wasm_memory_instance **memories;
	struct wasm_global_instance **globals;
	struct wasm_elem_instance *elems;
	bool *data_dropped;
	uint32_t *sigs; /* of each type of the module */
};

/* Where memories come from. */
struct wasm_memory_ops {
	/* Makes m `size` bytes long (not less than m->size, 0 at first; a multiple of the page
	 * size): sets base, and the added part reads as zeros. False: impossible, m unchanged. */
	bool (*resize)(void *env, struct wasm_memory_instance *m, uint64_t size);
	void (*release)(void *env, struct wasm_memory_instance *m);
};

/* On base/heap.h; growth may move the memory. env is not used. */
extern const struct wasm_memory_ops wasm_memory_heap_ops;

struct wasm_store_config {
	const struct wasm_memory_ops *memory_ops; /* NULL: wasm_memory_heap_ops */
	void *memory_env;
	uint64_t max_memory_pages; /* of each memory, whatever its type says; 0: no further limit */
	uint32_t max_table_entries; /* of each table; 0: WASM_MAX_TABLE_MIN */
};

struct wasm_store {
	struct wasm_store_config config;
	const void *untranslated; /* code of a function that has none yet: set by the engine */
	void (*free_code)(const void *code);
	struct wasm_func_instance **funcs; /* by reference; [0] is NULL */
	uint32_t func_count;		   /* [0] included */
	uint32_t func_capacity;
	struct wasm_instance *instances;
	struct wasm_table_list *tables;
	struct wasm_memory_list *memories;
	uint32_t memory_count;
	const struct wasm_func_type **sigs; /* by number */
	uint32_t sig_count;
	uint32_t *sig_slots; /* hash table: number + 1, or 0 */
	uint32_t sig_slot_count;
	struct arena arena;
};

/* Errors: E_NOMEM. The store is zeroed before; it can always be given to wasm_store_fini. */
MUST_USE enum err wasm_store_init(struct wasm_store *s, const struct wasm_store_config *config);
void wasm_store_fini(struct wasm_store *s);

/* One thing that can be imported or exported. */
struct wasm_extern {
	enum wasm_kind kind;
	union {
		struct wasm_func_instance *func;
		struct wasm_table_instance *table;
		struct wasm_memory_instance *memory;
		struct wasm_global_instance *global;
	};
};

/* Instances that belong to no module; the embedder makes them to be imported. E_NOMEM, E_LIMIT. */
MUST_USE enum err wasm_func_add_host(struct wasm_store *s, const struct wasm_host_func *host,
				     void *env, struct wasm_func_instance **func);
MUST_USE enum err wasm_table_add(struct wasm_store *s, const struct wasm_table_type *type,
				 struct wasm_table_instance **table);
MUST_USE enum err wasm_memory_add(struct wasm_store *s, const struct wasm_memory_type *type,
				  struct wasm_memory_instance **memory);
MUST_USE enum err wasm_global_add(struct wasm_store *s, struct wasm_global_type type,
				  uint64_t value, struct wasm_global_instance **global);

/* The number of a function type. Errors: E_NOMEM. */
MUST_USE enum err wasm_sig_intern(struct wasm_store *s, const struct wasm_func_type *type,
				  uint32_t *sig);

/* Gives what a module imports; false: there is no such thing. The names are untrusted. */
typedef bool wasm_resolve(void *env, struct wasm_name module, struct wasm_name name,
			  struct wasm_extern *out);

/* Why an instantiation failed. */
struct wasm_link_error {
	uint32_t import;     /* index into module->imports: E_WASM_UNKNOWN_IMPORT, .._IMPORT_TYPE */
	enum wasm_trap trap; /* of an active segment: E_WASM_TRAP */
};

/*
 * Instantiates a decoded and validated module (4.5.4): imports are matched exactly (4.5.3), then
 * globals, then active segments in order; a segment that does not fit traps and leaves what earlier
 * ones wrote. The start function is not run: see wasm_instance_start.
 * Errors: E_NOMEM, E_LIMIT, E_WASM_UNKNOWN_IMPORT, E_WASM_IMPORT_TYPE, E_WASM_TRAP.
 */
MUST_USE enum err wasm_instantiate(struct wasm_store *s, const struct wasm_module *module,
				   wasm_resolve *resolve, void *env,
				   struct wasm_instance **instance, struct wasm_link_error *error);

/* The function that the embedder has to call before any other, or NULL. */
struct wasm_func_instance *wasm_instance_start(const struct wasm_instance *inst);

/* The export of that name; false when there is none. The name is untrusted. */
MUST_USE bool wasm_instance_export(const struct wasm_instance *inst, struct wasm_name name,
				   struct wasm_extern *out);

/* The memory 0 of an instance, or NULL. */
static inline struct wasm_memory_instance *wasm_instance_memory(const struct wasm_instance *inst)
{
	return inst && inst->module->memory_count ? inst->memories[0] : NULL;
}

/* The function that a reference means; NULL for null. The reference is of this store. */
static inline struct wasm_func_instance *wasm_func_of_ref(const struct wasm_store *s, uint32_t ref)
{
	return ref < s->func_count ? s->funcs[ref] : NULL;
}

/*
 * What instructions do to tables and memories. All indices and counts are the guest's; each
 * function checks its ranges before it writes. Grow returns the old size, or -1 (as uint32_t).
 */
uint32_t wasm_memory_grow(struct wasm_memory_instance *m, uint32_t pages);
MUST_USE enum wasm_trap wasm_memory_init(struct wasm_instance *inst, uint32_t data, uint32_t to,
					 uint32_t from, uint32_t count);
void wasm_data_drop(struct wasm_instance *inst, uint32_t data);

uint32_t wasm_table_grow(struct wasm_store *s, struct wasm_table_instance *t, uint32_t ref,
			 uint32_t count);
MUST_USE enum wasm_trap wasm_table_fill(struct wasm_table_instance *t, uint32_t to, uint32_t ref,
					uint32_t count);
MUST_USE enum wasm_trap wasm_table_copy(struct wasm_table_instance *dst,
					const struct wasm_table_instance *src, uint32_t to,
					uint32_t from, uint32_t count);
MUST_USE enum wasm_trap wasm_table_init(struct wasm_instance *inst, uint32_t table, uint32_t elem,
					uint32_t to, uint32_t from, uint32_t count);
void wasm_elem_drop(struct wasm_instance *inst, uint32_t elem);

#endif
