/*
 * The tools: measure, sign, inspect, doctor, validate.
 * Trust: the words are the user's.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"

/* Goes through the options of a command that are its own; `take` returns a status. *words: the
 * index of the first word behind them. */
static int each_option(const struct command *c, int argc, char **argv, other_option_func take,
		       void *context, int *words)
{
	struct options o = {c->options, c->option_count, argc, argv, 0};
	const struct option *option = NULL;
	const char *value = NULL;
	char problem[OPTIONS_PROBLEM_MAX];
	enum options_result result;

	while ((result = options_next(&o, &option, &value, problem)) == OPTIONS_FOUND) {
		int status = take(context, option, value);

		if (status != STATUS_OK)
			return status;
	}
	*words = o.at;
	return result == OPTIONS_BAD ? command_usage(c, "%s", problem) : STATUS_OK;
}

/* ---- measure ---- */

struct measure {
	const struct command *command;
	enum retwine_format format;
	const char *record; /* file to write the launch record to */
};

static const struct option g_measure_options[] = {
	PROGRAM_OPTIONS,
	{0, "format", "FORMAT", false, "text or json"},
	{0, "record", "FILE", false, "write the launch record, for retwine inspect"},
};

static int measure_option(void *context, const struct option *option, const char *value)
{
	struct measure *m = context;

	if (strcmp(option->name, "record") == 0) {
		m->record = value;
		return STATUS_OK;
	}
	return command_format(m->command, &m->format, value) ? STATUS_OK : STATUS_USAGE;
}

static int write_file(const char *path, const void *p, size_t size)
{
	FILE *f = fopen(path, "wbe");
	bool ok = f && fwrite(p, 1, size, f) == size;

	if (f && fclose(f) != 0)
		ok = false;
	if (!ok)
		command_say("cannot write %s: %s", path, strerror(errno));
	return ok ? STATUS_OK : STATUS_ERROR;
}

static int write_record(const struct measure *m, const struct retwine_config *config)
{
	struct retwine_error error;
	void *record;
	size_t size;

	if (!m->record)
		return STATUS_OK;
	if (retwine_launch_record(config, &record, &size, &error) != RETWINE_OK)
		return command_error(&error);
	int status = write_file(m->record, record, size);

	retwine_free(record);
	return status;
}

static int measure_config(struct measure *m, struct retwine_config *config, int argc, char **argv)
{
	struct retwine_identity identity;
	struct retwine_error error;
	char *text;
	int status = program_options(m->command, config, argc, argv, measure_option, m);

	if (status == STATUS_OK)
		status = write_record(m, config);
	if (status != STATUS_OK)
		return status;
	if (retwine_measure(config, &identity, &error) != RETWINE_OK ||
	    retwine_identity_text(&identity, m->format, &text, &error) != RETWINE_OK)
		return command_error(&error);
	return command_output(text);
}

static int measure(const struct command *self, int argc, char **argv)
{
	struct measure m = {.command = self};
	struct retwine_config *config = retwine_config_new();

	if (!config) {
		command_say("out of memory");
		return STATUS_ERROR;
	}
	int status = measure_config(&m, config, argc, argv);

	retwine_config_free(config);
	return status;
}

const struct command command_measure = {
	.name = "measure",
	.synopsis = "[options] [app.wasm [arguments]]",
	.summary = "say who would run: MRENCLAVE, signer, digests; offline",
	.options = g_measure_options,
	.option_count = COUNT_OF(g_measure_options),
	.run = measure,
	.notes = "Takes the options of retwine run and gives the values that the same run would "
		 "have.\n"
		 "Without a program: those of the image alone.\n",
};

/* ---- sign ---- */

struct sign {
	const struct command *command;
	const char *new_key;
	struct retwine_sign_options options;
};

static const struct option g_sign_options[] = {
	{0, "key", "FILE", false, "RSA-3072 private key of exponent 3, in PEM"},
	{0, "new-key", "FILE", false, "make such a key, and sign nothing; the file must not exist"},
	{'o', "output", "FILE", false, "signature to write (default: the image's name with .sig)"},
	{0, "prod-id", "N", false, "ISVPRODID, 0 to 65535 (default 0)"},
	{0, "svn", "N", false, "ISVSVN, 0 to 65535 (default 0)"},
	{0, "date", "YYYYMMDD", false, "date in the signature (default: today)"},
	{'h', "help", NULL, false, "print this"},
};

/* A number up to `max` in the given base, digits only. */
static bool parse_number(unsigned long *out, const char *text, int base, unsigned long max)
{
	char *end;

	if (text[strspn(text, "0123456789")] != 0 || text[0] == 0)
		return false;
	errno = 0;
	*out = strtoul(text, &end, base);
	return errno == 0 && *end == 0 && *out <= max;
}

static int sign_number(const struct command *c, unsigned long *out, const struct option *option,
		       const char *value)
{
	bool date = strcmp(option->name, "date") == 0;

	/* A date is BCD: its digits read as hexadecimal. */
	if (date ? strlen(value) == 8 && parse_number(out, value, 16, 0x99999999)
		 : parse_number(out, value, 10, 65535))
		return STATUS_OK;
	return command_usage(c, "--%s: '%s' is not %s", option->name, value,
			     date ? "a date YYYYMMDD" : "a number from 0 to 65535");
}

static int sign_option(void *context, const struct option *option, const char *value)
{
	struct sign *s = context;
	unsigned long n = 0;
	int status = STATUS_OK;

	if (strcmp(option->name, "key") == 0) {
		s->options.key = value;
	} else if (strcmp(option->name, "new-key") == 0) {
		s->new_key = value;
	} else if (strcmp(option->name, "output") == 0) {
		s->options.output = value;
	} else {
		status = sign_number(s->command, &n, option, value);
		if (strcmp(option->name, "prod-id") == 0)
			s->options.isv_prod_id = (uint16_t)n;
		else if (strcmp(option->name, "svn") == 0)
			s->options.isv_svn = (uint16_t)n;
		else
			s->options.date = (uint32_t)n;
	}
	return status;
}

