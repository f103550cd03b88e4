/*
 * Tables from numbers to words.
 * Trust: error, trap and call numbers may come from the enclave's result and are bounded here.
 */
#include "host/base/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/text.h"
#include "native/verify.h"
#include "sgx/sigstruct.h"
#include "wasm/trap.h"

static const char *const g_err_words[] = {
#define ERR(name, words) [E_##name] = words,
#include "base/err.def"
#undef ERR
};

static const char *const g_trap_words[] = {
#define TRAP(name, words) [TRAP_##name] = words,
#include "wasm/trap.def"
#undef TRAP
};

static const char *const g_verify_words[] = {
#define REASON(name, words) [VERIFY_##name] = words,
	VERIFY_REASONS(REASON)
#undef REASON
};

static const char *const g_refusal_words[] = {
	[REFUSAL_NONE] = "it is well formed and signed",
	[REFUSAL_HEADER] = "a constant of the format is another",
	[REFUSAL_VENDOR] = "the vendor is unknown",
	[REFUSAL_RESERVED] = "a reserved byte is not zero",
	[REFUSAL_EXPONENT] = "the exponent is not 3",
	[REFUSAL_UNMASKED] = "MISCSELECT has a bit outside its mask",
	[REFUSAL_FAMILY] = "ISVFAMILYID or ISVEXTPRODID without KSS",
	[REFUSAL_QUOTIENTS] = "Q1 or Q2 do not belong to the signature",
	[REFUSAL_SIGNATURE] = "the RSA signature does not hold",
	[REFUSAL_MRENCLAVE] = "MRENCLAVE is another than what was signed",
	[REFUSAL_ATTRIBUTES] = "ATTRIBUTES differ from what was signed",
	[REFUSAL_XFRM] = "XFRM differs from what was signed",
	[REFUSAL_MISCSELECT] = "MISCSELECT differs from what was signed",
};

const char *words_err(uint32_t err)
{
	return err < COUNT_OF(g_err_words) ? g_err_words[err] : "an error that has no name";
}

const char *words_trap(uint32_t trap)
{
	return trap < COUNT_OF(g_trap_words) ? g_trap_words[trap] : "a trap that has no name";
}

const char *words_verify(uint32_t reason)
{
	return reason < COUNT_OF(g_verify_words) ? g_verify_words[reason]
						 : "a reason that has no name";
}

const char *words_refusal(uint32_t refusal)
{
	return refusal < COUNT_OF(g_refusal_words) ? g_refusal_words[refusal] : "unknown";
}

const char *words_hint(uint32_t err)
{
	switch (err) {
	case E_NOMEM:
		return "close other programs or lower -W max-memory-size";
	case E_LAUNCH_STRICT:
		return "leave out --dir or --strict";
	case E_VOLUME_EMPTY:
		return "with the option create a new volume is made there";
	case E_VOLUME_KEY:
		return "a sealed volume opens for the program, options and machine that it was "
		       "sealed for";
	case E_VOLUME_ANCHOR:
		return "bring back the file that the anchor belongs to";
	case E_VOLUME_SUPERBLOCK:
	case E_VOLUME_HEADER:
		return "bring back a copy of the file";
	case E_NATIVE_UNVERIFIED:
		return "compile it again with this version of retwine";
	case E_HOST:
		return "this is a fault of the host or of Retwine";
	default:
		return "";
	}
}

void words_line(char out[RETWINE_MESSAGE_MAX], const char *line)
{
	struct text t = {0};

	text_add_safe(&t, line, strlen(line));
	char *safe = text_take(&t);

	if (!safe) {
		(void)snprintf(out, RETWINE_MESSAGE_MAX, "out of memory");
		return;
	}
	size_t n = strlen(safe);

	if (n < RETWINE_MESSAGE_MAX) {
		memcpy(out, safe, n + 1);
	} else {
		memcpy(out, safe, RETWINE_MESSAGE_MAX - 4);
		memcpy(out + RETWINE_MESSAGE_MAX - 4, "...", 4);
	}
	free(safe);
}

enum retwine_code error_set(struct retwine_error *error, enum retwine_code code, const char *format,
			    ...)
{
	char line[2048];
	va_list args;

	if (!error)
		return code;
	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	error->code = code;
	words_line(error->message, line);
	return code;
}

enum retwine_code error_no_memory(struct retwine_error *error)
{
	return error_set(error, RETWINE_FAILED, "out of memory");
}
