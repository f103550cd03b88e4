/* What the enclave image was built from: MRENCLAVE is the same for the same package versions. */
#ifndef HOST_PACKAGES_H
#define HOST_PACKAGES_H

/* "name=version name=version ..."; empty when the build did not say. */
extern const char retwine_packages[];

#endif
