#ifndef TD_CLONE_H
#define TD_CLONE_H

#include "child.h"

/*
 * Starts tinydocker-init in new namespaces (CLONE_NEW*). cgroup: a descriptor of the cgroup's directory; -1: the
 * caller's. Returns the pid, or -errno. After a pid, child->error is 0, or why the child could not execute the init.
 */
long clone_child(uint64_t namespaces, int cgroup, int *pidfd, struct child *child);

#endif
