/*
 * Package versions, recorded when the library is built (tools/packages.sh).
 * Trust: a note of the build for people, checked by nobody.
 */
#include "host/packages.h"

/* The build passes it; a build by hand need not. */
#ifndef RETWINE_PACKAGES
#define RETWINE_PACKAGES ""
#endif

const char retwine_packages[] = RETWINE_PACKAGES;
