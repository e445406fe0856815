/* From the caller's root to the container's. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include "init.h"
#include "sys.h"

/*
 * In a chroot, the root is not that of the mount namespace, which private mounts and pivot_root need. A process that joins
 * the namespace it is in gets the namespace's root. Returns whether it did: without CAP_SYS_CHROOT it stays where it is.
 */
static int enter_namespace_root(void) {
    int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
    if (self < 0)
        return 0;
    int entered = syscall(SYS_setns, self, CLONE_NEWNS) == 0;
    close(self);
    return entered;
}

int step_private(struct td_init *init, const struct td_private *step) {
    (void)init, (void)step;
    int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return errno;
    int entered = enter_namespace_root();
    int error = mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ? errno : 0;
    if (entered && (fchdir(root) != 0 || chroot(".") != 0))
        error = errno;
    close(root);
    return error;
}

/* Puts the old root on top of the new one, where no path leads to it; DETACH then unmounts it. */
int step_pivot_root(struct td_init *init, const struct td_pivot_root *step) {
    if (chdir(td_text(&init->plan, step->path)) != 0)
        return errno;
    int root = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return errno;
    (void)enter_namespace_root();
    int *old = &init->slots[step->slot];
    *old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int error = *old < 0 || fchdir(root) != 0 || syscall(SYS_pivot_root, ".", ".") != 0 ? errno : 0;
    close(root);
    if (error)
        return error;
    init->root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return init->root < 0 ? errno : 0;
}

int step_detach(struct td_init *init, const struct td_detach *step) {
    int *old = &init->slots[step->slot];
    if (fchdir(*old) != 0 || umount2(".", MNT_DETACH) != 0 || chdir("/") != 0)
        return errno;
    close(*old);
    *old = -1;
    return 0;
}
