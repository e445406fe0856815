#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "sys.h"

/* Room for about 4,000 events; a writer waits when Node is further behind than that. */
#define EVENTS_PIPE_BYTES (1 << 20)
#define EPOLL_BATCH 32

static int epoll = -1;
static int events[2] = {-1, -1};

void watch_tell(const struct td_event *event) {
    ssize_t written;
    do
        written = write(events[1], event, sizeof *event); /* below PIPE_BUF, so whole */
    while (written < 0 && errno == EINTR);
}

void watch_part_ended(struct container *container) {
    if (atomic_fetch_sub(&container->parts, 1) != 1)
        return;
    struct td_event event = {
        .kind = TD_EVENT_EXITED,
        .container = container->number,
        .error = container->code,
        .status = container->status,
    };
    terminal_forget(container);
    close(container->pidfd);
    free(container);
    watch_tell(&event);
}

/* Closing is not enough: a child being cloned right now holds copies, and epoll would go on reporting them. */
static void unwatch(int fd) { (void)epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL); }

static void report_closed(struct container *container) {
    unwatch(container->report);
    close(container->report);
    container->report = -1;
    if (!container->ready)
        return;
    struct td_event event = {.kind = TD_EVENT_EXECUTED, .container = container->number};
    watch_tell(&event);
}

static void report_arrived(struct container *container, const struct td_report *report) {
    if (report->kind == TD_REPORT_READY) {
        container->ready = 1;
        return;
    }
    if (report->kind == TD_REPORT_FAILED)
        container->ready = 0;
    struct td_event event = {
        .kind = report->kind,
        .container = container->number,
        .step = report->step,
        .error = report->error,
        .nanoseconds = report->nanoseconds,
    };
    memcpy(event.object, report->object, sizeof event.object);
    watch_tell(&event);
}

/* Reads what there is; the pipe is nonblocking on this side. */
static void read_reports(struct container *container) {
    struct td_report report;
    ssize_t got;
    while (container->report >= 0) {
        got = read(container->report, &report, sizeof report);
        if (got == sizeof report)
            report_arrived(container, &report);
        else if (got == 0)
            report_closed(container);
        else if (got > 0 || errno != EINTR)
            return; /* EAGAIN; a report is written whole */
    }
}

static void process_ended(struct container *container) {
    siginfo_t info = {0};
    read_reports(container);
    if (container->report >= 0)
        report_closed(container);
    while (waitid((idtype_t)TD_P_PIDFD, (id_t)container->pidfd, &info, WEXITED) != 0 && errno == EINTR)
        ;
    container->code = info.si_code;
    container->status = info.si_status;
    unwatch(container->pidfd);
    if (container->stop >= 0)
        (void)!write(container->stop, &(uint64_t){1}, sizeof(uint64_t));
    watch_part_ended(container);
}

/* A container has two sources; the pointer's lowest bit tells its reports from its end. */
static int watch_source(int fd, struct container *container, uintptr_t tag) {
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uintptr_t)container | tag};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : errno;
}

static void *watch(void *unused) {
    struct epoll_event batch[EPOLL_BATCH];
    (void)unused;
    for (;;) {
        int count = epoll_wait(epoll, batch, EPOLL_BATCH, -1);
        /* Reports first: the end of a process frees what an earlier entry of the batch may still name. */
        for (int i = 0; i < count; i++)
            if ((batch[i].data.u64 & 1) == 0)
                read_reports((struct container *)(uintptr_t)batch[i].data.u64);
        for (int i = 0; i < count; i++)
            if ((batch[i].data.u64 & 1) == 1)
                process_ended((struct container *)(uintptr_t)(batch[i].data.u64 & ~1ull));
    }
    return NULL;
}

/* No signal handler of Node's may run on these threads. */
static int start_thread(void) {
    sigset_t all, before;
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&thread, &attributes, watch, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return error;
}

int watch_open(void) {
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0 || pipe2(events, O_CLOEXEC) != 0)
        return -errno;
    /* Smaller where pipe-user-pages-soft is used up: only the waiting starts earlier. */
    (void)fcntl(events[1], F_SETPIPE_SZ, EVENTS_PIPE_BYTES);
    int error = start_thread();
    return error ? -error : events[0];
}

int watch_add(struct container *container) {
    int error = watch_source(container->report, container, 0);
    return error ? error : watch_source(container->pidfd, container, 1);
}
