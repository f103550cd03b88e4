/* channel/: claims, tagged evidence and the CBOR below them: one encoding, and nothing else accepted. */
#include "base/cc.h"
#include "base/reader.h"
#include "channel/cbor.h"
#include "channel/evidence.h"
#include "channel/identity.h"
#include "crypto/sha256.h"

#include "test/lib/check.h"
#include "test/lib/hex.h"

/* A channel's claims with a nonce of 4 bytes, byte by byte: written down from RFC 8949, not by us. */
static const char g_channel_hex[] =
	"a4"
	"656e6f6e6365"				 /* "nonce" */
	"4401020304"				 /* 4 bytes */
	"66646f6d61696e"			 /* "domain" */
	"7272657477696e652e6368616e6e656c2e7631" /* "retwine.channel.v1" */
	"6b7075626b65792d68617368"		 /* "pubkey-hash" */
	"5824"					 /* 36 bytes: */
	"82015820"				 /* [1, 32 bytes] */
	"3333333333333333333333333333333333333333333333333333333333333333"
	"6d6c61756e63682d646967657374" /* "launch-digest" */
	"5820"
	"1111111111111111111111111111111111111111111111111111111111111111";

static struct identity channel_identity(void)
{
	struct identity id = {.domain = IDENTITY_CHANNEL, .nonce_size = 4, .nonce = {1, 2, 3, 4}};

	memset(id.key_hash, 0x33, sizeof id.key_hash);
	memset(id.launch_digest, 0x11, sizeof id.launch_digest);
	return id;
}

static struct identity guest_identity(void)
{
	struct identity id = {.domain = IDENTITY_GUEST, .has_program_digest = true};

	memset(id.user_data, 0x44, sizeof id.user_data);
	memset(id.launch_digest, 0x11, sizeof id.launch_digest);
	memset(id.program_digest, 0x55, sizeof id.program_digest);
	return id;
}

static size_t claims_of(uint8_t out[IDENTITY_CLAIMS_MAX], const struct identity *id)
{
	struct writer w;

	writer_init(&w, out, IDENTITY_CLAIMS_MAX);
	CHECK_EQ(identity_claims(&w, id), E_OK);
	CHECK(writer_ok(&w));
	return w.len;
}

TEST(claims_are_what_is_documented)
{
	const struct identity id = channel_identity();
	uint8_t claims[IDENTITY_CLAIMS_MAX];

	CHECK(hex_equal(claims, claims_of(claims, &id), g_channel_hex));
}

TEST(claims_come_back)
{
	const struct identity all[] = {channel_identity(), guest_identity()};

	for (size_t i = 0; i < COUNT_OF(all); i++) {
		for (uint32_t nonce = 0; nonce <= IDENTITY_NONCE_MAX; nonce++) {
			struct identity id = all[i], back;
			uint8_t claims[IDENTITY_CLAIMS_MAX];

			memset(id.nonce, 0, sizeof id.nonce);
			memset(id.nonce, 7, nonce);
			id.nonce_size = nonce;
			const size_t size = claims_of(claims, &id);

			CHECK_EQ(identity_decode(&back, claims, size), E_OK);
			CHECK_EQ(back.domain, id.domain);
			CHECK_EQ(back.nonce_size, nonce);
			CHECK(memcmp(back.nonce, id.nonce, sizeof id.nonce) == 0);
			CHECK(memcmp(back.key_hash, id.key_hash, sizeof id.key_hash) == 0);
			CHECK(memcmp(back.user_data, id.user_data, sizeof id.user_data) == 0);
			CHECK(memcmp(back.launch_digest, id.launch_digest, 32) == 0);
			CHECK(memcmp(back.program_digest, id.program_digest, 32) == 0);
			CHECK_EQ(back.has_program_digest, id.has_program_digest);
		}
	}
}

