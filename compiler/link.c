/*
 * A linker for what our own code generator emits.
 * Trust: the objects come from LLVM in this process; every bound is checked all the same.
 * Invariant: the code is functions in the order of their indices, then the routines that they share, those
 * without relocations once; at least one HLT stands behind each.
 */
#include "compiler/link.h"

#include <elf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/heap.h"

#define RODATA_ALIGN_MAX 4096u

enum place_kind {
	PLACE_NONE,
	PLACE_FUNC,
	PLACE_ROUTINE,
	PLACE_SAME, /* as a routine that has its place: its bytes are there already */
	PLACE_RODATA
};

/* Where a section of an object goes. */
struct place {
	enum place_kind kind;
	bool relocated;	  /* there are relocations in it */
	uint32_t func;	  /* PLACE_FUNC */
	uint64_t address; /* the code begins at 0, the read-only data at a page behind it */
};

struct object {
	const struct link_object *in;
	Elf64_Ehdr header;
	struct place *places; /* of each section */
};

/* A section of an object. */
struct part {
	struct object *object; /* NULL: none */
	uint32_t section;
};

struct linker {
	struct linked *out;
	struct object *objects;
	uint32_t object_count;
	uint32_t first, func_count;
	struct part *funcs;    /* of each function its code */
	struct part *routines; /* that are placed; room for all */
	uint32_t routine_count;
	bool alone;
	uint64_t stub; /* alone: where functions are that are not here */
	uint64_t rodata_base;
	struct compile_error *error;
};

/* ---- reading ----------------------------------------------------------------------------------
 */

PRINTF_LIKE(2, 3) static bool link_fail(struct linker *l, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(l->error->text, sizeof l->error->text, format, args);
	va_end(args);
	return false;
}

static bool object_copy(const struct object *o, void *out, uint64_t offset, size_t size)
{
	if (!range_inside(offset, size, o->in->size))
		return false;
	memcpy(out, o->in->bytes + offset, size);
	return true;
}

static bool object_section(const struct object *o, uint64_t index, Elf64_Shdr *out)
{
	return index < o->header.e_shnum &&
	       object_copy(o, out, o->header.e_shoff + index * sizeof(*out), sizeof(*out));
}

/* A name in a section of strings; NULL: it is not in there with its end. */
static const char *object_string(const struct object *o, uint64_t section, uint64_t offset)
{
	Elf64_Shdr s;

	if (!object_section(o, section, &s) || !range_inside(s.sh_offset, s.sh_size, o->in->size) ||
	    offset >= s.sh_size)
		return NULL;
	const char *p = (const char *)o->in->bytes + s.sh_offset + offset;

	return memchr(p, 0, s.sh_size - offset) ? p : NULL;
}

static bool object_open(struct linker *l, struct object *o)
{
	static const uint8_t magic[] = {ELFMAG0,    ELFMAG1,	 ELFMAG2,   ELFMAG3,
					ELFCLASS64, ELFDATA2LSB, EV_CURRENT};
	const Elf64_Ehdr *h = &o->header;

	if (!object_copy(o, &o->header, 0, sizeof(o->header)) ||
	    memcmp(h->e_ident, magic, sizeof magic) != 0 || h->e_type != ET_REL ||
	    h->e_machine != EM_X86_64 || h->e_shentsize != sizeof(Elf64_Shdr) ||
	    !range_inside(h->e_shoff, (uint64_t)h->e_shnum * sizeof(Elf64_Shdr), o->in->size))
		return link_fail(l, "the code generator made no object that can be linked");
	o->places = heap_alloc_array(h->e_shnum, sizeof(*o->places));
	return o->places || link_fail(l, "out of memory");
}

/* The function whose symbol this is; false: none that is linked. */
static bool func_of_symbol(const struct linker *l, const char *name, uint32_t *func)
{
	uint64_t n = 0;

	if (name[0] != 'f' || name[1] == 0)
		return false;
	for (const char *p = name + 1; *p; p++) {
		if (*p < '0' || *p > '9' || n > UINT32_MAX)
			return false;
		n = n * 10 + (uint64_t)(*p - '0');
	}
	if (n < l->first || n - l->first >= l->func_count)
		return false;
	*func = (uint32_t)n;
	return true;
}

/* ---- what there is ----------------------------------------------------------------------------
 */

/* The code of a function, in the place of what an earlier object had. */
static bool func_take(struct linker *l, struct object *o, uint32_t section)
{
	struct part *part = &l->funcs[o->places[section].func - l->first];

	if (part->object == o)
		return link_fail(l, "function %u has code twice", o->places[section].func);
	if (part->object)
		part->object->places[part->section].kind = PLACE_NONE;
	*part = (struct part){o, section};
	o->places[section].kind = PLACE_FUNC;
	return true;
}

