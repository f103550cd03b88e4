/* The SGX extension of PCK certificates, and DER: right ones, and each defect alone. */
#include <stdlib.h>
#include <string.h>

#include "attest/der.h"
#include "attest/pck.h"

#include "test/lib/check.h"
#include "test/lib/pki.h"

static struct pki_world g_world;
static struct pki_bytes g_bytes, g_part;
static struct attest_pck g_pck;

/* ---- DER --------------------------------------------------------------------------------------- */

static bool takes(const char *bytes, size_t size, size_t contents)
{
	struct reader r, value;

	reader_init(&r, bytes, size);
	value = der_take(&r, DER_OCTET_STRING);
	return reader_done(&r) && reader_ok(&value) && value.left == contents;
}

TEST(der_lengths_are_definite_and_shortest)
{
	static char large[0x10000 + 5] = {4};

	CHECK(takes("\x04\x00", 2, 0));
	CHECK(takes("\x04\x02xy", 4, 2));
	CHECK(!takes("\x04\x02x", 3, 2));
	CHECK(!takes("\x04\x02xyz", 5, 2));
	CHECK(!takes("\x05\x00", 2, 0));
	CHECK(!takes("\x04", 1, 0));
	CHECK(!takes("", 0, 0));
	CHECK(!takes("\x04\x81\x02xy", 5, 2)); /* one octet would do */
	CHECK(!takes("\x04\x82\x00\x02xy", 6, 2));
	CHECK(!takes("\x04\x80xy\0\0", 6, 2)); /* indefinite */
	CHECK(!takes("\x04\x80", 2, 0));
	CHECK(!takes("\x04\xff", 2, 0)); /* reserved */
	CHECK(!takes("\x04\x85\0\0\0\0\x02xy", 9, 2));
	CHECK(!takes("\x04\x88\xff\xff\xff\xff\xff\xff\xff\xff", 10, 0));
	CHECK(!takes("\x04\x84\xff\xff\xff\xff", 6, 0));
	memcpy(large + 1, "\x89\x01\0\0\0\0\0\0\0\x90", 10); /* more octets than a number has */
	CHECK(!takes(large, 11 + 0x90, 0x90));
	memcpy(large + 1, "\x81\x80", 2);
	CHECK(takes(large, 3 + 0x80, 0x80));
	memcpy(large + 1, "\x82\xff\xff", 3);
	CHECK(takes(large, 4 + 0xffff, 0xffff));
	memcpy(large + 1, "\x82\x00\xff", 3);
	CHECK(!takes(large, 4 + 0xff, 0xff));
	memcpy(large + 1, "\x83\x01\x00\x00", 4);
	CHECK(takes(large, 5 + 0x10000, 0x10000));
	memcpy(large + 1, "\x83\x00\xff\xff", 4);
	CHECK(!takes(large, 5 + 0xffff, 0xffff));
}

/* The number, or UINT32_MAX if there is none. */
static uint32_t number(const char *bytes, size_t size, uint32_t max)
{
	struct reader r;
	uint32_t n;

	reader_init(&r, bytes, size);
	n = der_unsigned(&r, DER_INTEGER, max);
	return reader_done(&r) ? n : UINT32_MAX;
}

TEST(der_numbers_are_shortest_and_not_negative)
{
	CHECK_EQ(number("\x02\x01\x00", 3, 255), 0);
	CHECK_EQ(number("\x02\x01\x7f", 3, 255), 127);
	CHECK_EQ(number("\x02\x02\x00\xd9", 4, 255), 0xd9);
	CHECK_EQ(number("\x02\x02\x01\x00", 4, 255), UINT32_MAX); /* too large */
	CHECK_EQ(number("\x02\x02\x01\x00", 4, 256), 256);
	CHECK_EQ(number("\x02\x03\x00\xff\xff", 5, 65535), 65535);
	CHECK_EQ(number("\x02\x03\x01\x00\x00", 5, 65535), UINT32_MAX);
	CHECK_EQ(number("\x02\x01\x80", 3, 255), UINT32_MAX);	  /* negative */
	CHECK_EQ(number("\x02\x02\x00\x7f", 4, 255), UINT32_MAX); /* one octet would do */
	CHECK_EQ(number("\x02\x00", 2, 255), UINT32_MAX);
	CHECK_EQ(number("\x02\x05\x01\x00\x00\x00\x00", 7, UINT32_MAX - 1), UINT32_MAX);
	CHECK_EQ(number("\x02\x09\x00\xff\xff\xff\xff\xff\xff\xff\xff", 11, 255), UINT32_MAX);
	CHECK_EQ(number("\x0a\x01\x00", 3, 255), UINT32_MAX);
}

