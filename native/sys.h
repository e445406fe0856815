/* System calls and constants newer than the C library's or kernel's headers on the oldest target. */
#ifndef TD_SYS_H
#define TD_SYS_H

#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_open_tree
#define SYS_open_tree 428
#endif
#ifndef SYS_move_mount
#define SYS_move_mount 429
#endif
#ifndef SYS_fsopen
#define SYS_fsopen 430
#endif
#ifndef SYS_fsconfig
#define SYS_fsconfig 431
#endif
#ifndef SYS_fsmount
#define SYS_fsmount 432
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

#define TD_CLONE_PIDFD 0x1000ull
#define TD_CLONE_CLEAR_SIGHAND 0x100000000ull
#define TD_CLONE_INTO_CGROUP 0x200000000ull

#define TD_CLOSE_RANGE_CLOEXEC 4u

#define TD_OPEN_TREE_CLONE 1u
#define TD_FSOPEN_CLOEXEC 1u
#define TD_FSMOUNT_CLOEXEC 1u
#define TD_FSCONFIG_CMD_CREATE 6u
#define TD_AT_RECURSIVE 0x8000u
#define TD_MOVE_MOUNT_F_EMPTY_PATH 0x4u
#define TD_MOVE_MOUNT_T_EMPTY_PATH 0x40u
#define TD_MOUNT_ATTR_RDONLY 0x1ull

#define TD_RESOLVE_NO_XDEV 0x01ull
#define TD_RESOLVE_NO_MAGICLINKS 0x02ull
#define TD_RESOLVE_NO_SYMLINKS 0x04ull
#define TD_RESOLVE_BENEATH 0x08ull
#define TD_RESOLVE_IN_ROOT 0x10ull

#define TD_P_PIDFD 3

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

struct td_open_how {
    uint64_t flags;
    uint64_t mode;
    uint64_t resolve;
};

struct td_clone_args {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

struct td_mount_attr {
    uint64_t set;
    uint64_t clear;
    uint64_t propagation;
    uint64_t userns_fd;
};

/* Opens path as a process whose root directory is root would: no symlink leads out of it. */
static inline int td_openat_in(int root, const char *path, int flags) {
    struct td_open_how how = {
        .flags = (uint64_t)flags | O_CLOEXEC,
        .resolve = TD_RESOLVE_IN_ROOT | TD_RESOLVE_NO_MAGICLINKS,
    };
    return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}

#endif
