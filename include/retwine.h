/*
 * Retwine: runs WebAssembly programs (WASI preview 1) inside an SGX enclave. This is the embedding
 *API, the host side; the `retwine` command is one of its clients.
 *
 *	struct retwine_error error;
 *	struct retwine_outcome outcome;
 *	struct retwine_config *config = retwine_config_new();
 *
 *	if (retwine_config_set(config, "module", "app.wasm", &error) == RETWINE_OK &&
 *	    retwine_config_set(config, "dir", "data::/data:ro", &error) == RETWINE_OK &&
 *	    retwine_run(config, &outcome, &error) == RETWINE_OK) {
 *		... outcome.status ...
 *		retwine_outcome_fini(&outcome);
 *	}
 *	retwine_config_free(config);
 *
 * Conventions. Functions that can fail return enum retwine_code and on failure write one line of
 *words without a line end to *error (which may be NULL): what failed, why, what to do. Strings are
 *UTF-8 or plain bytes, terminated, and copied. Names from files stand in messages with control
 *characters escaped. Texts that the library gives out are freed with retwine_free. A handle is used
 *by one thread at a time; different handles are independent.
 */
#ifndef RETWINE_H
#define RETWINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RETWINE_API __attribute__((visibility("default")))

#define RETWINE_VERSION	    "0.1.0"
#define RETWINE_DIGEST_SIZE 32
#define RETWINE_MESSAGE_MAX 1024

enum retwine_code {
	RETWINE_OK = 0,
	RETWINE_USAGE,	 /* the configuration makes no sense: an unknown key, a wrong value */
	RETWINE_INPUT,	 /* a file is missing or is not what it should be */
	RETWINE_REFUSED, /* something that is trusted did not match: a signature, a digest */
	RETWINE_FAILED,	 /* the machine did not do its part: memory, device, disk */
};

struct retwine_error {
	enum retwine_code code;
	char message[RETWINE_MESSAGE_MAX];
};

/* How documents are written. */
enum retwine_format {
	RETWINE_TEXT, /* for people: lines, the last one ended too */
	RETWINE_JSON, /* one JSON value, several lines, the last one ended too */
};

/* "0.1.0" of the library. */
RETWINE_API const char *retwine_version(void);

/* Reads a time above 0 as configurations have it, "30s", in nanoseconds; false when it is none. */
RETWINE_API bool retwine_parse_time(uint64_t *ns, const char *text);
/* Reads a size likewise, "64M", in bytes. */
RETWINE_API bool retwine_parse_size(uint64_t *bytes, const char *text);

/* Frees a text that the library gave out; NULL is allowed. */
RETWINE_API void retwine_free(void *text);

/* ---- configuration ------------------------------------------------------------------------- */

struct retwine_config;

/* An empty configuration, or NULL without memory. */
RETWINE_API struct retwine_config *retwine_config_new(void);
RETWINE_API void retwine_config_free(struct retwine_config *config);

/*
 * Sets one key from text, as the command line gives it; `retwine help run` and doc/configuration.md
 * list the keys. Keys that name several things (dir, env, args) add one. A key that holds one value
 *is set again by a later call. The text is checked here; files are not touched.
 *
 *	module PATH                  the program
 *	image PATH                   the enclave image; its signature is PATH with .sig for .elf
 *	args TEXT                    an argument of the guest, in order; argv[0] is not among them
 *	argv0 TEXT                   instead of the module's file name
 *	env NAME=VALUE | NAME        a variable; NAME alone takes the caller's value
 *	dir HOST[::GUEST][:ro]       a directory of the host, under the name GUEST
 *	invoke FUNC                  an exported function instead of _start; `args` are its values
 *	engine auto|interpreter|native
 *	                             auto (without the key): native code if the module has it
 *	native-digest HEX            what the digest of the module's native code has to be
 *	diagnostics none|trap|backtrace
 *	args-policy any|fixed
 *	max-memory-size SIZE         bytes, or with a suffix K, M, G (powers of 1024)
 *	max-wasm-stack SIZE
 *	fuel N                       instructions, of all threads together
 *	timeout TIME                 from the start; with a unit ns, us, ms, s, m, h (seconds without)
 *	max-threads N                at once, the first included
 *	host-max-memory SIZE         what the host grants beyond the image, whatever the enclave asks
 *	host-max-disk SIZE           bytes written to directories
 *	host-max-handles N           files open at once
 *	host-max-threads N           threads at once, the first included
 *	attestation true|false       /dev/attestation: quotes of the program, keys given to it
 *	strict true|false            no untrusted mount
 *	strict-simulation true|false
 *	simulation true|false        the simulator, even where SGX would do
 *	quoting auto|simulated|aesm[:SOCKET]
 *	                             who signs what the enclave says of itself
 */
