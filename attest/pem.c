/*
 * PEM; mbedTLS knows base64.
 * Trust: the text is untrusted.
 */
#include "attest/pem.h"

#include <string.h>

#include <mbedtls/base64.h>

bool pem_more(struct reader *text)
{
	while (text->left > 0 && (text->p[0] == '\n' || text->p[0] == '\r' || text->p[0] == ' ' ||
				  text->p[0] == '\t'))
		(void)reader_u8(text);
	return text->left > 0;
}

static void pem_expect(struct reader *text, const char *words)
{
	size_t size = strlen(words);
	const uint8_t *p = reader_take(text, size);

	if (!p || memcmp(p, words, size) != 0)
		reader_fail(text);
}

static void pem_expect_line(struct reader *text, const char *begin, const char *label)
{
	pem_expect(text, begin);
	pem_expect(text, label);
	pem_expect(text, "-----");
}

bool pem_take(struct reader *text, const char *label, uint8_t *out, size_t max, size_t *size)
{
	const uint8_t *dash, *body;
	size_t length;

	*size = 0;
	pem_expect_line(text, "-----BEGIN ", label);
	dash = text->left > 0 ? memchr(text->p, '-', text->left) : NULL;
	if (!dash) {
		reader_fail(text);
		return false;
	}
	length = (size_t)(dash - text->p);
	body = reader_take(text, length);
	pem_expect_line(text, "-----END ", label);
	if (!reader_ok(text) || mbedtls_base64_decode(out, max, size, body, length) != 0) {
		reader_fail(text);
		*size = 0;
		return false;
	}
	return true;
}
