/* Files and directories: the host's before PIVOT_ROOT, the container's after it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "resolve.h"
#include "sys.h"

#define PARENT_MODE 0755
#define COPY_BYTES_MAX (1u << 20)

static int close_made(int fd) {
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

int step_mkdir(struct td_init *init, const struct td_mkdir *step) {
    return close_made(open_made(init, td_text(&init->plan, step->path), S_IFDIR | (mode_t)step->mode));
}

int step_touch(struct td_init *init, const struct td_touch *step) {
    return close_made(open_made(init, td_text(&init->plan, step->path), S_IFREG | (mode_t)step->mode));
}

/* Opens the parent directory of an absolute path, made if it is missing. *name: the path's last component. */
static int open_parent(struct td_init *init, const char *path, const char **name) {
    static char parent[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (!slash || slash[1] == '\0' || path[0] != '/' || strlen(path) >= sizeof parent) {
        errno = EINVAL;
        return -1;
    }
    *name = slash + 1;
    size_t length = slash == path ? 1 : (size_t)(slash - path);
    memcpy(parent, path, length);
    parent[length] = '\0';
    return open_made(init, parent, S_IFDIR | PARENT_MODE);
}

static int write_all(int fd, const char *bytes, size_t left) {
    while (left > 0) {
        ssize_t written = write(fd, bytes, left);
        if (written < 0 && errno != EINTR)
            return errno;
        if (written > 0)
            bytes += written, left -= (size_t)written;
    }
    return 0;
}

int step_write(struct td_init *init, const struct td_write *step) {
    const char *name;
    int parent = open_parent(init, td_text(&init->plan, step->path), &name);
    if (parent < 0)
        return errno;
    int fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, (mode_t)step->mode);
    int error = fd < 0 ? errno : write_all(fd, td_text(&init->plan, step->content), step->content.length);
    if (fd >= 0)
        close(fd);
    close(parent);
    return error;
}

/* A file that grows meanwhile is cut there. */
static int copy_content(int from, int to) {
    char block[1 << 12];
    for (size_t left = COPY_BYTES_MAX; left > 0;) {
        ssize_t count = read(from, block, left < sizeof block ? left : sizeof block);
        if (count == 0)
            return 0;
        if (count < 0 && errno == EINTR)
            continue;
        int error = count < 0 ? errno : write_all(to, block, (size_t)count);
        if (error)
            return error;
        left -= (size_t)count;
    }
    return 0;
}

int step_copy(struct td_init *init, const struct td_copy *step) {
    struct stat stat;
    int from = open(td_text(&init->plan, step->source), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (from < 0)
        return errno;
    int error = fstat(from, &stat) != 0 ? errno : S_ISREG(stat.st_mode) ? 0 : EINVAL;
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int to = error ? -1 : openat(AT_FDCWD, td_text(&init->plan, step->path), flags, (mode_t)step->mode);
    if (!error)
        error = to < 0 ? errno : copy_content(from, to);
    close(from);
    if (to >= 0)
        close(to);
    return error;
}

int step_mknod(struct td_init *init, const struct td_mknod *step) {
    const char *name;
    int parent = open_parent(init, td_text(&init->plan, step->path), &name);
    if (parent < 0)
        return errno;
    int error = 0;
    if (syscall(SYS_mknodat, parent, name, (mode_t)step->mode, (unsigned)step->device) != 0 ||
        syscall(SYS_fchownat, parent, name, (uid_t)step->uid, (gid_t)step->gid, AT_SYMLINK_NOFOLLOW) != 0)
        error = errno;
    close(parent);
    return error;
}

int step_symlink(struct td_init *init, const struct td_symlink *step) {
    const char *name;
    int parent = open_parent(init, td_text(&init->plan, step->path), &name);
    if (parent < 0)
        return errno;
    int error = symlinkat(td_text(&init->plan, step->target), parent, name) == 0 ? 0 : errno;
    close(parent);
    return error;
}
