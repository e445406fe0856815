#include "monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "attach.h"
#include "sys.h"

#define READ_BYTES (32 << 10)
/* How often one stream is read before the other and the end are looked at. */
#define READS_MAX 8
/* Of a stream that has this much at once more comes at once: it is let come, so that one wake and one write are for more of it. */
#define FLOW_BYTES (4 << 10)
#define FLOW_NS 100000
/* How long the starter may take to open the process that it was told of. */
#define STARTER_MS 10000
/* After the end: what the largest pipe holds. Somebody else may have the other end, and never stop writing. */
#define DRAIN_BYTES_MAX (1 << 20)

static int load_settings(struct monitor *monitor) {
    struct stat stat;
    if (fstat(TD_FD_SETTINGS, &stat) != 0 || (size_t)stat.st_size < sizeof *monitor->options + sizeof *monitor->life)
        return EINVAL;
    char *bytes = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, TD_FD_SETTINGS, 0);
    if (bytes == MAP_FAILED)
        return errno;
    monitor->options = (const struct td_spawn_options *)bytes;
    monitor->life = (const struct td_life *)(bytes + sizeof *monitor->options);
    return 0;
}

/* In a session of its own, a child of whoever adopts it: its starter need not wait for it. */
static void leave_starter(void) {
    long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (pid != 0)
        _exit(pid < 0);
    (void)setsid();
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    (void)umask(077);
    (void)chdir("/");
    (void)syscall(SYS_close_range, TD_FD_PLAN, ~0u, TD_CLOSE_RANGE_CLOEXEC);
}

