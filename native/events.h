/* The pipe through which the shim reports to Node. */
#ifndef TD_EVENTS_H
#define TD_EVENTS_H

#include "shim.h"

/* Once per process. Returns the descriptor Node reads, or -errno. */
int events_open(void);

/* Any thread may call it. Waits while Node is too far behind. */
void events_send(const struct td_event *event);

#endif
