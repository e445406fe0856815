/* Copies between a container's terminal and the caller's, here the outer one. */
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "events.h"
#include "flow.h"
#include "shim.h"
#include "thread.h"

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

/*
 * The kernel drops a SIGINT that pid 1 of a namespace does not catch, so `sleep 9` could not be ended by Ctrl-C: Node
 * decides what to do about it.
 */
static void report_typed(const struct container *container, const struct flow *input, const char *bytes, ssize_t count) {
    struct termios mode;
    if (tcgetattr(input->to.fd, &mode) != 0 || (mode.c_lflag & ISIG) == 0)
        return;
    for (ssize_t i = 0; i < count; i++) {
        cc_t byte = (cc_t)bytes[i];
        int number = byte == mode.c_cc[VINTR] ? SIGINT : byte == mode.c_cc[VQUIT] ? SIGQUIT : 0;
        if (number == 0 || byte == _POSIX_VDISABLE)
            continue;
        struct td_event event = {.kind = TD_EVENT_TYPED, .container = container->number, .status = number};
        events_send(&event);
    }
}

/* An outer terminal that is gone must not block the container. */
static void copy(const struct container *container, int master) {
    struct flow flows[] = {
        {.from = flow_outer(container->outer[0]), .to = {.fd = master}, .is_input = 1, .written = report_typed},
        {.from = {.fd = master}, .to = flow_outer(container->outer[1]), .is_discarded = 1},
    };
    (void)fcntl(master, F_SETFL, O_NONBLOCK); /* it can't fail for a terminal */
    flow_copy(container, flows, sizeof flows / sizeof *flows);
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
    const int *outer = container->outer;
    if (ioctl(outer[0], TIOCGWINSZ, &size) != 0 && ioctl(outer[1], TIOCGWINSZ, &size) != 0)
        return -errno;
    return ioctl(container->master, TIOCSWINSZ, &size) == 0 ? 0 : -errno;
}

static int foreground(const struct container *container) {
    pid_t group;
    return ioctl(container->master, TIOCGPGRP, &group) == 0 ? group : -errno;
}

int td_resize(uint32_t container) { return container_use(container, resize); }

int td_foreground(uint32_t container) { return container_use(container, foreground); }
