/*
 * tinydocker-proxy ADDRESS LINK PROTOCOL:PORT…: passes on what comes to the sockets of published ports, descriptors 3 and so on, for
 * a detached container; LINK is the host's end of its cable. Each direction of a connection has a process of its own, so that none waits for the other; datagrams have
 * one flow for each client.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sys.h"

#define SOCKETS_MAX 256
#define CONNECTIONS_MAX 4096
#define FLOWS_MAX 256
/* A client that was silent as long is forgotten. */
#define SILENCE_S 60
#define BYTES 16384
/* Between two looks at the link, and how often it is looked at: three seconds in all, as the kernel waits for a neighbour. */
#define LOOK_MS 2
#define LOOKS_MAX 1500

/* The exit code of a connection's first process that had no second one. */
enum { PROCESSES_EACH = 2, WAS_ALONE = 2 };

struct published {
    int is_udp;
    struct sockaddr_in target;
};

struct flow {
    int fd, socket;
    time_t heard;
    struct sockaddr_in6 client; /* of IPv4 as well */
    socklen_t length;
};

static struct published published[SOCKETS_MAX];
static const char *cable;
static int sockets, processes; /* of the connections: two each */
static pid_t proxy;
static struct flow flows[FLOWS_MAX];
static int flow_count;
static char bytes[BYTES];

static unsigned number(const char **text) {
    unsigned value = 0;
    for (; **text >= '0' && **text <= '9'; ++*text)
        value = value * 10 + (unsigned)(**text - '0');
    return value;
}

static uint32_t address(const char *text) {
    unsigned char parts[4] = {0};
    uint32_t value;
    for (int i = 0; i < 4; i++, text += *text == '.')
        parts[i] = (unsigned char)number(&text);
    memcpy(&value, parts, sizeof value);
    return value;
}

static time_t seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static int is_running(int fd) {
    struct ifreq link = {0};
    for (size_t at = 0; at < sizeof link.ifr_name - 1 && cable[at]; at++)
        link.ifr_name[at] = cable[at];
    return ioctl(fd, SIOCGIFFLAGS, &link) == 0 && (link.ifr_flags & IFF_RUNNING) != 0;
}

/*
 * While the container is being started, or started again: what is sent to one without a link is lost, and TCP sends it again after
 * a second. Its address follows the link.
 */
static void await_link(void) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    for (int look = 0; fd >= 0 && look < LOOKS_MAX; look++) {
        int running = is_running(fd);
        if (running && look == 0)
            break;
        poll(NULL, 0, LOOK_MS);
        if (running)
            break;
    }
    if (fd >= 0)
        close(fd);
}

static int connected(const struct sockaddr_in *target, int type) {
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (fd >= 0 && syscall(SYS_connect, fd, target, sizeof *target) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Returns whether all was written. */
static int write_all(int fd, const char *from, ssize_t count) {
    while (count > 0) {
        ssize_t written = syscall(SYS_sendto, fd, from, count, MSG_NOSIGNAL, NULL, 0);
        if (written < 0 && errno != EINTR)
            return 0;
        if (written > 0)
            from += written, count -= written;
    }
    return 1;
}

/* The end of a direction is passed on by itself; a connection that breaks ends in both, also for the process of the other one. */
__attribute__((noreturn)) static void copy(int from, int to) {
    for (;;) {
        ssize_t got = read(from, bytes, sizeof bytes);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0 && syscall(SYS_shutdown, to, SHUT_WR) == 0)
            _exit(0);
        if (got > 0 && write_all(to, bytes, got))
            continue;
        (void)syscall(SYS_shutdown, from, SHUT_RDWR);
        (void)syscall(SYS_shutdown, to, SHUT_RDWR);
        _exit(0);
    }
}

static void end_with_proxy(void) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || syscall(SYS_getppid) != proxy)
        _exit(0);
}

/*
 * The second one is a child of the proxy as well, and ends with it: a moment later, in which the ports can be published again, for
 * neither has their sockets.
 */
__attribute__((noreturn)) static void carry(int client, const struct sockaddr_in *target) {
    end_with_proxy();
    for (int i = 0; i < sockets; i++)
        close(3 + i);
    await_link();
    int container = connected(target, SOCK_STREAM);
    long second = container < 0 ? -1 : syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
    if (second < 0)
        _exit(WAS_ALONE);
    if (second == 0) {
        end_with_proxy();
        copy(container, client);
    }
    copy(client, container);
}

