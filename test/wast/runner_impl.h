/* What the runner's files share: its state, and the modules of a script by name. */
#ifndef TEST_WAST_RUNNER_IMPL_H
#define TEST_WAST_RUNNER_IMPL_H

#include "base/reader.h"
#include "test/wast/runner.h"
#include "test/wast/spectest.h"
#include "test/wast/values.h"
#include "wasm/linker.h"

#define WAST_VALUES_MAX 64

/* A definition or an instance that a script can name. All live until the end. */
struct wast_loaded {
	struct wast_loaded *next;
	struct wasm_name name;
	struct wasm_module *module;	/* NULL: it was refused */
	struct wasm_instance *instance; /* NULL: a definition alone, or it failed */
	enum wast_skip skip;		/* refused for this; commands on it are skipped */
	bool foreign; /* of another thread's store: nothing but its shared memories is used */
};

/* A name under which things were registered; the newest counts. */
struct wast_registered {
	struct wast_registered *next;
	struct wasm_name name;
	enum wast_skip skip;
};

struct wast_thread;

struct wast_runner {
	const struct wast_host *host;
	struct wasm_name file;
	struct reader script;
	uint32_t line;
	struct wast_counts counts;
	struct wasm_store store;
	struct wasm_linker linker;
	struct spectest spectest;
	struct engine_thread thread;	    /* while the runner runs */
	struct wast_loaded *loaded;	    /* newest first */
	struct wast_loaded *last;	    /* what an empty name means */
	struct wast_loaded *definition;	    /* the same for (module instance) */
	struct wast_registered *registered; /* newest first */
	struct wast_thread *threads;	    /* newest first */
	struct arena arena;
	uint64_t results[2 * WAST_VALUES_MAX];
	uint32_t result_count;
	const uint32_t *result_types;
};

/* ---- runner.c -------------------------------------------------------------------------------- */

/* A runner for a part of the script, with a store of its own; the caller frees it. NULL: no
 * memory. */
struct wast_runner *wast_runner_new(const struct wast_host *host, struct wasm_name file,
				    struct reader script);
void wast_runner_free(struct wast_runner *r);
/* Runs its part to the end. E_MALFORMED. */
enum err wast_runner_run(struct wast_runner *r);

struct wasm_name wast_read_string(struct wast_runner *r);
bool wast_names_equal(struct wasm_name a, struct wasm_name b);
/* Does the text begin like the words, as far as both go? */
bool wast_text_matches(struct wasm_name text, const char *words);

/* Each counts the command once. */
void wast_pass(struct wast_runner *r);
void wast_fail(struct wast_runner *r, const char *what, const char *detail);
void wast_skip(struct wast_runner *r, enum wast_skip reason);
void wast_check(struct wast_runner *r, bool ok, const char *what, const char *detail);

const char *wast_trap_words(enum wasm_trap trap);
const char *wast_err_words(enum err err);

/* ---- modules.c: each command reads what follows its line number ------------------------------ */

/* The newest one of that name; the empty name: the last one. NULL: none. */
struct wast_loaded *wast_find_loaded(const struct wast_runner *r, struct wasm_name name);
/* A new entry, the newest; NULL: no memory. */
struct wast_loaded *wast_add_loaded(struct wast_runner *r, struct wasm_name name);

void wast_do_module(struct wast_runner *r, bool instantiate);
void wast_do_instance(struct wast_runner *r);
void wast_do_register(struct wast_runner *r);
/* INVALID to UNINSTANTIABLE, and LIFTED. */
void wast_do_refused(struct wast_runner *r, uint8_t command);

/* ---- actions.c ------------------------------------------------------------------------------- */

/* ACTION to EXCEPTION. */
void wast_do_action(struct wast_runner *r, uint8_t command);

/* ---- threads.c ------------------------------------------------------------------------------- */

void wast_do_thread(struct wast_runner *r);
void wast_do_wait(struct wast_runner *r);
/* Waits for every thread that is left. */
void wast_end_threads(struct wast_runner *r);

#endif
