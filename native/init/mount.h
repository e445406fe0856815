#ifndef TD_MOUNT_H
#define TD_MOUNT_H

#include <stdint.h>

/* Of the mount at fd: MOUNT_ATTR_ to set; flags: AT_RECURSIVE or 0. Returns 0 or an errno, as attach does. */
int set_attributes(int fd, uint64_t set, unsigned flags);

/* A detached copy of the mount at fd. Returns a descriptor, or -1 and errno. */
int copy_of(int fd, unsigned flags);

int attach(int mount, int target);

#endif
