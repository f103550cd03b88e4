/*
 * The runtime structure of Core 3.0, section 4.2: a store with function, table, memory, global, tag
 * and exception instances, and instances of modules linked to each other. An engine (the
 * interpreter; native code later) runs the functions; nothing here executes code.
 *
 * References that a guest can hold are 32-bit indices into the store's table of functions (funcref)
 * or of exceptions (exnref), or numbers whose meaning is the embedder's (externref); 0 is null. No
 * guest value is ever a pointer. Types of instances are in the store's terms: a concrete reference
 * type holds the number of a signature (wasm_store_type).
 *
 * The store owns every instance until wasm_store_fini: a function may be reachable through another
 * instance's table even if its own instantiation failed. Modules, host functions and names that
 * were handed in must outlive the store. A store belongs to one thread. Threads of a program have a
 * store each; what they share is a shared memory (it belongs to the store that made it, which
 * outlives the others; see struct wasm_memory_instance) and a struct wasm_control.
 */
#ifndef WASM_INSTANCE_H
#define WASM_INSTANCE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/mutex.h"
#include "wasm/module.h"
#include "wasm/trap.h"
#include "wasm/type_set.h"

struct wasm_instance;
struct wasm_store;

/* What a host function is told about who called it. */
struct wasm_caller {
	struct wasm_instance *instance; /* the calling one; NULL when the embedder calls */
	uint32_t exit_status;		/* to be set before TRAP_EXIT is returned */
};

/* Most slots (parameters and results together) of a host function. */
#define WASM_HOST_VALUES_MAX 64

/*
 * A function that the embedder supplies; its type is in the store's terms. args and results are
 * slots (wasm_type_slots). args are the guest's: hostile. Anything but TRAP_NONE ends the program;
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
	void *mirror;		     /* the engine's form of elems, or NULL; freed by the store */
};

/*
 * A shared memory never moves: what resize sets up at first has room for max_pages. Its size only
 * grows, under `lock`, and is read by wasm_memory_size; everything else in here stays as it was
 * made. Its bytes are read and written by several threads at once, as the guest will have it.
 */
struct wasm_memory_instance {
	uint8_t *base; /* may change when the memory grows, if it is not shared */
	uint64_t size; /* bytes, whole pages */
	uint64_t max_pages;
	struct mutex lock;	     /* of a shared one: size, waiters */
	struct wasm_waiter *waiters; /* of a shared one: oldest first */
	uint32_t ordinal;	     /* 0: the first memory of the store */
	struct wasm_memory_type type;
	uint64_t capacity; /* for the use of the memory_ops */
	struct wasm_store *store;
};

struct wasm_global_instance {
	uint64_t value[2]; /* slots */
	struct wasm_global_type type;
};

/* Tags are told apart by identity, not by type. */
struct wasm_tag_instance {
	const struct wasm_func_type *type;
	uint32_t sig;
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
	struct wasm_tag_instance **tags;
	struct wasm_elem_instance *elems;
	bool *data_dropped;
	uint32_t *sigs;		      /* of each type of the module: its number in the store */
	struct wasm_func_type *types; /* those of the module in the store's terms */
	const void *engine;	      /* what the engine knows of it, or NULL; the engine's */
};

/*
 * What bounds and ends the running of code from outside; one for all threads of a program. An
 * engine looks at it only in code that it has translated while `metered` or `polled` was set: they
 * are set before the store is made.
 */
struct wasm_control {
	bool metered;  /* every run of instructions takes fuel */
	bool polled;   /* `stop` is looked at in calls and in loops */
	uint64_t fuel; /* atomic: what no thread has taken yet; threads take it in portions */
	uint32_t stop; /* atomic: enum wasm_trap that ends every thread soon; TRAP_NONE: none */
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
	uint64_t max_memory_pages;    /* of all memories together; 0: only that of each type */
	uint32_t max_table_entries;   /* of all tables together; 0: WASM_MAX_TABLE_MIN */
	struct wasm_control *control; /* NULL: nothing bounds the code; outlives the store */
};

/*
 * An exception in flight or held by an exnref: a tag and its values, in slots. The store owns them;
 * an engine that runs out of room has them collected (wasm_exception_*, below).
 */
struct wasm_exception {
	const struct wasm_tag_instance *tag; /* NULL: a free entry */
	bool marked;
	uint32_t next; /* in the list of free ones, or of those to be scanned */
	uint64_t *values;
};

struct wasm_exceptions {
	struct wasm_exception *table; /* by reference; [0] is not used */
	uint32_t count;		      /* [0] included */
	uint32_t capacity;
	uint32_t free;		   /* list; 0: none */
	uint32_t live;		   /* in use */
	uint32_t slots;		   /* of the values of those in use */
	uint32_t collect_at;	   /* the number in use at which a collection is due */
	uint32_t collect_slots_at; /* likewise, of their slots */
	uint32_t scan;		   /* list: marked, its values not yet looked at */
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
	struct wasm_global_list *globals; /* those that can hold an exception */
	struct wasm_exceptions exceptions;
	uint32_t memory_count;
	uint64_t memory_pages;	     /* atomic: of all memories together */
	uint32_t table_entries;	     /* of all tables together */
	struct wasm_func_type *sigs; /* by number */
	uint32_t sig_count;
	uint32_t sig_capacity;
	struct type_set sig_set;
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
		struct wasm_tag_instance *tag;
	};
};