TEST(der_booleans_are_0_or_255)
{
	static const char *const bytes[] = {"\x01\x01\xff", "\x01\x01\x00", "\x01\x01\x01",
					    "\x01\x02\xff\xff", "\x02\x01\xff"};

	for (size_t i = 0; i < COUNT_OF(bytes); i++) {
		struct reader r;
		bool b;

		reader_init(&r, bytes[i], i == 3 ? 4 : 3);
		b = der_boolean(&r);
		CHECK_EQ(reader_done(&r), i < 2);
		CHECK(i >= 2 || b == (i == 0));
	}
}

TEST(der_octets_have_their_size)
{
	uint8_t out[2] = {9, 9};
	struct reader r;

	reader_init(&r, "\x04\x02xy", 4);
	der_octets(&r, out, 2);
	CHECK(reader_done(&r) && memcmp(out, "xy", 2) == 0);
	reader_init(&r, "\x04\x03xyz", 5);
	der_octets(&r, out, 2);
	CHECK(!reader_ok(&r) && out[0] == 0);
	reader_init(&r, "\x04\x01x", 3);
	der_octets(&r, out, 2);
	CHECK(!reader_ok(&r) && out[0] == 0);
}

/* ---- the extension ----------------------------------------------------------------------------- */

/* Decodes what is in g_bytes from a buffer that ends where it ends. */
static enum attest_rule decode(void)
{
	uint8_t *copy = malloc(g_bytes.size ? g_bytes.size : 1);
	enum attest_rule rule;

	if (!copy)
		abort();
	memcpy(copy, g_bytes.p, g_bytes.size);
	rule = pck_decode_extension(&g_pck, copy, g_bytes.size);
	free(copy);
	return rule;
}

static void make(void)
{
	g_bytes.size = 0;
	pki_pck_contents(&g_bytes, &g_world.pck);
}

/* Where the bytes stand in g_bytes; at the first, or a later one. */
static uint8_t *find(const void *bytes, size_t size, unsigned skip)
{
	for (size_t i = 0; i + size <= g_bytes.size; i++) {
		if (memcmp(g_bytes.p + i, bytes, size) == 0 && skip-- == 0)
			return g_bytes.p + i;
	}
	abort();
}

/* The last octets of a field's OID, with the length before it, and what follows. */
static uint8_t *find_field(uint8_t a, uint8_t b)
{
	uint8_t oid[13] = {6, 10, 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 1, 0x0d, 1, a, b};

	if (b)
		oid[1] = 11;
	return find(oid, b ? 13 : 12, 0);
}

TEST(pck_is_taken_apart)
{
	make();
	CHECK_EQ(decode(), ATTEST_OK);
	CHECK(memcmp(&g_pck, &g_world.pck, sizeof g_pck) == 0);
	CHECK_EQ(g_pck.components[3], 0xd9);
	pki_world_der(&g_bytes, &g_world, PKI_LEAF);
	struct x509_certificate leaf;

	CHECK_EQ(x509_decode(&leaf, g_bytes.p, g_bytes.size), ATTEST_OK);
	CHECK_EQ(pck_decode(&g_pck, &leaf), ATTEST_OK);
	CHECK(memcmp(&g_pck, &g_world.pck, sizeof g_pck) == 0);
}

TEST(pck_of_a_processor_has_five_fields)
{
	pki_world(&g_world);
	memset(g_world.pck.instance, 0, sizeof g_world.pck.instance);
	g_world.pck.has_instance = g_world.pck.has_configuration = false;
	g_world.pck.cached_keys = false;
	g_world.pck.pcesvn = 65535;
	g_world.pck.type = PCK_STANDARD;
	memset(g_world.pck.components, 255, sizeof g_world.pck.components);
	make();
	CHECK_EQ(decode(), ATTEST_OK);
	CHECK(memcmp(&g_pck, &g_world.pck, sizeof g_pck) == 0);
	pki_world(&g_world);
}

TEST(pck_without_the_extension_is_none)
{
	struct x509_certificate c;

	pki_world_der(&g_bytes, &g_world, PKI_SIGNER);
	CHECK_EQ(x509_decode(&c, g_bytes.p, g_bytes.size), ATTEST_OK);
	CHECK_EQ(pck_decode(&g_pck, &c), ATTEST_PCK_EXTENSION);
}

