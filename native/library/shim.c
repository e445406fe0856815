/* System calls that Node has no function for. */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/socket.h>

#include "container.h"
#include "sys.h"

int td_signal(int pidfd, int number) {
    return syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0) == 0 ? 0 : -errno;
}

int td_kill(uint32_t container, int number) { return container_kill(container, number); }

int td_pidfd(int pid) {
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    return fd < 0 ? -errno : fd;
}

int td_wait(int pidfd, int milliseconds) {
    int count = poll(&(struct pollfd){.fd = pidfd, .events = POLLIN}, 1, milliseconds);
    return count > 0 ? 0 : count == 0 ? -ETIME : -errno;
}

int td_close(int fd) { return close(fd) == 0 ? 0 : -errno; }

int td_lock(int fd) { return flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : -errno; }

int td_open_inside(const char *root, const char *path) {
    int directory = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return -errno;
    /* Nonblocking: the image's file may be a fifo. */
    int fd = td_openat_in(directory, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    int error = errno;
    close(directory);
    return fd < 0 ? -error : fd;
}

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

int td_replace(const char *from, const char *to) {
    if (syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE) == 0)
        return unlink(from) == 0 ? 0 : -errno;
    return rename(from, to) == 0 ? 0 : -errno;
}

int td_sync(const char *directory) {
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = fd < 0 || syncfs(fd) < 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    return -error;
}

int td_pipe(int32_t ends[2]) { return pipe2(ends, O_CLOEXEC) == 0 ? 0 : -errno; }

int td_netlink_open(int protocol) {
    int fd = netlink_socket(protocol);
    return fd < 0 ? -errno : fd;
}

int td_link_index(const char *name) {
    uint32_t index = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int error = link_index(fd, name, &index);
    close(fd);
    return error ? -error : (int)index;
}

int td_netlink(int fd, const uint8_t *messages, size_t length, uint8_t *replies, size_t room,
               struct td_netlink_outcome *outcome) {
    return -netlink_exchange(fd, messages, length, replies, room, outcome);
}

int td_netlink_transaction(int fd, const uint8_t *messages, size_t length, struct td_netlink_outcome *outcome) {
    return -netlink_transaction(fd, messages, length, outcome);
}
