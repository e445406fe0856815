/* Those who attached to the container: they get what it prints, and give it input. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "attach.h"
#include "monitor.h"
#include "sys.h"

#define CLIENTS_MAX 16
#define INPUT_BYTES 4096
/* How long one who reads too slowly may hold the container's output up; then the connection ends, and the log has the rest. */
#define STALL_MS 1000

struct client {
    int fd;
    struct frame_reader reader;
};

static struct {
    int listener;
    struct client clients[CLIENTS_MAX];
    size_t count;
    struct winsize size; /* that was asked for last; no rows: none was */
    char input[INPUT_BYTES]; /* for the container; nothing more is read before it has taken this */
    size_t input_at, input_length;
    int has_ended; /* the container's input is to end once it has taken this */
} attached = {.listener = -1};

/* Relative to the directory: the path of a socket has at most 107 bytes. */
void attach_open(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "attach"};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    (void)syscall(SYS_unlinkat, TD_FD_DIRECTORY, address.sun_path, 0); /* that of a monitor that was killed */
    if (fd < 0 || fchdir(TD_FD_DIRECTORY) != 0)
        return;
    if (syscall(SYS_bind, fd, &address, sizeof address) == 0 && syscall(SYS_listen, fd, CLIENTS_MAX) == 0)
        attached.listener = fd;
    else
        close(fd);
    (void)chdir("/");
}

/* It keeps its place: what poll(2) said of the others is by theirs. */
static void drop(size_t i) {
    close(attached.clients[i].fd);
    attached.clients[i].fd = -1;
}

static void forget_dropped(void) {
    size_t count = 0;
    for (size_t i = 0; i < attached.count; i++)
        if (attached.clients[i].fd >= 0)
            attached.clients[count++] = attached.clients[i];
    attached.count = count;
}

static int send_all(int fd, const char *bytes, size_t length) {
    uint64_t until = milliseconds(CLOCK_MONOTONIC) + STALL_MS;
    while (length > 0) {
        ssize_t sent = syscall(SYS_sendto, fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT, NULL, 0);
        if (sent >= 0) {
            bytes += sent;
            length -= (size_t)sent;
            continue;
        }
        struct pollfd ready = {.fd = fd, .events = POLLOUT};
        uint64_t now = milliseconds(CLOCK_MONOTONIC);
        if ((errno != EAGAIN && errno != EINTR) || now >= until || poll(&ready, 1, (int)(until - now)) <= 0)
            return errno ? errno : ETIMEDOUT;
    }
    return 0;
}

void attach_send(uint32_t kind, const char *bytes, size_t length) {
    struct td_frame_header header = {.kind = kind, .length = (uint32_t)length};
    for (size_t i = 0; i < attached.count; i++) {
        int fd = attached.clients[i].fd;
        if (fd < 0)
            continue;
        if (send_all(fd, (const char *)&header, sizeof header) != 0 || send_all(fd, bytes, length) != 0)
            drop(i);
    }
}

/* Those whose connection waits are told too. */
void attach_finish(const char *record, size_t length) {
    attach_accept();
    attach_send(TD_FRAME_EXIT, record, length);
    for (size_t i = 0; i < attached.count; i++)
        if (attached.clients[i].fd >= 0)
            drop(i);
    attached.count = 0;
    attached.input_at = attached.input_length = 0;
    attached.has_ended = 0;
}

void attach_close(void) {
    if (attached.listener < 0)
        return;
    (void)syscall(SYS_unlinkat, TD_FD_DIRECTORY, "attach", 0);
    close(attached.listener);
    attached.listener = -1;
}

static void refuse(int fd) {
    struct td_frame_header full = {.kind = TD_FRAME_FULL};
    (void)syscall(SYS_sendto, fd, &full, sizeof full, MSG_NOSIGNAL | MSG_DONTWAIT, NULL, 0);
    close(fd);
}

void attach_accept(void) {
    forget_dropped();
    while (attached.listener >= 0) {
        int fd = (int)syscall(SYS_accept4, attached.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            return;
        if (attached.count == CLIENTS_MAX)
            refuse(fd);
        else
            attached.clients[attached.count++] = (struct client){.fd = fd};
    }
}

/* There is room: as many bytes are read at most as the buffer has. */
static void take_input(void *context, const char *bytes, size_t length) {
    (void)context;
    memcpy(attached.input + attached.input_length, bytes, length);
    attached.input_length += length;
}

static void end_input(void *context) {
    (void)context;
    attached.has_ended = 1;
}

static void resize(void *context, uint16_t rows, uint16_t columns) {
    attached.size = (struct winsize){.ws_row = rows, .ws_col = columns};
    attach_resize(context);
}

/* One who attached before there was a terminal gets the size too. */
void attach_resize(const struct monitor *monitor) {
    if (monitor->master >= 0 && attached.size.ws_row > 0)
        (void)ioctl(monitor->master, TIOCSWINSZ, &attached.size);
}

static void read_client(struct monitor *monitor, size_t i) {
    static char bytes[INPUT_BYTES];
    const struct frame_sink sink = {.context = monitor, .input = take_input, .resize = resize, .end = end_input};
    ssize_t got = read(attached.clients[i].fd, bytes, sizeof bytes);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0 || frame_read(&attached.clients[i].reader, bytes, (size_t)got, &sink) != 0)
        drop(i);
}

/* What the container does not take because its input is closed, or because it has none, is dropped; not what comes before its terminal. */
static void write_input(struct monitor *monitor) {
    int fd = monitor->options->terminal ? monitor->master : monitor->input;
    if (fd < 0 && monitor->console >= 0)
        return;
    while (attached.input_at < attached.input_length) {
        ssize_t written =
            fd < 0 ? -1 : write(fd, attached.input + attached.input_at, attached.input_length - attached.input_at);
        if (written < 0 && fd >= 0 && (errno == EAGAIN || errno == EINTR))
            return;
        attached.input_at = written < 0 ? attached.input_length : attached.input_at + (size_t)written;
    }
    attached.input_at = attached.input_length = 0;
}

static void close_input(struct monitor *monitor) {
    if (monitor->input < 0)
        return;
    close(monitor->input);
    monitor->input = -1;
    attached.has_ended = 0;
}

size_t attach_watch(const struct monitor *monitor, struct pollfd *fds) {
    int is_full = attached.input_length > 0;
    int input = monitor->options->terminal ? monitor->master : monitor->input;
    size_t count = 0;
    forget_dropped();
    fds[count++] = (struct pollfd){.fd = attached.listener, .events = POLLIN};
    fds[count++] = (struct pollfd){.fd = is_full ? input : -1, .events = POLLOUT};
    /* Of one who is not read, the end is still noticed. */
    for (size_t i = 0; i < attached.count; i++)
        fds[count++] = (struct pollfd){.fd = attached.clients[i].fd, .events = is_full ? 0 : POLLIN};
    return count;
}

void attach_ready(struct monitor *monitor, const struct pollfd *fds, size_t count) {
    for (size_t i = 0; i < count - 2; i++) {
        short events = attached.clients[i].fd < 0 ? 0 : fds[i + 2].revents; /* it may have been sent to since, and dropped */
        if (events & (POLLHUP | POLLERR) && !(events & POLLIN))
            drop(i);
        else if (events && attached.input_length == 0)
            read_client(monitor, i);
    }
    if (attached.input_length > 0)
        write_input(monitor);
    if (attached.has_ended && attached.input_length == 0)
        close_input(monitor);
    if (fds[0].revents)
        attach_accept();
}
