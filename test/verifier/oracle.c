/*
 * Executes what the verifier accepts, in an emulator (Unicorn), and looks for any access or transfer outside the
 * sandbox: mutants of the functions of modules with native code of x86-64-v2 (the emulator has no AVX), with
 * random registers, memory and table contents.
 * Usage: oracle SEED MUTANTS MODULE.wasm...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

#include "native/format.h"
#include "native/verify.h"
#include "wasm/module.h"

#define CODE	     0x10000000ull
#define FS_BASE	     0x200000000ull
#define STACK	     0x300000008ull /* of the entry: the return address */
#define TABLES	     0x400000000ull
#define STUBS	     0x500000000ull /* what may be called */
#define RETURN	     0x600000000ull /* where the function returns to */
#define MEMORIES     0x700000000ull
#define WINDOW	     0x10000000000ull
#define STEPS	     3000
#define STACK_MAPPED (VERIFY_FRAME_MAX + 0x10000)

static uint64_t g_random;

static uint64_t next(void)
{
	g_random ^= g_random << 13;
	g_random ^= g_random >> 7;
	g_random ^= g_random << 17;
	return g_random;
}

struct run {
	uc_engine *uc;
	const struct verify_image *image;
	uint32_t begin, end;
	uint64_t saved[6];
	uint64_t count[256]; /* of objects */
	unsigned steps;
	bool over; /* ended in a way that is allowed */
	const char *escape;
	uint64_t escape_at, escape_rip;
};

static const int g_saved[] = {UC_X86_REG_RBX, UC_X86_REG_RBP, UC_X86_REG_R12,
			      UC_X86_REG_R13, UC_X86_REG_R14, UC_X86_REG_R15};
static const int g_others[] = {UC_X86_REG_RAX, UC_X86_REG_RCX, UC_X86_REG_RDX,
			       UC_X86_REG_RSI, UC_X86_REG_RDI, UC_X86_REG_R8,
			       UC_X86_REG_R9,  UC_X86_REG_R10, UC_X86_REG_R11};

static uint64_t reg(struct run *r, int id)
{
	uint64_t v = 0;

	uc_reg_read(r->uc, id, &v);
	return v;
}

static void escape(struct run *r, const char *what, uint64_t at)
{
	if (!r->escape) {
		r->escape = what;
		r->escape_at = at;
		r->escape_rip = reg(r, UC_X86_REG_RIP);
	}
	uc_emu_stop(r->uc);
}

static uint64_t adversarial(void)
{
	static const uint64_t edges[] = {0,	     1,		 0xffffffff,   0x100000000,
					 0x7fffffff, 0x80000000, (uint64_t)-1, (uint64_t)-8,
					 WINDOW,     FS_BASE,	 STACK,	       STACK - 8,
					 TABLES,     CODE,	 0x3ffffffff,  0x400000000};
	uint64_t n = next() % 3 ? edges[next() % 16] : next() >> next() % 64;

	return n + (next() % 4 ? 0 : next() % 33 - 16);
}

/* A callee of any kind: it changes what it may change, and returns. */
static void callee(struct run *r)
{
	uint64_t rsp = reg(r, UC_X86_REG_RSP), back = 0;

	if (rsp % 16 != 8)
		escape(r, "a callee with a misaligned stack", rsp);
	if (rsp >= STACK + 8 || rsp < STACK - VERIFY_FRAME_MAX - 64)
		escape(r, "a callee with another stack", rsp);
	uc_mem_read(r->uc, rsp, &back, 8);
	for (unsigned i = 0; i < 9; i++) {
		uint64_t v = adversarial();

		uc_reg_write(r->uc, g_others[i], &v);
	}
	rsp += 8;
	uc_reg_write(r->uc, UC_X86_REG_RSP, &rsp);
	uc_reg_write(r->uc, UC_X86_REG_RIP, &back);
}

static void on_code(uc_engine *uc, uint64_t at, uint32_t size, void *user)
{
	struct run *r = user;

	(void)uc;
	(void)size;
	if (r->steps++ > STEPS) {
		r->over = true;
		uc_emu_stop(uc);
		return;
	}
	if (at == RETURN) {
		r->over = true;
		if (reg(r, UC_X86_REG_RSP) != STACK + 8)
			escape(r, "returned with another stack pointer", at);
		for (unsigned i = 0; i < 6; i++) {
			if (reg(r, g_saved[i]) != r->saved[i])
				escape(r, "returned with another register of the caller", at);
		}
		uc_emu_stop(uc);
		return;
	}
	if (at >= STUBS && at < STUBS + 0x1000) {
		if (at % 16)
			escape(r, "into a stub", at);
		callee(r);
		return;
	}
	if (at < CODE || at >= CODE + r->image->code_size) {
		escape(r, "execution elsewhere", at);
		return;
	}
	if (at >= CODE + r->begin && at < CODE + r->end)
		return; /* at an instruction: the transfer came from one, and mutants are checked by bytes */
	for (uint32_t i = 0; i < r->image->entry_count; i++) {
		if (at == CODE + r->image->entries[i]) {
			callee(r);
			return;
		}
	}
	escape(r, "into another function", at);
}

