#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "shim.h"
#include "sys.h"

/*
 * A container can leave a tree deeper than any path or descriptor table. So nothing recurses: a directory that isn't
 * empty is moved up to the top, and the top is gone over again until it is empty.
 */
struct removal {
    int top;
    uint64_t moved; /* names the directories moved up */
};

static int is_dot(const char *name) { return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])); }

static int open_directory(int parent, const char *name) {
    int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(parent, name, flags);
    if (fd >= 0 || errno != EACCES)
        return fd;
    /* overlayfs's own work/work has mode 0, and without root that keeps its owner out. */
    if (fchmodat(parent, name, 0700, 0) != 0)
        return -1;
    return openat(parent, name, flags);
}

/* Moves a directory that is not empty to the top. */
static int move_up(struct removal *removal, int parent, const char *name) {
    char moved[32];
    for (;;) {
        snprintf(moved, sizeof moved, ".removed.%llu", (unsigned long long)removal->moved++);
        if (syscall(SYS_renameat2, parent, name, removal->top, moved, 1 /* RENAME_NOREPLACE */) == 0)
            return 0;
        if (errno == EACCES && fchmodat(parent, name, 0700, 0) == 0)
            continue;
        if (errno != EEXIST)
            return errno;
    }
}

typedef int visit(struct removal *removal, int directory, const struct dirent *entry);

static int each_entry(struct removal *removal, int fd, visit *visit) {
    DIR *list = fdopendir(fd);
    if (!list) {
        int error = errno;
        close(fd);
        return error;
    }
    int error = 0;
    /* A container may have left it without write permission, which binds only those who are not root. */
    (void)fchmod(fd, 0700);
    for (struct dirent *entry; !error && (entry = readdir(list));)
        if (!is_dot(entry->d_name))
            error = visit(removal, fd, entry);
    closedir(list);
    return error;
}

static int remove_or_move_up(struct removal *removal, int directory, const struct dirent *entry) {
    if (unlinkat(directory, entry->d_name, 0) == 0)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return errno;
    if (unlinkat(directory, entry->d_name, AT_REMOVEDIR) == 0)
        return 0;
    return errno == ENOTEMPTY || errno == EEXIST ? move_up(removal, directory, entry->d_name) : errno;
}

static int remove_at_top(struct removal *removal, int top, const struct dirent *entry) {
    if (unlinkat(top, entry->d_name, 0) == 0)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return errno;
    if (unlinkat(top, entry->d_name, AT_REMOVEDIR) == 0)
        return 0;
    int fd = open_directory(top, entry->d_name);
    int error = fd < 0 ? errno : each_entry(removal, fd, remove_or_move_up);
    if (!error && unlinkat(top, entry->d_name, AT_REMOVEDIR) != 0)
        error = errno;
    return error;
}

int td_remove(const char *path) {
    struct removal removal = {.top = open_directory(AT_FDCWD, path)};
    if (removal.top < 0)
        return errno == ENOENT ? 0 : -errno;
    int error = 0;
    while (!error && rmdir(path) != 0) {
        if (errno != ENOTEMPTY && errno != EEXIST) {
            error = errno;
            break;
        }
        int again = openat(removal.top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        error = again < 0 ? errno : each_entry(&removal, again, remove_at_top);
    }
    close(removal.top);
    return -error;
}
