/*
 * The oracle: executes what the verifier accepts, with everything that the code cannot choose chosen against it, and
 * looks for an access or a transfer outside the sandbox (oracle_machine.h). What it executes are mutants of the
 * functions of modules with native code, and functions made at random; facts are honest or hostile.
 * Usage: oracle [--long] [--first] [--group N] [--generated N] SEED MUTANTS [MODULE.wasm...]
 *   --generated  random functions, as many as mutants unless told
 *   --long       as many as the project's long run has, whatever MUTANTS says
 *   --first      ends at the first escape
 *   --group      only this group of cases: what an escape names
 * The same arguments give the same cases and the same last line. Exit status: 1 if anything escaped.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "native/verify_find.h"
#include "native/verify_section.h"
#include "test/lib/file.h"
#include "test/verifier/oracle_generate.h"
#include "test/verifier/oracle_machine.h"
#include "test/verifier/oracle_mutate.h"
#include "wasm/module.h"

#define LONG_COUNT    16000000u /* about an hour of a CPU */
#define GROUP	      64u	/* mutants of one function, functions of one world */
#define SEEDS	      4u	/* runs of the original and of the mutant */
#define RUNS_MUTANT   6u
#define RUNS_MADE     24u
#define FUNCTION_MAX  3000u
#define FACTS_MAX     0x8000u
#define ESCAPES_SHOWN 20u

static const char *const g_reasons[] = {
#define REASON(name, words) #name,
	VERIFY_REASONS(REASON)
#undef REASON
};

struct counts {
	uint64_t cases, accepted, differing;
};

static struct oracle {
	uint64_t seed;
	bool first, verbose;
	int64_t only_group;
	/* the case */
	uint64_t group, number;
	const char *what, *where;
	struct random random;
	struct finder *finder;
	struct machine *machine;
	/* all cases */
	struct counts mutants, made, facts;
	uint64_t reasons[COUNT_OF(g_reasons)];
	uint64_t runs, returns, traps, steps, escapes;
} g;

static uint64_t run_seed(unsigned i)
{
	return random_mix(g.seed * 1000003 + g.group) + i;
}

/* ---- escapes ------------------------------------------------------------------------------------------------ */

/* The code at begin..end of `code`, as the finder's image sees it: is it accepted, and does it escape still? */
static bool still_escapes(uint32_t entry, uint64_t seed)
{
	const struct verify_image *image = &g.finder->image;
	uint32_t begin = image->entries[entry], end = image->entries[entry + 1];

	if (finder_verify(g.finder, entry).reason != VERIFY_OK)
		return false;
	return machine_function(g.machine, begin, end) ||
	       machine_run(g.machine, seed).end == MACHINE_ESCAPE;
}

/* Instruction by instruction gives way to NOPs, if it escapes still. */
static void escape_minimize(uint32_t entry, uint8_t *code, uint64_t seed)
{
	static struct mutator m;
	uint8_t kept[X86_LENGTH_MAX];
	const struct verify_image *image = &g.finder->image;

	mutator_init(&m, image);
	if (!still_escapes(entry, seed) ||
	    !mutator_function(&m, image->entries[entry], image->entries[entry + 1]))
		return;
	for (uint32_t i = m.insn_count; i-- > 0;) {
		uint8_t *p = code + m.begin + m.insns[i].at;
		uint32_t n = m.insns[i].length;

		memcpy(kept, p, n);
		memset(p, 0x90, n);
		if (!still_escapes(entry, seed))
			memcpy(p, kept, n);
	}
}

static void escape_print_bytes(const uint8_t *p, uint32_t n)
{
	printf("   ");
	for (uint32_t i = 0; i < n; i++) {
		if (p[i] != 0x90 || (i > 0 && p[i - 1] != 0x90) || i == 0)
			printf(" %02x", p[i]);
		else if (i + 1 == n || p[i + 1] != 0x90)
			printf(" ..");
	}
	printf("\n");
}

