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
 * A container can leave a tree deeper than any path, stack or descriptor table allows. So a directory below DEPTH_MAX
 * that isn't empty is moved to the top, and the top is read again until it is empty.
 */
#define DEPTH_MAX 32

struct removal {
    int top;
    int depth;      /* of the directory that is being emptied */
    uint64_t moved; /* how many directories were moved up; names the next one */
    uint32_t left;  /* entries it may still remove; UINT32_MAX: any number */
};

static int is_dot(const char *name) { return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])); }

static int open_directory(int parent, const char *name) {
    int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(parent, name, flags);
    if (fd >= 0 || errno != EACCES)
        return fd;
    /* overlayfs makes work/work with mode 0, which keeps out an owner who is not root. */
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

static int limit_reached(struct removal *removal) {
    if (removal->left == UINT32_MAX)
        return 0;
    return removal->left == 0 || removal->left-- == 0;
}

/* Another thread may be removing a part of it, or all of it. */
static int unless_gone(int error) { return error == ENOENT ? 0 : error; }

static int empty(struct removal *removal, int fd);

static int remove_directory(struct removal *removal, int parent, const char *name) {
    if (unlinkat(parent, name, AT_REMOVEDIR) == 0)
        return 0;
    if (errno != ENOTEMPTY && errno != EEXIST && errno != EACCES)
        return errno;
    if (removal->depth == DEPTH_MAX)
        return move_up(removal, parent, name);
    int fd = open_directory(parent, name);
    int error = fd < 0 ? errno : empty(removal, fd);
    return error ? error : unlinkat(parent, name, AT_REMOVEDIR) == 0 ? 0 : errno;
}

static int remove_entry(struct removal *removal, int directory, const struct dirent *entry) {
    if (limit_reached(removal))
        return EAGAIN;
    if (entry->d_type == DT_DIR)
        return remove_directory(removal, directory, entry->d_name);
    if (unlinkat(directory, entry->d_name, 0) == 0)
        return 0;
    /* Some file systems report no d_type. */
    return errno == EISDIR ? remove_directory(removal, directory, entry->d_name) : errno;
}

/* Closes fd. */
static int empty(struct removal *removal, int fd) {
    DIR *list = fdopendir(fd);
    if (!list) {
        int error = errno;
        close(fd);
        return error;
    }
    int error = 0;
    /* Without write permission only root could remove its entries, and this process may not be root. */
    (void)fchmod(fd, 0700);
    removal->depth++;
    for (struct dirent *entry; !error && (entry = readdir(list));)
        if (!is_dot(entry->d_name))
            error = unless_gone(remove_entry(removal, fd, entry));
    removal->depth--;
    closedir(list);
    return error;
}

int td_remove(const char *path, uint32_t entries_max) {
    struct removal removal = {.top = open_directory(AT_FDCWD, path), .left = entries_max};
    if (removal.top < 0)
        return errno == ENOENT ? 0 : -errno;
    int error = 0;
    while (!error && rmdir(path) != 0) {
        if (errno != ENOTEMPTY && errno != EEXIST) {
            error = unless_gone(errno);
            break;
        }
        int again = openat(removal.top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        error = again < 0 ? errno : empty(&removal, again);
    }
    close(removal.top);
    return -error;
}