TEST(claims_that_make_no_sense_are_not_written)
{
	uint8_t claims[IDENTITY_CLAIMS_MAX];
	struct identity id = channel_identity();
	struct writer w;

	writer_init(&w, claims, sizeof claims);
	id.nonce_size = IDENTITY_NONCE_MAX + 1;
	CHECK_EQ(identity_claims(&w, &id), E_INVALID);
	id = channel_identity();
	id.domain = IDENTITY_FOREIGN;
	CHECK_EQ(identity_claims(&w, &id), E_INVALID);
	id.domain = (enum identity_domain)3;
	CHECK_EQ(identity_claims(&w, &id), E_INVALID);
	CHECK_EQ(w.len, 0);
}

/* Whatever a guest says, its claims begin otherwise than any of a channel; so do their hashes. */
TEST(a_guest_cannot_speak_for_a_channel)
{
	uint8_t a[IDENTITY_CLAIMS_MAX], b[IDENTITY_CLAIMS_MAX];
	struct identity channel = channel_identity(), guest = guest_identity(), back;

	/* the most that a guest could choose to be the same */
	guest.has_program_digest = false;
	guest.nonce_size = channel.nonce_size;
	memcpy(guest.nonce, channel.nonce, sizeof guest.nonce);
	memcpy(guest.user_data, channel.key_hash, sizeof channel.key_hash);
	const size_t a_size = claims_of(a, &channel), b_size = claims_of(b, &guest);

	CHECK(a_size != b_size || memcmp(a, b, a_size) != 0);
	CHECK_EQ(identity_decode(&back, b, b_size), E_OK);
	CHECK_EQ(back.domain, IDENTITY_GUEST);
}

TEST(report_data_is_the_hash_and_zeros)
{
	uint8_t claims[IDENTITY_CLAIMS_MAX], got[IDENTITY_REPORT_DATA_SIZE], want[64] = {0};
	const struct identity id = channel_identity();
	const size_t size = claims_of(claims, &id);

	memset(got, 0xff, sizeof got);
	identity_report_data(got, claims, size);
	sha256_digest(want, claims, size);
	CHECK(memcmp(got, want, sizeof got) == 0);
}

static enum err decode_hex(const char *hex)
{
	static uint8_t bytes[4096];
	struct identity id;

	return identity_decode(&id, bytes, hex_read(bytes, hex));
}

/* The members of g_channel_hex, to be put together wrongly. */
#define NONCE	"656e6f6e63654401020304"
#define DOMAIN	"66646f6d61696e7272657477696e652e6368616e6e656c2e7631"
#define GUEST	"66646f6d61696e7072657477696e652e67756573742e7631"
#define D32	"3333333333333333333333333333333333333333333333333333333333333333"
#define D31	"33333333333333333333333333333333333333333333333333333333333333"
#define KEY	"6b7075626b65792d68617368582482015820" D32
#define LAUNCH	"6d6c61756e63682d6469676573745820" D32
#define PROGRAM "6e70726f6772616d2d6469676573745820" D32
#define USER	"69757365722d646174615840" D32 D32