/* Changes the code, which the caller puts back. */
static void escape_report(uint32_t entry, uint8_t *code, uint64_t seed, const char *why,
			  const struct machine_run *run)
{
	const struct verify_image *image = &g.finder->image;
	uint32_t begin = image->entries[entry], end = image->entries[entry + 1];

	if (g.escapes++ >= ESCAPES_SHOWN)
		return;
	printf("ESCAPE %s: %llx by +%x: %s %s, entry %u, seed %llu --group %llu, case %llu\n", why,
	       (unsigned long long)run->escape_at, run->escape_rip - begin, g.what, g.where, entry,
	       (unsigned long long)g.seed, (unsigned long long)g.group,
	       (unsigned long long)g.number);
	escape_print_bytes(code + begin, end - begin);
	escape_minimize(entry, code, seed);
	printf("    without what it does not take:\n");
	escape_print_bytes(code + begin, end - begin);
}

/* ---- execution ---------------------------------------------------------------------------------------------- */

/* What an accepted function does, with some seeds. Traces of the first `trace_count` go to `traces`. */
static bool execute(uint32_t entry, uint8_t *code, unsigned runs, uint64_t *traces,
		    unsigned trace_count)
{
	const struct verify_image *image = &g.finder->image;
	struct machine_run run = {.end = MACHINE_TRAP, .escape_rip = image->entries[entry]};
	const char *why =
		machine_function(g.machine, image->entries[entry], image->entries[entry + 1]);

	for (unsigned i = 0; i < runs; i++) {
		uint64_t seed = i < SEEDS ? run_seed(i) : random_next(&g.random);

		if (!why) {
			run = machine_run(g.machine, seed);
			why = run.escape;
			g.runs++;
			g.steps += run.steps;
			g.returns += run.end == MACHINE_RETURN;
			g.traps += run.end == MACHINE_TRAP;
		}
		if (i < trace_count)
			traces[i] = run.trace;
		if (why) {
			escape_report(entry, code, seed, why, &run);
			return false;
		}
	}
	return true;
}

/* ---- hostile facts ------------------------------------------------------------------------------------------ */

static void facts_mutate(uint8_t *p, size_t size)
{
	for (unsigned times = 1 + random_below(&g.random, 3); times != 0; times--) {
		uint32_t at = random_below(&g.random, (uint32_t)size);

		switch (random_below(&g.random, 5)) {
		case 0:
			p[at] ^= (uint8_t)(1u << random_below(&g.random, 8));
			break;
		case 1:
			p[at] = (uint8_t)random_next(&g.random);
			break;
		case 2:
			p[at] = (uint8_t)(p[at] + random_below(&g.random, 5) - 2);
			break;
		case 3: /* some from elsewhere */
			p[at] = p[random_below(&g.random, (uint32_t)size)];
			break;
		default:
			p[at] = random_one_in(&g.random, 2) ? 0xff : 0;
			break;
		}
	}
}

/* Some bytes less, or some twice. */
static size_t facts_resize(uint8_t *p, size_t size)
{
	uint32_t at = random_below(&g.random, (uint32_t)size);
	uint32_t n = 1 + random_below(&g.random, (uint32_t)(size - at));

	if (size + n <= FACTS_MAX && random_one_in(&g.random, 2)) {
		memmove(p + at + n, p + at, size - at);
		return size + n;
	}
	memmove(p + at, p + at + n, size - at - n);
	return size - n;
}

/* Code that was refused by its own facts, or has none, by those of a function like it. */
static void facts_try(uint32_t entry, uint8_t *code, const uint8_t *facts, size_t size, bool keep)
{
	static uint8_t hostile[FACTS_MAX];

	if (size == 0 || size > FACTS_MAX)
		return;
	memcpy(hostile, facts, size);
	if (!keep)
		facts_mutate(hostile, size);
	if (!keep && random_one_in(&g.random, 4))
		size = facts_resize(hostile, size);
	g.facts.cases++;
	if (verify_function_with(&g.finder->verifier, entry, hostile, size).reason != VERIFY_OK)
		return;
	g.facts.accepted++;
	execute(entry, code, RUNS_MUTANT, NULL, 0);
}

/* ---- mutants ------------------------------------------------------------------------------------------------ */

struct subject {
	const char *path;
	struct wasm_module module;
	struct native_image native;
	struct verify_image image;
	uint8_t *code, *rodata; /* as they are mutated */
	struct mutator mutator;
	struct finder finder;
};