TEST(pck_refuses_every_truncation)
{
	make();
	for (size_t size = g_bytes.size; size-- > 0;) {
		g_bytes.size = size;
		CHECK_EQ(decode(), ATTEST_PCK_FORM);
	}
}

TEST(pck_refuses_what_is_behind_it)
{
	make();
	pki_put(&g_bytes, "\0", 1);
	CHECK_EQ(decode(), ATTEST_PCK_FORM);
}

/* Each length octet of the whole is another one by one. */
TEST(pck_refuses_lengths_that_are_off_by_one)
{
	static const uint8_t tags[] = {DER_SEQUENCE, DER_OID,	     DER_OCTET_STRING,
				       DER_INTEGER,  DER_ENUMERATED, DER_BOOLEAN};
	size_t count = 0;

	make();
	for (size_t i = 0; i + 1 < g_bytes.size; i++) {
		/* what looks like a tag and is followed by a short length; the octets of OIDs are skipped */
		if (!memchr(tags, g_bytes.p[i], sizeof tags) || g_bytes.p[i + 1] > 0x7e)
			continue;
		for (int by = -1; by <= 1; by += 2) {
			enum attest_rule rule;

			g_bytes.p[i + 1] = (uint8_t)(g_bytes.p[i + 1] + by);
			rule = decode();
			/* inside of numbers and octets it is another value */
			if (rule == ATTEST_OK)
				CHECK(memcmp(&g_pck, &g_world.pck, sizeof g_pck) != 0);
			else
				count++;
			g_bytes.p[i + 1] = (uint8_t)(g_bytes.p[i + 1] - by);
		}
	}
	CHECK(count > 100);
}

TEST(pck_refuses_lengths_without_end)
{
	make();
	g_bytes.p[1] = 0x80; /* of the whole */
	CHECK_EQ(decode(), ATTEST_PCK_FORM);
	make();
	g_bytes.p[1] = 0x84;
	memset(g_bytes.p + 2, 0xff, 4);
	CHECK_EQ(decode(), ATTEST_PCK_FORM);
	make();
	find_field(1, 0)[13] = 0x80; /* of the PPID */
	CHECK_EQ(decode(), ATTEST_PCK_FORM);
	make();
	find_field(2, 5)[14] = 0xff; /* of a component */
	CHECK_EQ(decode(), ATTEST_PCK_FORM);
}

TEST(pck_refuses_values_of_another_kind)
{
	make();
	find_field(1, 0)[0] = DER_OCTET_STRING; /* in the place of the OID */
	CHECK_EQ(decode(), ATTEST_PCK_FORM);
	make();
	find_field(1, 0)[12] = DER_UTF8_STRING;
	CHECK_EQ(decode(), ATTEST_PCK_FORM);
	make();
	find_field(2, 1)[13] = DER_ENUMERATED;
	CHECK_EQ(decode(), ATTEST_PCK_FORM);
	make();
	find_field(2, 1)[15] = 0x85; /* a negative component */
	CHECK_EQ(decode(), ATTEST_PCK_FORM);
	make();
	find_field(2, 4)[15] = 1; /* 01 D9 is more than an octet */
	CHECK_EQ(decode(), ATTEST_PCK_FORM);
	make();
	find_field(7, 2)[15] = 1; /* neither true nor false */
	CHECK_EQ(decode(), ATTEST_PCK_FORM);
	make();
	find_field(2, 0)[12] = DER_SET;
	CHECK_EQ(decode(), ATTEST_PCK_FORM);
}

TEST(pck_refuses_fields_that_are_not_known)
{
	make();
	find_field(6, 0)[11] = 8;
	CHECK_EQ(decode(), ATTEST_PCK_FIELD);
	make();
	find_field(4, 0)[11] = 0;
	CHECK_EQ(decode(), ATTEST_PCK_FIELD);
	make();
	find_field(3, 0)[10] = 2; /* not below the extension */
	CHECK_EQ(decode(), ATTEST_PCK_FIELD);
	make();
	find_field(2, 18)[12] = 19;
	CHECK_EQ(decode(), ATTEST_PCK_FIELD);
	make();
	find_field(2, 7)[11] = 3; /* of another list */
	CHECK_EQ(decode(), ATTEST_PCK_FIELD);
	make();
	find_field(7, 3)[12] = 4;
	CHECK_EQ(decode(), ATTEST_PCK_FIELD);
}