static bool on_memory(uc_engine *uc, uc_mem_type type, uint64_t at, int size, int64_t value,
		      void *user)
{
	struct run *r = user;
	bool write =
		type == UC_MEM_WRITE || type == UC_MEM_WRITE_UNMAPPED || type == UC_MEM_WRITE_PROT;
	uint64_t end = at + (uint64_t)size, rip = reg(r, UC_X86_REG_RIP),
		 rsp = reg(r, UC_X86_REG_RSP);
	const struct native_layout *l = &r->image->layout;
	uint8_t byte = 0;

	(void)value;
	if (at >= WINDOW && end <= WINDOW + r->image->window_size) {
		if (type == UC_MEM_READ_UNMAPPED || type == UC_MEM_WRITE_UNMAPPED) {
			uint8_t page[4096];

			for (unsigned i = 0; i < 4096; i += 8) {
				uint64_t v = adversarial();

				memcpy(page + i, &v, 8);
			}
			for (uint64_t p = at & ~4095ull; p < end; p += 4096) {
				if (uc_mem_map(uc, p, 4096, UC_PROT_READ | UC_PROT_WRITE) ==
				    UC_ERR_OK)
					uc_mem_write(uc, p, page, 4096);
			}
			return true;
		}
		return true;
	}
	if (at >= CODE && end <= CODE + 0x8000000) {
		uint64_t ro = CODE + ((r->image->code_size + 4095) & ~4095u);

		if (write || at < ro || end > ro + r->image->rodata_size)
			escape(r, "code or beyond the read-only data", at);
		return false;
	}
	if (at >= FS_BASE && end <= FS_BASE + 0x100000) {
		uint64_t d = at - FS_BASE, e = end - FS_BASE;
		bool mine =
			(d >= l->exception && e <= l->fuel + 8) ||
			(d >= l->transfer && e <= l->transfer + 8 * l->transfer_slots) ||
			(d >= l->globals && e <= l->globals + 16 * r->image->module->global_count);

		if (d < NATIVE_SLOTS_DISP || e > l->end || (write && !mine))
			escape(r, "slots", at);
		if (write && mine && d >= l->globals && d < l->memories &&
		    !r->image->module->globals[(d - l->globals) / 16].type.mutable)
			escape(r, "a constant", at);
		return false;
	}
	if (at >= TABLES && at < TABLES + 256 * 0x100000ull) {
		uint64_t object = (at - TABLES) / 0x100000, d = (at - TABLES) % 0x100000;

		if (write || d + (uint64_t)size > 16 * r->count[object])
			escape(r, "a table", at);
		return false;
	}
	if (at >= MEMORIES && at < MEMORIES + 256 * 0x10000000ull) {
		uint64_t object = (at - MEMORIES) / 0x10000000, d = (at - MEMORIES) % 0x10000000;

		if (d + (uint64_t)size > r->count[object])
			escape(r, "a further memory", at);
		return false;
	}
	if (at >= STACK - STACK_MAPPED && end <= STACK) {
		/* below RSP only by a call or push; RSP is then what it was before */
		if (at < rsp && !(write && at == rsp - 8 && size == 8))
			escape(r, "below RSP", at);
		return false;
	}
	uc_mem_read(uc, rip, &byte, 1);
	if (at == STACK && size == 8 && !write && byte == 0xc3)
		return false;
	escape(r, write ? "a write" : "a read", at);
	return false;
}

static bool g_ready;
static uc_engine *g_uc;

static void put(uc_engine *uc, uint64_t at, uint64_t v)
{
	uc_mem_write(uc, at, &v, 8);
}

