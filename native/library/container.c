#include "container.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "events.h"
#include "sys.h"

static atomic_uint last_number;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct container *registry;

static void enter(struct container *container) {
    pthread_mutex_lock(&lock);
    container->next = registry;
    registry = container;
    pthread_mutex_unlock(&lock);
}

static void leave(const struct container *container) {
    pthread_mutex_lock(&lock);
    for (struct container **at = &registry; *at; at = &(*at)->next)
        if (*at == container) {
            *at = container->next;
            break;
        }
    pthread_mutex_unlock(&lock);
}

struct container *container_new(const struct container_ends *ends) {
    struct container *container = calloc(1, sizeof *container);
    if (!container)
        return NULL;
    container->number = atomic_fetch_add(&last_number, 1) + 1;
    container->report = ends->report;
    container->console = ends->console;
    container->stop = ends->stop;
    for (int i = 0; i < 3; i++)
        container->relayed[i] = ends->relayed[i], container->outer[i] = ends->outer[i];
    container->pidfd = container->first = container->master = container->guard = -1;
    atomic_init(&container->parts, container_is_copied(container) ? 2 : 1);
    enter(container);
    return container;
}

int container_is_copied(const struct container *container) { return container->stop >= 0; }

static void close_all(const int *fds, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static void dispose(struct container *container) {
    leave(container);
    const int fds[] = {container->pidfd, container->report, container->console, container->stop, container->guard,
                       container->first};
    close_all(fds, sizeof fds / sizeof *fds);
    close_all(container->relayed, 3);
    close_all(container->outer, 3);
    free(container);
}

struct container *container_keep(uint32_t number) {
    struct container *kept = NULL;
    pthread_mutex_lock(&lock);
    for (struct container *at = registry; at; at = at->next)
        if (at->number == number)
            kept = at;
    /* One whose last part ended is about to be freed. */
    int parts = kept ? atomic_load(&kept->parts) : 0;
    while (parts > 0 && !atomic_compare_exchange_weak(&kept->parts, &parts, parts + 1))
        ;
    pthread_mutex_unlock(&lock);
    return parts > 0 ? kept : NULL;
}

void container_part_ended(struct container *container) {
    if (atomic_fetch_sub(&container->parts, 1) != 1)
        return;
    struct td_event event = {
        .kind = TD_EVENT_EXITED,
        .container = container->number,
        .error = container->code,
        .status = container->status,
    };
    int ended = container->ended;
    dispose(container);
    if (ended)
        events_send(&event);
}

void container_stop(const struct container *container) {
    if (container->stop >= 0)
        (void)!write(container->stop, &(uint64_t){1}, sizeof(uint64_t)); /* a counter can be increased 2^64 - 2 times */
}

void container_set_master(struct container *container, int master) {
    pthread_mutex_lock(&lock);
    container->master = master;
    pthread_mutex_unlock(&lock);
}

void container_succeed(struct container *container, int pidfd) {
    pthread_mutex_lock(&lock);
    container->first = container->pidfd;
    container->pidfd = pidfd;
    atomic_fetch_add(&container->parts, 1);
    pthread_mutex_unlock(&lock);
}

int container_pidfd(const struct container *container) {
    pthread_mutex_lock(&lock);
    int pidfd = container->pidfd;
    pthread_mutex_unlock(&lock);
    return pidfd;
}

int container_kill(uint32_t number, int signal) {
    int result = -ESRCH;
    pthread_mutex_lock(&lock);
    for (const struct container *at = registry; at; at = at->next)
        if (at->number == number)
            result = syscall(SYS_pidfd_send_signal, at->pidfd, signal, NULL, 0) == 0 ? 0 : -errno;
    pthread_mutex_unlock(&lock);
    return result;
}

int container_use(uint32_t number, int (*use)(const struct container *container)) {
    int result = -ESRCH;
    pthread_mutex_lock(&lock);
    for (const struct container *at = registry; at; at = at->next)
        if (at->number == number)
            result = use(at);
    pthread_mutex_unlock(&lock);
    return result;
}