static int open_signals(void) {
    uint64_t all = ~0ull, wanted = 1ull << (SIGTERM - 1) | 1ull << (SIGUSR1 - 1) | 1ull << (SIGCHLD - 1);
    (void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, sizeof all);
    return (int)syscall(SYS_signalfd4, -1, &wanted, sizeof wanted, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void reap(struct monitor *monitor) {
    for (;;) {
        int status = 0;
        long pid = syscall(SYS_wait4, -1, &status, WNOHANG, NULL);
        if (pid <= 0)
            return;
        if (pid == monitor->guard)
            monitor->guard = 0;
        health_reaped(monitor, pid, status);
        if (pid != monitor->pid || monitor->ended)
            continue;
        monitor->ended = 1;
        monitor->status = status;
    }
}

/* SIGUSR1: stop. SIGTERM alone is what a machine that is switched off sends: the container is then to start with it again. */
static void read_signals(struct monitor *monitor, int signals) {
    struct signalfd_siginfo info;
    while (read(signals, &info, sizeof info) == sizeof info)
        if (info.ssi_signo != SIGCHLD) {
            monitor->stopping = 1;
            monitor->asked |= info.ssi_signo == SIGUSR1;
        }
    reap(monitor);
}

/* Returns how many bytes there were. A terminal's master reports EIO once every process has closed the terminal. */
static size_t read_output(int *fd, uint32_t frame) {
    static char bytes[READ_BYTES];
    ssize_t got = read(*fd, bytes, sizeof bytes);
    if (got > 0) {
        log_write(frame == TD_FRAME_STDOUT ? "stdout" : "stderr", bytes, (size_t)got);
        attach_send(frame, bytes, (size_t)got);
        return (size_t)got;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    close(*fd);
    *fd = -1;
    return 0;
}

/* As long as there is more than what is read at once. */
static void read_ready(int *fd, uint32_t frame) {
    size_t got = READ_BYTES;
    for (int reads = 0; *fd >= 0 && reads < READS_MAX && got == READ_BYTES; reads++)
        got = read_output(fd, frame);
    if (got >= FLOW_BYTES)
        (void)syscall(SYS_nanosleep, &(struct timespec){.tv_nsec = FLOW_NS}, NULL);
}

static void drain(int *fd, uint32_t frame) {
    for (size_t total = 0, got = 1; *fd >= 0 && got > 0 && total < DRAIN_BYTES_MAX; total += got)
        got = read_output(fd, frame);
}

static void receive_master(struct monitor *monitor) {
    char byte, control[CMSG_SPACE(sizeof(int))];
    struct iovec data = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t got = syscall(SYS_recvmsg, monitor->console, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    struct cmsghdr *header = got == 1 ? CMSG_FIRSTHDR(&message) : NULL;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
        memcpy(&monitor->master, CMSG_DATA(header), sizeof monitor->master);
        (void)syscall(SYS_fcntl, monitor->master, F_SETFL, O_NONBLOCK);
        attach_resize(monitor);
    }
    close(monitor->console);
    monitor->console = -1;
}

/* A closed descriptor is left out. */
static void watch(struct monitor *monitor, int signals) {
    enum { SIGNALS, REPORT, OUTPUT, ERRORS, CONSOLE, MASTER, COUNT };
    struct pollfd fds[COUNT + ATTACH_FDS_MAX + HEALTH_FDS] = {
        [SIGNALS] = {.fd = signals, .events = POLLIN},          [REPORT] = {.fd = monitor->report, .events = POLLIN},
        [OUTPUT] = {.fd = monitor->output, .events = POLLIN},   [ERRORS] = {.fd = monitor->errors, .events = POLLIN},
        [CONSOLE] = {.fd = monitor->console, .events = POLLIN}, [MASTER] = {.fd = monitor->master, .events = POLLIN},
    };
    size_t attached = attach_watch(monitor, fds + COUNT);
    size_t health = health_watch(fds + COUNT + attached);
    if (poll(fds, COUNT + attached + health, health_timeout()) < 0)
        return;
    if (fds[REPORT].revents)
        read_reports(monitor);
    if (fds[CONSOLE].revents)
        receive_master(monitor);
    if (fds[OUTPUT].revents)
        read_ready(&monitor->output, TD_FRAME_STDOUT);
    if (fds[ERRORS].revents)
        read_ready(&monitor->errors, TD_FRAME_STDERR);
    if (fds[MASTER].revents)
        read_ready(&monitor->master, TD_FRAME_STDOUT);
    attach_ready(monitor, fds + COUNT, attached);
    health_act(monitor);
    if (fds[SIGNALS].revents)
        read_signals(monitor, signals);
}

static void finish(struct monitor *monitor) {
    health_end();
    read_reports(monitor);
    if (monitor->console >= 0)
        receive_master(monitor);
    drain(&monitor->output, TD_FRAME_STDOUT);
    drain(&monitor->errors, TD_FRAME_STDERR);
    drain(&monitor->master, TD_FRAME_STDOUT);
    if (monitor->guard > 0)
        (void)syscall(SYS_kill, monitor->guard, SIGKILL);
    close_start(monitor);
    end_rest(monitor);
}

/* Until the delay is over or it is asked to stop. */
static void wait_to_restart(struct monitor *monitor, int signals) {
    uint64_t until = milliseconds(CLOCK_MONOTONIC) + monitor->delay;
    for (uint64_t now = until - monitor->delay; now < until && !monitor->stopping; now = milliseconds(CLOCK_MONOTONIC)) {
        struct pollfd fd = {.fd = signals, .events = POLLIN};
        if (poll(&fd, 1, (int)(until - now)) > 0)
            read_signals(monitor, signals);
    }
}

/* Waits also until every container whose namespaces it joins runs. Returns 0 where it is not to be started again. */
static int await_restart(struct monitor *monitor, int signals) {
    for (int is_said = 0;; is_said = 1, lengthen_delay(monitor)) {
        wait_to_restart(monitor, signals);
        if (monitor->stopping)
            return 0;
        switch (renew_others(monitor)) {
        case OTHERS_RUN:
            return 1;
        case OTHERS_REMOVED:
            log_remark("the container is not started again: a container whose namespaces it joins was removed");
            return 0;
        case OTHERS_STOPPED:
            if (!is_said)
                log_remark("the container is started again once each container whose namespaces it joins runs");
        }
    }
}

/* The next start failed before there was a process: what is recorded is a start that failed. */
static void start_again(struct monitor *monitor) {
    int stage;
    monitor->restarts++;
    if (start(monitor, &stage) == 0)
        return;
    log_remark("the container could not be started again: no process could be made");
    monitor->ended = 1;
    monitor->status = NOT_STARTED << 8;
}

static void tell_end(struct monitor *monitor) {
    int by_signal = WIFSIGNALED(monitor->status);
    tell(monitor, &(struct td_event){
                      .kind = TD_EVENT_EXITED,
                      .error = by_signal ? CLD_KILLED : CLD_EXITED,
                      .status = by_signal ? WTERMSIG(monitor->status) : WEXITSTATUS(monitor->status),
                  });
}

/* So that the pid is still that process's when the starter opens it; a starter that is stopped is not waited for any longer. */
static void await_starter(struct monitor *monitor) {
    struct pollfd fd = {.fd = monitor->control, .events = POLLIN};
    char byte;
    if (poll(&fd, 1, STARTER_MS) > 0)
        (void)!read(fd.fd, &byte, 1);
}

/* Returns whether nothing is left to be undone: its starter does that where it was told that the command never ran. */
static int live(struct monitor *monitor, int signals) {
    for (int first = 1;; first = 0) {
        while (!monitor->ended)
            watch(monitor, signals);
        finish(monitor);
        if (first && !monitor->executed) {
            tell_end(monitor);
            return is_exec(monitor) || monitor->control >= 0;
        }
        read_signals(monitor, signals);
        tell_of_end(monitor);
        if (is_exec(monitor))
            return 1;
        record_exit(monitor);
        if (!should_restart(monitor))
            return 0;
        if (!await_restart(monitor, signals)) {
            record_exit(monitor);
            return 0;
        }
        start_again(monitor);
    }
}

/* What a container has, and a command in it has not. */
static int open_life(const struct monitor *monitor) {
    int error = record_owner(monitor);
    if (error)
        return error;
    log_open(monitor->life);
    attach_open();
    return 0;
}

int main(void) {
    static struct monitor monitor = {
        .pidfd = -1, .report = -1, .input = -1, .output = -1, .errors = -1, .console = -1, .master = -1};
    int stage = TD_STAGE_PREPARE;
    leave_starter();
    monitor.control = TD_FD_CONTROL;
    int signals = open_signals();
    int error = signals < 0 ? errno : load_settings(&monitor);
    if (!error && !is_exec(&monitor))
        error = open_life(&monitor);
    if (!error)
        error = start(&monitor, &stage);
    tell(&monitor, &(struct td_event){
                       .kind = TD_EVENT_STARTED, .status = (int32_t)monitor.pid, .error = error, .step = (uint32_t)stage});
    if (!error)
        await_starter(&monitor);
    attach_accept(); /* before anything is read for them */
    if (error || live(&monitor, signals))
        return 1;
    attach_close();
    close(TD_FD_LOCK);
    run_exit_command(&monitor);
    return 1;
}
