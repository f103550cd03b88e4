/* What the files that know the record's bytes share: its flags. Not for others. */
#ifndef LAUNCH_IMPL_H
#define LAUNCH_IMPL_H

#include "launch/launch.h"

#define FLAG_STRICT    1u /* of the program part; 2 was once "unverified": it stays unknown */
#define FLAG_READ_ONLY 1u /* of a mount */

#define FLAG_BIND_LAUNCH 1u /* of a volume */

/* of a volume's start */
#define FLAG_CREATE   1u
#define FLAG_ADD_SEAL 2u

#define RULE_LISTEN 1u /* of the network */

/* Is the byte among them? */
bool launch_has_byte(struct launch_bytes b, uint8_t byte);

#endif
