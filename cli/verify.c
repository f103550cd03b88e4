/*
 * retwine verify: is a quote, a report or a certificate what its owner wants it to be.
 * Trust: the words are the user's; the file is looked at by the library.
 */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/policy.h"

struct verify {
	const struct command *command;
	enum retwine_format format;
	struct retwine_policy *policy;
};

/* clang-format off */
static const struct option g_options[] = {
	POLICY_OPTIONS,
	{0, "insecure-accept-migration", NULL, false, "a TD or SEV-SNP guest that its host can move"},
	{0, "measurement", "HEX", false, "the TD (MRTD) or SEV-SNP guest has to have this measurement"},
	{0, "rtmr0", "HEX", false, "the TD has to have this in its RTMR 0"},
	{0, "rtmr1", "HEX", false, "in its RTMR 1"},
	{0, "rtmr2", "HEX", false, "in its RTMR 2"},
	{0, "rtmr3", "HEX", false, "in its RTMR 3"},
	{0, "mrconfigid", "HEX", false, "the TD has to have been started with this MRCONFIGID"},
	{0, "mrowner", "HEX", false, "for this owner (MROWNER)"},
	{0, "host-data", "HEX", false, "the SEV-SNP guest has to have these host data"},
	{0, "guest-svn", "N", false, "its security version, at least (default 0)"},
	{0, "vmpl", "N", false, "the privilege level of its report, 0 to 3, at most (default 0)"},
	{0, "refuse-smt", NULL, false, "its policy has to forbid SMT"},
	{0, "sev-tcb", "LIST", false, "its chip's TCB, at least: fmc=N,bootloader=N,tee=N,snp=N,microcode=N"},
	{0, "launch-digest", "HEX", false, "the program and how it is started (CONFIGID)"},
	{0, "program-digest", "HEX", false, "the program, in a certificate's claims or with --user-data"},
	{0, "nonce", "HEX", false, "the nonce, likewise"},
	{0, "user-data", "HEX", false, "what the program said: /dev/attestation/user_report_data"},
	{0, "report-data", "HEX", false, "the 64 bytes in the quote, as they stand there"},
	{0, "kds-url", "URL", false, "fetch AMD's certificates there instead of from AMD"},
	{0, "time", "UNIX", false, "verify as of then (seconds since 1970; default: now)"},
	{0, "format", "FORMAT", false, "text or json"},
	{'h', "help", NULL, false, "print this"},
};
/* clang-format on */

static int take_option(struct verify *v, const struct option *option, const char *value)
{
	struct retwine_error error;

	if (strcmp(option->name, "format") == 0)
		return command_format(v->command, &v->format, value) ? STATUS_OK : STATUS_USAGE;
	if (policy_is_key(option->name))
		return policy_option(v->command, v->policy, option, value);
	if (retwine_policy_set(v->policy, option->name, value ? value : "true", &error) ==
	    RETWINE_OK)
		return STATUS_OK;
	return error.code == RETWINE_USAGE ? command_usage(v->command, "--%s", error.message)
					   : command_error(&error);
}

/* A verdict that could not be reached is none: refused. */
static int error_status(const struct retwine_error *error)
{
	const int status = command_error(error);

	return error->code == RETWINE_FAILED ? STATUS_REFUSED : status;
}

static int verify_file(const struct verify *v, const char *path)
{
	struct retwine_error error;
	bool accepted = false;
	char *text;

	if (retwine_verify(v->policy, path, v->format, &accepted, &text, &error) != RETWINE_OK)
		return error_status(&error);
	int status = command_output(text);

	return status == STATUS_OK && !accepted ? STATUS_REFUSED : status;
}

static int verify_words(struct verify *v, int argc, char **argv)
{
	struct options o = {v->command->options, v->command->option_count, argc, argv, 0};
	const struct option *option = NULL;
	const char *value = NULL;
	char problem[OPTIONS_PROBLEM_MAX];
	enum options_result result;

	while ((result = options_next(&o, &option, &value, problem)) == OPTIONS_FOUND) {
		int status = take_option(v, option, value);

		if (status != STATUS_OK)
			return status;
	}
	if (result == OPTIONS_BAD)
		return command_usage(v->command, "%s", problem);
	if (argc - o.at != 1)
		return command_usage(v->command, "one file is needed");
	return verify_file(v, argv[o.at]);
}

static int verify(const struct command *self, int argc, char **argv)
{
	struct verify v = {.command = self, .policy = policy_make()};

	if (!v.policy) {
		command_say("out of memory");
		return STATUS_REFUSED;
	}
	int status = verify_words(&v, argc, argv);

	retwine_policy_free(v.policy);
	return status;
}

const struct command command_verify = {
	.name = "verify",
	.synopsis = "[options] FILE",
	.summary = "verify a quote, a report of SEV-SNP or a certificate with a quote",
	.options = g_options,
	.option_count = COUNT_OF(g_options),
	.run = verify,
	.notes = "Prints the verdict, its status first, then one reason a line. Exit status: 0 "
		 "when it is accepted,\n"
		 "125 when it is refused or could not be verified, 1 when the file holds no "
		 "evidence, 2 for wrong words.\n",
};
