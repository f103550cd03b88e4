/*
 * The binary form of a test script, made from what wast2json writes (convert.c) and executed by
 * runner.c, which needs neither files nor a JSON reader. All numbers are little-endian. A string is
 * a u32 length and its bytes.
 *
 *   script:  u32 WAST_MAGIC, u32 WAST_VERSION, string source file name, then commands to the end
 *   command: u8 enum wast_command, u32 line in the source file, then
 *     MODULE          string name (empty: none), string module
 *     REGISTER        string name to register as, string name of the module (empty: the last one)
 *     ACTION          action
 *     RETURN          action, u32 count, values expected
 *     TRAP, EXHAUSTION                     action, string text expected
 *     INVALID, MALFORMED, UNLINKABLE, UNINSTANTIABLE   string text, string module
 *     SKIP            string reason
 *   action:  u8 enum wast_action, string name of the module (empty: the last one), string export,
 *            u32 count, values (arguments; none for GET)
 *   value:   u8 enum wasm_type, u8 enum wast_match, u64 bits as a slot holds them
 */
#ifndef TEST_WAST_SCRIPT_H
#define TEST_WAST_SCRIPT_H

#define WAST_MAGIC   0x54534157u /* "WAST" */
#define WAST_VERSION 1u

enum wast_command {
	WAST_MODULE,
	WAST_REGISTER,
	WAST_ACTION,
	WAST_RETURN,
	WAST_TRAP,
	WAST_EXHAUSTION,
	WAST_INVALID,
	WAST_MALFORMED,
	WAST_UNLINKABLE,
	WAST_UNINSTANTIABLE,
	WAST_SKIP,
	WAST_COMMAND_COUNT
};

enum wast_action { WAST_INVOKE, WAST_GET };

/* How a result is compared. */
enum wast_match {
	WAST_BITS,
	WAST_NAN_CANONICAL,
	WAST_NAN_ARITHMETIC,
	WAST_NOT_NULL, /* any reference but null */
	WAST_MATCH_COUNT
};

#endif
