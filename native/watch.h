/* One thread watches every container of the process. */
#ifndef TD_WATCH_H
#define TD_WATCH_H

#include "container.h"

/* Once per process: starts the thread. Returns 0 or an errno. */
int watch_open(void);

/* From here on the watcher has the container's process as its part, unless it fails. Returns 0 or an errno. */
int watch_add(struct container *container);

#endif
