/*
 * Every limit on a module, by name. The specification lets an implementation set them (Core 3.0,
 * appendix A.2). None is below what wasmtime accepts (wasmparser, src/limits.rs); where browsers
 * agree on a figure (JS API, "Implementation-defined limits") it is the same. A count is also held
 * against the bytes that are left before it sizes anything.
 */
#ifndef WASM_LIMITS_H
#define WASM_LIMITS_H

enum wasm_max {
	WASM_MAX_MODULE_SIZE = 1024 * 1024 * 1024, /* bytes; wasmparser and JS API: 1 GiB */
	WASM_MAX_TYPES = 1000000,		   /* both */
	WASM_MAX_FUNCS = 1000000,		   /* both, imported ones included */
	WASM_MAX_IMPORTS = 1000000,		   /* both */
	WASM_MAX_EXPORTS = 1000000,		   /* both */
	WASM_MAX_GLOBALS = 1000000,		   /* both, imported ones included */
	WASM_MAX_TABLES = 100000,		   /* JS API; wasmparser: 100 */
	WASM_MAX_ELEMS = 10000000,		   /* segments; JS API; wasmparser: 100,000 */
	WASM_MAX_ELEM_ITEMS = 10000000,		   /* of one segment; both */
	WASM_MAX_TABLE_MIN = 10000000,		   /* entries of a store, unless it is told; both: of a table */
	WASM_MAX_DATAS = 100000,		   /* both */
	WASM_MAX_PARAMS = 1000,			   /* of one function type; both */
	WASM_MAX_RESULTS = 1000,		   /* of one function type; both */
	WASM_MAX_BODY_SIZE = 7654321,		   /* bytes of one function; both */
	WASM_MAX_LOCALS = 50000,		   /* of one function, parameters included; both */
	WASM_MAX_NAME = 100000,			   /* bytes; both */
	WASM_MAX_MEMORIES = 100,		   /* wasmparser; JS API: 100,000 */
	WASM_MAX_EXCEPTIONS = 1000000,		   /* of a store, in use at once */
	WASM_MAX_EXCEPTION_SLOTS = 16777216,	   /* of their values together: 128 MiB */
	WASM_MAX_TAGS = 1000000,		   /* both, imported ones included */
	WASM_MAX_CATCHES = 10000,		   /* of one try_table; wasmparser */
	WASM_MAX_PAGES = 65536,			   /* of a memory; Core 3.0, 3.2 */
};

#define WASM_PAGE_SIZE 65536u

/* Operand stack of one function or constant expression. It can hardly bind: a body of the largest
 * size has fewer instructions. It keeps slot numbers far from the ends of uint32_t when every call
 * in a body pushes WASM_MAX_RESULTS values. */
#define WASM_MAX_STACK (16u * 1024 * 1024)

#endif
