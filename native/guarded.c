/* Starts what ends a container when this process is killed: tinydocker-init under another name, as guard.c. */
#include <errno.h>
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

int td_guard(uint32_t number) {
    struct container *container = container_keep(number);
    if (!container)
        return -ESRCH;
    int error = start(container);
    if (error)
        container_part_ended(container);
    return -error;
}
