/*
 * Between clone and exec. The child shares Node's memory and thread-local storage, so it makes raw system calls only: no
 * errno, no malloc, no lock, no call of the C library, no instrumented code. It changes no uid, capability or dumpable
 * flag, because each of these changes the dumpable flag of the shared memory. The Makefile has flags for this file.
 */
#include "child.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <signal.h>

#include "raw.h"
#include "shim.h"
#include "sys.h"

#define KERNEL_SIGSET_BYTES 8

#define raw(number, a, b, c, d, e) td_raw_call(number, a, b, c, d, e, 0)

static long write_file(const char *path, const char *text) {
    long fd = raw(SYS_openat, AT_FDCWD, (long)path, O_WRONLY | O_CLOEXEC, 0, 0);
    if (fd < 0)
        return fd;
    long length = 0;
    while (text[length])
        length++;
    long written = raw(SYS_write, fd, (long)text, length, 0, 0);
    raw(SYS_close, fd, 0, 0, 0, 0);
    return written < 0 ? written : 0;
}

/*
 * A process of one thread moves into a cgroup by its file tasks as by cgroup.procs, and the kernel then need not wait until
 * no other process of the machine is starting or ending, which takes milliseconds.
 */
static long join_cgroups(const struct child *child) {
    for (int i = 0; i < child->joins_end; i++) {
        long written = raw(SYS_write, child->joins[i], (long)"0", 1, 0, 0);
        if (written < 0)
            return written;
    }
    return 0;
}

/* Called before exec, which drops the capabilities of a process whose uid is not mapped. */
static long map_user(const struct child *child) {
    long result = write_file("/proc/self/setgroups", "deny");
    if (result == 0)
        result = write_file("/proc/self/uid_map", child->uid_map);
    return result ? result : write_file("/proc/self/gid_map", child->gid_map);
}

/*
 * An exec takes all but the ambient capabilities from a process whose uid is not mapped. The effective ones stay as they
 * are, so the dumpable flag does too.
 */
static long keep_capabilities(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    long result = raw(SYS_capget, (long)&header, (long)data, 0, 0, 0);
    if (result < 0)
        return result;
    data[0].inheritable = data[0].permitted, data[1].inheritable = data[1].permitted;
    result = raw(SYS_capset, (long)&header, (long)data, 0, 0, 0);
    for (unsigned number = 0; result == 0 && number < 64; number++)
        if (data[number / 32].permitted >> number % 32 & 1)
            result = raw(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0);
    return result;
}

/* First copies each one to a number above all final ones, so that none is overwritten before it is copied. */
static long place_descriptors(const struct child *child) {
    int spare[CHILD_FDS_MAX];
    for (int fd = 0; fd < child->fds_end; fd++) {
        spare[fd] = -1;
        if (child->fds[fd] < 0)
            continue;
        spare[fd] = (int)raw(SYS_fcntl, child->fds[fd], F_DUPFD, CHILD_FDS_MAX, 0, 0);
        if (spare[fd] < 0)
            return spare[fd];
    }
    for (int fd = 0; fd < child->fds_end; fd++) {
        long result = spare[fd] < 0 ? raw(SYS_close, fd, 0, 0, 0, 0)
                                    : raw(SYS_dup3, spare[fd], fd, fd == TD_FD_INIT ? O_CLOEXEC : 0, 0, 0);
        if (result < 0 && spare[fd] >= 0)
            return result;
    }
    return raw(SYS_close_range, child->fds_end, ~0u, 0, 0, 0);
}

static void fail(struct child *child, int stage, long result) {
    child->stage = stage;
    child->error = (int)-result;
    raw(SYS_exit_group, 1, 0, 0, 0, 0);
}

void child_run(struct child *child) {
    const char *const arguments[] = {child->name, NULL};
    static const char *const environment[] = {NULL};
    if (child->own_session)
        raw(SYS_setsid, 0, 0, 0, 0, 0);
    long result = join_cgroups(child);
    if (result < 0)
        fail(child, TD_STAGE_CGROUP, result);
    result = child->uid_map[0] ? map_user(child) : child->mapped_later ? keep_capabilities() : 0;
    if (result < 0)
        fail(child, TD_STAGE_USER_MAP, result);
    result = place_descriptors(child);
    if (result < 0)
        fail(child, TD_STAGE_DESCRIPTORS, result);
    /* Here rather than in the init: pid 1 loses a pending signal when it unblocks it. Node's handlers are cleared. */
    uint64_t none = 0;
    raw(SYS_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, KERNEL_SIGSET_BYTES, 0);
    result = raw(SYS_execveat, TD_FD_INIT, (long)"", (long)arguments, (long)environment, AT_EMPTY_PATH);
    fail(child, TD_STAGE_EXEC, result);
}