static void routine_take(struct linker *l, struct object *o, uint32_t section)
{
	l->routines[l->routine_count++] = (struct part){o, section};
	o->places[section].kind = PLACE_ROUTINE;
}

static bool section_sort(struct linker *l, struct object *o, uint64_t index)
{
	struct place *place = &o->places[index];
	Elf64_Shdr s;

	if (!object_section(o, index, &s))
		return link_fail(l, "a section lies outside its object");
	if (!(s.sh_flags & SHF_ALLOC) || s.sh_size == 0)
		return true;
	const char *name = object_string(o, o->header.e_shstrndx, s.sh_name);

	if (!name)
		return link_fail(l, "a section has no name");
	if (s.sh_type != SHT_PROGBITS || s.sh_flags & (SHF_WRITE | SHF_TLS) ||
	    !range_inside(s.sh_offset, s.sh_size, o->in->size))
		return link_fail(l, "the code generator made a section %s, which cannot be linked",
				 name);
	if (s.sh_addralign > RODATA_ALIGN_MAX || s.sh_addralign & (s.sh_addralign - 1))
		return link_fail(l, "section %s has a strange alignment", name);
	if (!(s.sh_flags & SHF_EXECINSTR))
		place->kind = PLACE_RODATA;
	else if (name[0] == '.' && func_of_symbol(l, name + 1, &place->func))
		return func_take(l, o, (uint32_t)index);
	else
		routine_take(l, o, (uint32_t)index);
	return true;
}

/* Sections that have relocations are told. */
static bool object_sort(struct linker *l, struct object *o)
{
	Elf64_Shdr s;

	for (uint64_t i = 1; i < o->header.e_shnum; i++) {
		if (!section_sort(l, o, i))
			return false;
		if (object_section(o, i, &s) && s.sh_type == SHT_RELA &&
		    s.sh_info < o->header.e_shnum)
			o->places[s.sh_info].relocated = true;
	}
	return true;
}

/* ---- where it goes ----------------------------------------------------------------------------
 */

/* The next place of `size` bytes in a block that ends at *end. */
static bool place_take(struct linker *l, uint64_t *end, uint64_t size, uint64_t align,
		       uint64_t *address)
{
	align = align < NATIVE_CODE_ALIGN ? NATIVE_CODE_ALIGN : align;
	*address = (*end + align - 1) & ~(align - 1);
	if (size > NATIVE_CODE_MAX || *address + size > NATIVE_CODE_MAX)
		return link_fail(l, "there is more code than native code may have");
	*end = *address + size;
	return true;
}

static bool section_place(struct linker *l, struct object *o, uint64_t index, uint64_t *end)
{
	Elf64_Shdr s;

	return object_section(o, index, &s) &&
	       place_take(l, end, s.sh_size, s.sh_addralign, &o->places[index].address);
}

/* Code, with HLT behind it. */
static bool part_place(struct linker *l, const struct part *part, uint64_t *end, uint32_t *offset)
{
	if (!section_place(l, part->object, part->section, end))
		return false;
	*offset = (uint32_t)part->object->places[part->section].address;
	*end += 1;
	return true;
}

static bool part_equal(const struct part *a, const struct part *b)
{
	Elf64_Shdr s, t;

	return !a->object->places[a->section].relocated &&
	       !b->object->places[b->section].relocated &&
	       object_section(a->object, a->section, &s) &&
	       object_section(b->object, b->section, &t) && s.sh_size == t.sh_size &&
	       memcmp(a->object->in->bytes + s.sh_offset, b->object->in->bytes + t.sh_offset,
		      s.sh_size) == 0;
}

/* Is there one like it that has its place? */
static bool routine_is_placed(const struct linker *l, const struct part *part, uint32_t placed)
{
	for (uint32_t i = 0; i < placed; i++) {
		const struct part *p = &l->routines[i];

		if (!part_equal(p, part))
			continue;
		part->object->places[part->section].kind = PLACE_SAME;
		part->object->places[part->section].address = p->object->places[p->section].address;
		return true;
	}
	return false;
}

static bool link_place_routines(struct linker *l, uint64_t *end)
{
	uint32_t placed = 0;

	for (uint32_t i = 0; i < l->routine_count; i++) {
		const struct part part = l->routines[i];

		if (routine_is_placed(l, &part, placed))
			continue;
		l->routines[placed] = part;
		if (!part_place(l, &part, end, &l->out->offsets[l->func_count + placed]))
			return false;
		placed++;
	}
	l->routine_count = placed;
	return true;
}

