/* Starts what ends a container when this process is killed: tinydocker-init under another name, as guard.c. */
#include <errno.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "clone.h"
#include "container.h"
#include "open.h"
#include "shim.h"
#include "sys.h"
#include "watch.h"

static int start(struct container *container) {
    struct child child = {.name = "tinydocker-guard",
                          .fds = {-1, -1, -1, container_pidfd(container), -1, opened.self, -1, -1, opened.init},
                          .fds_end = TD_FD_EXTRA,
                          .own_session = 1};
    siginfo_t info;
    int pidfd;
    long pid = clone_child(0, -1, &pidfd, &child);
    if (pid < 0)
        return (int)-pid;
    int error = child.error ? child.error : watch_guard(container, pidfd);
    if (!error)
        return 0;
    (void)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
    (void)waitid((idtype_t)TD_P_PIDFD, (id_t)pidfd, &info, WEXITED);
    close(pidfd);
    return error;
}

static int start_kept(struct container *container) {
    int error = start(container);
    if (error)
        container_part_ended(container);
    return -error;
}

int td_guard(uint32_t number) {
    struct container *container = container_keep(number);
    return container ? start_kept(container) : -ESRCH;
}

/* On the watcher's thread, to which the reports belong. The init waits for this, also where no guard can be started. */
static void start_and_let_on(struct container *container) {
    int error = start(container);
    (void)send(container->report, "", 1, MSG_NOSIGNAL);
    if (error)
        container_part_ended(container);
}

int td_guard_aside(uint32_t number) {
    struct container *container = container_keep(number);
    if (!container)
        return -ESRCH;
    watch_start(container, start_and_let_on);
    return 0;
}
