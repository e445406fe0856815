#include "events.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Room for about 4,000 events; a writer waits when Node is further behind than that. */
#define PIPE_BYTES (1 << 20)

static int writing = -1;

int events_open(void) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -errno;
    /* The pipe stays smaller where pipe-user-pages-soft is used up: writers only wait earlier. */
    (void)fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES);
    writing = ends[1];
    return ends[0];
}

void events_close(int reading) {
    close(reading);
    close(writing);
    writing = -1;
}

void events_send(const struct td_event *event) {
    ssize_t written;
    do
        written = write(writing, event, sizeof *event); /* below PIPE_BUF, so whole */
    while (written < 0 && errno == EINTR);
}
