/* Copies between a container's terminal and the caller's, here the outer one. */
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "events.h"
#include "shim.h"
#include "thread.h"

#define COPY_BYTES 65536

static int receive_descriptor(int socket) {
    char byte, control[CMSG_SPACE(sizeof(int))];
    struct iovec data = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t got;
    do
        got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    struct cmsghdr *header = got == 1 ? CMSG_FIRSTHDR(&message) : NULL;
    int fd = -1;
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return fd;
}

static int write_all(int fd, const char *bytes, ssize_t length) {
    while (length > 0) {
        ssize_t written = write(fd, bytes, (size_t)length);
        if (written > 0)
            bytes += written, length -= written;
        else if (errno == EAGAIN) /* the outer terminal may be nonblocking */
            (void)poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
        else if (errno != EINTR)
            return -1;
    }
    return 0;
}

/*
 * The kernel drops a SIGINT that pid 1 of a namespace does not catch, so `sleep 9` could not be ended by Ctrl-C: Node
 * decides what to do about it.
 */
static void report_typed(const struct container *container, int master, const char *bytes, ssize_t length) {
    struct termios mode;
    if (tcgetattr(master, &mode) != 0 || (mode.c_lflag & ISIG) == 0)
        return;
    for (ssize_t i = 0; i < length; i++) {
        cc_t byte = (cc_t)bytes[i];
        int number = byte == mode.c_cc[VINTR] ? SIGINT : byte == mode.c_cc[VQUIT] ? SIGQUIT : 0;
        if (number == 0 || byte == _POSIX_VDISABLE)
            continue;
        struct td_event event = {.kind = TD_EVENT_TYPED, .container = container->number, .status = number};
        events_send(&event);
    }
}

/* Returns 0 at the end of input or of the terminal. */
static int copy_input(const struct container *container, int master) {
    char buffer[COPY_BYTES / 16];
    ssize_t got = read(container->outer[0], buffer, sizeof buffer);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR;
    if (got == 0 || write_all(master, buffer, got) != 0)
        return 0;
    report_typed(container, master, buffer, got);
    return 1;
}

/* EIO: every process has closed the terminal, and all of its output was read. */
static int copy_output(const struct container *container, int master) {
    char buffer[COPY_BYTES];
    ssize_t got = read(master, buffer, sizeof buffer);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR;
    /* An outer terminal that is gone must not block the container: its output is read and dropped. */
    if (got > 0)
        (void)write_all(container->outer[1], buffer, got);
    return got > 0;
}

static void copy(const struct container *container, int master) {
    struct pollfd fds[3] = {
        {.fd = master, .events = POLLIN},
        {.fd = container->outer[0], .events = POLLIN},
        {.fd = container->stop, .events = POLLIN},
    };
    for (;;) {
        if (poll(fds, 3, -1) < 0)
            continue;
        if (fds[0].revents && !copy_output(container, master))
            return;
        if (fds[2].revents)
            fds[1].fd = fds[2].fd = -1;
        else if (fds[1].fd >= 0 && fds[1].revents && !copy_input(container, master))
            fds[1].fd = -1;
    }
}

static void *run(void *argument) {
    struct container *container = argument;
    int master = receive_descriptor(container->console);
    if (master >= 0) {
        container_set_master(container, master);
        (void)td_resize(container->number); /* the size may have changed since the init read it */
        copy(container, master);
        container_set_master(container, -1);
        close(master);
    }
    container_part_ended(container);
    return NULL;
}

int terminal_start(struct container *container) { return thread_start("td-terminal", run, container); }

static int resize(const struct container *container) {
    struct winsize size;
    if (ioctl(container->outer[0], TIOCGWINSZ, &size) != 0 || ioctl(container->master, TIOCSWINSZ, &size) != 0)
        return -errno;
    return 0;
}

static int foreground(const struct container *container) {
    pid_t group;
    return ioctl(container->master, TIOCGPGRP, &group) == 0 ? group : -errno;
}

int td_resize(uint32_t container) { return container_with_master(container, resize); }

int td_foreground(uint32_t container) { return container_with_master(container, foreground); }