static void world_fill(struct run *r)
{
	const struct wasm_module *m = r->image->module;
	const struct native_layout *l = &r->image->layout;
	uc_engine *uc = r->uc;

	for (uint64_t d = NATIVE_SLOTS_DISP; d < l->end; d += 8)
		put(uc, FS_BASE + d, adversarial());
	for (uint32_t i = 0; i < NATIVE_HELPER_COUNT; i++)
		put(uc, FS_BASE + l->helpers + 8 * i, STUBS + 16 * (next() % 256));
	for (uint32_t i = 0; i < m->import_func_count; i++)
		put(uc, FS_BASE + l->imports + 16 * i, STUBS + 16 * (next() % 256));
	for (uint32_t o = 0; o <= m->table_count && o < 250; o++) {
		uint64_t at = FS_BASE + (o ? l->tables + 16 * (o - 1) : l->function_table);

		r->count[o] = (o ? m->tables[o - 1].type.limits.min : 0);
		if (!o || !m->tables[o - 1].type.limits.has_max ||
		    m->tables[o - 1].type.limits.max > r->count[o])
			r->count[o] += next() % 3;
		put(uc, at, TABLES + o * 0x100000);
		put(uc, at + 8, r->count[o]);
		for (uint64_t i = 0; i < 2048; i++) {
			put(uc, TABLES + o * 0x100000 + 16 * i, STUBS + 16 * (next() % 256));
			put(uc, TABLES + o * 0x100000 + 16 * i + 8, adversarial());
		}
	}
}

static void emulate(struct run *r, const uint8_t *code)
{
	uc_hook h1, h2, h3;
	uint64_t v;

	if (!g_ready) {
		uc_open(UC_ARCH_X86, UC_MODE_64, &g_uc);
		uc_mem_map(g_uc, CODE, 0x8000000, UC_PROT_ALL);
		uc_mem_map(g_uc, FS_BASE, 0x100000, UC_PROT_READ | UC_PROT_WRITE);
		uc_mem_map(g_uc, STACK - 8 - STACK_MAPPED, STACK_MAPPED + 0x1000,
			   UC_PROT_READ | UC_PROT_WRITE);
		uc_mem_map(g_uc, TABLES, 8 * 0x100000, UC_PROT_READ | UC_PROT_WRITE);
		uc_mem_map(g_uc, STUBS, 0x1000, UC_PROT_ALL);
		uc_mem_map(g_uc, RETURN, 0x1000, UC_PROT_ALL);
		g_ready = true;
	}
	r->uc = g_uc;
	uc_mem_write(g_uc, CODE + r->begin, code + r->begin, r->end - r->begin);
	uc_ctl_remove_cache(g_uc, CODE + r->begin, CODE + r->end);
	world_fill(r);
	uc_hook_add(g_uc, &h1, UC_HOOK_CODE, (void *)on_code, r, 1, 0);
	uc_hook_add(g_uc, &h2, UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, (void *)on_memory, r, 1, 0);
	uc_hook_add(g_uc, &h3,
		    UC_HOOK_MEM_READ_UNMAPPED | UC_HOOK_MEM_WRITE_UNMAPPED | UC_HOOK_MEM_READ_PROT |
			    UC_HOOK_MEM_WRITE_PROT,
		    (void *)on_memory, r, 1, 0);
	for (unsigned i = 0; i < 9; i++) {
		v = adversarial();
		uc_reg_write(g_uc, g_others[i], &v);
	}
	for (unsigned i = 0; i < 6; i++) {
		r->saved[i] = adversarial();
		uc_reg_write(g_uc, g_saved[i], &r->saved[i]);
	}
	v = STACK;
	uc_reg_write(g_uc, UC_X86_REG_RSP, &v);
	v = FS_BASE;
	uc_reg_write(g_uc, UC_X86_REG_FS_BASE, &v);
	v = WINDOW;
	uc_reg_write(g_uc, UC_X86_REG_GS_BASE, &v);
	v = 2;
	uc_reg_write(g_uc, UC_X86_REG_EFLAGS, &v);
	put(g_uc, STACK, RETURN);
	uc_emu_start(g_uc, CODE + r->begin, 0, 0, 0);
	uc_hook_del(g_uc, h1);
	uc_hook_del(g_uc, h2);
	uc_hook_del(g_uc, h3);
}

/* ---- mutants ---- */