TEST(claims_have_one_encoding)
{
	static const struct {
		const char *what, *hex;
	} wrong[] = {
		{"the order of names", "a4" DOMAIN NONCE KEY LAUNCH},
		{"the order of the last two", "a4" DOMAIN KEY PROGRAM LAUNCH},
		{"a name twice", "a5" NONCE NONCE DOMAIN KEY LAUNCH},
		{"a domain twice", "a4" DOMAIN DOMAIN KEY LAUNCH},
		{"two domains", "a4" DOMAIN GUEST KEY LAUNCH},
		{"no domain", "a3" NONCE KEY LAUNCH},
		{"another domain",
		 "a366646f6d61696e7272657477696e652e6368616e6e656c2e7632" KEY LAUNCH},
		{"a domain of bytes",
		 "a366646f6d61696e5272657477696e652e6368616e6e656c2e7631" KEY LAUNCH},
		{"no key", "a2" DOMAIN LAUNCH},
		{"no launch digest", "a2" DOMAIN KEY},
		{"user data and a key", "a4" DOMAIN USER KEY LAUNCH},
		{"user data of a channel", "a3" DOMAIN USER LAUNCH},
		{"a key of a guest", "a3" GUEST KEY LAUNCH},
		{"an empty nonce", "a4656e6f6e636540" DOMAIN KEY LAUNCH},
		{"a nonce of 65 bytes", "a4656e6f6e63655841" D32 D32 "00" DOMAIN KEY LAUNCH},
		{"an unknown name", "a4656f74686572"
				    "01" DOMAIN KEY LAUNCH},
		{"a count too small", "a2" DOMAIN KEY LAUNCH},
		{"a count too large", "a4" DOMAIN KEY LAUNCH},
		{"a byte behind", "a3" DOMAIN KEY LAUNCH "00"},
		{"a long count", "b803" DOMAIN KEY LAUNCH},
		{"an indefinite map", "bf" DOMAIN KEY LAUNCH "ff"},
		{"a long length", "a3" DOMAIN KEY "6d6c61756e63682d646967657374590020" D32},
		{"a long name's length",
		 "a3"
		 "7806646f6d61696e7272657477696e652e6368616e6e656c2e7631" KEY LAUNCH},
		{"a digest of 31 bytes",
		 "a3" DOMAIN KEY "6d6c61756e63682d646967657374581f"
		 "33333333333333333333333333333333333333333333333333333333333333"},
		{"another hash", "a3" DOMAIN "6b7075626b65792d68617368582482075820" D32 LAUNCH},
		{"a long hash number",
		 "a3" DOMAIN "6b7075626b65792d6861736858258218015820" D32 LAUNCH},
		{"a byte in the key's string",
		 "a3" DOMAIN "6b7075626b65792d68617368582582015820" D32 "00" LAUNCH},
		{"nothing", ""},
		{"an array", "80"},
		{"a huge map", "bbffffffffffffffff" DOMAIN KEY LAUNCH},
		{"a huge string",
		 "a3" DOMAIN KEY "6d6c61756e63682d6469676573745bffffffffffffffff" D32},
	};

	CHECK_EQ(decode_hex("a3" DOMAIN KEY LAUNCH), E_OK);
	CHECK_EQ(decode_hex("a4" DOMAIN KEY LAUNCH PROGRAM), E_OK);
	CHECK_EQ(decode_hex("a3" GUEST USER LAUNCH), E_OK);
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		const enum err err = decode_hex(wrong[i].hex);

		if (err != E_MALFORMED)
			printf("accepted: %s\n", wrong[i].what);
		CHECK_EQ(err, E_MALFORMED);
	}
}

TEST(claims_cut_or_changed_anywhere_are_not_the_same)
{
	uint8_t claims[IDENTITY_CLAIMS_MAX], again[IDENTITY_CLAIMS_MAX];
	const struct identity id = channel_identity();
	const size_t size = claims_of(claims, &id);
	struct identity back;

	for (size_t n = 0; n < size; n++)
		CHECK_EQ(identity_decode(&back, claims, n), E_MALFORMED);
	for (size_t i = 0; i < size; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			claims[i] ^= (uint8_t)(1u << bit);
			if (identity_decode(&back, claims, size) == E_OK) {
				CHECK_EQ(claims_of(again, &back), size);
				CHECK(memcmp(again, claims, size) == 0);
			}
			claims[i] ^= (uint8_t)(1u << bit);
		}
	}
}

static enum err foreign_hex(struct identity *id, const char *hex)
{
	static uint8_t bytes[4096];

	return identity_decode_foreign(id, bytes, hex_read(bytes, hex));
}

TEST(claims_of_other_makers_are_read)
{
	struct identity id;

	CHECK_EQ(foreign_hex(&id, "a1" KEY), E_OK);
	CHECK_EQ(id.domain, IDENTITY_FOREIGN);
	CHECK_EQ(id.key_hash[31], 0x33);
	CHECK_EQ(id.nonce_size, 0);
	CHECK_EQ(foreign_hex(&id, "a2" KEY NONCE), E_OK);
	CHECK_EQ(id.nonce_size, 4);
	CHECK_EQ(foreign_hex(&id, "a2" NONCE KEY), E_OK);
	/* names that nobody knows, with items of every kind */
	CHECK_EQ(foreign_hex(&id, "a2"
				  "6178"
				  "8a0120410061788101a10102c101f4f820f93c00" KEY),
		 E_OK);
	CHECK_EQ(foreign_hex(&id, "a2" KEY "6178"
				  "fb7ff0000000000000"),
		 E_OK);
}

