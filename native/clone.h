#ifndef TD_CLONE_H
#define TD_CLONE_H

#include <stdint.h>

#include "plan.h"

/* What the child reads, and its failure. */
struct child {
    int fds[TD_FD_END]; /* by their final number; -1 for none */
    char uid_map[32], gid_map[32];
    volatile int stage, error;
};

/* Starts tinydocker-init in the namespaces of flags. Returns the pid, or -errno; then child->error is its own failure. */
long clone_child(uint64_t flags, int *pidfd, struct child *child);

#endif
