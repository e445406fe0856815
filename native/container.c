#include "container.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "events.h"

static atomic_uint last_number;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct container *registry; /* containers with a terminal */

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

struct container *container_new(const struct container_ends *ends, const int32_t stdio[3]) {
    struct container *container = calloc(1, sizeof *container);
    if (!container)
        return NULL;
    int terminal = ends->console >= 0;
    container->number = atomic_fetch_add(&last_number, 1) + 1;
    container->report = ends->report;
    container->console = ends->console;
    container->stop = ends->stop;
    container->outer[0] = stdio[0];
    container->outer[1] = stdio[1];
    container->pidfd = container->master = -1;
    atomic_init(&container->parts, terminal ? 2 : 1);
    if (terminal)
        enter(container);
    return container;
}

static void dispose(struct container *container) {
    leave(container);
    const int fds[] = {container->pidfd, container->report, container->console, container->stop};
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    free(container);
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

void container_stop_input(const struct container *container) {
    if (container->stop >= 0)
        (void)!write(container->stop, &(uint64_t){1}, sizeof(uint64_t)); /* a counter at 0 can always be increased */
}

void container_set_master(struct container *container, int master) {
    pthread_mutex_lock(&lock);
    container->master = master;
    pthread_mutex_unlock(&lock);
}

int container_with_master(uint32_t number, int (*use)(const struct container *container)) {
    int result = -ENOTTY;
    pthread_mutex_lock(&lock);
    for (const struct container *at = registry; at; at = at->next)
        if (at->number == number && at->master >= 0)
            result = use(at);
    pthread_mutex_unlock(&lock);
    return result;
}
