/*
 * The two engines behind one face, for tests that run the same with each. Freestanding: the same code
 * runs outside under sanitizers and inside an enclave image.
 */
#ifndef TEST_ENGINE_ENGINE_H
#define TEST_ENGINE_ENGINE_H

#include "base/err.h"
#include "interp/interp.h"
#include "native/native.h"

struct engine;
struct engine_code;

/* How a test runs modules; outlives it. */
struct engine_config {
	const struct engine *engine;
	/* Of native code: payloads of the section retwine.native, of any modules, each after its size
	 * (u32, little-endian). Untrusted. */
	const uint8_t *sections;
	size_t sections_size;
	const struct wasm_memory_ops *memory_ops; /* NULL: the heap */
};

/* One thread of execution with a store. Zeroed is fine to fini. */
struct engine_thread {
	const struct engine_config *config;
	struct wasm_store *store;
	struct interp_thread interp;
	struct native_thread native;
	struct engine_code *codes; /* placed so far; owned */
};

struct engine {
	void (*store_init)(struct wasm_store *s);
	enum err (*thread_init)(struct engine_thread *t);
	void (*thread_fini)(struct engine_thread *t);
	enum err (*link)(struct engine_thread *t, struct wasm_instance *instance);
	enum wasm_trap (*call)(struct engine_thread *t, const struct wasm_func_instance *func,
			       const uint64_t *args, uint64_t *results);
};

extern const struct engine engine_interp, engine_native;

/* Makes the engine that of a store without functions. */
void engine_store_init(const struct engine_config *config, struct wasm_store *s);

/* On the thread that runs; fini before that of the store, after the last call. Errors: E_NOMEM, E_LIMIT. */
MUST_USE enum err engine_thread_init(struct engine_thread *t, const struct engine_config *config,
				     struct wasm_store *s);
void engine_thread_fini(struct engine_thread *t);

/*
 * wasm_instantiate, and the functions get their code: also those of an instance that a trap left half
 * made, since they may be in tables of others. Errors: as wasm_instantiate, then E_NOT_FOUND: there is
 * no section for the module, and those of native_decode, native_check, native_load, native_link.
 */
MUST_USE enum err engine_instantiate(struct engine_thread *t, const struct wasm_module *module,
				     wasm_resolve *resolve, void *env,
				     struct wasm_instance **instance,
				     struct wasm_link_error *error);

/* As interp_call. */
MUST_USE enum wasm_trap engine_call(struct engine_thread *t, const struct wasm_func_instance *func,
				    const uint64_t *args, uint64_t *results);

#endif
