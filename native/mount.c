#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "init.h"
#include "sys.h"

static int setattr(int fd, uint64_t set, unsigned flags) {
    struct td_mount_attr attr = {.set = set};
    return syscall(SYS_mount_setattr, fd, "", flags | AT_EMPTY_PATH, &attr, sizeof attr) == 0 ? 0 : errno;
}

/* A detached copy of the mount at fd. */
static int copy_of(int fd, unsigned flags) {
    return (int)syscall(SYS_open_tree, fd, "", TD_OPEN_TREE_CLONE | O_CLOEXEC | AT_EMPTY_PATH | flags);
}

static int attach(int mount, int target) {
    unsigned flags = TD_MOVE_MOUNT_F_EMPTY_PATH | TD_MOVE_MOUNT_T_EMPTY_PATH;
    return syscall(SYS_move_mount, mount, "", target, "", flags) == 0 ? 0 : errno;
}

/* mount(2) takes NULL for an absent string. */
static const char *or_null(const struct td_init *init, struct td_text text) {
    return text.length == 0 ? NULL : td_text(&init->plan, text);
}

static int mount_on(int target, const struct td_init *init, const struct td_mount *step) {
    const char *source = or_null(init, step->source);
    const char *type = or_null(init, step->type);
    const char *data = or_null(init, step->data);
    /* By descriptor: nobody can replace it with a symlink between the check and the mount. */
    if (fchdir(target) != 0 || mount(source, ".", type, step->flags, data) != 0)
        return errno;
    return 0;
}

/* An overlay whose work directory can't be made, as on a full disk, is mounted read-only without an error. */
static int check_writable(const struct td_init *init, const struct td_mount *step) {
    if (step->type.length == 0 || (step->flags & MS_RDONLY))
        return 0;
    struct statfs statfs;
    int root = open_inside(init, td_text(&init->plan, step->target), O_PATH | O_DIRECTORY);
    if (root < 0)
        return errno;
    int error = fstatfs(root, &statfs) != 0 ? errno : (statfs.f_flags & ST_RDONLY) ? EROFS : 0;
    close(root);
    return error;
}

int step_mount(struct td_init *init, const struct td_mount *step) {
    int target = open_inside(init, td_text(&init->plan, step->target), O_PATH | O_DIRECTORY | O_NOFOLLOW);
    if (target < 0)
        return errno;
    int error = mount_on(target, init, step);
    close(target);
    if (chdir("/") != 0 && !error)
        error = errno;
    return error ? error : check_writable(init, step);
}

static int open_copy(const struct td_init *init, const char *path, unsigned flags) {
    if (init->root < 0)
        return (int)syscall(SYS_open_tree, AT_FDCWD, path, TD_OPEN_TREE_CLONE | O_CLOEXEC | flags);
    int inside = open_inside(init, path, O_PATH);
    if (inside < 0)
        return -1;
    int copy = copy_of(inside, flags), error = errno;
    close(inside);
    errno = error;
    return copy;
}

int step_open_tree(struct td_init *init, const struct td_open_tree *step) {
    int fd = open_copy(init, td_text(&init->plan, step->path), (unsigned)step->flags);
    if (fd < 0)
        return errno;
    struct stat stat;
    if (step->device != 0 && (fstat(fd, &stat) != 0 || !S_ISCHR(stat.st_mode) || stat.st_rdev != step->device)) {
        close(fd);
        return ENODEV;
    }
    init->slots[step->slot] = fd;
    return 0;
}

int step_setattr(struct td_init *init, const struct td_setattr *step) {
    return setattr(init->slots[step->slot], step->attributes, (unsigned)step->flags);
}

int step_move_mount(struct td_init *init, const struct td_move_mount *step) {
    int target = open_inside(init, td_text(&init->plan, step->path), O_PATH);
    if (target < 0)
        return errno;
    int *slot = &init->slots[step->slot];
    int error = attach(*slot, target);
    close(target);
    close(*slot);
    *slot = -1;
    return error;
}

/* Puts the old root on top of the new one, where no path leads to it; DETACH then unmounts it. */
int step_pivot_root(struct td_init *init, const struct td_pivot_root *step) {
    int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (old < 0)
        return errno;
    init->slots[step->slot] = old;
    if (chdir(td_text(&init->plan, step->path)) != 0 || syscall(SYS_pivot_root, ".", ".") != 0)
        return errno;
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
    int error = copy < 0 ? errno : setattr(copy, TD_MOUNT_ATTR_RDONLY, TD_AT_RECURSIVE);
    if (!error)
        error = attach(copy, target);
    close(target);
    if (copy >= 0)
        close(copy);
    return error;
}

int step_root_rdonly(struct td_init *init, const struct td_root_rdonly *step) {
    (void)step;
    return setattr(init->root, TD_MOUNT_ATTR_RDONLY, 0);
}
