/* The pipe through which the shim reports to Node. */
#ifndef TD_EVENTS_H
#define TD_EVENTS_H

#include "shim.h"

/* Called once per process. Returns the descriptor that Node reads, or -errno. */
int events_open(void);

/* Undoes events_open; called before any thread sends. */
void events_close(int reading);

/* Can be called by any thread. Blocks while the pipe is full. */
void events_send(const struct td_event *event);

#endif
