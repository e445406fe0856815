/* Files and directories: the host's before PIVOT_ROOT, the container's after it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "init.h"
#include "sys.h"

/* openat2 fails with EAGAIN when it races with a rename anywhere on the machine. */
#define RESOLVE_ATTEMPTS_MAX 128

int open_inside(const struct td_init *init, const char *path, int flags) {
    if (init->root < 0)
        return open(path, flags | O_CLOEXEC);
    for (int attempt = 1;; attempt++) {
        int fd = td_openat_in(init->root, path, flags);
        if (fd >= 0 || errno != EAGAIN || attempt == RESOLVE_ATTEMPTS_MAX)
            return fd;
    }
}

static int open_directory(const struct td_init *init, const char *path) {
    return open_inside(init, path, O_PATH | O_DIRECTORY);
}

/* Makes the missing components of a path, each below the descriptor of the one before, and opens the last one. */
static int make_directories(const struct td_init *init, const char *path) {
    char prefix[PATH_MAX];
    int directory = open_directory(init, "/");
    for (size_t length = strlen(path), end = 1; directory >= 0 && end < length;) {
        size_t begin = end;
        end += strcspn(path + end, "/");
        memcpy(prefix, path, end);
        prefix[end++] = '\0';
        int next = open_directory(init, prefix);
        if (next < 0 && errno == ENOENT && mkdirat(directory, prefix + begin, 0755) == 0)
            next = open_directory(init, prefix);
        int error = errno;
        close(directory);
        errno = error;
        directory = next;
    }
    return directory;
}

/* Opens the parent directory of an absolute path, made if it is missing. *name: the path's last component. */
static int open_parent(const struct td_init *init, const char *path, const char **name) {
    char parent[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (!slash || slash[1] == '\0' || path[0] != '/' || strlen(path) >= sizeof parent) {
        errno = EINVAL;
        return -1;
    }
    *name = slash + 1;
    size_t length = slash == path ? 1 : (size_t)(slash - path);
    memcpy(parent, path, length);
    parent[length] = '\0';
    int directory = open_directory(init, parent);
    return directory >= 0 || errno != ENOENT ? directory : make_directories(init, parent);
}

int step_mkdir(struct td_init *init, const struct td_mkdir *step) {
    const char *path = td_text(&init->plan, step->path), *name;
    int existing = open_directory(init, path);
    if (existing >= 0)
        return close(existing), 0;
    int parent = open_parent(init, path, &name);
    if (parent < 0)
        return errno;
    int error = mkdirat(parent, name, (mode_t)step->mode) == 0 ? 0 : errno;
    close(parent);
    return error;
}

/* Opens a new file for writing. Returns a descriptor, or -1 and errno. */
static int create_file(const struct td_init *init, const char *path, mode_t mode) {
    const char *name;
    int parent = open_parent(init, path, &name);
    if (parent < 0)
        return -1;
    int fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    int error = errno;
    close(parent);
    errno = error;
    return fd;
}

int step_write(struct td_init *init, const struct td_write *step) {
    int fd = create_file(init, td_text(&init->plan, step->path), (mode_t)step->mode);
    if (fd < 0)
        return errno;
    const char *bytes = td_text(&init->plan, step->content);
    size_t left = step->content.length;
    int error = 0;
    while (!error && left > 0) {
        ssize_t written = write(fd, bytes, left);
        if (written < 0 && errno != EINTR)
            error = errno;
        if (written > 0)
            bytes += written, left -= (size_t)written;
    }
    close(fd);
    return error;
}

int step_touch(struct td_init *init, const struct td_touch *step) {
    const char *path = td_text(&init->plan, step->path);
    int existing = open_inside(init, path, O_PATH);
    int fd = existing >= 0 ? existing : create_file(init, path, (mode_t)step->mode);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
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
