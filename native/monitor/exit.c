/* What follows the end of the container: its record, another start, or the command that undoes the rest. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "monitor.h"
#include "sys.h"

/* As docker's: twice as long each time, and from the start again once it ran for a while. */
#define DELAY_MIN_MS 100u
#define DELAY_MAX_MS 60000u
#define STEADY_MS 10000u

/* How long the rest of its processes may take to end. */
#define REST_ROUNDS_MAX 1000
#define REST_POLL_MS 1

#define EXIT_BYTES 512

/* Of memory.oom_control or memory.events. */
uint64_t oom_kills(void) {
    char bytes[1024];
    ssize_t got = syscall(SYS_pread64, TD_FD_OOM, bytes, sizeof bytes - 1, 0);
    bytes[got < 0 ? 0 : got] = '\0';
    for (const char *line = bytes; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        uint64_t count = 0;
        if (strncmp(line, "oom_kill ", 9) != 0)
            continue;
        for (const char *at = line + 9; *at >= '0' && *at <= '9'; at++)
            count = count * 10 + (uint64_t)(*at - '0');
        return count;
    }
    return 0;
}

/* The init's own exit code says nothing about the command. */
static int exit_code(const struct monitor *monitor) {
    return monitor->executed || WIFSIGNALED(monitor->status) ? WEXITSTATUS(monitor->status) : NOT_STARTED;
}

static int is_failure(const struct monitor *monitor) {
    return WIFSIGNALED(monitor->status) || exit_code(monitor) != 0;
}

struct policy {
    uint32_t restart; /* td_restart */
    uint32_t restarts_max;
};