/* A field with the OID of another one, which has the same kind of value. */
TEST(pck_fields_stand_once)
{
	make();
	find_field(2, 16)[12] = 1;
	CHECK_EQ(decode(), ATTEST_PCK_ONCE);
	make();
	find_field(7, 3)[12] = 1;
	CHECK_EQ(decode(), ATTEST_PCK_ONCE);
	make();
	find_field(6, 0)[11] = 1;
	CHECK_EQ(decode(), ATTEST_PCK_ONCE);
}

/* The extension with one of its outermost fields left out, by its place. */
static void make_without(size_t place)
{
	struct reader all, list;
	size_t begin;

	make();
	reader_init(&all, g_bytes.p, g_bytes.size);
	list = der_take(&all, DER_SEQUENCE);
	g_part.size = 0;
	begin = pki_begin(&g_part, DER_SEQUENCE);
	for (size_t i = 0; list.left > 0; i++) {
		const uint8_t *field = list.p;

		(void)der_take(&list, DER_SEQUENCE);
		if (i != place)
			pki_put(&g_part, field, (size_t)(list.p - field));
	}
	pki_end(&g_part, begin);
	g_bytes.size = 0;
	pki_put(&g_bytes, g_part.p, g_part.size);
}

TEST(pck_has_all_its_fields)
{
	for (size_t i = 0; i < 5; i++) {
		make_without(i);
		CHECK_EQ(decode(), ATTEST_PCK_ALL);
	}
	make_without(5);
	CHECK_EQ(decode(), ATTEST_OK);
	CHECK(!g_pck.has_instance && g_pck.has_configuration);
	make_without(6);
	CHECK_EQ(decode(), ATTEST_OK);
	CHECK(g_pck.has_instance && !g_pck.has_configuration);
	g_bytes.size = 0;
	pki_put(&g_bytes, "\x30\x00", 2);
	CHECK_EQ(decode(), ATTEST_PCK_ALL);
}

/* All fields but one component. */
TEST(pck_has_all_its_components)
{
	size_t whole, field, list;

	g_bytes.size = 0;
	whole = pki_begin(&g_bytes, DER_SEQUENCE);
	field = pki_begin(&g_bytes, DER_SEQUENCE);
	pki_put(&g_bytes, "\x06\x0a\x2a\x86\x48\x86\xf8\x4d\x01\x0d\x01\x02", 12);
	list = pki_begin(&g_bytes, DER_SEQUENCE);
	for (char i = 1; i <= 15; i++) {
		pki_put(&g_bytes, "\x30\x10\x06\x0b\x2a\x86\x48\x86\xf8\x4d\x01\x0d\x01\x02", 14);
		pki_put(&g_bytes, &i, 1);
		pki_put(&g_bytes, "\x02\x01\x05", 3);
	}
	pki_end(&g_bytes, list);
	pki_end(&g_bytes, field);
	pki_end(&g_bytes, whole);
	CHECK_EQ(decode(), ATTEST_PCK_ALL);
}

TEST(pck_type_is_known)
{
	make();
	for (uint8_t type = 0; type < 128; type++) {
		find_field(5, 0)[14] = type;
		CHECK_EQ(decode(), type <= 2 ? ATTEST_OK : ATTEST_PCK_TYPE);
	}
	find_field(5, 0)[14] = 0x81;
	CHECK_EQ(decode(), ATTEST_PCK_FORM);
}

int main(void)
{
	pki_world(&g_world);
	RUN(der_lengths_are_definite_and_shortest);
	RUN(der_numbers_are_shortest_and_not_negative);
	RUN(der_booleans_are_0_or_255);
	RUN(der_octets_have_their_size);
	RUN(pck_is_taken_apart);
	RUN(pck_of_a_processor_has_five_fields);
	RUN(pck_without_the_extension_is_none);
	RUN(pck_refuses_every_truncation);
	RUN(pck_refuses_what_is_behind_it);
	RUN(pck_refuses_lengths_that_are_off_by_one);
	RUN(pck_refuses_lengths_without_end);
	RUN(pck_refuses_values_of_another_kind);
	RUN(pck_refuses_fields_that_are_not_known);
	RUN(pck_fields_stand_once);
	RUN(pck_has_all_its_fields);
	RUN(pck_has_all_its_components);
	RUN(pck_type_is_known);
	return check_report();
}
