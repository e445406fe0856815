/*
 * clone3 from a process with threads. The child shares Node's memory (CLONE_VM) and holds the calling thread until it
 * executes (CLONE_VFORK), so it makes raw system calls only: no errno, no malloc, no lock, and no change of uid,
 * capabilities or dumpable, which belong to the shared memory.
 */
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

#include "raw.h"
#include "shim.h"
#include "sys.h"
#include "watch.h"

#define STACK_BYTES (64 * 1024)
#define GUARD_BYTES (64 * 1024) /* at least a page on every architecture */
/* Above every final number, so that no descriptor is overwritten before it was copied. */
#define SPARE_FD 64
#define KERNEL_SIGSET_BYTES 8

struct clone3_args {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

/* What the child reads, and its failure. */
struct child {
    int fds[TD_FD_END]; /* by their final number; -1 for none */
    char uid_map[32], gid_map[32];
    volatile int stage, error;
};

static int sealed_init = -1; /* memfd with tinydocker-init: a container can't reach a file of the host by it (CVE-2019-5736) */
static int self = -1;        /* pidfd of this process */
static atomic_uint last_number;

static long raw(long number, long a, long b, long c, long d, long e) { return td_raw_call(number, a, b, c, d, e, 0); }

#if defined(__x86_64__)
static long clone3_run(struct clone3_args *args, void (*run)(struct child *), struct child *child) {
    long result;
    register void *function __asm__("r8") = (void *)run;
    register void *argument __asm__("r9") = child;
    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "mov %%r9, %%rdi\n\t"
                     "call *%%r8\n\t"
                     "ud2\n"
                     "1:"
                     : "=a"(result)
                     : "a"((long)SYS_clone3), "D"(args), "S"(sizeof *args), "r"(function), "r"(argument)
                     : "rcx", "rdx", "r10", "r11", "memory", "cc");
    return result;
}
#else
static long clone3_run(struct clone3_args *args, void (*run)(struct child *), struct child *child) {
    register long x8 __asm__("x8") = SYS_clone3;
    register long x0 __asm__("x0") = (long)args;
    register long x1 __asm__("x1") = sizeof *args;
    register void *function __asm__("x10") = (void *)run;
    register void *argument __asm__("x11") = child;
    __asm__ volatile("svc #0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x29, xzr\n\t"
                     "mov x0, x11\n\t"
                     "blr x10\n\t"
                     "brk #0\n"
                     "1:"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(function), "r"(argument)
                     : "memory", "cc");
    return x0;
}
#endif

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

/* Before exec, which takes the capabilities of a process whose uid is not mapped. */
static long map_user(const struct child *child) {
    long result = write_file("/proc/self/setgroups", "deny");
    if (result == 0)
        result = write_file("/proc/self/uid_map", child->uid_map);
    return result ? result : write_file("/proc/self/gid_map", child->gid_map);
}

static long place_descriptors(const struct child *child) {
    int spare[TD_FD_END];
    for (int fd = 0; fd < TD_FD_END; fd++) {
        spare[fd] = -1;
        if (child->fds[fd] < 0)
            continue;
        spare[fd] = (int)raw(SYS_fcntl, child->fds[fd], F_DUPFD, SPARE_FD, 0, 0);
        if (spare[fd] < 0)
            return spare[fd];
    }
    for (int fd = 0; fd < TD_FD_END; fd++) {
        long result = spare[fd] < 0 ? raw(SYS_close, fd, 0, 0, 0, 0)
                                    : raw(SYS_dup3, spare[fd], fd, fd == TD_FD_INIT ? O_CLOEXEC : 0, 0, 0);
        if (result < 0 && spare[fd] >= 0)
            return result;
    }
    return raw(SYS_close_range, TD_FD_END, ~0u, 0, 0, 0);
}

static void fail(struct child *child, int stage, long result) {
    child->stage = stage;
    child->error = (int)-result;
    raw(SYS_exit_group, 1, 0, 0, 0, 0);
}

static void run_child(struct child *child) {
    static const char *const arguments[] = {"tinydocker-init", NULL};
    static const char *const environment[] = {NULL};
    long result = child->uid_map[0] ? map_user(child) : 0;
    if (result < 0)
        fail(child, TD_STAGE_USER_MAP, result);
    result = place_descriptors(child);
    if (result < 0)
        fail(child, TD_STAGE_DESCRIPTORS, result);
    result = raw(SYS_execveat, TD_FD_INIT, (long)"", (long)arguments, (long)environment, AT_EMPTY_PATH);
    fail(child, TD_STAGE_EXEC, result);
}

/* Returns the pid, or -errno. */
static long clone_child(uint64_t flags, int *pidfd, struct child *child) {
    size_t bytes = GUARD_BYTES + STACK_BYTES;
    char *memory = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED)
        return -errno;
    long pid = -errno;
    if (mprotect(memory + GUARD_BYTES, STACK_BYTES, PROT_READ | PROT_WRITE) == 0) {
        struct clone3_args args = {
            .flags = flags | CLONE_VM | CLONE_VFORK | TD_CLONE_PIDFD | TD_CLONE_CLEAR_SIGHAND,
            .pidfd = (uintptr_t)pidfd,
            .exit_signal = SIGCHLD,
            .stack = (uintptr_t)memory + GUARD_BYTES,
            .stack_size = STACK_BYTES,
        };
        /* Every signal, the C library's own too: none of Node's handlers may run in the child. */
        uint64_t all = ~0ull, before = 0;
        raw(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&before, KERNEL_SIGSET_BYTES, 0);
        pid = clone3_run(&args, run_child, child);
        raw(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, KERNEL_SIGSET_BYTES, 0);
    }
    munmap(memory, bytes);
    return pid;
}

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
