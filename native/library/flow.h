/* Copying between descriptors, in several directions at once, none of which waits for another. */
#ifndef TD_FLOW_H
#define TD_FLOW_H

#include <stddef.h>
#include <sys/types.h>

#define FLOWS_MAX 3
#define FLOW_BYTES 16384

struct flow_end {
    int fd;    /* -1: closed, or at its end */
    int ours;  /* closed when the flow has ended */
    int waits; /* a write of more than there is room for waits */
};

struct container;

/* One direction: it reads only when all it has read is written. */
struct flow {
    struct flow_end from, to;
    int is_input;     /* it ends with the container's process; the other direction once all of it was read */
    int is_discarded; /* when `to` takes no more, `from` is still read, so that who writes there does not wait */
    /* Called with what was written; or NULL. */
    void (*written)(const struct container *container, const struct flow *flow, const char *bytes, ssize_t count);
    size_t at, length;
    char bytes[FLOW_BYTES];
};

/*
 * An end for what the caller's descriptor names: opened once more where that is possible, because O_NONBLOCK on the
 * caller's own would change it for all who share it.
 */
struct flow_end flow_outer(int fd);

/* Copies until the container's process has ended and the outputs too, then closes the ends that are ours. */
void flow_copy(const struct container *container, struct flow *flows, size_t count);

#endif