static int sign_words(struct sign *s, int argc, char **argv)
{
	struct retwine_error error;
	enum retwine_code code;

	if (argc > (s->new_key ? 0 : 1))
		return command_usage(s->command, "'%s' is too much", argv[argc - 1]);
	if (!s->new_key == !s->options.key)
		return command_usage(s->command, "either --key FILE or --new-key FILE is needed");
	if (argc == 1)
		s->options.image = argv[0];
	code = s->new_key ? retwine_new_key(s->new_key, &error) : retwine_sign(&s->options, &error);
	return code == RETWINE_OK ? STATUS_OK : command_error(&error);
}

static int sign(const struct command *self, int argc, char **argv)
{
	struct sign s = {.command = self};
	int words, status = each_option(self, argc, argv, sign_option, &s, &words);

	return status == STATUS_OK ? sign_words(&s, argc - words, argv + words) : status;
}

const struct command command_sign = {
	.name = "sign",
	.synopsis = "--key FILE [options] [image.elf]",
	.summary = "sign an enclave image",
	.options = g_sign_options,
	.option_count = COUNT_OF(g_sign_options),
	.run = sign,
	.notes = "Signs the image that comes with retwine unless another is named. The same image, "
		 "key,\n"
		 "numbers and date give the same signature.\n",
};

/* ---- inspect, doctor, validate ---- */

struct formatted {
	const struct command *command;
	enum retwine_format format;
};

static const struct option g_format_options[] = {
	{0, "format", "FORMAT", false, "text or json"},
	{'h', "help", NULL, false, "print this"},
};

static int format_option(void *context, const struct option *option, const char *value)
{
	struct formatted *f = context;

	(void)option;
	return command_format(f->command, &f->format, value) ? STATUS_OK : STATUS_USAGE;
}

struct inspect {
	struct formatted formatted;
	bool native;
};

static const struct option g_inspect_options[] = {
	{0, "native", NULL, false, "verify the native code, and say so function by function"},
	{0, "format", "FORMAT", false, "text or json"},
	{'h', "help", NULL, false, "print this"},
};

static int inspect_option(void *context, const struct option *option, const char *value)
{
	struct inspect *i = context;

	if (strcmp(option->name, "native") != 0)
		return format_option(&i->formatted, option, value);
	i->native = true;
	return STATUS_OK;
}

static int inspect_file(const struct inspect *i, const char *path)
{
	enum retwine_format format = i->formatted.format;
	struct retwine_error error;
	bool verified = true;
	char *text;
	enum retwine_code code =
		i->native ? retwine_inspect_native(path, format, &verified, &text, &error)
			  : retwine_inspect(path, format, &text, &error);

	if (code != RETWINE_OK)
		return command_error(&error);
	int status = command_output(text);

	return status == STATUS_OK && !verified ? STATUS_ERROR : status;
}

static int inspect(const struct command *self, int argc, char **argv)
{
	struct inspect i = {.formatted = {.command = self}};
	int words, status = each_option(self, argc, argv, inspect_option, &i, &words);

	if (status != STATUS_OK)
		return status;
	if (argc - words != 1)
		return command_usage(self, "one file is needed");
	return inspect_file(&i, argv[words]);
}

const struct command command_inspect = {
	.name = "inspect",
	.synopsis = "[options] FILE",
	.summary = "describe an image, a signature, a module or a launch record",
	.options = g_inspect_options,
	.option_count = COUNT_OF(g_inspect_options),
	.run = inspect,
	.notes = "With --native the exit status is 0 when all native code is verified, else 1.\n",
};

static int doctor(const struct command *self, int argc, char **argv)
{
	struct formatted f = {.command = self};
	struct retwine_error error;
	enum retwine_machine machine;
	char *text;
	int words, status = each_option(self, argc, argv, format_option, &f, &words);

	if (status != STATUS_OK)
		return status;
	if (words != argc)
		return command_usage(self, "'%s' is too much", argv[words]);
	if (retwine_doctor(f.format, &machine, &text, &error) != RETWINE_OK)
		return command_error(&error);
	status = command_output(text);
	return status == STATUS_OK ? (int)machine : status;
}

const struct command command_doctor = {
	.name = "doctor",
	.synopsis = "[options]",
	.summary = "say what this machine can do, and what it lacks",
	.options = g_format_options,
	.option_count = COUNT_OF(g_format_options),
	.run = doctor,
	.notes = "Exit status: 0 for SGX, 1 for the simulation only, 2 for neither.\n",
};

static const struct option g_help_option[] = {
	{'h', "help", NULL, false, "print this"},
};

static int no_option(void *context, const struct option *option, const char *value)
{
	(void)context;
	(void)option;
	(void)value;
	return STATUS_OK;
}

static int validate(const struct command *self, int argc, char **argv)
{
	struct retwine_error error;
	int words, status = each_option(self, argc, argv, no_option, NULL, &words);

	if (status != STATUS_OK)
		return status;
	if (words == argc)
		return command_usage(self, "no file; name one or more modules");
	for (int i = words; i < argc; i++) {
		if (retwine_validate(argv[i], &error) != RETWINE_OK)
			status = command_error(&error);
	}
	return status;
}

const struct command command_validate = {
	.name = "validate",
	.synopsis = "FILE...",
	.summary = "check modules without running them",
	.options = g_help_option,
	.option_count = COUNT_OF(g_help_option),
	.run = validate,
	.notes = "Exit status: 0 when all are valid, else 1.\n",
};