RETWINE_API enum retwine_code retwine_config_set(struct retwine_config *config, const char *key,
						 const char *text, struct retwine_error *error);

/*
 * Reads a YAML file with the same keys (`args`, `env` and `dir` hold lists; `env` may be a
 * mapping). Paths of the host in it count from the file's directory. What is set later wins.
 * Unknown and repeated keys and wrong types are errors that name the line.
 */
RETWINE_API enum retwine_code retwine_config_load(struct retwine_config *config, const char *path,
						  struct retwine_error *error);

/* Was a module named, by a call or by a file? */
RETWINE_API bool retwine_config_has_module(const struct retwine_config *config);

/* ---- identity ------------------------------------------------------------------------------ */

/* Who runs: the enclave by its measurement and signer, the program by its digests. */
struct retwine_identity {
	uint8_t mr_enclave[RETWINE_DIGEST_SIZE];
	uint8_t mr_signer[RETWINE_DIGEST_SIZE];
	uint16_t isv_prod_id;
	uint16_t isv_svn;
	uint64_t attributes;
	uint64_t xfrm;
	uint32_t miscselect;
	bool debug;
	bool has_program; /* the rest is set: the configuration named a module */
	bool native;	  /* the engine is native code, which the enclave verifies before it runs */
	uint8_t module_digest[RETWINE_DIGEST_SIZE];
	uint8_t native_digest[RETWINE_DIGEST_SIZE];
	uint8_t program_digest[RETWINE_DIGEST_SIZE];
	uint8_t launch_digest[RETWINE_DIGEST_SIZE]; /* CONFIGID is this and 32 zero bytes */
};

/* Computes the identity that retwine_run would have, offline and without SGX. Touches image,
 * signature and module; directories are not opened. */
RETWINE_API enum retwine_code retwine_measure(const struct retwine_config *config,
					      struct retwine_identity *identity,
					      struct retwine_error *error);

/* The identity as a document, with the versions of the packages that the image was built from. */
RETWINE_API enum retwine_code retwine_identity_text(const struct retwine_identity *identity,
						    enum retwine_format format, char **text,
						    struct retwine_error *error);

/* The launch record that retwine_run would use, for `retwine inspect` and for a verifier. */
RETWINE_API enum retwine_code retwine_launch_record(const struct retwine_config *config,
						    void **record, size_t *size,
						    struct retwine_error *error);

/* ---- running ------------------------------------------------------------------------------- */

enum retwine_end {
	RETWINE_EXITED = 1,  /* the guest ended by itself */
	RETWINE_TRAPPED,     /* the guest did what WebAssembly forbids */
	RETWINE_NOT_STARTED, /* the enclave refused to start the program */
	RETWINE_ENDED,	     /* its surroundings failed while the guest ran */
	RETWINE_INTERRUPTED, /* SIGINT */
};

struct retwine_host_call {
	const char *name; /* static, lower case */
	uint64_t count;
};

#define RETWINE_HOST_CALLS_MAX 64

struct retwine_stats {
	uint64_t enters;	 /* entries into the enclave */
	uint64_t resumes;	 /* entries after an asynchronous exit */
	uint64_t aexs;		 /* asynchronous exits */
	uint64_t image_pages;	 /* measured pages */
	uint64_t accepted_pages; /* pages added later */
	uint64_t bytes_in;	 /* into the enclave, by host calls */
	uint64_t bytes_out;	 /* out of it */
	uint64_t build_ns;	 /* to make the enclave */
	uint64_t run_ns;	 /* from the first entry to the end */
	size_t host_call_count;
	struct retwine_host_call host_call[RETWINE_HOST_CALLS_MAX]; /* those that happened */
};

