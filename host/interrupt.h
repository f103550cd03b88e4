/*
 * SIGINT during a run, for the command: the first one ends waiting host calls, and the run at its
 * next exit or, where a thread can tell the program (host/threads.c), by the program's own end. A
 * program that does not end is left behind after INTERRUPT_GRACE_MS, by ending the process with
 * status 130. One run at a time.
 */
#ifndef HOST_INTERRUPT_H
#define HOST_INTERRUPT_H

#include "base/cc.h"
#include "base/err.h"

#define INTERRUPT_GRACE_MS 300

struct host_service;
struct park_token;

/* Takes SIGINT (and SIGALRM, for the grace period) over. E_STATE when the handlers are refused. */
MUST_USE enum err interrupt_begin(struct host_service *service);

/* Gives both back. */
void interrupt_end(void);

/* SIGINT gives this token too, to whoever tells the program to end; NULL: nobody does. */
void interrupt_wakes(struct park_token *token);

/* Has SIGINT come since interrupt_begin? */
bool interrupt_pending(void);

#endif
