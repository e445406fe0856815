/* Starts a container whose parent is a monitor, so that it outlives this process. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "clone.h"
#include "life.h"
#include "open.h"
#include "spawn.h"
#include "sys.h"

static int is_inside(struct td_text text, uint32_t bytes) { return text.offset <= bytes && text.length < bytes - text.offset; }

static int life_valid(const struct td_life *life, size_t length) {
    if (length < sizeof *life || length > TD_LIFE_BYTES_MAX || life->text_bytes != length - sizeof *life)
        return 0;
    if (life->program < 0 || life->directory < 0 || life->restart > TD_RESTART_ALWAYS ||
        (life->log_files_max == 0 && life->log_bytes_max > 0))
        return 0;
    return is_inside(life->boot, life->text_bytes) && is_inside(life->command, life->text_bytes) &&
           is_inside(life->environment, life->text_bytes) && is_inside(life->before, life->text_bytes) &&
           is_inside(life->health, life->text_bytes) && is_inside(life->about, life->text_bytes) &&
           is_inside(life->others, life->text_bytes);
}

static int settings_file(const struct td_spawn_options *options, const struct td_life *life, size_t length) {
    int fd = memfd_create("tinydocker-life", MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (write(fd, options, sizeof *options) == (ssize_t)sizeof *options && write(fd, life, length) == (ssize_t)length)
        return fd;
    close(fd);
    return -EIO;
}

/* -1 where there is no check: no errno that opening a file can have. */
enum { NO_HEALTH = -1 };

static int health_file(const struct td_life *life) {
    const uint8_t *text = (const uint8_t *)(life + 1);
    return life->health.length == 0 ? NO_HEALTH : plan_file(text + life->health.offset, life->health.length);
}

/* The monitor leaves its first process at once, so that this process has no child that it would have to wait for. */
static int clone_monitor(const struct td_spawn_options *options, const struct td_life *life, int plan, int health,
                         int settings, int control, int *stage) {
    struct child child = {.name = "tinydocker-monitor",
                          .fds = {options->stdio[0], options->stdio[1], options->stdio[2], plan, settings, control,
                                  options->lock, life->directory, life->program, opened.init, life->oom, options->cgroup, health}};
    size_t extra = options->extra_count, joins = options->joins_count;
    siginfo_t info;
    int pidfd;
    if (TD_FD_SLOTS + extra + joins > CHILD_FDS_MAX)
        return E2BIG;
    memcpy(child.fds + TD_FD_SLOTS, options->extra, extra * sizeof(int));
    memcpy(child.fds + TD_FD_SLOTS + extra, options->joins, joins * sizeof(int));
    child.fds_end = TD_FD_SLOTS + (int)(extra + joins);
    long pid = clone_child(0, -1, &pidfd, &child);
    if (pid < 0)
        return (int)-pid;
    while (waitid((idtype_t)TD_P_PIDFD, (id_t)pidfd, &info, WEXITED) != 0 && errno == EINTR)
        ;
    close(pidfd);
    *stage = child.error ? child.stage : TD_STAGE_CLONE;
    if (child.error)
        return child.error;
    /* It could make no process for the rest of its life. */
    return info.si_code == CLD_EXITED && info.si_status != 0 ? EAGAIN : 0;
}

/* Its first words: the pid, or where it failed. */
static int first_words(int control, const struct td_life *life, struct td_spawned *spawned) {
    struct td_event event;
    ssize_t got;
    do
        got = recv(control, &event, sizeof event, MSG_WAITALL);
    while (got < 0 && errno == EINTR);
    if (got != sizeof event)
        return got < 0 && errno != ECONNRESET ? errno : ECHILD;
    spawned->stage = event.step;
    spawned->pid = event.status;
    if (event.error)
        return event.error;
    spawned->pidfd = (int)syscall(SYS_pidfd_open, event.status, 0);
    int error = spawned->pidfd < 0 ? errno : 0;
    if (life->flags & TD_LIFE_AWAITS_STARTER)
        return error;
    return write(control, "\n", 1) == 1 ? error : ECHILD;
}

int td_detach(const uint8_t *plan, size_t plan_length, const struct td_spawn_options *options, const uint8_t *bytes,
              size_t length, struct td_spawned *spawned) {
    struct td_life *life = (struct td_life *)(uintptr_t)bytes;
    int control[2], stage = 0;
    memset(spawned, 0, sizeof *spawned);
    if (!options_valid(options) || !life_valid(life, length))
        return -EINVAL;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) != 0)
        return -errno;
    int plan_fd = plan_file(plan, plan_length), settings = settings_file(options, life, length), health = health_file(life);
    int error = plan_fd < 0 ? -plan_fd : settings < 0 ? -settings : health < NO_HEALTH ? -health : 0;
    if (!error)
        error = clone_monitor(options, life, plan_fd, health, settings, control[1], &stage);
    if (plan_fd >= 0)
        close(plan_fd);
    if (health >= 0)
        close(health);
    if (settings >= 0)
        close(settings);
    close(control[1]);
    if (!error)
        error = first_words(control[0], life, spawned);
    else
        spawned->stage = (uint32_t)stage;
    if (!error && fcntl(control[0], F_SETFL, O_NONBLOCK) != 0)
        error = errno;
    if (!error) {
        spawned->container = (uint32_t)control[0];
        return 0;
    }
    close(control[0]);
    if (spawned->pidfd > 0)
        close(spawned->pidfd);
    return -error;
}
