#include "watch.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "events.h"
#include "sys.h"
#include "thread.h"

#define EPOLL_BATCH 32

/* A container has four sources; the pointer's lowest bits say which. WAKE has no container. */
enum source { REPORTS = 0, END = 1, GUARD = 2, FIRST = 3, WAKE = 4, SOURCE = 7 };

static int epoll = -1;
/* Written when something is to be started. */
static int wake = -1;
/* Held by watch_add: the watcher does not free a container before its starter is done with it. */
static pthread_mutex_t adding = PTHREAD_MUTEX_INITIALIZER;
/* Guarded by that too. */
static struct container *waiting;
static void (*starter)(struct container *container);

/* Closing is not enough: a child being cloned right now has copies, and epoll would go on reporting them. */
static void unwatch(int fd) { (void)epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL); }

static int control(int operation, int fd, struct container *container, enum source source, uint32_t events) {
    struct epoll_event event = {.events = events, .data.u64 = (uintptr_t)container | source};
    return epoll_ctl(epoll, operation, fd, &event) == 0 ? 0 : errno;
}

static void report_closed(struct container *container) {
    unwatch(container->report);
    close(container->report);
    container->report = -1;
    if (!container->ready)
        return;
    struct td_event event = {.kind = TD_EVENT_EXECUTED, .container = container->number};
    events_send(&event);
}

/* The process with that pid, a child of this one, does the rest of the plan; it is reaped nowhere else, so the pid is its own. */
static int succeed(struct container *container, pid_t pid) {
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd < 0)
        return errno;
    int error = control(EPOLL_CTL_ADD, pidfd, container, END, EPOLLIN);
    if (!error)
        error = control(EPOLL_CTL_MOD, container->pidfd, container, FIRST, EPOLLIN);
    if (error) {
        unwatch(pidfd);
        close(pidfd);
        return error;
    }
    container_succeed(container, pidfd);
    return 0;
}

static void cloned(struct container *container, pid_t pid) {
    pthread_mutex_lock(&adding);
    int error = succeed(container, pid);
    pthread_mutex_unlock(&adding);
    if (error) {
        siginfo_t info;
        (void)kill(pid, SIGKILL);
        (void)waitid(P_PID, (id_t)pid, &info, WEXITED);
        return;
    }
    struct td_event event = {.kind = TD_EVENT_CLONED, .container = container->number, .status = pid};
    events_send(&event);
}

static void report_arrived(struct container *container, const struct td_report *report) {
    if (report->kind == TD_REPORT_READY) {
        container->ready = 1;
        return;
    }
    if (report->kind == TD_REPORT_CLONED) {
        cloned(container, report->pid);
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
    events_send(&event);
}

/* Reads all reports so far; the pipe is nonblocking on this side. */
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

/* Returns whether it had ended. */
static int reap(int pidfd, siginfo_t *info) {
    info->si_pid = 0;
    while (waitid((idtype_t)TD_P_PIDFD, (id_t)pidfd, info, WEXITED | WNOHANG) != 0 && errno == EINTR)
        ;
    return info->si_pid != 0;
}

static void process_ended(struct container *container) {
    siginfo_t info;
    read_reports(container);
    /* What ended may be the first process, of which the last report said that another one goes on. */
    if (!reap(container->pidfd, &info))
        return;
    pthread_mutex_lock(&adding);
    int guard = container->guard;
    pthread_mutex_unlock(&adding);
    /* It would end by itself, but may be stopped. */
    if (guard >= 0)
        (void)syscall(SYS_pidfd_send_signal, guard, SIGKILL, NULL, 0);
    if (container->report >= 0)
        report_closed(container);
    container->ended = 1;
    container->code = info.si_code;
    container->status = info.si_status;
    unwatch(container->pidfd);
    container_stop(container);
    container_part_ended(container);
}

/* The guard, or the first process of two. */
static void helper_ended(struct container *container, enum source source) {
    siginfo_t info;
    pthread_mutex_lock(&adding);
    int pidfd = source == GUARD ? container->guard : container->first;
    pthread_mutex_unlock(&adding);
    if (!reap(pidfd, &info))
        return;
    unwatch(pidfd);
    container_part_ended(container);
}

static void start_waiting(void) {
    uint64_t count;
    (void)!read(wake, &count, sizeof count);
    pthread_mutex_lock(&adding);
    struct container *container = waiting;
    void (*start)(struct container *container) = starter;
    waiting = NULL;
    pthread_mutex_unlock(&adding);
    while (container) {
        struct container *later = container->later;
        start(container);
        container = later;
    }
}

static struct container *of(const struct epoll_event *event) {
    return (struct container *)(uintptr_t)(event->data.u64 & ~(uint64_t)SOURCE);
}

static enum source source_of(const struct epoll_event *event) { return (enum source)(event->data.u64 & SOURCE); }

static void *watch(void *unused) {
    struct epoll_event batch[EPOLL_BATCH];
    (void)unused;
    for (;;) {
        int count = epoll_wait(epoll, batch, EPOLL_BATCH, -1);
        for (int i = 0; i < count; i++)
            if (source_of(&batch[i]) == WAKE)
                start_waiting();
        /* Reports first: the end of a process frees the container that a report of the same batch may name. */
        for (int i = 0; i < count; i++)
            if (source_of(&batch[i]) == REPORTS)
                read_reports(of(&batch[i]));
        for (int i = 0; i < count; i++)
            if (source_of(&batch[i]) == END)
                process_ended(of(&batch[i]));
            else if (source_of(&batch[i]) == GUARD || source_of(&batch[i]) == FIRST)
                helper_ended(of(&batch[i]), source_of(&batch[i]));
    }
    return NULL;
}

static int open_both(void) {
    epoll = epoll_create1(EPOLL_CLOEXEC);
    wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (epoll < 0 || wake < 0)
        return errno;
    return control(EPOLL_CTL_ADD, wake, NULL, WAKE, EPOLLIN);
}

int watch_open(void) {
    int error = open_both();
    if (!error)
        error = thread_start("td-watch", watch, NULL);
    if (!error)
        return 0;
    if (epoll >= 0)
        close(epoll);
    if (wake >= 0)
        close(wake);
    return error;
}

/*
 * The process's end is enabled last, because it frees the container: what can fail, for lack of memory or because of
 * max_user_watches, comes before it.
 */
static int add_sources(struct container *container) {
    int error = control(EPOLL_CTL_ADD, container->pidfd, container, END, 0);
    if (error)
        return error;
    error = control(EPOLL_CTL_ADD, container->report, container, REPORTS, EPOLLIN);
    if (!error)
        return control(EPOLL_CTL_MOD, container->pidfd, container, END, EPOLLIN);
    unwatch(container->pidfd);
    return error;
}

int watch_add(struct container *container) {
    pthread_mutex_lock(&adding);
    int error = add_sources(container);
    pthread_mutex_unlock(&adding);
    return error;
}

int watch_guard(struct container *container, int pidfd) {
    pthread_mutex_lock(&adding);
    int error = control(EPOLL_CTL_ADD, pidfd, container, GUARD, EPOLLIN);
    if (!error)
        container->guard = pidfd;
    pthread_mutex_unlock(&adding);
    return error;
}

void watch_start(struct container *container, void (*start)(struct container *container)) {
    pthread_mutex_lock(&adding);
    starter = start;
    container->later = waiting;
    waiting = container;
    pthread_mutex_unlock(&adding);
    (void)!write(wake, &(uint64_t){1}, sizeof(uint64_t)); /* a counter can be increased 2^64 - 2 times */
}
