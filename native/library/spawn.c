/* Starts a container, from its options to the threads that watch it. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "clone.h"
#include "container.h"
#include "open.h"
#include "relay.h"
#include "shim.h"
#include "spawn.h"
#include "sys.h"
#include "terminal.h"
#include "watch.h"

static const uint64_t namespaces_known =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

/* The descriptors made for one start. The child's are closed here after the clone; ours belong to the container. */
struct ends {
    int plan, report, console, stdio[3];
    struct container_ends ours;
};

static void close_if_open(int fd) {
    if (fd >= 0)
        close(fd);
}

static void close_all(const int fds[3]) {
    for (int i = 0; i < 3; i++)
        close_if_open(fds[i]);
}

int plan_file(const uint8_t *plan, size_t length) {
    int fd = memfd_create("tinydocker-plan", MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (write(fd, plan, length) == (ssize_t)length)
        return fd;
    close(fd);
    return -EIO;
}

/* The command's output and error share a pipe where the caller's are the same, so that their order stays. */
static int open_pipes(struct ends *ends, const struct td_spawn_options *options) {
    for (int i = 0; i < 3; i++) {
        int pair[2];
        if (!(options->relayed & 1u << i))
            continue;
        if (i == 2 && ends->stdio[1] >= 0 && options->stdio[1] == options->stdio[2])
            return (ends->stdio[2] = fcntl(ends->stdio[1], F_DUPFD_CLOEXEC, 0)) < 0 ? errno : 0;
        if (pipe2(pair, O_CLOEXEC) != 0)
            return errno;
        ends->ours.relayed[i] = pair[i == 0], ends->stdio[i] = pair[i != 0];
        if (fcntl(ends->ours.relayed[i], F_SETFL, O_NONBLOCK) != 0)
            return errno;
    }
    return 0;
}

static int open_console(struct ends *ends) {
    int console[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, console) != 0)
        return errno;
    ends->ours.console = console[0], ends->console = console[1];
    return 0;
}

/* The caller may close its own. */
static int copy_outer(struct ends *ends, const struct td_spawn_options *options) {
    for (int i = 0; i < 3; i++)
        if (options->terminal || (options->relayed & 1u << i)) {
            ends->ours.outer[i] = fcntl(options->stdio[i], F_DUPFD_CLOEXEC, 0);
            if (ends->ours.outer[i] < 0)
                return errno;
        }
    return 0;
}

static int open_ends(struct ends *ends, const uint8_t *plan, size_t length, const struct td_spawn_options *options) {
    int report[2];
    memset(ends, -1, sizeof *ends);
    ends->plan = plan_file(plan, length);
    if (ends->plan < 0)
        return -ends->plan;
    /* Each message is one report. */
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, report) != 0)
        return errno;
    ends->ours.report = report[0], ends->report = report[1];
    if (fcntl(report[0], F_SETFL, O_NONBLOCK) != 0)
        return errno;
    if (!options->terminal && !options->relayed)
        return 0;
    ends->ours.stop = eventfd(0, EFD_CLOEXEC);
    if (ends->ours.stop < 0)
        return errno;
    int error = copy_outer(ends, options);
    if (error)
        return error;
    return options->terminal ? open_console(ends) : open_pipes(ends, options);
}

static int reap(const struct container *container) {
    siginfo_t info;
    return waitid((idtype_t)TD_P_PIDFD, (id_t)container->pidfd, &info, WEXITED);
}

static void write_map(char *text, size_t room, const struct td_id_map *map) {
    if (map->count > 0)
        snprintf(text, room, "%u %u %u\n", map->inside, map->outside, map->count);
}

