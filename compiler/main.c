/*
 * The command retwine-compile: reads a module, writes the same module with native code in it.
 * `retwine compile` runs it in a process of its own, so that a fault in the code generator ends
 * nothing else. Trust: the module is untrusted; paths and options are the user's.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler/compile.h"
#include "compiler/section.h"
#include "wasm/limits.h"

#define BAR_WIDTH 40

enum { STATUS_OK, STATUS_FAILED, STATUS_USAGE };

struct command {
	struct compile_options options;
	const char *in, *out;
	const char *batch; /* a list instead of in and out */
	bool quiet;
};

static const char usage[] =
	"Usage: retwine-compile [OPTION]... IN.wasm -o OUT.wasm\n"
	"Adds native code to a WebAssembly module: section retwine.native, in the place of an old "
	"one.\n"
	"\n"
	"  -o FILE            where to write the module\n"
	"  -O0 -O1 -O2 -O3    how much to optimise (default: -O1; -O3 vectorises)\n"
	"  --isa v2|v3        x86-64-v2 or x86-64-v3 (default: v3)\n"
	"  --fuel             count fuel\n"
	"  --interruptible    let a time limit or an interruption end the program\n"
	"  --checked-memory   check every access to memory (for several instances in one enclave)\n"
	"  -j N               threads (default: as many as CPUs); the output is the same\n"
	"  --no-verify        write code as it comes, without facts: the enclave refuses it (to\n"
	"                     measure what verification costs)\n"
	"  --dump-ir DIR      write LLVM IR there\n"
	"  --quiet            no progress bar\n"
	"  --batch LIST       compile every module of a list, in lines IN<tab>OUT; one that is\n"
	"                     refused gets no OUT, and the status is 1\n"
	"  --help             this text\n";

/* ---- options ----------------------------------------------------------------------------------
 */

enum {
	OPTION_ISA = 256,
	OPTION_FUEL,
	OPTION_POLL,
	OPTION_CHECKED,
	OPTION_NO_VERIFY,
	OPTION_DUMP,
	OPTION_QUIET,
	OPTION_BATCH,
	OPTION_HELP
};

static const struct option long_options[] = {
	{"isa", required_argument, NULL, OPTION_ISA},
	{"fuel", no_argument, NULL, OPTION_FUEL},
	{"interruptible", no_argument, NULL, OPTION_POLL},
	{"checked-memory", no_argument, NULL, OPTION_CHECKED},
	{"no-verify", no_argument, NULL, OPTION_NO_VERIFY},
	{"dump-ir", required_argument, NULL, OPTION_DUMP},
	{"quiet", no_argument, NULL, OPTION_QUIET},
	{"batch", required_argument, NULL, OPTION_BATCH},
	{"help", no_argument, NULL, OPTION_HELP},
	{NULL, 0, NULL, 0},
};

static bool parse_number(const char *text, long max, long *out)
{
	char *end;

	errno = 0;
	*out = strtol(text, &end, 10);
	return errno == 0 && end != text && *end == 0 && *out >= 0 && *out <= max;
}

static bool parse_isa(const char *text, enum native_isa *isa)
{
	*isa = strcmp(text, "v2") == 0 ? NATIVE_ISA_V2 : NATIVE_ISA_V3;
	return strcmp(text, "v2") == 0 || strcmp(text, "v3") == 0;
}

static bool command_option(struct command *c, int option)
{
	long n = 0;
	bool ok = true;

	switch (option) {
	case 'o':
		c->out = optarg;
		return true;
	case 'O':
		ok = parse_number(optarg, 3, &n);
		c->options.level = (int)n;
		return ok;
	case 'j':
		ok = parse_number(optarg, 1024, &n);
		c->options.threads = (unsigned)n;
		return ok;
	case OPTION_ISA:
		return parse_isa(optarg, &c->options.isa);
	case OPTION_FUEL:
		c->options.flags |= NATIVE_METERED;
		return true;
	case OPTION_POLL:
		c->options.flags |= NATIVE_POLLED;
		return true;
	case OPTION_CHECKED:
		c->options.flags |= NATIVE_CHECKED;
		return true;
	case OPTION_NO_VERIFY:
		c->options.unverified = true;
		return true;
	case OPTION_DUMP:
		c->options.dump_ir = optarg;
		return true;
	case OPTION_QUIET:
		c->quiet = true;
		return true;
	case OPTION_BATCH:
		c->batch = optarg;
		return true;
	default:
		return false;
	}
}

