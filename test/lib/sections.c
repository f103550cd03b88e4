/*
 * Native code for the modules of a test, by the compiler as a process.
 * Trust: the tests' own files.
 */
#include "test/lib/sections.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/lib/file.h"
#include "wasm/module.h"

/* Variants of each module's code: memory 0 in the window, or elsewhere. */
static const char *const variants[] = {NULL, "--checked-memory"};
#define VARIANTS (sizeof variants / sizeof variants[0])

void sections_append(struct sections *s, const void *p, size_t size)
{
	if (size > s->capacity - s->size) {
		s->capacity = 2 * s->capacity + size;
		s->p = realloc(s->p, s->capacity);
		if (!s->p)
			abort();
	}
	if (size)
		memcpy(s->p + s->size, p, size);
	s->size += size;
}

void sections_add(struct sections *s, const uint8_t *payload, size_t size)
{
	const uint8_t head[4] = {(uint8_t)size, (uint8_t)(size >> 8), (uint8_t)(size >> 16),
				 (uint8_t)(size >> 24)};

	sections_append(s, head, sizeof head);
	sections_append(s, payload, size);
}

/* ---- the modules of a script as files -------------------------------------------------------- */

struct work {
	char dir[32];
	unsigned modules;
};

static FILE *work_open(const struct work *w, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/%s", w->dir, name);
	return fopen(path, "wb");
}

static bool write_module(struct work *w, const uint8_t *bytes, size_t size)
{
	char name[32];

	snprintf(name, sizeof name, "%u.wasm", w->modules++);
	FILE *f = work_open(w, name);

	if (!f)
		return false;
	const bool ok = fwrite(bytes, 1, size, f) == size;

	return fclose(f) == 0 && ok;
}

/* A module stands after its size (u32). */
static bool write_modules(struct work *w, const uint8_t *script, size_t size)
{
	static const uint8_t magic[8] = {0, 'a', 's', 'm', 1};

	for (size_t at = 4; at + sizeof magic <= size; at++) {
		const uint8_t *head = script + at - 4;
		const size_t length = (size_t)head[0] | (size_t)head[1] << 8 |
				      (size_t)head[2] << 16 | (size_t)head[3] << 24;

		if (memcmp(script + at, magic, sizeof magic) == 0 && length <= size - at &&
		    !write_module(w, script + at, length))
			return false;
	}
	return true;
}

/* A line for each module: where it is, and where the compiled one goes. */
static bool write_list(const struct work *w, unsigned variant)
{
	char name[32];

	snprintf(name, sizeof name, "list%u", variant);
	FILE *f = work_open(w, name);

	if (!f)
		return false;
	for (unsigned i = 0; i < w->modules; i++)
		fprintf(f, "%s/%u.wasm\t%s/%u.%u.out\n", w->dir, i, w->dir, i, variant);
	return fclose(f) == 0;
}

static void remove_work(const struct work *w)
{
	char command[64];

	snprintf(command, sizeof command, "rm -rf %s", w->dir);
	if (system(command) != 0)
		fprintf(stderr, "%s stays\n", w->dir);
}

/* ---- compiling ------------------------------------------------------------------------------- */

/* In the new process. */
static void exec_compiler(const struct work *w, unsigned variant,
			  const struct sections_options *options)
{
	char list[64], level[8];
	const char *argv[8 + SECTIONS_MORE_MAX];
	int argc = 0, null = open("/dev/null", O_WRONLY);

	snprintf(list, sizeof list, "%s/list%u", w->dir, variant);
	snprintf(level, sizeof level, "-O%s", options->level);
	argv[argc++] = options->compiler;
	argv[argc++] = level;
	argv[argc++] = "--quiet";
	for (unsigned i = 0; i < options->more_count; i++)
		argv[argc++] = options->more[i];
	if (variants[variant])
		argv[argc++] = variants[variant];
	argv[argc++] = "--batch";
	argv[argc++] = list;
	argv[argc] = NULL;
	dup2(null, 1);
	dup2(null, 2); /* what it says about modules that are meant to be refused */
	execv(options->compiler, (char **)(uintptr_t)argv);
	_exit(127);
}

/* All variants at once. Exit 1: modules were refused. */
static bool run_compilers(const struct work *w, const struct sections_options *options)
{
	pid_t pid[VARIANTS];
	bool ok = true;

	for (unsigned i = 0; i < VARIANTS; i++) {
		pid[i] = write_list(w, i) ? fork() : -1;
		if (pid[i] == 0)
			exec_compiler(w, i, options);
	}
	for (unsigned i = 0; i < VARIANTS; i++) {
		int status = 0;

		if (pid[i] > 0 && waitpid(pid[i], &status, 0) == pid[i] && WIFEXITED(status) &&
		    WEXITSTATUS(status) <= 1)
			continue;
		fprintf(stderr, "%s: status 0x%x\n", options->compiler, (unsigned)status);
		ok = false;
	}
	return ok;
}

static void add_outputs(struct sections *out, const struct work *w)
{
	for (unsigned i = 0; i < w->modules * VARIANTS; i++) {
		char path[PATH_MAX];
		size_t section, payload;

		snprintf(path, sizeof path, "%s/%u.%u.out", w->dir, i / (unsigned)VARIANTS,
			 i % (unsigned)VARIANTS);
		const struct host_bytes compiled = file_load(path);

		if (!compiled.p)
			continue;
		wasm_find_native(compiled.p, compiled.size, &section, &payload);
		sections_add(out, compiled.p + payload, compiled.size - payload);
		free((void *)(uintptr_t)compiled.p);
	}
}

bool sections_compile_script(struct sections *out, const uint8_t *script, size_t size,
			     const struct sections_options *options)
{
	struct work w = {.dir = "/tmp/sections-XXXXXX"};

	if (!mkdtemp(w.dir))
		return false;
	const bool ok =
		write_modules(&w, script, size) && (w.modules == 0 || run_compilers(&w, options));

	add_outputs(out, &w);
	remove_work(&w);
	return ok;
}
