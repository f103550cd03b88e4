/*
 * What may be touched, where it lies for the emulated CPU, and what stands there. doc/native.md says it; this
 * is the oracle's own reading of it.
 */
#ifndef TEST_VERIFIER_ORACLE_SANDBOX_H
#define TEST_VERIFIER_ORACLE_SANDBOX_H

#include "native/verify.h"

#include "test/verifier/oracle_random.h"

#define SANDBOX_CODE 0x10000000u
#define SANDBOX_FS   0x200000000u
#define SANDBOX_STACK                                                                              \
	0x300000008u /* where a function's return address stands: 8 below a multiple of 16 */
#define SANDBOX_TABLES 0x400000000u
#define SANDBOX_STUBS  0x500000000u /* what may be called: STUBS + 16 * k, 16 bytes each */
#define SANDBOX_RETURN 0x600000000u /* the caller: where the function returns to */
#define SANDBOX_MEMORY 0x700000000u
#define SANDBOX_WINDOW 0x10000000000u

#define SANDBOX_CODE_SIZE 0x8000000u
#define SANDBOX_FS_SIZE	  0x100000u
#define SANDBOX_STACK_SIZE                                                                         \
	(VERIFY_FRAME_MAX + 0x10000u) /* below the return address; a page above it */
#define SANDBOX_TABLE_SIZE  0x100000u
#define SANDBOX_MEMORY_SIZE 0x400000u
#define SANDBOX_OBJECTS	    64u
#define SANDBOX_PLACES	    8u /* where an object may lie: it moves at calls */
#define SANDBOX_STUBS_SIZE  0x100000u
#define SANDBOX_CONSTANTS   64u
#define SANDBOX_LINES	    8192u /* a power of 2 */

enum sandbox_region {
	REGION_NONE,
	REGION_CODE,
	REGION_SLOTS,
	REGION_STACK,
	REGION_TABLE,
	REGION_STUBS,
	REGION_RETURN,
	REGION_MEMORY,
	REGION_WINDOW,
	REGION_COUNT,
};

struct sandbox_line {
	uint64_t at, stamp;
};

struct sandbox {
	const struct verify_image *image;
	uint8_t *host[REGION_COUNT];
	/* chosen at the start of a run */
	uint64_t seed;
	unsigned mood;
	uint64_t count[SANDBOX_OBJECTS]; /* entries; bytes */
	uint32_t generation;		 /* of addresses: 0, 1 .. */
	struct random random;
	/* lines that have been made up: those with the stamp of now */
	uint64_t stamp;
	uint32_t line_count, lines_since;
	struct sandbox_line lines[SANDBOX_LINES];
	uint64_t stack_stamps[SANDBOX_STACK_SIZE / 64 + 64];
	uint64_t stack_stamp;
	/* constants of the code, against which the numbers are chosen */
	uint64_t constants[SANDBOX_CONSTANTS];
	uint32_t constant_count;
};

/* Memory of the regions, as the process itself reaches it. NULL or false: there is none. */
bool sandbox_init(struct sandbox *s, const struct verify_image *image);
void sandbox_fini(struct sandbox *s);

/* Where a region begins and how much of it there is. */
uint64_t sandbox_region_base(enum sandbox_region region);
uint64_t sandbox_region_size(enum sandbox_region region);
enum sandbox_region sandbox_region_of(uint64_t at);

/* A run begins: everything has other contents. False: the image has objects larger than the regions here. */
bool sandbox_begin(struct sandbox *s, uint64_t seed);

/* Something outside has run: objects may have moved and grown, memory holds something else; of the stack what
 * lies below rsp. */
void sandbox_called(struct sandbox *s, uint64_t rsp);

/* A number made up against the program. */
uint64_t sandbox_number(struct sandbox *s);

/* Makes up what stands there before it is first looked at. False: it was too much for one run. */
bool sandbox_touch(struct sandbox *s, uint64_t at, unsigned size);

/* Other threads write to the window: what stands there is made up again. */
void sandbox_disturb(struct sandbox *s, uint64_t at, unsigned size);

/* Why an access is none of the sandbox; NULL: it is. Not of the stack. */
const char *sandbox_access(const struct sandbox *s, uint64_t at, unsigned size, bool write);

/* Is it an address that may be called now? */
bool sandbox_is_stub(const struct sandbox *s, uint64_t at);

#endif
