/* What the command may not see or change. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "mount.h"
#include "resolve.h"
#include "sys.h"

static int mask_directory(struct td_init *init, int target, const char *path) {
    int empty = init->masked < 0 ? -1 : copy_of(init->masked, 0);
    if (empty >= 0) {
        int error = attach(empty, target);
        close(empty);
        return error;
    }
    unsigned long flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
    if (fchdir(target) != 0 || mount("tmpfs", ".", "tmpfs", flags, "size=0,mode=755") != 0 || chdir("/") != 0)
        return errno;
    init->masked = open_inside(init, path, O_PATH | O_DIRECTORY);
    return init->masked < 0 ? errno : 0;
}

static int mask_file(struct td_init *init, int target) {
    int source = open_inside(init, "/dev/null", O_PATH | O_NOFOLLOW);
    if (source < 0)
        return errno;
    struct stat stat;
    int null = fstat(source, &stat) == 0 && S_ISCHR(stat.st_mode) && stat.st_rdev == makedev(1, 3);
    int copy = null ? copy_of(source, 0) : -1;
    int error = null ? errno : ENODEV;
    close(source);
    if (copy < 0)
        return error;
    error = attach(copy, target);
    close(copy);
    return error;
}

static int is_absent(int error) { return error == ENOENT || error == ENOTDIR; }

int step_mask(struct td_init *init, const struct td_mask *step) {
    const char *path = td_text(&init->plan, step->path);
    int target = open_inside(init, path, O_PATH | O_NOFOLLOW);
    if (target < 0)
        return is_absent(errno) ? 0 : errno;
    struct stat stat;
    int error = fstat(target, &stat) != 0      ? errno
                : S_ISDIR(stat.st_mode) ? mask_directory(init, target, path)
                                               : mask_file(init, target);
    close(target);
    return error;
}

int step_readonly(struct td_init *init, const struct td_readonly *step) {
    int target = open_inside(init, td_text(&init->plan, step->path), O_PATH | O_NOFOLLOW);
    if (target < 0)
        return is_absent(errno) ? 0 : errno;
    int copy = copy_of(target, TD_AT_RECURSIVE);
    int error = copy < 0 ? errno : set_attributes(copy, TD_MOUNT_ATTR_RDONLY, TD_AT_RECURSIVE);
    if (!error)
        error = attach(copy, target);
    close(target);
    if (copy >= 0)
        close(copy);
    return error;
}

int step_mount_rdonly(struct td_init *init, const struct td_mount_rdonly *step) {
    int mount = open_inside(init, td_text(&init->plan, step->path), O_PATH);
    if (mount < 0)
        return errno;
    int error = set_attributes(mount, TD_MOUNT_ATTR_RDONLY, 0);
    close(mount);
    return error;
}
