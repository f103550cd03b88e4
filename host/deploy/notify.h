/* What a service tells systemd: sd_notify's protocol, one datagram (sd_notify(3)). */
#ifndef HOST_DEPLOY_NOTIFY_H
#define HOST_DEPLOY_NOTIFY_H

#include "base/cc.h"

/* Sends the words ("READY=1") to the socket that the environment names. Nothing happens without one; a
 * message that cannot be sent is lost. */
void notify_systemd(const char *state);

#endif