/* A volume as it was at the end: the enclave's word. */
struct retwine_mounted_volume {
	char *guest;			   /* where it was mounted */
	bool pinned;			   /* its state is remembered by who starts it */
	uint64_t sequence;		   /* of the last commit, with its root: */
	uint8_t root[RETWINE_DIGEST_SIZE]; /* what pin= expects the next time */
	uint64_t blocks;		   /* of 4 KiB: of the file, and of these in use */
	uint64_t used;
	uint64_t cache_hits;
	uint64_t cache_misses;
	uint64_t blocks_written;
	uint64_t commits; /* of this run */
	uint64_t damaged; /* reads of blocks that were not what was written: they failed */
};

/* How a run ended. Filled by retwine_run, emptied by retwine_outcome_fini. */
struct retwine_outcome {
	enum retwine_end end;
	bool simulation;
	uint32_t status; /* RETWINE_EXITED: what the guest gave to proc_exit */
	/* The error in one line, as in struct retwine_error; empty when the guest exited. */
	char message[RETWINE_MESSAGE_MAX];
	/* Why the last quote that it asked for was not given, in one line; empty when it was. */
	char no_quote[RETWINE_MESSAGE_MAX];
	char *backtrace; /* lines, innermost frame first; NULL without one */
	char *results;	 /* of an invoked function, one a line; NULL without one */
	struct retwine_mounted_volume *volumes; /* by rising guest path; NULL without one */
	size_t volume_count;
	struct retwine_identity identity;
	struct retwine_stats stats;
};

/* Called before the guest's first instruction, so that a banner can stand before its output. */
typedef void (*retwine_start_func)(void *context, bool simulation,
				   const struct retwine_identity *identity);
RETWINE_API void retwine_config_on_start(struct retwine_config *config, retwine_start_func func,
					 void *context);

/* Called before a module without native code is compiled for the engine `native`, which may take a
 * while; not when the code is in the cache. */
typedef void (*retwine_compile_func)(void *context, const char *module);
RETWINE_API void retwine_config_on_compile(struct retwine_config *config, retwine_compile_func func,
					   void *context);

/* Lines, each with an end, that say what is weaker than it should be because the configuration wants it so
 * ("INSECURE: ..."); none: "". *lines is freed with retwine_free. */
RETWINE_API enum retwine_code retwine_config_relaxations(const struct retwine_config *config,
							 char **lines, struct retwine_error *error);

/* With true, SIGINT ends a run of this configuration (RETWINE_INTERRUPTED). The library installs a
 * handler for the time of the run. */
RETWINE_API void retwine_config_handle_sigint(struct retwine_config *config, bool handle);

/*
 * Runs the configured program to its end, blocking. RETWINE_OK: *outcome is filled, also when the
 * guest trapped or the enclave refused it. Any other code: nothing ran, *outcome is empty.
 * The guest's standard streams are the process's; where one is closed, /dev/null takes its place in
 * the process and the guest finds it closed. The process should ignore SIGPIPE.
 */
RETWINE_API enum retwine_code retwine_run(const struct retwine_config *config,
					  struct retwine_outcome *outcome,
					  struct retwine_error *error);
RETWINE_API void retwine_outcome_fini(struct retwine_outcome *outcome);

/* The counters as a document; RETWINE_JSON gives one line here. */
RETWINE_API enum retwine_code retwine_stats_text(const struct retwine_outcome *outcome,
						 enum retwine_format format, char **text,
						 struct retwine_error *error);

/* ---- what a verifier accepts --------------------------------------------------------------- */

struct retwine_policy;

/* The strictest policy, or NULL without memory. */
RETWINE_API struct retwine_policy *retwine_policy_new(void);
RETWINE_API void retwine_policy_free(struct retwine_policy *policy);

