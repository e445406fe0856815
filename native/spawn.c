#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "clone.h"
#include "shim.h"
#include "sys.h"
#include "watch.h"

static int sealed_init = -1; /* memfd with tinydocker-init: a container can't reach a file of the host by it (CVE-2019-5736) */
static int self = -1;        /* pidfd of this process */
static atomic_uint last_number;

static int sealed_copy(const uint8_t *bytes, size_t length) {
    enum { MFD_EXEC_FLAG = 0x10 }; /* Linux 6.3; EINVAL before */
    unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    int fd = memfd_create("tinydocker-init", flags | MFD_EXEC_FLAG);
    if (fd < 0 && errno == EINVAL)
        fd = memfd_create("tinydocker-init", flags);
    if (fd < 0)
        return -errno;
    ssize_t written = write(fd, bytes, length);
    int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    if (written == (ssize_t)length && fcntl(fd, F_ADD_SEALS, seals) == 0)
        return fd;
    int error = written < 0 ? errno : EIO;
    close(fd);
    return -error;
}

static int plan_file(const uint8_t *plan, size_t length) {
    int fd = memfd_create("tinydocker-plan", MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (write(fd, plan, length) == (ssize_t)length)
        return fd;
    close(fd);
    return -EIO;
}

uint64_t td_abi(void) { return td_layout() ^ sizeof(struct td_event) ^ (uint64_t)sizeof(struct td_spawned) << 32; }

/* Node unloads its add-ons' libraries on its way out, under the feet of our threads. */
static int stay_loaded(void) {
    Dl_info info;
    return dladdr((void *)(uintptr_t)td_open, &info) && dlopen(info.dli_fname, RTLD_NOW | RTLD_NODELETE) ? 0 : -ELIBACC;
}

int td_open(const uint8_t *init, size_t length) {
    if (sealed_init >= 0)
        return -EALREADY;
    if (stay_loaded() != 0)
        return -ELIBACC;
    int fd = sealed_copy(init, length);
    if (fd < 0)
        return fd;
    self = (int)syscall(SYS_pidfd_open, getpid(), 0);
    if (self < 0)
        return -errno;
    sealed_init = fd;
    return watch_open();
}

static void close_all(int *fds, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

/* The descriptors made for one start. The child's ends are closed here after it; the others belong to the watcher. */
struct ends {
    int child[3]; /* plan, report, console */
    int ours[3];  /* report, console, stop */
};

static int open_ends(struct ends *ends, const uint8_t *plan, size_t length, int terminal) {
    int report[2], console[2];
    memset(ends, -1, sizeof *ends);
    ends->child[0] = plan_file(plan, length);
    if (ends->child[0] < 0)
        return -ends->child[0];
    if (pipe2(report, O_CLOEXEC) != 0)
        return errno;
    ends->ours[0] = report[0], ends->child[1] = report[1];
    if (fcntl(report[0], F_SETFL, O_NONBLOCK) != 0)
        return errno;
    if (!terminal)
        return 0;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, console) != 0)
        return errno;
    ends->ours[1] = console[0], ends->child[2] = console[1];
    ends->ours[2] = eventfd(0, EFD_CLOEXEC);
    return ends->ours[2] < 0 ? errno : 0;
}

static struct container *new_container(const struct ends *ends, const int32_t *stdio, int terminal) {
    struct container *container = calloc(1, sizeof *container);
    if (!container)
        return NULL;
    container->number = atomic_fetch_add(&last_number, 1) + 1;
    container->report = ends->ours[0];
    container->console = ends->ours[1];
    container->stop = ends->ours[2];
    container->outer[0] = stdio[0];
    container->outer[1] = stdio[1];
    atomic_init(&container->master, -1);
    atomic_init(&container->parts, terminal ? 2 : 1);
    return container;
}

/* The child runs from here on; whatever fails now must end it. */
static int hand_over(struct container *container, int terminal, struct td_spawned *spawned) {
    spawned->pidfd = fcntl(container->pidfd, F_DUPFD_CLOEXEC, 0);
    spawned->container = container->number;
    int error = spawned->pidfd < 0 ? errno : terminal ? terminal_start(container) : 0;
    if (!error)
        error = watch_add(container);
    if (!error)
        return 0;
    /* It is not watched yet, or only its reports are; its few descriptors are given up rather than freed under a thread. */
    syscall(SYS_pidfd_send_signal, container->pidfd, SIGKILL, NULL, 0);
    siginfo_t info;
    waitid((idtype_t)TD_P_PIDFD, (id_t)container->pidfd, &info, WEXITED);
    return error;
}

static int start(struct container *container, const struct ends *ends, uint64_t flags, const int32_t *stdio, int lock,
                 const uint32_t *identity, struct td_spawned *spawned) {
    struct child child = {.fds = {stdio[0], stdio[1], stdio[2], ends->child[0], ends->child[1], self, lock,
                                  ends->child[2], sealed_init}};
    if (flags & CLONE_NEWUSER) {
        snprintf(child.uid_map, sizeof child.uid_map, "0 %u 1\n", identity[0]);
        snprintf(child.gid_map, sizeof child.gid_map, "0 %u 1\n", identity[1]);
    }
    spawned->stage = TD_STAGE_CLONE;
    long pid = clone_child(flags, &container->pidfd, &child);
    if (pid < 0)
        return (int)-pid;
    spawned->pid = (int32_t)pid;
    if (!child.error)
        return 0;
    siginfo_t info;
    waitid((idtype_t)TD_P_PIDFD, (id_t)container->pidfd, &info, WEXITED);
    close(container->pidfd);
    spawned->stage = (uint32_t)child.stage;
    return child.error;
}

int td_spawn(const uint8_t *plan, size_t length, uint64_t flags, const int32_t *stdio, int lock,
             const uint32_t *identity, int terminal, struct td_spawned *spawned) {
    struct ends ends;
    memset(spawned, 0, sizeof *spawned);
    int error = open_ends(&ends, plan, length, terminal);
    struct container *container = error ? NULL : new_container(&ends, stdio, terminal);
    if (!error && !container)
        error = ENOMEM;
    if (!error)
        error = start(container, &ends, flags, stdio, lock, identity, spawned);
    close_all(ends.child, 3);
    if (!error)
        return -hand_over(container, terminal, spawned);
    close_all(ends.ours, 3);
    free(container);
    return -error;
}