TEST(claims_of_other_makers_have_rules_too)
{
	static const char *const wrong[] = {
		"a0",
		"a1" NONCE,
		"a2" KEY KEY,
		"a3" KEY NONCE NONCE,
		"a2" DOMAIN KEY,
		"a2" KEY "01"
		"01", /* a name that is a number */
		"a2" KEY "6178"
		"9f01ff", /* indefinite */
		"a2" KEY "6178"
		"1c00000000000000010000000000000001", /* reserved: no number of 16 bytes */
		"a2" KEY "6178"
		"1817", /* longer than need be */
		"a2" KEY "6178"
		"190017",
		"a2" KEY "6178"
		"1a0000ffff",
		"a2" KEY "6178"
		"1b00000000ffffffff",
		"a2" KEY "6178"
		"f817",
		"a2" KEY "6178"
		"fc",
		"a2" KEY "6178"
		"82",
		"a2" KEY "6178"
		"5a7fffffff00",
		"a2" KEY "6178"
		"9bffffffffffffffff",
		"a2" KEY "6178"
		"bb8000000000000001",
		"a2" KEY "6178"
		"bb80000000000000010000",
		"a2" KEY "6178",
		"a2" KEY "6178"
		"c1",
		"a1"
		"6b7075626b65792d68617368"
		"82015820" D32, /* the pair not in a string */
		"a1" KEY "00",
		/* the pair with a byte behind it, cut, and of a digest that is too short */
		"a1"
		"6b7075626b65792d68617368"
		"582582015820" D32 "00",
		"a1"
		"6b7075626b65792d68617368"
		"582382015820" D31,
		"a1"
		"6b7075626b65792d68617368"
		"58238201581f" D31,
		/* a nonce of 65 bytes */
		"a2" KEY "656e6f6e63655841" D32 D32 "00",
	};
	struct identity id;

	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		CHECK_EQ(foreign_hex(&id, wrong[i]), E_MALFORMED);
	CHECK_EQ(foreign_hex(&id, "a1"
				  "6b7075626b65792d68617368582482075820" D32),
		 E_UNSUPPORTED);
}

TEST(deep_claims_take_no_stack)
{
	static uint8_t bytes[200000];
	struct identity id;
	size_t size = hex_read(bytes, "a2" KEY "6178");

	memset(bytes + size, 0x81, sizeof bytes - size);
	CHECK_EQ(identity_decode_foreign(&id, bytes, sizeof bytes), E_MALFORMED);
	bytes[sizeof bytes - 1] = 0;
	CHECK_EQ(identity_decode_foreign(&id, bytes, sizeof bytes), E_OK);
}

TEST(evidence_comes_back)
{
	const struct evidence e = {(const uint8_t *)"quote", 5, (const uint8_t *)"claims!", 7};
	struct evidence back;
	uint8_t bytes[64];
	struct writer w;

	writer_init(&w, bytes, sizeof bytes);
	CHECK_EQ(evidence_encode(&w, &e), E_OK);
	/* 60000 is 0xea60 */
	CHECK(hex_equal(bytes, w.len, "d9ea60824571756f746547636c61696d7321"));
	CHECK_EQ(evidence_decode(&back, bytes, w.len), E_OK);
	CHECK(back.quote_size == 5 && memcmp(back.quote, "quote", 5) == 0);
	CHECK(back.claims_size == 7 && memcmp(back.claims, "claims!", 7) == 0);
	for (size_t n = 0; n < w.len; n++)
		CHECK_EQ(evidence_decode(&back, bytes, n), E_MALFORMED);
	bytes[w.len] = 0;
	CHECK_EQ(evidence_decode(&back, bytes, w.len + 1), E_MALFORMED);
}