/*
 * Sets one key from text, as the command line gives it; doc/attestation.md explains the keys.
 *
 *	mrenclave HEX                the enclave: its measurement,
 *	mrsigner HEX                 or its signer, with the next two
 *	isv-prod-id N
 *	isv-svn N                    at least
 *	measurement HEX              of a TD (MRTD) or a guest of SEV-SNP, 48 bytes
 *	rtmr0 HEX to rtmr3 HEX       of a TD, 48 bytes each, as are the next two
 *	mrconfigid HEX
 *	mrowner HEX
 *	host-data HEX                of a guest of SEV-SNP, 32 bytes
 *	guest-svn N                  of such a guest, at least
 *	vmpl N                       the privilege level of its report, 0 to 3, at most; the default is 0
 *	refuse-smt true|false        its policy forbids SMT
 *	sev-tcb LIST                 its chip's TCB, at least: fmc=N,bootloader=N,tee=N,snp=N,microcode=N or some of these
 *	launch-digest HEX            the program and how it is started
 *	program-digest HEX           the program alone
 *	report-data HEX              64 bytes
 *	nonce HEX                    up to 64 bytes
 *	user-data HEX                64 bytes that the program chose: /dev/attestation/user_report_data
 *	min-tcb-eval N               tcbEvaluationDataNumber of the collateral, at least
 *	max-collateral-age TIME      since it was issued
 *	accept-advisories LIST       none but these, with commas
 *	collateral FILE|DIR          collateral from there and nowhere else; adds one
 *	pccs-url URL                 where to fetch it; the default is Intel's service
 *	kds-url URL                  the same for AMD's
 *	ca-file FILE                 certificates that the service's own is checked with
 *	offline true|false           nothing is fetched: files, and what was kept
 *	time UNIX                    verify as of then; the default is now
 *
 * Everything that makes it accept more is named so, and whoever verifies says that it is in force:
 *
 *	insecure-accept-simulation true|false
 *	insecure-accept-debug true|false
 *	insecure-accept-migration true|false
 *	insecure-accept-missing-crl true|false
 *	insecure-accept-expired true|false
 *	insecure-accept-root HEX     a root certificate with this SHA-256
 *	insecure-accept-http-collateral true|false
 *	insecure-accept-status LIST  of TCB statuses besides UpToDate, with commas
 *	insecure-accept-any-enclave true|false   neither mrenclave nor mrsigner is asked for
 */
RETWINE_API enum retwine_code retwine_policy_set(struct retwine_policy *policy, const char *key,
						 const char *text, struct retwine_error *error);

/* From now on says, in one line without a line end, what was passed over without being a reason to refuse: a file in a
 * directory of collateral that is damaged. note NULL: nothing is said. */
RETWINE_API void retwine_policy_notes(struct retwine_policy *policy,
				      void (*note)(void *context, const char *line), void *context);

/*
 * Verifies the evidence in a file: a quote of SGX or TDX, a report of SEV-SNP (as they are, in hexadecimal digits or base64; also
 * the answer of /dev/sev-guest, whole), or a certificate that carries a quote (DER or PEM). RETWINE_OK: *accepted is the
 * verdict, *text says it, the status first, then one reason a line. RETWINE_INPUT: the file holds no evidence, or collateral is no such thing.
 */
RETWINE_API enum retwine_code retwine_verify(const struct retwine_policy *policy, const char *path,
					     enum retwine_format format, bool *accepted,
					     char **text, struct retwine_error *error);

/* ---- serving enclaves to others, and deploying to one that is served ------------------------- */

struct retwine_serve_options {
	const char *listen; /* ADDR:PORT in figures; port 0: any */
	const char *const
		*worker;      /* words of the command that serves one client, NULL ends them; to
				      these come the words of struct retwine_client as options */
	unsigned max_clients; /* at once */
	unsigned max_clients_per_address;
	uint64_t max_time_ns;	   /* of one client, from its connection to its end */
	uint64_t hello_time_ns;	   /* until it has announced its program */
	uint64_t shutdown_time_ns; /* that clients are given to end after SIGTERM */
	/* One line for each event, without a line end; never what a guest wrote. */
	void (*log)(void *context, const char *line);
	void *log_context;
};

