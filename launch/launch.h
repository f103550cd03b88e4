/*
 * The launch record: everything that decides what a program is and how it was started, as one
 * canonical string of bytes (doc/launch-record.md). The host writes it, the enclave takes it apart;
 * its digests are the program's identity. It never holds a key or a host path.
 *
 * There is one string for one meaning: mounts and variables stand in the order of their names, and
 * whatever decodes encodes to the same bytes. Every rule is checked in launch_decode alone; who
 * writes a record decodes what was written.
 */
#ifndef LAUNCH_LAUNCH_H
#define LAUNCH_LAUNCH_H

#include "base/arena.h"
#include "base/cc.h"
#include "base/err.h"
#include "base/reader.h"
#include "base/writer.h"

#define LAUNCH_MAGIC	   0x4c545752u /* "RWTL" */
#define LAUNCH_VERSION	   2
#define LAUNCH_DIGEST_SIZE 32

/* Limits of the format, in bytes or elements. */
#define LAUNCH_SIZE_MAX	   ((size_t)4 << 20) /* of a record; Linux has 2 MiB of argv and env */
#define LAUNCH_ARGS_MAX	   65536u
#define LAUNCH_ENV_MAX	   65536u
#define LAUNCH_STRING_MAX  (1u << 20) /* one argument, one variable's value */
#define LAUNCH_NAME_MAX	   4096u      /* a guest path, a variable's name, a function's name */
#define LAUNCH_LABEL_MAX   64u	      /* a mount's label or key id */
#define LAUNCH_MOUNTS_MAX  64u
#define LAUNCH_LISTEN_MAX  16u /* sockets that listen */
#define LAUNCH_VALUES_MAX  1000u
#define LAUNCH_THREADS_MAX 4096u

/* The one place of a mount of attestation, which therefore stands at most once, and is its alone. */
#define LAUNCH_ATTESTATION_PATH "/dev/attestation"

/* Bytes that stand elsewhere: in the decoded record, or with whoever builds one. */
struct launch_bytes {
	const uint8_t *p;
	size_t size;
};

enum launch_engine {
	LAUNCH_ENGINE_INTERPRETER = 1,
	LAUNCH_ENGINE_NATIVE = 2, /* native_digest is not zero then */
	LAUNCH_ENGINE_END
};

/* What the host may learn about a trap. */
enum launch_diagnostics {
	LAUNCH_DIAGNOSTICS_NONE = 1, /* that there was one */
	LAUNCH_DIAGNOSTICS_TRAP,     /* its kind */
	LAUNCH_DIAGNOSTICS_BACKTRACE,
	LAUNCH_DIAGNOSTICS_END
};

/* Where the arguments stand: in the invocation part (whoever starts the program chooses them) or in
 * the program part (they belong to the program's identity). */
enum launch_args_policy { LAUNCH_ARGS_ANY = 1, LAUNCH_ARGS_FIXED, LAUNCH_ARGS_END };

enum launch_mount_kind {
	LAUNCH_MOUNT_HOST = 1,	  /* a directory of the host: untrusted */
	LAUNCH_MOUNT_TMP,	  /* memory of the enclave */
	LAUNCH_MOUNT_VOLUME,	  /* a trusted volume: has a label and a key policy */
	LAUNCH_MOUNT_ATTESTATION, /* evidence and keys; its path is LAUNCH_ATTESTATION_PATH */
	LAUNCH_MOUNT_END
};

/* How a volume's key comes; NONE for the other kinds. */
enum launch_key_policy {
	LAUNCH_KEY_NONE,
	LAUNCH_KEY_SEAL,	/* derived from the platform's secret */
	LAUNCH_KEY_PROVISIONED, /* delivered under key_id after attestation */
	LAUNCH_KEY_INSECURE,	/* in a file of the host's, which so has it: not with strict */
	LAUNCH_KEY_END
};

/* For whom a volume's seal slot is made and opened. */
enum launch_seal_by {
	LAUNCH_SEAL_NONE,    /* of what is no volume */
	LAUNCH_SEAL_ENCLAVE, /* this image */
	LAUNCH_SEAL_SIGNER,  /* this product of the image's signer, from a version on */
	LAUNCH_SEAL_END
};

/* What remembers a volume's last state (volume/anchor.h). */
enum launch_anchor {
	LAUNCH_ANCHOR_NONE = 1,
	LAUNCH_ANCHOR_PINNED, /* who starts it: a state, or none for a volume that is to be made */
	LAUNCH_ANCHOR_FILE,
	LAUNCH_ANCHOR_END
};

#define LAUNCH_OWNER_SIZE 65u /* of a P-256 point, not compressed */
#define LAUNCH_SALT_SIZE  32u
#define LAUNCH_ROOT_SIZE  32u

struct launch_mount {
	struct launch_bytes guest_path; /* canonical, see launch_path_ok */
	enum launch_mount_kind kind;
	bool read_only;
	enum launch_key_policy key_policy;
	struct launch_bytes label;  /* of a volume, 1..LAUNCH_LABEL_MAX bytes */
	struct launch_bytes key_id; /* of a provisioned key, likewise */
	const uint8_t *flags;	    /* set by launch_decode: where read_only stands in the bytes */
	uint64_t size; /* LAUNCH_MOUNT_TMP: most bytes; of a volume: of its cache; 0: the default */

	/* of a volume */
	enum launch_seal_by seal_by;
	uint16_t svn;	  /* LAUNCH_SEAL_SIGNER: the least version of the image */
	bool bind_launch; /* a seal slot is for these arguments alone (launch_digests) */
	enum launch_anchor anchor;
	struct launch_bytes
		owner; /* who has an owner slot in what is made; LAUNCH_OWNER_SIZE or 0 */
};

