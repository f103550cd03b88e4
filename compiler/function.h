/*
 * Inside compiler/: a function while it is translated to LLVM IR. One instruction after the other
 * goes through function_emit (function.c) to the file of its group; each takes its operands off the
 * stack of values and puts its results on it, as the validator knows that it can. Code below an
 * unreachable point is skipped, so operands are always there.
 *
 * LLVM types of values: i32, i64, f32 (float), f64 (double), v128: <16 x i8>, references: i32.
 * Files that want other lanes bitcast. Locals are allocas (mem2reg does the rest).
 */
#ifndef COMPILER_FUNCTION_H
#define COMPILER_FUNCTION_H

#include <llvm-c/Core.h>

#include "compiler/compile.h"
#include "native/layout.h"
#include "wasm/code.h"
#include "wasm/module.h"
#include "wasm/trap.h"

/* What all units share; read-only while they are translated. */
struct compile_plan {
	const struct wasm_module *m;
	const struct compile_options *options;
	struct native_layout layout;
	bool uniform;		 /* the module has tail calls: doc/native.md */
	bool *may_throw;	 /* by function index */
	bool indirect_may_throw; /* calls through tables and references */
};

#define UNIT_ATTRIBUTES 12
/* How code is made: as fast as can be; or, for functions that the verifier refuses, in ways that it can follow
 * more easily. */
enum unit_form {
	UNIT_PLAIN,
	UNIT_MASKED, /* addresses that are no index plus an offset are masked after the passes (mask.c) */
	UNIT_EXTENDED, /* and indices extended again */
	UNIT_OPAQUE, /* each function alone, indices opaque from the start, no jump tables, -O1 at most */
	UNIT_SIMPLE, /* the same, without passes */
	UNIT_FORMS
};

#define UNIT_PLACES 1000 /* WASM_MAX_PARAMS, WASM_MAX_RESULTS */

/* Functions that are compiled together: an LLVM context and module of their own, one thread. */
struct unit {
	const struct compile_plan *plan;
	uint32_t first, count; /* defined functions, as function indices of the module */
	int level;	       /* of optimisation */
	enum unit_form form;
	const bool *wanted;	     /* from first on: which functions to make code of */
	LLVMMemoryBufferRef *passed; /* struct unit_request */
	LLVMContextRef context;
	LLVMModuleRef module;
	LLVMTypeRef i1, i8, i16, i32, i64, f32, f64, v128, void_type;
	LLVMTypeRef ptr;		       /* plain */
	LLVMTypeRef ptr_gs;		       /* addrspace(256): the window */
	LLVMTypeRef ptr_fs;		       /* addrspace(257): the slots */
	LLVMValueRef *funcs;		       /* by function index, made on demand (call.c) */
	LLVMValueRef memory_copy, memory_fill; /* bulk.c; made on demand */
	unsigned tbaa_kind;		       /* metadata kind ids, and nodes: */
	LLVMValueRef tbaa_memory, tbaa_slot, tbaa_table, tbaa_transfer;
	unsigned prof_kind;
	LLVMValueRef unlikely; /* branch weights: the first way is hardly ever taken */
	LLVMAttributeRef attributes[UNIT_ATTRIBUTES];
	unsigned attribute_count;
	struct native_place *places; /* room for the parameters or results of a type (abi.c) */
	struct compile_error *error; /* the first one; text[0] == 0: none so far */
};

/* What every function that is made in a unit has: target, no builtins, null is valid, ... */
void unit_attributes(struct unit *u, LLVMValueRef func);
/* Metadata for u->tbaa_kind: accesses of that name alias each other and nothing else. */
LLVMValueRef unit_alias_class(struct unit *u, const char *name);

enum block_kind {
	BLOCK_BLOCK,
	BLOCK_LOOP,
	BLOCK_IF,
	BLOCK_TRY,
	BLOCK_CATCH,
	BLOCK_TRY_TABLE,
	BLOCK_FUNC
};