/*
 * Serves until SIGTERM or SIGINT, blocking: for each client a process of its own is started, the
 * command options->worker, with the connection as descriptor 3. After the signal no client is
 * accepted any more; those that are there get shutdown_time_ns to end, or until a second signal. The
 * signals SIGTERM, SIGINT and SIGCHLD are blocked in the calling thread meanwhile. When the process
 * was started by systemd as Type=notify, systemd is told. RETWINE_OK: it was told to end.
 */
RETWINE_API enum retwine_code retwine_serve(const struct retwine_serve_options *options,
					    struct retwine_error *error);

/* What the process that serves one client is told. */
struct retwine_client {
	int connection; /* a connected stream socket; the call closes it */
	uint8_t launch_digest[RETWINE_DIGEST_SIZE];
	uint8_t nonce[RETWINE_DIGEST_SIZE];
	uint64_t idle_time_ns; /* that a delivery may pause; 0: for ever */
	const char *volumes; /* directory for the volumes of delivered programs; NULL: they have none */
};

/*
 * Runs one fresh enclave for a client, blocking: the enclave of the configuration's image is started
 * with the launch digest that the client announced, attests itself to it over the connection, is
 * given the program by it, runs it and answers over the connection. Of the configuration only image,
 * simulation, quoting and the host's limits count; it names no module. *outcome says what the host may
 * know: that it ended, or why nothing was started.
 */
RETWINE_API enum retwine_code retwine_serve_client(const struct retwine_config *config,
						   const struct retwine_client *client,
						   struct retwine_outcome *outcome,
						   struct retwine_error *error);

/* A file of this machine under a name inside. */
struct retwine_deploy_file {
	const char *path;
	const char *name;
};

struct retwine_deploy_times {
	uint64_t connect_ns;
	uint64_t handshake_ns; /* the enclave's start, its quote and TLS, without the next */
	uint64_t verify_ns;    /* collateral and quote */
	uint64_t deliver_ns;
	uint64_t run_ns; /* from the end of the delivery to the end of the program */
};

struct retwine_deploy_options {
	const char *to; /* HOST:PORT of a `retwine serve` */
	/* What the enclave has to be. Where it names neither mrenclave nor mrsigner, MRENCLAVE is that of the
	 * configuration's image, which has to be here. Launch digest and nonce are always checked. */
	const struct retwine_policy *policy;
	const struct retwine_deploy_file
		*inputs; /* name: a guest path below a directory of memory */
	size_t input_count;
	const struct retwine_deploy_file *secrets; /* name: below /dev/attestation/keys */
	size_t secret_count;
	const char *input;   /* file that the program reads as standard input; NULL: it is empty */
	uint64_t timeout_ns; /* for each step until the program is delivered; 0: 60 seconds */
	/* Called when the enclave is verified, before anything is sent to it; may be NULL. `text` is what the
	 * verifier says, `relaxations` each relaxation in force: lines, ended; the latter may be empty. */
	void (*verified)(void *context, const char *text, const char *relaxations);
	/* What the program writes to standard output (1) and standard error (2); false: it cannot be passed on,
	 * and the program is given up. NULL: nobody wants it. */
	bool (*output)(void *context, int stream, const void *bytes, size_t size);
	void *context;
};

/*
 * Delivers the configured program to an enclave of another machine, which is verified first, and waits for its end.
 * RETWINE_OK: *outcome is filled as by retwine_run. RETWINE_REFUSED: the enclave was not accepted, for
 * the reason in *error, and nothing was sent to it, or the program's own part was refused there.
 */
RETWINE_API enum retwine_code retwine_deploy(const struct retwine_config *config,
					     const struct retwine_deploy_options *options,
					     struct retwine_outcome *outcome,
					     struct retwine_deploy_times *times,
					     struct retwine_error *error);

/* ---- tools --------------------------------------------------------------------------------- */

