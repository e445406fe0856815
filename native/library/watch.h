/* One thread watches every container of the process. */
#ifndef TD_WATCH_H
#define TD_WATCH_H

#include "container.h"

/* Called once per process: starts the thread. Returns 0 or an errno. */
int watch_open(void);

/* Hands the container's process to the watcher, unless it fails. Returns 0 or an errno. */
int watch_add(struct container *container);

/* Hands the container's guard, a part of it, to the watcher, unless it fails. Returns 0 or an errno. */
int watch_guard(struct container *container, int pidfd);

/* Has the watcher's thread call start with the container before it reports more of it. */
void watch_start(struct container *container, void (*start)(struct container *container));

#endif