static bool link_place_code(struct linker *l, uint64_t *end)
{
	for (uint32_t i = 0; i < l->func_count; i++) {
		if (!l->funcs[i].object)
			return link_fail(l, "function %u has no code", l->first + i);
		if (!part_place(l, &l->funcs[i], end, &l->out->offsets[i]))
			return false;
	}
	return link_place_routines(l, end);
}

static uint64_t link_align(uint64_t at, uint64_t align)
{
	return (at + align - 1) & ~(align - 1);
}

static void link_place_stub(struct linker *l, uint64_t *end)
{
	l->stub = *end;
	l->out->offsets[l->func_count + l->routine_count++] = (uint32_t)l->stub;
	*end += NATIVE_CODE_ALIGN;
}

static bool link_place(struct linker *l)
{
	struct linked *out = l->out;
	uint64_t end = 0;

	if (!link_place_code(l, &end))
		return false;
	end = link_align(end, NATIVE_CODE_ALIGN);
	if (l->alone)
		link_place_stub(l, &end);
	out->routine_count = l->routine_count;
	out->code_size = end;
	out->offsets[l->func_count + l->routine_count] = (uint32_t)end;
	l->rodata_base = link_align(end, NATIVE_PAGE);
	end = 0;
	for (uint32_t i = 0; i < l->object_count; i++)
		for (uint64_t k = 1; k < l->objects[i].header.e_shnum; k++)
			if (l->objects[i].places[k].kind == PLACE_RODATA &&
			    !section_place(l, &l->objects[i], k, &end))
				return false;
	out->rodata_size = end;
	return true;
}

/* ---- relocations ------------------------------------------------------------------------------
 */

static uint64_t place_address(const struct linker *l, const struct place *p)
{
	return p->address + (p->kind == PLACE_RODATA ? l->rodata_base : 0);
}

/* The bytes of a section in what is linked. */
static uint8_t *place_bytes(const struct linker *l, const struct place *p)
{
	return (p->kind == PLACE_RODATA ? l->out->rodata : l->out->code) + p->address;
}

static bool func_address(const struct linker *l, const char *name, uint64_t *address)
{
	uint32_t func;

	if (func_of_symbol(l, name, &func))
		*address = l->out->offsets[func - l->first];
	else if (l->alone)
		*address = l->stub;
	else
		return false;
	return true;
}

/* *gone: it is in the code of a function that has other code now. */
static bool symbol_address(struct linker *l, const struct object *o, const Elf64_Shdr *symbols,
			   uint64_t index, uint64_t *address, bool *gone)
{
	Elf64_Sym s;

	*gone = false;
	if (index >= symbols->sh_size / sizeof(s) ||
	    !object_copy(o, &s, symbols->sh_offset + index * sizeof(s), sizeof(s)))
		return link_fail(l, "a relocation has no symbol");
	const char *name = object_string(o, symbols->sh_link, s.st_name);

	bool here = s.st_shndx != SHN_UNDEF && s.st_shndx < o->header.e_shnum;

	if (here && o->places[s.st_shndx].kind != PLACE_NONE) {
		*address = place_address(l, &o->places[s.st_shndx]) + s.st_value;
		return true;
	}
	*gone = here && ELF64_ST_TYPE(s.st_info) != STT_FUNC;
	return *gone || (name && func_address(l, name, address)) ||
	       link_fail(l, "the code refers to %s, which native code does not have",
			 name && *name ? name : "something");
}

/* S + A - P, in 4 or 8 bytes. */
static bool relocation_write(struct linker *l, uint8_t *p, size_t left, uint32_t type,
			     int64_t value)
{
	int32_t narrow = (int32_t)value;

	switch (type) {
	case R_X86_64_PC32:
	case R_X86_64_PLT32:
		if (left < sizeof narrow || narrow != value)
			return link_fail(l, "a relocation does not reach");
		memcpy(p, &narrow, sizeof narrow);
		return true;
	case R_X86_64_PC64:
		if (left < sizeof value)
			return link_fail(l, "a relocation does not reach");
		memcpy(p, &value, sizeof value);
		return true;
	default:
		return link_fail(l, "the code has a relocation of type %u, which cannot be linked",
				 type);
	}
}

static bool relocation_apply(struct linker *l, const struct object *o, const struct place *place,
			     uint64_t size, const Elf64_Shdr *symbols, const Elf64_Rela *r)
{
	uint64_t target = 0;
	bool gone;

	if (!symbol_address(l, o, symbols, ELF64_R_SYM(r->r_info), &target, &gone))
		return false;
	if (r->r_offset >= size)
		return link_fail(l, "a relocation lies outside its section");
	if (gone) /* a jump table that nothing uses any more */
		return place->kind == PLACE_RODATA ||
		       link_fail(l, "the code refers to what native code does not have");
	uint64_t value = target + (uint64_t)r->r_addend - place_address(l, place) - r->r_offset;

	return relocation_write(l, place_bytes(l, place) + r->r_offset, size - r->r_offset,
				(uint32_t)ELF64_R_TYPE(r->r_info), (int64_t)value);
}

