/* The process between clone and exec of tinydocker-init. */
#ifndef TD_CHILD_H
#define TD_CHILD_H

#include "plan.h"

#define CHILD_FDS_MAX ((int)(TD_FD_EXTRA + TD_EXTRA_MAX))

/* What the child reads, and its failure. */
struct child {
    int fds[CHILD_FDS_MAX]; /* by their final number; -1 for none */
    int fds_end;            /* one more than the last of them */
    char uid_map[64], gid_map[64]; /* lines of /proc/self/uid_map; empty: not written */
    volatile int stage, error;     /* td_stage and errno; 0 when it executed */
};

/* Runs on a stack of its own and does not return: it executes tinydocker-init, or stores its failure and exits. */
void child_run(struct child *child);

#endif
