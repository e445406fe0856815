#include "flow.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "container.h"

/* Once the process has ended: how long a terminal that shows nothing may keep the rest of the output waiting. */
#define LINGER_MS 5000
/*
 * Others that it started may keep its output open for ever. Its own is in the kernel's buffers by then, of which a terminal's
 * pass it on a moment later: it is over once this has waited so long for more of it, or read more than a buffer holds.
 */
#define REST_WAIT_MS 500
#define REST_BYTES_MAX (1 << 20)
/* A write of so few bytes rarely waits after poll(2) found room. */
#define WAITING_WRITE_BYTES 256

struct flow_end flow_outer(int fd) {
    struct flow_end shared = {.fd = fd};
    struct stat stat;
    unsigned number;
    char path[32];
    /* To open a terminal's master makes another pair. A file opened again would begin at its start, and it never waits. */
    int terminal = isatty(fd) && ioctl(fd, TIOCGPTN, &number) != 0;
    if (!terminal && (fstat(fd, &stat) != 0 || !S_ISFIFO(stat.st_mode)))
        return shared;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int flags = (fcntl(fd, F_GETFL) & O_ACCMODE) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    struct flow_end own = {.fd = open(path, flags), .ours = 1};
    shared.waits = 1;
    return own.fd < 0 ? shared : own;
}

static void close_end(struct flow_end *end) {
    if (end->ours && end->fd >= 0)
        close(end->fd);
    end->fd = -1;
}

static size_t pending(const struct flow *flow) { return flow->length - flow->at; }

static int again(void) { return errno == EAGAIN || errno == EINTR; }

/* What is to be read is not; what was read is not written. */
static void end(struct flow *flow) {
    flow->at = flow->length;
    close_end(&flow->from);
    close_end(&flow->to);
}

/* A terminal's master reports EIO when every process has closed the terminal, and all of its output was read. */
static void fill(struct flow *flow) {
    ssize_t got = read(flow->from.fd, flow->bytes, sizeof flow->bytes);
    if (got > 0)
        flow->at = flow->to.fd < 0 ? (size_t)got : 0, flow->length = (size_t)got;
    else if (got == 0 || !again())
        end(flow);
}

static void drain(const struct container *container, struct flow *flow) {
    const char *bytes = flow->bytes + flow->at;
    size_t count = flow->to.waits && pending(flow) > WAITING_WRITE_BYTES ? WAITING_WRITE_BYTES : pending(flow);
    ssize_t written = write(flow->to.fd, bytes, count);
    if (written >= 0) {
        flow->at += (size_t)written;
        if (flow->written)
            flow->written(container, flow, bytes, written);
    } else if (!again() && flow->is_discarded) {
        flow->at = flow->length;
        close_end(&flow->to);
    } else if (!again())
        end(flow);
}

/* A descriptor of which nothing is wanted is left out: poll(2) would report its hangup again and again. */
static struct pollfd polled(int fd, short events) { return (struct pollfd){.fd = events ? fd : -1, .events = events}; }

static int is_over(const struct flow *flow) { return flow->from.fd < 0; }

static void give_up_terminals(struct flow *flows, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (pending(&flows[i]) && isatty(flows[i].to.fd))
            end(&flows[i]);
}

static void end_all(struct flow *flows, size_t count, int inputs_only) {
    for (size_t i = 0; i < count; i++)
        if (flows[i].is_input || !inputs_only)
            end(&flows[i]);
}

static int are_over(const struct flow *flows, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!is_over(&flows[i]))
            return 0;
    return 1;
}

/* Fills fds with both ends of each flow, then `stop`; returns what poll(2) returns. */
static int wait_for_any(struct pollfd *fds, const struct flow *flows, size_t count, int stop, int milliseconds) {
    for (size_t i = 0; i < count; i++) {
        int full = pending(&flows[i]) > 0;
        fds[2 * i] = polled(flows[i].from.fd, full ? 0 : POLLIN);
        fds[2 * i + 1] = polled(flows[i].to.fd, full ? POLLOUT : 0);
    }
    fds[2 * count] = polled(stop, POLLIN);
    return poll(fds, 2 * count + 1, milliseconds);
}

static int are_written(const struct flow *flows, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (pending(&flows[i]))
            return 0;
    return 1;
}

static int keeps_terminal_waiting(const struct flow *flows, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (pending(&flows[i]) && isatty(flows[i].to.fd))
            return 1;
    return 0;
}

static long now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What is left of the outputs once the process has ended. */
struct rest {
    long waited_ms;
    size_t bytes;
};

/* The same until `rest` is over. */
static int wait_for_rest(struct pollfd *fds, struct flow *flows, size_t count, int stop, struct rest *rest) {
    if (!are_written(flows, count)) {
        int ready = wait_for_any(fds, flows, count, stop, keeps_terminal_waiting(flows, count) ? LINGER_MS : -1);
        if (ready == 0)
            give_up_terminals(flows, count);
        return ready;
    }
    long begin = now_ms(), left = REST_WAIT_MS - rest->waited_ms;
    int ready = wait_for_any(fds, flows, count, stop, left > 0 ? (int)left : 0);
    rest->waited_ms += now_ms() - begin;
    if (ready == 0 || rest->bytes > REST_BYTES_MAX)
        end_all(flows, count, 0);
    return ready;
}

void flow_copy(const struct container *container, struct flow *flows, size_t count) {
    struct pollfd fds[2 * FLOWS_MAX + 1];
    uint64_t stops = 0, more;
    struct rest rest = {0, 0};
    while (!stops || !are_over(flows, count)) {
        int ready = stops ? wait_for_rest(fds, flows, count, container->stop, &rest)
                          : wait_for_any(fds, flows, count, container->stop, -1);
        for (size_t i = 0; ready > 0 && i < count; i++)
            if (fds[2 * i + 1].revents)
                drain(container, &flows[i]);
            else if (fds[2 * i].revents) {
                fill(&flows[i]);
                rest.bytes += stops ? flows[i].length : 0;
            }
        if (ready > 0 && fds[2 * count].revents && read(container->stop, &more, sizeof more) == sizeof more) {
            stops += more;
            end_all(flows, count, stops == 1);
        }
    }
}
