/*
 * Fuel and interruption, by the interpreter's rules (interp/interp.h): a run of instructions
 * without a label or a branch pays at its beginning. The charge is made at the first instruction
 * that costs something; what the run costs is known at its end and put in then. What is left is kept in
 * a variable, too, so that a run need not wait for what the last one stored: the slot is always up to date,
 * the variable is read again after everything that may have changed the slot. Trust: the module
 * is validated.
 */
#include "compiler/abi.h"

/* What is in the place of a run's cost until that is known. */
#define COST_UNKNOWN 0x7fffffff

/* The slots change behind the code's back: each access is made, and where it stands. */
static LLVMValueRef volatile_load(struct function *f, uint32_t disp)
{
	LLVMValueRef v = slot_load(f, disp, f->u->i64);

	LLVMSetVolatile(v, true);
	return v;
}

static void unlikely_if(struct function *f, LLVMValueRef condition, LLVMBasicBlockRef then,
			LLVMBasicBlockRef otherwise)
{
	LLVMValueRef branch = LLVMBuildCondBr(f->b, condition, then, otherwise);

	LLVMSetMetadata(branch, f->u->prof_kind, f->u->unlikely);
}

void fuel_fetch(struct function *f)
{
	if (f->fuel)
		LLVMBuildStore(f->b, slot_load(f, f->u->plan->layout.fuel, f->u->i64), f->fuel);
}

static void run_charge(struct function *f)
{
	LLVMBasicBlockRef more = block_new(f, "fuel"), next = block_new(f, "");
	LLVMValueRef cost = const_i64(f, COST_UNKNOWN);
	LLVMValueRef left = LLVMBuildLoad2(f->b, f->u->i64, f->fuel, "");
	LLVMValueRef is_short = LLVMBuildICmp(f->b, LLVMIntULT, left, cost, "");
	LLVMBasicBlockRef from = LLVMGetInsertBlock(f->b);

	unlikely_if(f, is_short, more, next);
	LLVMPositionBuilderAtEnd(f->b, more);
	/* An instruction, so that its operand can be replaced; the passes fold it. */
	LLVMValueRef freeze = LLVMBuildFreeze(f->b, cost, "");

	helper_call(f, NATIVE_HELPER_fuel, &freeze);
	LLVMBuildBr(f->b, next);
	LLVMPositionBuilderAtEnd(f->b, from);
	block_begin(f, next);
	LLVMValueRef now = LLVMBuildLoad2(f->b, f->u->i64, f->fuel, "");
	LLVMValueRef rest = LLVMBuildSub(f->b, now, cost, "");

	LLVMBuildStore(f->b, rest, f->fuel);
	slot_store(f, f->u->plan->layout.fuel, rest);
	LLVMSetVolatile(LLVMGetLastInstruction(next), true);
	f->run_uses[0] = is_short;
	f->run_uses[1] = freeze;
	f->run_uses[2] = rest;
	f->run_cost = 0;
}

void fuel_end_run(struct function *f)
{
	if (!f->run_uses[0])
		return;
	LLVMValueRef cost = const_i64(f, f->run_cost);

	LLVMSetOperand(f->run_uses[0], 1, cost);
	LLVMSetOperand(f->run_uses[1], 0, cost);
	LLVMSetOperand(f->run_uses[2], 1, cost);
	f->run_uses[0] = NULL;
}

static void fuel_pay(struct function *f, uint64_t cost)
{
	if (!f->run_uses[0])
		run_charge(f);
	f->run_cost += cost;
}

void fuel_count(struct function *f, const struct wasm_insn *insn)
{
	if (!wasm_op_is_free(insn->op))
		fuel_pay(f, 1);
}

static void poll(struct function *f)
{
	if (!(f->u->plan->options->flags & NATIVE_POLLED))
		return;
	LLVMBasicBlockRef stop = block_new(f, "stop"), next = block_new(f, "");
	LLVMValueRef zero = const_i64(f, 0);
	LLVMValueRef wish = volatile_load(f, f->u->plan->layout.stop);

	unlikely_if(f, LLVMBuildICmp(f->b, LLVMIntNE, wish, zero, ""), stop, next);
	block_begin(f, stop);
	helper_call(f, NATIVE_HELPER_fuel, &zero);
	LLVMBuildBr(f->b, next);
	block_begin(f, next);
}

void fuel_enter(struct function *f)
{
	uint64_t locals = f->body->local_slots - f->type->param_slots;

	if (f->u->plan->options->flags & NATIVE_METERED) {
		f->fuel = LLVMBuildAlloca(f->entry, f->u->i64, "");
		fuel_fetch(f);
	}
	poll(f);
	if (f->fuel && locals >= 8)
		fuel_pay(f, locals / 8); /* that they are set to zero */
}

void fuel_loop(struct function *f)
{
	poll(f);
}
