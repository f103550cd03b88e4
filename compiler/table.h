/*
 * Tables as generated code reads them: an address of entries (struct native_entry), and their
 * number.
 */
#ifndef COMPILER_TABLE_H
#define COMPILER_TABLE_H

#include "compiler/function.h"

/* The number of entries, i64. */
LLVMValueRef table_count(struct function *f, uint32_t table);

/* A pointer to the entry at `index` (i32), which traps that way beyond the end. */
LLVMValueRef table_entry(struct function *f, uint32_t table, LLVMValueRef index,
			 enum wasm_trap trap);

/* A pointer to the entry at `index` (i64, in bounds) of the entries whose address is in that slot.
 */
LLVMValueRef entry_pointer(struct function *f, uint32_t slot, LLVMValueRef index);

/* A member of an entry. */
LLVMValueRef entry_load(struct function *f, LLVMValueRef entry, uint32_t offset, LLVMTypeRef type);

#endif
