#include <errno.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "init.h"
#include "resolve.h"
#include "sys.h"

/*
 * CVE-2025-52881, CVE-2019-19921, CVE-2023-27561: a file below /proc may be a link or a mount that an image or a volume
 * brought, and lead the write elsewhere.
 */
static int open_setting(int proc, const char *path) {
    struct statfs statfs;
    struct td_open_how how = {
        .flags = O_WRONLY | O_CLOEXEC,
        .resolve = TD_RESOLVE_BENEATH | TD_RESOLVE_NO_SYMLINKS | TD_RESOLVE_NO_XDEV,
    };
    if (fstatfs(proc, &statfs) != 0)
        return -1;
    if (statfs.f_type != PROC_SUPER_MAGIC) {
        errno = EXDEV;
        return -1;
    }
    return (int)syscall(SYS_openat2, proc, path, &how, sizeof how);
}

int step_sysctl(struct td_init *init, const struct td_sysctl *step) {
    int proc = open_inside(init, "/proc/sys", O_PATH | O_DIRECTORY);
    if (proc < 0)
        return errno;
    int setting = open_setting(proc, td_text(&init->plan, step->path));
    int error = errno;
    if (setting >= 0) {
        /* The kernel takes a setting as one write. */
        ssize_t written = write(setting, td_text(&init->plan, step->value), step->value.length);
        error = written < 0 ? errno : (size_t)written < step->value.length ? EINVAL : 0;
        close(setting);
    }
    close(proc);
    return error;
}
