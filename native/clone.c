/*
 * clone3 from a process with threads. The child shares Node's memory (CLONE_VM), and the calling thread waits until the
 * child executes the init (CLONE_VFORK).
 */
#include "clone.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>

#include "raw.h"
#include "sys.h"

#define STACK_BYTES (64 * 1024)
#define GUARD_BYTES (64 * 1024) /* at least a page on every architecture */
#define KERNEL_SIGSET_BYTES 8

#if defined(__x86_64__)
static long clone3_run(struct td_clone_args *args, void (*run)(struct child *), struct child *child) {
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
static long clone3_run(struct td_clone_args *args, void (*run)(struct child *), struct child *child) {
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

long clone_child(uint64_t namespaces, int cgroup, int *pidfd, struct child *child) {
    size_t bytes = GUARD_BYTES + STACK_BYTES;
    char *memory = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED)
        return -errno;
    long pid = -errno;
    if (mprotect(memory + GUARD_BYTES, STACK_BYTES, PROT_READ | PROT_WRITE) == 0) {
        struct td_clone_args args = {
            .flags = namespaces | (cgroup < 0 ? 0 : TD_CLONE_INTO_CGROUP) | CLONE_VM | CLONE_VFORK | TD_CLONE_PIDFD |
                     TD_CLONE_CLEAR_SIGHAND,
            .pidfd = (uintptr_t)pidfd,
            .exit_signal = SIGCHLD,
            .stack = (uintptr_t)memory + GUARD_BYTES,
            .stack_size = STACK_BYTES,
            .cgroup = cgroup < 0 ? 0 : (uint64_t)cgroup,
        };
        /* Every signal, including the C library's own: none of Node's handlers may run in the child. */
        uint64_t all = ~0ull, before = 0;
        td_raw_call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&before, KERNEL_SIGSET_BYTES, 0, 0);
        pid = clone3_run(&args, child_run, child);
        td_raw_call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, KERNEL_SIGSET_BYTES, 0, 0);
    }
    munmap(memory, bytes);
    return pid;
}
