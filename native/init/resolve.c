/* Paths: the host's before PIVOT_ROOT, the container's after it, where no symlink of the image leads out of the root. */
#include "resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "sys.h"

/* openat2 fails with EAGAIN when it races with a rename anywhere on the machine. */
#define RESOLVE_ATTEMPTS_MAX 128
/* As the kernel's. */
#define LINKS_MAX 40
#define PARENT_MODE 0755

int open_inside(const struct td_init *init, const char *path, int flags) {
    if (init->root < 0)
        return open(path, flags | O_CLOEXEC);
    for (int attempt = 1;; attempt++) {
        int fd = td_openat_in(init->root, path, flags);
        if (fd >= 0 || errno != EAGAIN || attempt == RESOLVE_ATTEMPTS_MAX)
            return fd;
    }
}

/* One path while it is resolved. */
static struct walk {
    char done[PATH_MAX]; /* without symlinks; empty: the root */
    char text[PATH_MAX];
    const char *left; /* the end of text, still to be resolved */
    int links;
} walk;

static const char *done(void) { return walk.done[0] ? walk.done : "/"; }

static void leave_last(void) {
    char *slash = strrchr(walk.done, '/');
    if (slash)
        *slash = '\0';
}

static const char *skip_slashes(const char *path) {
    while (*path == '/')
        path++;
    return path;
}

static int add(const char *name, size_t length) {
    size_t at = strlen(walk.done);
    if (at + 1 + length >= sizeof walk.done)
        return ENAMETOOLONG;
    walk.done[at] = '/';
    memcpy(walk.done + at + 1, name, length);
    walk.done[at + 1 + length] = '\0';
    return 0;
}

/* Moves one component from left to done. */
static int take(void) {
    const char *name = skip_slashes(walk.left);
    size_t length = strcspn(name, "/");
    int error = 0;
    if (length == 2 && name[0] == '.' && name[1] == '.')
        leave_last();
    else if (length > 1 || name[0] != '.')
        error = add(name, length);
    walk.left = skip_slashes(name + length);
    return error;
}

/* The symlink at the end of done gives way to what it says. */
static int follow(const struct td_init *init, int link) {
    char text[PATH_MAX];
    /* A symlink of /proc to an open file says something else than where it leads: it is refused with ELOOP. */
    int target = open_inside(init, walk.done, O_PATH);
    if (target >= 0)
        close(target);
    else if (errno != ENOENT && errno != ENOTDIR)
        return errno;
    ssize_t length = readlinkat(link, "", text, sizeof text);
    size_t left = strlen(walk.left) + 1;
    if (length < 0)
        return errno;
    if (++walk.links > LINKS_MAX)
        return ELOOP;
    if ((size_t)length + 1 + left > sizeof text)
        return ENAMETOOLONG;
    text[length] = '/';
    memcpy(text + length + 1, walk.left, left);
    memcpy(walk.text, text, (size_t)length + 1 + left);
    walk.left = walk.text;
    if (text[0] == '/')
        walk.done[0] = '\0';
    else
        leave_last();
    return 0;
}

static int make_in(int directory, const char *name, mode_t mode) {
    if (S_ISDIR(mode))
        return mkdirat(directory, name, mode & 07777) == 0 ? 0 : errno;
    int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode & 07777);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

/* Makes what is missing at the end of done, below the descriptor of its directory. */
static int make(const struct td_init *init, mode_t mode) {
    char parent[PATH_MAX];
    const char *name = strrchr(walk.done, '/') + 1;
    size_t length = (size_t)(name - walk.done);
    memcpy(parent, walk.done, length); /* with its slash */
    parent[length] = '\0';
    int directory = open_inside(init, parent, O_PATH | O_DIRECTORY);
    if (directory < 0)
        return errno;
    int error = make_in(directory, name, mode);
    close(directory);
    return error;
}

/* A file where a directory must be, or the reverse. */
static int mistake(const struct stat *stat, mode_t mode) {
    if (S_ISDIR(stat->st_mode) == S_ISDIR(mode))
        return 0;
    return S_ISDIR(mode) ? ENOTDIR : EISDIR;
}

/* Takes one component: it exists, or is made, or is a symlink, which is followed. */
static int advance(const struct td_init *init, mode_t mode) {
    struct stat stat;
    int error = take();
    if (error)
        return error;
    mode_t wanted = walk.left[0] ? S_IFDIR | PARENT_MODE : mode;
    int fd = open_inside(init, done(), O_PATH | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? make(init, wanted) : errno;
    error = fstat(fd, &stat) != 0 ? errno : S_ISLNK(stat.st_mode) ? follow(init, fd) : mistake(&stat, wanted);
    close(fd);
    return error;
}

static int open_existing(const struct td_init *init, const char *path, mode_t mode) {
    struct stat stat;
    int fd = open_inside(init, path, O_PATH);
    if (fd < 0)
        return -1;
    int error = fstat(fd, &stat) != 0 ? errno : mistake(&stat, mode);
    if (!error)
        return fd;
    close(fd);
    errno = error;
    return -1;
}

static int walk_along(const struct td_init *init, const char *path, mode_t mode) {
    int error = 0;
    walk = (struct walk){.left = path};
    while (!error && walk.left[0])
        error = advance(init, mode);
    if (!error)
        return open_existing(init, done(), mode);
    errno = error;
    return -1;
}

int open_made(struct td_init *init, const char *path, mode_t mode) {
    init->object = path;
    int fd = open_existing(init, path, mode);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
        init->object = walk.done;
        fd = walk_along(init, path, mode);
    }
    if (fd >= 0)
        init->object = NULL;
    return fd;
}
