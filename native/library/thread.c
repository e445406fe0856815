#include "thread.h"

#include <pthread.h>
#include <signal.h>

int thread_start(const char *name, void *(*run)(void *), void *argument) {
    sigset_t all, before;
    pthread_t thread;
    sigfillset(&all);
    /* A thread inherits the mask: no signal handler of Node's may run on it, not even before its first line. */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&thread, NULL, run, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error)
        return error;
    /* Not detached yet, so the handle is valid even if the thread has ended. The name is only for people to read. */
    (void)pthread_setname_np(thread, name);
    (void)pthread_detach(thread); /* it can't fail for a joinable thread */
    return 0;
}