static bool command_parse(struct command *c, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "o:O:j:", long_options, NULL)) != -1) {
		if (option == OPTION_HELP) {
			fputs(usage, stdout);
			exit(STATUS_OK);
		}
		if (!command_option(c, option))
			return false;
	}
	if (c->batch)
		return optind == argc && !c->out;
	if (optind + 1 != argc || !c->out)
		return false;
	c->in = argv[optind];
	return true;
}

/* ---- files ------------------------------------------------------------------------------------
 */

static bool file_failed(const char *path)
{
	fprintf(stderr, "retwine-compile: %s: %s\n", path, strerror(errno));
	return false;
}

/* All of a file that may be a pipe, one byte more than a module can have at most. */
static bool file_read(const char *path, uint8_t **bytes, size_t *size)
{
	FILE *file = fopen(path, "rb");
	size_t room = 1 << 16, n = 0;
	uint8_t *p = file ? malloc(room) : NULL;

	while (p && (n += fread(p + n, 1, room - n, file)) == room &&
	       room <= WASM_MAX_MODULE_SIZE) {
		uint8_t *larger = realloc(p, room *= 2);

		if (!larger)
			free(p);
		p = larger;
	}
	bool ok = p && !ferror(file);

	if (file)
		fclose(file);
	if (!ok)
		free(p);
	*bytes = ok ? p : NULL;
	*size = n;
	return ok || file_failed(path);
}

static bool file_fill(const char *path, const uint8_t *bytes, size_t size)
{
	FILE *file = fopen(path, "wbx"); /* follows no link that somebody else has put there */

	if (!file)
		return false;
	bool ok = fwrite(bytes, 1, size, file) == size;

	return fclose(file) == 0 && ok;
}

/* First beside its place, then in it: nobody sees half a module, and IN may be OUT. */
static bool file_write(const char *path, const uint8_t *bytes, size_t size)
{
	char *beside;

	if (asprintf(&beside, "%s.%ld.tmp", path, (long)getpid()) < 0)
		return file_failed(path);
	bool ok = file_fill(beside, bytes, size) && rename(beside, path) == 0;
	int why = errno;

	if (!ok && why != EEXIST) /* then it is not ours */
		unlink(beside);
	free(beside);
	errno = why;
	return ok || file_failed(path);
}

/* ---- running ----------------------------------------------------------------------------------
 */

static void progress_show(void *env, uint32_t done, uint32_t total)
{
	char bar[BAR_WIDTH + 1] = "";
	unsigned filled = total ? (unsigned)((uint64_t)done * BAR_WIDTH / total) : BAR_WIDTH;

	(void)env;
	memset(bar, '#', filled);
	fprintf(stderr, "\r[%-*s] %u of %u functions", BAR_WIDTH, bar, done, total);
	if (done == total)
		fputc('\n', stderr);
}

static bool command_run(struct command *c, const uint8_t *module, size_t size)
{
	struct compile_error error;
	uint8_t *payload = NULL, *out = NULL;
	size_t payload_size, out_size;

	if (!compile_module(module, size, &c->options, &payload, &payload_size, &error)) {
		fprintf(stderr, "retwine-compile: %s: %s\n", c->in, error.text);
		return false;
	}
	bool ok = section_append(module, size, payload, payload_size, &out, &out_size);

	if (!ok)
		fprintf(stderr, "retwine-compile: %s: out of memory\n", c->in);
	ok = ok && file_write(c->out, out, out_size);
	free(payload);
	free(out);
	return ok;
}

static bool command_compile(struct command *c)
{
	uint8_t *module;
	size_t size;

	if (!file_read(c->in, &module, &size))
		return false;
	bool ok = command_run(c, module, size);

	free(module);
	return ok;
}

static bool batch_line(struct command *c, char *line)
{
	char *tab = strchr(line, '\t');

	line[strcspn(line, "\n")] = '\0';
	if (!tab)
		return false;
	*tab = '\0';
	c->in = line;
	c->out = tab + 1;
	return command_compile(c);
}

static bool batch_compile(struct command *c)
{
	FILE *list = fopen(c->batch, "r");
	char *line = NULL;
	size_t room = 0;
	bool ok = true;

	if (!list)
		return file_failed(c->batch);
	while (getline(&line, &room, list) > 0)
		ok = batch_line(c, line) && ok;
	free(line);
	fclose(list);
	return ok;
}

int main(int argc, char **argv)
{
	struct command c = {.options = {.level = 1, .isa = NATIVE_ISA_V3}};

	if (!command_parse(&c, argc, argv)) {
		fputs(usage, stderr);
		return STATUS_USAGE;
	}
	if (!c.quiet && isatty(STDERR_FILENO))
		c.options.progress = progress_show;
	return (c.batch ? batch_compile(&c) : command_compile(&c)) ? STATUS_OK : STATUS_FAILED;
}
