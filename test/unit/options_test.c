/* The parser of command line options. The file itself is included: the command is no library. */
#include "cli/options.c"

#include "test/lib/check.h"

static const struct option g_table[] = {
	{'h', "help", NULL, false, "help"},
	{'o', "output", "FILE", false, "output"},
	{0, "stats", "json", true, "stats"},
	{0, "env", "NAME=VALUE", false, "env"},
};

#define WORDS_MAX 8

/* Parses the words up to NULL; `log` receives "name(value)" per option, "|" and the words behind.
 */
static enum options_result parse(char log[256], const char *const words[WORDS_MAX])
{
	char copy[WORDS_MAX][64], *argv[WORDS_MAX] = {0}, problem[OPTIONS_PROBLEM_MAX];
	struct options o = {g_table, COUNT_OF(g_table), 0, argv, 0};
	const struct option *option = NULL;
	const char *value = NULL;
	enum options_result result;
	size_t n = 0;

	for (; o.argc < WORDS_MAX && words[o.argc]; o.argc++) {
		(void)snprintf(copy[o.argc], sizeof(copy[0]), "%s", words[o.argc]);
		argv[o.argc] = copy[o.argc];
	}
	log[0] = 0;
	while ((result = options_next(&o, &option, &value, problem)) == OPTIONS_FOUND)
		n += (size_t)snprintf(log + n, 256 - n, "%s(%s)", option->name, value ? value : "");
	if (result == OPTIONS_BAD)
		(void)snprintf(log, 256, "%s", problem);
	else {
		n += (size_t)snprintf(log + n, 256 - n, "|");
		for (; o.at < o.argc; o.at++)
			n += (size_t)snprintf(log + n, 256 - n, "%s,", argv[o.at]);
	}
	return result;
}

#define WORDS(...)                                                                                 \
	(const char *const[WORDS_MAX])                                                             \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

static bool gives(const char *want, const char *const words[WORDS_MAX])
{
	char log[256];
	bool same = parse(log, words) == OPTIONS_END && strcmp(log, want) == 0;

	if (!same)
		printf("  %s, not %s\n", log, want);
	return same;
}

static bool refused(const char *want, const char *const words[WORDS_MAX])
{
	char log[256];
	bool same = parse(log, words) == OPTIONS_BAD && strstr(log, want);

	if (!same)
		printf("  %s, not %s\n", log, want);
	return same;
}

TEST(options_reject_what_is_unknown)
{
	CHECK(refused("unknown option --nope", WORDS("--nope")));
	CHECK(refused("unknown option --hel", WORDS("--hel")));
	CHECK(refused("unknown option --help2=x", WORDS("--help2=x")));
	CHECK(refused("unknown option -x", WORDS("-x")));
	CHECK(refused("unknown option -hh", WORDS("-hh")));
	CHECK(refused("unknown option --=x", WORDS("--=x")));
}

TEST(options_reject_wrong_values)
{
	CHECK(refused("takes no value", WORDS("--help=yes")));
	CHECK(refused("takes no value", WORDS("--help=")));
	CHECK(refused("needs a value", WORDS("--output")));
	CHECK(refused("needs a value", WORDS("-o")));
}

TEST(options_take_values_in_both_forms)
{
	CHECK(gives("output(a)output(b)output(c)output(d)|",
		    WORDS("--output=a", "--output", "b", "-o", "c", "-od")));
	CHECK(gives("output()|", WORDS("--output=")));
	CHECK(gives("env(A=B=C)|", WORDS("--env=A=B=C")));
	CHECK(gives("output(--help)|", WORDS("--output", "--help")));
}

TEST(optional_values_need_an_equals_sign)
{
	CHECK(gives("stats(json)|", WORDS("--stats=json")));
	CHECK(gives("stats()|json,", WORDS("--stats", "json")));
}

TEST(options_end_at_the_first_word)
{
	CHECK(gives("help()|app.wasm,--help,-o,", WORDS("-h", "app.wasm", "--help", "-o")));
	CHECK(gives("|--help,", WORDS("--", "--help")));
	CHECK(gives("|-,--help,", WORDS("-", "--help")));
	CHECK(gives("|,--help,", WORDS("", "--help")));
	CHECK(gives("|a,--,b,", WORDS("a", "--", "b")));
}

int main(void)
{
	RUN(options_reject_what_is_unknown);
	RUN(options_reject_wrong_values);
	RUN(options_take_values_in_both_forms);
	RUN(optional_values_need_an_equals_sign);
	RUN(options_end_at_the_first_word);
	return check_report();
}
