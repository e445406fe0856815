#ifndef TD_RESOLVE_H
#define TD_RESOLVE_H

#include <sys/types.h>

#include "init.h"

/* Opens a path; once PIVOT_ROOT is done, no symlink leads out of the root. Returns a descriptor, or -1 and errno. */
int open_inside(const struct td_init *init, const char *path, int flags);

/*
 * Opens a path with O_PATH. What is missing is made where the path leads, also through symlinks to what does not exist
 * yet: directories, and at the end what mode says, S_IFDIR or S_IFREG with permissions. Returns a descriptor, or -1 and
 * errno, with init->object the path of what is in the way.
 */
int open_made(struct td_init *init, const char *path, mode_t mode);

#endif