struct retwine_sign_options {
	const char *image;  /* ELF file to sign; NULL: the one that comes with Retwine */
	const char *key;    /* PEM file with an RSA-3072 private key of exponent 3 */
	const char *output; /* SIGSTRUCT to write; NULL: the image's name with .sig for .elf */
	uint16_t isv_prod_id;
	uint16_t isv_svn;
	uint32_t date; /* BCD 0xYYYYMMDD, goes into the signature; 0: today */
};

/* Makes a signing key: an RSA-3072 private key of exponent 3 in PEM, readable by its owner alone.
 * The file must not exist. */
RETWINE_API enum retwine_code retwine_new_key(const char *path, struct retwine_error *error);

/* Signs an enclave image: writes a SIGSTRUCT. The same input gives the same bytes. */
RETWINE_API enum retwine_code retwine_sign(const struct retwine_sign_options *options,
					   struct retwine_error *error);

/* Describes an enclave image, a SIGSTRUCT, a WebAssembly module or a launch record, whichever it
 * is. */
RETWINE_API enum retwine_code retwine_inspect(const char *path, enum retwine_format format,
					      char **text, struct retwine_error *error);

/*
 * Verifies a module's native code as the enclave does, and describes it function by function. RETWINE_OK: *verified
 * says whether all of it was accepted, so that an enclave of this version would run it. RETWINE_INPUT: there is no native
 * code, or none that belongs to the module.
 */
RETWINE_API enum retwine_code retwine_inspect_native(const char *path, enum retwine_format format,
						     bool *verified, char **text,
						     struct retwine_error *error);

/* Decodes and validates a module. RETWINE_INPUT names what is wrong and where. */
RETWINE_API enum retwine_code retwine_validate(const char *path, struct retwine_error *error);

/*
 * Runs the compiler, a program of its own, with the words of `retwine compile`: words[0] is its name,
 * NULL ends them. It speaks for itself on standard error. RETWINE_OK: it ran, and *status is its exit
 * status: 0, 1 for a module that it cannot compile, 2 for wrong words.
 */
RETWINE_API enum retwine_code retwine_compiler(const char *const words[], int *status,
					       struct retwine_error *error);

enum retwine_machine {
	RETWINE_MACHINE_SGX = 0,	/* runs enclaves */
	RETWINE_MACHINE_SIMULATION = 1, /* runs the simulator */
	RETWINE_MACHINE_NONE = 2,	/* not even that */
};

/* What this machine can do and what stands in the way, with advice on each line. */
RETWINE_API enum retwine_code retwine_doctor(enum retwine_format format,
					     enum retwine_machine *machine, char **text,
					     struct retwine_error *error);

/* ---- volumes, where one of their keys is ----------------------------------------------------- */

/* What opens a volume; exactly one is not NULL. All are files. */
struct retwine_volume_key {
	const char *owner_key;	       /* the owner's private key: P-256 in PEM */
	const char *key_file;	       /* a provisioned key: its bytes */
	const char *insecure_key_file; /* one that the host has as well */
};

struct retwine_volume_options {
	const char *path;
	struct retwine_volume_key key;
	bool write;	     /* false: read-only, beside other readers */
	const char *pin;     /* "SEQUENCE:ROOT", the state that it must have; NULL: not asked for */
	const char *anchor;  /* the anchor's file; NULL: none */
	uint64_t cache_size; /* bytes; 0: the default */
	uint64_t size_max;   /* of the file, in bytes; 0: what there is room for */
};

/* Which commit: its number and the hash of its superblock, which the next one names. */
struct retwine_volume_state {
	uint64_t sequence;
	uint8_t root[RETWINE_DIGEST_SIZE];
};

/* A slot to be made for one key; exactly one of the three files is not NULL. */
struct retwine_volume_slot {
	const char *owner;	       /* file: a public key, P-256 in PEM */
	const char *key_file;	       /* a provisioned key: its bytes, 32 or more */
	const char *id;		       /* what that key is called */
	const char *insecure_key_file; /* a key that the host has as well */
};

struct retwine_volume;

/* Makes a new volume in a file that does not exist, with at least one slot. Of the options path, anchor and
 * size_max count. *state is its first commit. */