/* What is to be done with a volume at this start, and the last state that the owner knows of it. */
struct launch_volume_start {
	uint32_t mount;	   /* its index */
	bool create;	   /* makes one where the file is empty */
	bool add_seal;	   /* one that another slot opened gets a seal slot */
	uint64_t sequence; /* LAUNCH_ANCHOR_PINNED: of the state; 0: none is known */
	uint8_t root[LAUNCH_ROOT_SIZE];
};

struct launch_variable {
	struct launch_bytes name; /* no '=' */
	struct launch_bytes value;
};

/* Encoded as the value types of WebAssembly are (Core 5.3.1). */
enum launch_value_type {
	LAUNCH_I32 = 0x7f,
	LAUNCH_I64 = 0x7e,
	LAUNCH_F32 = 0x7d,
	LAUNCH_F64 = 0x7c,
};

struct launch_value {
	enum launch_value_type type;
	uint64_t bits; /* the upper half is zero for 32-bit types */
};

/* Limits that the enclave enforces; 0 is the runtime's default. */
struct launch_limits {
	uint64_t memory;  /* bytes of linear memory, all memories of a thread together */
	uint64_t stack;	  /* bytes of Wasm stack per thread */
	uint64_t fuel;	  /* instructions, all threads together */
	uint64_t timeout; /* ns */
	uint32_t threads; /* at once, the first included */
};

struct launch_record {
	/* program part */
	uint8_t module_digest[LAUNCH_DIGEST_SIZE]; /* launch_measure_module */
	uint8_t native_digest[LAUNCH_DIGEST_SIZE];
	enum launch_engine engine;
	enum launch_diagnostics diagnostics;
	enum launch_args_policy args_policy;
	bool strict; /* no untrusted mount */
	struct launch_limits limits;
	const struct launch_mount *mounts; /* by rising guest path, bytewise */
	uint32_t mount_count;
	uint32_t listener_count; /* sockets that listen; where they do is the host's business */

	/* arguments: of the program or of the invocation, by args_policy */
	const struct launch_bytes *argv;
	uint32_t argc;
	const struct launch_variable *env; /* by rising name, bytewise */
	uint32_t env_count;
	struct launch_bytes invoke; /* function to call instead of _start; empty: none */
	const struct launch_value *values;
	uint32_t value_count;

	/* invocation part */
	uint8_t salt[LAUNCH_SALT_SIZE]; /* random, so that the digest tells nothing; or zeros */
	const struct launch_volume_start *starts; /* by rising mount */
	uint32_t start_count;

	/* set by launch_decode: the two parts as they were encoded, which the digests cover, and the
	 * arguments in one of them */
	struct launch_bytes program;
	struct launch_bytes invocation;
	struct launch_bytes arguments;
};

struct launch_digests {
	uint8_t program[LAUNCH_DIGEST_SIZE]; /* SHA-256("retwine.program.v1" || program) */
	uint8_t launch[LAUNCH_DIGEST_SIZE];  /* SHA-256("retwine.launch.v1" || program digest ||
						SHA-256(invocation)) */
	uint8_t sealed[LAUNCH_DIGEST_SIZE];  /* SHA-256("retwine.sealed.v1" || program, in which no
						  volume is read-only): for whom its volumes are sealed */
	uint8_t arguments[LAUNCH_DIGEST_SIZE]; /* SHA-256("retwine.arguments.v1" || arguments):
						  what can be the same at every start */
};

/*
 * Takes a record apart. The bytes are untrusted in content; they are ours, and outlive *record,
 * which points into them and into the arena. Errors: E_TRUNCATED, E_TRAILING, E_LIMIT, E_NOMEM and
 * E_LAUNCH_*; *record is written only on E_OK. What is known to the format and not to this runtime
 * (a volume) is for the caller to refuse.
 */
MUST_USE enum err launch_decode(struct launch_record *record, struct arena *arena,
				const void *bytes, size_t size);

/* Writes the record as it stands, unchecked: decode the result. E_LIMIT when a size does not fit
 * its field. w may have no room (writer_ok), to measure. */
MUST_USE enum err launch_encode(const struct launch_record *record, struct writer *w);

/* Digests of a decoded record. */
void launch_measure(const struct launch_record *record, struct launch_digests *digests);

/*
 * Digests of a module whose last section may be native code: module_digest covers the bytes before
 * that section, native_digest its payload (zeros without one). section_off == size: there is none.
 * The offsets are those that the module's decoder found, inside [0, size].
 */
void launch_measure_module(uint8_t module_digest[LAUNCH_DIGEST_SIZE],
			   uint8_t native_digest[LAUNCH_DIGEST_SIZE], const void *module,
			   size_t size, size_t section_off, size_t payload_off);

/* Is this the one spelling of a guest path: "/", ".", or components between single slashes, none of
 * them empty, "." or "..", no NUL? */
MUST_USE bool launch_path_ok(struct launch_bytes path);

/* Is this canonical path LAUNCH_ATTESTATION_PATH or below it? Without the first slash as well: to the C
 * library of guests it is the same. No mount of another kind may stand there. */
MUST_USE bool launch_path_is_attestation(struct launch_bytes path);

/* Order of mounts and variables: bytewise, the shorter first. Negative, 0 or positive. */
int launch_compare(struct launch_bytes a, struct launch_bytes b);

/* One value is 9 bytes: type, bits. Fails the reader on an unknown type or a set upper half. */
struct launch_value launch_decode_value(struct reader *r);
void launch_encode_value(struct writer *w, struct launch_value value);
#define LAUNCH_VALUE_SIZE 9

#endif
