/*
 * Compiling until it verifies.
 * Trust: what is decided here, the enclave decides again.
 * Invariant: a function's last code in struct unit_code has been verified.
 */
#include "compiler/prove.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/heap.h"

/* A unit in the making. */
struct proof {
	const struct compile_plan *plan;
	struct unit_request request;
	struct unit_code *code;
	bool *wanted;	  /* not verified yet */
	uint32_t refused; /* the first that is not, and why: */
	struct verify_result why;
	struct compile_error *error;
};

static bool prove_fail(struct compile_error *error, const char *text)
{
	snprintf(error->text, sizeof error->text, "%s", text);
	return false;
}

/* func: of the module; what: it, or what functions share. */
static bool prove_fail_refused(struct compile_error *error, const char *what, uint32_t func,
			       enum verify_reason reason, uint32_t offset)
{
	static const char *const words[] = {
#define REASON(name, words) words,
		VERIFY_REASONS(REASON)
#undef REASON
	};

	snprintf(error->text, sizeof error->text,
		 "%s %" PRIu32 " cannot be verified: %s at +0x%" PRIx32, what, func, words[reason],
		 offset);
	return false;
}

static struct verify_image proof_image(const struct compile_plan *plan, const struct linked *l)
{
	const bool window = plan->m->memory_count && !(plan->options->flags & NATIVE_CHECKED);

	return (struct verify_image){.code = l->code,
				     .code_size = (uint32_t)l->code_size,
				     .rodata = l->rodata,
				     .rodata_size = (uint32_t)l->rodata_size,
				     .entries = l->offsets,
				     .entry_count = l->func_count + l->routine_count,
				     .module = plan->m,
				     .layout = plan->layout,
				     .window_size = window ? NATIVE_WINDOW_SIZE : 0};
}

static void finder_free(struct finder *f)
{
	if (f)
		finder_fini(f);
	heap_free(f);
}

static struct finder *finder_new(const struct verify_image *image)
{
	struct finder *f = heap_alloc(sizeof *f);

	if (f && finder_init(f, image) != E_OK) {
		finder_free(f);
		return NULL;
	}
	return f;
}

/* Of those that are wanted, those that are refused stay so. */
static bool proof_verify(struct proof *p, struct finder *f, const struct linked *l)
{
	bool verified = true;

	for (uint32_t i = 0; i < p->request.count; i++) {
		if (!p->wanted[i])
			continue;
		struct verify_result r = finder_verdict(f, i);

		p->wanted[i] = r.reason != VERIFY_OK;
		if (!p->wanted[i])
			continue;
		if (verified) {
			p->refused = i;
			p->why = r;
			p->why.offset -= l->offsets[i];
		}
		verified = false;
	}
	return verified;
}

/* The unit alone is linked: where the others stand makes no difference. */
static bool proof_check(struct proof *p, bool *verified)
{
	struct link_object objects[UNIT_FORMS];
	struct linked l;

	if (!link_objects(&l, objects, prove_objects(p->code, objects), p->request.first,
			  p->request.count, true, p->error))
		return false;
	struct verify_image image = proof_image(p->plan, &l);
	struct finder *f = finder_new(&image);
	bool ok = f || prove_fail(p->error, "out of memory");

	if (ok)
		*verified = proof_verify(p, f, &l);
	finder_free(f);
	link_fini(&l);
	return ok;
}

/* One form after the other; where memory 0 is checked, there are no addresses to be masked. */
static bool proof_compile(struct proof *p)
{
	bool verified = p->plan->options->unverified;

	for (uint32_t form = UNIT_PLAIN; form < UNIT_FORMS; form++) {
		if ((form == UNIT_MASKED || form == UNIT_EXTENDED) &&
		    p->plan->options->flags & NATIVE_CHECKED)
			continue;
		p->request.form = (enum unit_form)form;
		if (!unit_compile(p->plan, &p->request, &p->code->objects[p->code->count],
				  p->error))
			return false;
		p->code->count++;
		if (!verified && !proof_check(p, &verified))
			return false;
		if (verified)
			return true;
	}
	return prove_fail_refused(p->error, "function", p->request.first + p->refused,
				  p->why.reason, p->why.offset);
}

bool prove_unit(const struct compile_plan *plan, uint32_t first, uint32_t count, int level,
		struct unit_code *code, struct compile_error *error)
{
	struct proof p = {.plan = plan, .code = code, .error = error};
	LLVMMemoryBufferRef passed = NULL;

	*code = (struct unit_code){0};
	p.wanted = heap_alloc_array(count, sizeof(*p.wanted));
	if (!p.wanted)
		return prove_fail(error, "out of memory");
	for (uint32_t i = 0; i < count; i++)
		p.wanted[i] = true;
	p.request = (struct unit_request){
		.first = first, .count = count, .level = level, .wanted = p.wanted};
	if (!plan->options->unverified)
		p.request.passed = &passed;
	bool ok = proof_compile(&p);

	if (passed)
		LLVMDisposeMemoryBuffer(passed);
	if (!ok)
		prove_fini(code);
	heap_free(p.wanted);
	return ok;
}

void prove_fini(struct unit_code *code)
{
	for (uint32_t i = 0; i < code->count; i++)
		LLVMDisposeMemoryBuffer(code->objects[i]);
	*code = (struct unit_code){0};
}

uint32_t prove_objects(const struct unit_code *code, struct link_object *objects)
{
	for (uint32_t i = 0; i < code->count; i++)
		objects[i] = (struct link_object){
			.bytes = (const uint8_t *)LLVMGetBufferStart(code->objects[i]),
			.size = LLVMGetBufferSize(code->objects[i])};
	return code->count;
}

static bool results_ok(const struct compile_plan *plan, const struct linked *l,
		       const struct verify_result *results, struct compile_error *error)
{
	for (uint32_t i = 0; i < l->func_count + l->routine_count; i++) {
		const struct verify_result *r = &results[i];
		bool routine = i >= l->func_count;

		if (r->reason != VERIFY_OK)
			return prove_fail_refused(error, routine ? "routine" : "function",
						  routine ? i - l->func_count
							  : i + plan->m->import_func_count,
						  r->reason, r->offset - l->offsets[i]);
	}
	return true;
}

bool prove_all(const struct compile_plan *plan, const struct linked *l, struct facts_buffer *facts,
	       struct compile_error *error)
{
	struct verify_image image = proof_image(plan, l);
	struct verify_result *results = heap_alloc_array(image.entry_count, sizeof(*results));
	struct finder *f = finder_new(&image);
	bool ok = (results && f && finder_find_all(f, facts, results) == E_OK) ||
		  prove_fail(error, "out of memory");

	ok = ok && results_ok(plan, l, results, error);
	finder_free(f);
	heap_free(results);
	return ok;
}