static int clone_init(struct container *container, const struct ends *ends, const struct td_spawn_options *options,
                      struct td_spawned *spawned) {
    int stdio[3];
    for (int i = 0; i < 3; i++)
        stdio[i] = ends->stdio[i] >= 0 ? ends->stdio[i] : options->stdio[i];
    struct child child = {.name = "tinydocker-init",
                          .fds = {stdio[0], stdio[1], stdio[2], ends->plan, ends->report, opened.self, options->lock,
                                  ends->console, opened.init},
                          .fds_end = TD_FD_EXTRA + (int)options->extra_count,
                          .joins_end = (int)options->joins_count};
    memcpy(child.fds + TD_FD_EXTRA, options->extra, options->extra_count * sizeof *options->extra);
    memcpy(child.joins, options->joins, options->joins_count * sizeof *options->joins);
    write_map(child.uid_map, sizeof child.uid_map, &options->uid_map);
    write_map(child.gid_map, sizeof child.gid_map, &options->gid_map);
    child.mapped_later = (options->namespaces & CLONE_NEWUSER) && options->uid_map.count == 0;
    spawned->stage = TD_STAGE_CLONE;
    long pid = clone_child(options->namespaces, options->cgroup, &container->pidfd, &child);
    if (pid < 0)
        return (int)-pid;
    spawned->pid = (int32_t)pid;
    if (!child.error)
        return 0;
    (void)reap(container); /* it has exited, or is about to */
    spawned->stage = (uint32_t)child.stage;
    return child.error;
}

/* Its process is gone or was never made; a thread may still copy. */
static void abandon(struct container *container, int copying) {
    int has_no_thread = container_is_copied(container) && !copying;
    if (copying)
        container_stop(container);
    if (has_no_thread)
        container_part_ended(container);
    container_part_ended(container);
}

/* The init runs from here on: any failure must end it. */
static int hand_over(struct container *container, struct td_spawned *spawned) {
    int copying = 0;
    spawned->container = container->number;
    spawned->pidfd = fcntl(container->pidfd, F_DUPFD_CLOEXEC, 0);
    int error = spawned->pidfd < 0 ? errno : 0;
    if (!error && container_is_copied(container)) {
        error = container->console >= 0 ? terminal_start(container) : relay_start(container);
        copying = !error;
    }
    if (!error)
        error = watch_add(container);
    if (!error)
        return 0;
    syscall(SYS_pidfd_send_signal, container->pidfd, SIGKILL, NULL, 0);
    (void)reap(container);
    close_if_open(spawned->pidfd);
    abandon(container, copying);
    return error;
}

static int descriptors_valid(const struct td_spawn_options *options) {
    for (uint32_t i = 0; i < options->extra_count; i++)
        if (options->extra[i] < 0)
            return 0;
    for (uint32_t i = 0; i < options->joins_count; i++)
        if (options->joins[i] < 0)
            return 0;
    return options->stdio[0] >= 0 && options->stdio[1] >= 0 && options->stdio[2] >= 0;
}

int options_valid(const struct td_spawn_options *options) {
    if ((options->namespaces & ~namespaces_known) != 0 || options->terminal > 1)
        return 0;
    if (options->relayed > (options->terminal ? 0u : 7u) || options->reserved != 0)
        return 0;
    int maps = options->uid_map.count > 0;
    if (maps != (options->gid_map.count > 0) || (maps && !(options->namespaces & CLONE_NEWUSER)))
        return 0;
    return options->extra_count <= TD_EXTRA_MAX && options->joins_count <= TD_JOINS_MAX && descriptors_valid(options);
}

int td_spawn(const uint8_t *plan, size_t length, const struct td_spawn_options *options, struct td_spawned *spawned) {
    memset(spawned, 0, sizeof *spawned);
    if (!options_valid(options))
        return -EINVAL;
    struct ends ends;
    int error = open_ends(&ends, plan, length, options);
    struct container *container = error ? NULL : container_new(&ends.ours);
    if (!container) {
        error = error ? error : ENOMEM;
        close_if_open(ends.ours.report), close_if_open(ends.ours.console), close_if_open(ends.ours.stop);
        close_all(ends.ours.relayed), close_all(ends.ours.outer);
    } else if ((error = clone_init(container, &ends, options, spawned)) != 0)
        abandon(container, 0);
    close_if_open(ends.plan), close_if_open(ends.report), close_if_open(ends.console);
    close_all(ends.stdio);
    return error ? -error : -hand_over(container, spawned);
}
