/*
 * A program that its owner delivers: the other end of a connection speaks with this enclave over a
 * channel whose key the enclave's evidence vouches for, sends launch record, module, files, keys and
 * input, and gets the output and the end (channel/deploy.h). The host carries bytes that it cannot
 * read.
 */
#ifndef PROGRAM_DEPLOY_H
#define PROGRAM_DEPLOY_H

#include "program/program.h"

/* Both are the host's word. */
struct program_delivery {
	uint32_t connection; /* a handle */
	uint8_t nonce[32];   /* in the evidence; the client that chose it finds it there */
};

/*
 * Takes one delivery and runs it to its end. *out is for the host, and says no more than this:
 * RUN_DELIVERED when all of it came, with code 0, or an error when the end could not be told; else
 * RUN_REFUSED with the error of evidence, channel or delivery, and nothing ran. Whether the program
 * started, what it did and how it ended, the owner alone is told.
 */
void program_deploy(const struct program_delivery *in, struct program_outcome *out);

#endif