/* An open block. */
struct block {
	enum block_kind kind;
	const uint32_t *param_types, *result_types;
	uint32_t param_count, result_count;
	uint32_t height;	     /* of the stack below the parameters */
	LLVMBasicBlockRef target;    /* where a branch goes: a loop's head, else the end */
	LLVMValueRef *phis;	     /* at the target: of parameters (loop) or results */
	LLVMBasicBlockRef otherwise; /* if: of else */
	LLVMValueRef *params;	     /* if: to begin else with */
	uint32_t one_result;	/* what result_types points to, of a block without a type's index */
	LLVMBasicBlockRef stub; /* goes to the target with its values, for the br_table ... */
	uint32_t stub_table;	/* ... of that number */
	bool dead_outside;	/* opened in unreachable code: nothing is emitted */
	/* exceptions (exception.c) */
	uint32_t catcher; /* where what is thrown inside goes: the depth of an open block, 0: out */
	uint32_t outward; /* of a block that catches: likewise for what it does not catch */
	LLVMBasicBlockRef pad; /* of a block that catches; NULL: nothing has been thrown to it */
	LLVMBasicBlockRef
		dispatch; /* legacy catch: where what no handler so far took goes on, unfinished */
	LLVMValueRef caught;	    /* legacy catch: the alloca with the reference, for rethrow */
	struct wasm_insn try_table; /* try_table: its clauses */
};

struct value {
	LLVMValueRef v;
	uint32_t type; /* of the module */
};

struct function {
	struct unit *u;
	const struct wasm_module *m;
	uint32_t index;
	const struct wasm_func_type *type;
	const struct wasm_body *body;
	struct reader r;
	LLVMValueRef func;
	LLVMBuilderRef b;
	LLVMBuilderRef entry; /* for allocas: before the terminator of the first block */
	LLVMValueRef *locals; /* allocas */
	uint32_t *local_types;
	struct value *stack;
	uint32_t height;
	struct block *blocks;
	uint32_t depth;
	bool dead;		     /* nothing is emitted here */
	LLVMBasicBlockRef leave;     /* exception.c: returns with what flies; NULL: none yet */
	LLVMBasicBlockRef traps[32]; /* by enum wasm_trap: shared trap blocks; NULL: none yet */
	uint32_t block_weight;	     /* of the basic block that is being made */
	uint32_t table_count;	     /* br_tables so far */
	size_t edge_values;	     /* values that branches have taken along so far */
	LLVMValueRef fuel;	     /* fuel.c: alloca, what is left of it; NULL: not metered */
	uint64_t run_cost;	     /* likewise */
	LLVMValueRef
		run_uses[3]; /* instructions whose second operand is the run's cost; NULL: no run */
};

/* ---- the stack of values (function.c) ---- */

void value_push(struct function *f, LLVMValueRef v, uint32_t type);
LLVMValueRef value_pop(struct function *f);
struct value value_pop_typed(struct function *f);
struct value *value_top(struct function *f, uint32_t down); /* 0: the topmost */
LLVMTypeRef value_type(const struct unit *u, uint32_t type);
/* Takes an i32 off the stack: is it not 0, as i1? Sees through the i1 that it was made from. */
LLVMValueRef value_pop_condition(struct function *f);

static inline LLVMValueRef const_i32(const struct function *f, uint32_t x)
{
	return LLVMConstInt(f->u->i32, x, false);
}

static inline LLVMValueRef const_i64(const struct function *f, uint64_t x)
{
	return LLVMConstInt(f->u->i64, x, false);
}

/* A new basic block at the end of the function; does not move the builder. */
LLVMBasicBlockRef block_new(struct function *f, const char *name);
/* The builder goes on at the end of it. */
void block_begin(struct function *f, LLVMBasicBlockRef block);

/* Goes on in a new block. */
void block_split(struct function *f);

/* Goes on only if the condition (i1) is false, else traps; the trapping side is marked unlikely. */
void trap_if(struct function *f, LLVMValueRef condition, enum wasm_trap trap);
/* Traps here; code after it is unreachable (a new, unreferenced block is NOT begun: set f->dead or
 * branch). */
void trap_now(struct function *f, enum wasm_trap trap);

/* A call of an overloaded intrinsic: "llvm.fshl" with these types. */
LLVMValueRef intrinsic(struct function *f, const char *name, LLVMTypeRef *types,
		       unsigned type_count, LLVMValueRef *args, unsigned arg_count);

/* ---- slots and transfer area (abi.c) ---- */

LLVMValueRef slot_pointer(struct function *f, uint32_t disp); /* ptr_fs */
LLVMValueRef slot_load(struct function *f, uint32_t disp, LLVMTypeRef type);
void slot_store(struct function *f, uint32_t disp, LLVMValueRef v);
/* A call through a helper slot; the result is NULL when it has none. Arguments fit helper.def. */
LLVMValueRef helper_call(struct function *f, enum native_helper helper, LLVMValueRef *args);
/* Values to and from the transfer area, from slot `slot` on. */
void transfer_store(struct function *f, uint32_t slot, LLVMValueRef v);
LLVMValueRef transfer_load(struct function *f, uint32_t slot, uint32_t type);

