/* Whole files in memory, for tests. */
#ifndef TEST_LIB_FILE_H
#define TEST_LIB_FILE_H

#include "host/run.h"

/* The bytes of a file, never freed; p NULL when it cannot be read. */
struct host_bytes file_load(const char *path);

#endif
