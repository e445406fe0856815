/* Raw mode of the caller's terminal, which a container's is copied to and from. */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <termios.h>

#include "shim.h"

static struct termios before;
static atomic_int raw_fd = -1;

int td_raw(int fd) {
    struct termios mode;
    if (tcgetattr(fd, &mode) != 0)
        return -errno;
    before = mode;
    cfmakeraw(&mode);
    atomic_store(&raw_fd, fd);
    return tcsetattr(fd, TCSADRAIN, &mode) == 0 ? 0 : -errno;
}

int td_restore(int fd) {
    if (!atomic_compare_exchange_strong(&raw_fd, &fd, -1))
        return 0;
    sigset_t stop, mask;
    sigemptyset(&stop), sigaddset(&stop, SIGTTOU);
    /* Also from the background, where the signal would stop this process, or come again and again if it is caught. */
    pthread_sigmask(SIG_BLOCK, &stop, &mask);
    int result = tcsetattr(fd, TCSANOW, &before) == 0 ? 0 : -errno;
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    return result;
}