/* ---- groups of instructions: each returns false for what is none of its own ---- */

bool control_emit(struct function *f, const struct wasm_insn *insn); /* control.c */
bool call_emit(struct function *f, const struct wasm_insn *insn);    /* call.c */
bool variable_emit(struct function *f,
		   const struct wasm_insn *
			   insn); /* variable.c: locals, globals, select, drop, const, references */
bool table_emit(struct function *f, const struct wasm_insn *insn); /* table.c */
bool number_emit(struct function *f,
		 const struct wasm_insn *
			 insn); /* number.c, convert.c: scalar arithmetic, comparison, conversion */
bool vector_emit(struct function *f,
		 const struct wasm_insn *insn); /* vector*.c: all of SIMD but loads and stores */
bool memory_emit(struct function *f,
		 const struct wasm_insn
			 *insn); /* memory.c: loads, stores, scalar and SIMD; memory.size, .grow */
bool bulk_emit(struct function *f,
	       const struct wasm_insn *insn); /* bulk.c: memory.copy, .fill, .init, data.drop */
bool atomic_emit(struct function *f, const struct wasm_insn *insn);    /* atomic.c */
bool exception_emit(struct function *f, const struct wasm_insn *insn); /* exception.c */

/* ---- control.c ---- */

struct block *block_at(struct function *f, uint32_t label);
/* Pushes a block of that kind; its target is made; parameters stay on the stack. */
struct block *block_open(struct function *f, const struct wasm_insn *insn, enum block_kind kind);
/* Branches to the block with the topmost values of the stack; they stay there. */
void block_branch(struct function *f, struct block *b);

/* ---- memory.c ---- */

/*
 * A pointer to size bytes at index + offset of the memory, where an access of that size traps or is
 * inside: addrspace(256) for memory 0 in the window, else a plain pointer behind an explicit check.
 */
LLVMValueRef memory_pointer(struct function *f, uint32_t memory, LLVMValueRef index,
			    uint64_t offset, uint32_t size);
/* Marks a load or store: alignment 1 (or `align`), alias class of memories. */
LLVMValueRef memory_access(struct function *f, LLVMValueRef insn, unsigned align);
/* Is it memory 0 in the window, whose accesses need no check? */
bool memory_in_window(const struct unit *u, uint32_t memory);
/* What the slot of the memory says (i64): its size in bytes, or one that it had. */
LLVMValueRef memory_size_bytes(struct function *f, uint32_t memory);

/* ---- bulk.c ---- */

/* Routines of a unit; the linker keeps one of each. */
#define BULK_COPY_SYMBOL "memory.copy"
#define BULK_FILL_SYMBOL "memory.fill"

/* ---- keep.c ---- */

/* Keeps a load from the window from being dropped, moved past a branch, or narrowed. */
void keep_load(struct function *f, LLVMValueRef load);
/* A value that the program throws away: if it comes from the window, it is read all the same. */
void keep_dropped(LLVMValueRef v);
/* At the head of each loop: it is not deleted for having nothing but loads. */
void keep_loop(struct function *f);
/* After the passes, before code generation: takes back what the others did and makes every load from
 * the window volatile. */
void keep_finish(struct unit *u);

/* ---- exception.c ---- */

/* After a call of something that may throw: goes to the handler or out of the function if the
 * exception slot is set. */
void exception_check(struct function *f);
/* Fills plan->may_throw. False: no memory. */
bool exception_plan(struct compile_plan *plan);
/* The end of the innermost block, as far as it catches; called by control.c before the block's own
 * end. */
void exception_block_end(struct function *f, struct block *b);

/* ---- mask.c ---- */

/* An i32, zero-extended by an instruction that LLVM cannot look into: what is checked of it is true of what is
 * used. */
LLVMValueRef opaque_index(struct function *f, LLVMValueRef index);
/* After the passes: masks the addresses that the function accesses in the window. */
void mask_function(struct unit *u, LLVMValueRef func);

/* ---- fuel.c ---- */

/* Counts an instruction; called before each, when the plan is metered. */
void fuel_count(struct function *f, const struct wasm_insn *insn);
/* After a call of anything that may have used some. */
void fuel_fetch(struct function *f);
/* A label or a branch: the next instruction begins a new run. */
void fuel_end_run(struct function *f);
/* At a function's entry; looks at the stop slot, too, when the plan is polled. */
void fuel_enter(struct function *f);
/* At a loop's head. */
void fuel_loop(struct function *f);

#endif