/*
 * Instances that belong to no module; the embedder makes them to be imported. Types are in the
 * store's terms, their limits in order; those of functions and tags outlive the store. `value` is
 * copied; an immutable global holds no exception but null. Errors: E_NOMEM, E_LIMIT.
 */
MUST_USE enum err wasm_func_add_host(struct wasm_store *s, const struct wasm_host_func *host,
				     void *env, struct wasm_func_instance **func);
MUST_USE enum err wasm_table_add(struct wasm_store *s, const struct wasm_table_type *type,
				 struct wasm_table_instance **table);
MUST_USE enum err wasm_memory_add(struct wasm_store *s, const struct wasm_memory_type *type,
				  struct wasm_memory_instance **memory);
MUST_USE enum err wasm_global_add(struct wasm_store *s, struct wasm_global_type type,
				  const uint64_t value[2], struct wasm_global_instance **global);
MUST_USE enum err wasm_tag_add(struct wasm_store *s, const struct wasm_func_type *type,
			       struct wasm_tag_instance **tag);

/* The number of a function type in the store's terms; it outlives the store. E_NOMEM, E_LIMIT. */
MUST_USE enum err wasm_sig_intern(struct wasm_store *s, const struct wasm_func_type *type,
				  uint32_t *sig);

/* A value type of the instance's module in the store's terms. */
uint32_t wasm_store_type(const struct wasm_instance *inst, uint32_t type);

/* Gives what a module imports; false: there is no such thing. The names are untrusted. */
typedef bool wasm_resolve(void *env, struct wasm_name module, struct wasm_name name,
			  struct wasm_extern *out);

/* Why an instantiation failed. */
struct wasm_link_error {
	uint32_t import;     /* index into module->imports: E_WASM_UNKNOWN_IMPORT, .._IMPORT_TYPE */
	enum wasm_trap trap; /* of an active segment: E_WASM_TRAP */
};

/*
 * Instantiates a decoded and validated module (4.5.4): imports are matched (4.5.3), then
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

/* The size in bytes, whatever other threads do; what lies below it stays. */
static inline uint64_t wasm_memory_size(const struct wasm_memory_instance *m)
{
	return __atomic_load_n(&m->size, __ATOMIC_ACQUIRE);
}

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
MUST_USE enum wasm_trap wasm_memory_init(struct wasm_instance *inst, uint32_t memory, uint32_t data,
					 uint32_t to, uint32_t from, uint32_t count);
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

/*
 * Exceptions. wasm_exception_add makes one with the values of its tag (type->param_slots slots,
 * copied) and returns its reference; 0: no memory, or a limit (WASM_MAX_EXCEPTIONS, .._EXCEPTION_SLOTS). Room is made by the engine before: when
 * wasm_exception_is_due, it marks every slot that may hold a reference (any slot may: a number that
 * looks like one only keeps an exception longer) and sweeps; tables and globals mark themselves.
 */
uint32_t wasm_exception_add(struct wasm_store *s, const struct wasm_tag_instance *tag,
			    const uint64_t *values);
/* Valid until the next is added, its values until a sweep. NULL for null and for what is no
 * reference. */
const struct wasm_exception *wasm_exception_of_ref(const struct wasm_store *s, uint32_t ref);
bool wasm_exception_is_due(const struct wasm_store *s);
void wasm_exception_mark(struct wasm_store *s, const uint64_t *slots, size_t count);
/* The same for an engine whose references may lie in any 32 bits. */
void wasm_exception_mark_words(struct wasm_store *s, const uint32_t *words, size_t count);
void wasm_exception_sweep(struct wasm_store *s);

/*
 * Waiting on a memory (threads proposal: memory.atomic.wait and .notify). The address is the
 * guest's plus the offset, not yet checked; wide: 64 bits. timeout_ns below 0 is for ever; it is
 * counted anew after a wake-up that was not meant for the waiter. *result: 0 woken, 1 the value was
 * another, 2 timed out. Who waited longest is woken first. Traps: MEMORY_BOUNDS, UNALIGNED_ATOMIC,
 * EXPECTED_SHARED, and control->stop: whoever sets that calls wasm_memory_wake_all afterwards.
 */
MUST_USE enum wasm_trap wasm_memory_wait(struct wasm_store *s, struct wasm_memory_instance *m,
					 uint64_t address, bool wide, uint64_t expected,
					 int64_t timeout_ns, uint32_t *result);
MUST_USE enum wasm_trap wasm_memory_notify(struct wasm_memory_instance *m, uint64_t address,
					   uint32_t count, uint32_t *woken);
/* Every waiting thread looks at control->stop. Any thread. */
void wasm_memory_wake_all(struct wasm_memory_instance *m);

#endif
