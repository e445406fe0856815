#ifndef TD_CLONE_H
#define TD_CLONE_H

#include "child.h"

/*
 * Starts tinydocker-init in new namespaces (CLONE_NEW*) and in the cgroup whose directory cgroup is; -1: in ours.
 * Returns the pid, or -errno. With a pid, child->error is the errno of a child that could not execute it, or 0.
 */
long clone_child(uint64_t namespaces, int cgroup, int *pidfd, struct child *child);

#endif
