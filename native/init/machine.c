/* What the command sees as its machine and session: cgroups, host name, loopback, limits, keyring, terminal. */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/magic.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <termios.h>

#include "mount.h"
#include "resolve.h"
#include "sys.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

int step_unshare(struct td_init *init, const struct td_unshare *step) {
    (void)init;
    return syscall(SYS_unshare, (unsigned long)step->namespaces) == 0 ? 0 : errno;
}

int step_sethostname(struct td_init *init, const struct td_sethostname *step) {
    const char *name = td_text(&init->plan, step->name);
    return sethostname(name, strlen(name)) == 0 ? 0 : errno;
}

int step_setdomainname(struct td_init *init, const struct td_setdomainname *step) {
    const char *name = td_text(&init->plan, step->name);
    return syscall(SYS_setdomainname, name, strlen(name)) == 0 ? 0 : errno;
}

int step_link_up(struct td_init *init, const struct td_link_up *step) {
    struct ifreq request = {.ifr_flags = IFF_UP};
    strncpy(request.ifr_name, td_text(&init->plan, step->name), sizeof request.ifr_name - 1);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    int error = ioctl(fd, SIOCSIFFLAGS, &request) == 0 ? 0 : errno;
    close(fd);
    return error;
}

int step_rlimit(struct td_init *init, const struct td_rlimit *step) {
    (void)init;
    struct rlimit limit;
    if (getrlimit((int)step->resource, &limit) != 0)
        return errno;
    limit.rlim_cur = step->soft < limit.rlim_max ? step->soft : limit.rlim_max;
    return setrlimit((int)step->resource, &limit) == 0 ? 0 : errno;
}

int step_setrlimit(struct td_init *init, const struct td_setrlimit *step) {
    (void)init;
    struct rlimit limit = {.rlim_cur = step->soft, .rlim_max = step->hard};
    return setrlimit((int)step->resource, &limit) == 0 ? 0 : errno;
}

int step_oom_score_adj(struct td_init *init, const struct td_oom_score_adj *step) {
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int error = write(fd, td_text(&init->plan, step->score), step->score.length) < 0 ? errno : 0;
    close(fd);
    return error;
}

int step_keyring(struct td_init *init, const struct td_keyring *step) {
    (void)init, (void)step;
    return syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 ? errno : 0;
}

int step_setsid(struct td_init *init, const struct td_setsid *step) {
    (void)init, (void)step;
    return setsid() < 0 ? errno : 0;
}

int step_umask(struct td_init *init, const struct td_umask *step) {
    (void)init;
    (void)umask((mode_t)step->mask); /* it can't fail */
    return 0;
}

static int send_descriptor(int socket, int fd) {
    char byte = 0, control[CMSG_SPACE(sizeof fd)] = {0};
    struct iovec data = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    return sendmsg(socket, &message, MSG_NOSIGNAL) == 1 ? 0 : errno;
}

/* CVE-2025-52565: through the slave's own descriptor, because a path below /dev/pts may be anything. */
static int bind_console(struct td_init *init, int slave) {
    int target = open_inside(init, "/dev/console", O_PATH | O_NOFOLLOW);
    if (target < 0)
        return errno;
    int copy = copy_of(slave, 0);
    int error = copy < 0 ? errno : attach(copy, target);
    close(target);
    if (copy >= 0)
        close(copy);
    return error;
}

static int become_terminal(struct td_init *init, int slave, const struct td_terminal *step) {
    struct winsize size;
    /* Descriptors 0 and 1 are still the caller's, and one of them its terminal. */
    if ((ioctl(0, TIOCGWINSZ, &size) == 0 || ioctl(1, TIOCGWINSZ, &size) == 0) && ioctl(slave, TIOCSWINSZ, &size) != 0)
        return errno;
    if (fchown(slave, (uid_t)step->uid, (gid_t)-1) != 0)
        return errno;
    int error = step->console ? bind_console(init, slave) : 0;
    if (error)
        return error;
    if (ioctl(slave, TIOCSCTTY, 0) != 0)
        return errno;
    for (int fd = 0; fd <= 2; fd++)
        if (dup2(slave, fd) < 0)
            return errno;
    return 0;
}

/* Other files are the caller's own, and keep their owner. */
int step_chown_pipes(struct td_init *init, const struct td_chown_pipes *step) {
    (void)init;
    for (int fd = 0; fd <= 2; fd++) {
        struct statfs system;
        if (syscall(SYS_fstatfs, fd, &system) != 0 || system.f_type != PIPEFS_MAGIC)
            continue;
        if (fchown(fd, (uid_t)step->uid, (gid_t)-1) != 0)
            return errno;
    }
    return 0;
}

int step_terminal(struct td_init *init, const struct td_terminal *step) {
    int master = open_inside(init, "/dev/pts/ptmx", O_RDWR | O_NOCTTY);
    if (master < 0)
        return errno;
    int unlock = 0, slave = -1, error = 0;
    if (ioctl(master, TIOCSPTLCK, &unlock) != 0 || (slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0)
        error = errno;
    if (!error)
        error = become_terminal(init, slave, step);
    if (!error)
        error = send_descriptor(TD_FD_CONSOLE, master);
    close(master);
    if (slave >= 0)
        close(slave);
    return error;
}
