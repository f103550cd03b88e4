/*
 * The hello of a delivery and its answer.
 * Trust: the bytes are anybody's; both have one size, so nothing in them sizes anything.
 */
#include "host/deploy/hello.h"

#include "base/reader.h"
#include "base/writer.h"

void hello_encode(uint8_t out[HELLO_SIZE], const struct hello *hello)
{
	struct writer w;

	writer_init(&w, out, HELLO_SIZE);
	writer_u32(&w, HELLO_MAGIC);
	writer_u32(&w, HELLO_VERSION);
	writer_bytes(&w, hello->launch_digest, HELLO_DIGEST_SIZE);
	writer_bytes(&w, hello->nonce, HELLO_NONCE_SIZE);
	writer_u64(&w, hello->timeout_ns);
}

enum err hello_decode(struct hello *out, const uint8_t bytes[HELLO_SIZE])
{
	struct hello hello;
	struct reader r;

	reader_init(&r, bytes, HELLO_SIZE);
	if (reader_u32(&r) != HELLO_MAGIC)
		return E_MALFORMED;
	if (reader_u32(&r) != HELLO_VERSION)
		return E_UNSUPPORTED;
	reader_bytes(&r, hello.launch_digest, HELLO_DIGEST_SIZE);
	reader_bytes(&r, hello.nonce, HELLO_NONCE_SIZE);
	hello.timeout_ns = reader_u64(&r);
	if (!reader_done(&r))
		return E_MALFORMED;
	*out = hello;
	return E_OK;
}

void hello_answer_encode(uint8_t out[HELLO_ANSWER_SIZE], enum hello_status status)
{
	struct writer w;

	writer_init(&w, out, HELLO_ANSWER_SIZE);
	writer_u32(&w, HELLO_MAGIC);
	writer_u32(&w, (uint32_t)status);
}

enum err hello_answer_decode(enum hello_status *out, const uint8_t bytes[HELLO_ANSWER_SIZE])
{
	struct reader r;

	reader_init(&r, bytes, HELLO_ANSWER_SIZE);
	const uint32_t magic = reader_u32(&r);
	const uint32_t status = reader_u32(&r);

	if (!reader_done(&r) || magic != HELLO_MAGIC || status >= HELLO_STATUS_END)
		return E_MALFORMED;
	*out = (enum hello_status)status;
	return E_OK;
}

const char *hello_status_words(enum hello_status status)
{
	static const char *const words[HELLO_STATUS_END] = {
		[HELLO_GO] = "",
		[HELLO_BUSY] = "it serves as many clients as it may; try again later",
		[HELLO_LIMIT] =
			"it serves as many clients of this address as it may; try again later",
		[HELLO_UNSUPPORTED] = "it does not speak this version of the protocol",
		[HELLO_FAILED] = "it could not start a process for this client",
	};

	return (unsigned)status < HELLO_STATUS_END ? words[status] : "it answers nonsense";
}