RETWINE_API enum retwine_code retwine_volume_create(const struct retwine_volume_options *options,
						    const struct retwine_volume_slot *slots,
						    size_t slot_count,
						    struct retwine_volume_state *state,
						    struct retwine_error *error);

/* Opens one. RETWINE_REFUSED: the key does not fit, or the volume is not in the state that was asked
 * for, or was changed by somebody without the key. */
RETWINE_API enum retwine_code retwine_volume_open(struct retwine_volume **volume,
						  const struct retwine_volume_options *options,
						  struct retwine_error *error);
/* What was not committed is lost; NULL is allowed. */
RETWINE_API void retwine_volume_close(struct retwine_volume *volume);

/* The last commit. */
RETWINE_API void retwine_volume_get_state(struct retwine_volume *volume,
					  struct retwine_volume_state *state);

/* Makes all changes so far durable, at once. */
RETWINE_API enum retwine_code retwine_volume_commit(struct retwine_volume *volume,
						    struct retwine_error *error);

struct retwine_volume_list {
	bool recursive;
	bool details; /* type, names, size, time, what a symlink says */
};

/* What is at a path, sorted by name: a directory's entries, or the file itself. */
RETWINE_API enum retwine_code retwine_volume_list(struct retwine_volume *volume, const char *path,
						  const struct retwine_volume_list *list,
						  enum retwine_format format, char **text,
						  struct retwine_error *error);

/* What was copied. */
struct retwine_volume_copied {
	uint64_t files;
	uint64_t directories;
	uint64_t symlinks;
	uint64_t bytes;
};

/*
 * Copies `from`, a file of the host or with `recursive` a directory, to `to` in the volume, as cp does: into
 * it when it is a directory. "-" as `from` is standard input. Contents and times of change are kept,
 * symlinks inside a directory as they are. Nothing is durable before retwine_volume_commit; after an
 * error the volume is to be closed without it. Counts are added to *copied.
 */
RETWINE_API enum retwine_code retwine_volume_copy_in(struct retwine_volume *volume,
						     const char *from, const char *to,
						     bool recursive,
						     struct retwine_volume_copied *copied,
						     struct retwine_error *error);
/* The other way; "-" as `to` is standard output. What is made can be read by its owner alone. A file
 * is there whole, every byte of it authentic, or not at all. */
RETWINE_API enum retwine_code retwine_volume_copy_out(struct retwine_volume *volume,
						      const char *from, const char *to,
						      bool recursive,
						      struct retwine_volume_copied *copied,
						      struct retwine_error *error);

/*
 * Opens every block of the last commit and compares all that two places say of one thing. RETWINE_OK:
 * *sound is the verdict, *text says it. `progress` may be NULL.
 */
RETWINE_API enum retwine_code
retwine_volume_check(struct retwine_volume *volume,
		     void (*progress)(void *context, uint64_t done, uint64_t of), void *context,
		     enum retwine_format format, bool *sound, char **text,
		     struct retwine_error *error);

struct retwine_volume_rekey {
	const struct retwine_volume_slot *add;
	size_t add_count;
	const unsigned *drop; /* numbers of slots as they are listed, from 0 */
	size_t drop_count;
	bool force; /* the last slot of an owner, too */
};

/*
 * Adds and drops key slots and nothing else: one header is written, no block of data. *text lists the slots that
 * there are then. Without changes it lists them.
 */
RETWINE_API enum retwine_code retwine_volume_rekey(const struct retwine_volume_options *options,
						   const struct retwine_volume_rekey *rekey,
						   enum retwine_format format, char **text,
						   struct retwine_error *error);

/* The name under which a server keeps the volume of this label that the key in the file opens (doc/deploy.md). */
RETWINE_API enum retwine_code retwine_volume_file_name(const char *key_file, const char *label,
						       char **name, struct retwine_error *error);

/* Lists what the header says in clear; retwine_inspect does the same. Without a key none of it is
 * authentic. */
RETWINE_API enum retwine_code retwine_volume_inspect(const char *path, enum retwine_format format,
						     char **text, struct retwine_error *error);

#ifdef __cplusplus
}
#endif

#endif
