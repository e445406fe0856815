#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include "mount.h"
#include "resolve.h"
#include "sys.h"

#define OPTIONS_BYTES 1024

int set_attributes(int fd, uint64_t set, unsigned flags) {
    struct td_mount_attr attr = {.set = set};
    return syscall(SYS_mount_setattr, fd, "", flags | AT_EMPTY_PATH, &attr, sizeof attr) == 0 ? 0 : errno;
}

int copy_of(int fd, unsigned flags) {
    return (int)syscall(SYS_open_tree, fd, "", TD_OPEN_TREE_CLONE | O_CLOEXEC | AT_EMPTY_PATH | flags);
}

int attach(int mount, int target) {
    unsigned flags = TD_MOVE_MOUNT_F_EMPTY_PATH | TD_MOVE_MOUNT_T_EMPTY_PATH;
    return syscall(SYS_move_mount, mount, "", target, "", flags) == 0 ? 0 : errno;
}

/* mount(2) takes NULL for an absent string. */
static const char *or_null(const struct td_init *init, struct td_text text) {
    return text.length == 0 ? NULL : td_text(&init->plan, text);
}

/* By descriptor: nobody can replace it with a symlink meanwhile. */
static int mount_on(int target, const char *source, const char *type, uint64_t flags, const char *data) {
    int error = fchdir(target) != 0 || mount(source, ".", type, flags, data) != 0 ? errno : 0;
    return chdir("/") != 0 && !error ? errno : error;
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
    int target = open_inside(init, td_text(&init->plan, step->target), O_PATH | O_DIRECTORY);
    if (target < 0)
        return errno;
    int error = mount_on(target, or_null(init, step->source), or_null(init, step->type), step->flags,
                         or_null(init, step->data));
    close(target);
    return error ? error : check_writable(init, step);
}

/* Puts ",mode=0755" after the options. */
static int add_mode(char *options, size_t room, mode_t mode) {
    static const char words[] = ",mode=0000";
    size_t length = strlen(options);
    if (length + sizeof words > room)
        return E2BIG;
    memcpy(options + length, words, sizeof words);
    for (char *digit = options + length + sizeof words - 2; *digit != '='; digit--, mode >>= 3)
        *digit = (char)('0' + (mode & 7));
    return 0;
}

int step_tmpfs(struct td_init *init, const struct td_tmpfs *step) {
    char options[OPTIONS_BYTES];
    struct stat stat;
    if (step->data.length >= sizeof options)
        return E2BIG;
    memcpy(options, td_text(&init->plan, step->data), step->data.length + 1);
    int target = open_inside(init, td_text(&init->plan, step->target), O_PATH | O_DIRECTORY);
    if (target < 0)
        return errno;
    int error = fstat(target, &stat) != 0 ? errno : add_mode(options, sizeof options, stat.st_mode & 07777);
    if (!error)
        error = mount_on(target, "tmpfs", "tmpfs", step->flags, options);
    close(target);
    return error;
}

int step_fsmount(struct td_init *init, const struct td_fsmount *step) {
    int context = (int)syscall(SYS_fsopen, td_text(&init->plan, step->type), TD_FSOPEN_CLOEXEC);
    if (context < 0)
        return errno;
    int made = syscall(SYS_fsconfig, context, TD_FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0;
    int mount = made ? (int)syscall(SYS_fsmount, context, TD_FSMOUNT_CLOEXEC, step->attributes) : -1;
    int error = mount < 0 ? errno : 0;
    close(context);
    init->slots[step->slot] = mount;
    return error;
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

static uint64_t device_of(const struct stat *stat) { return (uint64_t)(stat->st_mode & S_IFMT) << 32 | stat->st_rdev; }

int step_open_tree(struct td_init *init, const struct td_open_tree *step) {
    int fd = open_copy(init, td_text(&init->plan, step->path), (unsigned)step->flags);
    if (fd < 0)
        return errno;
    struct stat stat;
    if (step->device != 0 && (fstat(fd, &stat) != 0 || device_of(&stat) != step->device)) {
        close(fd);
        return ENODEV;
    }
    init->slots[step->slot] = fd;
    return 0;
}

/* What the process has by that path, from within its mount namespace, as the kernel copies no mount of another one. */
static int copy_in(int process, const char *path) {
    if (syscall(SYS_setns, process, (unsigned long)CLONE_NEWNS) != 0)
        return -1;
    return (int)syscall(SYS_open_tree, AT_FDCWD, path, TD_OPEN_TREE_CLONE | O_CLOEXEC);
}

/* setns moves the root too, out of a chroot that the caller may be in. */
static int return_to(int namespace, int root) {
    if (syscall(SYS_setns, namespace, (unsigned long)CLONE_NEWNS) != 0 || fchdir(root) != 0 || chroot(".") != 0)
        return errno;
    return 0;
}

int step_open_in(struct td_init *init, const struct td_open_in *step) {
    int namespace = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    int root = namespace < 0 ? -1 : open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return errno;
    int copy = copy_in(init->slots[step->process], td_text(&init->plan, step->path));
    int error = copy < 0 ? errno : 0, returned = return_to(namespace, root);
    close(namespace);
    close(root);
    init->slots[step->slot] = copy;
    return error ? error : returned;
}

int step_open_below(struct td_init *init, const struct td_open_below *step) {
    int directory = open(td_text(&init->plan, step->directory), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return errno;
    int inside = td_openat_in(directory, td_text(&init->plan, step->path), O_PATH);
    int copy = inside < 0 ? -1 : copy_of(inside, (unsigned)step->flags);
    int error = copy < 0 ? errno : 0;
    close(directory);
    if (inside >= 0)
        close(inside);
    init->slots[step->slot] = copy;
    return error;
}

int step_propagate(struct td_init *init, const struct td_propagate *step) {
    struct td_mount_attr attributes = {.propagation = step->propagation};
    long result = syscall(SYS_mount_setattr, init->slots[step->slot], "", AT_EMPTY_PATH | (unsigned)step->flags, &attributes,
                          sizeof attributes);
    return result == 0 ? 0 : errno;
}

int step_setattr(struct td_init *init, const struct td_setattr *step) {
    return set_attributes(init->slots[step->slot], step->attributes, (unsigned)step->flags);
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
