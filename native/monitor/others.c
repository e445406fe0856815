/* The containers whose namespaces this one joins: they may have been started again since it was. */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "monitor.h"
#include "sys.h"

/* How long the command may take that says which processes are theirs. */
#define ANSWER_MS 10000
#define ANSWER_BYTES_MAX 1024

/* What is not there in time is left out. */
static size_t read_answer(int fd, char *bytes, size_t room) {
    uint64_t until = milliseconds(CLOCK_MONOTONIC) + ANSWER_MS;
    size_t length = 0;
    for (uint64_t now = until - ANSWER_MS; now < until; now = milliseconds(CLOCK_MONOTONIC)) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (poll(&ready, 1, (int)(until - now)) <= 0)
            continue;
        ssize_t got = read(fd, bytes + length, room - length);
        if (got <= 0)
            break;
        length += (size_t)got;
    }
    return length;
}

/* `line`: PID START_TIME. Returns whether that process can be joined; otherwise the slot keeps the one before, which can't be either. */
static int renew(int slot, const char *line) {
    char start_time[24];
    long pid = 0;
    for (; *line >= '0' && *line <= '9'; line++)
        pid = pid * 10 + (*line - '0');
    int pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
    if (pidfd < 0)
        return 0;
    /* The pid may be another process's by now. */
    read_start_time(pid, start_time);
    size_t length = strlen(start_time);
    int is_same = *line == ' ' && strncmp(line + 1, start_time, length) == 0 && line[1 + length] == '\n';
    if (is_same)
        (void)syscall(SYS_dup3, pidfd, slot, O_CLOEXEC);
    close(pidfd);
    return is_same;
}

enum others renew_others(const struct monitor *monitor) {
    int pair[2];
    char answer[ANSWER_BYTES_MAX + 1];
    if (monitor->life->others.length == 0 || syscall(SYS_pipe2, pair, O_CLOEXEC) != 0)
        return OTHERS_RUN;
    run_command(monitor, monitor->life->others, pair[1]);
    close(pair[1]);
    answer[read_answer(pair[0], answer, ANSWER_BYTES_MAX)] = '\0';
    close(pair[0]);
    int slot = TD_FD_SLOTS + (int)monitor->life->others_slot;
    enum others others = OTHERS_RUN;
    for (const char *line = answer, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        if (*line == '-')
            return OTHERS_REMOVED;
        if (!renew(slot++, line))
            others = OTHERS_STOPPED;
    }
    return others;
}
