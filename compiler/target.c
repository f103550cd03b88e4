/*
 * Target machine and pass pipelines.
 * Trust: options are checked by the command; LLVM is believed for meaning only.
 * Invariant: nothing of the machine that compiles goes in, so the same options give the same code
 * everywhere.
 */
#include "compiler/target.h"

#include <llvm-c/ErrorHandling.h>
#include <llvm-c/Support.h>
#include <llvm-c/Target.h>
#include <stdio.h>
#include <stdlib.h>

#define TARGET_TRIPLE "x86_64-unknown-linux-gnu"

/* LLVM gives up: this process serves one module, so it ends. */
static void target_on_fatal(const char *reason)
{
	fprintf(stderr, "retwine-compile: the code generator cannot go on: %s\n", reason);
	_Exit(EXIT_FAILURE);
}

void target_init(void)
{
	/* What of the code generator could take a trap away or let a store be done in part, as it
	 * moves, narrows or splits accesses (keep.c): */
	static const char *const arguments[] = {
		"retwine-compile",
		"-disable-machine-sink",		      /* a load past a branch */
		"-x86-cmov-converter=false",		      /* a load behind a new branch */
		"-combiner-reduce-load-op-store-width=false", /* a change in memory of fewer bytes
							       */
		"-combiner-shrink-load-replace-store-with-store=false", /* likewise */
		"-x86-disable-avoid-SFB", /* a 16-byte copy in parts */
		/* SimplifyCFG: a block is done ahead of its branch without what only assumes use.
		 * foldTwoEntryPHINode, which does the same and does not know of assumes, goes on. */
		"-phi-node-folding-threshold=0",
		/* The verifier follows indices, not the addresses that this makes of them in loops. At -O3
		 * nothing is lost (0.4 % of the kernels of bench/); at -O1 numeric loops lose 8 %, SQLite
		 * gains 5 %, and the code generator a twentieth of its time. */
		"-disable-lsr",
		/* An index that stays 32 bits wide until the vectorizer sees it is an induction
		 * that cannot wrap, or one that a check before the loop shows not to; one made
		 * wider early is a masked sum, and its loop stays scalar. */
		"-indvars-widen-indvars=false",
	};

	LLVMInstallFatalErrorHandler(target_on_fatal);
	LLVMInitializeX86TargetInfo();
	LLVMInitializeX86Target();
	LLVMInitializeX86TargetMC();
	LLVMInitializeX86AsmPrinter();
	LLVMInitializeX86AsmParser(); /* mask.c */
	LLVMParseCommandLineOptions(sizeof arguments / sizeof *arguments, arguments, NULL);
}

const char *target_cpu(enum native_isa isa)
{
	return isa == NATIVE_ISA_V2 ? "x86-64-v2" : "x86-64-v3";
}

/* At -O1 what the code generator leaves out takes a twelfth of its time and gains nothing measurable. */
static LLVMCodeGenOptLevel target_level(int level)
{
	static const LLVMCodeGenOptLevel levels[] = {LLVMCodeGenLevelNone, LLVMCodeGenLevelLess,
						     LLVMCodeGenLevelDefault,
						     LLVMCodeGenLevelAggressive};

	return levels[level < 0 ? 0 : level > 3 ? 3 : level];
}

LLVMTargetMachineRef target_machine_new(const struct compile_options *options, int level,
					struct compile_error *error)
{
	LLVMTargetRef target;
	char *message = NULL;

	if (LLVMGetTargetFromTriple(TARGET_TRIPLE, &target, &message)) {
		snprintf(error->text, sizeof error->text, "no code generator: %s", message);
		LLVMDisposeMessage(message);
		return NULL;
	}
	LLVMTargetMachineRef machine =
		LLVMCreateTargetMachine(target, TARGET_TRIPLE, target_cpu(options->isa), "",
					target_level(level), LLVMRelocPIC, LLVMCodeModelSmall);

	if (!machine)
		snprintf(error->text, sizeof error->text, "no code generator for this target");
	return machine;
}

/* Modules come optimised from their own compilers: three passes give integer code the speed that
 * the whole pipeline gives it. -O2 and -O3 vectorise. */
const char *target_passes(int level)
{
	switch (level) {
	case 0:
		return NULL;
	case 1:
		return "sroa,early-cse<memssa>,simplifycfg";
	case 2:
		return "default<O2>";
	default:
		return "default<O3>";
	}
}
