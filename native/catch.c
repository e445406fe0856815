/* Signals that Node.js has no name for, or takes too long to catch one by one. */
#include <errno.h>
#include <signal.h>

#include "events.h"
#include "shim.h"

#define SIGNALS 64

static int is_fault(int number) {
    return number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL || number == SIGTRAP;
}

static struct sigaction before[SIGNALS + 1];

/*
 * A fault of this program itself, such as a wild pointer, is not the caller's signal: whoever caught it before does again,
 * or it ends the program when the instruction is executed again. A trap is not.
 */
static void rethrow(int number) {
    sigaction(number, &before[number], NULL);
    if (number == SIGTRAP)
        raise(number);
}

static void report_signal(int number, siginfo_t *info, void *context) {
    (void)context;
    if (is_fault(number) && info->si_code > 0) {
        rethrow(number);
        return;
    }
    int error = errno;
    struct td_event event = {.kind = TD_EVENT_SIGNAL, .status = number};
    events_send(&event);
    errno = error;
}

int td_catch(int number) {
    if (number < 1 || number > SIGNALS)
        return -EINVAL;
    struct sigaction action = {.sa_sigaction = report_signal, .sa_flags = SA_RESTART | SA_SIGINFO};
    sigfillset(&action.sa_mask);
    return sigaction(number, &action, &before[number]) == 0 ? 0 : -errno;
}
