/* Which features a module is said to use. */
#include "host/inspect_features.h"

#include "test/lib/check.h"
#include "test/lib/wasm_bytes.h"

#define I32  0x7f
#define V128 0x7b

/* The features of a valid module, with a space after each. */
static bool uses(const char *want, const uint8_t *bytes, size_t size)
{
	struct report r;
	struct wasm_error error;
	struct wasm_module m;
	char got[256] = "";
	json_t *name;
	size_t i;

	CHECK_EQ(wasm_decode(&m, &error, bytes, size), E_OK);
	CHECK_EQ(wasm_validate(&m, &error), E_OK);
	report_init(&r);
	inspect_features(&r, &m);
	json_array_foreach(json_object_get(r.root, "features"), i, name)(void) snprintf(
		got + strlen(got), sizeof(got) - strlen(got), "%s ", json_string_value(name));
	report_fini(&r);
	wasm_module_fini(&m);
	if (strcmp(got, want) != 0)
		printf("  %s, not %s\n", got, want);
	return strcmp(got, want) == 0;
}

#define USES(want, ...) CHECK(uses(want, BYTES(WASM_HEADER, __VA_ARGS__)))

/* A function without parameters and results, and its code. */
#define CODE_ONLY(...)                                                                             \
	SECTION_OF(TYPE, 1, 0x60, 0, 0), SECTION_OF(FUNC, 1, 0), CODE_OF(0, __VA_ARGS__, 0x0b)

TEST(instructions_tell_features)
{
	USES("", CODE_ONLY(0x01));
	USES("simd ", CODE_ONLY(0x41, 0, 0xfd, 0x0f, 0x1a));
	USES("simd relaxed-simd ", CODE_ONLY(0x00, 0xfd, 0x85, 0x02, 0x1a));
	USES("threads ", CODE_ONLY(0xfe, 3, 0));
	USES("exceptions ", CODE_ONLY(0x1f, 0x40, 0, 0x0b));
	USES("exceptions ", CODE_ONLY(0x00, 0x0a));
	USES("legacy-exceptions ", CODE_ONLY(0x06, 0x40, 0x0b));
	USES("legacy-exceptions ", CODE_ONLY(0x06, 0x40, 0x18, 0));
	USES("tail-calls ", CODE_ONLY(0x12, 0));
	USES("function-references ", CODE_ONLY(0x00, 0xd4, 0x1a));
	USES("function-references ", CODE_ONLY(0x00, 0x14, 0));
	USES("tail-calls function-references ", CODE_ONLY(0x00, 0x15, 0));
}

TEST(definitions_tell_features)
{
	USES("simd ", SECTION_OF(TYPE, 1, 0x60, 0, 1, V128));
	USES("exceptions ", SECTION_OF(TYPE, 1, 0x60, 1, 0x69, 0));
	USES("function-references ", SECTION_OF(TYPE, 1, 0x60, 1, 0x64, 0, 0));
	USES("", SECTION_OF(TYPE, 1, 0x60, 2, 0x70, 0x6f, 0));
	USES("multi-memory ", SECTION_OF(MEMORY, 2, 0, 1, 0, 1));
	USES("threads ", SECTION_OF(MEMORY, 1, 3, 1, 1));
	USES("exceptions ", SECTION_OF(GLOBAL, 1, 0x69, 0, 0xd0, 0x69, 0x0b));
	USES("function-references ", SECTION_OF(TABLE, 1, 0x73, 0, 1));
}

/* A tag belongs to the form that is used; to the newer one if none is. */
TEST(tags_belong_to_either_form)
{
	USES("exceptions ", SECTION_OF(TYPE, 1, 0x60, 0, 0), SECTION_OF(TAG, 1, 0, 0));
	USES("legacy-exceptions ", SECTION_OF(TYPE, 1, 0x60, 0, 0), SECTION_OF(FUNC, 1, 0),
	     SECTION_OF(TAG, 1, 0, 0), CODE_OF(0, 0x06, 0x40, 0x07, 0, 0x0b, 0x0b));
}

int main(void)
{
	RUN(instructions_tell_features);
	RUN(definitions_tell_features);
	RUN(tags_belong_to_either_form);
	return check_report();
}
