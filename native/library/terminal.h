#ifndef TD_TERMINAL_H
#define TD_TERMINAL_H

#include "container.h"

/* Starts the thread that copies between the container's terminal and the caller's. Returns 0 or an errno. */
int terminal_start(struct container *container);

#endif