static void mutate(uint8_t *p, uint32_t n)
{
	unsigned times = 1 + next() % 3;

	while (times--) {
		uint32_t at = (uint32_t)(next() % n), len = 1 + (uint32_t)(next() % 6);

		switch (next() % 5) {
		case 0:
			p[at] ^= (uint8_t)(1u << next() % 8);
			break;
		case 1:
			p[at] = (uint8_t)next();
			break;
		case 2: /* NOPs over some bytes */
			for (uint32_t i = 0; i < len && at + i < n; i++)
				p[at + i] = 0x90;
			break;
		case 3: { /* some bytes from elsewhere */
			uint32_t from = (uint32_t)(next() % n);

			for (uint32_t i = 0; i < len && at + i < n && from + i < n; i++)
				p[at + i] = p[from + i];
			break;
		}
		default:
			p[at] = (uint8_t)(p[at] + next() % 9 - 4);
			break;
		}
	}
}

static uint8_t *file_read(const char *path, size_t *size)
{
	FILE *f = fopen(path, "rb");

	if (!f)
		exit(2);
	fseek(f, 0, SEEK_END);
	*size = (size_t)ftell(f);
	rewind(f);
	uint8_t *p = malloc(*size + 1);

	if (!p || fread(p, 1, *size, f) != *size)
		exit(2);
	fclose(f);
	return p;
}

static int u32_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	unsigned long long tried = 0, accepted = 0, unchanged = 0, escapes = 0, ended = 0;

	if (argc < 4)
		return 2;
	g_random = strtoull(argv[1], NULL, 0) * 0x9e3779b97f4a7c15 + 1;
	unsigned long long mutants = strtoull(argv[2], NULL, 0) / (unsigned)(argc - 3);

	for (int a = 3; a < argc; a++) {
		size_t size;
		uint8_t *bytes = file_read(argv[a], &size);
		struct wasm_module m = {0};
		struct wasm_error error;
		struct native_image n;
		struct verify_image image = {0};
		struct verifier v = {0};

		if (wasm_decode(&m, &error, bytes, size) ||
		    native_decode(&n, bytes + m.native.offset, m.native.size) ||
		    native_layout_init(&image.layout, &m))
			return 2;
		uint8_t *code = malloc(n.header.code_size);
		uint32_t *entries = malloc(4 * ((size_t)n.header.func_count + 1));

		memcpy(code, n.code, n.header.code_size);
		for (uint32_t i = 0; i <= n.header.func_count; i++)
			entries[i] = native_entry_offset(&n, i);
		qsort(entries, n.header.func_count, 4, u32_compare);
		image = (struct verify_image){.code = code,
					      .code_size = (uint32_t)n.header.code_size,
					      .rodata = n.rodata,
					      .rodata_size = (uint32_t)n.header.rodata_size,
					      .entries = entries,
					      .entry_count = n.header.func_count,
					      .module = &m,
					      .layout = image.layout,
					      .window_size = NATIVE_WINDOW_SIZE};
		if (verifier_init(&v, &image))
			return 2;
		if (g_ready) {
			uc_close(g_uc);
			g_ready = false;
		}
		for (unsigned long long k = 0; k < mutants; k++) {
			uint32_t f = (uint32_t)(next() % image.entry_count);
			uint32_t begin = entries[f], length = entries[f + 1] - begin;

			if (length > 1500)
				continue;
			mutate(code + begin, length);
			tried++;
			if (memcmp(code + begin, n.code + begin, length) == 0)
				unchanged++;
			else if (verify_function(&v, f).reason == VERIFY_OK) {
				accepted++;
				for (unsigned t = 0; t < 6; t++) {
					struct run r = {.image = &image,
							.begin = begin,
							.end = begin + length};

					if (t == 0 && !g_ready) {
						emulate(&r, code);
						memset(&r, 0, sizeof r);
						r = (struct run){.image = &image,
								 .begin = begin,
								 .end = begin + length};
						uint64_t ro =
							CODE + ((image.code_size + 4095) & ~4095u);

						uc_mem_write(g_uc, CODE, code, image.code_size);
						uc_mem_write(g_uc, ro, image.rodata,
							     image.rodata_size);
					}
					emulate(&r, code);
					ended += r.over;
					if (r.escape) {
						escapes++;
						if (escapes < 20)
							printf("ESCAPE %s: function %u at %x: %s "
							       "%llx, rip +%llx (mutant %llu)\n",
							       argv[a], f, begin, r.escape,
							       (unsigned long long)r.escape_at,
							       (unsigned long long)(r.escape_rip -
										    CODE - begin),
							       k);
						break;
					}
				}
			}
			memcpy(code + begin, n.code + begin, length);
		}
		verifier_fini(&v);
	}
	printf("%llu mutants, %llu unchanged, %llu accepted, %llu runs to an end, %llu escapes\n",
	       tried, unchanged, accepted, ended, escapes);
	return escapes != 0;
}