static bool subject_decode(struct subject *s, const char *path)
{
	const struct host_bytes file = file_load(path);
	struct wasm_error error;

	s->path = path;
	if (!file.p || wasm_decode(&s->module, &error, file.p, file.size) ||
	    native_decode(&s->native, file.p + s->module.native.offset, s->module.native.size))
		return false;
	const uint32_t *entries = verify_entries(&s->native);

	return entries && !verify_image_init(&s->image, &s->native, entries, &s->module);
}

static bool subject_open(struct subject *s, const char *path)
{
	if (!subject_decode(s, path))
		return false;
	const struct native_header *h = &s->native.header;

	s->code = malloc(h->code_size + 1);
	s->rodata = malloc(h->rodata_size + 1);
	if (!s->code || !s->rodata)
		return false;
	memcpy(s->code, s->native.code, h->code_size);
	memcpy(s->rodata, s->native.rodata, h->rodata_size);
	s->image.code = s->code;
	s->image.rodata = s->rodata;
	mutator_init(&s->mutator, &s->image);
	return !finder_init(&s->finder, &s->image);
}

static void rodata_put(uint32_t word)
{
	if (word != UINT32_MAX)
		machine_constants(g.machine, word, 4);
}

/* The mutant that stands in the code. */
static void mutant_check(struct subject *s, uint32_t entry, uint32_t word, const uint64_t *traces,
			 const struct facts_buffer *honest)
{
	uint64_t mine[SEEDS] = {0};
	struct verify_result result = finder_verify(&s->finder, entry);

	g.mutants.cases++;
	g.reasons[result.reason]++;
	rodata_put(word);
	if (result.reason == VERIFY_OK) {
		g.mutants.accepted++;
		if (execute(entry, s->code, RUNS_MUTANT, mine, SEEDS))
			g.mutants.differing += memcmp(mine, traces, sizeof mine) != 0;
	} else if (result.reason != VERIFY_INSTRUCTION) {
		facts_try(entry, s->code, honest->bytes, honest->size, random_one_in(&g.random, 2));
	}
}

static void mutants_of(struct subject *s, uint32_t entry)
{
	static uint8_t kept[FUNCTION_MAX];
	uint32_t begin = s->image.entries[entry], size = s->image.entries[entry + 1] - begin;
	uint64_t traces[SEEDS];
	struct facts_buffer honest = {0};

	if (size > FUNCTION_MAX || !mutator_function(&s->mutator, begin, begin + size) ||
	    finder_find(&s->finder, entry, &honest).reason != VERIFY_OK ||
	    finder_verify(&s->finder, entry).reason != VERIFY_OK)
		size = 0;
	if (size != 0)
		memcpy(kept, s->code + begin, size);
	g.number = UINT64_MAX; /* the function itself */
	if (size != 0 && execute(entry, s->code, SEEDS, traces, SEEDS)) {
		for (g.number = 0; g.number < GROUP; g.number++) {
			uint32_t word = UINT32_MAX;

			mutate(&s->mutator, &g.random, s->code + begin, s->rodata, &word);
			if (word != UINT32_MAX || memcmp(kept, s->code + begin, size) != 0)
				mutant_check(s, entry, word, traces, &honest);
			memcpy(s->code + begin, kept, size);
			if (word != UINT32_MAX)
				memcpy(s->rodata + word, s->native.rodata + word, 4);
			rodata_put(word);
		}
	}
	if (size != 0)
		memcpy(s->code + begin, kept, size);
	machine_function(g.machine, begin, s->image.entries[entry + 1]);
	facts_buffer_fini(&honest);
}

/* The group's own numbers: nothing depends on what came before. False: it is not to be run. */
static bool group_begin(uint64_t group)
{
	if (g.only_group >= 0 && (uint64_t)g.only_group != group)
		return false;
	g.group = group;
	g.random = random_start(random_mix(g.seed) + group);
	return !(g.first && g.escapes != 0);
}

