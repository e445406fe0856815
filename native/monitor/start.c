/* Starts the container, for the first time or again: as spawn.c does in Node. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clone.h"
#include "monitor.h"
#include "netlink.h"
#include "sys.h"

/* How often, and how long, a command that is writing the plan is waited for: a second in all. */
#define PLAN_TRIES 100
#define PLAN_PAUSE_MS 10

static void close_if_open(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void close_start(struct monitor *monitor) {
    int *ends[] = {&monitor->pidfd,  &monitor->report,  &monitor->input, &monitor->output,
                   &monitor->errors, &monitor->console, &monitor->master};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        close_if_open(ends[i]);
}

/* Our end is nonblocking; `reads`: ours is the one that is read from. */
static int open_pipe(int *ours, int *theirs, int reads) {
    int pair[2];
    if (syscall(SYS_pipe2, pair, O_CLOEXEC) != 0)
        return errno;
    *ours = pair[!reads], *theirs = pair[reads];
    return syscall(SYS_fcntl, *ours, F_SETFL, O_NONBLOCK) == 0 ? 0 : errno;
}

static int open_sockets(int type, int *ours, int *theirs) {
    int pair[2];
    if (syscall(SYS_socketpair, AF_UNIX, type | SOCK_CLOEXEC, 0, pair) != 0)
        return errno;
    *ours = pair[0], *theirs = pair[1];
    return 0;
}

/* Each message is one report; ours is nonblocking. */
static int open_report(int *ours, int *theirs) {
    int error = open_sockets(SOCK_SEQPACKET, ours, theirs);
    return error || syscall(SYS_fcntl, *ours, F_SETFL, O_NONBLOCK) == 0 ? error : errno;
}

static int open_streams(struct monitor *monitor, struct child *child) {
    int error = open_report(&monitor->report, &child->fds[TD_FD_REPORT]);
    if (is_exec(monitor))
        return error;
    if (!error && monitor->options->terminal)
        return open_sockets(SOCK_STREAM, &monitor->console, &child->fds[TD_FD_CONSOLE]);
    if (!error && (monitor->life->flags & TD_LIFE_STDIN))
        error = open_pipe(&monitor->input, &child->fds[0], 0);
    if (!error)
        error = open_pipe(&monitor->output, &child->fds[1], 1);
    if (!error)
        error = open_pipe(&monitor->errors, &child->fds[2], 1);
    return error;
}

/* Theirs; those that are also the monitor's stay open. */
static void close_theirs(struct child *child) {
    static const int made[] = {0, 1, 2, TD_FD_REPORT, TD_FD_CONSOLE, TD_FD_PARENT};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        if (child->fds[made[i]] > 2)
            close(child->fds[made[i]]);
}

static void write_map(char *bytes, size_t room, const struct td_id_map *map) {
    struct text text = {.bytes = bytes, .room = room - 1};
    if (map->count == 0)
        return;
    put_number(&text, map->inside, 1), put(&text, " ");
    put_number(&text, map->outside, 1), put(&text, " ");
    put_number(&text, map->count, 1), put(&text, "\n");
}

static void prepare(struct child *child, const struct td_spawn_options *options) {
    int lock = options->lock < 0 ? -1 : TD_FD_LOCK;
    *child = (struct child){.name = "tinydocker-init",
                            .fds = {0, 1, 2, TD_FD_PLAN, -1, (int)syscall(SYS_pidfd_open, getpid(), 0), lock, -1,
                                    TD_FD_CONTAINER_INIT},
                            .fds_end = TD_FD_EXTRA + (int)options->extra_count,
                            .joins_end = (int)options->joins_count};
    for (uint32_t i = 0; i < options->extra_count; i++)
        child->fds[TD_FD_EXTRA + i] = TD_FD_SLOTS + (int)i;
    for (uint32_t i = 0; i < options->joins_count; i++)
        child->joins[i] = TD_FD_SLOTS + (int)(options->extra_count + i);
    write_map(child->uid_map, sizeof child->uid_map, &options->uid_map);
    write_map(child->gid_map, sizeof child->gid_map, &options->gid_map);
    child->mapped_later = (options->namespaces & CLONE_NEWUSER) && options->uid_map.count == 0;
}

/* Without one, as for lack of processes, the next command does what it would have done. */
void start_guard(struct monitor *monitor) {
    if (!(monitor->life->flags & TD_LIFE_GUARDED))
        return;
    struct child child = {.name = "tinydocker-guard",
                          .fds = {-1, -1, -1, monitor->pidfd, -1, (int)syscall(SYS_pidfd_open, getpid(), 0), -1, -1,
                                  TD_FD_CONTAINER_INIT},
                          .fds_end = TD_FD_EXTRA,
                          .own_session = 1};
    int pidfd = -1;
    monitor->guard = clone_child(0, -1, &pidfd, &child);
    if (pidfd >= 0)
        close(pidfd);
    if (child.fds[TD_FD_PARENT] >= 0)
        close(child.fds[TD_FD_PARENT]);
    /* The init waits for it. */
    (void)syscall(SYS_sendto, monitor->report, "", 1, MSG_NOSIGNAL, NULL, 0);
}

/*
 * The plan of a further start, where a command has written one: the container is on other networks since. Until close_plan(), by when
 * the new process is recorded, no command writes it: it can tell which plan that process has. Returns whether there is one.
 */
static int open_plan(void) {
    for (int tries = 0; tries < PLAN_TRIES && syscall(SYS_flock, TD_FD_DIRECTORY, LOCK_EX | LOCK_NB) != 0; tries++)
        poll(NULL, 0, PLAN_PAUSE_MS);
    int fd = openat(TD_FD_DIRECTORY, "plan", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    (void)syscall(SYS_dup3, fd, TD_FD_PLAN, O_CLOEXEC);
    close(fd);
    return 1;
}

static void close_plan(void) { (void)syscall(SYS_flock, TD_FD_DIRECTORY, LOCK_UN); }

/* A cable of the last start may still be there, and its name would be taken. A plan of a command has that as a step. */
static void send_before(const struct monitor *monitor) {
    struct td_netlink_outcome outcome;
    struct td_text messages = monitor->life->before;
    if (messages.length > 0 && monitor->options->extra_count > 0)
        (void)netlink_exchange(TD_FD_SLOTS, life_text(monitor, messages), messages.length, NULL, 0, &outcome);
}

/* It may have been killed while it was paused: what is cloned into a frozen cgroup of version 2 never gets to its exec. */
static void thaw(const struct monitor *monitor) {
    if (monitor->restarts == 0 || monitor->options->cgroup < 0)
        return;
    int fd = openat(TD_FD_CGROUP, "cgroup.freeze", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)!write(fd, "0", 1);
    close(fd);
}

static int clone_init(struct monitor *monitor, struct child *child, int *stage) {
    const struct td_spawn_options *options = monitor->options;
    int cgroup = options->cgroup < 0 ? -1 : TD_FD_CGROUP;
    *stage = TD_STAGE_CLONE;
    long pid = clone_child(options->namespaces, cgroup, &monitor->pidfd, child);
    if (pid < 0)
        return (int)-pid;
    monitor->pid = pid;
    *stage = child->stage;
    return child->error;
}

int start(struct monitor *monitor, int *stage) {
    struct child child;
    monitor->ready = monitor->executed = monitor->ended = 0;
    monitor->pid = monitor->guard = 0;
    monitor->oom = oom_kills();
    int reserved = is_exec(monitor) ? -1 : reserve_exit();
    health_reset(monitor);
    monitor->began = milliseconds(CLOCK_MONOTONIC);
    *stage = TD_STAGE_PREPARE;
    int again = monitor->restarts > 0;
    if (again && !open_plan())
        send_before(monitor);
    thaw(monitor);
    prepare(&child, monitor->options);
    int error = open_streams(monitor, &child);
    if (!error)
        error = clone_init(monitor, &child, stage);
    close_theirs(&child);
    if (!error) {
        identify_process(monitor);
        error = is_exec(monitor) ? 0 : record_process(monitor);
    }
    if (again)
        close_plan();
    if (error && monitor->pid > 0)
        (void)syscall(SYS_kill, monitor->pid, SIGKILL);
    if (error)
        close_start(monitor);
    else if (!(monitor->life->flags & TD_LIFE_MOVES_ON))
        start_guard(monitor);
    /* While the init is at work. */
    (void)on_disk(reserved);
    return error;
}
