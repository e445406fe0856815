/*
 * For tests, under a sanitizer: starts containers from several threads at once and checks how each of them ends.
 *
 *   start-many INIT PLAN TERMINAL-PLAN CLONED-PLAN [traced]
 *
 * PLAN's command exits with 7, TERMINAL-PLAN's reads a line from its terminal and exits with 8, CLONED-PLAN's is a process
 * that the first one clones, and exits with 7.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim.h"

#define STARTERS 4
#define ROUNDS 3
#define CONTAINERS_MAX 128u

struct bytes {
    uint8_t *data;
    size_t length;
};

static struct bytes init, plan, terminal_plan, cloned_plan;
static int events, null;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ended = PTHREAD_COND_INITIALIZER;
static struct td_event ends[CONTAINERS_MAX]; /* by the container's number; kind 0: it runs */
static uint32_t exits;

__attribute__((noreturn)) static void fail(const char *what, long found) {
    fprintf(stderr, "start-many: %s: %ld\n", what, found);
    exit(1);
}

static void expect(const char *what, long found, long expected) {
    if (found != expected)
        fail(what, found);
}

static struct bytes read_file(const char *path) {
    struct stat stat;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &stat) != 0)
        fail(path, errno);
    struct bytes bytes = {.data = malloc((size_t)stat.st_size), .length = (size_t)stat.st_size};
    expect(path, read(fd, bytes.data, bytes.length), stat.st_size);
    close(fd);
    return bytes;
}

