/* The subcommands of `retwine` and what they share. Each gets the words behind its name. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "base/cc.h"
#include "cli/options.h"
#include "include/retwine.h"

/* Exit statuses of our own (doc/cli.md). A guest's status is passed on as it is. */
#define STATUS_OK	   0
#define STATUS_ERROR	   1 /* a tool found its input wanting */
#define STATUS_USAGE	   2
#define STATUS_REFUSED	   125 /* a security refusal, or a program that could not be started */
#define STATUS_INTERRUPTED 130
#define STATUS_TRAP	   134

struct command {
	const char *name;
	const char *synopsis; /* what follows the name in the usage line */
	const char *summary;
	const struct option *options;
	size_t option_count;
	int (*run)(const struct command *self, int argc, char **argv);
	const char *notes; /* printed under the options; may be NULL */
};

extern const struct command command_run;
extern const struct command command_compile;
extern const struct command command_measure;
extern const struct command command_sign;
extern const struct command command_inspect;
extern const struct command command_doctor;
extern const struct command command_validate;
extern const struct command command_verify;
extern const struct command command_volume;
extern const struct command command_serve;
extern const struct command command_serve_client; /* not for people: see cli/serve_client.c */
extern const struct command command_deploy;

/* Prints the help of one command to standard output; a status. */
int command_help(const struct command *c);

/* "retwine: " and the words, to standard error, as one line. */
void command_say(const char *format, ...) PRINTF_LIKE(1, 2);

/* Each line of a text as one of ours. */
void command_say_lines(const char *text);

/* Says what is wrong and where to read; STATUS_USAGE. */
int command_usage(const struct command *c, const char *format, ...) PRINTF_LIKE(2, 3);

/* Says the library's error; the status of a tool. */
int command_error(const struct retwine_error *error);

/* Writes a text to standard output and frees it. STATUS_OK, or STATUS_ERROR when it cannot be
 * written. */
int command_output(char *text);

/* "text" or "json"; false after saying that it is neither (the status is STATUS_USAGE). */
bool command_format(const struct command *c, enum retwine_format *format, const char *value);

/* Do the options contain "--help"? Found before anything else is looked at. */
bool command_wants_help(int argc, char **argv, const struct command *c);

/* ---- what run and measure share (cli/program.c) ---- */

/* The options that describe a program: what its launch record says. */
/* clang-format off */
#define RECORD_OPTIONS                                                                             \
	{0, "config", "FILE", false, "read a configuration file (YAML); flags win over it"},       \
	{0, "tmp", "GUEST[:SIZE]", false, "give memory as the directory GUEST (default: 64M)"},    \
	{0, "env", "NAME[=VALUE]", false, "set a variable; NAME alone passes ours on"},            \
	{0, "argv0", "NAME", false, "the guest's own name (default: the file's)"},                 \
	{0, "invoke", "FUNCTION", false, "call an exported function with the arguments"},          \
	{'W', "limit", "NAME=VALUE", false, "bound it: one of the next four, without the dashes"},  \
	{0, "max-memory-size", "BYTES", false, "each memory (K, M, G)"},                           \
	{0, "max-wasm-stack", "BYTES", false, "the stack of each thread (K, M, G)"},               \
	{0, "fuel", "N", false, "instructions of all threads together"},                           \
	{0, "timeout", "TIME", false, "time from the start (ns, us, ms, s, m, h)"},                \
	{0, "max-threads", "N", false, "threads at once, the first included"},                     \
	{0, "diagnostics", "KIND", false, "what the host learns of a trap: none, trap, backtrace"}, \
	{0, "args-policy", "POLICY", false, "any: arguments are free; fixed: part of the program"}, \
	{0, "engine", "NAME", false, "interpreter, native, or auto: native if the module has it"}, \
	{0, "native-digest", "HEX", false, "the native code has to have this digest"},             \
	{0, "attestation", NULL, false, "give it quotes and keys as /dev/attestation"},            \
	{0, "salt", "HEX", false, "of the launch record, so that its digest cannot be guessed"},   \
	{0, "strict", NULL, false, "refuse every untrusted mount"},                                \
	{0, "module", "FILE", false, "the program, where it is not the first word"},               \
	{0, "image", "FILE", false, "the enclave image (default: the one that comes with retwine)"}, \
	{'h', "help", NULL, false, "print this"}

/* What the machine's owner grants to one enclave. */
#define HOST_OPTIONS                                                                               \
	{0, "host-max-memory", "BYTES", false, "grant the enclave no more memory than that"},        \
	{0, "host-max-handles", "N", false, "let it hold no more than that many files open"},        \
	{0, "host-max-threads", "N", false, "let it run no more than that many threads at once"}

/* All of these and what only a run on this machine can be given: for the tables of run and measure. */
#define PROGRAM_OPTIONS                                                                            \
	{0, "dir", "HOST[::GUEST][:ro]", false, "give a directory, as GUEST; ro: read-only"},      \
	{0, "volume", "FILE::GUEST[:ro][,...]", false, "give a trusted volume, see doc/cli.md"},     \
	{0, "tcplisten", "ADDR:PORT", false, "let it accept TCP connections there"},               \
	{0, "host-max-disk", "BYTES", false, "let it write no more than that to directories"},       \
	HOST_OPTIONS, RECORD_OPTIONS
/* clang-format on */

/*
 * Reads options, module and arguments into config: configuration files first, then the flags. An
 * option that is not one of PROGRAM_OPTIONS goes to `other`, which returns a status. STATUS_OK to
 * go on.
 */
typedef int (*other_option_func)(void *context, const struct option *option, const char *value);
int program_options(const struct command *c, struct retwine_config *config, int argc, char **argv,
		    other_option_func other, void *context);

#endif
