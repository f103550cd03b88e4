/*
 * The binary form of a test script, made from a .wast file by reader/ and executed by runner.c,
 * which needs no files and no text parser. All numbers are little-endian. A string is a u32 length
 * and its bytes.
 *
 *   script:  u32 WAST_MAGIC, u32 WAST_VERSION, string source file name, then commands to the end
 *   command: u8 enum wast_command, u32 line in the source file, then
 *     MODULE, DEFINITION    string name (empty: none), u8 needs, string module
 *     INSTANCE              string name (empty: none), string definition (empty: the last one)
 *     REGISTER              string name to register as, string name of the module
 *     ACTION, EXCEPTION     action
 *     RETURN                action, u32 count, for each result: u8 count, values it may be
 *     TRAP, EXHAUSTION      action, string text expected
 *     INVALID, MALFORMED, UNLINKABLE, UNINSTANTIABLE
 *                           string text, u8 needs, string module
 *     THREAD                string name, u32 count, names of modules whose shared memories the
 *                           thread may have, string commands
 *     WAIT                  string name of the thread
 *     LIFTED                string text, u8 needs, string module that was invalid in an earlier
 *                           version of WebAssembly and is valid now
 *     TEXT                  nothing: the command is about the text format, and not run
 *   action:  u8 enum wast_action, string name of the module (empty: the last one), string export,
 *            u32 count, values (arguments; none for GET)
 *   value:   u8 enum wast_type, u8 number of lanes, for each: u8 enum wast_match, u64 bits
 *   needs:   the features, enum wast_needs, for want of which the module may be refused
 *
 * A v128 has two lanes, or four of 32 bits; everything else one. The bits of a reference are its
 * number + 1.
 */
#ifndef TEST_WAST_SCRIPT_H
#define TEST_WAST_SCRIPT_H

#define WAST_MAGIC   0x54534157u /* "WAST" */
#define WAST_VERSION 2u

enum wast_command {
	WAST_MODULE,
	WAST_DEFINITION,
	WAST_INSTANCE,
	WAST_REGISTER,
	WAST_ACTION,
	WAST_RETURN,
	WAST_TRAP,
	WAST_EXHAUSTION,
	WAST_EXCEPTION,
	WAST_INVALID,
	WAST_MALFORMED,
	WAST_UNLINKABLE,
	WAST_UNINSTANTIABLE,
	WAST_THREAD,
	WAST_WAIT,
	WAST_LIFTED,
	WAST_TEXT,
	WAST_COMMAND_COUNT
};

enum wast_action { WAST_INVOKE, WAST_GET };

enum wast_type {
	WAST_I32,
	WAST_I64,
	WAST_F32,
	WAST_F64,
	WAST_V128,
	WAST_FUNC,
	WAST_EXTERN,
	WAST_EXN,
	WAST_REF, /* a reference of any type */
	WAST_GC,  /* a reference that only garbage collection knows */
	WAST_TYPE_COUNT
};

/* How a lane is compared; arguments have only BITS and NULL. */
enum wast_match {
	WAST_BITS,
	WAST_NAN_CANONICAL,
	WAST_NAN_ARITHMETIC,
	WAST_NULL,
	WAST_NOT_NULL,
	WAST_MATCH_COUNT
};

/* Bits. A binary module may need anything. */
enum wast_needs { WAST_NEEDS_GC = 1, WAST_NEEDS_MEMORY64 = 2 };

#endif
