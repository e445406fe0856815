#ifndef TD_RELAY_H
#define TD_RELAY_H

#include "container.h"

/* Starts the thread that copies between the container's pipes and the caller's descriptors. Returns 0 or an errno. */
int relay_start(struct container *container);

#endif