static void *read_events(void *unused) {
    struct td_event event;
    (void)unused;
    while (read(events, &event, sizeof event) == sizeof event) {
        if (event.kind != TD_EVENT_EXITED)
            continue;
        pthread_mutex_lock(&lock);
        ends[event.container % CONTAINERS_MAX] = event;
        exits++;
        pthread_cond_broadcast(&ended);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

static struct td_event wait_for(uint32_t container) {
    const struct td_event *end = &ends[container % CONTAINERS_MAX];
    pthread_mutex_lock(&lock);
    while (end->kind == 0)
        pthread_cond_wait(&ended, &lock);
    struct td_event found = *end;
    pthread_mutex_unlock(&lock);
    return found;
}

enum copied { TERMINAL, PIPES };

static int spawn(struct bytes bytes, int outer, enum copied copied, struct td_spawned *spawned) {
    struct td_spawn_options options = {
        /* The first process of a pid namespace can't have a sibling. */
        .namespaces = CLONE_NEWNS | (bytes.data == cloned_plan.data ? 0 : CLONE_NEWPID),
        .stdio = {outer, outer, outer},
        .lock = -1,
        .cgroup = -1,
        .terminal = outer != null && copied == TERMINAL,
        .relayed = outer != null && copied == PIPES ? 7 : 0,
        .extra_count = 1,
        .extra = {null},
    };
    return td_spawn(bytes.data, bytes.length, &options, spawned);
}

static struct td_spawned start(struct bytes bytes, int outer, enum copied copied) {
    struct td_spawned spawned;
    expect("td_spawn", spawn(bytes, outer, copied, &spawned), 0);
    return spawned;
}

static void expect_end(struct td_spawned spawned, int code, int status) {
    struct td_event end = wait_for(spawned.container);
    expect("si_code", end.error, code);
    expect("si_status", end.status, status);
    close(spawned.pidfd);
}

/* The other threads' containers too. They may have ended, or have no terminal: any result is right. */
static void use_every_terminal(uint32_t last) {
    for (uint32_t number = 1; number <= last; number++)
        (void)td_resize(number), (void)td_foreground(number);
}

/* It may have ended. */
static void guard(struct td_spawned spawned, int (*start)(uint32_t container)) {
    int error = start(spawned.container);
    if (error && error != -ESRCH)
        fail("td_guard", error);
}

static void drop_output(struct td_spawned spawned) {
    /* The container, and its number, may be gone. */
    (void)td_drop_output(spawned.container);
}

struct outer {
    int master, slave;
};

static struct outer open_outer(void) {
    struct outer outer = {.master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
    if (outer.master < 0 || unlockpt(outer.master) != 0)
        fail("posix_openpt", errno);
    outer.slave = ioctl(outer.master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (outer.slave < 0)
        fail("TIOCGPTPEER", errno);
    return outer;
}

static void close_outer(struct outer outer) { close(outer.slave), close(outer.master); }

static void start_each_kind(void) {
    struct outer outer = open_outer();
    struct td_spawned terminal = start(terminal_plan, outer.slave, TERMINAL);
    struct td_spawned killed = start(terminal_plan, outer.slave, TERMINAL);
    struct td_spawned piped = start(plan, outer.slave, PIPES);
    struct td_spawned plain = start(plan, null, PIPES);
    struct td_spawned cloned = start(cloned_plan, null, PIPES);
    struct td_spawned refused = start((struct bytes){.data = init.data, .length = 100}, null, PIPES);
    use_every_terminal(refused.container);
    guard(terminal, td_guard), guard(killed, td_guard_aside), guard(piped, td_guard), guard(plain, td_guard_aside);
    guard(cloned, td_guard), guard(refused, td_guard_aside);
    /* It has ended, or either process takes it. */
    (void)td_kill(cloned.container, SIGCONT);
    expect("td_signal", td_signal(killed.pidfd, SIGKILL), 0);
    expect_end(killed, CLD_KILLED, SIGKILL);
    expect_end(piped, CLD_EXITED, 7);
    drop_output(piped);
    /* Only one of them reads the outer terminal now. */
    expect("write", write(outer.master, "a line\n", 7), 7);
    expect_end(plain, CLD_EXITED, 7);
    expect_end(cloned, CLD_EXITED, 7);
    expect_end(refused, CLD_EXITED, 1);
    expect_end(terminal, CLD_EXITED, 8);
    close_outer(outer);
}

static void *run_starter(void *unused) {
    (void)unused;
    for (int round = 0; round < ROUNDS; round++)
        start_each_kind();
    return NULL;
}

static void start_from_many_threads(void) {
    pthread_t starters[STARTERS];
    for (int i = 0; i < STARTERS; i++)
        expect("pthread_create", pthread_create(&starters[i], NULL, run_starter, NULL), 0);
    for (int i = 0; i < STARTERS; i++)
        pthread_join(starters[i], NULL);
}

static int count_descriptors(void) {
    int count = 0;
    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void limit_descriptors(rlim_t soft) {
    struct rlimit limit;
    expect("getrlimit", getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = soft;
    expect("setrlimit", setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* Each start may open one descriptor more than the one before, so each place that opens one fails once. None is left. */
static void start_without_descriptors(enum copied copied) {
    struct outer outer = open_outer();
    struct td_spawned spawned;
    struct rlimit before;
    int count = count_descriptors(), failures = 0, taken = 0, fillers[64];
    expect("getrlimit", getrlimit(RLIMIT_NOFILE, &before), 0);
    /* The child copies its descriptors above the numbers it needs, so free ones below them do not help. */
    do
        fillers[taken] = fcntl(null, F_DUPFD_CLOEXEC, 0);
    while (fillers[taken++] < (int)(TD_FD_EXTRA + TD_EXTRA_MAX));
    for (rlim_t limit = (rlim_t)fillers[taken - 1] + 1;; limit++, failures++) {
        limit_descriptors(limit);
        int error = spawn(copied == TERMINAL ? terminal_plan : plan, outer.slave, copied, &spawned);
        limit_descriptors(before.rlim_cur);
        if (error == 0)
            break;
        expect("td_spawn without descriptors", error, -EMFILE);
    }
    if (failures < 10)
        fail("starts that failed for lack of descriptors", failures);
    if (copied == TERMINAL) {
        expect("td_signal", td_signal(spawned.pidfd, SIGKILL), 0);
        expect_end(spawned, CLD_KILLED, SIGKILL);
    } else
        expect_end(spawned, CLD_EXITED, 7);
    while (taken > 0)
        close(fillers[--taken]);
    expect("descriptors", count_descriptors(), count);
    close_outer(outer);
}

/*
 * For a tracer that makes one system call of a start fail: those between the two calls of getppid. The failed start
 * leaves nothing, and the next one succeeds.
 */
static void start_traced(void) {
    struct outer outer = open_outer();
    struct td_spawned spawned;
    siginfo_t info;
    (void)getppid();
    int result = spawn(terminal_plan, outer.slave, TERMINAL, &spawned);
    (void)getppid();
    if (result == 0) {
        expect("td_signal", td_signal(spawned.pidfd, SIGKILL), 0);
        expect_end(spawned, CLD_KILLED, SIGKILL);
    }
    expect("waitid", waitid(P_ALL, 0, &info, WEXITED | WNOHANG), -1);
    expect_end(start(plan, null, PIPES), CLD_EXITED, 7);
    close_outer(outer);
    printf("td_spawn returned %d\n", result);
}

int main(int count, char **arguments) {
    if (count < 5)
        fail("arguments", count);
    init = read_file(arguments[1]), plan = read_file(arguments[2]), terminal_plan = read_file(arguments[3]);
    cloned_plan = read_file(arguments[4]);
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    events = td_open(init.data, init.length);
    pthread_t reader;
    if (events < 0 || pthread_create(&reader, NULL, read_events, NULL) != 0)
        fail("td_open", events);
    if (count > 5)
        start_traced();
    else
        start_from_many_threads(), start_without_descriptors(TERMINAL), start_without_descriptors(PIPES);
    printf("%u containers ended\n", exits);
    return 0;
}
