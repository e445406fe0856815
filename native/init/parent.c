/* What ties the init to the process that started it: ending with it, and waiting for it. */
#include <errno.h>
#include <poll.h>
#include <sys/prctl.h>

#include "init.h"
#include "sys.h"

/* Its pidfd then polls readable; but with --ulimit nofile=0, poll takes no descriptor at all. */
static int parent_has_ended(void) {
    struct pollfd parent = {.fd = TD_FD_PARENT, .events = POLLIN};
    int ready = poll(&parent, 1, 0);
    if (ready >= 0)
        return ready;
    return syscall(SYS_pidfd_send_signal, TD_FD_PARENT, 0, NULL, 0) != 0 && errno == ESRCH;
}

int step_pdeathsig(struct td_init *init, const struct td_pdeathsig *step) {
    (void)init;
    if (prctl(PR_SET_PDEATHSIG, (unsigned long)step->signal) != 0)
        return errno;
    /* It may have died before the line above. */
    if (parent_has_ended())
        _exit(1); /* not by the signal: pid 1 of a namespace ignores one that it sends itself */
    return 0;
}

int step_await(struct td_init *init, const struct td_await *step) {
    char byte;
    for (;;) {
        ssize_t bytes = read(init->slots[step->slot], &byte, 1);
        if (bytes < 0 && errno == EINTR)
            continue;
        return bytes > 0 ? 0 : bytes == 0 ? ECANCELED : errno;
    }
}