static bool mutants(const char *path, uint64_t count, uint64_t group)
{
	static struct subject s;
	uint64_t until = g.mutants.cases + count;

	s = (struct subject){0};
	g.what = "mutant of";
	g.where = path;
	if (!subject_open(&s, path) || !(g.machine = machine_new(&s.image)))
		return false;
	g.finder = &s.finder;
	for (uint64_t tried = 0; g.mutants.cases < until && tried < count + 1000;
	     tried++, group++) {
		if (group_begin(group))
			mutants_of(&s, random_below(&g.random, s.image.entry_count));
		else if (g.first && g.escapes != 0)
			break;
	}
	machine_free(g.machine);
	finder_fini(&s.finder);
	return true;
}

/* ---- functions made at random ------------------------------------------------------------------------------- */

static bool made_is_accepted(void)
{
	return finder_verify(g.finder, 1).reason == VERIFY_OK;
}

/* Some constants smaller, and it may be accepted. */
static bool made_repair(struct generated *made)
{
	static const int64_t numbers[] = {0, 1, 8, 15, 16, 64};

	for (unsigned i = 0; i < 6 && made->number_count != 0; i++) {
		generated_number_set(made, random_below(&g.random, made->number_count),
				     numbers[random_below(&g.random, COUNT_OF(numbers))]);
		if (made_is_accepted())
			return true;
	}
	return false;
}

/* A constant goes as far as it is accepted: there a verifier that is wrong by one is wrong. */
static void made_push(struct generated *made)
{
	uint32_t i = random_below(&g.random, made->number_count);
	int64_t at = generated_number_get(made, i), sign = random_one_in(&g.random, 2) ? 1 : -1;
	int64_t step = 1;
	bool growing = true;

	for (unsigned tries = 0; step != 0 && tries < 72; tries++) {
		bool fits = generated_number_set(made, i, at + sign * step);

		if (fits && made_is_accepted()) {
			at += sign * step;
			step = growing ? step * 2 : step / 2;
		} else {
			growing = false;
			step /= 2;
		}
	}
	generated_number_set(made, i, at);
}

/* One constant further than is accepted, by the facts of what was accepted, and by others. */
static void made_push_facts(struct generated *made)
{
	struct facts_buffer honest = {0};

	if (made->number_count == 0 || finder_find(g.finder, 1, &honest).reason != VERIFY_OK) {
		facts_buffer_fini(&honest);
		return;
	}
	for (unsigned n = 0; n < 8 && honest.size != 0; n++) {
		uint32_t i = random_below(&g.random, made->number_count);
		int64_t was = generated_number_get(made, i);

		generated_number_set(made, i,
				     was + (1 << random_below(&g.random, 8)) *
						     (random_one_in(&g.random, 2) ? 1 : -1));
		if (!made_is_accepted())
			facts_try(1, made->code, honest.bytes, honest.size,
				  random_one_in(&g.random, 3));
		generated_number_set(made, i, was);
	}
	facts_buffer_fini(&honest);
}

/* Other functions, by the facts of this one. */
static void made_mutants(struct generated *made)
{
	static struct mutator m;
	static uint8_t kept[GENERATED_CODE];
	const uint32_t begin = made->entries[1], end = made->entries[2];
	struct facts_buffer honest = {0};

	mutator_init(&m, &g.finder->image);
	if (finder_find(g.finder, 1, &honest).reason == VERIFY_OK && honest.size != 0 &&
	    mutator_function(&m, begin, end)) {
		memcpy(kept, made->code, sizeof kept);
		for (unsigned i = 0; i < 24; i++) {
			uint32_t word = 0; /* none is changed */

			mutate(&m, &g.random, made->code + begin, made->rodata, &word);
			facts_try(1, made->code, honest.bytes, honest.size,
				  !random_one_in(&g.random, 4));
			memcpy(made->code, kept, sizeof kept);
		}
	}
	facts_buffer_fini(&honest);
}

static void made_check(struct generated *made)
{
	bool accepted = made_is_accepted();

	g.made.cases++;
	if (!accepted)
		accepted = made_repair(made);
	if (!accepted)
		return;
	g.made.accepted++;
	for (unsigned pushes = random_below(&g.random, 3); pushes != 0 && made->number_count != 0;
	     pushes--)
		made_push(made);
	if (!made_is_accepted()) /* a verifier that says one thing and then another */
		return;
	if (!execute(1, made->code, RUNS_MADE, NULL, 0))
		return;
	if (random_one_in(&g.random, 4))
		made_push_facts(made);
	else if (random_one_in(&g.random, 2))
		made_mutants(made);
}

