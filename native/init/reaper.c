/* Pid 1 below which the command runs: it passes signals on and reaps, as docker's --init. */
#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "init.h"
#include "sys.h"

#define KERNEL_SIGSET_BYTES 8

static void set_mask(uint64_t mask) {
    (void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, KERNEL_SIGSET_BYTES, 0); /* it can't fail */
}

/* In a group of its own, as a shell's job: a key of the terminal signals the command, and not pid 1 as well. */
static void become_job(void) {
    (void)syscall(SYS_setpgid, 0, 0, 0, 0, 0, 0);
    int group = (int)syscall(SYS_getpid, 0, 0, 0, 0, 0, 0);
    (void)ioctl(0, TIOCSPGRP, &group); /* it has a terminal or not */
}

static void reap(long command) {
    for (;;) {
        int status = 0;
        long ended = syscall(SYS_wait4, -1, &status, WNOHANG, NULL, 0, 0);
        if (ended == command)
            _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
        if (ended <= 0)
            return;
    }
}

/* What is blocked is not lost, although pid 1 handles no signal; sigwait(3) would not show it in /proc as blocked. */
static int supervise(long command) {
    struct signalfd_siginfo info;
    uint64_t all = ~0ull;
    int signals = (int)syscall(SYS_signalfd4, -1, &all, KERNEL_SIGSET_BYTES, 0, 0, 0);
    while (read(signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            reap(command);
        else
            (void)syscall(SYS_kill, command, info.ssi_signo, 0, 0, 0, 0); /* it may have ended: then SIGCHLD follows */
    }
    return errno;
}

int step_reaper(struct td_init *init, const struct td_reaper *step) {
    (void)init, (void)step;
    set_mask(~0ull);
    long command = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0);
    if (command < 0) {
        int error = errno;
        set_mask(0);
        return error;
    }
    if (command == 0) {
        become_job();
        set_mask(0);
        return 0;
    }
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); /* in a pid namespace of others it is not pid 1 */
    (void)prctl(PR_SET_NAME, "tinydocker-init"); /* the name is only for people to read */
    (void)syscall(SYS_close_range, 0, ~0u, 0, 0, 0, 0); /* else the end of the command's output would not be one */
    return supervise(command);
}
