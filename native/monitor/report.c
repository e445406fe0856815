/* What the monitor tells its starter, until the command runs. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "monitor.h"
#include "sys.h"

/* A starter that is gone, or does not read, is not told any more. */
void tell(struct monitor *monitor, const struct td_event *event) {
    if (monitor->control < 0)
        return;
    struct iovec data = {.iov_base = (void *)(uintptr_t)event, .iov_len = sizeof *event};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
    if (sendmsg(monitor->control, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof *event)
        return;
    close(monitor->control);
    monitor->control = -1;
}

static void report_closed(struct monitor *monitor) {
    close(monitor->report);
    monitor->report = -1;
    if (!monitor->ready)
        return;
    monitor->executed = 1;
    if (!is_exec(monitor))
        record_event(monitor, "start", NULL);
    health_begin(monitor);
    tell(monitor, &(struct td_event){.kind = TD_EVENT_EXECUTED});
    if (monitor->control >= 0)
        close(monitor->control);
    monitor->control = -1;
}

/* A process whose namespaces are joined has ended since it was looked up, which does not count as a failed start. */
static int lacks_other(const struct monitor *monitor, const struct td_report *report) {
    return report->error == ESRCH && monitor->life->others.length > 0;
}

static void remark_failure(const struct td_report *report) {
    char words[TD_OBJECT_BYTES + 128];
    struct text text = {.bytes = words, .room = sizeof words - 1};
    put(&text, "the container could not be started again: ");
    put(&text, "step "), put_number(&text, report->step, 1), put(&text, " failed: ");
    put_error(&text, report->error);
    put(&text, report->object[0] ? ": " : ""), put(&text, report->object);
    words[text.length] = '\0';
    log_remark(words);
}

/* The rest is done by that process, a child of the monitor as well, which nothing but reap() reaps. */
static void process_cloned(struct monitor *monitor, long pid) {
    close(monitor->pidfd);
    monitor->pid = pid;
    monitor->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    identify_process(monitor);
    if (!is_exec(monitor))
        (void)record_process(monitor);
    start_guard(monitor);
}

static void report_arrived(struct monitor *monitor, struct td_report *report) {
    if (report->kind == TD_REPORT_CLONED) {
        process_cloned(monitor, report->pid);
        return;
    }
    struct td_event event = {
        .kind = report->kind,
        .step = report->step,
        .error = report->error,
        .nanoseconds = report->nanoseconds,
    };
    report->object[TD_OBJECT_BYTES - 1] = '\0';
    memcpy(event.object, report->object, sizeof event.object);
    if (report->kind != TD_REPORT_STEP && report->kind != TD_REPORT_SKIPPED)
        monitor->ready = report->kind == TD_REPORT_READY;
    if (report->kind == TD_REPORT_READY)
        return;
    if (report->kind == TD_REPORT_FAILED && monitor->control < 0 && !is_exec(monitor)) {
        if (lacks_other(monitor, report) && monitor->restarts > 0)
            monitor->restarts--;
        else
            remark_failure(report);
    }
    tell(monitor, &event);
}

/* All of them so far; the pipe is nonblocking on this side. */
void read_reports(struct monitor *monitor) {
    struct td_report report;
    while (monitor->report >= 0) {
        ssize_t got = read(monitor->report, &report, sizeof report);
        if (got == sizeof report)
            report_arrived(monitor, &report);
        else if (got == 0)
            report_closed(monitor);
        else if (got > 0 || errno != EINTR)
            return; /* EAGAIN; a report is written whole */
    }
}