static void made_world(uint64_t group)
{
	static struct generated made;
	static struct finder finder;

	g.what = "a function";
	g.where = "made at random";
	if (!group_begin(group) || !generated_world(&made, &g.random))
		return;
	finder = (struct finder){0};
	if (finder_init(&finder, &made.image))
		return;
	g.finder = &finder;
	for (g.number = 0; g.number < GROUP && !(g.first && g.escapes); g.number++) {
		generated_function(&made, &g.random);
		finder.image.rodata_size = made.image.rodata_size;
		if (machine_image(g.machine, &finder.image))
			made_check(&made);
	}
	finder_fini(&finder);
}

static bool all_made(uint64_t count)
{
	static const struct wasm_module none;
	static const uint32_t entries[] = {0, 16};
	static const uint8_t code[16];
	const struct verify_image empty = {.code = code,
					   .code_size = sizeof code,
					   .entries = entries,
					   .entry_count = 1,
					   .module = &none};

	g.machine = machine_new(&empty);
	if (!g.machine)
		return false;
	for (uint64_t i = 0; g.made.cases < count && i <= count / GROUP; i++)
		made_world(1000000000 + i);
	machine_free(g.machine);
	return true;
}

/* ---- the command -------------------------------------------------------------------------------------------- */

#define N(n) ((unsigned long long)(n))

static void print_counts(void)
{
	double seconds = (double)clock() / CLOCKS_PER_SEC;

	printf("refused mutants:");
	for (unsigned i = 1; i < COUNT_OF(g_reasons); i++) {
		if (g.reasons[i] != 0)
			printf(" %llu %s", N(g.reasons[i]), g_reasons[i]);
	}
	printf("\n%llu runs: %llu returned, %llu trapped; %.1f steps each; %.0f s of CPU\n",
	       N(g.runs), N(g.returns), N(g.traps), (double)g.steps / (double)(g.runs + !g.runs),
	       seconds);
	printf("seed %llu: %llu mutants, %llu accepted, %llu differing; %llu made at random, %llu "
	       "accepted; %llu with hostile facts, %llu accepted; %llu executed, %llu escapes\n",
	       N(g.seed), N(g.mutants.cases), N(g.mutants.accepted), N(g.mutants.differing),
	       N(g.made.cases), N(g.made.accepted), N(g.facts.cases), N(g.facts.accepted),
	       N(g.mutants.accepted + g.made.accepted + g.facts.accepted), N(g.escapes));
}

static int usage(void)
{
	fprintf(stderr, "usage: oracle [--long] [--first] [--group N] [--generated N] "
			"SEED MUTANTS [MODULE.wasm...]\n");
	return 2;
}

int main(int argc, char **argv)
{
	bool is_long = false;
	int64_t made = -1;
	int i = 1;

	setvbuf(stdout, NULL, _IOLBF, 0);
	g.only_group = -1;
	for (; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--long") == 0)
			is_long = true;
		else if (strcmp(argv[i], "--first") == 0)
			g.first = true;
		else if (i + 1 == argc)
			return usage();
		else if (strcmp(argv[i], "--group") == 0)
			g.only_group = strtoll(argv[++i], NULL, 0);
		else if (strcmp(argv[i], "--generated") == 0)
			made = strtoll(argv[++i], NULL, 0);
		else
			return usage();
	}
	if (i + 2 > argc)
		return usage();
	g.seed = strtoull(argv[i], NULL, 0);
	uint64_t count = is_long ? LONG_COUNT : strtoull(argv[i + 1], NULL, 0);
	unsigned modules = (unsigned)(argc - i - 2);

	if (made < 0)
		made = (int64_t)count;
	if (!all_made((uint64_t)made))
		return 2;
	for (unsigned k = 0; k < modules; k++) {
		uint64_t share = (count + modules - 1 - k) / modules;

		if (!mutants(argv[i + 2 + (int)k], share, 10000000 * (k + 1ull))) {
			fprintf(stderr, "%s: no native code\n", argv[i + 2 + (int)k]);
			return 2;
		}
	}
	print_counts();
	return g.escapes != 0;
}
