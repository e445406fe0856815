/* The child process between clone and the exec of tinydocker-init. */
#ifndef TD_CHILD_H
#define TD_CHILD_H

#include "plan.h"

#define CHILD_FDS_MAX ((int)(TD_FD_EXTRA + TD_EXTRA_MAX))

/* The child's input, and its failure. */
struct child {
    const char *name;       /* its argv[0] */
    int fds[CHILD_FDS_MAX]; /* indexed by their final numbers; -1: none */
    int fds_end;            /* one past the last of them */
    int joins[TD_JOINS_MAX]; /* a cgroup v1 each, open to be written to */
    int joins_end;
    char uid_map[64], gid_map[64]; /* what is written to /proc/self/uid_map and gid_map; empty: nothing */
    int mapped_later;              /* by the parent, after the exec */
    int own_session;               /* no key of the caller's terminal, and no signal to its group, reaches it */
    volatile int stage, error;     /* td_stage and errno; 0 if it executed the init */
};

/* Runs on its own stack and does not return: it executes tinydocker-init, or stores its failure and exits. */
void child_run(struct child *child);

#endif