static void reap(void) {
    int status;
    while (syscall(SYS_wait4, -1, &status, WNOHANG, NULL) > 0)
        processes -= WIFEXITED(status) && WEXITSTATUS(status) == WAS_ALONE ? PROCESSES_EACH : 1;
}

static void accept_one(int i) {
    int client = (int)syscall(SYS_accept4, 3 + i, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0)
        return;
    reap();
    long pid = processes >= PROCESSES_EACH * CONNECTIONS_MAX ? -1 : syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (pid == 0)
        carry(client, &published[i].target);
    if (pid > 0)
        processes += PROCESSES_EACH;
    close(client);
}

static struct flow *flow_of(int i, const struct sockaddr_in6 *client, socklen_t length) {
    for (int at = 0; at < flow_count; at++)
        if (flows[at].socket == 3 + i && flows[at].length == length && memcmp(&flows[at].client, client, length) == 0)
            return &flows[at];
    if (flow_count == FLOWS_MAX)
        return NULL;
    int fd = connected(&published[i].target, SOCK_DGRAM);
    if (fd < 0)
        return NULL;
    flows[flow_count] = (struct flow){.fd = fd, .socket = 3 + i, .client = *client, .length = length};
    return &flows[flow_count++];
}

/* One that can't be passed on is lost, as any may be. */
static void datagram_from_client(int i) {
    struct sockaddr_in6 client = {0};
    socklen_t length = sizeof client;
    ssize_t got = syscall(SYS_recvfrom, 3 + i, bytes, BYTES, MSG_DONTWAIT, &client, &length);
    struct flow *flow = got < 0 ? NULL : flow_of(i, &client, length);
    if (!flow)
        return;
    flow->heard = seconds();
    (void)syscall(SYS_sendto, flow->fd, bytes, got, MSG_NOSIGNAL | MSG_DONTWAIT, NULL, 0);
}

static void datagram_from_container(struct flow *flow) {
    ssize_t got = recv(flow->fd, bytes, BYTES, MSG_DONTWAIT);
    if (got < 0)
        return;
    flow->heard = seconds();
    (void)syscall(SYS_sendto, flow->socket, bytes, got, MSG_NOSIGNAL | MSG_DONTWAIT, &flow->client, flow->length);
}

static void forget_silent(void) {
    time_t now = seconds();
    for (int at = flow_count; at-- > 0;)
        if (now - flows[at].heard >= SILENCE_S) {
            close(flows[at].fd);
            flows[at] = flows[--flow_count];
        }
}

static void serve(void) {
    static struct pollfd fds[SOCKETS_MAX + FLOWS_MAX];
    int before = flow_count;
    for (int i = 0; i < sockets; i++)
        fds[i] = (struct pollfd){.fd = 3 + i, .events = POLLIN};
    for (int at = 0; at < before; at++)
        fds[sockets + at] = (struct pollfd){.fd = flows[at].fd, .events = POLLIN};
    int ready = poll(fds, (nfds_t)(sockets + before), flow_count > 0 || processes > 0 ? 1000 : -1);
    for (int at = 0; ready > 0 && at < before; at++)
        if (fds[sockets + at].revents)
            datagram_from_container(&flows[at]);
    for (int i = 0; ready > 0 && i < sockets; i++)
        if (fds[i].revents && published[i].is_udp)
            datagram_from_client(i);
        else if (fds[i].revents)
            accept_one(i);
    forget_silent();
    reap();
}

int main(int count, char **arguments) {
    cable = count > 2 ? arguments[2] : "";
    for (int i = 3; i < count && sockets < SOCKETS_MAX; i++, sockets++) {
        const char *text = arguments[i] + 4;
        published[sockets].is_udp = strncmp(arguments[i], "udp:", 4) == 0;
        published[sockets].target = (struct sockaddr_in){
            .sin_family = AF_INET,
            .sin_port = __builtin_bswap16((uint16_t)number(&text)),
            .sin_addr.s_addr = address(arguments[1]),
        };
    }
    proxy = (pid_t)syscall(SYS_getpid);
    while (sockets > 0)
        serve();
    return 1;
}
