/*
 * clone3 from a process with threads. The child shares Node's memory (CLONE_VM) and holds the calling thread until it
 * executes (CLONE_VFORK), so it makes raw system calls only: no errno, no malloc, no lock, and no change of uid,
 * capabilities or dumpable, which belong to the shared memory.
 */
#include "clone.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>

#include "raw.h"
#include "shim.h"
#include "sys.h"

#define STACK_BYTES (64 * 1024)
#define GUARD_BYTES (64 * 1024) /* at least a page on every architecture */
/* Above every final number, so that no descriptor is overwritten before it was copied. */
#define SPARE_FD 64
#define KERNEL_SIGSET_BYTES 8

struct clone3_args {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

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
    /* Here rather than in the init: pid 1 drops a blocked signal once it unblocks it. Node's handlers are cleared. */
    uint64_t none = 0;
    raw(SYS_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, KERNEL_SIGSET_BYTES, 0);
    result = raw(SYS_execveat, TD_FD_INIT, (long)"", (long)arguments, (long)environment, AT_EMPTY_PATH);
    fail(child, TD_STAGE_EXEC, result);
}

long clone_child(uint64_t flags, int *pidfd, struct child *child) {
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