TEST(evidence_of_another_form_is_refused)
{
	static const char *const wrong[] = {
		"82414141",
		"d9ea618241414141",
		"d9ea608141414141",
		"d9ea6083414141414141",
		"d9ea60826141"
		"4141",
		"d9ea608241416141",
		"d9ea60825801"
		"414141",
		"daeae08241414141",
		"da0000ea60"
		"8241414141",
		"d9ea609f41414141ff",
		"d9ea60825f4141ff4141",
	};
	struct evidence back;
	uint8_t bytes[64];

	CHECK_EQ(evidence_decode(&back, bytes, hex_read(bytes, "d9ea608241414141")), E_OK);
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		CHECK_EQ(evidence_decode(&back, bytes, hex_read(bytes, wrong[i])), E_MALFORMED);
}

TEST(evidence_is_bounded)
{
	static uint8_t bytes[EVIDENCE_MAX + 64], quote[EVIDENCE_MAX];
	struct evidence e = {quote, EVIDENCE_QUOTE_MAX, quote, IDENTITY_CLAIMS_MAX}, back;
	struct writer w;

	writer_init(&w, bytes, sizeof bytes);
	CHECK_EQ(evidence_encode(&w, &e), E_OK);
	CHECK(writer_ok(&w) && w.len <= EVIDENCE_MAX);
	CHECK_EQ(evidence_decode(&back, bytes, w.len), E_OK);
	CHECK_EQ(evidence_decode(&back, bytes, EVIDENCE_MAX + 1), E_LIMIT);
	e.quote_size = EVIDENCE_MAX;
	CHECK_EQ(evidence_encode(&w, &e), E_LIMIT);
	e.quote_size = SIZE_MAX;
	CHECK_EQ(evidence_encode(&w, &e), E_LIMIT);
}

/* RFC 8949, appendix A. */
TEST(heads_are_those_of_rfc_8949)
{
	static const struct {
		uint64_t v;
		const char *hex;
	} known[] = {{0, "00"},
		     {23, "17"},
		     {24, "1818"},
		     {100, "1864"},
		     {1000, "1903e8"},
		     {255, "18ff"},
		     {256, "190100"},
		     {65535, "19ffff"},
		     {65536, "1a00010000"},
		     {1000000, "1a000f4240"},
		     {4294967295, "1affffffff"},
		     {4294967296, "1b0000000100000000"},
		     {1000000000000, "1b000000e8d4a51000"},
		     {18446744073709551615u, "1bffffffffffffffff"}};

	for (size_t i = 0; i < COUNT_OF(known); i++) {
		uint8_t bytes[16];
		struct writer w;
		struct reader r;

		writer_init(&w, bytes, sizeof bytes);
		cbor_write_head(&w, CBOR_UNSIGNED, known[i].v);
		CHECK(hex_equal(bytes, w.len, known[i].hex));
		reader_init(&r, bytes, w.len);
		CHECK_EQ(cbor_read_head(&r, CBOR_UNSIGNED), known[i].v);
		CHECK(reader_done(&r));
		reader_init(&r, bytes, w.len);
		CHECK_EQ(cbor_read_head(&r, CBOR_BYTES), 0);
		CHECK(!reader_ok(&r));
	}
}

int main(void)
{
	RUN(heads_are_those_of_rfc_8949);
	RUN(claims_are_what_is_documented);
	RUN(claims_come_back);
	RUN(claims_that_make_no_sense_are_not_written);
	RUN(a_guest_cannot_speak_for_a_channel);
	RUN(report_data_is_the_hash_and_zeros);
	RUN(claims_have_one_encoding);
	RUN(claims_cut_or_changed_anywhere_are_not_the_same);
	RUN(claims_of_other_makers_are_read);
	RUN(claims_of_other_makers_have_rules_too);
	RUN(deep_claims_take_no_stack);
	RUN(evidence_comes_back);
	RUN(evidence_of_another_form_is_refused);
	RUN(evidence_is_bounded);
	return check_report();
}
