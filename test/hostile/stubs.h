/* Every stub of hostcall/ against every class of lie; between hostile_host_start and _stop. */
#ifndef TEST_HOSTILE_STUBS_H
#define TEST_HOSTILE_STUBS_H

#include <stdint.h>

void stubs_run(uint32_t rounds);

#endif
