/* The process of a health check: a command in the container, of which what it prints and its exit code count. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clone.h"
#include "health.h"
#include "sys.h"

/* How much is read of one that has ended: what the largest pipe holds. */
#define DRAIN_READS_MAX 1024
#define ENDED_MAX 16

static struct {
    long pid; /* 0: none runs */
    int report, output;
    int ready, executed;
    /* Children that ended while it runs: the check itself may, before its pid is reported. */
    struct {
        long pid;
        int status;
    } ended[ENDED_MAX];
    size_t ended_count;
    char bytes[CHECK_OUTPUT_MAX]; /* docker's; the rest is read and dropped */
    struct text text;
} check = {.report = -1, .output = -1};

int check_runs(void) { return check.pid > 0; }

const struct text *check_text(void) { return &check.text; }

void check_say(const char *words) {
    check.text = (struct text){.bytes = check.bytes, .room = sizeof check.bytes};
    put(&check.text, words);
}

static void close_end(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* With what it started, once it has a session of its own. */
void check_kill(void) {
    (void)syscall(SYS_kill, -check.pid, SIGKILL);
    (void)syscall(SYS_kill, check.pid, SIGKILL);
}

void check_close(void) {
    close_end(&check.report);
    close_end(&check.output);
    check.pid = 0;
}

/* The slots as runtime/plan/exec.ts has them: the container's first process, one that stays unused, the cgroups. */
static void prepare(const struct monitor *monitor, struct child *child, const int *pipes) {
    const struct td_spawn_options *options = monitor->options;
    *child = (struct child){.name = "tinydocker-init",
                            .fds = {0, pipes[0], pipes[0], TD_FD_HEALTH, pipes[1],
                                    (int)syscall(SYS_pidfd_open, getpid(), 0), -1, -1, TD_FD_CONTAINER_INIT,
                                    monitor->pidfd, monitor->pidfd}};
    int end = TD_FD_EXTRA + 2;
    for (uint32_t i = 0; i < options->joins_count && end < CHILD_FDS_MAX - 1; i++)
        child->fds[end++] = TD_FD_SLOTS + (int)(options->extra_count + i);
    if (options->cgroup >= 0)
        child->fds[end++] = TD_FD_CGROUP;
    child->fds_end = end;
}

static int open_end(int *ours, int *theirs) {
    int pair[2];
    if (syscall(SYS_pipe2, pair, O_CLOEXEC) != 0)
        return errno;
    *ours = pair[0], *theirs = pair[1];
    return syscall(SYS_fcntl, *ours, F_SETFL, O_NONBLOCK) == 0 ? 0 : errno;
}

static int clone_check(const struct monitor *monitor, const int *pipes) {
    struct child child;
    int pidfd = -1;
    prepare(monitor, &child, pipes);
    long pid = clone_child(0, -1, &pidfd, &child);
    close_end(&pidfd);
    close_end(&child.fds[TD_FD_PARENT]);
    if (pid < 0)
        return (int)-pid;
    check.pid = child.error ? 0 : pid;
    return child.error;
}

int check_start(const struct monitor *monitor) {
    int pipes[2] = {-1, -1};
    check.ready = check.executed = 0;
    check.ended_count = 0;
    check_say("");
    int error = open_end(&check.output, &pipes[0]);
    if (!error)
        error = open_end(&check.report, &pipes[1]);
    if (!error)
        error = clone_check(monitor, pipes);
    close_end(&pipes[0]);
    close_end(&pipes[1]);
    return error;
}

static void report_arrived(struct td_report *report) {
    if (report->kind == TD_REPORT_CLONED) {
        check.pid = report->pid;
        return;
    }
    check.ready = report->kind == TD_REPORT_READY;
    if (report->kind != TD_REPORT_FAILED)
        return;
    report->object[TD_OBJECT_BYTES - 1] = '\0';
    check_say("the check could not be run: ");
    put_error(&check.text, report->error);
    put(&check.text, report->object[0] ? ": " : "");
    put(&check.text, report->object);
}

static void read_reports_of_check(void) {
    struct td_report report;
    while (check.report >= 0) {
        ssize_t got = read(check.report, &report, sizeof report);
        if (got == sizeof report)
            report_arrived(&report);
        else if (got < 0 && errno == EAGAIN)
            return;
        else if (got >= 0 || errno != EINTR) {
            check.executed = check.ready;
            close_end(&check.report);
        }
    }
}

/* Returns whether there was something. */
static int read_output_of_check(void) {
    char bytes[1024];
    ssize_t got = check.output < 0 ? -1 : read(check.output, bytes, sizeof bytes);
    if (got > 0)
        put_bytes(&check.text, bytes, (size_t)got);
    else if (check.output >= 0 && (got == 0 || errno != EAGAIN))
        close_end(&check.output);
    return got > 0;
}

size_t check_watch(struct pollfd *fds) {
    fds[0] = (struct pollfd){.fd = check.report, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = check.output, .events = POLLIN};
    return HEALTH_FDS;
}

void check_read(void) {
    read_reports_of_check();
    (void)read_output_of_check();
}

static int has_ended(int *status) {
    for (size_t i = 0; i < check.ended_count && i < ENDED_MAX; i++)
        if (check.ended[i].pid == check.pid) {
            *status = check.ended[i].status;
            return 1;
        }
    return 0;
}

/* Of two processes, the first one ends as soon as the second one is there, and that may end before it. */
int check_reaped(long pid, int status, int *code) {
    if (!check_runs())
        return 0;
    size_t last = check.ended_count++ % ENDED_MAX;
    check.ended[last].pid = pid;
    check.ended[last].status = status;
    read_reports_of_check();
    if (!has_ended(&status))
        return 0;
    for (int reads = 0; reads < DRAIN_READS_MAX && read_output_of_check(); reads++)
        ;
    int ended = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    *code = check.executed ? ended : CHECK_FAILED;
    return 1;
}