static bool relocations_apply(struct linker *l, const struct object *o, const Elf64_Shdr *list)
{
	Elf64_Shdr symbols, section;
	Elf64_Rela r;

	if (!object_section(o, list->sh_info, &section) ||
	    !object_section(o, list->sh_link, &symbols))
		return link_fail(l, "relocations of no section");
	const struct place *place = &o->places[list->sh_info]; /* object_section has looked */

	if (place->kind == PLACE_NONE || place->kind == PLACE_SAME)
		return true;
	for (uint64_t at = 0; at + sizeof(r) <= list->sh_size; at += sizeof(r)) {
		if (!object_copy(o, &r, list->sh_offset + at, sizeof(r)))
			return link_fail(l, "relocations lie outside their object");
		if (!relocation_apply(l, o, place, section.sh_size, &symbols, &r))
			return false;
	}
	return true;
}

static bool object_relocate(struct linker *l, const struct object *o)
{
	Elf64_Shdr s;

	for (uint64_t i = 1; i < o->header.e_shnum; i++) {
		if (!object_section(o, i, &s))
			return link_fail(l, "a section lies outside its object");
		if (s.sh_type == SHT_REL)
			return link_fail(l, "relocations without addends");
		if (s.sh_type == SHT_RELA && !relocations_apply(l, o, &s))
			return false;
	}
	return true;
}

/* ---- all together -----------------------------------------------------------------------------
 */

static bool object_fill(struct linker *l, const struct object *o)
{
	Elf64_Shdr s;

	for (uint64_t i = 1; i < o->header.e_shnum; i++) {
		if (o->places[i].kind == PLACE_NONE || o->places[i].kind == PLACE_SAME)
			continue;
		if (!object_section(o, i, &s))
			return link_fail(l, "a section lies outside its object");
		if (!object_copy(o, place_bytes(l, &o->places[i]), s.sh_offset, s.sh_size))
			return link_fail(l, "a section lies outside its object");
	}
	return true;
}

static bool link_fill(struct linker *l)
{
	struct linked *out = l->out;

	out->code = heap_alloc(out->code_size);
	out->rodata = heap_alloc(out->rodata_size);
	if (!out->code || !out->rodata)
		return link_fail(l, "out of memory");
	memset(out->code, NATIVE_PADDING, out->code_size);
	for (uint32_t i = 0; i < l->object_count; i++)
		if (!object_fill(l, &l->objects[i]) || !object_relocate(l, &l->objects[i]))
			return false;
	return true;
}

static bool link_open(struct linker *l, const struct link_object *objects)
{
	uint32_t sections = 0;

	for (uint32_t i = 0; i < l->object_count; i++) {
		l->objects[i].in = &objects[i];
		if (!object_open(l, &l->objects[i]))
			return false;
		sections += l->objects[i].header.e_shnum;
	}
	l->routines = heap_alloc_array(sections, sizeof(*l->routines));
	l->out->offsets =
		heap_alloc_array((size_t)l->func_count + sections + 2, sizeof(*l->out->offsets));
	return (l->routines && l->out->offsets) || link_fail(l, "out of memory");
}

static bool link_all(struct linker *l, const struct link_object *objects)
{
	if (!link_open(l, objects))
		return false;
	for (uint32_t i = 0; i < l->object_count; i++)
		if (!object_sort(l, &l->objects[i]))
			return false;
	return link_place(l) && link_fill(l);
}

bool link_objects(struct linked *out, const struct link_object *objects, uint32_t object_count,
		  uint32_t first, uint32_t func_count, bool alone, struct compile_error *error)
{
	struct linker l = {.out = out,
			   .object_count = object_count,
			   .first = first,
			   .func_count = func_count,
			   .alone = alone,
			   .error = error};

	*out = (struct linked){.func_count = func_count};
	l.funcs = heap_alloc_array(func_count, sizeof(*l.funcs));
	l.objects = heap_alloc_array(object_count, sizeof(*l.objects));
	bool ok = l.funcs && l.objects ? link_all(&l, objects) : link_fail(&l, "out of memory");

	for (uint32_t i = 0; l.objects && i < object_count; i++)
		heap_free(l.objects[i].places);
	heap_free(l.objects);
	heap_free(l.funcs);
	heap_free(l.routines);
	if (!ok)
		link_fini(out);
	return ok;
}

void link_fini(struct linked *l)
{
	heap_free(l->code);
	heap_free(l->rodata);
	heap_free(l->offsets);
	*l = (struct linked){0};
}
