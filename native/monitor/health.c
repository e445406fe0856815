/* How the container is: what its health checks have said, and when the next one comes. */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "health.h"
#include "sys.h"

/* Each byte of what it printed may become \u0000. */
#define LINE_BYTES_MAX (CHECK_OUTPUT_MAX * 6 + 512)
/* Of a file of results; there are two. */
#define FILE_BYTES_MAX (64 << 10)
/* What poll(2) can wait; it is asked again. */
#define WAIT_MS_MAX 60000
#define PATH_BYTES_MAX 4096

enum status { STARTING, HEALTHY, UNHEALTHY };

static struct {
    enum status status;
    uint32_t streak;   /* of checks that failed */
    uint64_t due;      /* of CLOCK_MONOTONIC; 0: no check is to come */
    uint64_t deadline; /* of the one that runs */
    uint64_t began;    /* milliseconds since 1970 */
    int late;          /* it was killed for that */
} health;

static int has_check(const struct monitor *monitor) { return monitor->life->health.length > 0; }

static void put_json(struct text *text, const char *bytes, size_t length) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        if (byte >= ' ' && byte != '"' && byte != '\\')
            put_bytes(text, bytes + i, 1);
        else
            put_bytes(text, (const char[]){'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]}, 6);
    }
}

/* The whole line or nothing. A full disk costs a result, which only the next one can say. */
static void append(const struct text *line) {
    struct stat stat;
    int fd = openat(TD_FD_DIRECTORY, "health", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0 && fstat(fd, &stat) == 0 && stat.st_size > FILE_BYTES_MAX) {
        (void)syscall(SYS_renameat, TD_FD_DIRECTORY, "health", TD_FD_DIRECTORY, "health.1");
        close(fd);
        fd = openat(TD_FD_DIRECTORY, "health", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    }
    if (fd < 0 || fstat(fd, &stat) != 0)
        return;
    if (write(fd, line->bytes, line->length) != (ssize_t)line->length)
        (void)syscall(SYS_ftruncate, fd, stat.st_size);
    close(fd);
}

/* code: of the check that ended; NULL: there was none yet. */
static void record(const int *code) {
    static const char *const words[] = {"starting", "healthy", "unhealthy"};
    static char bytes[LINE_BYTES_MAX];
    struct text line = {.bytes = bytes, .room = sizeof bytes};
    put(&line, "{\"status\":\"");
    put(&line, words[health.status]);
    put(&line, "\",\"failingStreak\":");
    put_number(&line, health.streak, 1);
    if (code) {
        put(&line, ",\"check\":{\"start\":");
        put_number(&line, health.began, 1);
        put(&line, ",\"end\":");
        put_number(&line, milliseconds(CLOCK_REALTIME), 1);
        put(&line, ",\"exitCode\":");
        put(&line, *code < 0 ? "-" : "");
        put_number(&line, (uint64_t)(*code < 0 ? -*code : *code), 1);
        put(&line, ",\"output\":\"");
        put_json(&line, check_text()->bytes, check_text()->length);
        put(&line, "\"}");
    }
    put(&line, "}\n");
    append(&line);
}

void health_reset(const struct monitor *monitor) {
    if (!has_check(monitor))
        return;
    health.status = STARTING;
    health.streak = 0;
    health.due = 0;
    record(NULL);
}

/* While it starts, a check that fails does not count, and one that succeeds ends that. */
static int is_starting(const struct monitor *monitor, uint64_t now) {
    return health.status == STARTING && now - monitor->began < monitor->life->start_period_ms;
}

static void plan_next(const struct monitor *monitor) {
    uint64_t now = milliseconds(CLOCK_MONOTONIC);
    health.due = now + (is_starting(monitor, now) ? monitor->life->start_interval_ms : monitor->life->interval_ms);
}

void health_begin(const struct monitor *monitor) {
    if (has_check(monitor))
        plan_next(monitor);
}

static void conclude(const struct monitor *monitor, int code) {
    int counts = code != 0 && !is_starting(monitor, milliseconds(CLOCK_MONOTONIC));
    enum status before = health.status;
    check_close();
    if (code == 0) {
        health.status = HEALTHY;
        health.streak = 0;
    } else if (counts && ++health.streak >= monitor->life->retries)
        health.status = UNHEALTHY;
    record(&code);
    if (health.status != before)
        record_event(monitor, health.status == HEALTHY ? "health_status: healthy" : "health_status: unhealthy", NULL);
    plan_next(monitor);
}

static int is_one(int directory, const char *name) {
    char byte = '0';
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t got = read(fd, &byte, 1);
    close(fd);
    return got == 1 && (byte == '1' || byte == 'F'); /* 1, or FROZEN and FREEZING */
}

/* The file beside the one that is open: tasks of a cgroup of version 1. */
static int is_frozen_1(int tasks) {
    char path[64], target[PATH_BYTES_MAX];
    struct text text = {.bytes = path, .room = sizeof path - 1};
    put(&text, "/proc/self/fd/");
    put_number(&text, (uint64_t)tasks, 1);
    path[text.length] = '\0';
    long length = syscall(SYS_readlinkat, AT_FDCWD, path, target, sizeof target);
    static const char from[] = "tasks", to[] = "freezer.state";
    size_t head = length < (long)sizeof from ? 0 : (size_t)length - (sizeof from - 1);
    if (head == 0 || head + sizeof to > sizeof target)
        return 0;
    memcpy(target + head, to, sizeof to);
    return is_one(AT_FDCWD, target);
}

/* What joined it then would be stopped as well. */
static int is_paused(const struct monitor *monitor) {
    const struct td_spawn_options *options = monitor->options;
    int paused = options->cgroup >= 0 && is_one(TD_FD_CGROUP, "cgroup.freeze");
    for (uint32_t i = 0; i < options->joins_count && !paused; i++)
        paused = is_frozen_1(TD_FD_SLOTS + (int)(options->extra_count + i));
    return paused;
}

static void start_check(const struct monitor *monitor) {
    health.began = milliseconds(CLOCK_REALTIME);
    health.deadline = milliseconds(CLOCK_MONOTONIC) + monitor->life->timeout_ms;
    health.due = 0;
    health.late = 0;
    if (check_start(monitor) == 0)
        return;
    check_say("the check could not be started: no process could be made");
    conclude(monitor, CHECK_FAILED);
}

void health_reaped(const struct monitor *monitor, long pid, int status) {
    int code;
    if (!check_reaped(pid, status, &code))
        return;
    if (health.late)
        check_say("Health check exceeded timeout");
    conclude(monitor, health.late ? CHECK_FAILED : code);
}

void health_end(void) {
    if (check_runs())
        check_kill();
    check_close();
    health.due = 0;
}

int health_timeout(void) {
    uint64_t until = check_runs() ? health.deadline : health.due;
    if (until == 0 || (check_runs() && health.late))
        return -1;
    uint64_t now = milliseconds(CLOCK_MONOTONIC);
    return until <= now ? 0 : until - now > WAIT_MS_MAX ? WAIT_MS_MAX : (int)(until - now);
}

size_t health_watch(struct pollfd *fds) { return check_watch(fds); }

void health_act(const struct monitor *monitor) {
    check_read();
    if (!check_runs() && health.due == 0)
        return;
    uint64_t now = milliseconds(CLOCK_MONOTONIC);
    /* Again each time: it may have gone on in another process meanwhile. */
    if (check_runs() && now >= health.deadline) {
        health.late = 1;
        check_kill();
    }
    if (health.due == 0 || now < health.due)
        return;
    if (is_paused(monitor))
        plan_next(monitor);
    else
        start_check(monitor);
}
