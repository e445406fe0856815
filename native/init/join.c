/* The way of a process into a container that runs: cgroups, namespaces, and a child that is in all of them. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>

#include "init.h"
#include "sys.h"

int step_dumpable(struct td_init *init, const struct td_dumpable *step) {
    (void)init;
    return prctl(PR_SET_DUMPABLE, (unsigned long)step->dumpable, 0, 0, 0) == 0 ? 0 : errno;
}

static void close_slot(struct td_init *init, uint64_t slot) {
    close(init->slots[slot]);
    init->slots[slot] = -1;
}

int step_join_cgroup(struct td_init *init, const struct td_join_cgroup *step) {
    if (write(init->slots[step->slot], "0", 1) != 1)
        return errno;
    close_slot(init, step->slot);
    return 0;
}

int step_setns(struct td_init *init, const struct td_setns *step) {
    if (syscall(SYS_setns, init->slots[step->slot], (unsigned long)step->namespaces) != 0)
        return errno;
    if (!(step->namespaces & CLONE_NEWNS))
        return 0;
    init->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return init->root < 0 ? errno : 0;
}

int step_clone(struct td_init *init, const struct td_clone *step) {
    int cgroup = init->slots[step->slot];
    struct td_clone_args args = {.flags = CLONE_PARENT | (cgroup < 0 ? 0 : TD_CLONE_INTO_CGROUP),
                                 .cgroup = cgroup < 0 ? 0 : (uint64_t)cgroup};
    long pid = syscall(SYS_clone3, &args, sizeof args);
    if (pid < 0)
        return errno;
    if (pid > 0) {
        report_clone(init->step, (int32_t)pid);
        _exit(0);
    }
    if (cgroup >= 0)
        close_slot(init, step->slot);
    return 0;
}
