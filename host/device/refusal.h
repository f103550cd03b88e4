/* Words on why the device refused, one line per thread: device_last_refusal gives them out. */
#ifndef HOST_DEVICE_REFUSAL_H
#define HOST_DEVICE_REFUSAL_H

#include "base/cc.h"

/* Forgets the words of an earlier refusal. */
void device_refuse_nothing(void);

/* Keeps the words, and returns the errno value so that a check can end with it. */
int device_refuse(int error, const char *format, ...) PRINTF_LIKE(2, 3);

/* `size` bytes as lower-case hex and a NUL: out has 2 * size + 1 bytes. */
void device_hex(char *out, const uint8_t *bytes, size_t size);

#endif