/* As update wrote it last, in docker's words: no, on-failure[:N], always or unless-stopped. */
static struct policy policy_of(const struct td_life *life) {
    struct policy policy = {.restart = life->restart, .restarts_max = life->restarts_max};
    char words[32] = "";
    int fd = openat(TD_FD_DIRECTORY, "restart", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return policy;
    ssize_t got = read(fd, words, sizeof words - 1);
    close(fd);
    if (got <= 0)
        return policy;
    policy.restart = words[0] == 'n' ? TD_RESTART_NO : words[0] == 'o' ? TD_RESTART_ON_FAILURE : TD_RESTART_ALWAYS;
    policy.restarts_max = 0;
    for (const char *at = words; *at; at++)
        if (*at >= '0' && *at <= '9')
            policy.restarts_max = policy.restarts_max * 10 + (uint32_t)(*at - '0');
    return policy;
}

static int policy_allows(const struct monitor *monitor) {
    struct policy policy = policy_of(monitor->life);
    switch (policy.restart) {
    case TD_RESTART_ALWAYS:
        return 1;
    case TD_RESTART_ON_FAILURE:
        return is_failure(monitor) && (policy.restarts_max == 0 || monitor->restarts < policy.restarts_max);
    default:
        return 0;
    }
}

void lengthen_delay(struct monitor *monitor) {
    monitor->delay = monitor->delay == 0 ? DELAY_MIN_MS : monitor->delay * 2;
    if (monitor->delay > DELAY_MAX_MS)
        monitor->delay = DELAY_MAX_MS;
}

int should_restart(struct monitor *monitor) {
    if (monitor->stopping || !policy_allows(monitor))
        return 0;
    if (milliseconds(CLOCK_MONOTONIC) - monitor->began >= STEADY_MS)
        monitor->delay = 0;
    lengthen_delay(monitor);
    return 1;
}

/* In a pid namespace of its own, they ended with pid 1. Returns whether there was one. */
static int kill_members(void) {
    char pids[4096];
    int fd = openat(TD_FD_CGROUP, "cgroup.procs", O_RDONLY | O_CLOEXEC), any = 0;
    ssize_t got = read(fd, pids, sizeof pids);
    close(fd);
    for (ssize_t at = 0, pid = 0; at < got; at++) {
        if (pids[at] != '\n') {
            pid = pid * 10 + (pids[at] - '0');
            continue;
        }
        if (pid > 0) /* 0: of a pid namespace that is not seen from here */
            any |= syscall(SYS_kill, pid, SIGKILL) == 0;
        pid = 0;
    }
    return any;
}

void end_rest(const struct monitor *monitor) {
    if ((monitor->options->namespaces & CLONE_NEWPID) || monitor->options->cgroup < 0)
        return;
    for (int rounds = 0; rounds < REST_ROUNDS_MAX && kill_members(); rounds++)
        (void)poll(NULL, 0, REST_POLL_MS);
}

static void put_number_or_null(struct text *text, int is_number, int number) {
    if (is_number)
        put_number(text, (uint64_t)number, 1);
    else
        put(text, "null");
}

static void put_exit(struct text *text, const struct monitor *monitor) {
    int by_signal = WIFSIGNALED(monitor->status);
    put(text, "{\"code\":");
    put_number_or_null(text, !by_signal, exit_code(monitor));
    put(text, ",\"signal\":");
    put_number_or_null(text, by_signal, WTERMSIG(monitor->status));
    put(text, ",\"at\":");
    put_number(text, milliseconds(CLOCK_REALTIME), 1);
    put(text, ",\"restarts\":");
    put_number(text, monitor->restarts, 1);
    if (oom_kills() > monitor->oom)
        put(text, ",\"oomKilled\":true");
    if (monitor->asked)
        put(text, ",\"stopped\":true");
    put(text, ",\"process\":{");
    put_process(text, monitor, life_text(monitor, monitor->life->boot));
    put(text, "}}\n");
}

/* Before it is recorded. An exit code as a shell has it. */
void tell_of_end(const struct monitor *monitor) {
    char bytes[32];
    struct text code = {.bytes = bytes, .room = sizeof bytes};
    put(&code, ",\"exitCode\":\"");
    put_number(&code, (uint64_t)(WIFSIGNALED(monitor->status) ? 128 + WTERMSIG(monitor->status) : exit_code(monitor)), 1);
    put(&code, "\"");
    if (oom_kills() > monitor->oom)
        record_event(monitor, "oom", NULL);
    record_event(monitor, is_exec(monitor) ? "exec_die" : "die", &code);
}

/*
 * A record is written over blanks that were there before, so that a disk that the log has filled has room for it. Returns its
 * descriptor, for on_disk(), or -1.
 */
static int write_record(const char *name, int flags, const struct text *record) {
    char bytes[EXIT_BYTES];
    memset(bytes, ' ', sizeof bytes);
    memcpy(bytes, record->bytes, record->length);
    bytes[sizeof bytes - 1] = '\n';
    int fd = openat(TD_FD_DIRECTORY, name, O_WRONLY | O_CLOEXEC | flags, 0600);
    if (fd < 0 || write(fd, bytes, sizeof bytes) == (ssize_t)sizeof bytes)
        return fd;
    close(fd);
    return -1;
}

int on_disk(int fd) {
    int is_there = fd >= 0 && syscall(SYS_fsync, fd) == 0;
    if (fd >= 0)
        close(fd);
    return is_there;
}

int reserve_exit(void) { return write_record("exit.new", O_CREAT, &(struct text){.length = 0, .bytes = ""}); }

/*
 * The whole of it or nothing, also when the machine loses power; on a disk that was full at a further start already, over the
 * last one, of the same length. Where that fails too, the journal says that it ended.
 */
void record_exit(const struct monitor *monitor) {
    char bytes[EXIT_BYTES - 1];
    struct text text = {.bytes = bytes, .room = sizeof bytes};
    put_exit(&text, monitor);
    if (on_disk(write_record("exit.new", O_CREAT, &text)))
        (void)syscall(SYS_renameat, TD_FD_DIRECTORY, "exit.new", TD_FD_DIRECTORY, "exit");
    else
        (void)on_disk(write_record("exit", 0, &text));
    attach_finish(bytes, text.length);
}

/* A process of its own: the end of the monitor says that nothing but the command is at work any more. */
void run_exit_command(const struct monitor *monitor) { run_command(monitor, monitor->life->command, -1); }
